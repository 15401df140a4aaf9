"""Signs what somebody does with the key that the options name, as `antin sign` finds it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cli.documents.signer import SignerSearch, certificates_in, find_signer
from cli.homes.keys import PINs
from cli.homes.office import Office
from cli.homes.outside import outside_of
from pki.records.requests import Signature
from signing.acts import sign_act


@dataclass(frozen=True, slots=True)
class Actor:
    """Whose key signs: `--key`, `--cert` and `--pin-source`."""

    key: str | None
    certificate: Path | None = None
    pin_source: str | None = None

    def sign(self, office: Office, statement: bytes) -> Signature:
        """Return a statement and the signature over it; the PIN is asked for here.

        Raises:
            PKIError: there is no such key, or whatever its token answers.
        """
        return self.signer(office)(statement)

    def signer(self, office: Office) -> Callable[[bytes], Signature]:
        """Return what signs statements, several with one look for the key.

        Raises:
            PKIError: there is no such key.
        """
        session, home = office.session, office.home
        outside = outside_of(session, home)
        issuers = (*outside.trust.anchors, *certificates_in(home.authorities))
        pins = PINs(session, home, self.pin_source)
        search = SignerSearch(home, pins, outside.policy, issuers)
        signer = find_signer(search, self.key, self.certificate).signer

        def sign(statement: bytes) -> Signature:
            return Signature(statement, sign_act(signer, statement, at=session.clock.now()))

        return sign
