"""Which state follows which: of a person, of a device.

    active ─▶ retired, left ─▶ active        issued ─▶ active ⇄ suspended, PIN recovery asked
    any of them ─▶ died                      lost, damaged ─▶ … ─▶ returned ─▶ issued

Nobody comes back from death, and a device that was lost is looked at before it is used again: it
goes to `suspended` first. Only a device that was returned is handed to another. What was recorded
wrongly is not a move: a version that stands in the place of the wrong one mends it.

The tables are ours: Decree 68/2024 names the events (Art. 10, 17), not the states.
"""

from __future__ import annotations

from pki.records.people import Device, DeviceState, Entry, Person, PersonState

PERSON_MOVES: dict[PersonState, frozenset[PersonState]] = {
    PersonState.ACTIVE: frozenset({PersonState.RETIRED, PersonState.LEFT, PersonState.DIED}),
    PersonState.RETIRED: frozenset({PersonState.ACTIVE, PersonState.DIED}),
    PersonState.LEFT: frozenset({PersonState.ACTIVE, PersonState.RETIRED, PersonState.DIED}),
    PersonState.DIED: frozenset(),
}
"""A version may keep the state; these are the changes of it."""

_OUT_OF_USE = frozenset({DeviceState.LOST, DeviceState.DAMAGED, DeviceState.RETURNED})
DEVICE_MOVES: dict[DeviceState, frozenset[DeviceState]] = {
    DeviceState.ISSUED: _OUT_OF_USE | {DeviceState.ACTIVE},
    DeviceState.ACTIVE: _OUT_OF_USE | {DeviceState.SUSPENDED, DeviceState.PIN_RECOVERY},
    DeviceState.SUSPENDED: _OUT_OF_USE | {DeviceState.ACTIVE},
    DeviceState.PIN_RECOVERY: _OUT_OF_USE | {DeviceState.ACTIVE, DeviceState.SUSPENDED},
    DeviceState.LOST: frozenset({DeviceState.SUSPENDED, DeviceState.DAMAGED, DeviceState.RETURNED}),
    DeviceState.DAMAGED: frozenset({DeviceState.LOST, DeviceState.RETURNED}),
    DeviceState.RETURNED: frozenset({DeviceState.ISSUED}),
}
"""As above. A device that is handed over anew begins again with `issued`."""


def state_follows(before: Entry, after: Entry) -> bool:
    """Say whether a version's state may follow that of the version it goes on from."""
    if isinstance(before, Person) and isinstance(after, Person):
        return before.state is after.state or after.state in PERSON_MOVES[before.state]
    if isinstance(before, Device) and isinstance(after, Device):
        return before.state is after.state or after.state in DEVICE_MOVES[before.state]
    return True


def holder_follows(before: Entry, after: Entry) -> bool:
    """Say whether a device keeps its holder, or lay in the office when it got another."""
    if not (isinstance(before, Device) and isinstance(after, Device)):
        return True
    if (before.person, before.agency) == (after.person, after.agency):
        return True
    return before.state is DeviceState.RETURNED and after.state is DeviceState.ISSUED
