"""Signs a document in memory, at one of the four PAdES levels.

1. what is already in the document is judged;
2. the signer's certificate is checked;
3. field, appearance and placeholder are made, the document digested;
4. the key is opened (the PIN is asked), the digest signed, the signature time-stamped;
5. evidence is gathered, judged, and appended; then the document time-stamp;
6. the result is judged; only what holds is returned.

Spec: ETSI EN 319 142-1 §6.
"""

from __future__ import annotations

from dataclasses import dataclass

from signing.check import check_signer
from signing.errors import TSANotNamedError
from signing.evidence import gather_evidence
from signing.key import SigningKey
from signing.longterm import extend
from signing.options import Level, SigningOptions, UnknownStatus
from signing.revision import SignatureRequest, prepare_signature
from signing.services import SigningServices
from signing.signer import KeySigner
from signing.tsa import FetchingTimeStamper
from signing.verdict import Expected, judge_after, judge_before
from verify.evidence import NONE, Evidence
from verify.finding import Finding
from verify.report import Report


@dataclass(frozen=True, slots=True)
class SignedDocument:
    """A document that was signed and found to hold."""

    data: bytes
    field_name: str
    """The field the new signature is in."""
    level: Level
    report: Report
    """The verdict on `data`, as of the end of signing."""
    warnings: tuple[Finding, ...]
    """What the signer should know."""


def sign_document(
    data: bytes,
    *,
    signer: SigningKey,
    options: SigningOptions,
    services: SigningServices,
    name: str = "document.pdf",
) -> SignedDocument:
    """Return the document with one more signature; `data` is kept to the byte in front of it.

    Args:
        data: a PDF document.
        signer: certificate, chain, and the way to the key.
        options: level, look and place of the signature, what to do in doubt.
        services: time, network, trust and policy.
        name: what to call the document in messages.

    Raises:
        InvalidInputError: it is no document that can be signed.
        RefusedError: the document, the certificate or the result says no.
        UnavailableError: font, token, time-stamp service or evidence is not there.
    """
    timestamper = _timestamper(options, services)
    before = judge_before(
        data, services=services, name=name, allow_broken=options.allow_broken_signatures
    )
    strict = _refuses_unknown(options)
    warnings = check_signer(
        signer.certificate, signer.chain, services=services, refuse_unknown=strict
    )
    request = SignatureRequest(
        KeySigner(signer, pss=options.pss), options, services.clock.now(), timestamper, name
    )
    prepared = prepare_signature(data, request)
    signed = prepared.complete()
    if timestamper is not None and options.level.needs_evidence:
        extend(signed, timestamper, request=request, signer=signer, services=services)
        evidence = NONE  # from here on the document must stand by itself
    else:  # services that did not answer a moment ago are not waited for again
        evidence = NONE if warnings else _gather(signer, timestamper, services)
    result = signed.output.getvalue()
    expected = Expected(prepared.field_name, options.level, tolerate_unknown=not strict)
    report = judge_after(result, expected, before=before, services=services, evidence=evidence)
    return SignedDocument(result, prepared.field_name, options.level, report, warnings)


def _timestamper(options: SigningOptions, services: SigningServices) -> FetchingTimeStamper | None:
    if not options.level.needs_timestamp:
        return None
    timestamper = services.timestamper(options.tsa_url)
    if timestamper is None:
        raise TSANotNamedError(level=options.level.value)
    return timestamper


def _gather(
    signer: SigningKey, timestamper: FetchingTimeStamper | None, services: SigningServices
) -> Evidence:
    ends = (signer.certificate, *(timestamper.signers if timestamper else ()))
    others = (*signer.chain, *(timestamper.certificates if timestamper else ()))
    return gather_evidence(ends, others, services)


def _refuses_unknown(options: SigningOptions) -> bool:
    """Say whether an unknown status refuses: always where evidence must be embedded anyway."""
    return options.level.needs_evidence or options.unknown_status is UnknownStatus.REFUSE
