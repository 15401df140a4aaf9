"""Number and date that can be changed after the seal are a finding of their own."""

from __future__ import annotations

from functools import cache
from io import BytesIO

import pytest
from pyhanko.pdf_utils.generic import (
    ArrayObject,
    DictionaryObject,
    NumberObject,
    pdf_name,
    pdf_string,
)
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, MDPPerm
from unit.signing.outgoing_world import (
    LEADER,
    WORLD,
    by_agency,
    by_leader,
    draft,
    numbered,
    prepared,
)
from unit.signing.signing_world import NOW

from signing.outgoing import prepare as outgoing
from signing.outgoing.prepare import OutgoingPlaces, prepare_document
from verify.document import verify_document
from verify.finding import Severity
from verify.pdf.document import open_pdf
from verify.pdf.fields import find_signature_fields
from verify.pdf.open_fields import find_open_numbers
from verify.policy import Forms, default_policy

POLICY = default_policy()
WORDS = POLICY.forms.number_words
PARTS = ("SoVanBan", "NgayBanHanh.Ngay", "NgayBanHanh.Thang")


def told(data, policy=POLICY):
    report = verify_document(data, policy=policy, trust=WORLD.trust, at=NOW)
    return [each for each in report.findings if each.code == "integrity.number_fields_open"]


def opened(data):
    pdf = open_pdf(data, name="qd.pdf", limits=POLICY.limits)
    return pdf, find_signature_fields(pdf, name="qd.pdf", limit=9)


def fields_in(data, words=WORDS):
    return [
        name for each in find_open_numbers(*opened(data), words) for name in each.facts["fields"]
    ]


@cache
def sealed(action="All", names=(), permission=None):
    """Return a document as the agency seals it, its field made with such a lock."""
    put_in = outgoing._Work._signature

    def locking(self, name, page, place, lock):
        if name == "CoQuan":
            lock = (FieldMDPSpec(FieldMDPAction(f"/{action}"), list(names) or None), permission)
        put_in(self, name, page, place, lock)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outgoing._Work, "_signature", locking)
        data = prepare_document(
            draft(), OutgoingPlaces(LEADER), name="qd.pdf", limits=POLICY.limits
        ).data
    return by_agency(numbered(by_leader(data).data).data).data


def field_of(root, name="SoVanBan"):
    fields = root["/AcroForm"]["/Fields"]
    return next(fields[i] for i in range(len(fields)) if fields[i]["/T"] == name)


def changed(data, change, name="SoVanBan"):
    writer = IncrementalPdfFileWriter(BytesIO(data))
    field = field_of(writer.root, name)
    change(field)
    writer.update_container(field)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def test_a_seal_that_locks_all_leaves_nothing_open():
    data = by_agency(numbered(by_leader(prepared()).data).data).data
    assert told(data) == []
    assert fields_in(data) == []


def test_a_seal_that_locks_nothing_is_told_with_the_fields():
    (found,) = told(sealed("Include", (), MDPPerm.FILL_FORMS))
    assert found.severity is Severity.WARNING
    assert found.facts["fields"] == PARTS


def test_it_changes_no_verdict():
    kept, loose = (
        verify_document(data, policy=POLICY, trust=WORLD.trust, at=NOW).indication
        for data in (sealed(), sealed("Include", (), MDPPerm.FILL_FORMS))
    )
    assert kept is loose


@pytest.mark.parametrize(
    ("action", "names", "left"),
    [
        ("Include", ("SoVanBan",), PARTS[1:]),
        ("Include", ("NgayBanHanh",), PARTS[:1]),
        ("Include", ("SoVanBan", "NgayBanHanh"), ()),
        ("Exclude", ("SoVanBan",), PARTS[:1]),
        ("Exclude", ("LanhDao",), ()),
    ],
)
def test_a_lock_counts_for_the_fields_it_names(action, names, left):
    assert tuple(fields_in(sealed(action, names))) == left


def test_a_seal_after_which_nothing_may_change_leaves_nothing_open():
    assert fields_in(sealed("Include", (), MDPPerm.NO_CHANGES)) == []
    assert fields_in(sealed("Include", (), MDPPerm.FILL_FORMS)) != []


def test_before_the_seal_they_are_open_by_right():
    assert told(numbered(by_leader(prepared()).data).data) == []


def test_a_field_that_is_read_only_is_not_open_its_own_flags_or_those_above():
    loose = sealed("Include", (), MDPPerm.FILL_FORMS)

    def read_only(field):
        field[pdf_name("/Ff")] = NumberObject(1)

    assert tuple(fields_in(changed(loose, read_only))) == PARTS[1:]
    assert tuple(fields_in(changed(loose, read_only, "NgayBanHanh"))) == PARTS[:1]


def test_an_administration_names_its_own_fields():
    loose = sealed("Include", (), MDPPerm.FILL_FORMS)
    assert fields_in(loose, ("SỐ VĂN-BẢN",)) == ["SoVanBan"]
    assert fields_in(loose, ("Tháng ban hành",)) == ["NgayBanHanh.Thang"]  # in the label
    assert fields_in(loose, ("khác", "")) == []
    assert told(loose, POLICY.model_copy(update={"forms": Forms()})) == []


def test_what_cannot_be_read_locks_nothing_and_hides_nothing():
    def many(field):
        field[pdf_name("/Ff")] = pdf_string("odd")
        field[pdf_name("/TU")] = ArrayObject()

    loose = sealed("Include", (), MDPPerm.FILL_FORMS)
    assert tuple(fields_in(changed(loose, many))) == PARTS
    pdf, signed = opened(sealed())
    assert find_open_numbers(pdf, signed, WORDS) == ()
    for field in signed:
        field.signature[pdf_name("/Reference")] = ArrayObject([DictionaryObject()])
    (found,) = find_open_numbers(pdf, signed, WORDS)
    assert found.facts["fields"] == PARTS


def test_flags_that_lead_round_in_a_circle():
    loose = sealed("Include", (), MDPPerm.FILL_FORMS)
    pdf, signed = opened(loose)
    field = field_of(pdf.reader.root)
    field[pdf_name("/Parent")] = field
    field[pdf_name("/TU")] = DictionaryObject({pdf_name("/A"): NumberObject(1)})
    (found,) = find_open_numbers(pdf, signed, WORDS)
    assert found.facts["fields"] == PARTS


def test_a_field_that_breaks_off_counts_as_open():
    loose = sealed("Include", (), MDPPerm.FILL_FORMS)
    pdf, signed = opened(loose)

    class Broken(DictionaryObject):
        def raw_get(self, key):
            if key in ("/Ff", "/TU"):
                raise ValueError(key)
            return super().raw_get(key)

    fields = pdf.reader.root["/AcroForm"]["/Fields"]
    field = field_of(pdf.reader.root)
    odd = Broken({**field, pdf_name("/Ff"): NumberObject(1), pdf_name("/TU"): pdf_string("x")})
    odd.container_ref = field.container_ref
    index = next(i for i in range(len(fields)) if fields[i] is field)
    list.__setitem__(fields, index, odd)
    (found,) = find_open_numbers(pdf, signed, WORDS)
    assert "SoVanBan" in found.facts["fields"]
