"""What is recorded of certificates, and how they are found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from cryptography import x509


class CertificateState(StrEnum):
    """How far a serial has come."""

    RESERVED = "reserved"
    """Its to-be-signed bytes are recorded; a signature may or may not exist."""
    ISSUED = "issued"
    REVOKED = "revoked"
    ABANDONED = "abandoned"
    """Never released. If a signature may exist, a revocation record stands beside it."""


@dataclass(frozen=True, slots=True)
class CertificateRecord:
    """One serial of one issuer, from its reservation on.

    Of a certificate that was erased, `tbs_der`, `der`, `subject` and `requester` are empty, the id
    and hash of its request are None, and everything else is as it was; an `ErasureRecord` tells.
    """

    issuer: str
    serial: int
    state: CertificateState
    tbs_der: bytes
    """What was linted, and the only thing that may be signed under this serial."""
    der: bytes | None
    subject: str
    """RFC 4514 text."""
    profile: str
    not_before: datetime
    not_after: datetime
    fingerprint: str | None
    """SHA-256 of `der`, lower-case hex."""
    spki_sha256: str
    requester: str
    reserved_at: datetime
    request_id: str | None = None
    """As whoever asked named the request; no other of this issuer has it."""
    request_sha256: str | None = None
    """Of what was asked for under it, lower-case hex."""

    @property
    def was_issued(self) -> bool:
        """Whether a certificate of this serial was released, erased since or not."""
        return self.fingerprint is not None


RETENTION_YEARS = 5
"""How long after its end a certificate's content is kept at least, whatever is configured."""


EVIDENCE_PROFILES = (
    *("root", "issuing", "subordinate", "cross"),
    *("ocsp", "timestamp", "audit"),
)
"""Built-in profiles whose certificates are evidence for other documents: never erased."""


class ErasureReason(StrEnum):
    """Why a certificate's content was erased; two words, as an erasure is itself kept for good."""

    RETENTION = "retention"
    """The time for which it had to be kept is over."""
    REQUEST = "request"
    """Whom it speaks of asked for it."""


@dataclass(frozen=True, slots=True)
class ErasureRecord:
    """The content of a certificate was erased; that it existed was not."""

    issuer: str
    serial: int
    at: datetime
    tbs_sha256: str
    """Of the to-be-signed bytes that were there, lower-case hex; the audit log has the same."""
    reason: ErasureReason


@dataclass(frozen=True, slots=True)
class RevocationRecord:
    """What a revocation list says of a certificate: since when, and why.

    It changes in two ways alone: a hold is released or becomes a revocation, and the reason of a
    revocation becomes keyCompromise. Its date stays (X.509 (2019) §9.5.3.1: that of the hold).
    """

    issuer: str
    serial: int
    reason: x509.ReasonFlags
    revoked_at: datetime
    invalidity_date: datetime | None = None
    sequence: int = 0
    """Order in which the register took it; 0 until it is stored. A CRL says how far it reaches
    with this number and not with a time, so nothing falls between two lists."""


class StatusKind(StrEnum):
    """What happened to the status of a certificate."""

    HOLD = "hold"
    RELEASE = "release"
    REVOKE = "revoke"
    UPGRADE = "upgrade"
    """The reason of a revocation became keyCompromise."""


@dataclass(frozen=True, slots=True)
class StatusChange:
    """One step in the life of a certificate. Never changes, and none is ever taken out."""

    issuer: str
    serial: int
    kind: StatusKind
    at: datetime
    """When it was recorded."""
    reason: x509.ReasonFlags
    """certificateHold for a hold; removeFromCRL for a release, as a delta list tells it."""
    invalidity_date: datetime | None = None
    sequence: int = 0
    """As in a `RevocationRecord`; revocations and changes count together."""


@dataclass(frozen=True, slots=True)
class ForeignCertificate:
    """A certificate that some other authority issued, watched and never counted as ours."""

    fingerprint: str
    """SHA-256 of `der`, lower-case hex."""
    issuer_sha256: str
    """Of the DER of the issuer's name, lower-case hex; with the serial, at most one certificate."""
    serial: int
    issuer: str
    """RFC 4514 text."""
    subject: str
    not_before: datetime
    not_after: datetime
    der: bytes
    requester: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class CertificateQuery:
    """Which certificates to find; what is None does not narrow."""

    issuer: str | None = None
    state: CertificateState | None = None
    profile: str | None = None
    spki_sha256: str | None = None
    not_after_from: datetime | None = None
    not_after_before: datetime | None = None
    text: str | None = None
    """Words that all stand in the subject, in any order; accents and case do not count."""
    or_serial: str | None = None
    """Hex digits, in lower case: those count too in whose serial they stand, whatever `text` is."""
    held: bool | None = None
    """Those that are on hold now alone."""
    limit: int | None = None
    """How many at most."""
    after: tuple[str, int] | None = None
    """Issuer and serial of the record after which to go on: the last of the page before."""


class ForeignHead(NamedTuple):
    """What a list shows of another authority's certificate."""

    serial: str
    issuer: str
    subject: str
    not_before: datetime
    not_after: datetime
    fingerprint: str


@dataclass(frozen=True, slots=True)
class ForeignQuery:
    """Which certificates of other authorities to list."""

    text: str = ""
    """Stands in subject, issuer or serial; case does not count."""
    before: datetime | None = None
    """Those that end before it alone."""
    after: tuple[datetime, str] | None = None
    """End and fingerprint of the one after which to go on."""
    limit: int | None = None


def serial_text(serial: int) -> str:
    """Return the serial as it is shown and stored: lower-case hex, even number of digits."""
    text = f"{serial:x}"
    return text if len(text) % 2 == 0 else f"0{text}"
