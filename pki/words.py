"""Words for people, made at the edge: a message id and typed facts become a sentence.

One gettext catalogue, Vietnamese and English; the message id is the error's or finding's code.
Nothing is installed process-wide, so one server answers two people in two languages. Facts may
come from hostile documents: control and bidirectional characters never reach the reader.
"""

from __future__ import annotations

import gettext
import string
import unicodedata
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from enum import StrEnum
from functools import cache
from pathlib import Path

from pki.errors.tree import Bilingual, Fact, Phrase, Phrases, PKIError

VIETNAM = timezone(timedelta(hours=7), "GMT+7")
"""Vietnam keeps one offset all year: stated, so that no time-zone data is needed."""


class Language(StrEnum):
    """The languages Antin speaks."""

    VI = "vi"
    EN = "en"


def say(message_id: str, facts: Mapping[str, Fact], language: Language) -> str:
    """Return the sentence for `message_id`, its placeholders filled from `facts`.

    Raises:
        KeyError: the catalogue lacks the id, or the sentence asks for a fact that is not given.
            Both are bugs; the test of the catalogue finds them first.
    """
    texts = {name: show(fact, language) for name, fact in facts.items()}
    return string.Formatter().vformat(_template(message_id, language), (), texts)


def knows(message_id: str, language: Language) -> bool:
    """Say whether the catalogue has a sentence for `message_id`."""
    return _catalogue(language).gettext(message_id) != message_id


def message_of(error: PKIError, language: Language) -> str:
    """Return what happened, for the person who reads it."""
    return say(error.code, error.facts, language)


def hint_of(error: PKIError, language: Language) -> str:
    """Return what that person can do about it."""
    return say(f"{error.code}.hint", error.facts, language)


def show(fact: Fact, language: Language) -> str:
    """Return a fact as text: instants in Vietnam's time, hostile characters made visible."""
    match fact:
        case datetime():
            return _show_instant(fact, language)
        case timedelta():
            return f"{fact.total_seconds():g} s"
        case Phrase():
            return say(fact.id, fact.facts, language)
        case Phrases():
            return "; ".join(show(part, language) for part in fact.parts)
        case tuple():
            return ", ".join(harmless(item) for item in fact)
        case Bilingual():
            text = fact.vi if language is Language.VI else fact.en
        case _:
            text = str(fact)
    return harmless(text)


def harmless(text: str) -> str:
    """Return `text` with control, format and bidirectional characters shown as U+FFFD."""
    return "".join(
        "\N{REPLACEMENT CHARACTER}"
        if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
        else char
        for char in text
    )


def _show_instant(instant: datetime, language: Language) -> str:
    local = instant.astimezone(VIETNAM)
    if language is Language.VI:
        return local.strftime("%d/%m/%Y %H:%M:%S (GMT+7)")
    return local.strftime("%Y-%m-%d %H:%M:%S (GMT+7)")


def _template(message_id: str, language: Language) -> str:
    text = _catalogue(language).gettext(message_id)
    if text == message_id:
        raise KeyError(f"no {language} text for {message_id!r}")
    return text


@cache
def _catalogue(language: Language) -> gettext.NullTranslations:
    folder = Path(__file__).with_name("locale")
    return gettext.translation("antin", localedir=str(folder), languages=[language.value])
