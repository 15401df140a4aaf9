"""Everything that `signing` refuses or cannot do, by who must act (see `pki.errors`).

InvalidInputError   the document, the display profile or the place named is not usable
RefusedError        certificate, document state or output file says no
UnavailableError    time-stamp service, evidence, font or disk is not there now
"""

from __future__ import annotations

from pki.errors.tree import InvalidInputError, RefusedError, UnavailableError


class DocumentUnsupportedError(InvalidInputError):
    """The document's structure cannot be signed safely (facts: `reason`)."""

    code = "signing.document_unsupported"


class DisplayUnknownError(InvalidInputError):
    """No display profile of that name (facts: `name`, `known`)."""

    code = "signing.display_unknown"


class DisplayMalformedError(InvalidInputError):
    """A display profile does not read (facts: `name`, `reason`)."""

    code = "signing.display_malformed"


class PageNotFoundError(InvalidInputError):
    """The document has no such page (facts: `page`, `pages`)."""

    code = "signing.page_not_found"


class OutsidePageError(InvalidInputError):
    """The place named reaches over the page's edge (facts: `page`, `width_mm`, `height_mm`)."""

    code = "signing.outside_page"


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


class DocumentTooLargeToReadError(InvalidInputError):
    """The document is too large to be searched for a place (facts: `size`, `limit`)."""

    code = "signing.too_large_to_search"


class PersonNotSignedError(RefusedError):
    """No signature is seen that the agency's seal could go over (facts: `pages`)."""

    code = "signing.person_not_signed"


class PersonFieldNotFoundError(InvalidInputError):
    """There is no signature to be seen in the field named (facts: `field`)."""

    code = "signing.person_field_not_found"


class FieldTakenError(RefusedError):
    """The signature field named is signed already (facts: `field`)."""

    code = "signing.field_taken"


class FieldNotSignatureError(InvalidInputError):
    """A field of that name exists and takes no signature (facts: `field`)."""

    code = "signing.field_not_a_signature"


class FieldNumberError(InvalidInputError):
    """The document has no signature field of that number (facts: `number`, `fields`)."""

    code = "signing.field_number"


class CertificateExpiredError(RefusedError):
    """The signer's certificate is past its period (facts: `subject`, `not_after`)."""

    code = "signing.certificate_expired"


class CertificateNotYetValidError(RefusedError):
    """The signer's certificate is not yet in its period (facts: `subject`, `not_before`)."""

    code = "signing.certificate_not_yet_valid"


class AlgorithmNotAcceptedError(RefusedError):
    """The policy accepts no signatures of this key's algorithm (facts: `subject`, `algorithm`)."""

    code = "signing.algorithm_not_accepted"


class WrongUsageError(RefusedError):
    """The certificate is not for signing documents (facts: `subject`, `extension`)."""

    code = "signing.wrong_usage"


class WrongOwnerError(RefusedError):
    """The certificate is not the expected owner's (facts: `subject`, `kind`).

    Which number or address was expected is not told: errors hold no personal numbers.
    """

    code = "signing.wrong_owner"


class OwnerUnreadableError(InvalidInputError):
    """The expected owner is neither a number with its kind nor an e-mail address (no facts)."""

    code = "signing.owner_unreadable"


class UntrustedPathError(RefusedError):
    """No path leads from the certificate to a trusted root (facts: `subject`, `issuer`)."""

    code = "signing.untrusted_path"


class CertificateRevokedError(RefusedError):
    """The certificate is revoked (facts: `subject`, `revoked_at`, `reason`)."""

    code = "signing.certificate_revoked"


class StatusUnknownError(RefusedError):
    """The status could not be checked and policy asks for it (facts: `subject`, `reason`)."""

    code = "signing.status_unknown"


class KeyMismatchError(RefusedError):
    """The private key is not the certificate's (facts: `subject`)."""

    code = "signing.key_mismatch"


class ExistingSignatureBrokenError(RefusedError):
    """A signature that is already in the document does not hold (facts: `field`)."""

    code = "signing.existing_signature_broken"


class DocumentLockedError(RefusedError):
    """A signature in the document forbids any further one (facts: `field`)."""

    code = "signing.document_locked"


class CertifiedError(RefusedError):
    """A certification forbids new visible fields (facts: `field`)."""

    code = "signing.certified_no_new_field"


class CertifyNotFirstError(RefusedError):
    """Only the first signature of a document can certify it (facts: `field`)."""

    code = "signing.certify_not_first"


class LockDiffersError(RefusedError):
    """The field's own lock is not covered by the lock asked for (facts: `field`, `action`)."""

    code = "signing.lock_differs"


class LockTooLateError(RefusedError):
    """A permission cannot be written into a field of a signed document (facts: `field`)."""

    code = "signing.lock_too_late"


class SeedValueError(RefusedError):
    """The field's seed values ask for something else (facts: `field`, `entry`, `wanted`)."""

    code = "signing.seed_value"


class ReasonAndCommitmentError(InvalidInputError):
    """A reason and a commitment are asked for together (facts: `reason`, `commitment`)."""

    code = "signing.reason_and_commitment"


class FormLacksError(InvalidInputError):
    """The form of signature cannot carry what is asked for (facts: `form`, `wish`)."""

    code = "signing.form_lacks"


class RevokedMeanwhileError(RefusedError):
    """Evidence gathered after signing says revoked (facts: `subject`, `revoked_at`)."""

    code = "signing.revoked_meanwhile"


class ResultNotValidError(RefusedError):
    """What was made does not hold (facts: `field`, `indication`, `level`, `findings`)."""

    code = "signing.result_not_valid"


class NothingToExtendError(RefusedError):
    """The document has no signature that could be raised (facts: `name`)."""

    code = "signing.nothing_to_extend"


class NotProvableError(RefusedError):
    """No evidence proves a signature in the document (facts: `field`, `indication`, `findings`)."""

    code = "signing.not_provable"


class TSANotNamedError(RefusedError):
    """The level asked for needs a time-stamp service and none is named (facts: `level`)."""

    code = "signing.tsa_not_named"


class TSARejectedError(RefusedError):
    """The time-stamp service answered no (facts: `url`, `status`, `reason`)."""

    code = "signing.tsa_rejected"


class TSAUnavailableError(UnavailableError):
    """The time-stamp service gave no answer (facts: `url`, `reason`)."""

    code = "signing.tsa_unavailable"


class TSAWrongAnswerError(UnavailableError):
    """The time-stamp service's answer is not one to this request (facts: `url`, `reason`)."""

    code = "signing.tsa_wrong_answer"


class TSAOtherRequestError(TSAWrongAnswerError):
    """The time-stamp service answered another request than ours (facts: `url`, `reason`)."""

    code = "signing.tsa_other_request"


class TSATooLateError(UnavailableError):
    """The time-stamp service gave no answer within its limit (facts: `url`, `seconds`)."""

    code = "signing.tsa_too_late"


class TSATimeError(UnavailableError):
    """A time-stamp tells another time than this machine's clock (facts: `url`, `time`, `now`)."""

    code = "signing.tsa_time"


class TSANoneAnsweredError(UnavailableError):
    """Of several time-stamp services none gave what can be used (facts: `count`, `reasons`)."""

    code = "signing.tsa_none_answered"


class EvidenceUnavailableError(UnavailableError):
    """Status evidence could not be had (facts: `subject`, `reason`)."""

    code = "signing.evidence_unavailable"


class FontMissingError(UnavailableError):
    """No font on this machine can show the text (facts: `missing`)."""

    code = "signing.font_missing"


class FileIsDirectoryError(InvalidInputError):
    """A directory stands where a file should (facts: `path`)."""

    code = "signing.is_a_directory"


class FileUnreadableError(InvalidInputError):
    """The file cannot be read (facts: `path`, `reason`)."""

    code = "signing.unreadable"


class OutputIsInputError(RefusedError):
    """The output is the input and that was not asked for (facts: `path`)."""

    code = "signing.output_is_input"


class DocumentGoneError(UnavailableError):
    """A document that waits to be raised is not where it was given out (facts: `path`)."""

    code = "signing.document_gone"


class DocumentChangedError(RefusedError):
    """What is there is not the document that waits, or was changed meanwhile (facts: `path`)."""

    code = "signing.document_changed"


class QueueBusyError(UnavailableError):
    """Another process works on the queue (facts: `path`)."""

    code = "signing.queue_busy"


class QueueEntryUnreadableError(InvalidInputError):
    """A file of the queue cannot be read (facts: `path`)."""

    code = "signing.queue_entry_unreadable"


class QueueUnwritableError(UnavailableError):
    """The queue's folder cannot be made (facts: `path`, `reason`)."""

    code = "signing.queue_unwritable"


class EvidenceBusyError(UnavailableError):
    """Another process keeps evidence in this home for too long (facts: `path`)."""

    code = "signing.evidence_busy"


class EvidenceUnwritableError(UnavailableError):
    """Evidence about a signature cannot be kept (facts: `path`, `reason`)."""

    code = "signing.evidence_unwritable"


class EvidenceNotFoundError(InvalidInputError):
    """No evidence was kept under that name (facts: `id`)."""

    code = "signing.evidence_not_found"


class EvidenceErasedError(RefusedError):
    """The evidence was erased, for good (facts: `id`, `at`)."""

    code = "signing.evidence_erased"


class EvidenceUnreadableError(UnavailableError):
    """Evidence that was kept is gone or is not what was kept (facts: `id`)."""

    code = "signing.evidence_unreadable"


class EvidenceTooEarlyError(RefusedError):
    """Evidence must be kept for some time yet (facts: `id`, `until`)."""

    code = "signing.evidence_too_early"


class BatchBusyError(UnavailableError):
    """Another process signs into the same folder (facts: `path`)."""

    code = "signing.batch_busy"


class JournalUnreadableError(InvalidInputError):
    """The journal of a folder does not read (facts: `path`, `line`)."""

    code = "signing.journal_unreadable"


class JournalTooLargeError(RefusedError):
    """The journal of a folder is as large as it may be (facts: `path`, `limit`)."""

    code = "signing.journal_too_large"


class JournalUnwritableError(UnavailableError):
    """The journal of a folder cannot be written (facts: `path`, `reason`)."""

    code = "signing.journal_unwritable"


class InputChangedError(RefusedError):
    """A document changed after it was signed and given out (facts: `path`, `output`)."""

    code = "signing.input_changed"


class OutputGoneError(RefusedError):
    """A document was given out and is not where it was put (facts: `path`)."""

    code = "signing.output_gone"


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
