"""Tokens, keys and certificates for the tests of hsm."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256, HashAlgorithm
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID

from hsm.pin import GivenPinSource, Pin
from hsm.tokens import TokenInfo
from pki.keys import KeyType, PrivateKey, PublicKey, hash_for

USER_PIN = Pin("246810")
SO_PIN = Pin("13579135")
NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
SOFTHSM_TYPES = tuple(kind for kind in KeyType if not kind.startswith("ml-dsa"))
"""What SoftHSM 2.6.1 makes and signs with."""


class CountingPinSource:
    """Gives one PIN and counts how often it was asked."""

    def __init__(self, pin: Pin = USER_PIN) -> None:
        self._pin = pin
        self.asked: list[TokenInfo] = []
        self.announced: list[TokenInfo] = []

    def ask(self, token: TokenInfo) -> Pin:
        self.asked.append(token)
        return self._pin

    def announce_pad(self, token: TokenInfo) -> None:
        self.announced.append(token)


def eventually(question: Callable[[], object]) -> None:
    """Wait until it is so, for ten seconds at most."""
    end = time.monotonic() + 10
    while not question() and time.monotonic() < end:
        time.sleep(0.002)
    assert question()


def right_pin() -> GivenPinSource:
    return GivenPinSource(USER_PIN)


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def certify(
    public_key: PublicKey, *, issuer_key: PrivateKey | None = None, subject: str = "Nguyễn Văn An"
) -> x509.Certificate:
    """Return a certificate for the key, by a throw-away authority unless `issuer_key` is given."""
    issuer_key = issuer_key or ec.generate_private_key(ec.SECP256R1())
    return (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name("Cơ quan chứng thực thử nghiệm"))
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=30))
        .sign(issuer_key, hash_for(issuer_key))
    )


def check_signature(
    public_key: PublicKey,
    signature: bytes,
    data: bytes,
    algorithm: HashAlgorithm | None,
    scheme: padding.AsymmetricPadding | None = None,
) -> None:
    """Raise InvalidSignature unless the signature verifies; Ed25519 and ML-DSA name no hash."""
    if algorithm is None:
        assert not isinstance(public_key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey)
        public_key.verify(signature, data)
    elif isinstance(public_key, rsa.RSAPublicKey):
        public_key.verify(signature, data, scheme or padding.PKCS1v15(), algorithm)
    else:
        assert isinstance(public_key, ec.EllipticCurvePublicKey)
        public_key.verify(signature, data, ec.ECDSA(algorithm))


def build_everything(private: PrivateKey) -> None:
    """Build certificate, request, CRL and OCSP answer with the key; each must verify."""
    public, algorithm = private.public_key(), hash_for(private)
    certificate = certify(public, issuer_key=private)
    check_signature(public, certificate.signature, certificate.tbs_certificate_bytes, algorithm)

    request = (
        x509.CertificateSigningRequestBuilder().subject_name(name("An")).sign(private, algorithm)
    )
    assert request.is_signature_valid

    crl = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(name("CA"))
        .last_update(NOW)
        .next_update(NOW + timedelta(days=1))
        .sign(private, algorithm)
    )
    assert crl.is_signature_valid(public)

    answer = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            cert=certificate,
            issuer=certificate,
            algorithm=SHA256(),
            cert_status=ocsp.OCSPCertStatus.GOOD,
            this_update=NOW,
            next_update=None,
            revocation_time=None,
            revocation_reason=None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, certificate)
        .sign(private, algorithm)
    )
    check_signature(public, answer.signature, answer.tbs_response_bytes, algorithm)
