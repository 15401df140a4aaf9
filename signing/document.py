"""The document as pyHanko opens it: may it be signed, which field, what look.

Judging signatures that are already there is `verify`'s; whether they permit one more is read here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO, cast

from pyhanko.pdf_utils.generic import ArrayObject, IndirectObject, PdfObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import FormFillingError, PdfStrictReadError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import FieldMDPSpec, MDPPerm, SigFieldSpec, enumerate_sig_fields
from pyhanko.stamp import BaseStampStyle

from pki.errors.tree import PKIError
from signing.encryption import check_appendable, check_permitted
from signing.errors.documents import (
    CertifiedError,
    CertifyNotFirstError,
    DocumentLockedError,
    DocumentUnsupportedError,
)
from signing.errors.fields import FieldNotSignatureError, FieldTakenError
from signing.hybrid import check_hybrid
from signing.lax import check_seen_alike, open_lax
from signing.objects import entry
from verify.content import Content
from verify.password import Password
from verify.pdf.document import OpenPDF
from verify.pdf.encryption import unlock
from verify.pdf.fields import SignatureField
from verify.pdf.reader import Reader


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """Where one signature goes and what it looks like."""

    name: str
    new_field: SigFieldSpec | None
    """None where the field is in the document already."""
    style: BaseStampStyle
    reference: IndirectObject | None = None
    """The field that is in the document already."""
    fresh: bool = False
    """The name was chosen so that no field has it."""

    @property
    def adds_to_page(self) -> bool:
        """Whether something new will be seen on a page."""
        return self.new_field is not None and self.new_field.box is not None


@contextmanager
def hostile_document() -> Iterator[None]:
    """Turn whatever pyHanko raises over a document's structure into our own error.

    Raises:
        DocumentUnsupportedError: in place of any foreign exception.
    """
    try:
        yield
    except PKIError:
        raise
    except Exception as error:
        # pyHanko raises its own four roots and, on broken structures, KeyError, TypeError,
        # AttributeError, RecursionError and more: the document is the cause of all of them.
        raise DocumentUnsupportedError(reason=f"{type(error).__name__}: {error}"[:300]) from error


def open_writer(
    stream: BinaryIO,
    content: Content,
    name: str,
    password: Password | None = None,
    *,
    creates: bool = False,
) -> IncrementalPdfFileWriter:
    """Return a writer that appends to the document in `stream`.

    Args:
        stream: the document, in memory or in a file.
        content: what it holds, for as long as the writer is used.
        name: what to call it in messages.
        password: of a document that is encrypted.
        creates: whether a new field is to be made.

    Raises:
        EncryptedPDFError, WrongPasswordError, EncryptedForCertificatesError: it is not opened.
        NewFieldForbiddenError: it is encrypted, and its author permits no new fields.
        DocumentUnsupportedError: pyHanko cannot append to it safely.
    """
    with hostile_document():
        reader = _reader_of(content, name, password)
        access = unlock(reader, name=name, password=password)
        check_appendable(access)
        if creates:
            check_permitted(access, name=name, creates=True)
        reader.stream = stream  # which is what is appended to
        return _Appender.from_reader(reader)


def _reader_of(data: Content, name: str, password: Password | None) -> Reader:
    try:
        return Reader(data, strict=True)
    except PdfStrictReadError:
        return open_lax(bytes(data), name=name, password=password)


def append_to(pdf: OpenPDF, into: BinaryIO | None = None) -> IncrementalPdfFileWriter:
    """Return a writer that appends to a document that is open already.

    Args:
        pdf: the document.
        into: where it will be written, if it is there already: then it is not copied.

    Raises:
        HybridDiffersError, HybridHidesError, ProgramsDifferError: programs do not agree on what it
            shows.
        DocumentNeedsRepairError: it can only be read by searching for its objects.
        DocumentUnsupportedError: pyHanko cannot append to it safely.
    """
    with hostile_document():
        check_hybrid(pdf)
        check_appendable(pdf.access)
        reader = pdf.reader
        if not pdf.strict:
            reader = open_lax(bytes(pdf.data), name=pdf.name, password=pdf.password)
            check_seen_alike(pdf)
        appender = cast("_Appender", _Appender.from_reader(reader))
        appender.already_in = into
        return appender


def look_into(pdf: OpenPDF) -> IncrementalPdfFileWriter:
    """Return a writer to read pages through, and to write nothing with.

    Whether the document may be appended to is for `append_to` to say, once.

    Raises:
        DocumentUnsupportedError: pyHanko cannot read it.
    """
    with hostile_document():
        return _Appender.from_reader(pdf.reader)


class _Appender(IncrementalPdfFileWriter):
    """pyHanko's writer, which copies in larger pieces and leaves the metadata as they are.

    pyHanko reads the XMP and writes all of it anew, to name itself and the time in it. XMP that is
    no good XML, as Word and others make it, cannot be signed then; and what another program wrote
    for PDF/A comes out changed. A signature has its own time.
    """

    IO_CHUNK_SIZE = 1024 * 1024
    already_in: BinaryIO | None = None
    """A file that holds the document: there it is not written once more."""

    def _write_header(self, stream: BinaryIO) -> None:
        if stream is self.already_in:
            stream.seek(0, os.SEEK_END)
        elif isinstance(self.input_stream, BytesIO):
            stream.write(self.input_stream.getvalue())
        else:
            super()._write_header(stream)  # type: ignore[no-untyped-call]  # pyHanko's

    def _update_meta(self) -> None:
        pass


def check_unlocked(
    signed: Iterable[SignatureField], plan: FieldPlan, *, certify: bool = False
) -> None:
    """Check that no signature in the document forbids the one that is planned.

    Args:
        signed: the fields of the document that hold a signature.
        plan: where the new one goes.
        certify: whether it is to certify the document.

    Raises:
        CertifyNotFirstError: it is to certify, and is not the first.
        DocumentLockedError: certified with P=1, or a FieldMDP lock covers the field.
        CertifiedError: certified, and a new visible field is planned: even P=2 and P=3 allow
            signing in fields that were there, and no more on the pages.

    Spec: ISO 32000-2 §12.8.2.2 (DocMDP), §12.8.2.4 (FieldMDP).
    """
    with hostile_document():
        for field in signed:
            if certify:
                raise CertifyNotFirstError(field=field.name)
            for reference in _items(entry(field.signature, "/Reference")):
                if _locks(reference, plan.name):
                    raise DocumentLockedError(field=field.name)
                if plan.adds_to_page and str(entry(reference, "/TransformMethod")) == "/DocMDP":
                    raise CertifiedError(field=field.name)


def fresh_field_name(writer: IncrementalPdfFileWriter) -> str:
    """Return the first of Signature1, Signature2, … that no field of the document has."""
    with hostile_document():
        fields = entry(entry(writer.root, "/AcroForm"), "/Fields")
        found = list(list.__iter__(fields)) if isinstance(fields, ArrayObject) else []
        taken = {name for field in found for name in _names_in(field, writer.prev)}
    number = 1
    while f"Signature{number}" in taken:
        number += 1
    return f"Signature{number}"


def _names_in(field: PdfObject, reader: PdfFileReader) -> set[str]:
    """Return a set that a field's partial name is in; most fields need not be read for that."""
    if isinstance(reader, Reader) and isinstance(field, IndirectObject):
        text = reader.plain_bytes(field.reference)
        if text is not None and text.count(b"/T") == len(found := _PLAIN_TITLE.findall(text)):
            return {name.decode() for name in found}
    return {str(entry(field, "/T"))}


_PLAIN_TITLE = re.compile(rb"/T(?:[A-Za-z]+(?=[\s/<>(\[])|\s*\(([ -~]*)\))")
"""A key `/T` with a name in ASCII, or a key that only begins like it."""


def find_empty_field(writer: IncrementalPdfFileWriter, field_name: str) -> IndirectObject | None:
    """Return the empty signature field of that name; None where there is no such field.

    Raises:
        FieldTakenError: it is signed.
        FieldNotSignatureError: it is another kind of field.
    """
    with hostile_document():
        try:
            found = next(enumerate_sig_fields(writer, with_name=field_name), None)
        except FormFillingError as error:
            raise FieldNotSignatureError(field=field_name) from error
        if found is None:
            return None
        _, value, reference = found
        if value is not None:
            raise FieldTakenError(field=field_name)
        return cast("IndirectObject", reference)


def _items(value: PdfObject | None) -> list[PdfObject]:
    """Return an array's members, references followed; none where it is no array."""
    if not isinstance(value, ArrayObject):
        return []
    return [value[index] for index in range(len(value))]


def _locks(reference: PdfObject, field_name: str) -> bool:
    parameters = entry(reference, "/TransformParams")
    no_changes = str(entry(parameters, "/P")) == str(MDPPerm.NO_CHANGES.value)
    match str(entry(reference, "/TransformMethod")):
        case "/DocMDP":
            return no_changes
        case "/FieldMDP":
            lock = FieldMDPSpec.from_pdf_object(parameters)
            return no_changes or bool(lock.is_locked(field_name))
        case _:  # UR3 and Identity lock nothing
            return False
