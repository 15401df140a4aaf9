"""What speaks of a person is erased when nobody need keep it; codes and states stay."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from pki_engines import Place
from pki_people import after, agency, device, instead, person, post, put
from pki_request_rows import EVENT, move, submitted
from pki_world import NOW, World, make_world, new_key, someone

from pki.audit.verify import verify_audit
from pki.authority.erasure import erase
from pki.authority.personal import (
    check_person_erasable,
    erase_foreign,
    erase_people,
)
from pki.clock import FixedClock
from pki.errors.personal import (
    ForeignErasedError,
    ForeignInForceError,
    ForeignVouchingError,
    PersonCertificatesError,
    PersonDevicesError,
    PersonErasedError,
    PersonRequestsError,
    PersonServesError,
)
from pki.errors.register import RegisterConflictError
from pki.errors.registry import UnknownPersonError
from pki.records.certificates import ErasureReason, ForeignCertificate
from pki.records.changes import EnterRecord, Watch
from pki.records.people import Assignment, DeviceState, Person, PersonQuery, PersonState
from pki.records.personal import EraseForeign, ErasePerson, ForeignErasure, PersonErasure
from pki.records.requests import MoveRequest, RequestKind, RequestState
from pki.records.watching import HolderKind, Purpose, WatchedSubject
from pki.registry.versions import corrected, next_version

NAME, NUMBER, MAIL = "Trần Thị Xoá", "001190000042", "xoa@xa.gov.vn"
PARTS = {"name": NAME, "surname": "Trần", "given_name": "Thị Xoá"}
WHOLE: dict[str, Any] = {**PARTS, "citizen_number": NUMBER, "email": MAIL}
TRACES = tuple(one.encode() for one in (NAME, "tran thi xoa", "Thị Xoá", NUMBER, MAIL))
REQUEST = ErasureReason.REQUEST
GONE: dict[str, Any] = {"state": PersonState.RETIRED, "since": date(2025, 8, 1)}


@pytest.fixture
def world(tmp_path: Path, place: Place) -> Any:
    """A register with a person who retired, of two versions."""
    made = make_world(tmp_path, FixedClock(NOW), place=place.url)
    first = person(**WHOLE)
    put(made.register, agency(), first, post(until=date(2025, 7, 31)))
    put(made.register, after(first, 31, **GONE), person("NV-2"))
    yield made
    made.register.close()


def erased(world: World, *codes: str) -> None:
    erase_people(world.register, world.clock, codes, reason=REQUEST, requester="quản trị")


def left(world: World, place: Place, traces: tuple[bytes, ...]) -> list[bool]:
    """Say of each whether it is left anywhere: in a row, or in the whole file."""
    with place.raw() as run:
        tables = ("people", "watched_subjects", "foreign_certificates", "request_contents", "audit")
        rows = [row for table in tables for row in run(f"SELECT * FROM {table}")]
    stored = b"\0".join(
        bytes(cell) if isinstance(cell, bytes | memoryview) else str(cell).encode()
        for row in rows
        for cell in row
    )
    if place.engine == "sqlite":
        world.register.close()  # the write-ahead log goes into the file
        stored += place.path.read_bytes()
        wal = place.path.with_name(place.path.name + "-wal")
        stored += wal.read_bytes() if wal.exists() else b""
    return [trace in stored for trace in traces]


def test_what_speaks_of_a_person_is_gone_and_the_rest_stays(world: World, place: Place):
    assert left(world, place, TRACES) == [True] * len(TRACES)
    before = world.register.entry_history(Person, "NV-1")
    other = world.register.find_entry(Person, "NV-2")
    erased(world, "NV-1")
    told = world.register.find_person_erasure("NV-1")
    assert told == PersonErasure("NV-1", NOW, REQUEST)
    assert left(world, place, TRACES) == [False] * len(TRACES)
    nothing: dict[str, Any] = {"name": "", "surname": "", "given_name": ""}
    nothing |= {"citizen_number": None, "email": None}
    now = world.register.entry_history(Person, "NV-1")
    kept = ("code", "version", "follows", "effective", "recorded_at", "state", "since")
    for one, was in zip(now, before, strict=True):
        assert all(getattr(one, name) == value for name, value in nothing.items())
        assert all(getattr(one, name) == getattr(was, name) for name in kept)
    assert world.register.find_entry(Person, "NV-2") == other
    assert world.register.find_entries(PersonQuery(text="xoa")) == ()
    assert verify_audit(world.register) > 0
    last = world.register.last_audit_entry()
    assert last
    said = json.loads(last.content)
    assert (said["action"], said["facts"]) == (
        "person.erase",
        {"person": "NV-1", "reason": "request"},
    )


def test_the_number_is_free_for_another_entry(world: World):
    erased(world, "NV-1")
    put(world.register, person("NV-3", **WHOLE))


def test_who_was_erased_gets_no_new_version(world: World):
    erased(world, "NV-1")
    with pytest.raises(PersonErasedError):
        erased(world, "NV-1")
    newest = world.register.find_entry(Person, "NV-1")
    assert newest
    for change in (next_version, corrected):
        with pytest.raises(PersonErasedError):
            change(newest, dict(WHOLE), day=date(2026, 1, 1), at=NOW)
    with pytest.raises(RegisterConflictError):
        put(world.register, after(newest, **WHOLE))


def test_all_are_erased_or_none(world: World):
    with pytest.raises(UnknownPersonError):
        erased(world, "NV-1", "NV-9")
    with pytest.raises(PersonServesError):
        erased(world, "NV-1", "NV-2")
    assert world.register.find_person_erasure("NV-1") is None


def test_who_still_has_a_device_is_not_erased(world: World):
    first = device()
    put(world.register, first)
    with pytest.raises(PersonDevicesError):
        erased(world, "NV-1")
    put(world.register, after(first, state=DeviceState.RETURNED))
    erased(world, "NV-1")


def test_what_was_asked_for_in_vain_goes_too(world: World, place: Place):
    words, other = b'{"CN":"Words Of One"}', b'{"CN":"Words Of Another"}'
    revoke = {"kind": RequestKind.REVOKE, "post": None, "agency": None}
    asked = submitted("R-1", words, person="NV-1", **revoke)
    done = submitted("R-2", other, person="NV-2", **revoke)
    world.register.commit([asked, done], EVENT)
    with pytest.raises(PersonRequestsError):
        erased(world, "NV-1")
    moves = [MoveRequest(move(RequestState.WITHDRAWN, 2, one)) for one in ("R-1", "R-2")]
    world.register.commit(moves, EVENT)
    erased(world, "NV-1")
    assert (world.register.cases.content("R-1"), world.register.cases.content("R-2")) == (
        b"",
        other,
    )
    assert left(world, place, (b"Words Of One", b"Words Of Another")) == [False, True]


def hang(world: World, serial: int, number: int = 1, **more: Any) -> Assignment:
    here = {"version": number, "follows": number - 1, "effective": date(2025, 7, 1)}
    entry = Assignment(
        **{**here, "recorded_at": NOW, "issuer": "issuing", "serial": serial, **more}
    )
    put(world.register, entry)
    return entry


def test_what_hangs_on_a_person_is_erased_first(world: World):
    made = world.issue(subject=someone(CN=NAME))
    hang(world, made.serial_number, person="NV-1")
    with pytest.raises(PersonCertificatesError) as refused:
        erased(world, "NV-1")
    assert NAME not in str(refused.value.facts)
    _past_all(world, 11)
    with pytest.raises(PersonCertificatesError):
        erased(world, "NV-1")  # the time is over, and it is there
    record = world.register.find_certificate("issuing", made.serial_number)
    assert record
    erase(world.register, world.clock, [record], reason=REQUEST, requester="quản trị")
    erased(world, "NV-1")


def test_what_hangs_elsewhere_by_now_hinders_nothing(world: World):
    made = world.issue()
    hang(world, made.serial_number, person="NV-1")
    hang(world, made.serial_number, 2, person="NV-2")
    assert check_person_erasable(world.register, "NV-1")
    erased(world, "NV-1")


def _past_all(world: World, years: int) -> None:
    assert isinstance(world.clock, FixedClock)
    world.clock.advance(timedelta(days=366 * years))


# Certificates of others.


def partner(days: int = 30, *, authority: bool = False) -> Watch:
    """Return a certificate of another authority, of whom it speaks."""
    key = new_key()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(9)
    builder = builder.public_key(key.public_key()).not_valid_before(NOW - timedelta(days=1))
    builder = builder.not_valid_after(NOW + timedelta(days=days))
    if authority:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
    made = builder.sign(key, hashes.SHA256())
    der, spans = made.public_bytes(Encoding.DER), (made.not_valid_before_utc,)
    record = ForeignCertificate(
        *(made.fingerprint(hashes.SHA256()).hex(), "e" * 64, 9, "CN=Cơ quan khác", f"CN={NAME}"),
        *(*spans, made.not_valid_after_utc, der, "văn thư", NOW),
    )
    kind = HolderKind.AUTHORITY if authority else HolderKind.PERSON
    subject = WatchedSubject(
        *(record.fingerprint, kind, Purpose.SIGN, record.not_after, NAME),
        *("Phòng Một", "Sở Một", NUMBER, "MA-42", MAIL),
    )
    return Watch(record, subject)


def erased_foreign(world: World, *records: ForeignCertificate) -> None:
    erase_foreign(world.register, world.clock, records, reason=REQUEST, requester="quản trị")


def test_what_others_certificates_say_is_gone_too(world: World, place: Place):
    watch, traces = partner(), tuple(one.encode() for one in (NAME, NUMBER, MAIL, "MA-42"))
    erased(world, "NV-1")
    world.register.commit([watch], EVENT)
    put(
        world.register,
        Assignment(
            version=1,
            follows=0,
            effective=date(2025, 7, 1),
            recorded_at=NOW,
            fingerprint=watch.record.fingerprint,
            person="NV-2",
        ),
    )
    assert left(world, place, traces) == [True] * 4
    with pytest.raises(ForeignInForceError):
        erased_foreign(world, watch.record)
    newest = world.register.find_entry(Person, "NV-2")
    assert newest
    put(world.register, after(newest, **GONE))
    with pytest.raises(PersonCertificatesError):
        erased(world, "NV-2")
    _past_all(world, 1)
    erased_foreign(world, watch.record)
    assert left(world, place, traces) == [False] * 4
    told = world.register.find_foreign_erasure(watch.record.fingerprint)
    assert told
    assert told.reason is REQUEST
    found = world.register.foreign_certificate(watch.record.fingerprint)
    assert found
    assert (found.der, found.subject, found.serial) == (b"", "", 9)
    (subject,) = [one.subject for one in world.register.watched()]
    assert (subject.name, subject.unit, subject.staff_code) == ("", "Phòng Một", None)
    with pytest.raises(ForeignErasedError):
        erased_foreign(world, watch.record)
    erased(world, "NV-2")
    assert verify_audit(world.register) > 0


def test_what_documents_are_judged_by_stays(world: World):
    watch = partner(authority=True)
    world.register.commit([watch], EVENT)
    _past_all(world, 1)
    with pytest.raises(ForeignVouchingError):
        erased_foreign(world, watch.record)


def test_the_database_holds_to_it_by_itself(world: World):
    """What is asked before is asked by the guards again."""
    watch, hanging = partner(), world.issue()
    put(world.register, person("NV-3"), after(person("NV-3"), 31, **GONE))
    hang(world, hanging.serial_number, person="NV-3")
    world.register.commit([watch], EVENT)
    early = (
        ErasePerson(PersonErasure("NV-2", NOW, REQUEST)),
        ErasePerson(PersonErasure("NV-3", NOW, REQUEST)),
        ErasePerson(PersonErasure("NV-9", NOW, REQUEST)),
        EraseForeign(ForeignErasure(watch.record.fingerprint, NOW, REQUEST)),
        EraseForeign(ForeignErasure("0" * 64, NOW, REQUEST)),
    )
    for change in early:
        with pytest.raises(RegisterConflictError):
            world.register.commit([change], EVENT)
    world.register.commit([ErasePerson(PersonErasure("NV-1", NOW, REQUEST))], EVENT)
    newest = world.register.find_entry(Person, "NV-1")
    assert newest
    with pytest.raises(RegisterConflictError):
        world.register.commit([EnterRecord(instead(newest, **WHOLE))], EVENT)
