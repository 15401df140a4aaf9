"""The root of Antin's error tree.

    PKIError(**facts)         one root; never raised itself
    ├─ InvalidInputError      the file is malformed: whoever sent it must mend it
    ├─ RefusedError           policy, profile or state says no: change the request
    └─ UnavailableError       token, service, disk, lock: try again or mend the environment

An error carries a stable code and typed facts, and no sentence: text is made at the edge
(`pki.words`), in the language of whoever reads it. `<code>` and `<code>.hint` are message ids of
the catalogue. Every package subclasses the three middle classes; nothing else crosses its border.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Phrase:
    """Part of a sentence, for a fact that is words: put into the language of the whole."""

    id: str
    """Message id."""
    facts: Mapping[str, Fact] = field(default_factory=dict)


def phrase(id_: str, /, **facts: Fact) -> Phrase:
    """Return part of a sentence: the message `id_` and what its placeholders stand for."""
    return Phrase(id_, facts)


@dataclass(frozen=True, slots=True)
class Phrases:
    """Several parts of a sentence, as one fact."""

    parts: tuple[Phrase, ...]


Fact = str | int | datetime | timedelta | Path | Phrase | Phrases | tuple[str, ...]


class PKIError(Exception):
    """Root of every error Antin raises on purpose.

    Attributes:
        code: stable identifier `package.what`; also the id of its message in the catalogue.
        facts: what the message's placeholders stand for; never a PIN or a key.
    """

    code: ClassVar[str]

    def __init__(self, **facts: Fact) -> None:
        super().__init__(facts)
        self.facts = facts

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to another process whole: an exception is otherwise made anew from `args`."""
        return partial(type(self), **self.facts), (), self.__dict__

    def __str__(self) -> str:
        facts = ", ".join(f"{name}={value!r}" for name, value in self.facts.items())
        return f"{self.code}: {facts}" if facts else self.code


class InvalidInputError(PKIError):
    """What came in is not what it claims to be; sending it again will not help."""


class RefusedError(PKIError):
    """Understood, and refused by policy, profile or state."""


class UnavailableError(PKIError):
    """Something this needs is not there now: token, service, disk, database, lock."""


class MalformedDERError(InvalidInputError):
    """Bytes that should be DER are not (facts: `what`, `reason`)."""

    code = "pki.malformed_der"


class FetchRefusedError(RefusedError):
    """An address that may not be asked (facts: `url`, `reason`)."""

    code = "pki.fetch_refused"


class FetchFailedError(UnavailableError):
    """A remote service did not give a usable answer (facts: `url`, `reason`)."""

    code = "pki.fetch_failed"


class FetchTooLateError(FetchFailedError):
    """A remote service gave no whole answer in time (facts: `url`, `reason`)."""

    code = "pki.fetch_too_late"


# The register


class RegisterBusyError(UnavailableError):
    """Another process holds the register's lock (facts: `register`)."""

    code = "pki.register_busy"


class RegisterFullError(UnavailableError):
    """The disk has no room for the change; nothing was changed (facts: `register`)."""

    code = "pki.register_full"


class RegisterUnreachableError(UnavailableError):
    """The register is not there, or may not be opened or written (facts: `register`, `reason`)."""

    code = "pki.register_unreachable"


class RegisterReplacedError(UnavailableError):
    """The register's file was deleted, moved or replaced while it was open (facts: `register`).

    Nothing that was being written counts as done: it may stand in the file that is gone.
    """

    code = "pki.register_replaced"


class RegisterConflictError(UnavailableError):
    """Somebody else changed the same record first (facts: `register`, `reason`)."""

    code = "pki.register_conflict"


class RegisterOutcomeError(UnavailableError):
    """The connection broke in a commit; whether it was done is not known (facts: `register`)."""

    code = "pki.register_outcome"


class RegisterDriverError(UnavailableError):
    """The driver of this kind of register is not installed (facts: `register`, `package`)."""

    code = "pki.register_driver"


class BackupFailedError(UnavailableError):
    """No copy of the register could be made (facts: `register`, `path`, `reason`)."""

    code = "pki.backup_failed"


class BackupMalformedError(InvalidInputError):
    """A file is no backup (fact: `reason`)."""

    code = "pki.backup_malformed"


class BackupLockedError(RefusedError):
    """Neither the passphrase nor a key that was given opens the backup."""

    code = "pki.backup_locked"


class BackupTamperedError(InvalidInputError):
    """A backup is not what was written: changed, put in another order, or damaged."""

    code = "pki.backup_tampered"


class BackupCutError(InvalidInputError):
    """A backup ends before its end."""

    code = "pki.backup_cut"


class BackupKeyError(InvalidInputError):
    """A key that backups are made for or opened with is malformed (fact: `form`)."""

    code = "pki.backup_key"


class BackupContentsError(InvalidInputError):
    """What a backup holds contradicts what it says of itself (fact: `reason`)."""

    code = "pki.backup_contents"


class RestoreUnfinishedError(RefusedError):
    """A register was restored and not reconciled with what was published (fact: `register`)."""

    code = "pki.restore_unfinished"


class RestoreUnreconciledError(RefusedError):
    """Nothing shows what an authority published since the backup (fact: `authority`)."""

    code = "pki.restore_unreconciled"


class PublishedUnreadableError(InvalidInputError):
    """What is said to be published is neither certificate nor list (facts: `source`, `reason`)."""

    code = "pki.published_unreadable"


class NotARegisterError(InvalidInputError):
    """The file is no register, or is damaged (facts: `register`, `reason`)."""

    code = "pki.not_a_register"


class RegisterExistsError(RefusedError):
    """A register stands there already (facts: `register`)."""

    code = "pki.register_exists"


class NewerRegisterError(RefusedError):
    """The register was written by a newer Antin (facts: `register`, `found`, `known`)."""

    code = "pki.register_newer"


class OlderRegisterError(RefusedError):
    """The register was written by an older Antin (facts: `register`, `found`, `known`)."""

    code = "pki.register_older"


class AuditBrokenError(InvalidInputError):
    """The audit log was changed after it was written (facts: `sequence`, `reason`)."""

    code = "pki.audit_broken"


class AuditRewrittenError(InvalidInputError):
    """The log is another than the one a checkpoint was made of (fact: `size`)."""

    code = "pki.audit_rewritten"


class AuditCutError(InvalidInputError):
    """The log is shorter than it was at a checkpoint (facts: `size`, `found`)."""

    code = "pki.audit_cut"


class AuditSplitError(InvalidInputError):
    """Two checkpoints of one size tell of different logs (fact: `size`)."""

    code = "pki.audit_split"


class AuditNotIncludedError(InvalidInputError):
    """A proof does not show an entry to be in the log (facts: `sequence`, `size`)."""

    code = "pki.audit_not_included"


class AuditNotConsistentError(InvalidInputError):
    """A proof does not show that a log was only added to (facts: `earlier`, `later`)."""

    code = "pki.audit_not_consistent"


class AuditProofMalformedError(InvalidInputError):
    """A file is no proof from the audit log, or contradicts itself (fact: `reason`)."""

    code = "pki.audit_proof_malformed"


class AuditProofGapError(RefusedError):
    """A proof does not lead from the checkpoint in hand (facts: `size`, `proof_size`)."""

    code = "pki.audit_proof_gap"


class AuditProofOfAnotherError(RefusedError):
    """A proof does not show a certificate to be issued (fact: `serial`)."""

    code = "pki.audit_proof_of_another"


class CheckpointMalformedError(InvalidInputError):
    """A file is no checkpoint (fact: `reason`)."""

    code = "pki.checkpoint_malformed"


class CheckpointOriginError(RefusedError):
    """A checkpoint is of another log (facts: `origin`, `expected`)."""

    code = "pki.checkpoint_origin"


class ClockGapError(RefusedError):
    """The clock is too far after the last audit entry (facts: `now`, `recorded`, `days`)."""

    code = "pki.clock_gap"


class ClockSkewError(RefusedError):
    """The clock disagrees with the register's server (facts: `now`, `server`, `seconds`)."""

    code = "pki.clock_skew"


class ClockBeforeRecordError(RefusedError):
    """The clock stands before the last audit entry (facts: `now`, `recorded`)."""

    code = "pki.clock_before_record"


# What is asked of the authority


class ProfileInvalidError(InvalidInputError):
    """A profile is malformed or contradicts itself (facts: `profile`, `reason`)."""

    code = "pki.profile_invalid"


class ProfileNotFoundError(InvalidInputError):
    """No profile of that name, no such file (facts: `profile`)."""

    code = "pki.profile_not_found"


class ProfileViolationError(RefusedError):
    """The profile does not allow what is asked (facts: `profile`, `reason`)."""

    code = "pki.profile_violation"


class SubjectInvalidError(InvalidInputError):
    """A subject attribute is not acceptable (facts: `attribute`, `reason`; never its value)."""

    code = "pki.subject_invalid"


class MalformedRequestError(InvalidInputError):
    """A certificate request cannot be read (facts: `reason`)."""

    code = "pki.malformed_request"


class ProofOfPossessionError(RefusedError):
    """The request's signature does not verify: its sender does not hold the key."""

    code = "pki.proof_of_possession"


class WeakKeyError(RefusedError):
    """The public key may not be certified; its subclasses say why."""


class KeyKindError(WeakKeyError):
    """No type or size of key that is certified."""

    code = "pki.key_kind"


class KeyNotAllowedError(WeakKeyError):
    """The profile does not allow this type of key (facts: `found`, `allowed`)."""

    code = "pki.key_not_allowed"


class RSAExponentError(WeakKeyError):
    """The exponent is even, or not between 2^16 and 2^256 (FIPS 186-5 §5.1)."""

    code = "pki.rsa_exponent"


class RSASmallFactorError(WeakKeyError):
    """A small prime divides the RSA modulus."""

    code = "pki.rsa_small_factor"


class RSAStructuredPrimesError(WeakKeyError):
    """The RSA primes have the structure of CVE-2017-15361 (ROCA)."""

    code = "pki.rsa_structured_primes"


class RSAClosePrimesError(WeakKeyError):
    """The RSA primes are close together (CVE-2022-26320)."""

    code = "pki.rsa_close_primes"


class RSAOnePrimeError(WeakKeyError):
    """The RSA modulus is a prime, or a power of one."""

    code = "pki.rsa_one_prime"


class KeyPointError(WeakKeyError):
    """The key is no point of its curve, or the one at infinity."""

    code = "pki.key_point"


class KeySmallOrderError(WeakKeyError):
    """Anybody can sign under this key: its point has small order."""

    code = "pki.key_small_order"


class KeySubgroupError(WeakKeyError):
    """A point of small order is mixed into the key."""

    code = "pki.key_subgroup"


class KeyBlockedError(WeakKeyError):
    """The key stands in a block list (facts: `spki_sha256`, `list`)."""

    code = "pki.key_blocked"


class BlockListError(InvalidInputError):
    """A block list is not one, so nothing is certified (facts: `path`, `line`)."""

    code = "pki.block_list"


class BlockListUnreadableError(UnavailableError):
    """A block list is not there or cannot be read (facts: `path`, `reason`)."""

    code = "pki.block_list_unreadable"


class KeyUsedElsewhereError(RefusedError):
    """The public key already certifies another subject (facts: `issuer`, `serial`)."""

    code = "pki.key_used_elsewhere"


class HolderLimitError(RefusedError):
    """The holder has as many as the profile allows (facts: `profile`, `limit`, `serials`)."""

    code = "pki.holder_limit"


class RequestIdError(InvalidInputError):
    """The id of a request is empty, too long or not printable (facts: `bound`)."""

    code = "pki.request_id"


class RequestDiffersError(RefusedError):
    """Something else was asked for under this id (facts: `issuer`, `serial`)."""

    code = "pki.request_differs"


class RequestOpenError(RefusedError):
    """A request of this id is under way or was broken off (facts: `issuer`, `serial`)."""

    code = "pki.request_open"


class RequestEndedError(RefusedError):
    """What was asked for under this id is revoked or given up (facts: `issuer`, `serial`)."""

    code = "pki.request_ended"


class AuthorityKeyError(RefusedError):
    """The public key is an authority's own (facts: `authority`)."""

    code = "pki.authority_key"


class OutlivesIssuerError(RefusedError):
    """The certificate would outlive its issuer (facts: `not_after`, `issuer_not_after`)."""

    code = "pki.outlives_issuer"


class IssuerExpiredError(OutlivesIssuerError):
    """The issuer's own certificate has ended (facts: `authority`, `issuer_not_after`)."""

    code = "pki.issuer_expired"


class LintFailedError(RefusedError):
    """The linter found errors in the bytes to be signed (facts: `findings`)."""

    code = "pki.lint_failed"


class LintPassError(RefusedError):
    """A lint pass was spent, forged, or made for something else (facts: `reason`)."""

    code = "pki.lint_pass"


class SignatureMismatchError(UnavailableError):
    """The key returned a signature that is not good for the linted bytes (facts: `reason`)."""

    code = "pki.signature_mismatch"


class CRLRefusedError(RefusedError):
    """A revocation list may not follow what was published (facts: `authority`, `reasons`)."""

    code = "pki.crl_refused"


class DeltaNotMadeError(RefusedError):
    """The authority makes no delta lists (fact: `authority`)."""

    code = "pki.delta_not_made"


class DeltaBaseError(RefusedError):
    """There is no full list that a delta list could add to (fact: `authority`)."""

    code = "pki.delta_base"


# Authorities and what they issued


class AuthorityExistsError(RefusedError):
    """An authority of that name is there already (facts: `authority`)."""

    code = "pki.authority_exists"


class ImportSourceError(InvalidInputError):
    """Nothing is there that could be imported in that shape (facts: `path`, `shape`)."""

    code = "pki.import_source"


class ImportAuthorityError(InvalidInputError):
    """Which certificate is the authority's is open (facts: `count`, `serials`)."""

    code = "pki.import_authority"


class ImportBlockedError(RefusedError):
    """Something found must be settled before the import (facts: `count`, `first`)."""

    code = "pki.import_blocked"


class ImportIncompleteError(UnavailableError):
    """The register lacks what the import should have put there (facts: `authority`, `serial`)."""

    code = "pki.import_incomplete"


class AuthorityNotFoundError(InvalidInputError):
    """No authority of that name (facts: `authority`)."""

    code = "pki.authority_not_found"


class AuthorityNameError(InvalidInputError):
    """A name that cannot stand in addresses (facts: `authority`)."""

    code = "pki.authority_name"


class KeyMismatchError(RefusedError):
    """The private key does not belong to the certificate (facts: `authority`)."""

    code = "pki.key_mismatch"


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


class AuthorityRevokedError(RefusedError):
    """The authority's own certificate is revoked (facts: `authority`, `revoked_at`)."""

    code = "pki.authority_revoked"


class AuthorityRetiredError(RefusedError):
    """The authority issues no more; another goes on (facts: `authority`, `successor`)."""

    code = "pki.authority_retired"


class NotSuccessorError(RefusedError):
    """An authority does not go on for the one it is to follow (facts: `authority`, `of`)."""

    code = "pki.not_successor"


class RolloverParentError(RefusedError):
    """A successor must stand where the authority stands (facts: `authority`, `successor`)."""

    code = "pki.rollover_parent"


class NotAnAuthorityError(RefusedError):
    """A certificate to be cross-certified is no authority's (fact: `reason`)."""

    code = "pki.not_an_authority"


# Ceremonies


class CeremonyFileError(InvalidInputError):
    """A ceremony's file is malformed or contradicts itself (facts: `place`, `reason`)."""

    code = "pki.ceremony_file"


class CeremonyPINError(InvalidInputError):
    """A ceremony's file has a key that looks like a PIN's (fact: `key`; never its value)."""

    code = "pki.ceremony_pin"


class CeremonyProfileError(RefusedError):
    """A profile is not the one a ceremony's file expects (facts: `profile`, `found`)."""

    code = "pki.ceremony_profile"


class TranscriptMalformedError(InvalidInputError):
    """A file is no transcript of a ceremony (fact: `line`)."""

    code = "pki.transcript_malformed"


class TranscriptBrokenError(InvalidInputError):
    """A line of a transcript does not follow the line before it (fact: `line`)."""

    code = "pki.transcript_broken"


class TranscriptUnfinishedError(RefusedError):
    """A ceremony did not come to its end (facts: `done`, `planned`)."""

    code = "pki.transcript_unfinished"


class TranscriptStepError(InvalidInputError):
    """A step is not what was demanded, or does not verify (facts: `step`, `reason`)."""

    code = "pki.transcript_step"


class TranscriptDiffersError(RefusedError):
    """A transcript is of another ceremony (fact: `line`)."""

    code = "pki.transcript_differs"


class WitnessMissingError(RefusedError):
    """Somebody whose signature is demanded did not sign (fact: `person`)."""

    code = "pki.witness_missing"


class WitnessUntrustedError(RefusedError):
    """The signature of somebody present does not count (facts: `person`, `reason`)."""

    code = "pki.witness_untrusted"


class OutputExistsError(RefusedError):
    """The output is there already (facts: `path`)."""

    code = "pki.output_exists"


class DiskFullError(UnavailableError):
    """No room for the signed file (facts: `path`)."""

    code = "pki.disk_full"


class OutputUnwritableError(UnavailableError):
    """The output cannot be written (facts: `path`, `reason`)."""

    code = "pki.output_unwritable"


class BulkWorkerLostError(UnavailableError):
    """A process that issues in bulk ended in the middle."""

    code = "pki.bulk_worker_lost"
