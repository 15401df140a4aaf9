"""What is gathered on the way of a file of certificates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from cli.documents.progress import Bar
from cli.exit_status import ExitStatus, status_of_error
from pki.atomic import PRIVATE, writing_beside
from pki.batches.faults import head_of_faults, line_of_faults
from pki.batches.issuing import Ended, Ending
from pki.batches.lines import Batch
from pki.batches.report import Report
from pki.errors.tree import PKIError
from pki.registry.intake import MAX_FAULTS, Fault
from pki.registry.sheet import Line

EVERY = 64
"""Drawing costs as much as some certificates."""


class Steps:
    """Draws a bar anew after every few."""

    def __init__(self, bar: Bar) -> None:
        self._bar = bar
        self._untold = 0

    def __call__(self, by: int) -> None:
        """Count some more."""
        self._untold += by
        if self._untold >= EVERY:
            self._bar.advance(self._untold)
            self._untold = 0


@dataclass(slots=True)
class Told:
    """What came of the lines."""

    report: Report
    refused: list[Fault] = field(default_factory=list)
    statuses: set[ExitStatus] = field(default_factory=set)

    def add_all(self, ended: Iterable[tuple[Ended, PKIError | None]]) -> None:
        """Note lines that came to their end, and what went wrong when they were written."""
        for one, error in ended:
            self.report.add(one, error)
            wrong = error or (one.error if one.ending is Ending.REFUSED else None)
            if wrong is not None:
                self.statuses.add(status_of_error(wrong))
                if len(self.refused) < MAX_FAULTS:
                    self.refused.append(Fault(one.line, wrong))


class FaultFile:
    """Wrong lines on their way into a file; there is none where none is wrong, or none is named."""

    def __init__(self, path: Path | None, batch: Batch) -> None:
        self._path = path
        self._batch = batch
        self._held = ExitStack()
        self._file: BinaryIO | None = None

    def __enter__(self) -> FaultFile:
        return self

    def __exit__(self, *raised: Any) -> None:  # noqa: ANN401  as the interpreter gives them
        self._held.__exit__(*raised)

    def keep(self, line: Line, faults: Sequence[PKIError]) -> None:
        """Write one down."""
        if self._path is None:
            return
        columns = self._batch.columns
        if self._file is None:
            writing = writing_beside(self._path, overwrite=False, mode=PRIVATE)
            self._file = self._held.enter_context(writing)
            self._file.write(head_of_faults(columns))
        self._file.write(line_of_faults(columns, line, faults))
