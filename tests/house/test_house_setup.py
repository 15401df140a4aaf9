"""What `make setup` does on machines that lack something, told by stand-ins for apt, sudo and uv.

Here a machine is a folder of programs that is the whole PATH. The long test takes the real way, in
a fresh clone.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import vietnamese_font
from fontTools.subset import Subsetter
from fontTools.ttLib import TTFont

from signing.display.fonts import FILE_NAMES, find_font

INPUTS = (
    ".ci/setup",
    ".ci/vietnamese_font.py",
    ".ci/hatch_build.py",
    ".ci/uv-requirements.txt",
    "requirements.lock",
)
TOOLS = (
    "bash",
    "cat",
    "chmod",
    "chown",
    "dirname",
    "env",
    "find",
    "git",
    "ln",
    "mkdir",
    "rm",
    "true",
)
PEERS = (
    *("openssl", "qpdf", "certtool", "certutil", "keytool", "age", "xca", "xmlsec1"),
    *("pdfsig", "softhsm2-util", "cc"),
)

UV = """#!/bin/bash
echo "uv $*" >>"$LOG"
[[ $1 != venv ]] || { mkdir -p .venv/bin; ln -sf "$(command -v python3)" .venv/bin/python; }
[[ $1 != pip || $2 != install ]] || { echo >.venv/bin/antin; chmod +x .venv/bin/antin; }
"""
APT = """#!/bin/bash
echo "apt-get $*" >>"$LOG"
[[ $1 != install ]] || { echo >"$BIN/pdfsig"; chmod +x "$BIN/pdfsig"; }
"""
SUDO = """#!/bin/bash
[[ $1 == -n ]] && shift
echo "sudo $*" >>"$LOG"
exec "$@"
"""
ID = "#!/bin/bash\necho {number}\n"


class Machine:
    """A copy of what `.ci/setup` reads, and a PATH of one folder."""

    def __init__(self, checkout: Path, folder: Path, lacks: str) -> None:
        self.copy, self.bin, self.log = folder / "copy", folder / "bin", folder / "log"
        self.bin.mkdir()
        self.log.touch()
        for name in INPUTS:
            (self.copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(checkout / name, self.copy / name)
        shutil.copy(checkout / "pyproject.toml", self.copy)
        shutil.copytree(checkout / "pki" / "locale", self.copy / "pki" / "locale")
        (self.bin / "python3").symlink_to(Path(sys.executable).resolve())
        for name in TOOLS:
            (self.bin / name).symlink_to(Path(str(shutil.which(name))).resolve())
        for name in set(PEERS) - {lacks}:
            self.program(name, "#!/bin/bash\n")
        self.program("uv", UV)
        self.program("id", ID.format(number=1000))

    def program(self, name: str, text: str) -> None:
        file = self.bin / name
        file.unlink(missing_ok=True)
        file.write_text(text, encoding="utf-8")
        file.chmod(file.stat().st_mode | stat.S_IXUSR)

    def setup(self, font: str | None = "given") -> subprocess.CompletedProcess[str]:
        environment = {"PATH": str(self.bin), "BIN": str(self.bin), "LOG": str(self.log)}
        environment |= {"ANTIN_FONT": font} if font else {}
        return subprocess.run(
            [self.bin / "bash", ".ci/setup"],
            cwd=self.copy,
            env=environment | {"HOME": str(self.copy)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def calls(self) -> list[str]:
        return self.log.read_text("utf-8").splitlines()


@pytest.fixture
def machine(checkout, tmp_path):
    """Return what makes a machine that lacks one program."""
    return lambda lacks="nothing": Machine(checkout, tmp_path, lacks)


def test_a_machine_that_lacks_nothing_is_set_up_without_apt(machine):
    here = machine()
    done = here.setup()
    assert done.returncode == 0, done.stderr
    assert [call.split()[:3] for call in here.calls() if call != "uv --version"] == [
        ["uv", "venv", "--quiet"],
        ["uv", "pip", "sync"],
        ["uv", "pip", "install"],
    ]
    assert any("--require-hashes requirements.lock" in call for call in here.calls())


def test_the_second_time_nothing_is_done(machine):
    here = machine()
    here.setup()
    here.log.write_text("", encoding="utf-8")
    done = here.setup()
    assert (done.returncode, done.stderr) == (0, "")
    assert set(here.calls()) <= {"uv --version"}


@pytest.mark.parametrize("changed", ["requirements.lock", "pki/locale/vi/pki.po", "pyproject.toml"])
def test_what_the_environment_is_made_from_makes_it_anew(machine, changed):
    here = machine()
    here.setup()
    here.log.write_text("", encoding="utf-8")
    with (here.copy / changed).open("a", encoding="utf-8") as file:
        file.write("\n")
    here.setup()
    assert any(call.startswith("uv pip sync") for call in here.calls())


def test_without_apt_it_names_what_is_missing_and_stops(machine):
    here = machine("pdfsig")
    done = here.setup()
    assert done.returncode == 1
    assert "poppler-utils: pdfsig, which judges what Antin signs" in done.stderr
    assert "sudo apt-get install poppler-utils" in done.stderr
    assert not (here.copy / ".venv").exists()


def test_without_rights_apt_is_not_asked(machine):
    here = machine("pdfsig")
    here.program("apt-get", APT)
    here.program("sudo", "#!/bin/bash\nexit 1\n")
    assert here.setup().returncode == 1
    assert not [call for call in here.calls() if call.startswith("apt-get")]


def test_root_installs_what_is_missing(machine):
    here = machine("pdfsig")
    here.program("apt-get", APT)
    here.program("id", ID.format(number=0))
    done = here.setup()
    assert done.returncode == 0, done.stderr
    assert "apt-get install -y -qq --no-install-recommends poppler-utils" in here.calls()
    assert "apt-get install" in done.stderr, "what is run is printed"


def test_a_user_with_sudo_installs_with_it_and_nothing_else(machine):
    here = machine("pdfsig")
    here.program("apt-get", APT)
    here.program("sudo", SUDO)
    assert here.setup().returncode == 0
    as_root = [call for call in here.calls() if call.startswith("sudo ")]
    assert any("apt-get install" in call for call in as_root)
    assert not [call for call in as_root if "uv" in call or "pip" in call]


def test_a_peer_of_the_tests_alone_does_not_stop_it(machine):
    here = machine("qpdf")
    done = here.setup()
    assert done.returncode == 0
    assert "not here: qpdf" in done.stderr


def test_it_knows_the_fonts_that_signing_looks_for():
    assert vietnamese_font.NAMES == FILE_NAMES


def test_a_font_counts_when_it_has_the_vietnamese_letters(tmp_path):
    """The font signing takes here, and the same cut down to letters that English has too."""
    found = find_font()
    assert vietnamese_font.usable(found)
    font = TTFont(found)
    cut = Subsetter()
    cut.populate(text="Nguyen")
    cut.subset(font)
    font.save(tmp_path / "cut.ttf")
    assert not vietnamese_font.usable(tmp_path / "cut.ttf")
    (tmp_path / "none.ttf").write_bytes(b"no font")
    assert not vietnamese_font.usable(tmp_path / "none.ttf")
    assert not vietnamese_font.usable(tmp_path / "missing.ttf")


def test_without_a_usable_font_it_is_installed(machine):
    here = machine()
    here.program("apt-get", APT)
    here.program("id", ID.format(number=0))
    (here.copy / ".ci" / "vietnamese_font.py").write_text("raise SystemExit(1)\n", "utf-8")
    done = here.setup(font=None)
    assert "apt-get install -y -qq --no-install-recommends fonts-liberation2" in here.calls()
    assert done.returncode == 1, "still none: the stand-in installs nothing"


@pytest.mark.long
@pytest.mark.network
def test_a_fresh_clone_is_set_up_twice_and_stays_clean(checkout, tmp_path, peer):
    clone = tmp_path / "clone"
    git, make = peer("git"), peer("make")
    subprocess.run([git, "clone", "-q", checkout, clone], check=True)
    own = {"VIRTUAL_ENV", "PYTHONPATH", "MAKEFLAGS", "MAKELEVEL"}
    kept = {k: v for k, v in os.environ.items() if k not in own}
    for _ in range(2):
        done = subprocess.run(
            [make, "setup"], cwd=clone, env=kept, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    assert "setup: " not in done.stderr
    help_ = subprocess.run([clone / ".venv/bin/antin", "--help"], capture_output=True, check=False)
    assert help_.returncode == 0, help_.stderr
    changed = subprocess.run(
        [git, "status", "--short"], cwd=clone, capture_output=True, text=True, check=True
    )
    assert changed.stdout == ""
