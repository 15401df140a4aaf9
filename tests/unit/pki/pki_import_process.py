"""A process that imports an authority a few certificates at a time, to be killed. Run by tests."""

from __future__ import annotations

import sys
from pathlib import Path

from pki_import_world import load_key, plan_of, terms_of
from pki_world import NOW

import pki.importing.apply as importing
from pki.clock import FixedClock
from pki.register.sql import open_register


def main() -> None:
    """Import the folder into the register at the address; tell of each batch that is recorded."""
    url, folder, key = sys.argv[1:]
    importing.BATCH = 2
    register = open_register(url)
    importing.apply_plan(
        plan_of(Path(folder), register),
        terms_of(load_key(Path(key))),
        register,
        FixedClock(NOW),
        progress=lambda done, _all: print(done, flush=True),  # noqa: T201  the test waits for it
    )
    register.close()


if __name__ == "__main__":
    main()
