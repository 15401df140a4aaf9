"""Profiles: what a kind of certificate holds, read from TOML and checked when it is read.

A profile that contradicts itself, or the law, is refused before anything is issued under it. The
profiles that come with Antin are data of `pki.profiles`; a path names a file of one's own.

Spec: RFC 5280 §4.2; Decree 68/2024/ND-CP Art. 9 (lifetimes; not checked against the official
text).
"""

from __future__ import annotations

import tomllib
from datetime import datetime, timedelta
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Literal, Self

from cryptography import x509
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pki.errors import ProfileInvalidError, ProfileNotFoundError, ProfileViolationError
from pki.keys import KeyType
from pki.subject import MAIL, Subject

BUILT_IN = ("root", "issuing", "official", "agency", "ocsp", "timestamp", "audit")
DEFAULT_POLICY_ARC = "1.3.6.1.4.1.32473.68"
"""A placeholder under the arc kept for documentation (RFC 5612): an administration states its own
in its configuration. An arc made of a UUID would be free for all too (X.667), but its 128 bits
are more than some readers take: pkilint 0.13 gives up above 32."""

TIME_STAMPING = "1.3.6.1.5.5.7.3.8"
OCSP_SIGNING = "1.3.6.1.5.5.7.3.9"
AUDIT_LOG = "1.3.6.1.4.1.32473.68.10.1"
"""No standard has a purpose for it, so this one stands under the documented placeholder, the same
in every home: whoever verifies a checkpoint asks for it."""
EXTENDED_USAGES = {
    "clientAuth": "1.3.6.1.5.5.7.3.2",
    "emailProtection": "1.3.6.1.5.5.7.3.4",
    "timeStamping": TIME_STAMPING,
    "OCSPSigning": OCSP_SIGNING,
    "documentSigning": "1.3.6.1.5.5.7.3.36",  # RFC 9336
    "auditLog": AUDIT_LOG,
}

KeyUsageBit = Literal["digitalSignature", "contentCommitment", "keyCertSign", "cRLSign"]
ExtendedUsage = Literal[
    "clientAuth", "emailProtection", "timeStamping", "OCSPSigning", "documentSigning", "auditLog"
]
SubjectShort = Literal["C", "ST", "L", "O", "OU", "T", "SN", "GN", "CN", "UID", "E"]


class Kind(StrEnum):
    """Whom the law's limits on lifetimes speak of."""

    AUTHORITY = "authority"
    SUBSCRIBER = "subscriber"


LEGAL_YEARS = {Kind.AUTHORITY: 20, Kind.SUBSCRIBER: 5}


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class Lifetime(_Table):
    """How long a certificate lasts, in calendar years or days, both ends counted."""

    years: int = Field(default=0, ge=0, le=50)
    days: int = Field(default=0, ge=0, le=366 * 50)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.years == 0) == (self.days == 0):
            raise ValueError("a lifetime is either years or days")
        return self

    def end(self, not_before: datetime) -> datetime:
        """Return the last second of the lifetime (RFC 5280 §4.1.2.5 counts it in)."""
        return _add_years(not_before, self.years) + timedelta(days=self.days, seconds=-1)


class SubjectTable(_Table):
    """Which attributes a subject must and may have."""

    required: tuple[SubjectShort, ...]
    optional: tuple[SubjectShort, ...] = ()


class AuthorityTable(_Table):
    """What only an authority has."""

    path_length: int | None = Field(default=None, ge=0, le=5)
    crl_days: int = Field(ge=1, le=366)


class Profile(_Table):
    """One kind of certificate, checked. Made by `load_profile`."""

    name: str = Field(pattern="^[a-z][a-z0-9-]{0,31}$")
    kind: Kind
    key_usage: tuple[KeyUsageBit, ...] = Field(min_length=1)
    extended_key_usage: tuple[ExtendedUsage, ...] = ()
    extended_key_usage_critical: bool = False
    lifetime: Lifetime
    key_types: tuple[KeyType, ...] = Field(min_length=1)
    """The built-in profiles name RSA and ECDSA, as Circular 15/2025/TT-BKHCN Annex I does; Ed25519
    and ML-DSA are for a profile of one's own."""
    policy: str = ""
    """Arcs under the policy arc; empty for no policy, `any` for anyPolicy."""
    ocsp_no_check: bool = False
    subject: SubjectTable
    authority: AuthorityTable | None = None
    policy_arc: str = Field(default=DEFAULT_POLICY_ARC, pattern=r"^[0-2](\.(0|[1-9][0-9]*))+$")

    @property
    def is_authority(self) -> bool:
        """Whether certificates of this profile may sign certificates."""
        return self.authority is not None

    @property
    def policy_oid(self) -> str | None:
        """The certificate policy, if the profile states one."""
        if self.policy == "any":
            return "2.5.29.32.0"
        return f"{self.policy_arc}.{self.policy}" if self.policy else None

    @property
    def extended_oids(self) -> tuple[str, ...]:
        """Object identifiers of the extended key usages."""
        return tuple(EXTENDED_USAGES[usage] for usage in self.extended_key_usage)

    def legal_end(self, not_before: datetime) -> datetime:
        """Return the last second that the law allows."""
        return _add_years(not_before, LEGAL_YEARS[self.kind]) - timedelta(seconds=1)

    def check_subject(self, subject: Subject) -> None:
        """Refuse a subject that lacks an attribute, or has one too many.

        Raises:
            ProfileViolationError: it does.
        """
        present = {short for short, _ in subject.attributes} | ({MAIL} if subject.mail else set())
        missing = [short for short in self.subject.required if short not in present]
        if missing:
            raise ProfileViolationError(profile=self.name, reason=f"lacks {', '.join(missing)}")
        extra = sorted(present - {*self.subject.required, *self.subject.optional})
        if extra:
            raise ProfileViolationError(
                profile=self.name, reason=f"may not have {', '.join(extra)}"
            )

    @model_validator(mode="after")
    def _check(self) -> Self:
        for holds, otherwise in self._rules():
            if not holds:
                raise ValueError(otherwise)
        if self.policy_oid is not None:
            x509.ObjectIdentifier(self.policy_oid)  # raises ValueError for arcs that cannot be
        return self

    def _rules(self) -> tuple[tuple[bool, str], ...]:
        usages = set(self.extended_key_usage)
        signs = {"keyCertSign", "cRLSign"}
        reference = datetime(2001, 1, 1)  # noqa: DTZ001  only a difference is taken
        return (
            (
                signs <= set(self.key_usage)
                if self.is_authority
                else not signs & set(self.key_usage),
                "keyCertSign and cRLSign belong to authorities, both and to no other",
            ),
            (
                self.is_authority == (self.kind is Kind.AUTHORITY),
                "an authority has a table [authority], and no other has",
            ),
            (not (self.is_authority and usages), "an authority has no extended key usage"),
            (
                self.lifetime.end(reference) <= self.legal_end(reference),
                f"the law allows {LEGAL_YEARS[self.kind]} years",
            ),
            (
                "timeStamping" not in usages
                or (len(usages) == 1 and self.extended_key_usage_critical),
                "timeStamping stands alone and critical (RFC 3161 section 2.3)",
            ),
            (
                "auditLog" not in usages or (len(usages) == 1 and self.extended_key_usage_critical),
                "auditLog stands alone and critical",
            ),
            (
                "OCSPSigning" not in usages or len(usages) == 1,
                "OCSPSigning stands alone",
            ),
            (
                not self.ocsp_no_check or "OCSPSigning" in usages,
                "ocsp_no_check needs OCSPSigning (RFC 6960 section 4.2.2.2.1)",
            ),
            (
                not set(self.subject.required) & set(self.subject.optional),
                "an attribute is required or optional, not both",
            ),
            (
                {"CN", "O"} <= set(self.subject.required),
                "every subject has at least O and CN",
            ),
            (
                self.policy in {"", "any"}
                or all(part.isdecimal() for part in self.policy.split(".")),
                "a policy is empty, any, or arcs such as 1.3",
            ),
        )


def load_profile(name_or_path: str | Path, *, policy_arc: str = DEFAULT_POLICY_ARC) -> Profile:
    """Read a profile by the name of one that comes with Antin, or from a TOML file.

    Raises:
        ProfileNotFoundError: no such profile, no such file.
        ProfileInvalidError: malformed, or in contradiction to itself or to the law.
    """
    name = str(name_or_path)
    try:
        if name in BUILT_IN:
            text = (files("pki.profiles") / f"{name}.toml").read_text(encoding="utf-8")
        else:
            text = Path(name_or_path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise ProfileNotFoundError(profile=name) from error
    return parse_profile(text, name, policy_arc=policy_arc)


def parse_profile(text: str, name: str, *, policy_arc: str = DEFAULT_POLICY_ARC) -> Profile:
    """Read a profile from TOML text; `name` is what errors call it.

    Raises:
        ProfileInvalidError: malformed, or in contradiction to itself or to the law.
    """
    try:
        return Profile.model_validate({"policy_arc": policy_arc, **tomllib.loads(text)})
    except tomllib.TOMLDecodeError as error:
        raise ProfileInvalidError(profile=name, reason=str(error)) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        reason = f"{where}: {first['msg']}" if where else first["msg"]
        raise ProfileInvalidError(profile=name, reason=reason) from error


def _add_years(instant: datetime, years: int) -> datetime:
    try:
        return instant.replace(year=instant.year + years)
    except ValueError:  # 29 February: the day before, never a day longer than the law allows
        return instant.replace(year=instant.year + years, day=28)
