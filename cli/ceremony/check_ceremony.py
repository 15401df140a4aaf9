"""`antin ca ceremony check`: replays a transcript; needs no register, no token and no network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cli.ceremony.page import render_page
from cli.ceremony.run_ceremony import read_plan_text
from cli.ceremony.witnesses import Signed, judge_all, read_known
from cli.errors import BadOptionError
from cli.files import read_small
from cli.session import Session
from pki.ceremony.replay import check_same_steps, check_transcript
from pki.ceremony.transcript import Transcript, parse_transcript
from pki.errors.ceremony import TranscriptDiffersError, WitnessUntrustedError
from pki.errors.tree import phrase


@dataclass(frozen=True, slots=True)
class Checked:
    """A transcript that holds."""

    transcript: Transcript
    signatures: tuple[Signed, ...]
    """Empty for a rehearsal: nobody signs one."""
    known: bool
    """Whether the signers' certificates are known from elsewhere than from the transcript."""


def check_ceremony(
    session: Session,
    path: Path,
    *,
    certificates: Path | None,
    plan: Path | None,
    rehearsal: Path | None,
) -> Checked:
    """Replay a transcript and judge its signatures.

    Raises:
        TranscriptDiffersError: not of this plan, not as it was rehearsed, or its page is another's.
        WitnessUntrustedError: nothing tells whose a signature is.
        PKIError: as `pki.ceremony.replay.check_transcript` and `cli.ceremony.witnesses.judge_all`.
    """
    transcript = parse_transcript(read_small(path))
    check_transcript(transcript)
    if plan is not None and read_plan_text(plan) != transcript.head["plan"]:
        raise TranscriptDiffersError(line=1)
    page = path.with_suffix(".md")
    if page.exists() and read_small(page) != render_page(transcript).encode():
        raise TranscriptDiffersError(line=0)
    if rehearsal is not None:
        _check_rehearsed(transcript, rehearsal)
    if transcript.is_rehearsal:
        return Checked(transcript, (), known=False)
    known = read_known(certificates, transcript) if certificates is not None else {}
    for person in transcript.plan.signers:
        if not known and person.certificate is None:
            reason = phrase("pki.witness_untrusted.unknown")
            raise WitnessUntrustedError(person=person.id, reason=reason)
    signatures = judge_all(path, transcript, known, session.clock.now())
    return Checked(transcript, signatures, known=bool(known) or plan is not None)


def _check_rehearsed(transcript: Transcript, path: Path) -> None:
    rehearsed = parse_transcript(read_small(path))
    if transcript.is_rehearsal or not rehearsed.is_rehearsal:
        raise BadOptionError(option="--rehearsal", value=path.name, form="REHEARSAL")
    check_transcript(rehearsed)
    check_same_steps(transcript, rehearsed)
