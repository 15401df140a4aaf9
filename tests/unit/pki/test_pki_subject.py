"""Subjects: what fits, what does not, and in which order it is written."""

from __future__ import annotations

import unicodedata

import pytest
from cryptography.x509.name import _ASN1Type

from pki.errors import SubjectInvalidError
from pki.subject import build_subject, parse_subject, tax_code_is_sound

BASE = [("C", "VN"), ("O", "Sở Nội vụ"), ("CN", "Nguyễn Văn A")]


def test_attributes_are_written_in_one_order():
    subject = build_subject(
        [
            ("UID", "CCCD:001090000001"),
            ("CN", "A"),
            ("OU", "Phòng 2"),
            ("C", "VN"),
            ("OU", "Phòng 1"),
        ]
    )
    assert subject.attributes == (
        ("C", "VN"),
        ("OU", "Phòng 2"),
        ("OU", "Phòng 1"),
        ("CN", "A"),
        ("UID", "CCCD:001090000001"),
    )


def test_strings_are_utf8_but_the_country():
    kinds = {attribute.value: attribute._type for attribute in build_subject(BASE).name()}
    assert kinds.pop("VN") is _ASN1Type.PrintableString
    assert set(kinds.values()) == {_ASN1Type.UTF8String}


def test_a_name_has_one_encoding():
    composed, decomposed = (
        unicodedata.normalize(form, "Nguyễn Thị Ánh") for form in ("NFC", "NFD")
    )
    assert composed != decomposed
    one, other = (build_subject([("CN", name)]) for name in (composed, decomposed))
    assert one == other
    assert one.name().public_bytes() == other.name().public_bytes()


def test_mail_is_no_part_of_the_name():
    subject = build_subject([*BASE, ("E", "a@example.gov.vn"), ("E", "b@example.gov.vn")])
    assert subject.mail == ("a@example.gov.vn", "b@example.gov.vn")
    assert "example" not in subject.text()


def test_a_name_is_read_from_text():
    subject = parse_subject(r"C=VN, O=Sở Xây dựng\, Hà Nội, CN=Lê = B")
    assert subject.attributes == (("C", "VN"), ("O", "Sở Xây dựng, Hà Nội"), ("CN", "Lê = B"))


def test_personal_data_is_not_in_the_repr():
    assert repr(build_subject(BASE)) == "Subject(C, O, CN)"


GOOD = [
    ("CN", "x" * 64),
    ("SN", "x" * 64),
    ("L", "x" * 128),
    ("T", "Chủ tịch"),
    ("UID", "CCCD:001090000001"),
    ("UID", "MST:0100109106"),
    ("UID", "MST:0100109106-001"),
    ("E", "a.b+c@so.example.gov.vn"),
]
BAD = [
    ("X", "unknown attribute"),
    ("CN", ""),
    ("CN", "   "),
    ("CN", "x" * 65),
    ("SN", "x" * 300),
    ("L", "x" * 129),
    ("CN", "a\x00b"),
    ("CN", "a\nb"),
    ("CN", "a\u202eb"),
    ("CN", "a\ud800b"),
    ("CN", "a\ufdd0b"),
    ("C", "vn"),
    ("C", "VNM"),
    ("UID", "001090000001"),
    ("UID", "CCCD:00109000000"),
    ("UID", "CCCD:00109000000x"),
    ("UID", "CCCD:00109000000١"),
    ("UID", "MST:0100109107"),
    ("UID", "MST:0100109106-01"),
    ("UID", "CMND:012345678"),
    ("E", "a@localhost"),
    ("E", "nguyễn@example.gov.vn"),
    ("E", "a b@example.gov.vn"),
]


@pytest.mark.parametrize(("short", "value"), GOOD)
def test_a_value_that_fits(short: str, value: str):
    subject = build_subject([(short, value), ("O", "Sở Nội vụ")])
    assert value in dict(subject.attributes).values() or value in subject.mail


@pytest.mark.parametrize(("short", "value"), BAD)
def test_a_value_that_does_not_fit(short: str, value: str):
    with pytest.raises(SubjectInvalidError) as refused:
        build_subject([(short, value), ("O", "Sở Nội vụ")])
    assert refused.value.facts["attribute"] == short
    assert not value.strip() or value not in str(refused.value)


@pytest.mark.parametrize(
    "pairs",
    [
        [],
        [("E", "a@example.gov.vn")],
        [("CN", "a"), ("CN", "b")],
        [("C", "VN"), ("C", "VN")],
        [("OU", "a"), ("OU", "a")],
    ],
)
def test_attributes_that_do_not_go_together(pairs: list[tuple[str, str]]):
    with pytest.raises(SubjectInvalidError):
        build_subject(pairs)


@pytest.mark.parametrize("text", ["", "CN", "CN=a,b"])
def test_text_that_is_no_name(text: str):
    with pytest.raises(SubjectInvalidError):
        parse_subject(text)


def test_any_wrong_digit_shows_in_a_tax_code():
    code = "0100109106"
    assert tax_code_is_sound(code)
    for place in range(10):
        for digit in "0123456789":
            changed = code[:place] + digit + code[place + 1 :]
            assert tax_code_is_sound(changed) == (changed == code)
