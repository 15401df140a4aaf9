"""CMS files octet by octet: any number of signers, CAdES levels, and what nobody should write."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from unit.verify.verify_pki import (
    LATER,
    SIGNED,
    FixedTimeStamper,
    Party,
    World,
    answers_for,
    make_world,
)

from pki.der import ENUMERATED, OCTET_STRING, SET, TLV, encode, integer, oid, read, read_all
from pki.der import sequence as seq
from verify.content import Digest
from verify.detached import verify_signature
from verify.evidence import NONE, Evidence
from verify.policy import Policy, default_policy
from verify.report import Report
from verify.trust import TrustStore

CONTENT = "Quyết định số 01/QĐ-UBND".encode()
DATA = "1.2.840.113549.1.7.1"
SIGNED_DATA = "1.2.840.113549.1.7.2"
STAMP = "1.2.840.113549.1.9.16.2.14"
CONTENT_STAMP = "1.2.840.113549.1.9.16.2.20"
COUNTER = "1.2.840.113549.1.9.6"
CERTIFICATE_VALUES = "1.2.840.113549.1.9.16.2.23"
REVOCATION_VALUES = "1.2.840.113549.1.9.16.2.24"
ARCHIVE = "0.4.0.1733.2.4"
INDEX_V3, INDEX_V1 = "0.4.0.19122.1.5", "0.4.0.1733.2.5"
OCSP_RESPONSE = "1.3.6.1.5.5.7.16.2"
OCSP_BASIC = "1.3.6.1.5.5.7.48.1.1"
DIGESTS = {
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2",
    "sha512": "2.16.840.1.101.3.4.2.3",
    "shake256": "2.16.840.1.101.3.4.2.12",
}
ECDSA = {"sha256": 2, "sha384": 3, "sha512": 4}


def tagged(number: int, *parts: bytes) -> bytes:
    return encode(0xA0 | number, b"".join(parts))


def octets(value: bytes) -> bytes:
    return encode(OCTET_STRING, value)


def algorithm(dotted: str) -> bytes:
    return seq((oid(dotted),))


def attribute(dotted: str, *values: bytes) -> bytes:
    return seq((oid(dotted), encode(SET, b"".join(values))))


def hashed(name: str, data: bytes) -> bytes:
    if name == "shake256":
        return hashlib.shake_256(data).digest(64)
    return hashlib.new(name, data).digest()


@dataclass(frozen=True)
class How:
    """How one signs."""

    party: Party | None = None
    digest: str = "sha256"
    ess: bool = True
    attributes: bool = True
    signed: tuple[bytes, ...] = ()
    """More signed attributes."""
    digest_named: bytes | None = None
    """The AlgorithmIdentifier in the place of the digest's own."""
    plain: bool = False
    typed: bool = True
    """The attributes name the content's type, as those of a countersignature do not."""
    message: bytes | None = None
    """What is hashed instead of the content."""


def sign_with(key, data: bytes, how: How) -> tuple[str, bytes]:
    """Return the OID of the signature algorithm, and the value."""
    if isinstance(key, ed448.Ed448PrivateKey):
        return "1.3.101.113", key.sign(data)
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "1.3.101.112", key.sign(data)
    digest = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
    value = key.sign(data, ec.ECDSA(digest[how.digest]))
    if not how.plain:
        return f"1.2.840.10045.4.3.{ECDSA[how.digest]}", value
    r, s = (int.from_bytes(each.content, "big") for each in read_all(read(value, "").content, ""))
    return "0.4.0.127.0.7.1.1.4.1.3", r.to_bytes(32, "big") + s.to_bytes(32, "big")


def signer_info(content: bytes, how: How = How(), *unsigned: bytes) -> bytes:
    """Return a SignerInfo over content."""
    party = how.party or make_world().official
    certificate = party.certificate
    sid = seq((certificate.issuer.public_bytes(), integer(certificate.serial_number)))
    attributes = b""
    data = content if how.message is None else how.message
    if how.attributes:
        parts = [
            *([attribute("1.2.840.113549.1.9.3", oid(DATA))] if how.typed else []),
            attribute("1.2.840.113549.1.9.4", octets(hashed(how.digest, data))),
            *how.signed,
        ]
        if how.ess:
            named = seq((octets(hashlib.sha256(party.der).digest()),))
            parts.append(attribute("1.2.840.113549.1.9.16.2.47", seq((seq((named,)),))))
        attributes = b"".join(sorted(parts))
        data = encode(SET, attributes)
    name, value = sign_with(party.key, data, how)
    return seq(
        (
            integer(1),
            sid,
            how.digest_named or algorithm(DIGESTS[how.digest]),
            tagged(0, attributes) if attributes else b"",
            algorithm(name),
            octets(value),
            tagged(1, *unsigned) if unsigned else b"",
        )
    )


def cms(
    *signers: bytes,
    content: bytes | None = None,
    certificates: Sequence[bytes] | None = None,
    revocations: Sequence[bytes] = (),
    content_type: str = DATA,
) -> bytes:
    """Return a SignedData with these signers; with `content`, inside."""
    own = default_certificates() if certificates is None else certificates
    inside = b"" if content is None else tagged(0, octets(content))
    signed = seq(
        (
            integer(1),
            encode(SET, algorithm(DIGESTS["sha256"])),
            seq((oid(content_type), inside)),
            tagged(0, *own) if own else b"",
            tagged(1, *revocations) if revocations else b"",
            encode(SET, b"".join(signers)),
        )
    )
    return seq((oid(SIGNED_DATA), tagged(0, signed)))


def default_certificates() -> tuple[bytes, ...]:
    world = make_world()
    return world.official.der, world.issuing.der


def value_of(info: bytes) -> bytes:
    """Return the signature value in a SignerInfo."""
    return next(each.content for each in parts_of(info) if each.tag == OCTET_STRING)


def parts_of(element: bytes) -> tuple[TLV, ...]:
    return read_all(read(element, "").content, "")


def with_unsigned(info: bytes, *attributes: bytes) -> bytes:
    """Return a SignerInfo with more unsigned attributes."""
    parts = parts_of(info)
    own = [each.content for each in parts if each.tag == 0xA1]
    rest = [each.whole for each in parts if each.tag != 0xA1]
    return seq((*rest, tagged(1, *own, *attributes)))


def stamp(data: bytes, moment: datetime = SIGNED, party: Party | None = None) -> bytes:
    """Return a time-stamp token over data."""
    return FixedTimeStamper(party or make_world().tsa, moment).token(data).dump()


def with_stamp(info: bytes, moment: datetime = SIGNED, party: Party | None = None) -> bytes:
    """Return a SignerInfo with a signature time-stamp."""
    return with_unsigned(info, attribute(STAMP, stamp(value_of(info), moment, party)))


def in_token(token: bytes, *attributes: bytes) -> bytes:
    """Return a time-stamp token with unsigned attributes."""
    kind, inside = parts_of(token)
    *rest, signers = parts_of(read_all(inside.content, "")[0].whole)
    info = with_unsigned(read_all(signers.content, "")[0].whole, *attributes)
    signed = seq((*(each.whole for each in rest), encode(SET, info)))
    return seq((kind.whole, tagged(0, signed)))


@dataclass(frozen=True)
class Indexed:
    """What an archive time-stamp is to cover."""

    certificates: Sequence[bytes] = ()
    revocations: Sequence[bytes] = ()
    more: Sequence[bytes] = ()
    """Hashes of certificates that are not there."""
    by_value: bool = True
    named: bool = True
    """The hash algorithm is named (it may be left out before v3)."""
    moment: datetime = LATER
    party: Party | None = None
    content: bytes = CONTENT
    index_of: str | None = field(default=None)


def with_archive(info: bytes, what: Indexed) -> bytes:
    """Return a SignerInfo with an archive time-stamp over all of it and over `what`."""
    fields = b"".join(each.whole for each in parts_of(info) if each.tag != 0xA1)
    unsigned = [
        each for part in parts_of(info) if part.tag == 0xA1 for each in read_all(part.content, "")
    ]
    if what.by_value:
        named = [read_all(each.content, "") for each in unsigned]
        attributes = [
            kind.whole + value.whole
            for kind, values in named
            for value in read_all(values.content, "")
        ]
    else:
        attributes = [each.whole for each in unsigned]

    def listed(items: Sequence[bytes]) -> bytes:
        return seq(octets(hashlib.sha256(item).digest()) for item in items)

    certificates = listed(what.certificates)
    if what.more:
        own = [hashlib.sha256(item).digest() for item in what.certificates]
        certificates = seq(octets(each) for each in (*own, *what.more))
    lists = (certificates, listed(what.revocations), listed(attributes))
    index = seq((algorithm(DIGESTS["sha256"]), *lists) if what.named else lists)
    data = oid(DATA) + hashlib.sha256(what.content).digest() + fields + index
    token = stamp(data, what.moment, what.party)
    kind = what.index_of or (INDEX_V3 if what.by_value else INDEX_V1)
    return with_unsigned(info, attribute(ARCHIVE, in_token(token, attribute(kind, index))))


def other_revocation(dotted: str, value: bytes) -> bytes:
    """Return a RevocationInfoChoice that is no list."""
    return tagged(1, oid(dotted), value)


def basic_of(response: bytes) -> bytes:
    """Return the BasicOCSPResponse in an OCSPResponse."""
    status, rest = parts_of(response)
    assert status.whole == encode(ENUMERATED, b"\0")
    return parts_of(read_all(rest.content, "")[0].whole)[1].content


def values_of(answers: Sequence[bytes], lists: Sequence[bytes] = ()) -> bytes:
    """Return the unsigned attribute that keeps answers and lists."""
    kept = (tagged(0, seq(lists)), tagged(1, seq(basic_of(each) for each in answers)))
    return attribute(REVOCATION_VALUES, seq((*kept, tagged(2, seq((oid(DATA), integer(1)))))))


def evidence_inside(world: World, issued: datetime) -> tuple[bytes, ...]:
    """Return good answers about everybody as RevocationInfoChoices."""
    return tuple(other_revocation(OCSP_RESPONSE, each) for each in answers_for(world, issued))


def at_level(level: str, *, content: bytes | None = None) -> bytes:
    """Return a file of one signature: signed and stamped at SIGNED, evidence a minute later."""
    world = make_world()
    info = signer_info(CONTENT)
    if level == "B-B":
        return cms(info, content=content)
    info = with_stamp(info)
    if level == "B-T":
        return cms(info, content=content)
    revocations = evidence_inside(world, SIGNED + timedelta(minutes=1))
    certificates = default_certificates()
    if level == "B-LTA":
        what = Indexed(certificates, revocations, moment=SIGNED + timedelta(minutes=2))
        info = with_archive(info, what)
    return cms(info, content=content, certificates=certificates, revocations=revocations)


def judge_file(
    signature: bytes,
    content: bytes | Digest | None = CONTENT,
    *,
    at: datetime = LATER,
    evidence: Evidence = NONE,
    trust: TrustStore | None = None,
    policy: Policy | None = None,
) -> Report:
    """Judge as the tests usually do."""
    return verify_signature(
        signature,
        content,
        policy=policy or default_policy(),
        trust=trust or make_world().trust,
        at=at,
        evidence=evidence,
    )


def digest_of(content: bytes, name: str = "sha256") -> Digest:
    return Digest(name, hashed(name, content))


def pem(der: bytes, label: str = "CMS") -> bytes:
    lines = base64.encodebytes(der).decode()
    return f"-----BEGIN {label}-----\n{lines}-----END {label}-----\n".encode()


def certificate_der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)
