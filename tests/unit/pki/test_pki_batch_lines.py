"""What the lines of a file ask for, each by itself; and what a name there reaches."""

from __future__ import annotations

import codecs
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pki.batches.columns import COLUMNS, CSR, SUBJECT
from pki.batches.folder import check_name, read_request
from pki.batches.lines import Batch, Read, derived_from, derived_id
from pki.errors.batches import BatchFileError, BatchFileNameError, BatchFileOutsideError
from pki.errors.tree import PKIError
from pki.registry.csv_cells import harmless_cell
from pki.request import MAX_REQUEST_BYTES
from pki.requests.content import Concerned
from pki.subject import build_subject

HEAD = "person,post,agency,device,csr,request_id,C,O,OU,CN,title,email\n"
GOOD = "NV-1,CV-1,X001,63C4,a/NV-1.csr,2026-17,VN,UBND xã,Văn phòng|Tổ 1,Lê Hai,Văn thư,a@b.vn\n"

ALL_OF_IT = [
    *("pki.entry_code", "pki.entry_code"),
    *("pki.batch_file_name", "pki.batch_request_id", "pki.subject_form"),
]


def read(folder: Path, text: str | bytes, *common: tuple[str, str]) -> list[Read]:
    path = folder / "tệp.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(Batch(path, common).read())


def codes(folder: Path, text: str | bytes, *common: tuple[str, str]) -> list[tuple[int, str]]:
    return [
        (one.line.number, fault.code) for one in read(folder, text, *common) for fault in one.faults
    ]


@pytest.mark.parametrize("bom", [b"", codecs.BOM_UTF8])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_line_says_for_whom_and_what(tmp_path, bom, separator):
    (one,) = read(tmp_path, bom + (HEAD + GOOD).replace(",", separator).encode())
    assert one.faults == ()
    assert one.wanted is not None
    assert (one.line.number, one.wanted.line) == (2, 2)
    assert one.wanted.concerned == Concerned("NV-1", "CV-1", "X001", "63C4")
    assert (one.wanted.csr, one.wanted.request_id) == ("a/NV-1.csr", "2026-17")
    subject = build_subject(one.wanted.subject)
    assert subject.values("OU") == ("Văn phòng", "Tổ 1")
    assert subject.values("T") == ("Văn thư",)
    assert subject.values("E") == ("a@b.vn",)
    assert "Lê" not in repr(one.wanted)


def test_what_all_lines_share_gives_way_to_their_own(tmp_path):
    text = "csr,O,OU\na.csr,,\nb.csr,Sở Nội vụ,Phòng 1|Phòng 2\n"
    common = (("C", "VN"), ("CN", "A"), ("O", "UBND"), ("OU", "Mọi phòng"))
    first, second = read(tmp_path, text, *common)
    assert first.wanted is not None
    assert second.wanted is not None
    assert build_subject(first.wanted.subject).values("O") == ("UBND",)
    assert build_subject(second.wanted.subject).values("O") == ("Sở Nội vụ",)
    assert build_subject(second.wanted.subject).values("OU") == ("Phòng 1", "Phòng 2")


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (GOOD, []),
        (GOOD.replace("a/NV-1.csr", ""), ["pki.entry_missing"]),
        (GOOD.replace("a/NV-1.csr", "../NV-1.csr"), ["pki.batch_file_name"]),
        (GOOD.replace("a/NV-1.csr", "/etc/passwd"), ["pki.batch_file_name"]),
        (GOOD.replace("2026-17", "2026/17"), ["pki.batch_request_id"]),
        (GOOD.replace("NV-1,", "NV 1,", 1), ["pki.entry_code"]),
        (GOOD.replace("NV-1,", "001090000001,", 1), ["pki.entry_code_number"]),
        (GOOD.replace("63C4", "Mã 1"), ["pki.entry_code"]),
        (GOOD.replace("VN", "V1"), ["pki.subject_form"]),
        (GOOD.replace("a@b.vn", "a b"), ["pki.subject_form"]),
        (GOOD.replace("Tổ 1", ""), ["pki.subject_length"]),
        (GOOD.replace("Tổ 1", "Văn phòng"), ["pki.subject_invalid"]),
        (GOOD.replace("Lê", "Л"), ["pki.subject_character"]),
        (GOOD.replace("Lê Hai", "=1+1"), ["pki.csv_formula"]),
        (GOOD.replace("Lê Hai", '"Lê'), ["pki.csv_line"]),
        (GOOD.replace(",Văn thư", ""), ["pki.csv_cells"]),
        ("NV 1,,X 1,,..,a b,V1,,,,,\n", ALL_OF_IT),
    ],
)
def test_each_fault_has_its_code_and_all_of_a_line_are_told(tmp_path, line, found):
    assert codes(tmp_path, HEAD + GOOD + line) == [(3, code) for code in found]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ((HEAD + GOOD).encode("utf-16"), "pki.csv_encoding"),
        ("csr,phone\n", "pki.csv_column"),
        ("csr,CN,cn\n", "pki.csv_column"),
        ("person,CN\n", "pki.csv_column_missing"),
        ("", "pki.csv_column_missing"),
    ],
)
def test_a_file_that_is_none(tmp_path, text, code):
    with pytest.raises(PKIError) as refused:
        read(tmp_path, text)
    assert refused.value.code == code


def test_what_was_wrong_is_not_read_again(tmp_path):
    text = HEAD.replace("\n", ",fault\n") + GOOD.replace("\n", ",17: pki.batch_file\n")
    (one,) = read(tmp_path, text)
    assert one.faults == ()


def test_two_names_of_one_attribute_are_two_values(tmp_path):
    assert codes(tmp_path, "csr,CN,T,title\na.csr,A,B,C\n") == [(2, "pki.subject_invalid")]


def test_the_hash_is_that_of_the_file(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(HEAD + GOOD, encoding="utf-8")
    batch = Batch(path)
    before = batch.read_sha256()
    assert list(batch.read())
    assert batch.sha256 == before != ""
    path.write_text(HEAD + GOOD + GOOD, encoding="utf-8")
    assert batch.read_sha256() != before


@given(st.text("0123456789abcdef", min_size=64, max_size=64), st.integers(1, 1_000_000))
def test_an_id_tells_of_which_file_and_line_it_is(sha256, line):
    assert derived_from(derived_id(sha256, line)) == (sha256[:32], line)
    assert derived_from(derived_id(sha256, line) + ".2") == (sha256[:32], line)
    assert derived_from("2026-17") is None


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "../a", "a/../b", "a/..", "/a", "//a", "a//b", "a/"),
        *("C:a", "a\\b", "..\\a", "a\x00", "a\nb", "a*", "x" * 256),
    ],
)
def test_a_name_that_leads_elsewhere_is_none(tmp_path, name):
    with pytest.raises(BatchFileNameError):
        check_name(name)
    with pytest.raises(BatchFileNameError):
        read_request(tmp_path.resolve(), name)


def test_a_file_below_the_folder_is_read_and_nothing_else(tmp_path):
    folder = (tmp_path / "yêu cầu").resolve()
    (folder / "a").mkdir(parents=True)
    (folder / "a" / "tệp 1.csr").write_bytes(b"inside")
    (tmp_path / "secret").write_bytes(b"outside")
    assert read_request(folder, "a/tệp 1.csr") == b"inside"
    (folder / "large").write_bytes(b"x" * (MAX_REQUEST_BYTES + 10))
    assert len(read_request(folder, "large")) == MAX_REQUEST_BYTES + 1
    for name in ("none", "a"):
        with pytest.raises(BatchFileError):
            read_request(folder, name)
    (folder / "in").symlink_to(folder / "a" / "tệp 1.csr")
    (folder / "out").symlink_to(tmp_path / "secret")
    (folder / "up").symlink_to(tmp_path)
    (folder / "round").symlink_to(folder / "round")
    assert read_request(folder, "in") == b"inside"
    for name in ("out", "up/secret"):
        with pytest.raises(BatchFileOutsideError):
            read_request(folder, name)
    with pytest.raises(BatchFileError):
        read_request(folder, "round")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BatchFileError):
        read_request(tmp_path.resolve(), "pipe")


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\n\r\x00"), max_size=30)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.dictionaries(st.sampled_from(COLUMNS), CELLS), max_size=6))
@example([{CSR: "a.csr", "cn": "Lê", "ou": "A|B"}])
def test_any_cells_are_read_or_told_and_no_line_is_lost(tmp_path, rows):
    head = ",".join(COLUMNS)
    lines = [
        ",".join(
            '"' + harmless_cell(row.get(name, "")).replace('"', '""') + '"' for name in COLUMNS
        )
        for row in rows
    ]
    found = read(tmp_path, "\n".join((head, *lines)))
    blank = [number for number, line in enumerate(lines, 2) if not line.strip(", \t")]
    assert [one.line.number for one in found] == [
        number for number in range(2, len(rows) + 2) if number not in blank
    ]
    for one in found:
        assert (one.wanted is None) == bool(one.faults)
        if one.wanted is not None:
            assert build_subject(one.wanted.subject)
            assert set(dict(one.wanted.subject)) <= set(SUBJECT.values())
