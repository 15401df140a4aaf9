"""The document as pyHanko opens it: may it be signed, which field, what look.

Judging signatures that are already there is `verify`'s; whether they permit one more is read here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

from pyhanko.pdf_utils.generic import DictionaryObject, IndirectObject, PdfObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import FormFillingError
from pyhanko.sign.fields import FieldMDPSpec, MDPPerm, enumerate_sig_fields

from pki.errors import PKIError
from signing.errors import (
    DocumentLockedError,
    DocumentUnsupportedError,
    FieldNotSignatureError,
    FieldTakenError,
)
from verify.errors import EncryptedPDFError


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


def open_writer(stream: BytesIO, name: str) -> IncrementalPdfFileWriter:
    """Return a writer that appends to the document in `stream`.

    Raises:
        EncryptedPDFError: it is encrypted.
        DocumentUnsupportedError: pyHanko cannot append to it safely.
    """
    with hostile_document():
        writer = IncrementalPdfFileWriter(stream)
        if writer.security_handler is not None:
            raise EncryptedPDFError(name=name)
        return writer


def check_unlocked(writer: IncrementalPdfFileWriter, field_name: str) -> None:
    """Check that no signature in the document forbids one more in this field.

    Raises:
        DocumentLockedError: certified with P=1, or a FieldMDP lock covers the field.

    Spec: ISO 32000-2 §12.8.2.2 (DocMDP), §12.8.2.4 (FieldMDP).
    """
    with hostile_document():
        for name, value, _ in enumerate_sig_fields(writer.prev, filled_status=True):
            for reference in _references(value):
                if _locks(reference, field_name):
                    raise DocumentLockedError(field=name)


def fresh_field_name(writer: IncrementalPdfFileWriter) -> str:
    """Return the first of Signature1, Signature2, … that no field of the document has."""
    with hostile_document():
        taken = {str(field.get("/T", "")) for field in _form_fields(writer)}
    number = 1
    while f"Signature{number}" in taken:
        number += 1
    return f"Signature{number}"


def find_empty_field(writer: IncrementalPdfFileWriter, field_name: str) -> DictionaryObject | None:
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
        field = reference.get_object()
        return field if isinstance(field, DictionaryObject) else None


def _form_fields(writer: IncrementalPdfFileWriter) -> Iterator[DictionaryObject]:
    form = writer.root.get("/AcroForm")
    fields = form.get("/Fields", ()) if isinstance(form, DictionaryObject) else ()
    for each in fields:
        field = each.get_object() if isinstance(each, IndirectObject) else each
        if isinstance(field, DictionaryObject):
            yield field


def _references(signature: PdfObject) -> list[Any]:
    value = signature.get_object()
    found = value.get("/Reference", ()) if isinstance(value, DictionaryObject) else ()
    return [each.get_object() for each in found]


def _locks(reference: DictionaryObject, field_name: str) -> bool:
    parameters = reference.get("/TransformParams", DictionaryObject())
    no_changes = bool(parameters.get("/P") == MDPPerm.NO_CHANGES.value)
    match reference.get("/TransformMethod"):
        case "/DocMDP":
            return no_changes
        case "/FieldMDP":
            return no_changes or FieldMDPSpec.from_pdf_object(parameters).is_locked(field_name)
        case _:
            return False
