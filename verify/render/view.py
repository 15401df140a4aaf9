"""What text and HTML show, made from the report: words chosen, times written, nothing judged.

Everything that came out of the document is made harmless here, once.

Spec: Circular 15/2025/TT-BKHCN Art. 6 (what checking software shows).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from pki.errors.tree import Fact
from pki.words import Language, harmless, knows, say, show
from verify.facts import digest_name
from verify.finding import Finding, Severity
from verify.indication import Indication, SubIndication
from verify.report import (
    LinkReport,
    Report,
    RuleReport,
    ServiceReport,
    SignatureReport,
    TimestampReport,
)
from verify.rules.revocation import Standing

LABELS = (
    "title", "document", "fingerprint", "pages", "size", "judged_at", "policy", "why", "mend",
    "signer", "organization", "position", "issuer", "signing_time", "claimed_time",
    "proved_time", "timestamp", "integrity", "validity", "period", "level", "no_level",
    "details", "path", "serial", "status", "anchor", "evidence", "in_document", "algorithm",
    "field", "revision", "byte_range", "format", "findings", "timeline", "judged", "whole",
    "not_known", "valid_then", "not_valid_then", "rule", "identifier", "unit", "display",
    "display_conforms", "display_information", "display_left_out",
)  # fmt: skip

MARKS = {
    Indication.TOTAL_PASSED: "✓",
    Indication.TOTAL_FAILED: "✗",
    Indication.INDETERMINATE: "?",
}
"""Beside every colour, so that no meaning hangs on colour alone."""


_NOT_UNCHANGED = (SubIndication.HASH_FAILURE, SubIndication.SIGNED_DATA_NOT_FOUND)


@dataclass(frozen=True, slots=True)
class State:
    """A verdict in words."""

    code: str
    """`passed`, `failed` or `unknown`: what a style sheet may colour."""
    mark: str
    headline: str
    technical: str
    why: str


@dataclass(frozen=True, slots=True)
class Line:
    """One finding in words."""

    severity: str
    word: str
    code: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Row:
    """A label and a value."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class LinkView:
    """One certificate of a path in words."""

    name: str
    issuer: str
    serial: str
    period: str
    status: str
    known: bool


@dataclass(frozen=True, slots=True)
class SignatureView:
    """One signature in words."""

    kind: str
    who: str
    state: State
    rows: tuple[Row, ...]
    details: tuple[Row, ...]
    lines: tuple[Line, ...]
    path: tuple[LinkView, ...]
    report: SignatureReport


class Speaker:
    """Says things in one language."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.labels = {name: say(f"verify.label.{name}", {}, language) for name in LABELS}

    def state(self, indication: Indication, sub_indication: SubIndication | None) -> State:
        """Return a verdict in words."""
        code = {
            Indication.TOTAL_PASSED: "passed",
            Indication.TOTAL_FAILED: "failed",
            Indication.INDETERMINATE: "unknown",
        }[indication]
        technical, why = indication.value, ""
        if sub_indication is not None:
            technical = f"{indication.value} / {sub_indication.value}"
            why = say(f"verify.why.{sub_indication.value}", {}, self.language)
        headline = say(f"verify.verdict.{indication.value}", {}, self.language)
        return State(code, MARKS[indication], headline, technical, why)

    def sentence(self, report: Report) -> str:
        """Return what the verdict on the document means for whoever holds it."""
        return say(f"verify.verdict.sentence.{report.indication.value}", {}, self.language)

    def line(self, finding: Finding) -> Line:
        """Return a finding in words."""
        hint = f"{finding.code}.hint"
        return Line(
            severity=finding.severity.value,
            word=say(f"verify.severity.{finding.severity.value}", {}, self.language),
            code=finding.code,
            message=say(finding.code, finding.facts, self.language),
            hint=say(hint, finding.facts, self.language) if knows(hint, self.language) else "",
        )

    def time(self, moment: datetime | None) -> str:
        """Return an instant as people here write it."""
        return self.labels["not_known"] if moment is None else show(moment, self.language)

    def period(self, start: datetime, end: datetime) -> str:
        """Return a period of time."""
        return say("verify.label.from_to", {"start": start, "end": end}, self.language)

    def document_rows(self, report: Report) -> tuple[Row, ...]:
        """Return what identifies the document and the judgement."""
        return self._rows(
            document=harmless(report.name),
            fingerprint=_fingerprint(report),
            pages="" if report.pages is None else str(report.pages),
            size=self.labels["not_known"] if report.digest else str(report.size),
            judged_at=self.time(report.judged_at),
            policy=harmless(report.policy),
        )

    def signature(self, item: SignatureReport) -> SignatureView:
        """Return a signature in words."""
        lines = tuple(self.line(finding) for finding in _by_weight(item.findings))
        return SignatureView(
            kind=say(f"verify.kind.{item.kind.value}", {}, self.language),
            who=self._who(item),
            state=self.state(item.indication, item.sub_indication),
            rows=self._signature_rows(item),
            details=self._detail_rows(item),
            lines=lines,
            path=tuple(self._link(link) for link in item.path),
            report=item,
        )

    def _who(self, item: SignatureReport) -> str:
        signer = item.signer
        name = signer and (signer.common_name or signer.organization)
        return harmless(name) if name else self.labels["not_known"]

    def _rows(self, **values: str) -> tuple[Row, ...]:
        return tuple(Row(self.labels[name], value) for name, value in values.items() if value)

    def _signature_rows(self, item: SignatureReport) -> tuple[Row, ...]:
        signer = item.signer
        changes = say(f"verify.changes.{item.changes_after.value}", {}, self.language)
        if item.sub_indication in _NOT_UNCHANGED:
            changes = say(f"verify.why.{item.sub_indication.value}", {}, self.language)
        return self._rows(
            signer=self._who(item),
            position=harmless(signer.title or "") if signer else "",
            organization=harmless(signer.organization or "") if signer else "",
            unit="; ".join(harmless(each) for each in signer.units) if signer else "",
            identifier="; ".join(harmless(each) for each in signer.identifiers) if signer else "",
            issuer=harmless(signer.issuer) if signer else self.labels["not_known"],
            signing_time=self._signing_time(item),
            timestamp="; ".join(self._timestamp(stamp) for stamp in item.timestamps),
            integrity=changes,
            validity=self._validity(item),
            period=self.period(signer.not_before, signer.not_after) if signer else "",
            level=self._level(item),
            rule=self._rule(item.rule),
        )

    def _rule(self, rule: RuleReport | None) -> str:
        if rule is None:
            return ""
        texts = "; ".join(show(text, self.language) for text in rule.texts)
        day = "proved_day" if rule.proved else "judged_day"
        form = "%d/%m/%Y" if self.language is Language.VI else "%Y-%m-%d"
        facts = {"texts": texts, "day": rule.day.strftime(form)}
        return say(f"verify.rule.{day}", facts, self.language)

    def _signing_time(self, item: SignatureReport) -> str:
        proved = any(_proves(stamp) for stamp in item.timestamps) or item.level == "B-LTA"
        if proved or item.kind.value == "timestamp":
            return f"{self.time(item.best_signature_time)} ({self.labels['proved_time']})"
        if item.claimed_signing_time is None:
            return self.labels["not_known"]
        return f"{self.time(item.claimed_signing_time)} ({self.labels['claimed_time']})"

    def _timestamp(self, stamp: TimestampReport) -> str:
        authority = harmless(stamp.authority or self.labels["not_known"])
        state = self.state(stamp.indication, stamp.sub_indication)
        return f"{self.time(stamp.time)}, {authority}: {state.mark} {state.headline}"

    def _validity(self, item: SignatureReport) -> str:
        link = item.path[0] if item.path else None
        moment = item.best_signature_time
        if link is None or moment is None:
            return self.labels["not_known"]
        good = link.trusted or link.standing is Standing.GOOD
        inside = link.not_before <= moment <= link.not_after
        return self.labels["valid_then" if good and inside else "not_valid_then"]

    def _level(self, item: SignatureReport) -> str:
        if item.kind.value == "timestamp":
            return ""
        if item.level is None:
            return self.labels["no_level"]
        return say(f"verify.level.{item.level}", {}, self.language)

    def _detail_rows(self, item: SignatureReport) -> tuple[Row, ...]:
        return self._rows(
            status=self.state(item.indication, item.sub_indication).technical,
            algorithm=item.algorithm or self.labels["not_known"],
            serial=item.signer.serial if item.signer else "",
            format=harmless(item.sub_filter),
            field=harmless(item.field),
            revision=f"{item.revision} / {item.revisions}",
            byte_range=" ".join(str(number) for number in item.byte_range),
        )

    def _link(self, link: LinkReport) -> LinkView:
        return LinkView(
            name=harmless(link.name),
            issuer=harmless(link.issuer),
            serial=link.serial,
            period=self.period(link.not_before, link.not_after),
            status=self._link_status(link),
            known=link.trusted or link.standing is Standing.GOOD,
        )

    def _link_status(self, link: LinkReport) -> str:
        if link.trusted:
            return "; ".join((self.labels["anchor"], *map(self._listed, link.services)))
        if link.standing is None:
            return self.labels["not_known"]
        words = say(f"verify.standing.{link.standing.value}", {}, self.language)
        if link.revoked_at is not None:
            words = f"{words} {self.time(link.revoked_at)}"
        if link.evidence is None or link.evidence_issued is None:
            return words
        where = f", {self.labels['in_document']}" if link.evidence_in_document else ""
        return f"{words} ({link.evidence.upper()} {self.time(link.evidence_issued)}{where})"

    def _listed(self, service: ServiceReport) -> str:
        facts: dict[str, Fact] = {
            "provider": service.provider,
            "name": service.name,
            "kind": service.kind,
            "status": service.status,
            "since": service.since,
            "territory": service.territory,
        }
        return harmless(say("verify.label.listed", facts, self.language))


def reasons(report: Report, speaker: Speaker) -> tuple[Line, ...]:
    """Return what is told of the document, and the signatures' errors, each sentence once."""
    return tuple({line.message: line for line in _reasons(report, speaker)}.values())


def _reasons(report: Report, speaker: Speaker) -> Iterator[Line]:
    for finding in report.findings:
        yield speaker.line(finding)
    for signature in report.signatures:
        for finding in signature.findings:
            if finding.severity is Severity.ERROR:
                yield speaker.line(finding)


def _fingerprint(report: Report) -> str:
    digest = report.digest
    if digest is None or report.sha256:
        return report.sha256
    return f"{digest_name(digest.algorithm)} {digest.value.hex()}"


def _by_weight(findings: tuple[Finding, ...]) -> list[Finding]:
    weights = list(Severity)
    return sorted(findings, key=lambda finding: weights.index(finding.severity))


def _proves(stamp: TimestampReport) -> bool:
    return stamp.indication is Indication.TOTAL_PASSED and not stamp.content
