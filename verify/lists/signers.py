"""Certificates of those who may sign lists: whoever names them vouches for them.

No path is looked for, so of such a certificate only key, name and period count; extensions that
cryptography does not read stand in those of several countries.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pki.errors.tree import phrase
from verify.certificate import key_kind
from verify.errors import ListMalformedError, MalformedObjectError, TrustFileError
from verify.guard import foreign
from verify.lists.xml import Element
from verify.quiet import quietly


def read_signer(untrusted_der: bytes) -> x509.Certificate:
    """Read the certificate of one who signs lists.

    Raises:
        MalformedObjectError: not one whose key, name and period can be read.
    """
    with foreign("certificate"), quietly():
        certificate = x509.load_der_x509_certificate(untrusted_der)
        _ = key_kind(certificate), certificate.subject
        _ = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return certificate


def signers_in(elements: Iterable[Element], name: str) -> Iterator[x509.Certificate]:
    """Yield the certificates in elements of a list, those that cannot be read left out.

    Raises:
        ListMalformedError: not base64.
    """
    for der in decoded(elements, name):
        try:
            yield read_signer(der)
        except MalformedObjectError:
            continue


def decoded(elements: Iterable[Element], name: str) -> tuple[bytes, ...]:
    """Return what elements of a list hold as base64.

    Raises:
        ListMalformedError: one holds something else.
    """
    try:
        return tuple(
            b64decode("".join((each.text or "").split()), validate=True) for each in elements
        )
    except ValueError as error:
        raise ListMalformedError(name=name, reason=phrase("verify.list_reason.base64")) from error


def load_signers(paths: Iterable[Path]) -> tuple[x509.Certificate, ...]:
    """Read who may sign a list, from PEM or DER files.

    Raises:
        TrustFileError: a file that cannot be read, or holds no certificate.
    """
    return tuple(signer for path in paths for signer in _load(path))


def _load(path: Path) -> Iterator[x509.Certificate]:
    try:
        for der in _ders(path.read_bytes()):
            yield read_signer(der)
    except (OSError, MalformedObjectError) as error:
        raise TrustFileError(path=path, reason=str(error)) from error


def _ders(data: bytes) -> list[bytes]:
    if b"-----BEGIN" not in data:
        return [data]
    with foreign("certificate"), quietly():
        found = x509.load_pem_x509_certificates(data)
        return [each.public_bytes(Encoding.DER) for each in found]
