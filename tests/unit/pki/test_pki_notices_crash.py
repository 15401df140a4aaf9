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

from pki.records.notices import CLAIM, Channel, MessageState

COUNT, BATCH = 30, 4
PROGRAM = Path(__file__).with_name("pki_notice_crash.py")


def start(place: Place, folder: Path, moment: str, seconds: float) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, PROGRAM, place.url, folder, moment, str(seconds)])


def arrived(folder: Path) -> Counter[str]:
    return Counter(one.name.partition("-")[2] for one in folder.iterdir())


@pytest.mark.long
def test_killed_again_and_again(place: Place, tmp_path: Path):
    office = NoticeOffice(make_world(tmp_path, place=place.url), channel=Channel.FILE)
    made = [office.issue(None) for _ in range(COUNT)]
    office.until(made[0], 20)
    moment, folder = office.now, tmp_path / "out"
    folder.mkdir()
    kills = 0
    for wanted in (0, 1, 5, 11, 12, 23):
        process = start(place, folder, moment.isoformat(), 0.02)
        until = time.monotonic() + 30
        while process.poll() is None and time.monotonic() < until:
            if arrived(folder).total() >= wanted and (wanted or folder.exists()):
                process.kill()
                kills += 1
                break
            time.sleep(0.005)
        process.wait()
        moment += CLAIM + timedelta(seconds=1)
    assert kills >= 4
    assert start(place, folder, moment.isoformat(), 0).wait() == 0
    found = arrived(folder)
    assert len(found) == COUNT, "none was lost"
    assert found.total() - COUNT <= kills * BATCH, "no more than a batch each time"
    assert {one.state for one in office.messages()} == {MessageState.SENT}
    office.world.register.close()
