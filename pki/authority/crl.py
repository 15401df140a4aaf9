"""The next revocation list of an authority, signed and checked, not yet stored.

The instant is taken first and the revocations are read after, in one snapshot: whatever is
committed by then is on the list, and `last_sequence` says how far it reaches.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from pki import der
from pki.authority.crl_der import CRLContent, encode_tbs
from pki.authority.issuer import Issuer
from pki.clock import whole_second
from pki.errors import ClockBeforeRecordError, SignatureMismatchError
from pki.keys import algorithm_der, sign_data
from pki.records import CRLRecord, Register


def build_crl(
    issuer: Issuer, register: Register, lifetime: timedelta, *, now: datetime
) -> tuple[x509.CertificateRevocationList, CRLRecord]:
    """Sign the list of everything revoked up to now and check the result.

    Raises:
        ClockBeforeRecordError: `now` lies before the newest list.
        SignatureMismatchError: the key's answer does not verify.
    """
    this_update = whole_second(now)
    newest = register.newest_crl(issuer.name)
    if newest is not None and this_update < newest.this_update:
        raise ClockBeforeRecordError(now=now, recorded=newest.this_update)
    content = CRLContent(
        issuer=issuer.certificate.subject,
        key_identifier=_key_identifier(issuer.certificate),
        algorithm=algorithm_der(issuer.key),
        number=newest.number + 1 if newest else 1,
        this_update=this_update,
        next_update=this_update + lifetime,
        expired_since=issuer.certificate.not_valid_before_utc,
        revocations=register.list_revocations(issuer.name),
    )
    tbs_der = encode_tbs(content)
    signature = sign_data(issuer.key, tbs_der)
    crl_der = der.sequence((tbs_der, content.algorithm, der.bit_string(signature)))
    crl = _check_result(crl_der, tbs_der, issuer.certificate)
    last = max((revocation.sequence for revocation in content.revocations), default=0)
    record = CRLRecord(
        issuer.name, content.number, content.this_update, content.next_update, crl_der, last
    )
    return crl, record


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
