"""Sends this home's notices, one process at a time, channel by channel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

from cli.actor import actor
from cli.homes.home import Home
from cli.homes.office import Office
from cli.notices.places import FolderCarrier, ShownCarrier
from cli.requests.shown import calendar_of
from pki.audit.entry import check_clock
from pki.errors.notices import NoChannelError, NoMailServerError, NoticesBusyError
from pki.errors.tree import PKIError
from pki.notices.dispatch import Carrier, Dispatcher
from pki.notices.gather import Gatherer
from pki.notices.mail import Mail
from pki.notices.rules import Form, Rules, Tongue
from pki.notices.world import World
from pki.records.notices import Channel, Notice, OutboxRegister


@dataclass(slots=True)
class ChannelRun:
    """What came of one channel."""

    channel: Channel
    queued: dict[str, int] = field(default_factory=dict)
    """Notices by kind."""
    messages: int = 0
    states: dict[str, int] = field(default_factory=dict)
    """Messages by what became of them."""
    troubles: tuple[tuple[str, str], ...] = ()
    """Recipients that were not reached, by code, and why."""
    waiting: int = 0
    error: PKIError | None = None


@dataclass(frozen=True, slots=True)
class Watching:
    """Who is told of what while it goes on."""

    show: Callable[[Mail], None] = lambda _: None
    """Of each message that goes to stdout."""
    tell: Callable[[Notice], None] = lambda _: None
    """Of each notice that is queued."""
    progress: Callable[[int], None] = lambda _: None


def channels_of(office: Office, named: tuple[Channel, ...]) -> tuple[Channel, ...]:
    """Return the channels that are named, else those of the configuration.

    Raises:
        NoChannelError: neither names one.
        NoMailServerError: mail, and no server is configured.
    """
    settings = office.home.settings.notices
    channels = tuple(dict.fromkeys(named or map(Channel, settings.to)))
    if not channels:
        raise NoChannelError
    if Channel.SMTP in channels and settings.smtp is None:
        raise NoMailServerError
    return channels


def rules_of(home: Home) -> Rules:
    """Return what the configuration says about notices."""
    settings = home.settings.notices
    return Rules(
        days=settings.days,
        form=Form(settings.form),
        tongue=Tongue(settings.language),
        tongues={code: Tongue(one) for code, one in settings.languages.items()},
        agencies=settings.agencies,
        administrators=settings.administrators,
        fallback=settings.fallback,
        sender=settings.sender,
        sender_name=settings.sender_name,
    )


def world_of(office: Office) -> World:
    """Return the register as notices see it now.

    Raises:
        PKIError: the clock cannot be right, or the file of holidays is none.
    """
    register, now = office.register, office.session.clock.now()
    check_clock(register, now)
    outbox = cast("OutboxRegister", register)
    rules, calendar = rules_of(office.home), calendar_of(office)
    return World(outbox, register, register, register.cases, calendar, rules, now)


def preview(office: Office, channel: Channel, watching: Watching) -> ChannelRun:
    """Return what would be queued now; nothing is recorded, nothing is sent."""
    run = ChannelRun(channel)
    with _noting(run):
        _gather(office, run, watching, dry=True)
        run.waiting = office.register.count_unsent(channel)
    return run


def send(office: Office, channel: Channel, watching: Watching) -> ChannelRun:
    """Queue what is due and send what waits; what goes wrong is in the outcome."""
    run = ChannelRun(channel)
    with _noting(run):
        _gather(office, run, watching, dry=False)
        with _carrier(office, channel, watching) as carrier:
            clock = office.session.clock
            dispatcher = Dispatcher(
                world_of(office), channel, carrier, clock, actor(), progress=watching.progress
            )
            dispatched = dispatcher.dispatch()
        run.states, run.error = dict(dispatched.states), dispatched.error
        run.troubles = tuple(dispatched.refused)
        run.waiting = office.register.count_unsent(channel)
    return run


@contextmanager
def _noting(run: ChannelRun) -> Iterator[None]:
    """Note what breaks a channel off; the next one goes on."""
    try:
        yield
    except PKIError as error:
        run.error = error


def _gather(office: Office, run: ChannelRun, watching: Watching, *, dry: bool) -> None:
    world = world_of(office)
    gatherer = Gatherer(world, run.channel, actor(), dry=dry, tell=watching.tell)
    gathered = gatherer.gather()
    run.queued, run.messages = dict(gathered.notices), gathered.messages


@contextmanager
def sole_sender(home: Home) -> Iterator[None]:
    """Let nobody else send notices of this home during the block; certificates are issued on.

    Raises:
        NoticesBusyError: another process does.
    """
    from filelock import FileLock, Timeout

    try:
        with FileLock(home.directory / "notices.lock", timeout=0):
            yield
    except Timeout as error:
        raise NoticesBusyError(home=home.directory) from error


@contextmanager
def _carrier(office: Office, channel: Channel, watching: Watching) -> Iterator[Carrier]:
    settings = office.home.settings.notices
    if channel is Channel.FILE:
        yield FolderCarrier(office.home.path(settings.folder), settings.format)
        return
    if channel is Channel.STDOUT:
        yield ShownCarrier(watching.show)
        return
    from cli.notices.smtp import MailCarrier  # loads ssl

    if settings.smtp is None:
        raise NoMailServerError
    carrier = MailCarrier(settings.smtp, office.home.directory, settings.sender)
    try:
        yield carrier
    finally:
        carrier.close()
