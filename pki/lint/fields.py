"""Rules on the fields of a certificate of version 3; one of another version is not well-formed.

Spec: RFC 5280 §4.1.2; ids name the clause.
"""

from __future__ import annotations

from datetime import UTC, datetime

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import SubjectAlternativeName

from pki import der
from pki.errors import WeakKeyError
from pki.keys import algorithm_der, key_type_of
from pki.lint.target import Rule, Target, collect
from pki.strength import check_strength

RULES: list[Rule] = []

VERSION, SERIAL, ALGORITHM, ISSUER, VALIDITY, SUBJECT, KEY = range(7)
"""Positions of the fields in a version 3 TBSCertificate."""

_TAG_ISSUER_UID, _TAG_SUBJECT_UID = 0x81, 0x82
_UTF8_STRING, _PRINTABLE_STRING = 0x0C, 0x13
_COUNTRY = bytes.fromhex("550406")
_CONTROLS = {*range(0x20), 0x7F}


@collect(RULES, "rfc5280.4.1.2.2.serial_positive")
def _serial_positive(target: Target) -> str | None:
    return None if target.certificate.serial_number > 0 else "serial is not positive"


@collect(RULES, "rfc5280.4.1.2.2.serial_octets")
def _serial_octets(target: Target) -> str | None:
    size = len(target.fields[SERIAL].content)
    return None if size <= 20 else f"serial has {size} octets, 20 are allowed"


@collect(RULES, "antin.serial_length")
def _serial_length(target: Target) -> str | None:
    bits = target.certificate.serial_number.bit_length()
    return None if bits > 64 else f"serial has {bits} bits, more than 64 are drawn at random"


@collect(RULES, "rfc5280.4.1.2.3.signature_algorithm")
def _signature_algorithm(target: Target) -> str | None:
    if target.fields[ALGORITHM].whole == algorithm_der(target.intent.issuer_key):
        return None
    return f"signature algorithm {target.certificate.signature_algorithm_oid.dotted_string}"


@collect(RULES, "rfc5280.4.1.2.4.issuer_is_ca_subject")
def _issuer_is_ca_subject(target: Target) -> str | None:
    intent = target.intent
    # The octets of the issuer's certificate where there is one, not a name encoded again.
    if intent.issuer is None:
        expected = target.fields[SUBJECT].whole
    else:
        expected = intent.issuer.subject.public_bytes()
    same = target.fields[ISSUER].whole == expected
    return None if same and target.certificate.issuer == intent.issuer_name else "issuer differs"


@collect(RULES, "rfc5280.4.1.2.5.time_form")
def _time_form(target: Target) -> str | None:
    # That a time is in whole seconds of UTC was seen when the bytes were parsed.
    for field in der.read_all(target.fields[VALIDITY].content, "validity"):
        if field.tag == der.GENERALIZED_TIME and field.content < b"2050":
            return "GeneralizedTime before 2050"
    return None


@collect(RULES, "rfc5280.4.1.2.5.order")
def _order(target: Target) -> str | None:
    not_before, not_after = _validity(target)
    return None if not_before < not_after else "ends before it begins"


@collect(RULES, "antin.not_before_not_future")
def _not_before_not_future(target: Target) -> str | None:
    return None if _validity(target)[0] <= target.intent.now else "notBefore lies in the future"


@collect(RULES, "antin.validity_within_issuer")
def _validity_within_issuer(target: Target) -> str | None:
    issuer = target.intent.issuer
    not_before, not_after = _validity(target)
    if issuer is None:
        return None
    if not_before < issuer.not_valid_before_utc:
        return "begins before its issuer"
    return None if not_after <= issuer.not_valid_after_utc else "outlives its issuer"


@collect(RULES, "antin.validity_within_profile")
def _validity_within_profile(target: Target) -> str | None:
    not_before, not_after = _validity(target)
    end = target.intent.profile.lifetime.end(not_before)
    return None if not_after <= end else "longer than the profile allows"


@collect(RULES, "nd68.9.lifetime")
def _legal_lifetime(target: Target) -> str | None:
    not_before, not_after = _validity(target)
    end = target.intent.profile.legal_end(not_before)
    return None if not_after <= end else "longer than Decree 68/2024 Art. 9 allows"


@collect(RULES, "rfc5280.4.1.2.6.subject_is_intended")
def _subject_is_intended(target: Target) -> str | None:
    same = target.fields[SUBJECT].whole == target.intent.subject.name().public_bytes()
    return None if same else "subject differs from what was meant"


@collect(RULES, "rfc5280.4.1.2.6.subject_not_empty")
def _subject_not_empty(target: Target) -> str | None:
    return None if target.fields[SUBJECT].content else "subject is empty"


@collect(RULES, "rfc5280.4.1.2.4.string_types")
def _string_types(target: Target) -> str | None:
    for attribute in _attributes(target.fields[SUBJECT]):
        oid, value = der.read_all(attribute.content, "attribute")
        expected = _PRINTABLE_STRING if oid.content == _COUNTRY else _UTF8_STRING
        if value.tag != expected:
            return "an attribute is not a UTF8String (C: PrintableString)"
    return None


@collect(RULES, "x520.6.no_control_characters")
def _no_control_characters(target: Target) -> str | None:
    for attribute in _attributes(target.fields[SUBJECT]):
        if _CONTROLS & set(der.read_all(attribute.content, "attribute")[1].content):
            return "control character in the subject"
    return None


@collect(RULES, "rfc5280.4.1.2.7.key_is_intended")
def _key_is_intended(target: Target) -> str | None:
    spki = target.intent.public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return None if target.fields[KEY].whole == spki else "public key differs from what was meant"


@collect(RULES, "antin.key_strength")
def _key_strength(target: Target) -> str | None:
    key = target.certificate.public_key()
    try:
        check_strength(key, target.intent.profile.key_types)
    except WeakKeyError as error:
        return str(error)
    return None if key_type_of(key) else "unknown key"


@collect(RULES, "rfc5280.4.1.2.8.no_unique_identifiers")
def _no_unique_identifiers(target: Target) -> str | None:
    tags = {field.tag for field in target.fields}
    return "unique identifier" if tags & {_TAG_ISSUER_UID, _TAG_SUBJECT_UID} else None


@collect(RULES, "rfc5280.4.1.2.6.mail_in_alternative_name")
def _mail_in_alternative_name(target: Target) -> str | None:
    extension = target.extension(SubjectAlternativeName)
    found = tuple(name.value for name in extension.value) if extension else ()
    return None if found == target.intent.subject.mail else "mail addresses differ"


def _validity(target: Target) -> tuple[datetime, datetime]:
    certificate = target.certificate
    return (
        certificate.not_valid_before_utc.astimezone(UTC),
        certificate.not_valid_after_utc.astimezone(UTC),
    )


def _attributes(name: der.TLV) -> list[der.TLV]:
    return [
        attribute
        for relative in der.read_all(name.content, "name")
        for attribute in der.read_all(relative.content, "relative name")
    ]
