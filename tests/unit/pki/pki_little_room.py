"""A register on a disk that fills up, then has room, then may not be written. Run by tests.

Its one argument is a folder on a disk of its own, of a few hundred KiB.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from pki_world import NOW
from test_pki_register import EVENT, RECORD

from pki.audit.verify import verify_audit
from pki.clock import FixedClock
from pki.errors.register import RegisterFullError
from pki.errors.tree import PKIError
from pki.records.certificates import CertificateQuery
from pki.records.changes import ClaimName, Reserve
from pki.register.sql import create_register, open_register


def main() -> None:
    """Say what came of each step."""
    folder = Path(sys.argv[1])
    told: dict[str, object] = {}
    ballast = folder / "ballast"
    ballast.write_bytes(bytes(200_000))
    register = create_register(folder / "register.db", FixedClock(NOW))
    register.commit([ClaimName("ca")], EVENT)
    done = 0
    try:
        for done in range(1000):
            register.commit([_record(done + 1)], EVENT)
    except RegisterFullError as full:
        told["full"] = full.code
    told["done"] = done
    told["kept"] = len(register.find_certificates(CertificateQuery()))
    told["entries"] = verify_audit(register)
    ballast.unlink()
    register.commit([_record(done + 1)], EVENT)
    register.close()
    register = open_register(folder / "register.db")
    told["after"] = [len(register.find_certificates(CertificateQuery())), verify_audit(register)]
    register.close()
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    # SQLite reads there only where its log was left beside the file; nobody writes.
    try:
        register = open_register(folder / "register.db")
        with closing(register):
            register.commit([ClaimName("another")], EVENT)
    except PKIError as refused:
        told["read_only"] = refused.code
    subprocess.run(["mount", "-o", "remount,rw", str(folder)], check=True)
    register = open_register(folder / "register.db")
    told["again"] = verify_audit(register)
    register.close()
    print(json.dumps(told))  # noqa: T201


def _record(number: int) -> Reserve:
    return Reserve(replace(RECORD, serial=number, tbs_der=os.urandom(4000)))


if __name__ == "__main__":
    main()
