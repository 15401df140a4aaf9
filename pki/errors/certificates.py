"""What was issued, and what becomes of it."""

from __future__ import annotations

from pki.errors.tree import InvalidInputError, RefusedError


class CertificateNotFoundError(InvalidInputError):
    """The authority never issued that serial (facts: `issuer`, `serial`)."""

    code = "pki.certificate_not_found"


class CertificateErasedError(RefusedError):
    """The content of the certificate was erased, for good (facts: `serial`, `erased_at`)."""

    code = "pki.certificate_erased"


class ErasureTooEarlyError(RefusedError):
    """The certificate must be kept for some time yet (facts: `serial`, `until`)."""

    code = "pki.erasure_too_early"


class ErasureForbiddenError(RefusedError):
    """It stands for others: of an authority or a signer of services or log (fact: `serial`)."""

    code = "pki.erasure_forbidden"


class AlreadyRevokedError(RefusedError):
    """The certificate is revoked; date and reason stay (facts: `serial`, `revoked_at`)."""

    code = "pki.already_revoked"


class CertificateHeldError(RefusedError):
    """The certificate is on hold already (facts: `serial`, `held_at`)."""

    code = "pki.certificate_held"


class NotHeldError(RefusedError):
    """A certificate to be released is not on hold (facts: `serial`)."""

    code = "pki.not_held"


class RevocationFinalError(RefusedError):
    """A certificate to be released is revoked (facts: `serial`, `revoked_at`)."""

    code = "pki.revocation_final"


class NotRevokedError(RefusedError):
    """A reason is to be raised where nothing is revoked (facts: `serial`)."""

    code = "pki.not_revoked"


class HoldExpiredError(RefusedError):
    """A certificate to be held has expired (facts: `serial`, `not_after`)."""

    code = "pki.hold_expired"


class InvalidityDateError(InvalidInputError):
    """The key cannot have been unsafe only from then on (facts: `invalidity_date`, `now`)."""

    code = "pki.invalidity_date"


class RenewRevokedError(RefusedError):
    """A certificate to be renewed is revoked (facts: `serial`, `revoked_at`)."""

    code = "pki.renew_revoked"


class RenewHeldError(RefusedError):
    """A certificate to be renewed is on hold (facts: `serial`, `held_at`)."""

    code = "pki.renew_held"


class RenewExpiredError(RefusedError):
    """A certificate to be renewed expired too long ago (facts: `serial`, `not_after`, `days`)."""

    code = "pki.renew_expired"


class RekeySameKeyError(RefusedError):
    """A certificate is to be rekeyed with the key that it has (facts: `serial`)."""

    code = "pki.rekey_same_key"


class KeyCompromisedError(RefusedError):
    """A certificate of this key was revoked for its compromise (facts: `issuer`, `serial`)."""

    code = "pki.key_compromised"


class RevocationReasonError(InvalidInputError):
    """No reason that can be given for a revocation (facts: `reason`)."""

    code = "pki.revocation_reason"
