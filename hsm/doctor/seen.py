"""Everything that was looked at, as plain values: the checks read nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from hsm.discovery.candidates import Origin
from hsm.discovery.known import Confidence
from hsm.discovery.p11kit import ConfigFinding
from hsm.discovery.probe_result import ProbeState
from hsm.discovery.service import ServiceState
from hsm.tokens import PINState, TokenInfo
from pki.errors.tree import PKIError


class KeySight(StrEnum):
    """What is seen of a certificate's key before anybody logs in."""

    SEEN = "seen"
    UNSEEN = "unseen"
    """Nothing of it is public; many tokens show a private key only after a login."""
    OTHER = "other"
    """Under the certificate's CKA_ID lies another key."""
    UNUSABLE = "unusable"
    """Of a kind that Antin does not sign with, or it cannot be read."""


@dataclass(frozen=True, slots=True)
class SeenCertificate:
    """A certificate on a token."""

    name: str
    """Its subject's common name; never a personal number."""
    serial: str
    issuer: str
    """The issuer's common name."""
    sha256: str
    """Of the whole certificate, in hex."""
    not_before: datetime
    not_after: datetime
    fits: bool
    """It is for signing documents, and the home's policy takes its key."""
    authority: bool
    """It certifies others."""
    key: KeySight
    key_sha256: str = ""
    """Of its public key; empty where that cannot be read."""


@dataclass(frozen=True, slots=True)
class SeenToken:
    """A token, and what it shows to everybody."""

    token: TokenInfo
    module: str
    """Its module's name; of two modules that show it, the first one's."""
    used: bool
    """This home looks at the module."""
    also_in: tuple[str, ...] = ()
    """Other modules that show the same token."""
    certificates: tuple[SeenCertificate, ...] = ()
    keys: int = 0
    """How many other objects it shows."""
    error: PKIError | None = None
    """Why it could not be looked at."""

    @property
    def able(self) -> bool:
        """Whether the token as such could sign: set up, with a PIN that is not locked."""
        info = self.token
        ready = info.initialized and info.pin_set and info.pin_state is not PINState.LOCKED
        return self.used and self.error is None and ready


@dataclass(frozen=True, slots=True)
class SeenReader:
    """A slot that takes tokens out and in, as one module sees it."""

    name: str
    module: str
    occupied: bool
    trouble: str = ""
    """The CKR code by which the module refuses what is in it."""


@dataclass(frozen=True, slots=True)
class SeenModule:
    """A file that may be a PKCS#11 module, and how far it came."""

    name: str
    path: Path
    origin: Origin | None
    """None: the home's embedded store."""
    state: ProbeState
    stage: str = ""
    detail: str = ""
    confidence: Confidence = Confidence.STATED
    said: str = ""
    """Who names it."""
    version: str = ""
    used: bool = True
    """This home looks at it."""
    critical: bool = False
    error: PKIError | None = None
    """Why it cannot be used."""

    @property
    def named(self) -> bool:
        """Whether somebody asked for this very file."""
        return self.origin in {Origin.MODULE_PATH, Origin.CONFIGURED}


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at a machine."""

    now: datetime
    service: ServiceState
    modules: tuple[SeenModule, ...] = ()
    readers: tuple[SeenReader, ...] = ()
    tokens: tuple[SeenToken, ...] = ()
    remarks: tuple[ConfigFinding, ...] = ()
    """On p11-kit's configuration."""

    @property
    def has_tokens(self) -> bool:
        """Whether a token that is set up was seen, whatever is wrong with it."""
        return any(token.token.initialized for token in self.tokens)

    @property
    def has_store(self) -> bool:
        """Whether the home keeps tokens of its own, for which nothing has to be plugged in."""
        return any(module.origin is None for module in self.modules)

    @property
    def signers(self) -> tuple[tuple[SeenToken, SeenCertificate], ...]:
        """The certificates that could sign a document now, as far as is known without a login."""
        return tuple(self._signers())

    def _signers(self) -> Iterator[tuple[SeenToken, SeenCertificate]]:
        for token in self.tokens:
            for one in token.certificates if token.able else ():
                in_period = one.not_before <= self.now <= one.not_after
                if one.fits and in_period and one.key in {KeySight.SEEN, KeySight.UNSEEN}:
                    yield token, one
