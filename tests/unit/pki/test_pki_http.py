"""The HTTP side: routes, media types, limits, caches, and nothing of the inside in an error."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from pki_world import World
from starlette.applications import Starlette

from pki.errors.register import RegisterBusyError
from pki.http.app import MAX_BODY_BYTES, Health, PublicServices, build_app

OCSP, TSQ = "application/ocsp-request", "application/timestamp-query"


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes


def call(
    app: Starlette,
    method: str,
    path: str,
    body: bytes | None = b"",
    *,
    client: str | None = "127.0.0.1",
    **headers: str,
) -> Reply:
    """Speak ASGI to the application; a body of None is a caller who hangs up."""
    sent: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        if body is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": quote(path).encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()],
        "client": (client, 1) if client else None,
        "server": ("127.0.0.1", 80),
    }
    asyncio.run(app(scope, receive, send))  # type: ignore[arg-type]
    start = sent[0]
    return Reply(
        start["status"],  # type: ignore[arg-type]
        {k.decode(): v.decode() for k, v in start["headers"]},  # type: ignore[attr-defined]
        b"".join(m.get("body", b"") for m in sent[1:]),  # type: ignore[misc]
    )


@pytest.fixture
def app(world: World) -> Starlette:
    return build_app(PublicServices(world.register, world.responder(), world.timestamp()))


def question(world: World, certificate: x509.Certificate) -> bytes:
    builder = ocsp.OCSPRequestBuilder().add_certificate(
        certificate, world.issuing.issuer.certificate, hashes.SHA256()
    )
    return builder.build().public_bytes(Encoding.DER)


def test_the_newest_list_is_served(world: World, app: Starlette):
    assert call(app, "GET", "/crl/issuing.crl").status == 404
    first = world.issuing.issue_crl().public_bytes(Encoding.DER)
    reply = call(app, "GET", "/crl/issuing.crl")
    assert (reply.status, reply.body) == (200, first)
    assert reply.headers["content-type"] == "application/pkix-crl"
    assert reply.headers["cache-control"] == "no-cache"
    assert reply.headers["last-modified"] == "Mon, 02 Mar 2026 07:30:15 GMT"
    assert reply.headers["expires"] == "Mon, 09 Mar 2026 07:30:15 GMT"
    second = world.issuing.issue_crl().public_bytes(Encoding.DER)
    assert call(app, "GET", "/crl/issuing.crl").body == second != first
    head = call(app, "HEAD", "/crl/issuing.crl")
    assert (head.status, head.headers["content-length"]) == (200, str(len(second)))


def test_what_is_known_is_not_sent_again(world: World, app: Starlette):
    world.issuing.issue_crl()
    etag = call(app, "GET", "/crl/issuing.crl").headers["etag"]
    again = call(app, "GET", "/crl/issuing.crl", if_none_match=f'"other", {etag}')
    assert (again.status, again.body) == (304, b"")
    assert again.headers["etag"] == etag
    world.issuing.issue_crl()
    assert call(app, "GET", "/crl/issuing.crl", if_none_match=etag).status == 200


def test_the_authoritys_certificate_is_served(world: World, app: Starlette):
    reply = call(app, "GET", "/ca/root.cer")
    assert reply.status == 200
    assert reply.body == world.root.issuer.certificate.public_bytes(Encoding.DER)
    assert reply.headers["content-type"] == "application/pkix-cert"
    assert "max-age=86400" in reply.headers["cache-control"]
    assert call(app, "GET", "/ca/none.cer").status == 404


def test_ocsp_by_post_and_get(world: World, app: Starlette):
    certificate = world.issue()
    request = question(world, certificate)
    encoded = base64.b64encode(request).decode()
    world.issuing.revoke(certificate.serial_number, x509.ReasonFlags.superseded)
    for reply in (
        call(app, "POST", "/ocsp", request, content_type=OCSP),
        call(app, "GET", f"/ocsp/{encoded}"),
        call(app, "GET", f"/ocsp/{quote(encoded, safe='')}"),
    ):
        assert reply.status == 200
        assert reply.headers["content-type"] == "application/ocsp-response"
        assert reply.headers["cache-control"] == "no-store"
        answer = ocsp.load_der_ocsp_response(reply.body)
        assert answer.certificate_status is ocsp.OCSPCertStatus.REVOKED


def test_time_stamps(app: Starlette):
    reply = call(app, "POST", "/tsa", b"junk", content_type=TSQ)
    assert reply.status == 200
    assert reply.headers["content-type"] == "application/timestamp-reply"


def test_health(app: Starlette):
    assert call(app, "GET", "/healthz").body == b"ok\n"


@pytest.mark.parametrize(("path", "takes"), [("/ocsp", OCSP), ("/tsa", TSQ)])
def test_limits_of_what_is_taken(app: Starlette, path: str, takes: str):
    assert call(app, "POST", path, bytes(MAX_BODY_BYTES), content_type=takes).status == 200
    assert call(app, "POST", path, bytes(MAX_BODY_BYTES + 1), content_type=takes).status == 413
    assert call(app, "POST", path, b"", content_type="text/plain").status == 415
    assert call(app, "POST", path, b"").status == 415
    assert call(app, "POST", path, b"", content_type=f"{takes.upper()}; x=y").status == 200
    assert call(app, "POST", path, None, content_type=takes).status == 400
    assert call(app, "PUT", path, b"", content_type=takes).status == 405


def test_limits_of_a_question_in_the_address(app: Starlette):
    assert call(app, "GET", "/ocsp/!!!").status == 400
    assert call(app, "GET", "/ocsp/ngu\u1ec5n").status == 400
    assert call(app, "GET", f"/ocsp/{'A' * MAX_BODY_BYTES}").status == 200
    assert call(app, "GET", f"/ocsp/{'A' * (MAX_BODY_BYTES + 4)}").status == 413


def test_services_that_are_not_offered_are_not_there(world: World):
    app = build_app(PublicServices(world.register))
    assert call(app, "POST", "/ocsp", b"", content_type=OCSP).status == 404
    assert call(app, "GET", "/ocsp/AAAA").status == 404
    assert call(app, "POST", "/tsa", b"", content_type=TSQ).status == 404
    assert call(app, "GET", "/ca/root.cer").status == 200


def test_a_register_in_trouble_is_unavailable_and_says_nothing(
    world: World, app: Starlette, monkeypatch: pytest.MonkeyPatch
):
    def busy(*_: object, **__: object) -> None:
        raise RegisterBusyError(register="/secret/path")

    for method in ("newest_crl", "find_authority", "last_audit_entry"):
        monkeypatch.setattr(world.register, method, busy)
    for path in ("/crl/issuing.crl", "/ca/root.cer", "/healthz"):
        reply = call(app, "GET", path)
        assert (reply.status, reply.body) == (503, b"")
        assert reply.headers["retry-after"] == "5"


def test_health_is_told_to_this_machine_alone(world: World):
    def app(*, well: bool) -> Starlette:
        health = Health(well, b'{"alarms":[]}')
        return build_app(PublicServices(world.register, health=lambda: health))

    told = call(app(well=True), "GET", "/health")
    assert (told.status, told.body) == (200, b'{"alarms":[]}')
    assert told.headers["content-type"] == "application/json"
    assert told.headers["cache-control"] == "no-store"
    assert call(app(well=False), "GET", "/health").status == 503
    assert call(app(well=True), "GET", "/health", client="::1").status == 200
    for stranger in ("192.0.2.7", "testclient", None):
        assert call(app(well=True), "GET", "/health", client=stranger).status == 404
    passed_on = call(app(well=True), "GET", "/health", x_forwarded_for="192.0.2.7")
    assert passed_on.status == 404
    assert call(build_app(PublicServices(world.register)), "GET", "/health").status == 404
