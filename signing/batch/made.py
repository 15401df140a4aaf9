"""One document of a batch: made anywhere, in a worker too, and given out in one process alone.

Making reads, judges, signs and judges again. What a worker makes, and what is large, waits in a
file beside its target that has no name yet, and that `signing.batch.leftovers` takes away where
nobody gives it one. Giving out notes outputs in the journal, lets them take their names, and notes
that. So whatever ends a worker, no document is there that nobody noted; whatever ends the process
that gives out, the journal tells how far it came.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from pki.atomic import keep_names, name_now, take_away, waiting_beside
from pki.errors.tree import PKIError
from signing.batch.entry import Entry, FileStamp, settled_stamp, stamp_of
from signing.batch.journal import Journal
from signing.batch.large import SignedFile, sign_large
from signing.batch.leftovers import new_part
from signing.errors.files import FileUnreadableError
from signing.files import Existing, check_output
from signing.large import is_large
from signing.later import Later, entry_of, make_for_later
from signing.queue import Entry as Waiting
from signing.reading import read_document, words_of
from signing.rule import Choice
from signing.sign import Signatory, SignedDocument
from verify.finding import Finding


@dataclass(frozen=True, slots=True)
class MadeDocument:
    """A signed document that was found to hold and is nowhere yet; fit to be sent by a worker."""

    source: FileStamp
    sha256: str
    """Of the input."""
    data: bytes
    """What goes out; empty where it waits in a file."""
    size: int
    """Of what goes out."""
    output_sha256: str
    field_name: str
    level: str
    """What it has now."""
    choice: Choice
    """Algorithm and form, and the rule they meet."""
    indication: str
    warnings: tuple[Finding, ...]
    waiting: Waiting | None
    """What is still to come; None where nothing is."""
    mandate: Mapping[str, str] | None = None
    """What allowed the signer to sign in somebody's place, as it is recorded."""
    part: Path | None = None
    """The file beside the target that it waits in, whole and on the disk; else it is `data`."""

    def entry(self, target: Path) -> Entry:
        """Return what the journal says of it."""
        return Entry(self.source, self.sha256, target.name, self.size, self.output_sha256)


def sign_file(
    source: Path,
    target: Path,
    signatory: Signatory,
    *,
    later: Later | None = None,
    existing: Existing = Existing.REFUSE,
) -> MadeDocument:
    """Sign the document in `source` into `target`; for many, see `signing.batch.giving`.

    Order: input and output are looked at, the document judged, the signer checked, the key opened
    (the PIN), the signature made and judged, the output written.

    Args:
        source: the document.
        target: where it goes; it appears whole or not at all.
        signatory: signs; at B-B with room for a time-stamp where `later` is given.
        later: what is to be queued.
        existing: what may be replaced.

    Raises:
        PKIError: see `make_document` and `give_out`.
    """
    made = make_document(source, target, signatory, later=later, existing=existing)
    give_out(made, target, existing=existing, journal=None, later=later)
    return made


def make_document(
    source: Path, target: Path, signatory: Signatory, *, later: Later | None, existing: Existing
) -> MadeDocument:
    """Sign the document in `source` for `target`, and write nothing.

    Args:
        source: the document.
        target: where it will go.
        signatory: signs; at B-B with room for a time-stamp where `later` is given.
        later: what is to be queued.
        existing: what may be replaced.

    Raises:
        FileIsDirectoryError: a directory stands where one of the files should.
        FileUnreadableError: the source is not there or may not be read.
        TooLargeError: the source is larger than the policy's limit.
        OutputExistsError: the target is there and `existing` does not allow it.
        OutputIsInputError: the target is the source and `existing` does not allow it.
        OutputUnwritableError: the target's folder is not there.
        PKIError: see `signing.sign.sign_document`.
    """
    if is_large(source):
        check_output(source, target, existing=existing)
        found = sign_large(source, target, signatory, later=later)
        waiting = None
        if later is not None and found.raised is None:
            waiting = entry_of(found.signed, target, later, signatory.services)
        return _made_large(found, waiting)
    stamp, data = read_source(source, signatory)
    check_output(source, target, existing=existing)
    if later is None:
        signed = signatory.sign(data, name=source.name)
        return made_of(stamp, signed.data, signed, (signed.level.value, None))
    made = make_for_later(data, source, target, signatory, later=later)
    return made_of(stamp, made.data, made.signed, (made.level, made.entry))


def make_beside(
    source: Path,
    target: Path,
    signatory: Signatory,
    *,
    later: Later | None,
    existing: Existing,
    noted: bool = False,
) -> MadeDocument:
    """Do as `make_document`, in a worker: what is made is left beside `target`, and not sent.

    Raises:
        PKIError: see `make_document` and `left_beside`.
    """
    made = make_document(source, target, signatory, later=later, existing=existing)
    return left_beside(made, target, noted=noted)


def judge_document(source: Path, target: Path, signatory: Signatory, *, existing: Existing) -> None:
    """Check what `make_document` checks before the key is opened; a large document is left to it.

    Raises:
        PKIError: see `make_document`.
    """
    check_output(source, target, existing=existing)
    if not is_large(source):
        _, data = read_source(source, signatory)
        signatory.judge(data, name=source.name)


def left_beside(made: MadeDocument, target: Path, *, noted: bool) -> MadeDocument:
    """Return a document that waits on the disk, and is not sent to who gives it out.

    Args:
        made: the document.
        target: where it will go.
        noted: a journal will note it; see `signing.batch.leftovers.new_part`.

    Raises:
        DiskFullError, OutputUnwritableError: no room, or the system refuses; nothing is left.
    """
    if made.part is not None:
        return made
    part = new_part(target, noted=noted)
    with waiting_beside(target, part) as file:
        file.write(made.data)
    return replace(made, data=b"", part=part)


def give_out(
    made: MadeDocument,
    target: Path,
    *,
    existing: Existing,
    journal: Journal | None,
    later: Later | None,
) -> None:
    """Let a document take its name, and enter what it waits for.

    Raises:
        OutputExistsError: the target came to be meanwhile; it is kept, and nothing is queued.
        DiskFullError, OutputUnwritableError, JournalUnwritableError: nothing was given out.
        PKIError: a queue that cannot be written refuses.
    """
    leaving = Leaving(made, target)
    give_out_all((leaving,), existing=existing, journal=journal, later=later)
    if leaving.error is not None:
        raise leaving.error


@dataclass(slots=True)
class Leaving:
    """A document on its way to its name."""

    made: MadeDocument
    target: Path
    error: PKIError | None = None
    """Why it was not given out; nothing of it is left then."""

    def attempt(self, step: Callable[[], object]) -> None:
        """Take a step, where none failed before."""
        if self.error is not None:
            return
        try:
            step()
        except PKIError as error:
            self.fail(error)

    def fail(self, error: PKIError) -> None:
        """Go no further."""
        self.error = error
        if self.made.part is not None:
            take_away(self.made.part)

    def write(self, *, noted: bool) -> None:
        """Have it wait beside its target."""
        self.made = left_beside(self.made, self.target, noted=noted)

    def name(self, *, overwrite: bool) -> None:
        """Let it take its name, which `keep_names` brings to the disk."""
        assert self.made.part is not None  # noqa: S101  it was written, or the step is not taken
        name_now(self.made.part, self.target, overwrite=overwrite)


def give_out_all(
    group: Sequence[Leaving], *, existing: Existing, journal: Journal | None, later: Later | None
) -> None:
    """Let documents take their names, and enter what they wait for; each has its own `error`.

    For n of them the disk is waited for n + 2 times, not 3 n.

    1. each is written beside its target, and on the disk;
    2. the journal notes all of them, and is on the disk;
    3. each takes its name, and the names are on the disk;
    4. the journal notes that.

    Args:
        group: documents with different targets.
        existing: what may be replaced.
        journal: of the outputs' folder.
        later: where what is to be raised is queued.
    """
    for one in group:
        one.attempt(partial(one.write, noted=journal is not None))
    if journal is not None:
        _note_signed(group, journal)
    for one in group:
        one.attempt(partial(_queue, one, later))
    for one in group:
        one.attempt(partial(one.name, overwrite=existing is not Existing.REFUSE))
    kept: dict[Path, PKIError | None] = {}
    for one in group:
        if one.error is None and one.target.parent not in kept:
            kept[one.target.parent] = _trouble(partial(keep_names, one.target))
        one.error = one.error or kept.get(one.target.parent)
        if one.error is not None:
            _unqueue(one, later)
        elif journal is not None:
            one.attempt(partial(journal.given_out, one.target.name))


def _note_signed(group: Sequence[Leaving], journal: Journal) -> None:
    sound = [one for one in group if one.error is None]
    error = _trouble(lambda: journal.signed(*(one.made.entry(one.target) for one in sound)))
    if error is not None:
        for one in sound:
            one.fail(error)


def _trouble(step: Callable[[], object]) -> PKIError | None:
    try:
        step()
    except PKIError as error:
        return error
    return None


def _queue(one: Leaving, later: Later | None) -> None:
    if later is not None and one.made.waiting is not None:
        later.queue.add(one.made.waiting)


def _unqueue(one: Leaving, later: Later | None) -> None:
    if later is not None and one.made.waiting is not None:
        later.queue.remove(one.made.waiting.id)


def read_source(source: Path, signatory: Signatory) -> tuple[FileStamp, bytes]:
    """Read a document; its time of change counts for nothing where it changed meanwhile."""
    limit = signatory.services.policy.limits.document_bytes
    now = signatory.services.clock.now()
    try:
        before = stamp_of(source, now)
        data = read_document(source, limit=limit)
        after = stamp_of(source, now)
    except OSError as error:
        raise FileUnreadableError(path=source, reason=words_of(error)) from error
    return settled_stamp(before, after, len(data)), data


def made_of(
    stamp: FileStamp,
    data: bytes,
    signed: SignedDocument,
    reached: tuple[str, Waiting | None],
) -> MadeDocument:
    """Return what was made; `reached` is the level it has, and what it waits for."""
    level, waiting = reached
    known = signed.report.sha256
    return MadeDocument(
        source=stamp,
        sha256=signed.source_sha256,
        data=data,
        size=len(data),
        output_sha256=known if data is signed.data else hashlib.sha256(data).hexdigest(),
        field_name=signed.field_name,
        level=level,
        choice=signed.choice,
        indication=signed.report.indication.value,
        warnings=signed.warnings,
        waiting=waiting,
        mandate=_mandate_of(signed),
    )


def _made_large(found: SignedFile, waiting: Waiting | None) -> MadeDocument:
    signed, raised = found.signed, found.raised
    return MadeDocument(
        source=found.source,
        sha256=found.sha256,
        data=b"",
        size=found.size,
        output_sha256=(raised or signed).report.sha256,
        field_name=signed.field_name,
        level=(raised.level if raised else None) or signed.level.value,
        choice=signed.choice,
        indication=signed.report.indication.value,
        warnings=signed.warnings,
        waiting=waiting,
        mandate=_mandate_of(signed),
        part=found.part,
    )


def _mandate_of(signed: SignedDocument) -> Mapping[str, str] | None:
    return signed.mandate.summary() if signed.mandate is not None else None
