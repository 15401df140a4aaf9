"""A file of certificates: every line is looked at before one is issued, none is issued twice."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from pki_batches import Batches, make_batches
from pki_people import after, put
from pki_people import person as somebody
from pki_world import new_key
from test_pki_bulk import request
from test_pki_bulk_begun import Breaking, BrokenOffError

from pki.audit.verify import verify_audit
from pki.authority import bulk
from pki.batches import checking as checking_module
from pki.batches import people
from pki.batches.checking import Checking
from pki.batches.earlier import Stands
from pki.batches.issuing import Ending, Issuing
from pki.batches.lines import derived_id
from pki.blocked import BlockedKeys
from pki.clock import FixedClock
from pki.errors.batches import BatchNeedsPlanError
from pki.errors.registry_files import CSVChangedError, CSVFaultsError
from pki.profile import Lifetime
from pki.records.certificates import CertificateQuery, CertificateState
from pki.records.people import Assignment, AssignmentQuery, PersonState, own_key
from pki.registry import intake
from pki.strength import spki_sha256


@pytest.fixture
def batches(placed_world, tmp_path) -> Batches:
    return make_batches(placed_world, tmp_path)


@pytest.fixture
def here(world, tmp_path) -> Batches:
    """On SQLite alone."""
    return make_batches(world, tmp_path)


def states(batches: Batches) -> list[CertificateState]:
    found = batches.world.register.find_certificates(CertificateQuery(issuer="issuing"))
    return [record.state for record in found]


def test_a_file_is_issued_once_however_often_it_is_run(batches, monkeypatch):
    monkeypatch.setattr(bulk, "BATCH", 2)
    monkeypatch.setattr(checking_module, "CHUNK", 2)
    monkeypatch.setattr(checking_module, "FIRST", 2)
    rows = [
        batches.ask("Một", person="NV-1", post="CV-1", device="T-1"),
        batches.ask("Hai", person="NV-2", agency="UBND-Y", request_id="2026-17"),
        batches.ask("Ba", agency="UBND-X", kind="p384"),
        batches.ask("Bốn"),
        batches.ask("Năm"),
    ]
    found = batches.look(rows)
    assert (found.new, found.begun, found.issued, found.bad, found.left) == (5, 0, 0, 0, 5)
    assert found.agencies == {"UBND-X": 2, "UBND-Y": 1, "": 2}
    assert [(line, one.person) for line, one in found.first] == [(2, "NV-1"), (3, "NV-2")]
    told = batches.issue()
    assert [(one.line, one.ending) for one in told] == [(n, Ending.ISSUED) for n in range(2, 7)]
    assert [one.agency for one in told] == ["UBND-X", "UBND-Y", "UBND-X", "", ""]
    register = batches.world.register
    for one, name in zip(told, ("Một", "Hai", "Ba", "Bốn", "Năm"), strict=True):
        certificate = x509.load_der_x509_certificate(one.certificate_der or b"")
        assert certificate.public_key() == batches.keys[name].public_key()
        assert certificate.serial_number == one.serial
        hanging = register.find_entry(Assignment, own_key("issuing", one.serial or 0))
        assert (hanging is None) == (name in {"Bốn", "Năm"})
    assert len(register.find_entries(AssignmentQuery(person="NV-1", device="T-1"))) == 1

    again = batches.look()
    assert (again.new, again.issued, again.bad) == (0, 5, 0)
    second = batches.issue()
    assert [one.ending for one in second] == [Ending.EARLIER] * 5
    assert [(a.serial, a.certificate_der) for a in second] == [
        (b.serial, b.certificate_der) for b in told
    ]
    assert states(batches) == [CertificateState.ISSUED] * 5
    assert verify_audit(register)


def test_what_was_broken_off_is_gone_on_with_by_somebody_else_too(batches):
    rows = [batches.ask("Một", person="NV-1"), batches.ask("Hai")]
    checking = batches.checking(rows)
    issuing = Issuing(checking, checking.look_through())
    with pytest.raises(BrokenOffError):
        list(issuing.run(lambda: batches.world.issuing.issuer.key, Breaking()))
    begun = batches.world.register.find_certificates(CertificateQuery(issuer="issuing"))
    assert [one.state for one in begun] == [CertificateState.RESERVED] * 2
    batches.requester = "account:nguoi-khac"
    found = batches.look()
    assert (found.new, found.begun, found.bad) == (0, 2, 0)
    assert found.stands(1) is None
    assert found.stands(2) is Stands.BEGUN
    assert found.stands(99) is None
    told = batches.issue()
    assert {one.serial for one in told} == {one.serial for one in begun}
    assert states(batches) == [CertificateState.ISSUED] * 2
    assert batches.look().issued == 2
    assert batches.issue()[0].ending is Ending.EARLIER
    assert len(batches.world.register.find_entries(AssignmentQuery(person="NV-1"))) == 1


def test_what_was_given_up_meanwhile_is_issued_under_another_serial(here):
    checking = here.checking([here.ask("Một"), here.ask("Hai", request_id="2026-2")])
    issuing = Issuing(checking, checking.look_through())
    with pytest.raises(BrokenOffError):
        list(issuing.run(lambda: here.world.issuing.issuer.key, Breaking()))
    here.world.issuing.recover_open()
    assert here.codes() == [(3, "pki.request_ended")]  # its id is the office's own
    told = here.issue(skip_bad=True)
    assert [one.ending for one in told] == [Ending.ISSUED, Ending.FAULT]
    assert here.issue(skip_bad=True)[0].serial == told[0].serial
    record = here.world.issuing.issued(told[0].serial or 0)
    assert record.request_id == derived_id(here.look().sha256, 2) + ".2"


def test_a_revoked_one_is_not_issued_again_by_the_same_file(here):
    (told,) = here.issue([here.ask("Một")])
    here.world.issuing.revoke(told.serial or 0, x509.ReasonFlags.superseded)
    assert here.codes() == [(2, "pki.request_ended")]


def test_a_changed_file_is_told_and_issues_nothing_twice(batches):
    rows = [batches.ask("Một"), batches.ask("Hai")]
    batches.issue(rows)
    assert batches.codes([batches.ask("Ba"), *rows]) == [
        (3, "pki.batch_changed"),
        (4, "pki.batch_changed"),
    ]
    first = batches.look().faults[0].error
    assert first.facts["line"] == 2
    with pytest.raises(CSVFaultsError) as refused:
        batches.issue()
    assert (refused.value.facts["count"], refused.value.facts["line"]) == (2, 3)
    told = batches.issue(skip_bad=True)
    assert [one.ending for one in told] == [Ending.ISSUED, Ending.FAULT, Ending.FAULT]
    assert told[1].error is not None
    assert states(batches) == [CertificateState.ISSUED] * 3


def test_a_key_that_was_certified_otherwise_is_told(here):
    here.profile = here.profile.model_copy(update={"lifetime": Lifetime(days=30)})
    row = here.ask("Một", request_id="2026-1")
    here.issue([row])
    assert here.codes([{**row, "request_id": "2026-2"}]) == [(2, "pki.batch_key_certified")]
    assert here.codes([{**row, "CN": "Khác"}]) == [(2, "pki.request_differs")]
    assert here.codes([{**row, "CN": "Khác", "request_id": ""}]) == [(2, "pki.key_used_elsewhere")]
    later = FixedClock(here.world.clock.now() + timedelta(days=31))
    here.world = replace(here.world, clock=later)
    here.world.issuing.clock = later
    assert here.codes([{**row, "request_id": "2026-3"}]) == []  # it has ended


def test_a_key_that_was_given_away_certifies_nobody(here):
    row = here.ask("Một", request_id="2026-1")
    (told,) = here.issue([row])
    here.world.issuing.revoke(told.serial or 0, x509.ReasonFlags.key_compromise)
    assert here.codes([{**row, "request_id": ""}]) == [(2, "pki.key_compromised")]


def weak_request() -> bytes:
    key = rsa.generate_private_key(65537, 1024)  # noqa: S505  that is the point
    return request(key)


def test_every_fault_is_told_with_its_line_and_nothing_is_issued(here):
    register = here.world.register
    put(register, after(somebody("NV-2"), state=PersonState.RETIRED))
    blocked = here.ask("Chặn")
    digest = spki_sha256(here.keys["Chặn"].public_key())
    here.world.issuing.blocked = BlockedKeys({bytes.fromhex(digest): "x"})
    (here.folder / "own.csr").write_bytes(request(here.world.issuing.issuer.key))
    own = {"csr": "own.csr", "C": "VN", "O": "UBND", "CN": "A"}
    (here.folder / "none.csr").write_bytes(b"no request")
    spoilt = bytearray(request(new_key()))
    spoilt[-60] = ord("A") if spoilt[-60] != ord("A") else ord("B")
    (here.folder / "spoilt.csr").write_bytes(spoilt)
    (here.folder / "weak.csr").write_bytes(weak_request())
    good = here.ask("Tốt", person="NV-1", request_id="R-1")
    rows = [
        good,
        here.ask("Ai", person="NV-404"),
        here.ask("Nghỉ", person="NV-2"),
        here.ask("Đâu", agency="UBND-Z"),
        here.ask("Chức", person="NV-1", post="CV-404"),
        here.ask("Máy", agency="UBND-X", device="T-1"),
        blocked,
        own,
        {**own, "csr": "none.csr"},
        {**own, "csr": "gone.csr"},
        {**own, "csr": "weak.csr"},
        here.ask("Mục", T="x" * 65),
        here.ask("Thiếu", O=""),
        here.ask("Thừa", DNS="a.vn"),
        {**here.ask("Hai lần"), "csr": "Tốt.csr"},
        here.ask("Số", request_id="R-1"),
        {**own, "csr": "none.csr", "O": "", "agency": "UBND-Z"},
    ]
    expected = [
        (3, "pki.person_unknown"),
        (4, "pki.request_person_gone"),
        (5, "pki.agency_unknown"),
        (6, "pki.batch_person_twice"),
        (6, "pki.post_unknown"),
        (7, "pki.request_device"),
        (8, "pki.key_blocked"),
        (9, "pki.authority_key"),
        (10, "pki.malformed_request"),
        (11, "pki.batch_file"),
        (12, "pki.key_kind"),
        (13, "pki.subject_length"),
        (14, "pki.profile_violation"),
        (15, "pki.profile_violation"),
        (16, "pki.batch_key_twice"),
        (17, "pki.batch_request_twice"),
        (18, "pki.malformed_request"),
        (18, "pki.profile_violation"),
        (18, "pki.agency_unknown"),
    ]
    found = here.look(rows)
    told = [(fault.line, fault.error.code) for fault in found.faults]
    assert [line for line, _ in told] == [line for line, _ in expected]
    assert told == expected
    assert (found.new, found.bad) == (1, 16)
    with pytest.raises(CSVFaultsError):
        here.issue()
    assert states(here) == []
    ended = here.issue(skip_bad=True)
    assert [one.ending for one in ended] == [Ending.ISSUED, *[Ending.FAULT] * 16]
    assert [one.error.code for one in ended[1:4] if one.error] == [
        "pki.person_unknown",
        "pki.request_person_gone",
        "pki.agency_unknown",
    ]
    assert states(here) == [CertificateState.ISSUED]


def test_what_would_outlive_the_authority_is_told_before(here):
    rows = [here.ask("Một")]
    assert here.codes(rows) == []
    later = FixedClock(here.world.clock.now() + timedelta(days=365 * 6))
    here.world = replace(here.world, clock=later)
    here.world.issuing.clock = later
    assert here.codes() == [(2, "pki.outlives_issuer")]


def test_who_retired_since_is_no_fault_of_what_was_issued(here):
    rows = [here.ask("Một", person="NV-1"), here.ask("Hai", person="NV-2")]
    here.issue(rows[:1] + rows[1:])
    put(here.world.register, after(somebody("NV-2"), state=PersonState.RETIRED))
    assert here.codes() == []
    assert here.look().issued == 2


def test_a_profile_that_is_approved_goes_by_a_plan(here):
    assert here.world.issuing.desk
    here.world.issuing.desk = replace(here.world.issuing.desk, rules={"official": 2})
    with pytest.raises(BatchNeedsPlanError) as refused:
        here.look([here.ask("Một")])
    assert refused.value.facts == {"profile": "official", "approvals": 2}


def test_without_a_desk_nobody_is_looked_up(here):
    here.world.issuing.desk = None
    (told,) = here.issue([here.ask("Một", person="NV-404", post="CV-404")])
    assert (told.ending, told.agency) == (Ending.ISSUED, "")


def test_faults_are_told_up_to_a_number_and_counted_beyond(here, monkeypatch):
    monkeypatch.setattr(checking_module, "MAX_FAULTS", 2)
    assert intake.MAX_FAULTS > 2
    rows = [{**here.ask(f"N{n}"), "csr": "gone.csr"} for n in range(4)]
    kept = []
    found = here.checking(rows).look_through(keep=lambda line, _: kept.append(line.number))
    assert (len(found.faults), found.bad, kept) == (2, 4, [2, 3, 4, 5])
    assert [one.error is None for one in here.issue(skip_bad=True)] == [False, False, True, True]


def test_a_file_that_changes_while_it_is_looked_through_or_issued(here):
    rows = [here.ask("Một"), here.ask("Hai")]
    key = here.world.issuing.issuer.key

    def spoil() -> None:
        here.path.write_text(here.path.read_text("utf-8") + "\n\n", encoding="utf-8")

    def spoil_at_reading(checking: Checking) -> None:
        real = checking.batch.read

        def read():
            spoil()
            return real()

        checking.batch.read = read  # type: ignore[method-assign]

    checking = here.checking(rows)
    spoil_at_reading(checking)
    with pytest.raises(CSVChangedError):
        checking.look_through()
    checking = here.checking(rows)
    issuing = Issuing(checking, checking.look_through())
    spoil()
    with pytest.raises(CSVChangedError):
        list(issuing.run(lambda: key))
    assert states(here) == []
    checking = here.checking(rows)
    issuing = Issuing(checking, checking.look_through())
    spoil_at_reading(checking)
    with pytest.raises(CSVChangedError):
        list(issuing.run(lambda: key))
    assert states(here) == [CertificateState.ISSUED] * 2


def test_a_request_that_is_gone_meanwhile_is_refused_alone(here):
    checking = here.checking([here.ask("Một"), here.ask("Hai")])
    issuing = Issuing(checking, checking.look_through())
    (here.folder / "Một.csr").unlink()
    key = here.world.issuing.issuer.key
    told = sorted(issuing.run(lambda: key), key=lambda one: one.line)
    assert [one.ending for one in told] == [Ending.REFUSED, Ending.ISSUED]
    assert told[0].error is not None


def test_processes_find_and_issue_what_one_would(here, monkeypatch):
    monkeypatch.setattr(checking_module, "CHUNK", 3)
    rows = [here.ask(f"N{n}") for n in range(10)]
    rows[4]["csr"] = "gone.csr"
    told: list[int] = []
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        found = here.checking(rows, (pool, pool)).look_through(tell=told.append)
    assert [(one.line, one.error.code) for one in found.faults] == [(6, "pki.batch_file")]
    assert (found.new, found.bad, sum(told)) == (9, 1, 10)


def test_the_registry_is_asked_once_about_what_comes_again(here, monkeypatch):
    monkeypatch.setattr(people, "MOST_KEPT", 2)
    register = here.world.register
    remembering = people.Remembering(register)
    asked: list[str] = []
    real = register.find_entry
    monkeypatch.setattr(
        register, "find_entry", lambda kind, key, **day: asked.append(key) or real(kind, key, **day)
    )
    for key in ("NV-1", "NV-1", "NV-2", "NV-3", "NV-1"):
        remembering.find_entry(type(somebody()), key)
    assert asked == ["NV-1", "NV-2", "NV-3", "NV-1"]
