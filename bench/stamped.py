"""Many documents at B-T, with a time-stamp service on this machine, beside the same ones at B-B.

The floor is Antin's own B-B run. The service is Antin's, in a process of its own, one for each
contender; what it takes of the machine counts, as it does where it stands in the same office.
"""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial

from bench import sign
from bench.material import Material
from bench.rounds import Contender
from bench.sign_peers import PyHankoStamped, Sources, repeated
from bench.stamp_service import Service
from pki.clock import SystemClock
from signing.batch.begun import prepare_begin
from signing.batch.makers import Maker
from signing.batch.overlap import Overlapped
from signing.failover import TimestampService, TimestampServices
from signing.files import Existing
from signing.options import Level
from signing.sign import Signatory
from verify.fetcher import HTTPFetcher


class Antin(sign.Antin):
    """As at B-B, but that each signature gets a time-stamp, which is checked in full."""

    def __init__(self, material: Material, sources: Sources) -> None:
        super().__init__(material, sources)
        self._service = Service(material)
        self._options = replace(self._options, level=Level.B_T)
        clock = SystemClock()
        self._services = replace(
            self._services,
            fetcher=HTTPFetcher(("127.0.0.1",), clock),
            timestamps=TimestampServices((TimestampService(self._service.url),), pause=time.sleep),
        )

    def maker(self, signatory: Signatory) -> Maker:
        how = {"signatory": signatory, "later": None, "existing": Existing.REFUSE}
        return Overlapped(partial(prepare_begin, **how))

    def check(self) -> None:
        super().check()
        stamped = [
            b"\x06\x0b*\x86H\x86\xf7\r\x01\t\x10\x02\x0e".hex().encode()
            in each.read_bytes().lower()
            for each in self.folder.glob("*.pdf")
        ]
        assert all(stamped)

    def close(self) -> None:
        self._service.close()


def contenders(wanted: int) -> tuple[Contender, ...]:
    """Return Antin at B-T, the same at B-B as the floor, and the peer at B-T."""
    documents = partial(repeated, wanted=wanted)
    tasks = {"Antin": Antin, "floor": sign.Antin, "pyHanko": PyHankoStamped}
    return tuple(Contender(name, partial(task, sources=documents)) for name, task in tasks.items())
