"""Makes the CMS of a signature with any `cryptography` key: in a file, on a token, in an HSM.

The key stays closed until the digest of the document is ready. Signed attributes are those of
PAdES: content-type, message-digest and ESS signing-certificate-v2; the claimed time stands in the
signature dictionary's /M and nowhere else.
"""

from __future__ import annotations

from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

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
from signing.cms import CMSTemplate, build_template
from signing.errors.standing import KeyMismatchError, WrongUsageError
from signing.key import SigningKey


class KeySigner:
    """Makes CMS signatures with a key that is opened once, at the first signature.

    Spec: ETSI EN 319 142-1 §6.3, RFC 5652 §5, RFC 5035 §3.
    """

    def __init__(
        self, signer: SigningKey, *, pss: bool = True, attributes: tuple[bytes, ...] = ()
    ) -> None:
        self._signer = signer
        self._public_key = usable_public_key(signer.certificate)
        self._attributes = attributes
        self._wants_pss = pss and isinstance(self._public_key, rsa.RSAPublicKey)
        self.pss = self._wants_pss
        """Whether signatures are RSASSA-PSS; known for good once the key is open."""
        self._template = self._build()
        self._key: PrivateKey | None = None

    def _build(self) -> CMSTemplate:
        certificate, chain = self._signer.certificate, self._signer.chain
        return build_template(
            certificate, chain, self._public_key, pss=self.pss, attributes=self._attributes
        )

    @property
    def falls_back(self) -> bool:
        """Whether RSASSA-PSS was asked for and the token cannot: PKCS#1 v1.5 is made."""
        return self._wants_pss and not self.pss

    @property
    def certificate(self) -> x509.Certificate:
        """The signer's certificate."""
        return self._signer.certificate

    @property
    def digest_name(self) -> str:
        """The hash of the document that goes with the key, as `hashlib` calls it."""
        return digest_for(self._public_key).name

    def estimate_cms_size(self) -> int:
        """Return an upper bound of the CMS's size in bytes, without any time-stamp."""
        return self._template.size(_signature_size(self._public_key))

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
        # Keys of tokens say what the token computes; software computes everything.
        if self.pss and not getattr(key, "signs_pss", True):
            self.pss = False
            self._template = self._build()  # it names PKCS#1 v1.5, in fewer octets

    def signed_attributes(self, digest: bytes, *, at: datetime | None = None) -> bytes:
        """Return what is to be signed over a document's digest; see `CMSTemplate`."""
        return self._template.signed_attributes(digest, at=at)

    def sign(self, attributes: bytes) -> bytes:
        """Return the signature value over signed attributes.

        Raises:
            PKIError: see `open_key`, and whatever the token answers.
        """
        self.open_key()
        assert self._key is not None  # noqa: S101  open_key() raised or set it
        return sign_data(self._key, attributes, pss=self.pss)

    def finish(self, attributes: bytes, signature: bytes, timestamp: bytes | None = None) -> bytes:
        """Return the CMS, DER, of what was signed."""
        return self._template.signed_data(attributes, signature, timestamp=timestamp)


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
