"""What a run leaves in its folder: a certificate a line, and a report for all and each agency."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

from cli.issuing.pem import pem_of
from pki.atomic import write_atomically, writing_beside
from pki.batches.issuing import Ended
from pki.batches.report import Report
from pki.errors.files import OutputExistsError, OutputUnwritableError
from pki.errors.tree import PKIError
from pki.records.certificates import serial_text

THREADS = 8
"""What takes time is waiting for the disk."""
AHEAD = 256
REPORT = "report.csv"
AGENCIES = "agencies"

# Windows opens a device where a file is asked for by one of these names, whatever its ending.
_DEVICE = re.compile(r"(?i)(con|prn|aux|nul|(com|lpt)[0-9])(\.|$)")


def file_name(code: str, ending: str) -> str:
    """Return the name of a file for a code of the registry, or a serial."""
    return f"_{code}{ending}" if _DEVICE.match(code) else f"{code}{ending}"


class Outputs:
    """Certificates on their way into a folder; one that is there already is left alone."""

    def __init__(self, folder: Path) -> None:
        """Make the folder.

        Raises:
            OutputUnwritableError: it cannot be made.
        """
        make_folder(folder)
        self._folder = folder
        self._pool = ThreadPoolExecutor(THREADS)
        self._waiting: deque[tuple[Ended, Future[None]]] = deque()

    def put(self, one: Ended) -> Iterator[tuple[Ended, PKIError | None]]:
        """Write what came of a line; yield those that are written, and what went wrong there."""
        if one.certificate_der is None or one.serial is None:
            yield one, None
            return
        name = file_name(one.concerned.person or serial_text(one.serial), ".pem")
        work = self._pool.submit(_write, self._folder / name, one.certificate_der)
        self._waiting.append((one, work))
        while len(self._waiting) > AHEAD:
            yield self._next()

    def rest(self) -> Iterator[tuple[Ended, PKIError | None]]:
        """Yield those that are still to be written."""
        while self._waiting:
            yield self._next()

    def close(self) -> None:
        """Write no more."""
        self._pool.shutdown(cancel_futures=True)

    def _next(self) -> tuple[Ended, PKIError | None]:
        one, work = self._waiting.popleft()
        try:
            work.result()
        except PKIError as error:
            return one, error
        return one, None


def _write(path: Path, certificate_der: bytes) -> None:
    pem = pem_of(certificate_der)
    try:
        write_atomically(path, pem, overwrite=False)
    except OutputExistsError:
        if _content(path) != pem:
            raise


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def write_reports(folder: Path, report: Report) -> None:
    """Write the report of a run, over that of the run before.

    Raises:
        PKIError: it cannot be written.
    """
    _put(folder / REPORT, report.whole())
    for agency in report.agencies:
        make_folder(folder / AGENCIES)
        _put(folder / AGENCIES / file_name(agency, ".csv"), report.of_agency(agency))


def make_folder(folder: Path) -> None:
    """Make a folder where there is none.

    Raises:
        OutputUnwritableError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputUnwritableError(path=folder, reason=error.strerror or "") from error


def _put(path: Path, lines: Iterable[bytes]) -> None:
    with writing_beside(path, overwrite=True) as file:
        for line in lines:
            file.write(line)


@contextmanager
def outputs_in(folder: Path | None) -> Iterator[Outputs | None]:
    """Give what writes certificates into a folder; None where none is named."""
    if folder is None:
        yield None
        return
    with closing(Outputs(folder)) as outputs:
        yield outputs
