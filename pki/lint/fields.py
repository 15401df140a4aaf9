"""Rules on the fields of a certificate of version 3; one of another version is not well-formed.

Spec: RFC 5280 §4.1.2; ids name the clause.
"""

from __future__ import annotations

from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

from pki import der
from pki.errors.keys import WeakKeyError
from pki.errors.tree import Phrase
from pki.keys import PublicKey, algorithm_der
from pki.lint.frame import Frame
from pki.lint.target import (
    Fault,
    FrameRule,
    Rule,
    Target,
    collect,
    collect_frame,
    unless,
)
from pki.strength import check_strength, spki_der

RULES: list[Rule | FrameRule] = []

VERSION, SERIAL, ALGORITHM, ISSUER, VALIDITY, SUBJECT, KEY = range(7)
"""Positions of the fields in a version 3 TBSCertificate."""

_TAG_ISSUER_UID, _TAG_SUBJECT_UID = 0x81, 0x82


# The linter reads them, and who puts the signature beside them; parts of octets cannot change.
@lru_cache(maxsize=16)
def read_fields(tbs_der: bytes) -> tuple[der.TLV, ...]:
    """Return the fields of a TBSCertificate as they are written, at the positions above.

    Raises:
        MalformedDERError: not DER.
    """
    return der.read_all(der.read(tbs_der, "certificate").content, "certificate")


@collect(RULES, "rfc5280.4.1.2.2.serial_positive")
def _serial_positive(target: Target) -> Fault:
    return unless(target.certificate.serial_number > 0)


@collect(RULES, "rfc5280.4.1.2.2.serial_octets")
def _serial_octets(target: Target) -> Fault:
    size = len(target.fields[SERIAL].content)
    return unless(size <= 20, octets=size)


@collect(RULES, "antin.serial_length")
def _serial_length(target: Target) -> Fault:
    bits = target.certificate.serial_number.bit_length()
    return unless(bits > 64, bits=bits)


@collect_frame(RULES, "rfc5280.4.1.2.3.signature_algorithm")
def _signature_algorithm(frame: Frame) -> Fault:
    same = frame.algorithm == algorithm_der(frame.issuer_key, pss=frame.issuer_pss)
    return unless(same, found=frame.certificate.signature_algorithm_oid.dotted_string)


@collect_frame(RULES, "rfc5280.4.1.2.4.issuer_is_ca_subject")
def _issuer_is_ca_subject(frame: Frame) -> Fault:
    # The octets of the issuer's certificate where there is one, not a name encoded again.
    issuer = frame.issuer
    expected = frame.own_name if issuer is None else issuer.subject.public_bytes()
    same = frame.issuer_octets == expected
    return unless(same and frame.certificate.issuer == frame.issuer_name)


@collect(RULES, "rfc5280.4.1.2.5.time_form")
def _time_form(target: Target) -> Fault:
    # That a time is in whole seconds of UTC was seen when the bytes were parsed.
    times = der.read_all(target.fields[VALIDITY].content, "validity")
    early = (one.tag == der.GENERALIZED_TIME and one.content < b"2050" for one in times)
    return unless(not any(early))


@collect(RULES, "rfc5280.4.1.2.5.order")
def _order(target: Target) -> Fault:
    not_before, not_after = target.validity
    return unless(not_before < not_after, not_before=not_before, not_after=not_after)


@collect(RULES, "antin.not_before_not_future")
def _not_before_not_future(target: Target) -> Fault:
    not_before, now = target.validity[0], target.intent.now
    return unless(not_before <= now, not_before=not_before, now=now)


@collect(RULES, "antin.validity_within_issuer")
def _validity_within_issuer(target: Target) -> Fault:
    issuer = target.intent.issuer
    if issuer is None:
        return None
    not_before, not_after = target.validity
    first, last = issuer.not_valid_before_utc, issuer.not_valid_after_utc
    within = first <= not_before and not_after <= last
    return unless(within, not_before=not_before, not_after=not_after, first=first, last=last)


@collect(RULES, "antin.validity_within_profile")
def _validity_within_profile(target: Target) -> Fault:
    not_before, not_after = target.validity
    profile = target.intent.profile
    longest = profile.renewal if target.intent.renewal else profile.lifetime
    end = longest.end(not_before)
    return unless(not_after <= end, not_after=not_after, allowed=end)


@collect(RULES, "nd68.9.lifetime")
def _legal_lifetime(target: Target) -> Fault:
    not_before, not_after = target.validity
    end = target.intent.profile.legal_end(not_before, renewal=target.intent.renewal)
    return unless(not_after <= end, not_after=not_after, allowed=end)


@collect(RULES, "rfc5280.4.1.2.7.key_is_intended")
def _key_is_intended(target: Target) -> Fault:
    return unless(target.fields[KEY].whole == spki_der(target.intent.public_key))


@collect(RULES, "antin.key_strength")
def _key_strength(target: Target) -> Fault:
    intent = target.intent
    key = key_in(target.fields, target.certificate, intent.public_key)
    try:
        check_strength(key, intent.profile.key_types)
    except WeakKeyError as error:
        return {"reason": Phrase(error.code, error.facts)}
    return None


@collect(RULES, "rfc5280.4.1.2.8.no_unique_identifiers")
def _no_unique_identifiers(target: Target) -> Fault:
    tags = {field.tag for field in target.fields}
    return unless(not tags & {_TAG_ISSUER_UID, _TAG_SUBJECT_UID})


def key_in(
    fields: tuple[der.TLV, ...], certificate: x509.Certificate, intended: PublicKey
) -> CertificatePublicKeyTypes:
    """Return the certificate's key: the intended one, where that stands there octet for octet.

    Raises:
        ValueError: it cannot be read.
        UnsupportedAlgorithm: likewise.
    """
    if fields[KEY].whole == spki_der(intended):
        return intended
    return certificate.public_key()


def attributes_in(name: bytes) -> tuple[tuple[der.TLV, der.TLV], ...]:
    """Return object identifier and value of each attribute in the content of a name.

    Raises:
        MalformedDERError: it is none.
        ValueError: likewise.
    """
    return tuple(
        [
            attribute
            for relative in der.read_all(name, "name")
            for attribute in _attributes_of(relative.content)
        ]
    )


@lru_cache(maxsize=64)  # an office's names stand in many certificates
def _attributes_of(relative: bytes) -> tuple[tuple[der.TLV, der.TLV], ...]:
    written = (
        der.read_all(attribute.content, "attribute")
        for attribute in der.read_all(relative, "relative name")
    )
    return tuple((oid, value) for oid, value in written)
