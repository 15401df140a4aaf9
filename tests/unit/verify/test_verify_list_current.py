"""Anchors of a service that runs for days: lists that change, end, or come while it judges."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from unit.verify.list_writer import Serving, make_list, operator, sign_list
from unit.verify.test_verify_list_follow import EU, Web, of_lists, to_vn
from unit.verify.verify_pki import DAY, SECOND, SIGNED, authority, make_document, make_world

from pki.clock import FixedClock
from verify.errors import TrustFileError
from verify.http.judging import Asked, Rules, check_rules, judge
from verify.lists.current import CurrentTrust
from verify.lists.follow import Follower
from verify.lists.had import Source
from verify.lists.kept import KeptLists

WORLD = make_world()
OPERATOR = operator()
OWN = authority("Own")
END = SIGNED + 30 * DAY


class Moving:
    """A clock that a test moves."""

    def __init__(self, at):
        self.at = at

    def now(self):
        return self.at


@pytest.fixture
def place(tmp_path):
    (tmp_path / "own.pem").write_bytes(OWN.certificate.public_bytes(Encoding.PEM))
    (tmp_path / "signer.pem").write_bytes(OPERATOR.certificate.public_bytes(Encoding.PEM))
    return tmp_path


@pytest.fixture
def source(place):
    return Source("vn", (place / "signer.pem",), file=place / "vn.xml")


def write(place, *parties, **options):
    data = sign_list(make_list(Serving(parties), **options), OPERATOR)
    (place / "vn.xml").write_bytes(data)


def current(place, clock, *sources, kept=True):
    folder = place / "lists" if kept else None
    return CurrentTrust((place / "own.pem",), clock, sources=sources, kept=folder)


def test_a_list_that_changes_is_read_again(place, source):
    trust = current(place, Moving(SIGNED), source)
    assert trust.get().anchors == (OWN.certificate,)
    assert [one.code for one in trust.get().findings] == ["verify.list_missing"]
    write(place, WORLD.root)
    first = trust.get()
    assert first.anchors == (OWN.certificate, WORLD.root.certificate)
    assert trust.get() is first, "nothing changed: nothing is read"
    write(place, WORLD.root, WORLD.issuing)
    assert WORLD.issuing.certificate in trust.get()
    (place / "vn.xml").unlink()
    assert trust.get().anchors == (OWN.certificate,)


def test_a_list_that_ends_is_not_trusted_any_more(place, source):
    clock = Moving(SIGNED)
    write(place, WORLD.root, next_update=END)
    trust = current(place, clock, source)
    clock.at = END - SECOND
    assert WORLD.root.certificate in trust.get()
    clock.at = END
    assert WORLD.root.certificate not in trust.get()
    assert [one.code for one in trust.get().findings] == ["verify.list_expired"]


def test_what_somebody_fetches_beside_is_seen(place):
    source = Source("eu", (place / "signer.pem",), url=EU)
    clock = Moving(SIGNED)
    trust = current(place, clock, source)
    assert trust.get().anchors == (OWN.certificate,)
    net = Web({EU: sign_list(make_list(Serving((WORLD.root,))), OPERATOR)})
    list(Follower(KeptLists(place / "lists"), FixedClock(SIGNED), net).follow([source]))
    assert WORLD.root.certificate in trust.get()


def test_a_list_of_lists_that_leads_nowhere_is_told(place):
    source = Source("eu", (place / "signer.pem",), url=EU)
    net = Web({EU: of_lists(to_vn(), signer=OPERATOR)})
    list(Follower(KeptLists(place / "lists"), FixedClock(SIGNED), net).follow([source]))
    trust = current(place, Moving(SIGNED + timedelta(hours=2)), source)
    assert {one.code for one in trust.get().findings} == {
        "trust.lists_missing",
        "trust.lists_kept",
    }


def test_without_a_folder_there_are_no_lists(place, source):
    write(place, WORLD.root)
    assert current(place, Moving(SIGNED), source, kept=False).get().anchors == (OWN.certificate,)


def test_certificates_that_cannot_be_read_are_told(place, source):
    trust = current(place, Moving(SIGNED), source)
    (place / "own.pem").write_bytes(b"nothing")
    os.utime(place / "own.pem", ns=(1, 1))
    with pytest.raises(TrustFileError):
        trust.get()


def test_a_judging_process_takes_lists(place, source):
    write(place, WORLD.root, next_update=SIGNED + 365 * 100 * DAY)
    rules = Rules(lists=(source,), kept_lists=place / "lists", offline=True)
    check_rules(rules)
    asked = Asked(make_document("B-LTA"), at=SIGNED + timedelta(minutes=10))
    assert judge(rules, asked).indication == "TOTAL-PASSED"
    without = Rules(kept_lists=place / "lists", offline=True)
    assert judge(without, asked).indication == "INDETERMINATE"
    (place / "signer.pem").unlink()
    with pytest.raises(TrustFileError):
        check_rules(rules)
