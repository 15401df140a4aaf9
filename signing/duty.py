"""Official papers are signed with certificates for official duty, not with anybody's.

A display says whether what it is for is an official paper; the policy, by which certificate
policies official duty is told.

Spec: Law 20/2023/QH15 Art. 22; Decree 68/2024/ND-CP Art. 29 (not checked against the official
text); RFC 5280 §4.2.1.4.
"""

from __future__ import annotations

from cryptography import x509

from pki.names import common_name
from signing.display.profile import DisplayProfile
from signing.errors.mandates import NotOfficialDutyError
from verify.policy import Policy
from verify.purpose import for_duty

ARTICLE = "Law 20/2023/QH15 Art. 22, Decree 68/2024/ND-CP Art. 29"


def check_duty(certificate: x509.Certificate, display: DisplayProfile, policy: Policy) -> None:
    """Check that an official paper gets an official-duty certificate.

    Args:
        certificate: the signer's.
        display: of the signature to be made.
        policy: names the certificate policies; one that names none asks for nothing.

    Raises:
        NotOfficialDutyError: it is an official paper, and the certificate names none of them.
    """
    if display.official and not is_for_duty(certificate, policy):
        raise NotOfficialDutyError(
            subject=common_name(certificate.subject), display=display.name, article=ARTICLE
        )


def is_for_duty(certificate: x509.Certificate, policy: Policy) -> bool:
    """Say whether a certificate is for official duty; every one is where the policy names none."""
    return not policy.signer.duty_policies or for_duty(certificate, policy)
