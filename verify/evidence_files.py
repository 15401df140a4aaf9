"""Evidence from files: lists, OCSP answers and certificates that were kept or sent beside.

What a file is shows in its octets, not in its name. It was had at the moment it is read: that it
is older nobody has shown.

Spec: EN 319 102-1 §5.1.2 (inputs); RFC 7468 §5, §6, §8 (textual encodings).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import load_der_pkcs7_certificates

from verify.certificate import read_certificate
from verify.errors import EvidenceFileError, MalformedObjectError
from verify.evidence import NONE, Evidence, Item
from verify.guard import foreign
from verify.quiet import quietly
from verify.revocation.crl_list import read_crl
from verify.revocation.ocsp import read_response

SUFFIXES = frozenset({".crl", ".ocsp", ".ors", ".crt", ".cer", ".der", ".pem", ".p7b", ".p7c"})
_LARGEST = 64 * 1024 * 1024
_BLOCK = re.compile(rb"-----BEGIN [A-Z0-9 ]+-----(.+?)-----END [A-Z0-9 ]+-----", re.DOTALL)


def load_evidence(paths: Iterable[Path], had_at: datetime) -> Evidence:
    """Read evidence from files and folders (files named as in `SUFFIXES`, not deeper).

    Args:
        paths: a folder may be empty; a file that is read must hold evidence.
        had_at: the moment of reading.

    Raises:
        EvidenceFileError: a file that cannot be read, or is no evidence.
    """
    found = NONE
    for path in paths:
        for file in _files(path):
            try:
                for der in _ders(_read(file)):
                    found += _evidence(der, had_at)
            except (OSError, MalformedObjectError, binascii.Error) as error:
                raise EvidenceFileError(path=file, reason=str(error)) from error
    return found


def _files(path: Path) -> tuple[Path, ...]:
    if not path.is_dir():
        return (path,)
    inside = sorted(path.iterdir())
    return tuple(file for file in inside if file.suffix.lower() in SUFFIXES and file.is_file())


def _read(file: Path) -> bytes:
    if file.stat().st_size > _LARGEST:
        raise MalformedObjectError(what="evidence", reason=f"more than {_LARGEST} bytes")
    return file.read_bytes()


def _ders(data: bytes) -> Iterator[bytes]:
    blocks = _BLOCK.findall(data)
    if not blocks:
        yield data
    for block in blocks:
        yield base64.b64decode(b"".join(block.split()), validate=True)


def _evidence(der: bytes, had_at: datetime) -> Evidence:
    item = (Item(der, had_at),)
    with quietly():
        for read, made in (
            (read_crl, Evidence(crls=item)),
            (read_response, Evidence(ocsp_responses=item)),
            (read_certificate, Evidence(certificates=item)),
        ):
            try:
                read(der)
            except MalformedObjectError:
                continue
            return made
        with foreign("evidence"):
            bag = load_der_pkcs7_certificates(der)
    certificates = (Item(each.public_bytes(Encoding.DER), had_at) for each in bag)
    return Evidence(certificates=tuple(certificates))
