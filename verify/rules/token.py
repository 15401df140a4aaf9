"""The cryptographic blocks of a token: format, signer, digest, signature value.

Spec: EN 319 102-1 §5.2.2 (format), §5.2.3 (signing certificate), §5.2.7 (verification).
"""

from __future__ import annotations

from collections.abc import Iterator

from verify.facts import Reference, TokenFacts
from verify.finding import Finding, error
from verify.indication import SubIndication
from verify.policy import Level, Policy

Problem = tuple[SubIndication, Finding]


def judge_token(
    token: TokenFacts, policy: Policy, *, differs: Finding, reference_required: bool
) -> Iterator[Problem]:
    """Yield what is wrong with a token, the most telling first.

    Args:
        token: what was found.
        policy: how much what is odd about signed attributes weighs.
        differs: what to say when the signed data is not what was signed.
        reference_required: the signed attributes must name the signing certificate.
    """
    if token.problem is not None:
        yield SubIndication.FORMAT_FAILURE, token.problem
        return
    if token.data_missing:
        yield SubIndication.SIGNED_DATA_NOT_FOUND, error("signature.data_missing")
    elif not token.digest_matches:
        yield SubIndication.HASH_FAILURE, differs
    if token.chain is None:
        yield SubIndication.NO_SIGNING_CERTIFICATE_FOUND, error("signature.no_certificate")
        return
    if token.unsupported is not None:
        yield SubIndication.CRYPTO_CONSTRAINTS_FAILURE, token.unsupported
    elif not token.signature_verifies:
        yield SubIndication.SIG_CRYPTO_FAILURE, error("signature.value_wrong")
    for found in (*_reference(token.reference, required=reference_required), *token.attributes):
        if policy.weighs(found.code) is Level.FAIL:
            yield SubIndication.SIG_CONSTRAINTS_FAILURE, found


def _reference(reference: Reference, *, required: bool) -> Iterator[Finding]:
    if reference is Reference.DIFFERS:
        yield error("signature.other_certificate")
    elif reference is Reference.ABSENT and required:
        yield error("signature.certificate_not_named")
