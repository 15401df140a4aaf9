"""What a backup, its check and a restore found, as objects and as words."""

from __future__ import annotations

from typing import Any

from cli.keeping.sandbox import Verified
from cli.session import Session
from pki.keeping.manifest import Manifest
from pki.keeping.reconcile import Difference
from pki.records.certificates import serial_text


def difference_object(difference: Difference) -> dict[str, Any]:
    """Return the JSON of one authority."""
    return {
        "authority": difference.authority,
        "kept_crl_number": difference.kept_number,
        "published_crl_number": difference.published_number,
        "next_crl_number": difference.floor + 1,
        "certificates": _texts(difference.certificates),
        "revoked": _texts(difference.revoked),
        "without_certificate": _texts(difference.without_certificate),
    }


def difference_text(difference: Difference, session: Session) -> str:
    """Return what a person is told of one authority."""
    lines = [
        session.word(
            "cli.backup.authority",
            authority=difference.authority,
            kept=difference.kept_number,
            published=difference.published_number,
            next=difference.floor + 1,
            certificates=len(difference.certificates),
            revoked=len(difference.revoked),
        ),
        *(
            session.word("cli.backup.without_certificate", serial=serial)
            for serial in _texts(difference.without_certificate)
        ),
    ]
    return "\n".join(lines)


def manifest_text(manifest: Manifest, session: Session) -> str:
    """Return what a person is told of a backup."""
    lines = [
        session.word(
            "cli.backup.holds",
            made_at=manifest.made_at,
            certificates=manifest.rows.get("certificates", 0),
            entries=manifest.audit.size,
            head=manifest.audit.root,
        ),
        *(session.word("cli.backup.left_out", path=path) for path in manifest.left_out),
    ]
    return "\n".join(lines)


def verified_object(verified: Verified) -> dict[str, Any]:
    """Return the JSON of a check."""
    return {
        "checked": {
            "entries": verified.checked.entries,
            "certificates": verified.checked.certificates,
            "lists": verified.checked.lists,
        },
        "signed_entries": verified.signed.head.size if verified.signed else None,
        "compared": [str(path) for path, _ in verified.compared],
        "not_compared": [str(path) for path, _ in verified.later],
        "entries_since": verified.since,
        "authorities": [difference_object(one) for one in verified.differences],
    }


def verified_text(verified: Verified, session: Session) -> str:
    """Return what a person is told of a check."""
    checked, signed, since = verified.checked, verified.signed, verified.since
    facts = {"entries": checked.entries, "certificates": checked.certificates}
    lines = [session.word("cli.backup.checked", lists=checked.lists, **facts)]
    lines.append(
        session.word("cli.backup.signed", entries=signed.head.size, at=signed.signed_at)
        if signed
        else session.word("cli.backup.unsigned")
    )
    lines += [session.word("cli.backup.compared", path=path) for path, _ in verified.compared]
    lines += [session.word("cli.backup.later", path=path) for path, _ in verified.later]
    if since is not None:
        lines.append(session.word("cli.backup.since", entries=since))
    lines += [difference_text(one, session) for one in verified.differences]
    return "\n".join(lines)


def _texts(serials: tuple[int, ...]) -> list[str]:
    return [serial_text(serial) for serial in serials]
