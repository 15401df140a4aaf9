"""Whether the competent person has signed, and the signature holds.

Spec: Decree 30/2020/ND-CP Art. 14, Art. 32.2d (not checked against the official text).
"""

from __future__ import annotations

from signing.errors.outgoing import PersonSignatureInvalidError
from signing.verdict import is_broken, lacks_status_alone
from verify.finding import Severity
from verify.indication import Indication
from verify.report import SignatureReport


def check_person(signature: SignatureReport, *, tolerate_unknown: bool) -> None:
    """Check the verdict on the competent person's signature.

    Args:
        signature: the verdict.
        tolerate_unknown: take it too where nothing but a certificate's status is wanting.

    Raises:
        PersonSignatureInvalidError: it does not hold.
    """
    enough = tolerate_unknown and lacks_status_alone(signature)
    holds = signature.indication is Indication.TOTAL_PASSED or enough
    if holds and not is_broken(signature):
        return
    codes = [each.code for each in signature.findings if each.severity is Severity.ERROR]
    sub = signature.sub_indication
    raise PersonSignatureInvalidError(
        field=signature.field,
        findings=tuple(codes) or ((sub.value,) if sub else (signature.indication.value,)),
    )
