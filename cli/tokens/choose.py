"""Which token a command is about: by label, by address, or the only one."""

from __future__ import annotations

from dataclasses import dataclass

from cli.homes.home import Home, find_home, home_directory
from cli.homes.keys import open_modules
from cli.session import Session
from hsm.module import Module
from hsm.search import find_token
from hsm.tokens import TokenInfo
from hsm.uri import SCHEME, KeyURI


@dataclass(frozen=True, slots=True)
class Chosen:
    """A token, its module, and the home it was looked for from."""

    home: Home
    module: Module
    token: TokenInfo

    def as_json(self) -> dict[str, str]:
        """Return what names the token."""
        return {"label": self.token.label, "serial": self.token.serial}


def home_of(session: Session) -> Home:
    """Return the run's home; one with the defaults where there is none.

    Raises:
        PKIError: its configuration cannot be read.
    """
    return find_home(home_directory(session.home), session.configuration)


def token_address(text: str | None) -> KeyURI:
    """Return the address of a token that is named by label or by a `pkcs11:` address, or of any.

    Raises:
        KeyURIError: an address that cannot be read.
    """
    if text is None:
        return KeyURI()
    return KeyURI.parse(text) if text.startswith(SCHEME) else KeyURI(token=text)


def choose_token(session: Session, named: str | None) -> Chosen:
    """Return the one token that is meant.

    Raises:
        TokenNotFoundError: none fits.
        TokenAmbiguousError: more than one does; none is guessed.
        PKIError: the address or the home's configuration cannot be read, or no module works.
    """
    home = home_of(session)
    uri = token_address(named)
    module, token = find_token(open_modules(home, uri.module_path, session=session), uri)
    return Chosen(home, module, token)
