"""Whom a request names is looked up, where there is a registry; and what is issued hangs there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pki_engines import Place
from pki_office import Office, make_office
from pki_people import after, agency, device, instead, person, post, put
from pki_world import new_key

from pki.authority.carry_out import RECOVERY_APPROVALS, complete_recovery, run_statement
from pki.authority.deeds import recovery_deed
from pki.authority.issuance import Order
from pki.errors.office import (
    ConcernedDeviceError,
    ConcernedDeviceStateError,
    ConcernedGoneError,
    ConcernedOverError,
    ConcernedPostError,
    RightMissingError,
)
from pki.errors.registry import (
    UnknownAgencyError,
    UnknownDeviceError,
    UnknownPersonError,
    UnknownPostError,
)
from pki.records.people import (
    Assignment,
    AssignmentQuery,
    Device,
    DeviceState,
    Entry,
    PersonState,
    own_key,
)
from pki.records.requests import Case, CaseQuery, RequestKind, RequestState
from pki.requests.concern import day_in_vietnam
from pki.requests.content import Asked, Concerned
from pki.requests.filing import prepare_submission, submit
from pki.requests.rights import Act

WHOLE = Concerned("NV-1", "CV-1", "UBND-X", "T-1")


@pytest.fixture
def office(tmp_path: Path, place: Place) -> Iterator[Office]:
    """An office with a registry: one person in a post, with a device; and another person."""
    made = make_office(tmp_path, place.url)
    entries = (agency(), agency("A-2"), person(), person("NV-2"), post(), device())
    put(made.world.register, *entries)
    made.concerned = WHOLE
    yield made
    made.world.register.close()


def today(office: Office) -> date:
    return day_in_vietnam(office.now)


def hanging(office: Office, serial: int) -> Assignment | None:
    return office.world.register.find_entry(Assignment, own_key("issuing", serial))


def told(office: Office, action: str) -> dict[str, str]:
    log = [json.loads(one.content) for one in office.world.register.audit_entries()]
    return [dict(one["facts"]) for one in log if one["action"] == action][-1]


def test_a_certificate_hangs_where_its_request_said(office: Office):
    done = office.run(office.approve(office.ask_new()))
    assert done.certificate
    found = hanging(office, done.certificate.serial_number)
    assert found
    assert (found.person, found.post, found.device) == ("NV-1", "CV-1", "T-1")
    assert (found.agency, found.version, found.effective) == (None, 1, today(office))
    facts = told(office, "certificate.issue")
    codes = {"person": "NV-1", "post": "CV-1", "agency": "UBND-X", "device": "T-1"}
    assert facts.items() >= codes.items()
    again = office.run(office.desk.case(done.case.record.id))
    assert again.certificate == done.certificate
    assert len(office.world.register.find_entries(AssignmentQuery(person="NV-1"))) == 1


def test_an_agency_is_a_holder_where_nobody_is_named(office: Office):
    office.concerned = Concerned(agency="A-2")
    done = office.run(office.approve(office.ask_new()))
    assert done.certificate
    found = hanging(office, done.certificate.serial_number)
    assert found
    assert (found.person, found.agency) == (None, "A-2")


def test_without_a_name_nothing_hangs(office: Office):
    office.concerned = Concerned()
    done = office.run(office.approve(office.ask_new()))
    assert done.certificate
    assert hanging(office, done.certificate.serial_number) is None


def test_without_a_registry_codes_are_whatever_the_office_means(tmp_path: Path, place: Place):
    office = make_office(tmp_path, place.url)
    office.concerned = WHOLE
    done = office.run(office.approve(office.ask_new()))
    assert done.certificate
    assert hanging(office, done.certificate.serial_number) is None
    put(office.world.register, agency("A-2"))
    with pytest.raises(UnknownPersonError):
        office.ask_new()
    office.world.register.close()


YESTERDAY = date(2025, 7, 2)
GONE = {"state": PersonState.RETIRED, "since": YESTERDAY}
WRONG: tuple[tuple[str, tuple[Entry, ...], Concerned, type[Exception]], ...] = (
    ("person", (), Concerned("NV-9"), UnknownPersonError),
    ("agency", (), Concerned("NV-1", agency="A-9"), UnknownAgencyError),
    ("post", (), Concerned("NV-1", "CV-9"), UnknownPostError),
    ("device", (), Concerned("NV-1", device="T-9"), UnknownDeviceError),
    ("another's post", (), Concerned("NV-2", "CV-1"), ConcernedPostError),
    ("nobody's post", (), Concerned(None, "CV-1", "UBND-X"), ConcernedPostError),
    ("a post elsewhere", (), Concerned("NV-1", "CV-1", "A-2"), ConcernedPostError),
    ("another's device", (), Concerned("NV-2", device="T-1"), ConcernedDeviceError),
    ("a device of no one named", (), Concerned(device="T-1"), ConcernedDeviceError),
    ("retired", (after(person(), 1, **GONE),), Concerned("NV-1"), ConcernedGoneError),
    ("a post that ended", (after(post(), 1, until=YESTERDAY),), WHOLE, ConcernedOverError),
    (
        "an agency that ended",
        (instead(agency("A-2"), until=YESTERDAY, follows=0),),
        Concerned("NV-2", agency="A-2"),
        ConcernedOverError,
    ),
    ("lost", (after(device(), 1, state=DeviceState.LOST),), WHOLE, ConcernedDeviceStateError),
)


@pytest.mark.parametrize(
    ("changes", "concerned", "error"), [one[1:] for one in WRONG], ids=[one[0] for one in WRONG]
)
def test_what_does_not_fit_is_not_asked_for(
    office: Office, changes: tuple[Entry, ...], concerned: Concerned, error: type[Exception]
):
    put(office.world.register, *changes)
    office.concerned = concerned
    with pytest.raises(error):
        office.ask_new()
    assert office.desk.cases.list(CaseQuery()) == ()


CHANGED: tuple[tuple[str, Entry, type[Exception]], ...] = (
    ("retired", after(person(), 1, **GONE), ConcernedGoneError),
    ("post ended", after(post(), 1, until=YESTERDAY), ConcernedOverError),
    ("lost", after(device(), 1, state=DeviceState.LOST), ConcernedDeviceStateError),
)


@pytest.mark.parametrize(
    ("change", "error"), [one[1:] for one in CHANGED], ids=[one[0] for one in CHANGED]
)
def test_what_fits_no_more_is_not_done(office: Office, change: Entry, error: type[Exception]):
    case = office.approve(office.ask_new())
    put(office.world.register, change)
    with pytest.raises(error):
        office.run(case)
    assert office.desk.case(case.record.id).state is RequestState.SUBMITTED
    assert office.world.register.find_request("issuing", case.record.id) is None


def test_who_begins_next_week_gets_a_certificate_today(office: Office):
    soon = today(office) + timedelta(days=7)
    later: dict[str, Any] = {"effective": soon, "since": soon}
    put(office.world.register, person("NV-3", **later), post("CV-3", person="NV-3", **later))
    office.concerned = Concerned("NV-3", "CV-3")
    assert office.run(office.approve(office.ask_new())).certificate


def test_who_retires_next_week_serves_today(office: Office):
    soon = today(office) + timedelta(days=7)
    gone = {"state": PersonState.RETIRED, "effective": soon, "since": soon}
    put(office.world.register, after(person(), 1, **gone))
    case = office.approve(office.ask_new())
    office.later(days=6)
    assert office.run(case).certificate


def test_what_began_is_ended_whatever_became_of_the_person(
    office: Office, monkeypatch: pytest.MonkeyPatch
):
    case = office.approve(office.ask_new())
    with monkeypatch.context() as broken:
        broken.setattr("pki.authority.issuance.sign_linted", _break_off)
        with pytest.raises(KeyboardInterrupt):
            office.run(case)
    assert office.desk.case(case.record.id).state is RequestState.RUNNING
    put(office.world.register, after(person(), 1, **GONE))
    done = office.run(office.desk.case(case.record.id))
    assert done.certificate
    found = hanging(office, done.certificate.serial_number)
    assert found
    assert found.person == "NV-1"


def test_a_registry_that_begins_under_way_hinders_nothing(
    tmp_path: Path, place: Place, monkeypatch: pytest.MonkeyPatch
):
    office = make_office(tmp_path, place.url)
    case = office.approve(office.ask_new())
    with monkeypatch.context() as broken:
        broken.setattr("pki.authority.issuance.sign_linted", _break_off)
        with pytest.raises(KeyboardInterrupt):
            office.run(case)
    put(office.world.register, agency())
    done = office.run(office.desk.case(case.record.id))
    assert done.certificate
    assert hanging(office, done.certificate.serial_number) is None
    office.world.register.close()


def _break_off(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("kind", [RequestKind.HOLD, RequestKind.REVOKE])
def test_who_serves_no_more_loses_the_certificate_all_the_same(office: Office, kind: RequestKind):
    serial = office.people["auditor"].certificate.serial_number
    record = office.world.register.find_certificate("issuing", serial)
    assert record
    put(office.world.register, after(person(), 1, state=PersonState.DIED, since=YESTERDAY))
    more = {"reason": "cessationOfOperation"} if kind is RequestKind.REVOKE else {}
    case = office.approve(office.ask_status(kind, record, **more))
    assert office.run(case).case.state is RequestState.DONE
    office.concerned = Concerned("NV-9")
    with pytest.raises(UnknownPersonError):
        office.ask_status(kind, record, **more)


def test_a_change_of_content_hangs_in_the_place_of_the_one_before(office: Office):
    first = office.run(office.approve(office.ask_new())).certificate
    assert first
    order = Order(
        *(new_key().public_key(), office.profile, office.order().subject, "x"),
        replaces=first.serial_number,
        replaced_of="issuing",
        revokes_replaced=True,
    )
    second = office.run(office.approve(office.ask_new(order))).certificate
    assert second
    found = hanging(office, second.serial_number)
    assert found
    assert found.post == "CV-1"
    assert office.world.register.find_revocation("issuing", first.serial_number)


# A locked token.


def ask_recovery(office: Office, number: str, concerned: Concerned) -> Case:
    deed = recovery_deed(concerned.device or "")
    kind = RequestKind.RECOVER
    asked = Asked(number, kind, "-", "-", None, deed, concerned, RECOVERY_APPROVALS)
    made = prepare_submission(asked, office.now)
    return submit(office.desk, made, office.sign("clerk", made.statement).cms)


def help_with(office: Office, case: Case) -> Case:
    signature = office.sign("officer", run_statement(case, office.now))
    return complete_recovery(office.desk, case.record.id, signature)


def states(office: Office) -> list[str]:
    return [str(one.state) for one in office.world.register.entry_history(Device, "T-1")]


@pytest.fixture
def locked(office: Office) -> Office:
    put(office.world.register, after(device(), 1, state=DeviceState.ACTIVE))
    return office


OF_NOBODY = Concerned(device="T-1")


@pytest.mark.parametrize("concerned", [OF_NOBODY, Concerned("NV-1", device="T-1")], ids=["-", "of"])
def test_a_locked_device_goes_through_its_states(locked: Office, concerned: Concerned):
    case = ask_recovery(locked, "R-1", concerned)
    assert states(locked) == ["issued", "active", "pin-recovery-asked"]
    assert told(locked, "request.submit").items() >= {("device", "T-1")}
    assert ask_recovery(locked, "R-1", concerned) == case  # handed in again
    with pytest.raises(ConcernedDeviceStateError):
        ask_recovery(locked, "R-2", concerned)
    locked.approve(case)
    with pytest.raises(RightMissingError):
        complete_recovery(locked.desk, "R-1", locked.sign("clerk", run_statement(case, locked.now)))
    assert states(locked)[-1] == "pin-recovery-asked"
    assert help_with(locked, case).state is RequestState.DONE
    assert states(locked) == ["issued", "active", "pin-recovery-asked", "active"]
    assert told(locked, "request.recover")["state"] == "active"
    newest = locked.world.register.find_entry(Device, "T-1")
    assert newest
    assert newest.since == newest.effective == today(locked)


@pytest.mark.parametrize(("act", "who"), [(Act.WITHDRAW, "clerk"), (Act.REJECT, "approver")])
def test_what_is_asked_for_no_more_is_active_again(locked: Office, act: Act, who: str):
    case = ask_recovery(locked, "R-1", OF_NOBODY)
    locked.end(act, case, who)
    assert states(locked)[-1] == "active"
    ask_recovery(locked, "R-2", OF_NOBODY)


def test_a_device_lost_meanwhile_is_not_helped(locked: Office):
    case = locked.approve(ask_recovery(locked, "R-1", OF_NOBODY))
    newest = locked.world.register.find_entry(Device, "T-1")
    assert newest
    put(locked.world.register, after(newest, 0, state=DeviceState.LOST, since=newest.effective))
    with pytest.raises(ConcernedDeviceStateError):
        help_with(locked, case)
    locked.end(Act.REJECT, case, "approver")
    assert states(locked)[-1] == "lost"


def test_a_device_that_is_not_active_is_not_asked_for(office: Office):
    with pytest.raises(ConcernedDeviceStateError):
        ask_recovery(office, "R-1", OF_NOBODY)
    with pytest.raises(ConcernedDeviceError):
        ask_recovery(office, "R-1", Concerned("NV-2", device="T-1"))
    assert states(office) == ["issued"]


def test_a_device_entered_meanwhile_stays_active(tmp_path: Path, place: Place):
    office = make_office(tmp_path, place.url)
    case = office.approve(ask_recovery(office, "R-1", OF_NOBODY))
    put(office.world.register, person(), device(state=DeviceState.ACTIVE))
    assert help_with(office, case).state is RequestState.DONE
    assert states(office) == ["active"]
    office.world.register.close()
