"""Gathers every place that may hold a PKCS#11 module, each file once, the likeliest first."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from hsm.discovery.binary import own_architecture
from hsm.discovery.known import Confidence, ModuleTable, known_modules
from hsm.discovery.machine import Machine
from hsm.discovery.p11kit import ConfigFinding
from hsm.discovery.p11kit_places import locate_module, read_p11kit


class Origin(StrEnum):
    """Who named a module, in the order they are believed."""

    MODULE_PATH = "module-path"
    """The key's own address (RFC 7512 §2.4)."""
    CONFIGURED = "configured"
    P11_KIT = "p11-kit"
    KNOWN = "known"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that may be a PKCS#11 module."""

    path: Path
    """As it was named; it may be a link, and but for `known` ones it need not be there."""
    name: str
    """The product's name where the file is known by its name, else the file's own."""
    origin: Origin
    confidence: Confidence
    said: str
    """Where it is named: a file, `module-path`, or the table's source."""
    make: str = ""
    """Who makes the middleware; empty where the file's name tells nothing."""
    critical: bool = False
    """p11-kit is told that nothing works without it."""
    aggregate: bool = False
    """It shows other modules' tokens once more."""
    also_said: tuple[str, ...] = ()
    """Who else names the same file."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """What a search found before anything was loaded."""

    modules: tuple[Candidate, ...]
    findings: tuple[ConfigFinding, ...] = ()
    """Remarks on p11-kit's configuration."""


def find_candidates(
    configured: Sequence[Path] = (),
    *,
    module_path: Path | None = None,
    machine: Machine | None = None,
    table: ModuleTable | None = None,
    leave_out: Iterable[Path] = (),
    search: bool = True,
) -> Candidates:
    """Return the files that may be PKCS#11 modules, each once.

    Order: the address's module, the configured ones as they are listed, p11-kit's by priority,
    the known ones by confidence. Files are the same when they are one file on the disk, whatever
    links lead there; the first to name it counts. Named files that are missing stay in the list,
    so that they can be told about.

    Args:
        configured: modules of `antin.toml`.
        module_path: the address's `module-path`.
        machine: where to look; this machine if None.
        table: known modules; Antin's own if None.
        leave_out: files that are dealt with already, such as the embedded SoftHSM.
        search: look for more than what is named here.
    """
    machine = machine or Machine.here()
    table = table or known_modules()
    named = [] if module_path is None else [(module_path, Origin.MODULE_PATH, "module-path")]
    named += [(path, Origin.CONFIGURED, "antin.toml") for path in configured]
    every = [_candidate(path, table, machine, origin, said=said) for path, origin, said in named]
    findings: tuple[ConfigFinding, ...] = ()
    if search:
        registered, findings = _registered(machine, table)
        every += [*registered, *_known(machine, table)]
    left_out = {_identity(path) for path in leave_out}
    return Candidates(_each_once(every, left_out), findings)


def _registered(
    machine: Machine, table: ModuleTable
) -> tuple[list[Candidate], tuple[ConfigFinding, ...]]:
    own = own_architecture()
    registered = read_p11kit(machine)
    found = []
    for module in registered.modules:
        path = locate_module(module, machine, own)
        candidate = _candidate(path, table, machine, Origin.P11_KIT, said=str(module.said))
        found.append(replace(candidate, critical=module.critical))
    return found, registered.findings


def _known(machine: Machine, table: ModuleTable) -> Iterator[Candidate]:
    for row, path in table.found_on(machine):
        yield Candidate(
            path,
            row.name,
            Origin.KNOWN,
            Confidence(row.confidence),
            row.source,
            make=row.make,
            aggregate=row.aggregate,
        )


def _candidate(
    path: Path, table: ModuleTable, machine: Machine, origin: Origin, *, said: str
) -> Candidate:
    row = table.named(path.name, machine.system)
    return Candidate(
        path,
        row.name if row else path.name,
        origin,
        Confidence.STATED,
        said,
        make=row.make if row else "",
        aggregate=row is not None and row.aggregate,
    )


def _each_once(every: Iterable[Candidate], left_out: set[object]) -> tuple[Candidate, ...]:
    kept: dict[object, Candidate] = {}
    for candidate in every:
        identity = _identity(candidate.path)
        if identity in left_out:
            continue
        first = kept.setdefault(identity, candidate)
        if first is not candidate and candidate.said not in (first.said, *first.also_said):
            kept[identity] = replace(
                first,
                also_said=(*first.also_said, candidate.said),
                critical=first.critical or candidate.critical,
            )
    return tuple(kept.values())


def _identity(path: Path) -> object:
    try:
        status = path.stat()
    except (OSError, ValueError):  # not there, or no name a file can have
        return os.path.normcase(path.absolute())
    # Some file systems number no files.
    return (status.st_dev, status.st_ino) if status.st_ino else os.path.realpath(path)
