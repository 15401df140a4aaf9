"""Forms as data: what fills what, what stays empty, what personal data is left out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pki.forms.changed import changed_facts, subject_in, subject_of
from pki.forms.filled import Filled, Head, Line, fill
from pki.forms.form import AUTHORITY, NUMBERS, PERSONAL, About, Fill, Form, load_form
from pki.reasons import FINAL_REASONS
from pki.records.requests import RequestKind

HEAD = Head("UBND xã Mẫu")
FACTS = {each: f"<{each}>" for each in Fill if each is not Fill.ROW}


def texts(filled: Filled) -> Iterator[str | None]:
    for part in filled.parts:
        yield from (place.text for line in part.lines for place in line)
        yield from (text for row in part.rows for cell in row for text in cell.texts)


def columns(form: Form) -> list[str]:
    return [column.title for section in form.sections for column in section.columns]


def test_the_seven_forms_are_what_they_are_about():
    forms = [load_form(number) for number in NUMBERS]
    assert [form.about for form in forms] == [
        *(About.PERSON, About.AGENCY, About.SERVICE),
        *(About.CERTIFICATE, About.CERTIFICATE, About.DEVICE, About.HANDOVER),
    ]
    assert [form.number for form in forms] == list(NUMBERS)
    assert [form.is_record for form in forms] == [False] * 6 + [True]
    assert {kind for form in forms for kind in form.requests} == {
        *(RequestKind.NEW, RequestKind.RENEW, RequestKind.CHANGE),
        *(RequestKind.REVOKE, RequestKind.RECOVER),
    }
    assert "Cục Chứng thực số và Bảo mật thông tin" in AUTHORITY


def test_form_01_has_the_columns_of_the_authority_s_file():
    assert columns(load_form("01")) == [
        "STT",
        "Họ và tên",
        "Ngày sinh",
        "Số định danh cá nhân/Ngày cấp, nơi cấp",
        "Địa chỉ thư điện tử công vụ",
        "Tên cơ quan, tổ chức công tác",
        "Tỉnh/Thành phố",
        "Chức vụ",
        "Số điện thoại di động",
        "Số hiệu chứng thư chữ ký số cũ (nếu có)",
        "SIM PKI",
    ]


def test_every_reason_has_words_but_the_one_that_says_nothing():
    wanted = {reason.value for reason in FINAL_REASONS} - {"unspecified"}
    assert load_form("05").reasons.keys() == wanted
    assert not load_form("04").reasons


@pytest.mark.parametrize("number", NUMBERS)
def test_what_is_known_stands_in_its_place_and_the_rest_is_counted(number):
    form = load_form(number)
    head = Head("UBND xã Mẫu", signer=FACTS, receiver=FACTS)
    whole = fill(form, head, [Line(About.PERSON, FACTS)], unmasked=True)
    assert not whole.blank
    assert not whole.hides
    assert None not in texts(whole)
    empty = fill(form, HEAD, [Line(About.PERSON, {})], unmasked=True)
    assert sum(empty.blank.values())
    assert Fill.ROW not in empty.blank
    known = [text for text in texts(empty) if text is not None]
    assert known == ["1"], "nothing but the number of the line is known"


@pytest.mark.parametrize("number", NUMBERS)
def test_nothing_personal_is_written_unless_it_is_asked_for(number):
    head = Head("UBND xã Mẫu", signer=FACTS, receiver=FACTS)
    masked = fill(load_form(number), head, [Line(About.PERSON, FACTS)], unmasked=False)
    personal = {FACTS[each] for each in PERSONAL}
    assert not personal & set(texts(masked))
    assert masked.hides == bool(PERSONAL & masked.blank.keys())
    shown = fill(load_form(number), head, [Line(About.PERSON, FACTS)], unmasked=True)
    assert bool(personal & set(texts(shown))) == masked.hides


def test_nothing_is_hidden_where_nothing_is_known():
    assert not fill(load_form("01"), HEAD, [Line(About.PERSON, {})], unmasked=False).hides


def test_no_number_is_in_what_a_form_says_of_itself():
    told = {Fill.NUMBER: "001090000001", Fill.NAME: "Lê Thị Hai"}
    head = Head("UBND", signer=told, receiver=told)
    filled = fill(load_form("01"), head, [Line(About.PERSON, told)], unmasked=True)
    assert "001090000001" not in repr(filled) + repr(Line(About.PERSON, told))
    assert "Hai" not in repr(filled)


def test_lines_are_counted_and_numbered():
    filled = fill(load_form("02"), HEAD, [Line(About.AGENCY, {})] * 12, unmasked=True)
    part = filled.parts[-1]
    assert part.title == "2. Số lượng và danh sách đăng ký: 12, gồm:"
    assert [row[0].texts for row in part.rows] == [(str(each),) for each in range(1, 13)]


def test_of_an_agency_no_personal_number_is_missing_and_of_a_person_no_tax_code():
    form = load_form("05")
    agency = fill(form, HEAD, [Line(About.AGENCY, FACTS)], unmasked=True).parts[-1].rows[0]
    person = fill(form, HEAD, [Line(About.PERSON, FACTS)], unmasked=True).parts[-1].rows[0]
    assert [agency[each].texts for each in (2, 3)] == [(), ("<tax_code>",)]
    assert [person[each].texts for each in (2, 3)] == [("<number>", "<id_issued>"), ()]


def certificate(**parts: str) -> x509.Certificate:
    oids = {"CN": NameOID.COMMON_NAME, "T": NameOID.TITLE, "O": NameOID.ORGANIZATION_NAME}
    oids["UID"] = NameOID.USER_ID
    name = x509.Name([x509.NameAttribute(oids[short], value) for short, value in parts.items()])
    key, day = ec.generate_private_key(ec.SECP256R1()), dt.datetime(2026, 1, 1)  # noqa: DTZ001
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(1)
    dated = made.not_valid_before(day).not_valid_after(day).public_key(key.public_key())
    return dated.sign(key, hashes.SHA256())


def test_what_changes_is_told_by_attribute_and_no_number_with_it():
    before = subject_of(certificate(CN="Lê Hai", T="Văn thư", UID="CCCD:001090000001"))
    pairs = [["CN", "Lê Hai"], ["T", "Chủ tịch"], ["O", "UBND"], ["UID", "CCCD:001090000002"]]
    assert changed_facts(before, subject_in(pairs)) == {
        Fill.BEFORE: "Chức vụ: Văn thư\nCơ quan, tổ chức: (không có)",
        Fill.AFTER: "Chức vụ: Chủ tịch\nCơ quan, tổ chức: UBND",
    }
    assert changed_facts(before, {"CN": ["Lê Hai"]}) == {}
    gone = changed_facts(before, subject_in([["CN", "Lê Hai"]]))
    assert gone == {Fill.BEFORE: "Chức vụ: Văn thư", Fill.AFTER: "Chức vụ: (không có)"}
