"""Agencies, people, posts, devices. No name, no number of a person: codes alone."""

from __future__ import annotations

from pki.errors.tree import RefusedError


class EntryBackwardsError(RefusedError):
    """It would hold from before the day of what it follows (facts: `key`, `day`, `last`)."""

    code = "pki.entry_backwards"


class PersonMoveError(RefusedError):
    """No such change of a person's state (facts: `person`, `before`, `after`)."""

    code = "pki.person_move"


class PersonTwiceError(RefusedError):
    """Another person has that citizen's number (facts: `person`, `other`)."""

    code = "pki.person_twice"


class DeviceMoveError(RefusedError):
    """No such change of a device's state (facts: `device`, `before`, `after`)."""

    code = "pki.device_move"


class DeviceHolderError(RefusedError):
    """A device gets another holder and was not returned (facts: `device`, `state`)."""

    code = "pki.device_holder"
