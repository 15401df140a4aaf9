"""The OCSP responder: the register's answer, signed by a delegated signer an authority.

1. Read the request; malformed, or with a nonce of a forbidden length: MALFORMED_REQUEST.
2. Find whose certificate is asked about: name and key hashed with the request's own algorithm.
   None of ours: UNAUTHORIZED.
3. Ask the register. A register that does not answer now, or a signer past its time: TRY_LATER.
4. Good only for what was issued; revoked with time and reason; all else is unknown.

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
from cryptography.x509.oid import SignatureAlgorithmOID

from pki import der
from pki.clock import Clock, whole_second
from pki.errors.tree import UnavailableError
from pki.keys import PrivateKey, algorithm_der, sign_data
from pki.lint.fields import KEY
from pki.ocsp_der import (
    CertID,
    ResponseContent,
    Revocation,
    encode_response,
    encode_response_data,
)
from pki.records.register import Register

MAX_NONCE_OCTETS = 128

_ALGORITHMS: dict[type[hashes.HashAlgorithm], bytes] = {
    hashes.SHA1: bytes.fromhex("300906052b0e03021a0500"),
    hashes.SHA256: bytes.fromhex("300d06096086480165030402010500"),
    hashes.SHA384: bytes.fromhex("300d06096086480165030402020500"),
    hashes.SHA512: bytes.fromhex("300d06096086480165030402030500"),
}
"""AlgorithmIdentifiers of a CertID. SHA-1 names a certificate here and protects nothing: clients
still use it (RFC 6960 §4.3)."""

_NAMING = hashes.SHA1()  # noqa: S303  a responder is named by SHA-1 (RFC 6960 §4.2.1), not protected

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
            _hashes_of(signer.issuer, algorithm()): signer
            for signer in signers
            for algorithm in (hashes.SHA1, hashes.SHA256, hashes.SHA384, hashes.SHA512)
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
        cert_id = CertID(
            _ALGORITHMS[type(request.hash_algorithm)],
            request.issuer_name_hash,
            request.issuer_key_hash,
            request.serial_number,
        )
        signer = self._signers.get((cert_id.issuer_name_hash, cert_id.issuer_key_hash))
        if signer is None:
            raise _Unanswerable(Status.UNAUTHORIZED)
        now = whole_second(self._clock.now())
        if not _in_period(signer.certificate, now):
            # Nobody could rely on the answer: better none, until the signer is renewed.
            raise _Unanswerable(Status.TRY_LATER)
        content = ResponseContent(
            responder_key_hash=_hashes_of(signer.certificate, _NAMING)[1],
            produced_at=now,
            cert_id=cert_id,
            status=self._status(signer.authority, cert_id.serial),
            next_update=now + self._lifetime,
            nonce=nonce,
        )
        response_data = encode_response_data(content)
        # An RSA key answers the way its authority signs: whoever reads one of them reads both.
        pss = signer.certificate.signature_algorithm_oid == SignatureAlgorithmOID.RSASSA_PSS
        return encode_response(
            response_data,
            algorithm_der(signer.key, pss=pss),
            sign_data(signer.key, response_data, pss=pss),
            certificate_der=signer.certificate.public_bytes(Encoding.DER),
        )

    def _status(self, authority: str, serial: int) -> Revocation | bool:
        record = self._register.find_certificate(authority, serial)
        # Asked after the certificate: a revocation that comes between the two is told.
        revocation = self._register.find_revocation(authority, serial)
        if revocation is not None:
            return Revocation(whole_second(revocation.revoked_at), revocation.reason)
        return record is not None and record.was_issued


def _in_period(certificate: x509.Certificate, now: datetime) -> bool:
    return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc


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
    if serial <= 0 or type(algorithm) not in _ALGORITHMS:
        raise _Unanswerable(Status.MALFORMED_REQUEST)
    return request


def _nonce(request: ocsp.OCSPRequest) -> bytes | None:
    try:
        nonce = request.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    except x509.ExtensionNotFound:
        return None
    if not 1 <= len(nonce) <= MAX_NONCE_OCTETS:
        raise _Unanswerable(Status.MALFORMED_REQUEST)
    return nonce


def _hashes_of(
    certificate: x509.Certificate, algorithm: hashes.HashAlgorithm
) -> tuple[bytes, bytes]:
    """Return the hashes of subject and key that a CertID has (RFC 6960 §4.1.1)."""
    tbs = der.read(certificate.tbs_certificate_bytes, "certificate")
    spki = der.read_all(tbs.content, "certificate")[KEY]
    key_bits = der.read_all(spki.content, "public key")[1].content[1:]
    return _digest(certificate.subject.public_bytes(), algorithm), _digest(key_bits, algorithm)


def _digest(data: bytes, algorithm: hashes.HashAlgorithm) -> bytes:
    digest = hashes.Hash(algorithm)
    digest.update(data)
    return digest.finalize()
