"""Name constraints: which names of a certificate lie outside what its issuer may certify.

A kind of name that a constraint speaks of and that cannot be compared, or is no well-formed name
of its kind, counts as outside.

Spec: RFC 5280 §4.2.1.10.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.x509.oid import NameOID

from verify.compare import comparable
from verify.path.extensions import extension

_COMPARISONS = 100_000
"""For one path. A certificate for a large agency has a few hundred names, its issuer a few
hundred subtrees; thousands of each are an attack on whoever compares them."""

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST = re.compile(rf"(?:\*\.)?{_LABEL}(?:\.{_LABEL})*", re.ASCII)
_MAIL = re.compile(rf"[^@\s]+@{_LABEL}(?:\.{_LABEL})*", re.ASCII)


class NamesBudget:
    """How many comparisons of names are left for one path."""

    def __init__(self) -> None:
        self._left = _COMPARISONS

    def covers(self, certificate: x509.Certificate, constraints: x509.NameConstraints) -> bool:
        """Take what comparing these costs at most; False when that is more than is left."""
        permitted, excluded = constraints.permitted_subtrees, constraints.excluded_subtrees
        names = sum(1 for _ in _names(certificate))
        self._left -= names * (len(permitted or ()) + len(excluded or ()))
        return self._left >= 0


def name_violations(
    certificate: x509.Certificate, constraints: x509.NameConstraints
) -> Iterator[str]:
    """Yield the names of `certificate` that `constraints` do not allow."""
    excluded = constraints.excluded_subtrees or []
    permitted = constraints.permitted_subtrees or []
    for name in _names(certificate):
        inside = [subtree for subtree in permitted if type(subtree) is type(name)]
        outside = [subtree for subtree in excluded if type(subtree) is type(name)]
        if not inside and not outside:
            continue
        if (
            not _well_formed(name)
            or (inside and not any(_within(name, subtree) for subtree in inside))
            or any(_meets(name, subtree) for subtree in outside)
        ):
            yield str(name.value)


def _names(certificate: x509.Certificate) -> Iterator[x509.GeneralName]:
    if certificate.subject.rdns:
        yield x509.DirectoryName(certificate.subject)
    names = extension(certificate, x509.SubjectAlternativeName)
    if names is None:
        for item in certificate.subject.get_attributes_for_oid(NameOID.EMAIL_ADDRESS):
            yield x509.RFC822Name._init_without_validation(str(item.value))  # noqa: SLF001  a name in the subject need not be well-formed to be compared
    else:
        yield from names


def _well_formed(name: x509.GeneralName) -> bool:
    match name:
        case x509.DNSName():
            return _is_host(name.value)
        case x509.RFC822Name():
            return _MAIL.fullmatch(name.value.lower()) is not None
        case x509.UniformResourceIdentifier():
            return _is_host(_host_of(name.value))
        case x509.IPAddress():
            return isinstance(name.value, IPv4Address | IPv6Address)
        case _:
            return isinstance(name, x509.DirectoryName)


def _is_host(text: str) -> bool:
    """Say whether `text` is a host's name, and no address of numbers."""
    host = text.lower()
    return _HOST.fullmatch(host) is not None and not host.rpartition(".")[2].isdigit()


def _within(name: x509.GeneralName, subtree: x509.GeneralName) -> bool:
    """Say whether a well-formed name is one of the subtree's."""
    match name, subtree:
        case x509.DirectoryName(), x509.DirectoryName():
            own, base = comparable(name.value), comparable(subtree.value)
            return own[: len(base)] == base
        case x509.DNSName(), x509.DNSName():
            return _host_within(name.value, subtree.value)
        case x509.RFC822Name(), x509.RFC822Name():
            return _mail_within(name.value, subtree.value)
        case x509.UniformResourceIdentifier(), x509.UniformResourceIdentifier():
            return _machine_within(_host_of(name.value), subtree.value)
        case _:
            return _address_within(name.value, subtree.value)


def _meets(name: x509.GeneralName, subtree: x509.GeneralName) -> bool:
    """Say whether a well-formed name is one of the subtree's, or may stand for one of them."""
    if isinstance(name, x509.DNSName) and name.value.startswith("*."):
        parent = name.value[2:].lower()
        base = str(subtree.value).lower().removeprefix(".")
        left, dot, above = base.partition(".")
        if dot and left and above == parent:
            return True
    return _within(name, subtree)


def _host_within(host: str, base: str) -> bool:
    host, base = host.lower(), base.lower().removeprefix(".")
    return not base or host == base or host.endswith(f".{base}")


def _mail_within(mail: str, base: str) -> bool:
    local, _, host = mail.rpartition("@")
    base_local, at, base_host = base.rpartition("@")
    if at:
        return local == base_local and host.lower() == base_host.lower()
    return _machine_within(host, base)


def _machine_within(host: str, base: str) -> bool:
    if base.startswith("."):
        return host.lower().endswith(base.lower())
    return host.lower() == base.lower()


def _host_of(uri: str) -> str:
    try:
        return urlsplit(uri).hostname or ""
    except ValueError:
        return ""


def _address_within(
    address: IPv4Address | IPv6Address | IPv4Network | IPv6Network,
    base: IPv4Address | IPv6Address | IPv4Network | IPv6Network,
) -> bool:
    return isinstance(base, IPv4Network | IPv6Network) and address in base
