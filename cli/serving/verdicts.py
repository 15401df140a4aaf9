"""The service for document systems as this home's configuration has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli.homes.home import Home
from cli.homes.lists import sources_of
from cli.serving.lists import ListKeeper
from cli.serving.paper import write_paper
from pki.clock import SystemClock
from verify.http.app import build_app
from verify.http.callers import Caller, Callers
from verify.http.judging import Rules, check_rules
from verify.http.limits import MEBIBYTE, Limits
from verify.http.workers import Workers

if TYPE_CHECKING:
    from starlette.types import ASGIApp


class VerdictService:
    """Judging processes and the application before them."""

    def __init__(self, home: Home) -> None:
        """Make them; a process starts with the first document.

        Raises:
            PKIError: policy or trust anchors cannot be read.
        """
        wanted = home.settings.verify
        bounds = wanted.service
        limits = Limits(
            workers=bounds.workers,
            seconds=bounds.seconds,
            memory_bytes=bounds.memory_mebibytes * MEBIBYTE,
            body_bytes=bounds.body_mebibytes * MEBIBYTE,
            held_bytes=8 * bounds.body_mebibytes * MEBIBYTE,
            documents=bounds.documents,
            waiting=bounds.waiting,
            per_minute=bounds.per_minute,
        )
        rules = Rules(
            policy=wanted.policy,
            trust=tuple(map(home.path, wanted.trust)),
            allow=home.settings.network.allow,
            cache=home.cache,
            paper=write_paper,
            lists=sources_of(home),
            kept_lists=home.lists,
        )
        check_rules(rules)
        self._workers = Workers(rules, limits)
        callers = Callers(
            tuple(Caller(one.name, one.sha256) for one in bounds.key), limits.per_minute
        )
        self._lists = ListKeeper(home, SystemClock())
        self._lists.start()
        self.app: ASGIApp = build_app(self._workers, callers, limits)

    def stop(self) -> None:
        """End the processes."""
        self._lists.stop()
        self._workers.stop()
