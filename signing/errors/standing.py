"""The signer's certificate, before the PIN is asked and after."""

from __future__ import annotations

from pki.errors.tree import InvalidInputError, RefusedError


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


class RevokedMeanwhileError(RefusedError):
    """Evidence gathered after signing says revoked (facts: `subject`, `revoked_at`)."""

    code = "signing.revoked_meanwhile"
