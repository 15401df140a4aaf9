"""`antin verify` over many documents: in processes, in order, and nobody harms the others."""

from __future__ import annotations

import json
import multiprocessing
import os
import threading
import time
from contextlib import closing
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from unit.verify.verify_pki import DAY, Signing, authority, crl, make_pdf, official, sign, usage

from cli.documents import many
from cli.documents.apart import AHEAD, Apart, Bounds
from cli.documents.batch import Outcome
from cli.exit_status import ExitStatus
from cli.session import Session
from pki.clock import SystemClock
from pki.words import Language
from verify.errors import NotAPDFError

SESSION = Session(Language.EN)
AT = f"{SystemClock().now() + timedelta(hours=1):%Y-%m-%dT%H:%M:%S}"


class Lists(BaseHTTPRequestHandler):
    """Hands out revocation lists and counts."""

    def log_message(self, *_):
        """Say nothing."""

    def do_GET(self):
        self.server.asked.append(self.path)
        body = self.server.lists.get(self.path)
        if body is None:
            self.send_error(503)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def lists():
    made = ThreadingHTTPServer(("127.0.0.1", 0), Lists)
    made.asked, made.lists = [], {}
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


def pointing_to(url: str) -> tuple[x509.ExtensionType, bool]:
    point = x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)
    return x509.CRLDistributionPoints([point]), False


@pytest.fixture
def office(lists, tmp_path):
    """Return a home that trusts a root whose authority's list is handed out, and a document."""
    where = f"http://127.0.0.1:{lists.server_port}"
    now = SystemClock().now().replace(microsecond=0)
    period = {"not_before": now - DAY, "not_after": now + DAY}
    root = authority("Root of many", **period)
    issuing = authority("Issuing of many", root, pointing_to(f"{where}/root.crl"), **period)
    use = (usage("digital_signature", "content_commitment"), True)
    signer = official(issuing, use, pointing_to(f"{where}/issuing.crl"), **period)
    lists.lists = {"/root.crl": crl(root, now), "/issuing.crl": crl(issuing, now)}
    home = tmp_path / "home"
    home.mkdir()
    (home / "antin.toml").write_text('[network]\nallow = ["127.0.0.1"]\n', "utf-8")
    (tmp_path / "root.pem").write_bytes(root.certificate.public_bytes(Encoding.PEM))
    return home, sign(make_pdf(), Signing(party=signer, stamped=None))


def folder_of(document: bytes, count: int, folder: Path) -> Path:
    """Return a folder with so many copies, some of which are none."""
    folder.mkdir()
    for number in range(count):
        (folder / f"{number:04}.pdf").write_bytes(document)
    (folder / "0003.pdf").write_bytes(document.replace(b"(Page", b"(Pagf").replace(b"Tj", b"TJ"))
    (folder / "0005.pdf").write_bytes(b"no PDF at all")
    return folder


def lines_of(antin, office, folder: Path, *more: str):
    trust = ("--trust", folder.parent / "root.pem")
    ran = antin("--home", office[0], "verify", folder, *trust, "--json-lines", *more)
    return ran, [json.loads(line) for line in ran.out.splitlines()]


def without_times(line: dict) -> dict:
    """Leave out when it was judged."""
    return {key: value for key, value in line.items() if key not in {"judged_at", "validation"}}


def test_many_documents_come_to_the_same_in_processes_as_in_this_one(
    antin, office, tmp_path, monkeypatch, lists
):
    folder = folder_of(office[1], many.MANY + 4, tmp_path / "incoming")
    apart, found = lines_of(antin, office, folder, "--at", AT)
    assert lists.asked.count("/issuing.crl") == lists.asked.count("/root.crl") == 1
    monkeypatch.setattr(many, "MANY", 1000)
    here, expected = lines_of(antin, office, folder, "--at", AT)
    assert (apart.status, apart.err) == (here.status, here.err)
    assert found == expected
    names = [line["document"]["name"] for line in found]
    assert names == sorted(path.name for path in folder.iterdir())
    told = [line.get("indication") or line["error"]["code"] for line in found]
    assert told.count("TOTAL-PASSED") == len(found) - 2
    assert (told[3], told[5]) == ("TOTAL-FAILED", "verify.not_a_pdf")


def test_a_thousand_documents_of_one_authority_ask_for_its_list_once(
    antin, office, tmp_path, lists
):
    folder = folder_of(office[1], 1000, tmp_path / "incoming")
    ran, found = lines_of(antin, office, folder)
    assert sorted(lists.asked) == ["/issuing.crl", "/root.crl"], ran.err
    assert [line.get("indication") for line in found].count("TOTAL-PASSED") == 998


@pytest.mark.parametrize("most", [4, 1000], ids=["in processes", "in this one"])
def test_an_address_that_does_not_answer_is_asked_once_for_a_folder(
    antin, office, tmp_path, lists, monkeypatch, most
):
    monkeypatch.setattr(many, "MANY", most)
    folder = folder_of(office[1], 20, tmp_path / "incoming")
    good = lists.lists
    lists.lists = {}
    _, found = lines_of(antin, office, folder)
    assert sorted(lists.asked) == ["/issuing.crl", "/root.crl"]
    assert [line.get("indication") for line in found].count("INDETERMINATE") == 18
    # The next run asks again, at once.
    lists.asked.clear()
    lists.lists = good
    _, found = lines_of(antin, office, folder)
    assert sorted(lists.asked) == ["/issuing.crl", "/root.crl"]
    assert [line.get("indication") for line in found].count("TOTAL-PASSED") == 18


def test_what_a_password_opens_is_judged_in_this_process(antin, office, tmp_path, monkeypatch):
    folder = folder_of(office[1], many.MANY, tmp_path / "incoming")
    monkeypatch.setenv("SECRET", "of no use")
    before = set(multiprocessing.active_children())
    monkeypatch.setattr("cli.documents.apart.Apart", None)
    _, found = lines_of(antin, office, folder, "--password-source", "env:SECRET")
    assert len(found) == many.MANY
    assert set(multiprocessing.active_children()) == before


def at_work(document: Path) -> Outcome:
    """Do what a hostile document might have a judge do."""
    match document.stem:
        case "hangs":
            time.sleep(600)
        case "ends":
            os._exit(3)
        case "swells":
            bytearray(4 * 1024**3)
        case "refused":
            raise NotAPDFError(name=document.name)
    (document.parent / f"{document.stem}.done").touch()
    return Outcome(ExitStatus.DONE, {"document": {"name": document.name}}, document.name)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_hostile_document_harms_none_of_the_others(tmp_path, workers):
    names = ["a", "ends", "b", "hangs", "c", "swells", "d", "refused", "e"]
    bounds = Bounds(seconds=3, memory_bytes=1024**3)
    with closing(Apart(SESSION, at_work, workers=workers, bounds=bounds)) as apart:
        found = list(apart.attempts([tmp_path / f"{name}.pdf" for name in names]))
    codes = {
        outcome.data["document"]["name"].removesuffix(".pdf"): outcome.data.get("error", {}).get(
            "code"
        )
        for outcome in found
    }
    assert codes == {
        **dict.fromkeys("abcde"),
        "ends": "verify.judging_ended",
        "hangs": "verify.judging_too_long",
        "swells": "verify.judging_ended",
        "refused": "verify.not_a_pdf",
    }
    assert list(codes) == names


def test_few_documents_are_begun_before_their_turn(tmp_path):
    paths = [tmp_path / f"{number:02}.pdf" for number in range(40)]
    with closing(Apart(SESSION, at_work, workers=1, bounds=Bounds())) as apart:
        attempts = apart.attempts(paths)
        assert next(attempts).text == "00.pdf"
        time.sleep(0.5)
        assert len(list(tmp_path.glob("*.done"))) <= AHEAD + 1
        assert [one.text for one in attempts] == [path.name for path in paths[1:]]


def test_processes_that_somebody_ended_are_replaced(tmp_path):
    with closing(Apart(SESSION, at_work, workers=1, bounds=Bounds())) as apart:
        attempts = apart.attempts([tmp_path / f"{number}.pdf" for number in range(9)])
        before = set(multiprocessing.active_children())
        assert next(attempts).text == "0.pdf"
        deadline = time.monotonic() + 30
        while len(list(tmp_path.glob("*.done"))) < AHEAD and time.monotonic() < deadline:
            time.sleep(0.05)
        for child in set(multiprocessing.active_children()) - before:
            child.kill()
        time.sleep(1)  # the pool looks at its processes ten times a second
        assert [one.text for one in attempts] == [f"{number}.pdf" for number in range(1, 9)]


def never(_document: Path) -> Outcome:
    """Stand for work that cannot be loaded where it is wanted."""
    raise AssertionError


def test_processes_that_cannot_begin_are_told_of(tmp_path, monkeypatch):
    monkeypatch.setattr("cli.documents.apart.pickle.dumps", lambda _: b"not pickled")
    with closing(Apart(SESSION, never, workers=1, bounds=Bounds())) as apart:
        found = list(apart.attempts([tmp_path / "a.pdf", tmp_path / "b.pdf"]))
    assert [one.data["error"]["code"] for one in found] == ["verify.judging_ended"] * 2
