"""Sends notices into a folder and hangs in the middle, to be killed: a process of its own."""

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


class Hanging:
    """Writes each message as a file of a new name, and hangs when so many were written."""

    batch = 4
    needs_address = False

    def __init__(self, folder: Path, hangs_after: int) -> None:
        self.folder, self.left = folder, hangs_after

    def open(self) -> None:
        pass

    def carry(self, mails: Sequence[Mail]) -> Iterator[Delivery]:
        for mail in mails:
            if self.left == 0:
                self.hang()
            (self.folder / f"{time.monotonic_ns()}-{mail.id}.eml").write_bytes(mail.octets)
            self.left -= 1
            if self.left == 0:  # it arrived, and nobody will record it
                self.hang()
            yield SENT

    def hang(self) -> None:
        (self.folder.parent / "hangs").touch()
        time.sleep(600)


def main(place: str, folder: str, moment: str, hangs_after: str) -> None:
    clock = FixedClock(datetime.fromisoformat(moment))
    register = open_register(place)
    world = World(
        cast("OutboxRegister", register), register, register, register.cases,
        load_calendar(), Rules(fallback="a@b.vn"), clock.now(),
    )  # fmt: skip
    Gatherer(world, Channel.FILE, "account:x").gather()
    carrier = Hanging(Path(folder), int(hangs_after))
    Dispatcher(world, Channel.FILE, carrier, clock, "account:x").dispatch()
    register.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
