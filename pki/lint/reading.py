"""Reads to-be-signed bytes for the rules: each certificate's own, and the frame around it."""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from pki import der
from pki.errors.files import MalformedDERError
from pki.extension import OIDS
from pki.keys import KeyType, PublicKey, key_type_of
from pki.lint.fields import (
    ALGORITHM,
    ISSUER,
    SUBJECT,
    attributes_in,
    key_in,
    read_fields,
)
from pki.lint.frame import OWN, Frame
from pki.lint.target import Intent, Target

UNREADABLE = (
    MalformedDERError,
    ValueError,
    IndexError,
    x509.DuplicateExtension,
    x509.InvalidVersion,
)
"""What reading and parsing raise of bytes that are no certificate's."""

_EXTENSIONS_TAG = 0xA3
_OWN = tuple((kind, OIDS[kind]) for kind in OWN)


def read_target(tbs_der: bytes, intent: Intent, *, alone: bool = False) -> Target:
    """Return the bytes as rules see them; extensions are split, and not parsed yet.

    Args:
        tbs_der: the bytes.
        intent: what they are judged against.
        alone: whether nobody knows what was meant: of the intent the issuer counts, and no more.

    Raises:
        Exception: one of `UNREADABLE`.
    """
    fields = read_fields(tbs_der)
    unsigned = der.sequence((tbs_der, fields[ALGORITHM].whole, der.bit_string(b"")))
    certificate = x509.load_der_x509_certificate(unsigned)
    own, same = _parted_extensions(fields)
    frame = Frame(
        extensions=same,
        algorithm=fields[ALGORITHM].whole,
        issuer_octets=fields[ISSUER].whole,
        own_name=fields[SUBJECT].whole if intent.issuer is None else None,
        kind=_kind(fields, certificate, None if alone else intent.public_key),
        profile=intent.profile,
        issuer=intent.issuer,
        issuer_name=intent.issuer_name,
        issuer_key=intent.issuer_key,
        issuer_pss=intent.issuer_pss,
        urls=intent.urls,
        certificate=certificate,
    )
    attributes = attributes_in(fields[SUBJECT].content)
    return Target(tbs_der, fields, certificate, intent, frame, own, attributes)


def _kind(
    fields: tuple[der.TLV, ...], certificate: x509.Certificate, intended: PublicKey | None
) -> KeyType | None:
    """Return the kind of key; None for one that cannot be read: other rules speak of that."""
    try:
        if intended is None:
            return key_type_of(certificate.public_key())
        return key_type_of(key_in(fields, certificate, intended))
    except (ValueError, UnsupportedAlgorithm):
        return None


def _parted_extensions(
    fields: tuple[der.TLV, ...],
) -> tuple[dict[type[x509.ExtensionType], bytes], tuple[bytes, ...]]:
    """Return the octets of each certificate's own extensions, and what is the same in all."""
    own: dict[type[x509.ExtensionType], bytes] = {}
    same: list[bytes] = []
    for field in fields:
        if field.tag != _EXTENSIONS_TAG:
            continue
        for one in der.read_all(der.read(field.content, "extensions").content, "extension"):
            for kind, oid in _OWN:
                if one.content.startswith(oid):
                    own[kind] = one.whole
                    same.append(oid)
                    break
            else:
                same.append(one.content)
    return own, tuple(same)
