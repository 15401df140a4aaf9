"""Rules on name constraints: those that a certificate sets, and those that its issuer is under.

Antin sets them for hosts and mail. An authority that was made elsewhere may be under others: what
cannot be judged is not passed.

Spec: RFC 5280 §4.2.1.10; ids name the clause.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from cryptography import x509

from pki.lint.frame import Frame
from pki.lint.target import (
    Fault,
    FrameRule,
    Rule,
    Target,
    collect,
    collect_frame,
    unless,
)

RULES: list[Rule | FrameRule] = []


def constraints_of(
    permitted_dns: Iterable[str], permitted_mail: Iterable[str]
) -> x509.NameConstraints:
    """Return the extension that permits these domains and what lies below them.

    For mail a domain stands twice: alone it means its own addresses, with a dot those below it.
    """
    trees: list[x509.GeneralName] = [x509.DNSName(domain) for domain in permitted_dns]
    for domain in permitted_mail:
        trees += [x509.RFC822Name(domain), x509.RFC822Name(f".{domain}")]
    return x509.NameConstraints(permitted_subtrees=trees, excluded_subtrees=None)


@collect_frame(RULES, "rfc5280.4.2.1.10.name_constraints")
def _name_constraints(frame: Frame) -> Fault:
    extension = frame.extension(x509.NameConstraints)
    profile = frame.profile
    table = profile.authority
    if table is None or not profile.has_name_constraints:
        return unless(extension is None)
    expected = constraints_of(table.permitted_dns, table.permitted_mail)
    return unless(extension is not None and extension.critical and extension.value == expected)


@collect(RULES, "rfc5280.4.2.1.10.within_the_issuers")
def _within_the_issuers(target: Target) -> Fault:
    issuer = target.intent.issuer
    if issuer is None:
        return None
    limits = _limits(issuer)
    if limits is None:
        return None
    permitted, excluded = limits.permitted_subtrees or (), limits.excluded_subtrees or ()
    for name in _names(target):
        trees = [tree for tree in permitted if type(tree) is type(name)]
        if excluded or (trees and not any(lies_below(name, tree) for tree in trees)):
            return {"kind": type(name).__name__}
    return None


def lies_below(name: x509.GeneralName, tree: x509.GeneralName) -> bool:
    """Say whether a name lies in a permitted tree; of kinds that Antin does not set, never."""
    match name, tree:
        case x509.DNSName(), x509.DNSName():
            return f".{name.value}".endswith(f".{tree.value}")
        case x509.RFC822Name(), x509.RFC822Name():
            host = name.value.rpartition("@")[2]
            return host.endswith(tree.value) if tree.value.startswith(".") else host == tree.value
        case _:
            return False


@lru_cache(maxsize=64)
def _limits(issuer: x509.Certificate) -> x509.NameConstraints | None:
    """Return the constraints that an authority is under; there are few authorities."""
    try:
        return issuer.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound:
        return None


def _names(target: Target) -> list[x509.GeneralName]:
    names: list[x509.GeneralName] = [x509.DirectoryName(target.subject)]
    for extension in target.certificate.extensions:
        if isinstance(extension.value, x509.SubjectAlternativeName):
            names += extension.value
    return names
