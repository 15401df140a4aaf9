"""Imports on both engines: nothing an old authority revoked is lost, whatever stops the import."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pki_engines import Place
from pki_import_world import (
    BEGIN,
    OldAuthority,
    bring,
    codes,
    first_list,
    index_line,
    index_time,
    name_of,
    pem,
    plan_of,
    terms_of,
)
from pki_world import NOW, new_key

import pki.importing.apply as importing
from pki.audit.verify import verify_audit
from pki.authority.life import release
from pki.clock import FixedClock
from pki.errors.authorities import AuthorityExistsError
from pki.errors.importing import ImportBlockedError, ImportIncompleteError
from pki.errors.keys import KeyMismatchError
from pki.errors.register import RegisterBusyError
from pki.errors.tree import PKIError
from pki.importing.apply import apply_plan, check_list, check_register
from pki.importing.foreign import ForeignWish, bring_foreign
from pki.importing.gather import Gathered
from pki.importing.material import Material
from pki.importing.sources import read_source
from pki.records.audit import AuditEvent
from pki.records.certificates import CertificateState, ForeignCertificate
from pki.records.changes import Change, ImportCertificate, Revoke, Step, Watch
from pki.register.sql import SQLRegister, create_register

CLOCK = FixedClock(NOW)
REASONS = x509.ReasonFlags
WORDS = ("", "unspecified", "keyCompromise", "CACompromise", "superseded", "certificateHold")
OLD = OldAuthority()


@pytest.fixture
def register(place: Place):
    made = create_register(place.url, CLOCK)
    yield made
    made.close()


@cache
def issued(serial: int) -> x509.Certificate:
    """Return one certificate a serial, the same at every run of an import."""
    return OLD.issue(serial)


def write(folder: Path, serials: Sequence[int], revoked: dict[int, str], lost: set[int]) -> Path:
    """Write an index, and the certificates that are not lost."""
    folder.mkdir(exist_ok=True)
    (folder / "ca.crt").write_bytes(pem(OLD.certificate))
    (folder / "index.txt").write_text(
        "".join(index_line(serial, revoked.get(serial, "")) for serial in serials), "utf-8"
    )
    for serial in set(serials) - lost:
        (folder / f"{serial:x}.pem").write_bytes(pem(issued(serial)))
    return folder


histories = st.dictionaries(
    st.integers(1, 2**150).filter(lambda serial: serial != OLD.serial),
    st.tuples(
        st.none() | st.tuples(st.integers(0, 399), st.sampled_from(WORDS)),
        st.booleans(),  # lost
        st.none() | st.integers(0, 399),  # on a list since that day
    ),
    max_size=8,
)


@given(history=histories, number=st.integers(0, 2**40))
@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_whatever_was_revoked_is_on_the_next_list(tmp_path_factory, history, number):
    folder = tmp_path_factory.mktemp("history")
    revoked, listed = {}, []
    for serial, (index, _, since) in history.items():
        if index is not None:
            at = index_time(BEGIN + timedelta(days=index[0]))
            revoked[serial] = f"{at},{index[1]}" if index[1] else at
        if since is not None:
            listed.append((serial, BEGIN + timedelta(days=since), None))
    write(folder, list(history), revoked, {one for one, told in history.items() if told[1]})
    (folder / "crl.pem").write_bytes(pem(OLD.list(*listed, number=number)))
    register = create_register(folder / "register.db", CLOCK)
    plan = plan_of(folder, register)
    crl, reasons = first_list(plan, bring(plan, OLD.key, register, CLOCK))
    assert reasons.keys() == revoked.keys() | {serial for serial, *_ in listed}
    told = {entry.serial_number: entry.revocation_date_utc for entry in crl}
    for serial, (index, _, since) in history.items():
        days = [one for one in (index[0] if index else None, since) if one is not None]
        if days:
            assert told[serial] == BEGIN + timedelta(days=min(days))
    assert crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number > number
    verify_audit(register)
    register.close()


class Failing:
    """A register whose commits fail from the given one on; whatever it did before stays."""

    def __init__(self, register: SQLRegister, allowed: int) -> None:
        self._register, self.allowed = register, allowed

    def __getattr__(self, name: str) -> object:
        return getattr(self._register, name)

    def commit(self, changes: Sequence[Change], event: AuditEvent) -> None:
        self.commit_all((Step(tuple(changes), event),))

    def commit_all(self, steps: Sequence[Step]) -> None:
        if self.allowed == 0:
            raise RegisterBusyError(register="here")
        self.allowed -= 1
        self._register.commit_all(steps)


def test_an_import_that_stops_anywhere_is_completed(register, tmp_path, monkeypatch):
    """One commit more gets through each time; before the last there is no authority."""
    monkeypatch.setattr(importing, "BATCH", 2)
    at = index_time(BEGIN)
    revoked = {2: at, 4: f"{at},keyCompromise", 5: f"{at},certificateHold", 9: at}
    folder = write(tmp_path / "ca", [1, 2, 3, 4, 5, 9], revoked, {9})
    stops = 0
    while True:
        plan = plan_of(folder, register)
        try:
            apply_plan(plan, terms_of(OLD.key), Failing(register, 1), CLOCK)  # type: ignore[arg-type]
        except RegisterBusyError:
            stops += 1
            assert register.find_authority("old") is None
            assert stops < 20
        else:
            break
    assert stops == 5  # the name, four batches; the authority is the sixth commit
    check_register(plan, register)
    _, reasons = first_list(plan, bring(plan, OLD.key, register, CLOCK))
    assert sorted(reasons) == [2, 4, 5, 9]
    assert verify_audit(register) > stops
    states = {
        one.serial: one.state for one in register.find_certificates(importing.CertificateQuery())
    }
    assert states[9] is CertificateState.ABANDONED
    assert states[1] is CertificateState.ISSUED


@pytest.mark.parametrize("lost", [Revoke, ImportCertificate])
def test_an_import_that_loses_something_fails(register, tmp_path, lost):
    """The importer's own check finds what is dropped on the way; the authority is not made."""
    folder = write(tmp_path / "ca", [1, 2, 3], {2: index_time(BEGIN)}, set())

    class Losing(Failing):
        def commit_all(self, steps: Sequence[Step]) -> None:
            changes = [one for step in steps for one in step.changes]
            dropped = next((one for one in changes if isinstance(one, lost)), None)
            kept = [
                step._replace(changes=tuple(one for one in step.changes if one is not dropped))
                for step in steps
            ]
            super().commit_all(kept)

    plan = plan_of(folder, register)
    with pytest.raises(ImportIncompleteError):
        apply_plan(plan, terms_of(OLD.key), Losing(register, 99), CLOCK)  # type: ignore[arg-type]
    assert register.find_authority("old") is None
    bring(plan, OLD.key, register, CLOCK)  # the twin


def test_a_list_that_lacks_something_is_told(register, tmp_path):
    folder = write(tmp_path / "ca", [1, 2], {2: index_time(BEGIN)}, set())
    plan = plan_of(folder, register)
    authority = bring(plan, OLD.key, register, CLOCK)
    check_list(plan, authority.issue_crl(), register)
    with pytest.raises(ImportIncompleteError):
        check_list(plan, OLD.list(number=5), register)
    with pytest.raises(ImportIncompleteError):
        check_list(replace(plan, crl_number=9), authority.issue_crl(), register)


def test_another_key_and_a_blocked_plan_change_nothing(register, tmp_path):
    folder = write(tmp_path / "ca", [1], {}, set())
    plan = plan_of(folder, register)
    with pytest.raises(KeyMismatchError):
        apply_plan(plan, terms_of(new_key()), register, CLOCK)
    (folder / "index.txt").write_text("R\n", "utf-8")
    with pytest.raises(ImportBlockedError):
        apply_plan(plan_of(folder, register), terms_of(OLD.key), register, CLOCK)
    assert register.last_audit_entry() is None
    bring(plan, OLD.key, register, CLOCK)


def test_a_name_belongs_to_the_first(register, tmp_path):
    plan = plan_of(write(tmp_path / "ca", [1], {}, set()), register)
    other = OldAuthority(name_of("Gốc khác"), serial=0x2000)
    material = Material(authority=other.certificate)
    with pytest.raises(RegisterBusyError):
        apply_plan(plan, terms_of(OLD.key), Failing(register, 1), CLOCK)  # type: ignore[arg-type]
    for _ in range(2):
        with pytest.raises(AuthorityExistsError):
            bring(plan_of(material, register), other.key, register, CLOCK)
        bring(plan, OLD.key, register, CLOCK)


def test_a_hold_released_here_stays_released(register, tmp_path):
    at = index_time(BEGIN)
    folder = write(tmp_path / "ca", [1, 2], {1: f"{at},certificateHold"}, set())
    plan = plan_of(folder, register)
    authority = bring(plan, OLD.key, register, CLOCK)
    release(authority, 1, requester="văn thư")
    again = plan_of(folder, register)
    _, reasons = first_list(again, bring(again, OLD.key, register, CLOCK))
    assert reasons == {}
    write(folder, [1, 2], {1: f"{at},superseded", 2: at}, set())
    third = plan_of(folder, register)
    _, reasons = first_list(third, bring(third, OLD.key, register, CLOCK))
    assert reasons == {1: REASONS.superseded, 2: REASONS.unspecified}


def test_what_is_found_later_makes_it_graver(register, tmp_path):
    at = index_time(BEGIN)
    folder = write(tmp_path / "ca", [1, 2], {1: f"{at},certificateHold", 2: at}, set())
    plan = plan_of(folder, register)
    bring(plan, OLD.key, register, CLOCK)
    more = OLD.list((1, BEGIN, REASONS.superseded), (2, BEGIN, REASONS.key_compromise), number=70)
    (folder / "more.crl").write_bytes(pem(more))
    again = plan_of(folder, register)
    crl, reasons = first_list(again, bring(again, OLD.key, register, CLOCK))
    assert reasons == {1: REASONS.superseded, 2: REASONS.key_compromise}
    assert crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 71


def test_foreign_certificates_keep_their_place(register):
    watched = ForeignCertificate("f0", "e0", 9, "Tỉnh khác", "Ai", NOW, NOW, b"x", "văn thư", NOW)
    event = AuditEvent(NOW, "văn thư", "test")
    register.commit([Watch(watched)], event)
    assert register.find_foreign("e0", 9) == watched
    assert register.list_foreign() == (watched,)
    with pytest.raises(PKIError):
        register.commit([Watch(replace(watched, fingerprint="f1", der=b"y"))], event)
    assert register.list_foreign() == (watched,)


def test_dates_are_whole(register, tmp_path):
    """A revocation to come is taken from now on."""
    ahead: datetime = NOW + timedelta(days=3)
    folder = write(tmp_path / "ca", [1], {1: index_time(ahead)}, set())
    plan = plan_of(folder, register)
    assert "revoked_ahead" in codes(plan)
    assert plan.revocations[0].revoked_at == NOW
    assert read_source(folder)[1].known == []


def test_a_certificate_that_turns_up_late_is_told(register, tmp_path):
    at = index_time(BEGIN)
    folder = write(tmp_path / "ca", [1, 2], {1: at}, {1})
    bring(plan_of(folder, register), OLD.key, register, CLOCK)
    (folder / "found.pem").write_bytes(pem(issued(1)))
    (folder / "2.pem").write_bytes(pem(OLD.issue(2, "khác")))
    plan = plan_of(folder, register)
    assert codes(plan) == ["came_late", "register_differs"]
    assert [one.words.id for one in plan.blocked] == ["pki.importing.register_differs"]


def test_foreign_certificates_are_recorded_once(register, tmp_path):
    folder = write(tmp_path / "ca", [1, 2], {}, set())
    both = Material()
    both.add(read_source(folder)[1])
    found = [*map(Gathered, both.certificates), *both.findings]
    counted = bring_foreign(found, register, CLOCK, ForeignWish("văn thư", record=False))
    assert (counted.new, register.list_foreign()) == (3, ())
    tally = bring_foreign(found, register, CLOCK, ForeignWish("văn thư", record=True))
    assert len(register.list_foreign()) == len(register.watched()) == tally.new == 3
    again = bring_foreign(found, register, CLOCK, ForeignWish("văn thư", record=True))
    assert (again.new, again.present) == (0, 3)
    assert register.list_revocations("old") == ()
