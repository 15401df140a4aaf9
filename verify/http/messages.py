"""What goes over the line between the service and a judging process: frames of a head and octets.

The report comes back as the octets that the caller gets. What a judging process sends is an object
of Python only where there is no report, and of an error alone: a document that took the process
over must not have the service run anything, nor make room for what never comes.
"""

from __future__ import annotations

import asyncio
import pickle
import socket
import struct
import sys
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Protocol

from pki.errors.tree import Phrase
from pki.words import Language
from verify.http.judging import Asked, Form, Judged

HEAD = struct.Struct("!c?IQ")
"""What it is, whether it is the last, how many octets tell of it, how many octets it has."""
_JUDGE, _WARM = b"j", b"w"
_JUDGED, _WARMED, _FAILED = b"J", b"W", b"F"
READY = b"+"
"""A process says so once, when it has loaded its program."""
PART = 1 << 16
"""Read at a time; more is sent by itself rather than copied."""
LONGEST = 1 << 28
"""Octets of an answer; the longest reports, of a thousand signatures, have some ten million."""
_IN_ERRORS = frozenset(
    {
        *((partial.__module__, "partial"), ("datetime", "datetime"), ("datetime", "timedelta")),
        ("datetime", "timezone"),
        *((Phrase.__module__, name) for name in ("Phrase", "Phrases", "Bilingual")),
    }
)
"""What the facts of an error are made of, besides what Python writes without a name. Of none of
these classes, nor of an exception's, can a pickle change anything: they are frozen, C's own, or
restore their instances themselves."""
_PATHS = frozenset({("pathlib", "PosixPath"), ("pathlib", "WindowsPath")})
"""A path's class a pickle could change for the whole process; it gets a function that makes one."""

Head = tuple[bytes, bool, int, int]
Message = tuple[bytes, ...]
"""Octets to be sent one after the other."""


def question_of(asked: Asked) -> Message:
    """Return a document as it is sent to be judged."""
    told = (
        asked.name,
        asked.at,
        asked.password,
        asked.form.value,
        asked.language.value,
        asked.signature,
        asked.digest,
    )
    return _framed(_JUDGE, pickle.dumps(told, pickle.HIGHEST_PROTOCOL), asked.data)


def warm_up_question() -> Message:
    """Return what asks a process to load what it judges by."""
    return _framed(_WARM, b"", b"")


class Readable(Protocol):
    """What octets come from."""

    def read(self, size: int, /) -> bytes:
        """Return so many, or fewer at the end."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a process is asked."""

    asked: Asked | None
    """A document; None asks it to load what it judges by."""


def read_question(line: Readable) -> Question | None:
    """Return what is asked next; None when nobody asks any more."""
    head = line.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    kind, _, telling, size = HEAD.unpack(head)
    if kind == _WARM:
        return Question(None)
    told = pickle.loads(line.read(telling))  # noqa: S301  from the process that started this one
    name, at, password, form, language, signature, digest = told
    data = line.read(size)
    return Question(
        Asked(data, name, at, password, Form(form), Language(language), signature, digest)
    )


def judged_answer(judged: Judged, *, last: bool) -> Message:
    """Return a report as it is sent back."""
    told = f"{judged.form.value}\n{judged.indication}\n{judged.sub_indication or ''}"
    return _framed(_JUDGED, told.encode(), judged.body, last=last)


def warmed_answer() -> Message:
    """Return that a process has loaded what it judges by."""
    return _framed(_WARMED, b"", b"")


def failed_answer(error: Exception, *, last: bool) -> Message:
    """Return why there is no report."""
    try:
        told = pickle.dumps(error)
    except Exception:  # noqa: BLE001  whatever its own way of being pickled raises
        told = pickle.dumps(RuntimeError(repr(error)))
    return _framed(_FAILED, told, b"", last=last)


async def receive(loop: asyncio.AbstractEventLoop, line: socket.socket) -> tuple[Head, memoryview]:
    """Return an answer: its head, and all that follows.

    Raises:
        EOFError: the line ended before, or what is announced is no answer.
        OSError: it broke.
    """
    found = bytearray(await loop.sock_recv(line, PART))
    while len(found) < HEAD.size:
        more = await loop.sock_recv(line, PART) if found else b""
        if not more:
            raise EOFError
        found += more
    head: Head = HEAD.unpack_from(found)
    begun, whole = len(found), HEAD.size + head[2] + head[3]
    if whole > LONGEST:
        raise EOFError
    if begun < whole:
        found += bytes(whole - begun)
        with memoryview(found) as space:
            while begun < whole:
                count = await loop.sock_recv_into(line, space[begun:])
                if not count:
                    raise EOFError
                begun += count
    return head, memoryview(found)[HEAD.size :]


def read_answer(head: Head, rest: memoryview) -> Judged | None:
    """Return what came back: a report, or None from a process that was asked to be ready.

    Args:
        head: as `HEAD` reads it.
        rest: what follows, all of it.

    Raises:
        OddAnswerError: what came is no answer.
        Exception: what was raised there.
    """
    kind, _, telling, _ = head
    if kind == _WARMED:
        return None
    if kind == _FAILED:
        raise _read_error(rest[:telling])
    try:
        form, indication, sub_indication = str(rest[:telling], "utf-8").split("\n")
        return Judged(indication, sub_indication or None, bytes(rest[telling:]), Form(form))
    except ValueError as odd:
        raise OddAnswerError from odd


class OddAnswerError(Exception):
    """What a process said is no answer; stays within this package."""


class _Errors(pickle.Unpickler):
    """Reads an exception and nothing else: no other function is called, no module loaded."""

    def find_class(self, module: str, name: str) -> object:
        """Return what makes a part of an error.

        Raises:
            UnpicklingError: it makes something else.
        """
        if (module, name) in _PATHS:
            return partial(Path)
        found = getattr(sys.modules.get(module), name, None)
        is_error = isinstance(found, type) and issubclass(found, Exception)
        if found is None or not (is_error or (module, name) in _IN_ERRORS):
            raise pickle.UnpicklingError(name)
        return found


def _read_error(told: memoryview) -> Exception:
    try:
        found = _Errors(BytesIO(told)).load()
    except Exception as odd:  # octets that are no pickle raise whatever they lead to
        raise OddAnswerError from odd
    if not isinstance(found, Exception):
        raise OddAnswerError
    return found


def _framed(kind: bytes, told: bytes, data: bytes, *, last: bool = False) -> Message:
    head = HEAD.pack(kind, last, len(told), len(data))
    if len(data) < PART:
        return (head + told + data,)
    return (head + told, data)
