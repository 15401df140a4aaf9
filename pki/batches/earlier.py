"""What the register has of a line already: from an earlier run, or under another request.

A line that names no id has one made of the file's hash and its number, so the same file asks for
the same certificates however often it is run. Another file with the same keys is told from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from pki.batches.lines import Wanted, derived_from, derived_id
from pki.batches.trial import Trial, Tried, asked_by
from pki.errors.batches import BatchChangedError, BatchKeyCertifiedError
from pki.errors.certificates import KeyCompromisedError
from pki.errors.requests import KeyUsedElsewhereError, RequestDiffersError, RequestEndedError
from pki.records.certificates import (
    CertificateQuery,
    CertificateRecord,
    CertificateState,
    serial_text,
)
from pki.records.register import Register
from pki.transitions import is_compromised


class Stands(IntEnum):
    """How far a line has come."""

    BAD = 1
    NEW = 2
    BEGUN = 3
    """Its serial is reserved; an earlier run was broken off."""
    ISSUED = 4


@dataclass(frozen=True, slots=True)
class Earlier:
    """Where a line stands."""

    stands: Stands
    request_id: str
    requester: str
    """Who asked first."""
    usual: bool = True
    """Whether it is the line's first id, asked for by who asks now."""
    record: CertificateRecord | None = None
    """Of what was issued."""


class Looking:
    """Asks one authority's register about the lines of one file."""

    def __init__(self, register: Register, trial: Trial, sha256: str) -> None:
        self._register = register
        self._trial = trial
        self._sha256 = sha256
        self._issuer = trial.shop.name

    def look(self, wanted: Wanted, tried: Tried, spki_sha256: str) -> Earlier:
        """Return where a line stands whose request is sound.

        Raises:
            RequestDiffersError: something else was asked for under its id.
            RequestEndedError: what was issued for it was revoked, or its id came to nothing.
            KeyUsedElsewhereError, KeyCompromisedError: its key.
            BatchKeyCertifiedError: its key has a certificate under another id.
            BatchChangedError: that is the id of another form of the file.
        """
        request_id, record, first = self._under(wanted)
        if record is None:
            self._check_key(tried, spki_sha256)
            return Earlier(Stands.NEW, request_id, self._trial.requester, first)
        place = {"issuer": record.issuer, "serial": serial_text(record.serial)}
        if not self._same(wanted, tried, record):
            raise RequestDiffersError(**place)
        usual = first and record.requester == self._trial.requester
        if record.state is CertificateState.RESERVED:
            return Earlier(Stands.BEGUN, request_id, record.requester, usual)
        if record.state is not CertificateState.ISSUED or not record.der:
            raise RequestEndedError(**place)
        return Earlier(Stands.ISSUED, request_id, record.requester, usual, record)

    def _under(self, wanted: Wanted) -> tuple[str, CertificateRecord | None, bool]:
        """Return a line's id, what is recorded under it, and whether it is the line's first.

        One that was made for it goes on with a number where it came to nothing: its serial was
        given up after an interruption, or never signed.
        """
        if wanted.request_id is not None:
            named = wanted.request_id
            return named, self._register.find_request(self._issuer, named), True
        first = request_id = derived_id(self._sha256, wanted.line)
        attempt = 1
        while True:
            record = self._register.find_request(self._issuer, request_id)
            if record is None or record.state is not CertificateState.ABANDONED:
                return request_id, record, attempt == 1
            attempt += 1
            request_id = f"{first}.{attempt}"

    def _same(self, wanted: Wanted, tried: Tried, record: CertificateRecord) -> bool:
        """Say whether the same was asked for, by whoever it was."""
        asked = tried.asked_sha256
        if record.requester != self._trial.requester:
            asked = asked_by(self._trial, wanted, record.requester)
        return record.request_sha256 == asked

    def _check_key(self, tried: Tried, spki_sha256: str) -> None:
        for held in self._register.find_certificates(CertificateQuery(spki_sha256=spki_sha256)):
            place = {"issuer": held.issuer, "serial": serial_text(held.serial)}
            if held.state is not CertificateState.ABANDONED and held.subject != tried.subject:
                raise KeyUsedElsewhereError(**place)
            if is_compromised(self._register.find_revocation(held.issuer, held.serial)):
                raise KeyCompromisedError(**place)
            if self._in_force(held, self._trial.now):
                derived = derived_from(held.request_id or "")
                if derived is not None:
                    raise BatchChangedError(line=derived[1], **place)
                raise BatchKeyCertifiedError(**place)

    def _in_force(self, held: CertificateRecord, now: datetime) -> bool:
        counts = held.state in {CertificateState.RESERVED, CertificateState.ISSUED}
        same = (held.issuer, held.profile) == (self._issuer, self._trial.shop.profile.name)
        return counts and same and held.not_after >= now
