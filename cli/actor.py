"""Who acts, as the audit log names them."""

from __future__ import annotations

import getpass


def actor() -> str:
    """Return the system account that runs this command; `unknown` where the system tells none."""
    try:
        return f"account:{getpass.getuser()}"
    except (OSError, KeyError, ImportError):  # no account behind the number; Windows without pwd
        return "account:unknown"
