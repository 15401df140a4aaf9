"""The password of encrypted documents, from where the option says: never from the command line."""

from __future__ import annotations

from cli.errors import BadOptionError, DocumentPasswordError
from cli.session import Session
from verify.password import Password

OPTION = "--password-source"
_PROMPT = "prompt"
_FORMS = "prompt | env:NAME | file:PATH | fd:N"


def document_password(session: Session, source: str | None) -> Password | None:
    """Return the password of the documents of this run; None where no source is named.

    A person is asked now, once for all documents.

    Raises:
        BadOptionError: the source is of no known form.
        DocumentPasswordError: it gives nothing, or others can read it.
    """
    if source is None:
        return None
    # Who names no source loads nothing of tokens and PINs.
    from cli.homes.pin_prompt import ask_hidden
    from hsm.errors import (
        PINFileExposedError,
        PINMalformedError,
        PINSourceError,
        PINSourceUnavailableError,
    )
    from hsm.pin import parse_pin_source
    from hsm.tokens import TokenInfo

    try:
        asking = parse_pin_source(source, lambda _: ask_hidden(session.word("cli.ask.document")))
        return Password(asking.ask(TokenInfo(label="document", serial="")).reveal())
    except PINSourceError as error:  # the text is not repeated: it may be the password
        raise BadOptionError(option=OPTION, value="…", form=_FORMS) from error
    except (PINFileExposedError, PINMalformedError, PINSourceUnavailableError):
        # `from None`: these speak of a PIN, and there is none.
        raise DocumentPasswordError(source=source) from None


def check_readable_again(source: str | None, *, workers: int) -> None:
    """Check that every worker can read the password itself: it is sent to none.

    Raises:
        BadOptionError: it was typed, or came through a pipe.
    """
    kind = (source or "").partition(":")[0]
    if workers > 1 and kind in (_PROMPT, "fd"):
        raise BadOptionError(option=OPTION, value=kind, form="env:NAME | file:PATH")
