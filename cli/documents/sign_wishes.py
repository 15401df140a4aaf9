"""What `antin sign` is asked: options of the command line and the home's own, read and checked."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TypeVar

from cli.documents.place import Place, parse_place
from cli.errors import BadOptionError, NoTimestampServiceError
from cli.homes.home import Home
from signing.display.image import SignatureImage
from signing.display.look import check_image
from signing.display.placement import Placement
from signing.display.profile import DisplayProfile, load_display
from signing.mandates.capacity import Capacity
from signing.mandates.mandate import read_mandate, read_mandates
from signing.options import (
    Commitment,
    FieldLock,
    Form,
    Level,
    LockAction,
    Permission,
    SigningOptions,
    UnknownStatus,
)
from signing.wishes import check_wishes

Choice = TypeVar("Choice", bound=Enum)
FORMS = {"pades": Form.PADES, "pkcs7": Form.PKCS7}


@dataclass(frozen=True, slots=True, kw_only=True)
class SignWishes:
    """The options of `antin sign` that say how a signature shall be."""

    level: str | None = None
    display: str | None = None
    field: str | None = None
    place: str | None = None
    tsa: str | None = None
    reason: str | None = None
    location: str | None = None
    contact: str | None = None
    role: str | None = None
    commitment: str | None = None
    form: str | None = None
    certify: bool = False
    lock: str | None = None
    permit: int | None = None
    owner: str | None = None
    pkcs1: bool = False
    require_status: bool = False
    allow_broken: bool = False
    image: Path | None = None
    number: str | None = None
    later: bool = False
    password_source: str | None = None
    """Of encrypted documents; the source, never the password."""
    capacity: str | None = None
    mandates: tuple[Path, ...] = ()

    def options(self, home: Home) -> SigningOptions:
        """Return them checked, with the home's defaults.

        Raises:
            BadOptionError: no such level, form or commitment, or a place or lock that cannot be
                read, or two fields named.
            NoTimestampServiceError: the level needs a service and none is known.
            PKIError: no such display profile, or not the image that it shows.
        """
        settings = home.settings
        level = _one_of(Level, "--level", self.level or settings.signing.level)
        if level.needs_timestamp and not (self.tsa or settings.signing.timestamp_servers):
            raise NoTimestampServiceError(level=level.value)
        place = parse_place(self.place) if self.place else Place(Placement(), None)
        if self.field and place.field and self.field != place.field:
            raise BadOptionError(option="--place", value=str(self.place), form="field=NAME")
        display = load_display(self.display or settings.signing.display, folder=home.displays)
        field = self.field or place.field
        number = _number(field)
        permission = _permission(self.permit)
        options = SigningOptions(
            level=level,
            form=_form(self.form),
            pss=not self.pkcs1,
            display=display,
            image=self._image(display, home),
            number=self.number,
            field_name=field if number is None else None,
            field_number=number,
            placement=place.placement,
            unknown_status=UnknownStatus(
                "refuse" if self.require_status else settings.signing.unknown_status
            ),
            allow_broken_signatures=self.allow_broken,
            reason=self.reason,
            location=self.location,
            contact=self.contact,
            role=self.role,
            commitment=(
                None
                if self.commitment is None
                else _one_of(Commitment, "--commitment", self.commitment)
            ),
            certify=(permission or Permission.FORM_FILLING) if self.certify else None,
            lock=_lock(self.lock, None if self.certify else permission),
            expected_owner=self.owner or settings.signing.owner,
            capacity=None if self.capacity is None else _one_of(Capacity, "--as", self.capacity),
            mandates=(*map(read_mandate, self.mandates), *read_mandates(home.mandates)),
        )
        check_wishes(options)
        return options

    def _image(self, display: DisplayProfile, home: Home) -> SignatureImage | None:
        """Return the image named, or the home's own where the display shows one."""
        path = self.image
        if path is None and display.image is not None and home.settings.signing.image is not None:
            path = home.path(home.settings.signing.image)
        image = None
        if path is not None:
            from signing.display.png import read_image  # loads Pillow

            image = read_image(path)
        check_image(display, image)
        return image


def _one_of(choices: type[Choice], option: str, text: str) -> Choice:
    try:
        return choices(text)
    except ValueError as error:
        form = " | ".join(str(each.value) for each in choices)
        raise BadOptionError(option=option, value=text, form=form) from error


def _form(text: str | None) -> Form | None:
    if text is None:
        return None
    if text not in FORMS:
        raise BadOptionError(option="--form", value=text, form=" | ".join(FORMS))
    return FORMS[text]


def _permission(number: int | None) -> Permission | None:
    if number is None:
        return None
    try:
        return Permission(number)
    except ValueError as error:
        raise BadOptionError(option="--permit", value=str(number), form="1 | 2 | 3") from error


def _number(field: str | None) -> int | None:
    """Read `#N`; any other text is a field's name."""
    if field is None or not field.startswith("#") or not field[1:].isdecimal():
        return None
    return int(field[1:])


def _lock(text: str | None, permission: Permission | None) -> FieldLock | None:
    """Read `all`, `include:NAME,NAME` or `exclude:NAME,NAME`."""
    if text is None:
        # A permission alone locks no field and says what else may be done.
        return FieldLock(LockAction.INCLUDE, (), permission) if permission else None
    kind, _, names = text.partition(":")
    fields = tuple(name for name in names.split(",") if name)
    if (kind == "all") == bool(names) or kind not in ("all", "include", "exclude"):
        form = "all | include:NAME,… | exclude:NAME,…"
        raise BadOptionError(option="--lock", value=text, form=form)
    return FieldLock(LockAction(kind.capitalize()), fields, permission)
