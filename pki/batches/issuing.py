"""A file that was looked through, issued: what an earlier run did is told, the rest is done.

Lines are read again as they are needed; between reading a line and recording its certificate no
more of them are held than are under way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from cryptography import x509

from pki.authority.bulk import Workers, issue_in_bulk
from pki.authority.bulk_way import Manner
from pki.authority.bulk_work import Demand, OpenKey
from pki.batches.checking import Checking, Findings
from pki.batches.earlier import Stands
from pki.batches.folder import read_request
from pki.batches.lines import Wanted, derived_id
from pki.errors.registry_files import CSVChangedError, CSVFaultsError
from pki.errors.tree import PKIError
from pki.records.certificates import CertificateRecord
from pki.requests.content import Concerned


class Ending(StrEnum):
    """What came of a line."""

    ISSUED = "issued"
    EARLIER = "issued-before"
    """By an earlier run."""
    REFUSED = "refused"
    FAULT = "fault"
    """It was left out."""
    LEFT = "left"
    """It was not come to."""


@dataclass(frozen=True, slots=True)
class Ended:
    """One line, done with."""

    line: int
    ending: Ending
    concerned: Concerned
    agency: str
    """That it is counted under; empty for none."""
    serial: int | None = None
    certificate_der: bytes | None = field(default=None, repr=False)
    error: PKIError | None = None


class Issuing:
    """One file, on its way."""

    def __init__(self, checking: Checking, findings: Findings, *, skip_bad: bool = False) -> None:
        """Issue nothing yet.

        Args:
            checking: of the file.
            findings: what it found.
            skip_bad: leave wrong lines out, instead of issuing nothing.

        Raises:
            CSVFaultsError: lines are wrong, and are not to be left out.
        """
        if findings.bad and not skip_bad:
            first = findings.faults[0].line if findings.faults else 0
            raise CSVFaultsError(count=findings.bad, line=first)
        self._checking = checking
        self._findings = findings
        self._under_way: dict[int, Wanted] = {}
        """By its place among the orders."""
        self._concerned: dict[str, Concerned] = {}
        """By the id of the order, which has not come to its end."""

    def earlier(self) -> Iterator[Ended]:
        """Yield what was issued before, and what is left out.

        Raises:
            PKIError: the file cannot be read any more.
        """
        findings = self._findings
        if not findings.issued and not findings.bad:
            return
        wrong = {fault.line: fault.error for fault in reversed(findings.faults)}
        for read in self._checking.batch.read():
            line = read.line.number
            stands, wanted = findings.stands(line), read.wanted
            if stands is Stands.BAD:
                one = wanted.concerned if wanted is not None else Concerned()
                agency = self._checking.agency_of(wanted) if wanted is not None else ""
                yield Ended(line, Ending.FAULT, one, agency, error=wrong.get(line))
            elif stands is Stands.ISSUED and wanted is not None:
                yield self._ended_before(wanted)

    def run(
        self, open_key: OpenKey, workers: Workers | Sequence[Workers] = (), *, ahead: int = 4
    ) -> Iterator[Ended]:
        """Issue what is left, and yield what came of each line, batch by batch.

        Args:
            open_key: as `pki.authority.bulk.issue_in_bulk`.
            workers: the same.
            ahead: the same.

        Raises:
            CSVChangedError: the file is another one by now; what was yielded before stands.
            PKIError: as `issue_in_bulk`.
        """
        checking, findings = self._checking, self._findings
        if not findings.left:
            return
        if checking.batch.read_sha256() != findings.sha256:
            raise CSVChangedError(path=checking.batch.path)
        manner = Manner(ahead, goes_on=True, concerned=self._of)
        for outcome in issue_in_bulk(
            checking.authority,
            checking.trial.shop.profile,
            self._demands(),
            open_key=open_key,
            workers=workers,
            manner=manner,
        ):
            wanted = self._under_way.pop(outcome.position)
            self._concerned.pop(self._order(wanted)[0], None)
            yield self._ended(wanted, outcome.certificate_der, outcome.error)
        if checking.batch.sha256 != findings.sha256:
            raise CSVChangedError(path=checking.batch.path)

    def _demands(self) -> Iterator[Demand]:
        position = 0
        for read in self._checking.batch.read():
            wanted = read.wanted
            if wanted is None or self._findings.stands(wanted.line) not in {
                Stands.NEW,
                Stands.BEGUN,
            }:
                continue
            request_id, requester = self._order(wanted)
            self._under_way[position] = wanted
            self._concerned[request_id] = wanted.concerned
            position += 1
            try:
                request = read_request(self._checking.trial.folder, wanted.csr)
            except PKIError:  # it was there; what is none is refused like any other
                request = b""
            yield Demand(request, wanted.subject, requester, request_id)

    def _order(self, wanted: Wanted) -> tuple[str, str]:
        """Return a line's id, and who asks."""
        known = self._findings.ids.get(wanted.line)
        if known is not None:
            return known
        made = wanted.request_id or derived_id(self._findings.sha256, wanted.line)
        return made, self._checking.trial.requester

    def _of(self, record: CertificateRecord) -> Concerned:
        return self._concerned.get(record.request_id or "", Concerned())

    def _ended_before(self, wanted: Wanted) -> Ended:
        request_id, _ = self._order(wanted)
        checking = self._checking
        # Erased since the file was looked through, it is not found by its id any more.
        found = checking.authority.register.find_request(checking.trial.shop.name, request_id)
        serial, certificate_der = (None, None) if found is None else (found.serial, found.der)
        agency = checking.agency_of(wanted)
        return Ended(
            *(wanted.line, Ending.EARLIER, wanted.concerned, agency, serial, certificate_der)
        )

    def _ended(
        self, wanted: Wanted, certificate_der: bytes | None, error: PKIError | None
    ) -> Ended:
        one, agency = wanted.concerned, self._checking.agency_of(wanted)
        if certificate_der is None:
            return Ended(wanted.line, Ending.REFUSED, one, agency, error=error)
        serial = x509.load_der_x509_certificate(certificate_der).serial_number
        return Ended(wanted.line, Ending.ISSUED, one, agency, serial, certificate_der)
