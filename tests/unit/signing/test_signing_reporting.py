"""The report on paper: all that the page says, as text that can be found, and nothing that acts."""

from __future__ import annotations

import html.parser
import io
import re
from dataclasses import replace

import pypdfium2
import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from unit.verify.verify_pki import (
    LATER,
    SIGNED,
    Signing,
    answer,
    fresh,
    judge,
    make_document,
    make_pdf,
    make_world,
    name,
    ocsp_evidence,
    official,
    sign,
)

from pki.errors.tree import Bilingual
from pki.words import Language
from signing.display.fonts import embed_font, find_font
from signing.errors.display import FontMissingError
from signing.reporting.blocks import Block, Tag
from signing.reporting.layout import HEIGHT, MARGIN, WIDTH, Setter
from signing.reporting.pdf import render_pdf
from verify.finding import warning
from verify.graded import Deviation, DisplayGrade, DisplayReport, Spot
from verify.indication import Indication
from verify.render.html import render_html

WORLD = make_world()
HOSTILE = "<script>alert(1)</script>\u202egnp.exe\x1b[31m (a) \\ Tj ET \U0001f600中"


def revoked():
    evidence = fresh(WORLD, LATER) + ocsp_evidence(
        answer(WORLD.official, WORLD.ocsp, LATER, revoked_at=SIGNED)
    )
    return judge(make_document("B-T"), evidence=evidence)


def graded():
    article = Bilingual(vi="Điều 8", en="Art. 8")
    deviation = Deviation(
        warning("signature.claims_later_time", claimed=SIGNED, proved=LATER), article
    )
    grades = (
        DisplayGrade("Ký", "person", article, Spot(1, 20.0, 30.0, 40.0, 50.0), (deviation,)),
        DisplayGrade("Đóng dấu", "agency", article, None),
    )
    return replace(judge(make_document("B-T")), display=DisplayReport(grades, left_out=3))


REPORTS = {
    "graded": graded,
    "nothing graded": lambda: replace(graded(), display=DisplayReport(())),
    "all graded": lambda: replace(graded(), display=DisplayReport(graded().display.grades)),
    "passed": lambda: judge(make_document("B-LTA")),
    "failed": lambda: judge(make_document("B-LTA").replace(b"Page 1", b"Page 7")),
    "undecided": lambda: judge(make_document("B-T")),
    "revoked": revoked,
    "unreadable": lambda: judge(make_document("B-B").replace(b"/Contents <30", b"/Contents <ff")),
    "unsigned": lambda: judge(make_pdf()),
}


def words_of(data):
    """Return the text of all pages without spaces: lines are broken elsewhere than on the page."""
    with pypdfium2.PdfDocument(data) as document:
        found = [page.get_textpage().get_text_bounded() for page in document]
    return squeezed("".join(re.sub(r"\d+ / \d+\s*$", "", text) for text in found))


def squeezed(text):
    text = text.replace("\ufffe", "-").replace("✓", "√").replace("✗", "×")
    return "".join(text.split())


class Texts(html.parser.HTMLParser):
    """The words that a page shows, in pieces."""

    def __init__(self):
        super().__init__()
        self.found, self.hidden = [], 0

    def handle_starttag(self, tag, attributes):
        self.hidden += tag in {"style", "head", "svg"} or ("class", "mark") in attributes

    def handle_endtag(self, tag):
        self.hidden -= tag in {"style", "head", "svg"}
        self.hidden = 0 if tag == "span" else self.hidden

    def handle_data(self, data):
        if not self.hidden and data.strip(" \n—·:"):
            self.found.append(data.strip(" \n—·:"))


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("kind", REPORTS)
def test_the_paper_says_what_the_page_says(kind, language):
    report = REPORTS[kind]()
    page = Texts()
    page.feed(render_html(report, language))
    told = words_of(render_pdf(report, language))
    assert len(page.found) > 10
    legend = "●"  # of the drawing, which has its words beside it
    assert not [text for text in page.found if legend not in text and squeezed(text) not in told]


def test_the_same_report_gives_the_same_bytes():
    report = REPORTS["passed"]()
    data = render_pdf(report, Language.VI)
    assert data == render_pdf(report)
    assert data != render_pdf(report, Language.EN)
    assert data != render_pdf(
        replace(report, judged_at=report.judged_at + LATER.resolution * 10**6)
    )


def test_hostile_text_is_shown_and_does_nothing():
    party = official(WORLD.issuing, common="Hostile paper", subject=name(HOSTILE[:40]))
    report = replace(judge(sign(make_pdf(), Signing(party))), name=HOSTILE)
    data = render_pdf(report, Language.EN)
    told = words_of(data)
    assert squeezed(
        "<script>alert(1)</script>\ufffdgnp.exe\ufffd[31m (a) \\ Tj ET"
    ) in told.replace("[U+FFFD]", "\ufffd")
    assert "[U+1F600][U+4E2D]" in told
    assert "\u202e" not in told
    assert not re.search(rb"/(JS|JavaScript|OpenAction|AA|URI|Launch)\b", data)


def test_every_block_is_tagged_and_the_drawing_is_said_in_words():
    reader = PdfFileReader(io.BytesIO(render_pdf(REPORTS["revoked"](), Language.EN)))
    root = reader.root
    assert root["/MarkInfo"]["/Marked"]
    assert str(root["/Lang"]) == "en"
    assert "<dc:title>" in root["/Metadata"].data.decode()
    whole = root["/StructTreeRoot"]["/K"][0]
    elements = [each.get_object() for each in whole["/K"]]
    kinds = [str(each["/S"]) for each in elements]
    assert kinds.count("/H1") == kinds.count("/Figure") == 1
    assert {"/H2", "/H3", "/P"} < set(kinds)
    figure = next(each for each in elements if each["/S"] == "/Figure")
    assert "Nguyễn Văn A" in str(figure["/Alt"])
    parents = root["/StructTreeRoot"]["/ParentTree"]["/Nums"]
    assert sum(len(parents[place]) for place in range(1, len(parents), 2)) == len(kinds)


def test_a_report_without_certificates_has_no_drawing():
    reader = PdfFileReader(io.BytesIO(render_pdf(REPORTS["unsigned"](), Language.EN)))
    whole = reader.root["/StructTreeRoot"]["/K"][0]
    assert "/Figure" not in [str(each.get_object()["/S"]) for each in whole["/K"]]


def setter():
    return Setter(embed_font(find_font("ab"), frozenset("ab ")))


def test_long_words_are_broken_and_long_texts_go_on_at_the_next_page():
    made = setter()
    made.put([Block("a" * 20_000, label="b"), Block("")])
    assert len(made.pages) > 2
    lines = [line for page in made.pages for piece in page.pieces for line in piece.lines]
    assert "".join(line.text for line in lines).count("a") == 20_000
    assert all(MARGIN <= line.y <= HEIGHT - MARGIN for line in lines)
    wide = made._font.width
    assert all(line.x + wide(line.text) * line.size <= WIDTH - MARGIN + 0.01 for line in lines)


def test_a_heading_is_not_left_alone_at_the_foot():
    made = setter()
    while made._y - MARGIN > 40:
        made.put([Block("ab ab")])
    pages = len(made.pages)
    made.put([Block("ab", Tag.HEADING)])
    assert len(made.pages) == pages + 1
    twin = setter()
    twin.put([Block("ab"), Block("ab", Tag.HEADING)])
    assert len(twin.pages) == 1


def test_the_report_is_signed_like_any_document():
    data = sign(render_pdf(REPORTS["failed"](), Language.VI))
    assert judge(data, evidence=fresh(WORLD, LATER)).indication is Indication.TOTAL_PASSED
    changed = data.replace(b"Antin", b"Antim", 1)
    assert judge(changed, evidence=fresh(WORLD, LATER)).indication is Indication.TOTAL_FAILED


def test_without_a_vietnamese_font_there_is_no_report(monkeypatch, tmp_path):
    font = find_font()
    monkeypatch.setattr("signing.display.fonts.system_folders", lambda *_: (tmp_path,))
    monkeypatch.delenv("ANTIN_FONT", raising=False)
    assert render_pdf(REPORTS["unsigned"](), font=font)
    with pytest.raises(FontMissingError):
        render_pdf(REPORTS["unsigned"]())
