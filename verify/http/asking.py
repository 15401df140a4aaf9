"""Reads a request: raw bytes are one document, a form holds one or several.

A form with a signature holds the one document that it is apart from; JSON holds a signature with
the digest of what it signs.

Everything stays in memory, and no more of it than is allowed: who sends more is stopped while
sending.

Spec: RFC 7578 (multipart/form-data); RFC 9110 §12.5.1 (Accept); RFC 3339 §5.6 (`at`).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from pki.errors.tree import phrase
from pki.words import Language
from verify.content import Digest
from verify.errors import RequestMalformedError, RequestTooLargeError
from verify.facts import digest_name
from verify.http.judging import Asked, Form
from verify.http.limits import Limits
from verify.http.room import Share
from verify.signature_value import KNOWN_DIGESTS

RAW = frozenset({"application/pdf", "application/octet-stream", "application/pkcs7-mime"})
FORM = "multipart/form-data"
JSON = "application/json"
DIGESTS = {digest_name(name): name for name in KNOWN_DIGESTS}
"""By the names people know."""
HEX = "^([0-9a-f]{2})+$"
BASE64 = "^[A-Za-z0-9+/]+={0,2}$"
MAX_NAME = 255
_FIELDS = 8
_DATE_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})"
)
"""RFC 3339 §5.6: with an offset, so that no two readers take it for two moments."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a request asks for."""

    documents: tuple[Asked, ...]


async def read_question(request: Request, limits: Limits, share: Share) -> Question:
    """Read the documents of a request and how they are to be judged.

    Raises:
        RequestTooLargeError: more bytes, or more documents, than one request may have.
        RequestMalformedError: another form, or an option that means nothing.
        ServiceBusyError: there is no room for it now.
    """
    at, language, form = _instant(request), language_of(request), wanted_form(request)
    parts = await _parts(request, limits, share)
    if not parts:
        raise RequestMalformedError(reason=phrase("verify.request.no_document"))
    return Question(
        tuple(
            replace(
                asked,
                name=asked.name[:MAX_NAME],
                at=at,
                form=form if len(parts) == 1 else Form.JSON,
                language=language,
            )
            for asked in parts
        )
    )


async def _parts(request: Request, limits: Limits, share: Share) -> list[Asked]:
    """Return what is to be judged."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in RAW:
        name = _parameter(request, "name") or "document.pdf"
        return [Asked(await _body(request, limits, share), name)]
    if kind == JSON:
        name = _parameter(request, "name") or "document"
        return [_read_json(await _body(request, limits, share), name)]
    if kind != FORM:
        raise RequestMalformedError(reason=phrase("verify.request.media_type"))
    form = await _form(request, await _body(request, limits, share), limits)
    found = await _uploads(form, "document")
    signatures = [data for _, data in await _uploads(form, "signature")]
    named = len(form.getlist("signature"))
    password = form.get("password")  # in a form alone: addresses are logged
    await form.close()
    if named > 1 or len(signatures) != named or (signatures and len(found) != 1):
        raise RequestMalformedError(reason=phrase("verify.request.signature"))
    return [
        Asked(
            data,
            name,
            password=password if isinstance(password, str) else None,
            signature=signatures[0] if signatures else None,
        )
        for name, data in found
    ]


async def _uploads(form: FormData, part: str) -> list[tuple[str, bytes]]:
    return [
        (upload.filename or "document.pdf", await upload.read())
        for name, upload in form.multi_items()
        if name == part and isinstance(upload, UploadFile)
    ]


class _DigestAsked(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    algorithm: str
    value: str = Field(pattern=HEX)


class _SignatureAsked(BaseModel):
    """A signature and the digest of what it signs."""

    model_config = ConfigDict(extra="forbid", strict=True)
    signature: str = Field(pattern=BASE64)
    digest: _DigestAsked


def _read_json(body: bytes, name: str) -> Asked:
    try:
        asked = _SignatureAsked.model_validate_json(body)
        signature = base64.b64decode(asked.signature, validate=True)
        digest = Digest(DIGESTS[asked.digest.algorithm], bytes.fromhex(asked.digest.value))
    except (ValidationError, binascii.Error, KeyError) as error:
        raise RequestMalformedError(reason=phrase("verify.request.json")) from error
    return Asked(b"", name, signature=signature, digest=digest)


def language_of(request: Request) -> Language:
    """Return the language asked for: `lang`, else Accept-Language, else Vietnamese.

    Raises:
        RequestMalformedError: `lang` is another one.
    """
    asked = _parameter(request, "lang")
    if asked is not None:
        if asked not in set(Language):
            raise RequestMalformedError(reason=phrase("verify.request.language"))
        return Language(asked)
    accepted = _preferred(request.headers.get("accept-language", ""))
    for one in accepted:
        if one.partition("-")[0] in set(Language):
            return Language(one.partition("-")[0])
    return Language.VI


def wanted_form(request: Request) -> Form:
    """Return how the report is to be written, by the Accept header.

    Raises:
        RequestMalformedError: none of the forms that there are.
    """
    header = request.headers.get("accept", "")
    for one in _preferred(header):
        if one in {"application/json", "application/*", "*/*"}:
            return Form.JSON
        if one in {"text/html", "text/*"}:
            return Form.HTML
        if one in {"application/xml", "text/xml"}:
            return Form.ETSI
        if one == Form.PDF:
            return Form.PDF
    if header.strip():
        raise RequestMalformedError(reason=phrase("verify.request.accept"))
    return Form.JSON


@lru_cache(64)
def _preferred(header: str) -> tuple[str, ...]:
    """Return what a header accepts, the dearest first; callers send the same again and again."""
    weighed = []
    for part in header.lower().split(","):
        what, *parameters = (piece.strip() for piece in part.split(";"))
        weight = next((one[2:] for one in parameters if one.startswith("q=")), "1")
        try:
            weighed.append((float(weight), what))
        except ValueError:
            continue
    kept = sorted(((weight, what) for weight, what in weighed if weight > 0), key=_by_weight)
    return tuple(what for _, what in kept)


def _by_weight(weighed: tuple[float, str]) -> float:
    return -weighed[0]


def _parameter(request: Request, name: str) -> str | None:
    found = request.query_params.getlist(name)
    if len(found) > 1:
        raise RequestMalformedError(reason=phrase("verify.request.twice"))
    return found[0] if found else None


def _instant(request: Request) -> datetime | None:
    text = _parameter(request, "at")
    if text is None:
        return None
    if not _DATE_TIME.fullmatch(text):
        raise RequestMalformedError(reason=phrase("verify.request.at"))
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise RequestMalformedError(reason=phrase("verify.request.at")) from error


async def _body(request: Request, limits: Limits, share: Share) -> bytes:
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > limits.body_bytes:
                raise RequestTooLargeError(limit=limits.body_bytes)
            share.take(len(chunk))
    except ClientDisconnect as error:
        raise RequestMalformedError(reason=phrase("verify.request.cut")) from error
    return bytes(body)


class _InMemory(MultiPartParser):
    """Parts stay in memory: the whole is bounded already, and nothing may reach a disk."""

    spool_max_size = 0
    """Python's word for: never to a file."""


async def _form(request: Request, body: bytes, limits: Limits) -> FormData:
    async def whole() -> AsyncIterator[bytes]:
        yield body

    parser = _InMemory(
        request.headers,
        whole(),  # type: ignore[arg-type]  # an asynchronous generator is an iterator of bytes
        max_files=limits.documents,
        max_fields=_FIELDS,
    )
    try:
        return await parser.parse()
    except MultiPartException as error:
        raise RequestMalformedError(reason=phrase("verify.request.form")) from error
