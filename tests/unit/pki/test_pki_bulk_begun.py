"""Issuing in bulk that goes on where it was broken off, and on whom its certificates hang."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from cryptography import x509
from pki_people import agency, device, person, post, put
from pki_world import World, new_key
from test_pki_bulk import OFFICIAL, demand, states

from pki.audit.verify import verify_audit
from pki.authority import bulk
from pki.authority.bulk import Here, Outcome, issue_in_bulk
from pki.authority.bulk_way import USUAL, Manner
from pki.authority.bulk_work import Demand, sign_batch
from pki.errors.issuing import LintFailedError, SignatureMismatchError
from pki.errors.requests import RequestDiffersError, RequestEndedError, RequestOpenError
from pki.errors.tree import Phrases
from pki.records.certificates import CertificateQuery, CertificateRecord, CertificateState
from pki.records.people import Assignment, own_key
from pki.requests.content import Concerned
from pki.requests.desk import Desk

GOES_ON = Manner(goes_on=True)


class BrokenOffError(Exception):
    """Somebody pulled the plug."""


class Breaking(Here):
    """Is gone when it is to sign."""

    def submit(self, work, /, *arguments):
        if work is sign_batch:
            raise BrokenOffError
        return super().submit(work, *arguments)


def named(*names: str) -> list[Demand]:
    return [one_named(name) for name in names]


def one_named(name: str) -> Demand:
    one = demand(new_key(), name)
    return Demand(one.untrusted_request, one.subject, one.requester, f"2026-{name}")


def run(
    world: World, demands: list[Demand], manner: Manner = USUAL, workers: Here | None = None
) -> list[Outcome]:
    found = issue_in_bulk(
        world.issuing,
        OFFICIAL,
        demands,
        open_key=lambda: world.issuing.issuer.key,
        workers=(workers,) if workers else (),
        manner=manner,
    )
    return sorted(found, key=lambda one: one.position)


def records(world: World) -> dict[str | None, CertificateRecord]:
    found = world.register.find_certificates(CertificateQuery(issuer="issuing"))
    return {one.request_id: one for one in found}


def test_what_was_reserved_is_gone_on_with_under_its_serial(world):
    demands = named("A", "B", "C")
    with pytest.raises(BrokenOffError):
        run(world, demands[:2], workers=Breaking())
    assert states(world) == [CertificateState.RESERVED] * 2
    begun = records(world)
    refused = run(world, demands)
    assert [type(one.error) for one in refused] == [RequestOpenError, RequestOpenError, type(None)]

    told = run(world, demands, GOES_ON)
    assert [one.error for one in told] == [None] * 3
    done = records(world)
    assert len(done) == 3
    for name in ("2026-A", "2026-B"):
        assert done[name].serial == begun[name].serial
        assert done[name].tbs_der == begun[name].tbs_der
        certificate = x509.load_der_x509_certificate(done[name].der or b"")
        certificate.verify_directly_issued_by(world.issuing.issuer.certificate)
    assert states(world) == [CertificateState.ISSUED] * 3
    assert run(world, demands, GOES_ON) == told
    assert verify_audit(world.register)


def test_another_order_does_not_go_on_with_it(world):
    (asked,) = named("A")
    with pytest.raises(BrokenOffError):
        run(world, [asked], workers=Breaking())
    other = one_named("A")
    (told,) = run(world, [other], GOES_ON)
    assert isinstance(told.error, RequestDiffersError)
    assert states(world) == [CertificateState.RESERVED]


def test_what_was_given_up_meanwhile_is_not_gone_on_with(world):
    demands = named("A")
    with pytest.raises(BrokenOffError):
        run(world, demands, workers=Breaking())
    world.issuing.recover_open()
    (told,) = run(world, demands, GOES_ON)
    assert isinstance(told.error, RequestEndedError)


@pytest.mark.parametrize("batch", [1, 8])
def test_an_id_that_stands_twice_is_issued_once(world, monkeypatch, batch):
    monkeypatch.setattr(bulk, "BATCH", batch)
    (asked,) = named("A")
    with pytest.raises(BrokenOffError):
        run(world, [asked], workers=Breaking())
    told = run(world, [asked, asked], GOES_ON)
    # Whichever batch comes first has it; for the other one it is still under way.
    assert sorted(type(one.error).__name__ for one in told) == ["NoneType", "RequestOpenError"]
    assert states(world) == [CertificateState.ISSUED]


def fail(error: Exception) -> Callable[..., object]:
    def work(*_: object) -> object:
        raise error

    return work


@pytest.mark.parametrize(
    "error", [LintFailedError(findings=Phrases(())), SignatureMismatchError(reason="no")]
)
def test_what_an_earlier_run_may_have_signed_is_not_given_up_unrevoked(world, monkeypatch, error):
    demands = named("A")
    with pytest.raises(BrokenOffError):
        run(world, demands, workers=Breaking())
    with monkeypatch.context() as patch:
        patch.setattr("pki.authority.bulk_work.sign_record", fail(error))
        (told,) = run(world, demands, GOES_ON)
    assert told.error is error
    assert states(world) == [CertificateState.RESERVED]
    assert [one.error for one in run(world, demands, GOES_ON)] == [None]


@pytest.fixture
def people(world: World) -> World:
    put(world.register, agency(), person(), post(), device())
    world.issuing.desk = Desk(
        world.register, world.register.cases, world.clock, people=world.register
    )
    return world


def test_a_certificate_hangs_on_its_person_from_the_first(people):
    whole = Concerned("NV-1", "CV-1", "UBND-X", "T-1")
    for_whom = {"2026-A": whole, "2026-B": Concerned(agency="UBND-X")}

    def concerned(record: CertificateRecord) -> Concerned:
        return for_whom.get(record.request_id or "", Concerned())

    demands = named("A", "B", "C")
    with pytest.raises(BrokenOffError):
        run(people, demands[:1], workers=Breaking())
    told = run(people, demands, Manner(goes_on=True, concerned=concerned))
    assert [one.error for one in told] == [None] * 3
    hanging = {
        name: people.register.find_entry(Assignment, own_key("issuing", one.serial))
        for name, one in records(people).items()
    }
    one, other, none = (hanging[f"2026-{name}"] for name in "ABC")
    assert one is not None
    assert (one.person, one.agency, one.post, one.device) == ("NV-1", None, "CV-1", "T-1")
    assert other is not None
    assert (other.person, other.agency) == (None, "UBND-X")
    assert none is None
    log = [entry.content for entry in people.register.audit_entries()]
    assert sum(b'"certificate.issue"' in entry and b'"NV-1"' in entry for entry in log) == 1
    assert verify_audit(people.register)


def test_nobody_known_is_nobody_it_hangs_on(people):
    concerned = Manner(concerned=lambda _: Concerned("NV-404"))
    (told,) = run(people, named("A"), concerned)
    assert told.error is None
    (record,) = records(people).values()
    assert people.register.find_entry(Assignment, own_key("issuing", record.serial)) is None
