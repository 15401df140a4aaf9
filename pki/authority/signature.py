"""The one place where an authority's key signs a certificate.

It takes a lint pass and nothing else to sign; what comes back from the key is read again, by two
libraries, and compared with what was linted before anybody gets it.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from pki import der
from pki._asn1 import second_reading
from pki.authority.issuer import Signatory
from pki.errors.files import MalformedDERError
from pki.errors.issuing import SignatureMismatchError
from pki.keys import sign_data
from pki.lint.fields import ALGORITHM, read_fields
from pki.lint.linter import LintPass, redeem
from pki.profile import Profile

_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, MalformedDERError, x509.InvalidVersion)


def sign_linted(signatory: Signatory, profile: Profile, lint_pass: LintPass) -> x509.Certificate:
    """Sign the bytes that passed the linter, and return the certificate after reading it back.

    Raises:
        LintPassError: the pass is spent, or was given for another issuer or profile.
        SignatureMismatchError: the key's answer is no good.
    """
    tbs_der = redeem(lint_pass, issuer_key=signatory.public_key, profile=profile.name)
    signature = sign_data(signatory.key, tbs_der, pss=signatory.pss)
    certificate_der = assemble(tbs_der, signature)
    return check_result(certificate_der, tbs_der, signatory)


def assemble(tbs_der: bytes, signature: bytes) -> bytes:
    """Return the DER of a certificate: the algorithm stands in the signed bytes already.

    Spec: RFC 5280 §4.1.1.2.
    """
    algorithm = read_fields(tbs_der)[ALGORITHM].whole
    return der.sequence((tbs_der, algorithm, der.bit_string(signature)))


def check_result(certificate_der: bytes, tbs_der: bytes, signatory: Signatory) -> x509.Certificate:
    """Return the certificate if it reads back as what was linted and verifies under its issuer.

    Raises:
        SignatureMismatchError: it does not.
    """
    try:
        certificate = x509.load_der_x509_certificate(certificate_der)
        certificate.verify_directly_issued_by(signatory.certificate or certificate)
        second = second_reading(certificate_der)
    except InvalidSignature as error:
        raise SignatureMismatchError(reason="it does not verify") from error
    except _UNREADABLE as error:
        raise SignatureMismatchError(reason="it cannot be read back") from error
    if certificate.tbs_certificate_bytes != tbs_der or second != tbs_der:
        raise SignatureMismatchError(reason="other bytes were signed")
    return certificate
