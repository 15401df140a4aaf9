"""What the author of an encrypted document lets others do with it: read before it is signed.

The new revision is encrypted as the document is; only /Contents of the signature is not.

Spec: ISO 32000-2 §7.6.2 (strings that are not encrypted), table 22 (bits 4, 6 and 9).
"""

from __future__ import annotations

from signing.errors.documents import (
    DocumentUnsupportedError,
    FillingForbiddenError,
    NewFieldForbiddenError,
)
from verify.pdf.encryption import Access


def check_appendable(access: Access | None) -> None:
    """Check that what is appended can be encrypted as the document is.

    Raises:
        DocumentUnsupportedError: an integrity code would have to be made for it.
    """
    if access is not None and access.has_mac:
        raise DocumentUnsupportedError(reason="integrity code (ISO/TS 32004)")


def check_permitted(access: Access | None, *, name: str, creates: bool) -> None:
    """Check that whoever opened the document may sign it.

    Args:
        access: to an encrypted document; None passes.
        name: the document's, for messages.
        creates: whether a new field is to be made; else one that is there is filled.

    Raises:
        NewFieldForbiddenError: its author permits no new fields.
        FillingForbiddenError: its author does not permit fields to be filled in.
    """
    if access is None:
        return
    if creates and not access.may_create:
        raise NewFieldForbiddenError(name=name)
    if not creates and not access.may_fill:
        raise FillingForbiddenError(name=name)
