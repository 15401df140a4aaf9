"""A request that is made again yields what it yielded before, and never a second certificate.

Whoever asks may give a request an id. It is reserved with the serial, in the same transaction, so
it is taken before anything is signed and stays taken whatever happens then: what a crash left open
is ended by `recover_open`, and the id with it.
"""

from __future__ import annotations

import re

from cryptography import x509

from pki.errors.requests import (
    RequestDiffersError,
    RequestEndedError,
    RequestIdError,
    RequestOpenError,
)
from pki.records.certificates import CertificateRecord, CertificateState, serial_text
from pki.records.register import Register

MAX_REQUEST_ID = 64
_PRINTABLE = re.compile(rf"[!-~]{{1,{MAX_REQUEST_ID}}}")


def check_request_id(untrusted: str) -> str:
    """Return an id that may be kept: 1 to 64 printable characters of ASCII, no space.

    Raises:
        RequestIdError: it is something else.
    """
    if not _PRINTABLE.fullmatch(untrusted):
        raise RequestIdError(bound=MAX_REQUEST_ID)
    return untrusted


def find_answer(
    register: Register, issuer: str, request_id: str | None, asked_sha256: str | None
) -> x509.Certificate | None:
    """Return the certificate that was issued for the request; None where it is a new one.

    Args:
        register: the record.
        issuer: who is asked; ids of different authorities are different.
        request_id: None for a request without one, which is always new.
        asked_sha256: hash of all that is asked for.

    Raises:
        RequestDiffersError: something else was asked for under this id.
        RequestOpenError: it is under way, or was broken off and not recovered yet.
        RequestEndedError: it came to nothing, or its certificate was revoked since.
    """
    if request_id is None:
        return None
    record = register.find_request(issuer, request_id)
    if record is None:
        return None
    place = {"issuer": record.issuer, "serial": serial_text(record.serial)}
    if record.request_sha256 != asked_sha256:
        raise RequestDiffersError(**place)
    if record.state is CertificateState.RESERVED:
        raise RequestOpenError(**place)
    return _released(record, place)


def _released(record: CertificateRecord, place: dict[str, str]) -> x509.Certificate:
    if record.state is not CertificateState.ISSUED or not record.der:
        raise RequestEndedError(**place)
    return x509.load_der_x509_certificate(record.der)
