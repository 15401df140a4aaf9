"""Holds a revocation list from a file against the register, by the gate of publication."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from cli.errors import UnknownNameError
from cli.files import read_small
from cli.homes.office import Office
from pki.authority.crl import wanted_serials
from pki.authority.crl_gate import Published, judge_crl
from pki.authority.crl_reader import ReadCRL, read_crl
from pki.errors.files import MalformedDERError
from pki.errors.tree import Phrase
from pki.names import name_text
from pki.records.authorities import AuthorityRecord
from pki.records.lists import CRLRecord, Snapshot
from pki.records.register import Register

MAX_LIST = 256 * 1024 * 1024
"""Four million entries."""


@dataclass(frozen=True, slots=True)
class CheckedCRL:
    """A list, whose it is held to be, and what speaks against it."""

    ca: str
    read: ReadCRL
    findings: tuple[Phrase, ...]


def check_crl(office: Office, path: Path, ca: str | None, previous: Path | None) -> CheckedCRL:
    """Judge the list in a file; one that the register stored, as of when it was stored.

    Raises:
        UnreadableFileError: a file cannot be read, or is larger than 256 MiB.
        MalformedDERError: no revocation list.
        UnknownNameError: no such authority, or none of the list's issuer.
    """
    read = read_list(path)
    record = office.record(ca) if ca else _authority_of(office.register, read)
    published = _published(office.register, record, read, previous)
    judged = replace(published, now=office.session.clock.now())
    return CheckedCRL(record.name, read, judge_crl(read, judged))


def read_list(path: Path) -> ReadCRL:
    """Read a list in DER or PEM.

    Raises:
        UnreadableFileError: not there, not readable, or larger than 256 MiB.
        MalformedDERError: no revocation list.
    """
    data = read_small(path, most=MAX_LIST)
    if data.lstrip().startswith(b"-----BEGIN"):
        try:
            data = x509.load_pem_x509_crl(data).public_bytes(Encoding.DER)
        except ValueError as error:
            raise MalformedDERError(what=path.name, reason="no revocation list") from error
    return read_crl(data)


def _published(
    register: Register, record: AuthorityRecord, read: ReadCRL, previous: Path | None
) -> Published:
    stored = register.find_crl(record.name, read.number) if read.number is not None else None
    if stored is not None and stored.der != read.der:
        stored = None
    follows = read_list(previous) if previous else None
    newest: ReadCRL | CRLRecord | None = follows
    if follows is None:
        before = stored.number if stored else None
        full, delta = (
            register.newest_crl(record.name, delta=delta, before=before) for delta in (False, True)
        )
        follows = read_crl(full.der) if full else None
        newest = delta if full and delta and delta.number > full.number else full
    return Published(
        issuer=x509.load_der_x509_certificate(record.certificate_der),
        now=read.this_update,
        previous=follows,
        newest_number=newest.number if newest else None,
        newest_update=newest.this_update if newest else None,
        snapshot=_snapshot(register, record.name, read, stored),
    )


def _snapshot(
    register: Register, name: str, read: ReadCRL, stored: CRLRecord | None
) -> Callable[[], Iterator[str]] | None:
    """Return what the register wants listed; None for a delta to a list it does not know."""
    after = None
    if read.base_number is not None:
        base = register.find_crl(name, read.base_number)
        if base is None:
            return None
        after = base.last_sequence
    upto = stored.last_sequence if stored else register.last_sequence()
    snapshot = Snapshot(name, upto, after)
    return lambda: wanted_serials(register, snapshot)


def _authority_of(register: Register, read: ReadCRL) -> AuthorityRecord:
    for record in register.list_authorities():
        certificate = x509.load_der_x509_certificate(record.certificate_der)
        if certificate.subject.public_bytes() == read.crl.issuer.public_bytes():
            return record
    raise UnknownNameError(kind="ca", name=name_text(read.crl.issuer))
