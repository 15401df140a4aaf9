"""Signed now and raised later: nothing lost, nothing raised twice, an alarm in time."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from unit.signing.signing_world import DAY, NOW, TSA_URL, World, make_pdf

from pki.errors.fetching import FetchFailedError
from pki.errors.files import DiskFullError, OutputExistsError
from signing import replacing as replacing_module
from signing.batch import made as made_module
from signing.batch.made import MadeDocument, sign_file
from signing.display.profile import load_display
from signing.errors.queue import QueueBusyError, QueueEntryUnreadableError, QueueUnwritableError
from signing.failover import TimestampService, TimestampServices
from signing.files import Existing
from signing.later import Later, work_on
from signing.options import Level, SigningOptions
from signing.queue import Entry, Queue
from signing.services import SigningServices
from signing.sign import Signatory, SignedDocument
from signing.waiting import queue_alarms
from verify.document import verify_document

OPTIONS = SigningOptions(display=load_display("none"), timestamp_later=True)
HOUR = dt.timedelta(hours=1)
MINUTE = dt.timedelta(minutes=1)


class Desk:
    """An office whose documents go out at once."""

    def __init__(self, folder: Path, world: World | None = None) -> None:
        self.world = world or World()
        self.folder = folder
        self.queue = Queue(folder / "queue")
        self.source = folder / "in.pdf"
        self.source.write_bytes(make_pdf())

    @property
    def services(self) -> SigningServices:
        only = TimestampService(TSA_URL, tries=1)
        timestamps = TimestampServices((only,), pause=lambda _: None)
        return replace(self.world.services(), timestamps=timestamps, pause=lambda _: None)

    def sign(self, name: str = "out.pdf", **wishes: object) -> MadeDocument:
        given = {"level": Level.B_LTA, "try_first": False} | wishes
        existing = given.pop("existing", Existing.REFUSE)
        return sign_file(
            self.source,
            self.folder / name,
            self.signatory(),
            later=Later(self.queue, **given),
            existing=existing,
        )

    def signatory(self) -> Signatory:
        return Signatory(self.world.signer(), OPTIONS, self.services)

    def work(self) -> list[tuple[str, str | None]]:
        return [
            (each.state, each.error.code if each.error else each.level)
            for each in work_on(self.queue, self.services)
        ]

    def level(self, name: str = "out.pdf") -> str | None:
        report = verify_document(
            (self.folder / name).read_bytes(),
            policy=self.world.policy,
            trust=self.world.trust,
            at=self.world.clock.now(),
        )
        return report.signatures[0].level

    def alarms(self) -> list[tuple[str, str]]:
        now = self.world.clock.now()
        return [(each.severity.value, each.code) for each in queue_alarms(self.queue, now)]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


# The way of a document


def test_it_goes_out_at_once_and_is_raised_later(desk):
    desk.world.broken.add("tsa")
    given = desk.sign()
    assert given.level == "B-B"
    assert (desk.folder / "out.pdf").read_bytes() == given.data
    assert [each.id for each in desk.queue.entries()] == [given.waiting.id]
    desk.world.broken.clear()
    assert desk.work() == [("done", "B-LTA")]
    assert desk.level() == "B-LTA"
    assert desk.queue.ids() == ()
    assert desk.work() == []


@pytest.mark.parametrize("level", [Level.B_T, Level.B_LT, Level.B_LTA])
def test_to_each_level_inside_the_room_that_was_left(desk, level):
    desk.sign(level=level)
    size = (desk.folder / "out.pdf").stat().st_size
    assert desk.work() == [("done", level.value)]
    data = (desk.folder / "out.pdf").read_bytes()
    assert data.count(b"/ETSI.RFC3161") == (level is Level.B_LTA)
    assert len(data) == size or level is not Level.B_T


def test_where_the_services_answer_nothing_waits(desk):
    given = desk.sign(try_first=True)
    assert (given.level, given.waiting) == ("B-LTA", None)
    assert desk.level() == "B-LTA"
    assert desk.queue.ids() == ()


@pytest.mark.parametrize("broken", ["tsa", "ocsp crl"])
def test_where_they_do_not_it_goes_out_and_waits(desk, broken):
    class Failing(Signatory):
        def sign(self, *args: object, **more: object) -> SignedDocument:
            done = super().sign(*args, **more)
            desk.world.broken.update(broken.split())
            return done

    given = sign_file(
        desk.source,
        desk.folder / "out.pdf",
        Failing(desk.world.signer(), OPTIONS, desk.services),
        later=Later(desk.queue, Level.B_LTA, try_first=True),
    )
    assert given.waiting is not None
    assert given.level == "B-B"
    assert desk.world.key_openings == 1, "the key signs once, whatever the services do"
    desk.world.broken.clear()
    assert desk.work() == [("done", "B-LTA")]


def test_what_the_named_service_is_is_remembered(desk):
    desk.sign(tsa_url=TSA_URL)
    (entry,) = desk.queue.entries()
    assert entry.tsa_url == TSA_URL
    without = replace(desk.services, timestamps=None)
    assert [each.state for each in work_on(desk.queue, without)] == ["done"]


def test_the_same_place_is_entered_once(desk):
    desk.sign()
    desk.sign(existing=Existing.OVERWRITE)
    assert len(desk.queue.ids()) == 1
    assert desk.work() == [("done", "B-LTA")]


def test_a_second_signature_meanwhile_is_raised_with_the_first(desk):
    desk.sign()
    path = desk.folder / "out.pdf"
    done = desk.signatory().sign(path.read_bytes())
    path.write_bytes(done.data)
    assert desk.work() == [("done", "B-LTA")]


# What goes wrong


def test_a_service_that_is_down_is_asked_later_and_later(desk):
    desk.world.broken.add("tsa")
    desk.sign()
    pauses = []
    for _ in range(9):
        assert desk.work() == [("later", "signing.tsa_unavailable")]
        (entry,) = desk.queue.entries()
        pauses.append((entry.next_at - desk.world.clock.now()) // MINUTE)
        assert desk.work() == [("waiting", None)]
        desk.world.clock.advance(entry.next_at - desk.world.clock.now())
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    desk.world.broken.clear()
    assert desk.work() == [("done", "B-LTA")]


@pytest.mark.parametrize("room", [True, False], ids=["inside", "over the document"])
def test_what_waits_for_the_next_list_is_time_stamped_once_and_at_once(desk, room, monkeypatch):
    """An authority without OCSP, whose list of this hour proves nothing about this minute."""
    if not room:
        monkeypatch.setattr(f"{__name__}.OPTIONS", replace(OPTIONS, timestamp_later=False))
    world = desk.world
    full = world.full_crl

    def hourly(name: str):
        now = world.clock.now()
        issued = NOW - HOUR + (now - NOW) // HOUR * HOUR
        if name == "root":
            return full(name)
        return SimpleNamespace(der=world.build_crl(world.ca, issued))

    monkeypatch.setattr(world, "full_crl", hourly)
    world.broken.add("ocsp")
    world.clock.advance(MINUTE)
    desk.sign()
    assert desk.work() == [("later", "signing.evidence_unavailable")]
    stamps = world.asked.count("tsa")
    path = desk.folder / "out.pdf"
    assert path.read_bytes().count(b"/ETSI.RFC3161") == (not room)
    (entry,) = desk.queue.entries()
    assert (len(entry.known), entry.status_until) == (2, None)
    for _ in range(3):
        world.clock.advance(10 * MINUTE)
        assert desk.work() == [("later", "signing.evidence_unavailable")]
    assert world.asked.count("tsa") == stamps, "it has its time-stamp"
    world.clock.advance(2 * HOUR)
    assert desk.work() == [("done", "B-LTA")]
    assert world.asked.count("tsa") == stamps + 1, "the archive time-stamp"


def test_where_no_time_stamp_is_to_be_had_either_the_first_reason_is_told(desk):
    desk.sign()
    desk.world.broken.update({"ocsp", "crl"})
    only = desk.world.change_answer
    answers = iter([only])

    def once(answer: bytes) -> bytes:
        try:
            return next(answers)(answer)
        except StopIteration:
            raise FetchFailedError(url=TSA_URL, reason="gone") from None

    desk.world.change_answer = once
    assert desk.work() == [("later", "signing.evidence_unavailable")]
    (entry,) = desk.queue.entries()
    assert len(entry.known) == 1


def test_one_that_fails_stops_no_other(desk):
    desk.sign("a.pdf")
    desk.world.clock.advance(MINUTE)
    desk.sign("b.pdf")
    (desk.folder / "a.pdf").unlink()
    assert desk.work() == [("later", "signing.document_gone"), ("done", "B-LTA")]


def test_several_at_a_time_while_services_are_slow(desk):
    names = [f"{number}.pdf" for number in range(6)]
    for name in names:
        desk.sign(name, level=Level.B_T)
    together, most = [], []
    gate = threading.Barrier(3, timeout=10)

    def slow(answer: bytes) -> bytes:
        together.append(1)
        most.append(len(together))
        gate.wait()
        together.pop()
        return answer

    desk.world.change_answer = slow
    attempts = list(work_on(desk.queue, desk.services, workers=3))
    assert [each.state for each in attempts] == ["done"] * 6
    assert max(most) == 3
    assert desk.queue.ids() == ()


def test_a_document_that_comes_back_is_raised(desk):
    desk.sign()
    path = desk.folder / "out.pdf"
    path.rename(desk.folder / "away.pdf")
    assert desk.work() == [("later", "signing.document_gone")]
    (desk.folder / "away.pdf").rename(path)
    desk.world.clock.advance(HOUR)
    assert desk.work() == [("done", "B-LTA")]


def test_another_document_in_its_place_is_left_alone(desk):
    desk.sign()
    path = desk.folder / "out.pdf"
    path.write_bytes(make_pdf())
    assert desk.work() == [("refused", "signing.document_changed")]
    assert path.read_bytes() == make_pdf()
    desk.world.clock.advance(HOUR)
    assert desk.work() == [("waiting", None)], "what is refused is asked again the next day"


def test_what_is_signed_while_the_service_answers_is_not_undone(desk):
    desk.sign()
    path = desk.folder / "out.pdf"

    def sign_meanwhile(answer: bytes) -> bytes:
        path.write_bytes(path.read_bytes() + b"% more\n")
        return answer

    desk.world.change_answer = sign_meanwhile
    assert desk.work() == [("refused", "signing.document_changed")]
    assert path.read_bytes().endswith(b"% more\n")


def test_a_signer_revoked_while_it_waits_is_refused(desk):
    desk.sign()
    desk.world.clock.advance(HOUR)
    desk.world.revoke(desk.world.certificate)
    assert desk.work() == [("refused", "signing.not_provable")]
    assert desk.alarms()[0] == ("error", "signing.queue.refused")


def test_only_one_process_works_on_the_queue(desk):
    desk.sign()
    other = Queue(desk.folder / "queue")
    with other.locked(), pytest.raises(QueueBusyError):
        desk.work()
    assert desk.work() == [("done", "B-LTA")]


def test_a_queue_that_cannot_be_written_gives_nothing_out(desk):
    (desk.folder / "queue").write_bytes(b"a file")
    with pytest.raises(QueueUnwritableError):
        desk.sign()
    assert not (desk.folder / "out.pdf").exists()


def test_an_output_that_cannot_be_written_leaves_no_entry(desk, monkeypatch):
    def full(path: Path, _part: Path) -> None:
        raise DiskFullError(path=path)

    monkeypatch.setattr(made_module, "waiting_beside", full)
    with pytest.raises(DiskFullError):
        desk.sign()
    assert desk.queue.ids() == ()


def test_an_output_that_is_there_is_refused_before_anything(desk):
    (desk.folder / "out.pdf").write_bytes(b"there")
    with pytest.raises(OutputExistsError):
        desk.sign()
    assert desk.queue.ids() == ()
    assert desk.world.key_openings == 0


# kill -9


def killed(action, where: str, *, after: bool) -> None:
    """Do `action` in a process of its own that is killed before or after a function of ours."""
    child = os.fork()
    if child == 0:
        try:  # whatever happens, this process goes no further
            _die_at(where, after=after)
            action()
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "the point was never reached"
    assert os.WTERMSIG(status) == signal.SIGKILL


def _die_at(where: str, *, after: bool) -> None:
    module, _, name = where.rpartition(".")
    owner = {"replacing": replacing_module, "made": made_module, "Queue": Queue}[module]
    real = getattr(owner, name)

    def die(*args: object, **more: object) -> None:
        if after:
            real(*args, **more)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, die)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("point", ["Queue.add", "made.name_now"])
def test_killed_while_it_is_given_out(desk, point, after):
    killed(desk.sign, point, after=after)
    out = desk.folder / "out.pdf"
    given_out = (point, after) == ("made.name_now", True)
    assert out.exists() is given_out
    assert bool(desk.queue.ids()) is ((point, after) != ("Queue.add", False))
    if not given_out:
        desk.sign()  # nobody has it, so it is signed again
    assert desk.work() == [("done", "B-LTA")]
    assert (desk.level(), desk.queue.ids()) == ("B-LTA", ())


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("point", ["replacing.write_atomically", "Queue.remove"])
@pytest.mark.parametrize("room", [True, False], ids=["inside", "over the document"])
def test_killed_while_it_is_raised(desk, point, after, room, monkeypatch):
    if not room:
        monkeypatch.setattr(f"{__name__}.OPTIONS", replace(OPTIONS, timestamp_later=False))
    desk.sign()
    killed(desk.work, point, after=after)
    raised = (point, after) != ("replacing.write_atomically", False)
    assert (desk.level() == "B-LTA") is raised
    before = (desk.folder / "out.pdf").read_bytes()
    forgotten = (point, after) == ("Queue.remove", True)
    assert desk.work() == ([] if forgotten else [("done", "B-LTA")])
    assert desk.level() == "B-LTA"
    if raised:
        assert (desk.folder / "out.pdf").read_bytes() == before, "it is not raised twice"
    assert desk.queue.ids() == ()
    assert not list(desk.folder.glob(".*.part"))


# Entries


def entry_of(place: Path, **changed: object) -> Entry:
    given = Entry(place, "B-T", (("00" * 32, 1),), NOW, NOW + DAY)
    return replace(given, **changed)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"status_until": NOW, "tsa_url": TSA_URL, "level": "B-LTA"},
        {"attempts": 3, "next_at": NOW, "failure": "signing.tsa_rejected", "refused": True},
        {"path": Path("/tài liệu/công văn số 1.pdf")},
    ],
)
def test_what_is_entered_is_read_back(tmp_path, changed):
    queue, entry = Queue(tmp_path / "queue"), entry_of(tmp_path / "a.pdf", **changed)
    queue.add(entry)
    assert queue.find(entry.id) == entry
    assert tuple(queue.entries()) == (entry,)
    assert queue.remove(entry.id)
    assert not queue.remove(entry.id)
    assert queue.find(entry.id) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"no json",
        b"\xff",
        b"[" * 100_000,
    ],
)
def test_an_entry_that_cannot_be_read_is_told_of_and_stops_no_other(desk, content):
    desk.sign()
    (desk.queue.folder / "0000.json").write_bytes(content)
    with pytest.raises(QueueEntryUnreadableError):
        desk.queue.find("0000")
    assert ("error", "signing.queue.unreadable") in desk.alarms()
    assert desk.work() == [("done", "B-LTA")]


@pytest.mark.parametrize(
    "wrong",
    [
        {"level": "B-B"},
        {"added_at": "2026-01-01T00:00:00"},
        {"known": [["00", "x"]]},
        {"known": "x"},
        {"next_at": "soon"},
    ],
)
def test_an_entry_with_a_wrong_value(tmp_path, wrong):
    queue, entry = Queue(tmp_path), entry_of(tmp_path / "a.pdf")
    queue.add(entry)
    path = tmp_path / f"{entry.id}.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | wrong), "utf-8")
    with pytest.raises(QueueEntryUnreadableError):
        queue.find(entry.id)


def test_an_id_leads_nowhere_else(tmp_path):
    (tmp_path / "secret.json").write_text("{}", "utf-8")
    assert Queue(tmp_path / "queue").find("../secret") is None
    assert not Queue(tmp_path / "queue").remove("../secret")
    assert (tmp_path / "secret.json").exists()


# Alarms


def alarms_of(tmp_path: Path, at: dt.datetime, **changed: object) -> list[tuple[str, str]]:
    queue = Queue(tmp_path / "queue")
    queue.add(entry_of(tmp_path / "a.pdf", **{"not_after": NOW + 365 * DAY, **changed}))
    return [(each.severity.value, each.code) for each in queue_alarms(queue, at)]


@pytest.mark.parametrize(
    ("left", "severity"), [(31, None), (30, "warning"), (8, "warning"), (7, "error"), (-1, "error")]
)
def test_before_the_signers_certificate_ends(tmp_path, left, severity):
    found = alarms_of(tmp_path, NOW, not_after=NOW + left * DAY)
    assert found == ([(severity, "signing.queue.certificate_ends")] if severity else [])


def test_before_what_is_known_of_its_status_is_out_of_date(tmp_path):
    known = {"status_until": NOW + 4 * HOUR}
    assert alarms_of(tmp_path, NOW + HOUR, **known) == []
    assert alarms_of(tmp_path, NOW + 2 * HOUR, **known) == [
        ("warning", "signing.queue.status_ends")
    ]
    assert alarms_of(tmp_path, NOW + 4 * HOUR, **known) == [("error", "signing.queue.status_over")]


def test_of_what_waits_long_and_of_what_is_refused(tmp_path):
    assert alarms_of(tmp_path, NOW + DAY) == []
    assert alarms_of(tmp_path, NOW + DAY + MINUTE) == [("warning", "signing.queue.waits_long")]
    refused = {"refused": True, "failure": "signing.not_provable"}
    assert alarms_of(tmp_path, NOW, **refused) == [("error", "signing.queue.refused")]


def test_of_a_document_just_signed_nothing_is_said(desk):
    desk.sign()
    (entry,) = desk.queue.entries()
    assert entry.not_after == desk.world.certificate.not_valid_after_utc
    assert entry.status_until is None or entry.status_until > desk.world.clock.now()
    assert desk.alarms() == []


def test_work_on_a_queue_that_was_never_made(tmp_path):
    queue = Queue(tmp_path / "none")
    assert list(work_on(queue, World().services())) == []
    assert not (tmp_path / "none").exists()


def test_an_entry_taken_away_while_the_alarms_are_looked_for(tmp_path, monkeypatch):
    queue = Queue(tmp_path)
    monkeypatch.setattr(Queue, "ids", lambda _: ("gone",))
    assert list(queue_alarms(queue, NOW)) == []
