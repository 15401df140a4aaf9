"""The file of `antin token doctor --report`: for a help desk, without anything about a person."""

from __future__ import annotations

import json
import platform
from pathlib import Path

from cli.session import Session
from cli.tokens.doctor import diagnosis_object
from cli.tokens.doctor_page import page
from hsm.doctor.anonymous import anonymous
from hsm.doctor.diagnosis import Diagnosis, diagnose
from pki.atomic import PRIVATE, write_atomically

WIDTH = 100


def write_report(path: Path, diagnosis: Diagnosis, session: Session) -> None:
    """Write what was found into a new file that only its owner reads.

    Args:
        path: JSON where its name ends in `.json`, the page otherwise.
        diagnosis: what was found; names, numbers and folders of persons are left out.
        session: whose language.

    Raises:
        OutputExistsError: the file is there; it is not replaced.
        OutputUnwritableError: it cannot be written.
    """
    write_atomically(path, report_text(path, diagnosis, session), overwrite=False, mode=PRIVATE)


def report_text(path: Path, diagnosis: Diagnosis, session: Session) -> bytes:
    """Return the report as it is written."""
    # Judged anew: what is told of a token is then made of what is left of it.
    nameless = diagnose(anonymous(diagnosis.seen, _user_folder()))
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    if path.suffix.lower() == ".json":
        told = {"schema": "antin.token.doctor.report/1", "system": system}
        told |= diagnosis_object(nameless, session)
        return (json.dumps(told, ensure_ascii=False, indent=2) + "\n").encode()
    text = page(nameless, session, width=WIDTH)
    return f"{text}\n\n{system}\n{_issuers(nameless, session)}".encode()


def _issuers(nameless: Diagnosis, session: Session) -> str:
    """Tell certificates by what is left of them: issuer and period."""
    lines = [
        session.word(
            "cli.token_doctor.issued",
            certificate=one.name,
            issuer=one.issuer or "-",
            not_before=one.not_before,
            not_after=one.not_after,
        )
        for token in nameless.seen.tokens
        for one in token.certificates
    ]
    return "".join(f"{line}\n" for line in lines)


def _user_folder() -> Path | None:
    try:
        return Path.home()
    except RuntimeError:  # a user without one
        return None
