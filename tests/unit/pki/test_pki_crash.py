"""An authority killed at each write and each signature loses nothing, and goes on.

`pki_crash` kills, `pki_crash_day` is what was being done, `pki_crash_examine` is what must hold:
no signature that the register does not know, no serial and no list number with two meanings, a log
that verifies and tells of every state, recovery that gives up what was left open, and issuing that
goes on. What keeps this so is taken away, piece by piece, and must then be missed.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from pki_crash import Days, Opener, Outcome, Point, build_shim, in_sqlite, points_of
from pki_crash_mutants import MUTANTS
from pki_engines import ENGINES
from pki_postgres import PostgresServer
from pki_world import World

from pki.errors.issuing import SignatureMismatchError

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="the shim goes before libc with Linux's LD_PRELOAD"
)

MEMORY = Path("/dev/shm")  # noqa: S108  a folder of one's own is made in it
SAMPLE = 12
WORKERS = 2
SPARED = 0.03
"""Signatures differ by an octet or two, so a day may have some writes less than the one counted."""


@pytest.fixture(scope="module")
def shim(peer: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_shim(peer("cc"), tmp_path_factory.mktemp("crash"))


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Path]:
    """Where homes lie: in memory if there is some, for the kernel keeps files as well there."""
    if not os.access(MEMORY, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(prefix="antin-crash-", dir=MEMORY) as folder:
        yield Path(folder)


@pytest.fixture(params=ENGINES)
def opener(request: pytest.FixtureRequest) -> Opener:
    """Where registers lie, on one engine after the other."""
    if request.param == "sqlite":
        return in_sqlite
    server: PostgresServer = request.getfixturevalue("postgres")

    @contextmanager
    def in_postgres(_home: Path) -> Iterator[str]:
        url = server.new_database()
        yield url
        server.drop(url)

    return in_postgres


@pytest.fixture
def days(shim: Path, ground: Path, opener: Opener) -> Iterator[Days]:
    made = Days(shim, ground, opener)
    yield made
    made.close()


def whole_day(days: Days, mutant: str | None = None) -> str:
    """Live a day to its end and return its events."""
    outcome = days.live(Point(0), mutant)
    assert not outcome.killed
    assert outcome.events, outcome.wrong
    assert mutant in {"recover asleep", "requests forgotten"} or outcome.wrong == (), (
        "wrong without a crash"
    )
    return outcome.events


def assert_harmless(outcomes: list[Outcome]) -> None:
    wrong = {outcome.point: outcome.wrong for outcome in outcomes if outcome.wrong}
    assert not wrong
    spared = [outcome.point for outcome in outcomes if not outcome.killed]
    assert len(spared) <= SPARED * len(outcomes), spared


def test_a_day_nobody_disturbs_leaves_nothing_wrong(days: Days):
    outcome = days.live(Point(0))
    assert outcome.wrong == ()
    assert outcome.events.count("K") >= 10, "signatures of certificates and lists"
    assert len(points_of(outcome.events)) > 500


def test_killed_here_and_there_nothing_is_lost(days: Days):
    """Points at even distances, and both sides of one signature of each kind."""
    events = whole_day(days)
    every = points_of(events)
    sample = [every[number * len(every) // SAMPLE] for number in range(SAMPLE)]
    signed = [match.start() + 1 for match in re.finditer("K", events)]
    sample += [Point(at) for at in (signed[0], signed[2], signed[-1])]
    assert_harmless([days.live(point) for point in sample])


@pytest.mark.long
def test_killed_at_every_write_and_signature_nothing_is_lost(
    shim: Path, ground: Path, days: Days, opener: Opener
):
    """Every point, on each engine."""
    every = points_of(whole_day(days))

    def live(worker: int) -> list[Outcome]:
        own = Days(shim, ground / f"worker{worker}", opener)
        try:
            return [own.live(point) for point in every[worker::WORKERS]]
        finally:
            own.close()

    with ThreadPoolExecutor(WORKERS) as pool:
        outcomes = [one for part in pool.map(live, range(WORKERS)) for one in part]
    assert len(outcomes) > 800
    assert_harmless(outcomes)


MISSED = {
    "reserved late": (r"K", 1, "is not in the register"),
    "list reserved late": (r"K", -1, "is not in the register"),
    "serials counted": (r"K", 1, "means two things"),
    "audit apart": (r"s.", 1, "the log and the register differ"),
    "recover asleep": (r"K", 1, "open"),
    "requests forgotten": (r"K", -1, "certificates of one request"),
    "written in place": (r"scw", -1, "is not a whole list"),
}
"""Behind which events to kill, from the first on or from the last back, and what is found out."""


def test_every_mutant_is_tried():
    assert MISSED.keys() == MUTANTS.keys()


@pytest.mark.parametrize("opener", ["sqlite"], indirect=True)
@pytest.mark.parametrize("mutant", MISSED)
def test_a_guard_taken_away_is_missed(days: Days, mutant: str):
    pattern, step, expected = MISSED[mutant]
    torn = pattern.endswith("w")
    ends = [match.end() for match in re.finditer(pattern, whole_day(days, mutant))]
    found = (days.live(Point(end, torn=torn), mutant).wrong for end in ends[::step])
    assert any(expected in one for wrong in found for one in wrong)


def test_the_number_of_a_list_that_was_never_stored_is_not_used_again(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    """Each time the list is signed, and something is wrong with the answer."""

    def wrong(*_: object) -> None:
        raise SignatureMismatchError(reason="test")

    world.issuing.issue_crl()
    for lost in (2, 3):
        world.issuing.revoke(world.issue().serial_number, x509.ReasonFlags.superseded)
        with monkeypatch.context() as patch:
            patch.setattr("pki.authority.crl._check_result", wrong)
            with pytest.raises(SignatureMismatchError):
                world.issuing.issue_crl()
        newest = world.register.newest_crl("issuing")
        assert newest is not None
        assert newest.number == 1, f"number {lost} is reserved, and not stored"
    world.issuing.revoke(world.issue().serial_number, x509.ReasonFlags.superseded)
    assert number(world.issuing.issue_crl()) == 4
    assert number(world.root.issue_crl()) == 1, "each authority counts its own"


def test_a_list_that_loses_its_number_tells_of_what_was_revoked_meanwhile(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    """Between our look at the revocations and our reservation, another process issues a list."""
    serial = world.issue().serial_number
    commit = world.register.commit

    def late(changes, event):
        monkeypatch.setattr(world.register, "commit", commit)
        world.issuing.revoke(serial, x509.ReasonFlags.key_compromise)
        assert number(world.issuing.issue_crl()) == 1
        commit(changes, event)

    monkeypatch.setattr(world.register, "commit", late)
    crl = world.issuing.issue_crl()
    assert number(crl) == 2
    assert crl.get_revoked_certificate_by_serial_number(serial) is not None


def number(crl: x509.CertificateRevocationList) -> int:
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
