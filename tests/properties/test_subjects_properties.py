"""What holds for any name, number, host and mail address."""

from __future__ import annotations

import unicodedata
from ipaddress import ip_address

import idna
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from pki.errors.requests import SubjectInvalidError
from pki.errors.tree import Phrase
from pki.hosts import host_address, host_name, mail_address
from pki.identifiers import (
    citizen_number_is_sound,
    organization_kind,
    serial_number_kind,
    tax_code_is_sound,
    uid_kind,
)
from pki.letters import foreign_character, normal
from pki.subject import ATTRIBUTES, build_subject
from pki.words import Language, message_of

digits = st.text("0123456789", max_size=14)
vietnamese = st.text("aăâbcdđeêghiklmnoôơpqrstuưvxyáảãạằắẳẵặ ", min_size=1, max_size=20)


@given(st.from_regex(r"[0-9]{10}", fullmatch=True), st.integers(0, 9), st.integers(1, 9))
def test_one_wrong_digit_never_makes_another_sound_tax_code(code: str, place: int, step: int):
    changed = code[:place] + str((int(code[place]) + step) % 10) + code[place + 1 :]
    assert not (tax_code_is_sound(code) and tax_code_is_sound(changed))


@given(st.integers(1, 9_999_999), st.integers(0, 99))
def test_nine_digits_have_at_most_one_check_digit(number: int, province: int):
    codes = [f"{province:02d}{number:07d}{last}" for last in range(10)]
    assert sum(map(tax_code_is_sound, codes)) <= 1


@given(digits | st.text(max_size=14))
def test_any_number_is_judged(text: str):
    for judge in (citizen_number_is_sound, tax_code_is_sound):
        assert judge(text) in {True, False}
        assert not judge(text) or (text.isascii() and text.replace("-", "").isdecimal())
    for kind_of in (uid_kind, serial_number_kind, organization_kind):
        for prefix in ("", "CCCD:", "MST:", "HC:", "IDCVN-", "VATVN-", "PASVN-"):
            kind_of(prefix + text)


@given(st.text(max_size=40))
def test_a_kept_name_holds_nothing_unseen(text: str):
    kept = normal(text)
    if foreign_character(kept) is None:
        assert unicodedata.is_normalized("NFC", kept)
        assert not {unicodedata.category(char) for char in kept} & {
            "Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp",
        }  # fmt: skip
        assert "  " not in kept
    assert normal(kept) == kept


@given(vietnamese)
def test_vietnamese_names_pass_however_they_are_composed(name: str):
    forms = {normal(unicodedata.normalize(form, name)) for form in ("NFC", "NFD")}
    (kept,) = forms
    assert foreign_character(kept) is None


labels = st.text("aăâđêôơưáạbcxyz0123456789-ABC", min_size=1, max_size=20)


@given(st.lists(labels | st.text(max_size=8), min_size=1, max_size=4))
@settings(max_examples=300)
def test_any_name_of_a_host_is_kept_or_none(parts: list[str]):
    """What is kept stays as it is, and the library of IDNA 2008 agrees to it."""
    name = host_name(".".join(parts))
    if name is None:
        return
    assert host_name(name) == name
    assert name.isascii()
    assert name == name.lower()
    plain = name.removeprefix("*.")
    assert idna.encode(idna.decode(plain)) == plain.encode()


@given(labels)
@settings(max_examples=300)
def test_a_label_of_vietnamese_letters_is_encoded_as_the_library_does(label: str):
    ours = host_name(f"{label}.example.vn")
    try:
        theirs = idna.encode(unicodedata.normalize("NFC", label).lower()).decode()
    except idna.IDNAError:
        assert ours is None
    else:
        assert ours == f"{theirs}.example.vn"


@given(st.text(max_size=20) | st.ip_addresses().map(str))
def test_any_address_is_kept_or_none(text: str):
    address = host_address(text)
    if address is not None:
        assert ip_address(text) == address
        assert host_address(str(address)) == address


@given(st.emails() | st.text(max_size=30))
def test_any_mail_address_is_kept_or_none(text: str):
    mail = mail_address(text)
    if mail is not None:
        assert mail_address(mail) == mail
        assert x509.RFC822Name(mail).value == mail
        assert mail.rpartition("@")[0] == text.rpartition("@")[0]


shorts = st.sampled_from([*ATTRIBUTES, "E", "DNS", "IP", "X"])
values = (
    st.text(max_size=70)
    | vietnamese
    | st.sampled_from(["VN", "CCCD:001090000001", "MST:0100109106", "a.vn", "10.0.0.7", "a@a.vn"])
)


@given(st.lists(st.tuples(shorts, values), max_size=6))
@settings(max_examples=300)
def test_a_refusal_never_tells_the_value_and_speaks_both_languages(pairs: list[tuple[str, str]]):
    try:
        subject = build_subject(pairs)
    except SubjectInvalidError as refused:
        error = refused
    else:
        again = [(short, value) for short in subject.shorts() for value in subject.values(short)]
        assert build_subject(again) == subject
        return
    reason = error.facts["reason"]
    assert isinstance(reason, Phrase)
    assert set(reason.facts) <= {"bound", "character"}
    assert all(message_of(error, language) for language in Language)
