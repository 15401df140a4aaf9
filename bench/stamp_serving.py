"""What runs in the process of the time-stamp service."""

from __future__ import annotations

import ipaddress

from bench import tsa
from bench.material import Material
from cli.serving.listen import Bind, listening_socket, run
from pki.clock import SystemClock
from pki.http.app import PublicServices, build_app
from pki.register.sql import create_register
from pki.timestamp import TimestampAuthority

POLICY_OID = "1.3.6.1.4.1.4146.2.2"


def serve(material: Material, port: int) -> None:
    """Answer on the port until the process is ended."""
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
