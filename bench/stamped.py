"""Many documents at B-T, with a time-stamp service on this machine, beside the same ones at B-B.

The floor is Antin's own B-B run. The service is Antin's, in a process of its own, one for each
contender; what it takes of the machine counts, as it does where it stands in the same office.
"""

from __future__ import annotations

import ipaddress
import multiprocessing
import socket
import threading
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import sign_pdf
from pyhanko.sign.timestamps import HTTPTimeStamper

from bench import sign, tsa
from bench.material import Material
from bench.rounds import Contender
from cli.serving.listen import Bind, listening_socket, run
from pki.clock import SystemClock
from pki.http.app import PublicServices, build_app
from pki.register.sql import create_register
from pki.timestamp import TimestampAuthority
from signing.batch.begun import prepare_begin
from signing.batch.makers import Maker
from signing.batch.overlap import Overlapped
from signing.failover import TimestampService, TimestampServices
from signing.files import Existing
from signing.options import Level
from signing.sign import Signatory
from verify.fetcher import HTTPFetcher

POLICY_OID = "1.3.6.1.4.1.4146.2.2"


def sources(material: Material, *, wanted: int) -> tuple[Path, ...]:
    """Return so many documents, the small PDFs again and again."""
    found = material.pdfs()
    return tuple(found[number % len(found)] for number in range(wanted))


class Service:
    """A time-stamp service in a process of its own."""

    def __init__(self, material: Material) -> None:
        tsa.certify(material)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        context = multiprocessing.get_context("spawn")
        self._process = context.Process(target=_serve, args=(material, port), daemon=True)
        self._process.start()
        self.url = f"http://127.0.0.1:{port}/tsa"
        _await(port)

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.join()


class Antin(sign.Antin):
    """As at B-B, but that each signature gets a time-stamp, which is checked in full."""

    def __init__(self, material: Material, sources: sign.Sources) -> None:
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


class PyHanko(sign.PyHanko):
    """pyHanko's own loop with its HTTP client."""

    def __init__(self, material: Material, sources: sign.Sources) -> None:
        super().__init__(material, sources)
        self._service = Service(material)
        self._stamper = HTTPTimeStamper(self._service.url)

    def work(self) -> None:
        for source, target in self.pairs():
            with source.open("rb") as file, target.open("wb") as output:
                writer = IncrementalPdfFileWriter(file)
                sign_pdf(writer, self._meta, self._signer, self._stamper, output=output)

    def close(self) -> None:
        self._service.close()


def contenders(wanted: int) -> tuple[Contender, ...]:
    """Return Antin at B-T, the same at B-B as the floor, and the peer at B-T."""
    documents = partial(sources, wanted=wanted)
    tasks = {"Antin": Antin, "floor": sign.Antin, "pyHanko": PyHanko}
    return tuple(Contender(name, partial(task, sources=documents)) for name, task in tasks.items())


def _serve(material: Material, port: int) -> None:
    authority = TimestampAuthority(
        material.certificate("tsa"),
        tsa.key(material),
        chain=material.chain(),
        clock=SystemClock(),
        policy_oid=POLICY_OID,
    )

    register = create_register(material.folder / f"tsa-{port}.db", SystemClock())
    services = PublicServices(register, timestamp=authority)
    bind = Bind(ipaddress.IPv4Address("127.0.0.1"), port)
    run(build_app(services), listening_socket(bind), ready=_nothing, stopping=_nothing)


def _nothing() -> None:
    """Tell nobody that it answers, or that it ends."""


def _await(port: int) -> None:
    """Wait until the service answers."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            threading.Event().wait(0.05)
        else:
            return
    raise AssertionError(port)
