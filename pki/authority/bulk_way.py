"""What is asked and recorded on the way of certificates in bulk, and how they are issued.

`pki.authority.bulk` goes the way; demands that nobody need approve go `Direct`, the lines of a plan
`pki.plans.way`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from pki.authority.authority import Authority
from pki.authority.bulk_work import Demand, Signed, Wanted
from pki.authority.issuance import complete, refuse, reserve
from pki.errors.issuing import LintFailedError
from pki.profile import Profile
from pki.records.certificates import CertificateRecord
from pki.records.changes import EnterRecord, Step
from pki.requests.concern import assigned
from pki.requests.content import Concerned

W_contra = TypeVar("W_contra", bound=Wanted, contravariant=True)


def _nobody(_: CertificateRecord) -> Concerned:
    return Concerned()


@dataclass(frozen=True, slots=True)
class Manner:
    """How certificates are issued in bulk."""

    ahead: int = 4
    """How many batches are under way at a time."""
    goes_on: bool = False
    """Whether what an earlier run reserved for an order of the same id, and did not complete, is
    signed now, under its serial; else such an order is refused. No other process may be at it."""
    concerned: Callable[[CertificateRecord], Concerned] = _nobody
    """On whom a certificate is to hang that is being completed; recorded together with it, where
    the authority's desk knows the registry."""


USUAL = Manner()


class Way(Protocol[W_contra]):
    """What is asked and recorded on the way of a batch, beside what is the same for all."""

    def begin(self, profile: Profile) -> None:
        """Ask whether anything may be issued now; before a batch is written.

        Raises:
            PKIError: nothing may.
        """
        ...

    def check(self, demands: Sequence[W_contra]) -> None:
        """Ask once more, of a batch, immediately before it is reserved.

        Raises:
            PKIError: nothing may be reserved any more.
        """
        ...

    def reserve(self, record: CertificateRecord, demand: W_contra) -> Step:
        """Return what is committed before anything is signed."""
        ...

    def complete(self, record: CertificateRecord, certificate_der: bytes, demand: W_contra) -> Step:
        """Return what is committed before anybody gets the certificate."""
        ...

    def refuse(self, record: CertificateRecord, demand: W_contra, error: LintFailedError) -> Step:
        """Return what is committed where the linter refused: nothing was signed."""
        ...

    def settle(self, demand: W_contra, result: Signed) -> Step | None:
        """Return what is committed of an order that was refused, or had its certificate before."""
        ...


class Direct:
    """The way of demands that nobody need approve."""

    def __init__(self, authority: Authority, profile: Profile, manner: Manner) -> None:
        self._authority = authority
        self._profile = profile
        self._manner = manner

    def begin(self, profile: Profile) -> None:
        """Refuse a profile whose certificates are approved one by one."""
        self._authority.check_may_issue(profile)

    def check(self, demands: Sequence[Demand]) -> None:
        """Ask nothing more."""

    def reserve(self, record: CertificateRecord, demand: Demand) -> Step:  # noqa: ARG002  as of `Way`
        """Return what is committed before anything is signed."""
        return reserve(record, self._profile)

    def complete(
        self,
        record: CertificateRecord,
        certificate_der: bytes,
        demand: Demand,  # noqa: ARG002  as of `Way`
    ) -> Step:
        """Return what is committed of a certificate, and on whom it hangs."""
        now, one = self._authority.clock.now(), self._manner.concerned(record)
        desk = self._authority.desk
        if desk is None or desk.people is None or not one.told:
            return complete(record, certificate_der, now)
        hanging = assigned(one, (record.issuer, record.serial), desk.people, now)
        settled = (EnterRecord(hanging),) if hanging is not None else ()
        changes, event = complete(record, certificate_der, now, settled=settled)
        return Step(changes, replace(event, facts=(*event.facts, *one.told.items())))

    def refuse(
        self,
        record: CertificateRecord,
        demand: Demand,  # noqa: ARG002  as of `Way`
        error: LintFailedError,  # noqa: ARG002  as of `Way`
    ) -> Step:
        """Return what is committed where the linter refused."""
        return refuse(record)

    def settle(self, demand: Demand, result: Signed) -> Step | None:  # noqa: ARG002  as of `Way`
        """Record nothing: whoever asked is told."""
        return None
