"""The bytes of a value that asn1crypto parsed, as they stood in the input.

asn1crypto's own `dump()` writes values anew where it takes a length for indefinite that only ends
in 0x80, level by level and each level several times over: a time-stamped PSS signature took 25
seconds. Nothing here needs another encoding than the one that was signed.
"""

from __future__ import annotations

from asn1crypto import core, parser

from verify.guard import ASN1


def raw(value: ASN1) -> bytes:
    """Return tag, length and contents as they were read, explicit tags included."""
    if isinstance(value, core.Choice):
        return raw(value.chosen)
    return bytes(value._header + value._contents + value._trailer)  # noqa: SLF001  see the module


def encoded_length(untrusted_ber: bytes) -> int:
    """Return how many bytes the first value takes."""
    _, _, _, header, contents, trailer = parser.parse(untrusted_ber)
    return len(header) + len(contents) + len(trailer)
