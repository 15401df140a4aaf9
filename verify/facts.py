"""What was found in a document, checked cryptographically and collected: no judgement in it.

Nothing here depends on the moment of judging. `verify.process` turns facts into a verdict.

Spec: ETSI EN 319 102-1 §5.1.2 (inputs of the process).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from verify.finding import Finding
from verify.listed import Listing, Period


class Kind(StrEnum):
    """What a signature field holds."""

    SIGNATURE = "signature"
    SEAL = "seal"
    TIMESTAMP = "timestamp"


class Changes(StrEnum):
    """What was done to the document after a signature, beside later signatures and evidence."""

    NONE = "none"
    FORM_FILLING = "form-filling"
    ANNOTATIONS = "annotations"
    OTHER = "other"


class Reference(StrEnum):
    """How the signed attributes name the signing certificate (ESS, RFC 5035)."""

    MATCHES = "matches"
    DIFFERS = "differs"
    ABSENT = "absent"


class Status(StrEnum):
    """What a piece of evidence says about a certificate."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Algorithm:
    """How something was signed."""

    scheme: str
    """`rsassa-pss`, `rsassa-pkcs1v15`, `ecdsa`, `ed25519`, `ed448`, `ml-dsa-44` (`-65`, `-87`), or
    what the object names."""
    digest: str | None
    key_type: str
    key_bits: int

    @property
    def name(self) -> str:
        """The name people know, e.g. `RSASSA-PSS/SHA-256`."""
        scheme = _SCHEME_NAMES.get(self.scheme, self.scheme)
        return f"{scheme}/{digest_name(self.digest)}" if self.digest else scheme


_SCHEME_NAMES = {
    "rsassa-pss": "RSASSA-PSS",
    "rsassa-pkcs1v15": "RSASSA-PKCS1-v1_5",
    "ecdsa": "ECDSA",
    "ed25519": "Ed25519",
    "ed448": "Ed448",
    "ml-dsa-44": "ML-DSA-44",
    "ml-dsa-65": "ML-DSA-65",
    "ml-dsa-87": "ML-DSA-87",
}


def digest_name(digest: str) -> str:
    """Return the name people know, e.g. `SHA-256` for `sha256`, `SHA3-256` for `sha3_256`."""
    if digest.startswith("sha3_"):
        return f"SHA3-{digest[5:]}"
    if digest.startswith("sha") and digest[3:4].isdigit():
        return f"SHA-{digest[3:].replace('_', '/')}"
    return digest.upper()


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """One certificate of a path."""

    fingerprint: str
    """SHA-256 of the DER, lower-case hex."""
    common_name: str | None
    organization: str | None
    title: str | None
    issuer: str
    serial: str
    not_before: datetime
    not_after: datetime
    algorithm: Algorithm
    """How its issuer signed it."""
    key_type: str
    key_bits: int
    trusted: bool
    """It is a trust anchor: its own signature and status are not asked for."""
    defects: tuple[Finding, ...] = ()
    """What RFC 5280 or its purpose forbids about it in this place, whatever the time."""
    trusted_until: datetime | None = None
    """When trust in an anchor ended; None means with no end in sight."""
    trusted_times: tuple[Period, ...] = ()
    """When it was an anchor, the last until `trusted_until`; none means at any time before."""
    listings: tuple[Listing, ...] = ()
    """What trusted lists tell of an anchor."""
    needs_no_evidence: bool = False
    """Its status is not asked for: short-lived, noRevAvail, self-signed."""
    identifiers: tuple[str, ...] = ()
    """Numbers in its subject, `KIND:NUMBER`, those of people masked."""
    units: tuple[str, ...] = ()
    """Units of the organisation."""

    @property
    def name(self) -> str:
        """What to call it in a finding."""
        return self.common_name or self.organization or self.serial


@dataclass(frozen=True, slots=True)
class RevocationFacts:
    """One piece of evidence about one certificate, its signature verified."""

    source: str
    """`ocsp` or `crl`."""
    status: Status
    this_update: datetime
    next_update: datetime | None
    produced_at: datetime
    had_at: datetime
    revision: int | None
    """Revision of the document that brought it; None when it was handed in beside."""
    algorithm: Algorithm
    signer: CertificateFacts
    signer_is_issuer: bool
    signer_needs_no_check: bool = False
    """An OCSP signer with id-pkix-ocsp-nocheck."""
    signer_revocations: tuple[RevocationFacts, ...] = ()
    revoked_at: datetime | None = None
    reason: str | None = None
    archive_cutoff: datetime | None = None
    """It also speaks of certificates that expired since then (archiveCutoff, expiredCertsOnCRL)."""
    identity: str | None = None
    """What time-stamps that name what they cover call it."""
    defects: tuple[Finding, ...] = ()
    """Why it says nothing, whatever the time."""


@dataclass(frozen=True, slots=True)
class ChainFacts:
    """A path from a certificate towards a trust anchor, the end entity first."""

    certificates: tuple[CertificateFacts, ...]
    revocations: tuple[tuple[RevocationFacts, ...], ...]
    """For each certificate the evidence found about it."""

    @property
    def trusted(self) -> bool:
        """Say whether the path ends in a trust anchor."""
        return bool(self.certificates) and self.certificates[-1].trusted


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """A CMS SignedData: a signature or a time-stamp token."""

    problem: Finding | None = None
    """Why it cannot be read or is not what it must be; then nothing below counts."""
    unsupported: Finding | None = None
    """Well-formed, but of a kind that is not judged."""
    digest_matches: bool = False
    signature_verifies: bool = False
    reference: Reference = Reference.ABSENT
    algorithm: Algorithm | None = None
    digests: tuple[str, ...] = ()
    """All digests the signed data depends on."""
    chain: ChainFacts | None = None
    """None when the signing certificate was not found."""
    identity: str | None = None
    """What time-stamps that name what they cover call it."""
    data_missing: bool = False
    """What was signed is not at hand: its digest cannot be compared."""
    attributes: tuple[Finding, ...] = ()
    """What is odd about its signed attributes; the policy says how much each weighs."""


@dataclass(frozen=True, slots=True)
class TimestampFacts:
    """A time-stamp token inside a signature."""

    token: TokenFacts
    gen_time: datetime | None
    covers: frozenset[str] | None = None
    """Identities of what it covers (certificates by fingerprint); None where revisions tell."""
    archive: bool = False
    """It covers evidence or another time-stamp besides the signature."""


@dataclass(frozen=True, slots=True)
class EvidenceRecordFacts:
    """A chain of time-stamps over the digests of a signature and its evidence (RFC 4998)."""

    timestamps: tuple[TimestampFacts, ...]
    """In the order they were made; the first proves, the later ones keep it."""
    covers: frozenset[str]
    problem: Finding | None = None
    """It cannot be read, or is not what it must be."""
    digest_matches: bool = True
    data_missing: bool = False


@dataclass(frozen=True, slots=True)
class IntegrityFacts:
    """What a signature covers, and what came after it."""

    revision: int
    """Index of the signed revision, 0 the first."""
    revisions: int
    signed_end: int
    """First byte after the signed range."""
    document_size: int
    intact_until: int = 0
    """End of the longest range of an earlier signature whose digest matches."""
    byte_range: tuple[int, ...] = ()
    covers_whole_document: bool = False
    changes_after: Changes = Changes.NONE
    problem: Finding | None = None
    """The byte range is not what it must be."""
    violations: tuple[Finding, ...] = ()
    """Changes after the signature that it does not permit, and traces of manipulation."""
    notes: tuple[Finding, ...] = ()
    """Changes that are permitted and should be known."""


@dataclass(frozen=True, slots=True)
class SignatureFacts:
    """One signature field with a signature, seal or document time-stamp in it."""

    field: str
    kind: Kind
    sub_filter: str
    token: TokenFacts
    integrity: IntegrityFacts
    claimed_signing_time: datetime | None = None
    gen_time: datetime | None = None
    """For a document time-stamp: the time it proves."""
    timestamps: tuple[TimestampFacts, ...] = ()
    content_timestamps: tuple[TimestampFacts, ...] = ()
    evidence_records: tuple[EvidenceRecordFacts, ...] = ()
    for_duty: bool = False
    """The signer's certificate is one for official duty."""

    @property
    def is_timestamp(self) -> bool:
        """Say whether this is a document time-stamp."""
        return self.kind is Kind.TIMESTAMP


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """All signatures of a document, in the order they were made."""

    signatures: tuple[SignatureFacts, ...]
    findings: tuple[Finding, ...] = ()
