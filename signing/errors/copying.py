"""Copies: what they may be made of, and by whom."""

from __future__ import annotations

from pki.errors.tree import InvalidInputError, RefusedError


class CopyNeedsAgencyError(RefusedError):
    """The certificate is no agency's (facts: `subject`, `article`)."""

    code = "signing.copy_needs_agency"


class CopyPagesNeededError(InvalidInputError):
    """An extract is asked for without its pages (no facts)."""

    code = "signing.copy_pages_needed"


class CopyWholeError(InvalidInputError):
    """Pages are named for a copy that has to be whole (facts: `article`)."""

    code = "signing.copy_whole"


class CopyPageMissingError(InvalidInputError):
    """The document has no such page (facts: `page`, `pages`)."""

    code = "signing.copy_page_missing"


class CopyUnshownError(InvalidInputError):
    """Something lies on a page that every program draws otherwise (facts: `page`, `kind`)."""

    code = "signing.copy_unshown"


class CopySourceUnsignedError(RefusedError):
    """The document to be copied has no signature (facts: `article`)."""

    code = "signing.copy_source_unsigned"


class CopySourceInvalidError(RefusedError):
    """A signature of the document is not valid (facts: `field`, `findings`, `article`)."""

    code = "signing.copy_source_invalid"


class CopySourceUndecidedError(RefusedError):
    """Whether a signature is valid cannot be told (facts: `field`, `findings`, `article`)."""

    code = "signing.copy_source_undecided"


class CopySourceChangedError(RefusedError):
    """Something was added after the last signature (facts: `field`, `changes`)."""

    code = "signing.copy_source_changed"


class CopyWithoutPersonError(RefusedError):
    """The document has an agency's signature and no competent person's (facts: `article`)."""

    code = "signing.copy_without_person"


class CopyWithoutSealError(RefusedError):
    """No agency has signed the document, or none after the person (facts: `article`)."""

    code = "signing.copy_without_seal"


class CopyOfCopyError(RefusedError):
    """The document is a copy itself, of a kind that this one is not made of (facts: `article`)."""

    code = "signing.copy_of_copy"


class CopyOfOriginalError(RefusedError):
    """SAO LỤC is asked for of an original (facts: `article`)."""

    code = "signing.copy_of_original"


class CopySourceKindError(RefusedError):
    """Nothing in the document tells that it is a SAO Y (facts: `article`)."""

    code = "signing.copy_source_kind"


class CopyPaperSignedError(RefusedError):
    """A scan of paper is said, and the file is signed (facts: `field`)."""

    code = "signing.copy_paper_signed"


class CopyForbiddenError(RefusedError):
    """The author of an encrypted document does not permit it to be copied (facts: `name`)."""

    code = "signing.copy_forbidden"


class CopyNoRoomError(RefusedError):
    """Where the copy's words go something else is seen already (facts: `width_mm`)."""

    code = "signing.copy_no_room"
