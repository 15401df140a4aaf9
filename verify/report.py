"""The verdict as data: frozen, without a truth value, without sentences.

Spec: EN 319 102-1 §5.1.3; ETSI TS 119 102-2 (what a report tells).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from pki.errors.tree import Bilingual
from verify.content import Digest
from verify.errors import NotPassedError
from verify.facts import Changes, Kind
from verify.finding import Finding
from verify.graded import DisplayReport
from verify.indication import Indication, SubIndication
from verify.law import Scope
from verify.rules.revocation import Standing


@dataclass(frozen=True, slots=True)
class SignerReport:
    """Who signed, as the certificate says."""

    common_name: str | None
    organization: str | None
    title: str | None
    serial: str
    issuer: str
    not_before: datetime
    not_after: datetime
    identifiers: tuple[str, ...] = ()
    """Numbers in the certificate, `KIND:NUMBER`; those of people masked."""
    units: tuple[str, ...] = ()
    """Units of the organisation."""


@dataclass(frozen=True, slots=True)
class ServiceReport:
    """A service of a trusted list, as it was when it was relied on."""

    territory: str
    provider: str
    name: str
    kind: str
    """`CA/QC`, `TSA/QTST`, …"""
    status: str
    """`granted`, `withdrawn`, …"""
    since: datetime
    additional: tuple[str, ...]
    """URIs of what the list tells besides: for signatures, for seals, …"""
    qualifiers: tuple[str, ...]
    """URIs the list gives to some of its certificates."""


@dataclass(frozen=True, slots=True)
class LinkReport:
    """One certificate of the path."""

    name: str
    issuer: str
    serial: str
    fingerprint: str
    """SHA-256 of its DER, lower-case hex."""
    not_before: datetime
    not_after: datetime
    trusted: bool
    standing: Standing | None
    """What is known of its status; None for the trust anchor."""
    evidence: str | None = None
    """`ocsp` or `crl`: what that rests on."""
    evidence_issued: datetime | None = None
    evidence_until: datetime | None = None
    """When something newer will be there, as it says itself."""
    evidence_in_document: bool = False
    revoked_at: datetime | None = None
    services: tuple[ServiceReport, ...] = ()
    """What trusted lists tell of it, if they make it an anchor."""


@dataclass(frozen=True, slots=True)
class TimestampReport:
    """One time-stamp inside a signature."""

    time: datetime | None
    authority: str | None
    indication: Indication
    sub_indication: SubIndication | None
    content: bool
    path: tuple[LinkReport, ...] = ()
    digests: tuple[str, ...] = ()
    """All digests it depends on."""


@dataclass(frozen=True, slots=True)
class RuleReport:
    """The rule of law that a signature was judged by."""

    id: str
    scope: Scope
    """Whose signatures it is about."""
    day: date
    """For which it was looked up, in Vietnam."""
    proved: bool
    """A time-stamp proves that day; else it is that of judging."""
    since: date
    until: date | None
    texts: tuple[Bilingual, ...]
    """Laws, decrees and circulars, with their articles."""


@dataclass(frozen=True, slots=True)
class SignatureReport:
    """One signature, seal or document time-stamp."""

    field: str
    kind: Kind
    indication: Indication
    sub_indication: SubIndication | None
    level: str | None
    signer: SignerReport | None
    claimed_signing_time: datetime | None
    best_signature_time: datetime | None
    algorithm: str | None
    covers_whole_document: bool
    changes_after: Changes
    findings: tuple[Finding, ...]
    sub_filter: str
    revision: int
    revisions: int
    byte_range: tuple[int, ...] = ()
    timestamps: tuple[TimestampReport, ...] = ()
    path: tuple[LinkReport, ...] = ()
    digests: tuple[str, ...] = ()
    """All digests it depends on."""
    for_duty: bool = False
    """The signer's certificate is one for official duty."""
    rule: RuleReport | None = None
    """None where the policy asks about no law, where no rule covers the day, and for
    time-stamps."""


@dataclass(frozen=True, slots=True)
class Need:
    """A certificate about which evidence, or whose issuer, is missing (DER)."""

    certificate: bytes
    issuer: bytes | None


@dataclass(frozen=True, slots=True)
class Report:
    """The verdict on one document."""

    name: str
    sha256: str
    """Of the document, lower-case hex; empty where only another digest of it was handed in."""
    size: int
    """Octets; 0 where only a digest was handed in."""
    pages: int | None
    indication: Indication
    sub_indication: SubIndication | None
    policy: str
    judged_at: datetime
    signatures: tuple[SignatureReport, ...]
    findings: tuple[Finding, ...]
    needs: tuple[Need, ...] = ()
    """What more evidence might decide; empty when nothing would."""
    digest: Digest | None = None
    """What was handed in in the place of the document."""
    display: DisplayReport | None = None
    """How it meets the display rules; None where they are not for it, or it was not asked."""

    def __bool__(self) -> bool:
        """Refuse: a verdict has three values, and `if report:` would hide one.

        Raises:
            TypeError: always.
        """
        raise TypeError("a report is not true or false: read .indication or require_passed()")

    @property
    def passed(self) -> bool:
        """Say whether the document is TOTAL-PASSED."""
        return self.indication is Indication.TOTAL_PASSED

    def require_passed(self) -> None:
        """Return only if the document is TOTAL-PASSED.

        Raises:
            NotPassedError: it is TOTAL-FAILED or INDETERMINATE.
        """
        if not self.passed:
            why = self.sub_indication.value if self.sub_indication else ""
            raise NotPassedError(name=self.name, indication=self.indication.value, why=why)
