"""Getting lists: from where they are kept, through the fetcher, by way of a list of lists."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from unit.verify.list_writer import Elsewhere, Manner, Serving, Told, make_list, operator, sign_list
from unit.verify.verify_pki import (
    BORN,
    DAY,
    SECOND,
    SIGNED,
    YEAR,
    authority,
    judge,
    make_document,
    make_world,
)

from pki.clock import FixedClock
from pki.errors.fetching import FetchFailedError, FetchRefusedError
from pki.fetcher import FetchRequest, NoNetwork
from verify.errors import TrustFileError
from verify.finding import Severity
from verify.indication import Indication
from verify.lists.follow import POINTERS, SECONDS, Follower
from verify.lists.had import Source, anchors_of, trust_in
from verify.lists.kept import PAUSE, KeptLists
from verify.lists.xml import LIST_BYTES
from verify.trust import TrustStore

WORLD = make_world()
OPERATOR, NATIONAL, STRANGER = operator(), operator("National"), operator("Stranger")
EU = "https://eu.test/lotl.xml"
VN, LA = "https://vn.test/list.xml", "https://la.test/list.xml"


@dataclass
class Web:
    """A network of lists."""

    pages: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def fetch(self, request: FetchRequest) -> bytes:
        assert request.max_bytes == LIST_BYTES
        assert request.timeout_seconds == SECONDS
        self.asked.append(request.url)
        if request.url not in self.pages:
            raise FetchFailedError(url=request.url, reason="HTTP status 404")
        return self.pages[request.url]


def national(*, signer=NATIONAL, territory="VN", **options):
    root = make_list(Serving((WORLD.root,)), territory=territory, **options)
    return sign_list(root, signer)


def of_lists(*pointers, signer=OPERATOR, **options):
    root = make_list(kind="EUlistofthelists", territory="EU", pointers=pointers, **options)
    return sign_list(root, signer)


def to_vn(**more):
    return Elsewhere(VN, (NATIONAL,), "VN", **more)


def to_la():
    return Elsewhere(LA, (NATIONAL,), "LA")


@pytest.fixture
def pinned(tmp_path):
    path = tmp_path / "operator.pem"
    path.write_bytes(OPERATOR.certificate.public_bytes(Encoding.PEM))
    return path


@pytest.fixture
def source(pinned):
    return Source("eu", (pinned,), url=EU)


@pytest.fixture
def kept(tmp_path):
    return KeptLists(tmp_path / "lists")


def web():
    return Web({EU: of_lists(to_vn(), to_la()), VN: national(), LA: national(territory="LA")})


def follow(kept, fetcher, *sources, at=SIGNED, anew=False):
    follower = Follower(kept, FixedClock(at), fetcher, anew=anew)
    return {one.name: one for one in follower.follow(sources)}


def code(had):
    return had.error.code if had.error else None


def test_a_list_of_lists_leads_to_lists_and_all_are_kept(kept, source):
    net = web()
    had = follow(kept, net, source)
    assert list(had) == ["eu", "eu/VN", "eu/LA"]
    assert net.asked == [EU, VN, LA]
    assert had["eu"].list.of_lists
    assert [one.list.territory for one in had.values()] == ["EU", "VN", "LA"]
    assert all(one.had_at == SIGNED and one.error is None for one in had.values())
    again = Web()
    later = follow(kept, again, source, at=SIGNED + DAY)
    assert again.asked == [], "while what is kept counts, nobody is asked"
    assert all(one.list and one.had_at == SIGNED and not one.offline for one in later.values())


def test_territories_that_are_not_wanted_are_not_asked_for(kept, source):
    net = web()
    assert list(follow(kept, net, replace(source, territories=("LA",)))) == ["eu", "eu/LA"]
    assert net.asked == [EU, LA]


def test_an_outdated_list_is_asked_for_again(kept, source):
    net = web()
    end = SIGNED + 30 * DAY
    net.pages[VN] = national(next_update=end)
    follow(kept, net, source)
    net.asked.clear()
    net.pages[VN] = national(sequence=8, issued=end - DAY)
    assert follow(kept, net, source, at=end - SECOND)["eu/VN"].list.sequence == 7
    assert net.asked == []
    assert follow(kept, net, source, at=end)["eu/VN"].list.sequence == 8
    assert net.asked == [VN]


def test_an_outdated_list_that_cannot_be_had_anew_is_not_trusted(kept, source):
    net = web()
    end = SIGNED + 30 * DAY
    net.pages[VN] = national(next_update=end)
    follow(kept, net, source)
    for gone in (Web(), None, NoNetwork()):
        vn = follow(kept, gone, source, at=end)["eu/VN"]
        assert vn.list is None
        assert code(vn) == "verify.list_expired"


def test_an_address_is_asked_once_an_hour(kept, source):
    net = Web()
    assert code(follow(kept, net, source)["eu"]) == "verify.list_missing"
    net.pages = web().pages
    soon = follow(kept, net, source, at=SIGNED + PAUSE - SECOND)
    assert code(soon["eu"]) == "verify.list_missing"
    assert net.asked == [EU]
    assert follow(kept, net, source, at=SIGNED + PAUSE)["eu/VN"].list is not None
    assert net.asked == [EU, EU, VN, LA]


def test_whoever_runs_for_days_asks_for_what_is_old(kept, source):
    net = web()
    follow(kept, net, source)
    net.asked.clear()

    def daily(at):
        return {
            one.name: one
            for one in Follower(kept, FixedClock(at), net, max_age=DAY).follow([source])
        }

    assert daily(SIGNED + DAY - SECOND)["eu/VN"].had_at == SIGNED
    assert net.asked == []
    net.pages[VN] = national(sequence=8)
    del net.pages[LA]
    had = daily(SIGNED + DAY)
    assert net.asked == [EU, VN, LA]
    assert (had["eu/VN"].list.sequence, had["eu/VN"].had_at) == (8, SIGNED + DAY)
    assert (code(had["eu/LA"]), had["eu/LA"].had_at) == ("verify.list_missing", SIGNED)
    assert had["eu/LA"].list is not None
    again = daily(SIGNED + DAY + SECOND)
    assert net.asked == [EU, VN, LA], "once an hour, and what is kept counts still"
    assert (again["eu/LA"].error, again["eu/LA"].list is None) == (None, False)


def test_who_asks_anew_asks_for_all(kept, source):
    net = web()
    follow(kept, net, source)
    net.pages[VN] = national(sequence=8)
    had = follow(kept, net, source, anew=True, at=SIGNED + SECOND)
    assert net.asked == [EU, VN, LA] * 2
    assert had["eu/VN"].list.sequence == 8
    assert had["eu/VN"].had_at == SIGNED + SECOND


def test_an_older_list_does_not_replace_a_newer_one(kept, source):
    net = web()
    follow(kept, net, source)
    net.pages[VN] = national(sequence=6)
    vn = follow(kept, net, source, anew=True)["eu/VN"]
    assert code(vn) == "verify.list_older"
    assert vn.list.sequence == 7
    assert follow(kept, None, source)["eu/VN"].list.sequence == 7


def test_a_bad_list_does_not_replace_a_good_one(kept, source):
    net = web()
    follow(kept, net, source)
    net.pages[VN] = national(signer=STRANGER)
    vn = follow(kept, net, source, anew=True)["eu/VN"]
    assert code(vn) == "verify.list_signer"
    assert vn.list is not None
    assert code(follow(kept, Web(), source, anew=True)["eu/VN"]) == "verify.list_missing"
    assert follow(kept, None, source)["eu/VN"].error is None


def test_offline_what_is_kept_is_used_and_told(kept, source):
    nothing = follow(kept, None, source)
    assert list(nothing) == ["eu"]
    assert code(nothing["eu"]) == "verify.list_missing"
    assert nothing["eu"].offline
    follow(kept, web(), source)
    had = follow(kept, None, source, at=SIGNED + DAY)
    assert all(one.offline and one.list and one.error is None for one in had.values())
    assert follow(kept, NoNetwork(), source, anew=True)["eu"].offline


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (national, None),
        (lambda: national(signer=OPERATOR), "verify.list_signer"),
        (lambda: national(territory="LA"), "verify.list_other"),
        (lambda: of_lists(signer=NATIONAL), "verify.list_other"),
        (lambda: national(version="4"), "verify.list_version"),
        (lambda: national(next_update=SIGNED), "verify.list_expired"),
        (lambda: b"<html/>", "verify.list_unsigned"),
        (lambda: b"not found", "verify.list_malformed"),
    ],
    ids=count(),
)
def test_a_list_that_is_pointed_to_is_what_the_pointer_says(kept, source, page, expected):
    net = web()
    net.pages[VN] = page()
    had = follow(kept, net, source)
    assert code(had["eu/VN"]) == expected
    assert (had["eu/VN"].list is None) is (expected is not None)
    assert had["eu/LA"].list is not None, "the others count all the same"


def test_lists_lead_one_step_and_only_so_far(kept, source):
    above = Elsewhere("https://other.test/", (OPERATOR,), "XX", "EUlistofthelists")
    net = web()
    net.pages[EU] = of_lists(above, *([to_vn()] * (POINTERS + 5)))
    follower = Follower(kept, FixedClock(SIGNED), net)
    had = list(follower.follow([source]))
    assert {one.name for one in had} == {"eu", "eu/VN"}
    assert len(had) == POINTERS
    net.pages[VN] = sign_list(
        make_list(Serving((WORLD.root,)), sequence=9, pointers=(to_la(),)), NATIONAL
    )
    assert "eu/VN/LA" not in follow(kept, net, source, anew=True)


def test_a_list_without_others_stands_alone(kept, source):
    net = Web({EU: national(signer=OPERATOR)})
    had = follow(kept, net, source)
    assert list(had) == ["eu"]
    assert code(had["eu"]) is None


def test_a_list_in_a_file_is_read_anew_each_time(kept, pinned, tmp_path):
    file = tmp_path / "vn.xml"
    source = Source("vn", (pinned,), file=file)
    assert code(follow(kept, None, source)["vn"]) == "verify.list_missing"
    file.write_bytes(national(signer=OPERATOR))
    had = follow(kept, None, source)["vn"]
    assert (had.list.territory, had.had_at, had.offline) == ("VN", None, False)
    file.write_bytes(national())
    assert code(follow(kept, None, source)["vn"]) == "verify.list_signer"
    file.write_bytes(of_lists(to_vn()))
    assert list(follow(kept, Web({VN: national()}), source)) == ["vn", "vn/VN"]


def test_permitted_signers_must_be_readable(kept, tmp_path):
    with pytest.raises(TrustFileError):
        follow(kept, None, Source("vn", (tmp_path / "none.pem",), url=VN))
    nobody = follow(kept, Web({VN: national()}), Source("vn", (), url=VN))
    assert code(nobody["vn"]) == "verify.list_signer"


def test_what_is_kept_badly_is_not_there(kept, source):
    follow(kept, web(), source)
    files = sorted(kept.directory.glob("*.xml"))
    assert len(files) == 3
    for spoiled in (b"", b"soon\n<x/>", b"2026-03-01T00:00:00\n<x/>", b"\xff\n"):
        for file in files:
            file.write_bytes(spoiled)
        assert code(follow(kept, None, source)["eu"]) == "verify.list_missing"
    for file in kept.directory.glob("*.asked"):
        file.write_bytes(b"never")
    assert follow(kept, web(), source)["eu/VN"].list is not None


def test_what_is_kept_is_checked_each_time_it_is_read(kept, source):
    follow(kept, web(), source)
    for file in kept.directory.glob("*.xml"):
        file.write_bytes(file.read_bytes().replace(b"Operator", b"0perator"))
    assert code(follow(kept, None, source)["eu"]) == "verify.list_altered"


def test_a_folder_that_is_a_file_is_told(tmp_path, source):
    (tmp_path / "lists").write_bytes(b"")
    had = follow(KeptLists(tmp_path / "lists"), web(), source)
    assert had["eu"].list is None
    assert code(had["eu"]) == "pki.output_exists"


def test_anchors_come_of_services_that_may_be_one(kept, source):
    ocsp = Serving((WORLD.ocsp,), (Told(kind="Certstatus/OCSP"),))
    once = Serving((WORLD.issuing,), (Told("withdrawn", SIGNED), Told()))
    never = Serving((authority("Never"),), (Told("withdrawn"),))
    net = Web({EU: sign_list(make_list(Serving((WORLD.root,)), ocsp, once, never), OPERATOR)})
    found = follow(kept, net, source)["eu"].list
    assert [each for each, _ in anchors_of(found)] == [
        WORLD.root.certificate,
        WORLD.issuing.certificate,
    ]


def test_a_document_is_judged_by_the_lists_that_were_had(kept, source):
    own = TrustStore((authority("Own").certificate,))
    trust = trust_in(own, follow(kept, web(), source).values(), SIGNED)
    assert trust.own == own.own
    assert trust.findings == ()
    report = judge(make_document("B-LTA"), trust=trust)
    assert report.indication is Indication.TOTAL_PASSED
    assert {one.territory for one in report.signatures[0].path[-1].services} == {"VN", "LA"}
    nothing = trust_in(own, follow(KeptLists(kept.directory / "x"), Web(), source).values(), SIGNED)
    report = judge(make_document("B-LTA"), trust=nothing)
    assert report.indication is Indication.INDETERMINATE
    assert [one.code for one in report.findings] == ["verify.list_missing"]


def test_the_verdict_says_what_lists_were_missing_or_old(kept, source):
    net = web()
    del net.pages[LA]
    partly = trust_in(TrustStore(), follow(kept, net, source).values(), SIGNED)
    assert [(one.code, one.severity) for one in partly.findings] == [
        ("trust.lists_missing", Severity.WARNING)
    ]
    assert partly.findings[0].facts == {"name": "eu", "missing": "LA"}
    later = trust_in(TrustStore(), follow(kept, None, source, at=SIGNED + DAY).values(), SIGNED)
    assert [one.code for one in later.findings] == ["trust.lists_missing", "trust.lists_kept"]
    assert later.findings[1].facts == {"name": "eu", "had_at": SIGNED}
    refused = trust_in(TrustStore(), follow(kept, Refusing(), source, anew=True).values(), SIGNED)
    assert "trust.lists_kept" in {one.code for one in refused.findings}


class Refusing:
    def fetch(self, request: FetchRequest) -> bytes:
        raise FetchRefusedError(url=request.url, reason="not a public address")


def test_signing_after_years_needs_the_operator_s_new_certificate(kept, pinned):
    """The twin of a pinned signer that is still valid: one that had ended when it signed."""
    ended = operator("Ended", not_after=BORN + 40 * DAY)
    pinned.write_bytes(ended.certificate.public_bytes(Encoding.PEM))
    source = Source("vn", (pinned,), url=VN)
    early = sign_list(make_list(Serving((WORLD.root,))), ended, Manner(signed_at=BORN + 30 * DAY))
    assert code(follow(kept, Web({VN: early}), source)["vn"]) is None
    late = sign_list(make_list(Serving((WORLD.root,)), sequence=9), ended)
    assert code(follow(kept, Web({VN: late}), source, anew=True)["vn"]) == "verify.list_signer"
    assert timedelta(days=40) < SIGNED - DAY - BORN < YEAR
