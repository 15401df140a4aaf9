"""What came of sending notices, and what was recorded of them, as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import typer

from cli.notices.places import mail_object
from cli.notices.sending import ChannelRun
from cli.session import Session, error_object, table
from pki.errors.tree import Fact
from pki.notices.mail import Mail
from pki.records.notices import Message, Notice
from pki.words import harmless, hint_of, message_of

_LINES = 20


@dataclass(slots=True)
class Shown:
    """Writes messages and notices as they come, and counts at the end: one JSON object, or text."""

    session: Session
    dry: bool
    written: int = 0

    def begin(self) -> None:
        """Begin."""
        if self.session.as_json:
            head = json.dumps({"schema": "antin.notice.send/1", "dry_run": self.dry})
            typer.echo(f'{head[:-1]}, "messages": [', nl=False)

    def mail(self, mail: Mail) -> None:
        """Write a message that goes to stdout."""
        told = mail_object(mail)
        names = {"To": mail.address or mail.recipient, "Subject": mail.subject}
        names["Message-ID"] = mail.message_id
        head = "\n".join(f"{name}: {harmless(text)}" for name, text in names.items())
        self._item(told, f"{head}\n\n{mail.text}")

    def notice(self, notice: Notice) -> None:
        """Write a notice that would be queued."""
        told = notice_object(notice)
        if self.session.as_json:
            self._item(told, "")
        else:
            self.written += 1
            if self.written <= _LINES:
                typer.echo(self._line(notice))

    def end(self, runs: Iterable[ChannelRun]) -> None:
        """Write the counts."""
        told = [run_object(run, self.session) for run in runs]
        if self.session.as_json:
            typer.echo(f'], "channels": {json.dumps(told, ensure_ascii=False)}}}')
            return
        if self.dry and self.written > _LINES:
            left = self.written - _LINES
            self.session.tell("cli.notice.more", count=left)
        for run in runs:
            self._tell(run)

    def _item(self, told: dict[str, Any], text: str) -> None:
        if self.session.as_json:
            data = json.dumps(told, ensure_ascii=False)
            typer.echo(f"{', ' if self.written else ''}{data}", nl=False)
        else:
            typer.echo(text)
        self.written += 1

    def _line(self, notice: Notice) -> str:
        kind = self.session.word(f"cli.notice.kind.{notice.kind}", days=notice.number)
        return table([(kind, notice.subject, notice.recipient)])

    def _tell(self, run: ChannelRun) -> None:
        if self.dry:
            facts = self._facts(run)
            self.session.tell("cli.notice.would", **facts, waiting=run.waiting)
        else:
            self._tell_sent(run)
        if run.error is not None:
            message = message_of(run.error, self.session.language)
            typer.echo(f"error: {message} [{run.error.code}]", err=True)
            typer.echo(f"hint: {hint_of(run.error, self.session.language)}", err=True)

    def _tell_sent(self, run: ChannelRun) -> None:
        session = self.session
        session.tell("cli.notice.queued", **self._facts(run))
        for state, count in sorted(run.states.items()):
            session.tell(f"cli.notice.state.{state}", count=count)
        for recipient, reason in run.troubles[:_LINES]:
            session.tell("cli.notice.trouble", recipient=recipient, reason=reason)
        if run.waiting:
            session.tell("cli.notice.waiting", count=run.waiting)

    @staticmethod
    def _facts(run: ChannelRun) -> dict[str, Fact]:
        queued = sum(run.queued.values())
        return {"channel": str(run.channel), "notices": queued, "messages": run.messages}


def run_object(run: ChannelRun, session: Session) -> dict[str, Any]:
    """Return the JSON form of what came of one channel."""
    return {
        "channel": str(run.channel),
        "queued": run.queued,
        "messages": run.messages,
        "states": run.states,
        "troubles": [{"recipient": one, "reason": why} for one, why in run.troubles],
        "waiting": run.waiting,
        "error": error_object(run.error, session.language) if run.error else None,
    }


def notice_object(notice: Notice) -> dict[str, Any]:
    """Return the JSON form of a notice: codes alone."""
    return {
        "kind": str(notice.kind),
        "number": notice.number,
        "subject": notice.subject,
        "recipient": notice.recipient,
    }


def message_object(message: Message, notices: Iterable[Notice]) -> dict[str, Any]:
    """Return the JSON form of a message as it is recorded."""
    return {
        "id": message.id,
        "channel": str(message.channel),
        "recipient": message.recipient,
        "digest": message.digest,
        "state": str(message.state),
        "tries": message.tries,
        "reason": message.reason,
        "created_at": message.created_at.isoformat(),
        "changed_at": message.changed_at.isoformat(),
        "notices": [notice_object(one) for one in notices],
    }


def message_row(session: Session, told: dict[str, Any]) -> tuple[str, ...]:
    """Return a message as a line of the table."""
    first, count = told["notices"][0], len(told["notices"])
    what = session.word(f"cli.notice.kind.{first['kind']}", days=first["number"])
    return (
        told["changed_at"][:16],
        session.word(f"cli.notice.is.{told['state']}"),
        told["channel"],
        told["recipient"],
        what if count == 1 else f"{what} (+{count - 1})",
        first["subject"],
        told["reason"] or "",
    )
