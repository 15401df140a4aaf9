"""What a library is built for is read from its first bytes; headers are made by hand."""

from __future__ import annotations

import os
import struct
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsm.discovery.binary import (
    Architecture,
    BinaryFormat,
    architecture,
    own_architecture,
    parse_binary,
)
from hsm.discovery.inspection import HEADER_BYTES, Unfit, inspect, judge_header

X86_64 = Architecture(64, "x86-64")
ARM64 = Architecture(64, "arm64")


def elf(bits: int, machine: int, *, kind: int = 3, order: str = "<") -> bytes:
    ident = b"\x7fELF" + bytes([bits // 32, 1 if order == "<" else 2, 1]) + bytes(9)
    return ident + struct.pack(f"{order}HHI", kind, machine, 1) + bytes(40)


def pe(machine: int, magic: int = 0x20B, flags: int = 0x2022) -> bytes:
    start = 0x80
    header = b"MZ" + bytes(0x3A) + struct.pack("<I", start)
    coff = struct.pack("<HHIIIHHH", machine, 5, 0, 0, 0, 240, flags, magic)
    return header.ljust(start, b"\0") + b"PE\0\0" + coff + bytes(40)


def macho(kind: int, file_type: int = 6, order: str = "<") -> bytes:
    magic = 0xFEEDFACF if kind & 0x01000000 else 0xFEEDFACE
    return struct.pack(f"{order}IIII", magic, kind, 0, file_type) + bytes(16)


def fat(*kinds: int, magic: int = 0xCAFEBABE) -> bytes:
    size = 20 if magic == 0xCAFEBABE else 32
    entries = b"".join(struct.pack(">I", kind).ljust(size, b"\0") for kind in kinds)
    return struct.pack(">II", magic, len(kinds)) + entries


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (elf(64, 62), "ELF 64-bit x86-64"),
        (elf(32, 3), "ELF 32-bit i386"),
        (elf(32, 62), "ELF 32-bit x86-64"),
        (elf(64, 183), "ELF 64-bit arm64"),
        (elf(64, 22, order=">"), "ELF 64-bit s390x"),
        (elf(64, 0x1234), "ELF 64-bit machine 0x1234"),
        (pe(0x8664), "PE 64-bit x86-64"),
        (pe(0x14C, magic=0x10B), "PE 32-bit i386"),
        (pe(0xAA64), "PE 64-bit arm64"),
        (pe(0x999), "PE 64-bit machine 0x999"),
        (macho(0x0100000C), "Mach-O 64-bit arm64"),
        (macho(0x01000007, 8), "Mach-O 64-bit x86-64"),
        (macho(18, order=">"), "Mach-O 32-bit ppc"),
        (fat(0x01000007, 0x0100000C), "Mach-O 64-bit x86-64 and 64-bit arm64"),
        (fat(7, magic=0xCAFEBABF), "Mach-O 32-bit i386"),
    ],
)
def test_each_format_is_read(data, told):
    found = parse_binary(data)
    assert found is not None
    assert (str(found), found.shared) == (told, True)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"MZ",
        b"\x7fELF",
        elf(64, 62)[:19],
        elf(64, 62)[:4] + b"\x07" + elf(64, 62)[5:],
        elf(64, 62)[:5] + b"\x09" + elf(64, 62)[6:],
        pe(0x8664)[:0x84],
        pe(0x8664).replace(b"PE\0\0", b"NE\0\0"),
        pe(0x8664, magic=0x107),
        macho(0x01000007)[:10],
        fat(7, 12)[:30],
        fat(),
        b"\xca\xfe\xba\xbe\0\0\0\x41" + bytes(2000),
        b"INPUT(-lp11)",
        b"#!/bin/sh\n",
    ],
)
def test_what_is_none_or_cut_off_is_none(data):
    """The one before the last two is a Java class, which shares fat Mach-O's magic."""
    assert parse_binary(data) is None
    assert judge_header(data, X86_64).unfit is Unfit.NOT_A_LIBRARY


@pytest.mark.parametrize("data", [elf(64, 62, kind=2), pe(0x8664, flags=0x22), macho(7, 2)])
def test_a_program_is_no_library(data):
    found = judge_header(data, X86_64)
    assert (found.unfit, found.binary is None) == (Unfit.NOT_A_LIBRARY, False)


@given(st.binary(max_size=400))
def test_no_bytes_raise(data):
    judge_header(data, X86_64)


STARTS = (b"\x7fELF", b"MZ", b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf", b"\xcf\xfa\xed\xfe")
WHOLE = [elf(64, 62), pe(0x8664), macho(7), fat(7, 12)]


@given(st.sampled_from(STARTS), st.binary(max_size=200))
def test_no_bytes_after_a_magic_raise(start, data):
    judge_header(start + data, ARM64)


@given(st.sampled_from(WHOLE), st.data())
def test_no_cut_and_no_changed_byte_raises(whole, data):
    cut = bytearray(whole[: data.draw(st.integers(0, len(whole)))])
    if cut:
        cut[data.draw(st.integers(0, len(cut) - 1))] = data.draw(st.integers(0, 255))
    judge_header(bytes(cut), X86_64)


def test_the_wrong_architecture_is_named_with_ours():
    found = judge_header(elf(32, 3), X86_64)
    assert (found.unfit, found.detail) == (
        Unfit.WRONG_ARCHITECTURE,
        "ELF 32-bit i386 on 64-bit x86-64",
    )
    assert judge_header(elf(64, 62), X86_64).unfit is None
    assert judge_header(fat(0x01000007, 0x0100000C), ARM64).unfit is None
    assert judge_header(fat(0x01000007), ARM64).unfit is Unfit.WRONG_ARCHITECTURE
    assert judge_header(elf(32, 3), None).unfit is None, "nothing to compare with"


@pytest.mark.parametrize(
    ("machine", "bits", "told"),
    [
        ("x86_64", 64, "64-bit x86-64"),
        ("x86_64", 32, "32-bit i386"),
        ("i686", 32, "32-bit i386"),
        ("AMD64", 64, "64-bit x86-64"),
        ("win-amd64", 64, "64-bit x86-64"),
        ("win32", 32, "32-bit i386"),
        ("win-arm64", 64, "64-bit arm64"),
        ("aarch64", 64, "64-bit arm64"),
        ("aarch64", 32, "32-bit arm"),
        ("armv7l", 32, "32-bit arm"),
        ("arm64", 64, "64-bit arm64"),
        ("ppc64le", 64, "64-bit ppc64le"),
        ("quantum", 64, "None"),
    ],
)
def test_a_process_knows_what_it_is(machine, bits, told):
    assert str(architecture(machine, bits=bits)) == told


def test_this_process_could_load_what_it_is_made_of():
    own = own_architecture()
    assert own is not None
    found = parse_binary(Path(os.path.realpath(sys.executable)).read_bytes()[:HEADER_BYTES])
    assert found is not None
    assert own in found.architectures


def test_on_windows_the_emulated_process_counts(monkeypatch):
    monkeypatch.setattr("sysconfig.get_platform", lambda: "win-amd64")
    monkeypatch.setattr("platform.machine", lambda: "ARM64")
    assert own_architecture() == X86_64


def test_only_the_beginning_is_read(tmp_path):
    large = tmp_path / "large.so"
    with large.open("wb") as file:
        file.write(elf(64, 62))
        file.truncate(10 * 1024**3)
    found = inspect(large, X86_64)
    assert found.unfit is None
    assert found.binary is not None
    assert found.binary.format is BinaryFormat.ELF


def test_links_are_followed_and_rings_are_told(tmp_path):
    (tmp_path / "real.so").write_bytes(elf(64, 62))
    (tmp_path / "link.so").symlink_to("real.so")
    (tmp_path / "ring.so").symlink_to("ring.so")
    assert inspect(tmp_path / "link.so", X86_64).unfit is None
    assert inspect(tmp_path / "ring.so", X86_64).unfit is Unfit.UNREADABLE
    assert inspect(tmp_path / "link.so" / "x", X86_64).unfit is Unfit.MISSING
    assert inspect(tmp_path / ("x" * 300), X86_64).unfit is Unfit.UNREADABLE
