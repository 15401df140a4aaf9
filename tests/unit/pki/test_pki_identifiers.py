"""Numbers of persons and organisations: what can be one, what cannot, and what disagrees."""

from __future__ import annotations

import pytest

from pki.identifiers import (
    DEVICE,
    UID_KINDS,
    citizen_number_is_sound,
    organization_kind,
    same_number,
    serial_number_kind,
    tax_code_is_sound,
    uid_kind,
)

CITIZEN, TAX = "001090000001", "0100109106"


def test_any_wrong_digit_shows_in_a_tax_code():
    assert tax_code_is_sound(TAX)
    for place in range(10):
        for digit in "0123456789":
            changed = TAX[:place] + digit + TAX[place + 1 :]
            assert tax_code_is_sound(changed) == (changed == TAX)


def test_neighbouring_digits_that_changed_places_show_in_a_tax_code():
    for place in range(9):
        one, other = TAX[place : place + 2]
        changed = TAX[:place] + other + one + TAX[place + 2 :]
        assert tax_code_is_sound(changed) == (one == other)


@pytest.mark.parametrize("code", [TAX, f"{TAX}-001", f"{TAX}-999"])
def test_a_tax_code_may_be_a_branchs(code: str):
    assert tax_code_is_sound(code)


@pytest.mark.parametrize(
    "code", ["", TAX[:-1], f"{TAX}0", f"{TAX}-000", f"{TAX}-01", f"{TAX}001", "0100000000"]
)
def test_what_has_not_the_form_is_no_tax_code(code: str):
    assert not tax_code_is_sound(code)


def test_a_tax_code_counts_from_one():
    codes = [f"010000000{last}" for last in range(10)]
    assert not any(tax_code_is_sound(code) for code in codes)
    assert any(tax_code_is_sound(f"010000001{last}") for last in range(10))


@pytest.mark.parametrize(
    "number",
    [
        CITIZEN,
        "079301000001",  # a woman born in 2001, Hồ Chí Minh City
        "096201000001",
        "205090000001",  # born abroad
        "000000000001",  # a sample: no place has 000
    ],
)
def test_a_citizens_number_can_be_one(number: str):
    assert citizen_number_is_sound(number)


@pytest.mark.parametrize(
    "number",
    [
        "",
        CITIZEN[:-1],
        CITIZEN + "0",
        "003090000001",  # 003 was no province
        "099090000001",
        "001490000001",  # born after 2099
        "001990000001",
        "00109000000١",
        "00109000000a",
    ],
)
def test_what_cannot_be_a_citizens_number(number: str):
    assert not citizen_number_is_sound(number)


def test_there_were_63_provinces():
    found = {
        f"{place:03d}"
        for place in range(1, 100)
        if citizen_number_is_sound(f"{place:03d}090000001")
    }
    assert len(found) == 63
    assert {"001", "048", "079", "092", "096"} <= found


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (f"CCCD:{CITIZEN}", "CCCD"),
        (f"CMND:{CITIZEN}", "CMND"),
        ("CMND:012345678", "CMND"),
        ("HC:C1234567", "HC"),
        ("HC:PA1234567", "HC"),
        ("BHXH:0123456789", "BHXH"),
        (f"MST:{TAX}", "MST"),
        ("CMND:0123456789", None),
        ("HC:1234567", None),
        ("HC:C12345678901", None),
        ("HC:PA12345678", None),
        ("HC:c1234567", None),
        ("BHXH:123456789", None),
        (f"CCCD{CITIZEN}", None),
        (f"cccd:{CITIZEN}", None),
        (f"XYZ:{CITIZEN}", None),
        ("CCCD:", None),
    ],
)
def test_a_uid_has_a_kind(value: str, kind: str | None):
    assert uid_kind(value) == kind
    assert kind is None or kind in UID_KINDS


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (f"IDCVN-{CITIZEN}", "IDC"),
        ("IDCVN-012345678", "IDC"),
        (f"PNOVN-{CITIZEN}", "PNO"),
        ("PASVN-C1234567", "PAS"),
        (f"TINVN-{TAX}", "TIN"),
        (f"TINVN-{CITIZEN}", "TIN"),
        ("4711-A", DEVICE),
        ("IDC-4711", DEVICE),
        (f"TINVN-{TAX}-001", None),
        ("IDCVN-1", None),
        ("PNOVN-012345678", None),
        (f"IDCDE-{CITIZEN}", None),
        (f"TAXVN-{TAX}", None),
    ],
)
def test_a_serial_number_is_a_persons_or_a_devices(value: str, kind: str | None):
    assert serial_number_kind(value) == kind


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (f"VATVN-{TAX}", "VAT"),
        (f"VATVN-{TAX}-001", "VAT"),
        ("VATVN-0100109107", None),
        (f"VATDE-{TAX}", None),
        (f"NTRVN-{TAX}", None),
        (TAX, None),
    ],
)
def test_an_organization_identifier_has_a_kind(value: str, kind: str | None):
    assert organization_kind(value) == kind


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (f"CCCD:{CITIZEN}", f"PNOVN-{CITIZEN}", True),
        (f"CCCD:{CITIZEN}", "PNOVN-079301000001", False),
        (f"CCCD:{CITIZEN}", "IDCVN-012345678", True),  # of two sorts: nothing to compare
        ("CMND:012345678", "IDCVN-012345678", True),
        ("CMND:012345679", "IDCVN-012345678", False),
        (f"MST:{TAX}", f"VATVN-{TAX}", True),
        (f"MST:{TAX}-001", f"VATVN-{TAX}", False),
        ("HC:C1234567", "PASVN-C1234568", False),
        (f"MST:{TAX}", "4711:A", True),
    ],
)
def test_two_ways_of_writing_must_not_disagree(one: str, other: str, same: bool):
    assert same_number(one, other) == same
