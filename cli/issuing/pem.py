"""Certificates out of the register, as PEM."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from cli.homes.office import Office
from cli.session import Session
from pki.atomic import write_atomically


def pem_of(der: bytes) -> bytes:
    """Return a certificate's DER as PEM."""
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)


def chain_pem(office: Office, name: str, *, whole: bool) -> bytes:
    """Return an authority's certificate, and those above it, nearest first.

    Raises:
        UnknownNameError: no such authority.
    """
    record = office.record(name)
    pem = pem_of(record.certificate_der)
    while whole and record.parent is not None:
        record = office.record(record.parent)
        pem += pem_of(record.certificate_der)
    return pem


def put_pem(session: Session, schema: str, pem: bytes, output: Path | None) -> None:
    """Write PEM to a file, or to stdout.

    Raises:
        OutputUnwritableError: the file cannot be written.
    """
    if output is not None:
        # A certificate is public and can be had again: an older copy may be replaced.
        write_atomically(output, pem, overwrite=True)
    text = pem.decode("ascii")
    session.put(
        schema,
        {"pem": text, "output": str(output) if output else None},
        lambda: session.word("cli.written", path=output) if output else text.rstrip(),
    )
