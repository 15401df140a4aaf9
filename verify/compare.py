"""When two distinguished names are the same, and when a certificate issued itself.

Attributes are compared as strings whatever type they were encoded in: compatibility forms,
letter case and runs of spaces make no difference. What no string type holds is compared octet
by octet. Names only say whom to ask; the signature decides.

Spec: RFC 5280 §7.1; RFC 4518 §2.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from cryptography import x509

Comparable = tuple[frozenset[tuple[str, str | bytes]], ...]
"""A name in the one form in which equal names are equal."""


@lru_cache(maxsize=4096)
def comparable(name: x509.Name) -> Comparable:
    """Return the form of `name` in which equal names are equal."""
    return tuple(comparable_rdn(rdn) for rdn in name.rdns)


def comparable_rdn(rdn: x509.RelativeDistinguishedName) -> frozenset[tuple[str, str | bytes]]:
    """Return the form of one part of a name in which equal parts are equal."""
    return frozenset((item.oid.dotted_string, _prepared(item.value)) for item in rdn)


def same_name(one: x509.Name, other: x509.Name) -> bool:
    """Say whether two names are the same."""
    return one == other or comparable(one) == comparable(other)


def self_issued(certificate: x509.Certificate) -> bool:
    """Say whether subject and issuer are the same name, whatever key signed (§3.2)."""
    return same_name(certificate.subject, certificate.issuer)


def _prepared(value: str | bytes) -> str | bytes:
    if isinstance(value, bytes):
        return value
    return " ".join(unicodedata.normalize("NFKC", value).casefold().split())
