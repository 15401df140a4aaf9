"""Embedded tokens, requests made with their keys, certificates put beside them."""

from __future__ import annotations

import secrets
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from cli.files import read_small
from cli.homes.home import Home, find_home, get_home, home_directory
from cli.homes.keys import PINs, open_modules
from cli.session import Session
from hsm.embedded import EmbeddedTokens
from hsm.generate import import_certificate
from hsm.locate import open_any
from hsm.module import Module
from hsm.pin import Pin
from hsm.search import find_token
from hsm.tokens import TokenInfo
from hsm.uri import KeyURI
from pki.errors import MalformedDERError
from pki.keys import hash_for
from pki.records import serial_text


def make_token(session: Session, label: str, pin_source: str | None) -> TokenInfo:
    """Set up a token in the home's store.

    The security officer's PIN is drawn at random and forgotten: an embedded token is not unlocked
    but made anew.

    Raises:
        PKIError: the label is taken, the PIN does not do, SoftHSM is missing.
    """
    home = get_home(home_directory(session.home), session.configuration)
    user_pin = PINs(session, home, pin_source).ask(TokenInfo(label=label, serial="-"))
    so_pin = Pin(secrets.token_hex(16))
    return EmbeddedTokens(home.tokens).create_token(label, user_pin, so_pin)


def request_pem(session: Session, key_uri: str, pin_source: str | None) -> bytes:
    """Return a PKCS#10 request signed by the key.

    Raises:
        PKIError: the key cannot be opened.

    Spec: RFC 2986.
    """
    home = _home(session)
    pins = PINs(session, home, pin_source)

    def modules(named: str | None) -> tuple[Module, ...]:
        return open_modules(home, named, session=session)

    key = pins.retrying(lambda: open_any(key_uri, modules, pins).key)
    # The authority takes subject and extensions from its own record; a request needs some name.
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "antin")])
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    return builder.sign(key, hash_for(key)).public_bytes(Encoding.PEM)


def keep_certificate(session: Session, key_uri: str, file: Path, pin_source: str | None) -> str:
    """Put a certificate on the token of the key; return its serial.

    Raises:
        MalformedDERError: the file holds no certificate.
        PKIError: it is another key's, or the token refuses.
    """
    home = _home(session)
    certificate = _read(file)
    uri = KeyURI.parse(key_uri)
    pins = PINs(session, home, pin_source)

    def keep() -> None:
        module, token = find_token(open_modules(home, uri.module_path, session=session), uri)
        import_certificate(module, token.label, pins.ask(token), uri, certificate)

    pins.retrying(keep)
    return serial_text(certificate.serial_number)


def _home(session: Session) -> Home:
    return find_home(home_directory(session.home), session.configuration)


def _read(file: Path) -> x509.Certificate:
    data = read_small(file)
    try:
        pem = data.lstrip().startswith(b"-----BEGIN")
        return (x509.load_pem_x509_certificate if pem else x509.load_der_x509_certificate)(data)
    except ValueError as error:
        raise MalformedDERError(what=file.name, reason="no certificate") from error
