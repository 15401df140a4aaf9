"""Statuses of other authorities' certificates: recorded as they change, good only while it holds.

Whoever judges stands for itself here by its seam; `verify.following` has tests of its own.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pki_world import NOW, World, make_world
from watching_world import Partner, person

from pki.clock import FixedClock
from pki.errors.register import RegisterConflictError
from pki.importing.foreign import ForeignWish, bring_foreign
from pki.importing.gather import gather_octets
from pki.records.audit import AuditEvent
from pki.records.changes import Follow
from pki.records.watching import WatchedStanding, WatchedStatus
from pki.watching import follow
from pki.watching.follow import Answer, Unanswered, follow_all

PARTNER = Partner()
LEAVES = [PARTNER.issue(person(f"Người {n}"), 0x100 + n) for n in range(3)]
GOOD, HELD, REVOKED, UNKNOWN = (
    *(WatchedStanding.GOOD, WatchedStanding.HELD),
    *(WatchedStanding.REVOKED, WatchedStanding.UNKNOWN),
)
DAY = timedelta(days=1)


class Says:
    """Answers what it was told to."""

    def __init__(self, *answers):
        self._answers = answers

    def about(self, ders):
        for _, answer in zip(ders, self._answers * len(ders), strict=False):
            yield answer


def said(standing, until=NOW + DAY, evidence="aa"):
    at = NOW - DAY if standing in {HELD, REVOKED} else None
    return Answer(standing, "crl", evidence, until, at, "superseded" if at else None)


def ask(world, *answers, at=NOW):
    found = list(follow_all(world.register, Says(*answers), FixedClock(at), "văn thư"))
    assert len(found) == 1
    return found[0]


def standings(world, at=NOW):
    return [one.standing_at(at) for one in world.register.watched()]


@pytest.fixture
def followed(placed_world: World) -> World:
    ders = [one.public_bytes(Encoding.DER) for one in LEAVES]
    wish = ForeignWish("văn thư", record=True)
    bring_foreign(gather_octets(ders, "x"), placed_world.register, placed_world.clock, wish)
    return placed_world


def test_good_counts_until_the_end_of_what_said_so(followed: World):
    tally = ask(followed, said(GOOD))
    assert (tally.asked, tally.good, tally.good_until) == (3, 3, NOW + DAY)
    assert [turn.status.standing for turn in tally.turns] == [GOOD] * 3
    assert standings(followed) == [GOOD] * 3
    assert standings(followed, NOW + DAY) == [GOOD] * 3
    assert standings(followed, NOW + DAY + timedelta(seconds=1)) == [UNKNOWN] * 3


def test_what_did_not_change_is_not_written_again(followed: World):
    ask(followed, said(GOOD))
    tally = ask(followed, said(GOOD, NOW + 2 * DAY, "bb"))
    assert tally.turns == []
    assert standings(followed, NOW + 2 * DAY) == [GOOD] * 3
    (history,) = followed.register.status_history(
        followed.register.watched()[0].subject.fingerprint
    )
    assert (history.standing, history.evidence_sha256, history.at) == (GOOD, "aa", NOW)
    (newest,) = followed.register.last_rounds()
    assert (newest.evidence_sha256, newest.asked, newest.unanswered) == ("bb", 3, 0)


def test_no_answer_keeps_what_was_known_for_as_long_as_it_holds(followed: World):
    ask(followed, said(GOOD))
    tally = ask(followed, Unanswered("offline"))
    assert (tally.good, tally.unanswered, tally.why, tally.good_until) == (0, 3, "offline", None)
    assert standings(followed) == [GOOD] * 3
    assert standings(followed, NOW + 2 * DAY) == [UNKNOWN] * 3
    (newest,) = followed.register.last_rounds()
    assert (newest.why, newest.evidence_sha256) == ("offline", None)


def test_an_answer_about_some_does_not_lengthen_what_was_said_of_others(followed: World):
    ask(followed, said(GOOD))
    tally = ask(followed, said(GOOD, NOW + 9 * DAY), Unanswered("x"), said(GOOD, NOW + 9 * DAY))
    assert tally.good_until == NOW + DAY
    assert standings(followed, NOW + 2 * DAY) == [UNKNOWN] * 3


def test_those_never_answered_bind_nobody_else(followed: World):
    tally = ask(followed, said(GOOD, NOW + 9 * DAY), Unanswered("x"), Unanswered("y"))
    assert (tally.good_until, tally.why) == (NOW + 9 * DAY, "x")
    assert standings(followed, NOW + 2 * DAY) == [GOOD, UNKNOWN, UNKNOWN]


def test_a_revocation_stays_and_a_hold_may_end(followed: World):
    ask(followed, said(REVOKED), said(HELD), said(GOOD))
    assert standings(followed, NOW + 9 * DAY) == [REVOKED, HELD, UNKNOWN]
    tally = ask(followed, said(GOOD))
    assert (tally.revoked, tally.good) == (1, 2)
    assert standings(followed) == [REVOKED, GOOD, GOOD]
    fingerprint = followed.register.watched()[1].subject.fingerprint
    history = followed.register.status_history(fingerprint)
    assert [one.standing for one in history] == [HELD, GOOD]
    assert (history[0].revoked_at, history[0].reason) == (NOW - DAY, "superseded")


def test_an_issuer_that_knows_nothing_makes_it_unknown(followed: World):
    ask(followed, said(GOOD))
    tally = ask(followed, said(UNKNOWN))
    assert (tally.unanswered, tally.why) == (3, "unknown")
    assert standings(followed) == [UNKNOWN] * 3


def test_what_ended_is_not_asked_about(followed: World):
    late = NOW + timedelta(days=900)
    assert list(follow_all(followed.register, Says(said(GOOD)), FixedClock(late), "x")) == []


def test_pages_and_what_is_shown_have_bounds(followed: World, monkeypatch):
    monkeypatch.setattr(follow, "PAGE", 2)
    monkeypatch.setattr(follow, "SHOWN", 1)
    tally = ask(followed, said(GOOD), said(GOOD, evidence="bb"))
    assert (tally.asked, len(tally.turns), tally.more_turns) == (3, 1, 2)
    (newest,) = followed.register.last_rounds()
    assert newest.evidence_sha256 not in {"aa", "bb"}
    assert standings(followed) == [GOOD] * 3


def test_a_run_broken_off_promises_nothing(followed: World, monkeypatch):
    monkeypatch.setattr(follow, "PAGE", 2)

    class Once(Says):
        def about(self, ders):
            if len(ders) == 1:
                raise KeyboardInterrupt
            yield from super().about(ders)

    with pytest.raises(KeyboardInterrupt):
        list(follow_all(followed.register, Once(said(GOOD)), FixedClock(NOW), "x"))
    assert standings(followed) == [UNKNOWN] * 3
    ask(followed, said(GOOD))
    assert standings(followed) == [GOOD] * 3


def test_a_certificate_that_is_not_followed(followed: World):
    status = WatchedStatus("ff", GOOD, NOW, "crl", "aa")
    event = AuditEvent(NOW, "x", "test")
    with pytest.raises(RegisterConflictError):
        followed.register.commit([Follow((status,))], event)


def test_authorities_that_were_recorded_are_found(followed: World):
    assert followed.register.watched_authorities() == ()
    der = PARTNER.certificate.public_bytes(Encoding.DER)
    wish = ForeignWish("văn thư", record=True)
    bring_foreign(gather_octets([der], "x"), followed.register, followed.clock, wish)
    assert followed.register.watched_authorities() == (der,)


ANSWERS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from([GOOD, HELD, REVOKED, UNKNOWN]), st.integers(0, 5)),
        st.none(),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(answers=ANSWERS)
def test_nothing_is_good_that_nobody_says_is_good(answers, tmp_path_factory):
    """A model of one certificate: good is what was said last, revoked is for good."""
    world = make_world(tmp_path_factory.mktemp("model"))
    der = LEAVES[0].public_bytes(Encoding.DER)
    wish = ForeignWish("văn thư", record=True)
    bring_foreign(gather_octets([der], "x"), world.register, world.clock, wish)
    expected, until = UNKNOWN, datetime.min.replace(tzinfo=NOW.tzinfo)
    for answer in answers:
        if answer is None:
            ask(world, Unanswered("x"))
            continue
        standing, days = answer
        ask(world, said(standing, NOW + days * DAY))
        if expected is not REVOKED:
            expected = standing
            until = NOW + days * DAY if standing is GOOD else until
    for days in range(7):
        at = NOW + days * DAY
        good = expected is GOOD and at <= until
        told = good or expected in {HELD, REVOKED}
        assert standings(world, at) == [expected if told else UNKNOWN]
    world.register.close()
