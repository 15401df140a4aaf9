"""Delta lists: what they tell, when they are refused, and where they are served."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from pki_crl_machine import WHO, Lists, together, told
from pki_postgres import PostgresServer
from pki_world import World, make_world
from test_pki_http import call

from pki.authority.life import declare_compromise, hold, release
from pki.clock import FixedClock
from pki.errors.clock import ClockBeforeRecordError
from pki.errors.lists import DeltaBaseError, DeltaNotMadeError
from pki.errors.register import RegisterConflictError
from pki.errors.requests import ProfileInvalidError
from pki.http.app import PublicServices, build_app
from pki.profile import parse_profile
from pki.records.audit import AuditEvent
from pki.records.changes import ReserveCRLNumber

Reason = x509.ReasonFlags


@pytest.fixture
def delta_world(tmp_path: Path) -> Iterator[World]:
    world = make_world(tmp_path, delta_hours=6)
    yield world
    world.register.close()


def test_base_and_deltas_are_the_full_list_on_postgresql(postgres: PostgresServer):
    class OnPostgreSQL(Lists):
        def new_place(self) -> str:
            return postgres.new_database()

    some = settings(max_examples=4, stateful_step_count=15, deadline=None)
    run_state_machine_as_test(OnPostgreSQL, settings=some)  # type: ignore[no-untyped-call]


def test_a_delta_that_forgets_releases_is_missed(
    monkeypatch: pytest.MonkeyPatch, delta_world: World
):
    """The twin of the machine, with removeFromCRL taken away: the reader keeps the hold."""
    world = delta_world
    serial = world.issue().serial_number
    hold(world.issuing, serial, **WHO)
    base = told(world.issuing.issue_crl())
    release(world.issuing, serial, **WHO)
    assert together(base, told(world.issuing.issue_crl(delta=True))) == {}
    entries = world.register.list_entries
    monkeypatch.setattr(
        world.register,
        "list_entries",
        lambda snapshot: (row for row in entries(snapshot) if row[1] != "removeFromCRL"),
    )
    assert together(base, told(world.issuing.issue_crl(delta=True))) == base


def test_a_delta_tells_what_changed_since_its_base(delta_world: World):
    world = delta_world
    first, second, third, fourth = (world.issue().serial_number for _ in range(4))
    hold(world.issuing, first, **WHO)
    world.issuing.revoke(second, Reason.superseded)
    world.issuing.revoke(third, Reason.superseded)
    full = world.issuing.issue_crl()
    release(world.issuing, first, **WHO)
    declare_compromise(world.issuing, second, **WHO)
    hold(world.issuing, fourth, **WHO)
    delta = world.issuing.issue_crl(delta=True)
    reasons = {serial: reason for serial, (_, reason) in told(delta).items()}
    assert reasons == {
        first: Reason.remove_from_crl,
        second: Reason.key_compromise,
        fourth: Reason.certificate_hold,
    }
    assert delta.next_update_utc == delta.last_update_utc + timedelta(hours=6)
    freshest = full.extensions.get_extension_for_class(x509.FreshestCRL).value
    (place,) = freshest[0].full_name or ()
    assert place.value == world.issuing.issuer.urls.delta
    with pytest.raises(x509.ExtensionNotFound):
        delta.extensions.get_extension_for_class(x509.FreshestCRL)


def test_a_hold_that_came_and_went_between_two_lists_is_taken_away_to_be_sure(delta_world: World):
    """RFC 5280 §5.2.4 allows it, and a reader of any list between the two is served."""
    world = delta_world
    serial = world.issue().serial_number
    world.issuing.issue_crl()
    hold(world.issuing, serial, **WHO)
    assert told(world.issuing.issue_crl(delta=True))[serial][1] is Reason.certificate_hold
    release(world.issuing, serial, **WHO)
    assert told(world.issuing.issue_crl(delta=True))[serial][1] is Reason.remove_from_crl


def test_an_authority_makes_delta_lists_only_where_its_profile_says_so(
    world: World, delta_world_2: World
):
    world.issuing.issue_crl()
    with pytest.raises(DeltaNotMadeError):
        world.issuing.issue_crl(delta=True)
    with pytest.raises(x509.ExtensionNotFound):
        world.issuing.issue_crl().extensions.get_extension_for_class(x509.FreshestCRL)
    with pytest.raises(DeltaBaseError):
        delta_world_2.issuing.issue_crl(delta=True)
    delta_world_2.issuing.issue_crl()
    delta_world_2.issuing.issue_crl(delta=True)


@pytest.fixture
def delta_world_2(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = make_world(tmp_path_factory.mktemp("delta"), delta_hours=6)
    yield made
    made.register.close()


def test_a_delta_list_never_goes_back_in_time(delta_world: World, monkeypatch: pytest.MonkeyPatch):
    delta_world.issuing.issue_crl()
    delta_world.issuing.issue_crl(delta=True)
    monkeypatch.setattr("pki.authority.crl.present", lambda _, clock: clock.now())
    assert isinstance(delta_world.clock, FixedClock)
    delta_world.clock.advance(-timedelta(seconds=1))
    for delta in (False, True):
        with pytest.raises(ClockBeforeRecordError):
            delta_world.issuing.issue_crl(delta=delta)


def test_the_newest_lists_of_both_kinds_are_served(delta_world: World):
    world = delta_world
    app = build_app(PublicServices(world.register))
    assert call(app, "GET", "/delta/issuing.crl").status == 404
    full = world.issuing.issue_crl()
    assert call(app, "GET", "/delta/issuing.crl").status == 404
    delta = world.issuing.issue_crl(delta=True)
    for path, crl in (("/crl/issuing.crl", full), ("/delta/issuing.crl", delta)):
        reply = call(app, "GET", path)
        assert reply.body == crl.public_bytes(Encoding.DER)
        assert reply.headers["content-type"] == "application/pkix-crl"


def test_numbers_are_found_again(delta_world: World):
    register = delta_world.register
    delta_world.issuing.issue_crl()
    delta_world.issuing.issue_crl(delta=True)
    delta_world.issuing.issue_crl()
    assert register.last_crl_number("issuing") == 3
    second = register.find_crl("issuing", 2)
    assert second is not None
    assert second.base_number == 1
    for number in (0, 4, -1, 2**63, 2**159):
        assert register.find_crl("issuing", number) is None
    for delta in (False, True):
        head, newest = (
            ask("issuing", delta=delta) for ask in (register.newest_crl_head, register.newest_crl)
        )
        assert head.number == newest.number
    before = register.newest_crl("issuing", before=3)
    assert before is not None
    assert before.number == 1


def test_a_register_that_refuses_the_number_for_another_reason_is_not_asked_again(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    def refuse(changes: object, _: AuditEvent) -> None:
        assert isinstance(changes, tuple)
        assert isinstance(changes[0], ReserveCRLNumber)
        raise RegisterConflictError(register="x", reason="y")

    monkeypatch.setattr(world.register, "commit", refuse)
    with pytest.raises(RegisterConflictError):
        world.issuing.issue_crl()


PROFILE = """
name = "issuing"
kind = "authority"
key_usage = ["keyCertSign", "cRLSign"]
key_types = ["ec-p256"]
lifetime = {{ years = 10 }}
subject = {{ required = ["C", "O", "CN"] }}
authority = {{ crl_days = 1, delta_hours = {hours} }}
"""


def test_delta_lists_last_shorter_than_full_ones():
    table = parse_profile(PROFILE.format(hours=23), "x").authority
    assert table is not None
    assert table.delta_hours == 23
    with pytest.raises(ProfileInvalidError) as refused:
        parse_profile(PROFILE.format(hours=24), "x")
    assert refused.value.facts["reason"].id == "pki.profile.delta_hours"  # type: ignore[union-attr]
