"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

Serial = Annotated[str, typer.Argument(help="cert.serial")]
Output = Annotated[Path | None, typer.Option("-o", "--output", help="output")]
RequestId = Annotated[str | None, typer.Option("--request-id", help="cert.request_id")]
PinSource = Annotated[str | None, typer.Option("--pin-source", help="pin_source")]
PasswordSource = Annotated[str | None, typer.Option("--password-source", help="password_source")]
KeyTypeName = Literal[
    "ec-p256",
    "ec-p384",
    "ec-p521",
    "ed25519",
    "rsa-2048",
    "rsa-3072",
    "rsa-4096",
    "ml-dsa-44",
    "ml-dsa-65",
    "ml-dsa-87",
]
"""The values of `pki.keys.KeyType`, which would load `cryptography` for every `--help`."""
Yes = Annotated[bool, typer.Option("--yes", "-y", help="yes")]
SoPinSource = Annotated[str | None, typer.Option("--so-pin-source", help="so_pin_source")]
NewPinSource = Annotated[str | None, typer.Option("--new-pin-source", help="new_pin_source")]
FinalTry = Annotated[bool, typer.Option("--final-try", help="final_try")]
DoIt = Annotated[bool, typer.Option("--yes", "-y", help="do_it")]
"""Of commands that only show what they would do."""
