"""What a rule sees, what it answers, and how it is registered.

A rule is one function a clause. It answers with the facts of the fault, or None; the sentence is
the message `pki.lint.<id>` of the catalogue, in the reader's language, and so is the clause.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property

from cryptography import x509

from pki import der
from pki.errors.tree import Fact, Phrase
from pki.keys import PublicKey
from pki.lint.frame import Frame
from pki.profile import Profile
from pki.standing import Standing
from pki.subject import Subject
from pki.urls import AuthorityURLs

_PLAIN = {0x0C, 0x13}
"""UTF8String and PrintableString: their octets are the text, nothing has to be parsed for it."""
STANDARDS = ("antin", "nd68", "rfc3161", "rfc5280", "rfc6960", "x520")
"""The first words of rules' ids, and what they are called in the catalogue."""


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
    facts: Mapping[str, Fact] = field(default_factory=dict)
    """Never a personal number, nor a name."""

    @property
    def clause(self) -> Phrase:
        """The article that does not hold."""
        standard, *number, _ = self.id.split(".")
        facts = {"number": ".".join(number).upper()} if number else {}
        return Phrase(f"pki.lint.standard.{standard}", facts)

    @property
    def words(self) -> Phrase:
        """What does not hold, with its article."""
        what = Phrase(f"pki.lint.{self.id}", self.facts)
        return Phrase("pki.lint.found", {"what": what, "clause": self.clause, "id": self.id})


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
    renewal: bool = False
    """Whether it follows another certificate for the same key: the law allows it less time."""
    standing: Standing | None = None
    """Of a link or a cross-certificate: how the authority is called already."""
    issuer_pss: bool = False
    """Whether the issuer signs by RSASSA-PSS, if its key is one of RSA."""

    @property
    def name_der(self) -> bytes:
        """The subject's name as it is to be written."""
        if self.standing is not None:
            return self.standing.name.public_bytes()
        return self.subject.name_der()


@dataclass(frozen=True)
class Target:
    """To-be-signed bytes under the linter. What is asked for more than once is read once."""

    tbs_der: bytes
    fields: tuple[der.TLV, ...]
    certificate: x509.Certificate
    """The bytes in a certificate without a signature, parsed (RFC 9925 speaks of such)."""
    intent: Intent
    frame: Frame
    own: Mapping[type[x509.ExtensionType], bytes]
    """The octets of those extensions that are no part of the frame."""
    attributes: tuple[tuple[der.TLV, der.TLV], ...]
    """Object identifier and value of each attribute of the subject, as they are written."""

    @cached_property
    def subject(self) -> x509.Name:
        """The subject's name, parsed."""
        return self.certificate.subject

    @cached_property
    def values(self) -> tuple[tuple[bytes, str], ...]:
        """Object identifier, as it is encoded, and text of each attribute of the subject."""
        if _PLAIN.issuperset([value.tag for _, value in self.attributes]):
            return tuple([(oid.content, value.content.decode()) for oid, value in self.attributes])
        texts = [str(attribute.value) for attribute in self.subject]
        pairs = zip(self.attributes, texts, strict=True)
        return tuple([(oid.content, text) for (oid, _), text in pairs])

    @cached_property
    def alternative_names(self) -> tuple[der.TLV, ...]:
        """The subject's alternative names, as they are written."""
        octets = self.own.get(x509.SubjectAlternativeName)
        if octets is None:
            return ()
        value = der.read_all(der.read(octets, "extension").content, "extension")[-1]
        return der.read_all(der.read(value.content, "names").content, "names")

    @cached_property
    def validity(self) -> tuple[datetime, datetime]:
        """Its first and its last second."""
        first, last = self.certificate.not_valid_before_utc, self.certificate.not_valid_after_utc
        return first.astimezone(UTC), last.astimezone(UTC)


Fault = Mapping[str, Fact] | None
"""The facts of what is wrong, or None where nothing is."""

Check = Callable[[Target], Fault]
FrameCheck = Callable[[Frame], Fault]


def unless(holds: bool, **facts: Fact) -> Fault:  # noqa: FBT001  reads as it is spoken
    """Return the facts as a fault, unless it holds."""
    return None if holds else facts


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One clause, on what is each certificate's own."""

    id: str
    check: Check
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, slots=True, eq=False)
class FrameRule:
    """One clause, on what is the same in all certificates of a profile and an authority."""

    id: str
    check: FrameCheck
    severity: Severity = Severity.ERROR


def collect(rules: list[Rule | FrameRule], id_: str) -> Callable[[Check], Check]:
    """Return a decorator that adds a check to `rules` under `id_`."""

    def add(check: Check) -> Check:
        rules.append(Rule(id_, check))
        return check

    return add


def collect_frame(rules: list[Rule | FrameRule], id_: str) -> Callable[[FrameCheck], FrameCheck]:
    """Return a decorator that adds a check of the frame to `rules` under `id_`."""

    def add(check: FrameCheck) -> FrameCheck:
        rules.append(FrameRule(id_, check))
        return check

    return add
