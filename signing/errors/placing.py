"""Where on the page a signature is drawn."""

from __future__ import annotations

from pki.errors.tree import InvalidInputError, RefusedError


class PageNotFoundError(InvalidInputError):
    """The document has no such page (facts: `page`, `pages`)."""

    code = "signing.page_not_found"


class OutsidePageError(InvalidInputError):
    """The place named reaches over the page's edge (facts: `page`, `width_mm`, `height_mm`)."""

    code = "signing.outside_page"


class SignerNameNotFoundError(InvalidInputError):
    """The signer's name stands on no page as a line of its own (facts: `name`, `pages`)."""

    code = "signing.signer_name_not_found"


class TitleNotFoundError(InvalidInputError):
    """No title stands above the signer's name with room between (facts: `name`, `title`)."""

    code = "signing.title_not_found"


class NoRoomForSignerError(InvalidInputError):
    """Title and name are too near to each other (facts: `page`, `room_mm`)."""

    code = "signing.no_room_for_signer"


class NoTextError(InvalidInputError):
    """The pages hold no text to search (facts: `pages`)."""

    code = "signing.no_text"


class PlaceAmbiguousError(InvalidInputError):
    """There are several places for the signature (facts: `places`)."""

    code = "signing.place_ambiguous"


class TextUnreadableError(InvalidInputError):
    """The text of the pages cannot be read, or not in time (facts: `reason`)."""

    code = "signing.text_unreadable"


class DocumentTooLargeToLookError(InvalidInputError):
    """The document is too large to be looked at in memory (facts: `size`, `limit`)."""

    code = "signing.too_large_to_look_at"


class PersonNotSignedError(RefusedError):
    """No signature is seen that the agency's seal could go over (facts: `pages`)."""

    code = "signing.person_not_signed"


class PersonFieldNotFoundError(InvalidInputError):
    """There is no signature to be seen in the field named (facts: `field`)."""

    code = "signing.person_field_not_found"
