"""A document on its way to a level: looked at, stamped, given evidence, made what it was."""

from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO
from typing import BinaryIO

from signing.document import hostile_document
from signing.extension import Extension, Step
from signing.inplace import Place
from signing.proof import add_document_timestamp, add_evidence
from signing.services import SigningServices
from signing.tsa import FetchingTimeStamper
from verify.collect import Collector, verify_opened_online
from verify.content import Content, shown
from verify.document import verify_opened
from verify.evidence import Evidence
from verify.pdf.document import OpenPDF, open_pdf
from verify.policy import Policy
from verify.report import Report

DIGESTS = ("sha256", "sha384", "sha512")
"""What every time-stamp service takes, the first that the policy sets no end to."""


@dataclass(frozen=True, slots=True)
class Look:
    """A verdict, and what the network had to add to what is in the document."""

    report: Report
    evidence: Evidence


def look(data: Content, services: SigningServices, *, name: str) -> Look:
    """Judge a document as it is, fetching what it lacks.

    Raises:
        InvalidInputError: it is no document (`verify.errors`).
    """
    collector = Collector(services.fetcher, services.clock)
    report = verify_opened_online(
        _open(data, services, name),
        policy=services.policy,
        trust=services.trust,
        collector=collector,
    )
    return Look(report, collector.evidence)


def _open(data: Content, services: SigningServices, name: str) -> OpenPDF:
    limits = services.policy.limits
    return open_pdf(data, name=name, limits=limits, password=services.password)


@dataclass(slots=True)
class Work:
    """A document on its way."""

    document: BinaryIO
    wish: Extension
    services: SigningServices
    timestamper: FetchingTimeStamper
    name: str
    steps: list[Step] = field(default_factory=list)
    report: Report = field(init=False)
    evidence: Evidence = field(init=False)
    """What the network had to add to what is in the document, for this report."""
    stamped: Place | None = None
    """The signature that a time-stamp was put into."""

    @property
    def data(self) -> bytes:
        """The document, where it is in memory."""
        return self.document.getvalue() if isinstance(self.document, BytesIO) else b""

    def undo(self, size: int) -> None:
        """Make the document what it was, when it had that size."""
        self.document.truncate(size)
        if self.stamped is not None:
            self.stamped.write(self.document, self.stamped.digits)

    def look(self) -> Report:
        """Judge the document as it is, fetching what it lacks."""
        with shown(self.document) as data:
            found = look(data, self.services, name=self.name)
        self.report, self.evidence = found.report, found.evidence
        return self.report

    def look_alone(self) -> Report:
        """Judge the document by what is in it."""
        services = self.services
        with shown(self.document) as data:
            self.report = verify_opened(
                _open(data, services, self.name),
                policy=services.policy,
                trust=services.trust,
                at=services.clock.now(),
            )
        return self.report

    def stamp(self, step: Step) -> None:
        """Append a time-stamp over everything."""
        digest = accepted_digest(self.services.policy)
        with hostile_document():
            add_document_timestamp(
                self.document,
                self.timestamper,
                digest_name=digest,
                name=self.name,
                password=self.services.password,
            )
        self.steps.append(step)

    def add_evidence(self) -> None:
        """Append the evidence there is, as no step of its own."""
        add_evidence(
            self.document,
            self.evidence,
            contents=None,
            name=self.name,
            password=self.services.password,
        )

    def embed(self) -> None:
        """Append the evidence there is."""
        self.add_evidence()
        self.steps.append(Step.EVIDENCE)


def accepted_digest(policy: Policy) -> str:
    """Return the digest that new time-stamps are made over."""
    known = policy.algorithms.digests
    lasting = [each for each in DIGESTS if each in known and known[each].until is None]
    return (lasting or list(DIGESTS))[0]
