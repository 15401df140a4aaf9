"""Values as people and spreadsheets write them: what is read, what is told, what is never told."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pki_people import agency, device, person, post

from pki.errors.registry import (
    CitizenNumberError,
    CitizenNumberSpoiltError,
    EmailError,
    EntryCodeError,
    EntryCodeNumberError,
    EntryDayError,
    EntryDayTurnedError,
    EntryLeapDayError,
    EntryMissingError,
    EntryTextError,
    EntryWordError,
    NamePartsError,
    TaxCodeError,
)
from pki.errors.tree import PKIError
from pki.records.people import Agency, Device, Entry, Person, PersonState, Post
from pki.registry import values
from pki.registry.forms import FORMS, masked, read_values, write_values

SPOILT = ["1.23457E+11", "1,2E+11", "1E11", "90000001", "1090000001", "001090000001.0"]


@pytest.mark.parametrize("text", ["A", "NV-1.2_x", "x" * 32, "0123456789"])
def test_a_code_is_read(text: str):
    assert values.read_code(text, "code") == text


@pytest.mark.parametrize("text", ["", "x" * 33, "có dấu", "a b", "a/b", "A\n", "=1"])
def test_no_code(text: str):
    with pytest.raises(EntryCodeError):
        values.read_code(text, "code")
    with pytest.raises(EntryCodeError):
        values.read_serial(text, "serial")


def test_a_citizen_s_number_is_no_code():
    with pytest.raises(EntryCodeNumberError) as refused:
        values.read_code("001090000001", "code")
    assert "001090000001" not in str(refused.value)
    assert values.read_serial("001090000001", "serial")


def test_names_are_composed_and_their_spaces_are_single():
    assert values.read_text("  Nguye\u0302\u0303n   Va\u0306n  An ", "name") == "Nguyễn Văn An"
    assert values.read_text("x" * 200, "name")
    for wrong in ("x" * 201, "Аn", "a\x00b", "a\u202eb", "a\tb"):
        with pytest.raises(EntryTextError):
            values.read_text(wrong, "name")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("2025-02-29", EntryLeapDayError),
        ("2100-02-29", EntryLeapDayError),
        ("2025-02-30", EntryDayError),
        ("2025-13-01", EntryDayError),
        ("1945-09-01", EntryDayError),
        ("2200-01-01", EntryDayError),
        ("hôm nay", EntryDayError),
        ("2025-7-1", EntryDayError),
        ("07/01/2025", EntryDayTurnedError),
        ("1.7.25", EntryDayTurnedError),
        ("45839", EntryDayTurnedError),
        ("45839.0", EntryDayTurnedError),
    ],
)
def test_no_day(text: str, error: type[PKIError]):
    with pytest.raises(error):
        values.read_day(text, "since")


@pytest.mark.parametrize("text", ["2024-02-29", "2000-02-29", "1945-09-02", "2199-12-31"])
def test_a_day_is_read(text: str):
    assert values.read_day(text, "since") == date.fromisoformat(text)


def test_local_days_are_read_where_somebody_says_so():
    assert values.read_local_day("1/7/2025", "since") == date(2025, 7, 1)
    assert values.read_local_day("2025-07-01", "since") == date(2025, 7, 1)
    for text, error in (("07/13/2025", EntryDayTurnedError), ("29/02/2025", EntryLeapDayError)):
        with pytest.raises(error):
            values.read_local_day(text, "since")


def test_a_citizen_s_number_is_read_and_a_spoilt_one_told_apart():
    assert values.read_citizen_number("001090000001", "n") == "001090000001"
    for text in SPOILT[:3] + SPOILT[4:]:
        with pytest.raises(CitizenNumberSpoiltError):
            values.read_citizen_number(text, "n")
    for text in (SPOILT[3], "999", "00109000000x", "003090000001", "số", "001 090 000 001"):
        with pytest.raises(CitizenNumberError) as refused:
            values.read_citizen_number(text, "n")
        assert not refused.value.facts


def test_tax_codes_addresses_and_words():
    assert values.read_tax_code("0100109106", "tax_code") == "0100109106"
    with pytest.raises(TaxCodeError):
        values.read_tax_code("0100109107", "tax_code")
    assert values.read_email("Mau@Example.GOV.vn", "email") == "Mau@example.gov.vn"
    for wrong in ("mau", "mau@", "@a.vn", "a b@c.vn", "x" * 65 + "@a.vn", "a@" + "b." * 130 + "vn"):
        with pytest.raises(EmailError):
            values.read_email(wrong, "email")
    read = values.word_reader(PersonState)
    assert read("died", "state") is PersonState.DIED
    with pytest.raises(EntryWordError) as refused:
        read("Died", "state")
    assert "retired" in str(refused.value.facts["words"])


TOLD = {"code": "NV-1", "name": "Nguyễn Văn An", "state": "active", "since": "2025-07-01"}


def test_everything_wrong_with_an_entry_is_told_at_once():
    wrong = {"code": "", "name": "Аn", "state": "gone", "since": "29/02/2025", "email": "x"}
    _, faults = read_values(Person, wrong, local_days=True)
    assert [type(fault) for fault in faults] == [
        EntryMissingError,
        EntryTextError,
        EmailError,
        EntryWordError,
        EntryLeapDayError,
    ]
    assert read_values(Person, TOLD)[1] == ()


@pytest.mark.parametrize(
    ("parts", "read"),
    [
        ({}, ("Nguyễn", "Văn An")),
        ({"surname": "Nguyễn", "given_name": "Văn An"}, ("Nguyễn", "Văn An")),
        ({"surname": "An", "given_name": "Nguyễn Văn"}, ("An", "Nguyễn Văn")),
        ({"name": "Niê"}, ("Niê", "Niê")),
    ],
)
def test_parts_of_a_name(parts: dict[str, str], read: tuple[str, str]):
    found, faults = read_values(Person, {**TOLD, **parts})
    assert not faults
    assert (found["surname"], found["given_name"]) == read


@pytest.mark.parametrize("parts", [{"surname": "Lê", "given_name": "Văn An"}, {"surname": "An"}])
def test_parts_that_do_not_make_up_the_name(parts: dict[str, str]):
    (fault,) = read_values(Person, {**TOLD, **parts})[1]
    assert isinstance(fault, NamePartsError)


@pytest.mark.parametrize(
    "entry", [agency(parent="T"), person(email="a@b.vn"), post(unit="Phòng 1"), device()]
)
def test_what_is_written_is_read_back(entry: Entry):
    told = write_values(entry)
    found, faults = read_values(type(entry), told)
    assert not faults
    assert found == {name: getattr(entry, name) for name in told}
    assert set(FORMS) == {Agency, Person, Post, Device}


def test_what_is_personal_is_masked():
    assert masked("001090000001") == "*********001"
    assert masked("123") == "***"
    assert masked("mau@example.vn") == "m***@example.vn"
    assert {column.name for column in FORMS[Person] if column.personal} == {
        "citizen_number",
        "email",
    }


@given(st.text(max_size=60))
def test_whatever_is_written_is_read_or_refused_and_read_the_same_again(text: str):
    for column in (column for columns in FORMS.values() for column in columns):
        told = ""
        try:
            found = column.read(text, column.name)
        except PKIError as error:
            told = str(error)
        else:
            assert column.read(str(found), column.name) == found
        assert len(text) < 6 or text not in told
