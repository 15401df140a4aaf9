"""The certificates of the authorities that this home itself has."""

from __future__ import annotations

from cryptography import x509

from cli.home import Home
from pki.register.sql import open_register


def own_authorities(home: Home) -> tuple[x509.Certificate, ...]:
    """Return the certificates of the authorities in the home's register.

    Raises:
        PKIError: it cannot be opened.
    """
    register = open_register(home.register)
    try:
        records = register.list_authorities()
    finally:
        register.close()
    return tuple(x509.load_der_x509_certificate(record.certificate_der) for record in records)
