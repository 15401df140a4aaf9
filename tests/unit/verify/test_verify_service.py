"""The service for document systems: the same verdicts, over HTTP, whatever comes in."""

from __future__ import annotations

import asyncio
import contextlib
import json
import multiprocessing
import os
import resource
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from importlib.resources import files
from io import BytesIO
from pathlib import Path

import jsonschema_rs
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer
from unit.verify.verify_pki import LATER, judge, make_document, make_pdf, make_world
from unit.verify.verify_service import Service, running

from cli.serving.paper import write_paper
from pki.words import Language
from verify.errors import (
    JudgingEndedError,
    PolicyFileError,
    RateLimitError,
    RequestMalformedError,
    ServiceBusyError,
    TrustFileError,
    UnknownCallerError,
)
from verify.http.asking import _preferred
from verify.http.callers import ANYBODY, Caller, Callers, hash_of, new_key
from verify.http.judging import Asked, Form, Rules, check_rules, warm
from verify.http.judging import judge as judge_here
from verify.http.limits import MEBIBYTE, Limits
from verify.http.memory_posix import bound_memory
from verify.http.openapi import openapi_document
from verify.http.room import Room
from verify.http.workers import Workers
from verify.render.json import to_json
from verify.render.schema import report_schema

AT = LATER.isoformat().replace("+00:00", "Z")
WORLD = make_world()
KEYS = ("first", "second")
JOBS = "/verify/v1/jobs"
SECRET = "không dùng"  # noqa: S105  what must show nowhere


def write_anchor(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / "root.pem"
    file.write_bytes(WORLD.root.certificate.public_bytes(Encoding.PEM))
    return file


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trust")
    write_anchor(folder)
    return folder


@pytest.fixture(scope="module")
def service(trust: Path):
    with running(trust, Limits(workers=2, body_bytes=MEBIBYTE)) as found:
        yield found


@pytest.fixture(scope="module")
def guarded(trust: Path):
    callers = tuple(Caller(name, hash_of(name)) for name in KEYS)
    limits = Limits(workers=1, per_minute=3, jobs=1)
    with running(trust, limits, callers) as found:
        yield found


def encrypted(password: str) -> bytes:
    writer = copy_into_new_writer(PdfFileReader(BytesIO(make_pdf())))
    writer.encrypt("owner", password)
    written = BytesIO()
    writer.write(written)
    return written.getvalue()


def test_a_document_gets_the_verdict_it_gets_anywhere(service: Service):
    document = make_document("B-LTA")
    reply = service.post(document, f"?at={AT}&lang=en&name=a.pdf")
    assert reply.status == 200
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["cache-control"] == "no-store"
    expected = to_json(judge(document), Language.EN)
    expected["document"]["name"] = "a.pdf"
    assert reply.object == expected
    assert reply.object["indication"] == "TOTAL-PASSED"
    spoiled = service.post(document.replace(b"Page 1", b"Page 7"), f"?at={AT}")
    assert (spoiled.status, spoiled.object["indication"]) == (200, "TOTAL-FAILED")


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("text/html", "text/html; charset=utf-8"),
        ("text/*;q=0.3, text/html, application/json;q=0.9", "text/html; charset=utf-8"),
        ("application/json, text/html;q=0.5", "application/json"),
        ("application/xml", "application/xml"),
        ("image/png, */*;q=0.1", "application/json"),
        ("text/html;q=0, */*", "application/json"),
        ("", "application/json"),
    ],
)
def test_the_form_is_the_one_that_is_liked_best(service: Service, accept: str, kind: str):
    reply = service.post(make_pdf(), accept=accept)
    assert (reply.status, reply.headers["content-type"]) == (200, kind)
    begin = {"text/html": b"<!doctype html>", "application/xml": b"<?xml"}
    assert reply.body.lstrip().startswith(begin.get(kind.partition(";")[0], b"{"))


def test_the_report_on_paper_is_given_where_somebody_writes_it(service: Service, trust: Path):
    refused = service.post(make_pdf(), accept="application/pdf")
    assert refused.status == 400
    assert refused.object["error"]["code"] == "verify.request_malformed"
    writes = Rules(trust=(trust,), offline=True, paper=write_paper)
    with running(trust, rules=writes) as writing:
        reply = writing.post(make_pdf(), accept="application/pdf")
    assert (reply.status, reply.headers["content-type"]) == (200, "application/pdf")
    assert reply.body.startswith(b"%PDF-1.7")
    assert write_paper(judge(make_pdf()), Language.EN).startswith(b"%PDF-1.7")


@pytest.mark.parametrize(
    ("query", "accepted", "word"),
    [
        ("?lang=en", "vi", "signature"),
        ("?lang=vi", "en", "chữ ký"),
        ("", "en-GB, vi;q=0.5", "signature"),
        ("", "fr, vi", "chữ ký"),
        ("", "fr", "chữ ký"),
        ("", "en;q=none", "chữ ký"),
    ],
)
def test_words_come_in_the_language_of_whoever_asks(service, query, accepted, word):
    told = service.post(make_pdf(), query, accept_language=accepted).object
    assert word in told["findings"][0]["message"]


@pytest.mark.parametrize(
    ("body", "query", "headers", "status", "code"),
    [
        (b"no", "", {}, 422, "verify.not_a_pdf"),
        (b"", "", {}, 422, "verify.pdf_empty"),
        (bytes(MEBIBYTE + 1), "", {}, 413, "verify.request_too_large"),
        (b"%PDF", "?lang=fr", {}, 400, "verify.request_malformed"),
        (b"%PDF", "?lang=en&lang=vi", {}, 400, "verify.request_malformed"),
        (b"%PDF", "?at=yesterday", {}, 400, "verify.request_malformed"),
        (b"%PDF", f"?at={AT.removesuffix('Z')}", {}, 400, "verify.request_malformed"),
        (b"%PDF", "?at=2026-13-01T00:00:00Z", {}, 400, "verify.request_malformed"),
        (b"%PDF", "?at=0001-01-01T00:00:00%2B23:00", {}, 400, "verify.request_malformed"),
        (b"%PDF", "", {"accept": "image/png"}, 400, "verify.request_malformed"),
        (b"%PDF", "", {"content_type": "text/plain"}, 400, "verify.request_malformed"),
        (b"x", "", {"content_type": "multipart/form-data"}, 400, "verify.request_malformed"),
        (
            b"--x\r\n\r\n",
            "",
            {"content_type": "multipart/form-data; boundary=x"},
            400,
            "verify.request_malformed",
        ),
    ],
)
def test_what_cannot_be_judged_is_refused_with_its_reason(
    service, body, query, headers, status, code
):
    reply = service.post(body, query, **headers)
    assert (reply.status, reply.code) == (status, code)
    assert reply.object["error"]["hint"]


def test_a_form_carries_a_password_and_nothing_else_does(service: Service):
    document = ("a.pdf", encrypted("mở"))
    assert service.post(document[1], "?password=m%E1%BB%9F").code == "verify.pdf_encrypted"
    right = service.send([("document", document), ("password", "mở")])
    assert (right.status, right.object["document"]["name"]) == (200, "a.pdf")
    wrong = service.send([("document", document), ("password", "đóng")])
    assert (wrong.status, wrong.code) == (422, "verify.password_wrong")
    assert "đóng" not in wrong.body.decode()
    without = service.send([("password", "mở")])
    assert (without.status, without.code) == (400, "verify.request_malformed")


def test_of_several_documents_a_bad_one_is_one_result(service: Service):
    parts = [("document", ("a.pdf", make_pdf())), ("document", ("b\u202egpj.pdf", b"no"))]
    told = service.send([*parts, ("document", ("c.pdf", make_document("B-B")))]).object
    assert told["schema"] == "antin.verify/1"
    first, second, third = told["documents"]
    assert (first["document"]["name"], third["document"]["name"]) == ("a.pdf", "c.pdf")
    assert second["error"]["code"] == "verify.not_a_pdf"
    assert second["document"]["name"] == "b\N{REPLACEMENT CHARACTER}gpj.pdf"
    assert len(third["signatures"]) == 1


def wait_for(service: Service, place: str, **headers: str) -> dict[str, object]:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        told = service.ask("GET", place, **headers).object
        if told["state"] == "done":
            return told
        time.sleep(0.05)
    raise AssertionError("the job is not done")


def test_a_job_is_judged_later_and_forgotten_when_told(service: Service):
    parts = [("document", ("a.pdf", make_document("B-B"))), ("document", ("b.pdf", b"no"))]
    begun = service.send(parts, f"{JOBS}?lang=en")
    assert (begun.status, begun.object["state"], begun.object["documents"]) == (202, "running", 2)
    place = begun.headers["location"]
    told = wait_for(service, place)
    assert (told["judged"], told["schema"]) == (2, "antin.verify.job/1")
    assert told["results"][0]["document"]["name"] == "a.pdf"
    assert told["results"][1]["error"]["code"] == "verify.not_a_pdf"
    assert service.ask("DELETE", place).status == 204
    again = service.ask("GET", place)
    assert (again.status, again.code) == (404, "verify.job_unknown")
    assert service.ask("DELETE", place).status == 404


def test_a_job_is_its_callers_own(guarded: Service):
    first, second = ({"authorization": f"Bearer {key}"} for key in KEYS)
    begun = guarded.send([("document", ("a.pdf", make_pdf()))], JOBS, **first)
    place = begun.headers["location"]
    assert guarded.ask("GET", place, **second).status == 404
    assert guarded.ask("GET", place).status == 401
    assert wait_for(guarded, place, **first)["judged"] == 1
    more = guarded.send([("document", ("a.pdf", make_pdf()))], JOBS, **first)
    assert (more.status, more.code) == (429, "verify.too_many_jobs")
    assert guarded.ask("DELETE", place, **first).status == 204


@pytest.mark.parametrize("given", [None, "", "Basic first", "Bearer ", "Bearer third"])
def test_who_has_no_key_gets_no_verdict(guarded: Service, given: str | None):
    headers = {} if given is None else {"authorization": given}
    reply = guarded.post(make_pdf(), **headers)
    assert (reply.status, reply.code) == (401, "verify.caller_unknown")
    assert reply.headers["www-authenticate"] == "Bearer"


def test_too_many_documents_wait_for_their_turn(guarded: Service):
    key = {"authorization": "bearer second"}
    form = [("document", ("a.pdf", make_pdf()))] * 2
    assert guarded.send(form, **key).status == 200
    reply = guarded.send(form, **key)
    assert (reply.status, reply.code) == (429, "verify.rate_limit")
    assert 1 <= int(reply.headers["retry-after"]) <= 60


def test_a_job_is_forgotten_after_its_time(trust: Path):
    with running(trust, Limits(workers=1, job_seconds=0.0)) as service:
        place = service.send([("document", ("a.pdf", b"no"))], JOBS).headers["location"]
        end = time.monotonic() + 60
        while service.ask("GET", place).status == 200 and time.monotonic() < end:
            time.sleep(0.05)
        assert service.ask("GET", place).status == 404


def test_a_document_that_takes_too_long_harms_nobody(trust: Path, tmp_path: Path):
    policy = tmp_path / "slow.toml"
    os.mkfifo(policy)  # whoever reads it waits until somebody writes
    limits = Limits(workers=1, seconds=0.3)
    with running(trust, limits, rules=Rules(policy=str(policy), offline=True)) as service:
        reply = service.post(make_pdf())
        assert (reply.status, reply.code) == (422, "verify.judging_too_long")
        with ThreadPoolExecutor(1) as pool:
            text = (files("verify.policies") / "default.toml").read_text("utf-8")
            pool.submit(policy.write_text, text, "utf-8")
            reply = service.post(make_pdf())
        assert (reply.status, reply.object["sub_indication"]) == (200, "NO_SIGNATURE")


def test_who_comes_when_all_are_busy_is_asked_to_come_again(trust: Path):
    document = make_document("B-LTA")
    with running(trust, Limits(workers=1, waiting=0)) as service, ThreadPoolExecutor(6) as pool:
        replies = list(pool.map(service.post, [document] * 6))
        found = {reply.status for reply in replies}
        assert found == {200, 503}
        busy = next(reply for reply in replies if reply.status == 503)
        assert (busy.code, busy.headers["retry-after"]) == ("verify.service_busy", "5")
        assert service.post(document).status == 200
    with running(trust, Limits(workers=1, held_bytes=len(document) - 1)) as service:
        assert service.post(document).status == 503
        assert service.post(make_pdf()).status == 200


def test_a_caller_who_hangs_up_costs_nothing(service: Service):
    host, _, port = service.url.removeprefix("http://").partition(":")
    head = f"POST /verify/v1/documents HTTP/1.1\r\nHost: {host}\r\nContent-Length: 900\r\n"
    with socket.create_connection((host, int(port))) as line:
        line.sendall(f"{head}Content-Type: application/pdf\r\n\r\n%PDF".encode())
    assert service.post(make_pdf()).status == 200


def test_a_job_may_be_forgotten_before_it_is_done(trust: Path):
    parts = [("document", ("a.pdf", make_document("B-LTA")))] * 40
    held = sum(len(part[1][1]) for part in parts) + 40_000
    with running(trust, Limits(workers=1, held_bytes=held)) as service:
        place = service.send(parts, JOBS).headers["location"]
        assert service.send(parts, JOBS).code == "verify.service_busy"
        assert service.ask("GET", place).object["state"] == "running"
        assert service.ask("DELETE", place).status == 204
        again = service.send(parts, JOBS)  # what it held is free again
        assert again.status == 202
        assert service.ask("DELETE", again.headers["location"]).status == 204


def test_who_is_trusted_is_looked_up_each_time(tmp_path: Path):
    document, query = make_document("B-LTA"), f"?at={AT}"
    with running(tmp_path / "trust") as service:
        assert service.post(document, query).object["indication"] == "INDETERMINATE"
        file = write_anchor(tmp_path / "trust")
        assert service.post(document, query).object["indication"] == "TOTAL-PASSED"
        file.unlink()
        assert service.post(document, query).object["indication"] == "INDETERMINATE"


def test_judging_that_wants_too_much_memory_harms_nobody(tmp_path: Path):
    folder = tmp_path / "trust"
    write_anchor(folder)
    with running(folder, Limits(workers=1, memory_bytes=32 * MEBIBYTE)) as service:
        assert service.post(make_pdf()).status == 200
        with (folder / "long.pem").open("wb") as file:
            file.truncate(512 * MEBIBYTE)
        reply = service.post(make_pdf())
        # Either Python has no memory for the file, or the system none for reading it.
        assert reply.status == 422
        assert reply.code in {"verify.judging_ended", "verify.trust_unreadable"}
        (folder / "long.pem").unlink()
        assert service.post(make_pdf()).status == 200


def when_somebody_reads(pipe: Path) -> int:
    """Open it for writing, which goes as soon as somebody has it open for reading."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        time.sleep(0.01)
    raise AssertionError("nobody reads")


def test_a_process_that_ends_while_it_judges_is_told_of(tmp_path: Path):
    policy = tmp_path / "slow.toml"
    os.mkfifo(policy)
    workers = Workers(Rules(policy=str(policy), offline=True), Limits(workers=1))
    try:
        with ThreadPoolExecutor(1) as pool:
            judged = pool.submit(lambda: asyncio.run(workers.judge(Asked(make_pdf()))))
            writing = when_somebody_reads(policy)
            for child in multiprocessing.active_children():
                child.kill()
            with pytest.raises(JudgingEndedError):
                judged.result(60)
            os.close(writing)
    finally:
        workers.stop()


async def two_of(workers: Workers) -> list[object]:
    asked = Asked(make_pdf())
    both = (workers.judge(asked), workers.judge(asked))
    return await asyncio.gather(*both, return_exceptions=True)


@pytest.mark.parametrize("noticed", [False, True])
def test_a_process_that_somebody_ended_is_replaced(trust: Path, noticed: bool):
    workers = Workers(Rules(trust=(trust,), offline=True), Limits(workers=1))
    try:
        workers.start()
        for child in multiprocessing.active_children():
            child.kill()
        if noticed:
            time.sleep(1)  # the pool looks at its processes ten times a second
        end = time.monotonic() + 60
        while time.monotonic() < end:
            found = asyncio.run(two_of(workers))
            if not any(isinstance(one, JudgingEndedError) for one in found):
                break
        assert [one.sub_indication for one in found] == ["NO_SIGNATURE"] * 2
    finally:
        workers.stop()


def test_who_starts_a_service_that_cannot_judge_is_told(trust: Path, tmp_path: Path):
    check_rules(Rules(trust=(trust, tmp_path / "not there yet")))
    (tmp_path / "none.pem").write_bytes(b"no certificate")
    with pytest.raises(TrustFileError):
        check_rules(Rules(trust=(tmp_path / "none.pem",)))
    with pytest.raises(PolicyFileError):
        check_rules(Rules(policy="of nobody"))
    workers = Workers(Rules(policy="of nobody", offline=True), Limits(workers=1))
    try:
        with pytest.raises(PolicyFileError):
            workers.start()
    finally:
        workers.stop()


def test_what_does_not_open_as_a_whole_gets_the_verdict_it_gets_anywhere(service: Service):
    """A file that says it was signed, and is cut off, has failed; it is not merely refused."""
    cut = make_document("B-B")[:-40]
    reply = service.post(cut, f"?at={AT}&lang=en")
    expected = to_json(judge(cut), Language.EN)
    assert (reply.status, reply.object["signatures"]) == (200, expected["signatures"])
    assert reply.object["indication"] == expected["indication"] != "TOTAL-PASSED"


def test_judging_is_the_same_in_this_process(trust: Path):
    rules = Rules(trust=(trust,), offline=True, memory_bytes=500 * MEBIBYTE)
    warm(rules)
    document = make_document("B-LTA")
    judged = judge_here(rules, Asked(document, at=LATER, language=Language.EN))
    assert judged.indication == "TOTAL-PASSED"
    assert json.loads(judged.body) == to_json(judge(document), Language.EN)
    page = judge_here(rules, Asked(document, form=Form.HTML, password=SECRET))
    assert page.body.startswith(b"<!doctype html>")
    with pytest.raises(RequestMalformedError):
        judge_here(rules, Asked(document, form=Form.PDF))
    assert SECRET not in repr(Asked(document, password=SECRET))
    online = Rules(trust=(trust,))
    assert judge_here(online, Asked(make_pdf())).sub_indication == "NO_SIGNATURE"


def test_memory_is_bounded_while_it_is_asked_for():
    before = resource.getrlimit(resource.RLIMIT_DATA)
    with bound_memory(64 * MEBIBYTE):
        assert resource.getrlimit(resource.RLIMIT_DATA)[0] < 2**40
        with bound_memory(2**40):  # never more than it was
            assert resource.getrlimit(resource.RLIMIT_DATA)[0] < 2**40
        with pytest.raises(MemoryError):
            bytearray(1024 * MEBIBYTE)
    assert resource.getrlimit(resource.RLIMIT_DATA) == before
    assert len(bytearray(1024 * MEBIBYTE)) == 1024 * MEBIBYTE


def test_where_there_is_no_such_bound_nothing_is_bounded(monkeypatch: pytest.MonkeyPatch):
    before = resource.getrlimit(resource.RLIMIT_DATA)
    monkeypatch.setattr(sys, "platform", "win32")
    with bound_memory(64 * MEBIBYTE):
        assert resource.getrlimit(resource.RLIMIT_DATA) == before


def test_keys_are_long_and_all_different():
    keys = {new_key() for _ in range(50)}
    assert len(keys) == 50
    assert all(len(key) >= 48 and key.isascii() for key in keys)
    assert len(hash_of(keys.pop())) == 64


def test_a_bucket_fills_up_evenly():
    now = [0.0]
    callers = Callers((), 60, lambda: now[0])
    assert callers.admit(None) == ANYBODY
    callers.charge(ANYBODY, 60)
    with pytest.raises(RateLimitError):
        callers.charge(ANYBODY, 1)
    callers.charge("somebody else", 60)
    now[0] = 10.0
    callers.charge(ANYBODY, 10)
    with pytest.raises(RateLimitError) as refused:
        callers.charge(ANYBODY, 5)
    assert refused.value.facts["seconds"] == 5
    now[0] = 10_000.0
    callers.charge(ANYBODY, 60)
    with pytest.raises(RateLimitError):
        callers.charge(ANYBODY, 1)


def test_a_key_opens_for_its_own_name_alone():
    callers = Callers((Caller("a", hash_of("x")), Caller("b", hash_of("y"))), 60)
    assert [callers.admit(f"Bearer {key}") for key in "xy"] == ["a", "b"]
    with pytest.raises(UnknownCallerError):
        callers.admit("Bearer z")


def test_room_is_given_back_once():
    room = Room(10)
    with room.share() as share:
        share.take(6)
        with pytest.raises(ServiceBusyError):
            share.take(5)
    kept = room.share()
    with kept:
        kept.take(10)
        kept.keep()
    with pytest.raises(ServiceBusyError):
        room.take(1)
    kept.give()
    kept.give()
    room.take(10)
    with pytest.raises(ServiceBusyError):
        room.take(1)


def test_what_is_liked_best_comes_first():
    assert _preferred("a;q=0.1, b, c;q=0, d;q=x, e;q=0.5") == ("b", "e", "a")


def test_reports_are_what_their_schema_says():
    validator = jsonschema_rs.validator_for(report_schema())
    documents = [make_pdf(), *(make_document(level) for level in ("B-B", "B-T", "B-LT", "B-LTA"))]
    for document in documents:
        for at in (LATER, LATER + timedelta(days=9000)):
            told = to_json(judge(document, at=at), Language.VI)
            validator.validate(told)
            assert not validator.is_valid({**told, "indication": "VALID"})
            assert not validator.is_valid({**told, "valid": True})


def test_the_description_is_served_and_whole(service: Service):
    told = service.ask("GET", "/verify/v1/openapi.json").object
    assert told == json.loads(json.dumps(openapi_document(Limits(workers=2, body_bytes=MEBIBYTE))))
    report = {"$ref": "#/components/schemas/Report", "components": told["components"]}
    jsonschema_rs.validator_for(report).validate(service.post(make_document("B-T")).object)
