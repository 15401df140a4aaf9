"""How a signature was made, and whether the list of required algorithms names it.

Spec: Circular 15/2025/TT-BKHCN Annex I (not checked against the official text): RSA of at least
2048 bits with RSASSA-PSS, or ECDSA of at least 256 bits, over SHA-256, SHA-384 or SHA-512;
for PDF ETSI EN 319 142-1, or ISO 32000 with ISO 14533-3.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from pki.keys import PublicKey
from signing.options import Form
from verify.finding import Finding, info, warning

RSA_BITS, EC_BITS = 2048, 256


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen for one signature."""

    algorithm: str
    """As in `RSASSA-PSS/SHA-256`."""
    form: Form
    rule: Finding
    """The rule it meets, as information; the one it does not meet, as a warning."""

    @property
    def meets_annex(self) -> bool:
        """Whether Annex I names the algorithm."""
        return self.rule.code == "signing.rule.annex"


def explain(
    key: PublicKey, algorithm: str, form: Form, *, pss: bool, token_lacks_pss: bool = False
) -> Choice:
    """Return the choice and the rule it meets.

    Args:
        key: the signer's.
        algorithm: the name the verdict gives.
        form: of the signature.
        pss: RSASSA-PSS was made.
        token_lacks_pss: it was wanted, and the token cannot.
    """
    match key:
        case rsa.RSAPublicKey() if key.key_size < RSA_BITS:
            rule = warning("signing.rule.key_too_short", algorithm=algorithm, least=RSA_BITS)
        case ec.EllipticCurvePublicKey() if key.curve.key_size < EC_BITS:
            rule = warning("signing.rule.key_too_short", algorithm=algorithm, least=EC_BITS)
        case rsa.RSAPublicKey() if token_lacks_pss:
            rule = warning("signing.rule.pkcs1_by_token", algorithm=algorithm)
        case rsa.RSAPublicKey() if not pss:
            rule = warning("signing.rule.pkcs1_by_wish", algorithm=algorithm)
        case rsa.RSAPublicKey() | ec.EllipticCurvePublicKey():
            rule = info("signing.rule.annex", algorithm=algorithm)
        case _:
            rule = warning("signing.rule.not_in_annex", algorithm=algorithm)
    return Choice(algorithm, form, rule)
