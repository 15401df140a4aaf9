"""What `verify` raises: only files that are no documents, and inputs of its own that are wrong.

A verdict is data (`verify.report.Report`), never an exception.
"""

from __future__ import annotations

from pki.errors.tree import InvalidInputError, RefusedError, UnavailableError


class NotAPDFError(InvalidInputError):
    """The file has no PDF header (fact: `name`)."""

    code = "verify.not_a_pdf"


class BytesBeforeHeaderError(InvalidInputError):
    """Something stands before the PDF header (facts: `name`, `size` of it, in bytes)."""

    code = "verify.bytes_before_header"


class EmptyPDFError(InvalidInputError):
    """The file has no bytes (fact: `name`)."""

    code = "verify.pdf_empty"


class BrokenPDFError(InvalidInputError):
    """The file begins as a PDF and cannot be read as one (facts: `name`, `reason`)."""

    code = "verify.pdf_broken"


class EncryptedPDFError(InvalidInputError):
    """The file needs a password (fact: `name`)."""

    code = "verify.pdf_encrypted"


class WrongPasswordError(RefusedError):
    """The password does not open the file (fact: `name`)."""

    code = "verify.password_wrong"


class UnsupportedEncryptionError(InvalidInputError):
    """The file is encrypted as no standard has it any more, or yet (`name`, `revision`)."""

    code = "verify.encryption_unsupported"


class EncryptedForCertificatesError(InvalidInputError):
    """The file is encrypted for holders of certificates (fact: `name`)."""

    code = "verify.pdf_encrypted_for_certificates"


class TooLargeError(InvalidInputError):
    """The file is larger than the policy's limit (facts: `name`, `size`, `limit`)."""

    code = "verify.too_large"


class TooManySignaturesError(InvalidInputError):
    """The document has more signature fields than the policy allows (facts: `name`, `limit`)."""

    code = "verify.too_many_signatures"


class NotASignatureError(InvalidInputError):
    """What was given as a signature is no CMS SignedData, DER or PEM (fact: `name`)."""

    code = "verify.not_a_signature"


class DigestInvalidError(InvalidInputError):
    """What was handed in as a digest is none (facts: `algorithm`, `size` in octets)."""

    code = "verify.digest_invalid"


class MalformedObjectError(InvalidInputError):
    """A signature, certificate or piece of evidence cannot be read (facts: `what`, `reason`)."""

    code = "verify.malformed"


class TrustFileError(InvalidInputError):
    """A file of trust anchors has no certificate that can be read (facts: `path`, `reason`)."""

    code = "verify.trust_unreadable"


class ListTooLargeError(InvalidInputError):
    """A trusted list has more bytes than any has (facts: `name`, `size`, `limit`)."""

    code = "verify.list_too_large"


class ListMalformedError(InvalidInputError):
    """What should be a trusted list cannot be read as one (facts: `name`, `reason`)."""

    code = "verify.list_malformed"


class ListVersionError(InvalidInputError):
    """A trusted list is of a version that is not read (facts: `name`, `version`)."""

    code = "verify.list_version"


class ListUnsignedError(RefusedError):
    """A trusted list has no signature (fact: `name`)."""

    code = "verify.list_unsigned"


class ListSignatureFormError(RefusedError):
    """A trusted list's signature is not of the one form that is taken (`name`, `reason`)."""

    code = "verify.list_signature_form"


class ListSignerError(RefusedError):
    """A trusted list was signed by one who may not sign it (facts: `name`, `signer`)."""

    code = "verify.list_signer"


class ListWeakError(RefusedError):
    """A trusted list was signed with what is too weak today (facts: `name`, `algorithm`)."""

    code = "verify.list_weak"


class ListAlteredError(RefusedError):
    """A trusted list is not what was signed (fact: `name`)."""

    code = "verify.list_altered"


class ListExpiredError(RefusedError):
    """A newer trusted list should be there since (facts: `name`, `next_update`)."""

    code = "verify.list_expired"


class ListClosedError(RefusedError):
    """A trusted list that says it has no successor (fact: `name`)."""

    code = "verify.list_closed"


class ListNotYetError(RefusedError):
    """A trusted list was issued in the future (facts: `name`, `issued`)."""

    code = "verify.list_not_yet"


class ListOlderError(RefusedError):
    """A trusted list is older than one that was had before (`name`, `sequence`, `kept`)."""

    code = "verify.list_older"


class ListOtherError(RefusedError):
    """A trusted list is another than was asked for (facts: `name`, `found`, `wanted`)."""

    code = "verify.list_other"


class ListUnpinnedError(RefusedError):
    """A trusted list was given and nobody named who may sign it (fact: `name`)."""

    code = "verify.list_unpinned"


class ListUnknownError(RefusedError):
    """No trusted list is configured by that name (fact: `name`)."""

    code = "verify.list_unknown"


class ListMissingError(UnavailableError):
    """A trusted list is not kept here and cannot be had (facts: `name`, `reason`)."""

    code = "verify.list_missing"


class EvidenceFileError(InvalidInputError):
    """A file of evidence cannot be read, or is none (facts: `path`, `reason`)."""

    code = "verify.evidence_unreadable"


class PolicyFileError(InvalidInputError):
    """A policy is not what a policy must be (facts: `name`, `reason`)."""

    code = "verify.policy_invalid"


class PolicyAlgorithmUnknownError(InvalidInputError):
    """A policy names an algorithm nothing here can verify (`name`, `place`, `algorithm`)."""

    code = "verify.policy_algorithm_unknown"


class PolicyContradictionError(InvalidInputError):
    """One part of a policy says what another denies (`name`, `place`, `why`)."""

    code = "verify.policy_contradiction"


class PolicyRulesOverlapError(InvalidInputError):
    """Two rules of law for the same signatures of one day (`name`, `first`, `second`, `day`)."""

    code = "verify.policy_rules_overlap"


class NotPassedError(RefusedError):
    """A report that had to be TOTAL-PASSED is not (facts: `name`, `indication`, `why`)."""

    code = "verify.not_passed"


class RequestMalformedError(InvalidInputError):
    """A request to the service cannot be understood (fact: `reason`)."""

    code = "verify.request_malformed"


class RequestTooLargeError(InvalidInputError):
    """A request to the service is longer than allowed (fact: `limit`, octets)."""

    code = "verify.request_too_large"


class UnknownCallerError(RefusedError):
    """The service was asked without a key, or with one that it does not know."""

    code = "verify.caller_unknown"


class UnknownJobError(RefusedError):
    """There is no such job, or none of this caller."""

    code = "verify.job_unknown"


class JudgingTooLongError(RefusedError):
    """Judging a document took longer than allowed, and was ended (`name`, `seconds`)."""

    code = "verify.judging_too_long"


class JudgingEndedError(RefusedError):
    """Judging a document took more memory than allowed, or ended its process (fact: `name`)."""

    code = "verify.judging_ended"


class RateLimitError(UnavailableError):
    """A caller sent too many documents (facts: `per_minute`, `seconds` until there is room)."""

    code = "verify.rate_limit"


class TooManyJobsError(UnavailableError):
    """A caller has too many jobs (fact: `jobs`)."""

    code = "verify.too_many_jobs"


class ServiceBusyError(UnavailableError):
    """The service has as much to do as it takes."""

    code = "verify.service_busy"
