"""Hands in a request as a clerk asks for it on the command line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509

from cli.errors import BadOptionError
from cli.files import read_small
from cli.homes.office import Office
from cli.issuing.change_status import in_utc
from cli.issuing.issue_certificate import Wanted as Issued
from cli.issuing.issue_certificate import subject_of_options
from cli.requests.judge import judging_desk
from cli.requests.signing import Actor
from pki.authority.approval import approvals_for, approvals_for_certificate
from pki.authority.carry_out import RECOVERY_APPROVALS
from pki.authority.deeds import certificate_deed, recovery_deed, status_deed
from pki.authority.erasure import check_not_erased
from pki.authority.issuance import Order, check_key
from pki.authority.succession import successor_of
from pki.keys import PublicKey
from pki.profile import Profile
from pki.reasons import parse_reason
from pki.records.certificates import CertificateRecord
from pki.records.people import Assignment, own_key
from pki.records.requests import CERTIFYING, Case, RequestKind
from pki.request import parse_request
from pki.requests.concern import check_concerned
from pki.requests.content import Asked, Concerned, Deed
from pki.requests.desk import Desk
from pki.requests.filing import new_request_id, prepare_submission, submit
from pki.strength import check_strength, spki_sha256
from pki.subject import Subject, subject_of

_NEEDS = {
    RequestKind.NEW: ("ca", "profile", "csr"),
    RequestKind.RENEW: ("serial",),
    RequestKind.CHANGE: ("serial", "csr"),
    RequestKind.HOLD: ("serial",),
    RequestKind.RELEASE: ("serial",),
    RequestKind.REVOKE: ("serial", "reason"),
    RequestKind.RECOVER: ("device",),
}
_MAY = {
    RequestKind.NEW: ("subject", "settings"),
    RequestKind.RENEW: ("csr", "profile"),
    RequestKind.CHANGE: ("subject", "settings", "profile"),
    RequestKind.REVOKE: ("invalidity_date",),
}
_OPTIONS = ("serial", "ca", "profile", "csr", "subject", "settings", "reason", "invalidity_date")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The options of `antin request submit`."""

    kind: RequestKind
    serial: str | None = None
    ca: str | None = None
    profile: str | None = None
    csr: Path | None = None
    subject: Path | None = None
    settings: tuple[str, ...] = ()
    reason: str | None = None
    invalidity_date: datetime | None = None
    person: str | None = None
    post: str | None = None
    agency: str | None = None
    device: str | None = None
    request_id: str | None = None

    def check(self) -> None:
        """Refuse options that are missing, or are of another kind of request.

        Raises:
            BadOptionError: the first of them.
        """
        if self.kind is RequestKind.PLAN:
            raise BadOptionError(option="KIND", value=self.kind.value, form="antin plan create")
        needed = _NEEDS[self.kind]
        for name in needed:
            if not getattr(self, name):
                raise BadOptionError(option=_spelt(name), value="-", form=_spelt(name))
        for name in _OPTIONS:
            if getattr(self, name) and name not in (*needed, *_MAY.get(self.kind, ())):
                raise BadOptionError(option=_spelt(name), value=self.kind.value, form="-")


def hand_in(office: Office, wanted: Wanted, actor: Actor) -> Case:
    """Hand the request in, signed by whoever asks.

    Raises:
        BadOptionError: options are missing, or do not go with this kind.
        PKIError: what is asked for would be refused, or who asks may not.
    """
    wanted.check()
    desk, now = judging_desk(office), office.session.clock.now()
    asked = _asked(office, desk, wanted, now)
    if desk.cases.find(asked.id) is None:  # before a PIN is asked for
        check_concerned(asked.kind, asked.concerned, office.register, now, new=True)
    submission = prepare_submission(asked, now)
    signature = actor.sign(office, submission.statement)
    return submit(desk, submission, signature.cms)


def _asked(office: Office, desk: Desk, wanted: Wanted, now: datetime) -> Asked:
    concerned = Concerned(wanted.person, wanted.post, wanted.agency, wanted.device)
    number = wanted.request_id or new_request_id(now)
    if wanted.kind is RequestKind.RECOVER:
        deed = recovery_deed(wanted.device or "")
        return Asked(number, wanted.kind, "-", "-", None, deed, concerned, RECOVERY_APPROVALS)
    if wanted.kind is RequestKind.NEW:
        profile = office.profile(wanted.profile or "")
        name = office.record(wanted.ca or "").name
        order = _new_order(office, wanted, profile)
        deed, needed = certificate_deed(order, name), approvals_for(desk, profile)
        return Asked(number, wanted.kind, name, profile.name, None, deed, concerned, needed)
    record = office.certificate(wanted.serial or "")
    check_not_erased(office.register, record)
    needed = approvals_for_certificate(office.register, desk, record)
    if wanted.kind in {RequestKind.RENEW, RequestKind.CHANGE}:
        profile = office.profile(wanted.profile or record.profile)
        needed = max(needed, approvals_for(desk, profile))
        deed = _following_deed(office, wanted, profile, record)
    else:
        deed = _status_deed(wanted, record)
    if wanted.kind in CERTIFYING and not concerned.told:
        concerned = _hanging(office, record)
    place = (_signer(office, wanted, record), record.profile, record.serial)
    return Asked(number, wanted.kind, *place, deed, concerned, needed)


def _signer(office: Office, wanted: Wanted, record: CertificateRecord) -> str:
    """Return whose key will sign: of a certificate that follows another, whoever issues now."""
    if wanted.kind in {RequestKind.RENEW, RequestKind.CHANGE}:
        return successor_of(office.register, record.issuer)
    return record.issuer


def _hanging(office: Office, record: CertificateRecord) -> Concerned:
    """Return on whom a certificate hangs that is followed: the next one hangs there too."""
    key = own_key(record.issuer, record.serial)
    found = office.register.find_entry(Assignment, key)
    if found is None:
        return Concerned()
    return Concerned(found.person, found.post, found.agency, found.device)


def _status_deed(wanted: Wanted, record: CertificateRecord) -> Deed:
    if wanted.kind is not RequestKind.REVOKE:
        return status_deed(wanted.kind, record)
    reason, since = parse_reason(wanted.reason or "").value, in_utc(wanted.invalidity_date)
    return status_deed(wanted.kind, record, reason=reason, since=since)


def _new_order(office: Office, wanted: Wanted, profile: Profile) -> Order:
    return _checked(office, Order(_key(wanted), profile, _subject(wanted), ""))


def _following_deed(
    office: Office, wanted: Wanted, profile: Profile, record: CertificateRecord
) -> Deed:
    certificate = x509.load_der_x509_certificate(record.der or b"")
    serial, issuer = record.serial, record.issuer
    if wanted.kind is RequestKind.CHANGE:
        order = Order(
            *(_key(wanted), profile, _subject(wanted), ""),
            replaces=serial,
            replaced_of=issuer,
            revokes_replaced=True,
        )
        return certificate_deed(_checked(office, order), _signer(office, wanted, record))
    own = check_strength(certificate.public_key())
    key = own if wanted.csr is None else _key(wanted)
    same = spki_sha256(key) == record.spki_sha256
    order = Order(
        *(key, profile, subject_of(certificate), ""),
        longest=profile.renewal if same else None,
        replaces=serial,
        replaced_of=issuer,
    )
    return certificate_deed(_checked(office, order), _signer(office, wanted, record))


def _checked(office: Office, order: Order) -> Order:
    """Refuse now what would be refused when it is signed."""
    order.profile.check_subject(order.subject)
    check_key(order, office.blocked_keys())
    return order


def _key(wanted: Wanted) -> PublicKey:
    assert wanted.csr is not None  # noqa: S101  `check` was asked
    return parse_request(read_small(wanted.csr)).public_key


def _subject(wanted: Wanted) -> Subject:
    return subject_of_options(Issued("", "", None, None, wanted.subject, wanted.settings, None))


def _spelt(name: str) -> str:
    spelt = {"serial": "SERIAL", "settings": "--set", "invalidity_date": "--invalidity-date"}
    return spelt.get(name, f"--{name}")
