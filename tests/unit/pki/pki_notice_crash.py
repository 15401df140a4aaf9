"""Sends notices into a folder, slowly, until it is killed: a process of its own."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import cast

from pki.clock import FixedClock
from pki.notices.dispatch import SENT, Delivery, Dispatcher
from pki.notices.gather import Gatherer
from pki.notices.mail import Mail
from pki.notices.rules import Rules
from pki.notices.world import World
from pki.records.notices import Channel, OutboxRegister
from pki.register.sql import open_register
from pki.requests.deadlines import load_calendar


class Slow:
    """Writes each message as a file of a new name: what arrived twice is seen twice."""

    batch = 4
    needs_address = False

    def __init__(self, folder: Path, seconds: float) -> None:
        self.folder, self.seconds = folder, seconds

    def open(self) -> None:
        pass

    def carry(self, mails: Sequence[Mail]) -> Iterator[Delivery]:
        for mail in mails:
            (self.folder / f"{time.monotonic_ns()}-{mail.id}.eml").write_bytes(mail.octets)
            time.sleep(self.seconds)
            yield SENT


def main(place: str, folder: str, moment: str, seconds: str) -> None:
    clock = FixedClock(datetime.fromisoformat(moment))
    register = open_register(place)
    world = World(
        cast("OutboxRegister", register), register, register, register.cases,
        load_calendar(), Rules(fallback="a@b.vn"), clock.now(),
    )  # fmt: skip
    Gatherer(world, Channel.FILE, "account:x").gather()
    slow = Slow(Path(folder), float(seconds))
    Dispatcher(world, Channel.FILE, slow, clock, "account:x").dispatch()
    register.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
