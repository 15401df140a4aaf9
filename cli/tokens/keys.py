"""`antin token keygen|csr|import`: keys made on tokens, and the certificates they get."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from cli.files import read_small
from cli.homes.keys import PINs, open_modules
from cli.session import Session
from cli.tokens.choose import choose_token, home_of
from hsm.certificates import find_place, put_certificate
from hsm.generate import MadeKey, make_key
from hsm.locate import open_any
from hsm.protection import KeyProtection
from hsm.uri import KeyURI
from pki.errors.files import MalformedDERError
from pki.keys import KeyType, hash_for
from pki.records.certificates import serial_text


def put_new_key(
    session: Session, named: str, *, key_type: KeyType, label: str, pin_source: str | None
) -> None:
    """Make a key on the token, give out its address, and say how the token keeps it.

    Raises:
        PKIError: no such token, wrong PIN, or the token makes no such keys, or none that stay.
    """
    chosen = choose_token(session, named)
    pins = PINs(session, chosen.home, pin_source)

    def make() -> MadeKey:
        return make_key(chosen.module, chosen.token, pins, label=label, key_type=key_type)

    made = pins.retrying(make)
    attributes = dict(made.protection.as_pairs())
    if not session.as_json:
        tell_protection(session, made.protection)
    session.put(
        "token.keygen/1",
        {"key": str(made.uri), "key_type": key_type.value, "attributes": attributes},
        lambda: str(made.uri),
    )


def tell_protection(session: Session, protection: KeyProtection) -> None:
    """Say on stderr, one line each, what the token says of a private key."""
    answers = {True: "cli.yes", False: "cli.no", None: "cli.token.not_told"}
    for name, value in protection.as_pairs():
        session.tell(f"cli.token.attribute.{name}", value=session.word(answers[value]))


def request_pem(session: Session, key_uri: str, pin_source: str | None) -> bytes:
    """Return a PKCS#10 request signed by the key.

    Raises:
        PKIError: the key cannot be opened.

    Spec: RFC 2986.
    """
    home = home_of(session)
    pins = PINs(session, home, pin_source)
    key = pins.retrying(
        lambda: (
            open_any(key_uri, lambda named: open_modules(home, named, session=session), pins).key
        )
    )
    # The authority takes subject and extensions from its own record; a request needs some name.
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "antin")])
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    return builder.sign(key, hash_for(key)).public_bytes(Encoding.PEM)


def keep_certificate(
    session: Session, key_uri: str | None, file: Path, pin_source: str | None
) -> None:
    """Put a certificate on the token that holds its key.

    Raises:
        MalformedDERError: the file holds no certificate.
        PKIError: its key is on no token, or on several, or the token refuses.
    """
    home = home_of(session)
    certificate = _read(file)
    uri = KeyURI.parse(key_uri) if key_uri is not None else KeyURI()
    modules = open_modules(home, uri.module_path, session=session)
    place = find_place(modules, uri, certificate)
    pins = PINs(session, home, pin_source)
    pins.retrying(lambda: put_certificate(place, certificate, pins))
    serial = serial_text(certificate.serial_number)
    session.put(
        "token.import/1",
        {"key": str(place.uri), "serial": serial, "was_there": place.is_there},
        lambda: session.word("cli.token.imported", serial=serial, key=str(place.uri)),
    )


def _read(file: Path) -> x509.Certificate:
    data = read_small(file)
    try:
        pem = data.lstrip().startswith(b"-----BEGIN")
        return (x509.load_pem_x509_certificate if pem else x509.load_der_x509_certificate)(data)
    except ValueError as error:
        raise MalformedDERError(what=file.name, reason="no certificate") from error
