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

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from asn1crypto import algos, cms, core, tsp
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import ExtendedKeyUsageOID

from pki.der import NULL, OCTET_STRING, SEQUENCE, encode, integer, oid, read_all, sequence
from pki.errors.files import MalformedDERError
from signing.errors.times import TSAOtherRequestError, TSARejectedError, TSAWrongAnswerError
from verify.cms.check import Parts, check_timestamp
from verify.cms.plain import read_plain
from verify.cms.token import read_token
from verify.cms.tst_info import TSTInfo, read_tst_info
from verify.facts import ChainFacts, Reference
from verify.path.build import build_path
from verify.path.pool import CertificatePool
from verify.path.rfc5280 import find_defects
from verify.policy import default_policy
from verify.trust import TrustStore


class TimeStampResp(core.Sequence):  # type: ignore[misc]  # asn1crypto is untyped
    """RFC 3161 §2.4.2; asn1crypto's own asks for a token even in a refusal."""

    _fields = [  # noqa: RUF012  asn1crypto's way to declare a structure
        ("status", tsp.PKIStatusInfo),
        ("time_stamp_token", cms.ContentInfo, {"optional": True}),
    ]


GRANTED = ("granted", "granted_with_mods")
_GRANTED = sequence((integer(0),))
"""The status of nearly every answer."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a service is asked for."""

    digest_name: str
    digest: bytes
    nonce: int
    policy_oid: str | None = None

    def encoded(self) -> bytes:
        """Return the TimeStampReq, DER, that asks for the service's certificate as well.

        Spec: RFC 3161 §2.4.1.
        """
        algorithm, _ = _imprint_algorithms(self.digest_name)
        return sequence(
            (
                integer(1),
                sequence((algorithm, encode(OCTET_STRING, self.digest))),
                b"" if self.policy_oid is None else oid(self.policy_oid),
                integer(self.nonce),
                _TRUE,
            )
        )

    def differing(self, info: TSTInfo) -> str | None:
        """Return what an answer is about that is not what was asked; None where nothing is."""
        same = info.digest_algorithm in _imprint_algorithms(self.digest_name)
        if not same or info.imprint != self.digest:
            return "messageImprint"
        return "nonce" if info.nonce != self.nonce else None


_TRUE = encode(0x01, b"\xff")


@lru_cache(maxsize=16)
def _imprint_algorithms(name: str) -> tuple[bytes, bytes]:
    """Return a digest's AlgorithmIdentifier, with NULL and without: both are common."""
    identifier = oid(algos.DigestAlgorithmId(name).dotted)
    return sequence((identifier, encode(NULL, b""))), sequence((identifier,))


@dataclass(frozen=True, slots=True)
class GrantedToken:
    """A token that answers what was asked; who signed it is not known yet."""

    der: bytes
    time: datetime
    """The instant it tells."""
    accuracy: timedelta | None
    """By how much it says it may be wrong; None where it does not say."""


def granted_token(answer: bytes, question: Question, url: str) -> GrantedToken:
    """Return the token of an answer, having done steps 1 and 2.

    Raises:
        TSARejectedError: the service said no.
        TSAOtherRequestError: an answer to another request.
        TSAWrongAnswerError: not an answer, or under another policy.

    Spec: RFC 3161 §2.4.2.
    """
    der, info = _plainly(answer) or _read_answer(answer, url)
    differing = question.differing(info)
    if differing is not None:
        raise TSAOtherRequestError(url=url, reason=differing)
    if question.policy_oid is not None and info.policy != oid(question.policy_oid):
        raise TSAWrongAnswerError(url=url, reason="policy")
    return GrantedToken(der, info.time, info.accuracy)


def _plainly(answer: bytes) -> tuple[bytes, TSTInfo] | None:
    """Return token and TSTInfo of a plain answer; None for any other, be it right or wrong."""
    try:
        (whole,) = read_all(answer, "answer")
        status, token = read_all(whole.content if whole.tag == SEQUENCE else b"", "answer")
    except (MalformedDERError, ValueError):  # so many elements
        return None
    signed = read_plain(token.whole) if status.whole == _GRANTED else None
    info = read_tst_info(signed.content) if signed is not None and signed.content else None
    return None if info is None else (token.whole, info)


def _read_answer(answer: bytes, url: str) -> tuple[bytes, TSTInfo]:
    """Return token and TSTInfo of any other answer; asn1crypto reads it."""
    try:
        response = TimeStampResp.load(answer, strict=True)
        if (status := response["status"]["status"].native) not in GRANTED:
            reason = _why_rejected(response["status"])
            raise TSARejectedError(url=url, status=str(status), reason=reason)
        token = cms.ContentInfo.load(response["time_stamp_token"].dump(), strict=True)
        info = token["content"]["encap_content_info"]["content"].parsed
        imprint = info["message_imprint"]
        time: datetime = info["gen_time"].native
        return token.dump(), TSTInfo(
            policy=info["policy"].dump(),
            digest_algorithm=imprint["hash_algorithm"].dump(),
            imprint=imprint["hashed_message"].native,
            time=time.astimezone(UTC),
            accuracy=_accuracy_of(info),
            nonce=info["nonce"].native,
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        # asn1crypto raises ValueError on bad DER, the others where a structure is another one
        raise TSAWrongAnswerError(url=url, reason="not an RFC 3161 answer") from error


def _accuracy_of(info: tsp.TSTInfo) -> timedelta | None:
    """Return by how much a token says it may be wrong; None where it does not say.

    Spec: RFC 3161 §2.4.2 (Accuracy).
    """
    accuracy = info["accuracy"].native
    if accuracy is None:
        return None
    return timedelta(
        seconds=accuracy["seconds"] or 0,
        milliseconds=accuracy["millis"] or 0,
        microseconds=accuracy["micros"] or 0,
    )


def check_token(
    token_der: bytes,
    imprint: bytes,
    *,
    trust: TrustStore,
    at: datetime,
    url: str,
) -> x509.Certificate:
    """Return the certificate a token is signed with, having done steps 3 to 5.

    What judges documents judges the token, so that what is taken here holds there: pyHanko's own
    validation takes 5 ms of the 14 that a signature with a time-stamp takes, this one does 1.

    Raises:
        TSAWrongAnswerError: one of them fails.

    Spec: RFC 3161 §2.3, RFC 5816.
    """
    signers: list[x509.Certificate] = []

    def note(certificate: x509.Certificate, _: datetime) -> ChainFacts:
        signers.append(certificate)
        return ChainFacts((), ())

    facts = check_timestamp(token_der, _Imprint((), imprint), others=(), chains=note).token
    problem = facts.problem or next(iter(facts.attributes), None)  # that others signed as well
    if problem is not None or not signers:
        reason = problem.code if problem else "no certificate of its signer"
        raise TSAWrongAnswerError(url=url, reason=f"token: {reason}")
    certificate = signers[0]
    if facts.reference is Reference.DIFFERS:
        raise TSAWrongAnswerError(url=url, reason="token: it names another certificate")
    weak = not WEAK.isdisjoint(facts.digests)
    if weak or not (facts.digest_matches and facts.signature_verifies):
        raise TSAWrongAnswerError(url=url, reason="signature")
    if not _only_for_timestamps(certificate):
        raise TSAWrongAnswerError(url=url, reason="extendedKeyUsage")
    if not _is_trusted(certificate, certificates_of(token_der), trust, at):
        raise TSAWrongAnswerError(url=url, reason="path")
    return certificate


WEAK = frozenset({"md2", "md4", "md5", "sha1"})
"""Digests that no time-stamp is taken with, whatever the policy says."""


@dataclass(frozen=True, slots=True)
class _Imprint(Parts):
    """What is time-stamped, of which only the digest is known; `granted_token` compared it."""

    known: bytes

    def digest(self, name: str) -> bytes:  # noqa: ARG002  the imprint names it
        return self.known


def _is_trusted(
    certificate: x509.Certificate,
    others: tuple[x509.Certificate, ...],
    trust: TrustStore,
    at: datetime,
) -> bool:
    """Say whether there is a sound path to a trusted root, everything below it in its period."""
    in_period = tuple(each for each in others if _is_valid(each, at))
    usable = certificate in trust or _is_valid(certificate, at)
    return usable and _has_sound_path(certificate, in_period, trust)


def _is_valid(certificate: x509.Certificate, at: datetime) -> bool:
    return certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc


@lru_cache(maxsize=16)
def _has_sound_path(
    certificate: x509.Certificate, others: tuple[x509.Certificate, ...], trust: TrustStore
) -> bool:
    """Find a path once: a service's tokens bring the same certificates each time."""
    pool, limits = CertificatePool(trust, others), default_policy().limits
    path = build_path(certificate, pool, limits=limits, hint=certificate.not_valid_before_utc)
    return (
        path[-1] in trust
        and not any(find_defects(path))
        and all(_digest_of(each) not in WEAK for each in path[:-1])
    )


def _digest_of(certificate: x509.Certificate) -> str | None:
    """Return what a certificate's signature hashes with; None where it has no name of its own."""
    try:
        algorithm = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return None
    return algorithm.name if algorithm else None


def certificates_of(token_der: bytes) -> tuple[x509.Certificate, ...]:
    """Return the certificates a token carries, but for those that cannot be read.

    Raises:
        MalformedObjectError: it is no token; one that was checked is.
    """
    return read_token(token_der).certificates


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
