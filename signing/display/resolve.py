"""The page and the rectangle of a new visible field, by the profile's rule or as it was asked.

What was asked goes first: a rectangle, a corner. Then the rule: a corner of a page, the room
between the signer's title and name, the left of the person's image.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from cryptography import x509
from pyhanko.pdf_utils.generic import DictionaryObject

from pki.names import common_name
from signing.display.block import title_of
from signing.display.fold import fold
from signing.display.lines import build_lines_of
from signing.display.look import Look, Size
from signing.display.page_text import READER, FoundText
from signing.display.placement import (
    PageGeometry,
    Placement,
    Rectangle,
    check_on_page,
    in_corner,
    page_index,
    read_geometry,
)
from signing.display.profile import DisplayProfile
from signing.display.signer_place import SignerRoom, find_rooms
from signing.display.tables import CornerPlace, PersonPlace, SignerPlace
from signing.errors.placing import (
    NoRoomForSignerError,
    NoTextError,
    PersonFieldNotFoundError,
    PersonNotSignedError,
    PlaceAmbiguousError,
    SignerNameNotFoundError,
    TitleNotFoundError,
)
from verify.password import Password


@dataclass(frozen=True, slots=True)
class SignedField:
    """A signature that is seen on a page."""

    name: str
    page: int
    """Index from 0."""
    box: tuple[float, float, float, float]
    """In the page's own coordinates."""


@dataclass(frozen=True, slots=True)
class Pages:
    """What a rule needs to know of a document; each asked for only by the rule that needs it."""

    document: Callable[[], BinaryIO]
    """A stream over the document."""
    count: int
    page: Callable[[int], DictionaryObject]
    """The page object at an index from 0."""
    signed_fields: Callable[[], tuple[SignedField, ...]]
    """Signatures that are seen; document time-stamps are none."""
    password: Password | None = None
    """Of an encrypted document."""

    def geometry(self, index: int) -> PageGeometry:
        """Return how a page is seen."""
        return read_geometry(self.page(index))


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a new field goes."""

    index: int
    """Of the page, from 0."""
    geometry: PageGeometry
    rectangle: Rectangle


def resized(profile: DisplayProfile, placement: Placement) -> DisplayProfile:
    """Return the profile with the size that was asked for in place of its own."""
    rectangle = placement.rectangle
    width = rectangle.width_mm if rectangle else placement.width_mm
    height = rectangle.height_mm if rectangle else placement.height_mm
    if width is None and height is None:
        return profile
    changed: dict[str, object] = {}
    if profile.image is not None:
        size = {"width_mm": width or 500.0, "height_mm": height or 500.0}
        changed["image"] = profile.image.model_copy(update=size)
    if profile.text is not None and width is not None:
        changed["text"] = profile.text.model_copy(update={"width_mm": width})
    return profile.model_copy(update=changed)


def resolve_place(
    pages: Pages, placement: Placement, look: Look, certificate: x509.Certificate
) -> Spot:
    """Return where a look goes.

    Args:
        pages: the document's.
        placement: what was asked beyond the rule.
        look: what will be shown.
        certificate: the signer's, with name and title.

    Raises:
        PageNotFoundError: no such page.
        OutsidePageError: it would not lie on the page.
        TitleNotFoundError: the signer's name has no title above it.
        SignerNameNotFoundError: the signer's name is on no page.
        NoTextError: the pages are pictures.
        NoRoomForSignerError: title and name are too near to each other.
        PlaceAmbiguousError: there are several places.
        PersonNotSignedError: nobody's signature is seen yet that the seal could go over.
        PersonFieldNotFoundError: there is no such signature.
        ImageRoomError: an image of exact size is larger than the room.
        TextUnreadableError: the text cannot be searched.
    """
    spot = _asked(pages, placement, look) or _by_rule(pages, placement, look, certificate)
    check_on_page(spot.rectangle, spot.geometry, page=spot.index + 1)
    return spot


def _asked(pages: Pages, placement: Placement, look: Look) -> Spot | None:
    rectangle = placement.rectangle
    if rectangle is None and placement.corner_mm is not None:
        rectangle = Rectangle(*placement.corner_mm, look.natural.width_mm, look.natural.height_mm)
    if rectangle is None:
        return None
    place = look.profile.place
    own = place.page if isinstance(place, CornerPlace) else -1
    index = page_index(own if placement.page is None else placement.page, pages.count)
    return Spot(index, pages.geometry(index), rectangle)


def _by_rule(pages: Pages, placement: Placement, look: Look, certificate: x509.Certificate) -> Spot:
    place = look.profile.place
    match place:
        case CornerPlace():
            own = place.page if placement.page is None else placement.page
            index = page_index(own, pages.count)
            geometry, size = pages.geometry(index), look.natural
            rectangle = in_corner(place, (size.width_mm, size.height_mm), geometry)
            return Spot(index, geometry, rectangle)
        case SignerPlace():
            title = placement.title if placement.title is not None else title_of(certificate)
            room = find_signer_room(
                pages,
                name=placement.name or common_name(certificate.subject),
                title=title,
                page=placement.page,
                size=look.natural,
            )
            most = room.height_mm - 2 * place.clearance_mm
            if most <= 0:
                raise NoRoomForSignerError(page=room.page + 1, room_mm=f"{room.height_mm:.1f}")
            size = look.shrunk_into(look.natural.width_mm, most)
            rectangle = room.centred(size.width_mm, size.height_mm)
            return Spot(room.page, pages.geometry(room.page), rectangle)
        case PersonPlace():
            return _over_person(pages, placement, look.natural, place.share)
        case None:  # pragma: no cover  a visible profile has a place
            raise AssertionError(look.profile.name)


def find_signer_room(
    pages: Pages, *, name: str, title: str, page: int | None = None, size: Size
) -> SignerRoom:
    """Return the one room between a title and a name in the text of the pages.

    Args:
        pages: the document's.
        name: the signer's.
        title: of the signer's post; empty where any title will do.
        page: the only page to look at, 1 for the first, -1 for the last; None for all.
        size: what will be put there; only for telling several rooms apart.

    Raises:
        PageNotFoundError: no such page.
        SignerNameNotFoundError: the name is on no page as a line of its own.
        TitleNotFoundError: it has no title above it, with room between.
        NoTextError: the pages are pictures.
        PlaceAmbiguousError: there are several rooms.
        TextUnreadableError: the text cannot be searched.
    """
    asked = None if page is None else page_index(page, pages.count)
    text = READER.find(pages.document(), (fold(name),), page=asked, password=pages.password)
    seen = find_rooms(
        (
            (each.index, build_lines_of(each.letters, pages.geometry(each.index)))
            for each in text.found
            if 0 <= each.index < pages.count
        ),
        name,
        title,
    )
    if len(seen.rooms) > 1:
        raise PlaceAmbiguousError(places=tuple(_told(room, size) for room in seen.rooms))
    if not seen.rooms:
        _refuse(text, name, title, found=seen.names > 0)
    return seen.rooms[0]


def _refuse(text: FoundText, name: str, title: str, *, found: bool) -> None:
    if not text.letters:
        raise NoTextError(pages=text.looked_at)
    if not found:
        raise SignerNameNotFoundError(name=name, pages=text.looked_at)
    raise TitleNotFoundError(name=name, title=title or "-")


def _told(room: SignerRoom, size: Size) -> str:
    """Return a place as `--place` takes it."""
    place = room.centred(size.width_mm, size.height_mm)
    return f"page={room.page + 1},x={place.left_mm:.0f}mm,y={place.top_mm:.0f}mm"


def _over_person(pages: Pages, placement: Placement, size: Size, share: float) -> Spot:
    fields = pages.signed_fields()
    if placement.page is not None:
        asked = page_index(placement.page, pages.count)
        fields = tuple(field for field in fields if field.page == asked)
    if placement.over is not None:
        fields = tuple(field for field in fields if field.name == placement.over)
        if not fields:
            raise PersonFieldNotFoundError(field=placement.over)
    if not fields:
        raise PersonNotSignedError(pages=pages.count)
    if len(fields) > 1:
        raise PlaceAmbiguousError(places=tuple(f"over={field.name}" for field in fields))
    field = fields[0]
    geometry = pages.geometry(field.page)
    person = geometry.to_seen(field.box)
    right = person.left_mm + share * person.width_mm
    middle = person.top_mm + person.height_mm / 2
    seal = Rectangle(
        right - size.width_mm, middle - size.height_mm / 2, size.width_mm, size.height_mm
    )
    return Spot(field.page, geometry, seal)
