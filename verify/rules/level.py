"""Which PAdES level a signature has, and what it lacks for the next.

Spec: EN 319 142-1 §6 (baseline levels B-B, B-T, B-LT, B-LTA).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from verify.facts import ChainFacts, SignatureFacts, Status
from verify.finding import Finding, info
from verify.rules.revocation import Moment, Standing, standing_at

PADES = "/ETSI.CAdES.detached"


@dataclass(frozen=True, slots=True)
class Level:
    """A level by name, and what is missing for the next one."""

    name: str | None
    finding: Finding | None


def find_level(
    signature: SignatureFacts,
    *,
    timestamp_chains: tuple[ChainFacts, ...],
    moment: Moment,
    proved: bool,
    archived: int,
) -> Level:
    """Return the level.

    Args:
        signature: a signature whose cryptography is intact.
        timestamp_chains: paths of the signature time-stamps that are valid.
        moment: the best signature time, as the signer's path is judged at.
        proved: some valid time-stamp proves when it existed.
        archived: the last revision that a valid document time-stamp covers, -1 for none.
    """
    if signature.sub_filter != PADES:
        return Level(None, info("level.iso32000", sub_filter=signature.sub_filter))
    if not proved:
        return Level("B-B", info("level.no_timestamp"))
    lacking, newest = _evidence(signature.token.chain, timestamp_chains, moment)
    if lacking:
        return Level("B-T", info("level.no_evidence", certificates=lacking))
    if archived < max(newest, signature.integrity.revision):
        return Level("B-LT", info("level.no_archive_timestamp"))
    return Level("B-LTA", None)


def _evidence(
    signer: ChainFacts | None, timestamps: tuple[ChainFacts, ...], moment: Moment
) -> tuple[tuple[str, ...], int]:
    """Return whose evidence the document lacks, and the revision that brought the last of it."""
    lacking: dict[str, None] = {}
    newest = -1
    for chain in (signer, *timestamps) if signer else timestamps:
        links = zip(chain.certificates, chain.revocations, strict=True)
        for index, (certificate, evidence) in enumerate(links):
            if certificate.trusted:
                continue
            asked = replace(moment, authority=index > 0)
            inside = tuple(item for item in evidence if item.revision is not None)
            # What proves the signer good must be inside. A time-stamp's own certificate is
            # judged at a moment of control that moves on: there any good answer counts here.
            proving = tuple(
                item
                for item in inside
                if (
                    standing_at(certificate, (item,), asked).standing is Standing.GOOD
                    if chain is signer
                    else item.status is Status.GOOD
                )
            )
            if not proving:
                lacking[certificate.name] = None
            newest = max(newest, min((item.revision or 0 for item in proving), default=-1))
    return tuple(lacking), newest
