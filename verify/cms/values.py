"""Certificates and revocation values that CAdES keeps in unsigned attributes.

What cannot be read is no evidence: it is left out.

Spec: EN 319 122-1 §5.4.2, A.1.1.2 (certificate-values), A.1.1.3 (revocation-values); RFC 5126 §6.3.
"""

from __future__ import annotations

from collections.abc import Iterable

from pki.der import ENUMERATED, OCTET_STRING, SEQUENCE, encode, oid, read, read_all, sequence
from pki.errors.files import MalformedDERError

CERTIFICATE_VALUES = "1.2.840.113549.1.9.16.2.23"
REVOCATION_VALUES = "1.2.840.113549.1.9.16.2.24"
OCSP_BASIC = "1.3.6.1.5.5.7.48.1.1"
"""id-pkix-ocsp-basic, as some write it where RFC 5940 has whole responses."""
_CRLS, _RESPONSES = 0xA0, 0xA1
_EXPLICIT_0 = 0xA0
_SUCCESSFUL = encode(ENUMERATED, b"\0")


def certificate_values(untrusted: Iterable[bytes]) -> tuple[bytes, ...]:
    """Return the DER of the certificates in values of `certificate-values`."""
    return tuple(each for value in untrusted for each in _inside(value))


def revocation_values(untrusted: Iterable[bytes]) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """Return CRLs and OCSP responses in values of `revocation-values`, DER."""
    crls: list[bytes] = []
    responses: list[bytes] = []
    for value in untrusted:
        for part in _inside(value):
            if part[0] == _CRLS:
                crls += _listed(part)
            elif part[0] == _RESPONSES:
                responses += map(whole_response, _listed(part))
    return tuple(crls), tuple(responses)


def whole_response(basic: bytes) -> bytes:
    """Return the OCSPResponse around a BasicOCSPResponse.

    Spec: RFC 6960 §4.2.1.
    """
    inner = sequence((oid(OCSP_BASIC), encode(OCTET_STRING, basic)))
    return sequence((_SUCCESSFUL, encode(_EXPLICIT_0, inner)))


def _listed(tagged: bytes) -> tuple[bytes, ...]:
    """Return the elements of a SEQUENCE under an explicit tag."""
    return tuple(each for listed in _inside(tagged) for each in _inside(listed))


def _inside(whole: bytes) -> tuple[bytes, ...]:
    try:
        element = read(whole, "attribute")
        if element.tag not in (SEQUENCE, _CRLS, _RESPONSES):
            return ()
        return tuple(each.whole for each in read_all(element.content, "attribute"))
    except MalformedDERError:
        return ()
