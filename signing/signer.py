"""A pyHanko signer over any `cryptography` private key: in a file, on a token, in an HSM.

The key stays closed until the digest of the document is ready. Signed attributes are those of
PAdES: content-type, message-digest and ESS signing-certificate-v2; the claimed time stands in the
signature dictionary's /M and nowhere else.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.sign.signers import Signer

from pki.keys import (
    KeyType,
    PrivateKey,
    PublicKey,
    certifies,
    digest_for,
    key_type_of,
    sign_data,
)
from pki.names import common_name
from signing._asn1 import build_store, signature_algorithm, to_asn1
from signing.errors import KeyMismatchError, WrongUsageError
from signing.key import SigningKey

ATTRIBUTES_BYTES = 1024
"""Room for everything in the CMS but certificates, signature value and time-stamp; about 700."""


class KeySigner(Signer):
    """Makes CMS signatures with a key that is opened once, at the first signature.

    Spec: ETSI EN 319 142-1 §6.3, RFC 5652 §5, RFC 5035 §3.
    """

    def __init__(self, signer: SigningKey, *, pss: bool = True) -> None:
        public_key = usable_public_key(signer.certificate)
        super().__init__(
            prefer_pss=pss,
            embed_roots=False,
            signing_cert=to_asn1(signer.certificate),
            cert_registry=build_store(signer.chain),
            signature_mechanism=signature_algorithm(public_key, pss=pss),
        )
        self._signer = signer
        self._public_key = public_key
        self._key: PrivateKey | None = None

    @property
    def certificate(self) -> x509.Certificate:
        """The signer's certificate."""
        return self._signer.certificate

    @property
    def digest_name(self) -> str:
        """The hash of the document that goes with the key, by pyHanko's name."""
        return digest_for(self._public_key).name

    def estimate_cms_size(self) -> int:
        """Return an upper bound of the CMS's size in bytes, without any time-stamp.

        Spares pyHanko's dry run, which encodes the whole CMS once more only to measure it.
        """
        certificates = (self._signer.certificate, *self._signer.chain)
        total = sum(len(each.public_bytes(Encoding.DER)) for each in certificates)
        issuer = len(self._signer.certificate.issuer.public_bytes())
        return total + 2 * issuer + _signature_size(self._public_key) + ATTRIBUTES_BYTES

    def open_key(self) -> None:
        """Open the key now: this is where a PIN is asked, once.

        Raises:
            KeyMismatchError: what was opened is not the certificate's key.
            PKIError: whatever opening the key raises (no token, wrong PIN).
        """
        if self._key is not None:
            return
        key = self._signer.open_key()
        if not certifies(self._signer.certificate, key):
            raise KeyMismatchError(subject=common_name(self._signer.certificate.subject))
        self._key = key

    async def async_sign_raw(
        self,
        data: bytes,
        digest_algorithm: str,
        dry_run: bool = False,  # noqa: FBT001, FBT002  pyHanko's signature
    ) -> bytes:
        """Return the signature over `data`: what pyHanko asks of a signer."""
        if dry_run:
            return bytes(_signature_size(self._public_key))
        self.open_key()
        assert self._key is not None  # noqa: S101  open_key() raised or set it
        assert digest_algorithm == self.digest_name  # noqa: S101  the mechanism is fixed
        return sign_data(self._key, data, pss=self.prefer_pss)


def usable_public_key(certificate: x509.Certificate) -> PublicKey:
    """Return the certificate's key where it is of a kind Antin signs with.

    Raises:
        WrongUsageError: any other kind of key.
    """
    key = certificate.public_key()
    if isinstance(key, PublicKey):
        return key
    subject = common_name(certificate.subject)
    raise WrongUsageError(subject=subject, extension="subjectPublicKeyInfo")


def _signature_size(key: PublicKey) -> int:
    if isinstance(key, rsa.RSAPublicKey):
        return (key.key_size + 7) // 8
    if isinstance(key, ec.EllipticCurvePublicKey):
        return 2 * ((key.curve.key_size + 7) // 8) + 9
    return _SIGNATURE_BYTES[key_type_of(key)]


_SIGNATURE_BYTES: dict[KeyType | None, int] = {
    KeyType.ED25519: 64,
    KeyType.ML_DSA_44: 2420,
    KeyType.ML_DSA_65: 3309,
    KeyType.ML_DSA_87: 4627,
}
"""RFC 8032 §5.1.6; FIPS 204 §4, table 2."""
