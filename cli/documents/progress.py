"""How far a long command is, on a terminal; in a pipe, nothing."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from cli.session import Session

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class Bar:
    """A line on stderr with what is done and the time that is left.

    It begins with the first result, which comes after the PIN; it is drawn when something is done,
    never by a clock, and goes away while a person is asked.
    """

    def __init__(self, session: Session, total: int, title: str = "cli.sign.progress") -> None:
        self._title = session.word(title)
        self._total = total
        self._done = 0
        self._shown = sys.stderr.isatty()
        self._drawn: tuple[Progress, TaskID] | None = None

    def advance(self, by: int = 1) -> None:
        """Count one more as done, or several."""
        self._done += by
        if not self._shown:
            return
        progress, task = self._drawn = self._drawn or self._begin()
        progress.update(task, completed=self._done)
        progress.refresh()

    @property
    def done(self) -> int:
        """How many were counted."""
        return self._done

    def pause(self) -> None:
        """Take it away until something more is done."""
        if self._drawn is not None:
            self._drawn[0].stop()
            self._drawn = None

    def close(self) -> None:
        """Take it away."""
        self.pause()
        self._shown = False

    def _begin(self) -> tuple[Progress, TaskID]:
        from rich.console import Console  # most commands draw nothing
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            auto_refresh=False,
            transient=True,
            # Lines on a terminal go above the bar; those in a pipe stay in the pipe.
            redirect_stdout=sys.stdout.isatty(),
        )
        task = progress.add_task(self._title, total=self._total, completed=self._done - 1)
        progress.start()
        return progress, task
