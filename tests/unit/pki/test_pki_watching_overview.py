"""What is counted: against a plain count of every row, once and again, on both engines."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from pki_people import after as following
from pki_people import agency, device, person, put
from pki_request_rows import EVENT, furnish_requests, move, submitted
from pki_world import NOW, World, make_world, someone
from watching_world import Partner
from watching_world import person as subject

from pki.authority.life import declare_compromise, hold, release
from pki.clock import FixedClock
from pki.importing.foreign import ForeignWish, bring_foreign
from pki.importing.gather import gather_octets
from pki.records.audit import AuditEvent
from pki.records.certificates import CertificateQuery, CertificateState
from pki.records.changes import Abandon, Reserve
from pki.records.people import DeviceState
from pki.records.requests import MoveRequest, RequestKind, RequestState
from pki.records.watching import WatchedStanding
from pki.register.folding import fold
from pki.register.sql import create_register
from pki.watching import counts as counting
from pki.watching.counts import count, unit_of
from pki.watching.follow import Answer, follow_all
from pki.watching.overview import look_over

PARTNER = Partner()
SUPERSEDED = x509.ReasonFlags.superseded


def furnish(world: World) -> None:
    """Give every status a certificate."""
    serials = [world.issue().serial_number for _ in range(6)]
    world.issuing.revoke(serials[0], SUPERSEDED)
    for serial in serials[1:4]:
        hold(world.issuing, serial, requester="x")
    release(world.issuing, serials[1], requester="x")
    world.issuing.revoke(serials[2], SUPERSEDED)
    declare_compromise(world.issuing, serials[2], requester="x")
    (record, *_) = world.register.find_certificates(CertificateQuery(profile="official"))
    left = replace(record, serial=7, state=CertificateState.RESERVED, der=None, fingerprint=None)
    event = AuditEvent(NOW, "x", "test")
    world.register.commit([Reserve(left), Reserve(replace(left, serial=8))], event)
    world.register.commit([Abandon(left.issuer, 8)], event)


def see(world: World, path=None, now=NOW, **more):
    return look_over(world.register, count(world.register, now, path, **more), now)


def plainly(world: World, now=NOW):
    """Count the records one by one."""
    told: Counter[str] = Counter()
    for one in world.register.find_certificates(CertificateQuery()):
        over = one.not_after.date() < now.date()
        standing = world.register.find_revocation(one.issuer, one.serial)
        if one.state in {CertificateState.RESERVED, CertificateState.ABANDONED}:
            told[str(one.state)] += 1
        elif one.state is CertificateState.REVOKED:
            told["revoked"] += 1
        elif standing is not None:
            told["held"] += 1
        else:
            told["expired" if over else "valid"] += 1
    return dict(told)


def shown(overview):
    return {name: number for name, number in overview.own.items() if number}


def test_ours_are_counted_as_they_stand(placed_world: World):
    furnish(placed_world)
    for days in (0, 200, 3000):
        now = NOW + timedelta(days=days)
        assert shown(see(placed_world, now=now)) == plainly(placed_world, now)
    months = see(placed_world).months
    assert len(months) == 12
    issued = months[f"{NOW:%Y-%m}"]
    assert issued["issue"] == len(placed_world.register.find_certificates(CertificateQuery()))
    assert {kind: issued[kind] for kind in ("hold", "release", "revoke", "upgrade")} == {
        "hold": 3,
        "release": 1,
        "revoke": 2,
        "upgrade": 1,
    }


def test_what_was_counted_is_not_counted_again(world: World, tmp_path):
    path = tmp_path / "cache" / "counts.json"
    for _ in range(3):
        furnish_more(world)
        kept = see(world, path)
        assert shown(kept) == plainly(world)
        assert kept == see(world, path) == see(world) == see(world, path, anew=True)


def test_what_is_counted_piece_by_piece_comes_to_the_same(world: World, tmp_path, monkeypatch):
    """As a service does, some at a time, while more is issued and revoked."""
    monkeypatch.setattr("pki.watching.counts.PAGE", 2)
    path = tmp_path / "counts.json"
    places = set()
    for number in range(12):
        if number < 3:
            furnish_more(world)
        counts = count(world.register, world.clock.now(), path, at_most=1)
        places.add(counts.own_row)
    assert len(places) > 4
    assert count(world.register, world.clock.now(), path).places == counts.places
    assert see(world, path) == see(world) == see(world, anew=True)


def furnish_more(world: World) -> None:
    serials = [world.issue(subject=someone(O="Sở Khác")).serial_number for _ in range(3)]
    world.issuing.revoke(serials[0], SUPERSEDED)
    hold(world.issuing, serials[1], requester="x")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: b"nothing",
        lambda _: b"{}",
        lambda _: b"[]",
        lambda kept: json.dumps({**kept, "form": 0}).encode(),
        lambda kept: json.dumps({**kept, "line": [1, "00"]}).encode(),
        lambda kept: json.dumps({**kept, "line": [10**6, kept["line"][1]]}).encode(),
        lambda kept: json.dumps({**kept, "cells": [["own", "", "x", {"a": 1}]]}).encode(),
        lambda kept: json.dumps({**kept, "places": ["x"]}).encode(),
    ],
    ids=["text", "empty", "list", "form", "another", "later", "cells", "places"],
)
def test_a_file_that_is_not_of_this_register_is_not_believed(world: World, tmp_path, spoil):
    path = tmp_path / "counts.json"
    furnish_more(world)
    see(world, path)
    path.write_bytes(spoil(json.loads(path.read_text("utf-8"))))
    assert shown(see(world, path)) == plainly(world)


def test_a_file_that_is_too_large_is_left(world: World, tmp_path, monkeypatch):
    path = tmp_path / "counts.json"
    see(world, path)
    monkeypatch.setattr(counting, "MAX_FILE", 1)
    assert shown(see(world, path)) == plainly(world)


def test_an_empty_register_is_empty(tmp_path):
    register = create_register(tmp_path / "register.db", FixedClock(NOW))
    told = look_over(register, count(register, NOW, tmp_path / "counts.json"), NOW)
    assert (shown(told), told.units) == ({}, ())
    assert not (tmp_path / "counts.json").exists()
    register.close()


def test_another_register_in_its_place(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, other = make_world(tmp_path / "a"), make_world(tmp_path / "b")
    path = tmp_path / "counts.json"
    furnish_more(one)
    see(one, path)
    assert shown(see(other, path)) == plainly(other)
    one.register.close()
    other.register.close()


def bring(world: World, *subjects, serial=0x100, days=1000):
    ders = [
        PARTNER.issue(one, serial + number, days=days).public_bytes(Encoding.DER)
        for number, one in enumerate(subjects)
    ]
    wish = ForeignWish("x", record=True)
    bring_foreign(gather_octets(ders, "x"), world.register, world.clock, wish)


class Says:
    def __init__(self, *standings):
        self.standings = standings

    def about(self, ders):
        for _, standing in zip(ders, self.standings, strict=True):
            yield Answer(standing, "crl", "aa", NOW + timedelta(days=1), NOW, "x")


def test_others_are_counted_by_what_may_be_relied_on(placed_world: World, tmp_path, monkeypatch):
    world, path = placed_world, tmp_path / "counts.json"
    monkeypatch.setattr(counting, "PAGE", 2)
    bring(world, *(subject(f"Người {n}", unit="Sở Một") for n in range(4)))
    assert count(world.register, NOW, path, at_most=1).foreign_row == 2
    assert see(world, path).foreign["unknown"] == 4
    standings = [*WatchedStanding]
    list(follow_all(world.register, Says(*standings), FixedClock(NOW), "x"))
    told = see(world, path)
    assert {name: number for name, number in told.foreign.items() if number} == {
        "valid": 1,
        "held": 1,
        "revoked": 1,
        "unknown": 1,
    }
    late = see(world, path, now=NOW + timedelta(days=2))
    assert (late.foreign["valid"], late.foreign["unknown"]) == (0, 2)
    over = see(world, path, now=NOW + timedelta(days=900))
    assert (over.foreign["expired"], over.foreign["revoked"]) == (2, 1)
    unit = next(one for one in told.units if one.unit == "Sở Một")
    assert (unit.foreign, unit.revoked, unit.own) == (2, 2, 0)
    again = [WatchedStanding.REVOKED, WatchedStanding.GOOD, *standings[2:]]
    list(follow_all(world.register, Says(*again), FixedClock(NOW), "x"))
    assert see(world, path).foreign == see(world).foreign
    assert see(world, path).foreign["revoked"] == 2


def test_what_one_issuer_said_holds_for_all_its_units(world: World):
    bring(world, subject("Một", unit="Sở Một"), subject("Hai", unit="Sở Hai"))
    good = [WatchedStanding.GOOD] * 2
    list(follow_all(world.register, Says(*good), FixedClock(NOW), "x"))
    assert see(world).foreign["valid"] == 2
    assert see(world, now=NOW + timedelta(days=2)).foreign["unknown"] == 2


def test_what_ends_soon_is_counted_within_each_span(world: World):
    bring(world, subject("Một", unit="Sở Một"), days=400 + 30)
    bring(world, subject("Hai", unit="Sở Một"), serial=0x200, days=400 + 45)
    bring(world, subject("Ba", unit="Sở Hai"), serial=0x300, days=400 + 90)
    bring(world, subject("Bốn", unit="Sở Hai"), serial=0x400, days=400 + 92)
    told = see(world)
    assert told.foreign_ending == {30: 1, 60: 2, 90: 3}
    units = {one.unit: one.ending for one in told.units}
    assert units["Sở Một"] == {30: 1, 60: 2, 90: 2}
    assert units["Sở Hai"] == {30: 0, 60: 0, 90: 1}
    later = see(world, now=NOW + timedelta(days=29))
    assert later.foreign_ending[30] == 2


def test_units_bear_the_name_that_stands_in_the_certificate(world: World):
    odd = 'Sở "Một", Hai + Ba'
    for _ in range(2):
        world.issue(subject=someone(O=odd))
    world.issue(subject=someone(O="Sở Bốn", CN="x O=y"))
    units = {one.unit: one.own for one in see(world).units}
    assert units[odd] == 2
    assert units["y"] == 1  # a name that looks like a unit is shown as it is folded


def test_devices(placed_world: World):
    world = placed_world
    put(world.register, agency(), person(), device(), device("T-2"))
    lost = following(device(), state=DeviceState.LOST, since=NOW.date())
    put(world.register, lost)
    assert see(world).devices == {DeviceState.LOST: 1, DeviceState.ISSUED: 1}


def test_open_requests_and_cases_by_month(placed_world: World):
    register = placed_world.register
    furnish_requests(register)
    told = see(placed_world)
    assert told.open_requests == {RequestKind.NEW: 1}
    assert told.cases[f"{NOW:%Y-%m}"] == {"new": 1}
    register.commit([submitted("R-2", kind=RequestKind.REVOKE)], EVENT)
    old = NOW - timedelta(days=500)
    register.commit([submitted("R-3", submitted_at=old)], EVENT)
    told = see(placed_world)
    assert told.open_requests == {RequestKind.NEW: 2, RequestKind.REVOKE: 1}
    assert told.cases[f"{NOW:%Y-%m}"] == {"new": 1, "revoke": 1}
    assert sum(sum(one.values()) for one in told.cases.values()) == 2
    register.commit([MoveRequest(move(RequestState.REJECTED, 2, "R-2"))], EVENT)
    assert see(placed_world).open_requests == {RequestKind.NEW: 2}


def test_months_are_found_by_halves(tmp_path):
    """Rows are in order of time: twelve of them, a month apart."""
    world = make_world(tmp_path, clock=FixedClock(NOW - timedelta(days=365)))
    world.issue()
    moments = [NOW - timedelta(days=400 - 40 * number) for number in range(10)]
    last = len(world.register.find_certificates(CertificateQuery()))
    told = world.register.reserved_between(moments, after=0, upto=last)
    assert sum(world.register.reserved_between(moments, after=1, upto=last)) == sum(told) - 1
    assert not any(world.register.reserved_between(moments, after=last, upto=last))
    whole = [one.reserved_at for one in world.register.find_certificates(CertificateQuery())]
    assert list(told) == [
        sum(start <= at < end for at in whole) for start, end in pairwise(moments)
    ]
    world.register.close()


@given(st.text(max_size=40))
def test_any_subject_has_a_unit_or_none(text):
    assert isinstance(unit_of(fold(text)), str)


def test_units_of_subjects():
    assert (
        unit_of("cn=nguyen van a t=giam doc ou=phong mot ou=so noi vu o=ubnd c=vn") == "phong mot"
    )
    assert unit_of("cn=nguyen van a o=so noi vu c=vn") == "so noi vu"
    assert unit_of("o=so noi vu") == "so noi vu"
    assert unit_of("cn=ai c=vn") == ""
