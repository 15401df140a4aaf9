"""What a rule sees, what it answers, and how it is registered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from cryptography import x509

from pki import der
from pki.keys import PublicKey
from pki.profile import Profile
from pki.subject import Subject
from pki.urls import AuthorityURLs

ExtensionT = TypeVar("ExtensionT", bound=x509.ExtensionType)


class Severity(StrEnum):
    """How bad a finding is; an error blocks."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule that does not hold."""

    id: str
    """`<standard>.<clause>.<what>`."""
    severity: Severity
    detail: str


@dataclass(frozen=True, slots=True)
class Intent:
    """What is meant to be signed: the bytes are judged against it."""

    profile: Profile
    subject: Subject
    public_key: PublicKey
    issuer_name: x509.Name
    issuer_key: PublicKey
    issuer: x509.Certificate | None
    """None for a root, which is its own issuer."""
    urls: AuthorityURLs
    now: datetime


@dataclass(frozen=True, slots=True)
class Target:
    """To-be-signed bytes under the linter."""

    tbs_der: bytes
    fields: tuple[der.TLV, ...]
    certificate: x509.Certificate
    """The bytes in a certificate without a signature, parsed (RFC 9925 speaks of such)."""
    intent: Intent

    def extension(self, kind: type[ExtensionT]) -> x509.Extension[ExtensionT] | None:
        """Return the extension of that kind."""
        try:
            return self.certificate.extensions.get_extension_for_class(kind)
        except x509.ExtensionNotFound:
            return None


Check = Callable[[Target], str | None]
"""Returns what is wrong, or None."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One clause."""

    id: str
    check: Check
    severity: Severity = Severity.ERROR


def collect(rules: list[Rule], id_: str) -> Callable[[Check], Check]:
    """Return a decorator that adds a check to `rules` under `id_`."""

    def add(check: Check) -> Check:
        rules.append(Rule(id_, check))
        return check

    return add
