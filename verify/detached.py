"""Judges a signature apart from what it signs, or with it inside: a CMS file, DER or PEM.

The verdict is the same report, by the same process, as on a signature in a PDF. No I/O: what is
needed besides is handed in as evidence.

Spec: EN 319 102-1; EN 319 122-1; RFC 5652.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from verify.cms.check import KeptParts
from verify.cms.signed_data import SignedData, read_signed_data
from verify.content import Content, Digest, sha256_of
from verify.errors import (
    DigestInvalidError,
    MalformedObjectError,
    NotASignatureError,
    TooLargeError,
    TooManySignaturesError,
)
from verify.evidence import NONE, Evidence
from verify.examine import Given
from verify.examine_detached import Signature, count_tokens, examine_signature
from verify.facts import DocumentFacts, IntegrityFacts, Kind, SignatureFacts, TokenFacts
from verify.finding import error
from verify.policy import Limits, Policy
from verify.process import judge_document
from verify.quiet import quietly
from verify.report import Report
from verify.reported import needs_of, report_signature
from verify.revocation.gather import Gatherers
from verify.rules.level import CMS
from verify.signature_value import digest_size
from verify.trust import TrustStore

_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_WITHIN = 16
"""Tag, length and OID of a ContentInfo begin so soon."""
_LOOKED_AT = 64
_ARMOUR = re.compile(rb"\s*-----BEGIN (CMS|PKCS7|PKCS #7 SIGNED DATA)-----")
_PEM = re.compile(_ARMOUR.pattern + rb"([A-Za-z0-9+/=\s]*)-----END \1-----\s*")
"""One block and nothing besides: what stands after it would go unseen."""


@dataclass(frozen=True, slots=True)
class OpenSignature:
    """A file of signatures that was read, and what they are said to be over."""

    name: str
    file: bytes
    der: bytes
    """The same without armour."""
    data: SignedData | None
    """None when it cannot be taken apart."""
    reason: str
    """Why not."""
    content: Content | Digest | None
    """What was handed in as signed."""


def verify_signature(
    signature: bytes,
    content: Content | Digest | None,
    *,
    policy: Policy,
    trust: TrustStore,
    at: datetime,
    evidence: Evidence = NONE,
) -> Report:
    """Judge every signature of a CMS file over what it signs, and the whole.

    Args:
        signature: the file's bytes, DER or PEM, whatever they are.
        content: what was signed; or its digest; or None where the signature has it inside.
        policy: by which rules.
        trust: where paths must end.
        at: the moment of judging, aware.
        evidence: certificates, CRLs and OCSP responses had beside it.

    Raises:
        NotASignatureError: no CMS SignedData.
        TooLargeError: more bytes than the policy allows.
        TooManySignaturesError: more signatures and time-stamps than the policy allows.
        DigestInvalidError: no digest of that name, or of another length.

    Spec: EN 319 102-1 §5.
    """
    opened = open_signature(signature, content, name="document.p7s", limits=policy.limits)
    return verify_opened_signature(opened, policy=policy, trust=trust, at=at, evidence=evidence)


def is_signature(untrusted: Content) -> bool:
    """Say whether a file begins as a CMS SignedData, DER or PEM."""
    head = bytes(untrusted[:_LOOKED_AT])
    return _begins(head) or _ARMOUR.match(head) is not None


def open_signature(
    untrusted: bytes, content: Content | Digest | None, *, name: str, limits: Limits
) -> OpenSignature:
    """Read a file of signatures.

    Args:
        untrusted: its bytes, DER or PEM.
        content: what was signed; or its digest; or None where the signature has it inside.
        name: what to call it in the report.
        limits: how much is allowed.

    Raises:
        NotASignatureError, TooLargeError, TooManySignaturesError, DigestInvalidError: see
            `verify_signature`.
    """
    for each in (untrusted, content):
        if each is not None and not isinstance(each, Digest) and len(each) > limits.document_bytes:
            raise TooLargeError(name=name, size=len(each), limit=limits.document_bytes)
    if isinstance(content, Digest):
        size = digest_size(content.algorithm)
        if size is None or len(content.value) != size:
            raise DigestInvalidError(algorithm=content.algorithm, size=len(content.value))
    der = _without_armour(untrusted, name)
    if not _begins(der):
        raise NotASignatureError(name=name)
    try:
        with quietly():
            data = read_signed_data(der, limit=limits.signatures)
    except MalformedObjectError as malformed:
        return OpenSignature(name, untrusted, der, None, str(malformed.facts["reason"]), content)
    if count_tokens(data) > limits.signatures:
        raise TooManySignaturesError(name=name, limit=limits.signatures)
    return OpenSignature(name, untrusted, der, data, "", content)


def verify_opened_signature(
    opened: OpenSignature,
    *,
    policy: Policy,
    trust: TrustStore,
    at: datetime,
    evidence: Evidence = NONE,
    gatherers: Gatherers | None = None,
) -> Report:
    """Judge a file of signatures that is open already: see `verify_signature`.

    Args:
        opened: the file.
        policy: by which rules.
        trust: where paths must end.
        at: the moment of judging, aware.
        evidence: certificates, CRLs and OCSP responses had beside it.
        gatherers: what was found out about the same certificates for other files.
    """
    at = at.astimezone(UTC)
    sha256, size, digest = _of_content(opened)
    facts, known = DocumentFacts((_unreadable(opened.reason),)), {}
    if opened.data is not None:
        handed = opened.content
        parts = handed if isinstance(handed, Digest | None) else KeptParts((memoryview(handed),))
        given = Given(policy, trust, evidence, gatherers or Gatherers())
        with quietly():
            found = examine_signature(Signature(opened.der, opened.data, parts, size), given, at=at)
        facts, known = found.facts, found.known
    verdict = judge_document(facts, policy=policy, at=at)
    return Report(
        name=opened.name,
        sha256=sha256,
        size=size,
        pages=None,
        indication=verdict.indication,
        sub_indication=verdict.sub_indication,
        policy=policy.name,
        judged_at=at,
        signatures=tuple(report_signature(item) for item in verdict.judgements),
        findings=verdict.findings,
        needs=needs_of(verdict.judgements, known),
        digest=digest,
    )


def _unreadable(reason: str) -> SignatureFacts:
    problem = error("signature.malformed", reason=reason)
    integrity = IntegrityFacts(0, 1, 0, 0)
    return SignatureFacts("", Kind.SIGNATURE, CMS, TokenFacts(problem=problem), integrity)


def _of_content(opened: OpenSignature) -> tuple[str, int, Digest | None]:
    """Return SHA-256 and size of what is judged: the content, or the file that has it inside."""
    content = opened.content
    if isinstance(content, Digest):
        known = content.algorithm == "sha256"
        return content.value.hex() if known else "", 0, content
    file = opened.file if content is None else content
    return sha256_of(file), len(file), None


def _begins(der: bytes) -> bool:
    return der[:1] == b"\x30" and _SIGNED_DATA in der[: _WITHIN + len(_SIGNED_DATA)]


def _without_armour(untrusted: bytes, name: str) -> bytes:
    if not _ARMOUR.match(untrusted[:_LOOKED_AT]):
        return untrusted
    found = _PEM.fullmatch(untrusted)
    try:
        return base64.b64decode(b"".join(found[2].split()) if found else b"-", validate=True)
    except binascii.Error as error_:
        raise NotASignatureError(name=name) from error_
