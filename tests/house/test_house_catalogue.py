"""The catalogue and the code agree: every id raised is in both languages, and no other is.

Ids and facts are read from the sources (`.ci/message_ids.py`), sentences from the `.po` files.
"""

from __future__ import annotations

import ast
import re
import string
import unicodedata
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from message_ids import PACKAGES, Sources, gaps, is_used, read_sources, read_trees

from pki.words import Language, knows

SAME_IN_BOTH: dict[str, str] = {}
"""Ids whose Vietnamese text is the English one, each with the reason."""

HINT = ".hint"
MESSAGE_ID = re.compile(r"[a-z][a-z0-9]*(\.[a-z0-9_-]+)+")


@pytest.fixture(scope="module")
def sources(checkout) -> Sources:
    """Return the ids and facts in the five packages."""
    return read_sources(checkout)


@pytest.fixture(scope="module")
def catalogue(checkout) -> dict[str, dict[str, str]]:
    """Return the sentences of each language by message id."""
    return {language: read_language(checkout, language) for language in ("en", "vi")}


def read_language(checkout: Path, language: str) -> dict[str, str]:
    sentences = {}
    for source in sorted((checkout / "pki" / "locale" / language).glob("*.po")):
        with source.open("rb") as file:
            for message in read_po(file, locale=language, abort_invalid=True):
                if message.id:
                    sentences[message.id] = str(message.string)
    return sentences


def placeholders(sentence: str) -> set[str]:
    """Return the names of the facts that `sentence` asks for."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def asked_of(message_id: str, sentences: dict[str, str]) -> set[str]:
    """Return the facts that a message and its hint ask for."""
    texts = (sentences.get(message_id, ""), sentences.get(message_id + HINT, ""))
    return placeholders(texts[0]) | placeholders(texts[1])


def unknown_words(sources: Sources, sentences: dict[str, str]) -> list[str]:
    """Return the string constants that look like an id of this catalogue and are none."""
    spaces = {message_id.partition(".")[0] for message_id in sentences}
    tails = {part for i in sentences for parts in gaps(i, sources) for part in parts}
    packages = {module.rpartition(".")[0] for module in sources.modules}
    known = sentences.keys() | tails | packages | sources.modules
    return sorted(
        word
        for word in sources.words - known
        if MESSAGE_ID.fullmatch(word) and word.partition(".")[0] in spaces
    )


def silent_uses(sources: Sources, sentences: dict[str, str]) -> list[str]:
    """Return the places that give fewer facts than the sentence asks for."""
    return [
        f"{use.where} {use.id} lacks {sorted(asked_of(use.id, sentences) - use.facts)}"
        for use in sources.uses
        if use.facts is not None and not asked_of(use.id, sentences) <= use.facts
    ]


def test_both_languages_have_the_same_ids(catalogue):
    assert catalogue["en"].keys() == catalogue["vi"].keys()


def test_every_error_has_a_message_and_a_hint(sources, catalogue):
    wanted = {id_ for code in sources.error_codes.values() for id_ in (code, code + HINT)}
    assert not sorted(wanted - catalogue["en"].keys())


def test_every_error_code_begins_with_its_package(sources):
    wrong = {
        name: code
        for name, code in sources.error_codes.items()
        if name.partition(".")[0] in PACKAGES and name.partition(".")[0] != code.partition(".")[0]
    }
    assert not wrong


def test_no_two_errors_share_a_code(sources):
    codes = sorted(sources.error_codes.values())
    assert len(codes) == len(set(codes)), [code for code in codes if codes.count(code) > 1]


def test_every_finding_has_a_message(sources, catalogue):
    said = {use.id for use in sources.uses if MESSAGE_ID.fullmatch(use.id)}
    assert not sorted(said - catalogue["en"].keys())


def test_no_source_speaks_of_an_id_that_is_not_there(sources, catalogue):
    assert not unknown_words(sources, catalogue["en"])


def test_no_sentence_is_left_that_nothing_asks_for(sources, catalogue):
    left = [
        message_id
        for message_id in catalogue["en"]
        if not is_used(message_id.removesuffix(HINT), sources) and not is_used(message_id, sources)
    ]
    assert not left


def test_every_hint_belongs_to_a_message(catalogue):
    for sentences in catalogue.values():
        hints = {message_id for message_id in sentences if message_id.endswith(HINT)}
        assert not {hint for hint in hints if hint.removesuffix(HINT) not in sentences}


def test_no_sentence_is_empty(catalogue):
    empty = [i for sentences in catalogue.values() for i, text in sentences.items() if not text]
    assert not empty


def test_both_languages_ask_for_the_same_facts(catalogue):
    different = [
        message_id
        for message_id, english in catalogue["en"].items()
        if placeholders(english) != placeholders(catalogue["vi"].get(message_id, ""))
    ]
    assert not different


def test_every_place_gives_the_facts_its_sentence_asks_for(sources, catalogue):
    assert not silent_uses(sources, catalogue["en"])


def test_no_vietnamese_sentence_is_the_english_one(catalogue):
    same = {
        message_id
        for message_id, english in catalogue["en"].items()
        if catalogue["vi"].get(message_id) == english
    }
    assert same == SAME_IN_BOTH.keys()
    assert len(SAME_IN_BOTH) <= 20
    assert all(SAME_IN_BOTH.values())


def test_vietnamese_is_composed(catalogue):
    loose = [i for i, t in catalogue["vi"].items() if not unicodedata.is_normalized("NFC", t)]
    assert not loose


def test_the_compiled_catalogue_is_the_one_in_the_sources(catalogue):
    stale = [
        f"{language}: {message_id}"
        for language in Language
        for message_id in catalogue[language.value]
        if not knows(message_id, language)
    ]
    assert not stale, "`make setup` compiles the catalogue"


PLANTED = """
from pki.words import say
from verify.finding import warning

class LostError(RefusedError):
    code = "pki.lost"

def find(name):
    raise LostError(nam=name)
    raise LostError(name=name)
    raise LostError(**facts)
    yield warning("pki.odd", reason=name)
    say(f"pki.kind.{name}", {}, language)

ROOT = "root"
"""


@pytest.fixture
def planted() -> Sources:
    return read_trees({Path("pki/planted.py"): ast.parse(PLANTED)})


def test_a_planted_error_and_finding_are_seen(planted):
    assert planted.error_codes == {"pki.planted.LostError": "pki.lost"}
    seen = [(use.id, use.facts and set(use.facts)) for use in planted.uses]
    assert seen == [
        ("pki.lost", {"nam"}),
        ("pki.lost", {"name"}),
        ("pki.lost", None),
        ("pki.odd", {"reason"}),
    ]


def test_a_planted_lack_of_facts_is_seen(planted):
    sentences = {"pki.lost": "{name} is lost", "pki.odd": "odd", "pki.odd.hint": "see {reason}"}
    assert silent_uses(planted, sentences) == ["pki/planted.py:9 pki.lost lacks ['name']"]


def test_a_planted_stray_id_is_seen(planted):
    assert unknown_words(planted, {"pki.lost": "lost"}) == ["pki.odd"]
    assert unknown_words(planted, {"pki.lost": "lost", "pki.odd": "odd"}) == []


def test_a_composed_id_is_used_when_its_rest_stands_in_the_sources(planted):
    assert is_used("pki.kind.root", planted)
    assert is_used("pki.odd", planted)
    assert not is_used("pki.kind.leaf", planted)
    assert not is_used("pki.other", planted)
