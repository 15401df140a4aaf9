"""Notices that cannot be sent."""

from __future__ import annotations

from pki.errors.tree import RefusedError, UnavailableError


class NoChannelError(RefusedError):
    """Nobody said how notices go out."""

    code = "pki.notices_no_channel"


class NoMailServerError(RefusedError):
    """Notices are to go by mail, and no server is configured."""

    code = "pki.notices_no_server"


class NoticesBusyError(UnavailableError):
    """Another process sends notices of this home (facts: `home`)."""

    code = "pki.notices_busy"


class MailServerError(UnavailableError):
    """The mail server does not answer, or not as one (facts: `server`, `reason`)."""

    code = "pki.mail_server"


class MailTLSError(UnavailableError):
    """No TLS with the mail server that could be relied on (facts: `server`, `reason`)."""

    code = "pki.mail_tls"


class MailLoginError(RefusedError):
    """The mail server does not take user and password (facts: `server`, `status`)."""

    code = "pki.mail_login"


class MailSenderError(RefusedError):
    """The mail server takes nothing from this sender (facts: `server`, `status`)."""

    code = "pki.mail_sender"
