"""What can go wrong with tokens, PINs and keys. Facts are labels, serials and states, never a PIN.

InvalidInputError   a key URI, a PIN or a key file is malformed
RefusedError        wrong PIN, locked, ambiguous, not this key, not this algorithm
UnavailableError    no module, no token, no key, the device failed or went away
"""

from __future__ import annotations

from pki.errors.tree import InvalidInputError, RefusedError, UnavailableError


class KeyURIError(InvalidInputError):
    """A key's address is neither a PKCS#11 URI nor `file:PATH` (facts: `reason`)."""

    code = "hsm.key_uri"


class PINMalformedError(InvalidInputError):
    """A PIN is empty or not text (facts: `source`)."""

    code = "hsm.pin_malformed"


class PINSourceError(InvalidInputError):
    """Not `prompt`, `env:NAME`, `file:PATH` or `fd:N` (no facts: the text may be a PIN)."""

    code = "hsm.pin_source"


class LabelTooLongError(InvalidInputError):
    """A token's label has more than 32 bytes in UTF-8 (facts: `label`)."""

    code = "hsm.label_too_long"


class KeyFileMalformedError(InvalidInputError):
    """A key file holds no private key that can be read (facts: `path`)."""

    code = "hsm.key_file_malformed"


class ModuleTableError(InvalidInputError):
    """A table of known PKCS#11 modules cannot be used (facts: `reason`)."""

    code = "hsm.module_table"


class PINFileExposedError(RefusedError):
    """A PIN file can be read by other users of the machine (facts: `path`)."""

    code = "hsm.pin_file_exposed"


class WrongPINError(RefusedError):
    """The token said CKR_PIN_INCORRECT (facts: `token`, `serial`, `pin_flags`)."""

    code = "hsm.wrong_pin"


class WrongPINFinalTryError(WrongPINError):
    """Wrong PIN, and one try is left."""

    code = "hsm.wrong_pin_final_try"


class WrongPINLockedError(WrongPINError):
    """Wrong PIN, and that was the last try."""

    code = "hsm.wrong_pin_locked"


class PINLockedError(RefusedError):
    """The token's PIN is locked; it was not asked for (facts: `token`, `serial`)."""

    code = "hsm.pin_locked"


class PINFinalTryError(RefusedError):
    """One try is left and nobody said to spend it; the PIN was not asked for."""

    code = "hsm.pin_final_try"


class PINNotAcceptedError(RefusedError):
    """The token refuses this PIN's length or characters (facts: `token`)."""

    code = "hsm.pin_not_accepted"


class PINExpiredError(RefusedError):
    """The token wants the PIN changed first (facts: `token`)."""

    code = "hsm.pin_expired"


class PINNotSetError(RefusedError):
    """The token has no user PIN yet (facts: `token`)."""

    code = "hsm.pin_not_set"


class PINCancelledError(RefusedError):
    """The PIN was not given: cancelled on the reader's keys (facts: `token`)."""

    code = "hsm.pin_cancelled"


class TokenAmbiguousError(RefusedError):
    """More than one token fits what was asked (facts: `wanted`, `serials`)."""

    code = "hsm.token_ambiguous"


class KeyAmbiguousError(RefusedError):
    """More than one key on the token fits what was asked (facts: `wanted`, `token`)."""

    code = "hsm.key_ambiguous"


class KeyMismatchError(RefusedError):
    """The private key does not belong to what was asked (facts: `token`, `wanted`)."""

    code = "hsm.key_mismatch"


class KeyStaysError(RefusedError):
    """Something only the raw private key could do was asked (facts: `operation`, `token`)."""

    code = "hsm.key_stays"


class KeyNotProtectedError(RefusedError):
    """The token made a key that could leave it; it was destroyed (facts: `token`, `attributes`)."""

    code = "hsm.key_not_protected"


class KeyLeftBehindError(UnavailableError):
    """A key was made, cannot be used or judged, and is still there (facts: `token`, `key`)."""

    code = "hsm.key_left_behind"


class AlgorithmUnsupportedError(RefusedError):
    """Not a signature algorithm that keys of this kind are used with here (facts: `algorithm`)."""

    code = "hsm.algorithm_unsupported"


class MechanismUnsupportedError(RefusedError):
    """The token cannot compute this (facts: `token`, `mechanism`)."""

    code = "hsm.mechanism_unsupported"


class TokenWriteProtectedError(RefusedError):
    """The token takes no new objects (facts: `token`)."""

    code = "hsm.token_write_protected"


class TokenExistsError(RefusedError):
    """A token of this label exists (facts: `label`)."""

    code = "hsm.token_exists"


class TokenNotBlankError(RefusedError):
    """The token was set up before, and only a blank one may be (facts: `token`, `serial`)."""

    code = "hsm.token_not_blank"


class ForkedError(RefusedError):
    """The process was forked after the module was loaded (facts: `module`)."""

    code = "hsm.forked"


class EmbeddedConflictError(RefusedError):
    """This process already uses SoftHSM with other tokens (facts: `directory`, `module`)."""

    code = "hsm.embedded_conflict"


class KeyPasswordNeededError(RefusedError):
    """A key file is encrypted and no password was given (facts: `path`)."""

    code = "hsm.key_password_needed"


class KeyPasswordWrongError(RefusedError):
    """A key file does not open with this password (facts: `path`)."""

    code = "hsm.key_password_wrong"


class KeyTypeUnsupportedError(RefusedError):
    """A key of a kind Antin does not sign with (facts: `where`)."""

    code = "hsm.key_type_unsupported"


class PINSourceUnavailableError(UnavailableError):
    """The PIN could not be read from where it was said to be (facts: `source`)."""

    code = "hsm.pin_unavailable"


class KeyFileUnavailableError(UnavailableError):
    """A key file could not be read (facts: `path`)."""

    code = "hsm.key_file_unavailable"


class ModuleUnusableError(UnavailableError):
    """A PKCS#11 module could not be loaded (facts: `module`, `reason`)."""

    code = "hsm.module_unusable"


class ModuleMissingError(ModuleUnusableError):
    """No file is where the module should be (facts: `module`)."""

    code = "hsm.module_missing"


class ModuleArchitectureError(ModuleUnusableError):
    """The module is built for another processor, or for 32 bits (facts: `module`, `reason`)."""

    code = "hsm.module_architecture"


class ModuleDependencyError(ModuleUnusableError):
    """The module needs a library that is not there (facts: `module`, `reason`)."""

    code = "hsm.module_dependency"


class ModuleForeignError(ModuleUnusableError):
    """A file that is no PKCS#11 module, or answers like none (facts: `module`, `reason`)."""

    code = "hsm.module_foreign"


class ModuleCrashedError(ModuleUnusableError):
    """The module ended the process it was tried in (facts: `module`, `stage`, `reason`)."""

    code = "hsm.module_crashed"


class ModuleHungError(ModuleUnusableError):
    """The module did not come back when it was tried (facts: `module`, `stage`, `reason`)."""

    code = "hsm.module_hung"


class ModuleRefusedError(ModuleUnusableError):
    """The module answered with an error when it was tried (facts: `module`, `stage`, `reason`)."""

    code = "hsm.module_refused"


class SmartCardServiceError(ModuleUnusableError):
    """The module refused, and the smart-card service does not run (facts: `module`)."""

    code = "hsm.smart_card_service"


class SoftHSMMissingError(UnavailableError):
    """SoftHSM is not installed where it was looked for (facts: `looked`)."""

    code = "hsm.softhsm_missing"


class EmbeddedDirectoryError(UnavailableError):
    """The directory of the embedded tokens cannot be used (facts: `directory`)."""

    code = "hsm.embedded_directory"


class TokenNotFoundError(UnavailableError):
    """No token fits what was asked (facts: `wanted`, `seen`)."""

    code = "hsm.token_not_found"


class TokensUnseenError(TokenNotFoundError):
    """No token fits of those that could be looked at (facts: `wanted`, `seen`, `failed`)."""

    code = "hsm.tokens_unseen"


class TokenNotPresentError(UnavailableError):
    """The token is not in its slot (facts: `token`)."""

    code = "hsm.token_not_present"


class TokenRemovedError(UnavailableError):
    """The token was removed while in use (facts: `token`)."""

    code = "hsm.token_removed"


class TokenTimeoutError(UnavailableError):
    """The token or its module takes too long and was given up (facts: `token`, `seconds`)."""

    code = "hsm.token_timeout"


class DeviceFailedError(UnavailableError):
    """The token reports a fault of its own (facts: `token`, `reason`)."""

    code = "hsm.device_failed"


class SignatureWrongError(UnavailableError):
    """What the token returned is no signature that verifies (facts: `token`)."""

    code = "hsm.signature_wrong"


class SessionLostError(UnavailableError):
    """The token forgot the session: asleep, reset, or taken by another program (facts: `token`)."""

    code = "hsm.session_lost"


class FunctionFailedError(UnavailableError):
    """The module failed without a usable reason (facts: `token`, `reason`)."""

    code = "hsm.function_failed"


class KeyNotFoundError(UnavailableError):
    """The token holds no such private key (facts: `wanted`, `token`)."""

    code = "hsm.key_not_found"


class PublicKeyMissingError(UnavailableError):
    """The token does not tell the key's public half (facts: `token`)."""

    code = "hsm.public_key_missing"


class EmbeddedBusyError(UnavailableError):
    """Another process keeps the embedded tokens' files for too long (facts: `directory`)."""

    code = "hsm.embedded_busy"


class WorkerPINPadError(RefusedError):
    """Several processes cannot share a PIN that is typed on the reader (facts: `token`)."""

    code = "hsm.worker_pin_pad"


class WorkerPINEachTimeError(RefusedError):
    """Workers have no PIN for a key that wants one at every signature (facts: `token`)."""

    code = "hsm.worker_pin_each_time"


class WorkerNotStartedError(UnavailableError):
    """A signing process could not be started, or ended before it was ready (facts: `reason`)."""

    code = "hsm.worker_not_started"


class WorkerLoginLostError(UnavailableError):
    """The token forgot a worker's login, and a worker logs in only once (facts: `token`)."""

    code = "hsm.worker_login_lost"


class WorkerLostError(UnavailableError):
    """A worker ended in the middle of a task (facts: `token`, `reason`)."""

    code = "hsm.worker_lost"


class WorkersGoneError(UnavailableError):
    """No worker was left to begin the task (facts: `token`)."""

    code = "hsm.workers_gone"
