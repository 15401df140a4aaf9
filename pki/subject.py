"""Who a certificate speaks of: attributes by short names, checked, in one fixed order.

Values come from the register of persons and agencies or from the administrator, never from a
certificate request. They are normalised to NFC, so that one name has one encoding.

Spec: RFC 5280 §4.1.2.4 and Appendix A (upper bounds); X.520 (bounds of surname and given name);
ETSI EN 319 412-2 §4.2.4 and -3 §4.2.1 (serialNumber, organizationIdentifier).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from cryptography import x509
from cryptography.x509.oid import NameOID

from pki import der
from pki.errors.requests import (
    SubjectCharacterError,
    SubjectFormError,
    SubjectInvalidError,
    SubjectLengthError,
)
from pki.errors.tree import Phrase, phrase
from pki.hosts import (
    MAX_MAIL_OCTETS,
    MAX_NAME_OCTETS,
    Address,
    host_address,
    host_name,
    mail_address,
)
from pki.identifiers import (
    organization_kind,
    same_number,
    serial_number_kind,
    uid_kind,
)
from pki.letters import foreign_character, normal
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
    "organizationIdentifier": AttributeRule(NameOID.ORGANIZATION_IDENTIFIER, 64),
    "OU": AttributeRule(NameOID.ORGANIZATIONAL_UNIT_NAME, 64, repeats=True),
    "T": AttributeRule(NameOID.TITLE, 64),
    "SN": AttributeRule(NameOID.SURNAME, 64),
    "GN": AttributeRule(NameOID.GIVEN_NAME, 64),
    "serialNumber": AttributeRule(NameOID.SERIAL_NUMBER, 64),
    "CN": AttributeRule(NameOID.COMMON_NAME, 64),
    "UID": AttributeRule(NameOID.USER_ID, 256, repeats=True),
}
"""Attributes of the distinguished name, in the order in which they are written."""

MAIL, DNS, ADDRESS = "E", "DNS", "IP"
"""These go into the subject alternative name, never into the distinguished name (RFC 5280
§4.1.2.6)."""

ALTERNATIVES: dict[str, tuple[int, Callable[[str], str | Address | None]]] = {
    MAIL: (MAX_MAIL_OCTETS, mail_address),
    DNS: (MAX_NAME_OCTETS, host_name),
    ADDRESS: (39, host_address),
}
MAX_ALTERNATIVES = 100
"""Of each kind: a server of more names gets several certificates."""

_PRINTABLE = re.compile(r"[A-Za-z0-9 '()+,./:=?-]+")
"""PrintableString (X.680 §41.4), as RFC 5280 Appendix A demands of serialNumber."""

_SHAPES: dict[str, tuple[str, Callable[[str], object]]] = {
    "C": ("pki.subject.country", re.compile("[A-Z]{2}").fullmatch),
    "UID": ("pki.subject.uid", uid_kind),
    "serialNumber": (
        "pki.subject.serial_number",
        lambda value: _PRINTABLE.fullmatch(value) and serial_number_kind(value),
    ),
    "organizationIdentifier": ("pki.subject.organization_identifier", organization_kind),
    MAIL: ("pki.subject.mail", mail_address),
    DNS: ("pki.subject.host_name", host_name),
    ADDRESS: ("pki.subject.address", host_address),
}


@dataclass(frozen=True, slots=True)
class Subject:
    """A checked subject. Made by `build_subject`."""

    attributes: tuple[tuple[str, str], ...]
    """Short name and value, in the order of `ATTRIBUTES`."""
    mail: tuple[str, ...] = ()
    dns: tuple[str, ...] = ()
    addresses: tuple[Address, ...] = ()

    def name(self) -> x509.Name:
        """Return the distinguished name in UTF8String; C and serialNumber in PrintableString."""
        attributes = self.attributes
        return x509.Name(
            [x509.NameAttribute(ATTRIBUTES[short].oid, value) for short, value in attributes]
        )

    def name_der(self) -> bytes:
        """Return that name as it is written in a certificate."""
        return der.sequence([_written(*one).der for one in self.attributes])

    def alternative_names(self) -> tuple[x509.GeneralName, ...]:
        """Return what goes into the subject alternative name: mail, then hosts, then addresses."""
        return (
            *(x509.RFC822Name(mail) for mail in self.mail),
            *(x509.DNSName(name) for name in self.dns),
            *(x509.IPAddress(address) for address in self.addresses),
        )

    def values(self, short: str) -> tuple[str, ...]:
        """Return the values of an attribute or of a kind of alternative name, as text."""
        if short in ALTERNATIVES:
            names = {MAIL: self.mail, DNS: self.dns, ADDRESS: tuple(map(str, self.addresses))}
            return names[short]
        return tuple([value for name, value in self.attributes if name == short])

    def shorts(self) -> frozenset[str]:
        """Return the short names of what stands in it."""
        alternatives = ((MAIL, self.mail), (DNS, self.dns), (ADDRESS, self.addresses))
        present = {short for short, _ in self.attributes}
        return frozenset(present | {short for short, values in alternatives if values})

    def text(self) -> str:
        """Return the distinguished name as RFC 4514 text."""
        # The last one first (RFC 4514 §2.1).
        return ",".join([_written(*one).text for one in reversed(self.attributes)])

    def __repr__(self) -> str:
        shorts = ", ".join(short for short, _ in self.attributes)
        return f"Subject({shorts})"  # values are personal: they never reach a log


class _Written(NamedTuple):
    der: bytes
    """A RelativeDistinguishedName."""
    text: str


# An office's names stand in many certificates; each is written, and compared with what was written:
# in bulk some batches later.
@lru_cache(maxsize=512)
def _written(short: str, value: str) -> _Written:
    name = x509.Name([x509.NameAttribute(ATTRIBUTES[short].oid, value)])
    return _Written(der.read(name.public_bytes(), "name").content, name_text(name))


def build_subject(pairs: Iterable[tuple[str, str]]) -> Subject:
    """Check attributes given in any order and put them in the order of the name.

    Args:
        pairs: short name and value; L, OU, UID, E, DNS and IP may stand several times, and keep
            the order in which they are given.

    Raises:
        SubjectInvalidError: an unknown attribute, or a second value; its subclasses: a value that
            does not fit.
    """
    values: dict[str, list[str]] = {}
    for short, value in pairs:
        values.setdefault(short, []).append(check_value(short, value))
    if not values.keys() - ALTERNATIVES.keys():
        raise SubjectInvalidError(attribute="CN", reason=phrase("pki.subject.empty"))
    for short, several in values.items():
        _check_count(short, several)
    _check_numbers(values)
    attributes = tuple((short, value) for short in ATTRIBUTES for value in values.get(short, ()))
    addresses = (host_address(text) for text in values.get(ADDRESS, ()))
    return Subject(
        attributes,
        mail=tuple(values.get(MAIL, ())),
        dns=tuple(values.get(DNS, ())),
        addresses=tuple(address for address in addresses if address is not None),
    )


def subject_of(certificate: x509.Certificate) -> Subject:
    """Return whom a certificate speaks of, checked again.

    Raises:
        SubjectInvalidError: it has an attribute, a name, or a value, that no subject of ours has.
    """
    shorts = {rule.oid: short for short, rule in ATTRIBUTES.items()}
    pairs = [
        (shorts.get(one.oid, one.oid.dotted_string), str(one.value)) for one in certificate.subject
    ]
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return build_subject(pairs)
    return build_subject([*pairs, *((_kind_of(name), str(name.value)) for name in names)])


def _kind_of(name: x509.GeneralName) -> str:
    match name:
        case x509.RFC822Name():
            return MAIL
        case x509.DNSName():
            return DNS
        case x509.IPAddress():
            return ADDRESS
        case _:
            return type(name).__name__


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
            raise _refusal(short.strip()[:16], phrase("pki.subject.no_equals"))
        pairs.append((short.strip(), re.sub(r"\\(.)", r"\1", value.strip())))
    return build_subject(pairs)


# An office's names stand in many certificates, and each value is judged three times while one is
# made: with the order, by the linter, and where a worker takes the order up again.
@lru_cache(maxsize=512)
def unfit_value(short: str, value: str) -> Phrase | None:
    """Return what speaks against a value in its kept form; None where nothing does."""
    bound = ALTERNATIVES[short][0] if short in ALTERNATIVES else ATTRIBUTES[short].upper_bound
    if not 1 <= len(value) <= bound:
        return phrase("pki.subject.length", bound=bound)
    if short in _SHAPES:
        words, fits = _SHAPES[short]
        return None if fits(value) else phrase(words)
    foreign = foreign_character(value)
    if foreign is not None:
        return phrase("pki.subject.character", character=foreign)
    return None if normal(value) == value else phrase("pki.subject.not_normal")


@lru_cache(maxsize=512)  # as above; what is refused is not kept
def check_value(short: str, value: str) -> str:
    """Return a value in the form in which it is kept.

    Raises:
        SubjectInvalidError: an unknown attribute, or a value that does not fit.
    """
    if short not in ALTERNATIVES and short not in ATTRIBUTES:
        raise _refusal(short[:16], phrase("pki.subject.unknown"))
    kept = normal(value)
    unfit = unfit_value(short, kept)
    if unfit is not None:
        raise _refusal(short, unfit)
    return str(ALTERNATIVES[short][1](kept)) if short in ALTERNATIVES else kept


def _check_count(short: str, values: list[str]) -> None:
    alternative = short in ALTERNATIVES
    if len(values) > 1 and not alternative and not ATTRIBUTES[short].repeats:
        raise _refusal(short, phrase("pki.subject.repeated"))
    if len(set(values)) != len(values):
        raise _refusal(short, phrase("pki.subject.twice"))
    if alternative and len(values) > MAX_ALTERNATIVES:
        raise _refusal(short, phrase("pki.subject.too_many", bound=MAX_ALTERNATIVES))


def _check_numbers(values: dict[str, list[str]]) -> None:
    """Two ways of writing one number, and two numbers of one kind, must not disagree."""
    uids = values.get("UID", [])
    kinds = [uid_kind(uid) for uid in uids]
    if len(set(kinds)) != len(kinds):
        raise _refusal("UID", phrase("pki.subject.two_numbers"))
    for short in ("serialNumber", "organizationIdentifier"):
        for written in values.get(short, ()):
            if not all(same_number(uid, written) for uid in uids):
                raise _refusal(short, phrase("pki.subject.two_numbers"))


_REFUSALS: dict[str, type[SubjectInvalidError]] = {
    "pki.subject.length": SubjectLengthError,
    "pki.subject.character": SubjectCharacterError,
    **{words: SubjectFormError for words, _ in _SHAPES.values()},
}
"""By the message id of the reason."""


def _refusal(attribute: str, reason: Phrase) -> SubjectInvalidError:
    refusal = _REFUSALS.get(reason.id, SubjectInvalidError)
    return refusal(attribute=attribute, reason=reason)
