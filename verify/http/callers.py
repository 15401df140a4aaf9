"""Who may ask, and how often: keys of document systems, of which only hashes are kept.

A key is 256 random bits, so its plain hash gives nothing away; it is compared in constant time.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from verify.errors import RateLimitError, UnknownCallerError

ANYBODY = "-"
"""Who asks where no keys are asked for."""
_BEARER = "bearer "


@dataclass(frozen=True, slots=True)
class Caller:
    """A document system."""

    name: str
    key_sha256: str
    """Of its key, lower-case hex."""


def new_key() -> str:
    """Return a key that nobody else has."""
    return f"antin_{secrets.token_urlsafe(32)}"


def hash_of(key: str) -> str:
    """Return what is kept of a key."""
    return hashlib.sha256(key.encode()).hexdigest()


class Callers:
    """Admits those who have a key, and counts their documents. Safe to share between threads."""

    def __init__(
        self,
        callers: tuple[Caller, ...],
        per_minute: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take who may ask; without any, everybody may.

        Args:
            callers: names and hashes.
            per_minute: how many documents each of them may send.
            clock: seconds since whenever.
        """
        self._callers = callers
        self._per_minute = per_minute
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def admit(self, authorization: str | None) -> str:
        """Return the name of the caller by the header that came.

        Raises:
            UnknownCallerError: no key, or one that is not known.
        """
        if not self._callers:
            return ANYBODY
        given = authorization or ""
        if given[: len(_BEARER)].lower() != _BEARER:
            raise UnknownCallerError
        told = hash_of(given[len(_BEARER) :].strip())
        # All are compared, so that how long it takes tells nothing.
        found = [one.name for one in self._callers if hmac.compare_digest(one.key_sha256, told)]
        if not found:
            raise UnknownCallerError
        return found[0]

    def charge(self, name: str, documents: int) -> None:
        """Count documents of a caller: a bucket that fills up evenly within a minute.

        Raises:
            RateLimitError: there are too many; none was counted.
        """
        with self._lock:
            now = self._clock()
            left, since = self._left.get(name, (float(self._per_minute), now))
            left = min(self._per_minute, left + (now - since) * self._per_minute / 60)
            if left < documents:
                wait = (documents - left) * 60 / self._per_minute
                raise RateLimitError(per_minute=self._per_minute, seconds=max(1, round(wait)))
            self._left[name] = (left - documents, now)
