"""Events in any order befall one person, two posts and a device: what the registry says of them.

Beside the register stands a model in plain words: which day the person ceased to serve, when each
post ends, what became of the token. An event that does not fit leaves no trace.
"""

from __future__ import annotations

import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from pki_people import DAY, agency, device, person, post, put
from pki_world import NOW

from pki.audit.verify import verify_audit
from pki.clock import FixedClock
from pki.errors.tree import PKIError
from pki.events.recording import record_event
from pki.events.told import SUBJECTS, tell
from pki.records.events import EventKind, EventQuery
from pki.records.people import (
    Agency,
    Device,
    Person,
    PersonState,
    Post,
    PostQuery,
)
from pki.register.sql import create_register

KEYS = {"person": "NV-1", "agency": "UBND-X", "device": "T-1"}
GONE = {EventKind.RETIREMENT, EventKind.LEAVING, EventKind.DEATH}
days = st.integers(-2, 40)


class Happenings(RuleBasedStateMachine):
    """One person who holds two posts in two agencies, one device."""

    def new_place(self) -> str | None:
        """Return where the register is made; None for a file."""
        return None

    @initialize()
    def make(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        place = self.new_place() or Path(self.folder.name) / "register.db"
        self.register = create_register(place, FixedClock(NOW))
        self.happened: dict[str, tuple[Any, ...]] = {}
        put(self.register, agency(), agency("UBND-Y"), person(), device())
        put(self.register, post(), post("CV-2", agency="UBND-Y", title="Bí thư"))

    def teardown(self) -> None:
        if hasattr(self, "register"):
            assert verify_audit(self.register) > 0
            self.register.close()
            self.folder.cleanup()

    @rule(
        kind=st.sampled_from(EventKind),
        later=days,
        code=st.sampled_from(["CV-1", "CV-2", "CV-1-UBND-Y"]),
        moves=st.booleans(),
    )
    def befall(self, kind: EventKind, later: int, code: str, *, moves: bool) -> None:
        said: dict[str, str | None] = {SUBJECTS[kind]: KEYS.get(SUBJECTS[kind], code)}
        if kind is EventKind.MERGER or (kind is EventKind.POST_CHANGE and moves):
            said["to_agency"] = "UBND-Y"
        told = tell(kind, DAY + timedelta(days=later), said)
        before, entries = self.seen(), self.register.last_audit_entry()
        try:
            done = record_event(self.register, told, actor="x", at=NOW)
        except PKIError:
            assert self.seen() == before
            assert self.register.last_audit_entry() == entries
            assert told.id not in self.happened
            return
        assert done.new == (told.id not in self.happened)
        if not done.new:
            assert self.register.last_audit_entry() == entries
            return
        self.happened[told.id] = (told.kind, told.day, told.content_sha256)
        self.holds_now(kind, told.day, said)

    def holds_now(self, kind: EventKind, day: date, said: dict[str, str | None]) -> None:
        """Say of the registry what the event says."""
        if kind in GONE:
            known = self.register.find_entry(Person, "NV-1")
            assert known is not None
            assert known.since == day
            assert known.state is not PersonState.ACTIVE
        if kind is EventKind.POST_CHANGE:
            left = self.register.find_entry(Post, said["post"] or "")
            assert left is not None
            assert left.until == day - timedelta(days=1)
        if kind in {EventKind.MERGER, EventKind.DISSOLUTION}:
            ended = self.register.find_entry(Agency, "UBND-X")
            assert ended is not None
            assert ended.until == day - timedelta(days=1)
        if kind in {EventKind.LOSS, EventKind.DAMAGE, EventKind.EXPOSURE}:
            gone = self.register.find_entry(Device, "T-1")
            assert gone is not None
            assert gone.state.value in {"lost", "damaged", "suspended"}

    def seen(self) -> tuple[Any, ...]:
        find = self.register.find_entry
        return (find(Person, "NV-1"), find(Device, "T-1"), find(Agency, "UBND-X"), self.posts())

    def posts(self) -> tuple[Post, ...]:
        return self.register.find_entries(PostQuery(person="NV-1"))

    @invariant()
    def each_event_is_there_once(self) -> None:
        if not hasattr(self, "register"):
            return
        found = self.register.list_events(EventQuery())
        assert {one.id: (one.kind, one.day, one.content_sha256) for one in found} == self.happened

    @invariant()
    def nobody_holds_a_post_without_serving(self) -> None:
        if not hasattr(self, "register"):
            return
        known = self.register.find_entry(Person, "NV-1")
        assert known is not None
        for one in self.posts():
            ends = one.until or date.max
            place = self.register.find_entry(Agency, one.agency)
            assert place is not None
            assert ends <= (place.until or date.max)
            assert known.state is PersonState.ACTIVE or ends < known.since
