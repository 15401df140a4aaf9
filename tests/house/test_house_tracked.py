"""What may not stand in a tracked file: paths of one machine, registry hosts, other locks."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

LOCKS = ("requirements.lock", ".ci/uv-requirements.txt")
MACHINE_PATHS = re.compile(r"(?<![\w.$}])/(work|root|farm|opt/wheels|tmp/bash_jobs)(?=[/\s\"'`]|$)")
REGISTRIES = re.compile(
    r"pypi\.org|pythonhosted\.org|(?<![\w.])registry\.[\w-]+[.:]\w|artifactory|--(extra-)?index-url"
)
OTHER_LOCKS = frozenset({"uv.lock", "poetry.lock", "Pipfile.lock", "pdm.lock", "pylock.toml"})
PINNED = re.compile(r"[A-Za-z0-9._-]+==[^\s;]+( ; .+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?")


@pytest.fixture(scope="module")
def tracked(checkout, peer) -> dict[str, str]:
    """Return the text of every tracked file by its path."""
    names = subprocess.run(
        [peer("git"), "ls-files", "-z"], cwd=checkout, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    present = (name for name in names if name and (checkout / name).is_file())
    return {name: (checkout / name).read_text("utf-8", "replace") for name in present}


def hits(pattern: re.Pattern[str], tracked: dict[str, str]) -> list[str]:
    """Return `path: match` for every match outside this file, which spells the patterns."""
    return [
        f"{name}: {match.group()}"
        for name, text in tracked.items()
        if name != f"tests/house/{Path(__file__).name}"
        for match in pattern.finditer(text)
    ]


def test_no_path_of_one_machine_is_tracked(tracked):
    assert not hits(MACHINE_PATHS, tracked)


def test_no_address_of_a_registry_is_tracked(tracked):
    locks = {".ci/lock": tracked[".ci/lock"].replace("--no-emit-index-url", "")}
    assert not hits(REGISTRIES, tracked | locks)


def test_a_planted_path_and_registry_are_seen():
    # Put together here, so that nobody who looks for such addresses finds them in this file.
    root, work, index = "root", "work", "pypi"
    planted = {"a": f"see /{root}/x", "b": f"open('/{work}/key')", "c": f"https://{index}.org/"}
    assert len(hits(MACHINE_PATHS, planted)) == 2
    assert len(hits(REGISTRIES, planted)) == 1
    assert not hits(MACHINE_PATHS, {"twin": "antin.gov.vn/work /homework ../root $HOME/home"})


def test_no_other_lock_file_is_tracked(tracked):
    assert not OTHER_LOCKS & {Path(name).name for name in tracked}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_holds_names_versions_and_hashes_alone(checkout, lock):
    for line in (checkout / lock).read_text(encoding="utf-8").splitlines():
        assert PINNED.fullmatch(line), line


def test_the_lock_has_every_declared_dependency_at_a_version_that_fits(checkout):
    with (checkout / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)
    declared = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    for group in project["dependency-groups"].values():
        declared += [entry for entry in group if isinstance(entry, str)]
    locked = {
        canonicalize_name(name): Version(version)
        for name, version in re.findall(
            r"^([\w.-]+)==([^\s;]+)", (checkout / "requirements.lock").read_text("utf-8"), re.M
        )
    }
    for entry in map(Requirement, declared):
        assert entry.specifier.contains(locked[canonicalize_name(entry.name)]), entry
