"""Runs a ceremony's steps in their order; each is written down, durably, before the next begins.

What a step does is not known here: `Actions` does it, on tokens and in a register. A step that was
interrupted after it was done and before it was written down is asked for again with `again`, and
then finds what it made.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from pki.audit.tree import Edge
from pki.ceremony.plan import Step
from pki.ceremony.profiles import Texts, hash_of
from pki.ceremony.transcript import (
    FORMAT,
    Entry,
    Transcript,
    chained,
    fixed,
    line_of,
    parse_transcript,
    time_text,
    varies,
)
from pki.clock import Clock
from pki.errors.ceremony import TranscriptDiffersError
from pki.errors.clock import ClockBeforeRecordError


class Actions(Protocol):
    """What touches the world."""

    def confirm(self, number: int, step: Step) -> None:
        """Ask those who confirm the step.

        Raises:
            NotConfirmedError: one of them did not.
        """
        ...

    def act(self, step: Step, *, again: bool) -> dict[str, Any]:
        """Do a step and return what came of it, as it is written down."""
        ...

    def log_edge(self) -> Edge:
        """Return how the audit log stands."""
        ...


@dataclass(frozen=True, slots=True)
class Beginning:
    """What the first line says."""

    plan_text: str
    texts: Texts
    policy_arc: str
    version: str
    """Antin's."""
    rehearsal: bool


def begin(beginning: Beginning, actions: Actions, clock: Clock) -> Transcript:
    """Return a transcript that holds its first line alone."""
    head = {
        "format": FORMAT,
        "plan": beginning.plan_text,
        "rehearsal": varies(beginning.rehearsal),
        "antin": beginning.version,
        "policy_arc": beginning.policy_arc,
        "profiles": {
            name: {"sha256": hash_of(text), "text": text} for name, text in beginning.texts.items()
        },
        "at": varies(time_text(clock.now())),
        "log": _log(actions),
    }
    return parse_transcript(line_of(head) + b"\n")


def check_same_ceremony(transcript: Transcript, beginning: Beginning) -> None:
    """Refuse to go on with the transcript of something else.

    Raises:
        TranscriptDiffersError: another plan, other profiles, another Antin, or a rehearsal.
    """
    head = transcript.head
    texts = {name: one["text"] for name, one in head["profiles"].items()}
    same = (
        head["plan"] == beginning.plan_text
        and texts == dict(beginning.texts)
        and head["antin"] == beginning.version
        and head["policy_arc"] == beginning.policy_arc
        and transcript.is_rehearsal == beginning.rehearsal
    )
    if not same:
        raise TranscriptDiffersError(line=1)


def go_on(
    transcript: Transcript,
    actions: Actions,
    clock: Clock,
    *,
    keep: Callable[[bytes], None],
    resumed: bool = False,
) -> Transcript:
    """Do what is not done yet, and end the transcript.

    Args:
        transcript: as far as it goes.
        actions: does the steps.
        clock: the time.
        keep: makes the whole file durable; called after every step.
        resumed: whether an earlier run may have done the first step without writing it down.

    Raises:
        ClockBeforeRecordError: the clock was set back between two steps.
        PKIError: whatever a step raises; what was done before it is kept.
    """
    plan = transcript.plan
    for number in range(len(transcript.steps) + 1, len(plan.step) + 1):
        step = plan.step[number - 1]
        actions.confirm(number, step)
        result = actions.act(step, again=resumed)
        resumed = False
        asked = step.model_dump(mode="json", exclude={"title", "confirm", "do"})
        entry = {
            "number": number,
            "do": step.do,
            "title": step.title,
            "asked": asked,
            "confirmed_by": list(step.confirm),
            "result": result,
        }
        transcript = _append(transcript, entry, clock)
        keep(transcript.octets())
    if not transcript.ended:
        transcript = _append(transcript, {"end": len(plan.step), "log": _log(actions)}, clock)
        keep(transcript.octets())
    return transcript


def _append(transcript: Transcript, entry: Entry, clock: Clock) -> Transcript:
    now, before = time_text(clock.now()), fixed(transcript.entries[-1]["at"])
    if now < before:
        raise ClockBeforeRecordError(now=now, recorded=before)
    line = line_of(chained({**entry, "at": varies(now)}, transcript.lines[-1]))
    return parse_transcript(transcript.octets() + line + b"\n")


def _log(actions: Actions) -> Entry:
    edge = actions.log_edge()
    return {"entries": varies(edge.size), "head": varies(edge.root().hex())}
