"""The content of a certificate is erased when nobody need keep it; that it existed stays."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from pki_engines import Place, Run
from pki_world import NOW, World, make_world, new_key, someone

from pki.audit.entry import read_content
from pki.audit.verify import verify_audit
from pki.authority import erasure
from pki.authority.erasure import check_erasable, end_of_retention, erase, is_rightly_empty
from pki.authority.history import Standing
from pki.authority.renewal import Following, rekey, renew
from pki.clock import FixedClock
from pki.errors.certificates import (
    AlreadyRevokedError,
    CertificateErasedError,
    ErasureForbiddenError,
    ErasureTooEarlyError,
)
from pki.errors.clock import ClockBeforeRecordError
from pki.errors.keeping import BackupContentsError
from pki.errors.register import RegisterConflictError
from pki.holder import holder_of
from pki.importing.plan import _compare
from pki.keeping.check import _is_right
from pki.profile import BUILT_IN, load_profile
from pki.records.audit import AuditEvent
from pki.records.certificates import (
    EVIDENCE_PROFILES,
    CertificateQuery,
    CertificateRecord,
    CertificateState,
    ErasureReason,
    ErasureRecord,
    serial_text,
)
from pki.records.changes import Erase, Reserve

NAME = "Trần Thị Xoá"
FOLDED = "tran thi xoa"
CLERK = "văn thư"
YEAR = timedelta(days=365)
WHEN = NOW + timedelta(days=6 * 366)
"""More than five years after the end of a certificate of a year."""
REQUEST = ErasureReason.REQUEST


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def world(tmp_path: Path, place: Place, clock: FixedClock) -> Any:
    """The small administration, on one engine after the other, with a clock to be moved."""
    made = make_world(tmp_path, clock, place=place.url)
    yield made
    made.register.close()


_rooms = itertools.count(1)


def named(world: World, profile: str = "official", lifetime: timedelta = YEAR) -> CertificateRecord:
    key = new_key().public_key()
    subject = someone(CN=NAME, OU=f"Phòng {next(_rooms)}")
    made = world.issuing.issue(
        key, load_profile(profile), subject, requester=CLERK, lifetime=lifetime
    )
    return found(world, made.serial_number)


def found(world: World, serial: int) -> CertificateRecord:
    record = world.register.find_certificate("issuing", serial)
    assert record is not None
    return record


def erased(world: World, *records: CertificateRecord, years: int = 5) -> tuple[ErasureRecord, ...]:
    return erase(
        world.register, world.clock, records, reason=REQUEST, requester="quản trị", years=years
    )


def answer(world: World, certificate: x509.Certificate) -> tuple[Any, ...]:
    """Return what OCSP says of a certificate, without the time at which it says so."""
    issuer = world.issuing.issuer.certificate
    asked = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, SHA256()).build()
    said = ocsp.load_der_ocsp_response(world.responder().respond(asked.public_bytes(Encoding.DER)))
    return said.certificate_status, said.revocation_time_utc, said.revocation_reason


def read(record: CertificateRecord) -> x509.Certificate:
    return x509.load_der_x509_certificate(record.der or b"")


def listed(world: World) -> list[tuple[int, datetime]]:
    crl = world.issuing.issue_crl()
    return [(entry.serial_number, entry.revocation_date_utc) for entry in crl]


def test_what_was_in_force_is_told_as_before(world: World, clock: FixedClock):
    good, revoked, later = named(world), named(world), named(world)
    world.issuing.revoke(revoked.serial, x509.ReasonFlags.key_compromise)
    clock.advance(WHEN - NOW)
    certificates = [read(one) for one in (good, revoked)]
    before = [answer(world, one) for one in certificates], listed(world)
    moments = (NOW - YEAR, NOW + timedelta(days=9), WHEN)
    standings = [
        world.issuing.status_at(one.serial, at) for one in (good, revoked) for at in moments
    ]
    assert [one[0] for one in before[0]] == [
        ocsp.OCSPCertStatus.GOOD,
        ocsp.OCSPCertStatus.REVOKED,
    ]
    erased(world, good, revoked, later)
    assert ([answer(world, one) for one in certificates], listed(world)) == before
    assert [
        world.issuing.status_at(one.serial, at) for one in (good, revoked) for at in moments
    ] == standings
    assert standings[1].standing is Standing.GOOD
    for one in (good, revoked):
        assert world.issuing.issued(one.serial).was_issued
    # It can still be revoked.
    world.issuing.revoke(later.serial, x509.ReasonFlags.superseded)
    with pytest.raises(AlreadyRevokedError):
        world.issuing.revoke(later.serial, x509.ReasonFlags.superseded)
    assert later.serial in [serial for serial, _ in listed(world)]


def test_what_it_said_is_gone_and_all_else_is_kept(world: World, clock: FixedClock):
    record, other = named(world), found(world, world.issue().serial_number)
    clock.advance(WHEN - NOW)
    assert world.register.find_certificates(CertificateQuery(text=FOLDED)) == (record,)
    (told,) = erased(world, record)
    digest = hashlib.sha256(record.tbs_der).hexdigest()
    assert told == ErasureRecord("issuing", record.serial, clock.now(), digest, REQUEST)
    assert world.register.find_erasure("issuing", record.serial) == told
    assert world.register.find_certificates(CertificateQuery(text=FOLDED)) == ()
    after = found(world, record.serial)
    assert after == replace(record, tbs_der=b"", der=b"", subject="", requester="")
    assert is_rightly_empty(world.register, after)
    assert found(world, other.serial) == other
    assert not is_rightly_empty(world.register, other)
    assert verify_audit(world.register) > 0
    entry = world.register.last_audit_entry()
    assert entry is not None
    content = read_content(entry.content)
    assert content is not None
    assert content[1].action == "certificate.erase"
    assert dict(content[1].facts) == {
        "issuer": "issuing",
        "serial": serial_text(record.serial),
        "tbs_sha256": digest,
    }
    logged = b"".join(one.content for one in world.register.audit_entries())
    assert digest.encode() in logged, "the log said before what bytes these were"


def test_the_row_and_the_file_hold_no_trace(world: World, place: Place, clock: FixedClock):
    record = named(world)
    holder = holder_of(record.subject).encode()
    traces = (NAME.encode(), FOLDED.encode(), record.tbs_der[60:200], holder)
    clock.advance(WHEN - NOW)

    def left() -> list[bool]:
        with place.raw() as run:
            columns = "tbs_der, der, subject, subject_folded, holder, requester"
            rows = run(f"SELECT {columns} FROM certificates")
        stored = b"\0".join(
            one.encode() if isinstance(one, str) else bytes(one or b"")
            for row in rows
            for one in row
        )
        if place.engine == "sqlite":
            world.register.close()  # the write-ahead log goes into the file
            stored += place.path.read_bytes()
        return [trace in stored for trace in traces]

    assert left() == [True, True, True, True]
    erased(world, record)
    assert left() == [False, False, False, False]


def test_a_follower_is_refused_for_its_own_reason(world: World, clock: FixedClock):
    record = named(world)
    clock.advance(WHEN - NOW)
    erased(world, record)
    official = load_profile("official")
    with pytest.raises(CertificateErasedError):
        renew(world.issuing, Following(record.serial, official, requester=CLERK))
    with pytest.raises(CertificateErasedError):
        rekey(
            world.issuing,
            Following(record.serial, official, requester=CLERK),
            new_key().public_key(),
        )


def test_all_are_erased_or_none(world: World, clock: FixedClock):
    old, young = named(world), named(world, lifetime=5 * YEAR)
    clock.advance(WHEN - NOW)
    with pytest.raises(ErasureTooEarlyError) as refused:
        erased(world, old, young)
    assert refused.value.facts["serial"] == serial_text(young.serial)
    assert found(world, old.serial) == old
    with pytest.raises(RegisterConflictError):
        erased(world, old, old)
    assert found(world, old.serial) == old
    erased(world, old)  # the twin


def test_time_is_asked_to_the_second(world: World, clock: FixedClock):
    record = named(world)
    end = end_of_retention(record.not_after, 5)
    assert (end.year, end.month, end.day) == (
        record.not_after.year + 5,
        record.not_after.month,
        record.not_after.day,
    )
    for years in (0, 5):
        with pytest.raises(ErasureTooEarlyError) as refused:
            check_erasable(world.register, record, end, years=years)
        assert refused.value.facts["until"] == end
        check_erasable(world.register, record, end + timedelta(seconds=1), years=years)
    with pytest.raises(ErasureTooEarlyError):
        check_erasable(world.register, record, end + YEAR, years=7)
    clock.advance(WHEN - NOW)
    named(world)  # the log is of then
    clock.advance(-timedelta(days=1))
    with pytest.raises(ClockBeforeRecordError):
        erased(world, record)


@pytest.mark.parametrize(
    ("not_after", "end"),
    [
        (datetime(2024, 2, 29, 1, tzinfo=UTC), datetime(2029, 3, 1, 1, tzinfo=UTC)),
        (datetime(2023, 2, 28, 1, tzinfo=UTC), datetime(2028, 2, 28, 1, tzinfo=UTC)),
        (datetime(9999, 12, 31, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)),
    ],
)
def test_years_are_those_of_the_calendar(not_after: datetime, end: datetime):
    assert end_of_retention(not_after, 5) == end


def test_a_second_erasure_is_refused(world: World, place: Place, clock: FixedClock):
    record = named(world)
    clock.advance(WHEN - NOW)
    (told,) = erased(world, record)
    with pytest.raises(CertificateErasedError) as refused:
        erased(world, found(world, record.serial))
    assert refused.value.facts["erased_at"] == told.at
    event = AuditEvent(clock.now(), "quản trị", "test")
    with pytest.raises(RegisterConflictError):
        world.register.commit([Erase(replace(told, reason=ErasureReason.RETENTION))], event)
    twice = (*place.refusals, psycopg.errors.UniqueViolation)
    with place.raw() as run, pytest.raises(twice):
        run("INSERT INTO erasures SELECT issuer, serial, at, 'ff', reason FROM erasures")
    assert world.register.find_erasure("issuing", record.serial) == told


@pytest.mark.parametrize("profile", ["ocsp", "timestamp", "audit"])
def test_what_stands_for_others_is_never_erased(
    world: World, place: Place, clock: FixedClock, profile: str
):
    record = named(world, profile)
    (root,) = world.register.find_certificates(CertificateQuery(issuer="root", profile="issuing"))
    official = named(world)
    clock.advance(timedelta(days=300 * 365))
    for one in (record, root, replace(record, profile="mine"), replace(root, profile="mine")):
        with pytest.raises(ErasureForbiddenError):
            erased(world, one)
    with place.raw() as run:
        for one in (record, root):
            with pytest.raises(place.refusals, match="or never"):
                run(telling(one, "2399-01-01"))
        run(telling(official, "2399-01-01"))


def test_what_is_called_otherwise_and_cannot_be_read_is_kept(world: World):
    record = named(world)
    late = WHEN + YEAR
    check_erasable(world.register, record, late)
    bare = x509.CertificateBuilder()
    name = x509.Name([])
    key = new_key()
    bare = bare.subject_name(name).issuer_name(name).public_key(key.public_key())  # type: ignore[arg-type]
    bare = bare.serial_number(5).not_valid_before(NOW).not_valid_after(NOW + YEAR)
    plain = bare.sign(key, SHA256()).public_bytes(Encoding.DER)  # type: ignore[arg-type]
    check_erasable(world.register, replace(record, der=plain), late)
    odd = x509.UnrecognizedExtension(x509.ExtensionOID.BASIC_CONSTRAINTS, b"\x04\x01")
    broken = bare.add_extension(odd, critical=False).sign(key, SHA256())  # type: ignore[arg-type]
    torn = replace(record, der=broken.public_bytes(Encoding.DER))
    with pytest.raises(ErasureForbiddenError):
        check_erasable(world.register, torn, late)


def test_what_was_given_up_can_be_erased(world: World, clock: FixedClock):
    model = named(world)
    open_ = replace(model, serial=77, state=CertificateState.RESERVED, der=None, fingerprint=None)
    world.register.commit([Reserve(open_)], AuditEvent(NOW, CLERK, "test"))
    world.issuing.recover_open()
    clock.advance(WHEN - NOW)
    before = listed(world)
    erased(world, found(world, 77))
    after = found(world, 77)
    assert (after.der, after.tbs_der, after.subject, after.was_issued) == (None, b"", "", False)
    assert listed(world) == before
    assert _is_right(world.register, after)


def test_an_import_does_not_bring_it_back(world: World, clock: FixedClock):
    record = named(world)
    clock.advance(WHEN - NOW)
    erased(world, record)
    assert _compare(world.register, "issuing", [record]) == (1, ())
    _, findings = _compare(world.register, "issuing", [replace(record, fingerprint="ff")])
    assert len(findings) == 1


def telling(record: CertificateRecord, at: str) -> str:
    return (
        f"INSERT INTO erasures VALUES ('{record.issuer}', '{serial_text(record.serial)}',"
        f" '{at} 00:00:00.000000', '{'0' * 64}', 'request')"
    )


EMPTY = (
    "tbs_der = x'', der = x'', subject = '', subject_folded = '', holder = '',"
    " request_id = NULL, request_sha256 = NULL, requester = ''"
)
LESS = (
    EMPTY.replace("subject = ''", "subject = 'x'"),
    EMPTY.replace("tbs_der = x''", "tbs_der = x'00'"),
    EMPTY.replace("der = x'', subject", "der = x'00', subject"),
    EMPTY.replace("der = x'', subject", "der = NULL, subject"),
    EMPTY.replace("requester = ''", "requester = 'x'"),
    EMPTY.replace("subject_folded = ''", "subject_folded = 'x'"),
    EMPTY.replace("holder = ''", "holder = 'x'"),
    EMPTY.replace("request_id = NULL", "request_id = ''"),
    EMPTY.replace("request_sha256 = NULL", "request_sha256 = 'x'"),
    EMPTY.removesuffix(", requester = ''"),
    *(
        f"{EMPTY}, {more}"
        for more in (
            "fingerprint = 'ff'",
            "fingerprint = NULL",
            "not_after = not_before",
            "spki_sha256 = 'ff'",
            "state = 'revoked'",
            "profile = 'x'",
            "reserved_at = not_after",
            "not_before = not_after",
            "serial = 'ff'",
        )
    ),
)


def test_the_database_itself_lets_nothing_else_go(world: World, place: Place):
    """By raw SQL: without its row, too young, less or more than an erasure; then the twin."""
    record, young = named(world), named(world, lifetime=5 * YEAR)
    where = f"WHERE serial = '{serial_text(record.serial)}'"
    with place.raw() as run:
        emptying = f"UPDATE certificates SET {EMPTY} {where}"
        refused(place, run, emptying)
        for one in (record, young):
            refused(place, run, telling(one, f"{one.not_after.year + 5}-01-01"))
        refused(place, run, telling(young, f"{record.not_after.year + 6}-01-01"))
        run(telling(record, f"{record.not_after.year + 6}-01-01"))
        for changes in LESS:
            refused(place, run, f"UPDATE certificates SET {changes} {where}")
        refused(place, run, f"UPDATE certificates SET {EMPTY}")
        run(emptying)
        refused(place, run, f"UPDATE certificates SET subject = 'x' {where}")
    assert is_rightly_empty(world.register, found(world, record.serial))
    assert found(world, young.serial) == young


def test_a_row_past_its_guard_does_not_open_the_other(world: World, place: Place):
    """The second guard asks again what the first one asked."""
    record, signer = named(world), named(world, "timestamp")
    with place.raw() as run:
        drop = "DROP TRIGGER erasures_due"
        run(drop if place.engine == "sqlite" else f"{drop} ON erasures")
        run(telling(record, f"{record.not_after.year + 5}-01-01"))
        run(telling(signer, "2399-01-01"))
        for one in (record, signer):
            where = f"WHERE serial = '{serial_text(one.serial)}'"
            refused(place, run, f"UPDATE certificates SET {EMPTY} {where}")


def refused(place: Place, run: Run, statement: str) -> None:
    with pytest.raises(place.refusals, match="antin: "):
        run(statement)


def test_what_is_empty_without_a_word_is_damage(world: World, place: Place, clock: FixedClock):
    record, other = named(world), named(world)
    clock.advance(WHEN - NOW)
    erased(world, other)
    with place.raw() as run:
        place.drop_guards(run)
        run(f"UPDATE certificates SET {EMPTY} WHERE serial = '{serial_text(record.serial)}'")
    emptied = found(world, record.serial)
    assert not is_rightly_empty(world.register, emptied)
    with pytest.raises(BackupContentsError):
        _is_right(world.register, emptied)
    right = found(world, other.serial)
    assert _is_right(world.register, right)
    for wrong in (
        replace(right, fingerprint="ff"),
        replace(right, tbs_der=b"x"),
        replace(right, subject="CN=x"),
        replace(right, der=b"x"),
    ):
        assert not is_rightly_empty(world.register, wrong)
        with pytest.raises(BackupContentsError):
            _is_right(world.register, wrong)


MUTANTS: dict[str, Callable[..., Any]] = {
    "present": test_time_is_asked_to_the_second,
    "check_not_erased": test_a_second_erasure_is_refused,
}


@pytest.mark.parametrize("guard", MUTANTS)
def test_without_a_guard_its_test_fails(
    guard: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    clock = FixedClock(NOW)
    place = Place("sqlite", f"sqlite:///{tmp_path / 'register.db'}")
    made = make_world(tmp_path, clock, place=place.url)
    test = MUTANTS[guard]
    given = {"world": made, "place": place, "clock": clock}
    wanted = {name: given[name] for name in test.__annotations__ if name in given}
    # Nothing is checked; of `present` the clock's time is all that is left.
    monkeypatch.setattr(erasure, guard, lambda _, second=None: second and clock.now())
    with pytest.raises((pytest.fail.Exception, RegisterConflictError)):
        test(**wanted)
    made.register.close()


def test_profiles_of_evidence_are_those_that_vouch():
    """The database knows them by name, the command by what their certificates may do."""
    assert set(EVIDENCE_PROFILES) == {
        name
        for name in BUILT_IN
        if load_profile(name).is_authority
        or {"OCSPSigning", "timeStamping", "auditLog"} & {*load_profile(name).extended_key_usage}
    }
