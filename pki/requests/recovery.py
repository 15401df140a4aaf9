"""What becomes of a device in the registry while help with its locked PIN is asked for.

    active ─▶ pin-recovery-asked ─▶ active, when it was helped, or is asked for no more

Each step is recorded in the transaction of the request's own.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import cast

from pki.records.changes import EnterRecord
from pki.records.people import Device, DeviceState
from pki.records.requests import RequestKind, RequestRecord
from pki.requests.concern import Registry, day_in_vietnam

Entered = tuple[EnterRecord, ...]


def recovery_asked(registry: Registry | None, record: RequestRecord, now: datetime) -> Entered:
    """Return the step of the device of a request that is handed in; none without a registry."""
    return _step(registry, record, now, (DeviceState.ACTIVE, DeviceState.PIN_RECOVERY))


def recovery_over(registry: Registry | None, record: RequestRecord, now: datetime) -> Entered:
    """Return the step of the device of a request that came to an end, whichever.

    A device of which something else was recorded meanwhile (lost, damaged) stays as it is.
    """
    return _step(registry, record, now, (DeviceState.PIN_RECOVERY, DeviceState.ACTIVE))


def told_of(entered: Entered) -> dict[str, str]:
    """Return what the audit log says of a step."""
    if not entered:
        return {}
    device = cast("Device", entered[0].record)
    return {"device": device.serial, "state": str(device.state)}


def _step(
    registry: Registry | None,
    record: RequestRecord,
    now: datetime,
    move: tuple[DeviceState, DeviceState],
) -> Entered:
    if registry is None or record.kind is not RequestKind.RECOVER or record.device is None:
        return ()
    device = registry.find_entry(Device, record.device)
    if device is None or device.state is not move[0]:
        return ()
    today = day_in_vietnam(now)
    here = {"version": device.version + 1, "follows": device.version, "recorded_at": now}
    entry = replace(device, **here, state=move[1], since=today, effective=today)  # type: ignore[arg-type]  # a field's own type each
    return (EnterRecord(entry),)
