"""The judging processes of a service, and how many documents may wait for them."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import replace

from verify.errors import JudgingEndedError, JudgingTooLongError, ServiceBusyError
from verify.http.judging import Asked, Judged, Rules
from verify.http.limits import Limits
from verify.http.messages import Message, question_of, warm_up_question
from verify.http.worker import EndedError, Worker

_WARMING = 300.0


class Workers:
    """The processes of one service; used in one event loop at a time."""

    def __init__(self, rules: Rules, limits: Limits) -> None:
        """Take by what and how much is judged; processes start with the first document."""
        self._rules = replace(rules, memory_bytes=limits.memory_bytes)
        self._limits = limits
        self._under_way = 0
        self._stopped = False
        self._free: list[Worker | None] = []
        """None stands for a process that could not be started, and will be when it is needed."""
        self._begun = False
        self._busy: set[Worker] = set()
        self._waiting: deque[asyncio.Future[Worker | None]] = deque()

    def start(self) -> None:
        """Start the processes and have one load what it needs, for who measures or ends it.

        Raises:
            PKIError: policy or trust anchors cannot be read.
        """
        asyncio.run(self._ask(warm_up_question(), _WARMING))

    async def judge(self, asked: Asked, *, patient: bool = False) -> Judged:
        """Return the verdict on a document.

        Args:
            asked: the document.
            patient: wait for a turn, however many wait already; for work that nobody waits for.

        Raises:
            ServiceBusyError: too many documents wait, or the system has no room for a process.
            JudgingTooLongError: its time was over; the process was ended.
            JudgingEndedError: the process ended by itself, or wanted more memory than it may have.
            PKIError: as `verify.http.judging.judge`.
        """
        self._enter(patient=patient)
        seconds = self._limits.seconds
        try:
            judged = await self._ask(question_of(asked), seconds)
        except TimeoutError as error:
            raise JudgingTooLongError(name=asked.name, seconds=max(1, round(seconds))) from error
        except (EndedError, MemoryError) as error:
            raise JudgingEndedError(name=asked.name) from error
        finally:
            self._under_way -= 1
        assert judged is not None  # noqa: S101  a document was asked about
        return judged

    def stop(self) -> None:
        """End all of them, whatever they do."""
        self._stopped = True
        free = [one for one in self._free if one is not None]
        self._free.clear()
        for one in free:
            one.retire()
        for one in self._busy:
            one.kill()
        for one in (*free, *self._busy):
            one.join()

    async def _ask(self, question: Message, seconds: float) -> Judged | None:
        worker = await self._take()
        try:
            return await worker.ask(question, seconds)
        finally:
            self._busy.discard(worker)
            self._give(worker)

    async def _take(self) -> Worker:
        """Return a process that is free, sooner or later."""
        if not self._begun:
            self._begun = True
            self._free = [self._new() for _ in range(self._limits.workers)]
        free = self._free.pop() if self._free else await self._turn()
        if free is None or not free.lives():  # somebody may have ended it
            free = self._successor(free)
        if free is None:
            self._give(None)
            raise ServiceBusyError
        self._busy.add(free)
        return free

    async def _turn(self) -> Worker | None:
        turn: asyncio.Future[Worker | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self._give(turn.result())
            raise

    def _give(self, worker: Worker | None) -> None:
        """Give a process to who waits longest; another one in its place if it is not fit."""
        if worker is not None and (self._stopped or not worker.fit):
            worker = self._successor(worker)
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(worker)
                return
        self._free.append(worker)

    def _successor(self, worker: Worker | None) -> Worker | None:
        if worker is not None:
            worker.end()
        return self._new()

    def _new(self) -> Worker | None:
        if self._stopped:
            return None
        try:
            return Worker(self._rules)
        except OSError:
            return None

    def _enter(self, *, patient: bool) -> None:
        most = self._limits.workers + self._limits.waiting
        if self._under_way >= most and not patient:
            raise ServiceBusyError
        self._under_way += 1
