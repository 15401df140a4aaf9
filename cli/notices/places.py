"""Where messages go that no server takes: a folder, and stdout."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pki.atomic import PRIVATE, telling, write_atomically
from pki.notices.dispatch import SENT, Delivery
from pki.notices.mail import Mail


@dataclass(slots=True)
class FolderCarrier:
    """Writes messages into a folder: a file each, or one of JSON lines a batch.

    Files are written beside and renamed, and are called by the message's id; the same message
    written again after a crash takes the place of the first.
    """

    folder: Path
    format: Literal["eml", "jsonl"]
    batch: int = field(default=100, init=False)
    needs_address: bool = field(default=False, init=False)

    def open(self) -> None:
        """Make the folder, where it is not there.

        Raises:
            OutputUnwritableError: it cannot be made.
        """
        with telling(self.folder):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def carry(self, mails: Sequence[Mail]) -> Iterator[Delivery]:
        """Write messages.

        Raises:
            DiskFullError, OutputUnwritableError: see `pki.atomic.write_atomically`.
        """
        if self.format == "jsonl" and mails:
            lines = "".join(
                f"{json.dumps(mail_object(one), ensure_ascii=False)}\n" for one in mails
            )
            self._write(f"{mails[0].id}.jsonl", lines.encode())
        for mail in mails:
            if self.format == "eml":
                self._write(f"{mail.id}.eml", mail.octets)
            yield SENT

    def _write(self, name: str, data: bytes) -> None:
        write_atomically(self.folder / name, data, overwrite=True, mode=PRIVATE)


@dataclass(slots=True)
class ShownCarrier:
    """Gives messages to whoever shows them."""

    show: Callable[[Mail], None]
    batch: int = field(default=100, init=False)
    needs_address: bool = field(default=False, init=False)

    def open(self) -> None:
        """Be ready."""

    def carry(self, mails: Sequence[Mail]) -> Iterator[Delivery]:
        """Show messages."""
        for mail in mails:
            self.show(mail)
            yield SENT


def mail_object(mail: Mail) -> dict[str, Any]:
    """Return the JSON form of a message."""
    return {
        "message_id": mail.message_id,
        "recipient": mail.recipient,
        "to": mail.address,
        "subject": mail.subject,
        "text": mail.text,
    }
