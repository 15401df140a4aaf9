"""The linter's word on a certificate that is there, whoever made it.

Only rules that ask neither for a profile nor for an order can judge it: what was meant to be issued
nobody knows any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec

from pki.errors.keys import WeakKeyError
from pki.errors.tree import Phrase
from pki.keys import PublicKey
from pki.lint.linter import RULES, judge_by
from pki.lint.target import Finding, Intent, Severity
from pki.profile import Profile, load_profile
from pki.strength import check_strength
from pki.subject import Subject
from pki.urls import AuthorityURLs

ASKING_NOBODY = frozenset(
    {
        "rfc5280.4.1.2.2.serial_positive",
        "rfc5280.4.1.2.2.serial_octets",
        "antin.serial_length",
        "rfc5280.4.1.2.4.issuer_is_ca_subject",
        "rfc5280.4.1.2.5.time_form",
        "rfc5280.4.1.2.5.order",
        "antin.validity_within_issuer",
        "rfc5280.4.1.2.8.no_unique_identifiers",
        "rfc5280.4.1.2.6.subject_not_empty",
        "rfc5280.4.1.2.4.string_types",
        "x520.6.no_control_characters",
        "rfc5280.a.1.upper_bounds",
        "antin.values_in_their_form",
        "rfc5280.4.2.1.6.host_names",
        "rfc5280.4.2.1.6.mail_addresses",
        "nd68.7.contents",
        "rfc5280.4.2.1.1.authority_key_identifier",
        "rfc5280.4.2.1.12.usages_fit_bits",
        "rfc3161.2.3.time_stamping_alone_and_critical",
    }
)
"""The rules that ask for the certificate and its issuer alone."""
_RULES = tuple(rule for rule in RULES if rule.id in ASKING_NOBODY)


def judge_alone(
    certificates: Iterable[x509.Certificate], authority: x509.Certificate
) -> Iterator[tuple[Finding, ...]]:
    """Yield what the linter has against each certificate of an authority, in their order."""
    intent = intent_of(authority, load_profile("official"))
    for one in certificates:
        yield (*judge_by(_RULES, one.tbs_certificate_bytes, intent), *_key(one))


def intent_of(authority: x509.Certificate, profile: Profile) -> Intent:
    """Return an intent of which only the issuer counts; no rule used here looks at the rest."""
    key: PublicKey = _ANY_KEY
    try:
        found = authority.public_key()
    except (ValueError, UnsupportedAlgorithm):
        found = key  # the plan says that it cannot be used
    return Intent(
        profile=profile,
        subject=Subject(()),
        public_key=key,
        issuer_name=authority.subject,
        issuer_key=found if isinstance(found, PublicKey) else key,
        issuer=authority,
        urls=AuthorityURLs(),
        now=authority.not_valid_before_utc,
    )


def _key(certificate: x509.Certificate) -> Iterator[Finding]:
    try:
        check_strength(certificate.public_key())
    except WeakKeyError as error:
        yield Finding(
            "antin.key_strength", Severity.ERROR, {"reason": Phrase(error.code, error.facts)}
        )
    except (ValueError, UnsupportedAlgorithm) as error:
        facts = {"rule": "antin.key_strength", "error": type(error).__name__}
        yield Finding("antin.judged", Severity.ERROR, facts)


_ANY_KEY = ec.generate_private_key(ec.SECP256R1()).public_key()
