"""Who may do what, cell by cell; how roles are granted and ended."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import rights_page
from pki_engines import Place
from pki_office import Office, make_office

from pki.authority.life import hold
from pki.errors.office import (
    ApprovalMismatchError,
    RequestFieldError,
    RightMissingError,
    RoleEndedError,
    RoleGrantedError,
    RoleTermError,
)
from pki.records.requests import Role
from pki.requests.rights import RIGHTS, Act, may
from pki.requests.roles import (
    NewRole,
    end_role,
    end_statement,
    grant_role,
    grant_statement,
    has_officer,
)
from pki.requests.statement import write_statement

TABLE = """
          clerk  approver  officer  auditor
submit    yes    -         -        -
withdraw  yes    -         -        -
approve   -      yes       -        -
reject    -      yes       -        -
review    -      yes       -        -
run       -      -         yes      -
grant     -      -         yes      -
end       -      -         yes      -
see       yes    yes       yes      -
"""
_HEAD, *_LINES = (line.split() for line in TABLE.strip().splitlines())
CELLS = [
    (Act(act), Role(role), cell == "yes")
    for act, *cells in _LINES
    for role, cell in zip(_HEAD, cells, strict=True)
]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An office whose people sign; nothing in it is changed."""
    made = make_office(tmp_path_factory.mktemp("office"))
    yield made
    made.world.register.close()


@pytest.fixture
def office(tmp_path: Path, place: Place) -> Iterator[Office]:
    made = make_office(tmp_path, place.url)
    yield made
    made.world.register.close()


@pytest.mark.parametrize(("act", "role", "allowed"), CELLS)
def test_every_cell(shared: Office, act: Act, role: Role, allowed: bool):
    """Each cell by a real signature: of the table, and of who acts."""
    assert may(role, act) is allowed
    signature = shared.sign(role.value, write_statement(act, shared.now))
    if allowed:
        acting = shared.desk.identify(act, signature, shared.now)
        assert acting.actor == f"person:{role.value}"
    else:
        with pytest.raises(RightMissingError):
            shared.desk.identify(act, signature, shared.now)


def test_the_table_names_every_role_and_act():
    assert {(act, role) for act, role, _ in CELLS} == {(a, r) for a in Act for r in Role}
    assert set(RIGHTS) == set(Role)


def test_the_page_is_written_from_the_table(checkout: Path):
    page = (checkout / "docs" / "rights.md").read_text("utf-8")
    assert page == rights_page.write_page()


def test_who_has_no_role_does_nothing(shared: Office):
    stranger = shared.people.get("stranger") or shared.hire("stranger")
    signature = stranger.sign(write_statement(Act.SUBMIT, shared.now), shared.now)
    with pytest.raises(RightMissingError):
        shared.desk.identify(Act.SUBMIT, signature, shared.now)


def test_a_role_is_ended_once(office: Office):
    office.dismiss("clerk")
    with pytest.raises(RightMissingError):
        office.ask_new()
    with pytest.raises(RoleEndedError):
        office.dismiss("clerk")
    grants = {one.person: one for one in office.desk.cases.grants()}
    assert grants["clerk"].ended_at == office.now
    office.grant("clerk", Role.CLERK)
    assert office.ask_new()


def test_an_unknown_role_is_not_ended(office: Office):
    signature = office.sign("officer", end_statement("G-0", office.now))
    with pytest.raises(RoleEndedError):
        end_role(office.desk, "G-0", signature)
    with pytest.raises(ApprovalMismatchError):
        end_role(office.desk, office.grants["clerk"].id, signature)


def test_a_certificate_has_a_role_once_at_a_time(office: Office):
    with pytest.raises(RoleGrantedError):
        office.grant("clerk", Role.CLERK)
    soon = office.now + timedelta(hours=1)
    office.grant("short", Role.CLERK, until=soon)
    office.later(hours=1)
    office.grant("short", Role.CLERK)


def test_a_signature_over_one_role_grants_no_other(office: Office):
    person = office.hire("new")
    asked = NewRole(Role.CLERK, "new", person.certificate, office.now)
    signature = office.sign("officer", grant_statement(asked, office.now))
    for other in (
        NewRole(Role.OFFICER, "new", person.certificate, office.now),
        NewRole(Role.CLERK, "other", person.certificate, office.now),
        NewRole(Role.CLERK, "new", office.people["auditor"].certificate, office.now),
    ):
        with pytest.raises(ApprovalMismatchError):
            grant_role(office.desk, other, signature)
    assert grant_role(office.desk, asked, signature).person == "new"


def test_the_first_officer_is_named_and_no_second_one(office: Office):
    person = office.hire("new")
    again = NewRole(Role.OFFICER, "new", person.certificate, office.now)
    with pytest.raises(RightMissingError):
        grant_role(office.desk, again, "account:root")
    serial = office.people["officer"].certificate.serial_number
    hold(office.issuing, serial, requester="account:root")
    assert not has_officer(office.desk, office.now)
    clerk = NewRole(Role.APPROVER, "new", person.certificate, office.now)
    with pytest.raises(RightMissingError):  # an officer, and nobody else
        grant_role(office.desk, clerk, "account:root")
    assert grant_role(office.desk, again, "account:root").granted_by == "account:root"
    assert has_officer(office.desk, office.now)


@pytest.mark.parametrize("hours", [0, -1])
def test_a_role_ends_after_it_begins(shared: Office, hours: int):
    end = shared.now + timedelta(hours=hours)
    certificate = shared.people["clerk"].certificate
    with pytest.raises(RoleTermError):
        NewRole(Role.CLERK, "x", certificate, shared.now, end)
    with pytest.raises(RequestFieldError):
        NewRole(Role.CLERK, "x y", certificate, shared.now)


def test_a_certificate_of_another_authority_may_have_a_role(office: Office, tmp_path: Path):
    """Its status is the judge's to ask; this register knows nothing of it."""
    folder = tmp_path / "other"
    folder.mkdir()
    other = make_office(folder)
    certificate = other.people["clerk"].certificate
    other.world.register.close()
    new = NewRole(Role.OFFICER, "abroad", certificate, office.now)
    grant = grant_role(office.desk, new, office.sign("officer", grant_statement(new, office.now)))
    assert (grant.issuer, grant.serial) == (None, None)
    assert office.desk.is_good(grant, office.now)
