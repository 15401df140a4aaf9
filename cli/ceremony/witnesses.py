"""Signatures of those present: made beside the transcript, and judged.

A signature counts when it verifies over the whole file with the certificate that is known to be
this person's; who that is was known before the ceremony, or is told by whoever checks. Its path is
not asked for: a first root's witnesses come with certificates of other authorities.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from cli.auditing.subject import read_certificate_file
from cli.errors import BadOptionError
from cli.files import read_small
from cli.homes.keys import PINs, open_modules
from cli.session import Session
from cli.tokens.choose import home_of
from hsm.locate import open_any
from hsm.search import see_certificates
from pki.atomic import write_atomically
from pki.ceremony.plan import Person
from pki.ceremony.signature import sign_transcript
from pki.ceremony.transcript import Transcript, fixed
from pki.errors.ceremony import WitnessMissingError, WitnessUntrustedError
from pki.errors.tree import phrase
from pki.keys import PrivateKey, certifies
from verify.cms.check import Parts, check_signature
from verify.cms.token import Token, read_token
from verify.facts import Reference, TokenFacts
from verify.path.extensions import extension
from verify.path.pool import CertificatePool
from verify.policy import default_policy
from verify.revocation.gather import Gatherer
from verify.revocation.sources import read_crls, read_responses
from verify.trust import TrustStore


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature that counts."""

    person: str
    certificate: x509.Certificate
    signed_at: datetime


def signature_path(transcript: Path, person: str) -> Path:
    """Return where a person's signature lies."""
    return transcript.with_name(f"{transcript.name}.{person}.p7s")


def sign(
    session: Session,
    path: Path,
    transcript: Transcript,
    *,
    person: str,
    key_uri: str,
    certificate: Path | None,
    pin_source: str | None,
) -> Path:
    """Sign a transcript for a person and return where the signature lies.

    Raises:
        BadOptionError: nobody of that name signs, or the key's certificate is not found.
        WitnessUntrustedError: not the certificate that the ceremony's file names.
        PKIError: whatever the token answers.
    """
    who = next((one for one in transcript.plan.signers if one.id == person), None)
    if who is None:
        form = ", ".join(one.id for one in transcript.plan.signers)
        raise BadOptionError(option="--person", value=person, form=form)
    home = home_of(session)
    pins = PINs(session, home, pin_source)
    opened = pins.retrying(
        lambda: open_any(key_uri, lambda named: open_modules(home, named, session=session), pins)
    )
    found = opened.certificate
    if certificate is not None:
        found = read_certificate_file(certificate)
    elif found is None:
        found = _beside(session, opened.key)
    _check_pinned(who, found)
    signature = sign_transcript(transcript, found, opened.key, session.clock)
    target = signature_path(path, person)
    write_atomically(target, signature, overwrite=True)
    return target


def judge_all(
    path: Path, transcript: Transcript, known: Mapping[str, x509.Certificate], now: datetime
) -> tuple[Signed, ...]:
    """Return the signatures of all who must sign.

    Args:
        path: of the transcript; the signatures lie beside it.
        transcript: what is signed.
        known: certificates by person, from whoever checks; these alone count then.
        now: the time.

    Raises:
        WitnessMissingError: one is not there.
        WitnessUntrustedError: one does not count.
        MalformedObjectError: one is no signature.
    """
    return tuple(_judge(path, transcript, one, known, now) for one in transcript.plan.signers)


def read_known(folder: Path, transcript: Transcript) -> dict[str, x509.Certificate]:
    """Return the certificates `PERSON.pem` of those who sign.

    Raises:
        UnreadableFileError: one is not there.
    """
    return {
        one.id: read_certificate_file(folder / f"{one.id}.pem") for one in transcript.plan.signers
    }


def _judge(
    path: Path,
    transcript: Transcript,
    person: Person,
    known: Mapping[str, x509.Certificate],
    now: datetime,
) -> Signed:
    where = signature_path(path, person.id)
    if not where.exists():
        raise WitnessMissingError(person=person.id)
    token = read_token(read_small(where))
    certificate, signed_at = token.signer(()), token.claimed_signing_time
    if certificate is None or signed_at is None or token.content is not None:
        raise _untrusted(person, "form")
    if known:
        if certificate != known.get(person.id):
            raise _untrusted(person, "other_certificate")
    else:
        _check_pinned(person, certificate)
    ended = datetime.fromisoformat(fixed(transcript.entries[-1]["at"]))
    policy = default_policy()
    facts = _verify(token, transcript, now)
    first, last = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    usage = extension(certificate, x509.KeyUsage)
    for holds, reason in (
        (_verifies(facts), "signature"),
        (all(policy.digest_accepted(one, signed_at) for one in facts.digests), "digest"),
        (ended <= signed_at <= now + policy.skew, "time"),
        (first <= signed_at <= last, "validity"),
        (usage is None or usage.digital_signature or usage.content_commitment, "usage"),
    ):
        if not holds:
            raise _untrusted(person, reason)
    return Signed(person.id, certificate, signed_at)


def _verifies(facts: TokenFacts) -> bool:
    return (
        facts.problem is None
        and facts.unsupported is None
        and facts.digest_matches
        and facts.signature_verifies
        and facts.reference is Reference.MATCHES
    )


def _verify(token: Token, transcript: Transcript, now: datetime) -> TokenFacts:
    gatherer = Gatherer(
        CertificatePool(TrustStore(), token.certificates),
        crls=read_crls(()),
        responses=read_responses(()),
        limits=default_policy().limits,
    )
    return check_signature(
        token,
        Parts((memoryview(transcript.octets()),)),
        others=(),
        chains=lambda certificate, at: gatherer.chain(certificate, hint=at),
        at=now,
    )


def _check_pinned(person: Person, certificate: x509.Certificate) -> None:
    """Hold a certificate to the ceremony's file; where that names none, whoever checks must.

    Raises:
        WitnessUntrustedError: another one.
    """
    if person.certificate is not None and certificate.fingerprint(SHA256()).hex() != (
        person.certificate
    ):
        raise _untrusted(person, "other_certificate")


def _untrusted(person: Person, reason: str) -> WitnessUntrustedError:
    words = phrase(f"pki.witness_untrusted.{reason}")
    return WitnessUntrustedError(person=person.id, reason=words)


def _beside(session: Session, key: PrivateKey) -> x509.Certificate:
    modules = open_modules(home_of(session), session=session)
    for one in see_certificates(modules).certificates:
        if certifies(one.certificate, key):
            return one.certificate
    raise BadOptionError(option="--cert", value="-", form="--cert FILE")
