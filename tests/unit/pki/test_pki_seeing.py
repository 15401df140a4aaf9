"""Who sees personal numbers: a role allows it, and before any was granted, whoever has the home."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pki_engines import Place
from pki_office import Office, make_office
from pki_world import make_world

from pki.errors.office import ApprovalMismatchError, RightMissingError, StatementInvalidError
from pki.records.requests import Role
from pki.requests.rights import RIGHTS, Act
from pki.requests.seeing import record_seeing, see_statement

ABOUT = {"person": "NV-1"}


@pytest.fixture
def office(tmp_path: Path, place: Place) -> Iterator[Office]:
    made = make_office(tmp_path, place.url)
    yield made
    made.world.register.close()


def see(office: Office, who: str, about: dict[str, str] = ABOUT) -> None:
    signed = office.sign(who, see_statement(office.desk, about))
    record_seeing(office.desk, signed, "person.unmask", ABOUT)


def log(office: Office) -> list[tuple[str, dict[str, str]]]:
    told = (json.loads(one.content) for one in office.world.register.audit_entries())
    return [(one["actor"], one["facts"]) for one in told if one["action"] == "person.unmask"]


def test_the_first_role_ends_what_the_account_may_see(tmp_path: Path, place: Place):
    office = Office(make_world(tmp_path, place=place.url))
    record_seeing(office.desk, "account:root", "person.unmask", ABOUT)
    assert log(office) == [("account:root", ABOUT)]
    office.world.root.issue_crl()
    office.issuing.issue_crl()
    office.grant("officer", Role.OFFICER, by="nobody yet")
    with pytest.raises(RightMissingError):
        record_seeing(office.desk, "account:root", "person.unmask", ABOUT)
    see(office, "officer")
    office.dismiss("officer")
    with pytest.raises(RightMissingError):
        record_seeing(office.desk, "account:root", "person.unmask", ABOUT)
    with pytest.raises(RightMissingError):
        see(office, "officer")
    assert [actor for actor, _ in log(office)] == ["account:root", "person:officer"]
    office.world.register.close()


@pytest.mark.parametrize("role", list(Role))
def test_a_role_allows_it_or_not(office: Office, role: Role):
    if Act.SEE in RIGHTS[role]:
        see(office, role.value)
        ((actor, facts),) = log(office)
        assert actor == f"person:{role.value}"
        assert facts.keys() == {"person", "signature"}
        return
    with pytest.raises(RightMissingError):
        see(office, role.value)
    assert log(office) == []


def test_a_signature_counts_for_what_it_speaks_of(office: Office):
    with pytest.raises(ApprovalMismatchError):
        see(office, "approver", {"person": "NV-2"})
    signed = office.sign("approver", see_statement(office.desk, ABOUT))
    office.later(hours=1)
    with pytest.raises(StatementInvalidError):
        record_seeing(office.desk, signed, "person.unmask", ABOUT)
    assert log(office) == []
