"""Public halves of a token's keys, read from the attributes PKCS#11 gives them.

Only P-256, P-384 and RSA are told apart: other keys on the token are seen, and read as None.

Spec: PKCS #11 v3.0 current mechanisms §2.1.2 (RSA), §2.3.3 (EC).
"""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pkcs11 import Attribute, AttributeSensitive, AttributeTypeInvalid, PKCS11Error
from pkcs11.types import Object

from pki.keys import PublicKey

EC_PARAMS = {
    "secp256r1": bytes.fromhex("06082a8648ce3d030107"),
    "secp384r1": bytes.fromhex("06052b81040022"),
}
"""CKA_EC_PARAMS: the curve's object identifier in DER (RFC 5480 §2.1.1.1)."""

_CURVES: dict[bytes, ec.EllipticCurve] = {
    EC_PARAMS["secp256r1"]: ec.SECP256R1(),
    EC_PARAMS["secp384r1"]: ec.SECP384R1(),
}


def read_public_key(item: Object) -> PublicKey | None:
    """Return the public key that a key object tells, or None where it does not tell one.

    Private key objects usually tell it for RSA and seldom for EC.
    """
    modulus, exponent = (
        read_attribute(item, Attribute.MODULUS),
        read_attribute(item, Attribute.PUBLIC_EXPONENT),
    )
    try:
        if modulus and exponent:
            return rsa.RSAPublicNumbers(
                int.from_bytes(exponent, "big"), int.from_bytes(modulus, "big")
            ).public_key()
        return _ec_public_key(item)
    except ValueError:  # numbers that are no key: not a key that can be matched
        return None


def read_attribute(item: Object, attribute: Attribute) -> bytes | None:
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


def read_text(item: Object, attribute: Attribute) -> str:
    """Return a text attribute, or an empty text."""
    try:
        return str(item[attribute])
    except (PKCS11Error, IndexError, UnicodeDecodeError):
        # A label is for people: one that cannot be read hides nothing and stops nothing.
        return ""


def _ec_public_key(item: Object) -> PublicKey | None:
    curve = _CURVES.get(read_attribute(item, Attribute.EC_PARAMS) or b"")
    point = read_attribute(item, Attribute.EC_POINT)
    if curve is None or not point:
        return None
    size = 1 + 2 * (curve.key_size // 8)
    # A DER OCTET STRING by the standard; several tokens give the bare point (0x04 both ways, so
    # the length tells them apart).
    raw = point if len(point) == size else point[-size:]
    return ec.EllipticCurvePublicKey.from_encoded_point(curve, raw)
