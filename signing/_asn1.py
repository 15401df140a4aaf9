"""DER between `cryptography`, which our API speaks, and `asn1crypto`, which pyHanko speaks."""

from __future__ import annotations

from collections.abc import Iterable

from asn1crypto import algos, core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko_certvalidator.registry import SimpleCertificateStore

from pki.keys import PublicKey, algorithm_der, digest_for


def to_asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    """Return the same certificate as `asn1crypto` has it."""
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))


def from_asn1(certificate: asn1_x509.Certificate) -> x509.Certificate:
    """Return the same certificate as `cryptography` has it."""
    return x509.load_der_x509_certificate(certificate.dump())


def build_store(certificates: Iterable[x509.Certificate]) -> SimpleCertificateStore:
    """Return pyHanko's kind of certificate collection."""
    store = SimpleCertificateStore()
    store.register_multiple([to_asn1(certificate) for certificate in certificates])
    return store


def signature_algorithm(key: PublicKey, *, pss: bool) -> algos.SignedDigestAlgorithm:
    """Return the AlgorithmIdentifier of what `pki.keys.sign_data` makes with this key.

    Spec: RFC 4055 §3.1 (PSS parameters, salt as long as the hash), RFC 5754 §3; RFC 8419 §2.3
    (Ed25519); RFC 9882 §3.1 (ML-DSA).
    """
    if not (pss and isinstance(key, rsa.RSAPublicKey)):
        return algos.SignedDigestAlgorithm.load(algorithm_der(key))
    digest = algos.DigestAlgorithm({"algorithm": digest_for(key).name})
    parameters = algos.RSASSAPSSParams(
        {
            "hash_algorithm": digest,
            "mask_gen_algorithm": algos.MaskGenAlgorithm(
                {"algorithm": "mgf1", "parameters": digest}
            ),
            "salt_length": core.Integer(digest_for(key).digest_size),
        }
    )
    return algos.SignedDigestAlgorithm({"algorithm": "rsassa_pss", "parameters": parameters})
