"""A message as mail: headers that nothing from outside can break, and text in UTF-8.

Spec: RFC 5322, RFC 2047, RFC 3834 (Auto-Submitted).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes
from email.header import Header
from email.message import Message
from email.mime.text import MIMEText
from email.policy import SMTP, compat32
from email.utils import format_datetime
from typing import Any, cast

from pki.notices.address import is_address
from pki.notices.recipients import Addressee
from pki.notices.rules import Rules
from pki.notices.telling import LONGEST, Text
from pki.words import VIETNAM, harmless

_POLICY = compat32.clone(linesep="\r\n", max_line_length=76)
_PLAIN = re.compile("[A-Za-z0-9]+(?: [A-Za-z0-9]+)*")
BETWEEN = "\n----------------------------------------\n\n"
"""Between the languages of one message."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A message, ready to go."""

    id: str
    """Of the message, without its domain."""
    recipient: str
    """By code."""
    address: str | None = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    message_id: str
    octets: bytes = field(repr=False)
    """As it goes over the wire: lines end in CRLF, none is longer than 998 octets."""


def build_mail(
    message: str, to: tuple[str, Addressee], texts: tuple[Text, ...], *, rules: Rules, at: datetime
) -> Mail | None:
    """Return a message as mail; None where no mail can be made that says just this.

    Args:
        message: its id.
        to: the recipient by code, and what they are called.
        texts: one for each language, in their order.
        rules: the sender.
        at: its date.
    """
    code, addressee = to
    subject = " / ".join(text.subject for text in texts)
    text = BETWEEN.join(text.body for text in texts)
    if addressee.address is not None and not is_address(addressee.address):
        return None
    message_id = f"<{message}@{rules.sender.rpartition('@')[2]}>"
    to_header = _to(code, addressee)
    content = text.replace("\n", "\r\n")
    mail = cast("Message[Any, Any]", MIMEText(content, "plain", "utf-8", policy=_POLICY))
    mail["From"] = _mailbox("From", rules.sender_name, f"<{rules.sender}>")
    mail["To"] = to_header
    mail["Subject"] = Header(_clean(subject), "utf-8", header_name="Subject")
    mail["Date"] = format_datetime(at.astimezone(VIETNAM))
    mail["Message-ID"] = message_id
    mail["Auto-Submitted"] = "auto-generated"
    mail["Content-Language"] = ", ".join(one.value for one in addressee.languages)
    octets = mail.as_bytes()
    if not _reads_back(octets, addressee.address, mail):
        return None
    return Mail(message, code, addressee.address, subject, text, message_id, octets)


def _to(code: str, addressee: Addressee) -> Header:
    if addressee.address is None:  # nobody to send it to: it is written into a file, or shown
        return _mailbox("To", addressee.name or code, ":;")
    return _mailbox("To", addressee.name, f"<{addressee.address}>")


def _mailbox(header: str, name: str, place: str) -> Header:
    """Return name and address; a name is encoded where it could be anything but a name."""
    made = Header(header_name=header)
    if name := _clean(name):
        made.append(name, "us-ascii" if _PLAIN.fullmatch(name) else "utf-8")
    made.append(place, "us-ascii")
    return made


def _clean(text: str) -> str:
    """Return text for a header: one line, nothing that is no letter."""
    return " ".join(harmless(" ".join(text.split())).split())[: 4 * LONGEST]


def _reads_back(octets: bytes, address: str | None, mail: Message[Any, Any]) -> bool:
    """Say whether what was written has the one recipient and no header of anybody else's."""
    read = message_from_bytes(octets, policy=SMTP)
    to = [one.addr_spec for one in read["To"].addresses]
    return to == ([] if address is None else [address]) and read.keys() == mail.keys()
