"""Tables of verdicts in `docs/verdicts.md`, one section a corpus, made by the tests.

A test holds its section against its own run. `ANTIN_WRITE_TABLES=1` writes it instead.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path


def check_section(
    checkout: Path, name: str, header: Sequence[str], rows: Iterable[Sequence[object]]
) -> None:
    """Hold the section `name` of the page against `rows`, or write it."""
    page = checkout / "docs" / "verdicts.md"
    start, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, _, rest = page.read_text("utf-8").partition(start)
    inside, found, after = rest.partition(end)
    assert found, f"{page} has no section {name}"
    lines = [header, ["---"] * len(header), *rows]
    table = "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)
    if os.environ.get("ANTIN_WRITE_TABLES"):
        page.write_text(f"{before}{start}\n\n{table}\n\n{end}{after}", encoding="utf-8")
        return
    assert inside.strip() == table
