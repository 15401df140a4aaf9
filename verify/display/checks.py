"""The checks of one signature against its display rule, each deviation a finding.

Tolerances stand in `rules.toml`; findings carry what was found and what is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from pki.errors.tree import Phrase, phrase
from verify.display.matrix import Box
from verify.display.rules import DisplayRules, Kind
from verify.display.seen import Seen, all_words, folded
from verify.display.shown import ShownImage
from verify.finding import Finding, info

_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]{1,9})?(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_ZONE = "+07:00"
_SLANTED = ("italic", "oblique")


def check_image(seen: Seen, kind: Kind) -> Iterator[Finding]:
    """Yield what is wrong with the image that is shown, or is not."""
    image = seen.image
    if kind.ink is None:
        if image is not None:
            yield info("display.image_shown")
        return
    if image is None:
        yield info("display.no_image", ink=phrase(f"display.ink.{kind.ink.value}"))
        return
    if image.ink is None:
        yield info("display.ink_unknown", ink=phrase(f"display.ink.{kind.ink.value}"))
    elif image.ink is not kind.ink:
        found = phrase(f"display.ink.{image.ink.value}")
        yield info("display.ink_differs", found=found, ink=phrase(f"display.ink.{kind.ink.value}"))
    if kind.size_mm is not None:
        least, most = kind.size_mm
        if not (least <= image.width_mm <= most and least <= image.height_mm <= most):
            yield info(
                "display.size",
                width=_mm(image.width_mm),
                height=_mm(image.height_mm),
                least=_mm(least),
                most=_mm(most),
            )


def check_place(seen: Seen, kind: Kind, rules: DisplayRules, *, only: bool) -> Iterator[Finding]:
    """Yield what is wrong with the place.

    Args:
        seen: the signature.
        kind: its rule.
        rules: all of them.
        only: no other person's signature is seen: where several sign, some stand on the left.
    """
    placed = seen.placed
    assert placed is not None  # noqa: S101  something of it is seen
    middle = placed.box.left_mm + placed.box.width_mm / 2
    right = middle > placed.width_mm / 2
    if kind.corner:
        if placed.page != 0:
            yield info("display.not_first_page", page=placed.page + 1)
        elif not right or placed.box.top_mm > rules.corner.top_mm:
            yield info("display.not_in_corner", place=_place(seen))
    if kind.right_half and only and not right:
        yield info("display.not_right_half", place=_place(seen))


def check_cover(seen: Seen, kind: Kind, persons: list[Seen]) -> Iterator[Finding]:
    """Yield how a seal lies over the persons' images, where that is not as it should."""
    image = seen.image
    if kind.covers is None or image is None or seen.placed is None:
        return
    near = [each for each in persons if each.placed and each.placed.page == seen.placed.page]
    if not near:
        yield info("display.seal_alone")
        return
    shares = [share for each in near for share in _shares(image, each)]
    least, most = kind.covers
    if any(least <= share <= most for share in shares):
        return
    best = max(shares)
    if best <= 0:
        yield info("display.seal_apart")
    else:
        yield info("display.seal_covers", percent=round(100 * best), wanted=33)


def check_words(seen: Seen, kind: Kind, rules: DisplayRules) -> Iterator[Finding]:
    """Yield what is wrong with the words: what they say, and how they are set."""
    if kind.name and not _names(seen):
        yield info("display.no_name")
    if kind.time:
        yield from _check_time(seen, rules)
    if kind.ink is None:
        yield from _check_setting(seen, rules)


def _names(seen: Seen) -> bool:
    signer = seen.item.signer
    wanted = (signer.common_name, signer.organization) if signer else ()
    words = all_words(seen)
    return any(name and folded(name) in words for name in wanted)


def _check_time(seen: Seen, rules: DisplayRules) -> Iterator[Finding]:
    found = next((time for line in seen.lines if (time := _TIME.search(line))), None)
    moment = _moment(found) if found is not None else None
    if found is None or moment is None:
        yield info("display.no_time")
        return
    if found[2] != _ZONE:
        yield info("display.time_zone", time=found[0], zone=_ZONE)
    claimed = seen.item.claimed_signing_time
    apart = timedelta(seconds=rules.words.time_seconds)
    if claimed is not None and abs(claimed - moment) > apart:
        yield info("display.time_differs", shown=moment, claimed=claimed)


def _moment(found: re.Match[str]) -> datetime | None:
    try:
        moment = datetime.fromisoformat(found[1] + (found[2] or _ZONE))
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):  # the 31st of February; the year 0
        return None


def _check_setting(seen: Seen, rules: DisplayRules) -> Iterator[Finding]:
    texts = [each for each in seen.shown.texts if each.text.strip()] if seen.shown else []
    least, most = rules.words.size_pt
    sizes = {_points(each.size_pt) for each in texts if not least <= each.size_pt <= most}
    if sizes:
        yield info("display.text_size", found=tuple(sorted(sizes)), wanted="10")
    fonts = {each.font for each in texts}
    others = {name for name in fonts if not folded(name).startswith(rules.words.fonts)}
    if others:
        yield info("display.font", found=tuple(sorted(each or "?" for each in others)))
    slanted = any(word in name.casefold() for name in fonts for word in _SLANTED)
    if slanted or not all(each.upright for each in texts):
        yield info("display.not_upright")
    if any(each.color is None or max(each.color) > rules.words.black for each in texts):
        yield info("display.not_black")


def _shares(seal: ShownImage, person: Seen) -> Iterator[float]:
    """Yield how much of a person's image, and of its field, a seal covers from the left."""
    assert person.placed is not None  # noqa: S101  callers looked
    box = person.placed.box
    boxes: list[Box] = [(box.left_mm, box.top_mm, box.right_mm, box.bottom_mm)]
    if person.image is not None:
        boxes.append(person.image.box)
    for left, top, right, bottom in boxes:
        covered = min(seal.box[2], right) - max(seal.box[0], left)
        beside = seal.box[3] <= top or seal.box[1] >= bottom
        on_the_right = seal.box[0] > left and seal.box[2] >= right
        yield 0.0 if beside or on_the_right or right <= left else covered / (right - left)


def _place(seen: Seen) -> Phrase:
    spot = seen.spot
    assert spot is not None  # noqa: S101  callers looked
    return phrase("display.place", page=spot.page, left=_mm(spot.left_mm), top=_mm(spot.top_mm))


def _mm(length: float) -> str:
    return f"{length:.0f}"


def _points(size: float) -> str:
    return f"{size:.1f}"
