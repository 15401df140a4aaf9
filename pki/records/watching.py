"""What is recorded of other authorities' certificates that are followed.

Of a certificate: what it says of its subject, apart from its codes, and each change of its status
with the evidence. Of an issuer: each time it was asked, and how long what it said holds. A status
that nobody may rely on any more is `unknown`, whatever was recorded
(`WatchedCertificate.standing_at`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class HolderKind(StrEnum):
    """Whom a certificate speaks of, as far as itself tells."""

    PERSON = "person"
    AGENCY = "agency"
    DEVICE = "device"
    SERVICE = "service"
    """Time-stamps, OCSP, code."""
    AUTHORITY = "authority"


class Purpose(StrEnum):
    """What a certificate is mainly for: of one purpose a person needs one."""

    SIGN = "sign"
    ENCRYPT = "encrypt"
    SERVER = "server"
    SERVICE = "service"
    ISSUE = "issue"


class WatchedStanding(StrEnum):
    """What its issuer says of a certificate."""

    GOOD = "good"
    HELD = "held"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class WatchedSubject:
    """What a certificate says of whom it speaks of."""

    fingerprint: str
    """Of the certificate (`ForeignCertificate`)."""
    kind: HolderKind
    purpose: Purpose
    not_after: datetime
    name: str = field(repr=False)
    """The common name."""
    unit: str
    """The smallest unit it names, else the organisation."""
    organization: str
    citizen_number: str | None = field(default=None, repr=False)
    staff_code: str | None = None
    email: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class WatchedStatus:
    """The status of a certificate became this one. Never changes, and none is ever taken out."""

    fingerprint: str
    standing: WatchedStanding
    at: datetime
    """When it was asked."""
    source: str
    """`crl` or `ocsp`."""
    evidence_sha256: str
    """Of the list's or answer's DER, lower-case hex; of several, over their hashes in order."""
    revoked_at: datetime | None = None
    reason: str | None = None
    sequence: int = 0
    """Order in which the register took it; 0 until it is stored."""


@dataclass(frozen=True, slots=True)
class WatchRound:
    """An issuer was asked about all its certificates here."""

    issuer_sha256: str
    """Of the DER of its name, lower-case hex."""
    at: datetime
    good_until: datetime | None
    """Until when "good" may be relied on; None where nothing was had: what was known goes on."""
    evidence_sha256: str | None
    asked: int
    unanswered: int
    """Certificates about which nothing that counts was had."""
    why: str = ""
    """Why not: `offline`, or what the network said."""
    sequence: int = 0


@dataclass(frozen=True, slots=True)
class FollowedCertificate:
    """A certificate to be asked about."""

    fingerprint: str
    issuer_sha256: str
    issuer: str
    """RFC 4514 text."""
    der: bytes
    not_after: datetime
    serial: int
    name: str = field(repr=False)
    """The common name."""
    sequence: int
    """Its place in the order in which they are read."""
    standing: WatchedStanding
    """The last that was recorded."""


@dataclass(frozen=True, slots=True)
class WatchedCertificate:
    """A certificate of another authority, as it is reconciled and counted."""

    sequence: int
    subject: WatchedSubject
    serial: int
    issuer_sha256: str
    not_before: datetime
    standing: WatchedStanding
    """The last that was recorded; `good_until` says whether "good" still counts."""
    good_until: datetime | None

    def standing_at(self, now: datetime) -> WatchedStanding:
        """Return what may be relied on now: "good" only while what said so holds."""
        if self.standing is WatchedStanding.GOOD and not (
            self.good_until is not None and now <= self.good_until
        ):
            return WatchedStanding.UNKNOWN
        return self.standing


@dataclass(frozen=True, slots=True)
class WatchedWho:
    """Of whom certificates are wanted: any of these."""

    fingerprints: tuple[str, ...] = ()
    citizen_numbers: tuple[str, ...] = field(default=(), repr=False)
    staff_codes: tuple[str, ...] = ()
    """In lower case."""
    emails: tuple[str, ...] = field(default=(), repr=False)
    """In lower case."""
    agencies: tuple[str, ...] = ()
    """Names, as certificates have them for unit or organisation."""


class WatchRegister(Protocol):
    """What the store tells of what is followed; it raises as `Register` says."""

    def followed_issuers(self, now: datetime) -> tuple[str, ...]:
        """Return the hashes of the names of those with certificates that have not ended."""
        ...

    def followed(
        self, issuer_sha256: str, now: datetime, *, after: int, limit: int
    ) -> tuple[FollowedCertificate, ...]:
        """Return an issuer's certificates that have not ended, in their order.

        Args:
            issuer_sha256: of the DER of the issuer's name.
            now: those that ended before are left out.
            after: sequence of the last of the page before, 0 for the first.
            limit: how many at most.
        """
        ...

    def watched(self, *, after: int = 0, limit: int = 1000) -> tuple[WatchedCertificate, ...]:
        """Return all that is followed, a page at a time, in the order in which it came."""
        ...

    def find_watched(self, who: WatchedWho) -> tuple[WatchedCertificate, ...]:
        """Return what is followed of some people or agencies, in the order in which it came."""
        ...

    def watched_authorities(self) -> tuple[bytes, ...]:
        """Return the DER of the authorities' certificates among them."""
        ...

    def good_until(self, issuer_sha256: str) -> datetime | None:
        """Return until when what the issuer said last may be relied on; None if it never did."""
        ...

    def last_rounds(self) -> tuple[WatchRound, ...]:
        """Return the last time that each issuer was asked, by its hash."""
        ...

    def status_history(self, fingerprint: str) -> tuple[WatchedStatus, ...]:
        """Return each change of a certificate's status, oldest first."""
        ...
