"""Who a certificate speaks of: attributes by short names, checked, in one fixed order.

Values come from the register of persons and agencies or from the administrator, never from a
certificate request. They are normalised to NFC, so that one name has one encoding.

Spec: RFC 5280 §4.1.2.4 and Appendix A (upper bounds); X.520 (bounds of surname and given name);
RFC 4519 §2.39 (UID). The shapes of UID are those of Vietnamese certificates.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import NameOID

from pki.errors import SubjectInvalidError
from pki.names import name_text


@dataclass(frozen=True, slots=True)
class AttributeRule:
    """What one attribute may hold."""

    oid: x509.ObjectIdentifier
    upper_bound: int
    repeats: bool = False


ATTRIBUTES: dict[str, AttributeRule] = {
    "C": AttributeRule(NameOID.COUNTRY_NAME, 2),
    "ST": AttributeRule(NameOID.STATE_OR_PROVINCE_NAME, 128),
    "L": AttributeRule(NameOID.LOCALITY_NAME, 128, repeats=True),
    "O": AttributeRule(NameOID.ORGANIZATION_NAME, 64),
    "OU": AttributeRule(NameOID.ORGANIZATIONAL_UNIT_NAME, 64, repeats=True),
    "T": AttributeRule(NameOID.TITLE, 64),
    "SN": AttributeRule(NameOID.SURNAME, 64),
    "GN": AttributeRule(NameOID.GIVEN_NAME, 64),
    "CN": AttributeRule(NameOID.COMMON_NAME, 64),
    "UID": AttributeRule(NameOID.USER_ID, 256, repeats=True),
}
"""Attributes of the distinguished name, in the order in which they are written."""

MAIL = "E"
"""Goes into the subject alternative name, never into the distinguished name (RFC 5280 §4.1.2.6)."""

_MAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+"
)
_CITIZEN = re.compile(r"CCCD:[0-9]{12}")
_TAX = re.compile(r"MST:([0-9]{10})(-[0-9]{3})?")
_TAX_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)


@dataclass(frozen=True, slots=True)
class Subject:
    """A checked subject. Made by `build_subject`."""

    attributes: tuple[tuple[str, str], ...]
    """Short name and value, in the order of `ATTRIBUTES`."""
    mail: tuple[str, ...] = ()

    def name(self) -> x509.Name:
        """Return the distinguished name: UTF8String throughout, but PrintableString for C."""
        return x509.Name(
            [x509.NameAttribute(ATTRIBUTES[short].oid, value) for short, value in self.attributes]
        )

    def text(self) -> str:
        """Return the distinguished name as RFC 4514 text."""
        return name_text(self.name())

    def __repr__(self) -> str:
        shorts = ", ".join(short for short, _ in self.attributes)
        return f"Subject({shorts})"  # values are personal: they never reach a log


def build_subject(pairs: Iterable[tuple[str, str]]) -> Subject:
    """Check attributes given in any order and put them in the order of the name.

    Args:
        pairs: short name and value; L, OU, UID and E may stand several times, and keep the order
            in which they are given.

    Raises:
        SubjectInvalidError: an unknown attribute, a second value, or a value that does not fit.
    """
    values: dict[str, list[str]] = {}
    for short, value in pairs:
        values.setdefault(short, []).append(_check_value(short, value))
    if not values.keys() - {MAIL}:
        raise SubjectInvalidError(attribute="CN", reason="the subject is empty")
    for short, several in values.items():
        _check_count(short, several)
    attributes = tuple((short, value) for short in ATTRIBUTES for value in values.get(short, ()))
    return Subject(attributes, tuple(values.get(MAIL, ())))


def parse_subject(text: str) -> Subject:
    """Read a distinguished name such as `C=VN,O=Sở Nội vụ,CN=Nguyễn Văn A`.

    Commas inside a value are escaped with a backslash (RFC 4514).

    Raises:
        SubjectInvalidError: not a distinguished name, or an attribute does not fit.
    """
    pairs = []
    for part in re.split(r"(?<!\\),", text):
        short, equals, value = part.partition("=")
        if not equals:
            raise SubjectInvalidError(attribute=short.strip()[:16], reason="no '=' in it")
        pairs.append((short.strip(), re.sub(r"\\(.)", r"\1", value.strip())))
    return build_subject(pairs)


def tax_code_is_sound(code: str) -> bool:
    """Say whether ten digits carry the check digit of a Vietnamese tax code.

    The first nine digits weighed 31, 29, 23, 19, 17, 13, 7, 5, 3; the tenth is ten less the sum
    modulo eleven. Not checked against the official text.
    """
    total = sum(weight * int(digit) for weight, digit in zip(_TAX_WEIGHTS, code[:9], strict=True))
    return 10 - total % 11 == int(code[9])


def _check_value(short: str, value: str) -> str:
    if short != MAIL and short not in ATTRIBUTES:
        raise SubjectInvalidError(attribute=short[:16], reason="no such attribute")
    normal = unicodedata.normalize("NFC", value).strip()
    bound = 254 if short == MAIL else ATTRIBUTES[short].upper_bound
    if not 1 <= len(normal) <= bound:
        raise SubjectInvalidError(attribute=short, reason=f"length is not 1 to {bound}")
    if any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Cn"} for char in normal):
        raise SubjectInvalidError(attribute=short, reason="control or unassigned character")
    _check_shape(short, normal)
    return normal


def _check_shape(short: str, value: str) -> None:
    if short == "C" and not re.fullmatch("[A-Z]{2}", value):
        raise SubjectInvalidError(attribute=short, reason="not two capital letters")
    if short == MAIL and not _MAIL.fullmatch(value):
        raise SubjectInvalidError(attribute=short, reason="not a mail address in ASCII")
    if short == "UID" and not _uid_is_sound(value):
        raise SubjectInvalidError(
            attribute=short, reason="neither CCCD:<12 digits> nor MST:<sound tax code>"
        )


def _uid_is_sound(value: str) -> bool:
    tax = _TAX.fullmatch(value)
    if tax:
        return tax_code_is_sound(tax.group(1))
    return _CITIZEN.fullmatch(value) is not None


def _check_count(short: str, values: list[str]) -> None:
    repeats = short == MAIL or ATTRIBUTES[short].repeats
    if len(values) > 1 and not repeats:
        raise SubjectInvalidError(attribute=short, reason="stands more than once")
    if len(set(values)) != len(values):
        raise SubjectInvalidError(attribute=short, reason="the same value stands twice")
