"""The document itself, and what stands in the way of one more signature."""

from __future__ import annotations

from pki.errors.tree import InvalidInputError, RefusedError


class DocumentUnsupportedError(InvalidInputError):
    """The document's structure cannot be signed safely (facts: `reason`)."""

    code = "signing.document_unsupported"


class HybridDiffersError(InvalidInputError):
    """Old and new programs see an object differently (facts: `name`, `object`)."""

    code = "signing.hybrid_differs"


class HybridHidesError(InvalidInputError):
    """Old programs do not see something that is shown (facts: `name`, `object`)."""

    code = "signing.hybrid_hides"


class DocumentNeedsRepairError(InvalidInputError):
    """What it holds must be searched for, which programs do differently (`name`, `offset`)."""

    code = "signing.document_needs_repair"


class ProgramsDifferError(InvalidInputError):
    """Programs show different things on a page (facts: `name`, `page`)."""

    code = "signing.programs_differ"


class DynamicFormError(InvalidInputError):
    """The pages are drawn by whoever opens the document: a dynamic XFA form (fact: `name`)."""

    code = "signing.dynamic_form"


class NewFieldForbiddenError(RefusedError):
    """The author of an encrypted document permits no new fields (fact: `name`)."""

    code = "signing.new_field_forbidden"


class FillingForbiddenError(RefusedError):
    """The author of an encrypted document does not permit fields to be filled (fact: `name`)."""

    code = "signing.filling_forbidden"


class ExistingSignatureBrokenError(RefusedError):
    """A signature that is already in the document does not hold (facts: `field`)."""

    code = "signing.existing_signature_broken"


class WouldBreakError(RefusedError):
    """Whatever is added breaks a signature that is there (facts: `name`, `field`, `findings`)."""

    code = "signing.would_break"


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


class ResultNotValidError(RefusedError):
    """What was made does not hold (facts: `field`, `indication`, `level`, `findings`)."""

    code = "signing.result_not_valid"
