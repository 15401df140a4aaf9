"""A place for a register that is thrown away again, on the engine of one that is in use."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from pki.register.store import store_of


def scratch_beside(url_or_path: str | Path, folder: Path) -> AbstractContextManager[Path | str]:
    """Give an empty place for a register that nobody else uses, for a block.

    Beside a register in SQLite it is a file in the folder. Beside one in PostgreSQL it is a schema
    of its own in the same database, dropped after the block with all that is in it. Writers there
    take turns with those of the register beside it.

    Args:
        url_or_path: of a register.
        folder: the caller's, empty, and the caller's to remove.

    Raises:
        ScratchForbiddenError: the account may make no schema in that database.
        PKIError: whatever the server answers.
    """
    return store_of(url_or_path).scratch(folder)


def engine_of(url_or_path: str | Path) -> str:
    """Return the kind of database at an address: `sqlite` or `postgresql`."""
    return store_of(url_or_path).engine.dialect.name
