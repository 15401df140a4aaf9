"""What a backup says of itself; it stands at its end, when everything before it is known."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pki.errors.keeping import BackupContentsError
from pki.errors.register import NewerRegisterError, OlderRegisterError

MANIFEST = "manifest.json"
MAX_MANIFEST = 16 * 1024 * 1024
FORMAT: Literal["antin.backup/1"] = "antin.backup/1"
_Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Count = Annotated[int, Field(ge=0)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Member(_Part):
    """One file inside the backup."""

    size: _Count
    sha256: _Hash


class KeptAuthority(_Part):
    """One authority, as it stood."""

    name: str
    serials: _Count
    """How many serials it had reserved or issued."""
    crl_number: _Count
    """Its highest list's; 0 where there is none."""


class Head(_Part):
    """The audit log, as it stood."""

    size: _Count
    root: _Hash


class Manifest(_Part):
    """The whole of `manifest.json`."""

    format: Literal["antin.backup/1"] = FORMAT
    antin: str
    """Version of the Antin that made it."""
    made_at: datetime
    schema_version: _Count
    engine: str
    rows: dict[str, _Count]
    authorities: tuple[KeptAuthority, ...]
    audit: Head
    members: dict[str, Member]
    left_out: tuple[str, ...] = ()
    """Files the configuration names that are not in it: outside the home, or holding a key."""


def parse_manifest(untrusted: bytes) -> Manifest:
    """Read a manifest.

    Raises:
        BackupContentsError: it is none of ours.
    """
    try:
        return Manifest.model_validate_json(untrusted)
    except ValidationError as error:
        raise BackupContentsError(reason="manifest.json is not valid") from error


def check_version(manifest: Manifest, known: int) -> None:
    """Refuse a backup of tables of another version.

    Raises:
        NewerRegisterError: a newer Antin made it.
        OlderRegisterError: an older Antin made it.
    """
    found = manifest.schema_version
    if found > known:
        raise NewerRegisterError(register=MANIFEST, found=found, known=known)
    if found < known:
        raise OlderRegisterError(register=MANIFEST, found=found, known=known)
