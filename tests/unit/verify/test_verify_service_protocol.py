"""What callers send on a connection beside documents: bounded, and never in the way of others."""

from __future__ import annotations

import socket

import pytest
from unit.verify.verify_pki import make_pdf
from unit.verify.verify_service import Service, running

from verify.http.limits import Limits
from verify.http.protocol import HEAD_BYTES, PIPELINED

PATH = "POST /verify/v1/documents HTTP/1.1\r\nHost: x\r\nContent-Type: application/pdf\r\n"
GET = b"GET /verify/v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = GET.replace(b"Host", b"Connection: close\r\nHost")
REFUSED = ([b"400"], [])
"""Who still sends when the service hangs up may not get to see the answer."""
MUCH = 1 << 18
"""What the service reads at a time, at most."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory):
    with running(tmp_path_factory.mktemp("trust"), Limits(workers=1)) as found:
        yield found


def said(service: Service, *sent: bytes) -> bytes:
    """Return all that is answered until the service hangs up."""
    host, _, port = service.url.removeprefix("http://").partition(":")
    answered = b""
    with socket.create_connection((host, int(port)), timeout=60) as line:
        try:
            for part in sent:
                line.sendall(part)
            while more := line.recv(1 << 16):
                answered += more
        except ConnectionError:  # it hung up while more was sent
            pass
    return answered


def statuses(answered: bytes) -> list[bytes]:
    return [part[:3] for part in answered.split(b"HTTP/1.1 ")[1:]]


def chunked(*parts: bytes, trailer: bytes = b"") -> bytes:
    body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
    head = f"{PATH}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    return head + body + b"0\r\n" + trailer + b"\r\n"


def test_a_document_may_come_in_parts(service: Service):
    pdf = make_pdf()
    answered = said(service, chunked(pdf[:100], pdf[100:], trailer=b"X-Sum: 1\r\n"))
    assert statuses(answered) == [b"200"]
    assert b"NO_SIGNATURE" in answered
    tiny = chunked(*(pdf[at : at + 1] for at in range(len(pdf))))
    assert statuses(said(service, tiny)) == [b"200"]


def test_a_caller_is_told_to_go_on(service: Service):
    pdf = make_pdf()
    head = f"{PATH}Connection: close\r\nExpect: 100-continue\r\nContent-Length: {len(pdf)}\r\n\r\n"
    assert statuses(said(service, head.encode(), pdf)) == [b"100", b"200"]


def with_header(size: int) -> tuple[tuple[bytes, ...], ...]:
    """Return requests with so much header: one line, many lines."""
    many = b"X-More: and more\r\n" * (size // 18)
    return tuple((LAST[:-2], more, b"\r\n") for more in (b"X-Long: " + b"x" * size + b"\r\n", many))


def test_a_long_header_is_refused(service: Service):
    for sent in with_header(HEAD_BYTES // 2):
        assert statuses(said(service, *sent)) == [b"200"]
    for sent in with_header(2 * HEAD_BYTES + MUCH):
        assert statuses(said(service, *sent))[:1] in REFUSED
    assert statuses(said(service, LAST)) == [b"200"]


def test_a_trailer_without_end_is_refused(service: Service):
    trailer = b"X-More: and more\r\n" * ((2 * HEAD_BYTES + MUCH) // 18)
    assert statuses(said(service, chunked(b"%PDF", trailer=trailer)))[:1] in REFUSED
    assert statuses(said(service, LAST)) == [b"200"]


def test_requests_may_follow_each_other(service: Service):
    answered = said(service, GET * 3 + LAST)
    assert statuses(answered) == [b"200"] * 4


def test_a_heap_of_requests_is_refused(service: Service):
    answered = statuses(said(service, GET * (20 * PIPELINED)))
    assert answered.count(b"200") <= PIPELINED + 1
    assert statuses(said(service, LAST)) == [b"200"]


@pytest.mark.parametrize("sent", [b"\x16\x03\x01\x00\x05hello", b"GET\r\n\r\n", b"\0" * 100])
def test_what_is_no_request_is_refused(service: Service, sent: bytes):
    assert statuses(said(service, sent + b"\r\n\r\n")) == [b"400"]
    assert statuses(said(service, LAST)) == [b"200"]


def test_two_lengths_are_refused(service: Service):
    """Spec: RFC 9112 §6.3: what two readers would take for two bodies."""
    twice = f"{PATH}Content-Length: 4\r\nContent-Length: 5\r\n\r\n%PDF"
    assert statuses(said(service, twice.encode())) == [b"400"]
    both = f"{PATH}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    assert statuses(said(service, both.encode())) == [b"400"]


def test_who_reads_nothing_keeps_nobody_waiting(service: Service):
    host, _, port = service.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as silent:
        silent.sendall(GET * PIPELINED)
        assert service.post(make_pdf()).status == 200
