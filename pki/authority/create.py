"""New authorities, and authorities opened again from the register."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import SignatureAlgorithmOID

from pki.authority.authority import Authority
from pki.authority.issuance import Beside, Order, Settle, certify
from pki.authority.issuer import Issuer, Signatory
from pki.authority.succession import check_issues
from pki.blocked import BlockedKeys
from pki.clock import Clock
from pki.errors.authorities import AuthorityExistsError, AuthorityNameError, AuthorityNotFoundError
from pki.errors.keys import KeyMismatchError
from pki.errors.requests import ProfileViolationError
from pki.errors.tree import phrase
from pki.keys import PrivateKey, certifies
from pki.profile import Profile
from pki.records.authorities import AuthorityRecord
from pki.records.changes import AddAuthority, Change, ClaimName
from pki.records.register import Register
from pki.subject import Subject
from pki.urls import AuthorityURLs

# Windows opens a device where a file is asked for by one of these names, whatever its ending; the
# authority's certificate lies in a file of its name, and homes move.
_DEVICE = re.compile(r"con|prn|aux|nul|(com|lpt)[0-9]")


@dataclass(frozen=True, slots=True)
class NewAuthority:
    """An authority to be made."""

    name: str
    """Lower-case letters, digits and hyphens: it stands in addresses."""
    subject: Subject
    key: PrivateKey = field(repr=False)
    key_uri: str
    """Where the key is found again."""
    profile: Profile
    urls: AuthorityURLs
    """The addresses it will write into what it issues."""
    requester: str
    blocked: BlockedKeys = field(default_factory=BlockedKeys)
    """Keys it certifies nobody with, and its own is none of; below a parent by default those that
    the parent knows."""

    @property
    def pss(self) -> bool:
        """Whether it signs by RSASSA-PSS, if its key is one of RSA."""
        return self.profile.authority is not None and self.profile.authority.rsa_pss


def create_root(new: NewAuthority, register: Register, clock: Clock) -> Authority:
    """Make a root: its certificate is signed by its own key, the same way as any other.

    Raises:
        AuthorityExistsError: the name is taken.
        ProfileViolationError: the profile makes no authority, or one below another.
        PKIError: any refusal of `pki.authority.issuance`.
    """
    check_new(new.name, new.profile, register)
    signatory = Signatory(new.name, new.subject.name(), None, new.key, new.urls, new.pss)
    return _create(new, signatory, parent=None, register=register, clock=clock)


def create_issuing(parent: Authority, new: NewAuthority) -> Authority:
    """Make an authority below `parent`, which certifies it.

    Raises:
        AuthorityExistsError: the name is taken.
        AuthorityRevokedError: the parent is revoked.
        ProfileViolationError: the profile makes no authority, or the parent may not make one.
        PKIError: any refusal of `pki.authority.issuance`.
    """
    check_new(new.name, new.profile, parent.register, parent=parent)
    signatory = parent.issuer.signatory()
    name = parent.issuer.name
    if not new.blocked.lists:
        new = replace(new, blocked=parent.blocked)
    return _create(new, signatory, parent=name, register=parent.register, clock=parent.clock)


def open_authority(
    register: Register,
    name: str,
    *,
    key: PrivateKey,
    urls: AuthorityURLs,
    clock: Clock,
    blocked: BlockedKeys | None = None,
) -> Authority:
    """Open an authority that is in the register; it certifies none of the keys in `blocked`.

    One of RSA goes on in the way in which it signed before, PKCS#1 v1.5 or RSASSA-PSS.

    Raises:
        AuthorityNotFoundError: none of that name.
        KeyMismatchError: the key is not its own.
    """
    record = register.find_authority(name)
    if record is None:
        raise AuthorityNotFoundError(authority=name)
    certificate = x509.load_der_x509_certificate(record.certificate_der)
    if not certifies(certificate, key):
        raise KeyMismatchError(authority=name)
    pss = _signs_by_pss(register, name, certificate)
    issuer = Issuer(name, certificate, key, urls, pss)
    return Authority(issuer, register, clock, blocked=blocked)


def _signs_by_pss(register: Register, name: str, own: x509.Certificate) -> bool:
    """Say how an RSA authority signed up to now: its own certificate, or else its newest list.

    What its profile says stands in a file that may be changed, moved or lost since.
    """
    if not isinstance(own.public_key(), rsa.RSAPublicKey):
        return False
    if own.issuer == own.subject:
        return own.signature_algorithm_oid == SignatureAlgorithmOID.RSASSA_PSS
    newest = register.newest_crl(name)
    if newest is None:
        return False
    crl = x509.load_der_x509_crl(newest.der)
    return crl.signature_algorithm_oid == SignatureAlgorithmOID.RSASSA_PSS


def check_new(
    name: str, profile: Profile, register: Register, *, parent: Authority | None = None
) -> None:
    """Refuse an authority that could not be made, before a key is made for it.

    Raises:
        AuthorityNameError: the name cannot stand in an address.
        AuthorityExistsError: the name is taken.
        ProfileViolationError: the profile makes no authority, or the parent may not make one.
        AuthorityRevokedError: the parent is revoked.
        AuthorityRetiredError: another one goes on in the parent's place.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", name) or _DEVICE.fullmatch(name):
        raise AuthorityNameError(authority=name)
    if not profile.is_authority:
        raise ProfileViolationError(profile=profile.name, reason=phrase("pki.profile.makes_none"))
    if register.find_authority(name) is not None:
        raise AuthorityExistsError(authority=name)
    if parent is not None:
        check_may_certify(parent, profile)


def check_may_certify(parent: Authority, profile: Profile) -> None:
    """Refuse to let an authority certify another one.

    Raises:
        AuthorityRevokedError: it is revoked.
        AuthorityRetiredError: another one goes on in its place.
        ProfileViolationError: the profile makes no authority, or this one may not make any.
    """
    if not profile.is_authority:
        raise ProfileViolationError(profile=profile.name, reason=phrase("pki.profile.makes_none"))
    parent.check_in_force()
    check_issues(parent.register, parent.issuer.name)
    limits = parent.issuer.certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    if limits.value.path_length == 0:
        raise ProfileViolationError(profile=profile.name, reason=phrase("pki.profile.path_length"))


def _create(
    new: NewAuthority,
    signatory: Signatory,
    *,
    parent: str | None,
    register: Register,
    clock: Clock,
) -> Authority:
    order = Order(new.key.public_key(), new.profile, new.subject, new.requester)
    settle = _settlement(new, parent, clock)
    certificate = certify(
        order, signatory, register=register, clock=clock, blocked=new.blocked, beside=Beside(settle)
    )
    issuer = Issuer(new.name, certificate, new.key, new.urls, new.pss)
    return Authority(issuer, register, clock, blocked=new.blocked)


def _settlement(new: NewAuthority, parent: str | None, clock: Clock) -> Settle:
    table = new.profile.authority

    def settle(certificate: x509.Certificate) -> tuple[Change, ...]:
        record = AuthorityRecord(
            name=new.name,
            certificate_der=certificate.public_bytes(Encoding.DER),
            key_uri=new.key_uri,
            parent=parent,
            profile=new.profile.name,
            crl_lifetime=timedelta(days=table.crl_days if table else 0),
            created_at=clock.now(),
            delta_lifetime=_hours(table.delta_hours if table else None),
        )
        return (ClaimName(new.name), AddAuthority(record))

    return settle


def _hours(count: int | None) -> timedelta | None:
    return timedelta(hours=count) if count is not None else None
