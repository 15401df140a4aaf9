"""Subjects: what fits, what does not, and in which order it is written."""

from __future__ import annotations

import unicodedata
from ipaddress import ip_network

import pytest
from cryptography import x509
from cryptography.x509.name import _ASN1Type
from pki_world import NOW, new_key

from pki import subject as subject_module
from pki.errors.requests import SubjectInvalidError
from pki.errors.tree import Phrase
from pki.keys import hash_for
from pki.subject import MAX_ALTERNATIVES, build_subject, parse_subject, subject_of
from pki.words import Language, message_of

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
    ("UID", "CMND:012345678"),
    ("UID", "HC:C1234567"),
    ("UID", "BHXH:0123456789"),
    ("serialNumber", "SN 4711/A"),
    ("organizationIdentifier", "VATVN-0100109106"),
    ("CN", "Sở Y tế – Phòng “Một cửa”"),
    ("E", "a.b+c@so.example.gov.vn"),
    ("DNS", "www.example.gov.vn"),
    ("DNS", "*.example.gov.vn"),
    ("IP", "10.0.0.7"),
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
    ("UID", "CMND:01234567"),
    ("UID", "PID:0123456789"),
    ("E", "a@localhost"),
    ("E", "nguyễn@example.gov.vn"),
    ("E", "a b@example.gov.vn"),
]


@pytest.mark.parametrize(("short", "value"), GOOD)
def test_a_value_that_fits(short: str, value: str):
    subject = build_subject([(short, value), ("O", "Sở Nội vụ")])
    assert value in subject.values(short)


@pytest.mark.parametrize(("short", "value"), BAD)
def test_a_value_that_does_not_fit(short: str, value: str):
    with pytest.raises(SubjectInvalidError) as refused:
        build_subject([(short, value), ("O", "Sở Nội vụ")])
    assert refused.value.facts["attribute"] == short
    assert not value.strip() or value not in str(refused.value)


CODES = {
    "pki.subject_length": [("CN", "a" * 65), ("CN", ""), ("C", "Việt Nam"), ("OU", "a" * 70_000)],
    "pki.subject_character": [("CN", "a\x07b"), ("O", "a\u202eb")],
    "pki.subject_form": [("C", "vn"), ("serialNumber", "sô 1"), ("E", "người@a.vn"), ("IP", "a")],
    "pki.subject_invalid": [("X", "a"), ("O", "Sở Nội vụ")],
}


@pytest.mark.parametrize("code", CODES)
def test_each_kind_of_fault_has_its_own_code(code: str):
    for pair in CODES[code]:
        with pytest.raises(SubjectInvalidError) as refused:
            build_subject([pair, ("O", "Sở Nội vụ")])
        assert refused.value.code == code


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


def reason(pairs: list[tuple[str, str]]) -> str:
    with pytest.raises(SubjectInvalidError) as refused:
        build_subject(pairs)
    found = refused.value.facts["reason"]
    assert isinstance(found, Phrase)
    for language in Language:
        assert message_of(refused.value, language)
    return found.id


@pytest.mark.parametrize(
    ("short", "value", "why"),
    [
        ("X", "a", "unknown"),
        ("CN", "x" * 65, "length"),
        ("CN", "Nguyễn Văn А", "character"),  # the last letter is Cyrillic
        ("C", "Vn", "country"),
        ("UID", "CCCD:1", "uid"),
        ("serialNumber", "IDCVN-12345678", "serial_number"),
        ("serialNumber", "số 7", "serial_number"),
        ("organizationIdentifier", "VATVN-0100109107", "organization_identifier"),
        ("E", "a@b", "mail"),
        ("DNS", "localhost", "host_name"),
        ("IP", "127.0.0.1", "address"),
    ],
)
def test_a_refusal_says_why_in_both_languages(short: str, value: str, why: str):
    assert reason([(short, value), ("O", "Sở Nội vụ")]) == f"pki.subject.{why}"


def test_spaces_and_forms_are_made_one():
    one = build_subject([("CN", "  Nguyễn   Văn A "), ("O", "Sở")])
    assert one.values("CN") == ("Nguyễn Văn A",)
    assert one == build_subject([("CN", "Nguyễn Văn A"), ("O", "Sở")])


def test_alternative_names_are_kept_in_one_form_and_order():
    subject = build_subject(
        [
            ("IP", "2001:DB8::1"),
            ("IP", "10.0.0.7"),
            ("DNS", "WWW.Example.gov.vn"),
            ("DNS", "sở-nội-vụ.example.gov.vn"),
            ("E", "a@Ủy-ban.example.vn"),
            ("CN", "www.example.gov.vn"),
            ("O", "Sở"),
        ]
    )
    assert subject.values("DNS") == (
        "www.example.gov.vn", "xn--s-ni-v-5n8bub8c.example.gov.vn",
    )  # fmt: skip
    assert subject.values("IP") == ("2001:db8::1", "10.0.0.7")
    assert subject.values("E")[0].endswith("@xn--y-ban-ie2b.example.vn")
    assert [type(name).__name__ for name in subject.alternative_names()] == [
        "RFC822Name", "DNSName", "DNSName", "IPAddress", "IPAddress",
    ]  # fmt: skip
    assert subject.shorts() == {"IP", "DNS", "E", "CN", "O"}
    assert "example" not in repr(subject)


def test_a_serial_number_is_a_printable_string():
    subject = build_subject(
        [
            ("serialNumber", "IDCVN-001090000001"),
            ("organizationIdentifier", "VATVN-0100109106"),
            ("O", "Sở"),
        ]
    )
    kinds = {attribute.value: attribute._type for attribute in subject.name()}
    assert kinds["IDCVN-001090000001"] is _ASN1Type.PrintableString
    assert kinds["VATVN-0100109106"] is _ASN1Type.UTF8String
    assert subject.text() == (
        "serialNumber=IDCVN-001090000001,organizationIdentifier=VATVN-0100109106,O=Sở"
    )


@pytest.mark.parametrize(
    ("pairs", "sound"),
    [
        ([("UID", "CCCD:001090000001"), ("UID", "MST:0100109106")], True),
        ([("UID", "CCCD:001090000001"), ("UID", "CCCD:001090000002")], False),
        ([("UID", "MST:0100109106"), ("UID", "MST:0100109106-001")], False),
        ([("UID", "CCCD:001090000001"), ("serialNumber", "PNOVN-001090000001")], True),
        ([("UID", "CCCD:001090000001"), ("serialNumber", "PNOVN-001090000002")], False),
        ([("UID", "CCCD:001090000001"), ("serialNumber", "PASVN-C1234567")], True),
        ([("UID", "MST:0100109106"), ("organizationIdentifier", "VATVN-0100109106")], True),
        ([("UID", "MST:0100109106-001"), ("organizationIdentifier", "VATVN-0100109106")], False),
    ],
)
def test_two_numbers_of_one_kind_must_agree(pairs: list[tuple[str, str]], sound: bool):
    if sound:
        assert build_subject([*pairs, ("O", "Sở")])
    else:
        assert reason([*pairs, ("O", "Sở")]) == "pki.subject.two_numbers"


def test_a_mutant_without_the_agreement_takes_two_numbers(monkeypatch: pytest.MonkeyPatch):
    pairs = [("UID", "CCCD:001090000001"), ("UID", "CCCD:001090000002"), ("O", "Sở")]
    assert reason(pairs) == "pki.subject.two_numbers"
    monkeypatch.setattr(subject_module, "_check_numbers", lambda _: None)
    assert len(build_subject(pairs).values("UID")) == 2


def test_alternative_names_have_a_bound():
    names = [("DNS", f"a{number}.example.vn") for number in range(MAX_ALTERNATIVES + 1)]
    assert build_subject([*names[1:], ("O", "Sở")])
    assert reason([*names, ("O", "Sở")]) == "pki.subject.too_many"


def test_what_is_not_in_its_kept_form_is_told():
    """The linter asks this of what stands in a certificate."""
    for value in ("Nguyễn  Văn", unicodedata.normalize("NFD", "Nguyễn"), " a"):
        found = subject_module.unfit_value("CN", value)
        assert found is not None
        assert found.id == "pki.subject.not_normal"
    assert subject_module.unfit_value("CN", "Nguyễn Văn") is None


FULL = [
    *BASE,
    ("UID", "CCCD:001090000001"),
    ("serialNumber", "PNOVN-001090000001"),
    ("E", "a@example.vn"),
    ("DNS", "*.example.vn"),
    ("IP", "10.0.0.7"),
]


@pytest.mark.parametrize("pairs", [BASE, FULL])
def test_a_subject_is_read_back_from_its_certificate(pairs: list[tuple[str, str]]):
    subject = build_subject(pairs)
    assert subject_of(certified(subject.name(), *subject.alternative_names())) == subject


@pytest.mark.parametrize(
    "names",
    [
        (x509.UniformResourceIdentifier("http://example.vn"),),
        (x509.IPAddress(ip_network("10.0.0.0/8")),),
        (x509.DNSName("localhost"),),
    ],
)
def test_a_certificate_of_a_subject_not_ours_is_refused(names: tuple[x509.GeneralName, ...]):
    with pytest.raises(SubjectInvalidError):
        subject_of(certified(build_subject(BASE).name(), *names))


def test_an_attribute_that_is_not_ours_is_refused():
    street = x509.Name([x509.NameAttribute(x509.NameOID.STREET_ADDRESS, "a")])
    with pytest.raises(SubjectInvalidError) as refused:
        subject_of(certified(street))
    assert refused.value.facts["attribute"] == "2.5.4.9"


def certified(name: x509.Name, *names: x509.GeneralName) -> x509.Certificate:
    key = new_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(key, hash_for(key))
