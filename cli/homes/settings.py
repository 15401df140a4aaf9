"""`antin.toml`: one validated file. Unknown keys are refused, relative paths start at the home."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import parse_qsl, urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from cli.errors import BadConfigurationError, NewerHomeError, UnreadableFileError
from cli.homes.notice_settings import Notices
from pki.audit.note import ORIGIN
from pki.clock import ClockBounds
from pki.records.certificates import EVIDENCE_PROFILES, RETENTION_YEARS

HOME_VERSION = 1
"""Version of the home's layout and configuration that this Antin writes."""


def _open(place: str) -> str:
    """Refuse an address with a password in it: this file is copied, shown and backed up."""
    address, _, options = place.partition("?")
    user = address.rpartition("@")[0].partition("://")[2]
    given = {name for name, _ in parse_qsl(options, keep_blank_values=True)}
    if "://" in place and (":" in user or given & {"password", "sslpassword"}):
        raise ValueError("a password does not belong here; name a file of its own with passfile=")
    return place


class _Section(BaseModel):
    # Built when it is used: most of them are read as parts of another.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Service(_Section):
    """Where CRL, OCSP, AIA and time-stamps are served."""

    public_url: str | None = None
    """The address written into certificates, for as long as they live."""
    bind: str = "127.0.0.1:8700"
    """Host and port that `antin serve` listens on."""


class Authorities(_Section):
    """What every authority of this home has in common."""

    policy_arc: str | None = None
    """The administration's arc for certificate policies; None keeps the documented placeholder."""
    blocked_keys: tuple[Path, ...] = ()
    """Lists of keys that certify nobody: files, or folders of `*.txt`, which must be there. The
    home's own folder `blocked-keys` is read too, if there is one."""
    retention_years: Annotated[int, Field(ge=RETENTION_YEARS, le=1000)] = RETENTION_YEARS
    """How long after its end what a certificate says is kept: `antin cert erase` refuses before."""


class Requests(_Section):
    """What requests take, beside what profiles say."""

    approvals: dict[str, Annotated[int, Field(ge=0, le=9)]] = Field(default_factory=dict)
    """How many people approve, by the name of the profile; where a profile says more, that many."""
    holidays: Path | None = None
    """Years of holidays beside those that come with Antin (docs/requests.md)."""

    @field_validator("approvals")
    @classmethod
    def _no_services(cls, asked: dict[str, int]) -> dict[str, int]:
        if set(asked) & set(EVIDENCE_PROFILES):
            raise ValueError("certificates of authorities and services wait for no approval")
        return asked


class Responder(_Section):
    """The delegated OCSP signer of one authority."""

    authority: str
    certificate: Path
    key: str


class Timestamp(_Section):
    """The signer of this home's own time-stamp service."""

    certificate: Path
    key: str
    policy: str = "1.3.6.1.4.1.32473.68.3"
    """Time-stamp policy, RFC 3161 §2.1; the default stands under the documented placeholder."""


class Audit(_Section):
    """The signer of this home's audit log."""

    origin: Annotated[str, Field(pattern=f"^{ORIGIN}$")]
    """The log's name in checkpoints: an address without scheme, for as long as the log lives."""
    certificate: Path
    key: str


Seconds = Annotated[float, Field(gt=0, le=3600)]


class TokenModule(_Section):
    """A PKCS#11 module that is not used as every other."""

    path: Path
    sessions: Annotated[int, Field(ge=1, le=64)] = 1
    """How many signatures at a time: an HSM on the network takes several, a USB token one."""
    limit_seconds: Seconds | None = None
    """Of this module, in place of the section's."""


class Tokens(_Section):
    """Where keys are looked for."""

    embedded: bool = False
    """The SoftHSM token store inside the home."""
    modules: tuple[Path, ...] = ()
    """PKCS#11 modules of real tokens and HSMs."""
    module: tuple[TokenModule, ...] = ()
    """More of them, each with settings of its own; searched after `modules`."""
    search: bool | None = None
    """Look for modules on the system too; left out, a home with an embedded store does not."""
    limit_seconds: Seconds | None = None
    """How long a module may take to be tried, and for one call or signature."""

    @property
    def searches(self) -> bool:
        """Whether modules are looked for on the system."""
        return not self.embedded if self.search is None else self.search

    @property
    def configured(self) -> tuple[Path, ...]:
        """Every module that is named, in the order they are searched."""
        return (*self.modules, *(one.path for one in self.module))


class Network(_Section):
    """What the fetcher may reach beyond public addresses."""

    allow: tuple[str, ...] = ()
    """Hosts, `host:port` or CIDR ranges, not public and allowed all the same."""


def _bare(url: str) -> str:
    """Refuse an address that is none, or has a password in it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError("not an address") from None  # its words would repeat the address
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("an address begins with http:// or https://")
    if "@" in parts.netloc:
        raise ValueError("a password does not belong here; name a file of its own with secret=")
    return url


ServiceURL = Annotated[str, AfterValidator(_bare)]


class TimestampServer(_Section):
    """A time-stamp service that is asked, with settings of its own."""

    url: ServiceURL
    limit_seconds: Seconds = 150
    """How long one answer may take: the Government's service has been seen to take 131 seconds."""
    tries: Annotated[int, Field(ge=1, le=10)] = 2
    """How often it is asked for one time-stamp while it gives no answer."""
    policy: Annotated[str, Field(pattern=r"^[0-2](\.(0|[1-9][0-9]*))+$")] | None = None
    """The time-stamp policy to ask for."""
    accuracy_seconds: Seconds | None = None
    """How inaccurate its time-stamps may say they are."""
    user: Annotated[str, Field(pattern=r"^[^:\r\n]+$")] | None = None
    """With `secret`, a user's name and password (Basic); without a name it is a token (Bearer)."""
    secret: Annotated[str, Field(pattern=r"^(file|env):[^\r\n]+$")] | None = None
    """`file:PATH` or `env:NAME`; never the password itself."""
    client_certificate: Path | None = None
    client_key: Path | None = None
    """PEM files for mutual TLS."""
    trust: Path | None = None
    """PEM file of the roots of its TLS certificate; left out, the system's."""


class Signing(_Section):
    """Defaults of `antin sign`."""

    level: Literal["B-B", "B-T", "B-LT", "B-LTA"] = "B-B"
    display: str = "text"
    image: Path | None = None
    """A PNG on a transparent ground, for displays that show one: own signature, agency's seal."""
    later: Literal["never", "when-away", "always"] = "never"
    """Whether a document is given out at B-B and raised to its level later: never, when the
    services are not there or too slow, or always."""
    owner: str | None = None
    """Whose certificate it must be: `MST:…`, `CCCD:…` or an e-mail address."""
    unknown_status: Literal["warn", "refuse"] = "warn"
    """What to do where nobody answers whether the certificate is revoked."""
    timestamp_urls: tuple[ServiceURL, ...] = ()
    """Time-stamp services, in the order they are asked."""
    timestamp: tuple[TimestampServer, ...] = ()
    """More of them, each with settings of its own; asked after `timestamp_urls`."""

    @property
    def timestamp_servers(self) -> tuple[TimestampServer, ...]:
        """Every service that is named, in the order they are asked."""
        return (*(TimestampServer(url=url) for url in self.timestamp_urls), *self.timestamp)


class TLS(_Section):
    """How `antin serve --only verify` is reached from other machines."""

    certificate: Path
    """PEM: the service's own, then those above it."""
    key: Path
    """PEM, without a password: a service starts with nobody there."""
    clients: Path | None = None
    """PEM file of the authorities whose certificates callers must have; left out, none are asked
    for."""


class ServiceKey(_Section):
    """A document system that may ask for verdicts."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """Of its key: `antin config key NAME` makes one."""


class VerifyingService(_Section):
    """Bounds of the service that gives verdicts to document systems."""

    workers: Annotated[int, Field(ge=1, le=64)] = 2
    """How many documents are judged at a time, each in a process."""
    seconds: Seconds = 60
    """How long one document may be judged."""
    memory_mebibytes: Annotated[int, Field(ge=64, le=65536)] = 500
    """What judging one may take beside what its process takes anyway."""
    body_mebibytes: Annotated[int, Field(ge=1, le=2048)] = 64
    """Of one request."""
    documents: Annotated[int, Field(ge=1, le=10_000)] = 100
    """In one request."""
    waiting: Annotated[int, Field(ge=0, le=10_000)] = 32
    """How many may wait for a process."""
    per_minute: Annotated[int, Field(ge=1, le=1_000_000)] = 600
    """Documents of one caller."""
    key: tuple[ServiceKey, ...] = ()
    """Who may ask; with none named, whoever reaches it: that is asked for on this machine alone."""
    tls: TLS | None = None
    """Left out, it speaks plain HTTP, on this machine alone."""


class ListSource(_Section):
    """A trusted list (ETSI TS 119 612), or a list of lists, whose services are trusted."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
    url: ServiceURL | None = None
    """Where it is fetched from, when what is kept is outdated."""
    file: Path | None = None
    """In place of an address: where somebody puts it."""
    signers: Annotated[tuple[Path, ...], Field(min_length=1)]
    """PEM or DER files of the certificates that may have signed it, had by a way that is trusted;
    a list of lists names those of the lists it leads to itself."""
    territories: tuple[Annotated[str, Field(pattern=r"^[A-Z]{2}$")], ...] = ()
    """Of a list of lists: whose lists are followed; left out, all."""

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.url is None) == (self.file is None):
            raise ValueError("a trusted list has either url or file")
        return self


class Verifying(_Section):
    """Defaults of `antin verify`."""

    policy: str = "default"
    trust: tuple[Path, ...] = (Path("trust"),)
    """Files and folders of certificates that are trusted for everything, always."""
    list: tuple[ListSource, ...] = ()
    """Trusted lists, whose services are trusted for what they are and while they may be."""
    service: VerifyingService = VerifyingService()


class Evidence(_Section):
    """What is kept about each signature."""

    keep: Literal["none", "signed", "all"] = "signed"
    """Of which signatures: none, those made here, or those judged here too."""
    retention_years: Annotated[int, Field(ge=0, le=1000)] = 5
    """How long a record is kept at least: `antin evidence erase` refuses before."""


class Upkeep(_Section):
    """What `antin serve` does by itself, and when Antin warns."""

    automatic: bool = True
    """Whether `antin serve` issues lists and renews its signers where it can without a person."""
    every_seconds: Annotated[float, Field(ge=0.1, le=3600)] = 60
    """How often `antin serve` looks."""
    checkpoint_days: Annotated[int, Field(ge=1, le=3650)] = 7
    """How old the newest checkpoint of the audit log may be."""
    backup_days: Annotated[int, Field(ge=1, le=3650)] = 7
    """How old the newest backup may be."""
    watch_hours: Annotated[int, Field(ge=0, le=8760)] = 6
    """After so long `antin upkeep --yes` asks again about certificates of other authorities; 0
    leaves that to `antin cert watch`."""


class ClockSection(_Section):
    """How far this machine's clock may be from what is known besides it."""

    max_gap_days: Annotated[int, Field(ge=1, le=36500)] = 400
    """After the last entry of the audit log: an authority may rest for a year and a month, and
    after that a person looks at the clock first (`antin audit confirm-clock`)."""
    max_skew_seconds: Annotated[int, Field(ge=1, le=86400)] = 60
    """From the clock of the register's server, where the register is in PostgreSQL."""

    @property
    def bounds(self) -> ClockBounds:
        """The same as a register takes it."""
        gap, skew = timedelta(days=self.max_gap_days), timedelta(seconds=self.max_skew_seconds)
        return ClockBounds(gap, skew)


class Settings(_Section):
    """The whole of `antin.toml`."""

    version: Annotated[int, Field(ge=1)] = HOME_VERSION
    demo: bool = False
    """A demonstration home keeps its PINs in files, and says so each time."""
    register_place: Annotated[str, Field(alias="register", min_length=1), AfterValidator(_open)] = (
        "register.sqlite"
    )
    """A file of the home, or `postgresql://USER@HOST/DATABASE?…` without a password."""
    service: Service = Service()
    authorities: Authorities = Authorities()
    requests: Requests = Requests()
    responders: tuple[Responder, ...] = ()
    timestamp: Timestamp | None = None
    audit: Audit | None = None
    tokens: Tokens = Tokens()
    pins: dict[str, str] = Field(default_factory=dict)
    """PIN source by token label: `file:PATH`, `env:NAME`, `fd:N` or `prompt`; never a PIN."""
    network: Network = Network()
    signing: Signing = Signing()
    verify: Verifying = Verifying()
    evidence: Evidence = Evidence()
    upkeep: Upkeep = Upkeep()
    clock: ClockSection = ClockSection()
    notices: Notices = Notices()


def parse_settings(text: str, path: Path) -> Settings:
    """Read `antin.toml`.

    Raises:
        BadConfigurationError: not TOML, an unknown key, or a value out of its bounds.
        NewerHomeError: written by a newer Antin.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadConfigurationError(path=path, problem=str(error)) from error
    version = raw.get("version")
    if isinstance(version, int) and version > HOME_VERSION:
        raise NewerHomeError(home=path.parent, version=version, known=HOME_VERSION)
    try:
        return Settings.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise BadConfigurationError(path=path, problem=f"{where}: {first['msg']}") from error


def load_settings(path: Path) -> Settings:
    """Read the file at `path`; a missing one gives the defaults.

    Raises:
        UnreadableFileError: there, and cannot be read.
        BadConfigurationError: see `parse_settings`.
    """
    try:
        return parse_settings(path.read_text("utf-8-sig"), path)
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFileError(path=path, reason=type(error).__name__) from error
