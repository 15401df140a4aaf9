"""What an OCSP response says about a certificate.

The response counts when it is signed by the certificate's issuer, or by a responder whose
certificate that same issuer signed for OCSP signing. Responders the issuer did not name
("locally trusted") are not evidence.

Spec: RFC 6960 §3.2, §4.2.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from asn1crypto import ocsp as asn1_ocsp
from cryptography import x509
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from pki.der import read, read_all
from verify.asn1 import raw
from verify.certificate import describe, readable, serial_of
from verify.compare import same_name
from verify.errors import MalformedObjectError
from verify.facts import RevocationFacts, Status
from verify.guard import ASN1, foreign
from verify.lenient import key_der, subject_der
from verify.path.extensions import extension, not_understood
from verify.path.signature import signed_by
from verify.signature_value import (
    Scheme,
    digest_name_of,
    hash_with,
    parse_scheme,
    signature_verifies,
)

_DIGESTS = frozenset({"sha1", "sha256", "sha384", "sha512"})


@dataclass(frozen=True, slots=True)
class Answer:
    """One SingleResponse."""

    serial: int
    digest: str
    name_hash: bytes
    key_hash: bytes
    status: Status
    this_update: datetime
    next_update: datetime | None
    revoked_at: datetime | None
    reason: str | None
    archive_cutoff: datetime | None


@dataclass(frozen=True, slots=True)
class Response:
    """A BasicOCSPResponse, not verified yet."""

    answers: tuple[Answer, ...]
    certificates: tuple[x509.Certificate, ...]
    produced_at: datetime
    responder_key_hash: bytes | None
    responder_name: bytes | None
    tbs: bytes
    scheme: Scheme
    signature: bytes


@dataclass(frozen=True, slots=True)
class OCSPSource:
    """A response that was read, and where it came from."""

    response: Response
    had_at: datetime
    revision: int | None
    identity: str | None = None
    """The SHA-256 of its DER, where it is asked for."""


def read_response(untrusted_der: bytes) -> Response:
    """Read an OCSP response.

    Raises:
        MalformedObjectError: not a successful BasicOCSPResponse, or with a critical extension.
    """
    with foreign("OCSP response"):
        outer = asn1_ocsp.OCSPResponse.load(untrusted_der, strict=True)
        if outer["response_status"].native != "successful":
            raise MalformedObjectError(
                what="OCSP response", reason=str(outer["response_status"].native)
            )
        basic = outer["response_bytes"]["response"].parsed
        data = basic["tbs_response_data"]
        _refuse_critical(data["response_extensions"])
        read = ocsp.load_der_ocsp_response(untrusted_der)
        name = read.responder_name
        return Response(
            answers=tuple(_read_answer(item) for item in data["responses"]),
            certificates=tuple(readable(raw(item) for item in basic["certs"] or ())),
            produced_at=read.produced_at_utc,
            responder_key_hash=read.responder_key_hash,
            responder_name=None if name is None else name.public_bytes(),
            tbs=read.tbs_response_bytes,
            scheme=parse_scheme(basic["signature_algorithm"], "sha256"),
            signature=read.signature,
        )


def _refuse_critical(extensions: ASN1) -> None:
    for item in extensions.native or ():
        if item["critical"]:
            raise MalformedObjectError(
                what="OCSP response", reason=f"critical extension {item['extn_id']}"
            )


def _read_answer(single: ASN1) -> Answer:
    _refuse_critical(single["single_extensions"])
    cert_id, status = single["cert_id"], single["cert_status"]
    revoked = status.chosen if status.name == "revoked" else None
    next_update = single["next_update"].native
    return Answer(
        serial=cert_id["serial_number"].native,
        digest=digest_name_of(cert_id["hash_algorithm"]),
        name_hash=cert_id["issuer_name_hash"].native,
        key_hash=cert_id["issuer_key_hash"].native,
        status=Status(status.name),
        this_update=single["this_update"].native.astimezone(UTC),
        next_update=None if next_update is None else next_update.astimezone(UTC),
        revoked_at=None if revoked is None else revoked["revocation_time"].native.astimezone(UTC),
        reason=None if revoked is None else revoked["revocation_reason"].native,
        archive_cutoff=_archive_cutoff(single["single_extensions"]),
    )


def _archive_cutoff(extensions: ASN1) -> datetime | None:
    for item in extensions if extensions.native else ():
        if item["extn_id"].dotted == "1.3.6.1.5.5.7.48.1.6":
            moment: datetime = item["extn_value"].parsed.native
            return moment.astimezone(UTC)
    return None


class OCSPPool:
    """OCSP responses by serial number of the certificate they answer for."""

    def __init__(
        self,
        sources: Iterable[OCSPSource],
        *,
        responders: Callable[[x509.Name], tuple[x509.Certificate, ...]],
        statuses: Callable[[x509.Certificate, x509.Certificate], tuple[RevocationFacts, ...]],
    ) -> None:
        """Take responses in.

        Args:
            sources: responses that were read.
            responders: gives the certificates of an issuer's name, beside the response's own.
            statuses: what is known of the status of a responder's certificate.
        """
        self._by_serial: dict[int, list[tuple[OCSPSource, Answer]]] = {}
        for source in sources:
            for answer in source.response.answers:
                self._by_serial.setdefault(answer.serial, []).append((source, answer))
        self._responders = responders
        self._statuses = statuses
        self._signers: dict[tuple[int, x509.Certificate], x509.Certificate | None] = {}

    def facts_about(
        self, certificate: x509.Certificate, issuer: x509.Certificate
    ) -> tuple[RevocationFacts, ...]:
        """Return what the responses say about `certificate`, which `issuer` issued."""
        found = []
        for source, answer in self._by_serial.get(serial_of(certificate), []):
            if not _about(answer, issuer):
                continue
            signer = self._signer(source.response, issuer)
            if signer is not None:
                found.append(self._facts(source, answer, signer=signer, issuer=issuer))
        return tuple(found)

    def _signer(self, response: Response, issuer: x509.Certificate) -> x509.Certificate | None:
        key = (id(response), issuer)
        if key not in self._signers:
            candidates = (
                issuer,
                *response.certificates,
                *self._responders(issuer.subject),
            )
            self._signers[key] = next(
                (
                    candidate
                    for candidate in candidates
                    if _names(response, candidate)
                    and (candidate == issuer or _delegated(candidate, issuer))
                    and _verifies(response, candidate)
                ),
                None,
            )
        return self._signers[key]

    def _facts(
        self,
        source: OCSPSource,
        answer: Answer,
        *,
        signer: x509.Certificate,
        issuer: x509.Certificate,
    ) -> RevocationFacts:
        own = signer == issuer
        no_check = extension(signer, x509.OCSPNoCheck) is not None
        return RevocationFacts(
            source="ocsp",
            status=answer.status,
            this_update=answer.this_update,
            next_update=answer.next_update,
            produced_at=source.response.produced_at,
            had_at=source.had_at,
            revision=source.revision,
            identity=source.identity,
            algorithm=source.response.scheme.algorithm(signer),
            signer=describe(signer, issuer=None if own else issuer, trusted=False),
            signer_is_issuer=own,
            signer_needs_no_check=no_check,
            signer_revocations=() if own or no_check else self._statuses(signer, issuer),
            revoked_at=answer.revoked_at,
            reason=answer.reason,
            archive_cutoff=answer.archive_cutoff,
        )


def _about(answer: Answer, issuer: x509.Certificate) -> bool:
    if answer.digest not in _DIGESTS:
        return False
    name = subject_der(issuer)
    return (
        hash_with(answer.digest, name) == answer.name_hash
        and hash_with(answer.digest, key_bits(issuer)) == answer.key_hash
    )


def _names(response: Response, candidate: x509.Certificate) -> bool:
    if response.responder_key_hash is not None:
        digest = hashlib.sha1(key_bits(candidate), usedforsecurity=False).digest()
        return digest == response.responder_key_hash
    return response.responder_name == subject_der(candidate)


def _delegated(candidate: x509.Certificate, issuer: x509.Certificate) -> bool:
    usages = extension(candidate, x509.ExtendedKeyUsage)
    if usages is None or ExtendedKeyUsageOID.OCSP_SIGNING not in usages:
        return False
    if any(not_understood(candidate)):
        return False
    usage = extension(candidate, x509.KeyUsage)
    if usage is not None and not (usage.digital_signature or usage.content_commitment):
        return False
    return same_name(candidate.issuer, issuer.subject) and signed_by(candidate, issuer)


def _verifies(response: Response, signer: x509.Certificate) -> bool:
    try:
        return signature_verifies(signer, response.scheme, response.signature, data=response.tbs)
    except MalformedObjectError:
        return False


def key_bits(certificate: x509.Certificate) -> bytes:
    """Return the contents of the subjectPublicKey BIT STRING, which CertID hashes."""
    # By its octets: what was mended to be read may be no key to asn1crypto.
    *_, bits = read_all(read(key_der(certificate), "public key").content, "public key")
    return bits.content[1:]
