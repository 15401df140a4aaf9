"""Judges a certificate that was issued: by the rules that need no order, and by pkilint.

pkilint is DigiCert's linter, another program's view of the same octets. It runs in a process of its
own: what it imports, and whatever it stumbles over, stays out of this one.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any

from cryptography import x509

from cli.errors import PkilintFailedError, PkilintMissingError
from cli.homes.office import Office
from pki.lint.alone import judge_alone
from pki.records.certificates import CertificateRecord, serial_text

SECONDS = 60
_GRAVE = frozenset({"ERROR", "FATAL"})


def lint_certificate(office: Office, record: CertificateRecord, der: bytes) -> dict[str, Any]:
    """Return the JSON of the command: findings of both, and whether nothing of them is grave.

    Raises:
        PkilintMissingError: pkilint is not installed.
        PkilintFailedError: it gave no answer.
        UnknownNameError: the issuer is not in this home.
    """
    findings = [*_own(office, record, der), *_pkilint(der)]
    return {
        "serial": serial_text(record.serial),
        "passed": not any(one["severity"].upper() in _GRAVE for one in findings),
        "findings": findings,
    }


def finding_line(finding: dict[str, str]) -> str:
    """Return a finding as a line of text."""
    return f"{finding['severity']}: {finding['code']}: {finding['message']}".removesuffix(": ")


def _own(office: Office, record: CertificateRecord, der: bytes) -> Iterator[dict[str, str]]:
    authority = x509.load_der_x509_certificate(office.record(record.issuer).certificate_der)
    certificate = x509.load_der_x509_certificate(der)
    for finding in chain.from_iterable(judge_alone([certificate], authority)):
        words = finding.words
        yield {
            "linter": "antin",
            "severity": finding.severity.value,
            "code": finding.id,
            "message": office.session.word(words.id, **words.facts),
        }


def _pkilint(der: bytes) -> Iterator[dict[str, str]]:
    for result in _answer(der):
        for found in result["finding_descriptions"]:
            yield {
                "linter": "pkilint",
                "severity": found["severity"].lower(),
                "code": found["code"],
                "message": found["message"] or result["node_path"],
            }


def _answer(der: bytes) -> list[dict[str, Any]]:
    if find_spec("pkilint") is None:
        raise PkilintMissingError(package="antin[pkilint]")
    module, options = "pkilint.bin.lint_pkix_cert", ("-s", "NOTICE", "-f", "JSON")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "certificate.der"
        path.write_bytes(der)
        command = [sys.executable, "-m", module, "lint", *options, str(path)]
        try:
            done = subprocess.run(  # noqa: S603  a program of this environment, a path of our own
                command, capture_output=True, check=False, timeout=SECONDS
            )
            answer: list[dict[str, Any]] = json.loads(done.stdout)["results"]
        except (OSError, subprocess.TimeoutExpired, ValueError, LookupError) as error:
            raise PkilintFailedError(reason=type(error).__name__) from error
    return answer
