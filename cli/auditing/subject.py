"""Which certificate a proof is about."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509

from cli.errors import UnknownNameError, UnreadableFileError
from cli.files import read_small
from cli.homes.office import Office, parse_serial
from pki.records.certificates import CertificateRecord, serial_text


def record_of(office: Office, serial: str, ca: str | None) -> CertificateRecord:
    """Return the record of a serial, of one authority or of whichever issued it.

    Raises:
        UnknownNameError: no such authority, no such serial.
    """
    if ca is None:
        return office.certificate(serial)
    number = parse_serial(serial)
    record = office.register.find_certificate(office.record(ca).name, number)
    if record is None:
        raise UnknownNameError(kind="cert", name=serial_text(number))
    return record


def read_certificate_file(path: Path) -> x509.Certificate:
    """Read a certificate, PEM or DER.

    Raises:
        UnreadableFileError: no such file, or it holds none.
    """
    data = read_small(path)
    try:
        if b"-----BEGIN" in data:
            return x509.load_pem_x509_certificate(data)
        return x509.load_der_x509_certificate(data)
    except ValueError as error:
        raise UnreadableFileError(path=path, reason="not a certificate") from error
