"""Judges a checkpoint: the log's own key signed it, under a certificate that may do just that.

1. the CMS signature verifies over the text, and names the certificate that made it;
2. the certificate leads to a trust anchor, and nothing on the path is defective (RFC 5280 §6.1);
3. everything on the path was valid when the checkpoint says to be signed, which is not to come;
4. the certificate is for audit logs, critically and alone, and the signature line names its key.

Whether the certificate was revoked since is not asked: no network is needed here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from cli.errors import CheckpointUntrustedError
from pki.audit.checkpoint import TreeHead, UntrustedCheckpoint, key_id_of, parse_checkpoint
from pki.profile import AUDIT_LOG
from verify.cms.check import Parts, check_signature
from verify.cms.token import Token, read_token
from verify.facts import ChainFacts, Reference, TokenFacts
from verify.path.extensions import extension
from verify.path.pool import CertificatePool
from verify.policy import Policy, default_policy
from verify.revocation.gather import Gatherer
from verify.revocation.sources import read_crls, read_responses
from verify.trust import TrustStore


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint that can be relied on."""

    head: TreeHead
    signed_at: datetime
    """As the log's key says."""
    certificate: x509.Certificate


def judge_checkpoint(untrusted: bytes, trust: TrustStore, now: datetime) -> Checkpoint:
    """Return what a checkpoint says, if its signature counts.

    Raises:
        CheckpointMalformedError: it is none.
        MalformedObjectError: its signature cannot be read.
        CheckpointUntrustedError: see above.
    """
    checkpoint = parse_checkpoint(untrusted)
    token = read_token(checkpoint.signature_der)
    policy = default_policy()
    facts = _verify(token, checkpoint, trust, policy=policy, now=now)
    certificate, signed_at = token.signer(()), token.claimed_signing_time
    if certificate is None or signed_at is None or token.content is not None:
        raise CheckpointUntrustedError(reason="certificate, time or form of the signature")
    for holds, reason in (
        (_is_signed(facts, policy, signed_at), "the signature does not verify"),
        (facts.chain is not None and facts.chain.trusted, "no path to a trust anchor"),
        (_is_sound(facts.chain), "the certificate or one above it is defective"),
        (_was_valid(facts.chain, signed_at), "a certificate was not valid at the time of signing"),
        (signed_at <= now + policy.skew, "the time of signing is yet to come"),
        (_is_for_logs(certificate), "the certificate is not one for audit logs"),
        (
            checkpoint.key_id == key_id_of(checkpoint.head.origin, certificate),
            "the signature line names another key",
        ),
    ):
        if not holds:
            raise CheckpointUntrustedError(reason=reason)
    return Checkpoint(checkpoint.head, signed_at, certificate)


def _verify(
    token: Token,
    checkpoint: UntrustedCheckpoint,
    trust: TrustStore,
    *,
    policy: Policy,
    now: datetime,
) -> TokenFacts:
    gatherer = Gatherer(
        CertificatePool(trust, token.certificates),
        crls=read_crls(()),
        responses=read_responses(()),
        limits=policy.limits,
    )
    return check_signature(
        token,
        Parts((memoryview(checkpoint.text),)),
        others=(),
        chains=lambda certificate, at: gatherer.chain(certificate, hint=at),
        at=now,
    )


def _is_signed(facts: TokenFacts, policy: Policy, at: datetime) -> bool:
    return (
        facts.problem is None
        and facts.unsupported is None
        and facts.digest_matches
        and facts.signature_verifies
        and facts.reference is Reference.MATCHES
        and all(policy.digest_accepted(digest, at) for digest in facts.digests)
    )


def _is_sound(chain: ChainFacts | None) -> bool:
    return chain is not None and not any(one.defects for one in chain.certificates)


def _was_valid(chain: ChainFacts | None, at: datetime) -> bool:
    return chain is not None and all(
        one.not_before <= at <= one.not_after for one in chain.certificates
    )


def _is_for_logs(certificate: x509.Certificate) -> bool:
    try:
        usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        return False
    usage = extension(certificate, x509.KeyUsage)
    alone = [one.dotted_string for one in usages.value] == [AUDIT_LOG]
    return usages.critical and alone and usage is not None and usage.digital_signature
