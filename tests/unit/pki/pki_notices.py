"""An office whose people are told about their certificates, and who takes the messages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pki_people import agency, first, person, post, put
from pki_world import World, new_key, someone
from watching_world import Partner

from pki.clock import FixedClock
from pki.errors.files import DiskFullError
from pki.importing.foreign import ForeignWish, bring_foreign
from pki.importing.gather import gather_octets
from pki.notices.dispatch import SENT, Delivery, Dispatched, Dispatcher
from pki.notices.gather import Gathered, Gatherer
from pki.notices.mail import Mail
from pki.notices.rules import Rules
from pki.notices.world import World as Told
from pki.records.notices import Channel, Message, MessageQuery, Notice, OutboxRegister
from pki.records.people import Assignment
from pki.requests.deadlines import load_calendar

DAY = timedelta(days=1)
ADDRESS = "mau@x.example.vn"
OFFICE = "vanthu@x.example.vn"
RULES = Rules(
    agencies={"UBND-X": OFFICE},
    fallback="chung@example.vn",
    sender="antin@example.vn",
)


@dataclass
class Letterbox:
    """Takes messages as a channel does, and breaks where it is told to."""

    mails: list[Mail] = field(default_factory=list)
    batch: int = 3
    needs_address: bool = True
    answers: Callable[[Mail], Delivery] = lambda _: SENT
    breaks_after: int | None = None
    closed: bool = False

    def open(self) -> None:
        if self.closed:
            raise DiskFullError(path="x")

    def carry(self, mails: Sequence[Mail]) -> Iterator[Delivery]:
        for mail in mails:
            if self.breaks_after == len(self.mails):
                raise DiskFullError(path="x")
            self.mails.append(mail)
            yield self.answers(mail)


@dataclass
class NoticeOffice:
    """A small administration with a commune and a person in it."""

    world: World
    rules: Rules = RULES
    channel: Channel = Channel.SMTP
    serial: int = 0x100

    def __post_init__(self) -> None:
        put(self.world.register, agency(), person(email=ADDRESS), post())

    @property
    def now(self) -> datetime:
        return self.world.clock.now()

    @property
    def outbox(self) -> OutboxRegister:
        return cast("OutboxRegister", self.world.register)

    def told(self) -> Told:
        register = self.world.register
        return Told(
            self.outbox, register, register, register.cases, load_calendar(), self.rules, self.now
        )

    def issue(self, code: str | None = "NV-1", **assigned: Any) -> x509.Certificate:
        """Issue a certificate, and record on whom it hangs."""
        made = self.world.issue(key=new_key(), subject=someone())
        hangs = {"person": code, **assigned} if code or assigned else {}
        if hangs:
            own = {"issuer": "issuing", "serial": made.serial_number}
            put(self.world.register, Assignment(**first(), **own, **hangs))
        return made

    def record(self, partner: Partner, subject: x509.Name, **more: Any) -> x509.Certificate:
        """Record another authority's certificate."""
        self.serial += 1
        made = partner.issue(subject, self.serial, **more)
        wish = ForeignWish("văn thư", record=True)
        found = gather_octets([made.public_bytes(Encoding.DER)], "x")
        bring_foreign(found, self.world.register, self.world.clock, wish)
        return made

    def gather(self, *, dry: bool = False, into: list[Notice] | None = None) -> Gathered:
        tell = (lambda _: None) if into is None else into.append
        return Gatherer(self.told(), self.channel, "account:x", dry=dry, tell=tell).gather()

    def dispatch(self, letterbox: Letterbox) -> Dispatched:
        return Dispatcher(
            self.told(), self.channel, letterbox, self.world.clock, "account:x"
        ).dispatch()

    def run(self, letterbox: Letterbox | None = None) -> list[Mail]:
        """Gather and send; return what went out."""
        letterbox = letterbox or Letterbox()
        self.gather()
        self.dispatch(letterbox)
        return letterbox.mails

    def messages(self) -> list[Message]:
        """Return all messages, oldest first."""
        return list(reversed(self.outbox.find_messages(MessageQuery())))

    def later(self, span: timedelta) -> None:
        clock = self.world.clock
        assert isinstance(clock, FixedClock)
        clock.advance(span)

    def until(self, certificate: x509.Certificate, days: float) -> None:
        """Let it be so many days before a certificate's end."""
        self.later(certificate.not_valid_after_utc - timedelta(days=days) - self.now)
