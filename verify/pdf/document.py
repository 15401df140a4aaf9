"""Opens a PDF with pyHanko's reader; whole-file problems become Antin's errors here.

Strictly first. What a strict reading refuses and a lax one can read (cross-reference pedantry of
many writers) is read laxly: what that might hide after a signature is looked for by
`verify.pdf.tail` in the bytes themselves.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass, field

from pyhanko.pdf_utils.generic import Reference
from pyhanko.pdf_utils.xref import XRefSection

from verify.content import Content, Hashed
from verify.errors import (
    BrokenPDFError,
    BytesBeforeHeaderError,
    EmptyPDFError,
    MalformedObjectError,
    NotAPDFError,
    TooLargeError,
)
from verify.guard import foreign
from verify.password import Password
from verify.pdf.difference.compare import Comparison
from verify.pdf.encryption import Access, unlock
from verify.pdf.reader import Reader
from verify.policy import Limits

# pyHanko logs each suspicious change; findings say the same, and a library does not print.
logging.getLogger("pyhanko").addHandler(logging.NullHandler())


_HEADER_WITHIN = 1024
"""Bytes; programs look so far."""


@dataclass(frozen=True, slots=True)
class OpenPDF:
    """A document and its reader."""

    name: str
    data: Content
    reader: Reader
    strict: bool
    """False when only a lax reading succeeded."""
    access: Access | None = None
    """What may be done with an encrypted document; None where it is not."""
    password: Password | None = None
    """That it was opened with."""
    unreadable: str | None = None
    """Why it cannot be read, though it says that it was signed: then `reader` has nothing."""
    unsigned: dict[Reference, frozenset[Reference]] = field(default_factory=dict)
    """Fields at the top of the form with no signature in or below them, and all the objects that
    tell so: noted by `verify.pdf.fields`."""
    changed: list[Comparison] = field(default_factory=list)
    """What each revision changed, once that was asked."""
    hashed: Hashed = field(default_factory=Hashed, compare=False)

    @property
    def comparison(self) -> Comparison:
        """What each revision changed of the one before it."""
        if not self.changed:
            self.changed.append(Comparison(self.reader))
        return self.changed[0]

    @property
    def revisions(self) -> int:
        """How many revisions the cross-reference chain has."""
        return len(self.sections)

    def learn_from(self, grown: OpenPDF) -> None:
        """Take over what is known of the revisions of a document that this one will be."""
        self.changed[:] = [each.grown(self.reader) for each in grown.changed]

    def grown(self, data: Content, *, limits: Limits) -> OpenPDF:
        """Return what `open_pdf` returns for `data`, which is this document and more revisions.

        Where the bytes of this document stand unchanged in front, they are not read again.

        Raises:
            PKIError: see `open_pdf`.
        """
        grown = None
        if self.strict and len(data) <= limits.document_bytes:
            with suppress(MalformedObjectError), foreign("PDF"):
                grown = self.reader.grown(data)
                if grown is not None and (grown.encrypted or not grown.root["/Pages"]):
                    grown = None
        if grown is None:
            return open_pdf(data, name=self.name, limits=limits, password=self.password)
        later = grown.rewritten_since(len(self.sections))
        same = {root: told for root, told in self.unsigned.items() if told.isdisjoint(later)}
        # What is appended changes nothing of what the revisions before it changed.
        changed = [each.grown(grown) for each in self.changed]
        return OpenPDF(
            self.name,
            data,
            grown,
            strict=True,
            unsigned=same,
            changed=changed,
            hashed=self.hashed.copy(),  # of bytes that the grown one was found to begin with
        )

    def end(self) -> None:
        """Free what was read of the document, at which nobody looks any more.

        pyHanko's objects and their reader refer to each other, so that all of it would stay until
        the garbage is collected, which costs more than to take it apart.
        """
        vars(self.reader).clear()

    @property
    def sections(self) -> list[XRefSection]:
        """The cross-reference sections, oldest first."""
        return self.reader.sections


def open_pdf(
    data: Content, *, name: str, limits: Limits, password: Password | None = None
) -> OpenPDF:
    """Open a document for judging.

    Args:
        data: the file's bytes.
        name: what to call it in messages.
        limits: of the policy.
        password: for a document that is encrypted; not used for others.

    Raises:
        EmptyPDFError: no bytes.
        TooLargeError: more bytes than the policy allows.
        NotAPDFError: no PDF header.
        BytesBeforeHeaderError: something stands before it.
        EncryptedPDFError, WrongPasswordError, EncryptedForCertificatesError: see `unlock`.
        BrokenPDFError: its structure cannot be read.
    """
    if not data:
        raise EmptyPDFError(name=name)
    if len(data) > limits.document_bytes:
        raise TooLargeError(name=name, size=len(data), limit=limits.document_bytes)
    header = data[:_HEADER_WITHIN].find(b"%PDF-")
    if header < 0:
        raise NotAPDFError(name=name)
    if header > 0:  # programs count offsets from the file's start, or from here
        raise BytesBeforeHeaderError(name=name, size=header)
    try:
        return _open(data, name, password, strict=True)
    except MalformedObjectError:
        pass
    try:
        return _open(data, name, password, strict=False)
    except MalformedObjectError as error:
        raise BrokenPDFError(name=name, reason=error.facts["reason"]) from error


def _open(data: Content, name: str, password: Password | None, *, strict: bool) -> OpenPDF:
    with foreign("PDF"):
        reader = Reader(data, strict=strict)
        access = unlock(reader, name=name, password=password)
        _ = reader.root["/Pages"]
    return OpenPDF(name, data, reader, strict, access, password)


def count_pages(pdf: OpenPDF) -> int | None:
    """Return the number of pages the document says it has, or None."""
    try:
        with foreign("PDF"):
            count = int(pdf.reader.root["/Pages"]["/Count"])
    except MalformedObjectError:
        return None
    return count if count >= 0 else None
