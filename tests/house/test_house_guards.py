"""The guards of tests/conftest.py, tried on small suites of their own in another pytest."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

PYPROJECT = """[tool.pytest]
pythonpath = [".ci"]
markers = ["network: needs the network", "long: long"]
"""
PASSES = "def test_it():\n    assert True\n"
SKIPS = "import pytest\n\ndef test_it():\n    pytest.skip('no reason')\n"
NO_PEER = "def test_it(peer):\n    peer('no-such-program')\n"
NO_CORPORA = "def test_it(corpora):\n    assert corpora\n"
SKIPS_MODULE = "import pytest\n\npytest.importorskip('no_such_module')\n" + PASSES
EXPECTED = "import pytest\n\n@pytest.mark.xfail(reason='known')\ndef test_it():\n    assert False\n"
CALLS_OUT = """import socket

def test_it():
    socket.create_connection(("192.0.2.1", 9), timeout=0.1)
"""
CALLS_HERE = """import socket

def test_it():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=5).close()
"""
OWN_WORLD = """import os
from pathlib import Path

def test_it():
    assert "ANTIN_HOME" not in os.environ
    assert Path(os.environ["SOFTHSM2_CONF"]).is_absolute()
    assert not Path(os.environ["SOFTHSM2_CONF"]).exists()
"""
MARKED = "import pytest\n\n@pytest.mark.{mark}\ndef test_it():\n    assert True\n"

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(checkout: Path, tmp_path: Path) -> Run:
    """Return what runs one test file under this house's conftest."""
    (tmp_path / "tests").mkdir()
    (tmp_path / ".ci").mkdir()
    (tmp_path / "docs").mkdir()
    (tmp_path / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    shutil.copy(checkout / "tests" / "conftest.py", tmp_path / "tests")
    shutil.copy(checkout / ".ci" / "promises.py", tmp_path / ".ci")

    def go(text: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "tests" / "test_one.py").write_text(text, encoding="utf-8")
        kept = {k: v for k, v in os.environ.items() if k in {"PATH", "HOME", "TMPDIR"}}
        apart = {
            "ANTIN_CORPORA": str(tmp_path / "nothing"),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        }
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-ra", *arguments, "tests"],
            cwd=tmp_path,
            env=kept | apart | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return go


@pytest.mark.parametrize("text", [SKIPS, NO_PEER, NO_CORPORA])
def test_a_skip_is_a_failure_where_peers_are_required(run, text):
    here, ci = run(text), run(text, REQUIRE_PEERS="1")
    assert (here.returncode, ci.returncode) == (0, 1)
    assert "1 skipped" in here.stdout
    assert "REQUIRE_PEERS=1 and this was skipped" in ci.stdout


def test_a_java_peer_that_maven_cannot_resolve_is_a_skip_that_is_seen(run):
    """What is on the net and not here is nobody's failure; the reason is in the report."""
    told = 'import pytest\ndef test_it():\n    pytest.skip("Maven cannot resolve dss: no answer")\n'
    ci = run(told, REQUIRE_PEERS="1")
    assert ci.returncode == 0
    assert "Maven cannot resolve dss: no answer" in ci.stdout
    other = told.replace("Maven cannot resolve", "Maven could not resolve")
    assert run(other, REQUIRE_PEERS="1").returncode == 1


def test_a_skipped_module_is_a_failure_where_peers_are_required(run):
    assert run(SKIPS_MODULE).returncode == pytest.ExitCode.NO_TESTS_COLLECTED
    ci = run(SKIPS_MODULE, REQUIRE_PEERS="1")
    assert ci.returncode == pytest.ExitCode.INTERRUPTED
    assert "REQUIRE_PEERS=1 and this was skipped" in ci.stdout


@pytest.mark.parametrize("text", [PASSES, EXPECTED])
def test_what_passes_or_is_known_to_fail_is_no_skip(run, text):
    assert run(text, REQUIRE_PEERS="1").returncode == 0


def test_a_test_that_leaves_the_machine_fails(run):
    done = run(CALLS_OUT)
    assert done.returncode == 1
    assert "this test asked 192.0.2.1" in done.stdout


def test_loopback_is_free(run):
    assert run(CALLS_HERE).returncode == 0


def promise(run_in: Path, test: str) -> None:
    (run_in / "docs" / "promises.toml").write_text(
        f'[[promise]]\nid = "p"\ntext = "t"\nwhere = []\ntests = ["{test}"]\n', encoding="utf-8"
    )


@pytest.mark.parametrize("parallel", ["0", "2"])
def test_a_promised_test_that_did_not_pass_fails_the_run(run, tmp_path, parallel):
    options = ("--promises=everyday", "-p", "xdist.plugin", "-n", parallel)
    promise(tmp_path, "tests/test_one.py::test_other")
    broken = run(PASSES, *options)
    promise(tmp_path, "tests/test_one.py::test_it")
    kept = run(PASSES, *options)
    skipped = run(SKIPS, *options)
    assert (broken.returncode, kept.returncode, skipped.returncode) == (1, 0, 1)
    assert "not proved by this run" in broken.stdout
    assert "tests/test_one.py::test_other" in broken.stdout


def test_a_long_promise_is_owed_by_the_long_suite_alone(run, tmp_path):
    promise(tmp_path, "tests/test_one.py::test_it")
    text = MARKED.format(mark="long") + "\ndef test_short():\n    assert True\n"
    assert run(text, "--promises=everyday", "-m", "not long").returncode == 0
    assert run(text, "--promises=long", "-m", "long").returncode == 0
    assert run(text, "--promises=long", "-m", "not long").returncode == 1


def test_the_machines_own_softhsm_and_home_are_out_of_reach(run):
    assert run(OWN_WORLD, ANTIN_HOME="somebody's", SOFTHSM2_CONF="somebody's").returncode == 0
