"""Takes out the revision of a document that was signed, as `antin verify --extract-signed` asks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cli.errors import BadOptionError, NothingSignedError
from pki.atomic import writing_beside
from verify.content import Content
from verify.facts import Kind
from verify.indication import SubIndication
from verify.opened import Opened
from verify.pdf.document import OpenPDF
from verify.report import Report

_PIECE = 4 * 1024 * 1024
_WITH_CONTENT = ".p7m"
_NOT_SIGNED = {
    SubIndication.FORMAT_FAILURE,
    SubIndication.HASH_FAILURE,
    SubIndication.SIG_CRYPTO_FAILURE,
    SubIndication.SIGNED_DATA_NOT_FOUND,
}


@dataclass(frozen=True, slots=True)
class SignedTarget:
    """Where the signed revision goes: a file for one document, a folder for many."""

    path: Path
    folder: bool

    def write(self, document: Path, signed: memoryview | None) -> None:
        """Write what was signed, byte for byte.

        Raises:
            NothingSignedError: no signature is over the bytes that it covers.
            OutputExistsError, DiskFullError, OutputUnwritableError: see `pki.atomic`.
        """
        if signed is None:
            raise NothingSignedError(name=document.name)
        name = document.stem if document.suffix.lower() == _WITH_CONTENT else document.name
        target = self.path / name if self.folder else self.path
        with writing_beside(target, overwrite=False) as file, signed:
            for start in range(0, len(signed), _PIECE):
                file.write(signed[start : start + _PIECE])


def signed_content(opened: Opened, data: Content, report: Report) -> memoryview | None:
    """Return what was signed: the newest revision, or the content of a file of signatures."""
    if isinstance(opened, OpenPDF):
        end = find_signed_end(report)
        return None if end is None else memoryview(data)[:end]
    if all(item.sub_indication in _NOT_SIGNED for item in report.signatures):
        return None
    if opened.content is not None:
        return memoryview(data)
    inside = opened.data.content if opened.data is not None else None
    return None if inside is None else memoryview(inside)


def signed_target(option: Path | None, *, many: bool) -> SignedTarget | None:
    """Read `--extract-signed`.

    Raises:
        BadOptionError: one file for many documents.
    """
    if option is None:
        return None
    if many and not option.is_dir():
        raise BadOptionError(option="--extract-signed", value=str(option), form="DIR")
    return SignedTarget(option, option.is_dir())


def find_signed_end(report: Report) -> int | None:
    """Return where the newest revision ends that a person or agency signed, else a time-stamp."""
    covered = [
        (item.kind is not Kind.TIMESTAMP, item.byte_range[2] + item.byte_range[3])
        for item in report.signatures
        if item.byte_range and item.sub_indication not in _NOT_SIGNED
    ]
    return max(covered)[1] if covered else None
