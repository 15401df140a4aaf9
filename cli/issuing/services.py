"""Opens the signers of this home's public services and puts them behind one ASGI application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from cli.errors import ServiceFaultyError
from cli.files import read_small
from cli.homes.office import Office
from cli.homes.settings import Responder, Timestamp
from pki.http.app import PublicServices, build_app
from pki.names import common_name
from pki.ocsp import OCSPResponder, OCSPSigner
from pki.timestamp import TimestampAuthority

if TYPE_CHECKING:
    from starlette.applications import Starlette


def public_app(office: Office) -> Starlette:
    """Return the application that serves CRL, AIA, OCSP and time-stamps of this home.

    Raises:
        ServiceFaultyError: a signer's certificate is not of its authority.
        PKIError: a key cannot be opened.
    """
    signers = [_signer(office, responder) for responder in office.home.settings.responders]
    clock = office.session.clock
    timestamp = office.home.settings.timestamp
    services = PublicServices(
        register=office.register,
        ocsp=OCSPResponder(office.register, signers, clock=clock) if signers else None,
        timestamp=_timestamp(office, timestamp) if timestamp else None,
    )
    return build_app(services)


def _signer(office: Office, responder: Responder) -> OCSPSigner:
    issuer = x509.load_der_x509_certificate(office.record(responder.authority).certificate_der)
    certificate = _certificate(office, responder)
    _check_issued(certificate, issuer)
    key = office.open_key(responder.key, certificate)
    return OCSPSigner(responder.authority, issuer, certificate, key)


def _timestamp(office: Office, timestamp: Timestamp) -> TimestampAuthority:
    certificate = _certificate(office, timestamp)
    chain = tuple(
        x509.load_der_x509_certificate(record.certificate_der)
        for record in office.register.list_authorities()
        if record.parent is not None
    )
    key = office.open_key(timestamp.key, certificate)
    return TimestampAuthority(
        certificate,
        key,
        chain=chain,
        clock=office.session.clock,
        policy_oid=timestamp.policy,
    )


def _certificate(office: Office, signer: Responder | Timestamp) -> x509.Certificate:
    path = office.home.path(signer.certificate)
    try:
        return x509.load_pem_x509_certificate(read_small(path))
    except ValueError as error:
        raise ServiceFaultyError(what=path.name) from error


def _check_issued(certificate: x509.Certificate, issuer: x509.Certificate) -> None:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature) as error:
        raise ServiceFaultyError(what=common_name(certificate.subject)) from error
