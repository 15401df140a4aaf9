"""Documents named on the command line: files, and the PDFs in folders."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from cli.errors import BadOptionError, NoDocumentsError, UnreadableFileError

PDF = frozenset({".pdf"})
SIGNED = PDF | {".p7m"}
"""What may have its signatures inside."""


def documents_in(paths: Sequence[Path], kinds: frozenset[str] = PDF) -> tuple[Path, ...]:
    """Return the files, and of each folder the files in it whose names end so, by name.

    Raises:
        UnreadableFileError: a folder that cannot be listed.
        NoDocumentsError: folders without any in them.
    """
    found: list[Path] = []
    for path in paths:
        try:
            if path.is_dir():
                found += sorted(
                    one for one in path.iterdir() if one.suffix.lower() in kinds and one.is_file()
                )
            else:
                found.append(path)
        except OSError as error:
            raise UnreadableFileError(path=path, reason=error.strerror or "") from error
    if not found:
        raise NoDocumentsError(paths=tuple(str(path) for path in paths))
    return tuple(found)


def plan_outputs(
    documents: Sequence[Path], output: Path | None, target: Callable[[Path], Path]
) -> Mapping[Path, Path]:
    """Return where the output of each document goes.

    Args:
        documents: all of them.
        output: what `-o` names: the file for one document, or a folder; None names neither.
        target: where a document's output goes unless a file is named.

    Raises:
        BadOptionError: one file for many documents, or two documents for one file.
    """
    if output is not None and not output.is_dir():
        if len(documents) > 1:
            raise BadOptionError(option="-o", value=str(output), form="DIR")
        return dict.fromkeys(documents, output)
    plan = {one: target(one) for one in documents}
    if len(set(plan.values())) < len(plan):
        raise BadOptionError(option="-o", value=str(output), form="one name for each FILE")
    return plan


def not_outputs(
    documents: Sequence[Path], named: Sequence[Path], target: Callable[[Path], Path]
) -> tuple[Path, ...]:
    """Return the documents without those of folders that are outputs of others among them.

    Args:
        documents: all of them.
        named: what stands on the command line; a file that stands there is meant.
        target: where a document's output goes.
    """
    outputs = set(map(target, documents))
    return tuple(one for one in documents if one in named or one not in outputs)


def beside(output: Path | None, suffix: str) -> Callable[[Path], Path]:
    """Return what names an output `NAME-suffix.pdf`, in the folder `output` or beside its input."""
    return lambda one: (output or one.parent) / f"{one.stem}-{suffix}.pdf"
