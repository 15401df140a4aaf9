"""The way of an outgoing document: prepared, signed, numbered, sealed."""

from __future__ import annotations

from pki.errors.tree import InvalidInputError, RefusedError


class PrepareSignedError(RefusedError):
    """A document that somebody has signed cannot be prepared any more (facts: `field`)."""

    code = "signing.prepare_signed"


class PreparedAlreadyError(RefusedError):
    """The document has the fields of a prepared one (facts: `field`)."""

    code = "signing.prepared_already"


class NumberPlaceNotFoundError(InvalidInputError):
    """No line of the first page's upper half begins with "Số:" (no facts)."""

    code = "signing.number_place_not_found"


class NumberPrintedError(RefusedError):
    """The document's number stands in its text already (no facts)."""

    code = "signing.number_printed"


class DatePlaceNotFoundError(InvalidInputError):
    """No "ngày … tháng … năm …" in the first page's upper half (no facts)."""

    code = "signing.date_place_not_found"


class BlankTooSmallError(InvalidInputError):
    """The page leaves too little room behind a word (facts: `word`, `width_mm`)."""

    code = "signing.blank_too_small"


class NotPreparedError(RefusedError):
    """The document has no fields for number and date (no facts)."""

    code = "signing.not_prepared"


class NumberedAlreadyError(RefusedError):
    """Number or date is filled in already (facts: `field`)."""

    code = "signing.numbered_already"


class NumberLockedError(RefusedError):
    """A signature locks the fields for number and date (facts: `field`, `by`)."""

    code = "signing.number_locked"


class NumberAfterSealError(RefusedError):
    """The agency has signed, so nothing is filled in any more (facts: `field`)."""

    code = "signing.number_after_seal"


class PersonNotSignedYetError(RefusedError):
    """The competent person has not signed (facts: `field`)."""

    code = "signing.person_not_signed_yet"


class PersonSignatureInvalidError(RefusedError):
    """The competent person's signature does not hold (facts: `field`, `findings`)."""

    code = "signing.person_signature_invalid"


class NumberMalformedError(InvalidInputError):
    """The number is not one, or not what its field takes (facts: `number`, `form`)."""

    code = "signing.number_malformed"


class DateDiffersError(InvalidInputError):
    """The page has another date in print (facts: `printed`, `date`)."""

    code = "signing.date_differs"


class ValueTooWideError(InvalidInputError):
    """A field is too narrow for its value (facts: `value`, `width_mm`, `needed_mm`)."""

    code = "signing.value_too_wide"


class AgencyBeforePersonError(RefusedError):
    """The agency would sign before the competent person (facts: `article`)."""

    code = "signing.agency_before_person"


class NotNumberedError(RefusedError):
    """The agency would sign a prepared document without its number or date (facts: `field`)."""

    code = "signing.not_numbered"


class AgencyFieldError(RefusedError):
    """The agency would sign a prepared document beside its field, which locks (facts: `field`)."""

    code = "signing.agency_field"


class AnnexMainRefusedError(RefusedError):
    """The main document of an annex is no valid original (facts: `name`, `reason`)."""

    code = "signing.annex_main_refused"


class AnnexNumberUnreadError(InvalidInputError):
    """The main document's number cannot be read from its page (facts: `name`)."""

    code = "signing.annex_number_unread"


class AnnexNumberDiffersError(InvalidInputError):
    """Another number was said than the main document has (facts: `number`, `found`)."""

    code = "signing.annex_number_differs"
