"""The page of the token doctor: every state has its word, on any width, in both languages."""

from dataclasses import replace
from datetime import timedelta

import pytest
import token_doctor_page as sample

from cli.session import Session
from cli.tokens.doctor import diagnosis_object
from cli.tokens.doctor_page import page
from cli.tokens.doctor_report import report_text
from hsm.doctor.diagnosis import diagnose
from hsm.doctor.seen import KeySight
from hsm.errors import TokenTimeoutError
from hsm.tokens import PINState
from pki.words import Language

EN = Session(Language.EN)
SIGNS = sample.machine_that_signs()
(TOKEN,) = SIGNS.tokens
(CERTIFICATE,) = TOKEN.certificates


def shown(seen, width=100):
    return page(diagnose(seen), EN, width=width)


def with_token(**changes):
    return replace(SIGNS, tokens=(replace(TOKEN, **changes),))


def with_info(**changes):
    return with_token(token=replace(TOKEN.token, **changes))


def with_certificate(**changes):
    return with_token(certificates=(replace(CERTIFICATE, **changes),))


def test_the_page_in_the_docs_is_the_programs_own(checkout):
    page_of_docs = (checkout / "docs" / "token-doctor.md").read_text("utf-8")
    assert page_of_docs == sample.write_page()


@pytest.mark.parametrize(
    ("seen", "word"),
    [
        (with_token(error=TokenTimeoutError(token=TOKEN.module, seconds=30)), "cannot be read"),
        (with_info(initialized=False), "not set up"),
        (with_info(pin_set=False), "no PIN yet"),
        (with_info(), "PIN was mistyped"),
        (with_certificate(not_after=sample.NOW - timedelta(days=1)), "EXPIRED"),
        (with_certificate(not_before=sample.NOW + timedelta(days=1)), "not valid yet"),
        (with_certificate(key=KeySight.OTHER), "KEY DOES NOT FIT"),
        (with_certificate(fits=False), "not for documents"),
        (with_certificate(), "can sign"),
        (with_info(pin_set=False), "in force"),
        (replace(SIGNS, tokens=()), "nothing"),
    ],
)
def test_every_state_has_its_word(seen, word):
    rows = shown(seen).split("TOKENS AND CERTIFICATES")[1].split("WHAT TO DO")[0]
    assert word in rows


def test_a_machine_that_is_well_has_nothing_to_do():
    seen = with_certificate(not_after=sample.NOW + timedelta(days=300))
    token = replace(
        seen.tokens[0], also_in=(), token=replace(TOKEN.token, pin_state=PINState.NORMAL)
    )
    text = shown(replace(seen, tokens=(token,)))
    assert text.startswith("A document can be signed: ")
    assert "WHAT TO DO" not in text
    assert "WORTH KNOWING" not in text


def test_readers_are_told_as_they_are():
    (reader,) = SIGNS.readers
    readers = (
        replace(reader, name="A", occupied=False),
        replace(reader, name="B", trouble="CKR_TOKEN_NOT_RECOGNIZED"),
    )
    text = shown(replace(SIGNS, readers=readers))
    assert "B" in text
    assert "CKR_TOKEN_NOT_RECOGNIZED" in text
    told = diagnosis_object(diagnose(replace(SIGNS, readers=readers)), EN)["readers"]
    assert [(one["occupied"], one["trouble"]) for one in told] == [
        (False, None),
        (True, "CKR_TOKEN_NOT_RECOGNIZED"),
    ]


def test_hostile_names_do_not_leave_their_line():
    text = shown(with_info(label="x\n\x1b[31mLỖI\u202e"))
    assert "\x1b" not in text
    assert "\u202e" not in text


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("width", [1, 40, 60, 80, 500])
@pytest.mark.parametrize("seen", [SIGNS, sample.machine_in_trouble()])
def test_no_line_is_longer_than_the_terminal(seen, width, language):
    lines = page(diagnose(seen), Session(language), width=width).splitlines()
    room = min(max(width, 40), 110)
    assert [line for line in lines if len(line) > room and not set(line) & set("/\\")] == []


def test_a_user_without_a_folder_gets_a_report_too(monkeypatch, tmp_path):
    def nowhere():
        raise RuntimeError

    monkeypatch.setattr("pathlib.Path.home", nowhere)
    assert b"#1" in report_text(tmp_path / "r.txt", diagnose(SIGNS), EN)
