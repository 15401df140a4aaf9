"""An invented province as four files: the same for the same number of people, whoever makes them.

Nobody in them lives: numbers begin with 000, which was given to no place, and addresses end in
`example.vn`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pki.records.people import (
    Agency,
    AgencyTier,
    Device,
    DeviceState,
    Entry,
    Person,
    PersonState,
    Post,
)

_START = date(2025, 7, 1)
_AT = datetime(2025, 7, 1, tzinfo=UTC)
_FAMILIES = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Huỳnh", "Phan", "Vũ", "Đặng", "Bùi", "Đỗ")
_MIDDLES = ("Văn", "Thị", "Hữu", "Ngọc", "Đức", "Minh", "Thanh", "Xuân", "Quốc")
_GIVEN = (
    *("An", "Bình", "Cường", "Dũng", "Giang", "Hà", "Hải", "Hạnh", "Hiếu", "Hòa", "Hùng"),
    *("Hương", "Khánh", "Lan", "Linh", "Long", "Mai", "Nam", "Nga", "Phúc", "Quân", "Sơn"),
)
_DEPARTMENTS = ("Nội vụ", "Tài chính", "Tư pháp", "Y tế", "Xây dựng", "Nông nghiệp và Môi trường")
_PLACES = ("Đông Hà", "Tây Sơn", "Bắc Ái", "Nam Đàn", "An Phú", "Bình Minh", "Hòa Lạc", "Tân Lập")
_TITLES = ("Chuyên viên", "Phó Chủ tịch", "Văn thư", "Kế toán", "Chuyên viên chính")
_PER_COMMUNE = 60


def example(kind: type[Entry], people: int) -> Iterator[Entry]:
    """Yield the entries of one of the four files.

    Args:
        kind: which of them.
        people: how many people the province has.
    """
    if kind is Agency:
        yield from _agencies(people)
        return
    make = {Person: _person, Post: _post, Device: _device}[kind]
    for number in range(people):
        yield make(number)


def _agencies(people: int) -> Iterator[Entry]:
    made: dict[str, Any] = {
        "since": _START,
        "recorded_at": _AT,
        "effective": _START,
        "version": 1,
        "follows": 0,
    }
    province = Agency(**made, code="UBND", name="UBND tỉnh Mẫu", tier=AgencyTier.PROVINCE)
    yield province
    for number, name in enumerate(_DEPARTMENTS, 1):
        tier = AgencyTier.DEPARTMENT
        yield Agency(**made, code=f"S{number:02}", name=f"Sở {name}", tier=tier, parent="UBND")
    for number in range(1, people // _PER_COMMUNE + 2):
        name = f"UBND xã {_PLACES[number % len(_PLACES)]} {number}"
        tier = AgencyTier.COMMUNE
        yield Agency(**made, code=f"X{number:04}", name=name, tier=tier, parent="UBND")


def _person(number: int) -> Person:
    surname = _FAMILIES[number % len(_FAMILIES)]
    middle, given = _MIDDLES[number // 11 % 9], _GIVEN[number // 99 % 22]
    gone = number % 50 == 49
    day = _START + timedelta(days=300 if gone else 0)
    return Person(
        version=1,
        follows=0,
        effective=day,
        recorded_at=_AT,
        code=f"NV-{number + 1:06}",
        name=f"{surname} {middle} {given}",
        surname=surname,
        given_name=f"{middle} {given}",
        citizen_number=f"000{number % 2}{70 + number % 30:02}{number:06}",
        email=f"nv{number + 1:06}@example.vn",
        state=PersonState.RETIRED if gone else PersonState.ACTIVE,
        since=day,
    )


def _post(number: int) -> Post:
    gone = number % 50 == 49
    return Post(
        version=1,
        follows=0,
        effective=_START,
        recorded_at=_AT,
        code=f"CV-{number + 1:06}",
        person=f"NV-{number + 1:06}",
        agency=f"X{number // _PER_COMMUNE + 1:04}" if number % 10 else f"S{number % 6 + 1:02}",
        title=_TITLES[number % len(_TITLES)],
        unit="Văn phòng" if number % 7 == 0 else None,
        since=_START,
        until=_START + timedelta(days=299) if gone else None,
    )


def _device(number: int) -> Device:
    states = (DeviceState.LOST, DeviceState.DAMAGED, DeviceState.SUSPENDED)
    state = states[number // 40 % 3] if number % 40 == 39 else DeviceState.ACTIVE
    return Device(
        version=1,
        follows=0,
        effective=_START,
        recorded_at=_AT,
        serial=f"63C4{number + 1:08X}",
        model="ePass2003" if number % 3 else "Bit4id tokenME",
        person=f"NV-{number + 1:06}",
        state=DeviceState.RETURNED if number % 50 == 49 else state,
        since=_START,
    )
