"""What became of a document that was to be signed, as JSON and as words."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509

from cli.certificate_text import certificate_object
from cli.documents.batch import Outcome
from cli.exit_status import ExitStatus, status_of_error
from cli.session import Session, error_object
from pki.errors.tree import PKIError
from pki.names import common_name
from pki.words import harmless, say
from signing.batch.made import MadeDocument
from verify.finding import Finding


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells of one document after another."""

    session: Session
    certificate: x509.Certificate
    raised_to: str | None = None
    """What waiting documents shall become."""
    _told: set[str] = field(default_factory=set)
    """What was said of a document before, and is not said again of each."""

    def signed(self, document: Path, target: Path, made: MadeDocument) -> Outcome:
        """Tell of one that was signed and given out."""
        data: dict[str, Any] = {
            "input": str(document),
            "output": str(target),
            "state": "signed",
            "field": made.field_name,
            "level": made.level,
            "algorithm": made.choice.algorithm,
            "form": made.choice.form.value,
            "rule": {"met": made.choice.meets_annex, **self._finding(made.choice.rule)},
            "signer": {
                "common_name": common_name(self.certificate.subject),
                **certificate_object(self.certificate),
            },
            "indication": made.indication,
            "mandate": None if made.mandate is None else dict(made.mandate),
            "warnings": [self._finding(found) for found in made.warnings],
        }
        lines = [self.session.word("cli.signed", path=target, level=made.level)]
        if made.mandate is not None:
            lines.append(self.session.word("cli.signed_by_mandate", **made.mandate))
        noted = (*made.warnings, *(() if made.choice.meets_annex else (made.choice.rule,)))
        lines += self._news(noted)
        if self.raised_to is not None:
            data["queued"] = None if made.waiting is None else made.waiting.id
        if self.raised_to is not None and made.waiting is not None:
            lines.append(self.session.word("cli.queue.queued", level=self.raised_to))
        return Outcome(ExitStatus.DONE, data, "\n".join(lines))

    def already(self, document: Path, target: Path) -> Outcome:
        """Tell of one that an earlier run gave out."""
        data = {"input": str(document), "output": str(target), "state": "already"}
        return Outcome(ExitStatus.DONE, data, "")

    def failed(self, document: Path, error: PKIError) -> Outcome:
        """Tell of one that was not signed."""
        described = error_object(error, self.session.language)
        name = harmless(str(document))
        text = f"{name}: error: {described['message']} [{described['code']}]"
        data = {
            "document": {"name": document.name},
            "input": str(document),
            "state": "failed",
            "error": described,
        }
        return Outcome(status_of_error(error), data, text)

    def not_begun(self, document: Path) -> Outcome:
        """Tell of one that the batch did not come to."""
        return Outcome(ExitStatus.DONE, {"input": str(document), "state": "not-begun"}, "")

    def _news(self, noted: tuple[Finding, ...]) -> list[str]:
        """Return what was not said of another document: of the signer, say, of a service."""
        said = [self._say(found) for found in noted]
        news = [text for text in dict.fromkeys(said) if text not in self._told]
        self._told.update(news)
        return news

    def _finding(self, found: Finding) -> dict[str, str]:
        return {"code": found.code, "message": self._say(found)}

    def _say(self, found: Finding) -> str:
        return say(found.code, dict(found.facts), self.session.language)
