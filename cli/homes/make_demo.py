"""A demonstration home: a whole administration in small, on embedded tokens.

Root and issuing authority; signers of OCSP, time-stamps and the audit log; and one official whose
key is made on the official's own token. The PINs lie in files of the home: that is what makes it a
demonstration.
"""

from __future__ import annotations

import secrets
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from cli.certificate_text import certificate_object
from cli.errors import PortTakenError
from cli.homes.home import Home
from cli.homes.make_home import MadeHome, laying
from cli.homes.settings import (
    Audit,
    Network,
    Responder,
    Service,
    Settings,
    Signing,
    Timestamp,
    Tokens,
)
from hsm.embedded import EmbeddedTokens
from hsm.generate import generate_key, import_certificate
from hsm.keys import open_key
from hsm.module import Module
from hsm.pin import GivenPinSource, Pin
from hsm.uri import KeyURI
from pki.atomic import PRIVATE, write_atomically
from pki.authority.authority import Authority
from pki.authority.create import NewAuthority, create_issuing, create_root
from pki.clock import Clock
from pki.keys import KeyType, PrivateKey
from pki.names import common_name
from pki.profile import load_profile
from pki.records.register import Register
from pki.register.sql import create_register
from pki.subject import parse_subject
from pki.urls import AuthorityURLs

TOKEN_LABELS = ("root", "issuing", "services", "official")
_AGENCY = "C=VN,L=Tỉnh Mẫu,O=Ủy ban nhân dân xã Mẫu"
SUBJECTS = {
    "root": "C=VN,O=Tỉnh Mẫu,CN=Antin Demo Root CA",
    "issuing": "C=VN,O=Tỉnh Mẫu,CN=Antin Demo Issuing CA",
    "ocsp": "C=VN,O=Tỉnh Mẫu,CN=Antin Demo OCSP",
    "timestamp": "C=VN,O=Tỉnh Mẫu,CN=Antin Demo TSA",
    "audit": "C=VN,O=Tỉnh Mẫu,CN=Antin Demo Audit Log",
    # The digits are a pattern, not a person's.
    "official": f"{_AGENCY},T=Chủ tịch,CN=Nguyễn Văn Mẫu,UID=CCCD:000000000001",
}
PORTS = range(10240, 32768)
REQUESTER = "antin init --demo"


@dataclass(frozen=True, slots=True)
class Key:
    """A key that was just made on a token."""

    uri: KeyURI
    key: PrivateKey


@dataclass(frozen=True, slots=True)
class TokenCase:
    """The demonstration's tokens, and their PINs."""

    module: Module
    pins: dict[str, Pin]

    def make_key(self, token: str, label: str, key_type: KeyType) -> Key:
        """Make a key on a token and open it."""
        pin = self.pins[token]
        uri = generate_key(self.module, token, pin, label=label, key_type=key_type)
        return Key(uri, open_key(uri, (self.module,), GivenPinSource(pin)))

    def keep(self, token: str, key: Key, certificate: x509.Certificate) -> None:
        """Put the certificate beside its key on the token."""
        import_certificate(self.module, token, self.pins[token], key.uri, certificate)


def make_demo(directory: Path, clock: Clock) -> MadeHome:
    """Make the demonstration home.

    Raises:
        HomeExistsError: the folder holds something already.
        PKIError: SoftHSM is missing, or the disk is full.
    """
    home = Home(directory, _settings(_free_port()))
    with laying(home):
        tokens = _make_tokens(home)
        register = create_register(home.register, clock)
        try:
            return _populate(home, tokens, register, clock)
        finally:
            register.close()


def _populate(home: Home, tokens: TokenCase, register: Register, clock: Clock) -> MadeHome:
    root = _make_root(home, tokens, register, clock)
    issuing = _make_issuing(home, tokens, root)
    _make_services(home, tokens, issuing)
    key = tokens.make_key("official", "official", KeyType.EC_P256)
    official = _certify(issuing, "official", key)
    tokens.keep("official", key, official)
    for authority in (root, issuing):
        authority.issue_crl(requester=REQUESTER)
    authorities = tuple(
        {"name": one.issuer.name, **certificate_object(one.issuer.certificate)}
        for one in (root, issuing)
    )
    return MadeHome(home, authorities, _describe_official(official, key))


def _settings(port: int) -> Settings:
    address = f"127.0.0.1:{port}"
    url = f"http://{address}"
    # Keys of the services are found by what stands in the certificate beside them on the token.
    return Settings(
        demo=True,
        service=Service(public_url=url, bind=address),
        responders=(
            Responder(
                authority="issuing", certificate=Path("services/ocsp.pem"), key=_service_key("ocsp")
            ),
        ),
        timestamp=Timestamp(
            certificate=Path("services/timestamp.pem"), key=_service_key("timestamp")
        ),
        audit=Audit(
            origin=f"{address}/audit",
            certificate=Path("services/audit.pem"),
            key=_service_key("audit"),
        ),
        tokens=Tokens(embedded=True),
        pins={label: f"file:pins/{label}" for label in TOKEN_LABELS},
        network=Network(allow=(address,)),
        signing=Signing(timestamp_urls=(f"{url}/tsa",)),
    )


def _service_key(label: str) -> str:
    return str(KeyURI(token="services", object=label))  # noqa: S106  a token's label


def _free_port() -> int:
    # The port is fixed for the home's life, so it lies below the ports that systems lend to
    # outgoing connections: one of those would be taken now and again.
    for _ in range(1000):
        port = PORTS[secrets.randbelow(len(PORTS))]
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise PortTakenError(address=f"127.0.0.1:{PORTS[0]}-{PORTS[-1]}")


def _make_tokens(home: Home) -> TokenCase:
    embedded = EmbeddedTokens(home.tokens)
    (home.directory / "pins").mkdir(mode=0o700)
    pins = {}
    for label in TOKEN_LABELS:
        pins[label] = Pin(_digits())
        embedded.create_token(label, pins[label], Pin(_digits()))
        path = home.directory / "pins" / label
        write_atomically(path, pins[label].reveal().encode(), overwrite=False, mode=PRIVATE)
    return TokenCase(embedded.module(), pins)


def _digits() -> str:
    return f"{secrets.randbelow(10**8):08d}"


def _make_root(home: Home, tokens: TokenCase, register: Register, clock: Clock) -> Authority:
    key = tokens.make_key("root", "root", KeyType.EC_P384)
    root = create_root(_new_authority(home, "root", key), register, clock)
    tokens.keep("root", key, root.issuer.certificate)
    for folder in (home.directory / "trust", home.authorities):
        _write_pem(folder / "root.pem", root.issuer.certificate)
    return root


def _make_issuing(home: Home, tokens: TokenCase, root: Authority) -> Authority:
    key = tokens.make_key("issuing", "issuing", KeyType.EC_P256)
    issuing = create_issuing(root, _new_authority(home, "issuing", key))
    tokens.keep("issuing", key, issuing.issuer.certificate)
    _write_pem(home.authorities / "issuing.pem", issuing.issuer.certificate)
    return issuing


def _new_authority(home: Home, name: str, key: Key) -> NewAuthority:
    return NewAuthority(
        name=name,
        subject=parse_subject(SUBJECTS[name]),
        key=key.key,
        key_uri=str(key.uri),
        profile=load_profile(name),
        urls=AuthorityURLs.under(home.settings.service.public_url or "", name),
        requester=REQUESTER,
    )


def _make_services(home: Home, tokens: TokenCase, issuing: Authority) -> None:
    (home.directory / "services").mkdir()
    for name in ("ocsp", "timestamp", "audit"):
        key = tokens.make_key("services", name, KeyType.EC_P256)
        certificate = _certify(issuing, name, key)
        tokens.keep("services", key, certificate)
        _write_pem(home.directory / "services" / f"{name}.pem", certificate)


def _certify(issuing: Authority, profile: str, key: Key) -> x509.Certificate:
    return issuing.issue(
        key.key.public_key(),
        load_profile(profile),
        parse_subject(SUBJECTS[profile]),
        requester=REQUESTER,
    )


def _write_pem(path: Path, certificate: x509.Certificate) -> None:
    write_atomically(path, certificate.public_bytes(Encoding.PEM), overwrite=False)


def _describe_official(certificate: x509.Certificate, key: Key) -> dict[str, Any]:
    return {
        "common_name": common_name(certificate.subject),
        **certificate_object(certificate),
        "token": key.uri.token,
        "key": str(key.uri),
    }
