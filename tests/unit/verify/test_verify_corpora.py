"""Documents of other projects' test suites: attacks are not passed, the malformed leaks nothing."""

from __future__ import annotations

import collections
import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from unit.verify.verdict_table import Tally, check_row

from pki.errors.tree import InvalidInputError, PKIError
from verify.document import verify_document, verify_opened
from verify.errors import MalformedObjectError, WrongPasswordError
from verify.finding import Severity
from verify.indication import Indication, SubIndication
from verify.password import Password
from verify.pdf.recovery import open_for_judging
from verify.policy import Policy, default_policy
from verify.report import Report
from verify.trust import TrustStore

AT = datetime(2026, 11, 1, tzinfo=UTC)
FOLDERS = ("pdf-malformed", "pdf-attacks", "dss-pades", "itext-sign", "pdf-signed-misc", "pyhanko")
SAMPLE = 12
"""Every so many-th malformed file in the short run."""


@pytest.fixture(scope="session")
def corpora(checkout) -> Path:
    folder = Path(os.environ.get("ANTIN_CORPORA", checkout.parent / "shared" / "corpora"))
    if not folder.is_dir():
        pytest.skip("no corpora: set ANTIN_CORPORA to the folder that holds them")
    return folder


def judge_file(path: Path, policy: Policy | None = None) -> Report | InvalidInputError:
    policy = policy or default_policy()
    try:
        return verify_document(
            path.read_bytes(), policy=policy, trust=TrustStore(), at=AT, name=path.name
        )
    except InvalidInputError as error:
        answer = error
    assert type(answer) is not MalformedObjectError, (path, answer)  # it is for use inside
    return answer


def integrity_errors(report: Report) -> set[str]:
    return {
        finding.code
        for item in report.signatures
        for finding in item.findings
        if finding.severity is Severity.ERROR
        and finding.code.startswith(("integrity.", "signature."))
    }


def attacks(corpora: Path) -> dict[Path, bool | None]:
    folder = corpora / "pdf-attacks"
    expected = json.loads((folder / "expected.json").read_text("utf-8"))
    return {folder / name: entry["accept"] for name, entry in expected.items()}


def test_attacks_are_refused_for_what_they_are(corpora, capsys):
    """Without any trust anchor, so that a missing path is not what refuses them."""
    outcomes: dict[Path, str] = {}
    for path, accept in attacks(corpora).items():
        answer = judge_file(path)
        if isinstance(answer, Report):
            found = integrity_errors(answer)
            outcomes[path] = ", ".join(sorted(found))
            if accept is False:
                assert found, path
                assert answer.indication is Indication.TOTAL_FAILED, path
            elif accept is True:
                assert not found, (path, found)
        else:
            outcomes[path] = answer.code
            assert accept is not True, path
    refused = sum(1 for path, accept in attacks(corpora).items() if accept is False)
    by_error = sum(
        1
        for path, accept in attacks(corpora).items()
        if accept is False and outcomes[path].startswith("verify.")
    )
    with capsys.disabled():
        sys.stdout.write(f"\nattacks: {refused} refused, {by_error} of them as unreadable files\n")


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("rub-2019/isa_B.pdf", "integrity.unreached_bytes"),
        (
            "rub-shadow-site/replace-shadow-file-signed-manipulated.pdf",
            "integrity.appearance_replaced",
        ),
    ],
)
def test_the_two_attacks_that_pyhanko_accepts_are_named(corpora, name, code):
    assert code in integrity_errors(judge_file(corpora / "pdf-attacks" / name))


PASSWORDS = {
    "dss-pades/protected": (" ",),
    "itext-sign/mac": ("123",),
    "pyhanko/pdf": ("usersecret", "secret"),
}
"""Those that the tests of the documents' origins give."""
BLANK = "ExternalContainerBlank"
"""In the name of a document whose signature was reserved and never filled in."""


def judge_with(path: Path, *passwords: str) -> Report | PKIError:
    """Judge an encrypted file with the first of the passwords that opens it."""
    policy, answer = default_policy(), None
    for word in passwords:
        try:
            pdf = open_for_judging(
                path.read_bytes(), name=path.name, limits=policy.limits, password=Password(word)
            )
            return verify_opened(pdf, policy=policy, trust=TrustStore(), at=AT)
        except (InvalidInputError, WrongPasswordError) as error:
            answer = error
    return answer


def test_encrypted_files_are_judged_with_the_passwords_of_their_origins(corpora, checkout):
    tally: collections.Counter[str] = collections.Counter()
    for folder, passwords in PASSWORDS.items():
        for path in sorted((corpora / folder).rglob("*.pdf")):
            asked = judge_file(path)
            if isinstance(asked, Report) or asked.code != "verify.pdf_encrypted":
                continue
            assert isinstance(judge_with(path, "no such word"), WrongPasswordError), path
            answer = judge_with(path, *passwords)
            assert isinstance(answer, Report), (path, answer)
            broken = {item.sub_indication for item in answer.signatures if integrity_errors(answer)}
            assert broken == ({SubIndication.FORMAT_FAILURE} if BLANK in path.name else set()), path
            tally["signed" if answer.signatures else "unsigned"] += 1
    assert tally["signed"] >= 14
    total = tally.total()
    check_row(checkout, "encrypted, with its origin's password: judged", Tally(total, total, 0))


def judge_all(files: list[Path]) -> tuple[collections.Counter[str], float]:
    tally: collections.Counter[str] = collections.Counter()
    slowest = 0.0
    for path in files:
        started = time.monotonic()
        answer = judge_file(path)
        slowest = max(slowest, time.monotonic() - started)
        if isinstance(answer, Report):
            assert answer.indication is not Indication.TOTAL_PASSED, path
            tally["judged"] += 1
        else:
            tally[answer.code] += 1
    return tally, slowest


def tell(what: str, tally: collections.Counter[str], slowest: float) -> None:
    sys.stdout.write(f"\n{what}: {dict(tally)}, slowest {slowest:.1f} s\n")


def malformed(corpora: Path) -> list[Path]:
    return sorted((corpora / "pdf-malformed").rglob("*.pdf"))


def test_a_sample_of_malformed_files_brings_out_our_errors_only(corpora, capsys):
    files = malformed(corpora)[::SAMPLE]
    tally, slowest = judge_all(files)
    with capsys.disabled():
        tell(f"malformed, {len(files)} of them", tally, slowest)
    assert tally["judged"] >= len(files) // 2


@pytest.mark.long
@pytest.mark.parametrize("folder", FOLDERS)
def test_every_file_brings_out_our_errors_only(corpora, checkout, capsys, folder):
    files = sorted((corpora / folder).rglob("*.pdf"))
    tally, slowest = judge_all(files)
    with capsys.disabled():
        tell(f"{folder}, {len(files)}", tally, slowest)
    assert tally["judged"] >= len(files) // 2
    row = f"no exception but Antin's: {folder}"
    check_row(checkout, row, Tally(len(files), tally.total(), 0))
