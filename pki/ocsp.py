"""The OCSP responder: the register's answer, signed by a delegated signer an authority.

1. Read the request; malformed, or with a nonce of a forbidden length: MALFORMED_REQUEST.
2. Find whose certificate is asked about: name and key hashed with the request's own algorithm.
   None of ours: UNAUTHORIZED.
3. Ask the register. A register that does not answer now: TRY_LATER.
4. Good only for what was issued; revoked with time and reason; all else is unknown.

`cryptography` writes the response data but stamps producedAt from the machine's clock: the bytes
come from a twin signed with a throw-away key, get the responder's own time, and are signed once.

Spec: RFC 6960; RFC 9654 (nonce of 1 to 128 octets).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from pki import der
from pki.clock import Clock, whole_second
from pki.errors import UnavailableError
from pki.keys import PrivateKey, algorithm_der, hash_for, sign_data
from pki.lint.fields import KEY
from pki.records import Register
from pki.throwaway import twin_of

MAX_NONCE_OCTETS = 128

_HASHES = (hashes.SHA1, hashes.SHA256, hashes.SHA384, hashes.SHA512)
"""SHA-1 names a certificate here and protects nothing: clients still use it (RFC 6960 §4.3)."""

_OCSP_BASIC = bytes.fromhex("06092b0601050507300101")
_SUCCESSFUL = der.encode(der.ENUMERATED, b"\x00")
_EXPLICIT_0 = 0xA0

Status = ocsp.OCSPResponseStatus


@dataclass(frozen=True, slots=True)
class OCSPSigner:
    """Who answers for one authority."""

    authority: str
    """The authority's name in the register."""
    issuer: x509.Certificate
    """The authority's certificate."""
    certificate: x509.Certificate
    """The delegated signer's, issued by that authority (RFC 6960 §4.2.2.2)."""
    key: PrivateKey = field(repr=False)


class _Unanswerable(Exception):  # noqa: N818  a control flow of this file, not an error
    def __init__(self, status: Status) -> None:
        self.status = status


class OCSPResponder:
    """Answers for every authority that it has a signer for."""

    def __init__(
        self,
        register: Register,
        signers: Sequence[OCSPSigner],
        *,
        clock: Clock,
        lifetime: timedelta = timedelta(hours=1),
    ) -> None:
        self._register = register
        self._signers = {
            _issuer_hashes(signer.issuer, algorithm()): signer
            for signer in signers
            for algorithm in _HASHES
        }
        self._clock = clock
        self._lifetime = lifetime

    def respond(self, untrusted_request: bytes) -> bytes:
        """Return the DER of a response, whatever comes in. Raises nothing.

        Spec: RFC 6960 §2.2, §2.3, §4.2.
        """
        try:
            return self._answer(_load(untrusted_request))
        except _Unanswerable as refusal:
            status = refusal.status
        except UnavailableError:
            status = Status.TRY_LATER
        except Exception:  # noqa: BLE001  a responder says internalError, whatever went wrong
            status = Status.INTERNAL_ERROR
        response = ocsp.OCSPResponseBuilder.build_unsuccessful(status)
        return response.public_bytes(Encoding.DER)

    def _answer(self, request: ocsp.OCSPRequest) -> bytes:
        nonce = _nonce(request)
        hashed = (request.issuer_name_hash, request.issuer_key_hash)
        signer = self._signers.get(hashed)
        if signer is None:
            raise _Unanswerable(Status.UNAUTHORIZED)
        now = whole_second(self._clock.now())
        builder = self._single(request, signer, now).responder_id(
            ocsp.OCSPResponderEncoding.HASH, signer.certificate
        )
        if nonce is not None:
            builder = builder.add_extension(nonce, critical=False)
        twin = builder.sign(twin_of(signer.key), hash_for(signer.key))
        return _sign(_with_produced_at(twin.tbs_response_bytes, now), signer)

    def _single(
        self, request: ocsp.OCSPRequest, signer: OCSPSigner, now: datetime
    ) -> ocsp.OCSPResponseBuilder:
        status = ocsp.OCSPCertStatus.UNKNOWN
        revoked_at, reason = None, None
        record = self._register.find_certificate(signer.authority, request.serial_number)
        # Asked after the certificate: a revocation that comes between the two is told.
        revocation = self._register.find_revocation(signer.authority, request.serial_number)
        if revocation is not None:
            status = ocsp.OCSPCertStatus.REVOKED
            revoked_at = whole_second(revocation.revoked_at)
            told = revocation.reason is not x509.ReasonFlags.unspecified
            reason = revocation.reason if told else None
        elif record is not None and record.der is not None:
            status = ocsp.OCSPCertStatus.GOOD
        return ocsp.OCSPResponseBuilder().add_response_by_hash(
            request.issuer_name_hash,
            request.issuer_key_hash,
            request.serial_number,
            request.hash_algorithm,
            status,
            now,
            now + self._lifetime,
            revoked_at,
            reason,
        )


def _load(data: bytes) -> ocsp.OCSPRequest:
    try:
        request = ocsp.load_der_ocsp_request(data)
        serial = request.serial_number
        algorithm = request.hash_algorithm
        len(request.extensions)  # read here, so that a broken one is the sender's fault
    except UnsupportedAlgorithm as error:
        raise _Unanswerable(Status.UNAUTHORIZED) from error
    except (ValueError, TypeError, NotImplementedError, x509.DuplicateExtension) as error:
        # NotImplementedError: several certificates in one request.
        raise _Unanswerable(Status.MALFORMED_REQUEST) from error
    if serial <= 0 or not isinstance(algorithm, _HASHES):
        raise _Unanswerable(Status.MALFORMED_REQUEST)
    return request


def _nonce(request: ocsp.OCSPRequest) -> x509.OCSPNonce | None:
    try:
        nonce = request.extensions.get_extension_for_class(x509.OCSPNonce).value
    except x509.ExtensionNotFound:
        return None
    if not 1 <= len(nonce.nonce) <= MAX_NONCE_OCTETS:
        raise _Unanswerable(Status.MALFORMED_REQUEST)
    return nonce


def _issuer_hashes(
    issuer: x509.Certificate, algorithm: hashes.HashAlgorithm
) -> tuple[bytes, bytes]:
    """Return the hashes of name and key of a CertID (RFC 6960 §4.1.1)."""
    tbs = der.read(issuer.tbs_certificate_bytes, "certificate")
    spki = der.read_all(tbs.content, "certificate")[KEY]
    key_bits = der.read_all(spki.content, "public key")[1].content[1:]
    return _digest(issuer.subject.public_bytes(), algorithm), _digest(key_bits, algorithm)


def _digest(data: bytes, algorithm: hashes.HashAlgorithm) -> bytes:
    digest = hashes.Hash(algorithm)
    digest.update(data)
    return digest.finalize()


def _with_produced_at(response_data: bytes, now: datetime) -> bytes:
    parts = der.read_all(der.read(response_data, "response").content, "response")
    return der.sequence(
        der.generalized_time(now) if part.tag == der.GENERALIZED_TIME else part.whole
        for part in parts
    )


def _sign(response_data: bytes, signer: OCSPSigner) -> bytes:
    """Return the OCSPResponse around the data (RFC 6960 §4.2.1)."""
    basic = der.sequence(
        (
            response_data,
            algorithm_der(signer.key),
            der.bit_string(sign_data(signer.key, response_data)),
            der.encode(_EXPLICIT_0, der.sequence((signer.certificate.public_bytes(Encoding.DER),))),
        )
    )
    body = der.sequence((_OCSP_BASIC, der.encode(der.OCTET_STRING, basic)))
    return der.sequence((_SUCCESSFUL, der.encode(_EXPLICIT_0, body)))
