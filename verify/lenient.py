"""Certificates that are no good DER in a place that changes nothing: mended to be read.

One certificate in seventy of the corpora (national lists, ministries, banks) holds a text that its
type does not allow, a default that is written out, a number with a wrong sign. What was signed are
its octets as they stand: they are kept in the mended certificate, and every hash and signature is
over them. Mended is, and nothing else:

1. texts in a type without their letters become UTF-8, in names and extensions,
2. numbers are in the fewest octets; those of an RSA key are positive,
3. parameters that ECDSA has not are left out,
4. a BOOLEAN is FALSE or TRUE, and a FALSE that is the default is not written,
5. basicConstraints of no authority have no path length; encipherOnly and decipherOnly need
   keyAgreement, without which they have no meaning.

An extension that is unreadable even so is left out where path validation does not look at it and
it is not critical. Any other is named by `unreadable_extensions`: such a certificate can be shown,
and signatures be verified with its key, but no path through it is sound.

Spec: RFC 5280 §4.2, §4.2.1.3, §4.2.1.9, §6.1; RFC 5758 §3.2; RFC 8017 A.1.1; X.690 §8.3.2, §11.5.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtensionOID

from pki import der
from pki.errors.files import MalformedDERError
from verify.quiet import quietly

_WHAT = "certificate"
_ISSUER, _SUBJECT, _KEY = 2, 4, 5
"""Places in what is signed, from the serial number on."""
_ORIGINAL = x509.ObjectIdentifier("2.25.146279164508913842105862398714436911723")
"""What a mended certificate has more: SEQUENCE { original, identifiers of unreadable ones }."""
_MARK = der.oid(_ORIGINAL.dotted_string)
_BYTES = 64 * 1024
_EXTENSIONS = 64
_DEPTH = 24
_CONSTRUCTED = 0x20
_BOOLEAN, _TRUE, _FALSE = 0x01, b"\x01\x01\xff", b"\x01\x01\x00"
_UTF8 = 0x0C
_TEXTS = {
    _UTF8: re.compile(rb"(?!)"),
    0x12: re.compile(rb"[0-9 ]*"),
    0x13: re.compile(rb"[A-Za-z0-9 '()+,\-./:=?]*"),
    0x14: re.compile(rb"[\x00-\x7f]*"),
    0x16: re.compile(rb"[\x00-\x7f]*"),
    0x1A: re.compile(rb"[\x20-\x7e]*"),
}
"""What the string types may hold: Numeric, Printable, Teletex, IA5, Visible; UTF-8 is
decoded. Teletex is written as Latin-1 by all who write it."""
_RSA = der.oid("1.2.840.113549.1.1.1")
_ECDSA = der.oid("1.2.840.10045.4.3.1")[2:-1]
_NULL = b"\x05\x00"
_VERSION_3 = b"\xa0\x03\x02\x01\x02"
_KEY_AGREEMENT, _ENCIPHER_ONLY = 0x08, 0x01

_PATH = frozenset(
    der.oid(oid.dotted_string)
    for oid in (
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.POLICY_CONSTRAINTS,
        ExtensionOID.POLICY_MAPPINGS,
        ExtensionOID.INHIBIT_ANY_POLICY,
        ExtensionOID.NAME_CONSTRAINTS,
    )
)
"""What path validation looks at, critical or not (§6.1)."""


def is_mended(untrusted_der: bytes) -> bool:
    """Say whether a certificate claims to be a mended one: none from outside may."""
    return _MARK in untrusted_der


def original_der(certificate: x509.Certificate) -> bytes:
    """Return a certificate as its issuer wrote it: what hashes and signatures are over."""
    whole = certificate.public_bytes(Encoding.DER)
    return _kept(certificate)[0].content if _MARK in whole else whole


def issuer_der(certificate: x509.Certificate) -> bytes:
    """Return the issuer's name as it stands in the certificate."""
    return _field(certificate, _ISSUER) or certificate.issuer.public_bytes()


def subject_der(certificate: x509.Certificate) -> bytes:
    """Return the subject's name as it stands in the certificate."""
    return _field(certificate, _SUBJECT) or certificate.subject.public_bytes()


def key_der(certificate: x509.Certificate) -> bytes:
    """Return the SubjectPublicKeyInfo as it stands in the certificate."""
    return _field(certificate, _KEY) or certificate.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )


def unreadable_extensions(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return the extensions, dotted, that a path needs and that could not be read."""
    if _MARK not in certificate.public_bytes(Encoding.DER):
        return ()
    return tuple(_dotted(item.content) for item in _kept(certificate)[1:])


def mend(untrusted_der: bytes) -> bytes | None:
    """Return a certificate that could not be read, mended; None: nothing here helps.

    What comes back may still be unreadable.
    """
    if len(untrusted_der) > _BYTES or is_mended(untrusted_der):
        return None
    try:
        fields, algorithm, signature = _parts(untrusted_der)
        serial, _, issuer, validity, subject, key = (field.whole for field in fields[:6])
        inside = _algorithm(fields[1])
        head = (
            _VERSION_3,
            _integer(serial),
            inside,
            _texts(issuer),
            validity,
            _texts(subject),
            _key(key),
        )
        after = (inside, signature.whole)
        listed = [field for field in fields[6:] if field.tag == 0xA3]
        kept = _extensions(listed, lambda one: _whole(head, [one], after))
        kept.items.append(_marker(untrusted_der, kept.unreadable))
        return _whole(head, kept.items, (_algorithm(algorithm), signature.whole))
    except (MalformedDERError, IndexError, ValueError):
        return None


_FRAME = (der.SEQUENCE, der.SEQUENCE, der.SEQUENCE, der.BIT_STRING)


def _parts(whole: bytes) -> tuple[tuple[der.TLV, ...], der.TLV, der.TLV]:
    """Return the fields of what is signed, from the serial number on, and what stands beside it."""
    outer = der.read(whole, _WHAT)
    tbs, algorithm, signature = der.read_all(outer.content, _WHAT)
    if (outer.tag, tbs.tag, algorithm.tag, signature.tag) != _FRAME:
        raise ValueError  # nobody signed these, and another would be another certificate
    fields = der.read_all(tbs.content, _WHAT)
    return fields if fields[0].tag == der.INTEGER else fields[1:], algorithm, signature


def _field(certificate: x509.Certificate, place: int) -> bytes | None:
    """Return a field of a mended certificate as it was; None for one that was not mended."""
    whole = certificate.public_bytes(Encoding.DER)
    return _parts(_kept(certificate)[0].content)[0][place].whole if _MARK in whole else None


class _Extensions:
    """What became of the extensions."""

    def __init__(self) -> None:
        self.items: list[bytes] = []
        self.unreadable: list[bytes] = []


def _extensions(listed: list[der.TLV], around: Callable[[bytes], bytes]) -> _Extensions:
    """Return the extensions mended.

    Args:
        listed: the field of the certificate that holds them, if any.
        around: makes a certificate with one extension, to see whether it can be read.
    """
    kept = _Extensions()
    for field in listed:
        extensions = der.read_all(der.read(field.content, _WHAT).content, _WHAT)
        if len(extensions) > _EXTENSIONS:
            raise ValueError
        for extension in extensions:
            oid, critical, value = _taken_apart(extension)
            mended = der.sequence(
                (oid, *([_TRUE] if critical else []), der.encode(der.OCTET_STRING, value))
            )
            if _readable(around(mended)):
                kept.items.append(mended)
            elif critical or oid in _PATH:
                kept.unreadable.append(oid)
    return kept


def _taken_apart(extension: der.TLV) -> tuple[bytes, bool, bytes]:
    """Return identifier, whether it is critical, and the value mended."""
    oid, *critical, value = der.read_all(extension.content, _WHAT)
    if (oid.tag, [item.tag for item in critical], value.tag) not in _SHAPES:
        raise ValueError
    try:
        content = _VALUES.get(oid.whole, _texts)(value.content)
    except (MalformedDERError, IndexError):
        content = value.content
    return oid.whole, any(item.content != b"\0" for item in critical), content


_SHAPES: tuple[tuple[int, list[int], int], ...] = (
    (der.OID, [], der.OCTET_STRING),
    (der.OID, [_BOOLEAN], der.OCTET_STRING),
)


def _readable(whole: bytes) -> bool:
    try:
        with quietly():
            return len(x509.load_der_x509_certificate(whole).extensions) == 1
    except (ValueError, TypeError, x509.UnsupportedGeneralNameType):
        return False


def _basic_constraints(value: bytes) -> bytes:
    authority = False
    length = []
    for item in der.read_all(der.read(value, _WHAT).content, _WHAT):
        if item.tag == _BOOLEAN:
            authority = item.content != b"\0"
        else:
            length = [item.whole]
    return der.sequence((_TRUE, *length) if authority else ())


def _key_usage(value: bytes) -> bytes:
    content = der.read(value, _WHAT).content
    if content[1] & _KEY_AGREEMENT:
        return value
    return der.encode(der.BIT_STRING, bytes((0, content[1] & ~_ENCIPHER_ONLY)))


_VALUES: dict[bytes, Callable[[bytes], bytes]] = {
    der.oid(ExtensionOID.BASIC_CONSTRAINTS.dotted_string): _basic_constraints,
    der.oid(ExtensionOID.KEY_USAGE.dotted_string): _key_usage,
}


def _texts(whole: bytes, depth: int = _DEPTH) -> bytes:
    """Return an element in which every text is in a type that has its letters."""
    try:
        element = der.read(whole, _WHAT)
    except MalformedDERError:
        return whole
    if element.tag & _CONSTRUCTED and depth:
        inside = der.read_all(element.content, _WHAT)
        return der.encode(element.tag, b"".join(_texts(item.whole, depth - 1) for item in inside))
    allowed = _TEXTS.get(element.tag)
    if allowed is None or allowed.fullmatch(element.content):
        return whole
    try:
        text = element.content.decode("utf-8")
    except UnicodeDecodeError:
        text = element.content.decode("latin-1")
    return der.encode(_UTF8, text.encode())


def _integer(whole: bytes) -> bytes:
    return der.integer(int.from_bytes(der.read(whole, _WHAT).content, "big", signed=True))


def _algorithm(element: der.TLV) -> bytes:
    oid, *parameters = (item.whole for item in der.read_all(element.content, _WHAT))
    if _ECDSA in oid and parameters == [_NULL]:
        return der.sequence((oid,))
    return element.whole


def _key(whole: bytes) -> bytes:
    algorithm, bits = der.read_all(der.read(whole, _WHAT).content, _WHAT)
    if not algorithm.content.startswith(_RSA):
        return whole
    numbers = der.read_all(der.read(bits.content[1:], _WHAT).content, _WHAT)
    positive = der.sequence(der.integer(int.from_bytes(each.content, "big")) for each in numbers)
    return der.sequence((der.sequence((_RSA, _NULL)), der.bit_string(positive)))


def _whole(head: tuple[bytes, ...], extensions: list[bytes], after: tuple[bytes, ...]) -> bytes:
    listed = der.encode(0xA3, der.sequence(extensions))
    return der.sequence((der.sequence((*head, listed)), *after))


def _marker(original: bytes, unreadable: list[bytes]) -> bytes:
    value = der.sequence((der.encode(der.OCTET_STRING, original), *unreadable))
    return der.sequence((_MARK, der.encode(der.OCTET_STRING, value)))


def _kept(certificate: x509.Certificate) -> tuple[der.TLV, ...]:
    value = certificate.extensions.get_extension_for_oid(_ORIGINAL).value
    assert isinstance(value, x509.UnrecognizedExtension)  # noqa: S101  nobody else writes it
    return der.read_all(der.read(value.value, _WHAT).content, _WHAT)


def _dotted(content: bytes) -> str:
    arcs, arc = [], 0
    for octet in content:
        arc = arc << 7 | octet & 0x7F
        if octet < 0x80:
            arcs.append(arc)
            arc = 0
    if not arcs or content[-1] >= 0x80:
        return content.hex()  # none at all
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))
