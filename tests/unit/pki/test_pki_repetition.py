"""A request that is made again under its id yields one certificate, on both engines."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from pki_engines import Place
from pki_world import NOW, World, make_world, new_key, someone

from pki.audit.verify import verify_audit
from pki.authority import bulk, issuance
from pki.authority.authority import Authority
from pki.authority.bulk import issue_in_bulk
from pki.authority.bulk_work import Demand
from pki.authority.issuance import Order, write_draft
from pki.blocked import BlockedKeys
from pki.errors.issuing import LintFailedError
from pki.errors.register import RegisterConflictError
from pki.errors.requests import (
    RequestDiffersError,
    RequestEndedError,
    RequestIdError,
    RequestOpenError,
)
from pki.errors.tree import PKIError
from pki.profile import load_profile
from pki.records.audit import AuditEvent
from pki.records.certificates import CertificateQuery, serial_text
from pki.records.changes import Reserve
from pki.register import changes
from pki.register.sql import open_register
from pki.register.tables import CERTIFICATES

OFFICIAL = load_profile("official")
CLERK = "văn thư"
EVENT = AuditEvent(NOW, CLERK, "test")


def order(request_id: str | None = "R-1", **more: object) -> Order:
    made = Order(new_key().public_key(), OFFICIAL, someone(), CLERK, request_id=request_id)
    return replace(made, **more)  # type: ignore[arg-type]


def issued(world: World) -> int:
    found = world.register.find_certificates(CertificateQuery(profile="official"))
    return len(found)


def draft(world: World, wanted: Order) -> Reserve:
    signatory = world.issuing.issuer.signatory()
    return Reserve(write_draft(wanted, signatory, BlockedKeys(), NOW))


def test_a_request_made_again_gets_what_it_got(placed_world: World):
    world, wanted = placed_world, order()
    first = world.issuing.certify(wanted)
    before = world.register.last_audit_entry()
    assert world.issuing.certify(wanted) == first
    assert world.register.last_audit_entry() == before
    assert issued(world) == 1
    found = world.register.find_request("issuing", "R-1")
    assert found is not None
    assert found.serial == first.serial_number
    assert world.register.find_request("root", "R-1") is None
    assert world.register.find_request("issuing", "R-2") is None


def test_without_an_id_every_request_is_new(world: World):
    wanted = order(None)
    assert wanted.asked_sha256 is None
    one, two = (world.issuing.certify(wanted) for _ in range(2))
    assert one.serial_number != two.serial_number


OTHERS: dict[str, dict[str, object]] = {
    "key": {"public_key": new_key().public_key()},
    "profile": {"profile": OFFICIAL.model_copy(update={"name": "own"})},
    "subject": {"subject": someone()},
    "mail": {"subject": someone(CN="A", E="a@example.vn")},
    "requester": {"requester": "người khác"},
    "lifetime": {"lifetime": timedelta(days=9)},
    "longest": {"longest": OFFICIAL.renewal},
    "replaces": {"replaces": 7},
    "replaced_of": {"replaced_of": "root"},
    "until": {"until": NOW},
}


@pytest.mark.parametrize("what", OTHERS)
def test_another_request_under_the_same_id_is_refused(world: World, what: str):
    wanted = order(subject=someone(CN="A"))
    serial = world.issuing.certify(wanted).serial_number
    with pytest.raises(RequestDiffersError) as refused:
        world.issuing.certify(replace(wanted, **OTHERS[what]))  # type: ignore[arg-type]
    assert refused.value.facts == {"issuer": "issuing", "serial": serial_text(serial)}
    assert issued(world) == 1


def test_what_was_broken_off_stays_so_until_it_is_recovered(
    placed_world: World, monkeypatch: pytest.MonkeyPatch
):
    world, wanted = placed_world, order()

    def gone(*_: object) -> x509.Certificate:
        raise PulledOutError

    with monkeypatch.context() as patch:
        patch.setattr(issuance, "sign_record", gone)
        with pytest.raises(PulledOutError):
            world.issuing.certify(wanted)
    with pytest.raises(RequestOpenError):
        world.issuing.certify(wanted)
    assert len(world.issuing.recover_open()) == 1
    with pytest.raises(RequestEndedError):
        world.issuing.certify(wanted)
    with pytest.raises(RequestDiffersError):
        world.issuing.certify(replace(wanted, requester="người khác"))
    assert issued(world) == 1
    world.issuing.certify(replace(wanted, request_id="R-2"))


class PulledOutError(Exception):
    """The token went away."""


def test_what_the_linter_refused_or_was_revoked_is_not_given(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    odd = order("R-odd")
    with monkeypatch.context() as patch:
        patch.setattr(issuance, "sign_record", _refuse)
        with pytest.raises(LintFailedError):
            world.issuing.certify(odd)
    with pytest.raises(RequestEndedError):
        world.issuing.certify(odd)
    wanted = order("R-revoked")
    serial = world.issuing.certify(wanted).serial_number
    world.issuing.revoke(serial, x509.ReasonFlags.superseded)
    with pytest.raises(RequestEndedError):
        world.issuing.certify(wanted)


def _refuse(*_: object) -> x509.Certificate:
    raise LintFailedError(findings=())


def test_two_at_once_get_one_certificate(place: Place, tmp_path):
    """Both found nothing of the request; the register lets one of them reserve."""
    world, wanted = make_world(tmp_path, place=place.url), order()
    registers = [open_register(place.url) for _ in range(4)]

    def attempt(register: object) -> str:
        own = Authority(world.issuing.issuer, register, world.clock)  # type: ignore[arg-type]  # an SQLRegister, given as object
        try:
            return f"{own.certify(wanted).serial_number:x}"
        except PKIError as error:
            return error.code

    with ThreadPoolExecutor(len(registers)) as pool:
        told = set(pool.map(attempt, registers))
    serials = told - {"pki.request_open"}
    assert len(serials) == 1
    assert issued(world) == 1
    assert attempt(world.register) in serials
    verify_audit(world.register)
    for one in (*registers, world.register):
        one.close()


def test_the_register_itself_takes_an_id_once(placed_world: World, monkeypatch: pytest.MonkeyPatch):
    world = placed_world
    world.register.commit([draft(world, order())], EVENT)
    with pytest.raises(RequestOpenError):
        world.register.commit([draft(world, order())], EVENT)
    none = changes._FIND_REQUEST.where(CERTIFICATES.c.serial == 0)
    monkeypatch.setattr(changes, "_FIND_REQUEST", none)
    with pytest.raises(RegisterConflictError):
        world.register.commit([draft(world, order())], EVENT)
    world.register.commit([draft(world, order("R-2")), draft(world, order(None))], EVENT)
    world.register.commit([draft(world, order(None))], EVENT)


def demand(request_id: str | None, name: str = "Nguyễn Văn A") -> Demand:
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    made = builder.sign(new_key(), hashes.SHA256()).public_bytes(Encoding.DER)
    return Demand(made, (("C", "VN"), ("O", "UBND"), ("CN", name)), CLERK, request_id)


def in_bulk(world: World, *demands: Demand) -> list[object]:
    key = world.issuing.issuer.key
    done = issue_in_bulk(world.issuing, OFFICIAL, demands, open_key=lambda: key)
    ordered = sorted(done, key=lambda one: one.position)
    return [one.error.code if one.error else one.certificate_der for one in ordered]


def test_a_batch_made_again_gets_what_it_got(placed_world: World):
    world = placed_world
    one, two, three = demand("B-1", "A"), demand("B-2", "B"), demand(None, "C")
    first = in_bulk(world, one, two)
    assert issued(world) == 2
    again = in_bulk(world, two, three, one, demand("B-1", "D"))
    assert (again[0], again[2]) == (first[1], first[0])
    assert again[3] == "pki.request_differs"
    assert issued(world) == 3
    # What was asked for in bulk is the same when it is asked for alone.
    key = issuance.Order(
        x509.load_der_x509_csr(one.untrusted_request).public_key(),  # type: ignore[arg-type]
        OFFICIAL,
        someone(C="VN", O="UBND", CN="A"),
        CLERK,
        request_id="B-1",
    )
    assert world.issuing.certify(key).public_bytes(Encoding.DER) == first[0]


def test_an_id_twice_in_a_batch_is_given_once(placed_world: World):
    twice = demand("B-1")
    told = in_bulk(placed_world, twice, demand("B-2", "B"), twice)
    assert told[2] == "pki.request_open"
    assert issued(placed_world) == 2
    assert in_bulk(placed_world, twice) == [told[0]]
    assert in_bulk(placed_world, demand("B 3")) == ["pki.request_id"]


@pytest.mark.parametrize("odd", ["", "a b", "x" * 65, "é", "a\n", "\0"])
def test_an_id_is_short_and_printable(odd: str):
    assert order("x" * 64).request_id
    with pytest.raises(RequestIdError):
        order(odd)


@pytest.mark.parametrize("module", [issuance, bulk])
def test_without_looking_a_second_time_is_refused_not_given(
    world: World, monkeypatch: pytest.MonkeyPatch, module: object
):
    """The answer is missed; the register still gives no second serial."""
    wanted, asked = order(), demand("B-1")
    world.issuing.certify(wanted)
    in_bulk(world, asked)
    monkeypatch.setattr(module, "find_answer", lambda *_: None)
    if module is issuance:
        with pytest.raises(RequestOpenError):
            world.issuing.certify(wanted)
    else:
        assert in_bulk(world, asked) == ["pki.request_open"]
    assert issued(world) == 2
