"""Several time-stamp services as one: who is asked first, who next, and when again.

The first of the list is asked; whoever fails, the next is asked at once. When all failed, those
that may yet answer are asked again after a pause that doubles. A service that failed a moment ago
is asked last for a while, so that of a thousand documents one waits for it and not each.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

from pki.errors.fetching import FetchRefusedError
from pki.errors.tree import Phrases, PKIError, UnavailableError, phrase
from pki.fetcher import Credentials
from signing.errors.times import (
    TSANoneAnsweredError,
    TSARejectedError,
    TSATooLateError,
    TSAUnavailableError,
)

ANSWER_SECONDS = 150.0
"""The Government's service has been seen to take from 2 to 131 seconds."""
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
REST_SECONDS = 300.0
"""For so long a service that failed is asked after those that did not."""

PASSING = ("time_not_available", "add_info_not_available", "system_failure")
"""Reasons of a refusal that may be gone the next time (RFC 3161 §2.4.2)."""

Answer = TypeVar("Answer")
_RANDOM = secrets.SystemRandom()


@dataclass(frozen=True, slots=True)
class TimestampService:
    """One service, and what is asked of it."""

    url: str
    answer_seconds: float = ANSWER_SECONDS
    """How long one answer may take."""
    tries: int = 2
    """How often it is asked for one time-stamp, while it gives no answer."""
    policy_oid: str | None = None
    """The time-stamp policy that is asked for, and must be answered with; None takes any."""
    accuracy: timedelta | None = None
    """How inaccurate a time-stamp may say it is, or may leave unsaid where this is None."""
    credentials: Credentials | None = field(default=None, repr=False)


class TimestampServices:
    """The services of an office, in the order they are asked; remembers who failed."""

    def __init__(
        self,
        services: Sequence[TimestampService],
        *,
        pause: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = _RANDOM.random,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the list.

        Args:
            services: at least one.
            pause: waits for so many seconds.
            jitter: a number from 0 to 1, so that many offices do not ask again all at once.
            monotonic: seconds that only rise.
        """
        self.services = tuple(services)
        self._pause = pause
        self._jitter = jitter
        self._monotonic = monotonic
        self._failed_at: dict[str, float] = {}

    def ask(self, ask_one: Callable[[TimestampService], Answer]) -> Answer:
        """Return what the first service that can be used answers.

        Args:
            ask_one: asks one service, and raises where its answer cannot be used.

        Raises:
            PKIError: the only service's failure.
            TSANoneAnsweredError: of several services none could be used.
        """
        failures: dict[TimestampService, PKIError] = {}
        for number in range(max(service.tries for service in self.services)):
            asked = [one for one in self._in_order() if _is_asked(one, number, failures.get(one))]
            if not asked:
                break
            if number:
                self._pause(self._length_of_pause(number))
            for service in asked:
                try:
                    answer = ask_one(service)
                except (UnavailableError, FetchRefusedError, TSARejectedError) as error:
                    failures[service] = error
                    self._failed_at[service.url] = self._monotonic()
                else:
                    self._failed_at.pop(service.url, None)
                    return answer
        raise _sum_up(failures)

    def _in_order(self) -> list[TimestampService]:
        now = self._monotonic()
        return sorted(
            self.services,
            key=lambda one: now - self._failed_at.get(one.url, -REST_SECONDS) < REST_SECONDS,
        )

    def _length_of_pause(self, number: int) -> float:
        longest = min(FIRST_PAUSE_SECONDS * (1 << (number - 1)), LONGEST_PAUSE_SECONDS)
        return longest * (0.5 + self._jitter() / 2)


def _is_asked(service: TimestampService, number: int, before: PKIError | None) -> bool:
    """Say whether a service is asked in this round: one that answered wrongly is not again."""
    if number >= service.tries:
        return False
    if isinstance(before, TSARejectedError):
        return any(each in str(before.facts["reason"]) for each in PASSING)
    return before is None or isinstance(before, TSAUnavailableError | TSATooLateError)


def _sum_up(failures: dict[TimestampService, PKIError]) -> PKIError:
    errors = tuple(failures.values())
    if len(errors) == 1:
        return errors[0]
    reasons = Phrases(tuple(phrase(error.code, **error.facts) for error in errors))
    return TSANoneAnsweredError(count=len(errors), reasons=reasons)
