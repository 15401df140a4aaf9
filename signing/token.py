"""Checks a time-stamp service's answer before it goes into a document.

A token that is wrong is found here, while another can still be asked for, and not years later.

1. the status is granted, and there is a token;
2. its imprint is the one sent, its nonce the one sent, its policy the one asked for;
3. it names the certificate it is signed with, and carries it;
4. that certificate has extendedKeyUsage critical with timeStamping alone;
5. the token's signature is right and its path ends at a trusted root.

Revocation of the service's certificate is judged with the evidence, not here.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from asn1crypto import cms, core, tsp
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
from pyhanko.sign.validation.status import TimestampSignatureStatus
from pyhanko_certvalidator import ValidationContext

from signing._asn1 import from_asn1, to_asn1
from signing.errors.times import TSAOtherRequestError, TSARejectedError, TSAWrongAnswerError
from verify.trust import TrustStore


class TimeStampResp(core.Sequence):  # type: ignore[misc]  # asn1crypto is untyped
    """RFC 3161 §2.4.2; asn1crypto's own asks for a token even in a refusal."""

    _fields = [  # noqa: RUF012  asn1crypto's way to declare a structure
        ("status", tsp.PKIStatusInfo),
        ("time_stamp_token", cms.ContentInfo, {"optional": True}),
    ]


GRANTED = ("granted", "granted_with_mods")


def granted_token(answer: bytes, request: tsp.TimeStampReq, url: str) -> cms.ContentInfo:
    """Return the token of an answer, having done steps 1 and 2.

    Raises:
        TSARejectedError: the service said no.
        TSAOtherRequestError: an answer to another request.
        TSAWrongAnswerError: not an answer, or under another policy.

    Spec: RFC 3161 §2.4.2.
    """
    try:
        response = TimeStampResp.load(answer, strict=True)
        if (status := response["status"]["status"].native) not in GRANTED:
            reason = _why_rejected(response["status"])
            raise TSARejectedError(url=url, status=str(status), reason=reason)
        token = cms.ContentInfo.load(response["time_stamp_token"].dump(), strict=True)
        info = token["content"]["encap_content_info"]["content"].parsed
        differing = [
            name
            for name, field in (("messageImprint", "message_imprint"), ("nonce", "nonce"))
            if info[field].native != request[field].native
        ]
        policy, wanted = info["policy"].dotted, request["req_policy"]
        info["gen_time"].native, accuracy_of(token)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        # asn1crypto raises ValueError on bad DER, the others where a structure is another one
        raise TSAWrongAnswerError(url=url, reason="not an RFC 3161 answer") from error
    if differing:
        raise TSAOtherRequestError(url=url, reason=differing[0])
    if not isinstance(wanted, core.Void) and policy != wanted.dotted:
        raise TSAWrongAnswerError(url=url, reason="policy")
    return token


def time_of(token: cms.ContentInfo) -> datetime:
    """Return the instant a token tells."""
    time: datetime = _content(token)["gen_time"].native
    return time.astimezone(UTC)


def accuracy_of(token: cms.ContentInfo) -> timedelta | None:
    """Return by how much a token says it may be wrong; None where it does not say.

    Spec: RFC 3161 §2.4.2 (Accuracy).
    """
    accuracy = _content(token)["accuracy"].native
    if accuracy is None:
        return None
    return timedelta(
        seconds=accuracy["seconds"] or 0,
        milliseconds=accuracy["millis"] or 0,
        microseconds=accuracy["micros"] or 0,
    )


def _content(token: cms.ContentInfo) -> tsp.TSTInfo:
    return token["content"]["encap_content_info"]["content"].parsed


async def check_token(
    token: cms.ContentInfo,
    imprint: bytes,
    *,
    trust: TrustStore,
    at: datetime,
    url: str,
) -> x509.Certificate:
    """Return the certificate a token is signed with, having done steps 3 to 5.

    Raises:
        TSAWrongAnswerError: one of them fails.

    Spec: RFC 3161 §2.3, RFC 5816.
    """
    context = ValidationContext(
        trust_roots=[to_asn1(anchor) for anchor in trust.anchors],
        allow_fetching=False,
        revocation_mode="soft-fail",
        moment=at,
    )
    try:
        found = await validate_tst_signed_data(token["content"], context, lambda _: imprint)
        status = TimestampSignatureStatus(**found)
        certificate = from_asn1(status.signing_cert)
    except Exception as error:
        # pyHanko and asn1crypto raise from many roots over a structure they did not expect;
        # whatever it is, this answer cannot be used.
        raise TSAWrongAnswerError(url=url, reason=f"token: {error}"[:300]) from error
    if not (status.intact and status.valid):
        raise TSAWrongAnswerError(url=url, reason="signature")
    if not _only_for_timestamps(certificate):
        raise TSAWrongAnswerError(url=url, reason="extendedKeyUsage")
    if not status.trusted:
        raise TSAWrongAnswerError(url=url, reason="path")
    return certificate


def certificates_of(token: cms.ContentInfo) -> tuple[x509.Certificate, ...]:
    """Return the certificates a token carries."""
    return tuple(
        from_asn1(each.chosen)
        for each in token["content"]["certificates"]
        if each.name == "certificate"
    )


def _only_for_timestamps(certificate: x509.Certificate) -> bool:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except (x509.ExtensionNotFound, ValueError):
        return False
    usages = list(extension.value)
    return extension.critical and usages == [ExtendedKeyUsageOID.TIME_STAMPING]


def _why_rejected(status: tsp.PKIStatusInfo) -> str:
    texts = [*(status["status_string"].native or ()), *sorted(status["fail_info"].native or ())]
    return "; ".join(texts)[:300]
