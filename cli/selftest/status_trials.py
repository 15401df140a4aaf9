"""Trials of invariants 11 to 19: revocation, lists, OCSP.

Each takes a sandbox, and raises `Broken` where the invariant does not hold.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from cli.selftest.listed import check_points, union
from cli.selftest.sandbox import REQUESTER, Sandbox, WatchedKey, demand, refused
from pki.authority.crl_gate import Published, judge_crl
from pki.authority.crl_reader import ReadCRL, read_crl
from pki.authority.life import declare_compromise, hold, release
from pki.errors.certificates import AlreadyRevokedError, RevocationFinalError
from pki.errors.clock import ClockBeforeRecordError
from pki.errors.register import RegisterConflictError
from pki.ocsp import OCSPResponder, OCSPSigner
from pki.profile import load_profile
from pki.records.audit import AuditEvent
from pki.records.certificates import (
    CertificateRecord,
    CertificateState,
    RevocationRecord,
    serial_text,
)
from pki.records.changes import ImportCertificate, ReserveCRLNumber, Revoke

R = x509.ReasonFlags
_MOMENT = timedelta(seconds=1)
_ODD = 1 << 160 | 0xABCDEF
"""A serial of 21 octets, as other software gave some."""


def revocation_stays(sandbox: Sandbox) -> None:
    """11. A second revocation is refused; a graver reason leaves the date as it was."""
    serial = sandbox.issue().serial_number
    sandbox.issuing.revoke(serial, R.superseded)
    first = sandbox.register.find_revocation("issuing", serial)
    sandbox.clock.advance(_MOMENT)
    again = sandbox.issuing
    refused(AlreadyRevokedError, lambda: again.revoke(serial, R.cessation_of_operation))
    demand(sandbox.register.find_revocation("issuing", serial) == first, "cli.selftest.overwritten")
    declare_compromise(sandbox.issuing, serial, requester=REQUESTER)
    graver = sandbox.register.find_revocation("issuing", serial)
    same = first is not None and graver is not None and graver.revoked_at == first.revoked_at
    demand(same, "cli.selftest.overwritten")


def stays_listed(sandbox: Sandbox) -> None:
    """12. What was revoked is on the next list, and still there long after it expired."""
    certificate = sandbox.issue()
    sandbox.issuing.revoke(certificate.serial_number, R.superseded)
    _demand_listed(sandbox, certificate.serial_number)
    expired = certificate.not_valid_after_utc - sandbox.clock.now() + timedelta(days=800)
    sandbox.clock.advance(expired)
    _demand_listed(sandbox, certificate.serial_number)
    crl = _newest(sandbox).crl
    oids = {extension.oid.dotted_string for extension in crl.extensions}
    demand("2.5.29.60" in oids, "cli.selftest.no_expired_certs")


def holds_end(sandbox: Sandbox) -> None:
    """13. A hold can be released, and a delta list alone says so; a compromise cannot."""
    held, lost = sandbox.issue().serial_number, sandbox.issue().serial_number
    hold(sandbox.issuing, held, requester=REQUESTER)
    sandbox.issuing.revoke(lost, R.key_compromise)
    sandbox.issuing.issue_crl()
    sandbox.clock.advance(_MOMENT)
    release(sandbox.issuing, held, requester=REQUESTER)
    told = {entry.serial_number: _reason(entry) for entry in sandbox.issuing.issue_crl(delta=True)}
    demand(told.get(held) is R.remove_from_crl, "cli.selftest.no_removal", serial=serial_text(held))
    full = {entry.serial_number for entry in sandbox.issuing.issue_crl()}
    demand(held not in full, "cli.selftest.still_listed", serial=serial_text(held))
    back = sandbox.issuing
    refused(RevocationFinalError, lambda: release(back, lost, requester=REQUESTER))


def numbers_rise(sandbox: Sandbox) -> None:
    """14. The numbers of lists rise, and the register takes none below one that was taken."""
    numbers = [_number(sandbox.issuing.issue_crl(delta=delta)) for delta in (False, True, False)]
    demand(numbers == sorted(set(numbers)), "cli.selftest.number", numbers=tuple(map(str, numbers)))
    _take(sandbox, numbers[-1] + 10)
    refused(RegisterConflictError, lambda: _take(sandbox, numbers[-1] + 5))
    following = _number(sandbox.issuing.issue_crl())
    demand(following > numbers[-1] + 10, "cli.selftest.number", numbers=(str(following),))


def lists_go_on(sandbox: Sandbox) -> None:
    """15. A list never goes back, loses nothing, and lasts beyond the next one that is planned."""
    serial = sandbox.issue().serial_number
    older = read_crl(sandbox.issuing.issue_crl().public_bytes(Encoding.DER))
    sandbox.issuing.revoke(serial, R.superseded)
    sandbox.clock.advance(timedelta(hours=1))
    newer = read_crl(sandbox.issuing.issue_crl().public_bytes(Encoding.DER))
    published = Published(
        issuer=sandbox.issuing.issuer.certificate,
        now=sandbox.clock.now(),
        previous=newer,
        newest_number=newer.number,
        newest_update=newer.this_update,
    )
    found = {finding.id for finding in judge_crl(older, published)}
    wanted = {"pki.crl.number", "pki.crl.back", "pki.crl.lost"}
    demand(wanted <= found, "cli.selftest.gate", missing=tuple(sorted(wanted - found)))
    lasts = newer.next_update is not None and newer.next_update > sandbox.clock.now()
    demand(lasts, "cli.selftest.lapsed")
    sandbox.clock.advance(-timedelta(minutes=30))
    refused(ClockBeforeRecordError, sandbox.issuing.issue_crl)


def base_and_deltas(sandbox: Sandbox) -> None:
    """16. The last full list and the last delta together are what the register says."""
    one, two, three = (sandbox.issue().serial_number for _ in range(3))
    hold(sandbox.issuing, one, requester=REQUESTER)
    hold(sandbox.issuing, two, requester=REQUESTER)
    full = sandbox.issuing.issue_crl()
    changes: tuple[Callable[[], object], ...] = (
        partial(release, sandbox.issuing, one, requester=REQUESTER),
        partial(sandbox.issuing.revoke, three, R.superseded),
    )
    for changed in changes:
        sandbox.clock.advance(_MOMENT)
        changed()
        found = union(full, sandbox.issuing.issue_crl(delta=True))
        wanted = {record.serial for record in sandbox.register.list_revocations("issuing")}
        odd = tuple(map(serial_text, sorted(found ^ wanted)))
        demand(not odd, "cli.selftest.base_and_delta", serials=odd)


def distribution_points(sandbox: Sandbox) -> None:
    """17. There is one list an authority, and each certificate names exactly that one."""
    issuer = sandbox.issuing.issuer
    demand(check_points(sandbox.issue()) == (issuer.urls.crl,), "cli.selftest.points")
    _demand_listed(sandbox, _revoked(sandbox))


def answers_agree(sandbox: Sandbox) -> None:
    """18. OCSP says good of what was issued alone, and revoked as soon as the register does."""
    responder = _responder(sandbox)
    issuer, certificate = sandbox.issuing.issuer.certificate, sandbox.issue()
    by_hash = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA256())
    good = _status(responder, by_hash)
    demand(good is ocsp.OCSPCertStatus.GOOD, "cli.selftest.ocsp", status=str(good))
    sandbox.issuing.revoke(certificate.serial_number, R.superseded)
    revoked = _status(responder, by_hash)
    demand(revoked is ocsp.OCSPCertStatus.REVOKED, "cli.selftest.ocsp", status=str(revoked))
    _demand_listed(sandbox, certificate.serial_number)
    name, key = by_hash.build().issuer_name_hash, by_hash.build().issuer_key_hash
    never = ocsp.OCSPRequestBuilder().add_certificate_by_hash(name, key, 7, hashes.SHA256())
    unknown = _status(responder, never)
    demand(unknown is ocsp.OCSPCertStatus.UNKNOWN, "cli.selftest.ocsp", status=str(unknown))
    strange = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
        name, bytes(32), certificate.serial_number, hashes.SHA256()
    )
    answered = _status(responder, strange)
    demand(answered is None, "cli.selftest.ocsp", status=str(answered))


def odd_serials(sandbox: Sandbox) -> None:
    """19. A serial that no authority should have given is revoked and listed all the same."""
    now, issuing = sandbox.clock.now(), sandbox.issuing
    record = CertificateRecord(
        issuer=issuing.issuer.name,
        serial=_ODD,
        state=CertificateState.ABANDONED,
        tbs_der=b"",
        der=None,
        subject="CN=?",
        profile="published",
        not_before=now,
        not_after=now,
        fingerprint=None,
        spki_sha256="",
        requester=REQUESTER,
        reserved_at=now,
    )
    revocation = RevocationRecord(record.issuer, _ODD, R.superseded, now)
    event = AuditEvent(now, REQUESTER, "certificate.import", ())
    sandbox.register.commit((ImportCertificate(record), Revoke(revocation)), event)
    _demand_listed(sandbox, _ODD)


def _revoked(sandbox: Sandbox) -> int:
    serial = sandbox.issue().serial_number
    sandbox.issuing.revoke(serial, R.superseded)
    return serial


def _demand_listed(sandbox: Sandbox, serial: int) -> None:
    sandbox.clock.advance(_MOMENT)
    sandbox.issuing.issue_crl()
    listed = serial_text(serial) in set(_newest(sandbox).serials())
    demand(listed, "cli.selftest.not_listed", serials=(serial_text(serial),))


def _newest(sandbox: Sandbox) -> ReadCRL:
    record = sandbox.register.newest_crl("issuing")
    return read_crl(record.der if record is not None else b"")


def _take(sandbox: Sandbox, number: int) -> None:
    event = AuditEvent(sandbox.clock.now(), REQUESTER, "crl.reserve", ())
    sandbox.register.commit((ReserveCRLNumber("issuing", number),), event)


def _number(crl: x509.CertificateRevocationList) -> int:
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def _reason(entry: x509.RevokedCertificate) -> x509.ReasonFlags:
    return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason


def _responder(sandbox: Sandbox) -> OCSPResponder:
    key = WatchedKey()
    subject = sandbox.someone()
    profile = load_profile("ocsp")
    certificate = sandbox.issuing.issue(key.public_key(), profile, subject, requester=REQUESTER)
    issuer = sandbox.issuing.issuer
    signer = OCSPSigner(issuer.name, issuer.certificate, certificate, key)
    return OCSPResponder(sandbox.register, [signer], clock=sandbox.clock)


def _status(
    responder: OCSPResponder, request: ocsp.OCSPRequestBuilder
) -> ocsp.OCSPCertStatus | None:
    """Return what is said of the certificate; None where nothing is."""
    answer = responder.respond(request.build().public_bytes(Encoding.DER))
    read = ocsp.load_der_ocsp_response(answer)
    if read.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        return None
    return read.certificate_status
