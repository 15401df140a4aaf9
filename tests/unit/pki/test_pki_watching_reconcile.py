"""Certificates against the people list: each thing that does not fit, and its twin that does."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given
from hypothesis import strategies as st
from pki_people import after as following
from pki_people import agency, device, first, person, post, put
from pki_world import NOW, World
from watching_world import EMPLOYEE, Partner, name
from watching_world import person as subject

from pki.clock import FixedClock
from pki.importing.foreign import ForeignWish, bring_foreign
from pki.importing.gather import gather_octets
from pki.records.people import Assignment, DeviceState, PersonState
from pki.records.watching import WatchedStanding
from pki.upkeep.alarm import Severity
from pki.watching import reconcile as reconciling
from pki.watching import roll as rolls
from pki.watching.follow import Answer, follow_all
from pki.watching.reconcile import ReconcileTally, reconcile
from pki.watching.roll import Roll
from pki.watching.sheet import cell, csv_lines
from pki.words import Language, say

PARTNER = Partner()
CITIZEN, OTHER = "001090012345", "001090054321"
NUMBER = (NameOID.USER_ID, f"CCCD:{CITIZEN}")
TODAY = NOW.date()
UNIT = "UBND xã Mẫu"


class Office:
    """A register with one commune and one person in it, and what is recorded of others."""

    def __init__(self, world: World) -> None:
        self.world, self.register, self._serial = world, world.register, 0x100
        put(self.register, agency(), person(citizen_number=CITIZEN, email="mau@x.vn"), post())

    def record(self, *subjects, extensions=(), days=1000):
        ders = []
        for one in subjects:
            self._serial += 1
            made = PARTNER.issue(one, self._serial, *extensions, days=days)
            ders.append(made.public_bytes(Encoding.DER))
        wish = ForeignWish("văn thư", record=True)
        bring_foreign(gather_octets(ders, "x"), self.register, self.world.clock, wish)
        return self

    def look(self, now=NOW):
        self.tally = ReconcileTally()
        self.roll = Roll(self.register, now.date())
        return list(reconcile(self.register, self.roll, now, self.tally))

    def codes(self, now=NOW):
        return [one.code.removeprefix("pki.watching.") for one in self.look(now)]


@pytest.fixture
def office(world: World) -> Office:
    return Office(world)


def mau(*more, common="Nguyễn Văn Mẫu", unit=UNIT):
    return subject(common, *more, unit=unit)


@pytest.mark.parametrize(
    "found",
    [
        mau(NUMBER),
        mau((EMPLOYEE, "nv-1")),
        mau((NameOID.EMAIL_ADDRESS, "MAU@x.vn")),
        mau(),
        name((NameOID.ORGANIZATION_NAME, UNIT), (NameOID.COMMON_NAME, "NGUYỄN VĂN MẪU")),
    ],
    ids=["number", "code", "e-mail", "name", "organisation"],
)
def test_a_person_is_found_by_each_way(office: Office, found):
    assert office.record(found).codes() == []
    assert (office.tally.certificates, office.tally.matched) == (1, 1)


def test_nobody_is_told_and_not_guessed(office: Office):
    others = (
        mau(common="Lê Thị Lạ"),
        mau((NameOID.USER_ID, f"CCCD:{OTHER}")),  # the same name, another number
        mau(unit="Sở Khác"),
    )
    found = office.record(*others).look()
    assert [one.code for one in found] == ["pki.watching.person_unknown"] * 3
    assert {one.severity for one in found} == {Severity.ERROR}
    assert office.tally.matched == 0


def test_namesakes_in_one_agency_are_ambiguous(office: Office):
    put(office.register, person("NV-2"), post("CV-2", person="NV-2"))
    (found,) = office.record(mau()).look()
    assert found.code == "pki.watching.person_ambiguous"
    assert found.person is None
    assert found.facts["people"] == ("NV-1", "NV-2")
    office.record(mau(NUMBER))
    assert office.codes() == ["person_ambiguous"]


def test_an_address_of_two_people_is_ambiguous(office: Office):
    put(office.register, person("NV-2", email="mau@x.vn"))
    assert office.record(mau((NameOID.EMAIL_ADDRESS, "mau@x.vn"))).codes() == ["person_ambiguous"]


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (PersonState.RETIRED, "person_retired"),
        (PersonState.LEFT, "person_left"),
        (PersonState.DIED, "person_died"),
    ],
)
def test_who_serves_no_more_has_no_certificate(office: Office, state, code):
    office.record(mau(NUMBER))
    assert office.codes() == []
    known = person(citizen_number=CITIZEN, email="mau@x.vn")
    gone = following(known, state=state, since=date(2025, 8, 1))
    put(office.register, gone)
    (found,) = office.look()
    assert (found.code, found.person) == (f"pki.watching.{code}", "NV-1")
    assert found.facts["since"] == "2025-08-01"


def test_a_revoked_or_ended_one_is_not_looked_at(office: Office):
    office.record(mau(common="Lạ"))
    assert office.codes() == ["person_unknown"]
    assert office.codes(NOW + timedelta(days=900)) == []
    assert office.tally.over == 1

    class Says:
        def about(self, ders):
            for _ in ders:
                yield Answer(WatchedStanding.REVOKED, "crl", "aa", NOW, NOW, "superseded")

    list(follow_all(office.register, Says(), FixedClock(NOW), "x"))
    assert office.codes() == []
    assert office.tally.over == 1


def test_another_agency_than_the_posts(office: Office):
    put(office.register, agency("SO", name="Sở Nội vụ"))
    (found,) = office.record(mau(NUMBER, unit="Sở Nội vụ")).look()
    assert found.code == "pki.watching.agency_wrong"
    assert (found.facts["unit"], found.facts["agencies"]) == ("Sở Nội vụ", (UNIT,))


def test_an_agency_above_and_a_part_of_one_fit(office: Office):
    put(office.register, agency("PHONG", name="Phòng Một", parent="UBND-X"))
    put(office.register, person("NV-2", name="Lê Thị Hai"))
    put(office.register, post("CV-2", person="NV-2", agency="PHONG", unit="Tổ Hai"))
    units = ("Phòng Một", UNIT, "Tổ Hai")
    office.record(*(mau((EMPLOYEE, "NV-2"), common="Lê Thị Hai", unit=one) for one in units[:1]))
    assert office.codes() == []
    for unit in units[1:]:
        office.record(mau((EMPLOYEE, "NV-2"), common="Lê Thị Hai", unit=unit))
    assert office.codes() == ["two_active"] * 2


def test_a_post_that_ended_or_is_to_come_is_none(office: Office):
    put(office.register, person("NV-2", name="Lê Thị Hai"))
    over = post("CV-2", person="NV-2", until=date(2025, 9, 1))
    put(office.register, over, post("CV-3", person="NV-2", since=TODAY + timedelta(days=9)))
    office.record(mau(common="Lê Thị Hai"))
    assert office.codes() == ["no_post"]
    assert office.codes(NOW + timedelta(days=9)) == []


@pytest.mark.parametrize(
    ("common", "codes"),
    [
        ("Nguyễn Văn Mẫu", []),
        ("NGUYỄN  VĂN MẪU", []),
        ("Nguyen Van Mau", ["name_accents"]),
        ("Nguyễn Văn Mấu", ["name_accents"]),
        ("Nguyễn Văn Khác", ["name_wrong"]),
    ],
)
def test_names(office: Office, common, codes):
    assert office.record(mau(NUMBER, common=common)).codes() == codes


def test_two_for_one_purpose_and_one_for_each(office: Office):
    usage = x509.KeyUsage(*(False, False, True, *(False,) * 6))
    office.record(mau(NUMBER)).record(mau(NUMBER), extensions=(usage,))
    assert office.codes() == []
    (found,) = office.record(mau(NUMBER)).look()
    assert (found.code, found.facts["other"]) == ("pki.watching.two_active", "0101")
    assert office.tally.found == {"pki.watching.two_active": 1}


def test_ends_soon(office: Office):
    office.record(mau(NUMBER), days=400 + 60)
    (found,) = office.look()
    assert (found.code, found.facts["days"]) == ("pki.watching.expiring", 59)
    assert office.codes(NOW - timedelta(days=1)) == []


def test_agencies(office: Office):
    tax = (NameOID.USER_ID, "MST:0100109106")
    assert office.record(subject(UNIT)).codes() == []
    assert office.record(subject(UNIT, tax)).codes() == []
    assert office.record(subject("UBND xã Lạ", tax)).codes() == ["agency_unknown"]


def test_an_agency_that_ended(office: Office):
    old = agency("CU", name="UBND xã Cũ")
    put(office.register, old)
    office.record(subject("UBND xã Cũ"))
    assert office.codes() == []
    ended = following(old, until=date(2025, 9, 1), successor="UBND-X")
    put(office.register, ended)
    (found,) = office.look()
    assert found.code == "pki.watching.agency_ended"
    assert (found.facts["successor"], found.facts["until"]) == ("UBND-X", "2025-09-01")


@pytest.mark.parametrize(
    ("state", "code"),
    [(DeviceState.LOST, "token_lost"), (DeviceState.RETURNED, "token_returned")],
)
def test_tokens(office: Office, state, code):
    office.record(mau(NUMBER))
    (one,) = office.register.watched()
    token = device()
    put(office.register, token)
    told = {"fingerprint": one.subject.fingerprint, "person": "NV-1", "device": "T-1"}
    put(office.register, Assignment(**first(), **told))
    assert office.codes() == []
    put(office.register, following(token, state=state, since=date(2025, 8, 1)))
    (found,) = office.look()
    assert (found.code, found.facts["token"]) == (f"pki.watching.{code}", "T-1")


def test_an_assignment_tells_whose_it_is(office: Office):
    office.record(mau(common="Bí danh"))
    (one,) = office.register.watched()
    assert office.codes() == ["person_unknown"]
    told = {"fingerprint": one.subject.fingerprint, "person": "NV-1"}
    put(office.register, Assignment(**first(), **told))
    assert office.codes() == ["name_wrong"]


def test_others_are_nobody_s(office: Office):
    server = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    office.record(subject("x.vn"), extensions=(server,))
    assert office.codes() == []


def test_pages(office: Office, monkeypatch):
    monkeypatch.setattr(reconciling, "PAGE", 1)
    monkeypatch.setattr(rolls, "PAGE", 1)
    put(office.register, person("NV-2", name="Lê Thị Hai"), post("CV-2", person="NV-2"))
    put(office.register, agency("SO", name="Sở Nội vụ"), device(), device("T-2"))
    put(office.register, following(device(), state=DeviceState.LOST, since=date(2025, 8, 1)))
    put(office.register, following(device("T-2"), state=DeviceState.LOST, since=date(2025, 8, 1)))
    office.record(mau(NUMBER), mau(common="Lê Thị Hai"))
    one, two = office.register.watched()
    for number, each in enumerate((one, two), 1):
        told = {"fingerprint": each.subject.fingerprint, "device": f"T-{number}"}
        put(office.register, Assignment(**first(), **told, person="NV-1"))
    assert office.codes() == ["token_lost"] * 2


def test_agencies_above_are_counted(office: Office, monkeypatch):
    put(office.register, agency("PHONG", name="Phòng Một", parent="UBND-X"))
    put(office.register, person("NV-2", name="Lê Thị Hai"))
    put(office.register, post("CV-2", person="NV-2", agency="PHONG"))
    office.record(mau((EMPLOYEE, "NV-2"), common="Lê Thị Hai"))
    assert office.codes() == []
    monkeypatch.setattr(rolls, "_DEPTH", 1)
    assert office.codes() == ["agency_wrong"]


def test_a_post_of_nobody_on_the_list_that_day(office: Office):
    """The person is entered as of a later day than the post."""
    late = person("NV-9", name="Lê Thị Chín", effective=TODAY + timedelta(days=5))
    put(office.register, late)
    put(office.register, post("CV-9", person="NV-9"))
    assert office.record(mau(common="Lê Thị Chín")).codes() == ["person_unknown"]


def test_every_finding_has_words_and_no_number(office: Office):
    office.record(mau((NameOID.USER_ID, f"CCCD:{OTHER}")), mau(NUMBER, common="Khác"))
    for one in office.look():
        for language in Language:
            words = say(one.code, one.facts, language) + say(f"{one.code}.hint", {}, language)
            assert CITIZEN not in words
            assert OTHER not in words + repr(one)


@given(st.lists(st.text(max_size=30), min_size=1, max_size=4))
def test_no_cell_is_a_formula(texts):
    head, *lines = csv_lines(tuple("abcd"[: len(texts)]), [tuple(texts)])
    read = list(csv.reader(io.StringIO("\n".join((head, *lines)) + "\n", newline="")))
    assert len(read) == 2
    assert len(read[1]) == len(texts)
    assert not any(one.lstrip().startswith(("=", "+", "-", "@")) for one in read[1])


def test_cells():
    assert cell("=1+1") == "'=1+1"
    assert cell(" @x") == "' @x"
    assert cell("Lê Thị Hai") == "Lê Thị Hai"
    assert "\n" not in cell("a\nb")
