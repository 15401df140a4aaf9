"""What somebody present signs: the transcript's file, whole, as a detached CMS signature.

`openssl cms -verify -binary -content TRANSCRIPT -inform DER -in SIGNATURE` verifies it.

Spec: RFC 5652.
"""

from __future__ import annotations

import hashlib

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pki._asn1 import SignedToken, encode_detached, encode_signed_attributes
from pki.ceremony.transcript import Transcript
from pki.clock import Clock, whole_second
from pki.errors.ceremony import TranscriptUnfinishedError
from pki.errors.keys import KeyMismatchError
from pki.keys import PrivateKey, algorithm_der, certifies, digest_for, sign_data
from pki.names import common_name


def sign_transcript(
    transcript: Transcript, certificate: x509.Certificate, key: PrivateKey, clock: Clock
) -> bytes:
    """Return the DER of a signature over a transcript.

    Raises:
        TranscriptUnfinishedError: it has no end yet.
        KeyMismatchError: the key is not the certificate's.
        PKIError: whatever the key raises.
    """
    if not transcript.ended:
        done, planned = len(transcript.steps), len(transcript.plan.step)
        raise TranscriptUnfinishedError(done=done, planned=planned)
    if not certifies(certificate, key):
        raise KeyMismatchError(authority=common_name(certificate.subject))
    certificate_der = certificate.public_bytes(Encoding.DER)
    digest_name = digest_for(key).name
    attributes_der = encode_signed_attributes(
        hashlib.new(digest_name, transcript.octets()).digest(),
        certificate_der,
        hashlib.sha256(certificate_der).digest(),
        signing_time=whole_second(clock.now()),
    )
    return encode_detached(
        SignedToken(
            attributes_der=attributes_der,
            signature=sign_data(key, attributes_der),
            digest_name=digest_name,
            algorithm_der=algorithm_der(key),
            signer_der=certificate_der,
            certificates_der=(certificate_der,),
        )
    )
