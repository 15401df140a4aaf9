"""Gathers the facts of a document: fields, ranges, tokens, paths, evidence, changes.

One broken signature is one set of facts that says so; the others are gathered all the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from pyhanko.pdf_utils.generic import parse_pdf_date

from verify.certificate import readable
from verify.cms.bare import BARE, read_bare
from verify.cms.check import Parts, PartsOfDocument, check_signature, check_timestamp
from verify.cms.token import Token, read_token
from verify.errors import MalformedObjectError
from verify.evidence import Evidence
from verify.facts import (
    Changes,
    DocumentFacts,
    IntegrityFacts,
    Kind,
    SignatureFacts,
    TokenFacts,
)
from verify.finding import Finding, error, warning
from verify.guard import foreign
from verify.path.pool import CertificatePool
from verify.pdf.appearance import find_replaced
from verify.pdf.changes import are_compared, review_changes
from verify.pdf.document import OpenPDF
from verify.pdf.fields import SignatureField, find_signature_fields
from verify.pdf.open_fields import find_open_numbers
from verify.pdf.ranges import Covered, read_range, signed_revision
from verify.pdf.store import Store, read_store
from verify.pdf.tail import Trace, trace_tail
from verify.policy import Policy
from verify.purpose import for_duty, is_seal
from verify.report import Need
from verify.revocation.gather import Gatherers
from verify.revocation.sources import Raw, handed_in
from verify.signers import Signers
from verify.trust import TrustStore

_PADES = "/ETSI.CAdES.detached"
_SUPPORTED = frozenset({_PADES, "/adbe.pkcs7.detached", "/adbe.pkcs7.sha1", "/ETSI.RFC3161", BARE})


@dataclass(frozen=True, slots=True)
class Examined:
    """The facts, and the certificates behind them."""

    facts: DocumentFacts
    known: dict[str, Need]
    """Certificates of all paths by fingerprint, with the issuer that was found."""


@dataclass(frozen=True, slots=True)
class _Found:
    """A field, what it covers and the token in it, as far as they can be read."""

    field: SignatureField
    covered: Covered | Finding
    token: Token | None
    problem: Finding | None
    revision: int | None


@dataclass(slots=True)
class _Work:
    """One examination."""

    pdf: OpenPDF
    policy: Policy
    at: datetime
    signers: Signers
    traces: tuple[Trace, ...]


@dataclass(frozen=True, slots=True)
class Given:
    """What is known beside the document."""

    policy: Policy
    """Limits, and what signers' certificates must be for."""
    trust: TrustStore
    """Where paths should end."""
    evidence: Evidence
    gatherers: Gatherers


def examine_document(pdf: OpenPDF, given: Given, *, at: datetime) -> Examined:
    """Gather the facts of a document.

    Args:
        pdf: the open document.
        given: what is known beside it.
        at: the moment of judging: evidence in the document is known since then, unless a
            time-stamp proves more.
    """
    limit = given.policy.limits.signatures
    fields = find_signature_fields(pdf, name=pdf.name, limit=limit)
    found = sorted(
        (_find(pdf, item) for item in fields),
        key=lambda item: pdf.revisions if item.revision is None else item.revision,
    )
    notes = () if pdf.strict else (warning("verdict.not_strictly_readable"),)
    if pdf.unreadable is not None:
        return Examined(DocumentFacts((_unreadable(pdf, pdf.unreadable),), notes), {})
    if not found:
        return Examined(DocumentFacts((), notes), {})
    work = _prepare(pdf, found, given, at=at)
    signatures = _narrow([_examine(work, item) for item in found])
    notes = (*notes, *_left_open(work, found, signatures))
    return Examined(DocumentFacts(signatures, notes), work.signers.known)


def _left_open(
    work: _Work, found: list[_Found], signatures: tuple[SignatureFacts, ...]
) -> tuple[Finding, ...]:
    """After a seal nothing of number and date is filled in any more."""
    words = work.policy.forms.number_words
    if not words or all(item.kind is not Kind.SEAL for item in signatures):
        return ()
    return find_open_numbers(work.pdf, (item.field for item in found), words)


def _unreadable(pdf: OpenPDF, reason: str) -> SignatureFacts:
    problem = error("integrity.document_unreadable", reason=reason)
    size = len(pdf.data)
    integrity = IntegrityFacts(0, 1, size, size, changes_after=Changes.OTHER, problem=problem)
    return SignatureFacts("", Kind.SIGNATURE, "", TokenFacts(problem=problem), integrity)


def _narrow(signatures: list[SignatureFacts]) -> tuple[SignatureFacts, ...]:
    """Tell each signature how far an earlier one shows the document to be intact."""
    narrowed = []
    for item in signatures:
        ends = [
            other.integrity.signed_end
            for other in signatures
            if other.token.digest_matches and other.integrity.signed_end < item.integrity.signed_end
        ]
        integrity = replace(item.integrity, intact_until=max(ends, default=0))
        narrowed.append(replace(item, integrity=integrity))
    return tuple(narrowed)


def _find(pdf: OpenPDF, signature: SignatureField) -> _Found:
    covered = read_range(pdf, signature)
    if isinstance(covered, Finding):
        return _Found(signature, covered, None, covered, None)
    revision = signed_revision(pdf, covered.end)
    try:
        if signature.sub_filter == BARE:
            token = read_bare(covered.contents, signature)
        else:
            token = read_token(covered.contents)
        return _Found(signature, covered, token, None, revision)
    except MalformedObjectError as malformed:
        problem = error("signature.malformed", reason=str(malformed.facts["reason"]))
        return _Found(signature, covered, None, problem, revision)


def _prepare(pdf: OpenPDF, found: list[_Found], given: Given, *, at: datetime) -> _Work:
    store = read_store(pdf)
    tokens = _all_tokens(found)
    certificates = (
        *(certificate for token, _ in tokens for certificate in token.certificates),
        *readable(item.der for item in store.certificates),
        *readable(item.der for item in given.evidence.certificates),
    )
    pool = CertificatePool(given.trust, certificates)
    crls, responses = _evidence(store, tokens, given.evidence, at)
    gatherer = given.gatherers.get(pool, crls, responses, policy=given.policy)
    ends = [item.covered.end for item in found if isinstance(item.covered, Covered)]
    traces = trace_tail(pdf, min(ends)) if ends else ()
    signers = Signers(given.policy, gatherer, pool.all())
    return _Work(pdf, given.policy, at, signers, traces)


def _all_tokens(found: list[_Found]) -> list[tuple[Token, int]]:
    """Return the tokens and the time-stamp tokens in them, with the revision they lie in."""
    tokens = []
    for item in found:
        if item.token is None:
            continue
        revision = item.revision or 0
        tokens.append((item.token, revision))
        for der in (*item.token.signature_timestamps, *item.token.content_timestamps):
            try:
                tokens.append((read_token(der), revision))
            except MalformedObjectError:
                continue
    return tokens


def _evidence(
    store: Store, tokens: list[tuple[Token, int]], evidence: Evidence, at: datetime
) -> tuple[tuple[Raw, ...], tuple[Raw, ...]]:
    """Return all CRLs and all OCSP responses: of the store, of the tokens, handed in."""
    crls, responses = handed_in(evidence)
    return (
        (
            *((item.der, at, item.revision) for item in store.crls),
            *((der, at, revision) for token, revision in tokens for der in token.crls),
            *crls,
        ),
        (
            *((item.der, at, item.revision) for item in store.ocsp_responses),
            *((der, at, revision) for token, revision in tokens for der in token.ocsp_responses),
            *responses,
        ),
    )


def _examine(work: _Work, found: _Found) -> SignatureFacts:
    sub_filter = found.field.sub_filter
    is_timestamp = sub_filter == "/ETSI.RFC3161" or found.field.type == "/DocTimeStamp"
    integrity = _integrity(work, found)
    if found.token is None or not isinstance(found.covered, Covered):
        token = TokenFacts(problem=found.problem)
        kind = Kind.TIMESTAMP if is_timestamp else Kind.SIGNATURE
        return SignatureFacts(found.field.name, kind, sub_filter, token, integrity)
    parts = _parts(work.pdf, found.covered)
    if is_timestamp:
        stamp = check_timestamp(
            found.covered.contents,
            parts,
            others=work.signers.others,
            chains=work.signers.timestamp_chain,
        )
        return SignatureFacts(
            found.field.name,
            Kind.TIMESTAMP,
            sub_filter,
            stamp.token,
            integrity,
            gen_time=stamp.gen_time,
        )
    return _examine_signature(work, found, found.token, parts, integrity)


def _parts(pdf: OpenPDF, covered: Covered) -> Parts:
    pieces = covered.pieces(pdf.data)
    if isinstance(pdf.data, bytes):
        return PartsOfDocument(pieces, pdf.hashed)
    return Parts(pieces)  # a file may have changed since it was hashed: what is there now counts


def _examine_signature(
    work: _Work, found: _Found, token: Token, parts: Parts, integrity: IntegrityFacts
) -> SignatureFacts:
    sub_filter = found.field.sub_filter
    if sub_filter in _SUPPORTED:
        checked = check_signature(
            token, parts, others=work.signers.others, chains=work.signers.signer_chain, at=work.at
        )
    else:
        checked = TokenFacts(problem=error("signature.unsupported_format", found=sub_filter))
    signer = token.signer(work.signers.others)
    signature_value = Parts((memoryview(token.signature),))
    return SignatureFacts(
        field=found.field.name,
        kind=Kind.SEAL if signer and is_seal(signer, work.policy) else Kind.SIGNATURE,
        sub_filter=sub_filter,
        token=checked,
        integrity=integrity,
        claimed_signing_time=token.claimed_signing_time or _claimed_in_pdf(found.field),
        timestamps=tuple(
            check_timestamp(
                der,
                signature_value,
                others=work.signers.others,
                chains=work.signers.timestamp_chain,
            )
            for der in token.signature_timestamps
        ),
        content_timestamps=tuple(
            check_timestamp(
                der, parts, others=work.signers.others, chains=work.signers.timestamp_chain
            )
            for der in token.content_timestamps
        ),
        for_duty=signer is not None and for_duty(signer, work.policy),
    )


def _claimed_in_pdf(found: SignatureField) -> datetime | None:
    try:
        with foreign("date"):
            moment: datetime = parse_pdf_date(str(found.signature["/M"]), strict=False)
            return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except MalformedObjectError:
        return None


def _integrity(work: _Work, found: _Found) -> IntegrityFacts:
    pdf = work.pdf
    size, revisions = len(pdf.data), pdf.revisions
    if isinstance(found.covered, Finding):
        return IntegrityFacts(
            revisions - 1, revisions, size, size, changes_after=Changes.OTHER, problem=found.covered
        )
    end = found.covered.end
    violations = [trace.finding for trace in work.traces if trace.offset >= end]
    if found.revision is None:
        violations.append(error("integrity.not_a_whole_revision", signed_end=end))
        revision = max(0, revisions - 1)
        return IntegrityFacts(
            revision,
            revisions,
            end,
            size,
            byte_range=found.covered.byte_range,
            changes_after=Changes.OTHER,
            violations=tuple(violations),
        )
    at_most = work.policy.after.permitted
    review = review_changes(pdf, found.field, revision=found.revision, at_most=at_most)
    violations += review.violations
    violations += _dictionary_changed(pdf, found.field, found.revision)
    if are_compared(pdf, found.revision):
        violations += find_replaced(pdf, found.revision)
    return IntegrityFacts(
        revision=found.revision,
        revisions=revisions,
        signed_end=end,
        document_size=size,
        byte_range=found.covered.byte_range,
        covers_whole_document=not pdf.data[end:].strip(b"\0\t\n\f\r "),
        changes_after=Changes.OTHER if violations else review.changes,
        violations=tuple(violations),
        notes=review.notes,
    )


def _dictionary_changed(pdf: OpenPDF, found: SignatureField, revision: int) -> tuple[Finding, ...]:
    """The dictionary that is judged must be the one in the signed revision."""
    last = pdf.reader.xrefs.get_last_change(found.reference)
    return () if last <= revision else (error("integrity.signature_replaced"),)
