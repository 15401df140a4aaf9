"""Writes `docs/rights.md`: which role may do what."""

from __future__ import annotations

from pathlib import Path

from pki.records.requests import Role
from pki.requests.rights import Act, may
from pki.words import Language, say

CHECKOUT = Path(__file__).resolve().parent.parent
INTRODUCTION = """<!-- Written by `make docs` from pki/requests/rights.py: change it there. -->
# Who may do what

A role belongs to a certificate, from a moment on and, where one is set, up to one
(`antin role grant`). Whoever acts signs with the key of that certificate; the signature is judged,
and the certificate must be in force. Roles are ended (`antin role end`) and never deleted. One
person may have several roles, but does not decide on a request of the same person.

Personal numbers without a mask (`--unmasked` of `antin request show` and of `antin person list`,
`show` and `export`) are shown to whom a role allows it, by signature, and the audit log says who
asked. Until the first role was ever granted, whoever has the home sees those of `antin person`, as
the account, and the log says so; ending every role does not bring that back.

"""


def write_page() -> str:
    """Return the page."""
    head = ["", *(f"{_word('role', one.value, Language.EN)}" for one in Role)]
    lines = [INTRODUCTION + _row(head), _row(["---"] * len(head))]
    for act in Act:
        cells = ["yes" if may(role, act) else "–" for role in Role]
        words = f"`{act.value}`: {_word('act', act.value, Language.EN)}"
        lines.append(_row([f"{words} *({_word('act', act.value, Language.VI)})*", *cells]))
    names = "; ".join(f"{one.value}: *{_word('role', one.value, Language.VI)}*" for one in Role)
    lines += ["", f"In Vietnamese: {names}.", ""]
    return "\n".join(lines)


def _word(kind: str, name: str, language: Language) -> str:
    room = "pki" if kind == "act" else "cli"
    return say(f"{room}.{kind}.{name}", {}, language)


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    (CHECKOUT / "docs" / "rights.md").write_text(write_page(), encoding="utf-8")
