"""Whether a key signed a certificate or a revocation list.

The algorithm is named twice, inside what is signed and beside it; where the two differ, nothing
is signed. What is not signed, the frame around the three, must be as it has to be: whoever changes
it makes another certificate, with another hash, that would be as good.

Spec: RFC 5280 §4.1.1.2, §5.1.1.2, §6.1.3 (a)(1).
"""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from pki import der
from pki.errors.files import MalformedDERError
from verify.errors import MalformedObjectError
from verify.guard import foreign
from verify.inherited import without_inherited
from verify.lenient import original_der

Signed = x509.Certificate | x509.CertificateRevocationList


def signed_by(signed: Signed, issuer: x509.Certificate) -> bool:
    """Say whether the key of `issuer` signed `signed`; names are not compared."""
    try:
        with foreign("signature"):
            if not _framed(signed):
                return False
            if _verifies(signed, issuer, _signed_bytes(signed)):
                return True
            less = _without_inherited(signed, issuer)
            return less is not None and _verifies(signed, issuer, less)
    except (MalformedObjectError, MalformedDERError):
        return False


def _without_inherited(signed: Signed, issuer: x509.Certificate) -> bytes | None:
    return without_inherited(signed, issuer) if isinstance(signed, x509.Certificate) else None


def _verifies(signed: Signed, issuer: x509.Certificate, data: bytes) -> bool:
    try:
        _verify(signed, issuer, data)
    except InvalidSignature:
        return False
    return True


def _verify(signed: Signed, issuer: x509.Certificate, data: bytes) -> None:
    key = issuer.public_key()
    parameters = signed.signature_algorithm_parameters
    digest = signed.signature_hash_algorithm
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(signed.signature, data, parameters, digest)  # type: ignore[arg-type]  # refused by type at run time
    elif isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signed.signature, data, parameters)  # type: ignore[arg-type]  # the same
    elif isinstance(key, dsa.DSAPublicKey):
        key.verify(signed.signature, data, digest)  # type: ignore[arg-type]  # the same
    elif signed.signature_algorithm_oid == issuer.public_key_algorithm_oid:
        key.verify(signed.signature, data)  # type: ignore[union-attr]  # keys that hash by themselves
    else:
        raise NotImplementedError(type(key).__name__)


def _signed_bytes(signed: Signed) -> bytes:
    """Return what is signed."""
    if not isinstance(signed, x509.Certificate):
        return signed.tbs_certlist_bytes
    whole = _whole(signed)
    if whole == signed.public_bytes(Encoding.DER):
        return signed.tbs_certificate_bytes
    return der.read_all(der.read(whole, "certificate").content, "certificate")[0].whole


def _whole(signed: Signed) -> bytes:
    if isinstance(signed, x509.Certificate):
        return original_der(signed)
    return signed.public_bytes(Encoding.DER)


def _framed(signed: Signed) -> bool:
    what = "certificate or CRL"
    inside = der.read(_signed_bytes(signed), what).content
    at = 0
    while True:  # over version and serial number, which are no SEQUENCE
        tag, _, end = der.span(inside, at, what)
        if tag == der.SEQUENCE:
            break
        at = end
    whole = _whole(signed)
    _, start, _ = der.span(whole, 0, what)
    _, _, beside = der.span(whole, start, what)
    after = beside + end - at
    if whole[beside:after] != inside[at:end]:
        return False
    # Nor are bits of the signature's last octet unused: another octet would say the same.
    _, value, _ = der.span(whole, after, what)
    return whole[value] == 0
