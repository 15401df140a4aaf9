"""The parts of `antin serve`, each an application of its own under one address.

`pki` is what an authority publishes: lists, certificates, OCSP, time-stamps. `verify` gives
verdicts to document systems; it needs neither register nor keys.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import typer
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp

from cli.errors import BadOptionError
from cli.homes.home import Home
from cli.homes.office import open_office
from cli.overview.keeping import A_ROUND, Counting
from cli.serving.listen import TLSFiles, run
from cli.serving.public import Services
from cli.session import Session
from cli.upkeep.keeper import Keeper
from cli.upkeep.noticing import Noticing, NoticingThread
from cli.upkeep.raising import Raising, RaisingThread
from cli.upkeep.report import alarm_row
from cli.upkeep.work import Upkeep
from pki.upkeep.alarm import Alarm

PKI, VERIFY = "pki", "verify"


@dataclass(frozen=True, slots=True)
class Part:
    """One application."""

    path: str
    app: ASGIApp
    ready: Callable[[], None]
    """Called once it answers."""
    stopping: Callable[[], None]
    """Called once it answers no more."""


def wanted_parts(only: str | None) -> frozenset[str] | None:
    """Read `--only`; None is whatever may be served there.

    Raises:
        BadOptionError: an unknown part, or none.
    """
    if only is None:
        return None
    named = frozenset(part.strip() for part in only.split(","))
    if not named <= {PKI, VERIFY}:
        raise BadOptionError(option="--only", value=only, form=f"{PKI},{VERIFY}")
    return named


def authority_part(session: Session, pin_source: str | None, stack: ExitStack) -> Part:
    """Return what an authority publishes, with its upkeep; PINs are asked for here.

    Raises:
        PKIError: the register or a signer's key cannot be opened.
    """
    office = stack.enter_context(open_office(session, pin_source=pin_source))
    settings = office.home.settings

    def tell(alarm: Alarm) -> None:
        typer.echo(": ".join(alarm_row(alarm, session)), err=True)

    keeper = Keeper(Upkeep(office), tell=tell)
    counting = Counting(office, at_most=A_ROUND)
    raising = RaisingThread(Raising(session, office.home), tell=tell, counting=counting)
    noticing = NoticingThread(Noticing(office), tell=tell)
    services = Services(office, health=keeper.health)
    keeper.start(services.reload)

    def ready() -> None:
        if settings.upkeep.automatic:
            raising.start()
            noticing.start()

    def stopping() -> None:
        noticing.stop()
        raising.stop()
        keeper.stop()

    return Part("", services.app, ready, stopping)


def verdict_part(home: Home) -> Part:
    """Return the service for document systems; its processes start with its first document."""
    from cli.serving.verdicts import VerdictService  # what an authority publishes does not need it

    service = VerdictService(home)
    return Part("/verify", service.app, lambda: None, service.stop)


def serve_parts(parts: Iterable[Part], listener: socket.socket, tls: TLSFiles | None) -> None:
    """Serve until the process is told to stop; says `ready URL` on stdout once all answer."""
    served = tuple(parts)
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host

    def ready() -> None:
        typer.echo(f"ready {'https' if tls else 'http'}://{shown}:{port}")
        for part in served:
            part.ready()

    def stopping() -> None:
        for part in served:
            part.stopping()

    run(_composed(served), listener, tls=tls, ready=ready, stopping=stopping)


def _composed(parts: tuple[Part, ...]) -> Starlette:
    return Starlette(routes=list(_mounts(parts)))


def _mounts(parts: tuple[Part, ...]) -> Iterator[Mount]:
    # The longest path first: what has none takes all the rest.
    for part in sorted(parts, key=lambda one: len(one.path), reverse=True):
        yield Mount(part.path, app=part.app)
