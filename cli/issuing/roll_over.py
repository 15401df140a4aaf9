"""Lets an authority go on with a new key, as an administrator asks for it on the command line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from cli.actor import actor
from cli.homes.office import Office
from cli.homes.responders import tell_responder
from cli.issuing.create_authority import Wanted as WantedAuthority
from cli.issuing.create_authority import create_authority
from pki.atomic import write_atomically
from pki.authority.authority import Authority
from pki.authority.rollover import Keyless, check_rollover, link_roots, retire
from pki.authority.succession import check_issues, successor_of
from pki.keys import KeyType
from pki.names import name_text


@dataclass(frozen=True, slots=True)
class Wanted:
    """The options of `antin ca rollover`."""

    name: str
    successor: str
    subject: str | None
    """Of the successor; None for the same."""
    profile: str | None
    key: str | None
    key_type: KeyType | None
    token: str | None
    output: Path | None
    """Folder for the link certificates of two roots."""


@dataclass(frozen=True, slots=True)
class RolledOver:
    """The successor, and what the two roots certified of each other."""

    successor: Authority
    links: tuple[tuple[str, x509.Certificate], ...]
    """Names of files, and certificates."""
    responder: str | None
    """The file of the successor's OCSP signer, if it was made now."""


def check_possible(office: Office, name: str) -> None:
    """Refuse early, without a key.

    Raises:
        UnknownNameError: no such authority.
        AuthorityRetiredError: it was done before.
    """
    check_issues(office.register, office.record(name).name)


def roll_over(office: Office, wanted: Wanted) -> RolledOver:
    """Make the successor unless it is there, link roots, retire the old one; then its OCSP signer.

    The old key is needed to link two roots, and for nothing else: an issuing authority whose key
    was lost or is known to others can still be followed.

    Raises:
        PKIError: any refusal of `pki.authority.rollover` or of the successor's making. What was
            done stays; asked again, the command goes on from there.
    """
    check_possible(office, wanted.name)
    old = Keyless(wanted.name, office.register, office.session.clock)
    parent = _parent(office, wanted)
    check_rollover(old, wanted.successor, is_root=parent is None)
    record = old.record()
    certificate = x509.load_der_x509_certificate(record.certificate_der)
    root = office.authority(wanted.name) if parent is None else None
    profile = wanted.profile or record.profile
    if office.register.find_authority(wanted.successor) is None:
        create_authority(
            office,
            WantedAuthority(
                name=wanted.successor,
                profile=profile,
                subject=wanted.subject or name_text(certificate.subject),
                parent=parent,
                key=wanted.key,
                key_type=wanted.key_type,
                token=wanted.token,
            ),
        )
    new = office.authority(wanted.successor)
    links: tuple[tuple[str, x509.Certificate], ...] = ()
    if root is not None:
        made = link_roots(root, new, office.profile(profile), requester=actor())
        first, second = wanted.name, wanted.successor
        links = (
            (f"{first}-with-{second}.pem", made.old_with_new),
            (f"{second}-with-{first}.pem", made.new_with_old),
        )
        _write(wanted.output, links)
    retire(old, new, requester=actor())
    return RolledOver(new, links, tell_responder(office, new))


def issuing_for(office: Office, name: str) -> Authority:
    """Open whoever issues today in the place of an authority.

    Raises:
        PKIError: as `Office.authority`.
    """
    return office.authority(successor_of(office.register, name))


def _parent(office: Office, wanted: Wanted) -> str | None:
    parent = office.record(wanted.name).parent
    return None if parent is None else successor_of(office.register, parent)


def _write(folder: Path | None, links: tuple[tuple[str, x509.Certificate], ...]) -> None:
    if folder is None:
        return
    for name, certificate in links:
        # Public, and in the register: an older copy may be replaced.
        write_atomically(folder / name, certificate.public_bytes(Encoding.PEM), overwrite=True)
