"""Replays a transcript: everything that it says is demanded or verified once more.

1. Every planned step is there, in order, as the plan asks for it, confirmed by whom it names.
2. Times go on, and so does the audit log. Profiles hash to what is stated and expected.
3. Keys: made as planned, one key one step, attributes as the plan demands.
4. Certificates: read again, linted again under the profile's text as it was, for the key, name and
   issuer that the plan says; their signatures verify.
5. Lists: signed by their authority, empty, ahead of their time.
6. Exported files: artefacts of this ceremony, hash for hash.
Who signed the transcript is for the caller: that takes CMS.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key
from cryptography.x509.oid import SignatureAlgorithmOID

from pki.ceremony.plan import (
    AuthorityStep,
    ExportStep,
    KeyStep,
    ListStep,
    LogStep,
    Plan,
    TokenStep,
)
from pki.ceremony.profiles import Texts, check_texts, hash_of, profile_in
from pki.ceremony.transcript import Entry, Transcript, fixed, skeleton
from pki.errors.ceremony import (
    TranscriptDiffersError,
    TranscriptStepError,
    TranscriptUnfinishedError,
)
from pki.errors.files import MalformedDERError
from pki.errors.tree import Phrase, phrase
from pki.keys import PublicKey, key_type_of
from pki.lint.linter import lint
from pki.lint.target import Intent, Severity
from pki.profile import Profile
from pki.subject import parse_subject
from pki.urls import AuthorityURLs

_UNREADABLE = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    IndexError,
    binascii.Error,
    UnsupportedAlgorithm,
    MalformedDERError,
    x509.ExtensionNotFound,
)


@dataclass
class _Seen:
    """What the steps before made."""

    plan: Plan
    texts: Texts
    policy_arc: str
    keys: dict[str, PublicKey] = field(default_factory=dict)
    authorities: dict[str, x509.Certificate] = field(default_factory=dict)
    artefacts: set[str] = field(default_factory=set)
    """SHA-256 of certificates and lists."""


def check_transcript(transcript: Transcript) -> None:
    """Replay a transcript.

    Raises:
        TranscriptUnfinishedError: it has no end.
        TranscriptStepError: a step is not what the plan demands, or does not verify.
        CeremonyProfileError: a profile is not the one that the plan expects.
        PKIError: a profile or subject in it is none.
    """
    plan, steps = transcript.plan, transcript.steps
    if not transcript.ended:
        raise TranscriptUnfinishedError(done=len(steps), planned=len(plan.step))
    _check_order(transcript)
    _check_times(transcript)
    _check_logs(transcript)
    seen = _seen(transcript)
    for number, (step, entry) in enumerate(zip(plan.step, steps, strict=True), 1):
        try:
            wrong = _RULES[step.do](step, entry["result"], seen)
        except _UNREADABLE as error:
            raise _fault(number, "unreadable") from error
        if wrong is not None:
            raise TranscriptStepError(step=number, reason=wrong)


def check_same_steps(one: Transcript, other: Transcript) -> None:
    """Refuse two transcripts that are not runs of one ceremony.

    Raises:
        TranscriptDiffersError: they differ elsewhere than where runs differ by nature.
    """
    for number, (left, right) in enumerate(zip(one.entries, other.entries, strict=False), 1):
        if skeleton(left) != skeleton(right):
            raise TranscriptDiffersError(line=number)
    if len(one.entries) != len(other.entries):
        raise TranscriptDiffersError(line=min(len(one.entries), len(other.entries)) + 1)


def _fault(step: int, what: str) -> TranscriptStepError:
    return TranscriptStepError(step=step, reason=phrase(f"pki.transcript_step.{what}"))


def _wrong(what: str) -> Phrase:
    return phrase(f"pki.transcript_step.{what}")


def _check_order(transcript: Transcript) -> None:
    plan, steps, end = transcript.plan, transcript.steps, transcript.entries[-1]
    if end.get("end") != len(plan.step):
        raise _fault(len(plan.step), "order")
    for number in range(1, max(len(plan.step), len(steps)) + 1):
        if number > min(len(plan.step), len(steps)):
            raise _fault(number, "order")
        step, entry = plan.step[number - 1], steps[number - 1]
        asked = step.model_dump(mode="json", exclude={"title", "confirm", "do"})
        told = (entry.get("number"), entry.get("do"), entry.get("title"), entry.get("asked"))
        if told != (number, step.do, step.title, asked):
            raise _fault(number, "order")
        if entry.get("confirmed_by") != list(step.confirm):
            raise _fault(number, "confirmed")


def _check_times(transcript: Transcript) -> None:
    before = ""
    for number, entry in enumerate(transcript.entries):
        at = fixed(entry["at"])
        if at < before:
            raise _fault(number, "time")
        try:
            datetime.strptime(at, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        except ValueError as error:
            raise _fault(number, "time") from error
        before = at


def _check_logs(transcript: Transcript) -> None:
    sizes = []
    for number in (0, len(transcript.entries) - 1):
        try:
            log = transcript.entries[number]["log"]
            sizes.append(int(fixed(log["entries"])))
            bytes.fromhex(fixed(log["head"]))
        except _UNREADABLE as error:
            raise _fault(number, "unreadable") from error
    if sizes != sorted(sizes):
        raise _fault(len(transcript.entries) - 1, "log")


def _seen(transcript: Transcript) -> _Seen:
    head, plan = transcript.head, transcript.plan
    texts = {name: one["text"] for name, one in head["profiles"].items()}
    if any(one["sha256"] != hash_of(one["text"]) for one in head["profiles"].values()):
        raise _fault(0, "profile")
    check_texts(plan, texts)
    return _Seen(plan, texts, head["policy_arc"])


def _artefact(result: Entry, name: str, seen: _Seen) -> bytes:
    octets = base64.b64decode(fixed(result[name]), validate=True)
    stated = fixed(result["sha256"])
    if hashlib.sha256(octets).hexdigest() != stated:
        raise ValueError("a hash that is not the artefact's")
    seen.artefacts.add(stated)
    return octets


def _token(step: TokenStep, result: Entry, seen: _Seen) -> Phrase | None:
    del seen
    told = (result.get("label"), result.get("initialised"))
    serial = fixed(result.get("serial"))
    same = told == (step.token, step.initialise) and isinstance(serial, str)
    return None if same else _wrong("token")


def _key(step: KeyStep, result: Entry, seen: _Seen) -> Phrase | None:
    key = load_der_public_key(_artefact(result, "public_key", seen))
    if not isinstance(key, PublicKey) or key_type_of(key) != step.key_type:
        return _wrong("key")
    if any(key == other for other in seen.keys.values()):
        return _wrong("key")
    seen.keys[step.key] = key
    attributes = result["attributes"]
    demanded = dict.fromkeys(seen.plan.key_attributes, True) | {"extractable": False}
    told = {name: attributes.get(name) for name in demanded}
    return None if told == demanded and attributes == told else _wrong("attributes")


def _authority(step: AuthorityStep, result: Entry, seen: _Seen) -> Phrase | None:
    certificate = x509.load_der_x509_certificate(_artefact(result, "certificate", seen))
    issuer = seen.authorities[step.parent] if step.parent is not None else None
    seen.authorities[step.authority] = certificate
    profile = profile_in(seen.texts, step.profile, seen.policy_arc)
    return _certified(certificate, issuer, profile, step=step, seen=seen)


def _log(step: LogStep, result: Entry, seen: _Seen) -> Phrase | None:
    certificate = x509.load_der_x509_certificate(_artefact(result, "certificate", seen))
    profile = profile_in(seen.texts, "audit", seen.policy_arc)
    issuer = seen.authorities[step.authority]
    return _certified(certificate, issuer, profile, step=step, seen=seen)


def _certified(
    certificate: x509.Certificate,
    issuer: x509.Certificate | None,
    profile: Profile,
    *,
    step: AuthorityStep | LogStep,
    seen: _Seen,
) -> Phrase | None:
    key, subject = seen.keys[step.key], parse_subject(step.subject)
    try:
        certificate.verify_directly_issued_by(issuer or certificate)
    except (InvalidSignature, ValueError):
        return _wrong("issuer")
    by = step.authority if isinstance(step, LogStep) else step.parent
    above = issuer.public_key() if issuer is not None else key
    intent = Intent(
        profile=profile,
        subject=subject,
        public_key=key,
        issuer_name=issuer.subject if issuer is not None else subject.name(),
        issuer_key=above,  # type: ignore[arg-type]  # it is one of `seen.keys`
        issuer=issuer,
        urls=AuthorityURLs.under(seen.plan.public_url, by) if by else AuthorityURLs(),
        now=certificate.not_valid_before_utc,
        issuer_pss=certificate.signature_algorithm_oid == SignatureAlgorithmOID.RSASSA_PSS,
    )
    found = [
        one
        for one in lint(certificate.tbs_certificate_bytes, intent)
        if one.severity is Severity.ERROR
    ]
    return phrase("pki.transcript_step.lint", rule=found[0].id) if found else None


def _list(step: ListStep, result: Entry, seen: _Seen) -> Phrase | None:
    crl = x509.load_der_x509_crl(_artefact(result, "crl", seen))
    issuer = seen.authorities[step.authority]
    until = crl.next_update_utc
    good = (
        crl.issuer == issuer.subject
        and crl.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]  # as above
        and len(crl) == 0
        and until is not None
        and crl.last_update_utc < until
    )
    return None if good else _wrong("crl")


def _export(step: ExportStep, result: Entry, seen: _Seen) -> Phrase | None:
    del step
    hashes = [fixed(one["sha256"]) for one in result["files"]]
    names = [one["name"] for one in result["files"]]
    whole = len(set(names)) == len(names) and set(hashes) <= seen.artefacts and bool(hashes)
    return None if whole else _wrong("files")


_RULES: dict[str, Callable[[Any, Entry, _Seen], Phrase | None]] = {
    "token": _token,
    "key": _key,
    "authority": _authority,
    "crl": _list,
    "log": _log,
    "export": _export,
}
