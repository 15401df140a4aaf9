"""Plans: written line by line, approved as one, carried out once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from pki_engines import Place
from pki_office import make_office
from pki_plans import Planning

from pki.records.certificates import CertificateState
from pki.records.plans import EndState
from pki.records.requests import RequestKind, RequestState

DONE = (EndState.DONE, None)


@pytest.fixture
def planning(tmp_path: Path) -> Iterator[Planning]:
    made = Planning(make_office(tmp_path))
    yield made
    made.office.world.register.close()


@pytest.fixture
def placed(tmp_path: Path, place: Place) -> Iterator[Planning]:
    made = Planning(make_office(tmp_path, place.url))
    yield made
    made.office.world.register.close()


def test_a_plan_is_carried_out_once(placed: Planning):
    renewed, changed, held, revoked = (placed.issue(number) for number in range(1, 5))
    case = placed.create(
        [
            placed.new(10),
            placed.status(RequestKind.HOLD, held),
            placed.renew(renewed),
            placed.change(changed),
            placed.status(RequestKind.REVOKE, revoked, "cessationOfOperation"),
        ]
    )
    assert (case.state, case.record.kind, case.record.approvals) == (
        RequestState.SUBMITTED,
        RequestKind.PLAN,
        1,
    )
    placed.office.approve(case)
    last = placed.run()
    assert (last.lines, last.ended, last.refused) == (5, 5, 0)
    register = placed.office.world.register
    assert placed.ends() == dict.fromkeys(range(1, 6), DONE)
    assert {name: len(found) for name, found in placed.issued().items()} == {
        "P-1.1": 1,
        "P-1.3": 1,
        "P-1.4": 1,
    }
    reasons = {
        one.serial: register.find_revocation("issuing", one.serial)
        for one in (renewed, changed, held, revoked)
    }
    assert reasons[renewed.serial] is None
    assert [reasons[one.serial].reason for one in (changed, held, revoked)] == [  # type: ignore[union-attr]
        x509.ReasonFlags.affiliation_changed,
        x509.ReasonFlags.certificate_hold,
        x509.ReasonFlags.cessation_of_operation,
    ]
    assert placed.office.desk.case("P-1").state is RequestState.DONE
    assert placed.run().ended == 5
    assert sum(map(len, placed.issued().values())) == 3
    (one,) = placed.issued()["P-1.1"]
    assert one.state is CertificateState.ISSUED
    assert register.needed_approvals("issuing", one.serial) == 1
