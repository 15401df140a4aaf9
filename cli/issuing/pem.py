"""Certificates out of the register, as PEM."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from cli.certificate_text import certificate_object
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


def put_issued(
    session: Session,
    schema: str,
    certificate: x509.Certificate,
    *,
    output: Path | None,
    **more: str,
) -> None:
    """Write a certificate that was just issued to a file, and say whose it is.

    Raises:
        OutputUnwritableError: the file cannot be written; the register has the certificate.
    """
    pem = certificate.public_bytes(Encoding.PEM)
    if output is not None:
        write_atomically(output, pem, overwrite=True)
    data = certificate_object(certificate)
    session.put(
        schema,
        {**data, **more, "pem": pem.decode("ascii"), "output": str(output) if output else None},
        lambda: session.word("cli.cert.issued", serial=data["serial"], subject=data["subject"]),
    )


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
