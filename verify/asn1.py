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
    # Where a value may have parts, `contents` would write them anew.
    contents = value._contents if hasattr(value, "_contents") else value.contents  # noqa: SLF001
    return bytes(value._header + contents + value._trailer)  # noqa: SLF001  see the module


class _Untyped(core.SetOf):  # type: ignore[misc]  # asn1crypto has no types
    _child_spec = core.Any


def untyped(values: ASN1) -> tuple[bytes, ...]:
    """Return the values of a SET OF one by one, whatever they should be."""
    return tuple(raw(each) for each in _Untyped.load(raw(values)))


def encoded_length(untrusted_ber: bytes) -> int:
    """Return how many bytes the first value takes."""
    _, _, _, header, contents, trailer = parser.parse(untrusted_ber)
    return len(header) + len(contents) + len(trailer)
