"""Signature fields."""

from __future__ import annotations

from pki.errors.tree import InvalidInputError, RefusedError


class FieldTakenError(RefusedError):
    """The signature field named is signed already (facts: `field`)."""

    code = "signing.field_taken"


class FieldNotSignatureError(InvalidInputError):
    """A field of that name exists and takes no signature (facts: `field`)."""

    code = "signing.field_not_a_signature"


class FieldNumberError(InvalidInputError):
    """The document has no signature field of that number (facts: `number`, `fields`)."""

    code = "signing.field_number"
