"""Java programs that tests ask, made by Maven from the folder beside this file."""

from __future__ import annotations

import fcntl
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

UNRESOLVED = "Maven cannot resolve"
"""`_refuse_skip` in tests/conftest.py knows a reason that begins so."""


def made(project: str, peer: Callable[[str], Path]) -> list[str]:
    """Return the command that starts Java with the project's classes, or skip the test.

    Whether Maven reaches what the project needs is found by asking it, once a run, and printed:
    where it does not, the test is skipped; what then fails to compile is a failure.
    """
    folder = Path(__file__).parent / project
    target = folder / "target"
    target.mkdir(exist_ok=True)
    maven = [str(peer("mvn")), "--quiet", "--batch-mode", "--file", str(folder / "pom.xml")]
    with (target / "lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        asked = run(maven, "dependency:copy-dependencies", "dependency:resolve-plugins")
        if asked.returncode:
            reason = f"{UNRESOLVED} {project}: {last_line(asked.stdout)}"
            print(reason)  # noqa: T201  the probe's outcome is to be seen
            pytest.skip(reason)
        compiled = run(maven, "compile")
    libraries = len(list((target / "dependency").iterdir()))
    print(f"Maven resolved {project}: {libraries} libraries")  # noqa: T201  as above
    assert not compiled.returncode, compiled.stdout
    path = os.pathsep.join([str(target / "classes"), str(target / "dependency" / "*")])
    return [str(peer("java")), "-Djava.awt.headless=true", "-cp", path]


def run(*command: list[str] | str) -> subprocess.CompletedProcess[str]:
    words = [word for part in command for word in ([part] if isinstance(part, str) else part)]
    return subprocess.run(words, capture_output=True, encoding="utf-8", check=False, timeout=600)


def last_line(text: str) -> str:
    """Return Maven's first complaint; the rest are hints of how to ask it again."""
    return next((line for line in text.splitlines() if "ERROR" in line), "no word from it")
