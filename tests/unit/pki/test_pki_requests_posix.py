"""A request whose process is killed, and one that two processes carry out at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pki_engines import Place
from pki_office import Office, make_office

from cli.selftest.sandbox import WatchedKey
from pki.authority.authority import Authority
from pki.errors.tree import PKIError
from pki.records.certificates import CertificateQuery
from pki.records.requests import Case, RequestState
from pki.register.sql import open_register


@pytest.fixture
def office(tmp_path: Path, place: Place) -> Iterator[Office]:
    made = make_office(tmp_path, place.url)
    yield made
    made.world.register.close()


def elsewhere(office: Office, place: Place) -> Office:
    """Return the office as another process has it: with connections of its own."""
    register = open_register(place.url)
    issuing = Authority(office.world.issuing.issuer, register, office.clock)
    world = replace(office.world, register=register, issuing=issuing)
    return Office(world, office.people, office.grants, office.rules)


def in_process(act: Callable[[], object]) -> int:
    """Begin something in another process and return its id."""
    child = os.fork()
    if child:
        return child
    try:
        act()
    except PKIError:
        os._exit(3)
    finally:
        os._exit(0)
    raise AssertionError


def die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def run_and_die(office: Office, case: Case, point: str) -> None:
    """Carry a request out, up to a point."""
    if point == "signature":
        key, issuer = WatchedKey(), office.issuing.issuer
        key._inner, key.heard = issuer.key, die  # type: ignore[assignment]
        office.issuing.issuer = replace(issuer, key=key)
    else:
        number, after = int(point[0]), point.endswith("after")
        register, real, count = office.world.register, office.world.register.commit, [0]

        def commit(changes: object, event: object) -> None:
            count[0] += 1
            if count[0] == number and not after:
                die()
            real(changes, event)  # type: ignore[arg-type]
            if count[0] == number:
                die()

        register.commit = commit  # type: ignore[method-assign,assignment]
    office.run(case)


def issued_for(office: Office, case: Case) -> list[int]:
    found = office.world.register.find_certificates(CertificateQuery(issuer="issuing"))
    return [one.serial for one in found if one.request_id == case.record.id]


@pytest.mark.parametrize("point", ["1 before", "1 after", "signature", "2 before", "2 after"])
def test_who_is_killed_leaves_one_certificate(office: Office, place: Place, point: str):
    case = office.approve(office.ask_new())
    child = in_process(lambda: run_and_die(elsewhere(office, place), case, point))
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    done = office.run(case)
    assert done.certificate
    assert done.case.state is RequestState.DONE
    assert issued_for(office, case) == [done.certificate.serial_number]


def test_two_processes_carry_one_request_out_once(office: Office, place: Place):
    case = office.approve(office.ask_new())
    children = [in_process(lambda: elsewhere(office, place).run(case)) for _ in range(2)]
    for child in children:
        os.waitpid(child, 0)
    done = office.run(case)
    assert done.certificate
    assert issued_for(office, case) == [done.certificate.serial_number]
