"""Names of hosts, addresses, and mail addresses, in the one form certificates hold them.

Names are written in lower case; labels beyond ASCII become A-labels. What is given as an A-label
must be one: it decodes, and encodes to itself again.

Spec: RFC 1034 §3.5 and RFC 1123 §2.1 (letters, digits, hyphens); RFC 5890 §2.3.2.1 and RFC 5891
§4.2 (A-labels); RFC 5892 §2 (their characters); RFC 6125 §6.4.3 (wildcards); RFC 5321 §4.1.2.
"""

from __future__ import annotations

import re
import unicodedata
from ipaddress import IPv4Address, IPv6Address, ip_address

from pki.letters import foreign_character

MAX_NAME_OCTETS = 253
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(\.{_ATOM})*")
MAX_LOCAL_OCTETS = 64
MAX_MAIL_OCTETS = 254

Address = IPv4Address | IPv6Address


def host_name(text: str) -> str | None:
    """Return a host's name as a certificate holds it; None where it is none.

    Two labels at least; the last is not a number. `*.` may stand in front, with two labels after
    it.
    """
    star = "*." if text.startswith("*.") else ""
    labels = [_a_label(label) for label in text.removeprefix(star).split(".")]
    name = ".".join(label for label in labels if label is not None)
    fits = None not in labels and len(labels) >= 2 and len(star + name) <= MAX_NAME_OCTETS
    return star + name if fits and not name.rpartition(".")[2].isdecimal() else None


def host_address(text: str) -> Address | None:
    """Return an address that one host can have; None for any other text.

    None for those of nobody (unspecified, multicast, loopback, link-local, IPv4 inside IPv6).
    """
    try:
        address = ip_address(text)
    except ValueError:
        return None
    nobodys = (
        address.is_unspecified,
        address.is_multicast,
        address.is_loopback,
        address.is_link_local,
        address.is_reserved,
        isinstance(address, IPv6Address) and (address.ipv4_mapped or address.scope_id) is not None,
    )
    return None if any(nobodys) else address


def mail_address(text: str) -> str | None:
    """Return a mail address, its domain in A-labels; None where it is none.

    The part before the @ is ASCII: others need SmtpUTF8Mailbox (RFC 9598), which few programs read.
    """
    local, at, domain = text.rpartition("@")
    host = host_name(domain)
    if not at or host is None or host.startswith("*"):
        return None
    if not _LOCAL.fullmatch(local) or len(local) > MAX_LOCAL_OCTETS:
        return None
    mail = f"{local}@{host}"
    return mail if len(mail) <= MAX_MAIL_OCTETS else None


def _a_label(text: str) -> str | None:
    label = unicodedata.normalize("NFC", text).lower()
    if not label.isascii():
        label = _encoded(label) or ""
    elif label.startswith("xn--"):
        unicode = _decoded(label)
        label = label if unicode is not None and _encoded(unicode) == label else ""
    elif label[2:4] == "--":
        return None  # reserved (RFC 5890 §2.3.1)
    return label if _LABEL.fullmatch(label) else None


def _encoded(label: str) -> str | None:
    hyphens = label.startswith("-") or label.endswith("-") or label[2:4] == "--"
    if hyphens or not all(_may_stand(char) for char in label) or foreign_character(label):
        return None
    return f"xn--{label.encode('punycode').decode('ascii')}"


def _decoded(label: str) -> str | None:
    try:
        text = label[4:].encode("ascii").decode("punycode")
    except (UnicodeError, ValueError, OverflowError):
        return None
    return None if text.isascii() or not unicodedata.is_normalized("NFC", text) else text


def _may_stand(char: str) -> bool:
    """RFC 5892 §2: letters, digits and marks that case folding and NFKC leave as they are."""
    if char == "-":
        return True
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", char).casefold())
    letter = unicodedata.category(char) in {"Ll", "Lo", "Lm", "Mn", "Mc", "Nd"}
    return letter and folded == char
