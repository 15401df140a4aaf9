"""What lapses in a register: when it is renewed, when that is an alarm, and when it is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from pki_world import NOW, World, make_world, new_authority, new_key, someone

from pki.authority.create import create_issuing
from pki.authority.issuance import Order, write_draft
from pki.authority.life import hold
from pki.authority.rollover import Keyless, retire
from pki.clock import FixedClock
from pki.errors.authorities import AuthorityNotFoundError, AuthorityRevokedError
from pki.errors.tree import PKIError
from pki.profile import load_profile
from pki.records.audit import AuditEvent
from pki.records.changes import ClaimName, Reserve
from pki.upkeep.alarm import Severity
from pki.upkeep.due import authorities_at_work, find_issuers, is_revoked, list_states, signer_is_due
from pki.upkeep.lapse import certificate_lapse, list_lapse
from pki.upkeep.signer import renew_signer
from pki.upkeep.watch import (
    LITTLE_ROOM,
    NO_ROOM,
    BackupWatch,
    age_alarms,
    register_alarms,
    room_alarms,
    signer_alarms,
)

DAY = timedelta(days=1)
REASON = x509.ReasonFlags


@pytest.fixture
def world(tmp_path: Path):
    made = make_world(tmp_path, FixedClock(NOW))
    yield made
    made.register.close()


@pytest.fixture
def delta_world(tmp_path: Path):
    made = make_world(tmp_path, FixedClock(NOW), delta_hours=24)
    yield made
    made.register.close()


def told(world: World, now=None) -> dict[tuple[str, str], Severity]:
    now = now or world.clock.now()
    return {(one.code, one.what): one.severity for one in register_alarms(world.register, now)}


def due(world: World) -> list[tuple[str, bool]]:
    now = world.clock.now()
    states = list_states(world.register, now)
    return [(state.authority, state.delta) for state in states if state.is_due(now)]


def test_nobody_reads_a_whole_list_to_see_when_it_ends(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    world.issuing.issue_crl()
    world.issuing.issue_crl()
    whole = world.register.newest_crl("issuing")
    head = world.register.newest_crl_head("issuing")
    assert (whole, head) != (None, None)
    for name in ("issuer", "number", "this_update", "next_update"):
        assert getattr(head, name) == getattr(whole, name)
    assert list_lapse(head) == list_lapse(whole)

    def read(*_: object, **__: object) -> None:
        raise AssertionError("a list of a million entries")

    monkeypatch.setattr(world.register, "newest_crl", read)
    assert due(world) == [("root", False)]
    assert told(world) == {("pki.upkeep.list_missing", "root"): Severity.WARNING}


def test_a_list_is_due_at_half_of_its_time_and_an_alarm_later(world: World):
    assert sorted(due(world)) == [("issuing", False), ("root", False)]
    assert told(world) == {
        ("pki.upkeep.list_missing", "root"): Severity.WARNING,
        ("pki.upkeep.list_missing", "issuing"): Severity.WARNING,
    }
    world.root.issue_crl()
    world.issuing.issue_crl()
    assert (due(world), told(world)) == ([], {})
    end = list_lapse(world.register.newest_crl("issuing")).ends
    steps = {
        end - 3.6 * DAY: ([], {}),
        end - 3.4 * DAY: ([("issuing", False)], {}),
        end - 1.7 * DAY: (
            [("issuing", False)],
            {("pki.upkeep.list_ends", "issuing"): Severity.WARNING},
        ),
        end - 0.6 * DAY: (
            [("issuing", False)],
            {("pki.upkeep.list_ends", "issuing"): Severity.ERROR},
        ),
        end + DAY: (
            [("issuing", False)],
            {("pki.upkeep.list_over", "issuing"): Severity.ERROR},
        ),
    }
    for now, (tasks, alarms) in steps.items():
        world.clock.advance(now - world.clock.now())
        assert (due(world), told(world)) == (tasks, alarms), now
    world.issuing.issue_crl()
    assert (due(world), told(world)) == ([], {})


def test_delta_lists_are_due_where_the_authority_makes_them(delta_world: World):
    world = delta_world
    world.root.issue_crl()
    assert due(world) == [("issuing", False)], "no delta before there is a list to add to"
    world.issuing.issue_crl()
    assert due(world) == [("issuing", True)]
    assert told(world) == {}, "a list that never was is no alarm where the full one holds"
    world.issuing.issue_crl(delta=True)
    assert due(world) == []
    world.clock.advance(timedelta(hours=13))
    assert due(world) == [("issuing", True)]
    world.clock.advance(timedelta(hours=12))
    assert told(world) == {("pki.upkeep.list_over", "issuing"): Severity.ERROR}


def test_a_revoked_or_ended_authority_publishes_nothing_more(world: World):
    record = world.register.find_authority("issuing")
    root = world.register.find_authority("root")
    assert not is_revoked(world.register, record)
    assert not is_revoked(world.register, root)
    world.root.revoke(world.issuing.issuer.certificate.serial_number, REASON.key_compromise)
    assert is_revoked(world.register, record)
    assert not is_revoked(world.register, replace(record, parent=None)), "nobody here could"
    assert due(world) == [("root", False)]
    assert [one.record.name for one in authorities_at_work(world.register, NOW)] == ["root"]
    end = world.root.issuer.certificate.not_valid_after_utc
    assert due(world.__class__(**{**vars(world), "clock": FixedClock(end + DAY)})) == []


def test_an_authority_calls_for_its_rollover_until_it_is_done(world: World):
    world.root.issue_crl()
    end = world.issuing.issuer.certificate.not_valid_after_utc

    def of_issuing(now):
        return {
            k: v for k, v in told(world, now).items() if k[1] == "issuing" and "list" not in k[0]
        }

    assert of_issuing(end - 6.1 * 365 * DAY) == {}
    soon = {("pki.upkeep.rollover_due", "issuing"): Severity.WARNING}
    assert of_issuing(end - 5.5 * 365 * DAY) == soon
    short = {("pki.upkeep.authority_short", "issuing"): Severity.ERROR}
    assert of_issuing(end - 4 * 365 * DAY) == short
    ended = {("pki.upkeep.authority_ended", "issuing"): Severity.ERROR}
    assert of_issuing(end + DAY) == ended
    successor = create_issuing(world.root, new_authority("issuing-2", "issuing"))
    retire(world.issuing, successor, requester="quản trị")
    assert of_issuing(end - 4 * 365 * DAY) == {}
    assert of_issuing(end + DAY) == {}


def test_a_clock_set_back_is_an_alarm(world: World):
    assert ("pki.upkeep.clock", "-") not in told(world)
    assert told(world, NOW - DAY)["pki.upkeep.clock", "-"] is Severity.ERROR


def test_a_serial_left_open_is_an_alarm_after_an_hour(world: World):
    key = new_key()
    order = Order(key.public_key(), load_profile("official"), someone(), "văn thư")
    draft = write_draft(order, world.issuing.issuer.signatory(), world.issuing.blocked, NOW)
    world.register.commit(
        (ClaimName("issuing"), Reserve(draft)), AuditEvent(NOW, "văn thư", "certificate.reserve")
    )
    assert ("pki.upkeep.left_open", "issuing") not in told(world, NOW + DAY / 25)
    assert told(world, NOW + DAY)["pki.upkeep.left_open", "issuing"] is Severity.WARNING
    world.issuing.recover_open()
    assert ("pki.upkeep.left_open", "issuing") not in told(world, NOW + DAY)


def test_a_signer_follows_itself_with_the_same_key(world: World):
    key = new_key()
    first = world.issue("ocsp", key=key)
    issuer = world.issuing.issuer.certificate
    issuers = find_issuers(world.register, first, answers_for="issuing")
    assert issuers is not None
    assert (issuers.by, issuers.next, issuers.profile) == ("issuing", "issuing", "ocsp")
    lapse = certificate_lapse(first)
    assert not signer_is_due(first, issuer, lapse.due - DAY)
    assert signer_is_due(first, issuer, lapse.due)
    assert not signer_is_due(first, first, lapse.due), "its issuer ends with it: nothing to gain"
    codes = [
        [(one.code, one.severity) for one in signer_alarms("ocsp.pem", first, now)]
        for now in (lapse.due, lapse.warn, lapse.fail, lapse.ends + DAY)
    ]
    assert codes == [
        [],
        [("pki.upkeep.signer_ends", Severity.WARNING)],
        [("pki.upkeep.signer_ends", Severity.ERROR)],
        [("pki.upkeep.signer_over", Severity.ERROR)],
    ]
    world.clock.advance(lapse.due - NOW)

    def renew():
        return renew_signer(
            world.issuing, first, load_profile("ocsp"), issuers=issuers, requester="antin"
        )

    second = renew()
    assert second.public_key() == first.public_key()
    assert second.not_valid_after_utc > first.not_valid_after_utc
    assert renew() == second, "what was issued and not taken up is taken, not issued again"
    world.issuing.revoke(second.serial_number, REASON.superseded)
    third = renew()
    assert third not in (first, second)


def test_a_signer_ends_no_later_than_its_issuer(world: World):
    certificate = world.issue("timestamp")
    issuers = find_issuers(world.register, certificate)
    assert issuers is not None
    end = world.issuing.issuer.certificate.not_valid_after_utc
    world.clock.advance(end - 60 * DAY - NOW)
    made = renew_signer(
        world.issuing, certificate, load_profile("timestamp"), issuers=issuers, requester="antin"
    )
    assert made.not_valid_after_utc == end


def test_a_signer_of_a_retired_authority_is_followed_by_its_successor(world: World):
    stamp, ocsp = world.issue("timestamp"), world.issue("ocsp")
    successor = create_issuing(world.root, new_authority("issuing-2", "issuing"))
    retire(world.issuing, successor, requester="quản trị")
    issuers = find_issuers(world.register, stamp)
    assert issuers is not None
    assert (issuers.by, issuers.next) == ("issuing", "issuing-2")
    profile = load_profile("timestamp")
    made = renew_signer(successor, stamp, profile, issuers=issuers, requester="antin")
    made.verify_directly_issued_by(successor.issuer.certificate)
    of_ocsp = find_issuers(world.register, ocsp, answers_for="issuing")
    assert of_ocsp is not None
    assert of_ocsp.next == "issuing", "the old one alone delegates answers for what it issued"
    world.clock.advance(DAY)
    profile = load_profile("ocsp")
    again = renew_signer(world.issuing, ocsp, profile, issuers=of_ocsp, requester="antin")
    again.verify_directly_issued_by(world.issuing.issuer.certificate)


def test_a_revoked_signer_is_not_followed(world: World):
    certificate = world.issue("ocsp")
    issuers = find_issuers(world.register, certificate)
    assert issuers is not None
    hold(world.issuing, certificate.serial_number, requester="quản trị")
    world.clock.advance(DAY)
    with pytest.raises(PKIError) as refused:
        renew_signer(
            world.issuing, certificate, load_profile("ocsp"), issuers=issuers, requester="antin"
        )
    assert refused.value.code == "pki.register_conflict"


def test_a_stranger_has_no_issuer_here(world: World, tmp_path: Path):
    (tmp_path / "other").mkdir()
    other = make_world(tmp_path / "other")
    assert find_issuers(world.register, other.issue("ocsp")) is None
    other.register.close()


def test_room_and_age():
    def severities(alarms):
        return [one.severity for one in alarms]

    assert severities(room_alarms("disk", LITTLE_ROOM)) == []
    assert severities(room_alarms("disk", LITTLE_ROOM - 1)) == [Severity.WARNING]
    assert severities(room_alarms("disk", NO_ROOM - 1)) == [Severity.ERROR]
    assert severities(age_alarms("x", NOW, 7, NOW + 7 * DAY)) == []
    (old,) = age_alarms("x", NOW, 7, NOW + 8 * DAY)
    assert old.facts == {"what": "-", "at": NOW, "days": 7}
    assert old.key == ("x", "-", "warning")


def test_the_last_backup_is_read_from_the_log(world: World):
    watch = BackupWatch(world.register)
    assert watch.last() is None
    for days, action in ((1, "backup.create"), (2, "backup.create.not"), (3, "backup.create")):
        facts = (("note", '"action":"backup.create"'),)
        event = AuditEvent(NOW + days * DAY, "quản trị", action, facts)
        world.register.commit((), event)
        assert watch.last() == NOW + (1 if days < 3 else 3) * DAY
    assert watch.last() == NOW + 3 * DAY
    assert BackupWatch(world.register).last() == NOW + 3 * DAY


def test_an_authority_whose_key_is_lost_is_followed(world: World):
    old = Keyless("issuing", world.register, world.clock)
    successor = create_issuing(world.root, new_authority("issuing-2", "issuing"))
    retire(old, successor, requester="quản trị")
    found = world.register.find_succession("issuing")
    assert found is not None
    assert found.successor == "issuing-2"
    with pytest.raises(AuthorityNotFoundError):
        Keyless("nobody", world.register, world.clock).record()
    again = Keyless("issuing-2", world.register, world.clock)
    again.check_in_force()
    world.root.revoke(successor.issuer.certificate.serial_number, REASON.key_compromise)
    with pytest.raises(AuthorityRevokedError):
        again.check_in_force()
