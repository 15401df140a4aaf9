"""Everything in this package that speaks asn1crypto: a second reading, queries, records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from asn1crypto import algos, cms, core, parser, tsp
from asn1crypto import x509 as asn1_x509

from pki.der import sequence
from pki.errors.files import MalformedDERError

_BROKEN = (ValueError, TypeError, KeyError, AttributeError)
"""What asn1crypto raises on a certificate that is not what it should be."""


def second_reading(certificate_der: bytes) -> bytes:
    """Read a certificate of version 3 with a second library and return its to-be-signed bytes.

    Raises:
        MalformedDERError: the second library does not read it to its last field.
    """
    try:
        tbs, algorithm, _ = _fields(certificate_der, _CERTIFICATE)
        version, _, signed_by, issuer, validity, subject, _, extensions = _fields(tbs, _TBS)
        _read(asn1_x509.Version, _contents(version, _EXPLICIT_0))
        _read(asn1_x509.Validity, validity)
        _read(asn1_x509.Name, issuer)
        for named in (algorithm, signed_by):
            _read(algos.SignedDigestAlgorithm, named)
        for relative_name in _elements(_contents(subject)):
            _read(asn1_x509.RelativeDistinguishedName, relative_name)
        for extension in _elements(_contents(_contents(extensions, _EXPLICIT_3))):
            _read(asn1_x509.Extension, extension)
    except _BROKEN as error:
        raise MalformedDERError(what="certificate", reason=str(error)) from error
    return tbs


_SEQUENCE, _EXPLICIT_0, _EXPLICIT_3 = 0x30, 0xA0, 0xA3
_CERTIFICATE, _TBS = bytes.fromhex("303003"), bytes.fromhex("a002 3030303030 a3")
"""The fields' first octets: without unique identifiers, which nothing of ours has (RFC 5280
§4.1.2.8)."""


def _fields(der: bytes, kinds: bytes) -> list[bytes]:
    """Return the elements of a SEQUENCE, which must be of these kinds."""
    elements = _elements(_contents(der))
    if bytes([one[0] for one in elements]) != kinds:
        raise ValueError("other fields than a certificate has")
    return elements


def _contents(der: bytes, kind: int = _SEQUENCE) -> bytes:
    """Return what stands in the one element that `der` is."""
    *_, contents, _ = parser.parse(der, strict=True)
    if der[0] != kind:
        raise ValueError("an element of another kind")
    octets: bytes = contents
    return octets


def _elements(contents: bytes) -> list[bytes]:
    """Return what stands one after the other, its types not looked at yet."""
    found = []
    while contents:
        size = parser.peek(contents)
        found.append(contents[:size])
        contents = contents[size:]
    return found


# Most of a certificate is the same octets in all that an authority issues for an office in one
# second: what was read once reads again.
@lru_cache(maxsize=512)
def _read(kind: type[core.Asn1Value], der: bytes) -> None:
    kind.load(der, strict=True).native  # noqa: B018  asn1crypto reads lazily


@dataclass(frozen=True, slots=True)
class TimestampQuery:
    """A TimeStampReq, read but not judged (RFC 3161 §2.4.1)."""

    version: int
    imprint_algorithm: str
    """Dotted object identifier."""
    imprint: bytes
    imprint_der: bytes
    policy: str | None
    nonce: int | None
    certificate_wanted: bool
    has_extensions: bool


def parse_query(untrusted_query: bytes) -> TimestampQuery:
    """Read a TimeStampReq.

    Raises:
        MalformedDERError: it is none.
    """
    try:
        query = tsp.TimeStampReq.load(untrusted_query, strict=True)
        query.native  # noqa: B018  asn1crypto reads lazily
        imprint = query["message_imprint"]
        return TimestampQuery(
            version=int(query["version"]),
            imprint_algorithm=imprint["hash_algorithm"]["algorithm"].dotted,
            imprint=imprint["hashed_message"].native,
            imprint_der=imprint.dump(),
            policy=query["req_policy"].dotted if _present(query["req_policy"]) else None,
            nonce=query["nonce"].native,
            certificate_wanted=query["cert_req"].native,
            has_extensions=_present(query["extensions"]),
        )
    except Exception as error:  # on hostile bytes asn1crypto raises anything, AttributeError too
        raise MalformedDERError(what="time-stamp request", reason=type(error).__name__) from error


def encode_signed_attributes(
    content_digest: bytes,
    signer_der: bytes,
    signer_digest: bytes,
    *,
    signing_time: datetime,
) -> bytes:
    """Return the DER of plain data's signed attributes as a SET: what is signed (RFC 5652 §5.4).

    Args:
        content_digest: over the content, with the signer's hash.
        signer_der: the signer's certificate.
        signer_digest: its SHA-256 (RFC 5816 §2.2.1: the default of ESSCertIDv2).
        signing_time: when the signer says to sign.
    """
    signer = asn1_x509.Certificate.load(signer_der)
    name = asn1_x509.GeneralName("directory_name", signer.issuer)
    identified = tsp.ESSCertIDv2(
        {
            "cert_hash": signer_digest,
            "issuer_serial": {"issuer": [name], "serial_number": signer.serial_number},
        }
    )
    # RFC 5652 §11.3: UTCTime through 2049.
    form = "utc_time" if signing_time.year < 2050 else "generalized_time"
    attributes = [
        {"type": "content_type", "values": ["data"]},
        {"type": "message_digest", "values": [content_digest]},
        {
            "type": "signing_certificate_v2",
            "values": [tsp.SigningCertificateV2({"certs": [identified]})],
        },
        {"type": "signing_time", "values": [cms.Time(form, signing_time)]},
    ]
    encoded: bytes = cms.CMSAttributes(attributes).dump()
    return encoded


@dataclass(frozen=True, slots=True)
class SignedToken:
    """The finished parts of a SignedData with one signer."""

    attributes_der: bytes
    signature: bytes
    digest_name: str
    """`sha256`, `sha384` or `sha512`."""
    algorithm_der: bytes
    signer_der: bytes
    certificates_der: tuple[bytes, ...]


def encode_detached(token: SignedToken) -> bytes:
    """Return the DER of a SignedData over plain data that it does not hold.

    Spec: RFC 5652 §5.1 (version 1), §5.2 (absent content).
    """
    signer = asn1_x509.Certificate.load(token.signer_der)
    digest_algorithm = algos.DigestAlgorithm({"algorithm": token.digest_name})
    signer_info = {
        "version": "v1",
        "sid": cms.SignerIdentifier(
            "issuer_and_serial_number",
            {"issuer": signer.issuer, "serial_number": signer.serial_number},
        ),
        "digest_algorithm": digest_algorithm,
        "signed_attrs": cms.CMSAttributes.load(token.attributes_der),
        "signature_algorithm": algos.SignedDigestAlgorithm.load(token.algorithm_der),
        "signature": token.signature,
    }
    signed = {
        "version": "v1",
        "digest_algorithms": [digest_algorithm],
        "encap_content_info": {"content_type": "data"},
        "certificates": [asn1_x509.Certificate.load(der) for der in token.certificates_der],
        "signer_infos": [signer_info],
    }
    content_info = cms.ContentInfo(
        {"content_type": "signed_data", "content": cms.SignedData(signed)}
    )
    encoded: bytes = content_info.dump()
    return encoded


def encode_rejected(failure: str, text: str) -> bytes:
    """Return the DER of a TimeStampResp that grants nothing.

    Args:
        failure: name of a PKIFailureInfo bit, as asn1crypto spells it.
        text: for a person, in English.
    """
    status = {"status": "rejection", "status_string": [text], "fail_info": {failure}}
    # asn1crypto does not know that the token is optional: the outer SEQUENCE is written here.
    return sequence((tsp.PKIStatusInfo(status).dump(),))


def _present(value: object) -> bool:
    return not isinstance(value, core.Void)
