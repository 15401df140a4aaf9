"""Answers: reports as they are, refusals as the same object that the command line writes.

Nothing is cached by anybody on the way, and a page of ours runs nothing.
"""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response

from pki.errors.tree import InvalidInputError, PKIError, RefusedError
from pki.words import Language, harmless, hint_of, message_of
from verify.errors import (
    JudgingEndedError,
    JudgingTooLongError,
    RateLimitError,
    RequestMalformedError,
    RequestTooLargeError,
    ServiceBusyError,
    TooLargeError,
    TooManyJobsError,
    UnknownCallerError,
    UnknownJobError,
)
from verify.http.judging import Judged

JSON = "application/json"
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:",
    "X-Content-Type-Options": "nosniff",
}
_STATUSES: dict[type[PKIError], int] = {
    RequestMalformedError: 400,
    UnknownCallerError: 401,
    UnknownJobError: 404,
    RequestTooLargeError: 413,
    TooLargeError: 413,
    # Whoever sends it again gets the same: the document is at fault, not the service.
    JudgingTooLongError: 422,
    JudgingEndedError: 422,
    RateLimitError: 429,
    TooManyJobsError: 429,
    ServiceBusyError: 503,
}


_RAW_HEADERS = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]


class ReportAnswer(Response):
    """A report; its status is 200 whatever the verdict: the asking went well."""

    def __init__(self, judged: Judged) -> None:
        """Take the octets as they are; what is the same of all answers is not made anew."""
        self.status_code = 200
        self.background = None
        self.body = judged.body
        self.raw_headers = [
            *_RAW_HEADERS,
            (b"content-length", b"%d" % len(judged.body)),
            (b"content-type", judged.form.value.encode()),
        ]


def object_answer(told: dict[str, Any], *, status: int = 200, **headers: str) -> Response:
    """Return an object."""
    body = json.dumps(told, ensure_ascii=False)
    return Response(body, status_code=status, media_type=JSON, headers={**_HEADERS, **headers})


def error_answer(error: PKIError, language: Language) -> Response:
    """Return a refusal, with what to do about it."""
    headers = {}
    if isinstance(error, UnknownCallerError):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, RateLimitError):
        headers["Retry-After"] = str(error.facts["seconds"])
    if isinstance(error, ServiceBusyError):
        headers["Retry-After"] = "5"
    return object_answer(error_object(error, language), status=status_of(error), **headers)


def status_of(error: PKIError) -> int:
    """Return the HTTP status of an error."""
    found = _STATUSES.get(type(error))
    if found is not None:
        return found
    return 422 if isinstance(error, InvalidInputError | RefusedError) else 503


def error_object(error: PKIError, language: Language) -> dict[str, Any]:
    """Return an error as the command line writes it."""
    return {
        "error": {
            "code": error.code,
            "message": harmless(message_of(error, language)),
            "hint": hint_of(error, language),
        }
    }
