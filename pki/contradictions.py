"""What a profile may not state at the same time, each with the field that is to be mended.

Spec: RFC 5280 §4.2.1.3, §4.2.1.9 and §4.2.1.12; RFC 3161 §2.3; RFC 6960 §4.2.2.2; RFC 8410 §5;
RFC 9881 §5; ETSI EN 319 412-2 §4.3.2; Decree 68/2024/ND-CP Art. 9 (not checked against the
official text). ETSI EN 319 412-5 (QCStatements) is left out: its statements speak of qualified
certificates in the European Union, and Vietnamese law has none of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from cryptography import x509

from pki.errors.tree import phrase
from pki.hosts import host_name
from pki.profile_tables import (
    LEGAL_RENEWAL_YEARS,
    LEGAL_YEARS,
    Contradiction,
    Kind,
    Lifetime,
    ProfileTables,
)

SIGNS_OTHERS = frozenset({"keyCertSign", "cRLSign"})
ENCRYPTS = frozenset({"keyEncipherment", "dataEncipherment", "keyAgreement"})
_SIGNS = frozenset({"digitalSignature", "contentCommitment"})

BITS_FOR_USAGE: dict[str, frozenset[str]] = {
    "serverAuth": frozenset({"digitalSignature", "keyEncipherment", "keyAgreement"}),
    "clientAuth": frozenset({"digitalSignature", "keyAgreement"}),
    "codeSigning": frozenset({"digitalSignature"}),
    "emailProtection": _SIGNS | {"keyEncipherment", "keyAgreement"},
    "timeStamping": _SIGNS,
    "OCSPSigning": _SIGNS,
    "documentSigning": _SIGNS,  # RFC 9336 §3
    "auditLog": _SIGNS,
}
"""RFC 5280 §4.2.1.12: of these, at least one."""

KEYS_FOR_BIT = {"keyEncipherment": "rsa-", "dataEncipherment": "rsa-", "keyAgreement": "ec-"}
"""By the beginning of their names: RFC 4055 §1.2, RFC 5480 §3, RFC 8410 §5, RFC 9881 §5."""

_ALONE = ("timeStamping", "auditLog", "OCSPSigning")
_ALONE_AND_CRITICAL = ("timeStamping", "auditLog")
_HOLDS_IDENTIFIERS = frozenset({"UID", "serialNumber", "organizationIdentifier"})
_ALTERNATIVE = frozenset({"E", "DNS", "IP"})

Rule = Callable[[ProfileTables], Iterator[Contradiction]]


def contradictions(profile: ProfileTables) -> Iterator[Contradiction]:
    """Yield what contradicts, the gravest first."""
    for rule in _RULES:
        yield from rule(profile)


def _authority(profile: ProfileTables) -> Iterator[Contradiction]:
    bits, is_authority = set(profile.key_usage), profile.kind is Kind.AUTHORITY
    if is_authority != (profile.authority is not None):
        yield Contradiction("authority", phrase("pki.profile.authority_table"))
    elif not is_authority and SIGNS_OTHERS & bits:
        yield Contradiction("key_usage", phrase("pki.profile.signs_others"))
    elif is_authority and not bits >= SIGNS_OTHERS:
        yield Contradiction("key_usage", phrase("pki.profile.signs_none"))
    elif is_authority and bits - SIGNS_OTHERS - {"digitalSignature"}:
        yield Contradiction("key_usage", phrase("pki.profile.authority_bits"))
    if is_authority and profile.extended_key_usage:
        yield Contradiction("extended_key_usage", phrase("pki.profile.authority_usages"))
    if is_authority and profile.subject.allowed & _ALTERNATIVE:
        yield Contradiction("subject", phrase("pki.profile.authority_names"))


def _lifetimes(profile: ProfileTables) -> Iterator[Contradiction]:
    years, again = LEGAL_YEARS[profile.kind], LEGAL_RENEWAL_YEARS[profile.kind]
    if profile.lifetime.exceeds(Lifetime(years=years)):
        yield Contradiction("lifetime", phrase("pki.profile.law", years=years))
    renewal = profile.renewal_lifetime
    if renewal is not None and renewal.exceeds(Lifetime(years=again)):
        yield Contradiction("renewal_lifetime", phrase("pki.profile.law", years=again))
    elif renewal is not None and renewal.exceeds(profile.lifetime):
        yield Contradiction("renewal_lifetime", phrase("pki.profile.renewal_longer"))
    if profile.ocsp_no_check and profile.lifetime.exceeds(Lifetime(years=1)):
        yield Contradiction("lifetime", phrase("pki.profile.no_check_long"))


def _usages(profile: ProfileTables) -> Iterator[Contradiction]:
    usages, bits = profile.extended_key_usage, frozenset(profile.key_usage)
    for usage in usages:
        if usage in _ALONE and len(usages) > 1:
            yield _usage("pki.profile.alone", usage)
        if usage in _ALONE_AND_CRITICAL and not profile.extended_key_usage_critical:
            yield _usage("pki.profile.critical", usage)
        if not BITS_FOR_USAGE[usage] & bits:
            wanted = tuple(sorted(BITS_FOR_USAGE[usage]))
            reason = phrase("pki.profile.usage_without_bit", usage=usage, bits=wanted)
            yield Contradiction("key_usage", reason)
    if profile.extended_key_usage_critical and not usages:
        reason = phrase("pki.profile.critical_without_usage")
        yield Contradiction("extended_key_usage_critical", reason)
    if profile.ocsp_no_check and "OCSPSigning" not in usages:
        yield Contradiction("ocsp_no_check", phrase("pki.profile.no_check"))


def _usage(words: str, usage: str) -> Contradiction:
    return Contradiction("extended_key_usage", phrase(words, usage=usage))


def _approvals(profile: ProfileTables) -> Iterator[Contradiction]:
    if not profile.approvals:
        return
    if profile.kind is Kind.AUTHORITY:
        yield Contradiction("approvals", phrase("pki.profile.approved_authority"))
    elif set(_ALONE) & set(profile.extended_key_usage):
        yield Contradiction("approvals", phrase("pki.profile.approved_service"))


def _keys(profile: ProfileTables) -> Iterator[Contradiction]:
    for bit in profile.key_usage:
        fitting = KEYS_FOR_BIT.get(bit, "")
        unfit = tuple(one.value for one in profile.key_types if not one.startswith(fitting))
        if unfit:
            yield Contradiction("key_types", phrase("pki.profile.bit", bit=bit, keys=unfit))
    by_pss = profile.authority is not None and profile.authority.rsa_pss
    if by_pss and not any(one.startswith("rsa-") for one in profile.key_types):
        yield Contradiction("authority.rsa_pss", phrase("pki.profile.pss_without_rsa"))
    if "contentCommitment" in profile.key_usage and ENCRYPTS & set(profile.key_usage):
        yield Contradiction("key_usage", phrase("pki.profile.mixed_bits"))


def _subject(profile: ProfileTables) -> Iterator[Contradiction]:
    table, usages = profile.subject, profile.extended_key_usage
    required, allowed = set(table.required), table.allowed
    if required & set(table.optional):
        yield Contradiction("subject.optional", phrase("pki.profile.required_and_optional"))
    if not {"O", "CN"} <= required:
        yield Contradiction("subject.required", phrase("pki.profile.name_needed"))
    if "documentSigning" in usages and "C" not in required:
        yield Contradiction("subject.required", phrase("pki.profile.country_needed"))
    if "serverAuth" in usages and not {"DNS", "IP"} & required:
        yield Contradiction("subject.required", phrase("pki.profile.server_names"))
    if "emailProtection" in usages and "E" not in allowed:
        yield Contradiction("subject.optional", phrase("pki.profile.mail_needed"))
    if table.wildcards and not ("DNS" in allowed and "serverAuth" in usages):
        yield Contradiction("subject.wildcards", phrase("pki.profile.wildcards"))
    if table.identifiers is not None and not allowed & _HOLDS_IDENTIFIERS:
        yield Contradiction("subject.identifiers", phrase("pki.profile.identifiers"))


def _policy(profile: ProfileTables) -> Iterator[Contradiction]:
    stated = profile.policy
    if stated == "any" and profile.kind is not Kind.AUTHORITY:
        yield Contradiction("policy", phrase("pki.profile.any_policy"))
    elif stated not in {"", "any"} and not re.fullmatch(
        r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){0,3}", stated
    ):
        yield Contradiction("policy", phrase("pki.profile.policy"))
    elif profile.policy_oid is not None:
        try:
            x509.ObjectIdentifier(profile.policy_oid)
        except ValueError:
            yield Contradiction("policy_arc", phrase("pki.profile.policy_arc"))
    statement = profile.practice_statement
    if statement and not re.fullmatch(r"https?://[!-~]{1,190}", statement):
        yield Contradiction("practice_statement", phrase("pki.profile.practice_statement"))
    elif statement and not stated:
        yield Contradiction("practice_statement", phrase("pki.profile.statement_of_nothing"))


def _doubles(profile: ProfileTables) -> Iterator[Contradiction]:
    lists: dict[str, tuple[str, ...]] = {
        "key_usage": profile.key_usage,
        "extended_key_usage": profile.extended_key_usage,
        "key_types": profile.key_types,
        "subject.required": profile.subject.required,
        "subject.optional": profile.subject.optional,
        "subject.identifiers": profile.subject.identifiers or (),
    }
    for place, values in lists.items():
        if len(set(values)) != len(values):
            yield Contradiction(place, phrase("pki.profile.twice"))


def _constraints(profile: ProfileTables) -> Iterator[Contradiction]:
    table = profile.authority
    if table is None:
        return
    for place, domains in (
        ("authority.permitted_dns", table.permitted_dns),
        ("authority.permitted_mail", table.permitted_mail),
    ):
        if any(host_name(domain) != domain or domain.startswith("*") for domain in domains):
            yield Contradiction(place, phrase("pki.profile.domain"))


_RULES: tuple[Rule, ...] = (
    _authority,
    _lifetimes,
    _usages,
    _approvals,
    _keys,
    _subject,
    _policy,
    _doubles,
    _constraints,
)
