"""Name constraints: which names of a certificate lie outside what its issuer may certify.

A kind of name that a constraint speaks of and that cannot be compared counts as outside.

Spec: RFC 5280 §4.2.1.10.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.x509.oid import NameOID


def name_violations(
    certificate: x509.Certificate, constraints: x509.NameConstraints
) -> Iterator[str]:
    """Yield the names of `certificate` that `constraints` do not allow."""
    excluded = constraints.excluded_subtrees or []
    permitted = constraints.permitted_subtrees or []
    for name in _names(certificate):
        same_kind = [subtree for subtree in permitted if type(subtree) is type(name)]
        outside = bool(same_kind) and not any(_within(name, subtree) for subtree in same_kind)
        hit = any(
            type(subtree) is type(name) and _within(name, subtree, unsure=True)
            for subtree in excluded
        )
        if outside or hit:
            yield str(name.value)


def _names(certificate: x509.Certificate) -> Iterator[x509.GeneralName]:
    if certificate.subject.rdns:
        yield x509.DirectoryName(certificate.subject)
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        for item in certificate.subject.get_attributes_for_oid(NameOID.EMAIL_ADDRESS):
            yield x509.RFC822Name._init_without_validation(str(item.value))  # noqa: SLF001  a name in the subject need not be well-formed to be compared
    else:
        yield from names


def _within(name: x509.GeneralName, subtree: x509.GeneralName, *, unsure: bool = False) -> bool:
    match name, subtree:
        case x509.DirectoryName(), x509.DirectoryName():
            return _starts_with(name.value, subtree.value)
        case x509.DNSName(), x509.DNSName():
            return _host_within(name.value, subtree.value)
        case x509.RFC822Name(), x509.RFC822Name():
            return _mail_within(name.value, subtree.value)
        case x509.UniformResourceIdentifier(), x509.UniformResourceIdentifier():
            return _uri_within(name.value, subtree.value, unsure=unsure)
        case x509.IPAddress(), x509.IPAddress():
            return _address_within(name.value, subtree.value)
        case _:
            return unsure


def _starts_with(name: x509.Name, base: x509.Name) -> bool:
    rdns, wanted = list(name.rdns), list(base.rdns)
    return len(rdns) >= len(wanted) and all(
        _folded(one) == _folded(two) for one, two in zip(rdns, wanted, strict=False)
    )


def _folded(rdn: x509.RelativeDistinguishedName) -> set[tuple[str, str]]:
    return {(item.oid.dotted_string, " ".join(str(item.value).casefold().split())) for item in rdn}


def _host_within(host: str, base: str) -> bool:
    host, base = host.lower(), base.lower().removeprefix(".")
    return not base or host == base or host.endswith(f".{base}")


def _mail_within(mail: str, base: str) -> bool:
    local, _, host = mail.rpartition("@")
    base_local, at, base_host = base.rpartition("@")
    if at:
        return local == base_local and host.lower() == base_host.lower()
    if base.startswith("."):
        return host.lower().endswith(base.lower())
    return host.lower() == base.lower()


def _uri_within(uri: str, base: str, *, unsure: bool) -> bool:
    try:
        host = urlsplit(uri).hostname
    except ValueError:
        return unsure
    if not host:
        return unsure
    if base.startswith("."):
        return host.lower().endswith(base.lower())
    return host.lower() == base.lower()


def _address_within(
    address: IPv4Address | IPv6Address | IPv4Network | IPv6Network,
    base: IPv4Address | IPv6Address | IPv4Network | IPv6Network,
) -> bool:
    return (
        isinstance(address, IPv4Address | IPv6Address)
        and isinstance(base, IPv4Network | IPv6Network)
        and address in base
    )
