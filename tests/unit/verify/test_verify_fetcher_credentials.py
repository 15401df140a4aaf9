"""Passwords and client certificates: who sees them, over real HTTP and TLS on loopback."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from pki.clock import SystemClock
from pki.errors.fetching import FetchFailedError, FetchRefusedError
from pki.fetcher import Credentials, FetchRequest
from verify.fetcher import HTTPFetcher

PASSWORD = Credentials(authorization=lambda: "Bearer token")


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        body = self.headers.get("Authorization", "nobody").encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """A handshake that fails is what some tests are about."""


class Names:
    """A root, and PEM files of what it certifies."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._certify("root", self.key, ca=True)
        self.root = folder / "root.pem"
        self.root.write_bytes(self.certificate.public_bytes(Encoding.PEM))

    def _certify(self, name: str, key: ec.EllipticCurvePrivateKey, *, ca: bool = False):
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        root = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "root")])
        now = SystemClock().now()
        address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(root)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([address]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()),
                critical=False,
            )
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .sign(self.key, SHA256())
        )

    def pair(self, name: str, password: bytes | None = None) -> tuple[Path, Path]:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate, file = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        certificate.write_bytes(self._certify(name, key).public_bytes(Encoding.PEM))
        encryption = BestAvailableEncryption(password) if password else NoEncryption()
        file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
        return certificate, file


@pytest.fixture
def names(tmp_path: Path) -> Names:
    return Names(tmp_path)


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    yield from _serve(None)


@pytest.fixture
def guarded(names: Names) -> Iterator[ThreadingHTTPServer]:
    """A server that lets in who shows a certificate of its root."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # With TLS 1.3 a client learns only later that its certificate was refused.
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(*names.pair("server"))
    context.load_verify_locations(names.root)
    context.verify_mode = ssl.CERT_REQUIRED
    yield from _serve(context)


def _serve(context: ssl.SSLContext | None) -> Iterator[ThreadingHTTPServer]:
    server = _Server(("127.0.0.1", 0), _Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def fetch(url: str, credentials: Credentials | None) -> bytes:
    fetcher = HTTPFetcher(("127.0.0.1", "10.0.0.0/8"), SystemClock())
    return fetcher.fetch(FetchRequest(url, credentials=credentials, timeout_seconds=5))


def test_a_password_goes_to_this_machine_over_plain_http(server):
    url = f"http://127.0.0.1:{server.server_port}/"
    assert fetch(url, PASSWORD) == b"Bearer token"
    assert fetch(url, None) == b"nobody"
    assert fetch(url, Credentials()) == b"nobody"


def test_a_password_goes_nowhere_else_over_plain_http():
    asked: list[str] = []
    shown = Credentials(authorization=lambda: asked.append("read") or "Bearer token")
    with pytest.raises(FetchRefusedError) as caught:
        fetch("http://10.1.2.3/tsa", shown)
    assert caught.value.facts["reason"] == "a password goes over https only"
    assert asked == [], "it was not even read"


def test_a_client_certificate_is_shown(guarded, names):
    certificate, key = names.pair("client")
    url = f"https://127.0.0.1:{guarded.server_port}/"
    shown = Credentials(PASSWORD.authorization, certificate, key, names.root)
    assert fetch(url, shown) == b"Bearer token"


def test_without_the_client_certificate_nothing_is_had(guarded, names):
    url = f"https://127.0.0.1:{guarded.server_port}/"
    with pytest.raises(FetchFailedError):
        fetch(url, Credentials(trust=names.root))


def test_a_service_that_nobody_certified_gets_no_password(guarded, names):
    certificate, key = names.pair("client")
    url = f"https://127.0.0.1:{guarded.server_port}/"
    with pytest.raises(FetchFailedError) as caught:
        fetch(url, Credentials(PASSWORD.authorization, certificate, key))
    assert "certificate not accepted" in str(caught.value.facts["reason"])


@pytest.mark.parametrize("missing", ["client_certificate", "client_key", "trust"])
def test_a_file_that_is_not_there_is_a_failure(guarded, names, missing):
    certificate, key = names.pair("client")
    files = {"client_certificate": certificate, "client_key": key, "trust": names.root}
    files[missing] = names.folder / "none.pem"
    with pytest.raises(FetchFailedError):
        fetch(f"https://127.0.0.1:{guarded.server_port}/", Credentials(**files))


def test_a_key_under_a_password_is_refused_and_nobody_is_asked(guarded, names):
    certificate, key = names.pair("client", b"secret")
    url = f"https://127.0.0.1:{guarded.server_port}/"
    with pytest.raises(FetchFailedError) as caught:
        fetch(url, Credentials(None, certificate, key, names.root))
    assert "password" in str(caught.value.facts["reason"])
