"""Compares each revision of a document with the one before it, once, whoever signed which.

1. The trailer leads to the same catalogue, and encrypts as before.
2. No object stream of before is filled anew: what lay in it would change without a trace.
3. From the catalogue down, by the rules of each part.
4. What nothing leads to stands in no other object's place.

Spec: ISO 32000-2 §12.8.2.2.2, §12.8.2.4.
"""

from __future__ import annotations

from pyhanko.pdf_utils.generic import EncryptedObjAccess, IndirectObject

from verify.errors import MalformedObjectError
from verify.guard import PDFValue, foreign
from verify.pdf.difference.catalog import compare_catalogs
from verify.pdf.difference.change import Change, Level
from verify.pdf.difference.history import History, entries, key_of
from verify.pdf.difference.orphans import find_orphans
from verify.pdf.difference.pages import find_pages
from verify.pdf.difference.step import EnoughChangesError, Step
from verify.pdf.reader import Reader

Found = tuple[Change, ...] | MalformedObjectError
"""What a revision changed, or why that cannot be told."""


class Comparison:
    """What each revision of a document changed, found out once."""

    def __init__(self, reader: Reader, known: dict[int, Found] | None = None) -> None:
        self._reader = reader
        self._found = dict(known or {})
        self._history: History | None = None

    def changes(self, revision: int) -> tuple[Change, ...]:
        """Return what a revision, at least 1, changed of the one before it.

        Raises:
            MalformedObjectError: something that must be compared cannot be read.
        """
        if revision not in self._found:
            self._found[revision] = self._compare(revision)
        found = self._found[revision]
        if isinstance(found, MalformedObjectError):
            raise found
        return found

    def grown(self, reader: Reader) -> Comparison:
        """Return the same of a document that is this one and more revisions."""
        return Comparison(reader, self._found)

    def _compare(self, revision: int) -> Found:
        if self._history is None:
            self._history = History(self._reader)
        step = Step(self._history, revision)
        try:
            with foreign("changes"):
                _compare(self._reader, step)
        except EnoughChangesError:
            pass
        except MalformedObjectError as malformed:
            return malformed
        return tuple(step.changes)


def _compare(reader: Reader, step: Step) -> None:
    history, revision = step.history, step.new
    before, after = (_told(reader, "/Root", each) for each in (step.old, step.new))
    if not isinstance(before, IndirectObject) or not isinstance(after, IndirectObject):
        raise MalformedObjectError(what="trailer", reason="the catalogue has no number")
    defined = history.defined(revision)
    held = history.containers(0, step.old)
    for number in sorted({each for each, _ in defined} & held):
        step.report(Change(Level.OTHER, "object_stream", f"{number}", f"{number} 0"))
    step.places = frozenset({key_of(before), key_of(after)})
    for each, at in ((before, step.old), (after, step.new)):
        root = entries(history.value(each, at))
        step.places |= find_pages(history, root.get("/Pages"), at).keys
    step.dirty = history.leading_to(defined, revision, not_beyond=step.places)
    if not step.same(*(_told(reader, "/Encrypt", each) for each in (step.old, step.new))):
        step.forbid("encryption", "/Encrypt")
    compare_catalogs(step, before, after)
    named = (_told(reader, key, revision) for key in ("/Root", "/Info", "/Encrypt"))
    tops = frozenset(key_of(each) for each in named if isinstance(each, IndirectObject))
    tables = {each.idnum for each in reader.xrefs.xref_stream_refs}
    find_orphans(step, tops, aside=history.containers(0, revision) | tables)


def _told(reader: Reader, key: str, revision: int) -> PDFValue:
    """Return what the trailer of a revision says, references not followed."""
    try:
        return reader.trailer.raw_get(key, decrypt=EncryptedObjAccess.RAW, revision=revision)
    except KeyError:
        return None
