"""Homes made for the tests, and what is run on them."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cli_runs import Antin, run_antin
from cli_shim import Shim, Workshop, configure, hsm_shim_token

from hsm.embedded import find_softhsm
from hsm.loading import close_modules


@pytest.fixture(scope="session")
def antin() -> Antin:
    return run_antin


@pytest.fixture(scope="session")
def made_home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A demonstration home that no test changes, and what `init` said of it."""
    directory = tmp_path_factory.mktemp("made") / "home"
    made = run_antin("--home", directory, "init", "--demo", "--json")
    assert made.status == 0, made
    return directory, made.json


@pytest.fixture
def demo_home(made_home: tuple[Path, dict[str, Any]], tmp_path: Path) -> Path:
    """A copy of the demonstration home, to be changed at will."""
    return Path(shutil.copytree(made_home[0], tmp_path / "home"))


@pytest.fixture(scope="session")
def official(made_home: tuple[Path, dict[str, Any]]) -> dict[str, Any]:
    """The one official of the demonstration homes."""
    found: dict[str, Any] = made_home[1]["official"]
    return found


@pytest.fixture(scope="session")
def letter(tmp_path_factory: pytest.TempPathFactory, checkout: Path) -> Path:
    """The demonstration's one-page letter."""
    from signing.display.fonts import find_font

    sys.path.insert(0, str(checkout / "docs" / "demo"))
    try:
        from cong_van import SAMPLE, write_letter
    finally:
        sys.path.pop(0)
    path = tmp_path_factory.mktemp("letter") / "cong-van.pdf"
    write_letter(path, SAMPLE, regular=find_font(), bold=find_font())
    return path


@pytest.fixture(scope="session")
def shim_workshop(
    tmp_path_factory: pytest.TempPathFactory, peer: Callable[[str], Path]
) -> Workshop:
    """What makes modules that fail on demand; compiled once a run."""
    return Workshop(tmp_path_factory.mktemp("shim"), peer("cc"), find_softhsm().resolve())


@pytest.fixture(scope="session")
def _filled_shim(shim_workshop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> Shim:
    made = shim_workshop.shim(0, tmp_path_factory.mktemp("shim-token"))
    hsm_shim_token.fill(made)
    return made


@pytest.fixture
def shim(shim_workshop: Workshop, _filled_shim: Shim, tmp_path: Path) -> Iterator[Shim]:
    """A module that fails on demand, with one token as an official has it."""
    made = shim_workshop.shim(1, tmp_path / "shim")
    hsm_shim_token.copy_tokens(_filled_shim, made)
    yield made
    made.clear()
    close_modules()
    made.close()


@pytest.fixture
def shim_only(shim: Shim, demo_home: Path) -> Path:
    """The home, whose tokens are reached through the failing module and no other way."""
    shutil.rmtree(shim.tokens)
    shutil.copytree(demo_home / "tokens" / "tokens", shim.tokens)
    path = demo_home / "antin.toml"
    text = re.sub(r"(?m)^(modules|search|embedded) = .*\n", "", path.read_text("utf-8"))
    text = text.replace("[tokens]\n", f"[tokens]\nmodules = ['{shim.path}']\nsearch = false\n")
    path.write_text(text, "utf-8")
    return demo_home


@pytest.fixture
def shim_home(shim: Shim, tmp_path: Path) -> Path:
    """A home with that module alone."""
    return configure(tmp_path / "office", shim.path)
