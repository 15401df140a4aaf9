"""One document of a batch step by step; `signing.batch.made` does all at once.

Up to where the key is needed (`prepare_document`), or up to where services are (`begin_document`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from signing.batch.entry import FileStamp
from signing.batch.made import MadeDocument, made_of, make_document, read_source
from signing.begun import PreparedDocument
from signing.files import Existing, check_output
from signing.large import is_large
from signing.later import Later, raise_now, raised_or_queued
from signing.sign import Signatory

Finish = Callable[[], MadeDocument]
"""Judges what services gave, where the document was begun. Raises `PKIError`."""


Sign = Callable[[], Finish]
"""Has the key sign a document that lacks nothing else. Raises `PKIError`."""


@dataclass(frozen=True, slots=True)
class BegunDocument:
    """A document that was signed, and for which services are still to be asked."""

    ask: Callable[[], Finish]
    """Asks them; in any thread, once. Raises `PKIError`."""
    size: int
    """Of what was read, in octets: it stays in memory, and what is made of it."""


def asks_services(signatory: Signatory, later: Later | None) -> bool:
    """Say whether services are waited for with each document."""
    return later.try_first if later is not None else signatory.asks_services


def prepare_document(
    source: Path, target: Path, signatory: Signatory, *, existing: Existing
) -> Sign:
    """Read and judge `source` up to where the key is needed, for a level without services.

    A large document is made as a whole where it is signed: one at a time lies on the disk.

    Args:
        source: the document.
        target: where it will go.
        signatory: signs at B-B.
        existing: what may be replaced.

    Raises:
        PKIError: see `make_document`.
    """
    if is_large(source):
        return partial(_make_whole, source, target, signatory, existing)
    stamp, data = read_source(source, signatory)
    check_output(source, target, existing=existing)
    prepared = signatory.prepare(data, name=source.name)

    def sign() -> Finish:
        begun = prepared.begun(prepared.signature.sign())

        def finish() -> MadeDocument:
            signed = signatory.finish(begun, signatory.ask(begun))
            return made_of(stamp, signed.data, signed, (signed.level.value, None))

        return finish

    return sign


def _make_whole(source: Path, target: Path, signatory: Signatory, existing: Existing) -> Finish:
    made = make_document(source, target, signatory, later=None, existing=existing)
    return lambda: made


Begin = Callable[[], BegunDocument | MadeDocument]
"""Has the key sign a document for which services are asked afterwards. Raises `PKIError`."""


def prepare_begin(
    source: Path,
    target: Path,
    signatory: Signatory,
    *,
    later: Later | None,
    existing: Existing,
) -> Begin:
    """Read and judge `source` up to where the key is needed; see `begin_document`.

    Raises:
        PKIError: see `make_document`.
    """
    if later is not None or not signatory.asks_services or is_large(source):
        return partial(begin_document, source, target, signatory, later=later, existing=existing)
    stamp, data = read_source(source, signatory)
    check_output(source, target, existing=existing)
    prepared = signatory.prepare(data, name=source.name)
    return lambda: _stamped(stamp, prepared, signatory, len(data))


def begin_document(
    source: Path,
    target: Path,
    signatory: Signatory,
    *,
    later: Later | None,
    existing: Existing,
) -> BegunDocument | MadeDocument:
    """Read and sign `source`; nothing is written.

    Args:
        source: the document.
        target: where it will go.
        signatory: signs, as for `make_document`.
        later: what is to be queued.
        existing: what may be replaced.

    Returns:
        What is left to be done; the document itself where services are not asked, and where it is
        large: of those, one at a time lies on the disk.

    Raises:
        PKIError: see `make_document`.
    """
    if not asks_services(signatory, later) or is_large(source):
        return make_document(source, target, signatory, later=later, existing=existing)
    if later is None:
        return prepare_begin(source, target, signatory, later=None, existing=existing)()
    stamp, data = read_source(source, signatory)
    check_output(source, target, existing=existing)
    return _raised(stamp, data, (source, target), signatory, later)


def _stamped(
    stamp: FileStamp, prepared: PreparedDocument, signatory: Signatory, size: int
) -> BegunDocument:
    begun = prepared.begun(prepared.signature.sign())

    def ask() -> Finish:
        completed = signatory.ask(begun)

        def finish() -> MadeDocument:
            signed = signatory.finish(begun, completed)
            return made_of(stamp, signed.data, signed, (signed.level.value, None))

        return finish

    return BegunDocument(ask, size)


def _raised(
    stamp: FileStamp, data: bytes, pair: tuple[Path, Path], signatory: Signatory, later: Later
) -> BegunDocument:
    source, target = pair
    signed = signatory.sign(data, name=source.name)

    def ask() -> Finish:
        raised = raise_now(signed, later, signatory.services)

        def finish() -> MadeDocument:
            made = raised_or_queued(signed, raised, target, later, signatory.services)
            return made_of(stamp, made.data, made.signed, (made.level, made.entry))

        return finish

    return BegunDocument(ask, len(data))
