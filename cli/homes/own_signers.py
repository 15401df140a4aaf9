"""The signers of a home's own services, as its configuration names them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from cli.errors import ServiceFaultyError
from cli.files import read_small
from cli.homes.home import Home
from pki.records.register import Register


@dataclass(frozen=True, slots=True)
class OwnSigner:
    """A signer: of OCSP answers, time-stamps, or the audit log's checkpoints."""

    path: Path
    """Of its certificate."""
    answers_for: str | None = None
    """Of an OCSP signer, the authority."""

    @property
    def name(self) -> str:
        """What people know it by: its file's name."""
        return self.path.name

    def certificate(self) -> x509.Certificate:
        """Read the certificate that is in use.

        Raises:
            ServiceFaultyError: the file holds none.
            UnreadableFileError: it cannot be read.
        """
        try:
            return x509.load_pem_x509_certificate(read_small(self.path))
        except ValueError as error:
            raise ServiceFaultyError(what=self.name) from error


def own_signers(home: Home) -> Iterator[OwnSigner]:
    """Yield the signers of a home."""
    settings = home.settings
    for responder in settings.responders:
        yield OwnSigner(home.path(responder.certificate), responder.authority)
    for other in (settings.timestamp, settings.audit):
        if other is not None:
            yield OwnSigner(home.path(other.certificate))


def lacks_responder(home: Home, register: Register, name: str) -> bool:
    """Say whether nobody answers for an issuing authority, in a home that answers for others."""
    answered = {one.authority for one in home.settings.responders}
    record = register.find_authority(name)
    return bool(answered) and name not in answered and bool(record and record.parent is not None)
