"""The next revocation list of an authority, signed and checked, not yet stored.

The instant is taken first and the revocations are read after, in one snapshot: whatever is
committed by then is on the list, and `last_sequence` says how far it reaches.

Before the signature the audit log takes number and hash of what will be signed. A number belongs
to the first that stands there with it: a list that was signed and never stored, because the
process ended or another was faster, keeps its number, and the next one takes the number after.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from pki import der
from pki.audit.entry import check_clock
from pki.authority.crl_der import CRLContent, encode_tbs
from pki.authority.issuer import Issuer
from pki.clock import Clock, whole_second
from pki.errors import ClockBeforeRecordError, SignatureMismatchError
from pki.keys import algorithm_der, sign_data
from pki.records import AuditEvent, CRLRecord, Register


def build_crl(
    issuer: Issuer, register: Register, lifetime: timedelta, *, clock: Clock, requester: str
) -> tuple[x509.CertificateRevocationList, CRLRecord]:
    """Reserve a number, sign the list of everything revoked up to now, and check the result.

    Raises:
        ClockBeforeRecordError: the clock was set back.
        SignatureMismatchError: the key's answer does not verify.
        PKIError: whatever the key or the register raises.
    """
    content, tbs_der = _reserved(issuer, register, lifetime, clock=clock, requester=requester)
    signature = sign_data(issuer.key, tbs_der)
    crl_der = der.sequence((tbs_der, content.algorithm, der.bit_string(signature)))
    crl = _check_result(crl_der, tbs_der, issuer.certificate)
    last = max((revocation.sequence for revocation in content.revocations), default=0)
    record = CRLRecord(
        issuer.name, content.number, content.this_update, content.next_update, crl_der, last
    )
    return crl, record


def _reserved(
    issuer: Issuer, register: Register, lifetime: timedelta, *, clock: Clock, requester: str
) -> tuple[CRLContent, bytes]:
    """Return a content whose number is its own, and the bytes to be signed."""
    taken = 0
    while True:
        now = clock.now()
        content = _content(issuer, register, lifetime, now=now, above=taken)
        tbs_der = encode_tbs(content)
        facts = {
            "issuer": issuer.name,
            "number": str(content.number),
            "tbs_sha256": hashlib.sha256(tbs_der).hexdigest(),
        }
        register.commit((), AuditEvent(now, requester, "crl.reserve", tuple(facts.items())))
        if _first_reservation(register, facts) == facts["tbs_sha256"]:
            return content, tbs_der
        # Time and revocations are asked again: a higher number never tells of less.
        taken = content.number


def _first_reservation(register: Register, facts: dict[str, str]) -> str:
    """Return the hash with which a number stands in the log first; whoever is second sees that."""
    start = f'"facts":{{"issuer":"{facts["issuer"]}","number":"{facts["number"]}","tbs_sha256":"'
    content = register.search_audit(start.encode())[0].content.decode()
    return content.partition(start)[2].partition('"')[0]


def _content(
    issuer: Issuer, register: Register, lifetime: timedelta, *, now: datetime, above: int
) -> CRLContent:
    check_clock(register, now)
    this_update = whole_second(now)
    newest, floor = register.newest_crl(issuer.name), register.crl_floor(issuer.name)
    for before in (newest, floor):
        if before is not None and before.this_update and this_update < before.this_update:
            raise ClockBeforeRecordError(now=now, recorded=before.this_update)
    return CRLContent(
        issuer=issuer.certificate.subject,
        key_identifier=_key_identifier(issuer.certificate),
        algorithm=algorithm_der(issuer.key),
        number=max(above, newest.number if newest else 0, floor.number if floor else 0) + 1,
        this_update=this_update,
        next_update=this_update + lifetime,
        expired_since=issuer.certificate.not_valid_before_utc,
        revocations=register.list_revocations(issuer.name),
    )


def _check_result(
    crl_der: bytes, tbs_der: bytes, issuer: x509.Certificate
) -> x509.CertificateRevocationList:
    key = issuer.public_key()
    try:
        crl = x509.load_der_x509_crl(crl_der)
        verifies = crl.is_signature_valid(key)  # type: ignore[arg-type]  # an issuer has one of those
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SignatureMismatchError(reason="the list cannot be read back") from error
    if not verifies:
        raise SignatureMismatchError(reason="the list does not verify")
    if crl.tbs_certlist_bytes != tbs_der or crl.issuer != issuer.subject:
        raise SignatureMismatchError(reason="another list was signed")
    return crl


def _key_identifier(certificate: x509.Certificate) -> bytes:
    extension = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    return extension.value.digest
