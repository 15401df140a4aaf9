"""What an archive time-stamp (archive-time-stamp-v3) is over, and what it thereby proves.

The time-stamp token carries an index of hashes: of certificates, of revocation values, of unsigned
attributes. Its imprint is over the content's type and hash, the signed fields of the signer, and
that index. An entry of the index that nothing in the signature matches makes it worthless; what
the index does not name is not covered.

Spec: EN 319 122-1 §5.5.2 (ats-hash-index-v3), §5.5.3 (archive-time-stamp-v3); A.2.5 (v1 of the
index).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from asn1crypto import algos
from cryptography.hazmat.primitives.serialization import Encoding

from pki.der import OCTET_STRING, SEQUENCE, oid, read, read_all
from pki.errors.files import MalformedDERError
from verify.cms.check import Digestible
from verify.cms.signed_data import COUNTERSIGNATURE, Attribute, SignedData, Signer, read_signed_data
from verify.cms.token import SIGNATURE_TIMESTAMP, read_token
from verify.cms.values import (
    CERTIFICATE_VALUES,
    OCSP_BASIC,
    REVOCATION_VALUES,
    certificate_values,
    revocation_values,
    whole_response,
)
from verify.errors import MalformedObjectError
from verify.guard import foreign
from verify.signature_value import compute_digest, digest_name_of

ARCHIVE_TIMESTAMP = "0.4.0.1733.2.4"
_INDEX_V3 = "0.4.0.19122.1.5"
_INDEX_V1 = "0.4.0.1733.2.5"
_WHAT = "ats-hash-index"
_LISTS = 3
_OTHER = 0xA1


@dataclass(frozen=True, slots=True)
class Archived:
    """What one archive time-stamp is over: `digest` gives None when that is not what it names."""

    content: Digestible
    before: bytes
    """Type of the content."""
    after: bytes
    """Signed fields of the signer, and the index."""
    certificates: tuple[bytes, ...]
    """CertificateChoices that it covers."""
    revocations: tuple[bytes, ...]
    """RevocationInfoChoices that it covers."""
    attributes: tuple[tuple[str, bytes], ...]
    """Types and values of unsigned attributes that it covers."""

    @property
    def covers(self) -> frozenset[str]:
        """What it proves to have existed, by the SHA-256 of each."""
        inside = (each for kind, value in self.attributes for each in _in_attribute(kind, value))
        own = (*self.certificates, *map(_evidence_in, self.revocations), *inside)
        return frozenset(identity_of(each) for each in own)

    def digest(self, name: str) -> bytes | None:
        """Return what the imprint must be, None for a digest that is not known."""
        content = self.content.digest(name)
        if content is None:
            return None
        return compute_digest(name, (self.before, content, self.after))

    def has(self, name: str) -> bool:
        """Say whether enough is at hand for that digest."""
        return self.content.has(name)


def identity_of(der: bytes) -> str:
    """Return by what a time-stamp names a certificate, a piece of evidence, another time-stamp."""
    return hashlib.sha256(der).hexdigest()


def _evidence_in(choice: bytes) -> bytes:
    """Return the list or the OCSP response in a RevocationInfoChoice.

    Spec: RFC 5652 §10.2.1; RFC 5940 §2.1.
    """
    if choice[0] != _OTHER:
        return choice
    kind, value = read_all(read(choice, _WHAT).content, _WHAT)
    return whole_response(value.whole) if kind.whole == oid(OCSP_BASIC) else value.whole


def _in_attribute(kind: str, value: bytes) -> Iterator[bytes]:
    if kind == CERTIFICATE_VALUES:
        yield from certificate_values((value,))
    elif kind == REVOCATION_VALUES:
        for each in revocation_values((value,)):
            yield from each
    elif kind == COUNTERSIGNATURE:
        yield value
    elif kind in (SIGNATURE_TIMESTAMP, ARCHIVE_TIMESTAMP):
        yield value
        yield from _in_token(value)


def _in_token(untrusted_der: bytes) -> Iterator[bytes]:
    try:
        token = read_token(untrusted_der)
    except MalformedObjectError:
        return
    yield from (each.public_bytes(Encoding.DER) for each in token.certificates)
    yield from (*token.crls, *token.ocsp_responses)


@dataclass(frozen=True, slots=True)
class _Index:
    whole: bytes
    digest: str
    certificates: tuple[bytes, ...]
    revocations: tuple[bytes, ...]
    attributes: tuple[bytes, ...]
    by_value: bool
    """Attributes are hashed value by value (v3), or each as a whole."""


def read_archived(
    untrusted_token: bytes, data: SignedData, signer: Signer, content: Digestible
) -> Archived:
    """Return what an archive time-stamp of a signer is over.

    Args:
        untrusted_token: the time-stamp token.
        data: the signature that it stands in.
        signer: whose unsigned attribute it is.
        content: what was signed.

    Raises:
        MalformedObjectError: it has no index, or one that names what is not there.
    """
    with foreign("archive time-stamp"):
        index = _read_index(read_signed_data(untrusted_token, limit=1))
        hashed = tuple(_hashed(signer.unsigned, index))
        certificates = _met(index, index.certificates, data.certificates)
        revocations = _met(index, index.revocations, data.revocations)
        attributes = _met(index, index.attributes, (octets for octets, _, _ in hashed))
        return Archived(
            content,
            data.content_type_der,
            signer.signed_fields + index.whole,
            tuple(certificates),
            tuple(revocations),
            tuple((kind, value) for octets, kind, value in hashed if octets in attributes),
        )


def _hashed(attributes: Iterable[Attribute], index: _Index) -> Iterator[tuple[bytes, str, bytes]]:
    """Yield what the index hashes of each attribute's value, with its type and the value."""
    for each in attributes:
        for value in each.values:
            yield each.type_der + value if index.by_value else each.whole, each.type, value


def _met(index: _Index, hashes: tuple[bytes, ...], there: Iterable[bytes]) -> frozenset[bytes]:
    """Return what is there and in the index: each hash of the index must be met."""
    found = {compute_digest(index.digest, (item,)): item for item in there}
    if not set(hashes) <= found.keys():
        raise MalformedObjectError(what=_WHAT, reason="it names what is not there")
    return frozenset(found[each] for each in hashes)


def _read_index(token: SignedData) -> _Index:
    for signer in token.signers:
        for kind in (_INDEX_V3, _INDEX_V1):
            values = signer.values(kind)
            if len(values) == 1:
                return _parse_index(values[0], by_value=kind == _INDEX_V3)
    raise MalformedObjectError(what=_WHAT, reason="there is none")


def _parse_index(whole: bytes, *, by_value: bool) -> _Index:
    try:
        parts = read_all(read(whole, _WHAT).content, _WHAT)
        lists = [
            tuple(each.content for each in read_all(part.content, _WHAT))
            for part in parts[-_LISTS:]
        ]
        tags = {each.tag for part in parts[-_LISTS:] for each in read_all(part.content, _WHAT)}
    except MalformedDERError as error:
        raise MalformedObjectError(what=_WHAT, reason=str(error.facts["reason"])) from error
    sound = all(part.tag == SEQUENCE for part in parts) and tags <= {OCTET_STRING}
    if len(parts) - len(lists) not in (0, 1) or len(lists) != _LISTS or not sound:
        raise MalformedObjectError(what=_WHAT, reason="not three lists of hashes")
    digest = "sha256"  # the default of v1
    if len(parts) > _LISTS:
        digest = digest_name_of(algos.DigestAlgorithm.load(parts[0].whole, strict=True))
    return _Index(whole, digest, lists[0], lists[1], lists[2], by_value)
