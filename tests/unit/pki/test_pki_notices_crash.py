"""A process that sends notices is killed, anywhere: nothing is lost, and doubles are known."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from pki_engines import Place
from pki_notices import NoticeOffice
from pki_world import make_world

from pki.records.notices import CLAIM, LONG_PAUSE, Channel, MessageState

COUNT, BATCH = 30, 4
PROGRAM = Path(__file__).with_name("pki_notice_crash.py")


def start(place: Place, folder: Path, moment: str, hangs_after: int) -> subprocess.Popen[bytes]:
    """Start a process that hangs when so many messages arrived; -1 never does."""
    return subprocess.Popen([sys.executable, PROGRAM, place.url, folder, moment, str(hangs_after)])


def kill_when_it_hangs(process: subprocess.Popen[bytes], mark: Path) -> None:
    while not mark.exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()
    mark.unlink()


def arrived(folder: Path) -> Counter[str]:
    return Counter(one.name.partition("-")[2] for one in folder.iterdir())


@pytest.mark.long
def test_killed_again_and_again(place: Place, tmp_path: Path):
    """Before anything arrived, within a batch, at its end."""
    office = NoticeOffice(make_world(tmp_path, place=place.url), channel=Channel.FILE)
    made = [office.issue(None) for _ in range(COUNT)]
    office.until(made[0], 20)
    moment, folder = office.now, tmp_path / "out"
    folder.mkdir()
    kills = (0, 1, 3, 4, 6)
    for hangs_after in kills:
        process = start(place, folder, moment.isoformat(), hangs_after)
        kill_when_it_hangs(process, tmp_path / "hangs")
        moment += CLAIM + timedelta(seconds=1)
    assert {one.state for one in office.messages()} > {MessageState.SENDING}
    moment += LONG_PAUSE  # of what was begun that often
    assert start(place, folder, moment.isoformat(), -1).wait() == 0
    found = arrived(folder)
    assert len(found) == COUNT, "none was lost"
    doubles = found.total() - COUNT
    assert 0 < doubles <= len(kills) * BATCH, "no more than a batch each time"
    assert {one.state for one in office.messages()} == {MessageState.SENT}
    office.world.register.close()
