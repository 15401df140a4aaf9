"""Requests step at random: the register takes what the table of moves allows, and nothing else."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from pki_request_rows import EVENT, approval, move, submitted
from pki_world import NOW

from pki.clock import FixedClock
from pki.errors.tree import RefusedError
from pki.records.requests import (
    MOVES,
    Approve,
    CaseQuery,
    MoveRequest,
    RequestChange,
    RequestState,
)
from pki.register.sql import create_register

IDS = ("R-1", "R-2", "R-3")
PEOPLE = ("CB001", "CB002")


class Requests(RuleBasedStateMachine):
    """A register, and what it should hold."""

    def new_place(self) -> str | None:
        """Return where the register is made; None for a file."""
        return None

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        place = self.new_place() or Path(self.folder.name) / "r.db"
        self.register = create_register(place, FixedClock(NOW))
        self.steps: dict[str, list[RequestState]] = {}
        self.approved: dict[str, set[str]] = {}

    def taken(self, change: RequestChange) -> bool:
        """Return whether the register takes a change."""
        try:
            self.register.commit((change,), EVENT)
        except RefusedError:
            return False
        return True

    @rule(number=st.sampled_from(IDS))
    def submit(self, number: str) -> None:
        if number not in self.steps:
            assert self.taken(submitted(number))
            self.steps[number] = [RequestState.SUBMITTED]

    @rule(
        number=st.sampled_from(IDS),
        state=st.sampled_from(RequestState),
        skipped=st.sampled_from((0, 0, 0, 1)),
    )
    def step(self, number: str, state: RequestState, skipped: int) -> None:
        steps = self.steps.get(number, [])
        if not steps:
            return
        allowed = (steps[-1], state) in MOVES and not skipped
        change = MoveRequest(move(state, len(steps) + 1 + skipped, number))
        assert self.taken(change) is allowed
        if allowed:
            steps.append(state)

    @rule(number=st.sampled_from(IDS), person=st.sampled_from(PEOPLE))
    def approve(self, number: str, person: str) -> None:
        if number not in self.steps:
            return
        people = self.approved.setdefault(number, set())
        open_still = self.steps[number][-1] is RequestState.SUBMITTED
        change = Approve(approval(number, person, str(PEOPLE.index(person))))
        assert self.taken(change) is (open_still and person not in people)
        if open_still:
            people.add(person)

    @invariant()
    def holds_what_it_took(self) -> None:
        if not hasattr(self, "steps"):
            return
        found = {case.record.id: case for case in self.register.cases.list(CaseQuery())}
        assert found.keys() == self.steps.keys()
        for number, steps in self.steps.items():
            case = found[number]
            assert (case.state, case.moves) == (steps[-1], len(steps))
            assert case.approved == len(self.approved.get(number, ()))
            assert [one.state for one in self.register.cases.moves(number)] == steps

    def teardown(self) -> None:
        if hasattr(self, "register"):
            self.register.close()
            self.folder.cleanup()
