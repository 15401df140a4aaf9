"""Tokens, keys and certificates for the tests of hsm."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import HashAlgorithm
from cryptography.x509.oid import NameOID

from hsm.pin import GivenPinSource, Pin
from hsm.tokens import TokenInfo
from pki.keys import PrivateKey, PublicKey, hash_for

USER_PIN = Pin("246810")
SO_PIN = Pin("13579135")
NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)


class CountingPinSource:
    """Gives one PIN and counts how often it was asked."""

    def __init__(self, pin: Pin = USER_PIN) -> None:
        self._pin = pin
        self.asked: list[TokenInfo] = []

    def ask(self, token: TokenInfo) -> Pin:
        self.asked.append(token)
        return self._pin


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
    algorithm: HashAlgorithm,
    scheme: padding.AsymmetricPadding | None = None,
) -> None:
    """Raise InvalidSignature unless the signature verifies."""
    if isinstance(public_key, rsa.RSAPublicKey):
        public_key.verify(signature, data, scheme or padding.PKCS1v15(), algorithm)
    else:
        public_key.verify(signature, data, ec.ECDSA(algorithm))
