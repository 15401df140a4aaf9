"""Opens the signers of this home's public services and puts them behind one ASGI application.

A signer whose certificate's file changed, or that is new in `antin.toml`, is taken up while the
service runs: requests that came before are answered with the one before, all after with the new
one, and none waits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from cli.errors import ServiceFaultyError
from cli.files import read_small
from cli.homes.office import Office
from cli.homes.responders import configuration_of, reread
from cli.homes.settings import Responder, Timestamp
from pki.errors.tree import PKIError
from pki.http.app import Health, PublicServices, build_app
from pki.keys import PrivateKey, certifies
from pki.names import common_name
from pki.ocsp import OCSPResponder, OCSPSigner
from pki.timestamp import TimestampAuthority

if TYPE_CHECKING:
    from starlette.applications import Starlette


@dataclass(frozen=True, slots=True)
class _Taken:
    """What is in use of one signer."""

    signer: Responder | Timestamp
    pem: bytes
    certificate: x509.Certificate
    key: PrivateKey


class Services:
    """The public services of a home; their signers can be taken up again while they run."""

    def __init__(self, office: Office, *, health: Callable[[], Health] | None = None) -> None:
        """Open every signer; PINs are asked for here.

        Raises:
            ServiceFaultyError: a signer's certificate is not of its authority.
            PKIError: a key cannot be opened.
        """
        self._office = office
        self._health = health
        self._taken: dict[Path, _Taken] = {}
        for signer in self._signers():
            self._taken[signer.certificate] = self._take(signer, self._office)
        self.app: Starlette = build_app(self._services())

    def reload(self) -> tuple[tuple[str, PKIError], ...]:
        """Take up the signers that changed or are new, and return what was refused of which.

        What is refused changes nothing: the signer before goes on. Nobody is asked for a PIN; a key
        that is in use already needs none, whichever signer's it is.
        """
        refused: list[tuple[str, PKIError]] = []
        try:
            self._office = reread(self._office)
        except PKIError as error:
            refused.append((configuration_of(self._office).name, error))
        unattended = replace(self._office.pins, unattended=True)
        quiet = replace(self._office, pins=unattended)
        taken = {}
        for signer in self._signers():
            before = self._taken.get(signer.certificate)
            try:
                found: _Taken | None = self._take(signer, quiet)
            except PKIError as error:
                refused.append((signer.certificate.name, error))
                found = before
            if found is not None:
                taken[signer.certificate] = found
        if taken != self._taken:
            self._taken = taken
            self.app.state.services = self._services()
        return tuple(refused)

    def _signers(self) -> tuple[Responder | Timestamp, ...]:
        settings = self._office.home.settings
        other = (settings.timestamp,) if settings.timestamp else ()
        return (*settings.responders, *other)

    def _take(self, signer: Responder | Timestamp, office: Office) -> _Taken:
        path = office.home.path(signer.certificate)
        pem, before = read_small(path), self._taken.get(signer.certificate)
        if before is not None and (before.signer, before.pem) == (signer, pem):
            return before
        try:
            certificate = x509.load_pem_x509_certificate(pem)
        except ValueError as error:
            raise ServiceFaultyError(what=path.name) from error
        if isinstance(signer, Responder):
            issuer = office.record(signer.authority).certificate_der
            _check_issued(certificate, x509.load_der_x509_certificate(issuer))
        for one in self._taken.values():
            if certifies(certificate, one.key):
                return _Taken(signer, pem, certificate, one.key)
        return _Taken(signer, pem, certificate, office.open_key(signer.key, certificate))

    def _services(self) -> PublicServices:
        office = self._office
        responders = office.home.settings.responders
        signers = [self._signer(one) for one in responders if one.certificate in self._taken]
        timestamp = office.home.settings.timestamp
        clock = office.session.clock
        return PublicServices(
            register=office.register,
            ocsp=OCSPResponder(office.register, signers, clock=clock) if signers else None,
            timestamp=self._timestamp(timestamp) if timestamp else None,
            health=self._health,
        )

    def _signer(self, responder: Responder) -> OCSPSigner:
        taken = self._taken[responder.certificate]
        issuer = self._office.record(responder.authority).certificate_der
        return OCSPSigner(
            responder.authority,
            x509.load_der_x509_certificate(issuer),
            taken.certificate,
            taken.key,
        )

    def _timestamp(self, timestamp: Timestamp) -> TimestampAuthority:
        taken = self._taken[timestamp.certificate]
        chain = tuple(
            x509.load_der_x509_certificate(record.certificate_der)
            for record in self._office.register.list_authorities()
            if record.parent is not None
        )
        return TimestampAuthority(
            taken.certificate,
            taken.key,
            chain=chain,
            clock=self._office.session.clock,
            policy_oid=timestamp.policy,
        )


def _check_issued(certificate: x509.Certificate, issuer: x509.Certificate) -> None:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature) as error:
        raise ServiceFaultyError(what=common_name(certificate.subject)) from error
