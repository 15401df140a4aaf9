"""What is asked of a signature: level, padding, look, place, and what to do in doubt."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from signing.display.image import SignatureImage
from signing.display.placement import Placement
from signing.display.profile import DisplayProfile, load_display
from signing.mandates.capacity import Capacity
from signing.mandates.mandate import Mandate


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


class Form(StrEnum):
    """What kind of signature a PDF reader is told to expect: the values of /SubFilter.

    Spec: ISO 32000-2 §12.8.3.3, §12.8.3.4; ETSI EN 319 142-1 §5.3.
    """

    PADES = "ETSI.CAdES.detached"
    PKCS7 = "adbe.pkcs7.detached"
    """For receivers that do not know PAdES; no PAdES level, roles or commitments."""


class Commitment(StrEnum):
    """What the signer commits to; the values are the last words of the standard's names.

    Spec: ETSI TS 119 172-1 Annex B; ETSI EN 319 122-1 §5.2.3.
    """

    ORIGIN = "origin"
    RECEIPT = "receipt"
    DELIVERY = "delivery"
    SENDER = "sender"
    APPROVAL = "approval"
    CREATION = "creation"


class Permission(IntEnum):
    """What may be done to a document after a signature that says so (/P).

    Spec: ISO 32000-2 table 257.
    """

    NO_CHANGES = 1
    FORM_FILLING = 2
    ANNOTATIONS = 3


class LockAction(StrEnum):
    """Which fields a lock is about.

    Spec: ISO 32000-2 table 236.
    """

    ALL = "All"
    INCLUDE = "Include"
    EXCLUDE = "Exclude"


@dataclass(frozen=True, slots=True)
class FieldLock:
    """The fields that must not change any more once the signature is made."""

    action: LockAction = LockAction.ALL
    fields: tuple[str, ...] = ()
    """The names that are included or excluded."""
    permission: Permission | None = None
    """What else may be done to the document; None leaves that open."""


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
    form: Form | None = None
    """None takes PAdES, unless the field's seed values ask for the other."""
    pss: bool = True
    """RSASSA-PSS for RSA keys (Circular 15/2025/TT-BKHCN Annex I) where the token can, else
    PKCS#1 v1.5."""
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
    field_number: int | None = None
    """In place of a name: of the field as `signing.fields` numbers them."""
    placement: Placement = field(default_factory=Placement)
    """Where a new visible field goes; an existing field stays where it is."""
    unknown_status: UnknownStatus = UnknownStatus.WARN
    allow_broken_signatures: bool = False
    """Sign although a signature already there does not hold."""
    reason: str | None = None
    location: str | None = None
    contact: str | None = None
    role: str | None = None
    """In what office the signer signs, as claimed (signer-attributes-v2)."""
    commitment: Commitment | None = None
    """Not together with a reason (EN 319 142-1 §6.3)."""
    certify: Permission | None = None
    """Certify the document: its first signature, which says what may be changed later."""
    lock: FieldLock | None = None
    """Fields to lock; a lock that the field carries is obeyed in any case."""
    expected_owner: str | None = None
    """Whose certificate it must be: `CCCD:…`, `MST:…` or an e-mail address."""
    capacity: Capacity | None = None
    """How the signer signs in somebody's place; None takes what the document says."""
    mandates: tuple[Mandate, ...] = ()
    """What allows it."""
