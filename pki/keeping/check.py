"""What is asked of a restored register before it is relied on.

1. every entry of its audit log is computed again, and its head is that of the manifest and of
   every checkpoint that was handed in;
2. every certificate is read again: its fingerprint, its serial, the bytes that were linted; of
   one that was erased there are the hashes, and nothing besides;
3. the newest list of every authority verifies, and holds everything that was revoked by then.

Spec: RFC 9162 §2.1; RFC 5280 §5.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from pki.audit.checkpoint import TreeHead
from pki.audit.verify import recompute
from pki.authority.erasure import is_rightly_empty
from pki.errors.keeping import BackupContentsError
from pki.keeping.manifest import Manifest
from pki.records.authorities import AuthorityRecord
from pki.records.certificates import (
    CertificateQuery,
    CertificateRecord,
    CertificateState,
    serial_text,
)
from pki.records.register import Register

_PAGE = 1000
_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion)
_WITHHELD = frozenset({CertificateState.RESERVED, CertificateState.ABANDONED})


@dataclass(frozen=True, slots=True)
class Checked:
    """How much was looked at, and found right."""

    entries: int
    certificates: int
    lists: int


def check_register(
    register: Register, manifest: Manifest, heads: Sequence[TreeHead] = ()
) -> Checked:
    """Check a restored register.

    Args:
        register: as it came out of the backup.
        manifest: of the backup.
        heads: of checkpoints whose signatures verify, not later than the backup.

    Raises:
        AuditBrokenError, AuditRewrittenError, AuditCutError, AuditSplitError: of its log.
        BackupContentsError: of anything else.
    """
    head = TreeHead("manifest", manifest.audit.size, bytes.fromhex(manifest.audit.root))
    size = recompute(register, (head, *heads)).size
    if size != head.size:
        raise BackupContentsError(reason="more entries than its manifest names")
    certificates = sum(1 for record in _all(register) if _is_right(register, record))
    lists = sum(_check_list(register, one) for one in register.list_authorities())
    return Checked(size, certificates, lists)


def _all(register: Register) -> Iterator[CertificateRecord]:
    after: tuple[str, int] | None = None
    while page := register.find_certificates(CertificateQuery(limit=_PAGE, after=after)):
        yield from page
        after = page[-1].issuer, page[-1].serial


def _is_right(register: Register, record: CertificateRecord) -> bool:
    """Say that it is; what is wrong with it is raised."""
    if record.der is None:
        if record.state not in _WITHHELD:
            raise _wrong(record)
        return True
    if is_rightly_empty(register, record):
        return True
    try:
        certificate = x509.load_der_x509_certificate(record.der)
        right = (
            certificate.serial_number == record.serial
            and certificate.tbs_certificate_bytes == record.tbs_der
            and hashlib.sha256(record.der).hexdigest() == record.fingerprint
        )
    except _UNREADABLE as error:
        raise _wrong(record) from error
    if not right:
        raise _wrong(record)
    return True


def _wrong(record: CertificateRecord) -> BackupContentsError:
    serial = serial_text(record.serial)
    return BackupContentsError(reason=f"the record of serial {serial} of {record.issuer}")


def _check_list(register: Register, authority: AuthorityRecord) -> int:
    newest = register.newest_crl(authority.name)
    if newest is None:
        return 0
    certificate = x509.load_der_x509_certificate(authority.certificate_der)
    try:
        crl = x509.load_der_x509_crl(newest.der)
        verifies = crl.is_signature_valid(certificate.public_key())  # type: ignore[arg-type]  # says so
        listed = {revoked.serial_number for revoked in crl}
    except _UNREADABLE as error:
        raise _wrong_list(authority, "cannot be read") from error
    if not verifies:
        raise _wrong_list(authority, "does not verify")
    for one in register.list_revocations(authority.name):
        if one.sequence <= newest.last_sequence and one.serial not in listed:
            raise _wrong_list(authority, f"lacks serial {serial_text(one.serial)}")
    return 1


def _wrong_list(authority: AuthorityRecord, what: str) -> BackupContentsError:
    return BackupContentsError(reason=f"the newest list of {authority.name} {what}")
