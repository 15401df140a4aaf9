"""Which PAdES or CAdES level a signature has, and what it lacks for the next.

Spec: EN 319 142-1 §6, EN 319 122-1 §6 (baseline levels B-B, B-T, B-LT, B-LTA).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from verify.facts import ChainFacts, RevocationFacts, SignatureFacts, Status
from verify.finding import Finding, info
from verify.rules.revocation import Moment, Standing, standing_at

PADES = "/ETSI.CAdES.detached"
CADES = "CAdES"
"""A file of signatures whose signed attributes name the signer's certificate."""
CMS = "CMS"
"""One whose attributes do not."""


@dataclass(frozen=True, slots=True)
class Level:
    """A level by name, and what is missing for the next one."""

    name: str | None
    finding: Finding | None


@dataclass(frozen=True, slots=True)
class Archived:
    """What valid archive time-stamps cover."""

    revision: int
    """The last revision that one of the document covers, -1 for none."""
    identities: frozenset[str] = frozenset()
    """What those in the signature cover."""

    def covers(self, signature: SignatureFacts, proving: list[tuple[RevocationFacts, ...]]) -> bool:
        """Say whether a signature and evidence for each certificate are covered.

        Args:
            signature: the signature.
            proving: for each certificate the pieces of which any one will do.
        """
        if signature.sub_filter == CADES:
            within = [signature.token.identity in self.identities]
            within += [any(one.identity in self.identities for one in each) for each in proving]
            return all(within)
        newest = max((min(one.revision or 0 for one in each) for each in proving), default=-1)
        return self.revision >= max(newest, signature.integrity.revision)


def find_level(
    signature: SignatureFacts,
    *,
    timestamp_chains: tuple[ChainFacts, ...],
    moment: Moment,
    proved: bool,
    archived: Archived,
) -> Level:
    """Return the level.

    Args:
        signature: a signature whose cryptography is intact.
        timestamp_chains: paths of the signature time-stamps that are valid.
        moment: the best signature time, as the signer's path is judged at.
        proved: some valid time-stamp proves when it existed.
        archived: what valid archive time-stamps cover.
    """
    if signature.sub_filter == CMS:
        return Level(None, info("level.cms"))
    if signature.sub_filter not in (PADES, CADES):
        return Level(None, info("level.iso32000", sub_filter=signature.sub_filter))
    if not proved:
        return Level("B-B", info("level.no_timestamp"))
    lacking, proving = _evidence(signature.token.chain, timestamp_chains, moment)
    if lacking:
        return Level("B-T", info("level.no_evidence", certificates=lacking))
    if not archived.covers(signature, proving):
        return Level("B-LT", _not_archived(signature.sub_filter))
    return Level("B-LTA", None)


def _not_archived(sub_filter: str) -> Finding:
    if sub_filter == CADES:
        return info("level.no_archive_timestamp_in_cms")
    return info("level.no_archive_timestamp")


def _evidence(
    signer: ChainFacts | None, timestamps: tuple[ChainFacts, ...], moment: Moment
) -> tuple[tuple[str, ...], list[tuple[RevocationFacts, ...]]]:
    """Return whose evidence the document lacks, and for all others what there is of it."""
    lacking: dict[str, None] = {}
    found: list[tuple[RevocationFacts, ...]] = []
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
            found.append(proving)
    return tuple(lacking), found
