"""Spoils documents in many ways, each told by a number, and says what is wrong with an answer.

A number and a document give the same spoiled document each time. The documents are signed anew in
each run, so it is the spoiled one that is kept when an answer is wrong.
"""

from __future__ import annotations

import hashlib
import json
import random  # noqa: TID251  nothing secret: the same number, the same document
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from unit.verify.verify_pki import (
    LATER,
    Signing,
    add_store,
    add_timestamp,
    answers_for,
    fresh,
    judge,
    make_document,
    make_pdf,
    make_world,
    sign,
    update,
)

from pki.errors.tree import InvalidInputError
from pki.words import Language, hint_of, message_of
from verify.indication import Indication
from verify.render.etsi import render_etsi
from verify.render.html import render_html
from verify.render.json import to_json
from verify.render.text import render_text
from verify.report import Report

REFUSALS = frozenset({
    "verify.pdf_empty",
    "verify.not_a_pdf",
    "verify.bytes_before_header",
    "verify.pdf_broken",
    "verify.pdf_encrypted",
    "verify.pdf_encrypted_for_certificates",
    "verify.encryption_unsupported",
    "verify.too_many_signatures",
})  # fmt: skip
"""Codes that may be said of the bytes of a document; what is for use inside is not among them."""

Spoil = Callable[[random.Random, bytes], bytes]


@dataclass(frozen=True)
class Base:
    """A document that passes."""

    name: str
    data: bytes
    ranges: tuple[tuple[int, int], ...]
    """What the first signature is over."""
    signed: frozenset[bytes]
    """SHA-256 of what each signature is over."""


@cache
def bases() -> tuple[Base, ...]:
    """Return what is spoiled: each level, two signatures, a document that grew in between."""
    twice = sign(make_document("B-LT"), Signing(field="Signature2"))
    grown = add_timestamp(
        add_store(
            sign(update(make_pdf(), {40: "<< /Note (of no use) >>"})),
            answers=answers_for(make_world(), LATER),
        ),
        LATER,
    )
    documents = {level: make_document(level) for level in ("B-B", "B-T", "B-LT", "B-LTA")}
    return tuple(
        _base(name, data)
        for name, data in {**documents, "two signatures": twice, "grown": grown}.items()
    )


def _base(name: str, data: bytes) -> Base:
    report = answer_to(data)
    assert isinstance(report, Report), name
    assert report.indication is Indication.TOTAL_PASSED, (name, report.findings)
    first, length, start, rest = report.signatures[0].byte_range or (0, 0, 0, 0)
    return Base(name, data, ((first, first + length), (start, start + rest)), _signed(report, data))


def answer_to(data: bytes) -> Report | InvalidInputError:
    """Judge; nothing but our own errors about the input is an answer."""
    try:
        return judge(data, evidence=fresh_evidence())
    except InvalidInputError as error:
        return error


@cache
def fresh_evidence():
    return fresh(make_world(), LATER)


def _signed(report: Report, data: bytes) -> frozenset[bytes]:
    ranges = (one.byte_range for one in report.signatures if one.byte_range)
    return frozenset(
        hashlib.sha256(data[a : a + b] + data[c : c + d]).digest() for a, b, c, d in ranges
    )


def flip(dice: random.Random, data: bytes) -> bytes:
    """Change one bit or byte."""
    position = dice.randrange(len(data))
    mask = dice.choice((1 << dice.randrange(8), dice.randrange(1, 256)))
    return data[:position] + bytes([data[position] ^ mask]) + data[position + 1 :]


def overwrite(dice: random.Random, data: bytes) -> bytes:
    """Change, drop or put in some bytes, at a few places."""
    for _ in range(dice.randrange(1, 5)):
        position, size = dice.randrange(len(data)), dice.randrange(1, 40)
        more = dice.randbytes(dice.choice((0, size, size)))
        data = data[:position] + more + data[position + dice.choice((0, size)) :]
    return data


def truncate(dice: random.Random, data: bytes) -> bytes:
    """Cut the end off, or the beginning."""
    position = dice.randrange(len(data))
    before = data[:position]
    return dice.choice((before, before, before + b"%%EOF\n", data[position:]))


def splice(dice: random.Random, data: bytes) -> bytes:
    """Go on with another document, or with a piece of this one."""
    other = dice.choice(bases()).data
    position, start = dice.randrange(len(data)), dice.randrange(len(other))
    end = start + dice.choice((len(other), dice.randrange(1, 4000)))
    behind = dice.choice((b"", data[position:]))
    return data[:position] + other[start:end] + behind


_TOKEN = re.compile(rb"/[A-Za-z0-9]+|\d+ \d+ R|\b\d+\b|<<|>>|\[|\]|\bobj\b|\bendobj\b|\bstream\b")
_XREF = re.compile(
    rb"\d{10} \d{5} [nf]|startxref\s+\d+|/(?:Prev|Size|Root|Info|XRefStm) [^/>]+|xref"
)
_RANGE = re.compile(rb"/ByteRange\s*\[[^\]]*\]|/Contents\s*<|/SubFilter\s*/\S+|/Type\s*/Sig")
_HEX = re.compile(rb"<([0-9A-Fa-f]{100,})>")
_ODD = (
    *(b"0", b"-1", b"4294967296", b"99999999999999999999", b"null", b"true", b"[ ]", b"<< >>"),
    *(b"1 0 R", b"4 0 R", b"9999 0 R", b"(x)", b"<00>", b"/Sig", b"/Catalog", b"/Pages"),
)


def _replaced(dice: random.Random, data: bytes, pattern: re.Pattern[bytes]) -> bytes:
    """Put another of the same kind, or something odd, in the place of a token."""
    found = [each.span() for each in pattern.finditer(data)]
    if not found:
        return flip(dice, data)
    for start, end in sorted(dice.sample(found, min(len(found), dice.randrange(1, 4))))[::-1]:
        other = data[slice(*dice.choice(found))]
        data = data[:start] + dice.choice((other, other, dice.choice(_ODD), b"")) + data[end:]
    return data


def edit_objects(dice: random.Random, data: bytes) -> bytes:
    """Change names, references, numbers and brackets."""
    return _replaced(dice, data, _TOKEN)


def edit_references(dice: random.Random, data: bytes) -> bytes:
    """Change cross-reference tables and trailers."""
    found = [each.span() for each in _XREF.finditer(data)]
    start, end = dice.choice(found)
    if dice.random() < 0.3:
        return _replaced(dice, data, _XREF)
    digits = [place for place in range(start, end) if data[place : place + 1].isdigit()]
    if not digits:
        return data[:start] + data[end:]
    place = dice.choice(digits)
    return data[:place] + str(dice.randrange(10)).encode() + data[place + 1 :]


def edit_signature(dice: random.Random, data: bytes) -> bytes:
    """Change the ranges, the type, or the token's DER."""
    if dice.random() < 0.3:
        return _replaced(dice, data, _RANGE)
    found = [each.span(1) for each in _HEX.finditer(data)]
    start, end = dice.choice(found)
    token = bytes.fromhex(data[start:end].decode())
    size = len(token.rstrip(b"\0"))
    spoiled = dice.choice((flip, overwrite))(dice, token[:size])
    written = spoiled.hex().encode()[: end - start].ljust(end - start, b"0")
    return data[:start] + written + data[end:]


def append(dice: random.Random, data: bytes) -> bytes:
    """Add a revision that defines some objects anew, or bytes that no revision reaches."""
    other = dice.choice(bases()).data
    bodies = re.findall(rb"obj\s*(<<.*?>>)\s*endobj", other, re.DOTALL)
    objects = {
        dice.randrange(1, 30): edit_objects(dice, dice.choice(bodies)).decode("latin-1")
        for _ in range(dice.randrange(1, 4))
    }
    if dice.random() < 0.2:
        return data + b"".join(
            b"\n%d 0 obj\n%b\nendobj" % (number, body.encode("latin-1"))
            for number, body in objects.items()
        )
    return update(data, objects)


def arbitrary(dice: random.Random, data: bytes) -> bytes:
    """Make bytes up, between a header and an end or without."""
    noise = dice.randbytes(dice.randrange(2000))
    if dice.random() < 0.5:
        words = _TOKEN.findall(data)
        noise = b" ".join(dice.choices(words, k=dice.randrange(400)))
    head, end = dice.choice((b"", b"%PDF-1.7\n")), dice.choice((b"", b"\nstartxref\n9\n%%EOF\n"))
    return head + noise + end


KINDS: dict[str, Spoil] = {
    spoil.__name__: spoil
    for spoil in (
        flip,
        overwrite,
        truncate,
        splice,
        edit_objects,
        edit_references,
        edit_signature,
        append,
        arbitrary,
    )
}


def spoiled(kind: str, number: int, data: bytes | None = None) -> bytes:
    """Return what the number makes of a document: of one that passes, or of another."""
    dice = random.Random(f"{kind} {number}")  # noqa: S311  the same
    if data is None:
        return KINDS[kind](dice, bases()[number % len(bases())].data)
    try:
        return KINDS[kind](dice, data)
    except Exception:  # noqa: BLE001  another's document may be too odd to be spoiled so
        return overwrite(dice, data)


def check(data: bytes, *, render: bool) -> str:
    """Judge a spoiled document; return what came of it.

    Whatever was done to it: what passes was signed, byte for byte, in one of the documents.

    Raises:
        AssertionError: the answer is wrong.
    """
    answer = answer_to(data)
    if not isinstance(answer, Report):
        assert answer.code in REFUSALS, answer.code
        for language in Language:
            assert message_of(answer, language)
            assert hint_of(answer, language)
        return answer.code
    if answer.indication is Indication.TOTAL_PASSED:
        known = frozenset().union(*(each.signed for each in bases()))
        assert all(one.byte_range for one in answer.signatures)
        assert _signed(answer, data) <= known, "something passes that nobody signed"
    if render:
        _render(answer)
    return answer.indication.value


def check_and_keep(kind: str, number: int, folder: Path, *, data: bytes | None = None) -> str:
    """Do as `check` with what the number makes; where the answer is wrong, keep the document.

    It lies in the folder while it is judged, so that it stays where the process ends.
    """
    made, kept = spoiled(kind, number, data), folder / f"{kind}-{number}.pdf"
    kept.write_bytes(made)
    try:
        told = check(made, render=number % 10 == 0)
    except Exception as error:
        raise AssertionError(f"{type(error).__name__}: {error}; see {kept}") from error
    kept.unlink()
    return told


def _render(report: Report) -> None:
    render_etsi(report, Language.VI)
    for language in Language:
        json.dumps(to_json(report, language))
        assert render_text(report, language)
        assert render_html(report, language)
