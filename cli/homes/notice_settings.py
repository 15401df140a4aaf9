"""The part of `antin.toml` about notices."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from pki.notices.address import is_address


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


def _address(text: str) -> str:
    if not is_address(text):
        raise ValueError("not an address for mail")
    return text


Address = Annotated[str, AfterValidator(_address)]
Tongue = Literal["vi", "en", "both"]
ChannelName = Literal["smtp", "file"]


def is_this_machine(host: str) -> bool:
    """Say whether a host's name can only be this machine's own."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class MailServer(_Section):
    """The server that takes mail."""

    host: Annotated[str, Field(pattern=r"^[A-Za-z0-9.:-]{1,253}$")]
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """Left out, 587 with STARTTLS, 465 with TLS from the first byte on, 25 with none."""
    tls: Literal["starttls", "tls", "none"] = "starttls"
    """`none` only to this machine."""
    trust: Path | None = None
    """PEM file of the roots of its TLS certificate; left out, the system's."""
    user: Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,320}$")] | None = None
    secret: Annotated[str, Field(pattern=r"^(file|env):[^\r\n]+$")] | None = None
    """`file:PATH` or `env:NAME`; never the password itself."""
    timeout_seconds: Annotated[float, Field(gt=0, le=600)] = 30
    """How long one answer may take."""
    per_minute: Annotated[int, Field(ge=1, le=100_000)] = 600
    """How many messages are handed over at most."""
    per_connection: Annotated[int, Field(ge=1, le=10_000)] = 100

    @model_validator(mode="after")
    def _safe(self) -> Self:
        if self.tls == "none" and not is_this_machine(self.host):
            raise ValueError("without TLS mail goes to this machine alone")
        if (self.user is None) != (self.secret is None):
            raise ValueError("user and secret go together")
        return self

    @property
    def at(self) -> int:
        """The port."""
        return self.port or {"starttls": 587, "tls": 465, "none": 25}[self.tls]


class Notices(_Section):
    """Notices before certificates end, and of what happens to them."""

    to: tuple[ChannelName, ...] = ()
    """How they go out when nobody says otherwise; with none named, `antin upkeep` sends none."""
    days: Annotated[
        tuple[Annotated[int, Field(ge=1, le=1000)], ...], Field(min_length=1, max_length=10)
    ] = (90, 60, 30, 7)
    """Before the end."""
    form: Literal["each", "digest", "both"] = "each"
    """A message each to person or agency, one for each agency and run, or both."""
    language: Tongue = "both"
    languages: dict[str, Tongue] = Field(default_factory=dict)
    """Of one person or agency, by code."""
    sender: Address = "antin@antin.invalid"
    sender_name: Annotated[str, Field(max_length=200)] = "Antin"
    fallback: Address | None = None
    """Who gets what nobody else can be given."""
    administrators: Address | None = None
    """Who is told of overdue requests; left out, `fallback`."""
    agencies: dict[str, Address] = Field(default_factory=dict)
    """Addresses of agencies, by code; one without takes that of the agency above it."""
    folder: Path = Path("notices")
    """Where the channel `file` writes."""
    format: Literal["eml", "jsonl"] = "eml"
    """Of the channel `file`: a file a message, or one of JSON lines a batch."""
    every_seconds: Annotated[float, Field(ge=1, le=86400)] = 900
    """How often `antin serve` looks."""
    smtp: MailServer | None = None

    @model_validator(mode="after")
    def _sent_from_somewhere(self) -> Self:
        if "smtp" in self.to and self.smtp is None:
            raise ValueError('to = ["smtp"] takes a table [notices.smtp]')
        if self.smtp is not None and self.sender.endswith(".invalid"):
            raise ValueError("mail takes a sender")
        return self
