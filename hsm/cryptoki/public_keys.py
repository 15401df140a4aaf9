"""Public halves of a token's keys, read from the attributes PKCS#11 gives them.

Only the types of `pki.keys` are told apart: other keys on the token are seen, and read as None.

Spec: PKCS #11 v3.0 current mechanisms §2.1.2 (RSA), §2.3.3 (EC), §2.3.5 (Edwards); v3.2 (ML-DSA).
"""

from __future__ import annotations

from collections.abc import Callable

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa
from pkcs11 import Attribute, AttributeSensitive, AttributeTypeInvalid, ObjectClass, PKCS11Error
from pkcs11.mechanisms import MLDSAParameterSet

from hsm.cryptoki.attributes import Readable
from pki.keys import PublicKey

PUBLIC_KEY_ATTRIBUTES = (
    Attribute.CLASS,
    Attribute.MODULUS,
    Attribute.PUBLIC_EXPONENT,
    Attribute.EC_PARAMS,
    Attribute.EC_POINT,
    Attribute.PARAMETER_SET,
)
"""What `read_public_key` asks for; CKA_VALUE too, of a public key only."""

EC_PARAMS = {
    "secp256r1": bytes.fromhex("06082a8648ce3d030107"),
    "secp384r1": bytes.fromhex("06052b81040022"),
    "secp521r1": bytes.fromhex("06052b81040023"),
}
"""CKA_EC_PARAMS: the curve's object identifier in DER (RFC 5480 §2.1.1.1)."""

EDWARDS_PARAMS = (
    b"\x13\x0cedwards25519",
    bytes.fromhex("06032b6570"),
)
"""CKA_EC_PARAMS of Ed25519: a PrintableString by version 3.0, since 3.1 also the identifier of
RFC 8410 §3. Tokens give back either."""

_CURVES: dict[bytes, ec.EllipticCurve] = {
    EC_PARAMS["secp256r1"]: ec.SECP256R1(),
    EC_PARAMS["secp384r1"]: ec.SECP384R1(),
    EC_PARAMS["secp521r1"]: ec.SECP521R1(),
}
_EDWARDS_BYTES = 32
_EDWARDS_HEADERS = (b"", bytes.fromhex("0420"), bytes.fromhex("032100"))
"""What stands before the point: nothing since version 3.1; the head of an OCTET STRING (SoftHSM)
or of a BIT STRING, as version 3.0 could be read."""

_ML_DSA: dict[int, Callable[[bytes], PublicKey]] = {
    MLDSAParameterSet.ML_DSA_44: mldsa.MLDSA44PublicKey.from_public_bytes,
    MLDSAParameterSet.ML_DSA_65: mldsa.MLDSA65PublicKey.from_public_bytes,
    MLDSAParameterSet.ML_DSA_87: mldsa.MLDSA87PublicKey.from_public_bytes,
}


def read_public_key(item: Readable) -> PublicKey | None:
    """Return the public key that a key object tells, or None where it does not tell one.

    Private key objects usually tell it for RSA and seldom for the others.
    """
    try:
        return _rsa_public_key(item) or _curve_public_key(item) or _ml_dsa_public_key(item)
    except (ValueError, UnsupportedAlgorithm):  # no key of that kind: none that can be matched
        return None


def read_attribute(item: Readable, attribute: Attribute) -> bytes | None:
    """Return a byte-string attribute, or None where the object has none.

    Raises:
        PKCS11Error: the token fails otherwise.
    """
    try:
        value = item[attribute]
    except (AttributeTypeInvalid, AttributeSensitive, IndexError):
        # IndexError: python-pkcs11's answer where a token leaves an attribute out silently.
        return None
    return bytes(value)


def read_text(item: Readable, attribute: Attribute) -> str:
    """Return a text attribute, or an empty text."""
    try:
        return str(item[attribute])
    except (PKCS11Error, IndexError, UnicodeDecodeError):
        # A label is for people: one that cannot be read hides nothing and stops nothing.
        return ""


def _rsa_public_key(item: Readable) -> PublicKey | None:
    modulus = read_attribute(item, Attribute.MODULUS)
    exponent = read_attribute(item, Attribute.PUBLIC_EXPONENT) if modulus else None
    if not modulus or not exponent:
        return None
    return rsa.RSAPublicNumbers(
        int.from_bytes(exponent, "big"), int.from_bytes(modulus, "big")
    ).public_key()


def _curve_public_key(item: Readable) -> PublicKey | None:
    parameters = read_attribute(item, Attribute.EC_PARAMS)
    point = read_attribute(item, Attribute.EC_POINT) if parameters else None
    if not parameters or not point:
        return None
    if parameters in EDWARDS_PARAMS:
        return _ed25519_public_key(point)
    curve = _CURVES.get(parameters)
    if curve is None:
        return None
    size = 1 + 2 * ((curve.key_size + 7) // 8)
    # A DER OCTET STRING by the standard; several tokens give the bare point (0x04 both ways, so
    # the length tells them apart).
    raw = point if len(point) == size else point[-size:]
    return ec.EllipticCurvePublicKey.from_encoded_point(curve, raw)


def _ed25519_public_key(point: bytes) -> PublicKey | None:
    header, raw = point[:-_EDWARDS_BYTES], point[-_EDWARDS_BYTES:]
    if header not in _EDWARDS_HEADERS:
        return None
    return ed25519.Ed25519PublicKey.from_public_bytes(raw)


def _ml_dsa_public_key(item: Readable) -> PublicKey | None:
    load = _ML_DSA.get(_read_number(item, Attribute.PARAMETER_SET) or 0)
    # CKA_VALUE of a private key is the private key: it is not even asked for.
    if load is None or _read_number(item, Attribute.CLASS) != ObjectClass.PUBLIC_KEY:
        return None
    return load(read_attribute(item, Attribute.VALUE) or b"")


def _read_number(item: Readable, attribute: Attribute) -> int | None:
    try:
        value: int = item[attribute]
    except (AttributeTypeInvalid, AttributeSensitive, IndexError):
        return None
    return value
