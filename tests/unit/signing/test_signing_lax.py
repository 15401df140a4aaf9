"""Documents with odd cross-references: signed where all programs see the same, else refused."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from unit.signing.encrypted_documents import USER, encrypt
from unit.signing.odd_documents import CONTENT, Assembled, plain, plain_objects, stream
from unit.signing.signing_world import TSA_URL, World, make_pdf

from pki.errors.tree import PKIError
from signing import lax
from signing.display import page_text
from signing.display.page_text import MAX_PAGES, TextReader
from signing.display.profile import load_display
from signing.display.text_child import answer
from signing.errors.documents import DocumentNeedsRepairError, ProgramsDifferError
from signing.errors.placing import DocumentTooLargeToLookError, TextUnreadableError
from signing.extend import extend_document
from signing.extension import Extension
from signing.lax import check_seen_alike
from signing.options import Level, SigningOptions
from signing.sign import SignedDocument, sign_document
from verify.indication import Indication
from verify.password import Password
from verify.pdf.document import open_pdf
from verify.policy import default_policy

NONE = SigningOptions(display=load_display("none"))


@cache
def world() -> World:
    return World()


def sign(data: bytes, options: SigningOptions = NONE) -> SignedDocument:
    return sign_document(
        data, signer=world().signer(), options=options, services=world().services()
    )


def is_lax(data: bytes) -> bool:
    return not open_pdf(data, name="a.pdf", limits=default_policy().limits).strict


def unused_generation(data: bytes) -> bytes:
    """The entry that nobody uses has a generation of more than two octets, as scanners write it."""
    return data.replace(b"0000000000 65535 f", b"0000000000 65536 f")


def padded(data: bytes) -> bytes:
    """Offsets are filled up with blanks in place of zeros."""
    table = data.index(b"xref\n0")
    lines = data[table:].split(b"\n")
    lines = [
        line.replace(line[:10], b"%10d" % int(line[:10])) if line.endswith(b"n ") else line
        for line in lines
    ]
    return data[:table] + b"\n".join(lines)


ODD = {"generation": unused_generation, "blanks": padded}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
@pytest.mark.parametrize("options", [NONE, SigningOptions()], ids=["hidden", "visible"])
def test_what_is_mere_pedantry_is_signed(odd, options):
    data = odd(plain())
    assert is_lax(data)
    signed = sign(data, options)
    assert signed.data.startswith(data)
    assert signed.report.indication is Indication.TOTAL_PASSED
    again = sign(signed.data)
    assert again.report.indication is Indication.TOTAL_PASSED


def test_evidence_and_time_stamps_are_added():
    data = unused_generation(plain())
    options = replace(NONE, level=Level.B_LTA, tsa_url=TSA_URL)
    assert sign(data, options).report.signatures[0].level == "B-LTA"
    wish = Extension(tsa_url=TSA_URL)
    done = extend_document(sign(data).data, wish=wish, services=world().services())
    assert done.level == "B-LTA"


def test_an_encrypted_one_is_signed_with_its_password(peer, tmp_path):
    data = encrypt(peer, tmp_path, plain(), "aes-128")
    data = unused_generation(data)
    assert is_lax_with(data, USER)
    services = replace(world().services(), password=Password(USER))
    done = sign_document(data, signer=world().signer(), options=NONE, services=services)
    assert done.report.indication is Indication.TOTAL_PASSED


def is_lax_with(data: bytes, password: str) -> bool:
    limits = default_policy().limits
    return not open_pdf(data, name="a.pdf", limits=limits, password=Password(password)).strict


def test_cross_references_that_must_be_searched_for_are_not_taken():
    made = Assembled()
    first = made.table()
    made.second_table(b"/Prev %d" % (first + 3))
    assert is_lax(made.data)
    with pytest.raises(DocumentNeedsRepairError) as caught:
        sign(made.data)
    assert caught.value.facts == {"name": "document.pdf", "offset": first + 3}


def test_an_object_that_does_not_count_today_must_not_count_tomorrow():
    """What is appended tells a larger /Size."""
    data = plain(size=6)
    assert is_lax(data)
    with pytest.raises(DocumentNeedsRepairError):
        sign(data)


@pytest.mark.parametrize(
    "text",
    [
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Contents 5 0 R>>",
        b"<</Type/Page/Parent 2 0 R /MediaBox[0 0 595 842]/Contents (",
        b"<</Type/Page/Parent 2 0 R /MediaBox[0 0 595 842]/Contents 4 0 R>> 9",
    ],
    ids=["twice", "open", "more"],
)
def test_every_object_must_read_strictly(text):
    made = Assembled({**plain_objects(), 3: text})
    made.table()
    with pytest.raises(DocumentNeedsRepairError) as caught:
        sign(unused_generation(made.data))
    assert caught.value.facts["offset"] == made.places[3]


def test_an_object_that_nothing_leads_to_may_be_odd():
    made = Assembled({**plain_objects(), 7: b"(", 8: b"[9 0 R 10 0 R]"})
    made.objects[1] = b""
    made.table()
    assert sign(unused_generation(made.data)).report.indication is Indication.TOTAL_PASSED


def test_what_is_nowhere_is_null():
    made = Assembled({**plain_objects(), 2: b"<</Type/Pages/Kids[3 0 R]/Count 1/Odd[9 0 R]>>"})
    made.table()
    assert sign(unused_generation(made.data)).report.indication is Indication.TOTAL_PASSED


def test_programs_that_show_different_things_are_believed():
    limits = default_policy().limits
    pdf = open_pdf(unused_generation(plain()), name="a.pdf", limits=limits)
    check_seen_alike(pdf)
    other = Assembled({**plain_objects(), 4: stream(CONTENT.replace(b"Kinh", b"Khac"))})
    other.table()
    more = Assembled(
        {**plain_objects(), 2: b"<</Type/Pages/Kids[3 0 R 7 0 R]/Count 2>>", 7: plain_objects()[3]}
    )
    more.table()
    for data, page in ((other.data, 1), (more.data, 2)):
        with pytest.raises(ProgramsDifferError) as caught:
            check_seen_alike(replace(pdf, data=data))
        assert caught.value.facts == {"name": "a.pdf", "page": page}


def test_mutant_without_a_look_at_the_sections_a_damaged_one_would_be_signed(monkeypatch):
    monkeypatch.setattr(lax, "_check_sections", lambda *_: None)
    assert sign(plain(size=6)).report.indication is Indication.TOTAL_PASSED


def test_a_look_is_of_text_and_of_a_picture():
    told = answer({"look": True, "most_pages": 2}, make_pdf(3))
    assert told["pages"] == 3
    first, last = told["looks"]
    assert first != last
    assert told == answer({"look": True, "most_pages": 2}, make_pdf(3))
    assert len(answer({"look": True, "most_pages": 3}, make_pdf(3))["looks"]) == 3


def test_a_look_is_bounded(monkeypatch):
    reader = TextReader()
    try:
        pages, looks = reader.look(make_pdf(MAX_PAGES + 6))
        assert (pages, len(looks)) == (MAX_PAGES + 6, MAX_PAGES)
        with pytest.raises(TextUnreadableError):
            reader.look(b"%PDF-1.7 no document")
        monkeypatch.setattr(page_text, "MAX_DOCUMENT_BYTES", 100)
        with pytest.raises(DocumentTooLargeToLookError):
            reader.look(make_pdf())
    finally:
        reader.close()


def test_those_of_others_are_signed_or_refused_in_our_words(corpora: Path):
    outcomes: Counter[str] = Counter()
    limits = default_policy().limits
    for path in sorted(corpora.rglob("*.pdf")):
        data = path.read_bytes()
        try:
            if open_pdf(data, name=path.name, limits=limits).strict:
                continue
        except PKIError:
            continue
        try:
            outcomes[sign(data).report.signatures[-1].indication.value] += 1
        except PKIError as error:
            outcomes[error.code] += 1
    assert outcomes["TOTAL-PASSED"] >= 12
    assert outcomes["signing.document_needs_repair"] >= 15
