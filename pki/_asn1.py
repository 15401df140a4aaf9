"""Everything in this package that speaks asn1crypto: a second reading, queries, records."""

from __future__ import annotations

from collections.abc import Iterator
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
    """Read a certificate with a second library and return its to-be-signed bytes.

    Raises:
        MalformedDERError: the second library does not read it to its last field.
    """
    try:
        certificate = asn1_x509.Certificate.load(certificate_der, strict=True)
        content = certificate["tbs_certificate"]
        for extension in _elements(content["extensions"].contents):
            _read_extension(extension)
        for relative_name in _elements(content["subject"].chosen.contents):
            _read_relative_name(relative_name)
        tbs: bytes = content.dump()
    except _BROKEN as error:
        raise MalformedDERError(what="certificate", reason=str(error)) from error
    return tbs


def _elements(contents: bytes) -> Iterator[bytes]:
    """Yield what stands one after the other in a SEQUENCE, its types not looked at yet."""
    while contents:
        *_, header, content, trailer = parser.parse(contents)
        size = len(header) + len(content) + len(trailer)
        yield contents[:size]
        contents = contents[size:]


# Most extensions of an authority's certificates are the same octets each time, and so are the
# office's names: what was read once reads again.
@lru_cache(maxsize=256)
def _read_extension(der: bytes) -> None:
    extension = asn1_x509.Extension.load(der, strict=True)
    extension["extn_value"].parsed.native  # noqa: B018  asn1crypto reads lazily


@lru_cache(maxsize=256)
def _read_relative_name(der: bytes) -> None:
    asn1_x509.RelativeDistinguishedName.load(der, strict=True).native  # noqa: B018  as above


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
