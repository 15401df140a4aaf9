"""Writes `docs/invariants.md`: what an authority must never break, and what guards and tries it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from cli.selftest.invariants import INVARIANTS, Invariant
from pki.words import Language, say

CHECKOUT = Path(__file__).resolve().parent.parent
GROUPS = {1: "Issuing", 11: "Revocation and status", 20: "Records"}
INTRODUCTION = """<!-- Written by `make docs` from cli/selftest/invariants.py: change it there. -->
# What an authority must never break

25 invariants, each a test by its number. The test makes a trial of the invariant in a small
administration of its own, on SQLite and on PostgreSQL; then it takes away what guards the
invariant, one mutant after the other, and the same trial must notice.

```console
$ antin selftest invariants
$ antin selftest invariants --json
```

makes the same trials with the code of this installation, in sandboxes with a register of their own
and keys in software, and then looks at the home's own register: no record of it is changed, no key
of it is used. Status 3 if any invariant is broken, else 0. Where the last column says so, the
records are looked at too: every certificate is read, verified under its issuer, compared with its
record and with the authorities' own keys; each hold, release and revocation must follow from what
stood before it, and what the log calls revoked must be so still; the newest lists go through the
gate again, and their dates and reasons are compared with those of the register; the log is
recomputed; the database's own guards are compared with those of this version. Serials that cannot
be read are told, and end the look: nothing behind them can be.

The sandboxes are on the engine of the home's register. In PostgreSQL each is a schema of its own in
the register's database, dropped after the trial; one that a killed process left is dropped by the
next run. Their writers take turns with those of the register, and what the guards refuse there
stands in the server's log. Where the account may make no schema, the sandboxes are in SQLite, and
the answer says so.

What is narrower than its sentence: on PostgreSQL a guard's condition is compared where it stands in
a function, else only that the trigger is there and switched on. How many certificates a holder has
is counted when one is reserved, and not by the look, which knows records and not the profiles of
the day. The look finds what is wrong in the records, not who did it: for that there are
[checkpoints](audit-log.md) in other hands.
"""


def write_page() -> str:
    """Return the page."""
    parts = [INTRODUCTION]
    for invariant in INVARIANTS:
        if invariant.number in GROUPS:
            parts.append(f"## {GROUPS[invariant.number]}\n")
        parts.append(_section(invariant))
    return "\n".join(parts)


def _section(invariant: Invariant) -> str:
    sentences = [
        say(f"cli.selftest.invariant.{invariant.name}", {}, language)
        for language in (Language.EN, Language.VI)
    ]
    lines = [f"### {invariant.number}", "", f"{sentences[0]}.", "", f"*{sentences[1]}.*", ""]
    lines.append(f"- Clauses: {invariant.clauses}")
    live = "tried in a sandbox" + ("; the register is looked at" if invariant.looked_at else "")
    lines += [
        f"- Guarded in: {_code(invariant.guards)}",
        f"- Test: `{invariant.test}`",
        f"- Mutants, each noticed: {_code(one.replace('_', ' ') for one in invariant.mutants)}",
        f"- On a living installation: {live}",
    ]
    lines.append("")
    return "\n".join(lines)


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


if __name__ == "__main__":
    (CHECKOUT / "docs" / "invariants.md").write_text(write_page(), encoding="utf-8")
