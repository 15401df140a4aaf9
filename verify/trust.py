"""Trust anchors: certificates the relying party decided to trust, from PEM and DER files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from verify.certificate import read_certificate
from verify.errors import MalformedObjectError, TrustFileError

SUFFIXES = frozenset({".pem", ".crt", ".cer", ".der"})


@dataclass(frozen=True)
class TrustStore:
    """The certificates where every path must end."""

    anchors: tuple[x509.Certificate, ...] = ()

    @cached_property
    def _set(self) -> frozenset[x509.Certificate]:
        return frozenset(self.anchors)

    def __contains__(self, certificate: object) -> bool:
        return certificate in self._set


def load_trust(paths: Iterable[Path]) -> TrustStore:
    """Read trust anchors from files and folders (of `.pem`, `.crt`, `.cer`, `.der`, not deeper).

    A folder may be empty; a file that is named must hold certificates.

    Raises:
        TrustFileError: a file that cannot be read, or holds no certificate.
    """
    anchors: dict[x509.Certificate, None] = {}
    for path in paths:
        for file in _files(path):
            anchors.update(dict.fromkeys(_read(file)))
    return TrustStore(tuple(anchors))


def _files(path: Path) -> tuple[Path, ...]:
    if not path.is_dir():
        return (path,)
    return tuple(
        file
        for file in sorted(path.iterdir())
        if file.suffix.lower() in SUFFIXES and file.is_file()
    )


def _read(path: Path) -> list[x509.Certificate]:
    try:
        data = path.read_bytes()
        if b"-----BEGIN" not in data:
            return [read_certificate(data)]
        return [
            read_certificate(certificate.public_bytes(Encoding.DER))
            for certificate in x509.load_pem_x509_certificates(data)
        ]
    except (OSError, ValueError, MalformedObjectError) as error:
        raise TrustFileError(path=path, reason=str(error)) from error
