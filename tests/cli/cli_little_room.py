"""A home on a disk that fills up, while its services answer. Run by tests.

Arguments: a folder on a small disk of its own, and a home to copy there.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from test_cli_upkeep import DAY, Client, _of, a_moment_later, at_work

from cli.serving.public import Services
from cli.upkeep.work import Upkeep
from pki.audit.verify import verify_audit
from pki.records.certificates import CertificateQuery, CertificateState


def main() -> None:
    """Say what came of each step."""
    folder, made = Path(sys.argv[1]), Path(sys.argv[2])
    home = Path(shutil.copytree(made, folder / "home"))
    clock = a_moment_later()
    told: dict[str, object] = {}
    with at_work(home, clock) as office:
        upkeep, services = Upkeep(office), Services(office)
        client = Client(office, services)
        clock.advance(290 * DAY)
        path = home / "services" / "ocsp.pem"
        before = path.read_bytes()
        fill(folder)
        told["full"] = [(one.state, one.error and one.error.code) for one in upkeep.work()]
        told["same"] = path.read_bytes() == before
        told["reload"] = len(services.reload())
        client.check_ocsp()
        told["alarms"] = sorted({one.code for one in upkeep.look()})
        verify_audit(office.register)
        (folder / "ballast").unlink()
        clock.advance(timedelta(hours=3))
        told["room"] = [one.state for one in upkeep.work()]
        told["swapped"] = path.read_bytes() != before
        told["reload_again"] = len(services.reload())
        client.check_ocsp()
        client.check_list("issuing")
        client.check_list("root")
        told["signers"] = len(office.register.find_certificates(_of("ocsp")))
        reserved = CertificateQuery(state=CertificateState.RESERVED)
        told["open"] = len(office.register.find_certificates(reserved))
        verify_audit(office.register)
    print(json.dumps(told))  # noqa: T201


def fill(folder: Path) -> None:
    """Leave no octet."""
    with (folder / "ballast").open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(os.urandom(1000))


if __name__ == "__main__":
    main()
