"""What an address for mail looks like.

Spec: RFC 5321 §4.1.2 (Dot-string, Domain), §4.5.3.1 (lengths).
"""

from __future__ import annotations

import re

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"(?=[^@]{{1,64}}@){_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*")
_MOST = 254


def is_address(text: str) -> bool:
    """Say whether mail can be sent there: ASCII, no quotes, no comments, one line."""
    return len(text) <= _MOST and _ADDRESS.fullmatch(text) is not None
