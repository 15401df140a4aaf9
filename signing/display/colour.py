"""What red, green and blue mean in a document: a colour profile of half a kilobyte, made here.

With it a document may use the plain colours of PDF everywhere, in the looks of signatures too, and
is PDF/A all the same.

Spec: ICC.1:2001-04 (version 2 profiles: header §6.1, tags §6.4, types §6.5); IEC 61966-2-1 (sRGB:
primaries, adapted to D50, and a gamma of 2.2); ISO 19005-2 §6.2.3 (output intent).
"""

from __future__ import annotations

import struct

_WHITE = (0.9642, 1.0, 0.8249)
"""D50, in which profiles are told."""
_RED = (0.4360747, 0.2225045, 0.0139322)
_GREEN = (0.3850649, 0.7168786, 0.0971045)
_BLUE = (0.1430804, 0.0606169, 0.7141733)
_NAME = b"sRGB, gamma 2.2\0"
_RIGHTS = b"No rights are reserved.\0"
_MADE = (2026, 1, 1, 0, 0, 0)
_VERSION = 0x02100000


def rgb_profile() -> bytes:
    """Return the profile, the same each time."""
    curve = b"curv" + struct.pack(">IIH", 0, 1, round(2.2 * 256))
    tags = {
        b"desc": b"desc" + struct.pack(">II", 0, len(_NAME)) + _NAME + bytes(78),
        b"cprt": b"text" + bytes(4) + _RIGHTS,
        b"wtpt": _colour(_WHITE),
        b"rXYZ": _colour(_RED),
        b"gXYZ": _colour(_GREEN),
        b"bXYZ": _colour(_BLUE),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    table, data = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, value in tags.items():
        table += name + struct.pack(">II", start + len(data), len(value))
        data += value + bytes(-len(value) % 4)
    return _header(start + len(data)) + table + data


def _header(size: int) -> bytes:
    kinds = b"mntrRGB XYZ "
    white = _numbers(_WHITE)
    made = struct.pack(">6H", *_MADE)
    begun = struct.pack(">IIi", size, 0, _VERSION) + kinds + made + b"acsp"
    return (begun + bytes(28) + white).ljust(128, b"\0")


def _colour(value: tuple[float, float, float]) -> bytes:
    return b"XYZ " + bytes(4) + _numbers(value)


def _numbers(value: tuple[float, float, float]) -> bytes:
    return struct.pack(">3i", *(round(each * 65536) for each in value))
