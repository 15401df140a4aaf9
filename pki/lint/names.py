"""Rules on whom a certificate speaks of: the subject, and its alternative names.

The first two compare with what was meant; the others judge the names by themselves, so that what
was meant wrongly is found too.

Spec: RFC 5280 §4.1.2.6, §4.2.1.6 and Appendix A; X.520; Decree 68/2024/ND-CP Art. 7; ids name the
clause.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from cryptography import x509

from pki import der
from pki.extension import OIDS, extension_der
from pki.hosts import host_name, mail_address
from pki.lint.fields import ISSUER, SUBJECT, attributes_in
from pki.lint.target import Fault, FrameRule, Rule, Target, collect, unless
from pki.subject import ATTRIBUTES, unfit_value

RULES: list[Rule | FrameRule] = []

_UTF8_STRING, _PRINTABLE_STRING = 0x0C, 0x13
_PRINTABLE = {bytes.fromhex("550406"), bytes.fromhex("550405")}
"""Country and serial number."""
_CONTROLS = {*range(0x20), 0x7F}
_COMMON_NAME = bytes.fromhex("550403")
_LIMITS = tuple(
    OIDS[kind] for kind in (x509.KeyUsage, x509.ExtendedKeyUsage, x509.CertificatePolicies)
)
"""What limits purpose and scope."""
_MAIL, _DNS_NAME = 0x81, 0x82
_SHORTS = {
    der.read(der.oid(rule.oid.dotted_string), "attribute").content: short
    for short, rule in ATTRIBUTES.items()
}


@collect(RULES, "rfc5280.4.1.2.6.subject_is_intended")
def _subject_is_intended(target: Target) -> Fault:
    return unless(target.fields[SUBJECT].whole == target.intent.name_der)


@collect(RULES, "rfc5280.4.2.1.6.names_are_intended")
def _names_are_intended(target: Target) -> Fault:
    meant = target.intent.subject.alternative_names()
    expected = extension_der(x509.SubjectAlternativeName(meant)) if meant else None
    return unless(target.own.get(x509.SubjectAlternativeName) == expected)


@collect(RULES, "rfc5280.4.1.2.6.subject_not_empty")
def _subject_not_empty(target: Target) -> Fault:
    return unless(bool(target.fields[SUBJECT].content))


@collect(RULES, "rfc5280.4.1.2.4.string_types")
def _string_types(target: Target) -> Fault:
    standing = target.intent.standing is not None
    for place, (oid, value) in enumerate(target.attributes):
        if standing and value.tag in {_UTF8_STRING, _PRINTABLE_STRING}:
            continue  # octet for octet as it is called already; both are what the clause allows
        if value.tag != (_PRINTABLE_STRING if oid.content in _PRINTABLE else _UTF8_STRING):
            return {"attribute": _oid(target, place)}
    return None


@collect(RULES, "x520.6.no_control_characters")
def _no_control_characters(target: Target) -> Fault:
    for place, (_, value) in enumerate(target.attributes):
        if not _CONTROLS.isdisjoint(value.content):
            return {"attribute": _oid(target, place)}
    return None


@collect(RULES, "rfc5280.a.1.upper_bounds")
def _upper_bounds(target: Target) -> Fault:
    for short, value in _known(target):
        bound = ATTRIBUTES[short].upper_bound
        if not 1 <= len(value) <= bound:
            return {"attribute": short, "length": len(value), "bound": bound}
    return None


@collect(RULES, "antin.values_in_their_form")
def _values_in_their_form(target: Target) -> Fault:
    for short, value in _known(target):
        unfit = unfit_value(short, value)
        if unfit is not None:
            return {"attribute": short, "reason": unfit}
    return None


@collect(RULES, "antin.subject_fits_profile")
def _subject_fits_profile(target: Target) -> Fault:
    # That the bytes say what was meant is for the first two rules to find.
    unfit = target.intent.profile.unfit_subject(target.intent.subject)
    return None if unfit is None else {"reason": unfit}


@collect(RULES, "rfc5280.4.2.1.6.host_names")
def _host_names(target: Target) -> Fault:
    for name in _alternative(target, _DNS_NAME):
        if host_name(name) != name:
            return {"name": name}
    return None


@collect(RULES, "rfc5280.4.2.1.6.mail_addresses")
def _mail_addresses(target: Target) -> Fault:
    mails = _alternative(target, _MAIL)
    return unless(all(mail_address(mail) == mail for mail in mails))


@collect(RULES, "nd68.7.contents")
def _contents(target: Target) -> Fault:
    """Names of issuer and subscriber, and limits on purpose and scope; the rest is X.509's own."""
    missing = [place for place, names in _called(target) if not names]
    if not any(one.startswith(_LIMITS) for one in target.frame.extensions):
        missing.append("keyUsage")
    return unless(not missing, missing=tuple(missing))


def _called(target: Target) -> Iterator[tuple[str, bool]]:
    """Yield who has a common name."""
    yield "issuer", _has_common_name(target.fields[ISSUER].content)
    yield "subject", any(oid.content == _COMMON_NAME for oid, _ in target.attributes)


@lru_cache(maxsize=64)
def _has_common_name(name: bytes) -> bool:
    return any(oid.content == _COMMON_NAME for oid, _ in attributes_in(name))


def _alternative(target: Target, tag: int) -> list[str]:
    return [name.content.decode("ascii") for name in target.alternative_names if name.tag == tag]


def _known(target: Target) -> Iterator[tuple[str, str]]:
    """Yield the attributes that have a short name; of others no subject of ours consists."""
    for oid, value in target.values:
        short = _SHORTS.get(oid)
        if short is not None:
            yield short, value


def _oid(target: Target, place: int) -> str:
    return [attribute.oid.dotted_string for attribute in target.subject][place]
