"""From B-T to B-LT and B-LTA: evidence into the document, then a time-stamp over all of it.

Spec: ETSI EN 319 142-1 §6.3.
"""

from __future__ import annotations

from signing.evidence import Subject, gather_evidence, gather_proof
from signing.key import SigningKey
from signing.options import Level
from signing.proof import add_document_timestamp, add_evidence
from signing.revision import SignatureRequest, SignedRevision
from signing.services import SigningServices
from signing.tsa import FetchingTimeStamper
from verify.content import shown
from verify.evidence import Evidence


def extend(
    signed: SignedRevision,
    timestamper: FetchingTimeStamper,
    *,
    request: SignatureRequest,
    signer: SigningKey,
    services: SigningServices,
) -> Evidence:
    """Append evidence, and at B-LTA a document time-stamp, to a time-stamped signature.

    Args:
        signed: the document; is appended to in place.
        timestamper: the service that made the signature-time-stamp.
        request: what was asked for.
        signer: whose certificate and chain are proved, after the signature-time-stamp.
        services: time, network, trust and policy.

    Returns:
        What was embedded about the signer and the service.

    Raises:
        RevokedMeanwhileError: the evidence says revoked.
        EvidenceUnavailableError: the evidence does not prove what it must.
        UntrustedPathError: a certificate has no path to a trusted root.
        UnavailableError: the time-stamp service, see `signing.tsa`.
    """
    name, password = request.name, services.password
    ends = (signer.certificate, *timestamper.signers)
    others = (*signer.chain, *timestamper.certificates)
    with shown(signed.output) as data:
        evidence = gather_proof(Subject(data, signed.field_name, name, ends, others), services)
    add_evidence(signed.output, evidence, contents=signed.contents, name=name, password=password)
    if request.options.level is not Level.B_LTA:
        return evidence
    known = timestamper.signers
    add_document_timestamp(
        signed.output,
        timestamper,
        digest_name=request.signer.digest_name,
        name=name,
        password=password,
    )
    new = tuple(each for each in timestamper.signers if each not in known)
    if new:  # services with several units answer with another certificate each time
        more = gather_evidence(new, timestamper.certificates, services)
        add_evidence(signed.output, more, contents=None, name=name, password=password)
    return evidence
