"""What a signature looks like: profiles, images, fonts."""

from __future__ import annotations

from pki.errors.tree import InvalidInputError, RefusedError, UnavailableError


class DisplayUnknownError(InvalidInputError):
    """No display profile of that name (facts: `name`, `known`)."""

    code = "signing.display_unknown"


class DisplayMalformedError(InvalidInputError):
    """A display profile does not read (facts: `name`, `reason`)."""

    code = "signing.display_malformed"


class DisplayWordMissingError(RefusedError):
    """The display does not sign without a value that is not known (facts: `profile`, `word`)."""

    code = "signing.display_word_missing"


class ImageNotPNGError(InvalidInputError):
    """The image is no PNG file (facts: `name`)."""

    code = "signing.image_not_png"


class ImageBrokenError(InvalidInputError):
    """The PNG file does not decode (facts: `name`)."""

    code = "signing.image_broken"


class ImageTooLargeError(InvalidInputError):
    """The image has too many pixels to be decoded (facts: `name`, `width`, `height`, `most`)."""

    code = "signing.image_too_large"


class ImageOpaqueError(InvalidInputError):
    """The image's ground is not transparent (facts: `name`)."""

    code = "signing.image_opaque"


class ImageEmptyError(InvalidInputError):
    """The image is transparent all over (facts: `name`)."""

    code = "signing.image_empty"


class ImageInkError(InvalidInputError):
    """The image is not of the colour asked for (facts: `profile`, `name`, `ink`, `percent`)."""

    code = "signing.image_wrong_ink"


class ImageNeededError(RefusedError):
    """The display shows an image and none was given (facts: `profile`)."""

    code = "signing.image_needed"


class ImageNotShownError(RefusedError):
    """An image was given and the display shows none (facts: `profile`, `name`)."""

    code = "signing.image_not_shown"


class ImageRoomError(InvalidInputError):
    """An image of exact size does not fit its place.

    Facts: `width_mm`, `height_mm`, `room_width_mm`, `room_height_mm`.
    """

    code = "signing.no_room_for_image"


class TextRoomError(InvalidInputError):
    """Text of exact size does not fit its place.

    Facts: `size_pt`, `width_mm`, `height_mm`, `needed_mm`.
    """

    code = "signing.no_room_for_text"


class FontMissingError(UnavailableError):
    """No font on this machine can show the text (facts: `missing`)."""

    code = "signing.font_missing"
