"""Lists of other authorities' certificates, and of ours by their serials, on both engines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from pki_engines import Place
from pki_people import EVENT
from pki_world import NOW, World, make_world

from pki.authority.life import hold, release
from pki.records.certificates import (
    CertificateQuery,
    ForeignCertificate,
    ForeignQuery,
    serial_text,
)
from pki.records.changes import Watch

ENDS = (3, 1, 1, 2)


@pytest.fixture
def world(tmp_path: Path, place: Place) -> Iterator[World]:
    made = make_world(tmp_path, place=place.url)
    for number, ends in enumerate(ENDS):
        text = (f"CN=Cơ quan {number % 2}", f"CN=Người Đỗ {number}")
        spans = (NOW, NOW + timedelta(days=ends))
        record = ForeignCertificate(
            *(f"f{number}" * 32, "e" * 64, 0xA0 + number, *text, *spans, b"der", "văn thư", NOW)
        )
        made.register.commit([Watch(record)], EVENT)
    yield made
    made.register.close()


def found(world: World, **asked: object) -> list[int]:
    heads = world.register.foreign_heads(ForeignQuery(**asked))  # type: ignore[arg-type]
    return [int(head.serial, 16) - 0xA0 for head in heads]


def test_those_that_end_first_come_first(world: World):
    assert found(world) == [1, 2, 3, 0]
    (first, *_) = world.register.foreign_heads(ForeignQuery())
    assert first.subject == "CN=Người Đỗ 1"
    assert (first.serial, first.not_after) == ("a1", NOW + timedelta(days=1))
    assert found(world, before=NOW + timedelta(days=2)) == [1, 2]


def test_pages_follow_each_other(world: World):
    seen: list[int] = []
    after = None
    while page := list(world.register.foreign_heads(ForeignQuery(after=after, limit=1))):
        seen += [int(one.serial, 16) - 0xA0 for one in page]
        after = (page[-1].not_after, page[-1].fingerprint)
    assert seen == [1, 2, 3, 0]


@pytest.mark.parametrize(
    ("text", "serials"),
    [
        ("người đỗ 2", [2]),
        ("ĐỖ", [1, 2, 3, 0]),
        ("cơ quan 1", [1, 3]),
        ("A2", [2]),
        ("none", []),
        ("đỗ%", []),
        ("i đ_ 2", []),
    ],
)
def test_text_stands_in_subject_issuer_or_serial(world: World, text: str, serials: list[int]):
    assert found(world, text=text) == serials
    assert found(world, text=text, limit=1) == serials[:1]


def test_ours_are_found_by_a_part_of_their_serial_too(world: World):
    one, other = world.issue().serial_number, world.issue().serial_number
    register = world.register

    def serials(text: str, part: str | None) -> set[int]:
        query = CertificateQuery("issuing", text=text, or_serial=part)
        return {record.serial for record in register.find_certificates(query)}

    part = serial_text(one)[3:15]
    assert serials(part, part) == {one}
    assert serials(part, None) == set()
    assert serials("nguyễn", part) >= {one, other}


def test_ours_that_are_on_hold_are_found(world: World):
    serials = [world.issue().serial_number for _ in range(4)]
    for serial in serials[:3]:
        hold(world.issuing, serial, requester="x")
    release(world.issuing, serials[0], requester="x")
    world.issuing.revoke(serials[1], x509.ReasonFlags.superseded)

    def on_hold(**more: object) -> list[int]:
        query = CertificateQuery("issuing", held=True, **more)  # type: ignore[arg-type]
        return [one.serial for one in world.register.find_certificates(query)]

    assert on_hold() == [serials[2]]
    assert on_hold(text="nguyễn", limit=5) == [serials[2]]
    assert on_hold(text="nobody") == []
    assert len(world.register.find_certificates(CertificateQuery("issuing", held=None))) > 3
