"""Why an address gave no answer, in the words of the system and not of a library."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

_LONGEST = 200


def reason_of(error: BaseException) -> str:
    """Return what went wrong in a few words; what others say in them has to be cleaned."""
    causes = tuple(_causes(error))
    for each in causes:
        if isinstance(each, ssl.SSLCertVerificationError):
            return f"certificate not accepted: {each.verify_message}"[:_LONGEST]
    for each in causes:
        if isinstance(each, OSError) and each.strerror:
            return each.strerror[:_LONGEST]
    return f"{type(error).__name__}: {error}"[:_LONGEST]


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and those behind it."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
