"""The one place where exceptions of foreign libraries become Antin's.

pyHanko, asn1crypto and cryptography answer hostile or merely odd bytes with whatever their
depths raise: over 1,881 documents of other projects' test suites pyHanko 0.38 let ValueError,
KeyError, AttributeError, OSError, AssertionError, NotImplementedError, TypeError, zlib.error and
RecursionError through. Which of them comes is no contract of theirs, so all are caught, but only
around calls into them, and never around Antin's own judging: a bug of ours stays a bug.
"""

from __future__ import annotations

import struct
import zlib
from types import TracebackType
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from pyhanko.pdf_utils.misc import PdfError

from verify.errors import MalformedObjectError

ASN1 = Any
"""A value of asn1crypto, which has no types of its own."""

PDFValue = Any
"""A value of pyHanko's PDF reader: what it is must be asked before it is used."""

FOREIGN = (
    # stands also for pyHanko's SuspiciousModification and SignatureValidationError
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    NotImplementedError,
    OSError,
    RecursionError,
    MemoryError,
    zlib.error,
    struct.error,
    PdfError,
    UnsupportedAlgorithm,
    InvalidSignature,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    x509.ExtensionNotFound,
    x509.AttributeNotFound,
)


class _Foreign:
    """A class, because a generator takes three times as long, sixty times a document."""

    __slots__ = ("_what",)

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if isinstance(error, FOREIGN):
            reason = f"{type(error).__name__}: {error}"[:200]
            raise MalformedObjectError(what=self._what, reason=reason) from error


def foreign(what: str) -> _Foreign:
    """Turn any exception of a foreign library into one of ours.

    Args:
        what: the thing that is being read, for the message.

    Raises:
        MalformedObjectError: a library could not read it.
    """
    return _Foreign(what)
