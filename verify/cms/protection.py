"""Says whether the signed attributes name the algorithms that are used, where they name any.

Without the attribute the names of the algorithms are not signed, and somebody could put others in
their place under which the same value verifies.

Spec: RFC 6211 §2, §3.
"""

from __future__ import annotations

from pki.der import NULL, SEQUENCE, encode, read, read_all
from pki.errors.files import MalformedDERError
from verify.errors import MalformedObjectError

ALGORITHM_PROTECTION = "1.2.840.113549.1.9.52"
_WHAT = "CMS algorithm protection"
_SIGNATURE = 0xA1
_NO_PARAMETERS = encode(NULL, b"")


def names_others(value: bytes, digest: bytes, signature: bytes) -> bool:
    """Say whether an attribute names other algorithms than a SignerInfo does.

    Args:
        value: of the attribute, DER.
        digest: the AlgorithmIdentifier of the digest, DER.
        signature: that of the signature.

    Raises:
        MalformedObjectError: the value cannot be read.
    """
    try:
        named = read_all(_content(value), _WHAT)
        # A MAC in the place of the signature is another algorithm as well (§2).
        return [(each.tag, _parts(each.content)) for each in named] != [
            (SEQUENCE, _parts(_content(digest))),
            (_SIGNATURE, _parts(_content(signature))),
        ]
    except MalformedDERError as error:
        raise MalformedObjectError(what=_WHAT, reason=str(error.facts["reason"])) from error


def _content(value: bytes) -> bytes:
    found = read(value, _WHAT)
    if found.tag != SEQUENCE:
        raise MalformedObjectError(what=_WHAT, reason="no SEQUENCE")
    return found.content


def _parts(algorithm: bytes) -> tuple[bytes, ...]:
    """Return name and parameters; NULL is as good as none (RFC 5754 §2)."""
    parts = tuple(each.whole for each in read_all(algorithm, _WHAT))
    return parts[:1] if parts[1:] == (_NO_PARAMETERS,) else parts
