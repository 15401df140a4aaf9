"""Addresses that did not answer: asked once in a run, again in the next and after a while."""

from __future__ import annotations

import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from unit.verify.verify_pki import LATER

from pki.clock import FixedClock
from pki.errors.fetching import FetchFailedError, FetchRefusedError
from pki.fetcher import OCSP_REQUEST, FetchRequest
from verify import silent
from verify.fetcher import HTTPFetcher
from verify.silent import PAUSE, Silent

SECOND = timedelta(seconds=1)


class Broken(BaseHTTPRequestHandler):
    """Counts, and answers as it is told: not at all, with a status, or well."""

    def log_message(self, *_):
        """Say nothing."""

    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append(self.path)
        if self.path in self.server.well:
            self.send_response(200)
            self.send_header("Content-Length", "4")
            self.end_headers()
            self.wfile.write(b"fine")
        elif self.path.startswith("/status"):
            self.send_error(500)
        self.close_connection = True

    def do_POST(self):
        self.do_GET()


@pytest.fixture
def server():
    made = ThreadingHTTPServer(("127.0.0.1", 0), Broken)
    made.asked, made.well = [], set()
    made.url = f"http://127.0.0.1:{made.server_port}"
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


def fetcher(clock, *rest, began=LATER):
    return HTTPFetcher(("127.0.0.1",), clock, *(rest or (None,)), began)


def fails(one, url, **how):
    with pytest.raises(FetchFailedError) as caught:
        one.fetch(FetchRequest(url, **how))
    return str(caught.value.facts["reason"])


@pytest.mark.parametrize("path", ["/nothing", "/status"])
@pytest.mark.parametrize("cacheable", [True, False])
def test_a_list_that_is_not_had_is_asked_for_once(server, tmp_path, path, cacheable):
    clock = FixedClock(LATER)
    one = fetcher(clock, tmp_path)
    reasons = {fails(one, server.url + path, cacheable=cacheable) for _ in range(5)}
    assert len(reasons) == 1, "it is told as the first time"
    assert server.asked == [path]
    clock.advance(PAUSE + SECOND)
    server.well = {path}
    assert one.fetch(FetchRequest(server.url + path, cacheable=cacheable)) == b"fine"


def test_without_a_run_each_is_asked_each_time(server):
    one = HTTPFetcher(("127.0.0.1",), FixedClock(LATER))
    for _ in range(3):
        fails(one, f"{server.url}/status")
    assert len(server.asked) == 3


def test_a_responder_that_gives_no_answer_is_asked_once_and_one_that_answers_wrongly_again(server):
    one = fetcher(FixedClock(LATER))
    ask = {"body": b"question", "content_type": OCSP_REQUEST}
    for _ in range(3):
        fails(one, f"{server.url}/nothing", **ask)
        fails(one, f"{server.url}/status", **ask)
    assert server.asked.count("/nothing") == 1
    assert server.asked.count("/status") == 3


def test_what_is_no_evidence_is_asked_each_time(server):
    """A time-stamp may be had from an authority that did not answer a moment ago."""
    one = fetcher(FixedClock(LATER))
    for _ in range(2):
        fails(one, f"{server.url}/status", body=b"x", content_type="application/timestamp-query")
    assert len(server.asked) == 2


def test_nobody_is_asked_at_all_who_may_not_be(tmp_path):
    one = HTTPFetcher((), FixedClock(LATER), tmp_path, LATER)
    for _ in range(2):
        with pytest.raises(FetchRefusedError):
            one.fetch(FetchRequest("http://127.0.0.1:9/"))
    assert not list(tmp_path.glob("*.silent"))


def test_processes_of_a_run_tell_each_other_and_the_next_run_does_not_hear(server, tmp_path):
    clock = FixedClock(LATER)
    first, second = (fetcher(clock, tmp_path) for _ in range(2))
    assert fails(first, f"{server.url}/status") == fails(second, f"{server.url}/status")
    assert len(server.asked) == 1
    later = fetcher(FixedClock(LATER + SECOND), tmp_path, began=LATER + SECOND)
    fails(later, f"{server.url}/status")
    assert len(server.asked) == 2


@pytest.mark.parametrize("content", [b"", b"yesterday\nx", b"2026-03-01T09:10:00\nnaive", b"\xff"])
def test_what_cannot_be_read_in_the_folder_tells_nothing(tmp_path, content):
    failed = FetchFailedError(url="http://a", reason="gone")
    Silent(FixedClock(LATER), LATER, tmp_path).note("http://a", failed)
    other = Silent(FixedClock(LATER), LATER, tmp_path)
    with pytest.raises(FetchFailedError):
        other.check("http://a")
    next(tmp_path.glob("*.silent")).write_bytes(content)
    other.check("http://a")


def test_a_folder_that_cannot_be_written_leaves_each_process_to_itself(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"")
    alone = Silent(FixedClock(LATER), LATER, tmp_path / "file")
    monkeypatch.setattr(silent, "_REMEMBERED", 1)
    for url in ("http://a", "http://b"):
        alone.note(url, FetchFailedError(url=url, reason="gone"))
        with pytest.raises(FetchFailedError):
            alone.check(url)
    alone.check("http://a")  # so many are not remembered
