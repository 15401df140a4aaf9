"""Opens this home's register and the authorities in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from cryptography import x509

from cli.errors import NoPublicURLError, UnknownNameError
from cli.homes.home import Home, get_home, home_directory
from cli.homes.keys import PINs, open_modules
from cli.session import Session
from hsm.locate import open_any
from pki.authority.authority import Authority
from pki.authority.create import open_authority
from pki.authority.issuer import key_elsewhere
from pki.blocked import BlockedKeys, load_blocked_keys
from pki.keys import PrivateKey
from pki.profile import DEFAULT_POLICY_ARC, Profile, load_profile
from pki.records.authorities import AuthorityRecord
from pki.records.certificates import CertificateRecord, CertificateState, serial_text
from pki.register.sql import SQLRegister, open_register
from pki.requests.desk import Desk
from pki.requests.judge import Judge
from pki.urls import AuthorityURLs


@dataclass(frozen=True, slots=True)
class Office:
    """A home at work: its register is open, its authorities can be opened."""

    session: Session
    home: Home
    register: SQLRegister
    pins: PINs

    def public_url(self) -> str:
        """Return the address that certificates will name.

        Raises:
            NoPublicURLError: none is configured.
        """
        url = self.home.settings.service.public_url
        if not url:
            raise NoPublicURLError
        return url

    def record(self, name: str) -> AuthorityRecord:
        """Return an authority's record.

        Raises:
            UnknownNameError: none of that name.
        """
        record = self.register.find_authority(name)
        if record is None:
            raise UnknownNameError(kind="ca", name=name)
        return record

    def authority(self, name: str) -> Authority:
        """Open an authority with its key; the PIN is asked for here.

        Raises:
            UnknownNameError: none of that name.
            NoPublicURLError: the home has no public address yet.
            PKIError: whatever the token answers.
        """
        record = self.record(name)
        certificate = x509.load_der_x509_certificate(record.certificate_der)
        return self._authority(name, lambda: self.open_key(record.key_uri, certificate))

    def authority_elsewhere(self, name: str) -> Authority:
        """Open an authority whose key other processes have, or nobody needs yet.

        Raises:
            UnknownNameError: none of that name.
            NoPublicURLError: the home has no public address yet.
        """
        record = self.record(name)
        return self._authority(name, lambda: key_elsewhere(record.certificate_der))

    def _authority(self, name: str, open_key: Callable[[], PrivateKey]) -> Authority:
        urls = AuthorityURLs.under(self.public_url(), name)
        key = open_key()
        clock = self.session.clock
        opened = open_authority(
            self.register, name, key=key, urls=urls, clock=clock, blocked=self.blocked_keys()
        )
        opened.desk = self.desk()
        return opened

    def desk(self, judge: Judge | None = None) -> Desk:
        """Return where requests are; without a judge nothing is approved there."""
        rules = self.home.settings.requests.approvals
        register = self.register
        return Desk(register, register.cases, self.session.clock, judge, rules, register)

    def open_key(self, uri: str, certificate: x509.Certificate | None = None) -> PrivateKey:
        """Open a key of this home, on a token or in a file.

        Raises:
            PKIError: whatever the token answers.
        """
        return self.pins.retrying(
            lambda: (
                open_any(
                    uri,
                    lambda named: open_modules(self.home, named, session=self.session),
                    self.pins,
                    certificate=certificate,
                ).key
            )
        )

    def blocked_keys(self) -> BlockedKeys:
        """Read the lists of keys that certify nobody.

        Raises:
            PKIError: a list is missing or broken; nothing is certified until it is mended.
        """
        return load_blocked_keys(self.home.blocked_keys)

    def profile(self, name: str) -> Profile:
        """Read a profile, with this administration's policy arc.

        Raises:
            PKIError: no such profile, or it contradicts itself.
        """
        arc = self.home.settings.authorities.policy_arc or DEFAULT_POLICY_ARC
        return load_profile(name, policy_arc=arc)

    def certificate(self, serial: str) -> CertificateRecord:
        """Return the issued certificate with that serial, whichever authority issued it.

        Raises:
            UnknownNameError: none, or the serial stands under more than one authority.
        """
        number = parse_serial(serial)
        found = [
            record
            for authority in self.register.list_authorities()
            if (record := self.register.find_certificate(authority.name, number)) is not None
            and record.state is not CertificateState.RESERVED
        ]
        if len(found) != 1:
            raise UnknownNameError(kind="cert", name=serial_text(number))
        return found[0]


def parse_serial(text: str) -> int:
    """Read a serial as it is shown: hexadecimal, colons allowed.

    Raises:
        UnknownNameError: not a serial.
    """
    try:
        return int(text.replace(":", ""), 16)
    except ValueError as error:
        raise UnknownNameError(kind="cert", name=text) from error


@contextmanager
def open_office(session: Session, *, pin_source: str | None = None) -> Iterator[Office]:
    """Open the home's register for the block.

    Raises:
        NoHomeError: `antin init` was never run there.
        PKIError: the register cannot be opened.
    """
    home = get_home(home_directory(session.home), session.configuration)
    register = open_register(home.register, bounds=home.settings.clock.bounds)
    try:
        yield Office(session, home, register, PINs(session, home, pin_source))
    finally:
        register.close()
