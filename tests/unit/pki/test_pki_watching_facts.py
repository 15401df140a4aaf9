"""What a certificate says of its subject, whatever its authority writes and however."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given
from hypothesis import strategies as st
from watching_world import EMPLOYEE, Partner, name, person

from pki.records.watching import HolderKind, Purpose, WatchedSubject
from pki.watching.facts import subject_of

PARTNER = Partner()
CITIZEN = "001090012345"
TAX = "0100109106"


def facts(subject: x509.Name, *extensions: x509.ExtensionType, **more: bool) -> WatchedSubject:
    certificate = PARTNER.issue(subject, 7, *extensions, **more)  # type: ignore[arg-type]
    return subject_of(certificate, certificate.public_bytes(Encoding.DER))


def usage(**bits: bool) -> x509.KeyUsage:
    names = (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
        *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    )
    return x509.KeyUsage(**{one: bits.get(one, False) for one in names})


@pytest.mark.parametrize(
    ("attribute", "text", "number"),
    [
        (NameOID.USER_ID, f"CCCD:{CITIZEN}", CITIZEN),
        (NameOID.SERIAL_NUMBER, f"PNOVN-{CITIZEN}", CITIZEN),
        (NameOID.SERIAL_NUMBER, f"IDCVN-{CITIZEN}", CITIZEN),
        (NameOID.SERIAL_NUMBER, f"TINVN-{CITIZEN}", CITIZEN),
        (NameOID.USER_ID, f"CMND:{CITIZEN}", CITIZEN),
        (NameOID.USER_ID, "CMND:123456789", None),
        (NameOID.USER_ID, "HC:B1234567", None),
        (NameOID.USER_ID, "CCCD:12345", None),
        (NameOID.USER_ID, CITIZEN, None),
        (NameOID.USER_ID, f"MST:{TAX}", None),
    ],
)
def test_a_citizens_number_is_read_in_either_way(attribute, text, number):
    assert facts(person("Lê Thị Mẫu", (attribute, text))).citizen_number == number


def test_the_smallest_unit_is_the_persons():
    units = [(NameOID.ORGANIZATIONAL_UNIT_NAME, one) for one in ("Sở Nội vụ", "Phòng Một")]
    told = facts(name((NameOID.ORGANIZATION_NAME, "UBND tỉnh"), *units))
    assert (told.unit, told.organization, told.name) == ("Phòng Một", "UBND tỉnh", "")
    alone = facts(name((NameOID.ORGANIZATION_NAME, "UBND xã"), (NameOID.COMMON_NAME, "Ai")))
    assert (alone.unit, alone.organization) == ("UBND xã", "UBND xã")
    assert facts(x509.Name([])).unit == ""


def test_staff_codes():
    assert facts(person("Ai", (EMPLOYEE, "NV-001"))).staff_code == "NV-001"
    assert facts(person("Ai", (NameOID.SERIAL_NUMBER, "NV-002"))).staff_code == "NV-002"
    assert facts(person("Ai", (NameOID.SERIAL_NUMBER, f"PNOVN-{CITIZEN}"))).staff_code is None


def test_e_mail_addresses():
    named = x509.SubjectAlternativeName([x509.DNSName("x.vn"), x509.RFC822Name("Ai@Mau.gov.vn")])
    assert facts(person("Ai"), named).email == "ai@mau.gov.vn"
    assert facts(person("Ai", (NameOID.EMAIL_ADDRESS, "ai@mau.vn"))).email == "ai@mau.vn"
    assert facts(person("Ai", (NameOID.EMAIL_ADDRESS, "nobody"))).email is None


@pytest.mark.parametrize(
    ("extensions", "kind", "purpose"),
    [
        ((), HolderKind.PERSON, Purpose.SIGN),
        ((usage(content_commitment=True),), HolderKind.PERSON, Purpose.SIGN),
        ((usage(key_encipherment=True),), HolderKind.PERSON, Purpose.ENCRYPT),
        (
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),),
            HolderKind.DEVICE,
            Purpose.SERVER,
        ),
        (
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]),),
            HolderKind.SERVICE,
            Purpose.SERVICE,
        ),
    ],
)
def test_what_a_certificate_is_for(extensions, kind, purpose):
    told = facts(person("Ai"), *extensions)
    assert (told.kind, told.purpose) == (kind, purpose)


def test_agencies_and_authorities():
    agency = facts(person("UBND xã Mẫu", (NameOID.USER_ID, f"MST:{TAX}")))
    assert agency.kind is HolderKind.AGENCY
    both = ((NameOID.USER_ID, f"MST:{TAX}"), (NameOID.USER_ID, f"CCCD:{CITIZEN}"))
    assert facts(person("Lê Thị Mẫu", *both)).kind is HolderKind.PERSON
    assert facts(person("Gốc"), authority=True).kind is HolderKind.AUTHORITY


def test_no_number_stands_in_its_words():
    told = facts(person("Lê Thị Mẫu", (NameOID.USER_ID, f"CCCD:{CITIZEN}")))
    assert CITIZEN not in repr(told)
    assert "Mẫu" not in repr(told).replace("UBND tỉnh Mẫu", "")


LETTERS = st.characters(exclude_categories=["Cs"])


@given(st.text(LETTERS, min_size=1, max_size=16), st.text(LETTERS, min_size=1, max_size=300))
def test_any_text_is_kept_in_bounds(short, text):
    told = facts(person(short, (NameOID.USER_ID, text), (EMPLOYEE, text)))
    assert told.name == short.strip()
    assert len(told.staff_code or "") <= 256
    assert told.citizen_number is None
