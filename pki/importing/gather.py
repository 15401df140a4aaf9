"""Certificates one by one out of files, folders and signed documents, with every fault by its file.

One file at a time is in memory. Revocation lists are passed over: what an authority says is asked
for where it is followed. Certificates in a document are those of whoever signed it and of all above
them, so that whoever gathers can leave out what is no end entity's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pki.errors.importing import ImportSourceError
from pki.errors.tree import Phrase, PKIError, phrase
from pki.importing.encoded import read_file, take_certificate, take_octets
from pki.importing.material import CertificateCopy, Finding, Material
from pki.importing.sources import CERTIFICATE_SUFFIXES, MAX_FILES, Shape, walk_files
from pki.lint.target import Severity

_DOCUMENTS = (".pdf",)
_HEADER, _HEADER_WITHIN = b"%PDF-", 1024


class DocumentReader(Protocol):
    """Finds certificates in signed documents."""

    def certificates_in(self, data: bytes, *, name: str) -> tuple[bytes, ...]:
        """Return the DER of every certificate in the document's signatures and its store.

        Raises:
            PKIError: it cannot be read as a document.
        """
        ...


@dataclass(frozen=True, slots=True)
class Gathered:
    """One certificate, and where it was found."""

    copy: CertificateCopy
    in_document: bool = False


def gather(paths: Iterable[Path], documents: DocumentReader) -> Iterator[Gathered | Finding]:
    """Yield what stands in files and folders, in the order of their names.

    Args:
        paths: files of any name (PEM, DER, PKCS #7, PDF), or folders, whose files are known by
            their names' ends.
        documents: reads PDFs.

    Raises:
        ImportSourceError: nothing is there.
    """
    sources = tuple(paths)
    for path in sources:
        if not path.exists():
            raise ImportSourceError(path=path, shape=Shape.FOLDER.value)
    for path in sources:
        beside = Material()
        for count, file in enumerate(
            walk_files(path, beside, (*CERTIFICATE_SUFFIXES, *_DOCUMENTS)), 1
        ):
            if count > MAX_FILES:
                beside.error(str(path), phrase("pki.importing.too_many", count=MAX_FILES))
                break
            yield from _in_file(file, documents)
        yield from beside.findings


def gather_octets(ders: Iterable[bytes], place: str) -> Iterator[Gathered | Finding]:
    """Yield certificates that something else than a file held, as a token does."""
    for der in ders:
        yield from _in_octets(der, place, in_document=False)


def _in_file(path: Path, documents: DocumentReader) -> Iterator[Gathered | Finding]:
    material, place = Material(), str(path)
    data = read_file(path, material, may_revoke=False)
    if data is not None and _HEADER in data[:_HEADER_WITHIN]:
        try:
            found = documents.certificates_in(data, name=path.name)
        except PKIError as error:
            yield Finding(Severity.WARNING, place, Phrase(error.code, error.facts))
            return
        if not found:
            yield Finding(Severity.WARNING, place, phrase("pki.importing.unsigned_document"))
        for der in found:
            yield from _in_octets(der, place, in_document=True)
        return
    if data is not None:
        take_octets(data, place, material)
    yield from map(Gathered, material.certificates)
    yield from material.findings


def _in_octets(der: bytes, place: str, *, in_document: bool) -> Iterator[Gathered | Finding]:
    material = Material()
    if not take_certificate(der, place, material):
        material.warn(place, phrase("pki.importing.certificate_unread"))
    yield from (Gathered(one, in_document) for one in material.certificates)
    yield from material.findings
