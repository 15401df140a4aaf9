"""Display profiles: TOML files that say what a signature shows, how large and where.

Everything that is wrong with a file is found when it is read, each mistake a finding of its own:
nobody is to learn of the second one by signing.
"""

from __future__ import annotations

import re
import string
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from pki.errors.tree import Phrase, Phrases, phrase
from signing.display.tables import (
    About,
    CornerPlace,
    ImageTable,
    Ink,
    PersonPlace,
    ProfileTables,
    SignerPlace,
    TextTable,
)
from signing.errors.display import DisplayMalformedError, DisplayUnknownError
from signing.reading import read_document

__all__ = (
    "About",
    "CornerPlace",
    "DisplayProfile",
    "ImageTable",
    "Ink",
    "Mistake",
    "PersonPlace",
    "SignerPlace",
    "TextTable",
    "find_display",
    "find_mistakes",
    "known_displays",
    "load_display",
    "parse_display",
    "words_in",
)

WORDS = frozenset({"name", "title", "organization", "number", "time"})
"""What a line may ask for."""

MAX_BYTES = 64 * 1024
_FOLDER = Path(__file__).parent


class DisplayProfile(ProfileTables):
    """What one profile file says, checked. Made by `load_display`."""

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines of text; none where the profile shows none."""
        return self.text.lines if self.text is not None else ()


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong with a profile file."""

    place: str
    """The key, as `image.width_mm`, or line and column."""
    reason: Phrase

    @property
    def code(self) -> str:
        """What is wrong, as a stable name."""
        return self.reason.id


def words_in(line: str) -> tuple[str, ...]:
    """Return the names that stand in braces in a line.

    Raises:
        ValueError: the braces do not match, or hold more than a name.
    """
    words: list[str] = []
    for _, word, form, conversion in string.Formatter().parse(line):
        if form or conversion:  # `{name:>999999999}` would fill the memory
            raise ValueError("a word in braces takes no format")
        if word is not None:
            words.append(word)
    return tuple(words)


def load_display(name: str, *, folder: Path | None = None) -> DisplayProfile:
    """Return a profile that comes with Antin, one of a folder's, or the one in a `.toml` file.

    Args:
        name: of a profile; or a path that ends in `.toml`.
        folder: where an administration keeps its own, `NAME.toml` each. They add to those that
            come with Antin and replace none: a name means the same everywhere.

    Raises:
        DisplayUnknownError: there is none of that name.
        DisplayMalformedError: the file is not TOML or says what a profile cannot.
        FileUnreadableError: the file may not be read.
        TooLargeError: it is larger than 64 KiB.
    """
    return parse_display(find_display(name, folder=folder), name)


def find_display(name: str, *, folder: Path | None = None) -> str:
    """Return the text of a profile as it is written; see `load_display`.

    Raises:
        DisplayUnknownError: there is none of that name.
        FileUnreadableError: the file may not be read.
        TooLargeError: it is larger than 64 KiB.
    """
    built_in = known_displays()
    if name in built_in:
        return (_FOLDER / f"{name}.toml").read_text("utf-8")
    path = _own_file(name, folder)
    if path is None:
        raise DisplayUnknownError(name=name, known=(*built_in, *displays_in(folder)))
    return read_display(path)


def read_display(path: Path) -> str:
    """Return the text of a profile file.

    Raises:
        FileIsDirectoryError: it is a directory.
        FileUnreadableError: it may not be read.
        TooLargeError: it is larger than 64 KiB.
    """
    return read_document(path, limit=MAX_BYTES).decode("utf-8-sig", errors="replace")


def parse_display(text: str, name: str) -> DisplayProfile:
    """Return the profile in TOML text; `name` is what errors call it.

    Raises:
        DisplayMalformedError: with everything that is wrong with it.
    """
    profile, mistakes = _read(text)
    if profile is None or mistakes:
        told = tuple(
            phrase("signing.display.at", place=one.place, reason=one.reason) for one in mistakes
        )
        raise DisplayMalformedError(name=name, reason=Phrases(told))
    return profile


def find_mistakes(text: str) -> tuple[Mistake, ...]:
    """Return everything that is wrong with a profile file; nothing where it is sound."""
    return _read(text)[1]


def known_displays() -> tuple[str, ...]:
    """Return the names of the profiles that come with Antin."""
    return tuple(sorted(file.stem for file in _FOLDER.glob("*.toml")))


def displays_in(folder: Path | None) -> tuple[str, ...]:
    """Return the names of a folder's own profiles."""
    if folder is None or not folder.is_dir():
        return ()
    return tuple(sorted(path.stem for path in folder.glob("*.toml")))


def _own_file(name: str, folder: Path | None) -> Path | None:
    if name.endswith(".toml"):
        return Path(name) if Path(name).is_file() else None
    return folder / f"{name}.toml" if folder is not None and name in displays_in(folder) else None


def _read(text: str) -> tuple[DisplayProfile | None, tuple[Mistake, ...]]:
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"line ([0-9]+), column ([0-9]+)", str(error))
        place = f"{at[1]}:{at[2]}" if at else "-"
        return None, (Mistake(place, phrase("signing.display.not_toml")),)
    try:
        profile = DisplayProfile.model_validate(raw)
    except ValidationError as error:
        told = error.errors(include_url=False, include_input=False)
        return None, tuple(_told(each) for each in told)
    return profile, tuple(_contradictions(profile))


def _told(error: ErrorDetails) -> Mistake:
    """Return what pydantic found, with words for it."""
    kind, context = error["type"], error.get("ctx", {})
    # The discriminator stands in the path too: `place.corner.page` is `page` in the file's `place`.
    steps = [str(step) for step in error["loc"]]
    if steps[:1] == ["place"] and len(steps) > 2:
        del steps[1]
    place = ".".join(steps)
    match kind:
        case "missing":
            return Mistake(place, phrase("signing.display.missing"))
        case "union_tag_not_found":
            return Mistake(f"{place}.by", phrase("signing.display.missing"))
        case "extra_forbidden":
            return Mistake(place, phrase("signing.display.unknown_key"))
        case "enum" | "literal_error":
            allowed = phrase("signing.display.not_one_of", allowed=str(context["expected"]))
            return Mistake(place, allowed)
        case "union_tag_invalid":
            allowed = phrase("signing.display.not_one_of", allowed=str(context["expected_tags"]))
            return Mistake(f"{place}.by", allowed)
        case _:
            return Mistake(place, phrase("signing.display.value"))


def _contradictions(profile: DisplayProfile) -> Iterator[Mistake]:
    shows = profile.image is not None or profile.text is not None
    if profile.visible and not shows:
        yield Mistake("visible", phrase("signing.display.shows_nothing"))
    if profile.visible and profile.place is None:
        yield Mistake("place", phrase("signing.display.missing"))
    if not profile.visible and (shows or profile.place is not None):
        yield Mistake("visible", phrase("signing.display.hidden_but_shows"))
    yield from _about_line("label", profile.label)
    if profile.text is not None:
        for number, line in enumerate(profile.text.lines):
            yield from _about_line(f"text.lines.{number}", line)
        shown = "".join(profile.text.lines)
        for word in profile.text.required:
            if f"{{{word}}}" not in shown:
                yield Mistake("text.required", phrase("signing.display.word_not_shown", word=word))


def _about_line(place: str, line: str) -> Iterator[Mistake]:
    try:
        words = words_in(line)
    except ValueError:
        yield Mistake(place, phrase("signing.display.braces"))
        return
    known = tuple(sorted(WORDS))
    for word in words:
        if word not in WORDS:
            yield Mistake(place, phrase("signing.display.word_unknown", word=word, known=known))
