"""`antin cert watch`: other authorities asked over HTTP, and not asked at all."""

from __future__ import annotations

import csv
import json
import re
import threading
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.etree import ElementTree

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from unit.pki.watching_world import Partner, person

from cli.homes.office import open_office
from cli.overview.keeping import A_ROUND, Counting
from cli.overview.numbers import KINDS, overview_rows
from cli.overview.page import overview_page
from cli.overview.text import WIDTH, bar_of, overview_text
from cli.session import Session
from cli.upkeep.raising import Raising, RaisingThread
from pki.clock import FixedClock, SystemClock, whole_second
from pki.records.people import DeviceState
from pki.records.requests import RequestKind
from pki.register.sql import open_register
from pki.watching.overview import STATUSES, Overview
from pki.words import Language

NOW = whole_second(SystemClock().now())
REASONS = x509.ReasonFlags


@contextmanager
def serving(answers):
    """Serve octets by path; yields the address and the paths that were asked for."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            data = answers.get(self.path)
            self.send_response(404 if data is None else 200)
            self.send_header("Content-Length", str(len(data or b"")))
            self.end_headers()
            self.wfile.write(data or b"")

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def run(antin, demo_home):
    path = demo_home / "antin.toml"
    text = path.read_text("utf-8")
    own = re.search(r"(?m)^allow = \[(.*)\]$", text)
    assert own is not None
    path.write_text(text.replace(own[0], 'allow = ["127.0.0.0/8"]'), "utf-8")

    def ask(*arguments, status=0, language=Language.EN):
        ran = antin("--home", demo_home, *arguments, language=language)
        assert ran.status == status, ran
        return ran

    ask.home = demo_home
    return ask


def write_certificates(folder, partner, url, count=3):
    folder.mkdir()
    begin = NOW - timedelta(days=10)
    for serial in range(0x100, 0x100 + count):
        one = partner.issue(
            person(f"Người {serial}"), serial, points=(f"{url}/a.crl",), begin=begin
        )
        (folder / f"{serial:x}.pem").write_bytes(one.public_bytes(Encoding.PEM))
    return folder


def test_statuses_are_asked_for_and_shown(run, demo_home, tmp_path):
    partner = Partner()
    trusted = demo_home / "trust" / "partner.pem"
    trusted.write_bytes(partner.certificate.public_bytes(Encoding.PEM))
    answers = {}
    with serving(answers) as (url, asked):
        leaves = write_certificates(tmp_path / "in", partner, url)
        run("cert", "import", leaves, "--yes")
        (told,) = run("cert", "watch", "--json").json["issuers"]
        assert (told["asked"], told["good"], told["unanswered"]) == (3, 0, 3)
        assert told["why"] == "HTTP status 404"
        crl = partner.list((0x101, REASONS.superseded), at=NOW)
        answers["/a.crl"] = crl.public_bytes(Encoding.DER)
        asked.clear()
        (told,) = run("cert", "watch", "--json").json["issuers"]
        assert asked == ["/a.crl"]
        assert (told["good"], told["revoked"], told["unanswered"]) == (2, 1, 0)
        changed = {one["serial"]: one["status"] for one in told["changes"]}
        assert changed == {"0100": "good", "0101": "revoked", "0102": "good"}
        words = {Language.EN: "revoked", Language.VI: "đã thu hồi"}
        for language, word in words.items():
            assert word in run("cert", "watch", language=language).out
    offline = run("cert", "watch", "--offline")
    assert "Offline" in offline.out
    assert run("cert", "watch", "--offline", "--json").json["offline"]
    assert run("audit", "verify").status == 0


def test_upkeep_asks_whom_it_is_time_to_ask(run, antin, demo_home, tmp_path):
    partner, clock = Partner(), FixedClock(SystemClock().now() + timedelta(minutes=2))
    trusted = demo_home / "trust" / "partner.pem"
    trusted.write_bytes(partner.certificate.public_bytes(Encoding.PEM))

    def watched(*words, status=0):
        ran = antin("--home", demo_home, "upkeep", *words, "--json", clock=clock)
        assert ran.status == status, ran
        return [one for one in ran.json["tasks"] if one["task"] == "watch"]

    answers = {}
    with serving(answers) as (url, asked):
        run("cert", "import", write_certificates(tmp_path / "in", partner, url), "--yes")
        (due,) = watched()
        assert (due["state"], due["ends"], asked) == ("due", None, [])
        (told,) = watched("--yes")
        assert (told["state"], told["error"]["code"]) == ("later", "cli.foreign_silent")
        assert watched("--yes") == [], "asked a moment ago"
        clock.advance(timedelta(hours=6))
        crl = partner.list((0x101, REASONS.superseded), at=NOW)
        answers["/a.crl"] = crl.public_bytes(Encoding.DER)
        (told,) = watched("--yes")
        assert (told["state"], told["error"]) == ("done", None)
        statuses = {one["standing"] for one in run_list(run)}
        assert statuses == {"good", "revoked"}
        clock.advance(timedelta(hours=5, minutes=59))
        assert watched() == []
        clock.advance(timedelta(minutes=1))
        (due,) = watched()
        assert due["ends"] is not None
        text = antin("--home", demo_home, "upkeep", clock=clock, language=Language.EN).out
        assert "certificates that are followed" in text
    settings = demo_home / "antin.toml"
    told = settings.read_text("utf-8")
    assert "watch_hours = 6" in told
    settings.write_text(told.replace("watch_hours = 6", "watch_hours = 0"), "utf-8")
    clock.advance(timedelta(hours=9))
    assert watched("--yes") == []


def run_list(run):
    register = open_register(run.home / "register.sqlite")
    found = [{"standing": one.standing.value} for one in register.watched()]
    register.close()
    return found


def test_nothing_to_follow_is_said(run):
    assert run("cert", "watch", "--json").json["issuers"] == []
    assert "No certificates" in run("cert", "watch").out


def test_many_changes_are_counted(run, tmp_path, demo_home):
    partner = Partner()
    (demo_home / "trust" / "partner.pem").write_bytes(
        partner.certificate.public_bytes(Encoding.PEM)
    )
    crl = partner.list(at=NOW).public_bytes(Encoding.DER)
    with serving({"/a.crl": crl}) as (url, _):
        run("cert", "import", write_certificates(tmp_path / "in", partner, url, 23), "--yes")
        assert "and 3 more changes" in run("cert", "watch").out


def test_certificates_are_reconciled_with_the_people_list(run, tmp_path):
    partner, begin = Partner(), NOW - timedelta(days=10)
    (tmp_path / "in").mkdir()
    for serial, common in enumerate(("Người Mẫu", "=1+1"), 0x100):
        one = partner.issue(person(common), serial, begin=begin)
        (tmp_path / "in" / f"{serial:x}.pem").write_bytes(one.public_bytes(Encoding.PEM))
    run("cert", "import", tmp_path / "in", "--yes")
    told = run("cert", "reconcile", "--json").json
    assert told["found"] == {"pki.watching.person_unknown": 2}
    assert [one["name"] for one in told["findings"]] == ["Người Mẫu", "=1+1"]
    head, first, second = csv.reader(run("cert", "reconcile", "--csv").out.splitlines())
    assert head[:3] == ["severity", "code", "serial"]
    assert (first[2], second[head.index("name")]) == ("0100", "'=1+1")
    words = {Language.EN: "nobody on the people list", Language.VI: "không có trong danh sách"}
    for language, word in words.items():
        shown = run("cert", "reconcile", language=language).out
        assert word in shown
        assert "[pki.watching.person_unknown]" in shown


def test_the_overview_in_every_form(run, tmp_path):
    told = run("overview", "--json").json
    assert told["own"]["valid"] >= 1
    assert sum(unit["own"] for unit in told["units"]) == told["own"]["valid"]
    page = tmp_path / "page.html"
    assert run("overview", "--html", page, "--recount", "--json").json["output"] == str(page)
    rows = list(csv.reader(run("overview", "--csv").out.splitlines()))
    assert rows[0] == ["section", "name", "what", "count"]
    assert ["own", "", "valid", str(told["own"]["valid"])] in rows
    words = {Language.EN: "Issued here", Language.VI: "Cấp tại đây"}
    for language, word in words.items():
        text = run("overview", language=language).out
        assert word in text
        assert "█" in text


def test_the_page_needs_nothing_and_obeys_nobody(run, tmp_path):
    partner, begin = Partner(), NOW - timedelta(days=10)
    (tmp_path / "in").mkdir()
    hostile = "<script>alert(1)</script>" + "\u202e" + "x" * 20
    one = partner.issue(person("Ai", unit=hostile), 0x100, begin=begin, days=40)
    (tmp_path / "in" / "a.pem").write_bytes(one.public_bytes(Encoding.PEM))
    run("cert", "import", tmp_path / "in", "--yes")
    page = tmp_path / "page.html"
    text = run("overview", "--html", page).out
    assert "Ending soon, by unit" in text
    assert "\u202e" not in text
    shown = page.read_text("utf-8")
    assert "&lt;script&gt;" in shown
    assert "\u202e" not in shown
    assert "<script" not in shown
    assert "http" not in shown.replace("http-equiv", "")
    assert "default-src 'none'" in shown
    assert "@media print" in shown
    root = ElementTree.fromstring(shown[shown.index("<svg") : shown.index("</svg>") + 6])  # noqa: S314  our own
    bars = root.findall(".//rect")
    assert bars
    assert all(float(bar.get("width")) >= 0 for bar in bars)
    run("overview", "--html", tmp_path, status=4)


def test_bars_are_as_long_as_what_they_show():
    assert bar_of(0, 10) == ""
    assert bar_of(1, 10**6) == "▏"
    assert len(bar_of(10, 10)) == WIDTH
    assert [len(bar_of(value, 10)) for value in range(1, 11)] == [3 * n for n in range(1, 11)]
    assert bar_of(-1, 10) == ""


@pytest.mark.parametrize("language", Language)
def test_every_state_and_kind_has_its_word(language):
    found = Overview(
        NOW,
        own=dict.fromkeys(STATUSES, 1),
        devices=dict.fromkeys(DeviceState, 1),
        open_requests=dict.fromkeys(RequestKind, 2),
        cases={"2026-01": {"new": 3}},
        months={"2026-01": dict.fromkeys(KINDS, 1)},
    )
    session = Session(language)
    text, page = overview_text(session, found), overview_page(session, found)
    assert page.count("<svg") == 4 + len(KINDS)
    told = [row for row in overview_rows(found) if row[0] == "open_requests"]
    assert len(told) == len(RequestKind)
    lost = {Language.EN: "lost", Language.VI: "đã mất"}[language]
    assert lost in text
    assert lost in page


def test_upkeep_and_import_count_for_the_overview(run, antin, demo_home, tmp_path):
    kept = demo_home / "cache" / "overview.json"

    def places():
        return json.loads(kept.read_text("utf-8"))["places"]

    assert not kept.exists()
    assert antin("--home", demo_home, "upkeep").status == 0
    assert not kept.exists(), "it only says what is due"
    assert antin("--home", demo_home, "upkeep", "--yes").status == 0
    own = places()[0]
    assert own > 0
    with serving({}) as (url, _):
        run("cert", "import", write_certificates(tmp_path / "in", Partner(), url), "--yes")
    assert places()[2] == 3
    counted = run("overview", "--json").json
    assert places()[0] == own
    assert {**counted, "at": ""} == {**run("overview", "--recount", "--json").json, "at": ""}
    kept.unlink()
    kept.mkdir()
    told = antin("--home", demo_home, "upkeep", "--yes", "--json").json["alarms"]
    assert ("pki.upkeep.failed", "overview") in {(one["code"], one["what"]) for one in told}
    kept.rmdir()
    with open_office(Session(Language.EN, home=demo_home)) as office:
        alarms = []
        raising = Raising(office.session, office.home)
        counting = Counting(office, at_most=A_ROUND)
        thread = RaisingThread(raising, tell=alarms.append, counting=counting)
        thread.round()
        assert (alarms, places()[0]) == ([], own)
        kept.unlink()
        kept.mkdir()
        thread.round()
    assert [alarm.what for alarm in alarms] == ["overview"]
