"""A plan whose process is killed at any point comes to the end that it has undisturbed."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from pki_engines import Place
from pki_office import Office, make_office
from pki_plans import Planning

from cli.selftest.sandbox import WatchedKey
from pki.authority import bulk
from pki.authority.authority import Authority
from pki.records.certificates import CertificateState
from pki.records.plans import EndState
from pki.records.requests import RequestKind, RequestState
from pki.register.sql import open_register

LINES = 7


@pytest.fixture
def planning(tmp_path: Path, place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Planning]:
    monkeypatch.setattr(bulk, "BATCH", 2)
    made = Planning(make_office(tmp_path, place.url))
    yield made
    made.office.world.register.close()


def elsewhere(planning: Planning, place: Place) -> Planning:
    """Return the office as another process has it: with connections of its own."""
    office, register = planning.office, open_register(place.url)
    issuing = Authority(office.world.issuing.issuer, register, office.clock)
    world = replace(office.world, register=register, issuing=issuing)
    return Planning(Office(world, office.people, office.grants, office.rules))


def in_process(act: Callable[[], object]) -> int:
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        return status
    try:
        act()
    finally:
        os._exit(0)
    raise AssertionError


def die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_at(planning: Planning, name: str, number: int, *, after: bool) -> None:
    """Have the process killed at the n-th commit of that kind, before or after it."""
    register = planning.office.world.register
    real, count = getattr(register, name), [0]

    def commit(*arguments: object) -> None:
        count[0] += 1
        if count[0] == number and not after:
            die()
        real(*arguments)
        if count[0] == number:
            die()

    setattr(register, name, commit)


def die_signing(planning: Planning) -> None:
    issuing = planning.office.world.issuing
    key = WatchedKey()
    key._inner, key.heard = issuing.issuer.key, die  # type: ignore[assignment]
    issuing.issuer = replace(issuing.issuer, key=key)


def killed_run(planning: Planning, point: tuple[str, int, bool]) -> None:
    name, number, after = point
    if name == "signature":
        die_signing(planning)
    else:
        die_at(planning, name, number, after=after)
    planning.run()


POINTS = (
    *(("commit_all", number, after) for number in (1, 2, 3, 4, 6) for after in (False, True)),
    ("signature", 1, False),
    ("commit", 2, True),
)


def made(planning: Planning) -> None:
    held, changed = planning.issue(21), planning.issue(22)
    planning.approved(
        [
            *(planning.new(number) for number in range(1, LINES - 1)),
            planning.change(changed),
            planning.status(RequestKind.HOLD, held),
        ]
    )


@pytest.mark.parametrize("point", POINTS, ids=lambda one: "-".join(map(str, one)))
def test_a_plan_whose_process_is_killed_comes_to_the_same_end(
    planning: Planning, place: Place, point: tuple[str, int, bool]
):
    made(planning)
    status = in_process(lambda: killed_run(elsewhere(planning, place), point))
    assert os.WTERMSIG(status) == signal.SIGKILL
    last = planning.run()
    assert (last.lines, last.ended) == (LINES, LINES)
    assert planning.ends() == dict.fromkeys(range(1, LINES + 1), (EndState.DONE, None))
    issued = planning.issued()
    assert sorted(issued) == sorted(f"P-1.{number}" for number in range(1, LINES))
    assert all(len(found) == 1 for found in issued.values())
    states = {one.state for found in issued.values() for one in found}
    assert states == {CertificateState.ISSUED}
    assert planning.office.desk.case("P-1").state is RequestState.DONE


def test_a_plan_is_killed_time_and_again(planning: Planning, place: Place):
    made(planning)
    for number in (3, 2, 3, 2):
        status = in_process(
            lambda number=number: killed_run(
                elsewhere(planning, place), ("commit_all", number, True)
            )
        )
        assert os.WTERMSIG(status) in {signal.SIGKILL, 0}
    assert planning.run().ended == LINES
    assert all(len(found) == 1 for found in planning.issued().values())
    assert len(planning.issued()) == LINES - 1


def test_what_was_begun_and_may_no_more_be_followed_is_given_up(planning: Planning, place: Place):
    old = planning.issue(1)
    planning.approved([planning.change(old)])
    status = in_process(lambda: killed_run(elsewhere(planning, place), ("commit_all", 2, True)))
    assert os.WTERMSIG(status) == signal.SIGKILL
    planning.office.world.issuing.revoke(old.serial, x509.ReasonFlags.superseded)
    last = planning.run()
    assert (last.ended, last.refused) == (1, 1)
    assert planning.ends() == {1: (EndState.REFUSED, "pki.renew_revoked")}
    ((one,),) = planning.issued().values()
    assert one.state is CertificateState.ABANDONED
    assert planning.office.world.register.find_revocation("issuing", one.serial)
