"""`antin token certs`: the certificates on tokens, and whether the token shows their keys."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from cli.certificate_text import certificate_object
from cli.homes.keys import open_modules
from cli.session import Session, error_object, table
from cli.tokens.choose import home_of, token_address
from hsm.look import Look, TokenFailure
from hsm.module import Module
from hsm.objects import ObjectKind, TokenObject
from hsm.tokens import TokenInfo
from pki.atomic import write_atomically
from pki.words import message_of

_Found = list[tuple[TokenObject, tuple[TokenObject, ...]]]
"""Certificates, each with all that its token shows."""


class KeyMatch(StrEnum):
    """What the public keys on the token tell of the certificate's key, without a login."""

    ID = "id"
    """A public key of the same CKA_ID, and it is the certificate's."""
    PUBLIC_KEY = "public-key"
    """The certificate's public key, under another CKA_ID."""
    OTHER_KEY = "other-key"
    """A public key of the same CKA_ID, which is another one."""
    NONE = "none"
    """Nothing: the key may be there and show itself only after a login."""


class Validity(StrEnum):
    """Where in a certificate's period the present is."""

    NOT_YET = "not-yet"
    VALID = "valid"
    EXPIRED = "expired"


def put_certificates(
    session: Session, named: str | None, *, as_pem: bool, output: Path | None
) -> None:
    """Say which certificates are on the tokens that fit, or give them out as PEM.

    A token that cannot be looked at is told of, and the others are shown.

    Raises:
        TokenNotFoundError: a token was named and none fits.
        PKIError: no token could be looked at.
    """
    found, failures = _look(session, named)
    if not session.as_json:
        for one in failures:
            reason = message_of(one.error, session.language)
            session.tell("cli.tokens.unseen", where=one.where, reason=reason)
    rows = [_row(session, one, objects) for one, objects in found]
    pem = b"".join(_certificate(one).public_bytes(Encoding.PEM) for one, _ in found)
    if output is not None:
        write_atomically(output, pem, overwrite=True)

    def text() -> str:
        if output is not None:
            return session.word("cli.written", path=output)
        if as_pem:
            return pem.decode("ascii").rstrip()
        return "\n".join(_text(session, row) for row in rows) or session.word("cli.none")

    session.put(
        "token.certs/1",
        {
            "certificates": rows,
            "unseen": [
                {"token": one.where, "error": error_object(one.error, session.language)}
                for one in failures
            ],
            "output": str(output) if output else None,
        },
        text,
    )


def match_of(item: TokenObject, objects: tuple[TokenObject, ...]) -> KeyMatch:
    """Return what the other objects of a token tell of a certificate's key."""
    halves = [one for one in objects if one.kind is ObjectKind.PUBLIC]
    same_key = [one for one in halves if item.public_key and one.public_key == item.public_key]
    if any(one.id == item.id for one in same_key):
        return KeyMatch.ID
    if same_key:
        return KeyMatch.PUBLIC_KEY
    same_id = item.id and any(one.id == item.id for one in halves)
    return KeyMatch.OTHER_KEY if same_id else KeyMatch.NONE


def validity_of(certificate: x509.Certificate, now: datetime) -> Validity:
    """Return where in the certificate's period `now` is."""
    if now < certificate.not_valid_before_utc:
        return Validity.NOT_YET
    return Validity.EXPIRED if now > certificate.not_valid_after_utc else Validity.VALID


def _look(session: Session, named: str | None) -> tuple[_Found, list[TokenFailure]]:
    uri = token_address(named)
    look = Look(open_modules(home_of(session), uri.module_path, session=session), uri)

    def certified(module: Module, token: TokenInfo) -> _Found:
        objects = look.objects(module, token, (ObjectKind.CERTIFICATE, ObjectKind.PUBLIC))
        return [(one, objects) for one in objects if one.certificate is not None]

    looked = look.each(lambda module, token: [certified(module, token)])
    if not looked and (named is not None or look.failures):
        raise look.not_found()
    return [one for found in looked for one in found], look.failures


def _certificate(item: TokenObject) -> x509.Certificate:
    assert item.certificate is not None  # noqa: S101  chosen so a few lines above
    return item.certificate


def _row(session: Session, item: TokenObject, objects: tuple[TokenObject, ...]) -> dict[str, Any]:
    certificate = _certificate(item)
    return {
        "token": {"label": item.token.label, "serial": item.token.serial},
        "key": str(item.uri),
        "id": item.id.hex(),
        "label": item.label,
        **certificate_object(certificate),
        "validity": validity_of(certificate, session.clock.now()).value,
        "key_match": match_of(item, objects).value,
        "pem": certificate.public_bytes(Encoding.PEM).decode("ascii"),
    }


def _text(session: Session, row: dict[str, Any]) -> str:
    period = session.word(
        f"cli.token.validity.{row['validity']}",
        not_before=datetime.fromisoformat(row["not_before"]),
        not_after=datetime.fromisoformat(row["not_after"]),
    )
    lines = {
        "token": f"{row['token']['label']} ({row['token']['serial']})",
        "issuer": row["issuer"],
        "serial": row["serial"],
        "period": period,
        "match": session.word(f"cli.token.match.{row['key_match']}"),
        "key": row["key"],
    }
    rows = [("  " + session.word(f"cli.token.cert.{name}"), text) for name, text in lines.items()]
    return f"{table([(row['subject'],)])}\n{table(rows)}"
