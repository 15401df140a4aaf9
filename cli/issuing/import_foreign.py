"""Records certificates of other authorities, and tells which there are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from cli.actor import actor
from cli.homes.keys import open_modules
from cli.homes.office import Office
from cli.issuing.import_authority import finding_lines, finding_object
from cli.session import Session, table
from cli.tokens.choose import token_address
from hsm.look import Look
from hsm.module import Module
from hsm.objects import ObjectKind
from hsm.tokens import TokenInfo
from pki.errors.tree import Phrase
from pki.errors.watching import NothingToImportError
from pki.importing.foreign import ForeignTally, ForeignWish, bring_foreign
from pki.importing.gather import Gathered, gather, gather_octets
from pki.importing.material import Finding
from pki.lint.target import Severity
from pki.records.certificates import ForeignCertificate, serial_text
from verify.carried import SignedDocuments

_LINES = 20
"""New certificates that are shown to people."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where certificates are looked for."""

    paths: tuple[Path, ...]
    tokens: tuple[str, ...] = ()
    """Labels or `pkcs11:` addresses."""
    authorities: bool = False
    """As in `ForeignWish`."""


def bring(office: Office, sources: Sources, *, record: bool) -> ForeignTally:
    """Read the sources and record what is new, or count it.

    Raises:
        NothingToImportError: no source is named.
        PKIError: a source is not there, or whatever the register answers.
    """
    if not (sources.paths or sources.tokens):
        raise NothingToImportError
    found = chain(
        gather(sources.paths, SignedDocuments()),
        *(_on_tokens(office, named) for named in sources.tokens),
    )
    wish = ForeignWish(actor(), record, sources.authorities)
    return bring_foreign(found, office.register, office.session.clock, wish)


def _on_tokens(office: Office, named: str) -> Iterator[Gathered | Finding]:
    """Yield the certificates that tokens show without a login.

    Raises:
        TokenNotFoundError: none fits.
    """
    uri = token_address(named)
    look = Look(open_modules(office.home, uri.module_path, session=office.session), uri)

    def certified(module: Module, token: TokenInfo) -> list[tuple[str, tuple[bytes, ...]]]:
        objects = look.objects(module, token, (ObjectKind.CERTIFICATE,))
        ders = tuple(
            one.certificate.public_bytes(Encoding.DER)
            for one in objects
            if one.certificate is not None
        )
        return [(token.label, ders)]

    looked = look.each(certified)
    if not looked:
        raise look.not_found()
    for label, ders in looked:
        yield from gather_octets(ders, label)
    for failure in look.failures:
        words = Phrase(failure.error.code, failure.error.facts)
        yield Finding(Severity.WARNING, failure.where, words)


def put_tally(session: Session, tally: ForeignTally, *, done: bool) -> None:
    """Show what is new, and what speaks against the rest."""
    rows = [_row(one) for one in tally.shown]
    data: dict[str, Any] = {
        "new": tally.new,
        "certificates": rows,
        "present": tally.present,
        "own": tally.own,
        "left_out": tally.left_out,
        "findings": [finding_object(session, one) for one in tally.findings],
        "more_findings": tally.more_findings,
        "done": done,
    }

    def text() -> str:
        count = {"new": tally.new, "present": tally.present, "own": tally.own}
        lines = [session.word("cli.import.watched", **count)]
        if tally.left_out:
            lines.append(session.word("cli.import.left_out", count=tally.left_out))
        if rows:
            lines.append(_table(rows[:_LINES]))
        if tally.new > _LINES:
            lines.append(session.word("cli.import.more_new", count=tally.new - _LINES))
        return "\n".join((*lines, *finding_lines(session, tally.findings)))

    session.put("cert.import/1", data, text)


def _table(rows: list[dict[str, str]]) -> str:
    return table([(row["serial"], row["not_after"], row["subject"], row["issuer"]) for row in rows])


def _row(record: ForeignCertificate) -> dict[str, str]:
    return {
        "serial": serial_text(record.serial),
        "issuer": record.issuer,
        "subject": record.subject,
        "not_before": record.not_before.isoformat(),
        "not_after": record.not_after.isoformat(),
        "fingerprint": record.fingerprint,
    }
