"""Who can open a backup, as the options say it: a passphrase, or keys."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cli.errors import BadOptionError, PassphrasesDifferError, PassphraseShortError
from cli.files import read_small
from cli.homes.pin_prompt import ask_hidden
from cli.session import Session
from hsm.pin import parse_pin_source
from hsm.tokens import TokenInfo
from pki.errors.keeping import BackupKeyError
from pki.keeping.keys import Identity, Passphrase, Recipient, parse_identities, parse_recipient

SHORTEST = 12
"""Characters of a passphrase: whoever has the file can try as long as they like."""
_PROMPT = "prompt"
_NOBODY = TokenInfo(label="backup", serial="")


def recipients_of(
    session: Session, keys: Sequence[str], passphrase_source: str | None
) -> tuple[Recipient, ...]:
    """Return who will be able to open a new backup.

    Raises:
        BadOptionError: keys and a passphrase.
        BackupKeyError: no public key.
        PassphraseShortError, PassphrasesDifferError: of the passphrase.
        PKIError: of its source.
    """
    if not keys:
        return (_new_passphrase(session, passphrase_source or _PROMPT),)
    if passphrase_source is not None:
        form = "--recipient | --passphrase-source"
        raise BadOptionError(option="--passphrase-source", value="…", form=form)
    return tuple(parse_recipient(key) for key in keys)


def identities_of(
    session: Session, key_files: Sequence[Path], passphrase_source: str | None
) -> tuple[Identity, ...]:
    """Return what may open a backup: the keys of these files, else a passphrase.

    Raises:
        UnreadableFileError: no such file.
        BackupKeyError: it holds no secret key.
        PKIError: of the passphrase's source.
    """
    if key_files:
        return tuple(key for path in key_files for key in parse_identities(_text(path)))
    return (Passphrase(_ask(session, passphrase_source or _PROMPT, "cli.ask.passphrase")),)


def _text(path: Path) -> str:
    try:
        return read_small(path).decode()
    except UnicodeDecodeError:
        # `from None`: the exception's text would show octets of the file.
        raise BackupKeyError(form="AGE-SECRET-KEY-1…") from None


def _new_passphrase(session: Session, source: str) -> Passphrase:
    secret = _ask(session, source, "cli.ask.new_passphrase")
    if len(secret) < SHORTEST:
        raise PassphraseShortError(least=SHORTEST)
    if source == _PROMPT and _ask(session, source, "cli.ask.passphrase_again") != secret:
        raise PassphrasesDifferError
    return Passphrase(secret)


def _ask(session: Session, source: str, question: str) -> str:
    asking = parse_pin_source(source, lambda _: ask_hidden(session.word(question)))
    return asking.ask(_NOBODY).reveal()
