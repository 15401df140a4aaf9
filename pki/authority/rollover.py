"""An authority goes on with a new key, under a new short name; the old one issues no more.

1. The successor is an authority like any other: made by `pki.authority.create`.
2. Two roots certify each other: OldWithNew leads who trusts the new root to what the old one
   issued, NewWithOld leads who still trusts the old root to what the new one issues.
3. The old one is retired: recorded in the register and its log, for good. It issues lists, and
   signers of OCSP answers, for what it issued until that has ended, and no other certificate.

Each step that is done is not done again, so what an interruption left open is finished by asking
once more. Link certificates are for the time in which both roots are in force: from the beginning
of the later one, whenever they are made, to the end of the one that ends first. (The RFC would have
OldWithNew begin with the old key; nothing is dated back before its issuer here.)

Spec: RFC 4210 §4.4; RFC 9810 §4.4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from cryptography import x509

from pki.audit.entry import present
from pki.authority.authority import Authority
from pki.authority.cross import cross_certify, find_link
from pki.authority.succession import check_in_force, check_issues
from pki.clock import Clock
from pki.errors.authorities import AuthorityNotFoundError, RolloverParentError
from pki.profile import Profile
from pki.records.audit import AuditEvent
from pki.records.authorities import AuthorityRecord, SuccessionRecord
from pki.records.changes import Retire
from pki.records.register import Register


class Predecessor(Protocol):
    """What a rollover asks of the old authority; only two roots that link need its key."""

    @property
    def register(self) -> Register:
        """Where both stand."""
        ...

    @property
    def clock(self) -> Clock:
        """The time."""
        ...

    def record(self) -> AuthorityRecord:
        """Return its record."""
        ...

    def check_in_force(self) -> None:
        """Refuse to go on under a revoked certificate."""
        ...


@dataclass(frozen=True, slots=True)
class Keyless:
    """An authority whose key is not asked for: it may be lost."""

    name: str
    register: Register
    clock: Clock

    def record(self) -> AuthorityRecord:
        """Return its record.

        Raises:
            AuthorityNotFoundError: the register does not know it.
        """
        record = self.register.find_authority(self.name)
        if record is None:
            raise AuthorityNotFoundError(authority=self.name)
        return record

    def check_in_force(self) -> None:
        """Refuse to go on under a revoked certificate.

        Raises:
            AuthorityRevokedError: it is revoked.
        """
        check_in_force(self.register, self.record())


@dataclass(frozen=True, slots=True)
class Links:
    """What two roots certified of each other."""

    old_with_new: x509.Certificate
    """The old key, signed by the new one."""
    new_with_old: x509.Certificate
    """The new key, signed by the old one."""


def check_rollover(old: Predecessor, successor: str, *, is_root: bool) -> None:
    """Refuse a rollover that could not be finished, before a key is made for it.

    Raises:
        AuthorityRetiredError: it was done before, to whom the error says.
        AuthorityRevokedError: the old one is revoked; what it issued is not to go on.
        RolloverParentError: a root would follow one below another, or the other way round, or one
            itself.
    """
    name = old.record().name
    check_issues(old.register, name)
    old.check_in_force()
    if successor == name or is_root != (old.record().parent is None):
        raise RolloverParentError(authority=name, successor=successor)


def link_roots(old: Authority, new: Authority, profile: Profile, *, requester: str) -> Links:
    """Let two roots certify each other; what they certified already is found and not made twice.

    Args:
        old: the root before.
        new: the root that goes on.
        profile: of both link certificates: the roots' own.
        requester: who asked.

    Raises:
        PKIError: as `pki.authority.cross.cross_certify`.
    """
    both = (old.issuer.certificate, new.issuer.certificate)
    since = max(one.not_valid_before_utc for one in both)

    def link(by: Authority, to: Authority) -> x509.Certificate:
        certificate = to.issuer.certificate
        made = find_link(by, certificate)
        return made or cross_certify(by, certificate, profile, requester=requester, since=since)

    return Links(old_with_new=link(new, old), new_with_old=link(old, new))


def retire(old: Predecessor, successor: Authority, *, requester: str) -> None:
    """Record that the old authority issues no more and who goes on; this cannot be undone.

    Raises:
        AuthorityRetiredError: one of the two is retired already.
        RolloverParentError: see `check_rollover`.
        ClockBeforeRecordError: the clock was set back.
    """
    name, following = old.record().name, successor.issuer.name
    check_rollover(old, following, is_root=successor.record().parent is None)
    successor.check_in_force()
    now = present(old.register, old.clock)
    facts = (("issuer", name), ("successor", following))
    event = AuditEvent(now, requester, "authority.retire", facts)
    old.register.commit((Retire(SuccessionRecord(name, following, now)),), event)
