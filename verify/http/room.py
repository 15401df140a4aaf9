"""Room for what callers send: all requests together hold no more memory than is set aside."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from verify.errors import ServiceBusyError


class Room:
    """A number of octets that requests share; used in one event loop."""

    def __init__(self, octets: int) -> None:
        """Set them aside."""
        self._left = octets

    def share(self) -> Share:
        """Return the share of one request, nothing yet."""
        return Share(self)

    def take(self, octets: int) -> None:
        """Take some.

        Raises:
            ServiceBusyError: there are not so many left.
        """
        if octets > self._left:
            raise ServiceBusyError
        self._left -= octets

    def give(self, octets: int) -> None:
        """Give some back."""
        self._left += octets


class Share:
    """What one request holds; given back when the block ends, unless somebody goes on with it."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._taken = 0
        self._kept = False

    def take(self, octets: int) -> None:
        """Take more.

        Raises:
            ServiceBusyError: there is no more.
        """
        self._room.take(octets)
        self._taken += octets

    def keep(self) -> None:
        """Hold it beyond the block, until `give`."""
        self._kept = True

    def give(self) -> None:
        """Give all of it back; once."""
        self._room.give(self._taken)
        self._taken = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._kept:
            self.give()
