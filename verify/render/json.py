"""The report as JSON, as `cli.md` promises it to those who script against it.

Keys and codes never change with the language; only `message` does.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pki.words import Language, harmless
from verify.facts import digest_name
from verify.render.display import display_to_json
from verify.render.findings import finding_to_json
from verify.report import (
    LinkReport,
    Report,
    RuleReport,
    ServiceReport,
    SignatureReport,
    SignerReport,
    TimestampReport,
)

SCHEMA = "antin.verify/1"


def to_json(report: Report, language: Language = Language.VI) -> dict[str, Any]:
    """Return the report as a JSON object; texts from the document have no control characters."""
    return {
        "schema": SCHEMA,
        "document": _document(report),
        "indication": report.indication.value,
        "sub_indication": _value(report.sub_indication),
        "policy": report.policy,
        "judged_at": _instant(report.judged_at),
        "signatures": [_signature(item, language) for item in report.signatures],
        "findings": [finding_to_json(item, language) for item in report.findings],
        "display": display_to_json(report.display, language),
    }


def _document(report: Report) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": harmless(report.name),
        "sha256": report.sha256 or None,
        "pages": report.pages,
        "size": report.size,
    }
    if report.digest is not None:
        value = report.digest.value.hex()
        digest = {"algorithm": digest_name(report.digest.algorithm), "value": value}
        told |= {"size": None, "digest": digest}
    return told


def _signature(item: SignatureReport, language: Language) -> dict[str, Any]:
    return {
        "field": harmless(item.field),
        "kind": item.kind.value,
        "indication": item.indication.value,
        "sub_indication": _value(item.sub_indication),
        "level": item.level,
        "signer": _signer(item.signer),
        "claimed_signing_time": _instant(item.claimed_signing_time),
        "best_signature_time": _instant(item.best_signature_time),
        "algorithm": item.algorithm,
        "covers_whole_document": item.covers_whole_document,
        "changes_after": item.changes_after.value,
        "findings": [finding_to_json(finding, language) for finding in item.findings],
        "sub_filter": harmless(item.sub_filter),
        "revision": item.revision,
        "revisions": item.revisions,
        "byte_range": list(item.byte_range),
        "timestamps": [_timestamp(stamp) for stamp in item.timestamps],
        "path": [_link(link) for link in item.path],
        "official_duty": item.for_duty,
        "rule": _rule(item.rule),
    }


def _rule(rule: RuleReport | None) -> dict[str, Any] | None:
    if rule is None:
        return None
    return {
        "id": rule.id,
        "scope": rule.scope.value,
        "day": rule.day.isoformat(),
        "proved": rule.proved,
        "since": rule.since.isoformat(),
        "until": rule.until.isoformat() if rule.until is not None else None,
        "texts": [{"vi": harmless(each.vi), "en": harmless(each.en)} for each in rule.texts],
    }


def _signer(signer: SignerReport | None) -> dict[str, Any] | None:
    if signer is None:
        return None
    return {
        "common_name": _text(signer.common_name),
        "organization": _text(signer.organization),
        "title": _text(signer.title),
        "serial": signer.serial,
        "issuer": harmless(signer.issuer),
        "not_before": _instant(signer.not_before),
        "not_after": _instant(signer.not_after),
        "identifiers": [harmless(each) for each in signer.identifiers],
        "units": [harmless(each) for each in signer.units],
    }


def _timestamp(stamp: TimestampReport) -> dict[str, Any]:
    return {
        "time": _instant(stamp.time),
        "authority": _text(stamp.authority),
        "indication": stamp.indication.value,
        "sub_indication": _value(stamp.sub_indication),
        "content": stamp.content,
        "path": [_link(link) for link in stamp.path],
    }


def _link(link: LinkReport) -> dict[str, Any]:
    return {
        "name": harmless(link.name),
        "issuer": harmless(link.issuer),
        "serial": link.serial,
        "fingerprint": link.fingerprint,
        "not_before": _instant(link.not_before),
        "not_after": _instant(link.not_after),
        "trusted": link.trusted,
        "status": _value(link.standing),
        "evidence": link.evidence,
        "evidence_issued": _instant(link.evidence_issued),
        "evidence_in_document": link.evidence_in_document,
        "revoked_at": _instant(link.revoked_at),
        "services": [_service(service) for service in link.services],
    }


def _service(service: ServiceReport) -> dict[str, Any]:
    return {
        "territory": harmless(service.territory),
        "provider": harmless(service.provider),
        "name": harmless(service.name),
        "type": harmless(service.kind),
        "status": harmless(service.status),
        "since": _instant(service.since),
        "additional": [harmless(uri) for uri in service.additional],
        "qualifiers": [harmless(uri) for uri in service.qualifiers],
    }


def _value(member: Any) -> str | None:  # noqa: ANN401  any string enumeration, or None
    return None if member is None else str(member.value)


def _text(text: str | None) -> str | None:
    return None if text is None else harmless(text)


def _instant(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")
