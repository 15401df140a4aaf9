"""Backups, and what is restored from them."""

from __future__ import annotations

from pki.errors.tree import InvalidInputError, RefusedError, UnavailableError


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
