"""What the program leaves out stays out, and fails loudly where it is used."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from cli.lean import LEFT_OUT, SELDOM, LeftOutError, leave_out_aiohttp

IMPORTS = """
import sys
from cli.lean import leave_out_aiohttp
leave_out_aiohttp()
import signing.extend, signing.later, signing.sign, verify.collect
from pyhanko.sign.timestamps import HTTPTimeStamper
print(sorted(name for name in sys.modules if name.split(".")[0] == "aiohttp"))
"""


def test_signing_and_judging_load_nothing_of_it():
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS], capture_output=True, text=True, check=True
    )
    assert done.stdout == "['aiohttp']\n"


def test_without_leaving_it_out_pyhanko_loads_it():
    """The twin: when this fails, pyHanko has changed and the file can go."""
    program = IMPORTS.replace("\nleave_out_aiohttp()", "")
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "aiohttp.client" in done.stdout


def test_what_is_used_of_it_fails(monkeypatch):
    monkeypatch.delitem(sys.modules, LEFT_OUT, raising=False)
    leave_out_aiohttp()
    empty = sys.modules[LEFT_OUT]
    with pytest.raises(LeftOutError, match="left out"):
        empty.ClientSession(timeout=1)
    with pytest.raises(LeftOutError):
        raise empty.ClientError
    assert issubclass(empty.ClientError, Exception)
    assert not hasattr(empty, "__path__")


def test_one_that_is_loaded_is_left_alone(monkeypatch):
    loaded = ModuleType(LEFT_OUT)
    monkeypatch.setitem(sys.modules, LEFT_OUT, loaded)
    leave_out_aiohttp()
    assert sys.modules[LEFT_OUT] is loaded


def test_garbage_is_looked_for_seldom_and_not_among_what_was_loaded():
    script = (
        "import atexit, gc; from cli.app import run\n"
        "atexit.register(lambda: print(gc.get_threshold(), gc.get_freeze_count() > 10_000))\n"
        "atexit.register = lambda call: order.append(call); order = []\n"
        "try: run()\n"
        "except SystemExit: pass\n"
        "for call in order: call()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "--help"], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == f"{SELDOM} True"


LATE = {
    "fontTools": "words that are shown",
    "PIL": "an image that is shown",
    "rich": "a bar on a terminal",
    "urllib3": "services that are asked",
    "multiprocessing": "workers",
}


def test_signing_loads_no_library_that_it_does_not_use():
    """What the modules of `antin sign` load before they know what is asked."""
    script = (
        "import sys; from cli.app import main; from cli.lean import leave_out_aiohttp\n"
        "leave_out_aiohttp()\n"
        "import cli.documents.sign_documents, cli.documents.sign_run, cli.homes.outside\n"
        "import cli.documents.signer, cli.homes.keys, signing.sign\n"
        f"print(*sorted(name for name in {sorted(LATE)} if name in sys.modules))\n"
    )
    # Measuring coverage would load modules of its own into the process.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_")}
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    assert done.stdout.split() == []
    assert "fontTools" in run_late("signing.display.fonts")
    assert "PIL" in run_late("signing.display.png")
    assert "urllib3" in run_late("verify.fetcher")


def run_late(module: str) -> str:
    """The twin: what is late is loaded by whoever uses it."""
    script = f"import sys, {module}; print(*sys.modules)"
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout


@pytest.mark.parametrize("left_out", [False, True])
def test_plugins_of_pydantic_are_left_out(tmp_path, left_out):
    told = tmp_path / "meddler-1.dist-info"
    told.mkdir()
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: meddler\nVersion: 1\n", "utf-8")
    (told / "entry_points.txt").write_text("[pydantic]\nmeddler = meddler:PLUGIN\n", "utf-8")
    (tmp_path / "meddler.py").write_text("PLUGIN = object()\n", "utf-8")
    program = "from pydantic.plugin._loader import get_plugins; print(len(list(get_plugins())))"
    if left_out:
        program = f"from cli.lean import leave_out_plugins; leave_out_plugins(); {program}"
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYDANTIC")}
    paths = os.pathsep.join((str(tmp_path), kept.get("PYTHONPATH", "")))
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**kept, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == ("0\n" if left_out else "1\n")


def test_what_looks_for_plugins_is_not_loaded_either():
    program = "import sys; from cli.lean import leave_out_plugins; leave_out_plugins()\n"
    use = "import pydantic; pydantic.TypeAdapter(int).validate_python(1)\n"
    tell = "print('importlib.metadata' in sys.modules)"
    environment = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_")}
    for script, loaded in ((program + use + tell, "False"), (f"import sys; {use}{tell}", "True")):
        done = subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            check=True,
            env=environment,
        )
        assert done.stdout.strip() == loaded


ENDING = """
import atexit, sys, threading, time
from cli.lean import end
class Told:
    def __del__(self): print("taken apart")
told = Told()
atexit.register(print, "at the end")
print("said", end=" ")
{more}
try:
    end(3)
finally:
    print("went on")
"""


@pytest.mark.parametrize(
    ("more", "out"),
    [
        ("", "said at the end\n"),
        ("import sqlite3", "said went on\nat the end\ntaken apart\n"),
        (
            "threading.Thread(target=lambda: (time.sleep(0.3), print('other', end=' '))).start()",
            "said went on\nother at the end\ntaken apart\n",
        ),
    ],
)
def test_a_process_ends_at_once_but_with_all_that_is_to_be_done(more: str, out: str):
    done = subprocess.run(
        [sys.executable, "-c", ENDING.format(more=more)],
        capture_output=True,
        text=True,
        check=False,
        env={k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_")},  # a database
    )
    assert (done.returncode, done.stdout, done.stderr) == (3, out, "")


def test_what_could_not_be_said_is_told_as_ever():
    script = "from cli.lean import end; import sys; sys.stdout.write('x'); end(0)"
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", script],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env={k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"},
        )
    assert done.returncode == 120
    assert "No space left" in done.stderr
