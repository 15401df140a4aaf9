"""`antin token delete`: shows what would go, and removes it when told so twice over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cli.certificate_text import certificate_object
from cli.errors import BadOptionError, KeyInUseError
from cli.homes.keys import PINs
from cli.session import Session, table
from cli.tokens.certificates import validity_of
from cli.tokens.choose import Chosen, choose_token
from cli.tokens.dry_run import end_dry_run
from cli.tokens.uses import users_of_key
from hsm.objects import ObjectKind, TokenObject, key_uri
from hsm.removal import ORDER, find_removed, remove_objects
from hsm.uri import KeyURI


@dataclass(frozen=True, slots=True)
class Wanted:
    """The options of `antin token delete`."""

    token: str | None
    key: str | None
    key_id: str | None
    certificate_only: bool
    abandon: tuple[str, ...]
    """Those that may lose their key, by name."""
    yes: bool

    @property
    def kinds(self) -> tuple[ObjectKind, ...]:
        """What is to go."""
        return (ObjectKind.CERTIFICATE,) if self.certificate_only else ORDER

    @property
    def shown(self) -> tuple[ObjectKind, ...]:
        """What of it every token shows without a login."""
        return tuple(kind for kind in self.kinds if kind is not ObjectKind.PRIVATE)


def delete(session: Session, wanted: Wanted, pin_source: str | None) -> None:
    """Show what carries the key's CKA_ID, and remove it if `yes` says so.

    Raises:
        BadOptionError: no CKA_ID is named, or two ways at once.
        KeyInUseError: something of this home signs with the key, and was not named.
        PKIError: no such token or key, wrong PIN, or the token refuses.
    """
    named, key_id = _meant(wanted)
    chosen = choose_token(session, named)
    seen = find_removed(chosen.module, chosen.token, key_id, wanted.shown)
    if not wanted.certificate_only:
        _check_unused(chosen, key_id, wanted)
    if not wanted.yes:
        _put(session, chosen, key_id, _rows(session, seen, wanted), done=False)
        end_dry_run(session, "cli.token.delete.advice")
    pins = PINs(session, chosen.home, pin_source)

    def remove() -> dict[ObjectKind, int]:
        return remove_objects(chosen.module, chosen.token, pins, key_id=key_id, kinds=wanted.kinds)

    removed = pins.retrying(remove)
    _put(session, chosen, key_id, _rows(session, seen, wanted, removed), done=True)


def _meant(wanted: Wanted) -> tuple[str | None, bytes]:
    if (wanted.key is None) == (wanted.key_id is None):
        raise BadOptionError(option="--key, --id", value="-", form="--key URI | [LABEL] --id HEX")
    if wanted.key is not None:
        uri = KeyURI.parse(wanted.key)
        if not uri.id or wanted.token is not None:
            raise BadOptionError(option="--key", value=wanted.key, form="pkcs11:token=…;id=%01")
        return wanted.key, uri.id
    text = (wanted.key_id or "").replace(":", "")
    try:
        key_id = bytes.fromhex(text)
    except ValueError:
        key_id = b""
    if not key_id:
        raise BadOptionError(option="--id", value=text, form="0a1b2c…")
    return wanted.token, key_id


def _check_unused(chosen: Chosen, key_id: bytes, wanted: Wanted) -> None:
    # Certificates of that id count too: their key is what the private key is believed to be.
    shown = find_removed(chosen.module, chosen.token, key_id)
    keys = tuple(one.public_key for one in shown if one.public_key is not None)
    users = users_of_key(chosen.home, chosen.token, key_id, keys)
    left = tuple(name for name in users if name not in wanted.abandon)
    if left:
        raise KeyInUseError(
            key=str(key_uri(chosen.token, key_id)),
            users=left,
            options=" ".join(f"--abandon {name}" for name in left),
        )


def _rows(
    session: Session,
    seen: tuple[TokenObject, ...],
    wanted: Wanted,
    removed: dict[ObjectKind, int] | None = None,
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    # The private key shows itself only after the login: one is taken to be there until then.
    count = 1 if removed is None else removed[ObjectKind.PRIVATE]
    if ObjectKind.PRIVATE in wanted.kinds:
        rows += [{"kind": ObjectKind.PRIVATE.value}] * count
    for item in seen:
        row: dict[str, Any] = {"kind": item.kind.value, "label": item.label}
        if item.certificate is not None:
            validity = validity_of(item.certificate, session.clock.now())
            row |= {**certificate_object(item.certificate), "validity": validity.value}
        rows.append(row)
    return rows


def _put(
    session: Session, chosen: Chosen, key_id: bytes, rows: list[dict[str, Any]], *, done: bool
) -> None:
    address = str(key_uri(chosen.token, key_id))
    session.put(
        "token.delete/1",
        {"token": chosen.as_json(), "key": address, "objects": rows, "done": done},
        lambda: "\n".join((address, *(_text(session, row) for row in rows))),
    )


def _text(session: Session, row: dict[str, Any]) -> str:
    kind = session.word(f"cli.token.object.{row['kind']}")
    if "subject" not in row:
        return table([("  " + kind, row.get("label", ""))])
    period = session.word(
        f"cli.token.validity.{row['validity']}",
        not_before=datetime.fromisoformat(row["not_before"]),
        not_after=datetime.fromisoformat(row["not_after"]),
    )
    return table([("  " + kind, row["subject"], row["serial"], period)])
