"""Reads what a library file is built for, from its first bytes, before anything loads it.

A 32-bit module is what a 64-bit program meets most often, and the loader's own words about it
differ from system to system.

Spec: System V ABI (ELF header); Microsoft PE Format; Apple Mach-O and fat headers.
"""

from __future__ import annotations

import platform
import struct
import sysconfig
from dataclasses import dataclass
from enum import StrEnum

_MAX_SLICES = 16  # fat Mach-O has two or three; a Java class, of the same magic, says 45 and more

_ELF_MACHINES = {
    (3, "<"): "i386",
    (8, ">"): "mips",
    (8, "<"): "mipsel",
    (20, ">"): "ppc",
    (21, ">"): "ppc64",
    (21, "<"): "ppc64le",
    (22, ">"): "s390x",
    (40, "<"): "arm",
    (62, "<"): "x86-64",
    (183, "<"): "arm64",
    (243, "<"): "riscv",
    (258, "<"): "loongarch",
}
_PE_MACHINES = {0x14C: "i386", 0x1C4: "arm", 0x8664: "x86-64", 0xAA64: "arm64"}
_MACHO_MACHINES = {
    7: "i386",
    12: "arm",
    18: "ppc",
    0x01000007: "x86-64",
    0x0100000C: "arm64",
    0x01000012: "ppc64",
}
_PLATFORM_MACHINES = {
    "amd64": "x86-64",
    "x86_64": "x86-64",
    "arm64": "arm64",
    "aarch64": "arm64",
    "win-amd64": "x86-64",
    "win-arm64": "arm64",
    "win32": "i386",
    "ppc64le": "ppc64le",
    "s390x": "s390x",
    "riscv64": "riscv",
    "loongarch64": "loongarch",
} | {f"i{n}86": "i386" for n in range(3, 7)}
_SMALLER = {"x86-64": "i386", "arm64": "arm"}  # what a 32-bit process on such a machine is


class BinaryFormat(StrEnum):
    """How an operating system writes its libraries."""

    ELF = "ELF"
    PE = "PE"
    MACH_O = "Mach-O"


@dataclass(frozen=True, slots=True)
class Architecture:
    """What a process or a library runs on."""

    bits: int
    machine: str
    """`x86-64`, `i386`, `arm64`, …; `machine 0x…` where the number is not known here."""

    def __str__(self) -> str:
        return f"{self.bits}-bit {self.machine}"


@dataclass(frozen=True, slots=True)
class Binary:
    """What a file's header says."""

    format: BinaryFormat
    architectures: tuple[Architecture, ...]
    """One, or several in a fat Mach-O file."""
    shared: bool
    """Whether it is a library, not a program or an object file."""

    def __str__(self) -> str:
        return f"{self.format} {' and '.join(map(str, self.architectures))}"


def parse_binary(data: bytes) -> Binary | None:
    """Return what the first bytes of a file say of it; None for no library format or too short."""
    try:
        if data.startswith(b"\x7fELF"):
            return _parse_elf(data)
        if data.startswith(b"MZ"):
            return _parse_pe(data)
        return _parse_macho(data)
    except struct.error:  # cut off
        return None


def own_architecture() -> Architecture | None:
    """Return what this process runs on; None where its name is not known here."""
    named = sysconfig.get_platform()
    # An emulated process on Windows is told the machine's kind, not its own.
    machine = named if named.startswith("win") else platform.machine()
    return architecture(machine, bits=8 * struct.calcsize("P"))


def architecture(machine: str, *, bits: int) -> Architecture | None:
    """Return the architecture of a process, by the name that Python gives to the machine."""
    name = _PLATFORM_MACHINES.get(machine.lower(), "arm" if machine.startswith("armv") else "")
    if not name:
        return None
    return Architecture(bits, _SMALLER.get(name, name) if bits == 32 else name)


def _parse_elf(data: bytes) -> Binary | None:
    size, order = data[4:5], {b"\x01": "<", b"\x02": ">"}.get(data[5:6])
    bits = {b"\x01": 32, b"\x02": 64}.get(size)
    if bits is None or order is None:
        return None
    kind, machine = struct.unpack_from(f"{order}HH", data, 16)
    name = _ELF_MACHINES.get((machine, order), f"machine {machine:#x}")
    return Binary(BinaryFormat.ELF, (Architecture(bits, name),), shared=kind == 3)  # ET_DYN


def _parse_pe(data: bytes) -> Binary | None:
    (start,) = struct.unpack_from("<I", data, 0x3C)
    if data[start : start + 4] != b"PE\0\0":
        return None
    machine, *_, flags, magic = struct.unpack_from("<HHIIIHHH", data, start + 4)
    bits = {0x10B: 32, 0x20B: 64}.get(magic)
    if bits is None:
        return None
    name = _PE_MACHINES.get(machine, f"machine {machine:#x}")
    shared = bool(flags & 0x2000)  # IMAGE_FILE_DLL
    return Binary(BinaryFormat.PE, (Architecture(bits, name),), shared=shared)


def _parse_macho(data: bytes) -> Binary | None:
    (magic,) = struct.unpack_from(">I", data)
    if magic in {0xCAFEBABE, 0xCAFEBABF}:
        return _parse_fat(data, 20 if magic == 0xCAFEBABE else 32)
    order = {0xFEEDFACE: ">", 0xFEEDFACF: ">", 0xCEFAEDFE: "<", 0xCFFAEDFE: "<"}.get(magic)
    if order is None:
        return None
    kind, _, file_type = struct.unpack_from(f"{order}III", data, 4)
    shared = file_type in {6, 8}  # MH_DYLIB, MH_BUNDLE
    return Binary(BinaryFormat.MACH_O, (_macho_architecture(kind),), shared=shared)


def _parse_fat(data: bytes, entry_bytes: int) -> Binary | None:
    (count,) = struct.unpack_from(">I", data, 4)
    if not 0 < count <= _MAX_SLICES:
        return None
    kinds = (struct.unpack_from(">I", data, 8 + n * entry_bytes)[0] for n in range(count))
    # What its parts are stands further inside; the loader will tell.
    return Binary(BinaryFormat.MACH_O, tuple(map(_macho_architecture, kinds)), shared=True)


def _macho_architecture(kind: int) -> Architecture:
    name = _MACHO_MACHINES.get(kind, f"machine {kind:#x}")
    return Architecture(64 if kind & 0x01000000 else 32, name)
