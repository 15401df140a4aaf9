"""Mail servers for tests: a real one with TLS and login, and ones that misbehave."""

# ruff: noqa: ARG001, ARG002, N802  aiosmtpd's own shape

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from pki.clock import SystemClock

USER, PASSWORD = "antin", "mật-khẩu-không-ai-biết".encode("ascii", "ignore").decode() + "-9"


@dataclass
class Received:
    """What a server took, and what it answers before it takes anything."""

    mails: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    sessions: set[int] = field(default_factory=set)
    secure: list[bool] = field(default_factory=list)
    users: list[bytes | None] = field(default_factory=list)
    refuse: Callable[[str], str | None] = lambda _: None
    """Answers a recipient; None takes them."""
    refuse_sender: str | None = None
    refuse_data: Callable[[int], str | None] = lambda _: None
    """Answers a message by how many were taken; None takes it."""

    async def handle_MAIL(
        self, server: SMTP, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.refuse_sender is not None:
            return self.refuse_sender
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.refuse(address)
        if answer is None:
            envelope.rcpt_tos.append(address)
        return answer or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Envelope) -> str:
        answer = self.refuse_data(len(self.mails))
        if answer is not None:
            return answer
        assert isinstance(envelope.content, bytes)
        self.mails.append(envelope.content)
        self.recipients += envelope.rcpt_tos
        self.senders.append(envelope.mail_from or "")
        self.sessions.add(id(session))
        transport = server.transport
        assert transport is not None
        self.secure.append(transport.get_extra_info("ssl_object") is not None)
        self.users.append(session.auth_data and session.auth_data.login)
        return "250 OK"


def _authenticate(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
) -> AuthResult:
    right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=False, auth_data=data)


@dataclass
class MailServer:
    """A server that is up."""

    port: int
    received: Received
    root: Path
    """PEM of who vouches for its TLS."""


@dataclass
class Certified:
    """A root and a server's certificate, in files."""

    folder: Path
    host: str = "127.0.0.1"

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.root, self.chain = self.folder / "mail-root.pem", self.folder / "mail.pem"
        above, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Mail root")])
        root = _certificate(name, name, above.public_key(), above, authority=True)
        own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.host)])
        san = x509.SubjectAlternativeName([x509.IPAddress(ip_address(self.host))])
        leaf = _certificate(own, name, key.public_key(), above, san=san)
        self.root.write_bytes(root.public_bytes(Encoding.PEM))
        plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self.chain.write_bytes(plain + leaf.public_bytes(Encoding.PEM))

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.chain)
        return context


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    key: ec.EllipticCurvePrivateKey,
    *,
    authority: bool = False,
    san: x509.SubjectAlternativeName | None = None,
) -> x509.Certificate:
    now = SystemClock().now()
    builder = x509.CertificateBuilder(issuer, subject, public_key, x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1))
    builder = builder.not_valid_after(now + timedelta(days=30))
    builder = builder.add_extension(x509.BasicConstraints(authority, None), critical=True)
    identifier = x509.SubjectKeyIdentifier.from_public_key(public_key)
    builder = builder.add_extension(identifier, critical=False)
    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    builder = builder.add_extension(above, critical=False)
    if san is not None:
        builder = builder.add_extension(san, critical=False)
    return builder.sign(key, hashes.SHA256())


@contextmanager
def mail_server(
    certified: Certified | None, *, implicit: bool = False, login: bool = True
) -> Iterator[MailServer]:
    """Run aiosmtpd: with STARTTLS, with TLS from the first byte on, or without."""
    received = Received()
    options: dict[str, Any] = {"auth_require_tls": certified is not None and not implicit}
    if login:
        options |= {"authenticator": _authenticate, "auth_required": not implicit}
    if certified is not None and implicit:
        options["ssl_context"] = certified.context()
    elif certified is not None:
        options |= {"tls_context": certified.context(), "require_starttls": True}
    port = free_port()
    server = Controller(received, hostname="127.0.0.1", port=port, **options)
    server.start()
    try:
        yield MailServer(port, received, certified.root if certified else Path())
    finally:
        server.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def bad_server(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """Run a server whose every connection is a talk of its own; yield its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []
    over = threading.Event()

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            talk(connection)

    def accept() -> None:
        while not over.is_set():
            with suppress(OSError):
                connection, _ = listener.accept()
                connection.settimeout(5)
                one = threading.Thread(target=serve, args=(connection,))
                threads.append(one)
                one.start()

    taker = threading.Thread(target=accept)
    taker.start()
    try:
        yield listener.getsockname()[1]
    finally:
        over.set()
        with suppress(OSError), socket.create_connection(listener.getsockname(), 1):
            pass
        taker.join()
        listener.close()
        for one in threads:
            one.join()


def silent(connection: socket.socket) -> None:
    """Never answer, until the other one goes."""
    connection.recv(1)


def hurried(connection: socket.socket) -> None:
    """Close in the middle of the greeting."""
    connection.sendall(b"22")


def endless_line(connection: socket.socket) -> None:
    """Answer with one line that has no end."""
    for _ in range(10_000):
        connection.sendall(b"220" + b"a" * 4096)


def endless_lines(connection: socket.socket) -> None:
    """Answer with lines that always say that one more comes."""
    for _ in range(1_000_000):
        connection.sendall(b"220-and\r\n" * 100)


def dripping(connection: socket.socket) -> None:
    """Answer a byte at a time, so slowly that no single one is too late."""
    while True:
        connection.sendall(b"2")
        time.sleep(0.05)


def no_smtp(connection: socket.socket) -> None:
    """Speak another language."""
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def not_ready(connection: socket.socket) -> None:
    """Have no time."""
    connection.sendall(b"421 4.3.2 a@b.example not now\r\n")
    connection.recv(64)


def without_tls(connection: socket.socket) -> None:
    """Offer no TLS."""
    connection.sendall(b"220 ready\r\n")
    while connection.recv(1024):
        connection.sendall(b"250 fine\r\n")


def refusing_tls(connection: socket.socket) -> None:
    """Offer TLS and refuse it."""
    connection.sendall(b"220 ready\r\n")
    connection.recv(1024)
    connection.sendall(b"250-fine\r\n250 STARTTLS\r\n")
    connection.recv(1024)
    connection.sendall(b"454 4.7.0 no TLS just now\r\n")
    connection.recv(1024)


def broken_tls(connection: socket.socket) -> None:
    """Say something else where TLS should begin."""
    connection.sendall(b"220 ready\r\n")
    connection.recv(1024)
    connection.sendall(b"250-fine\r\n250 STARTTLS\r\n")
    connection.recv(1024)
    connection.sendall(b"220 go ahead\r\n250 injected\r\n")
    connection.recv(1024)
    connection.sendall(b"250 this is no TLS\r\n")
    connection.recv(1024)


def script(*answers: bytes) -> Callable[[socket.socket], None]:
    """Return a talk that gives these answers in turn, and then closes."""

    def talk(connection: socket.socket) -> None:
        connection.sendall(b"220 ready\r\n")
        for answer in answers:
            connection.recv(65536)
            connection.sendall(answer)

    return talk
