"""A mandate: who may sign in whose place, from when until when, and what; a TOML file each.

    capacity = "TUQ"                    # KT, TL or TUQ
    number = "15/UQ-UBND"               # of the paper that gives it
    grantor = "Nguyễn Văn Đức"          # in whose place
    title = "Chủ tịch"                  # the grantor's post
    name = "Trần Thị Bình"              # who may
    holder = "CCCD:001099000001"        # and by what the certificate tells
    since = 2026-01-01
    until = 2026-12-31                  # the last day; TUQ has to have one
    symbols = ["GM", "CV"]              # kinds of documents; TUQ has to name them
    paper = "15-UQ-UBND.pdf"            # the signed paper itself, beside this file

Spec: Decree 30/2020/ND-CP Art. 13 (not checked against the official text): authorisation is in
writing, for a time and for some matters; an order is by the rules of work.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Annotated

from pydantic import (
    BaseModel,
    ConfigDict,
    StringConstraints,
    ValidationError,
    model_validator,
)

from signing.errors.mandates import (
    MandateEndedError,
    MandateNotYetError,
    MandateUnreadableError,
)
from signing.mandates.capacity import Capacity
from signing.owner import is_owner
from signing.reading import read_document

MAX_BYTES = 64 * 1024
MAX_PAPER = 64 * 1024**2
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class MandateTable(BaseModel):
    """What a mandate's file says."""

    # Built when it is used: few commands read one.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    capacity: Capacity
    number: Words
    grantor: Words
    title: Words
    name: Words
    holder: Words
    since: date
    until: date | None = None
    """The last day; None for as long as the post is held."""
    withdrawn: date | None = None
    """The first day on which it is no more."""
    symbols: tuple[Words, ...] = ()
    """Of the kinds of documents, as they stand behind the number (`CV`); none for all."""
    paper: Words | None = None

    @model_validator(mode="after")
    def _limited(self) -> MandateTable:
        if self.paper is not None and Path(self.paper).name != self.paper:
            raise ValueError("paper: the name of a file in the same folder")
        if not is_owner(self.holder):
            raise ValueError("holder: CCCD:…, MST:… or an e-mail address")
        if self.until is not None and self.until < self.since:
            raise ValueError("until lies before since")
        if self.capacity is Capacity.TUQ and (self.until is None or not self.symbols):
            raise ValueError("an authorisation (TUQ) names its last day (until) and its symbols")
        return self


@dataclass(frozen=True, slots=True)
class Mandate:
    """One mandate."""

    table: MandateTable
    path: Path
    digest: str
    """SHA-256 of the file, hexadecimal: what is recorded beside its number."""
    paper: bytes | None = None
    """The signed paper, where the file names one."""

    def summary(self) -> dict[str, str]:
        """Return what is told and recorded of it."""
        table = self.table
        return {
            "capacity": table.capacity.value,
            "number": table.number,
            "grantor": table.grantor,
            "title": table.title,
            "sha256": self.digest,
        }

    def check_day(self, day: date) -> None:
        """Check that the mandate is in force.

        Args:
            day: in Vietnam.

        Raises:
            MandateNotYetError: it begins later.
            MandateEndedError: it is over, or was withdrawn.
        """
        table, article = self.table, self.table.capacity.article
        if day < table.since:
            raise MandateNotYetError(
                number=table.number, since=table.since.isoformat(), article=article
            )
        if table.until is not None and day > table.until:
            raise MandateEndedError(
                number=table.number, until=table.until.isoformat(), article=article
            )
        if table.withdrawn is not None and day >= table.withdrawn:
            raise MandateEndedError(
                number=table.number, until=table.withdrawn.isoformat(), article=article
            )


def read_mandate(path: Path) -> Mandate:
    """Return the mandate in a file, with the paper it names.

    Raises:
        MandateUnreadableError: it is not TOML, lacks what a mandate has, or says what none may.
        FileUnreadableError: the file, or the paper, cannot be read.
        TooLargeError: it has more than 64 KiB, or the paper more than 64 MiB.
    """
    data = read_document(path, limit=MAX_BYTES)
    try:
        table = MandateTable.model_validate(tomllib.loads(data.decode("utf-8-sig")))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise MandateUnreadableError(path=path, reason=str(error)) from error
    except ValidationError as error:
        raise MandateUnreadableError(path=path, reason=_told(error)) from error
    paper = None
    if table.paper is not None:
        paper = read_document(path.parent / table.paper, limit=MAX_PAPER)
    return Mandate(table, path, sha256(data).hexdigest(), paper)


def read_mandates(folder: Path) -> tuple[Mandate, ...]:
    """Return the mandates of a folder, `*.toml`, by their names; none where there is no folder.

    Raises:
        PKIError: see `read_mandate`: a mandate that cannot be read may be the one that ended.
    """
    if not folder.is_dir():
        return ()
    return tuple(read_mandate(path) for path in sorted(folder.glob("*.toml")))


def _told(error: ValidationError) -> str:
    """Return what is wrong, without the values: one may be a person's number."""
    return "; ".join(
        ": ".join(filter(None, (".".join(map(str, each["loc"])), each["msg"])))
        for each in error.errors(include_input=False, include_url=False)
    )
