"""A transcript as a page for people, in both languages at once.

It is made of the transcript and of nothing else, the same each time, so that the page beside a
transcript can be held against it; what is signed is the transcript.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from pki.ceremony.plan import Step
from pki.ceremony.transcript import Entry, Transcript, fixed
from pki.words import Language, say

_LONG = frozenset({"certificate", "crl", "public_key"})
"""Artefacts themselves; the page has their hashes."""


def render_page(transcript: Transcript) -> str:
    """Return the page in Markdown."""
    return "\n".join(_lines(transcript)) + "\n"


def _lines(transcript: Transcript) -> Iterator[str]:
    plan, head = transcript.plan, transcript.head
    yield f"# {_plain(plan.name)}"
    yield ""
    if transcript.is_rehearsal:
        yield f"**{_both('rehearsal')}**"
        yield ""
    yield from _rows(
        ("place", plan.place),
        ("began", fixed(head["at"])),
        ("version", head["antin"]),
        ("log_before", _log(head)),
        *(("profile", f"{name} {one['sha256']}") for name, one in head["profiles"].items()),
        *(("present", f"{one.role}: {one.name} ({one.id})") for one in plan.person),
    )
    for step, entry in zip(plan.step, transcript.steps, strict=False):
        yield from _step(step, entry)
    if transcript.ended:
        end = transcript.entries[-1]
        yield from ("", f"## {_both('end')}", "")
        yield from _rows(
            ("ended", fixed(end["at"])),
            ("log_after", _log(end)),
            ("sha256", hashlib.sha256(transcript.octets()).hexdigest()),
        )


def _step(step: Step, entry: Entry) -> Iterator[str]:
    yield from ("", f"## {_both('step')} {entry['number']}: {_plain(step.title)}", "")
    asked = ((f"`{name}`", str(value)) for name, value in entry["asked"].items() if value)
    yield from _rows(*asked)
    yield from _rows(("confirmed", ", ".join(entry["confirmed_by"])), ("at", fixed(entry["at"])))
    for name, value in entry["result"].items():
        if name not in _LONG:
            yield from _rows((f"`{name}`", _value(fixed(value))))


def _rows(*rows: tuple[str, str]) -> Iterator[str]:
    for name, value in rows:
        yield f"- {name if name.startswith('`') else _both(name)}: `{_plain(value)}`"


def _value(value: Any) -> str:  # noqa: ANN401  JSON
    if isinstance(value, dict):
        return ", ".join(f"{name} {str(fixed(one)).lower()}" for name, one in value.items())
    if isinstance(value, list):
        return "; ".join(_value(one) for one in value)
    return str(value)


def _log(entry: Entry) -> str:
    log = entry["log"]
    return f"{fixed(log['entries'])} {fixed(log['head'])}"


def _plain(text: str) -> str:
    """Return text that ends no code span and begins nothing."""
    return str(text).replace("`", "'").replace("\n", " ").replace("<", "‹").replace("|", "¦")


def _both(word: str) -> str:
    languages = (Language.VI, Language.EN)
    return " / ".join(say(f"cli.ceremony.page.{word}", {}, language) for language in languages)
