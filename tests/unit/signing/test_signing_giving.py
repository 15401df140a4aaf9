"""Documents are given out in groups: each stands or falls alone, and the journal comes first."""

from __future__ import annotations

import os
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from unit.signing.signing_world import World, make_pdf

from pki import atomic
from pki.errors.files import DiskFullError, OutputExistsError, OutputUnwritableError
from signing.batch import giving as giving_module
from signing.batch import made as made_module
from signing.batch.giving import AHEAD, GROUP, Giving, sign_each
from signing.batch.journal import NAME, open_journal
from signing.batch.leftovers import STALE, take_away
from signing.batch.made import (
    Leaving,
    MadeDocument,
    give_out_all,
    left_beside,
    make_beside,
    make_document,
)
from signing.batch.makers import Attempt, Here
from signing.display.profile import load_display
from signing.errors.batch import JournalUnwritableError
from signing.files import Existing
from signing.later import Later
from signing.options import Level, SigningOptions
from signing.queue import Queue
from signing.sign import Signatory

REFUSE = Existing.REFUSE


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("in") / "in.pdf"
    path.write_bytes(make_pdf())
    return path


@pytest.fixture(scope="module")
def signatory() -> Signatory:
    world = World()
    options = SigningOptions(display=load_display("none"), timestamp_later=True)
    return Signatory(world.signer(), options, world.services())


@pytest.fixture(scope="module")
def made(source: Path, signatory: Signatory) -> MadeDocument:
    target = source.with_name("made.pdf")
    return make_document(source, target, signatory, later=None, existing=REFUSE)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def group_of(made: MadeDocument, out: Path, number: int = 3) -> list[Leaving]:
    return [Leaving(made, out / f"{each}.pdf") for each in range(number)]


def give(group: list[Leaving], out: Path, later: Later | None = None) -> None:
    with open_journal(out) as journal:
        give_out_all(group, existing=REFUSE, journal=journal, later=later)


def known(out: Path) -> dict[str, bool]:
    """Return what the journal says was signed, and whether it was given out."""
    with open_journal(out) as journal:
        return {name: entry.given_out for name, entry in journal.entries.items()}


def documents(out: Path) -> set[str]:
    return {path.name for path in out.iterdir()} - {NAME, ".antin-sign.lock"}


def test_a_group_waits_for_the_disk_once_a_document_and_twice_in_all(made, out, monkeypatch):
    (out / "first").mkdir()
    give(group_of(made, out, 1), out)
    synced = []
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda number: synced.append(fsync(number)))
    with open_journal(out) as journal:
        group = [Leaving(made, out / f"more-{each}.pdf") for each in range(4)]
        give_out_all(group, existing=REFUSE, journal=journal, later=None)
        assert len(synced) == 4 + 2
    assert [each.error for each in group] == [None] * 4
    assert all(each.target.read_bytes() == made.data for each in group)
    assert known(out) == dict.fromkeys(("0.pdf", *(f"more-{each}.pdf" for each in range(4))), True)


def test_no_name_is_taken_before_the_journal_knows_of_it(made, out, monkeypatch):
    named = []

    def name_now(part: Path, target: Path, *, overwrite: bool) -> None:
        text = (out / NAME).read_text("ascii")
        assert all(f'"output":"{each}.pdf"' in text for each in range(3))
        assert '"state":"given-out"' not in text
        assert part.read_bytes() == made.data
        named.append(target.name)
        atomic.name_now(part, target, overwrite=overwrite)

    monkeypatch.setattr(made_module, "name_now", name_now)
    give(group_of(made, out), out)
    assert named == ["0.pdf", "1.pdf", "2.pdf"]


def test_what_came_to_be_meanwhile_keeps_no_other(made, out):
    (out / "1.pdf").write_bytes(b"another")
    group = group_of(made, out)
    give(group, out)
    assert [type(each.error) for each in group] == [type(None), OutputExistsError, type(None)]
    assert documents(out) == {"0.pdf", "1.pdf", "2.pdf"}
    assert (out / "1.pdf").read_bytes() == b"another"
    assert known(out) == {"0.pdf": True, "1.pdf": False, "2.pdf": True}


def test_what_has_no_room_keeps_no_other_and_is_not_in_the_journal(made, out, monkeypatch):
    def full(target: Path, part: Path):
        if target.name == "1.pdf":
            raise DiskFullError(path=target)
        return atomic.waiting_beside(target, part)

    monkeypatch.setattr(made_module, "waiting_beside", full)
    group = group_of(made, out)
    give(group, out)
    assert [type(each.error) for each in group] == [type(None), DiskFullError, type(None)]
    assert known(out) == {"0.pdf": True, "2.pdf": True}
    assert documents(out) == {"0.pdf", "2.pdf"}


def test_where_the_journal_cannot_be_written_nothing_of_a_group_is_left(made, out):
    group = group_of(made, out)
    with open_journal(out) as journal:
        (out / NAME).mkdir()
        give_out_all(group, existing=REFUSE, journal=journal, later=None)
    assert {type(each.error) for each in group} == {JournalUnwritableError}
    assert documents(out) == set()


@pytest.mark.parametrize("fails", [True, False])
def test_names_that_may_not_be_on_the_disk_are_told_of_each(
    source, signatory, out, fails, monkeypatch
):
    """Nothing is queued for them then; the journal does not say that they were given out."""
    later = Later(Queue(out / "queue"), Level.B_T, try_first=False)
    group = [
        Leaving(make_document(source, target, signatory, later=later, existing=REFUSE), target)
        for target in (out / "0.pdf", out / "1.pdf")
    ]

    def lost(target: Path) -> None:
        raise OutputUnwritableError(path=target, reason="lost")

    if fails:
        monkeypatch.setattr(made_module, "keep_names", lost)
    give(group, out, later)
    assert [each.error is None for each in group] == [not fails] * 2
    assert len(later.queue.ids()) == (0 if fails else 2)
    assert set(known(out).values()) == {not fails}


def test_what_waits_on_the_disk_is_not_written_again(made, source, signatory, out):
    beside = make_beside(source, out / "0.pdf", signatory, later=None, existing=REFUSE)
    assert (beside.data, beside.part.parent) == (b"", out)
    assert left_beside(beside, out / "0.pdf", noted=True) is beside
    group = [Leaving(beside, out / "0.pdf"), Leaving(made, out / "1.pdf")]
    give(group, out)
    assert documents(out) == {"0.pdf", "1.pdf"}
    assert len((out / "0.pdf").read_bytes()) == beside.size


# While the next ones are signed


def pairs_of(out: Path, number: int) -> tuple[tuple[Path, Path], ...]:
    return tuple((Path(f"{each}.pdf"), out / f"{each}.pdf") for each in range(number))


def test_many_are_given_out_in_order_and_several_together(made, out, monkeypatch):
    sizes = []
    usual = giving_module.give_out_all

    def counted(group: list[Leaving], **how: object) -> None:
        sizes.append(len(group))
        usual(group, **how)

    monkeypatch.setattr(giving_module, "give_out_all", counted)
    pairs = pairs_of(out, 3 * AHEAD)
    with open_journal(out) as journal, closing(Giving(existing=REFUSE, journal=journal)) as giving:
        given = list(sign_each(pairs, Here(lambda *_: made), giving))
    assert [attempt.target for attempt, _ in given] == [target for _, target in pairs]
    assert {error for _, error in given} == {None}
    assert 1 < max(sizes) <= GROUP
    assert sum(sizes) == len(pairs)


def test_of_what_is_large_few_wait_in_memory(made, out, monkeypatch):
    monkeypatch.setattr(giving_module, "AHEAD_BYTES", len(made.data))
    with closing(Giving(existing=REFUSE)) as giving:
        for document, target in pairs_of(out, 4):
            tuple(giving.put(Attempt(document, target, made)))
            assert len(giving._waiting) <= 1
        assert all(error is None for _, error in giving.rest())
    assert len(documents(out)) == 4


def test_two_of_one_name_are_not_in_one_group(made, out):
    pairs = ((Path("a.pdf"), out / "0.pdf"), (Path("b.pdf"), out / "0.pdf"))
    with open_journal(out) as journal, closing(Giving(existing=REFUSE, journal=journal)) as giving:
        given = list(sign_each(pairs, Here(lambda *_: made), giving))
    assert [type(error) for _, error in given] == [type(None), OutputExistsError]
    assert documents(out) == {"0.pdf"}


def test_a_fault_of_ours_is_raised_where_it_is_waited_for(made, out, monkeypatch):
    def faulty(*_: object, **__: object) -> None:
        raise RuntimeError("ours")

    monkeypatch.setattr(giving_module, "give_out_all", faulty)
    with closing(Giving(existing=REFUSE)) as giving, pytest.raises(RuntimeError, match="ours"):
        list(sign_each(pairs_of(out, 2), Here(lambda *_: made), giving))


def test_where_nothing_was_made_nothing_is_waited_for():
    with closing(Giving(existing=REFUSE)) as giving:
        assert list(giving.rest()) == []


@pytest.mark.parametrize("noted", [True, False])
def test_what_a_batch_left_is_taken_away_by_who_holds_the_journal(made, out, noted):
    """Whatever else waits for its name there may be somebody's who is still at it."""
    left = left_beside(made, out / "0.pdf", noted=noted).part
    assert left.parent == out
    now = datetime.fromtimestamp(left.stat().st_mtime, UTC)
    assert take_away(out, now) == noted
    assert left.exists() != noted
    assert take_away(out, now + 2 * STALE) == (not noted)
    assert documents(out) == set()
