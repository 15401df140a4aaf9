"""One judging process, and the line on which nobody else speaks: a document there, its report back.

Nothing is shared with another process, no lock and no pipe: one that ends, whenever it does, takes
its own document along and nobody else's. Whoever waits is woken once.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import multiprocessing.reduction  # lets a socket travel to a process
import signal
import socket
from contextlib import suppress
from io import BufferedReader

from verify.http.judging import Judged, Rules, judge, warm
from verify.http.limits import MEBIBYTE
from verify.http.memory_posix import held_bytes
from verify.http.messages import (
    PART,
    READY,
    Message,
    OddAnswerError,
    Question,
    failed_answer,
    judged_answer,
    read_answer,
    read_question,
    receive,
    warmed_answer,
)

# A forked process would share locks and connections that other threads hold.
_CONTEXT = multiprocessing.get_context("spawn")
_STARTING = 300.0
"""Seconds that a process may take to load its program, on a machine with much else to do."""
_ENDING = 2.0
DOCUMENTS = 20_000
"""After so many a process is replaced: 20,000 of 950 kinds left 17 MB in one."""
GROWN = 128 * MEBIBYTE
"""A process that kept so much more than it had at first is replaced before."""
_LOOK = 32
"""After every so many documents it is looked how much that is."""


class EndedError(Exception):
    """The process ended before it answered; stays within this package."""


class Worker:
    """A process that judges one document at a time; used in one event loop at a time."""

    def __init__(self, rules: Rules) -> None:
        """Start it.

        Raises:
            OSError: the system has no room for another process.
        """
        self._line, theirs = socket.socketpair()
        self._process = _CONTEXT.Process(target=serve, args=(theirs, rules), daemon=True)
        with theirs:
            try:
                self._process.start()
            except OSError:
                self._line.close()
                raise
        self._line.setblocking(False)  # noqa: FBT003  its only way
        self._ready = False
        self._late = False
        self.fit = True
        """Whether it may be asked again."""

    def lives(self) -> bool:
        """Say whether there is such a process."""
        return self._process.is_alive()

    async def ask(self, question: Message, seconds: float) -> Judged | None:
        """Return what it answers.

        Whoever stops waiting leaves a process that is fit for nothing.

        Raises:
            TimeoutError: it took longer than so many seconds, and was ended.
            EndedError: it ended before it answered, or said what is no answer.
            Exception: what was raised there.
        """
        loop = asyncio.get_running_loop()
        self.fit = False  # until it has answered
        try:
            if not self._ready:
                await self._begin(loop)
            timer = loop.call_later(seconds, self._be_late)
            try:
                for part in question:
                    await loop.sock_sendall(self._line, part)
                head, rest = await receive(loop, self._line)
            finally:
                timer.cancel()
        except (OSError, EOFError) as error:
            raise (TimeoutError if self._late else EndedError) from error
        try:
            answer = read_answer(head, rest)
        except OddAnswerError as odd:
            raise EndedError from odd  # who speaks so is asked no more
        except Exception:
            self.fit = not head[1]
            raise
        self.fit = not head[1]
        return answer

    def retire(self) -> None:
        """Let it go: it ends once it has nothing to do any more."""
        self._line.close()

    def kill(self) -> None:
        """End it, whatever it does; who waits for its answer is told."""
        self._process.kill()

    def end(self) -> None:
        """End it, whatever it does, when nobody waits for its answer."""
        self._process.kill()
        self._line.close()

    def join(self) -> None:
        """Wait until it is no more."""
        self._process.join(_ENDING)
        self._process.kill()
        self._process.join()

    def _be_late(self) -> None:
        self._late = True
        self._process.kill()  # whoever waits for it learns so by the end of its line

    async def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        timer = loop.call_later(_STARTING, self._process.kill)
        try:
            if await loop.sock_recv(self._line, len(READY)) != READY:
                raise EOFError
        finally:
            timer.cancel()
        self._ready = True


def serve(line: socket.socket, rules: Rules) -> None:
    """Judge what comes on a line until nobody is at its other end: what a process does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the service, which ends this one
    judging = _Judging(rules)
    coming = BufferedReader(line.makefile("rb", buffering=0), PART)
    with line, coming, suppress(ConnectionError):
        line.sendall(READY)
        while (question := read_question(coming)) is not None:
            for part in judging.answer_to(question):
                line.sendall(part)


class _Judging:
    """What a process did so far."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._judged = 0
        self._held = 0
        """What it had after its first documents, which load what is loaded when it is needed."""

    def answer_to(self, question: Question) -> Message:
        try:
            if question.asked is None:
                warm(self._rules)
                return warmed_answer()
            judged = judge(self._rules, question.asked)
        except Exception as error:  # noqa: BLE001  whatever it is, it is for who asked
            return failed_answer(error, last=self._is_last())
        return judged_answer(judged, last=self._is_last())

    def _is_last(self) -> bool:
        self._judged += 1
        if self._judged % _LOOK:
            return False
        held = held_bytes()
        self._held = self._held or held
        return self._judged >= DOCUMENTS or held - self._held > GROWN
