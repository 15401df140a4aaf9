"""A renewal or rekey that is asked for again under its id is made once, on both engines."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from pki_engines import Place
from pki_world import World, make_world, new_authority, new_key, someone

from pki.audit.verify import verify_audit
from pki.authority import issuance, renewal
from pki.authority.authority import Authority
from pki.authority.create import create_issuing
from pki.authority.issuance import Order
from pki.authority.life import hold
from pki.authority.renewal import GRACE, Following, rekey, renew
from pki.authority.rollover import retire
from pki.clock import FixedClock
from pki.errors.authorities import AuthorityRevokedError
from pki.errors.certificates import RenewExpiredError, RenewHeldError, RenewRevokedError
from pki.errors.clock import ClockBeforeRecordError
from pki.errors.requests import (
    RequestDiffersError,
    RequestEndedError,
    RequestIdError,
    RequestOpenError,
)
from pki.errors.tree import PKIError
from pki.profile import load_profile
from pki.records.certificates import CertificateQuery, serial_text
from pki.register.sql import open_register

OFFICIAL = load_profile("official")
CLERK = "văn thư"
NEW_KEY = new_key().public_key()
Reason = x509.ReasonFlags
Ask = Callable[[Authority, Following], x509.Certificate]


def rekeyed(authority: Authority, wanted: Following) -> x509.Certificate:
    return rekey(authority, wanted, NEW_KEY)


WAYS = pytest.mark.parametrize("ask", [renew, rekeyed])


def asked(certificate: x509.Certificate, request_id: str | None = "R-1") -> Following:
    return Following(certificate.serial_number, OFFICIAL, CLERK, request_id=request_id)


def officials(world: World) -> int:
    return len(world.register.find_certificates(CertificateQuery(profile="official")))


@WAYS
def test_asked_again_it_gets_what_it_got(placed_world: World, ask: Ask):
    world = placed_world
    wanted = asked(world.issue())
    first = ask(world.issuing, wanted)
    before = world.register.last_audit_entry()
    assert ask(world.issuing, wanted) == first
    assert world.register.last_audit_entry() == before
    assert officials(world) == 2
    found = world.register.find_request("issuing", "R-1")
    assert found is not None
    assert found.serial == first.serial_number
    assert ask(world.issuing, replace(wanted, request_id="R-2")) != first


@WAYS
def test_without_an_id_every_one_is_new(world: World, ask: Ask):
    wanted = asked(world.issue(), None)
    assert ask(world.issuing, wanted) != ask(world.issuing, wanted)


def test_what_became_of_the_old_one_since_is_no_matter(world: World):
    """The answer was lost, and what was followed is revoked, held or long expired by now."""
    assert isinstance(world.clock, FixedClock)
    revoked, held, expired = (world.issue() for _ in range(3))
    # Each a rekey: a renewal has the key of what it follows, and ends with it or before.
    made = [rekeyed_for(world, one) for one in (revoked, held, expired)]
    world.issuing.revoke(revoked.serial_number, Reason.superseded)
    hold(world.issuing, held.serial_number, requester=CLERK)
    world.clock.advance(expired.not_valid_after_utc + GRACE - world.clock.now())
    world.clock.advance(timedelta(seconds=1))
    for old, (wanted, key, new), error in zip(
        (revoked, held, expired),
        made,
        (RenewRevokedError, RenewHeldError, RenewExpiredError),
        strict=True,
    ):
        assert rekey(world.issuing, wanted, key) == new
        with pytest.raises(error):
            rekey(world.issuing, asked(old, "R-new"), new_key().public_key())


def rekeyed_for(world: World, old: x509.Certificate) -> tuple[Following, object, x509.Certificate]:
    wanted, key = asked(old, f"R-{old.serial_number % 10**9}"), new_key().public_key()
    return wanted, key, rekey(world.issuing, wanted, key)


def another_profile(wanted: Following) -> Following:
    return replace(wanted, profile=OFFICIAL.model_copy(update={"name": "own"}))


def test_something_else_under_the_id_is_refused(placed_world: World):
    world = placed_world
    one, two = world.issue(), world.issue()
    wanted = asked(one)
    serial = renew(world.issuing, wanted).serial_number
    others: list[Callable[[], object]] = [
        lambda: renew(world.issuing, replace(wanted, serial=two.serial_number)),
        lambda: renew(world.issuing, replace(wanted, requester="người khác")),
        lambda: renew(world.issuing, another_profile(wanted)),
        lambda: rekey(world.issuing, wanted, new_key().public_key()),
        lambda: world.issuing.certify(
            Order(new_key().public_key(), OFFICIAL, someone(), CLERK, request_id="R-1")
        ),
    ]
    for other in others:
        with pytest.raises(RequestDiffersError) as refused:
            other()
        assert refused.value.facts == {"issuer": "issuing", "serial": serial_text(serial)}
    assert officials(world) == 3
    renew(world.issuing, replace(wanted, serial=two.serial_number, request_id="R-2"))


def test_another_key_under_the_id_is_refused(world: World):
    wanted = asked(world.issue())
    rekey(world.issuing, wanted, NEW_KEY)
    with pytest.raises(RequestDiffersError):
        rekey(world.issuing, wanted, new_key().public_key())
    with pytest.raises(RequestDiffersError):
        renew(world.issuing, wanted)


@WAYS
def test_what_was_broken_off_is_recovered_and_ended(
    placed_world: World, monkeypatch: pytest.MonkeyPatch, ask: Ask
):
    world = placed_world
    wanted = asked(world.issue())

    def gone(*_: object) -> x509.Certificate:
        raise PulledOutError

    with monkeypatch.context() as patch:
        patch.setattr(issuance, "sign_record", gone)
        with pytest.raises(PulledOutError):
            ask(world.issuing, wanted)
    with pytest.raises(RequestOpenError):
        ask(world.issuing, wanted)
    assert len(world.issuing.recover_open()) == 1
    with pytest.raises(RequestEndedError):
        ask(world.issuing, wanted)
    assert officials(world) == 2
    ask(world.issuing, replace(wanted, request_id="R-2"))


class PulledOutError(Exception):
    """The token went away."""


def test_one_that_was_revoked_is_not_given(world: World):
    wanted = asked(world.issue())
    world.issuing.revoke(renew(world.issuing, wanted).serial_number, Reason.superseded)
    with pytest.raises(RequestEndedError):
        renew(world.issuing, wanted)


@WAYS
def test_several_at_once_get_one_certificate(place: Place, tmp_path, ask: Ask):
    world = make_world(tmp_path, place=place.url)
    wanted = asked(world.issue())
    registers = [open_register(place.url) for _ in range(4)]

    def attempt(register: object) -> str:
        own = Authority(world.issuing.issuer, register, world.clock)  # type: ignore[arg-type]  # an SQLRegister, given as object
        try:
            return f"{ask(own, wanted).serial_number:x}"
        except PKIError as error:
            return error.code

    with ThreadPoolExecutor(len(registers)) as pool:
        told = set(pool.map(attempt, registers))
    serials = told - {"pki.request_open"}
    assert len(serials) == 1
    assert officials(world) == 2
    assert attempt(world.register) in serials
    verify_audit(world.register)
    for one in (*registers, world.register):
        one.close()


def successor(world: World, name: str, *, after: Authority) -> Authority:
    new = create_issuing(world.root, new_authority(name, "issuing"))
    retire(after, new, requester=CLERK)
    return new


@WAYS
def test_an_id_goes_on_with_who_goes_on_for_the_issuer(placed_world: World, ask: Ask):
    """Two authorities later it is the same request still, wherever it was made."""
    world = placed_world
    one, two, three = (world.issue() for _ in range(3))
    first = renew(world.issuing, asked(one))
    second = successor(world, "issuing-2", after=world.issuing)
    later = renew(second, replace(asked(two, "R-2"), of="issuing"))
    third = successor(world, "issuing-3", after=second)
    of = replace(asked(one), of="issuing")
    assert renew(third, of) == first
    assert renew(third, replace(asked(two, "R-2"), of="issuing")) == later
    assert later.issuer == second.issuer.certificate.subject
    with pytest.raises(RequestDiffersError):
        ask(third, replace(asked(three), of="issuing"))
    assert officials(world) == 5
    made = ask(third, replace(asked(three, "R-3"), of="issuing"))
    assert made.issuer == third.issuer.certificate.subject


def test_without_asking_down_the_line_there_are_two(world: World, monkeypatch: pytest.MonkeyPatch):
    old = world.issue()
    first = renew(world.issuing, asked(old))
    new = successor(world, "issuing-2", after=world.issuing)
    wanted = replace(asked(old), of="issuing")
    with monkeypatch.context() as patch:
        patch.setattr(renewal, "line_from", lambda *_: iter(("issuing-2",)))
        assert renew(new, wanted) != first
    assert renew(new, wanted) == first


def test_whoever_may_not_issue_gives_nothing_out_again(world: World, clock_of: FixedClock):
    """As `certify`: neither with the clock set back, nor under a revoked certificate."""
    old = world.issue()
    wanted = asked(old)
    first = renew(world.issuing, wanted)
    clock_of.advance(-timedelta(seconds=2))
    with pytest.raises(ClockBeforeRecordError):
        renew(world.issuing, wanted)
    clock_of.advance(timedelta(seconds=2))
    assert renew(world.issuing, wanted) == first
    world.root.revoke(world.issuing.issuer.certificate.serial_number, Reason.superseded)
    with pytest.raises(AuthorityRevokedError):
        renew(world.issuing, wanted)


@pytest.fixture
def clock_of(world: World) -> FixedClock:
    assert isinstance(world.clock, FixedClock)
    return world.clock


@WAYS
def test_an_odd_id_is_refused_before_anything(world: World, ask: Ask):
    old = world.issue()
    with pytest.raises(RequestIdError):
        ask(world.issuing, asked(old, "số 17"))
    assert officials(world) == 1


@WAYS
@pytest.mark.parametrize("missed", [True, False])
def test_a_missed_answer_is_refused_not_given_twice(
    world: World, monkeypatch: pytest.MonkeyPatch, ask: Ask, missed: bool
):
    """Whatever reads past the first, the register gives no second serial."""
    wanted = asked(world.issue())
    first = ask(world.issuing, wanted)
    if missed:
        for module in (issuance, renewal):
            monkeypatch.setattr(module, "find_answer", lambda *_: None)
        with pytest.raises(RequestOpenError):
            ask(world.issuing, wanted)
    else:
        assert ask(world.issuing, wanted) == first
    assert officials(world) == 2
