"""A person and a device through any history: the register tells of every day what is true.

Beside the register stands a model that keeps the versions in a list and finds what holds on a day
by going back from the newest. Which state follows which stands here a second time, as sentences of
the administration would say it.
"""

from __future__ import annotations

import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from pki_people import DAY, after, agency, device, instead, person, put
from pki_world import NOW

from pki.audit.verify import verify_audit
from pki.clock import FixedClock
from pki.errors.registry import (
    DeviceHolderError,
    DeviceMoveError,
    EntryBackwardsError,
    PersonMoveError,
)
from pki.records.people import (
    Device,
    DeviceQuery,
    DeviceState,
    Entry,
    Person,
    PersonQuery,
    PersonState,
)
from pki.register.sql import create_register

ALLOWED = {
    *("active retired", "active left", "active died", "retired active", "retired died"),
    *("left active", "left retired", "left died"),
    *("issued active", "issued lost", "issued damaged", "issued returned"),
    *("active lost", "active damaged", "active suspended", "active pin-recovery-asked"),
    *("active returned", "suspended active", "suspended lost", "suspended damaged"),
    *("suspended returned", "pin-recovery-asked active", "pin-recovery-asked suspended"),
    *("pin-recovery-asked lost", "pin-recovery-asked damaged", "pin-recovery-asked returned"),
    *("lost suspended", "lost damaged", "lost returned", "damaged lost", "damaged returned"),
    "returned issued",
}
HOLDERS = ({"person": "NV-1", "agency": None}, {"person": None, "agency": "UBND-X"})
days = st.integers(-5, 40)


class Careers(RuleBasedStateMachine):
    """One person, one device."""

    def new_place(self) -> str | None:
        """Return where the register is made; None for a file."""
        return None

    @initialize()
    def make(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        place = self.new_place() or Path(self.folder.name) / "register.db"
        self.register = create_register(place, FixedClock(NOW))
        self.told: dict[str, list[Any]] = {"NV-1": [person()], "T-1": [device()]}
        put(self.register, agency(), person(), device())

    def teardown(self) -> None:
        if hasattr(self, "register"):
            assert verify_audit(self.register) > 0
            self.register.close()
            self.folder.cleanup()

    @rule(state=st.sampled_from(PersonState), later=days, mend=st.booleans())
    def say_of_person(self, state: PersonState, later: int, *, mend: bool) -> None:
        self.say("NV-1", later, mend=mend, state=state)

    @rule(
        state=st.sampled_from(DeviceState),
        later=days,
        mend=st.booleans(),
        holder=st.sampled_from(HOLDERS),
    )
    def say_of_device(
        self, state: DeviceState, later: int, *, mend: bool, holder: dict[str, str | None]
    ) -> None:
        self.say("T-1", later, mend=mend, state=state, **holder)

    def say(self, key: str, later: int, *, mend: bool, **changes: Any) -> None:
        last = self.told[key][-1]
        day = last.effective + timedelta(days=later)
        entry = (instead if mend else after)(last, effective=day, since=day, **changes)
        error = self.wrong(key, entry)
        if error is None:
            put(self.register, entry)
            self.told[key].append(entry)
            return
        try:
            put(self.register, entry)
        except error:
            return
        raise AssertionError("it was taken")

    def wrong(self, key: str, entry: Any) -> type[Exception] | None:
        if entry.follows == 0:
            return None
        before = self.told[key][entry.follows - 1]
        if entry.effective < before.effective:
            return EntryBackwardsError
        if before.state != entry.state and f"{before.state} {entry.state}" not in ALLOWED:
            return PersonMoveError if isinstance(entry, Person) else DeviceMoveError
        handed = isinstance(entry, Device) and before.person != entry.person
        if handed and (before.state, entry.state) != (DeviceState.RETURNED, DeviceState.ISSUED):
            return DeviceHolderError
        return None

    def true_on(self, key: str, day: date) -> Entry | None:
        number = len(self.told[key])
        while number:
            entry: Entry = self.told[key][number - 1]
            if entry.effective <= day:
                return entry
            number = entry.follows
        return None

    @invariant()
    def every_day_is_told(self) -> None:
        if not hasattr(self, "register"):
            return
        for key, kind, query in (("NV-1", Person, PersonQuery), ("T-1", Device, DeviceQuery)):
            told = self.told[key]
            assert self.register.entry_history(kind, key) == tuple(told)
            assert self.register.find_entry(kind, key) == told[-1]
            for day in {DAY, *(entry.effective for entry in told[-6:])}:
                for asked in (day - timedelta(days=1), day):
                    true = self.true_on(key, asked)
                    assert self.register.find_entry(kind, key, on=asked) == true
                    assert self.register.find_entries(query(on=asked)) == ((true,) if true else ())
