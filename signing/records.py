"""What is kept about each signature, and what keeps it.

Spec: Circular 15/2025/TT-BKHCN Art. 5.4, Art. 6 (signer's certificate, list or answer at the time
of signing, result of the status check; not checked against the official text).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from verify.evidence import Evidence, Item
from verify.finding import Finding
from verify.report import LinkReport, Report, SignatureReport


class Occasion(StrEnum):
    """Why something is kept."""

    SIGNED = "signed"
    JUDGED = "judged"


@dataclass(frozen=True, slots=True)
class Status:
    """The result of the status check about one certificate of the path."""

    name: str
    serial: str
    standing: str
    """`good`, `revoked`, `stale` or `missing`; `trusted` for the anchor."""
    source: str | None
    """`ocsp` or `crl`."""
    issued: datetime | None
    in_document: bool
    """The answer is in the document itself."""


@dataclass(frozen=True, slots=True)
class Record:
    """What is kept about one signature."""

    occasion: Occasion
    at: datetime
    document_sha256: str
    field: str
    level: str | None
    indication: str
    sub_indication: str | None
    claimed_at: datetime | None
    best_time: datetime | None
    signer: bytes
    """The signer's certificate, DER."""
    statuses: tuple[Status, ...]
    warnings: Mapping[str, str]
    """What could not be checked: the certificate's subject, and why."""
    mandate: Mapping[str, str] | None = None
    """By what the signer signed in somebody's place: how, number, and SHA-256 of the file."""
    certificates: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    ocsp_responses: tuple[bytes, ...] = ()


class EvidenceKeeper(Protocol):
    """Keeps records for good before whoever asked has the document."""

    def keep(self, record: Record) -> str:
        """Keep a record and return what it is called.

        Raises:
            UnavailableError: it cannot be kept; then nothing is given out.
        """
        ...


def record_of(
    report: Report,
    signature: SignatureReport,
    signer: x509.Certificate,
    *,
    occasion: Occasion,
    evidence: Evidence,
    warnings: tuple[Finding, ...] = (),
) -> Record:
    """Return what is to be kept about one signature.

    Args:
        report: the verdict on the document.
        signature: which of its signatures.
        signer: that signature's certificate.
        occasion: why it is kept.
        evidence: what was had beside the document.
        warnings: what the signer was told.
    """
    sub = signature.sub_indication
    return Record(
        occasion=occasion,
        at=report.judged_at,
        document_sha256=report.sha256,
        field=signature.field,
        level=signature.level,
        indication=signature.indication.value,
        sub_indication=sub.value if sub else None,
        claimed_at=signature.claimed_signing_time,
        best_time=signature.best_signature_time,
        signer=signer.public_bytes(Encoding.DER),
        statuses=tuple(_status(link) for link in signature.path),
        warnings={
            str(each.facts["subject"]): str(each.facts["reason"])
            for each in warnings
            if "subject" in each.facts and "reason" in each.facts
        },
        certificates=_ders(evidence.certificates),
        crls=_ders(evidence.crls),
        ocsp_responses=_ders(evidence.ocsp_responses),
    )


def _status(link: LinkReport) -> Status:
    standing = "trusted" if link.trusted else (link.standing.value if link.standing else "missing")
    return Status(
        name=link.name,
        serial=link.serial,
        standing=standing,
        source=link.evidence,
        issued=link.evidence_issued,
        in_document=link.evidence_in_document,
    )


def _ders(items: tuple[Item, ...]) -> tuple[bytes, ...]:
    return tuple(dict.fromkeys(item.der for item in items))
