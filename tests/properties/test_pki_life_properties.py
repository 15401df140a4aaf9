"""Any life of any certificates: register, lists and responder tell the same, and the past stays."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from pki_world import make_world

from pki.audit.verify import verify_audit
from pki.authority.history import Standing, StatusAt
from pki.authority.life import declare_compromise, hold, release
from pki.authority.renewal import GRACE, Following, renew
from pki.clock import FixedClock, whole_second
from pki.errors.certificates import (
    AlreadyRevokedError,
    CertificateHeldError,
    HoldExpiredError,
    KeyCompromisedError,
    NotHeldError,
    NotRevokedError,
    RenewExpiredError,
    RenewHeldError,
    RenewRevokedError,
    RevocationFinalError,
)
from pki.errors.tree import PKIError
from pki.profile import load_profile
from pki.reasons import FINAL_REASONS
from pki.transitions import COMPROMISES

Reason = x509.ReasonFlags
OFFICIAL = load_profile("official")
# How many a person may have is tried elsewhere: here lives go any way.
UNBOUNDED = OFFICIAL.model_copy(
    update={"subject": OFFICIAL.subject.model_copy(update={"active_per_holder": None})}
)
WHO = {"requester": "văn thư"}


@dataclass
class Life:
    """What is known of one certificate."""

    certificate: x509.Certificate
    person: int
    reason: x509.ReasonFlags | None = None
    since: datetime | None = None
    seen: list[StatusAt] = field(default_factory=list)

    @property
    def serial(self) -> int:
        return self.certificate.serial_number


class Lives(RuleBasedStateMachine):
    """A model of every certificate, beside the authority, its lists and its responder."""

    @initialize()
    def make(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.world = make_world(Path(self.folder.name))
        self.responder = self.world.responder()
        self.lives: list[Life] = []
        self.people = 0

    @property
    def now(self) -> datetime:
        return self.world.clock.now()

    def drawn(self, data: st.DataObject) -> Life:
        return data.draw(st.sampled_from(self.lives))

    @rule()
    def issue(self) -> None:
        self.people += 1
        self.lives.append(Life(self.world.issue(), self.people))

    @rule(seconds=st.integers(1, 10**6) | st.sampled_from([86400 * 365, 86400 * 365 * 5]))
    def wait(self, seconds: int) -> None:
        assert isinstance(self.world.clock, FixedClock)
        issuer = self.world.issuing.issuer.certificate
        if self.now + timedelta(seconds=seconds) < issuer.not_valid_after_utc - timedelta(3650):
            self.world.clock.advance(timedelta(seconds=seconds))

    @precondition(lambda self: self.lives)
    @rule(data=st.data())
    def hold(self, data: st.DataObject) -> None:
        life = self.drawn(data)
        wrong: type[PKIError] | None = None
        if life.certificate.not_valid_after_utc < self.now:
            wrong = HoldExpiredError
        elif life.reason is Reason.certificate_hold:
            wrong = CertificateHeldError
        elif life.reason is not None:
            wrong = AlreadyRevokedError
        if wrong is not None:
            with pytest.raises(wrong):
                hold(self.world.issuing, life.serial, **WHO)
            return
        hold(self.world.issuing, life.serial, **WHO)
        life.reason, life.since = Reason.certificate_hold, self.now

    @precondition(lambda self: self.lives)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        life = self.drawn(data)
        if life.reason is not Reason.certificate_hold:
            with pytest.raises(NotHeldError if life.reason is None else RevocationFinalError):
                release(self.world.issuing, life.serial, **WHO)
            return
        release(self.world.issuing, life.serial, **WHO)
        life.reason = life.since = None

    @precondition(lambda self: self.lives)
    @rule(data=st.data(), reason=st.sampled_from(sorted(FINAL_REASONS, key=str)))
    def revoke(self, data: st.DataObject, reason: x509.ReasonFlags) -> None:
        life = self.drawn(data)
        if life.reason not in {None, Reason.certificate_hold}:
            with pytest.raises(AlreadyRevokedError):
                self.world.issuing.revoke(life.serial, reason)
            return
        self.world.issuing.revoke(life.serial, reason)
        life.reason, life.since = reason, life.since or self.now

    @precondition(lambda self: self.lives)
    @rule(data=st.data())
    def declare_compromise(self, data: st.DataObject) -> None:
        life = self.drawn(data)
        wrong: type[PKIError] | None = None
        if life.reason in {None, Reason.certificate_hold}:
            wrong = NotRevokedError
        elif life.reason in COMPROMISES:
            wrong = AlreadyRevokedError
        if wrong is not None:
            with pytest.raises(wrong):
                declare_compromise(self.world.issuing, life.serial, **WHO)
            return
        declare_compromise(self.world.issuing, life.serial, **WHO)
        life.reason = Reason.key_compromise

    @precondition(lambda self: self.lives)
    @rule(data=st.data())
    def renew(self, data: st.DataObject) -> None:
        life = self.drawn(data)
        same_key = [other.reason for other in self.lives if other.person == life.person]
        wrong: type[PKIError] | None = None
        if life.reason is not None:
            held = life.reason is Reason.certificate_hold
            wrong = RenewHeldError if held else RenewRevokedError
        elif life.certificate.not_valid_after_utc + GRACE < self.now:
            wrong = RenewExpiredError
        elif COMPROMISES & set(same_key):
            wrong = KeyCompromisedError
        if wrong is not None:
            with pytest.raises(wrong):
                renew(self.world.issuing, Following(life.serial, UNBOUNDED, **WHO))
            return
        renewed = renew(self.world.issuing, Following(life.serial, UNBOUNDED, **WHO))
        self.lives.append(Life(renewed, life.person))

    @rule()
    def publish(self) -> None:
        crl = self.world.issuing.issue_crl()
        told = {entry.serial_number: _told(entry) for entry in crl}
        assert told == {
            life.serial: (whole_second(life.since), life.reason)
            for life in self.lives
            if life.since is not None
        }

    @invariant()
    def all_tell_the_same(self) -> None:
        issuer = self.world.issuing.issuer.certificate
        for life in self.lives:
            builder = ocsp.OCSPRequestBuilder()
            asked = builder.add_certificate(life.certificate, issuer, hashes.SHA256()).build()
            answer = ocsp.load_der_ocsp_response(
                self.responder.respond(asked.public_bytes(Encoding.DER))
            )
            if answer.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL:
                self._compare(answer, life)
            status = self.world.issuing.status_at(life.serial, self.now)
            assert (status.reason, status.revoked_at) == (life.reason, life.since)
            held = life.reason is Reason.certificate_hold
            assert (status.standing is Standing.HELD) == held
            assert (status.standing is Standing.REVOKED) == (life.reason is not None and not held)

    def _compare(self, answer: ocsp.OCSPResponse, life: Life) -> None:
        revoked = answer.certificate_status is ocsp.OCSPCertStatus.REVOKED
        assert revoked == (life.reason is not None)
        if life.since is not None:
            told = answer.revocation_reason or Reason.unspecified
            assert (told, answer.revocation_time_utc) == (life.reason, whole_second(life.since))

    @invariant()
    def the_past_stays(self) -> None:
        for life in self.lives:
            for seen in life.seen:
                assert self.world.issuing.status_at(life.serial, seen.at) == seen
            just_now = self.now - timedelta(microseconds=1)  # nothing is recorded there any more
            if not life.seen or life.seen[-1].at < just_now:
                life.seen.append(self.world.issuing.status_at(life.serial, just_now))

    def teardown(self) -> None:
        if hasattr(self, "world"):
            verify_audit(self.world.register)
            self.world.register.close()
            self.folder.cleanup()


def _told(entry: x509.RevokedCertificate) -> tuple[datetime, x509.ReasonFlags]:
    try:
        reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except x509.ExtensionNotFound:
        reason = Reason.unspecified
    return entry.revocation_date_utc, reason


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=20, stateful_step_count=25)
