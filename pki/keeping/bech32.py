"""Bech32: the letters in which age writes public and secret keys, with a checksum of their own.

Spec: BIP 173; age's keys are longer than its 90 characters.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CHECKSUM = 6


def encode(prefix: str, octets: bytes) -> str:
    """Return octets as Bech32, in lower case."""
    values = _regroup(octets, 8, 5, fill=True)
    checked = _polymod((*_expand(prefix), *values, *(0,) * _CHECKSUM)) ^ 1
    checksum = [checked >> 5 * (_CHECKSUM - 1 - place) & 31 for place in range(_CHECKSUM)]
    return f"{prefix}1{''.join(_LETTERS[value] for value in (*values, *checksum))}"


def decode(prefix: str, text: str) -> bytes:
    """Return the octets that text in one case stands for.

    Raises:
        ValueError: another prefix, a wrong letter, a checksum that does not fit.
    """
    if text not in {text.lower(), text.upper()}:
        raise ValueError("letters of both cases")
    found, one, data = text.lower().rpartition("1")
    if found != prefix or not one or len(data) < _CHECKSUM:
        raise ValueError("another prefix")
    values = [_LETTERS.find(letter) for letter in data]
    if min(values) < 0 or _polymod((*_expand(prefix), *values)) != 1:
        raise ValueError("the checksum does not fit")
    return bytes(_regroup(values[:-_CHECKSUM], 5, 8, fill=False))


def _expand(prefix: str) -> tuple[int, ...]:
    codes = prefix.encode("ascii")
    return (*(code >> 5 for code in codes), 0, *(code & 31 for code in codes))


def _polymod(values: Iterable[int]) -> int:
    checked = 1
    for value in values:
        top = checked >> 25
        checked = (checked & 0x1FFFFFF) << 5 ^ value
        for place, generator in enumerate(_GENERATOR):
            checked ^= generator if top >> place & 1 else 0
    return checked


def _regroup(values: Sequence[int], old: int, new: int, *, fill: bool) -> list[int]:
    found, held, bits = [], 0, 0
    for value in values:
        held, bits = held << old | value, bits + old
        while bits >= new:
            bits -= new
            found.append(held >> bits & (1 << new) - 1)
        held &= (1 << bits) - 1
    if fill and bits:
        found.append(held << new - bits)
    elif not fill and (bits >= old or held):
        raise ValueError("bits are left over")
    return found
