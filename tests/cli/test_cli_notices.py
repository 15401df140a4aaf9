"""`antin notice` and the part of `antin upkeep` that sends notices."""

from __future__ import annotations

import json
import shutil
import threading
from datetime import datetime, timedelta
from email import message_from_bytes
from email.policy import default

import pytest
from cli_mail_servers import PASSWORD, USER, Certified, free_port, mail_server
from cli_runs import serving
from filelock import FileLock

from cli.homes import home as homes
from cli.homes.office import open_office
from cli.notices import sending
from cli.session import Session
from cli.upkeep.noticing import Noticing, NoticingThread
from pki.clock import FixedClock, SystemClock
from pki.records.notices import Channel
from pki.words import Language

PLAIN = 'tls = "none"\nper_minute = 100000\n'


@pytest.fixture
def office(antin, demo_home, official):
    return Office(antin, demo_home, official["serial"])


class Office:
    """A demonstration home, its one official on the people list, and a day close to an end."""

    def __init__(self, antin, home, serial):
        self.antin, self.home, self.serial = antin, home, serial
        self.clock = FixedClock(SystemClock().now())
        self("agency", "add", "X1", "--name", "UBND xã Mẫu", "--tier", "commune")
        self("person", "add", "NV-1", "--name", "Nguyễn Văn Mẫu", "--email", "mau@x.example.vn")
        self("cert", "assign", serial, "--person", "NV-1")

    def __call__(self, *words, status=0, language=Language.EN):
        ran = self.antin("--home", self.home, *words, clock=self.clock, language=language)
        assert ran.status == status, ran
        return ran

    def send(self, *words, status=0):
        return self("notice", "send", *words, "--json", status=status).json

    def configure(self, *lines, server=""):
        path = self.home / "antin.toml"
        text = path.read_text("utf-8").partition("[notices]")[0]
        own = "\n".join(("[notices]", 'sender = "antin@tinh.example.vn"', *lines, server))
        path.write_text(f"{text}{own}\n", "utf-8")

    def by_mail(self, port, *lines, more=PLAIN):
        server = f'[notices.smtp]\nhost = "127.0.0.1"\nport = {port}\n{more}'
        self.configure('to = ["smtp"]', *lines, server=server)

    def close_to_the_end(self, days=20):
        found = self("cert", "show", self.serial, "--json").json
        end = datetime.fromisoformat(found["not_after"])
        self.clock.advance(end - timedelta(days=days) - self.clock.now())
        self("audit", "confirm-clock", "--yes")


def test_a_notice_goes_by_mail_once(office, tmp_path, monkeypatch):
    monkeypatch.setenv("MAIL", PASSWORD)
    certified = Certified(tmp_path / "tls")
    more = f'user = "{USER}"\nsecret = "env:MAIL"\ntrust = "{certified.root}"\n'
    with mail_server(certified) as server:
        office.by_mail(server.port, more=more)
        office.close_to_the_end()
        looked = office.send("--dry-run")
        assert looked["channels"][0]["queued"] == {"expiring": 1}
        assert [one["recipient"] for one in looked["messages"]] == ["person:NV-1"]
        (told,) = office.send()["channels"]
        assert (told["states"], told["waiting"], told["error"]) == ({"sent": 1}, 0, None)
        assert office.send()["channels"][0]["states"] == {}
        office.clock.advance(timedelta(days=14))
        said = office("notice", "send")
        assert "smtp: notices queued: 1, in messages: 1" in said.err
        assert "sent: 1" in said.err
    taken = server.received
    assert taken.recipients == ["mau@x.example.vn"] * 2
    assert taken.users == [USER.encode()] * 2
    assert all(taken.secure)
    read = message_from_bytes(taken.mails[0], policy=default)
    assert "Việc cần làm" in read.get_content()
    listed = office("notice", "list", "--json").json["messages"]
    assert [one["notices"][0]["number"] for one in listed] == [7, 30]
    assert office("audit", "verify").status == 0
    everything = (office.home / "register.sqlite").read_bytes()
    assert PASSWORD.encode() not in everything
    for language, word in {
        Language.EN: "ends within 7 days",
        Language.VI: "trong vòng 7 ngày",
    }.items():
        assert word in office("notice", "list", "--limit", "1", language=language).out


def test_notices_stand_in_a_backup_and_are_not_sent_again_from_it(office, tmp_path):
    office.configure('form = "both"', 'fallback = "chung@example.vn"')
    office.close_to_the_end()
    assert office.send("--to", "file")["channels"][0]["states"] == {"sent": 2}
    key, file, other = (tmp_path / name for name in ("key", "backup", "restored"))
    public = office("backup", "key", "-o", key, "--json").json["public_key"]
    office("backup", "create", file, "--recipient", public)
    office("backup", "verify", file, "--identity", key)
    sent = office("notice", "list", "--json").json
    shutil.move(office.home, tmp_path / "lost")
    office.home = other
    since = ("--nothing-published-since", "root", "--nothing-published-since", "issuing")
    office("backup", "restore", file, "--identity", key, "--yes", *since)
    assert office("notice", "list", "--json").json == sent
    assert {one["digest"] for one in sent["messages"]} == {True, False}
    assert office.send("--to", "file")["channels"][0]["queued"] == {}


def test_a_server_that_is_away_is_status_4_and_nothing_is_lost(office, monkeypatch):
    monkeypatch.setattr("cli.notices.smtp.PAUSES", ())
    office.by_mail(free_port())
    office.close_to_the_end()
    told = office.send(status=4)["channels"][0]
    assert told["error"]["code"] == "pki.mail_server"
    assert (told["waiting"], told["states"]) == (1, {})
    said = office("notice", "send", status=4)
    assert "[pki.mail_server]" in said.err
    assert "waiting: 1" in said.err
    with mail_server(None, login=False) as server:
        office.by_mail(server.port)
        assert office.send()["channels"][0]["states"] == {"sent": 1}


def test_a_refused_recipient_is_told(office):
    with mail_server(None, login=False) as server:
        server.received.refuse = lambda _: "550 5.1.1 mau@x.example.vn unknown"
        office.by_mail(server.port)
        office.close_to_the_end()
        said = office("notice", "send")
    assert "not reached: person:NV-1 (550 5.1.1)" in said.err
    assert "mau@x" not in said.err
    (listed,) = office("notice", "list", "--state", "refused", "--json").json["messages"]
    assert listed["reason"] == "550 5.1.1"
    assert "550 5.1.1" in office("notice", "list", "--to", "smtp").out
    assert office("notice", "list", "--recipient", "person:NV-2").out == "nothing\n"


@pytest.mark.parametrize("form", ["eml", "jsonl"])
def test_notices_into_a_folder(office, form):
    office.configure(f'format = "{form}"', 'to = ["file"]', 'folder = "out/notices"')
    office.close_to_the_end()
    assert office.send()["channels"][0]["states"] == {"sent": 1}
    (file,) = (office.home / "out" / "notices").iterdir()
    assert file.suffix == f".{form}"
    if form == "jsonl":
        told = json.loads(file.read_text("utf-8"))
        assert told["to"] == "mau@x.example.vn"
    else:
        told = message_from_bytes(file.read_bytes(), policy=default)
        assert told["To"].addresses[0].addr_spec == "mau@x.example.vn"


def test_a_folder_that_cannot_be_written(office):
    (office.home / "taken").write_text("", "utf-8")
    office.configure('folder = "taken"')
    office.close_to_the_end()
    told = office.send("--to", "file", status=3)["channels"][0]
    assert told["error"]["code"] == "pki.output_exists"


def test_notices_to_stdout(office):
    office.close_to_the_end()
    dry = office("notice", "send", "--to", "stdout", "--dry-run")
    assert "ends within 30 days" in dry.out
    assert "Nothing was done" in dry.err
    shown = office("notice", "send", "--to", "stdout").out
    assert shown.startswith("To: mau@x.example.vn\nSubject: Chứng thư số của")
    assert "Message-ID: <" in shown
    office.clock.advance(timedelta(days=14))
    told = office.send("--to", "stdout", "--to", "file", "--to", "stdout")
    assert [one["channel"] for one in told["channels"]] == ["stdout", "file"]
    assert len(told["messages"]) == 1
    assert told["messages"][0]["to"] == "mau@x.example.vn"


def test_a_long_preview_is_cut(office, monkeypatch):
    monkeypatch.setattr("cli.notices.shown._LINES", 0)
    office.close_to_the_end()
    said = office("notice", "send", "--to", "stdout", "--dry-run")
    assert (said.out, "and 1 more" in said.err) == ("", True)


def test_what_is_not_configured_is_said(office):
    assert office("notice", "send", status=3).code == "pki.notices_no_channel"
    assert office("notice", "send", "--to", "smtp", status=3).code == "pki.notices_no_server"


def test_two_do_not_send_at_once(office):
    with FileLock(office.home / "notices.lock"):
        assert office("notice", "send", "--to", "stdout", status=4).code == "pki.notices_busy"
        office.configure('to = ["file"]')
        (task,) = office("upkeep", "--yes", "--json").json["tasks"]
        assert task["state"] == "later"


def test_a_clock_that_was_set_back_sends_nothing(office):
    office.clock.advance(-timedelta(days=900))
    told = office.send("--to", "stdout", status=3)
    assert told["channels"][0]["error"]["code"] == "pki.clock_before_record"


def test_upkeep_sends_what_is_configured(office, monkeypatch):
    monkeypatch.setattr("cli.notices.smtp.PAUSES", ())
    office.configure('to = ["file"]')
    assert office("upkeep", "--yes", "--json").json["tasks"] == []
    office("cert", "hold", office.serial, "--yes")
    (task,) = office("upkeep", "--json").json["tasks"]
    assert (task["task"], task["name"], task["state"]) == ("notice", "file", "due")
    assert "notices by file" in office("upkeep").out
    (task,) = office("upkeep", "--yes", "--json").json["tasks"]
    assert task["state"] == "done"
    assert len(list((office.home / "notices").iterdir())) == 1
    office("cert", "release", office.serial, "--yes")
    office.by_mail(free_port())
    assert office("upkeep", "--json").json["tasks"] == []
    office("cert", "hold", office.serial, "--yes")
    office("upkeep", "--yes", "--json", status=0)
    office("cert", "release", office.serial, "--yes")
    (task,) = office("upkeep", "--yes", "--json", status=3).json["tasks"]
    assert (task["state"], task["error"]["code"]) == ("failed", "pki.mail_server")


def noticing_of(office):
    session = Session(Language.EN, home=office.home, clock=office.clock)
    return open_office(session)


def test_beside_serving_each_trouble_is_told_once(office, monkeypatch):
    monkeypatch.setattr("cli.notices.smtp.PAUSES", ())
    office.by_mail(free_port(), "every_seconds = 1")
    office.close_to_the_end()
    told = []
    with noticing_of(office) as opened:
        thread = NoticingThread(Noticing(opened), tell=told.append)
        thread.round()
        thread.round()
        assert [one.what for one in told] == ["smtp"]
        thread.start()
        thread.stop()
    assert opened.home.settings.notices.every_seconds == 1


def test_serving_starts_nothing_where_nothing_is_configured(office):
    before = threading.active_count()
    with noticing_of(office) as opened:
        thread = NoticingThread(Noticing(opened), tell=print)
        thread.start()
        assert threading.active_count() == before
        thread.stop()


def test_a_service_sends_notices(office):
    office.configure('to = ["file"]')
    office.clock = FixedClock(SystemClock().now())
    office.send("--to", "file")
    office("cert", "hold", office.serial, "--yes")
    with serving(office.home):
        folder, waited = office.home / "notices", threading.Event()
        for _ in range(1200):
            if folder.exists() and any(folder.glob("*.eml")):
                break
            waited.wait(0.05)
    (file,) = folder.glob("*.eml")
    assert "tạm dừng" in message_from_bytes(file.read_bytes(), policy=default)["Subject"]


def test_a_channel_that_lost_its_server_meanwhile(office):
    with noticing_of(office) as opened:
        run = sending.send(opened, Channel.SMTP, sending.Watching())
        assert run.error is not None
        assert run.error.code == "pki.notices_no_server"
    assert homes.LOCK_WAIT_SECONDS > 0
