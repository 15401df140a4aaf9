"""What the command line itself refuses or cannot do."""

from __future__ import annotations

from pki.errors.tree import InvalidInputError, RefusedError, UnavailableError


class NoHomeError(RefusedError):
    """The command needs a home and there is none (facts: `home`)."""

    code = "cli.no_home"


class HomeExistsError(RefusedError):
    """`init` never touches a folder that holds something (facts: `home`)."""

    code = "cli.home_exists"


class NewerHomeError(RefusedError):
    """The home was made by a newer Antin (facts: `home`, `version`, `known`)."""

    code = "cli.home_newer"


class BusyHomeError(UnavailableError):
    """Another `antin` is changing this home (facts: `home`)."""

    code = "cli.home_busy"


class BadConfigurationError(InvalidInputError):
    """`antin.toml` is not valid (facts: `path`, `problem`)."""

    code = "cli.bad_configuration"


class UnreadableFileError(InvalidInputError):
    """A file named on the command line cannot be read (facts: `path`, `reason`)."""

    code = "cli.unreadable"


class PortTakenError(UnavailableError):
    """The home's fixed port is in use by something else (facts: `address`)."""

    code = "cli.port_taken"


class NotLoopbackError(RefusedError):
    """A demonstration home is served on this machine only (facts: `address`)."""

    code = "cli.not_loopback"


class ServiceOpenError(RefusedError):
    """Others could have documents judged without TLS and a key (fact: `address`)."""

    code = "cli.service_open"


class KeyNameTakenError(RefusedError):
    """A document system of that name has a key already (fact: `name`)."""

    code = "cli.key_name_taken"


class TLSFilesError(InvalidInputError):
    """The files for TLS cannot be used (facts: `path`, `reason`)."""

    code = "cli.tls_files"


class NoLogSignerError(RefusedError):
    """The home has no key for its audit log; `antin.toml` names none."""

    code = "cli.no_log_signer"


class CheckpointUntrustedError(RefusedError):
    """A checkpoint whose signature does not count (fact: `reason`)."""

    code = "cli.checkpoint_untrusted"


class NothingToProveError(RefusedError):
    """Neither a serial nor an earlier checkpoint was named."""

    code = "cli.nothing_to_prove"


class NoSignerError(RefusedError):
    """No certificate on any token fits (facts: `tokens`)."""

    code = "cli.no_signer"


class ManySignersError(RefusedError):
    """Several certificates fit and the choice is never guessed (facts: `certificates`)."""

    code = "cli.many_signers"


class NoPublicURLError(RefusedError):
    """Certificates name an address for ever; it must be stated before the first one."""

    code = "cli.no_public_url"


class NoTimestampServiceError(RefusedError):
    """The level asks for a time-stamp and no service is configured (facts: `level`)."""

    code = "cli.no_timestamp_service"


class SecretUnavailableError(UnavailableError):
    """The password of a service cannot be had, or cannot be sent (facts: `source`)."""

    code = "cli.secret_unavailable"


class DocumentPasswordError(UnavailableError):
    """The password of encrypted documents cannot be had (fact: `source`)."""

    code = "cli.document_password"


class UnknownNameError(RefusedError):
    """No authority, certificate or profile of that name (facts: `kind`, `name`)."""

    code = "cli.unknown_name"


class NotConfirmedError(RefusedError):
    """The person was asked and did not say yes; nothing was done."""

    code = "cli.not_confirmed"


class BadOptionError(InvalidInputError):
    """An option's value has not the form it needs (facts: `option`, `value`, `form`)."""

    code = "cli.bad_option"


class NothingSignedError(RefusedError):
    """No signature in the document is over the bytes that it covers (facts: `name`)."""

    code = "cli.nothing_signed"


class ServiceFaultyError(UnavailableError):
    """A signer of the services does not fit its authority or its use (facts: `what`)."""

    code = "cli.service_faulty"


class LapsingError(UnavailableError):
    """A certificate of the home's own services ends soon (facts: `what`, `not_after`)."""

    code = "cli.lapsing"


class ListEndsSoonError(UnavailableError):
    """A trusted list counts for some days, no newer one is here (facts: `name`, `until`)."""

    code = "cli.list_ends_soon"


class UpkeepStoppedError(UnavailableError):
    """A round of upkeep ended in an error nobody foresaw (fact: `reason`)."""

    code = "cli.upkeep_stopped"


class LapsedSoonError(UnavailableError):
    """Upkeep has alarms that are errors (facts: `alarms`)."""

    code = "cli.upkeep_alarms"


class TokenTroubleError(UnavailableError):
    """A token, or a module that is named, does not work (facts: `problem`, `advice`)."""

    code = "cli.token_trouble"


class PkilintMissingError(UnavailableError):
    """The linter pkilint is not installed (fact: `package`)."""

    code = "cli.pkilint_missing"


class PkilintFailedError(UnavailableError):
    """The linter pkilint gave no answer (fact: `reason`)."""

    code = "cli.pkilint_failed"


class CertificateFaultyError(RefusedError):
    """A linter has something grave against a certificate (facts: `serial`, `count`)."""

    code = "cli.certificate_faulty"


class NoDocumentsError(InvalidInputError):
    """Folders were named and hold no PDF (facts: `paths`)."""

    code = "cli.no_documents"


class KeyInUseError(RefusedError):
    """Something of this home signs with the key (facts: `key`, `users`, `options`)."""

    code = "cli.key_in_use"


class NewPINRefusedError(RefusedError):
    """A new PIN that could hardly be typed again, or of a wrong length (facts: `token`)."""

    code = "cli.new_pin_refused"


class PINsDifferError(RefusedError):
    """A new PIN was typed differently the second time (facts: `token`)."""

    code = "cli.pins_differ"


class OfficerPINError(RefusedError):
    """The officer's PIN was wrong (facts: `token`, `serial`, `pin_flags`)."""

    code = "cli.officer_pin"


class EmbeddedOfficerPINError(RefusedError):
    """Nobody knows the officer's PIN of an embedded token (facts: `token`)."""

    code = "cli.embedded_officer_pin"


class OfficerPINLockedError(RefusedError):
    """The officer's PIN is locked (facts: `token`, `serial`)."""

    code = "cli.officer_pin_locked"


class OfficerPINFinalTryError(RefusedError):
    """One try of the officer's PIN is left; nobody allowed it (facts: `token`, `serial`)."""

    code = "cli.officer_pin_final_try"


class PadInitError(RefusedError):
    """A token with a PIN pad is set up by its maker's program only (facts: `token`)."""

    code = "cli.pad_init"


class PassphraseShortError(RefusedError):
    """A passphrase that could be found by trying (fact: `least`)."""

    code = "cli.passphrase_short"


class PassphrasesDifferError(RefusedError):
    """A passphrase was typed differently the second time."""

    code = "cli.passphrases_differ"


class CeremonyKeyError(RefusedError):
    """A token does not keep a key as its ceremony demands (facts: `key`, `token`, `attributes`)."""

    code = "cli.ceremony_key"


class ForeignSilentError(UnavailableError):
    """Another authority said nothing that counts (facts: `issuer`, `why`)."""

    code = "cli.foreign_silent"
