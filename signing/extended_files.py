"""Extends a file into a file: written whole, or not at all where all is there."""

from __future__ import annotations

from pathlib import Path

from pki.atomic import part_of, take_away, take_name, waiting_beside, write_atomically
from signing.extend import extend_document, extend_in
from signing.extension import ExtendedDocument, Extension
from signing.files import Existing, check_output
from signing.large import copy_into, is_large
from signing.reading import read_document
from signing.services import SigningServices


def extend_file(
    source: Path,
    target: Path,
    *,
    wish: Extension,
    services: SigningServices,
    existing: Existing = Existing.REFUSE,
) -> ExtendedDocument:
    """Extend the document in `source` into `target`; nothing is written where nothing was added.

    Raises:
        FileIsDirectoryError: a directory stands where one of the files should.
        FileUnreadableError: the source is not there or may not be read.
        TooLargeError: the source is larger than the policy's limit.
        OutputExistsError: the target is there and `existing` does not allow it.
        OutputIsInputError: the target is the source and `existing` does not allow it.
        OutputUnwritableError: the target's folder is not there, or the system refuses.
        DiskFullError: no room for the target.
        PKIError: see `extend_document`.
    """
    limit, overwrite = services.policy.limits.document_bytes, existing is not Existing.REFUSE
    if is_large(source):
        check_output(source, target, existing=existing)
        part = part_of(target)
        with waiting_beside(target, part) as file:
            copy_into(source, file, limit=limit)
            done = extend_in(file, wish=wish, services=services, name=source.name)
        if done.steps:
            take_name(part, target, overwrite=overwrite)
        else:
            take_away(part)
        return done
    data = read_document(source, limit=limit)
    check_output(source, target, existing=existing)
    done = extend_document(data, wish=wish, services=services, name=source.name)
    if done.steps:
        write_atomically(target, done.data, overwrite=overwrite)
    return done
