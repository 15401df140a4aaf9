"""Jobs: documents whose verdict nobody waits for at the line, kept in memory until fetched.

A job is known to its caller alone, by a number that cannot be guessed, and is forgotten an hour
after it is done, when it is deleted, or with the service.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pki.errors.tree import PKIError
from pki.words import harmless
from verify.errors import TooManyJobsError, UnknownJobError
from verify.http.answers import error_object
from verify.http.asking import Question
from verify.http.judging import Asked
from verify.http.limits import Limits
from verify.http.room import Share
from verify.http.workers import Workers

SCHEMA = "antin.verify.job/1"


class State(StrEnum):
    """How far a job is."""

    RUNNING = "running"
    DONE = "done"


@dataclass(slots=True)
class Job:
    """Documents under way."""

    id: str
    caller: str
    results: list[dict[str, Any] | None]
    """Of each document its report, or why there is none; None until it is judged."""
    done_at: float | None = None

    @property
    def state(self) -> State:
        """How far it is."""
        return State.RUNNING if self.done_at is None else State.DONE

    def told(self) -> dict[str, Any]:
        """Return what its caller gets to see."""
        shown: dict[str, Any] = {
            "schema": SCHEMA,
            "id": self.id,
            "state": self.state.value,
            "documents": len(self.results),
            "judged": sum(one is not None for one in self.results),
        }
        if self.state is State.DONE:
            shown["results"] = self.results
        return shown


class Jobs:
    """The jobs of one service, all in one event loop."""

    def __init__(
        self, workers: Workers, limits: Limits, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Take who judges, and the bounds; `clock` tells seconds since whenever."""
        self._workers = workers
        self._limits = limits
        self._clock = clock
        self._jobs: dict[str, Job] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        # What comes in heaps never takes the place of those who wait at the line with one.
        self._turns = asyncio.Semaphore(limits.workers)

    def begin(self, question: Question, caller: str, share: Share) -> Job:
        """Start a job; it gives its share of the room back when it is done.

        Raises:
            TooManyJobsError: the caller has too many.
        """
        self._forget_old()
        if sum(job.caller == caller for job in self._jobs.values()) >= self._limits.jobs:
            raise TooManyJobsError(jobs=self._limits.jobs)
        job = Job(secrets.token_urlsafe(16), caller, [None] * len(question.documents))
        self._jobs[job.id] = job
        share.keep()
        task = self._tasks[job.id] = asyncio.create_task(self._run(job, question))

        def over(_: asyncio.Task[None]) -> None:
            del self._tasks[job.id]
            share.give()

        task.add_done_callback(over)
        return job

    def find(self, id_: str, caller: str) -> Job:
        """Return a job of this caller.

        Raises:
            UnknownJobError: there is none of that number, or it is somebody else's.
        """
        self._forget_old()
        job = self._jobs.get(id_)
        if job is None or job.caller != caller:
            raise UnknownJobError
        return job

    def forget(self, job: Job) -> None:
        """Drop a job; what is not judged yet never will be."""
        del self._jobs[job.id]
        if job.state is State.RUNNING:
            self._tasks[job.id].cancel()

    async def judge_all(self, question: Question, results: list[dict[str, Any] | None]) -> None:
        """Judge documents a few at a time, and put what came of each in its place."""
        await asyncio.gather(
            *(self._judge(asked, results, place) for place, asked in enumerate(question.documents))
        )

    async def _run(self, job: Job, question: Question) -> None:
        try:
            await self.judge_all(question, job.results)
        finally:  # a fault of ours leaves no job running for ever
            job.done_at = self._clock()

    async def _judge(self, asked: Asked, results: list[dict[str, Any] | None], place: int) -> None:
        async with self._turns:
            results[place] = await _judged_object(self._workers, asked)

    def _forget_old(self) -> None:
        since = self._clock() - self._limits.job_seconds
        for job in tuple(self._jobs.values()):
            if job.done_at is not None and job.done_at < since:
                del self._jobs[job.id]


async def _judged_object(workers: Workers, asked: Asked) -> dict[str, Any]:
    """Return a document's report as an object, or an object that says why there is none."""
    try:
        judged = await workers.judge(asked, patient=True)
    except PKIError as error:
        return {"document": {"name": harmless(asked.name)}, **error_object(error, asked.language)}
    found: dict[str, Any] = json.loads(judged.body)
    return found
