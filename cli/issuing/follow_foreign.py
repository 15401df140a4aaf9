"""Asks other authorities about their certificates, and shows what changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from cryptography import x509

from cli.actor import actor
from cli.homes.office import Office
from cli.homes.outside import Outside
from cli.session import Session, table
from pki.records.certificates import serial_text
from pki.watching.follow import FollowingRegister, IssuerTally, Turn, follow_all
from verify.certificate import readable
from verify.following import StatusAsker

_COUNTS = ("asked", "good", "held", "revoked", "unanswered")
_LINES = 20


def follow_foreign(
    office: Office, outside: Outside, issuers: Sequence[str] | None = None
) -> tuple[IssuerTally, ...]:
    """Ask every issuer, or those; what is known is recorded as it comes.

    Raises:
        PKIError: whatever the register answers.
    """
    clock, register = office.session.clock, cast("FollowingRegister", office.register)
    authorities: tuple[x509.Certificate, ...] = tuple(readable(register.watched_authorities()))
    asker = StatusAsker(outside.fetcher, clock, outside.trust, outside.policy, authorities)
    return tuple(follow_all(register, asker, clock, actor(), issuers))


def put_tallies(session: Session, tallies: tuple[IssuerTally, ...], *, offline: bool) -> None:
    """Show what came of it."""
    data = {"offline": offline, "issuers": [_object(one) for one in tallies]}

    def text() -> str:
        lines = [session.word("cli.watch.offline")] if offline else []
        if not tallies:
            return "\n".join((*lines, session.word("cli.watch.nothing")))
        for one in tallies:
            lines.append(session.word("cli.watch.issuer", issuer=one.issuer))
            rows = [
                (session.word(f"cli.watch.{name}"), str(getattr(one, name))) for name in _COUNTS
            ]
            if one.why:
                rows.append((session.word("cli.watch.why"), one.why))
            until = one.good_until
            if until is not None:
                rows.append((session.word("cli.watch.good_until"), until.isoformat()))
            lines.append(table(rows))
            turned = [_line(session, turn) for turn in one.turns[:_LINES]]
            lines += [table(turned)] if turned else []
            left = len(one.turns) - len(turned) + one.more_turns
            lines += [session.word("cli.watch.more", count=left)] if left else []
        return "\n".join(lines)

    session.put("cert.watch/1", data, text)


def _object(tally: IssuerTally) -> dict[str, Any]:
    return {
        "issuer": tally.issuer,
        **{name: getattr(tally, name) for name in _COUNTS},
        "why": tally.why,
        "good_until": tally.good_until.isoformat() if tally.good_until else None,
        "changes": [_turn(one) for one in tally.turns],
        "more_changes": tally.more_turns,
    }


def _turn(turn: Turn) -> dict[str, Any]:
    status = turn.status
    return {
        "serial": serial_text(turn.certificate.serial),
        "name": turn.certificate.name,
        "fingerprint": turn.certificate.fingerprint,
        "before": turn.certificate.standing.value,
        "status": status.standing.value,
        "revoked_at": status.revoked_at.isoformat() if status.revoked_at else None,
        "reason": status.reason,
        "source": status.source,
        "evidence_sha256": status.evidence_sha256,
    }


def _line(session: Session, turn: Turn) -> tuple[str, ...]:
    told = _turn(turn)
    words = (session.word(f"cli.watch.status.{told[name]}") for name in ("before", "status"))
    return (told["serial"], told["name"], " → ".join(words), told["revoked_at"] or "")
