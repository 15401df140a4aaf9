"""Sign now, raise later: given out at B-B at once, the rest queued; and working on the queue.

Spec: Decree 68/2024/ND-CP Art. 29 (a time-stamp where the law asks for one); the service of the
Government takes from seconds to minutes, and may be down, while the document has to go out.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pki.errors.tree import InvalidInputError, PKIError, RefusedError, UnavailableError
from signing.errors.queue import DocumentChangedError
from signing.errors.times import EvidenceUnavailableError
from signing.evidence import find_signature
from signing.extension import ExtendedDocument, Extension
from signing.options import Level
from signing.queue import Entry, Queue
from signing.reached import all_have, lowest_level
from signing.replacing import replacing
from signing.services import SigningServices
from signing.sign import Signatory, SignedDocument
from verify.content import Content, shown


@dataclass(frozen=True, slots=True)
class Later:
    """What is done when the level cannot be had at once."""

    queue: Queue
    level: Level
    try_first: bool
    """Ask the services once, and queue only what they keep waiting; else queue all."""
    tsa_url: str | None = None


@dataclass(frozen=True, slots=True)
class MadeForLater:
    """A document that was signed, and what it waits for; neither is on the disk yet."""

    signed: SignedDocument
    level: str
    """What it has now."""
    entry: Entry | None
    """What is still to come; None where nothing is."""
    data: bytes
    """What goes out."""


def make_for_later(
    data: bytes, source: Path, target: Path, signatory: Signatory, *, later: Later
) -> MadeForLater:
    """Sign a document that was read, and say what is to be queued; neither is done here.

    Raises:
        PKIError: see `sign_document`.
    """
    signed = signatory.sign(data, name=source.name)
    done = raise_now(signed, later, signatory.services)
    return raised_or_queued(signed, done, target, later, signatory.services)


def raise_now(
    signed: SignedDocument, later: Later, services: SigningServices
) -> ExtendedDocument | None:
    """Return the raised document; None where it is to wait, or services are not there."""
    if not later.try_first:
        return None
    from signing import extend  # noqa: PLC0415  pyHanko's validation, see `signing.proof`

    wish = Extension(later.level, tsa_url=later.tsa_url)
    try:
        return extend.extend_document(signed.data, wish=wish, services=services)
    except UnavailableError:
        return None


def raised_or_queued(
    signed: SignedDocument,
    raised: ExtendedDocument | None,
    target: Path,
    later: Later,
    services: SigningServices,
) -> MadeForLater:
    """Return what goes out: the raised document, or the signed one with what it waits for."""
    if raised is not None:
        return MadeForLater(signed, raised.level or later.level.value, None, raised.data)
    entry = entry_of(signed, target, later, services)
    return MadeForLater(signed, signed.level.value, entry, signed.data)


def raise_in_file(
    file: BinaryIO, later: Later, services: SigningServices
) -> ExtendedDocument | None:
    """Raise what was signed in a file, where it is; None where it is to wait, and is as it was.

    Raises:
        PKIError: see `extend_in`.
    """
    if not later.try_first:
        return None
    from signing import extend  # noqa: PLC0415  as above

    wish = Extension(later.level, tsa_url=later.tsa_url)
    try:
        return extend.extend_in(file, wish=wish, services=services, name="document.pdf")
    except UnavailableError:
        return None


def entry_of(
    signed: SignedDocument, target: Path, later: Later, services: SigningServices
) -> Entry:
    """Return what is queued of a signed document that will lie at `target`."""
    signature = find_signature(signed.report, signed.field_name)
    ends = [link.not_after for link in signature.path if not link.trusted]
    known = [link.evidence_until for link in signature.path[:1] if link.evidence_until]
    return Entry(
        path=target.absolute(),
        level=later.level.value,
        known=((signed.report.sha256, signed.report.size),),
        added_at=services.clock.now(),
        not_after=min(ends),
        status_until=min(known, default=None),
        tsa_url=later.tsa_url,
    )


@dataclass(frozen=True, slots=True)
class Attempt:
    """What became of one entry in a round."""

    entry: Entry
    state: str
    """`done`, `waiting` (its time has not come), `later` (services are not there), `refused`."""
    error: PKIError | None = None
    level: str | None = None


def work_on(queue: Queue, services: SigningServices, *, workers: int = 1) -> Iterator[Attempt]:
    """Raise what is due; what fails is tried later and later.

    Args:
        queue: what waits.
        services: time, network, trust, policy, time-stamp services.
        workers: how many documents at a time; most of the time is spent waiting for services.

    Raises:
        QueueBusyError: another process works on the queue.
    """
    with queue.locked():
        entries = tuple(queue.entries())
        if workers == 1:  # no thread that a process which ends would wait for
            yield from (_try_if_due(queue, entry, services) for entry in entries)
            return
        with ThreadPoolExecutor(workers) as pool:
            yield from pool.map(lambda entry: _try_if_due(queue, entry, services), entries)


def _try_if_due(queue: Queue, entry: Entry, services: SigningServices) -> Attempt:
    if not entry.is_due(services.clock.now()):
        return Attempt(entry, "waiting")
    return _attempt(queue, entry, services)


def _attempt(queue: Queue, entry: Entry, services: SigningServices) -> Attempt:
    try:
        level = _raise(entry, services)
    except PKIError as error:
        if isinstance(error, EvidenceUnavailableError):
            entry = _prove_existence(queue, entry, services)
        refused = isinstance(error, RefusedError | InvalidInputError)
        now = services.clock.now()
        queue.add(entry.after_failure(error.code, now, refused=refused))
        return Attempt(entry, "refused" if refused else "later", error)
    queue.remove(entry.id)  # after the document: whatever ends the process now, it is there
    return Attempt(entry, "done", level=level)


def _raise(entry: Entry, services: SigningServices) -> str | None:
    """Raise one document in its place and return the level it has then.

    Raises:
        DocumentGoneError: it is not where it was given out.
        DocumentChangedError: it is another one, or became one meanwhile.
        PKIError: see `extend_document`.
    """
    level, limit = Level(entry.level), services.policy.limits.document_bytes
    with replacing(entry.path, limit=limit) as document:
        with document.worked_on() as file:
            with shown(file) as data:
                if not entry.knows(data):
                    return _raised_already(entry, data, level, services)
            done = _extend(entry, file, level, services)
        if done.steps:
            document.replace()
    return done.level


def _raised_already(
    entry: Entry, data: Content, level: Level, services: SigningServices
) -> str | None:
    """Return the level of a document that is not as it was queued, where it was raised.

    A time-stamp in the signature changed its padding: then only the entry is left. Anything else
    is another document.

    Raises:
        DocumentChangedError: it is.
    """
    from signing.extending import look  # noqa: PLC0415  as above

    report = look(data, services, name=entry.path.name).report
    if all_have(report, level):
        return lowest_level(report)
    raise DocumentChangedError(path=entry.path)


def _prove_existence(queue: Queue, entry: Entry, services: SigningServices) -> Entry:
    """Time-stamp a document whose evidence is not there yet; it may be there tomorrow.

    A list that is issued once a day proves something about the time-stamp only the next day. The
    signature is proved until then, and no second time-stamp is asked for.
    """
    try:
        with replacing(entry.path, limit=services.policy.limits.document_bytes) as document:
            with document.worked_on() as file:
                done = _extend(entry, file, Level.B_T, services)
            if done.steps:
                entry = entry.with_document(done.report.sha256, done.report.size)
                queue.add(entry)  # before the document, which would be another one otherwise
                document.replace()
    except PKIError:
        return entry  # what failed first is what is told
    return entry


def _extend(
    entry: Entry, file: BinaryIO, level: Level, services: SigningServices
) -> ExtendedDocument:
    from signing import extend  # noqa: PLC0415  pyHanko's validation, see `signing.proof`

    wish = Extension(level, tsa_url=entry.tsa_url)
    return extend.extend_in(file, wish=wish, services=services, name=entry.path.name)
