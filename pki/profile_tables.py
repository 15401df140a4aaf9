"""The tables of a profile's file, each field within its own bounds.

Whether the fields agree with each other and with the law is `pki.contradictions`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pki.errors.tree import Phrase, phrase
from pki.keys import KeyType

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
    "serverAuth": "1.3.6.1.5.5.7.3.1",
    "clientAuth": "1.3.6.1.5.5.7.3.2",
    "codeSigning": "1.3.6.1.5.5.7.3.3",
    "emailProtection": "1.3.6.1.5.5.7.3.4",
    "timeStamping": TIME_STAMPING,
    "OCSPSigning": OCSP_SIGNING,
    "documentSigning": "1.3.6.1.5.5.7.3.36",  # RFC 9336
    "auditLog": AUDIT_LOG,
}
ANY_POLICY = "2.5.29.32.0"

KeyUsageBit = Literal[
    "digitalSignature",
    "contentCommitment",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
]
ExtendedUsage = Literal[
    "serverAuth",
    "clientAuth",
    "codeSigning",
    "emailProtection",
    "timeStamping",
    "OCSPSigning",
    "documentSigning",
    "auditLog",
]
SubjectShort = Literal[
    "C",
    "ST",
    "L",
    "O",
    "organizationIdentifier",
    "OU",
    "T",
    "SN",
    "GN",
    "serialNumber",
    "CN",
    "UID",
    "E",
    "DNS",
    "IP",
]
IdentifierKind = Literal[
    "CCCD", "CMND", "HC", "BHXH", "MST", "IDC", "PAS", "PNO", "TIN", "VAT", "device"
]
"""As `pki.identifiers` tells them apart: in UID, in serialNumber, in organizationIdentifier."""


class Kind(StrEnum):
    """Whom the law's limits on lifetimes speak of."""

    AUTHORITY = "authority"
    SUBSCRIBER = "subscriber"


LEGAL_YEARS = {Kind.AUTHORITY: 20, Kind.SUBSCRIBER: 5}
LEGAL_RENEWAL_YEARS = {Kind.AUTHORITY: 20, Kind.SUBSCRIBER: 3}


class Contradiction(ValueError):  # noqa: N818  pydantic carries it; nobody else sees it
    """Two statements that cannot both hold.

    Attributes:
        place: the field that had better change, as it is named in the file.
        reason: for people.
    """

    def __init__(self, place: str, reason: Phrase) -> None:
        super().__init__(f"{place}: {reason.id}")
        self.place = place
        self.reason = reason


class Table(BaseModel):
    """A table of the file: no key that is not known, and no change once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


_LAST_SECOND = timedelta(seconds=1)
"""It counts (RFC 5280 §4.1.2.5)."""


class Lifetime(Table):
    """How long a certificate lasts, in calendar years or days, both ends counted."""

    years: int = Field(default=0, ge=0, le=50)
    days: int = Field(default=0, ge=0, le=366 * 50)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.years == 0) == (self.days == 0):
            raise Contradiction("", phrase("pki.profile.years_or_days"))
        return self

    def end(self, not_before: datetime) -> datetime:
        """Return the last second of the lifetime (RFC 5280 §4.1.2.5 counts it in)."""
        return add_years(not_before, self.years) + timedelta(days=self.days) - _LAST_SECOND

    def exceeds(self, other: Lifetime) -> bool:
        """Say whether it ends later than the other one, from some beginning on."""
        return any(self.end(begin) > other.end(begin) for begin in _BEGINNINGS)


class SubjectTable(Table):
    """Which attributes a subject must and may have, and which numbers may stand in them."""

    required: tuple[SubjectShort, ...]
    optional: tuple[SubjectShort, ...] = ()
    identifiers: tuple[IdentifierKind, ...] | None = None
    """None for any kind."""
    wildcards: bool = False
    """Whether `*.` may stand in front of a host's name."""
    active_per_holder: int | None = Field(default=None, ge=1, le=1000)
    """How many certificates of the profile one holder may have in force; None for any number. One
    that is followed by another does not count beside it."""

    @property
    def allowed(self) -> frozenset[str]:
        """Everything that may stand in the subject."""
        return frozenset((*self.required, *self.optional))


class AuthorityTable(Table):
    """What only an authority has."""

    path_length: int | None = Field(default=None, ge=0, le=5)
    crl_days: int = Field(ge=1, le=366)
    delta_hours: int | None = Field(default=None, ge=1, le=24 * 366)
    """How long its delta lists last; None for an authority that makes none."""
    rsa_pss: bool = False
    """Whether it signs by RSASSA-PSS (RFC 4055 §3) where its key is one of RSA."""
    permitted_dns: tuple[str, ...] = ()
    """Domains below which names of hosts must lie (RFC 5280 §4.2.1.10); none permits all."""
    permitted_mail: tuple[str, ...] = ()
    """Domains of mail addresses, those below them included; none permits all."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.delta_hours is not None and self.delta_hours >= 24 * self.crl_days:
            raise Contradiction("authority.delta_hours", phrase("pki.profile.delta_hours"))
        return self


class ProfileTables(Table):
    """One kind of certificate, its fields not yet held against each other."""

    name: str = Field(pattern="^[a-z][a-z0-9-]{0,31}$")
    kind: Kind
    key_usage: tuple[KeyUsageBit, ...] = Field(min_length=1)
    extended_key_usage: tuple[ExtendedUsage, ...] = ()
    extended_key_usage_critical: bool = False
    lifetime: Lifetime
    renewal_lifetime: Lifetime | None = None
    """Of a certificate that follows another for the same key; None takes the longest allowed."""
    key_types: tuple[KeyType, ...] = Field(min_length=1)
    """The built-in profiles name RSA and ECDSA, as Circular 15/2025/TT-BKHCN Annex I does; Ed25519
    and ML-DSA are for a profile of one's own."""
    approvals: int = Field(default=0, ge=0, le=9)
    """How many people approve before anything is done under it; 0 for nobody."""
    policy: str = ""
    """Arcs under the policy arc; empty for no policy, `any` for anyPolicy."""
    practice_statement: str = ""
    """Address of the certification practice statement; empty for none (RFC 5280 §4.2.1.4)."""
    ocsp_no_check: bool = False
    subject: SubjectTable
    authority: AuthorityTable | None = None
    policy_arc: str = Field(default=DEFAULT_POLICY_ARC, pattern=r"^[0-2](\.(0|[1-9][0-9]*))+$")

    @property
    def policy_oid(self) -> str | None:
        """The certificate policy, if the profile states one."""
        if self.policy == "any":
            return ANY_POLICY
        return f"{self.policy_arc}.{self.policy}" if self.policy else None

    @property
    def has_name_constraints(self) -> bool:
        """Whether certificates of this profile restrict the names below them."""
        table = self.authority
        return table is not None and bool(table.permitted_dns or table.permitted_mail)

    @property
    def renewal(self) -> Lifetime:
        """How long a renewal lasts at most."""
        longest = Lifetime(years=LEGAL_RENEWAL_YEARS[self.kind])
        if self.renewal_lifetime is not None:
            return self.renewal_lifetime
        return longest if self.lifetime.exceeds(longest) else self.lifetime

    def legal_end(self, not_before: datetime, *, renewal: bool = False) -> datetime:
        """Return the last second that the law allows."""
        years = (LEGAL_RENEWAL_YEARS if renewal else LEGAL_YEARS)[self.kind]
        return add_years(not_before, years) - _LAST_SECOND


def add_years(instant: datetime, years: int) -> datetime:
    """Return the same day of a later year."""
    try:
        return instant.replace(year=instant.year + years)
    except ValueError:  # 29 February: the day before, never a day longer than the law allows
        return instant.replace(year=instant.year + years, day=28)


_BEGINNINGS = tuple(datetime(year, 1, 1) for year in range(2001, 2005))  # noqa: DTZ001  differences
"""Years and days are compared from each year of a leap period on."""
