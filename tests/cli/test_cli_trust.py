"""`antin trust` and `antin verify` with trusted lists: configured, fetched, kept, handed in."""

from __future__ import annotations

import json
import threading
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from unit.verify.list_writer import HOUR, Elsewhere, Serving, Told, make_list, operator, sign_list
from unit.verify.verify_pki import LATER, SECOND, YEAR, make_document, make_world

from cli.documents.many import MANY
from cli.homes.home import find_home
from cli.serving.lists import ListKeeper
from pki.clock import FixedClock

WORLD = make_world()
OPERATOR, NATIONAL = operator(), operator("National")
CLOCK = FixedClock(LATER)


def of_services(signer=NATIONAL, **options):
    services = (
        Serving((WORLD.root,), provider="Ban Cơ yếu", name="CA gốc"),
        Serving((WORLD.ocsp,), (Told(kind="Certstatus/OCSP"),), provider="Tổ chức khác"),
    )
    return sign_list(make_list(*services, **options), signer)


@pytest.fixture
def pages():
    return {}


@pytest.fixture
def address(pages):
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            body = pages.get(self.path)
            self.send_response(200 if body is not None else 404)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def signed(tmp_path):
    path = tmp_path / "signed.pdf"
    path.write_bytes(make_document("B-LTA"))
    return path


@pytest.fixture
def home(tmp_path, address, pages):
    """A home that trusts a list of lists; the network has it and the list it leads to."""
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "signer.pem").write_bytes(OPERATOR.certificate.public_bytes(Encoding.PEM))
    (folder / "antin.toml").write_text(
        f"""
[network]
allow = ["{address.removeprefix("http://")}"]
[[verify.list]]
name = "eu"
url = "{address}/lotl.xml"
signers = ["signer.pem"]
""",
        "utf-8",
    )
    pointers = (
        Elsewhere(f"{address}/vn.xml", (NATIONAL,), "VN"),
        Elsewhere(f"{address}/la.xml", (NATIONAL,), "LA"),
    )
    pages["/lotl.xml"] = sign_list(
        make_list(kind="EUlistofthelists", territory="EU", pointers=pointers), OPERATOR
    )
    pages["/vn.xml"] = of_services()
    return folder


@pytest.fixture
def ask(antin, home):
    def run(*arguments, status=0, clock=CLOCK, **more):
        ran = antin("--home", home, *arguments, clock=clock, **more)
        assert ran.status == status, ran
        return ran

    return run


def verdict(ran):
    return ran.json["indication"], ran.json["sub_indication"]


def test_lists_are_fetched_shown_and_judged_by(ask, signed, pages):
    nothing = ask("trust", "list", "--json").json["lists"]
    assert [one["name"] for one in nothing] == ["eu"]
    assert nothing[0]["error"]["code"] == "verify.list_missing"
    had = {one["name"]: one for one in ask("trust", "refresh", "--json").json["lists"]}
    assert list(had) == ["eu", "eu/VN", "eu/LA"]
    assert had["eu"]["of_lists"]
    assert had["eu/VN"]["trusted"]
    assert (had["eu/VN"]["services"], had["eu/VN"]["anchors"]) == (2, 1)
    assert had["eu/VN"]["fetched"] == "2026-03-01T09:10:00Z"
    assert not had["eu/LA"]["trusted"]
    assert had["eu/LA"]["error"]["code"] == "verify.list_missing"
    told = ask("trust", "list").out
    assert "2 services, 1 trust anchors" in told
    assert "not trusted" in told

    shown = ask("trust", "show", "eu/VN", "--query", "cơ YẾU", "--json").json
    (service,) = shown["services"]
    assert (service["provider"], service["states"][0]["type"]) == ("Ban Cơ yếu", "CA/QC")
    assert len(service["certificates"]) == 1
    assert "Certstatus/OCSP" in ask("trust", "show", "eu/VN").out
    assert ask("trust", "show", "eu/VN", "--query", "nobody").out == "no such services\n"
    assert ask("trust", "show", "eu/XX", "--json", status=3).code == "verify.list_unknown"
    assert ask("trust", "show", "eu/LA", "--json", status=4).code == "verify.list_missing"

    pages.clear()
    judged = ask("verify", signed, "--offline", "--json")
    assert verdict(judged) == ("TOTAL-PASSED", None)
    findings = {one["code"]: one for one in judged.json["findings"]}
    assert findings["trust.lists_kept"]["severity"] == "info"
    assert "LA" in findings["trust.lists_missing"]["message"]
    services = judged.json["signatures"][0]["path"][-1]["services"]
    assert services[0]["territory"] == "VN"


def test_judging_fetches_lists_that_are_missing_and_then_those_outdated(ask, signed, pages):
    end = LATER + 3 * HOUR
    pages["/vn.xml"] = of_services(next_update=end)
    assert verdict(ask("verify", signed, "--json")) == ("TOTAL-PASSED", None)
    pages["/vn.xml"] = of_services(sequence=8)
    del pages["/lotl.xml"]
    numbers = []
    for moment in (end - SECOND, end):
        clock = FixedClock(moment)
        assert verdict(ask("verify", signed, "--json", clock=clock)) == ("TOTAL-PASSED", None)
        lists = ask("trust", "list", "--json", clock=clock).json["lists"]
        numbers += [one["sequence"] for one in lists if one["name"] == "eu/VN"]
    assert numbers == [7, 8]


def test_without_the_list_nothing_is_trusted(ask, signed, pages):
    pages.clear()
    judged = ask("verify", signed, "--json", status=11)
    assert verdict(judged) == ("INDETERMINATE", "NO_CERTIFICATE_CHAIN_FOUND")
    assert "verify.list_missing" in {one["code"] for one in judged.json["findings"]}
    failed = ask("trust", "refresh", "--json", status=4)
    assert failed.json["lists"][0]["error"]["code"] == "verify.list_missing"


def test_a_list_of_lists_by_another_s_hand_is_refused(ask, pages):
    pages["/lotl.xml"] = sign_list(make_list(kind="EUlistofthelists", territory="EU"), NATIONAL)
    assert ask("trust", "refresh", "--json", status=3).json["lists"][0]["trusted"] is False


def test_a_list_in_a_file_with_its_signer(ask, signed, tmp_path):
    file, pinned = tmp_path / "vn.xml", tmp_path / "national.pem"
    file.write_bytes(of_services())
    pinned.write_bytes(NATIONAL.certificate.public_bytes(Encoding.PEM))
    by_list = ("verify", signed, "--offline", "--json", "--trust", file)
    assert verdict(ask(*by_list, "--list-signer", pinned)) == ("TOTAL-PASSED", None)
    assert ask(*by_list, status=3).code == "verify.list_unpinned"
    stranger = tmp_path / "stranger.pem"
    stranger.write_bytes(OPERATOR.certificate.public_bytes(Encoding.PEM))
    assert ask(*by_list, "--list-signer", stranger, status=3).code == "verify.list_signer"
    late = FixedClock(LATER + 2 * YEAR)
    outdated = ask(*by_list, "--list-signer", pinned, status=3, clock=late)
    assert outdated.code == "verify.list_expired"
    file.write_bytes(sign_list(make_list(kind="EUlistofthelists"), NATIONAL))
    assert ask(*by_list, "--list-signer", pinned, status=3).code == "verify.list_other"
    file.unlink()
    assert ask(*by_list, "--list-signer", pinned, status=5).code == "verify.trust_unreadable"


def test_certificates_and_lists_are_given_together(ask, signed, tmp_path):
    file, root = tmp_path / "vn.xml", tmp_path / "root.pem"
    file.write_bytes(of_services())
    root.write_bytes(WORLD.root.certificate.public_bytes(Encoding.PEM))
    given = ("--trust", root, "--trust", file, "--list-signer", root)
    assert ask("verify", signed, "--json", *given, status=3).code == "verify.list_signer"
    plain = ask("verify", signed, "--offline", "--json", "--trust", root)
    assert verdict(plain) == ("TOTAL-PASSED", None)
    assert plain.json["signatures"][0]["path"][-1]["services"] == []


def test_the_service_fetches_what_is_due(ask, home):
    keeper = ListKeeper(find_home(home, None), CLOCK)
    keeper.round()
    lists = ask("trust", "list", "--json").json["lists"]
    assert [one["trusted"] for one in lists] == [True, True, False]
    (home / "signer.pem").unlink()
    keeper.round()  # told by the verdicts
    later = ListKeeper(find_home(home, None), CLOCK)
    later.start()
    later.stop()


def test_a_service_that_is_stopped_fetches_no_more(ask, home):
    keeper = ListKeeper(find_home(home, None), CLOCK)
    keeper.stop()
    keeper.round()
    lists = ask("trust", "list", "--json").json["lists"]
    assert [one["name"] for one in lists] == ["eu", "eu/VN", "eu/LA"]
    assert [one["trusted"] for one in lists] == [True, False, False]


def test_a_home_without_lists_says_so(antin, tmp_path):
    keeper = ListKeeper(find_home(tmp_path, None), CLOCK)
    keeper.start()
    keeper.stop()
    assert not (tmp_path / "lists").exists(), "without lists nothing runs"
    ran = antin("--home", tmp_path, "trust", "list")
    assert (ran.status, "[[verify.list]]" in ran.out) == (0, True)
    assert antin("--home", tmp_path, "trust", "list", "--json").json == {
        "schema": "antin.trust.list/1",
        "lists": [],
    }


def test_an_outdated_list_says_until_when_it_counted(ask):
    ask("trust", "refresh")
    late = FixedClock(LATER + 2 * YEAR)
    (one,) = ask("trust", "list", "--json", clock=late).json["lists"]
    assert one["error"]["code"] == "verify.list_expired"
    assert (
        "2026"
        in ask(
            "trust",
            "list",
            clock=late,
        ).out
    )
    assert json.dumps(one)


def test_many_documents_are_judged_in_processes_by_the_same_lists(ask, tmp_path):
    folder = tmp_path / "incoming"
    folder.mkdir()
    for number in range(MANY):
        (folder / f"{number}.pdf").write_bytes(make_document("B-LTA"))
    ask("trust", "refresh")
    ran = ask("verify", folder, "--offline", "--json-lines", status=0)
    reports = [json.loads(line) for line in ran.out.splitlines()]
    assert len(reports) == MANY
    assert {one["indication"] for one in reports} == {"TOTAL-PASSED"}
    assert {
        service["territory"]
        for one in reports
        for service in one["signatures"][0]["path"][-1]["services"]
    } == {"VN"}


def test_a_list_that_ends_soon_is_told_of_before_it_does(ask, signed):
    ask("trust", "refresh", "--json")
    early = ask("trust", "list", "--json").json["lists"]
    assert [one["ends_soon"] for one in early] == [False, False, False]
    end = make_list().findtext(".//{*}NextUpdate/{*}dateTime")
    soon = FixedClock(datetime.fromisoformat(end) - timedelta(days=2))
    told = ask("trust", "list", "--json", clock=soon).json["lists"]
    assert [one["ends_soon"] for one in told] == [True, True, False]
    assert "ends soon" in ask("--lang", "en", "trust", "list", clock=soon).out
    assert "ends soon" not in ask("--lang", "en", "trust", "list").out
    judged = ask("verify", signed, "--offline", "--json", clock=soon, status=11)
    codes = [one["code"] for one in judged.json["findings"]]
    assert codes.count("trust.list_ends_soon") == 2


def test_the_doctor_looks_at_the_lists(ask, home):
    def doctor(**more):
        ran = ask("doctor", "--json", status=4, **more)  # for want of a register
        return next(one for one in ran.json["checks"] if one["check"] == "lists")

    assert doctor()["error"]["code"] == "verify.list_missing"
    ask("trust", "refresh", "--json")
    assert doctor()["error"]["code"] == "verify.list_missing"  # that of Laos
    with (home / "antin.toml").open("a", encoding="utf-8") as file:
        file.write('territories = ["VN"]\n')
    well = {"check": "lists", "ok": True, "seen": "eu, eu/VN", "error": None}
    assert doctor() == well
    end = make_list().findtext(".//{*}NextUpdate/{*}dateTime")
    soon = FixedClock(datetime.fromisoformat(end) - timedelta(days=2))
    assert doctor(clock=soon)["error"]["code"] == "cli.list_ends_soon"
