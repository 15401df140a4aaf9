"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

PinSource = Annotated[str | None, typer.Option("--pin-source", help="pin_source")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="yes")]
