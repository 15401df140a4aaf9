"""Schemathesis asks the service whatever its own description allows, and what it does not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from unit.verify.verify_pki import make_world
from unit.verify.verify_service import Service, running

from verify.http.callers import Caller, hash_of
from verify.http.limits import MEBIBYTE, Limits

KEY = "a key"
WARNINGS = (
    "missing_auth",
    "missing_test_data",
    "missing_deserializer",
    "unused_openapi_auth",
    "unsupported_regex",
    "method_not_allowed",
    "unresolvable_reference",
    "rate_limited",
)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    trust = tmp_path_factory.mktemp("trust")
    anchor = make_world().root.certificate.public_bytes(Encoding.PEM)
    (trust / "root.pem").write_bytes(anchor)
    limits = Limits(workers=1, body_bytes=MEBIBYTE, per_minute=1_000_000, jobs=1_000_000)
    with running(trust, limits, (Caller("fuzz", hash_of(KEY)),)) as found:
        yield found


def ask_everything(
    service: Service, folder: Path, *options: str
) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("schemathesis")
    url = f"{service.url}/verify/v1/openapi.json"
    command = [str(program), "run", url, "--seed", "1", "--max-examples", "40", *options]
    # No schema says what a PDF is: what is only described as bytes may well be refused.
    command += ["--exclude-checks", "positive_data_acceptance"]
    # For the same reason it need not be told of that most of what is made up is refused.
    command += ["--warnings", ",".join(WARNINGS)]
    environment = {name: value for name, value in os.environ.items() if "PYTEST" not in name}
    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=folder, env=environment
    )


def test_schemathesis_finds_no_fault(service: Service, tmp_path: Path):
    done = ask_everything(service, tmp_path, "--header", f"Authorization: Bearer {KEY}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No issues found" in done.stdout, done.stdout[-3000:]


def test_schemathesis_would_find_one(service: Service, tmp_path: Path):
    done = ask_everything(service, tmp_path, "--max-response-time", "0.0001")
    assert done.returncode == 1, done.stdout + done.stderr
