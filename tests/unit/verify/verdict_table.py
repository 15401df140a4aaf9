"""Tables of verdicts in `docs/verdicts.md`, one section a corpus, made by the tests.

A test holds its section against its own run. `ANTIN_WRITE_TABLES=1` writes it instead.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

CORPORA = "corpora"
ROWS = (
    "attacks on PDF signatures, refused as verdicts",
    "harmless documents of that set, not rejected",
    "EU DSS: intact, or not, as told",
    "EU DSS: nothing undefined changed, as told",
    "iText: legal revisions kept",
    "iText: illegal revisions found",
    "encrypted, with its origin's password: judged",
    "NIST PKITS",
    "x509-limbo, but for the web PKI's own",
    "x509-limbo, the web PKI's own: judged",
    "EU DSS: facts into the process",
    "no exception but Antin's: pdf-malformed",
    "no exception but Antin's: pdf-attacks",
    "no exception but Antin's: dss-pades",
    "no exception but Antin's: itext-sign",
    "no exception but Antin's: pdf-signed-misc",
    "no exception but Antin's: pyhanko",
)
"""What stands in the table of all corpora; each row is held by the test of its corpus."""


@dataclass(frozen=True)
class Tally:
    """What came of a corpus; who crashes makes its test fail before."""

    cases: int
    agreed: int
    explained: int
    crashed: int = 0


def check_section(
    checkout: Path, name: str, header: Sequence[str], rows: Iterable[Sequence[object]]
) -> None:
    """Hold the section `name` of the page against `rows`, or write it."""
    lines = [header, ["---"] * len(header), *rows]
    table = "\n".join(line_of(line) for line in lines)
    page, before, inside, after = _section(checkout, name)
    if os.environ.get("ANTIN_WRITE_TABLES"):
        page.write_text(f"{before}\n\n{table}\n\n{after}", encoding="utf-8")
        return
    assert inside.strip() == table


def check_row(checkout: Path, key: str, tally: Tally) -> None:
    """Hold the row of one corpus against what came of it, or write it."""
    assert tally.cases == tally.agreed + tally.explained + tally.crashed
    assert key in ROWS
    line = line_of((key, tally.cases, tally.agreed, tally.explained, tally.crashed))
    page, before, inside, after = _section(checkout, CORPORA)
    found = {row.split("|")[1].strip(): row for row in inside.strip().splitlines()[2:]}
    if os.environ.get("ANTIN_WRITE_TABLES"):
        found[key] = line
        head = (line_of(_HEAD), line_of(["---"] * len(_HEAD)))
        table = "\n".join((*head, *(found[name] for name in ROWS if name in found)))
        page.write_text(f"{before}\n\n{table}\n\n{after}", encoding="utf-8")
        return
    assert found.get(key) == line
    assert list(found) == list(ROWS)


_HEAD = ("corpus", "cases", "agreed", "explained", "crashed")


def line_of(cells: Iterable[object]) -> str:
    """Return a line of a table."""
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def _section(checkout: Path, name: str) -> tuple[Path, str, str, str]:
    """Return the page and its parts: up to a section's mark, what is inside, from its end on."""
    page = checkout / "docs" / "verdicts.md"
    start, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, mark, rest = page.read_text("utf-8").partition(start)
    inside, found, after = rest.partition(end)
    assert found, f"{page} has no section {name}"
    return page, before + mark, inside, found + after
