"""The audit log, its checkpoints and its proofs."""

from __future__ import annotations

from pki.errors.tree import InvalidInputError, RefusedError


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
