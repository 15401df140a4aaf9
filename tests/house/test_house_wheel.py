"""The wheel works on its own: built from what is tracked, installed outside, asked for its help.

The environment holds Antin's wheel and the libraries the wheel itself declares, followed to the
end, and nothing else: a library that only the developers' environment has would be missed here.
They are linked from there, so that no network is asked.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import Distribution, distribution
from pathlib import Path, PurePosixPath

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PACKAGES = ("pki", "hsm", "signing", "verify", "cli")
DATA = {".toml", ".html", ".css", ".svg", ".po", ".mo"}
READS_DATA = """
import sys
from importlib.resources import files

import cli.app, pki.words, signing, verify
from pki.words import Language, say

assert "site-packages" in cli.app.__file__, cli.app.__file__
for name in sys.argv[1:]:
    package, _, rest = name.partition("/")
    assert (files(package) / rest).read_bytes(), name
texts = {say("pki.malformed_der.hint", {"what": "x", "reason": "y"}, l) for l in Language}
assert len(texts) == 2, texts
"""


@pytest.fixture(scope="module")
def tracked(checkout, peer) -> tuple[str, ...]:
    """Return the paths of all tracked files that are there."""
    done = subprocess.run(
        [peer("git"), "ls-files", "-z"], cwd=checkout, capture_output=True, text=True, check=True
    )
    return tuple(name for name in done.stdout.split("\0") if name and (checkout / name).is_file())


@pytest.fixture(scope="module")
def wheel(checkout, tracked, tmp_path_factory) -> Path:
    """Return a wheel built from a copy of the tracked files, without isolation."""
    copy = tmp_path_factory.mktemp("sources")
    for name in tracked:
        target = copy / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(checkout / name, target)
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(copy / "dist")],
        cwd=copy,
        check=True,
        capture_output=True,
    )
    (built,) = (copy / "dist").glob("*.whl")
    return built


def declared(name: str, extras: frozenset[str], seen: dict[str, Distribution]) -> None:
    """Put `name` and everything it declares for this machine, extras included, into `seen`."""
    known = canonicalize_name(name)
    if known in seen and not extras:
        return
    seen[known] = distribution(name)
    for text in seen[known].requires or ():
        requirement = Requirement(text)
        environments = [{"extra": extra} for extra in ("", *extras)]
        if requirement.marker is None or any(map(requirement.marker.evaluate, environments)):
            declared(requirement.name, frozenset(requirement.extras), seen)


def top_level(found: Distribution) -> set[str]:
    """Return the names that a distribution has in site-packages."""
    parts = {PurePosixPath(file).parts[0] for file in found.files or ()}
    return {part for part in parts if part not in {"..", "__pycache__"}}


@pytest.fixture(scope="module")
def environment(wheel, tmp_path_factory) -> Path:
    """Return an environment with the wheel and what it declares."""
    home = tmp_path_factory.mktemp("elsewhere") / "env"
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", home], check=True, capture_output=True
    )
    (site,) = home.glob("lib/python*/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    libraries: dict[str, Distribution] = {}
    declared("antin", frozenset(), libraries)
    del libraries["antin"]
    for found in libraries.values():
        for name in top_level(found):
            if not (site / name).exists():
                (site / name).symlink_to(Path(str(found.locate_file(name))))
    return home


def ask(environment: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the environment's Python, away from the checkout and with nothing inherited."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "SYSTEMROOT") if name in os.environ}
    return subprocess.run(
        [environment / "bin" / "python", "-W", "error", *arguments],
        cwd=environment,
        env=kept,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_wheel_carries_every_tracked_file_of_the_packages(wheel, tracked):
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    ours = {name for name in tracked if name.partition("/")[0] in PACKAGES}
    assert ours <= inside
    extra = {name for name in inside - ours if ".dist-info/" not in name}
    assert extra == {f"pki/locale/{lang}/LC_MESSAGES/antin.mo" for lang in ("en", "vi")}


def test_the_installed_program_speaks_two_languages(environment):
    call = "import sys; sys.argv[0] = 'antin'; from cli.app import main; main()"
    helps = [ask(environment, "-c", call, "--lang", lang, "--help") for lang in ("vi", "en")]
    assert [(done.returncode, done.stderr) for done in helps] == [(0, ""), (0, "")]
    assert "sign" in helps[0].stdout
    assert helps[0].stdout != helps[1].stdout


def test_its_data_is_read_as_package_data(environment, wheel):
    with zipfile.ZipFile(wheel) as archive:
        data = [name for name in archive.namelist() if Path(name).suffix in DATA]
    done = ask(environment, "-c", READS_DATA, *data)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_environment_is_outside_the_checkout(environment, checkout):
    done = ask(environment, "-c", "import sys; print(*sys.path, sep='\\n')")
    assert str(checkout) not in done.stdout


def test_the_program_is_declared(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (entry,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
        assert "antin = cli.app:main" in archive.read(entry).decode()
