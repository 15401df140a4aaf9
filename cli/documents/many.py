"""Whether documents are judged in processes of their own: see `cli.documents.apart`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from cli.documents.batch import Outcome
from cli.documents.judge import Judge

MANY = 16
"""So many are worth the third of a second in which a process starts."""

Attempts = Callable[[Sequence[Path]], Iterator[Outcome]]


@contextmanager
def judging_apart(judge: Judge, documents: int) -> Iterator[Attempts | None]:
    """Hand out what judges so many documents in processes; None where this one does.

    That is where they are few, and where a password opens them, which no other process gets.
    """
    if documents < MANY or judge.outside.password is not None:
        yield None
        return
    from cli.documents.apart import Apart, Bounds  # one document does without

    # Records of what was judged are kept in the order of the documents.
    workers = 1 if judge.outside.judged else min(os.cpu_count() or 1, documents // (MANY // 2))
    # What is for signing alone does not travel.
    outside = replace(judge.outside, timestamps=None)
    work = replace(judge, outside=outside)
    apart = Apart(judge.session, work, workers=workers, bounds=Bounds())
    try:
        yield apart.attempts
    finally:
        apart.close()
