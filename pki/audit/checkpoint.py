"""Checkpoints: the head of the log at one size, signed for whoever keeps it elsewhere.

The text is a tree head of three lines: which log, how many entries, the root. Its signature is a
detached CMS SignedData with the certificates and the time, so any key that a token holds will do
and `openssl cms` verifies it. A log key signs nothing else: its certificate says so, critically.

Spec: C2SP tlog-checkpoint, signed-note (signature type 0xff, our own identifier); RFC 5652.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pki._asn1 import SignedToken, encode_detached, encode_signed_attributes
from pki.audit.note import ORIGIN, Note, decode_base64, format_note, parse_note
from pki.clock import Clock, whole_second
from pki.errors.audit import CheckpointMalformedError, CheckpointOriginError
from pki.keys import PrivateKey, algorithm_der, digest_for, sign_data

SIGNATURE_TYPE = b"\xffantin cms v1"
"""Type of our signature lines: none of the assigned ones, followed by a name of its own."""
_KEY_ID_OCTETS = 4
# 43 characters and one sign of filling are 32 octets.
_TEXT = re.compile(
    rf"(?P<origin>{ORIGIN})\n(?P<size>0|[1-9][0-9]{{0,17}})\n(?P<root>[A-Za-z0-9+/]{{43}}=)\n"
)


@dataclass(frozen=True, slots=True)
class TreeHead:
    """What a log was at one size."""

    origin: str
    """Name of the log: an address without scheme, neither space nor plus in it."""
    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class UntrustedCheckpoint:
    """A checkpoint that was read; whoever uses it verifies the signature first."""

    head: TreeHead
    text: bytes
    """What is signed."""
    key_id: bytes
    signature_der: bytes
    """CMS SignedData without content."""


@dataclass(frozen=True, slots=True)
class LogSigner:
    """The log's own key."""

    certificate: x509.Certificate
    key: PrivateKey
    chain: Sequence[x509.Certificate]
    """Its issuer first; goes into the signature."""


def sign_checkpoint(head: TreeHead, signer: LogSigner, clock: Clock) -> bytes:
    """Return the checkpoint of a head, as it is written to a file.

    Raises:
        PKIError: whatever the key raises.
    """
    text = _text(head)
    certificate_der = signer.certificate.public_bytes(Encoding.DER)
    digest_name = digest_for(signer.key).name
    attributes_der = encode_signed_attributes(
        hashlib.new(digest_name, text.encode()).digest(),
        certificate_der,
        hashlib.sha256(certificate_der).digest(),
        signing_time=whole_second(clock.now()),
    )
    others = (other.public_bytes(Encoding.DER) for other in signer.chain)
    signed = SignedToken(
        attributes_der=attributes_der,
        signature=sign_data(signer.key, attributes_der),
        digest_name=digest_name,
        algorithm_der=algorithm_der(signer.key),
        signer_der=certificate_der,
        certificates_der=tuple(dict.fromkeys((certificate_der, *others))),
    )
    line = key_id_of(head.origin, signer.certificate) + encode_detached(signed)
    return format_note(Note(text, ((head.origin, line),)))


def parse_checkpoint(untrusted: bytes) -> UntrustedCheckpoint:
    """Read a checkpoint; lines of other keys, a witness's, are passed over.

    Raises:
        CheckpointMalformedError: it is none, or the log's own signature does not stand there once.
    """
    note = parse_note(untrusted)
    head = _parse_text(note.text)
    own = [value for name, value in note.signatures if name == head.origin]
    if len(own) != 1:
        raise CheckpointMalformedError(reason=f"{len(own)} signatures of the log, not one")
    key_id, signature = own[0][:_KEY_ID_OCTETS], own[0][_KEY_ID_OCTETS:]
    return UntrustedCheckpoint(head, note.text.encode(), key_id, signature)


def key_id_of(origin: str, certificate: x509.Certificate) -> bytes:
    """Return the four octets that name the log's key in a signature line."""
    public = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    named = origin.encode() + b"\n" + SIGNATURE_TYPE + public
    return hashlib.sha256(named).digest()[:_KEY_ID_OCTETS]


def check_origin(head: TreeHead, expected: str) -> None:
    """Refuse the head of another log.

    Raises:
        CheckpointOriginError: it is one.
    """
    if head.origin != expected:
        raise CheckpointOriginError(origin=head.origin, expected=expected)


def _text(head: TreeHead) -> str:
    return f"{head.origin}\n{head.size}\n{base64.b64encode(head.root).decode()}\n"


def _parse_text(text: str) -> TreeHead:
    found = _TEXT.fullmatch(text)
    if found is None:
        raise CheckpointMalformedError(reason="the text is no tree head of three lines")
    try:
        root = decode_base64(found["root"])
    except ValueError as error:
        raise CheckpointMalformedError(reason="the root is no hash") from error
    return TreeHead(found["origin"], int(found["size"]), root)
