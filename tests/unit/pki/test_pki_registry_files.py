"""Files of entries: every fault is told with its line, nothing is written before, twice is once."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pki_people import DAY, LATER, after, agency, device, person, post, put
from pki_world import NOW

from pki.clock import FixedClock
from pki.errors.registry_files import CSVApostropheError, CSVFormulaError
from pki.errors.tree import PKIError
from pki.records.audit import AuditEvent
from pki.records.people import (
    Agency,
    AgencyQuery,
    Device,
    Entry,
    Person,
    PersonQuery,
    Post,
    PostQuery,
)
from pki.register.sql import SQLRegister, create_register
from pki.registry import beside, intake, sheet
from pki.registry.csv_cells import harmless_cell, read_cell
from pki.registry.csv_writing import write_lines
from pki.registry.example import example
from pki.registry.intake import Findings, Intake
from pki.registry.sheet import Sheet

EVENT = AuditEvent(NOW, "người kiểm thử", "test")
PEOPLE = "code,name,state,since\n"
GOOD = "NV-7,Nguyễn Văn Bảy,active,2025-07-01\n"


@pytest.fixture
def register(tmp_path: Path) -> Iterator[SQLRegister]:
    made = create_register(tmp_path / "register.db", FixedClock(NOW))
    yield made
    made.close()


class Files:
    """Writes files and takes them in."""

    def __init__(self, folder: Path, register: SQLRegister) -> None:
        self.path = folder / "tệp.csv"
        self.register = register

    def intake(self, kind: type[Entry], text: str | bytes, **more: Any) -> Intake:
        self.path.write_bytes(text if isinstance(text, bytes) else text.encode())
        known = {"day": LATER, "at": NOW}
        return Intake(Sheet(self.path, kind), self.register, **{**known, **more})

    def look(self, kind: type[Entry], text: str | bytes, **more: Any) -> Findings:
        return self.intake(kind, text, **more).look_through()

    def codes(self, kind: type[Entry], text: str | bytes, **more: Any) -> list[tuple[int, str]]:
        found = self.look(kind, text, **more)
        return [(fault.line, fault.error.code) for fault in found.faults]

    def take(self, kind: type[Entry], text: str | bytes, **more: Any) -> Findings:
        one = self.intake(kind, text, **more)
        found = one.look_through()
        list(one.take_in(found, lambda _entry, _line: EVENT, skip_bad=True))
        return found


@pytest.fixture
def files(tmp_path: Path, register: SQLRegister) -> Files:
    return Files(tmp_path, register)


@pytest.mark.parametrize("bom", [b"", codecs.BOM_UTF8])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_what_offices_write_is_read(files: Files, bom: bytes, separator: str, end: str):
    lines = ["Code , NAME,state,since", 'NV-7,"Nguyễn Văn  Bảy",active,2025-07-01', "", ",,,"]
    text = end.join(lines).replace(",", separator)
    assert files.take(Person, bom + text.encode()).new == 1
    found = files.register.find_entry(Person, "NV-7")
    assert found is not None
    assert found.name == "Nguyễn Văn Bảy"


def test_a_spreadsheet_s_own_first_line_is_skipped(files: Files):
    assert files.look(Person, "sep=;\n" + (PEOPLE + GOOD).replace(",", ";")).new == 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ((PEOPLE + GOOD).encode("utf-16"), "pki.csv_encoding"),
        ((PEOPLE + GOOD).encode("utf-16-le"), "pki.csv_encoding"),
        (PEOPLE.encode() + b"NV-7,Nguy\xean V\xe3n,active,2025-07-01\n", "pki.csv_encoding"),
        ("code,họ tên\n", "pki.csv_column"),
        ("code,name,name\n", "pki.csv_column"),
        ("code,phone_number\n", "pki.csv_column"),
        ('code,"name\n', "pki.csv_line"),
        ("name,state\n", "pki.csv_column_missing"),
        ("", "pki.csv_column_missing"),
        ("\n\n", "pki.csv_column_missing"),
    ],
)
def test_a_file_that_is_none(files: Files, text: str | bytes, code: str):
    with pytest.raises(PKIError) as refused:
        files.look(Person, text)
    assert refused.value.code == code


def test_a_file_that_is_not_there(files: Files, tmp_path: Path):
    with pytest.raises(PKIError) as refused:
        Intake(Sheet(tmp_path / "none", Person), files.register, day=DAY, at=NOW).look_through()
    assert refused.value.code == "pki.csv_unreadable"


FULL = "code,name,citizen_number,email,state,since\n"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('NV-1,"Lê Hai,,,active,2025-07-01', "pki.csv_line"),
        ("NV-1," + "x" * 9000 + ",,,active,2025-07-01", "pki.csv_line"),
        ("NV-1," + "x" * 8187, "pki.csv_line"),
        ("NV-1,Lê Hai", "pki.csv_cells"),
        ("NV-1,Lê, Hai,,,active,2025-07-01", "pki.csv_cells"),
        ("NV-1,=1+1,,,active,2025-07-01", "pki.csv_formula"),
        ("NV-1,@SUM(A1),,,active,2025-07-01", "pki.csv_formula"),
        ("NV-1,-Lê,,,active,2025-07-01", "pki.csv_formula"),
        ("NV-1,'Lê,,,active,2025-07-01", "pki.csv_apostrophe"),
        ("NV-1,',,,active,2025-07-01", "pki.csv_apostrophe"),
        ("NV-1,Lê Hai,1.09E+09,,active,2025-07-01", "pki.citizen_number_spoilt"),
        ("NV-1,Lê Hai,1090000001,,active,2025-07-01", "pki.citizen_number_spoilt"),
        ("NV-1,Lê Hai,123,,active,2025-07-01", "pki.citizen_number"),
        ("NV-1,Lê Hai,,hai,active,2025-07-01", "pki.email"),
        ("NV-1,Lê Hai,,,active,07/01/2025", "pki.entry_day_turned"),
        ("NV-1,Lê Hai,,,active,45839", "pki.entry_day_turned"),
        ("NV-1,Lê Hai,,,active,2025-02-29", "pki.entry_leap_day"),
        ("NV-1,Lê Hai,,,active,2025-04-31", "pki.entry_day"),
        ("NV-1,Lê Hai,,,gone,2025-07-01", "pki.entry_word"),
        ("NV-1,,,,active,2025-07-01", "pki.entry_missing"),
        ("NV 1,Lê Hai,,,active,2025-07-01", "pki.entry_code"),
        ("001090000001,Lê Hai,,,active,2025-07-01", "pki.entry_code_number"),
        ("NV-0,Lê Ba,,,active,2025-07-01", "pki.csv_twice"),
        ("NV-1,Lê Hai,000090000001,,active,2025-07-01", "pki.csv_number_twice"),
        ("NV-1,Lê Hai,000090000009,,active,2025-07-01", "pki.person_twice"),
    ],
)
def test_each_fault_has_its_code_and_line(files: Files, line: str, code: str):
    put(files.register, person("OLD", citizen_number="000090000009"))
    first = "NV-0,Lê Không,'000090000001,,active,2025-07-01\n"
    last = "NV-9,Lê Chín,,chin@example.vn,active,2024-02-29\n"
    found = files.take(Person, f"{FULL}{first}{line}\n{last}")
    assert [(fault.line, fault.error.code) for fault in found.faults] == [(3, code)]
    assert (found.new, found.bad) == (2, 1)
    assert len(files.register.find_entries(PersonQuery())) == 3
    told = str(found.faults[0].error)
    assert not any(word in told for word in ("0900000", "Lê Hai", "1.09E"))


def test_all_faults_of_all_lines_are_told_and_nothing_is_written(files: Files):
    text = FULL + "NV-1,=1,1E11,x,gone,2025-02-29\n,,,,,x\n" + "NV-3,Lê Ba,,,active,2025-07-01\n"
    one = files.intake(Person, text)
    found = one.look_through()
    assert [(fault.line, fault.error.code.removeprefix("pki.")) for fault in found.faults] == [
        (2, "csv_formula"),
        (3, "entry_missing"),
        (3, "entry_missing"),
        (3, "entry_missing"),
        (3, "entry_day"),
    ]
    with pytest.raises(PKIError) as refused:
        list(one.take_in(found, lambda _entry, _line: EVENT))
    assert refused.value.code == "pki.csv_faults"
    assert refused.value.facts == {"count": 2, "line": 2}
    assert files.register.find_entries(PersonQuery()) == ()


def test_faults_without_end_are_counted(files: Files, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(intake, "MAX_FAULTS", 3)
    found = files.look(Person, PEOPLE + "x\n" * 5)
    assert (found.bad, len(found.faults)) == (5, 3)


def test_too_many_lines_are_not_read(files: Files, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sheet, "MAX_LINES", 2)
    assert files.look(Person, PEOPLE + GOOD).new == 1
    with pytest.raises(PKIError) as refused:
        files.look(Person, PEOPLE + GOOD + "\n")
    assert refused.value.code == "pki.csv_too_large"
    monkeypatch.setattr(intake, "MAX_AGENCIES", 0)
    with pytest.raises(PKIError) as refused:
        files.look(Agency, "code,name,tier,since\nT,UBND,province,2025-07-01\n")
    assert refused.value.code == "pki.csv_too_large"


def test_local_days_are_taken_on_the_word_of_whoever_says_so(files: Files):
    text = PEOPLE + "NV-7,Lê Bảy,active,01/07/2025\n"
    assert files.codes(Person, text) == [(2, "pki.entry_day_turned")]
    assert files.take(Person, text, local_days=True).new == 1
    found = files.register.find_entry(Person, "NV-7")
    assert found is not None
    assert found.since == date(2025, 7, 1)


def test_what_a_file_has_no_column_for_stays(files: Files):
    put(files.register, person(email="mau@example.vn", citizen_number="000090000001"))
    text = "code,name\nNV-1,Lê Thị Mẫu\n"
    assert files.take(Person, text).changed == 1
    found = files.register.find_entry(Person, "NV-1")
    assert found is not None
    assert (found.surname, found.email, found.effective) == ("Lê", "mau@example.vn", LATER)
    emptied = "code,email\nNV-1,\n"
    assert files.take(Person, emptied).changed == 1
    found = files.register.find_entry(Person, "NV-1")
    assert found is not None
    assert (found.email, found.citizen_number) == (None, "000090000001")


def test_a_line_that_contradicts_what_stands_is_told(files: Files):
    named = {"name": "Lê Mẫu", "surname": "Lê", "given_name": "Mẫu"}
    put(files.register, agency(), person(), post(), after(person(), 900, **named))
    assert files.codes(Person, PEOPLE + "NV-1,Lê Mẫu,died,2025-07-01\n") == [(2, "pki.entry_since")]
    assert files.codes(Person, "code,name\nNV-1,Lê Ba\n") == [(2, "pki.entry_backwards")]
    assert files.codes(Post, "code,person\nCV-1,NV-2\n") == [(2, "pki.post_moved")]


AGENCIES = "code,name,tier,parent,since,until,successor\n"


def test_agencies_are_judged_beside_one_another_in_any_order(files: Files):
    text = AGENCIES + (
        "X1,UBND xã Một,commune,T,2025-07-01,2026-06-30,X3\n"
        "X2,UBND xã Hai,commune,T,2025-07-01,2026-06-30,X3\n"
        "X3,UBND xã Ba,commune,T,2026-07-01,,\n"
        "T,UBND tỉnh,province,,2025-07-01,,\n"
    )
    assert files.take(Agency, text).new == 4
    assert len(files.register.find_entries(AgencyQuery(parent="T"))) == 3
    assert files.look(Agency, text).same == 4


def test_what_leans_on_a_wrong_line_is_wrong_too(files: Files):
    text = AGENCIES + (
        "A,UBND A,commune,B,2025-07-01,,\n"
        "B,UBND B,province,none,2025-07-01,,\n"
        "C,UBND C,province,D,2025-07-01,,\n"
        "D,UBND D,province,C,2025-07-01,,\n"
        "E,UBND E,province,,2025-07-01,,\n"
        "F,UBND F,province\n"
    )
    found = files.look(Agency, text)
    told = {fault.line: fault.error.code for fault in found.faults}
    assert told == {
        2: "pki.agency_unknown",
        3: "pki.agency_unknown",
        4: "pki.agency_cycle",
        5: "pki.agency_unknown",
        7: "pki.csv_cells",
    }
    assert (found.new, found.bad) == (1, 5)


def test_agencies_that_end_together_end_together(files: Files):
    put(files.register, agency("T"), agency(parent="T"))
    alone = "code,until\nT,2026-06-30\n"
    assert files.codes(Agency, alone) == [(2, "pki.agency_in_use")]
    assert files.take(Agency, alone + "UBND-X,2026-06-30\n").changed == 2


DEVICES = "serial,model,person,state,since\n"
POSTS = "code,person,agency,title,unit,since,until\n"


def test_posts_are_judged_beside_those_of_the_file(files: Files):
    put(files.register, agency(), person(), person("NV-2"), post())
    renewed = (
        "CV-2,NV-1,UBND-X,Chủ tịch,,2026-07-01,\n"
        "CV-1,NV-1,UBND-X,Chủ tịch,,2025-07-01,2026-06-30\n"
        "CV-5,NV-2,UBND-X,Văn thư,,2025-07-01,\n"
    )
    twice = "CV-3,NV-2,UBND-X,Kế toán,,2025-07-01,\nCV-4,NV-2,UBND-X,Kế toán,,2026-07-01,\n"
    codes = files.codes(Post, POSTS + renewed + twice)
    assert codes == [(5, "pki.post_overlaps"), (6, "pki.post_overlaps")]
    assert files.codes(Post, POSTS + renewed.splitlines()[0]) == [(2, "pki.post_overlaps")]
    taken = files.take(Post, POSTS + renewed)
    assert (taken.new, taken.changed, taken.bad) == (2, 1, 0)
    assert files.look(Post, POSTS + renewed).same == 3
    wrong = "CV-1,NV-1,UBND-X,Chủ tịch,,gone,\nCV-2,NV-1,UBND-X,Chủ tịch,,2026-07-01,\n"
    assert files.codes(Post, POSTS + wrong) == [(2, "pki.entry_day")]


@pytest.mark.parametrize(
    ("kind", "text", "code"),
    [
        (Post, POSTS + "CV-2,NV-1,none,T,,2025-07-01,\n", "pki.agency_unknown"),
        (Post, POSTS + "CV-2,none,UBND-X,T,,2025-07-01,\n", "pki.person_unknown"),
        (Device, DEVICES + "D,M,none,lost,2025-07-01\n", "pki.person_unknown"),
        (Device, DEVICES + "D,M,,lost,2025-07-01\n", "pki.one_holder"),
    ],
)
def test_what_a_line_names_is_there(files: Files, kind: type[Entry], text: str, code: str):
    put(files.register, agency(), person())
    assert files.codes(kind, text) == [(2, code)]


def test_what_was_looked_up_is_kept_and_forgotten(files: Files, monkeypatch: pytest.MonkeyPatch):
    put(files.register, agency(), person(), person("NV-2"))
    monkeypatch.setattr(beside, "_KEPT", 1)
    look = beside.Beside(files.register)
    for code in ("NV-1", "NV-2", "NV-1"):
        found = look.find_entry(Person, code)
        assert found is not None
        assert found.code == code
    assert look.find_entry(Person, "none") is None


def test_a_file_that_was_changed_meanwhile_is_told(files: Files):
    one = files.intake(Person, PEOPLE + GOOD)
    found = one.look_through()
    files.path.write_text(PEOPLE + GOOD.replace("7", "8"), "utf-8")
    with pytest.raises(PKIError) as refused:
        list(one.take_in(found, lambda _entry, _line: EVENT))
    assert refused.value.code == "pki.csv_changed"


@pytest.mark.parametrize("spreadsheet", [False, True])
def test_what_is_written_is_read_back_and_changes_nothing(files: Files, *, spreadsheet: bool):
    put(files.register, agency(name="=1+1"), agency("S", name='\'A, "B"; -C', parent="UBND-X"))
    put(files.register, person(citizen_number="000090000001", email="+a@b.vn"), post(until=LATER))
    put(files.register, device("000000000001"))
    for kind in (Agency, Person, Post, Device):
        entries = [files.register.find_entry(kind, key) for key in _keys(kind)]
        for personal in (False, True):
            lines = write_lines(kind, entries, personal=personal, spreadsheet=spreadsheet)  # type: ignore[arg-type]
            text = b"".join(lines)
            found = files.look(kind, text)
            assert (found.same, found.bad) == (len(entries), 0)
            assert (b"000090000001" in text) == (kind is Person and personal)


def _keys(kind: type[Entry]) -> tuple[str, ...]:
    known = {Agency: ("UBND-X", "S"), Person: ("NV-1",), Post: ("CV-1",)}
    return known.get(kind, ("000000000001",))


@given(st.text(max_size=20))
def test_no_cell_is_computed_and_every_one_comes_back(value: str):
    cell = harmless_cell(value)
    assert cell[:1] not in {"=", "+", "-", "@", "\t", "\r"}
    assert read_cell(cell, "name") == value


@pytest.mark.parametrize(
    ("cell", "error"),
    [("=1", CSVFormulaError), ("'x", CSVApostropheError), ("'", CSVApostropheError)],
)
def test_a_cell_that_is_refused(cell: str, error: type[PKIError]):
    with pytest.raises(error):
        read_cell(cell, "name")


def test_the_example_is_the_same_each_time_and_sound(files: Files, register: SQLRegister):
    for kind, count in ((Agency, 24), (Person, 1000), (Post, 1000), (Device, 1000)):
        text = b"".join(write_lines(kind, example(kind, 1000), personal=True))
        assert text == b"".join(write_lines(kind, example(kind, 1000), personal=True))
        taken = files.take(kind, text)
        assert (taken.new, taken.bad) == (count, 0)
        assert files.look(kind, text).same == count
    assert len(register.find_entries(PostQuery())) == 1000


def test_an_import_that_was_broken_off_goes_on(files: Files, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(intake, "BATCH", 100)
    text = b"".join(write_lines(Person, example(Person, 350), personal=True))
    one = files.intake(Person, text)
    found = one.look_through()
    taking = one.take_in(found, lambda _entry, _line: EVENT)
    assert [next(taking), next(taking)] == [100, 100]
    taking.close()  # type: ignore[attr-defined]  # a generator
    again = files.look(Person, text)
    assert (again.same, again.new) == (200, 150)
    assert files.take(Person, text).new == 150
    assert files.look(Person, text).same == 350
