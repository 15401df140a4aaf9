"""The desk where requests are handed in: who somebody is, and what that person may do now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from pki.clock import Clock
from pki.errors.office import (
    NoJudgeError,
    OwnRequestError,
    RequestUnknownError,
    RightMissingError,
    SignerStatusError,
)
from pki.holder import holder_of
from pki.names import name_text
from pki.records.certificates import CertificateRecord, CertificateState, serial_text
from pki.records.register import Register
from pki.records.requests import Case, RequestRegister, RoleGrant, Signature
from pki.requests.concern import Registry
from pki.requests.judge import Judge
from pki.requests.rights import Act, may, words_of

SHOWN = 16
"""Hex digits of a fingerprint by which an error names a certificate."""


@dataclass(frozen=True, slots=True)
class Acting:
    """Somebody whose signature is good and whose role allows the act."""

    grant: RoleGrant
    certificate: x509.Certificate

    @property
    def actor(self) -> str:
        """Who it is, as the audit log has it."""
        return f"person:{self.grant.person}"


@dataclass(frozen=True, slots=True)
class Desk:
    """Where requests are kept, who judges signatures, and the time."""

    register: Register
    cases: RequestRegister
    clock: Clock
    judge: Judge | None = None
    rules: Mapping[str, int] = field(default_factory=dict)
    """How many approvals an administration asks for, by the name of the profile."""
    people: Registry | None = None
    """Who is who; None where nobody is looked up."""

    def case(self, request: str) -> Case:
        """Return a request and how far it has come.

        Raises:
            RequestUnknownError: none of that id.
        """
        found = self.cases.find(request)
        if found is None:
            raise RequestUnknownError(request=request)
        return found

    def identify(self, act: Act, signature: Signature, now: datetime) -> Acting:
        """Return who signed, where the signature is good now and a role allows the act now.

        Raises:
            NoJudgeError: nobody here judges signatures.
            SignerUntrustedError: the signature is not wholly good.
            RightMissingError: no role of that certificate allows it.
            SignerStatusError: the certificate is revoked, on hold, or over.
        """
        if self.judge is None:
            raise NoJudgeError
        certificate = self.judge.judge(signature, now)
        fingerprint = certificate.fingerprint(SHA256()).hex()
        for grant in self.cases.grants(fingerprint):
            if grant.holds(now) and may(grant.role, act):
                self._check_status(certificate, now)
                return Acting(grant, certificate)
        raise RightMissingError(act=words_of(act), fingerprint=fingerprint[:SHOWN])

    def is_good(self, grant: RoleGrant, now: datetime) -> bool:
        """Say whether the certificate of a role is in force, as far as this register knows."""
        if grant.issuer is None or grant.serial is None:
            return True  # another authority's: the judge asks for its status
        record = self.register.find_certificate(grant.issuer, grant.serial)
        return record is not None and self._in_force(record, now)

    def check_not_own(self, case: Case, acting: Acting) -> None:
        """Refuse whoever asked, by any certificate of the same person.

        Raises:
            OwnRequestError: it is the same person.
        """
        record, grant = case.record, acting.grant
        same = (
            grant.person == record.requester
            or grant.fingerprint == record.requester_fingerprint
            or self._holder(record.id) == holder_of(name_text(acting.certificate.subject))
        )
        if same:
            raise OwnRequestError(request=record.id, person=grant.person)

    def _holder(self, request: str) -> str | None:
        """Return whose certificate a request was signed with; None where it was not."""
        first = self.cases.moves(request)[0]
        if first.cms is None or self.judge is None:
            return None
        return holder_of(name_text(self.judge.signer_of(first.cms).subject))

    def _check_status(self, certificate: x509.Certificate, now: datetime) -> None:
        own = find_own(self.register, certificate)
        if own is not None and not self._in_force(own, now):
            raise SignerStatusError(serial=serial_text(own.serial))

    def _in_force(self, record: CertificateRecord, now: datetime) -> bool:
        return (
            record.state is CertificateState.ISSUED
            and now <= record.not_after
            and self.register.find_revocation(record.issuer, record.serial) is None
        )


def find_own(register: Register, certificate: x509.Certificate) -> CertificateRecord | None:
    """Return what a register has of a certificate that an authority of it issued."""
    fingerprint = certificate.fingerprint(SHA256()).hex()
    for authority in register.list_authorities():
        record = register.find_certificate(authority.name, certificate.serial_number)
        if record is not None and record.fingerprint == fingerprint:
            return record
    return None
