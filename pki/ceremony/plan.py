"""The ceremony's file: one TOML that says who is present and what is done, step by step.

It holds no PIN, nor any key that could be one: what is read aloud, printed and signed is no place
for them.
"""

from __future__ import annotations

import re
import tomllib
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pki.audit.note import ORIGIN
from pki.errors.ceremony import CeremonyFileError, CeremonyPINError
from pki.errors.tree import Phrase, phrase
from pki.keys import KeyType

MAX_OCTETS = 256 * 1024
DEMANDED = ("sensitive", "always_sensitive", "never_extractable", "local")
"""Attributes of a private key, by `CKA_…`, that say: made on the token, and never out of it."""

_PIN = re.compile(r"pin|puk|passw|passphrase|secret|mat.?khau|mật.?khẩu", re.IGNORECASE)

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
Text = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
SHA256Text = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Unfit(ValueError):  # noqa: N818  pydantic carries it; nobody else sees it
    """A statement that contradicts another."""

    def __init__(self, reason: Phrase) -> None:
        super().__init__(reason.id)
        self.reason = reason


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Person(_Table):
    """Somebody who is present."""

    id: Name
    role: Text
    name: Text
    signs: bool = False
    """Whether the transcript counts only with this person's signature."""
    certificate: SHA256Text | None = None
    """SHA-256 of the certificate this person signs with; None leaves it to whoever checks."""


class _Step(_Table):
    title: Text
    confirm: tuple[Name, ...] = Field(min_length=1)
    """Who confirms that it may be done."""


class TokenStep(_Step):
    """A token is set up, or one that is there is taken."""

    do: Literal["token"]
    token: Annotated[str, Field(min_length=1, max_length=32)]
    """Its label."""
    initialise: bool = False
    """Set it up; else it is there already."""
    blank: bool = False
    """What is set up is a token that lies blank in a reader, not one of the home's own store."""
    serial: Annotated[str, Field(min_length=1, max_length=16, pattern=r"^[!-~]+$")] | None = None
    """Which blank token; None is the only one there is."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.blank and not self.initialise) or (self.serial is not None and not self.blank):
            raise Unfit(phrase("pki.ceremony.blank"))
        return self


class KeyStep(_Step):
    """A key is made on a token, and how the token keeps it is read back."""

    do: Literal["key"]
    key: Name
    token: str
    key_type: KeyType


class AuthorityStep(_Step):
    """An authority's certificate is made."""

    do: Literal["authority"]
    authority: Name
    key: Name
    profile: Text
    subject: Text
    parent: Name | None = None
    """None for a root."""


class ListStep(_Step):
    """An authority's first revocation list is issued."""

    do: Literal["crl"]
    authority: Name


class LogStep(_Step):
    """The audit log's key gets its certificate, and the home is told of both."""

    do: Literal["log"]
    key: Name
    authority: Name
    subject: Text
    origin: Annotated[str, Field(pattern=f"^{ORIGIN}$")]


class ExportStep(_Step):
    """Certificates and lists made so far are written to a folder."""

    do: Literal["export"]
    folder: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


Step = Annotated[
    TokenStep | KeyStep | AuthorityStep | ListStep | LogStep | ExportStep,
    Field(discriminator="do"),
]


class Plan(_Table):
    """A ceremony as it is planned."""

    name: Text
    place: Text
    public_url: Annotated[str, Field(pattern=r"^https?://[!-~]{1,190}$")]
    """The address that certificates will name; the home's own."""
    key_attributes: tuple[
        Literal["sensitive", "always_sensitive", "never_extractable", "local"], ...
    ]
    profiles: dict[str, SHA256Text] = Field(default_factory=dict)
    """What the texts of profiles must hash to; of those that are not named, nothing is asked."""
    person: tuple[Person, ...] = Field(min_length=1, max_length=32)
    step: tuple[Step, ...] = Field(min_length=1, max_length=100)

    @property
    def signers(self) -> tuple[Person, ...]:
        """Whose signatures the transcript needs."""
        return tuple(person for person in self.person if person.signs)

    @property
    def profile_names(self) -> tuple[str, ...]:
        """Every profile that is used, and every one whose hash is demanded."""
        used = [one.profile for one in self.step if isinstance(one, AuthorityStep)]
        log = ["audit"] if any(isinstance(one, LogStep) for one in self.step) else []
        return tuple(dict.fromkeys((*used, *log, *self.profiles)))

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.signers:
            raise Unfit(phrase("pki.ceremony.nobody_signs"))
        ids = [person.id for person in self.person]
        if len(set(ids)) != len(ids):
            raise Unfit(phrase("pki.ceremony.twice", name=_double(ids)))
        seen: dict[str, set[str]] = {"token": set(), "key": set(), "authority": set()}
        used: set[str] = set()
        for step in self.step:
            for person in step.confirm:
                if person not in ids:
                    raise Unfit(phrase("pki.ceremony.unknown", name=person))
            _follow(step, seen, used)
        return self


def parse_plan(untrusted_text: str) -> Plan:
    """Read a ceremony's file.

    Raises:
        CeremonyPINError: a key in it looks like that of a PIN or password; its value is not told.
        CeremonyFileError: not TOML, too large, malformed, or in contradiction to itself.
    """
    if len(untrusted_text.encode()) > MAX_OCTETS:
        raise CeremonyFileError(place="-", reason=phrase("pki.ceremony.too_large"))
    try:
        raw = tomllib.loads(untrusted_text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise CeremonyFileError(place="-", reason=phrase("pki.profile.not_toml")) from error
    _refuse_pins(raw)
    try:
        return Plan.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        cause = first.get("ctx", {}).get("error")
        reason = cause.reason if isinstance(cause, Unfit) else phrase("pki.profile.value")
        place = ".".join(str(part) for part in first["loc"]) or "-"
        raise CeremonyFileError(place=place, reason=reason) from error


def _refuse_pins(raw: Any) -> None:  # noqa: ANN401  whatever TOML holds
    if isinstance(raw, dict):
        for key, value in raw.items():
            if _PIN.search(key):
                raise CeremonyPINError(key=key[:32])
            _refuse_pins(value)
    elif isinstance(raw, list):
        for value in raw:
            _refuse_pins(value)


def _follow(step: Step, seen: dict[str, set[str]], used: set[str]) -> None:
    """Refuse a step that makes a thing twice, or uses one that no step before it made."""
    match step:
        case TokenStep():
            _make(seen["token"], step.token)
        case KeyStep():
            _use(seen["token"], step.token)
            _make(seen["key"], step.key)
        case AuthorityStep():
            _use(seen["key"], step.key)
            _make(used, step.key)  # one key, one use
            if step.parent is not None:
                _use(seen["authority"], step.parent)
            _make(seen["authority"], step.authority)
        case LogStep():
            _use(seen["key"], step.key)
            _make(used, step.key)
            _use(seen["authority"], step.authority)
        case ListStep():
            _use(seen["authority"], step.authority)
        case _:
            pass  # an export takes whatever is there


def _make(names: set[str], name: str) -> None:
    if name in names:
        raise Unfit(phrase("pki.ceremony.twice", name=name))
    names.add(name)


def _use(names: set[str], name: str) -> None:
    if name not in names:
        raise Unfit(phrase("pki.ceremony.unknown", name=name))


def _double(names: list[str]) -> str:
    return next(name for name in names if names.count(name) > 1)
