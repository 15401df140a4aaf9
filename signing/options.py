"""What is asked of a signature: level, padding, look, place, and what to do in doubt."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from signing.display.image import SignatureImage
from signing.display.placement import Placement
from signing.display.profile import DisplayProfile, load_display


class Level(StrEnum):
    """The PAdES baseline levels.

    Spec: ETSI EN 319 142-1 §6.1.
    """

    B_B = "B-B"
    B_T = "B-T"
    B_LT = "B-LT"
    B_LTA = "B-LTA"

    @property
    def needs_timestamp(self) -> bool:
        """Whether a signature-time-stamp belongs to it."""
        return self is not Level.B_B

    @property
    def needs_evidence(self) -> bool:
        """Whether certificates, CRLs and OCSP answers belong to it."""
        return self in (Level.B_LT, Level.B_LTA)


class UnknownStatus(StrEnum):
    """What to do when the certificate's status cannot be known before signing.

    B-LT and B-LTA refuse in any case: they embed the proof.
    """

    WARN = "warn"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class SigningOptions:
    """What one signature shall be."""

    level: Level = Level.B_B
    pss: bool = True
    """RSASSA-PSS for RSA keys (Circular 15/2025/TT-BKHCN Annex I), else PKCS#1 v1.5."""
    tsa_url: str | None = None
    """The one time-stamp service to ask; None asks those of `SigningServices`."""
    timestamp_later: bool = False
    """Leave room in the signature for the time-stamp that `signing.extend` will put into it."""
    display: DisplayProfile = field(default_factory=lambda: load_display("text"))
    image: SignatureImage | None = None
    """The signer's signature or the agency's seal, for displays that show one; read once, shared by
    all documents."""
    number: str | None = None
    """Number and symbol of the document, for displays that show it."""
    field_name: str | None = None
    """An existing empty field to fill, or the name of the new one; None makes a fresh name."""
    placement: Placement = field(default_factory=Placement)
    """Where a new visible field goes; an existing field stays where it is."""
    unknown_status: UnknownStatus = UnknownStatus.WARN
    allow_broken_signatures: bool = False
    """Sign although a signature already there does not hold."""
    reason: str | None = None
    location: str | None = None
    contact: str | None = None
