"""Fetching from addresses that hostile documents may name: a real server on loopback."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from unit.verify.verify_pki import LATER
from urllib3.exceptions import HTTPError

from pki.clock import FixedClock
from pki.errors.fetching import FetchFailedError, FetchRefusedError
from pki.fetcher import FetchRequest
from verify import fetcher as fetcher_module
from verify.cache import MAX_AGE, DiskCache
from verify.fetch_reason import reason_of
from verify.fetcher import HTTPFetcher, is_public, parse_allowed


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Say nothing."""

    def do_POST(self):
        length = int(self.headers["Content-Length"])
        self.answer(self.rfile.read(length) + self.headers["Content-Type"].encode())

    def do_GET(self):
        self.server.seen.append((self.path, dict(self.headers)))
        match self.path.split("?")[0]:
            case "/ok":
                self.answer(b"fine")
            case "/big":
                self.answer(b"x" * 5000)
            case "/endless":
                self.slow(100, 0.05)
            case "/silent":
                time.sleep(1.5)
            case "/nonsense":
                self.wfile.write(b"no http at all\r\n\r\n")
            case "/away":
                self.redirect("http://127.0.0.2:1/secret")
            case "/file":
                self.redirect("file:///etc/passwd")
            case "/round":
                self.redirect("/round")
            case "/once":
                self.redirect("/ok")
            case _:
                self.send_error(404)

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def redirect(self, where):
        self.send_response(302)
        self.send_header("Location", where)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def slow(self, times, pause):
        self.send_response(200)
        self.end_headers()
        for _ in range(times):
            try:
                self.wfile.write(b"x")
                self.wfile.flush()
            except OSError:
                return
            time.sleep(pause)


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.daemon_threads = True
    made.block_on_close = False
    made.seen = []
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


@pytest.fixture
def url(server) -> str:
    return f"http://127.0.0.1:{server.server_port}"


CLOCK = FixedClock(LATER)


def get(url, *, allow=("127.0.0.1/32",), **more):
    return HTTPFetcher(allow, CLOCK).fetch(FetchRequest(url, **more))


@pytest.mark.parametrize("kind", ["host", "host and port", "network"])
def test_loopback_only_when_it_is_allowed(server, url, kind):
    allow = {
        "host": ("127.0.0.1",),
        "host and port": (f"127.0.0.1:{server.server_port}",),
        "network": ("127.0.0.0/8",),
    }[kind]
    assert get(f"{url}/ok", allow=allow) == b"fine"
    for refused in ((), ("127.0.0.1:1",), ("10.0.0.0/8",), ("example.org",)):
        with pytest.raises(FetchRefusedError, match="not a public address"):
            get(f"{url}/ok", allow=refused)
    assert len(server.seen) == 1


def test_a_name_that_resolves_to_loopback_is_loopback(server):
    url = f"http://localhost:{server.server_port}/ok"
    with pytest.raises(FetchRefusedError):
        get(url, allow=())
    assert get(url, allow=("localhost",)) == b"fine"
    assert server.seen[0][1]["Host"] == f"localhost:{server.server_port}"


def test_every_address_of_a_name_is_checked_and_the_name_is_resolved_once(server, monkeypatch):
    answers = {"two-faced.example": ["93.184.216.34", "127.0.0.1"], "named.example": ["127.0.0.1"]}
    real, asked = socket.getaddrinfo, []

    def resolve(host, *more, **options):
        if host not in answers:
            return real(host, *more, **options)  # the connection, by number
        asked.append(host)
        return [(socket.AF_INET, 1, 6, "", (address, 80)) for address in answers[host]]

    monkeypatch.setattr(fetcher_module.socket, "getaddrinfo", resolve)
    with pytest.raises(FetchRefusedError, match=r"127\.0\.0\.1 is not a public"):
        get(f"http://two-faced.example:{server.server_port}/ok", allow=())
    assert get(f"http://named.example:{server.server_port}/ok") == b"fine"
    assert asked == ["two-faced.example", "named.example"]


def test_a_name_with_no_address(monkeypatch):
    def fail(*_, **__):
        raise socket.gaierror("no such name")

    monkeypatch.setattr(fetcher_module.socket, "getaddrinfo", fail)
    with pytest.raises(FetchFailedError, match="name not resolved"):
        get("http://nowhere.example/")
    monkeypatch.setattr(fetcher_module.socket, "getaddrinfo", lambda *_, **__: [])
    with pytest.raises(FetchFailedError, match="name not resolved"):
        get("http://nowhere.example/")


@pytest.mark.parametrize(
    "bad",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "ldap://127.0.0.1/x",
        "http://user@127.0.0.1/x",
        "http:///x",
        "http://127.0.0.1:port/x",
        "",
        "//127.0.0.1/x",
        "http://[::1",
    ],
)
def test_other_schemes_and_odd_addresses_are_refused(bad):
    with pytest.raises(FetchRefusedError):
        get(bad)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2001:4860:4860::8888", True),
        ("127.0.0.1", False),
        ("10.0.0.1", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),  # noqa: S104  an address to be refused, nothing is bound
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("fe80::1", False),
        ("fc00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:8.8.8.8", True),
        ("2002:7f00:1::", False),
    ],
)
def test_public_addresses(address, public):
    assert is_public(ipaddress.ip_address(address)) is public


def test_a_redirect_is_followed_and_checked_again(url):
    assert get(f"{url}/once") == b"fine"
    with pytest.raises(FetchRefusedError, match=r"127\.0\.0\.2"):
        get(f"{url}/away")
    with pytest.raises(FetchRefusedError, match="only http"):
        get(f"{url}/file")
    with pytest.raises(FetchFailedError, match="redirects"):
        get(f"{url}/round")


def test_size_and_time_are_bounded(url):
    assert len(get(f"{url}/big", max_bytes=5000)) == 5000
    with pytest.raises(FetchFailedError, match="more than 4999 bytes"):
        get(f"{url}/big", max_bytes=4999)
    started = time.monotonic()
    for path in ("endless", "silent"):
        with pytest.raises(FetchFailedError):
            get(f"{url}/{path}", timeout_seconds=0.4)
    assert time.monotonic() - started < 4


def test_wrong_answers_are_failures(url):
    with pytest.raises(FetchFailedError, match="404"):
        get(f"{url}/missing")
    with pytest.raises(FetchFailedError):
        get(f"{url}/nonsense")
    with pytest.raises(FetchFailedError):
        get("http://127.0.0.1:9/nobody", timeout_seconds=1)
    with pytest.raises(FetchFailedError):
        get(url.replace("http:", "https:") + "/ok", timeout_seconds=1)


def test_post_and_query(server, url):
    body = get(f"{url}/ocsp", body=b"question ", content_type="application/ocsp-request")
    assert body == b"question application/ocsp-request"
    assert get(f"{url}/ok?a=1") == b"fine"
    assert server.seen[0][0] == "/ok?a=1"
    assert "Cookie" not in server.seen[0][1]


def test_cacheable_answers_are_kept_for_a_while(server, url, tmp_path):
    clock = FixedClock(LATER)
    fetcher = HTTPFetcher(("127.0.0.1",), clock, tmp_path / "cache")
    request = FetchRequest(f"{url}/ok", cacheable=True)
    assert [fetcher.fetch(request) for _ in range(3)] == [b"fine"] * 3
    assert len(server.seen) == 1
    fetcher.fetch(FetchRequest(f"{url}/ok"))
    assert len(server.seen) == 2
    clock.advance(MAX_AGE + timedelta(seconds=1))
    fetcher.fetch(request)
    assert len(server.seen) == 3
    with pytest.raises(FetchFailedError):
        fetcher.fetch(FetchRequest(f"{url}/ok", cacheable=True, max_bytes=2))


def test_those_who_ask_for_a_cacheable_answer_at_one_time_ask_once(server, url, tmp_path):
    """Each with a fetcher of its own, as processes have; without a cache each asks."""
    request = FetchRequest(f"{url}/ok", cacheable=True)

    def all_ask(*cache):
        server.seen.clear()
        fetchers = [HTTPFetcher(("127.0.0.1",), CLOCK, *cache) for _ in range(6)]
        with ThreadPoolExecutor(6) as pool:
            assert list(pool.map(lambda one: one.fetch(request), fetchers)) == [b"fine"] * 6
        return len(server.seen)

    assert all_ask() == 6
    assert all_ask(tmp_path / "cache") == 1


def test_who_waited_for_a_turn_takes_what_was_fetched_meanwhile(server, url, tmp_path, monkeypatch):
    """Another one has put the answer there before the turn comes: nobody is asked."""
    request = FetchRequest(f"{url}/ok", cacheable=True)
    other, turn = DiskCache(tmp_path, CLOCK), DiskCache.turn

    def after_another(cache, address, *, seconds):
        other.put(address, b"kept")
        return turn(cache, address, seconds=seconds)

    fetcher = HTTPFetcher(("127.0.0.1",), CLOCK, tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(DiskCache, "turn", after_another)
        assert fetcher.fetch(request) == b"kept"
    assert server.seen == []


def test_who_waited_too_long_for_its_turn_asks_too(url, tmp_path):
    cache = DiskCache(tmp_path / "cache", CLOCK)
    request = FetchRequest(f"{url}/ok", cacheable=True, timeout_seconds=0.3)
    with cache.turn(request.url, seconds=5):
        assert HTTPFetcher(("127.0.0.1",), CLOCK, tmp_path / "cache").fetch(request) == b"fine"
    (tmp_path / "file").write_bytes(b"")
    assert HTTPFetcher(("127.0.0.1",), CLOCK, tmp_path / "file").fetch(request) == b"fine"


def test_a_cache_that_is_broken_or_cannot_be_written_is_no_cache(tmp_path):
    cache = DiskCache(tmp_path / "cache", CLOCK)
    cache.put("a", b"1")
    assert cache.get("a") == b"1"
    assert cache.get("b") is None
    for content in (b"", b"yesterday\n1", b"2026-01-01T00:00:00\n1"):
        next((tmp_path / "cache").iterdir()).write_bytes(content)
        assert cache.get("a") is None
    (tmp_path / "file").write_bytes(b"")
    blocked = DiskCache(tmp_path / "file", CLOCK)
    blocked.put("a", b"1")
    assert blocked.get("a") is None
    future = DiskCache(tmp_path / "cache", FixedClock(LATER + timedelta(days=1)))
    future.put("a", b"2")
    assert cache.get("a") is None


def test_a_write_that_fails_leaves_nothing_beside(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr("pathlib.Path.replace", fail)
    DiskCache(tmp_path, CLOCK).put("a", b"1")
    assert not list(tmp_path.iterdir())


def test_the_list_of_what_is_allowed():
    allowed = parse_allowed(("Pki.Example", "tsa.example:8080", "10.1.0.0/16", "::1"))
    assert allowed.host("pki.example", 1)
    assert allowed.host("tsa.example", 8080)
    assert not allowed.host("tsa.example", 80)
    assert allowed.address(ipaddress.ip_address("10.1.2.3"))
    assert allowed.address(ipaddress.ip_address("::1"))
    assert not allowed.address(ipaddress.ip_address("10.2.2.3"))


def test_a_default_port_is_not_written_into_the_host_header():
    for text, host in (
        ("http://a.example/x", "a.example"),
        ("https://a.example:8443/", "a.example:8443"),
        ("http://[::1]:8080/", "[::1]:8080"),
    ):
        parts, name, port = fetcher_module._split(text)
        target = fetcher_module._Target(parts, name, port, ipaddress.ip_address("::1"))
        assert target.host_header == host


def test_what_the_system_says_is_the_reason():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/crl"
    with pytest.raises(FetchFailedError) as refused:
        HTTPFetcher(("127.0.0.1",), CLOCK).fetch(FetchRequest(url))
    assert refused.value.facts["reason"] == "Connection refused"


def test_what_no_system_says_is_told_with_its_kind():
    circle = ValueError("no number")
    circle.__context__ = circle
    assert reason_of(circle) == "ValueError: no number"
    assert reason_of(OSError("nothing more")) == "OSError: nothing more"
    behind = HTTPError("a library's words")
    behind.__cause__ = PermissionError(13, "Permission denied" * 99)
    assert reason_of(behind) == ("Permission denied" * 99)[:200]
    shown = ssl.SSLCertVerificationError(1, "long words")
    shown.verify_message = "self-signed certificate"
    behind.__cause__ = shown
    assert reason_of(behind) == "certificate not accepted: self-signed certificate"
