"""What the authority says to the world over HTTP: lists, certificates, OCSP, time-stamps.

Everything is read from the register at each request: a revocation or a list that another process
made shows at once. Blocking work runs in threads. Errors are plain statuses without a body that
could tell anything.

Spec: RFC 5280 §4.2.1.13 and §4.2.2.1; RFC 2585 (media types); RFC 6960 Appendix A; RFC 3161 §3.4.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from pki.errors.tree import PKIError
from pki.fetcher import OCSP_REQUEST, TIMESTAMP_QUERY
from pki.ocsp import OCSPResponder
from pki.records.register import Register
from pki.timestamp import TimestampAuthority

MAX_BODY_BYTES = 64 * 1024
PKIX_CRL = "application/pkix-crl"
PKIX_CERT = "application/pkix-cert"
OCSP_RESPONSE = "application/ocsp-response"
TIMESTAMP_REPLY = "application/timestamp-reply"

Respond = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Health:
    """How the services are, as a monitoring system asks; holds no secret."""

    well: bool
    json: bytes


@dataclass(frozen=True, slots=True)
class PublicServices:
    """What one server offers; None leaves a service out."""

    register: Register
    ocsp: OCSPResponder | None = None
    timestamp: TimestampAuthority | None = None
    health: Callable[[], Health] | None = None
    """For this machine alone: how the services are."""


def build_app(services: PublicServices) -> Starlette:
    """Return the ASGI application of these services.

    What stands in its `state.services` is asked at each request, and may be replaced meanwhile.
    """
    app = Starlette(
        routes=[
            Route("/crl/{name}.crl", _full_crl, methods=["GET"]),
            Route("/delta/{name}.crl", _delta_crl, methods=["GET"]),
            Route("/ca/{name}.cer", _certificate, methods=["GET"]),
            Route("/ocsp", _ocsp_post, methods=["POST"]),
            Route("/ocsp/{encoded:path}", _ocsp_get, methods=["GET"]),
            Route("/tsa", _timestamp, methods=["POST"]),
            Route("/healthz", _answers, methods=["GET"]),
            Route("/health", _health, methods=["GET"]),
        ],
        exception_handlers={PKIError: _unavailable},
    )
    app.state.services = services
    return app


async def _full_crl(request: Request) -> Response:
    return await _crl(request, delta=False)


async def _delta_crl(request: Request) -> Response:
    return await _crl(request, delta=True)


async def _crl(request: Request, *, delta: bool) -> Response:
    register = _services(request).register
    name = request.path_params["name"]
    record = await run_in_threadpool(register.newest_crl, name, delta=delta)
    if record is None:
        return Response(status_code=404)
    # no-cache: keep it, but ask every time whether it is still the newest.
    headers = {"Cache-Control": "no-cache", "Expires": _http_date(record.next_update)}
    return _document(request, record.der, PKIX_CRL, modified=record.this_update, headers=headers)


async def _certificate(request: Request) -> Response:
    register = _services(request).register
    record = await run_in_threadpool(register.find_authority, request.path_params["name"])
    if record is None:
        return Response(status_code=404)
    headers = {"Cache-Control": "public, max-age=86400"}
    der = record.certificate_der
    return _document(request, der, PKIX_CERT, modified=record.created_at, headers=headers)


async def _ocsp_post(request: Request) -> Response:
    responder = _services(request).ocsp
    respond = responder.respond if responder else None
    return await _exchange(request, respond, takes=OCSP_REQUEST, gives=OCSP_RESPONSE)


async def _ocsp_get(request: Request) -> Response:
    responder = _services(request).ocsp
    if responder is None:
        return Response(status_code=404)
    text = unquote(request.path_params["encoded"])
    if len(text) > MAX_BODY_BYTES:
        return Response(status_code=413)
    try:
        body = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return Response(status_code=400)
    answer = await run_in_threadpool(responder.respond, body)
    return _fresh(answer, OCSP_RESPONSE)


async def _timestamp(request: Request) -> Response:
    authority = _services(request).timestamp
    respond = authority.respond if authority else None
    return await _exchange(request, respond, takes=TIMESTAMP_QUERY, gives=TIMESTAMP_REPLY)


async def _answers(request: Request) -> Response:
    await run_in_threadpool(_services(request).register.last_audit_entry)
    return PlainTextResponse("ok\n", headers={"Cache-Control": "no-store"})


async def _health(request: Request) -> Response:
    health = _services(request).health
    if health is None or not _is_local(request):
        return Response(status_code=404)
    found = await run_in_threadpool(health)
    return Response(
        found.json,
        status_code=200 if found.well else 503,
        media_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


def _is_local(request: Request) -> bool:
    """Say whether this machine asks; what a proxy passes on names the one it passes it on for."""
    if request.client is None or "x-forwarded-for" in request.headers:
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


async def _unavailable(_request: Request, _error: Exception) -> Response:
    return Response(status_code=503, headers={"Retry-After": "5"})


async def _exchange(
    request: Request, respond: Respond | None, *, takes: str, gives: str
) -> Response:
    if respond is None:
        return Response(status_code=404)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != takes:
        return Response(status_code=415)
    try:
        body = await _body(request)
    except ClientDisconnect:
        return Response(status_code=400)
    if body is None:
        return Response(status_code=413)
    return _fresh(await run_in_threadpool(respond, body), gives)


async def _body(request: Request) -> bytes | None:
    """Return the body, or None as soon as it is longer than allowed."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            return None
    return bytes(body)


def _document(
    request: Request, der: bytes, media_type: str, *, modified: datetime, headers: dict[str, str]
) -> Response:
    etag = f'"{hashlib.sha256(der).hexdigest()}"'
    headers = {**headers, "ETag": etag, "Last-Modified": _http_date(modified)}
    known = {tag.strip() for tag in request.headers.get("if-none-match", "").split(",")}
    if etag in known:
        return Response(status_code=304, headers=headers)
    return Response(der, media_type=media_type, headers=headers)


def _fresh(der: bytes, media_type: str) -> Response:
    # Never from a cache: the next answer may be another.
    return Response(der, media_type=media_type, headers={"Cache-Control": "no-store"})


def _http_date(instant: datetime) -> str:
    return format_datetime(instant, usegmt=True)


def _services(request: Request) -> PublicServices:
    services: PublicServices = request.app.state.services
    return services
