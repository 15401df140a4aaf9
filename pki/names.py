"""Distinguished names as people read them.

Personal numbers stand in a name's UID. `name_text` shows the whole name and is for whoever asked
for it; `common_name` never shows one and is for errors, logs and prompts.

Spec: RFC 4514.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.x509.oid import NameOID

_SHORT = {
    NameOID.TITLE: "T",
    NameOID.SERIAL_NUMBER: "serialNumber",
    NameOID.ORGANIZATION_IDENTIFIER: "organizationIdentifier",
}
"""RFC 4514 has no words for these; Vietnamese certificates are read with this one for the title,
the others are spelled as in RFC 4519 and X.520."""

_PERSONAL = frozenset({NameOID.USER_ID, NameOID.SERIAL_NUMBER, NameOID.EMAIL_ADDRESS})


def name_text(name: x509.Name) -> str:
    """Return the whole name, personal numbers included."""
    return name.rfc4514_string(_SHORT)


def common_name(name: x509.Name) -> str:
    """Return the common name; where there is none, the name without what is personal."""
    common = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    if common:
        return str(common[0].value)
    return x509.Name([one for one in name if one.oid not in _PERSONAL]).rfc4514_string(_SHORT)
