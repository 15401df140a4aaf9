"""Ceremonies and their transcripts."""

from __future__ import annotations

from pki.errors.tree import InvalidInputError, RefusedError


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
