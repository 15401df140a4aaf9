"""Several processes at one register, at once, on both engines."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from pki_engines import Place
from pki_world import make_world

from pki.audit.verify import verify_audit
from pki.clock import SystemClock
from pki.records.certificates import CertificateQuery, CertificateState

HERE = Path(__file__).parent
EACH = 20


def in_processes(place: Place, key: Path, count: int) -> list[dict[str, Any]]:
    """Run the office's processes, let go at one moment, and return what each says."""
    command = [sys.executable, str(HERE / "pki_process.py"), place.url, str(key), str(EACH)]
    running = [
        subprocess.Popen(
            [*command, f"văn thư {number}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=HERE,
        )
        for number in range(count)
    ]
    for process in running:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    told = []
    for process in running:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in running:
        out, error = process.communicate(timeout=120)
        assert process.returncode == 0, error
        told.append(json.loads(out))
    return told


def test_two_processes_issue_revoke_and_list_at_once(place: Place, tmp_path: Path):
    world = make_world(tmp_path, SystemClock(), place=place.url)
    key = tmp_path / "issuing.key"
    plain = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key.write_bytes(world.issuing.issuer.key.private_bytes(*plain))
    told = in_processes(place, key, 2)
    assert {reason for one in told for reason in one["overtaken"]} <= {"CRL number does not rise"}
    serials = [serial for one in told for serial in one["serials"]]
    assert len(set(serials)) == len(serials) == 2 * EACH
    found = world.register.find_certificates(CertificateQuery(issuer="issuing"))
    assert {f"{record.serial:x}" for record in found} >= set(serials)
    assert {record.state for record in found} == {CertificateState.ISSUED, CertificateState.REVOKED}
    numbers = [number for one in told for number in one["crls"]]
    assert len(set(numbers)) == len(numbers)
    assert all(one["crls"] == sorted(one["crls"]) for one in told)
    revoked = world.register.list_revocations("issuing")
    assert [record.sequence for record in revoked] == list(range(1, len(revoked) + 1))
    assert verify_audit(world.register) >= 4 * EACH
    world.register.close()


def test_a_disk_that_is_full_or_read_only_changes_nothing(own_mounts: list[str], tmp_path: Path):
    """A real one, mounted where the process alone sees it; SQLite's files lie on it."""
    mount = 'mount -t tmpfs -o size=1200k none "$0" && exec "$@"'
    within = [*own_mounts, "sh", "-c", mount, str(tmp_path)]
    script = [sys.executable, str(HERE / "pki_little_room.py"), str(tmp_path)]
    ran = subprocess.run(
        [*within, *script], capture_output=True, text=True, cwd=HERE, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    done = told["done"]
    assert told["full"] == "pki.register_full"
    assert 0 < done < 100
    assert (told["kept"], told["entries"]) == (done, done + 1)
    assert told["after"] == [done + 1, done + 2]
    assert (told["read_only"], told["again"]) == ("pki.register_unreachable", done + 2)
