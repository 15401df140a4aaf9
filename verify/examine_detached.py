"""Gathers the facts of a file of signatures: each signer, its time-stamps, paths, evidence.

What time-stamps cover is named here one by one (certificates and evidence by their SHA-256), for
there are no revisions that would tell. One broken signer is one set of facts that says so.

Spec: RFC 5652 §5; EN 319 122-1 §5.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from verify.certificate import fingerprint, readable
from verify.cms.apart import Signed, check_detached, signed_of
from verify.cms.archive import ARCHIVE_TIMESTAMP, identity_of, read_archived
from verify.cms.check import Digestible, KeptParts, Parts, check_timestamp
from verify.cms.signed_data import COUNTERSIGNATURE, SignedData, Signer, every
from verify.cms.token import Token, is_timestamp, read_token
from verify.content import Digest
from verify.errors import MalformedObjectError
from verify.examine import Examined, Given
from verify.facts import (
    DocumentFacts,
    IntegrityFacts,
    Kind,
    Reference,
    SignatureFacts,
    TimestampFacts,
    TokenFacts,
    digest_name,
)
from verify.finding import Finding, error, info
from verify.path.pool import CertificatePool
from verify.purpose import for_duty, is_seal
from verify.revocation.sources import IN_SIGNATURE, Raw, handed_in
from verify.rules.level import CADES, CMS
from verify.signers import Signers

_NOT_JUDGED = {
    "1.2.840.113549.1.9.16.2.48": "archive-time-stamp-v2",
    "1.2.840.113549.1.9.16.2.27": "archive-time-stamp",
    "1.2.840.113549.1.9.16.2.25": "CAdES-C-time-stamp",
    "1.2.840.113549.1.9.16.2.26": "time-stamped-certs-crls-references",
    "1.2.840.113549.1.9.16.2.49": "evidence record",
    "1.2.840.113549.1.9.16.2.50": "evidence record",
}
"""Unsigned attributes that would say more, and are not looked into: what they are, is told."""


_STAMP = "RFC 3161"
_NOT_THERE = Digest("", b"")


class _Never:
    """What no time-stamp is over."""

    def digest(self, name: str) -> None:
        """Return nothing that an imprint could be."""

    def has(self, name: str) -> bool:  # noqa: ARG002  nothing is missing
        """Say that it is not for want of it."""
        return True


_NEVER = _Never()


@dataclass(frozen=True, slots=True)
class Signature:
    """A file of signatures, and what they are said to be over."""

    der: bytes
    data: SignedData
    """The same, taken apart."""
    handed: Parts | Digest | None
    """What was signed, or its digest, where it was handed in."""
    size: int
    """Of what was signed, octets; 0 where it is not known."""


@dataclass(frozen=True, slots=True)
class _Work:
    """One examination."""

    signature: Signature
    signed: Signed
    """What those are over who are looked at."""
    at: datetime
    signers: Signers

    @property
    def content(self) -> Digestible:
        """What was signed, as far as it is at hand."""
        return self.signed.content or _NOT_THERE


def examine_signature(signature: Signature, given: Given, *, at: datetime) -> Examined:
    """Gather the facts of a file of signatures.

    Args:
        signature: the file.
        given: what is known beside it.
        at: the moment of judging: evidence in the file is known since then, unless a time-stamp
            proves more.
    """
    data = signature.data
    tokens = _all_tokens(data)
    # Many signers have the same ones.
    held = {id(token.certificates): token.certificates for token in tokens}
    certificates = (
        *{id(one): one for own in held.values() for one in own}.values(),
        *readable(item.der for item in given.evidence.certificates),
    )
    pool = CertificatePool(given.trust, certificates)
    crls, responses = _evidence(tokens, given, at)
    gatherer = given.gatherers.get(pool, crls, responses, policy=given.policy)
    own = None if data.content is None else KeptParts((memoryview(data.content),))
    signed = signed_of(signature.handed, own)
    work = _Work(signature, signed, at, Signers(given.policy, gatherer, pool.all()))
    found = tuple(_examine_all(work, data.signers, "SignerInfo"))
    return Examined(DocumentFacts(found), work.signers.known)


def count_tokens(data: SignedData) -> int:
    """Return how many signers and time-stamps there are to be judged."""
    return sum(1 + sum(1 for _ in _stamps(signer)) for signer in every(data.signers))


def _stamps(signer: Signer) -> Iterator[bytes]:
    """Yield the DER of all time-stamps of a signer that are judged."""
    if signer.token is not None:
        yield from signer.token.signature_timestamps
        yield from signer.token.content_timestamps
    yield from signer.values(ARCHIVE_TIMESTAMP)


def _all_tokens(data: SignedData) -> list[Token]:
    signers = tuple(every(data.signers))
    tokens = [signer.token for signer in signers if signer.token is not None]
    for signer in signers:
        for der in _stamps(signer):
            try:
                tokens.append(read_token(der))
            except MalformedObjectError:
                continue
    return tokens


def _evidence(
    tokens: list[Token], given: Given, at: datetime
) -> tuple[tuple[Raw, ...], tuple[Raw, ...]]:
    """Return all CRLs and all OCSP responses: of the file, handed in."""
    crls, responses = handed_in(given.evidence)
    lists = {id(token.crls): token.crls for token in tokens}
    answers = {id(token.ocsp_responses): token.ocsp_responses for token in tokens}
    return (
        (*((der, at, IN_SIGNATURE) for own in lists.values() for der in own), *crls),
        (*((der, at, IN_SIGNATURE) for own in answers.values() for der in own), *responses),
    )


def _examine_all(work: _Work, signers: tuple[Signer, ...], what: str) -> Iterator[SignatureFacts]:
    """Yield the facts of signers, and of those who signed their signatures."""
    for number, signer in enumerate(signers, 1):
        name = f"{what} {number}"
        yield _examine(work, signer, name)
        if signer.token is not None:
            value = Parts((memoryview(signer.token.signature),))
            under = replace(work, signed=Signed(value, None, reads_as_attributes=False))
            yield from _examine_all(under, signer.counters, f"{name}, countersignature")


def _examine(work: _Work, signer: Signer, name: str) -> SignatureFacts:
    token = signer.token
    integrity = IntegrityFacts(
        0, 1, work.signature.size, work.signature.size, covers_whole_document=True
    )
    if token is None:
        problem = error("signature.malformed", reason=signer.reason)
        return SignatureFacts(name, Kind.SIGNATURE, CMS, TokenFacts(problem=problem), integrity)
    if is_timestamp(token):
        return _examine_stamp(work, name, integrity)
    notes = tuple(_notes(work, signer, token))
    others = work.signers.others
    facts = check_detached(
        token,
        work.signed,
        others=others,
        chains=work.signers.signer_chain,
        at=work.at,
    )
    certificate = token.signer(others)
    identity = identity_of(signer.der or name.encode() + token.signature)
    seal = certificate is not None and is_seal(certificate, work.signers.policy)
    content_stamps = tuple(_stamp(work, der, work.content) for der in token.content_timestamps)
    signed = frozenset(
        {
            identity,
            *({fingerprint(certificate)} if certificate is not None else ()),
            *(str(stamp.token.identity) for stamp in content_stamps),
        }
    )
    value = Parts((memoryview(token.signature),))
    return SignatureFacts(
        field=name,
        kind=Kind.SEAL if seal else Kind.SIGNATURE,
        sub_filter=CMS if facts.reference is Reference.ABSENT else CADES,
        token=replace(facts, identity=identity),
        integrity=replace(integrity, covers_whole_document=not facts.data_missing, notes=notes),
        claimed_signing_time=token.claimed_signing_time,
        timestamps=(
            *(_stamp(work, der, value, covers=signed) for der in token.signature_timestamps),
            *(_archive(work, signer, der, signed) for der in signer.values(ARCHIVE_TIMESTAMP)),
        ),
        content_timestamps=content_stamps,
        for_duty=certificate is not None and for_duty(certificate, work.signers.policy),
    )


def _examine_stamp(work: _Work, name: str, integrity: IntegrityFacts) -> SignatureFacts:
    """A time-stamp token on its own says when the file was there."""
    stamp = _stamp(work, work.signature.der, work.signature.handed or _NOT_THERE)
    return SignatureFacts(
        name, Kind.TIMESTAMP, _STAMP, stamp.token, integrity, gen_time=stamp.gen_time
    )


def _stamp(
    work: _Work, der: bytes, over: Digestible, *, covers: frozenset[str] | None = None
) -> TimestampFacts:
    stamp = check_timestamp(
        der, over, others=work.signers.others, chains=work.signers.timestamp_chain
    )
    return replace(stamp, token=replace(stamp.token, identity=identity_of(der)), covers=covers)


def _archive(work: _Work, signer: Signer, der: bytes, signed: frozenset[str]) -> TimestampFacts:
    try:
        archived = read_archived(der, work.signature.data, signer, work.content)
    except MalformedObjectError:
        return replace(_stamp(work, der, _NEVER, covers=frozenset()), archive=True)
    return replace(_stamp(work, der, archived, covers=signed | archived.covers), archive=True)


def _notes(work: _Work, signer: Signer, token: Token) -> Iterator[Finding]:
    kinds = [_NOT_JUDGED[each.type] for each in signer.unsigned if each.type in _NOT_JUDGED]
    if signer.values(COUNTERSIGNATURE) and not signer.counters:  # too deep
        kinds.append("countersignature")
    found = tuple(dict.fromkeys(kinds))
    if found:
        yield info("signature.attributes_not_judged", kinds=found)
    handed = work.signed.handed
    if isinstance(handed, Digest) and not handed.has(token.digest):
        yield info("signature.other_digest", wanted=digest_name(token.digest))
