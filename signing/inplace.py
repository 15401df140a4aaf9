"""Puts a signature-time-stamp into a signature that is in a document already.

The time-stamp is an unsigned attribute of the CMS, and /Contents is not signed: where the padding
has room, the signature's own bytes and every signed byte stay as they are. But a later signature,
or a time-stamp over the document, signs /Contents of all before it: only the last signature can
be completed so. All others get the same protection from a document time-stamp.

The attribute is appended to the encoding as it stands, since writing it anew could change it.

Spec: ETSI EN 319 142-1 §6.3 (either proves that the signature existed); RFC 3161 Appendix A;
RFC 5652 §5.3 (unsignedAttrs are the last field of the last field).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import BinaryIO

from asn1crypto import parser

from pki.cms_der import SIGNATURE_TIMESTAMP, attribute
from signing.tsa import FetchingTimeStamper
from verify.cms.token import read_token
from verify.content import Content
from verify.finding import Finding
from verify.guard import foreign
from verify.password import Password
from verify.pdf.document import open_pdf
from verify.pdf.fields import find_signature_fields
from verify.pdf.ranges import Covered, read_range
from verify.policy import Limits

LEAST_ROOM = 1500
"""Octets; no time-stamp with its certificate is smaller."""
_CONTEXT = 2
_UNSIGNED = 1


@dataclass(frozen=True, slots=True)
class Place:
    """A signature that a time-stamp may be put into."""

    covered: Covered
    value: bytes
    """The signature's value: what is time-stamped."""

    digits: bytes
    """The signature as it is written there."""

    def write(self, document: BinaryIO, digits: bytes) -> None:
        """Write something of the same length in place of the signature."""
        document.seek(self.covered.byte_range[1] + 1)
        document.write(digits)


def find_place(
    data: Content, field: str, *, limits: Limits, password: Password | None = None
) -> Place | None:
    """Return where the signature in `field` lies; None where nothing may be put into it.

    Args:
        data: the document; it was judged before.
        field: whose signature.
        limits: of the policy.
        password: of a document that is encrypted.

    Raises:
        MalformedObjectError: the signature cannot be taken apart.
    """
    pdf = open_pdf(data, name=field, limits=limits, password=password)
    fields = find_signature_fields(pdf, name=field, limit=limits.signatures)
    found = next((each for each in fields if each.name == field), None)
    covered = None if found is None else read_range(pdf, found)
    if covered is None or isinstance(covered, Finding):
        return None
    if data[covered.end :].strip(b"\0\t\n\f\r "):
        return None  # something came after it, and may sign what is in it
    _, start, end, _ = covered.byte_range
    if end - start != 2 * len(covered.contents) + 2:
        return None  # hexadecimal digits with blanks between them
    token = read_token(covered.contents)
    if token.signature_timestamps or _room(covered.contents) < LEAST_ROOM:
        return None
    return Place(covered, token.signature, bytes(data[start + 1 : end - 1]))


def stamp_in_place(
    document: BinaryIO, place: Place, timestamper: FetchingTimeStamper, *, digest_name: str
) -> bool:
    """Put a time-stamp into the signature; say whether the room was large enough.

    Args:
        document: in memory or in a file; nothing but the signature's padding is changed in it.
        place: where the signature lies.
        timestamper: asks for the time-stamp.
        digest_name: of the signature's value.

    Raises:
        PKIError: see `signing.tsa`.
    """
    digest = hashlib.new(digest_name, place.value).digest()
    token = timestamper.stamp(digest, digest_name)
    contents = place.covered.contents
    with foreign("CMS signature"):
        stamped = _append_unsigned(contents, attribute(SIGNATURE_TIMESTAMP, token))
    if stamped is None or len(stamped) > len(contents):
        return False
    place.write(document, stamped.ljust(len(contents), b"\0").hex().encode("ascii"))
    return True


def _room(contents: bytes) -> int:
    with foreign("CMS signature"):
        return len(contents) - len(_element(contents).whole)


@dataclass(frozen=True, slots=True)
class _Element:
    tag: tuple[int, int, int]
    whole: bytes
    contents: bytes
    definite: bool

    def children(self) -> list[_Element]:
        found, rest = [], self.contents
        while rest:
            child = _element(rest)
            found.append(child)
            rest = rest[len(child.whole) :]
        return found

    def with_contents(self, *parts: bytes) -> bytes:
        emitted: bytes = parser.emit(*self.tag, b"".join(parts))
        return emitted


def _element(encoded: bytes) -> _Element:
    class_, method, tag, header, contents, trailer = parser.parse(encoded)
    whole = header + contents + trailer
    return _Element((class_, method, tag), whole, contents, not trailer)


def _append_unsigned(contents: bytes, added: bytes) -> bytes | None:
    """Append an attribute to the one signer's; None where the encoding is of indefinite length."""
    content_info = _element(contents)
    explicit = content_info.children()[-1]
    (signed_data,) = explicit.children()
    signers = signed_data.children()[-1]
    (signer,) = signers.children()
    nested = (content_info, explicit, signed_data, signers, signer)
    if not all(each.definite for each in nested):
        return None
    fields = signer.children()
    last = fields[-1]
    if (last.tag[0], last.tag[2]) == (_CONTEXT, _UNSIGNED):
        fields.pop()
        unsigned = last.with_contents(last.contents, added)
    else:
        unsigned = parser.emit(_CONTEXT, 1, _UNSIGNED, added)
    new = signer.with_contents(*(each.whole for each in fields), unsigned)
    new = signers.with_contents(new)
    new = signed_data.with_contents(*(each.whole for each in signed_data.children()[:-1]), new)
    new = explicit.with_contents(new)
    return content_info.with_contents(*(each.whole for each in content_info.children()[:-1]), new)
