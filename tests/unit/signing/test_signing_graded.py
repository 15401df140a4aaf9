"""What our own signing draws is what the display rules ask; what is changed about it is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache
from io import BytesIO

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyhanko.pdf_utils.generic import (
    ArrayObject,
    FloatObject,
    NumberObject,
    pdf_name,
)
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from unit.signing import outgoing_world
from unit.signing.encrypted_documents import KINDS, encrypt
from unit.signing.outgoing_world import (
    AGENCY,
    DAU,
    KY,
    WORLD,
    by_agency,
    by_leader,
    draft,
    numbered,
    prepared,
)
from unit.signing.signing_pages import handwriting, seal
from unit.signing.signing_world import NOW, TSA_URL, duty
from unit.signing.test_signing_reporting import squeezed, words_of

from pki.errors.tree import PKIError
from pki.words import Language
from signing.display.placement import Placement, Rectangle
from signing.display.png import parse_image
from signing.display.profile import known_displays, load_display
from signing.options import Level, SigningOptions
from signing.reporting.pdf import render_pdf
from signing.sign import sign_document
from verify.display import grade as grading
from verify.display.rules import display_rules
from verify.document import verify_document, verify_opened
from verify.facts import Kind
from verify.pdf.document import open_pdf
from verify.policy import default_policy
from verify.render.display import show_display
from verify.render.etsi import render_etsi
from verify.render.html import render_html
from verify.render.json import to_json
from verify.render.schema import report_schema
from verify.render.text import render_text

POLICY = default_policy()
ALONE = {
    "annex": "annex",
    "copy-sao-y": "copy",
    "copy-sao-luc": "copy",
    "copy-trich-sao": "copy",
    "digitised": "digitised",
    "archive-copy": "archive-copy",
}


def report_of(data):
    return verify_document(data, policy=POLICY, trust=WORLD.trust, at=NOW)


def grades(data):
    return {each.field: each for each in report_of(data).display.grades}


def codes(grade):
    return {each.finding.code for each in grade.deviations}


@cache
def sealed(rotate=0):
    return by_agency(numbered(by_leader(prepared(rotate=rotate)).data).data).data


@cache
def alone(display, **more):
    options = {"display": load_display(display), **more}
    if display == "annex":
        options["number"] = "12/QĐ-UBND"
    return outgoing_world._sign(draft(), AGENCY, options).data


def freely(data, certificate=None, **options):
    """Sign as a program would that keeps no order and no places."""
    options = SigningOptions(allow_broken_signatures=True, **options)
    return sign_document(
        data, signer=WORLD.signer(certificate), options=options, services=WORLD.services()
    ).data


def at(left, top, width, height, page=1):
    return Placement(page=page, rectangle=Rectangle(left, top, width, height))


def widget_changed(data, change, field):
    writer = IncrementalPdfFileWriter(BytesIO(data))
    fields = writer.root["/AcroForm"]["/Fields"]
    found = next(fields[i] for i in range(len(fields)) if fields[i]["/T"] == field)
    change(found)
    writer.update_container(found)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_leader_number_seal_is_as_the_rules_have_it(rotate):
    report = report_of(sealed(rotate))
    assert report.display.conforms
    leader, agency = report.display.grades
    assert (leader.kind, agency.kind) == ("person", "agency")
    assert (leader.spot.page, agency.spot.page) == (1, 1)
    assert agency.spot.width_mm == pytest.approx(36, abs=0.1)


@pytest.mark.parametrize("display", ALONE)
def test_what_the_agency_signs_alone_is_as_the_rules_have_it(display):
    report = report_of(alone(display))
    assert report.display.conforms
    assert report.display.grades[0].kind == ALONE[display]


def test_every_official_display_has_its_rule():
    official = {name for name in known_displays() if load_display(name).official}
    assert official == {"person", "agency", *ALONE}
    rules = display_rules().kinds
    assert {ALONE.get(name, name) for name in official} == set(rules)
    for name in official:
        profile, rule = load_display(name), rules[ALONE.get(name, name)]
        assert profile.agency_alone is rule.alone
        assert (profile.image is not None) is (rule.ink is not None)
        if profile.image is not None:
            assert profile.image.ink.value == rule.ink.value


@pytest.mark.parametrize("kind", KINDS)
def test_an_encrypted_document_is_graded_too(peer, tmp_path, kind):
    data = encrypt(peer, tmp_path, draft(), kind, user="")
    whole = freely(data, display=load_display("person"), image=KY, placement=at(120, 208, 45, 25))
    assert codes(grades(whole)["Signature1"]) == set()
    copy = freely(data, AGENCY, display=changed_text("copy-sao-y", font_size_pt=14.0))
    assert codes(grades(copy)["Signature1"]) == {"display.text_size"}


def test_grades_change_no_verdict():
    data = sealed()
    pdf = open_pdf(data, name="document.pdf", limits=POLICY.limits)
    plain = verify_opened(pdf, policy=POLICY, trust=WORLD.trust, at=NOW)
    assert plain.display is None
    graded = report_of(data)
    assert replace(graded, display=None) == plain
    assert render_etsi(graded) == render_etsi(plain)


def test_a_document_of_nobody_official_is_not_graded():
    citizen = WORLD.issue_signer((duty("1.2.3"), False))
    data = freely(draft(), citizen, display=load_display("none"))
    assert report_of(data).display is None
    assert report_of(sealed()).display is not None


def test_the_agency_before_the_person(monkeypatch):
    monkeypatch.setattr("signing.sign.check_order", lambda *_: None)
    place = at(118, 205, 36, 36)
    first = freely(draft(), AGENCY, display=load_display("agency"), image=DAU, placement=place)
    found = grades(first)["Signature1"]
    assert codes(found) == {"display.agency_before_person", "display.seal_alone"}
    assert "32.2d" in found.deviations[0].article.en
    person = at(120, 208, 45, 25)
    both = freely(first, display=load_display("person"), image=KY, placement=person)
    assert "display.agency_before_person" in codes(grades(both)["Signature1"])


@pytest.mark.parametrize(
    ("name", "place", "expected"),
    [
        ("as it should be", at(120, 208, 45, 25), set()),
        ("on the left", at(20, 208, 45, 25), {"display.not_right_half"}),
    ],
)
def test_where_the_person_signs(name, place, expected):
    data = freely(draft(), display=load_display("person"), image=KY, placement=place)
    (found,) = grades(data).values()
    assert codes(found) == expected, name


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (120 + 15 - 36, set()),
        (120 + 35 - 36, {"display.seal_covers"}),
        (120 + 45, {"display.seal_apart"}),
        (30, {"display.seal_apart"}),
    ],
)
def test_where_the_seal_lies(left, expected):
    signed = freely(
        draft(), display=load_display("person"), image=KY, placement=at(120, 208, 45, 25)
    )
    data = freely(
        signed, AGENCY, display=load_display("agency"), image=DAU, placement=at(left, 202, 36, 36)
    )
    assert codes(grades(data)["Signature2"]) == expected
    below = freely(
        signed, AGENCY, display=load_display("agency"), image=DAU, placement=at(99, 240, 36, 36)
    )
    assert codes(grades(below)["Signature2"]) == {"display.seal_apart"}


def test_a_seal_over_a_person_s_words():
    signed = freely(draft(), display=load_display("text"), placement=at(110, 208, 60, 25))
    options = {"display": load_display("agency"), "image": DAU}
    data = freely(signed, AGENCY, placement=at(94, 202, 36, 36), **options)
    assert codes(grades(data)["Signature2"]) == set()


def test_colour_and_size_of_the_seal():
    """The profile refuses them; a program without profiles does not."""
    blue = parse_image(seal((20, 40, 200)), "blue.png")
    agency = load_display("agency")
    loose = agency.model_copy(update={"image": agency.image.model_copy(update={"ink": None})})
    signed = freely(
        draft(), display=load_display("person"), image=KY, placement=at(120, 208, 45, 25)
    )
    data = freely(signed, AGENCY, display=loose, image=blue, placement=at(99, 202, 36, 36))
    found = grades(data)["Signature2"]
    assert codes(found) == {"display.ink_differs"}
    small = freely(signed, AGENCY, display=agency, image=DAU, placement=at(115, 212, 18, 18))
    found = grades(small)["Signature2"]
    assert codes(found) == {"display.size"}
    assert found.deviations[0].finding.facts["width"] == "18"


def test_colour_of_the_person_s_image():
    red = parse_image(handwriting((200, 20, 20)), "red.png")
    person = load_display("person")
    loose = person.model_copy(update={"image": person.image.model_copy(update={"ink": None})})
    place = at(120, 208, 45, 25)
    data = freely(draft(), display=loose, image=red, placement=place)
    assert codes(grades(data)["Signature1"]) == {"display.ink_differs"}
    words = freely(draft(), display=load_display("text"), placement=at(120, 208, 60, 25))
    assert codes(grades(words)["Signature1"]) == {"display.no_image"}
    nothing = freely(draft(), display=load_display("none"))
    assert codes(grades(nothing)["Signature1"]) == {"display.nothing_shown"}


def changed_text(display, **changes):
    profile = load_display(display)
    return profile.model_copy(update={"text": profile.text.model_copy(update=changes)})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, set()),
        ({"font_size_pt": 12.0}, {"display.text_size"}),
        ({"color": (0.8, 0.0, 0.0)}, {"display.not_black"}),
        ({"lines": ("Sao y", "{name}")}, {"display.no_time"}),
        ({"lines": ("Sao y", "{time}")}, {"display.no_name"}),
        ({"lines": ("Sao y", "{name}", "2026-11-21T21:00:00")}, {"display.time_zone"}),
        ({"lines": ("Sao y", "{name}", "2026-11-21T14:00:00Z")}, {"display.time_zone"}),
        ({"lines": ("Sao y", "{name}", "2026-11-20T21:00:00+07:00")}, {"display.time_differs"}),
        ({"lines": ("Sao y", "{name}", "2026-02-31T21:00:00+07:00")}, {"display.no_time"}),
    ],
)
def test_the_words_of_a_copy(changes, expected):
    profile = changed_text("copy-sao-y", **changes)
    data = outgoing_world._sign(draft(), AGENCY, {"display": profile}).data
    assert codes(grades(data)["Signature1"]) == expected


def test_an_annex_without_its_number_is_no_annex():
    """Then nothing tells it from a digitised paper, which names the agency."""
    profile = changed_text("annex", lines=("{time}",), required=())
    data = outgoing_world._sign(draft(), AGENCY, {"display": profile}).data
    found = grades(data)["Signature1"]
    assert found.kind == "digitised"
    assert codes(found) == {"display.no_name"}


def test_where_a_copy_is_signed():
    for place, expected in (
        (at(115, 5, 80, 13), set()),
        (at(10, 5, 80, 13), {"display.not_in_corner"}),
        (at(115, 150, 80, 13), {"display.not_in_corner"}),
    ):
        data = alone("copy-sao-y", placement=place)
        assert codes(grades(data)["Signature1"]) == expected


def test_a_field_that_is_hidden_or_has_no_room_shows_nothing():
    def hide(field):
        field[pdf_name("/F")] = NumberObject(2)

    def shrink(field):
        field[pdf_name("/Rect")] = ArrayObject([FloatObject(0)] * 4)

    for change in (hide, shrink):
        data = widget_changed(sealed(), change, "CoQuan")
        assert codes(grades(data)["CoQuan"]) == {"display.nothing_shown"}


def test_text_json_and_html_tell_the_grades_and_fit_the_schema():
    validator = jsonschema_rs.validator_for(report_schema())
    small = freely(draft(), display=load_display("text"), placement=at(20, 208, 60, 25))
    hidden = freely(draft(), display=load_display("none"))
    for data in (sealed(), small, hidden, alone("annex")):
        report = report_of(data)
        for language in Language:
            shown = to_json(report, language)
            validator.validate(shown)
            assert shown["display"]["conforms"] is report.display.conforms
            text, page = render_text(report, language), render_html(report, language)
            title = {"vi": "Thể thức hiển thị chữ ký", "en": "What is seen"}[language.value]
            assert title in text
            assert title in page
            for grade in shown["display"]["signatures"]:
                for deviation in grade["deviations"]:
                    assert deviation["severity"] == "info"
                    assert deviation["message"] in text
                    assert deviation["article"][language.value] in text
    assert to_json(report_of(small))["display"]["signatures"][0]["place"]["page"] == 1


def test_the_report_on_paper_tells_the_grades():
    small = freely(draft(), display=load_display("text"), placement=at(20, 208, 60, 25))
    for data in (sealed(), small):
        report = report_of(data)
        for language in Language:
            paper = words_of(render_pdf(report, language))
            for view in show_display(report.display, language):
                for words in (view.what, *view.lines):
                    assert squeezed(words) in paper
    many = replace(report, display=replace(report.display, left_out=7))
    assert squeezed("chưa được xem xét: 7") in words_of(render_pdf(many))
    assert squeezed("Thể thức hiển thị") not in words_of(render_pdf(replace(many, display=None)))


def test_signatures_beyond_the_bound_are_counted(monkeypatch):
    monkeypatch.setattr(grading, "MOST", 1)
    report = report_of(sealed())
    assert len(report.display.grades) == 1
    assert report.display.left_out == 1
    assert not report.display.conforms
    assert "1" in render_text(report).split("chưa được xem xét:")[1].split("\n")[0]
    assert "chưa được xem xét: 1" in render_html(report)


def test_the_fields_of_vietnam_s_certificates_are_shown_masked():
    report = report_of(sealed())
    agency = to_json(report)["signatures"][1]
    assert agency["official_duty"] is True
    assert agency["signer"]["identifiers"] == ["MST:0100109106"]
    assert "MST:0100109106" in render_text(report)


@given(st.data())
def test_a_damaged_document_is_graded_or_refused_and_nothing_else(data):
    whole = bytearray(sealed())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at] = data.draw(st.integers(0, 255))
    try:
        report = report_of(bytes(whole))
    except PKIError:
        return
    to_json(report)
    render_text(report)


def test_official_duty_has_its_rule_and_a_citizen_another():
    """The leader's and the agency's by Decree 68/2024, of the day their time-stamps prove."""
    more = {"level": Level.B_LTA, "tsa_url": TSA_URL}
    data = by_agency(numbered(by_leader(prepared(), **more).data).data, **more).data
    later = NOW + timedelta(minutes=10)
    report = verify_document(data, policy=POLICY, trust=WORLD.trust, at=later)
    rules = [each.rule for each in report.signatures if each.kind is not Kind.TIMESTAMP]
    assert [(each.id, each.proved) for each in rules] == [("decree-68-2024", True)] * 2
    citizen = WORLD.issue_signer((duty("1.2.3"), False))
    (signed,) = report_of(freely(draft(), citizen, display=load_display("none"))).signatures
    assert (signed.rule.id, signed.rule.proved) == ("circular-15-2025", False)
