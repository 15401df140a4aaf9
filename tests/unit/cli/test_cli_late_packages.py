"""Packages whose `__init__` runs late are the same packages, for whoever asks them for anything."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from cli.late_packages import LATE, load_packages_late, run_now

TESTS = Path(__file__).parents[2]
LATELY = "from cli.late_packages import load_packages_late; load_packages_late()\n"


def ran(script: str, *, late: bool = True) -> list[str]:
    """Run a script in a process of its own, and return the words it said."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_")}
    before = environment.get("PYTHONPATH", "")
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, (before, str(TESTS))))
    done = subprocess.run(
        [sys.executable, "-c", (LATELY if late else "") + script],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        cwd=TESTS.parent,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


SIGNING = (
    "import signing.later, signing.sign, sys\n"
    "seldom = ('asyncio', 'pyhanko.sign.validation.dss', 'pyhanko.sign.signers.pdf_signer',\n"
    "    'pyhanko_certvalidator.context')\n"
    "print(*(name for name in seldom if name in sys.modules))\n"
)


def test_signing_loads_nothing_of_validation():
    assert ran(SIGNING) == []


def test_without_it_pyhanko_loads_all_of_it():
    """The twin: when this fails, pyHanko has changed and the file can go."""
    assert len(ran(SIGNING, late=False)) == 4


@pytest.mark.parametrize("name", sorted(LATE))
def test_what_a_package_gives_is_what_it_gives_at_once(name):
    script = (
        f"import {name} as package\n"
        f"exec('from {name} import *')\n"
        "kinds = {name: type(value).__name__ for name, value in vars(package).items()}\n"
        "print(*sorted(f'{name}:{kind}' for name, kind in kinds.items()\n"
        "    if not name.startswith('__') and kind != 'module'))\n"
    )
    late, at_once = ran(script), ran(script, late=False)
    assert late == at_once
    assert len(late) > 5


def test_a_name_that_is_not_there_is_not_there():
    script = (
        "import pyhanko.sign\n"
        "print(hasattr(pyhanko.sign, 'no_such_name'), hasattr(pyhanko.sign, '__wrapped__'))\n"
        "try:\n"
        "    from pyhanko.sign import no_such_name\n"
        "except ImportError as error:\n"
        "    print('refused')\n"
    )
    assert ran(script) == ["False", "False", "refused"]


def test_several_threads_that_ask_at_once_get_it_whole():
    script = (
        "import threading, pyhanko.sign\n"
        "together, got = threading.Barrier(8), []\n"
        "def ask():\n"
        "    together.wait()\n"
        "    got.append(pyhanko.sign.PdfSigner)\n"
        "threads = [threading.Thread(target=ask) for _ in range(8)]\n"
        "for each in threads: each.start()\n"
        "for each in threads: each.join()\n"
        "print(len(got), len(set(got)))\n"
    )
    assert ran(script) == ["8", "1"]


def test_every_level_is_signed_with_it():
    script = (
        "from unit.signing.signing_world import TSA_URL, World, make_pdf\n"
        "from signing.display.profile import load_display\n"
        "from signing.options import Level, SigningOptions\n"
        "from signing.sign import sign_document\n"
        "world = World()\n"
        "for level in Level:\n"
        "    options = SigningOptions(display=load_display('none'), level=level, tsa_url=TSA_URL)\n"
        "    signer, services = world.signer(), world.services()\n"
        "    done = sign_document(make_pdf(), signer=signer, options=options, services=services)\n"
        "    print(done.report.signatures[0].level)\n"
    )
    assert ran(script) == ["B-B", "B-T", "B-LT", "B-LTA"]


FIRST = """
import os, pkgutil, sys
from cli.lean import leave_out_aiohttp
leave_out_aiohttp()
import pyhanko, pyhanko_certvalidator
names = ["pyhanko", "pyhanko_certvalidator"]
while names:
    name = names.pop()
    child = os.fork()
    if child == 0:
        sys.stderr = open(os.devnull, "w")
        try:
            __import__(name)
        except ModuleNotFoundError:
            os._exit(0)  # of a library that is not installed
        except BaseException:
            os._exit(1)
        os._exit(0)
    failed = os.waitpid(child, 0)[1]
    print(name, "no" if failed else "yes")
    top, *rest = name.split(".")
    place = os.path.join(list(sys.modules[top].__path__)[0], *rest)
    if os.path.isdir(place):
        names += [f"{name}.{found.name}" for found in pkgutil.iter_modules([place])]
"""


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="each is imported in a child that is forked")
def test_every_module_may_be_the_first():
    """A package that runs late meets its modules in another order than it would have itself."""
    late, at_once = ran(FIRST), ran(FIRST, late=False)
    assert len(at_once) > 200
    assert [name for name in at_once if name not in ("yes", "no")] == late[::2]
    worse = [
        name
        for name, before, now in zip(at_once[::2], at_once[1::2], late[1::2], strict=True)
        if (before, now) == ("yes", "no")
    ]
    assert worse == []


def test_what_is_loaded_already_is_left_alone():
    import pyhanko.sign as loaded

    finders = list(sys.meta_path)
    try:
        load_packages_late()
        load_packages_late()
        assert len(sys.meta_path) <= len(finders) + 1
        before = dict(vars(loaded))
        run_now(loaded)
        assert vars(loaded) == before
    finally:
        sys.meta_path[:] = finders


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A package of our own that is made late, in this process."""
    folder = tmp_path / "antin_late_example"
    folder.mkdir()
    (folder / "__init__.py").write_text(
        "ran = __name__\ntry:\n    early = __getattr__\nexcept NameError:\n    early = None\n"
        "import antin_late_example\nmissing = hasattr(antin_late_example, 'later')\nlater = 1\n",
        "utf-8",
    )
    (folder / "inner.py").write_text("value = 7\n", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("cli.late_packages.LATE", frozenset({folder.name, "antin_not_there"}))
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    load_packages_late()
    yield import_module(folder.name)
    for name in (folder.name, f"{folder.name}.inner"):
        sys.modules.pop(name, None)


def test_its_modules_come_without_it_and_its_names_with_it(package):
    assert package.inner.value == 7
    assert "ran" not in vars(package)
    assert package.ran == package.__name__
    assert type(package) is ModuleType
    assert not package.missing  # what asks itself while it runs finds what there is so far
    assert package.later == 1
    run_now(package)


def test_what_it_does_not_have_it_does_not_have(package):
    with pytest.raises(AttributeError, match="no attribute 'none'"):
        _ = package.none
    assert not hasattr(package, "__wrapped__")
    assert package.ran


def test_one_that_is_not_installed_is_not_found(package):
    with pytest.raises(ModuleNotFoundError):
        import_module("antin_not_there")
    assert package.later == 1
