"""Reads a CMS SignedData, as a PDF's /Contents and a time-stamp token hold one: its first signer.

Spec: RFC 5652 §5; RFC 5035 (signing certificate); EN 319 122-1 §5.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache

from asn1crypto import algos, cms, core, pdf, tsp
from cryptography import x509

from verify.asn1 import encoded_length, raw, untyped
from verify.certificate import readable
from verify.cms.named import Certificates, by_issuer, by_key, by_like_issuer
from verify.cms.plain import DATA, Plain, read_plain
from verify.cms.protection import ALGORITHM_PROTECTION, names_others
from verify.cms.values import (
    CERTIFICATE_VALUES,
    OCSP_BASIC,
    REVOCATION_VALUES,
    certificate_values,
    revocation_values,
    whole_response,
)
from verify.errors import MalformedObjectError
from verify.facts import Reference
from verify.guard import ASN1, foreign
from verify.lenient import original_der
from verify.signature_value import Scheme, digest_name_of, hash_with, parse_scheme

SIGNATURE_TIMESTAMP = "1.2.840.113549.1.9.16.2.14"
CONTENT_TIMESTAMP = "1.2.840.113549.1.9.16.2.20"
ADOBE_REVOCATION = "1.2.840.113583.1.1.8"
_ESS = {"1.2.840.113549.1.9.16.2.12": "sha1", "1.2.840.113549.1.9.16.2.47": "sha256"}
_ = tsp  # registers the ESS attributes with asn1crypto
_OCSP_RESPONSE = "1.3.6.1.5.5.7.16.2"
"""id-ri-ocsp-response (RFC 5940 §2.1)."""
_DATA = "1.2.840.113549.1.7.1"
_TST_INFO = "1.2.840.113549.1.9.16.1.4"


@dataclass(frozen=True)
class Token:
    """A SignedData taken apart; nothing in it is verified yet."""

    content_type: str
    content: bytes | None
    certificates: tuple[x509.Certificate, ...]
    crls: tuple[bytes, ...]
    ocsp_responses: tuple[bytes, ...]
    digest: str
    scheme: Scheme
    signature: bytes
    signed_attributes: bytes | None
    """DER of the SET OF, as it was signed; None when there are none."""
    message_digest: bytes | None
    signed_content_type: str | None
    claimed_signing_time: datetime | None
    ess: tuple[tuple[str, bytes], ...]
    """Digest name and hash of the certificate the signer names."""
    signature_timestamps: tuple[bytes, ...]
    content_timestamps: tuple[bytes, ...]
    _key_id: bytes | None
    """How the signer is named: by the identifier of its key, or else"""
    _issuer_and_serial: tuple[bytes, int] | None
    """by its issuer's name, DER, and its serial number."""
    signers: int = 1
    """How many there are; what stands here is of the first."""
    names_other_algorithms: bool = False
    """The signed attributes name other algorithms than those that are used (RFC 6211)."""

    def signer(self, others: tuple[x509.Certificate, ...]) -> x509.Certificate | None:
        """Return the signing certificate, from the token or from `others`, or None."""
        return (
            self._own_signer
            or self._named(others)
            or self._named_alike(self.certificates)
            or self._named_alike(others)
        )

    @cached_property
    def _own_signer(self) -> x509.Certificate | None:
        return self._named(self.certificates)

    def _named(self, certificates: Certificates) -> x509.Certificate | None:
        if self._issuer_and_serial is None:
            return by_key(certificates, self._key_id or b"")
        return by_issuer(certificates, *self._issuer_and_serial)

    def _named_alike(self, certificates: Certificates) -> x509.Certificate | None:
        if self._issuer_and_serial is None:
            return None
        return by_like_issuer(certificates, *self._issuer_and_serial)

    def reference_to(self, certificate: x509.Certificate) -> Reference:
        """Say whether the signed attributes name `certificate` as the signing one."""
        if not self.ess:
            return Reference.ABSENT
        der = original_der(certificate)
        matches = all(hash_with(digest, der) == value for digest, value in self.ess)
        return Reference.MATCHES if matches else Reference.DIFFERS


def read_token(untrusted_der: bytes) -> Token:
    """Take a CMS SignedData apart; zeros after its end (the PDF placeholder) are allowed.

    Raises:
        MalformedObjectError: not a SignedData, no signer, an attribute that must stand once stands
            twice, or bytes other than zero after the end.
    """
    if len(untrusted_der) <= _COMMON_BYTES:
        return _read_common(untrusted_der)
    return _read(untrusted_der)


_COMMON_BYTES = 32 * 1024


@lru_cache(maxsize=16)
def _read_common(untrusted_der: bytes) -> Token:
    """Read a token once: a time-stamp is looked at when it comes, and again in its document."""
    return _read(untrusted_der)


def _read(untrusted_der: bytes) -> Token:
    plain = read_plain(untrusted_der)
    if plain is None:
        return _of_any(untrusted_der)
    with foreign("CMS signature"):
        return _of_plain(plain)


def _of_plain(plain: Plain) -> Token:
    digest = digest_named(plain.digest_algorithm)
    kind = _DATA if plain.content_type == DATA else _TST_INFO
    return Token(
        content_type=kind,
        content=plain.content,
        certificates=tuple(readable(iter(plain.certificates))),
        crls=(),
        ocsp_responses=(),
        digest=digest,
        scheme=_scheme(plain.signature_algorithm, digest),
        signature=plain.signature,
        signed_attributes=b"\x31" + plain.signed_attributes[1:],
        message_digest=plain.message_digest,
        signed_content_type=kind,
        claimed_signing_time=None,
        ess=(("sha256", plain.certificate_hash),),
        signature_timestamps=() if plain.timestamp is None else (plain.timestamp,),
        content_timestamps=(),
        _key_id=None,
        _issuer_and_serial=(plain.issuer, plain.serial),
    )


@lru_cache(maxsize=16)
def digest_named(algorithm_der: bytes) -> str:
    """Return the name of a digest algorithm.

    Raises:
        ValueError: it is none, as asn1crypto says.
        MalformedObjectError: it has no name.
    """
    return digest_name_of(algos.DigestAlgorithm.load(algorithm_der, strict=True))


@lru_cache(maxsize=16)
def _scheme(algorithm_der: bytes, digest: str) -> Scheme:
    return parse_scheme(algos.SignedDigestAlgorithm.load(algorithm_der, strict=True), digest)


def _of_any(untrusted_der: bytes) -> Token:
    with foreign("CMS signature"):
        signed_data = load_signed_data(untrusted_der)
        signers = signed_data["signer_infos"]
        if not len(signers):
            raise MalformedObjectError(what="CMS signature", reason="no signer")
        shared = read_shared(signed_data)
        return take_apart(signed_data, signers[0], shared, signers=len(signers))


def load_signed_data(untrusted_der: bytes) -> ASN1:
    """Return the SignedData; what it holds is read when it is asked for, inside `foreign`.

    Raises:
        MalformedObjectError: another type, or bytes other than zero after the end.
    """
    content_info = cms.ContentInfo.load(untrusted_der)
    if untrusted_der[encoded_length(untrusted_der) :].strip(b"\0"):
        raise MalformedObjectError(what="CMS signature", reason="bytes after its end")
    if content_info["content_type"].native != "signed_data":
        raise MalformedObjectError(what="CMS signature", reason="not SignedData")
    return content_info["content"]


@dataclass(frozen=True, slots=True)
class Shared:
    """What all signers of a SignedData have in common."""

    certificates: tuple[x509.Certificate, ...]
    crls: tuple[bytes, ...]
    ocsp_responses: tuple[bytes, ...]


def read_shared(signed_data: ASN1) -> Shared:
    """Return what all signers of a SignedData have in common; called inside `foreign`."""
    certificates = (
        raw(choice.chosen)
        for choice in _present(signed_data["certificates"])
        if choice.name == "certificate"
    )
    crls: list[bytes] = []
    responses: list[bytes] = []
    for choice in _present(signed_data["crls"]):
        if choice.name == "crl":
            crls.append(raw(choice.chosen))
        elif choice.chosen["other_rev_info_format"].dotted == _OCSP_RESPONSE:
            responses.append(raw(choice.chosen["other_rev_info"]))
        elif choice.chosen["other_rev_info_format"].dotted == OCSP_BASIC:
            responses.append(whole_response(raw(choice.chosen["other_rev_info"])))
    return Shared(tuple(readable(certificates)), tuple(crls), tuple(responses))


def take_apart(signed_data: ASN1, signer_info: ASN1, shared: Shared, *, signers: int = 1) -> Token:
    """Return one signer of a SignedData as a token; called inside `foreign`.

    Args:
        signed_data: what holds it.
        signer_info: the signer.
        shared: what it has in common with the others.
        signers: how many there are where one is expected.
    """
    signed = _attributes(signer_info["signed_attrs"])
    unsigned = _unsigned(signer_info["unsigned_attrs"])
    digest = digest_name_of(signer_info["digest_algorithm"])
    encapsulated = signed_data["encap_content_info"]
    crls, responses = _evidence(signed, unsigned)
    own = tuple(readable(certificate_values(unsigned.get(CERTIFICATE_VALUES, ()))))
    message_digest = _single(signed, "1.2.840.113549.1.9.4")
    content_type = _single(signed, "1.2.840.113549.1.9.3")
    key_id, issuer_and_serial = _signer(signer_info["sid"])
    protection = _single(signed, ALGORITHM_PROTECTION)
    algorithms = (raw(signer_info[each]) for each in ("digest_algorithm", "signature_algorithm"))
    return Token(
        content_type=encapsulated["content_type"].dotted,
        content=content_of(encapsulated),
        # Without own ones it is the tuple that the others have, of which there may be many.
        certificates=shared.certificates + own,
        crls=shared.crls + crls,
        ocsp_responses=shared.ocsp_responses + responses,
        digest=digest,
        scheme=parse_scheme(signer_info["signature_algorithm"], digest),
        signature=signer_info["signature"].native,
        signed_attributes=_signed_bytes(signer_info["signed_attrs"]),
        message_digest=None if message_digest is None else message_digest.native,
        signed_content_type=None if content_type is None else content_type.dotted,
        claimed_signing_time=_signing_time(_single(signed, "1.2.840.113549.1.9.5")),
        ess=_signing_certificates(signed),
        signature_timestamps=tuple(unsigned.get(SIGNATURE_TIMESTAMP, ())),
        content_timestamps=tuple(raw(value) for value in signed.get(CONTENT_TIMESTAMP, ())),
        _key_id=key_id,
        _issuer_and_serial=issuer_and_serial,
        signers=signers,
        names_other_algorithms=protection is not None
        and names_others(raw(protection), *algorithms),
    )


def _signer(sid: ASN1) -> tuple[bytes | None, tuple[bytes, int] | None]:
    if sid.name == "subject_key_identifier":
        return bytes(sid.chosen.native), None
    return None, (raw(sid.chosen["issuer"]), int(sid.chosen["serial_number"].native))


def _attributes(attributes: ASN1) -> dict[str, list[ASN1]]:
    found: dict[str, list[ASN1]] = {}
    for attribute in _present(attributes):
        values = found.setdefault(attribute["type"].dotted, [])
        values.extend(attribute["values"])
    return found


def _unsigned(attributes: ASN1) -> dict[str, list[bytes]]:
    """Return values as they stand: one that cannot be read takes nothing from the signature."""
    found: dict[str, list[bytes]] = {}
    for attribute in _present(attributes):
        values = found.setdefault(attribute["type"].dotted, [])
        values.extend(untyped(attribute["values"]))
    return found


def _single(attributes: dict[str, list[ASN1]], oid: str) -> ASN1:
    """Return the one value of an attribute, None when absent; two are an error."""
    values = attributes.get(oid, [])
    if len(values) > 1:
        raise MalformedObjectError(what="CMS signature", reason=f"attribute {oid} stands twice")
    return values[0] if values else None


def content_of(encapsulated: ASN1) -> bytes | None:
    """Return what a SignedData has inside; called inside `foreign`."""
    content = encapsulated["content"]
    if isinstance(content, core.Any):  # of a type that asn1crypto does not know
        content = content.parse(core.OctetString)
    return None if isinstance(content, core.Void) else bytes(content)


def _signed_bytes(attributes: ASN1) -> bytes | None:
    if isinstance(attributes, core.Void):
        return None
    # The attributes are signed as SET OF, not with the context tag they carry (RFC 5652 §5.4).
    return b"\x31" + raw(attributes)[1:]


def _evidence(
    signed: dict[str, list[ASN1]], unsigned: dict[str, list[bytes]]
) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """Return the CRLs and the OCSP responses in the attributes of one signer."""
    crls: list[bytes] = []
    responses: list[bytes] = []
    for value in signed.get(ADOBE_REVOCATION, []):
        archived = pdf.RevocationInfoArchival.load(raw(value))
        crls += [raw(item) for item in _present(archived["crl"])]
        responses += [raw(item) for item in _present(archived["ocsp"])]
    kept = revocation_values(unsigned.get(REVOCATION_VALUES, ()))
    return (*crls, *kept[0]), (*responses, *kept[1])


def _present(value: ASN1) -> ASN1:
    """Return an optional SET or SEQUENCE, empty when it is absent."""
    return () if isinstance(value, core.Void) else value


def _signing_time(value: ASN1) -> datetime | None:
    moment = None if value is None else value.native
    return moment.astimezone(UTC) if isinstance(moment, datetime) else None


def _signing_certificates(signed: dict[str, list[ASN1]]) -> tuple[tuple[str, bytes], ...]:
    """Return what each of the attributes names: where there are several, all must agree."""
    found = []
    for oid, default in _ESS.items():
        for value in signed.get(oid, []):
            first = value["certs"][0]
            digest = digest_name_of(first["hash_algorithm"]) if default == "sha256" else default
            found.append((digest, bytes(first["cert_hash"].native)))
    return tuple(found)


def is_timestamp(token: Token) -> bool:
    """Say whether the token encapsulates a TSTInfo (RFC 3161)."""
    return token.content_type == _TST_INFO


def is_plain(token: Token) -> bool:
    """Say whether the token signs plain data (id-data)."""
    return token.content_type == _DATA
