"""The Makefile and `.ci/run`: what runs what, in which order, and what makes it fail."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SET_UP_FIRST = ("demo", "test", "test-long", "fuzz", "check", "bench", "docs")
MAKE = """#!/bin/bash
[[ $1 == "$FAILS" ]] && code=3
echo "$1 CI=$CI REQUIRE_PEERS=$REQUIRE_PEERS" >>"$LOG"
read -r -t 1 answer && echo "asked for an answer" >>"$LOG"
exit "${code:-0}"
"""


@pytest.fixture(scope="module")
def makefile(checkout) -> str:
    return (checkout / "Makefile").read_text("utf-8")


@pytest.mark.parametrize("target", SET_UP_FIRST)
def test_a_target_sets_up_first(makefile, target):
    assert re.search(rf"^{target}: setup\b", makefile, re.MULTILINE)


@pytest.fixture
def make(checkout, peer):
    """Return what asks make, as from a shell: these tests may run below a make of their own."""

    def ask(*arguments: str) -> str:
        kept = {k: v for k, v in os.environ.items() if k not in {"MAKEFLAGS", "MAKELEVEL"}}
        return subprocess.run(
            [peer("make"), *arguments],
            cwd=checkout,
            env=kept,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    return ask


def test_every_target_is_told_by_help(makefile, make):
    said = make("help")
    targets = re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE)
    assert targets
    assert all(f"make {target} " in said for target in targets)


def test_check_goes_in_the_order_of_the_house(make):
    lines = make("-n", "check")
    steps = ("ruff format --check", "ruff check", "mypy", "lint-imports", "catalogue", "git diff")
    places = [lines.index(step) for step in steps]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("locale", "asked"),
    [("en", "--lang en"), ("vi", "--lang vi"), ("en_US:en", "--lang en"), ("fr_FR", ""), ("", "")],
)
def test_the_demonstration_follows_the_language(make, locale, asked):
    lines = make("-n", "demo", f"LANGUAGE={locale}")
    assert lines.rstrip().endswith(f"docs/demo/run.py {asked}".rstrip())


def run_ci(checkout: Path, folder: Path, fails: str) -> tuple[int, list[str]]:
    """Run `.ci/run` with a stand-in for make; return its status and what make was asked."""
    make = folder / "make"
    make.write_text(MAKE, encoding="utf-8")
    make.chmod(0o755)
    log = folder / "log"
    environment = {"PATH": f"{folder}:{os.environ['PATH']}", "LOG": str(log), "FAILS": fails}
    done = subprocess.run(
        ["bash", checkout / ".ci" / "run"], env=environment, capture_output=True, check=False
    )
    return done.returncode, log.read_text("utf-8").splitlines()


@pytest.mark.parametrize("fails", ["test", "check", "test-long"])
def test_ci_runs_all_three_and_fails_with_any(checkout, tmp_path, fails):
    status, asked = run_ci(checkout, tmp_path, fails)
    assert status == 3
    assert asked == [f"{t} CI=true REQUIRE_PEERS=1" for t in ("test", "check", "test-long")]


def test_ci_passes_when_all_three_do(checkout, tmp_path):
    assert run_ci(checkout, tmp_path, "nothing")[0] == 0


@pytest.mark.long
def test_the_bench_prints_every_figure_beside_its_floor_and_its_peers(checkout, tmp_path, peer):
    for program in ("pdfsig", "openssl"):
        peer(program)
    # These three come with `.ci/setup bench` and no sooner.
    django = list((checkout / ".bench").glob("bin/python"))
    real = Path(os.environ.get("ANTIN_CORPORA", checkout.parent / "shared" / "corpora"))
    addsig = list((checkout / ".bench").glob("bin/pyhanko"))
    cfssl = list(filter(None, [shutil.which("cfssl")]))
    file = tmp_path / "bench.json"
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--quick", "--json", file],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    cells, of_tokens = (
        [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()][2:]
        for table in done.stdout.split("\n\n")[1:]
    )
    assert [(row[0].split()[0], row[4]) for row in cells] == [
        ("sign", "pyHanko"),
        *(("sign", "pyHanko") for _ in [real] if real.is_dir()),
        ("sign", "pyHanko"),  # with time-stamps
        ("sign", "pyhanko addsig" if addsig else "(not here)"),
        ("judge", "pyHanko"),
        ("judge", "pdfsig"),
        ("judge", "pyHanko's AdES"),
        ("judge", "pyHanko"),  # many signatures in one
        ("judge", "pyHanko"),  # many anchors
        ("judge", "anchors from a file"),  # as many of lists
        ("judge", "pyhanko adesverify" if addsig else "(not here)"),
        ("judge", "pdfsig"),  # a folder
        ("judge", "(not here)"),  # over HTTP: two processes without it are the floor
        ("judge", "(not here)"),  # the same at B-LTA
        *(("issue", "django-ca") for _ in django),
        ("issue", "openssl ca"),
        ("issue", "Antin, few rows"),
        ("issue", "Antin, two callers"),  # the token's own rate is the floor
        *(("issue", "cfssl serve") for _ in cfssl),
        ("issue", "openssl ca"),
        ("issue", "(not here)"),  # of a file: in bulk without it is the floor
        ("run", "killed three times"),  # in bulk without a plan is the floor
        ("revoke", "django-ca" if django else "(not here)"),
        ("4", "LIKE"),
        ("reconcile", "cryptography, parsing"),
        ("an", "(not here)"),  # overview
        ("a", "fpdf2, a bare table"),
        ("a", "openssl ca -gencrl"),
    ]
    assert all(float(row[3]) > 0 for row in cells)
    assert all(float(row[6]) > 0 for row in cells if row[4] != "(not here)")
    assert {row[3] for row in of_tokens} == {"", "≥ 0.9", *(row[3] for row in of_tokens[-7:])}
    assert len(of_tokens) == 25
    assert all(float(row[2]) > 0 and row[4] for row in of_tokens)
    assert of_tokens[-1][:4] == ["logins of a process, the most", "", "1", "1"]
    kept = json.loads(file.read_text("utf-8"))
    rounds = {len(times) for job in kept["seconds"].values() for times in job.values()}
    assert rounds == {3, 30}
