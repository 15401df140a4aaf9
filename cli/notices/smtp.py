"""Hands messages to a mail server: one connection for many, none without TLS but on this machine.

The server is not trusted with this process: each answer has an end in time and length. What it says
is not kept, its status is: servers repeat addresses, and could repeat a password.

Spec: RFC 5321; RFC 3207 (STARTTLS); RFC 8314 §3.3 (TLS from the first byte on); RFC 4954 (login).
"""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cli.homes.notice_settings import MailServer
from cli.homes.secret_source import read_secret
from cli.notices.smtp_reader import BoundedReader
from pki.errors.notices import MailLoginError, MailSenderError, MailServerError, MailTLSError
from pki.errors.tree import PKIError
from pki.notices.dispatch import SENT, Delivery
from pki.notices.mail import Mail
from pki.records.notices import MessageState

PAUSES = (1.0, 4.0, 15.0)
"""Seconds before each further try to connect."""
CLOSING = 421
"""RFC 5321 §3.8: the server goes away."""
MOST_HINDRANCES = 6
"""After so many messages in a row that the server did not take, whoever they were for."""
LONGEST_PAUSE = 30.0
_FAILED = MessageState.FAILED
_NOBODY = re.compile(r"5[0-9]{2} 5\.1\.|55[013]\Z")
"""RFC 3463 §3.2 (addressing); RFC 5321 §4.2.3, of servers that say no more."""
_ENHANCED = re.compile(rb"^([245]\.[0-9]{1,3}\.[0-9]{1,3})\b")


class _Connection(smtplib.SMTP):
    """smtplib's client, whose every answer is bounded."""

    def __init__(self, server: MailServer, name: str, context: ssl.SSLContext) -> None:
        super().__init__(local_hostname=name, timeout=server.timeout_seconds)
        self._host = server.host  # whose certificate STARTTLS asks for
        self._server = server
        self._context = context

    def getreply(self) -> tuple[int, bytes]:
        """Read one answer, which may be of many lines."""
        if self.file is None and self.sock is not None:
            self.file = BoundedReader(self.sock, self._server.timeout_seconds)
        if isinstance(self.file, BoundedReader):
            self.file.begin()
        return super().getreply()

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        plain = socket.create_connection((host, port), timeout)
        if self._server.tls != "tls":
            return plain
        return self._context.wrap_socket(plain, server_hostname=host)


@dataclass(slots=True)
class MailCarrier:
    """Takes messages to a mail server."""

    server: MailServer
    folder: Path
    """Of the home, where relative paths begin."""
    sender: str
    pause: Callable[[float], None] = time.sleep
    tick: Callable[[], float] = time.monotonic
    batch: int = field(default=20, init=False)
    needs_address: bool = field(default=True, init=False)
    _connection: _Connection | None = field(default=None, init=False)
    _carried: int = field(default=0, init=False)
    _hindrances: int = field(default=0, init=False)
    _next: float = field(default=0.0, init=False)

    def open(self) -> None:
        """Connect, with TLS and login, trying again a few times.

        Raises:
            MailServerError: nobody answers, or not as a mail server.
            MailTLSError: no TLS that could be relied on.
            MailLoginError: user and password are not taken.
            SecretUnavailableError: the password cannot be had.
        """
        if self._connection is not None and self._carried < self.server.per_connection:
            return
        self.close()
        for wait in (*PAUSES, None):
            try:
                self._connection = self._connect()
            except MailServerError:
                if wait is None:
                    raise
                self.pause(wait)
            else:
                self._carried = 0
                return

    def close(self) -> None:
        """Take leave of the server, whatever it says."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            connection.quit()
        except (OSError, smtplib.SMTPException, ValueError):
            pass
        finally:
            connection.close()

    def carry(self, mails: Sequence[Mail]) -> Iterator[Delivery]:
        """Hand messages over, one after the other.

        Raises:
            PKIError: as `open`; or the server went away again and again, or takes nothing from us.
        """
        for mail in mails:
            self._wait()
            self.open()
            yield self._hand_over(mail)

    def _hand_over(self, mail: Mail) -> Delivery:
        """Send one message; on a connection that broke, once more on a new one.

        It may have arrived before the connection broke: the receiver knows it by its Message-ID.
        """
        delivery = self._try(mail)
        if delivery is None:
            self.open()
            delivery = self._try(mail)
        if delivery is None:
            raise MailServerError(server=self._name, reason="disconnected")
        return delivery

    def _try(self, mail: Mail) -> Delivery | None:
        connection = self._connection
        assert connection is not None and mail.address is not None  # noqa: S101, PT018  it was opened
        self._carried += 1
        try:
            connection.sendmail(self.sender, [mail.address], mail.octets)
        except smtplib.SMTPRecipientsRefused as error:
            return self._recipient_refused(*error.recipients[mail.address])
        except smtplib.SMTPSenderRefused as error:
            if 500 <= error.smtp_code < 600:
                status = status_of(error.smtp_code, error.smtp_error)
                raise MailSenderError(server=self._name, status=status) from None
            return self._hindered(error.smtp_code, error.smtp_error)
        except smtplib.SMTPResponseException as error:
            return self._hindered(error.smtp_code, error.smtp_error)
        except (smtplib.SMTPException, OSError, ValueError):
            self._drop()
            return None
        self._hindrances = 0
        return SENT

    def _recipient_refused(self, code: int, text: bytes | str) -> Delivery:
        """Say what is wrong with one recipient; only that there is none such is for good."""
        status = status_of(code, text)
        if code == CLOSING:
            return self._hindered(code, text)
        return Delivery(MessageState.REFUSED if _NOBODY.match(status) else _FAILED, status)

    def _hindered(self, code: int, text: bytes | str) -> Delivery:
        """Say what is wrong with the server, and leave it time; it is asked only so often."""
        status = status_of(code, text)
        if code == CLOSING or code < 0:
            self._drop()
        self._hindrances += 1
        if self._hindrances >= MOST_HINDRANCES:
            raise MailServerError(server=self._name, reason=status) from None
        self.pause(min(2.0**self._hindrances, LONGEST_PAUSE))
        return Delivery(_FAILED, status)

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _wait(self) -> None:
        """Keep to the rate."""
        now = self.tick()
        if now < self._next:
            self.pause(self._next - now)
        self._next = max(now, self._next) + 60 / self.server.per_minute

    @property
    def _name(self) -> str:
        return f"{self.server.host}:{self.server.at}"

    def _connect(self) -> _Connection:
        server = self.server
        context = self._context()
        secret = read_secret(server.secret, self.folder) if server.secret else ""
        connection = _Connection(server, self.sender.rpartition("@")[2], context)
        try:
            self._greet(connection, context)
            if server.user is not None:
                self._log_in(connection, server.user, secret)
        except BaseException:
            connection.close()
            raise
        return connection

    def _greet(self, connection: _Connection, context: ssl.SSLContext) -> None:
        try:
            code, text = connection.connect(self.server.host, self.server.at)
            if code != 220:
                raise MailServerError(server=self._name, reason=status_of(code, text))
            connection.ehlo_or_helo_if_needed()
            if self.server.tls == "starttls":
                connection.starttls(context=context)
                connection.ehlo()
        except ssl.SSLError as error:
            raise MailTLSError(server=self._name, reason=error.reason or "TLS") from None
        except smtplib.SMTPNotSupportedError:
            raise MailTLSError(server=self._name, reason="STARTTLS") from None
        except smtplib.SMTPResponseException as error:
            reason = status_of(error.smtp_code, error.smtp_error)
            raise MailServerError(server=self._name, reason=reason) from None
        except (OSError, smtplib.SMTPException, ValueError) as error:
            raise MailServerError(server=self._name, reason=type(error).__name__) from None

    def _log_in(self, connection: _Connection, user: str, secret: str) -> None:
        # Nothing of what is raised is kept: it may hold the password.
        error: PKIError
        try:
            connection.login(user, secret)
        except smtplib.SMTPAuthenticationError as refused:
            if 400 <= refused.smtp_code < 500:
                error = MailServerError(server=self._name, reason=str(refused.smtp_code))
            else:
                error = MailLoginError(server=self._name, status=str(refused.smtp_code))
        except smtplib.SMTPNotSupportedError:
            error = MailLoginError(server=self._name, status="AUTH")
        except UnicodeError:
            error = MailLoginError(server=self._name, status="ASCII")
        except (OSError, smtplib.SMTPException, ValueError) as broken:
            error = MailServerError(server=self._name, reason=type(broken).__name__)
        else:
            return
        raise error

    def _context(self) -> ssl.SSLContext:
        trust = self.server.trust
        try:
            context = ssl.create_default_context(cafile=self.folder / trust if trust else None)
        except (OSError, ssl.SSLError):
            raise MailTLSError(server=self._name, reason=str(trust)) from None
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context


def status_of(code: int, text: bytes | str) -> str:
    """Return an answer's status, with its enhanced one (RFC 3463), and none of its words."""
    octets = text if isinstance(text, bytes) else text.encode("ascii", "replace")
    enhanced = _ENHANCED.match(octets)
    return f"{code} {enhanced[1].decode('ascii')}" if enhanced is not None else str(code)
