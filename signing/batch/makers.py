"""Who makes the signatures of a batch; `signing.batch.workers` does in several processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pki.errors.tree import PKIError
from signing.batch.made import MadeDocument

Pair = tuple[Path, Path]
"""A document, and where it goes."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of making one document."""

    document: Path
    target: Path
    made: MadeDocument | None
    error: PKIError | None = None


class Maker(Protocol):
    """Makes documents one after another, in order."""

    def attempts(self, pairs: Sequence[Pair]) -> Iterator[Attempt]:
        """Yield what came of each; those that were not begun when it was stopped are left out."""
        ...

    def stop(self) -> None:
        """Begin no further document."""
        ...

    def close(self) -> None:
        """End whoever works, when what was begun is done."""
        ...


class Here:
    """Makes in this process."""

    def __init__(self, make: Callable[[Path, Path], MadeDocument]) -> None:
        self._make = make
        self._stopped = False

    def attempts(self, pairs: Sequence[Pair]) -> Iterator[Attempt]:
        """Yield what came of each."""
        for document, target in pairs:
            if self._stopped:
                return
            try:
                yield Attempt(document, target, self._make(document, target))
            except PKIError as error:
                yield Attempt(document, target, None, error)

    def stop(self) -> None:
        """Begin no further document."""
        self._stopped = True

    def close(self) -> None:
        """Do nothing: nobody else works."""
