"""The columns of a file that asks for certificates.

Whom a certificate is for stands there by the codes of the registry; what it says of them by the
short names that `antin cert issue --set` has. Case does not count in names of columns.
"""

from __future__ import annotations

from pki.subject import ALTERNATIVES, ATTRIBUTES, MAIL

CSR = "csr"
"""Name of the file with the request; the one column that a file must have."""
REQUEST_ID = "request_id"
FAULT = "fault"
"""What was wrong with a line; written for who mends it, and not read."""
CODES = ("person", "post", "agency", "device")

SUBJECT: dict[str, str] = {
    **{short.lower(): short for short in (*ATTRIBUTES, *ALTERNATIVES)},
    "title": "T",
    "email": MAIL,
}
"""Attribute or kind of alternative name by its columns; two have a second, longer name."""

SEVERAL = frozenset(
    {short for short, rule in ATTRIBUTES.items() if rule.repeats} | ALTERNATIVES.keys()
)
"""Of these a cell may hold several values, with `BETWEEN` between them."""
BETWEEN = "|"

COLUMNS: tuple[str, ...] = (*CODES, CSR, REQUEST_ID, *SUBJECT, FAULT)
