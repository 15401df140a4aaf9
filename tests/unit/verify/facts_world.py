"""Facts made by hand for the clauses of the process: a signer, an authority, a root, evidence.

Years stand for moments: the certificates are valid 2010 to 2020, the signature is of 2015, it is
judged in 2016. What a test changes is what it is about.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from verify.facts import (
    Algorithm,
    CertificateFacts,
    ChainFacts,
    DocumentFacts,
    IntegrityFacts,
    Kind,
    Reference,
    RevocationFacts,
    SignatureFacts,
    Status,
    TimestampFacts,
    TokenFacts,
)
from verify.indication import SubIndication
from verify.policy import Policy, Revocation, default_policy
from verify.process import judge_document

AT = datetime(2016, 1, 1, tzinfo=UTC)
RSA = Algorithm("rsassa-pkcs1v15", "sha256", "rsa", 2048)
SHA1 = replace(RSA, digest="sha1")


def year(number: int, month: int = 1) -> datetime:
    return datetime(number, month, 1, tzinfo=UTC)


def certificate(name: str, **changes: object) -> CertificateFacts:
    facts = CertificateFacts(
        fingerprint=name,
        common_name=name,
        organization=None,
        title=None,
        issuer="above",
        serial="1",
        not_before=year(2010),
        not_after=year(2020),
        algorithm=RSA,
        key_type="rsa",
        key_bits=2048,
        trusted=False,
    )
    return replace(facts, **changes)  # type: ignore[arg-type]  # whatever the test says


ROOT = certificate("root", trusted=True, needs_no_evidence=True)
AUTHORITY = certificate("authority")
SIGNER = certificate("signer")
TSA = certificate("tsa")
RESPONDER = certificate("responder")


def evidence(name: str = "answer", **changes: object) -> RevocationFacts:
    facts = RevocationFacts(
        source="ocsp",
        status=Status.GOOD,
        this_update=year(2015, 6),
        next_update=None,
        produced_at=year(2015, 6),
        had_at=year(2015, 6),
        revision=None,
        algorithm=RSA,
        signer=RESPONDER,
        signer_is_issuer=False,
        signer_needs_no_check=True,
        identity=name,
    )
    return replace(facts, **changes)  # type: ignore[arg-type]  # whatever the test says


def revoked(at: datetime, **changes: object) -> RevocationFacts:
    return evidence(**{"status": Status.REVOKED, "revoked_at": at, **changes})


NAMES = (
    *("signature", "signer", "authority", "responder", "tsa", "root"),
    *("answer", "list", "of the tsa", "stamp"),
)
"""What a time-stamp over everything covers."""
GOOD = (evidence(),)
ABOVE = (evidence("list", source="crl", signer=ROOT, signer_is_issuer=True),)


def chain(
    signer: CertificateFacts = SIGNER,
    about: tuple[RevocationFacts, ...] = GOOD,
    *,
    authority: CertificateFacts = AUTHORITY,
    about_authority: tuple[RevocationFacts, ...] = ABOVE,
    root: CertificateFacts = ROOT,
) -> ChainFacts:
    return ChainFacts((signer, authority, root), (about, about_authority, ()))


def token(path: ChainFacts | None = None, name: str = "signature", **changes: object) -> TokenFacts:
    facts = TokenFacts(
        digest_matches=True,
        signature_verifies=True,
        reference=Reference.MATCHES,
        algorithm=RSA,
        chain=path or chain(),
        identity=name,
    )
    return replace(facts, **changes)  # type: ignore[arg-type]  # whatever the test says


def stamp(
    gen_time: datetime,
    covers: tuple[str, ...] = ("signature",),
    name: str = "stamp",
    *,
    archive: bool = False,
    path: ChainFacts | None = None,
    **changes: object,
) -> TimestampFacts:
    """A time-stamp whose authority is judged by evidence of its own."""
    own = path or chain(TSA, (evidence("of the tsa"),))
    return TimestampFacts(token(own, name, **changes), gen_time, frozenset(covers), archive=archive)


def signature(facts: TokenFacts | None = None, **changes: object) -> SignatureFacts:
    made = SignatureFacts(
        field="S",
        kind=Kind.SIGNATURE,
        sub_filter="",
        token=facts or token(),
        integrity=IntegrityFacts(0, 1, 0, 0),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # whatever the test says


def standard(**changes: object) -> Policy:
    """The default policy, but it asks no more than the standard does."""
    policy = default_policy()
    digests = {**policy.algorithms.digests}
    return policy.model_copy(
        update={
            "revocation": Revocation(proved_at_signing=False),
            "algorithms": policy.algorithms.model_copy(update={"digests": digests}),
            **changes,
        }
    )


def sub(
    facts: SignatureFacts, at: datetime | None = None, policy: Policy | None = None
) -> SubIndication | None:
    """Judge one signature; None is TOTAL-PASSED."""
    verdict = judge_document(DocumentFacts((facts,)), policy=policy or standard(), at=at or AT)
    return verdict.judgements[0].sub_indication
