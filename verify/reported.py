"""What was judged as parts of a report: no judgement in it, and no words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from pki.errors.tree import Bilingual
from verify.facts import CertificateFacts, ChainFacts
from verify.finding import Finding
from verify.judgement import Judgement, TimestampJudgement
from verify.listed import Listing
from verify.report import (
    LinkReport,
    Need,
    RuleReport,
    ServiceReport,
    SignatureReport,
    SignerReport,
    TimestampReport,
)
from verify.rules.chain import ChainJudgement
from verify.rules.law import Lawful


def report_signature(item: Judgement) -> SignatureReport:
    """Return what the report says of one signature, seal or document time-stamp."""
    facts, integrity = item.facts, item.facts.integrity
    chain = facts.token.chain
    return SignatureReport(
        field=facts.field,
        kind=facts.kind,
        indication=item.indication,
        sub_indication=item.sub_indication,
        level=item.level.name,
        signer=_report_signer(chain.certificates[0]) if chain else None,
        claimed_signing_time=facts.claimed_signing_time,
        best_signature_time=item.best_signature_time,
        algorithm=facts.token.algorithm.name if facts.token.algorithm else None,
        covers_whole_document=integrity.covers_whole_document,
        changes_after=integrity.changes_after,
        findings=_distinct(
            (*item.findings, *((item.level.finding,) if item.level.finding else ()))
        ),
        sub_filter=facts.sub_filter,
        revision=integrity.revision + 1,
        revisions=integrity.revisions,
        byte_range=integrity.byte_range,
        timestamps=tuple(_report_timestamp(timestamp) for timestamp in item.timestamps),
        path=_report_path(chain, item.chain, item.best_signature_time),
        digests=facts.token.digests,
        for_duty=facts.for_duty,
        rule=_report_rule(item.lawful),
    )


def _report_rule(lawful: Lawful | None) -> RuleReport | None:
    if lawful is None or lawful.rule is None:
        return None
    rule = lawful.rule
    return RuleReport(
        id=rule.id,
        scope=rule.scope,
        day=lawful.day,
        proved=lawful.proved,
        since=rule.since,
        until=rule.until,
        texts=tuple(Bilingual(vi=each.vi, en=each.en) for each in rule.texts),
    )


def _distinct(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    return tuple(
        finding for index, finding in enumerate(findings) if finding not in findings[:index]
    )


def _report_signer(certificate: CertificateFacts) -> SignerReport:
    return SignerReport(
        common_name=certificate.common_name,
        organization=certificate.organization,
        title=certificate.title,
        serial=certificate.serial,
        issuer=certificate.issuer,
        not_before=certificate.not_before,
        not_after=certificate.not_after,
        identifiers=certificate.identifiers,
        units=certificate.units,
    )


def _report_timestamp(item: TimestampJudgement) -> TimestampReport:
    chain = item.facts.token.chain
    return TimestampReport(
        time=item.facts.gen_time,
        authority=chain.certificates[0].name if chain else None,
        indication=item.indication,
        sub_indication=item.sub_indication,
        content=item.content,
        path=_report_path(chain, item.chain, item.facts.gen_time),
        digests=item.facts.token.digests,
    )


def _report_path(
    chain: ChainFacts | None, judged: ChainJudgement | None, used_at: datetime | None
) -> tuple[LinkReport, ...]:
    if chain is None:
        return ()
    standings = judged.standings if judged else (None,) * len(chain.certificates)
    links = []
    for certificate, at in zip(chain.certificates, standings, strict=True):
        evidence = at.evidence if at else None
        links.append(
            LinkReport(
                name=certificate.name,
                issuer=certificate.issuer,
                serial=certificate.serial,
                fingerprint=certificate.fingerprint,
                not_before=certificate.not_before,
                not_after=certificate.not_after,
                trusted=certificate.trusted,
                standing=at.standing if at else None,
                evidence=evidence.source if evidence else None,
                evidence_issued=evidence.this_update if evidence else None,
                evidence_until=evidence.next_update if evidence else None,
                evidence_in_document=evidence is not None and evidence.revision is not None,
                revoked_at=at.revoked_at if at else None,
                services=tuple(_report_services(certificate.listings, used_at)),
            )
        )
    return tuple(links)


def _report_services(
    listings: tuple[Listing, ...], used_at: datetime | None
) -> Iterator[ServiceReport]:
    for listing in listings:
        state = listing.at(used_at) if used_at is not None else None
        if state is not None:
            yield ServiceReport(
                territory=listing.territory,
                provider=listing.provider,
                name=listing.name,
                kind=state.kind,
                status=state.standing,
                since=state.since,
                additional=state.additional,
                qualifiers=state.qualifiers,
            )


def needs_of(judgements: tuple[Judgement, ...], known: dict[str, Need]) -> tuple[Need, ...]:
    """Return about whom more evidence might decide.

    Args:
        judgements: of all signatures.
        known: the certificates of their paths, by fingerprint.
    """
    wanting: dict[str, None] = {}
    for item in judgements:
        chains = (item.chain, *(timestamp.chain for timestamp in item.timestamps))
        for chain in chains:
            wanting.update(dict.fromkeys(chain.wanting if chain else ()))
    return tuple(known[fingerprint] for fingerprint in wanting if fingerprint in known)
