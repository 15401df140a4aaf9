"""What every test stands on: peers, corpora, Hypothesis profiles, and two guards.

The guards: with `REQUIRE_PEERS=1` (the CI) a skip is a failure, and no test speaks to an address
off this machine unless it is marked `network`. The machine's own SoftHSM configuration is out of
reach: a test that wants a token makes one in a folder of its own.
"""

from __future__ import annotations

import gc
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path

import promises
import pytest
from hypothesis import HealthCheck, settings

CHECKOUT = Path(__file__).resolve().parent.parent
LOOPBACK = ("127.", "::1", "localhost")

for name in ("ANTIN_HOME", "ANTIN_LANG"):
    os.environ.pop(name, None)
if "ANTIN_TEST_MODULE" not in os.environ:  # the token a person named may be SoftHSM's
    os.environ["SOFTHSM2_CONF"] = str(Path(tempfile.gettempdir()) / "no-softhsm2.conf")

settings.register_profile("dev", deadline=None)
settings.register_profile(
    "ci",
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))


def peers_required() -> bool:
    """Say whether a missing peer is a failure here."""
    return os.environ.get("REQUIRE_PEERS") == "1"


@pytest.fixture(scope="session")
def checkout() -> Path:
    """Return the root of the checkout."""
    return CHECKOUT


@pytest.fixture(scope="session")
def peer() -> Callable[[str], Path]:
    """Return what finds an external program, or skips the test that asks for it."""

    def find(program: str) -> Path:
        found = shutil.which(program)
        if found is None:
            pytest.skip(f"{program} is not installed: `make setup` installs it")
        return Path(found)

    return find


@pytest.fixture(scope="session")
def own_mounts(peer: Callable[[str], Path]) -> list[str]:
    """Return the command before one that may mount what nobody else sees, or skip the test."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root on Linux mounts a disk")
    command = [str(peer("unshare")), "--mount"]
    if subprocess.run([*command, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("no mounts of one's own are to be had here, as in a changed root")
    return command


@pytest.fixture(scope="session")
def corpora() -> Path:
    """Return the folder of documents others wrote; `ANTIN_CORPORA` names another place."""
    folder = Path(os.environ.get("ANTIN_CORPORA", CHECKOUT.parent / "shared" / "corpora"))
    if not folder.is_dir():
        pytest.skip(f"no corpora beside the checkout, nor where ANTIN_CORPORA says ({folder})")
    return folder


_USUAL = gc.get_threshold()


@pytest.fixture(autouse=True)
def _collector() -> None:
    """Have the collector look as often as it does: servers and workers change it for good."""
    gc.set_threshold(*_USUAL)


@pytest.fixture(autouse=True)
def _no_network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.node.get_closest_marker("network"):
        return
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        host = address[0] if isinstance(address, tuple) else "localhost"
        if not str(host).startswith(LOOPBACK):
            pytest.fail(f"this test asked {host}; only tests marked `network` leave the machine")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", guarded)


UNRESOLVED = "Maven cannot resolve"
"""How the reason of the one skip begins that no setting up of this machine would mend."""


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if peers_required() and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        if str(reason).startswith(f"Skipped: {UNRESOLVED}"):
            return
        report.outcome = "failed"
        report.longrepr = f"REQUIRE_PEERS=1 and this was skipped: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skipped test into a failed one where peers are required."""
    report = yield
    _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn a skipped module into a failed one where peers are required."""
    report = yield
    _refuse_skip(report)
    return report


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--promises`."""
    parser.addoption(
        "--promises",
        choices=promises.SUITES,
        help="fail unless every test that docs/promises.toml names for this suite passed",
    )


class PromiseKeeper:
    """Notes which tests passed, and fails the run when a promised one did not."""

    def __init__(self, suite: str) -> None:
        self._suite = suite
        self._passed: set[str] = set()
        self._broken: set[str] = set()
        self._owed: tuple[str, ...] = ()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how one test, or one case of it, went."""
        test = report.nodeid.partition("[")[0]
        if report.when == "call" and report.passed:
            self._passed.add(test)
        elif not report.passed:
            self._broken.add(test)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Compare with the list."""
        promised = promises.promised_tests(self._suite, CHECKOUT)
        self._owed = tuple(sorted(promised - (self._passed - self._broken)))
        if self._owed and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Name the promised tests that did not pass."""
        if self._owed:
            terminalreporter.section("promised in docs/promises.toml, not proved by this run")
            for test in self._owed:
                terminalreporter.write_line(test)


def pytest_configure(config: pytest.Config) -> None:
    """Watch promises in the process that sees every report: with xdist, the controller."""
    suite = config.getoption("--promises")
    if suite and not hasattr(config, "workerinput"):
        config.pluginmanager.register(PromiseKeeper(suite))
