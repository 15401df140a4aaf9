"""The page of `antin token doctor`: one sentence, the tokens, what to do, and what is technical.

It fits any width: columns where there is room for them, one below the other where there is not.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from datetime import datetime

from cli.homes.diagnose import advice, sentence
from cli.session import Session
from cli.tokens.doctor import summary
from hsm.doctor.diagnosis import Diagnosis
from hsm.doctor.finding import Finding, Severity
from hsm.doctor.seen import KeySight, Seen, SeenCertificate, SeenModule, SeenToken
from pki.words import harmless, show

NARROWEST, WIDEST = 40, 110
_INDENT = "   "


def page(diagnosis: Diagnosis, session: Session, *, width: int) -> str:
    """Return the page for people.

    Args:
        diagnosis: what was found.
        session: whose language.
        width: how many letters a line may have; at least `NARROWEST` are used.
    """
    width = min(max(width, NARROWEST), WIDEST)
    weighty = [one for one in diagnosis.findings if one.severity is not Severity.INFO]
    others = [one for one in diagnosis.findings if one.severity is Severity.INFO]
    parts = [
        _wrap(summary(diagnosis, session), width),
        _section("tokens", _token_rows(diagnosis.seen, session), session, width),
        _problems("to_do", weighty, session, width),
        _problems("to_know", others, session, width),
        _section("technical", _technical_rows(diagnosis.seen, session), session, width),
        _wrap(session.word("cli.token_doctor.nobody_logged_in"), width),
    ]
    return "\n\n".join(part for part in parts if part)


def _section(name: str, rows: Sequence[tuple[str, ...]], session: Session, width: int) -> str:
    title = session.word(f"cli.token_doctor.{name}").upper()
    rows = rows or [(session.word("cli.none"),)]
    return "\n".join((title, *_table(rows, width)))


def _problems(name: str, findings: list[Finding], session: Session, width: int) -> str:
    if not findings:
        return ""
    lines = [session.word(f"cli.token_doctor.{name}").upper()]
    for number, one in enumerate(findings, 1):
        weight = session.word(f"cli.token_doctor.{one.severity.value}")
        told = f"{number}. {weight}: {sentence(one, session)} [{one.code}]"
        lines.append(_wrap(told, width, _INDENT))
        lines.append(_wrap(f"{_INDENT}→ {advice(one, session)}", width, f"{_INDENT}  "))
    return "\n".join(lines)


def _token_rows(seen: Seen, session: Session) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for token in seen.tokens:
        info = token.token
        rows.append((info.label or "-", info.serial or "-", _token_state(token, session)))
        rows += [
            (f"  {one.name}", _until(one, session), _certificate_state(token, one, seen, session))
            for one in token.certificates
        ]
    return rows


def _token_state(seen: SeenToken, session: Session) -> str:
    token = seen.token
    if seen.error is not None:
        return session.word("cli.token_doctor.unread")
    if not token.initialized:
        return session.word("cli.token_doctor.blank")
    if not token.pin_set:
        return session.word("cli.token_doctor.pin.unset")
    return session.word(f"cli.token_doctor.pin.{token.pin_state.value}")


def _until(one: SeenCertificate, session: Session) -> str:
    return session.word("cli.token_doctor.until", day=_day(one.not_after, session))


def _day(instant: datetime, session: Session) -> str:
    return show(instant, session.language).split(" ")[0]


def _certificate_state(token: SeenToken, one: SeenCertificate, seen: Seen, session: Session) -> str:
    if not one.fits:
        state = "not-for-signing"
    elif one.not_after < seen.now:
        state = "expired"
    elif one.not_before > seen.now:
        state = "not-yet"
    elif one.key in {KeySight.OTHER, KeySight.UNUSABLE}:
        state = "wrong-key"
    else:
        state = "fit" if token.able else "in-force"
    return session.word(f"cli.token_doctor.{state}")


def _technical_rows(seen: Seen, session: Session) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [(session.word("cli.token_doctor.service"), seen.service.value)]
    for reader in seen.readers:
        state = reader.trouble or ("token" if reader.occupied else "-")
        rows.append((reader.name, state, reader.module))
    rows += [(one.name, _module_state(one), str(one.path)) for one in seen.modules]
    return rows


def _module_state(one: SeenModule) -> str:
    state = one.state.value
    if one.state.answers:
        return f"{state} {one.version}".strip()
    return ", ".join(part for part in (state, one.stage, one.detail) if part)


def _table(rows: Sequence[tuple[str, ...]], width: int) -> Iterator[str]:
    clean = [tuple(harmless(cell) for cell in row) for row in rows]
    columns = max(len(row) for row in clean)
    clean = [(*row, *[""] * (columns - len(row))) for row in clean]
    widths = [max(len(row[column]) for row in clean) for column in range(columns)]
    if sum(widths) + 2 * (columns - 1) <= width - len(_INDENT):
        for row in clean:
            cells = (cell.ljust(size) for cell, size in zip(row, widths, strict=True))
            yield f"{_INDENT}{'  '.join(cells)}".rstrip()
    else:
        for row in clean:
            lead = _INDENT + " " * (len(row[0]) - len(row[0].lstrip()))
            text = " · ".join(cell.strip() for cell in row if cell)
            yield _wrap(f"{lead}{text}", width, f"{lead}  ")


def _wrap(text: str, width: int, hanging: str = "") -> str:
    lines = textwrap.wrap(text, width, subsequent_indent=hanging, break_on_hyphens=False)
    return "\n".join(lines)
