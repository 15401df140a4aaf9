"""What the linter has against imported certificates: told, and no reason to leave one out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cryptography import x509

from pki.importing.material import CertificateCopy
from pki.lint.alone import judge_alone
from pki.lint.target import Finding


@dataclass(frozen=True, slots=True)
class Judged:
    """One rule that an imported certificate breaks."""

    place: str
    serial: int
    finding: Finding


def judge_copies(
    copies: Sequence[CertificateCopy], authority: x509.Certificate
) -> Iterator[Judged]:
    """Yield what the linter has against certificates of an authority, in their order."""
    findings = judge_alone((copy.certificate for copy in copies), authority)
    for copy, found in zip(copies, findings, strict=True):
        yield from (Judged(copy.place, copy.serial, one) for one in found)
