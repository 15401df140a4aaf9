"""How many certificates one holder may have for one purpose, on both engines."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from pki_engines import Place
from pki_world import NOW, World, make_world, new_key, someone

from pki.authority.issuance import Order, write_draft
from pki.authority.life import hold, release
from pki.authority.renewal import Following, rekey, renew
from pki.blocked import BlockedKeys
from pki.clock import FixedClock
from pki.errors.requests import HolderLimitError, ProfileInvalidError
from pki.errors.tree import PKIError
from pki.holder import holder_of
from pki.profile import load_profile, parse_profile
from pki.records.audit import AuditEvent
from pki.records.certificates import CertificateState, serial_text
from pki.records.changes import ImportCertificate, Reserve
from pki.register import holders
from pki.register.sql import open_register

OFFICIAL = load_profile("official")
CLERK = "văn thư"
CCCD = "CCCD:001099012345"


def person(**more: str) -> dict[str, str]:
    return {"UID": CCCD, **more}


def give(world: World, profile: str = "official", **more: str) -> x509.Certificate:
    return world.issue(profile, subject=someone(**person(**more)))


def full(world: World) -> list[x509.Certificate]:
    """Give a person as many as there may be."""
    return [give(world, OU=f"Phòng {number}") for number in range(2)]


def refused(world: World) -> tuple[str, ...]:
    with pytest.raises(HolderLimitError) as raised:
        give(world)
    assert (raised.value.facts["profile"], raised.value.facts["limit"]) == ("official", 2)
    serials: tuple[str, ...] = raised.value.facts["serials"]
    return serials


def test_a_third_is_refused_and_leaves_nothing(placed_world: World):
    two = full(placed_world)
    before = placed_world.register.last_audit_entry()
    assert refused(placed_world) == tuple(serial_text(one.serial_number) for one in two)
    assert placed_world.register.last_audit_entry() == before


def test_purposes_and_persons_are_counted_apart(world: World):
    full(world)
    wider = OFFICIAL.model_copy(update={"name": "official-remote"})
    world.issue(wider, subject=someone(**person()))
    world.issue(subject=someone(UID="CCCD:001099012346"))
    with pytest.raises(HolderLimitError):
        give(world)


def test_held_counts_revoked_and_expired_do_not(tmp_path: Path, place: Place):
    clock = FixedClock(NOW)
    world = make_world(tmp_path, clock, place=place.url)
    short = OFFICIAL.model_copy(
        update={"lifetime": OFFICIAL.lifetime.model_copy(update={"years": 1})}
    )
    one, two = (world.issue(short, subject=someone(**person())) for _ in range(2))
    hold(world.issuing, one.serial_number, requester=CLERK)
    refused(world)
    release(world.issuing, one.serial_number, requester=CLERK)
    refused(world)
    world.issuing.revoke(one.serial_number, x509.ReasonFlags.superseded)
    world.issue(short, subject=someone(**person()))
    refused(world)
    clock.advance(two.not_valid_after_utc - NOW + timedelta(seconds=2))
    full(world)
    refused(world)
    world.register.close()


def test_an_open_reservation_counts_until_it_is_given_up(placed_world: World):
    world = placed_world
    give(world)
    order = Order(new_key().public_key(), OFFICIAL, someone(**person()), CLERK)
    draft = write_draft(order, world.issuing.issuer.signatory(), BlockedKeys(), NOW)
    event = AuditEvent(NOW, CLERK, "test")
    world.register.commit([Reserve(draft, at_most=2)], event)
    refused(world)
    world.issuing.recover_open()
    give(world)


def test_what_is_followed_makes_room_once(placed_world: World):
    """A chain of renewals does not heap up certificates."""
    world = placed_world
    one, two = full(world)
    renewed = renew(world.issuing, Following(one.serial_number, OFFICIAL, requester=CLERK))
    key = new_key().public_key()
    rekey(world.issuing, Following(two.serial_number, OFFICIAL, requester=CLERK), key)
    refused(world)
    for serial in (renewed.serial_number, one.serial_number):  # again, and the old one again
        with pytest.raises(HolderLimitError):
            renew(world.issuing, Following(serial, OFFICIAL, requester=CLERK))
    world.issuing.revoke(one.serial_number, x509.ReasonFlags.superseded)
    renew(world.issuing, Following(renewed.serial_number, OFFICIAL, requester=CLERK))
    refused(world)


def test_a_revoked_follower_gives_its_place_back(world: World):
    one, _ = full(world)
    renewed = renew(world.issuing, Following(one.serial_number, OFFICIAL, requester=CLERK))
    world.issuing.revoke(renewed.serial_number, x509.ReasonFlags.superseded)
    refused(world)
    renew(world.issuing, Following(one.serial_number, OFFICIAL, requester=CLERK))


def test_imported_certificates_count(placed_world: World):
    world = placed_world
    give(world)
    order = Order(new_key().public_key(), OFFICIAL, someone(**person()), CLERK)
    draft = write_draft(order, world.issuing.issuer.signatory(), BlockedKeys(), NOW)
    record = replace(draft, state=CertificateState.ISSUED, der=b"0", fingerprint="ff")
    world.register.commit([ImportCertificate(record)], AuditEvent(NOW, CLERK, "test"))
    assert serial_text(record.serial) in refused(world)


def test_two_at_once_do_not_both_get_the_last_one(tmp_path: Path, place: Place):
    world = make_world(tmp_path, place=place.url)
    give(world)
    registers = [open_register(place.url) for _ in range(4)]

    def attempt(register: object) -> str:
        order = Order(new_key().public_key(), OFFICIAL, someone(**person()), CLERK)
        signatory = world.issuing.issuer.signatory()
        draft = write_draft(order, signatory, BlockedKeys(), NOW)
        try:
            register.commit([Reserve(draft, at_most=2)], AuditEvent(NOW, CLERK, "test"))  # type: ignore[attr-defined]
        except PKIError as error:
            return error.code
        return "done"

    with ThreadPoolExecutor(len(registers)) as pool:
        told = sorted(pool.map(attempt, registers))
    assert told == ["done", *["pki.holder_limit"] * 3]
    for one in (*registers, world.register):
        one.close()


def test_without_its_guard_the_third_is_given(world: World, monkeypatch: pytest.MonkeyPatch):
    full(world)
    monkeypatch.setattr(holders, "_FIND_ACTIVE", holders._FIND_ACTIVE.where(holders._of.id < 0))
    give(world)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"UID": CCCD}, {"UID": CCCD, "O": "Sở Y tế", "T": "Phó giám đốc"}),
        ({"UID": CCCD}, {"serialNumber": "PNOVN-001099012345"}),
        ({"UID": CCCD}, {"serialNumber": "TINVN-001099012345"}),
        ({"UID": "HC:B1234567"}, {"serialNumber": "PASVN-B1234567"}),
        ({"UID": "MST:0100109106", "CN": "Sở X"}, {"UID": "MST:0100109106", "CN": "Sở X"}),
    ],
)
def test_one_holder_under_several_names(one: dict[str, str], other: dict[str, str]):
    assert holder_of(someone(**one).text()) == holder_of(someone(**other).text())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {}),
        ({"UID": CCCD}, {"UID": "CCCD:001099012346"}),
        ({"UID": CCCD}, {}),
        # An organisation's code in the names of its people.
        ({"UID": "MST:0100109106"}, {"UID": "MST:0100109106"}),
        ({"serialNumber": "router 7"}, {"serialNumber": "router 7"}),
        # A value that only looks like an attribute.
        ({"CN": f"x,UID={CCCD}"}, {"CN": f"y,UID={CCCD}"}),
        ({"CN": f"x\\,UID={CCCD}"}, {"CN": f"y\\,UID={CCCD}"}),
    ],
)
def test_two_holders_are_two(one: dict[str, str], other: dict[str, str]):
    assert holder_of(someone(**one).text()) != holder_of(someone(**other).text())


def test_a_number_behind_an_odd_value_is_read():
    plain, odd = someone(UID=CCCD), someone(UID=CCCD, OU="Phòng \\")
    assert holder_of(plain.text()) == holder_of(odd.text())


@pytest.mark.parametrize("number", [0, -1, 1001, "many"])
def test_a_profile_says_a_sensible_number(number: object):
    text = (Path(__file__).parents[3] / "pki/profiles/official.toml").read_text(encoding="utf-8")
    mended = text.replace("active_per_holder = 2", f"active_per_holder = {number!r}")
    with pytest.raises(ProfileInvalidError):
        parse_profile(mended, "own")
    assert parse_profile(text.replace("= 2", "= 3"), "own").subject.active_per_holder == 3
    assert load_profile("device").subject.active_per_holder is None
