"""Finds the modules of this machine, tries them, and keeps what became of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from hsm.discovery.candidates import Candidate, Candidates, Origin, find_candidates
from hsm.discovery.machine import Machine
from hsm.discovery.p11kit import ConfigFinding
from hsm.discovery.probe import DEFAULT_LIMIT, probe
from hsm.discovery.probe_result import ProbedToken, ProbeResult, ProbeState
from hsm.discovery.service import ServiceState, smart_card_service


@dataclass(frozen=True, slots=True)
class TriedModule:
    """A file that was named or known, and what it turned out to be."""

    candidate: Candidate
    result: ProbeResult


@dataclass(frozen=True, slots=True)
class Discovery:
    """Everything a search came to: for the command line the usable, for the doctor the rest."""

    modules: tuple[TriedModule, ...]
    """In the order of `find_candidates`."""
    findings: tuple[ConfigFinding, ...]
    """Remarks on p11-kit's configuration."""
    service: ServiceState
    """The smart-card service: without it, `no-slots` has a reason."""

    @property
    def usable(self) -> tuple[TriedModule, ...]:
        """Those to open: they have a token, and do not merely show other modules' ones again.

        p11-kit's proxy is among them only where the configuration or the address names it.
        """
        return tuple(
            tried
            for tried in self.modules
            if tried.result.state is ProbeState.USABLE and not _merely_gathers(tried.candidate)
        )

    @property
    def waiting(self) -> tuple[TriedModule, ...]:
        """Those that work and have no token in: plugging one in may be all that is needed."""
        return tuple(
            tried
            for tried in self.modules
            if tried.result.state in {ProbeState.NO_TOKEN, ProbeState.NO_SLOTS}
        )

    @property
    def failed(self) -> tuple[TriedModule, ...]:
        """Those that cannot be used as they are."""
        return tuple(tried for tried in self.modules if not tried.result.state.answers)

    @property
    def shared_tokens(self) -> tuple[tuple[ProbedToken, tuple[TriedModule, ...]], ...]:
        """Tokens that more than one module shows: two makers' middleware in each other's way.

        The same token is the same serial number and label; modules that gather others' tokens are
        not counted, nor tokens without a serial number.
        """
        seen: dict[tuple[str, str], list[tuple[ProbedToken, TriedModule]]] = {}
        for tried in self.modules:
            if not tried.candidate.aggregate:
                for token in tried.result.tokens:
                    if token.serial:
                        seen.setdefault((token.serial, token.label), []).append((token, tried))
        return tuple(
            (shown[0][0], modules)
            for shown in seen.values()
            if len(modules := tuple(dict.fromkeys(tried for _, tried in shown))) > 1
        )


def discover_modules(
    configured: Sequence[Path] = (),
    *,
    module_path: Path | None = None,
    leave_out: Iterable[Path] = (),
    limit: timedelta = DEFAULT_LIMIT,
    environment: Mapping[str, str] | None = None,
    machine: Machine | None = None,
) -> Discovery:
    """Find the modules of this machine and try each in a process of its own.

    What a caller does next: opens each of `usable` with `hsm.module.open_module(candidate.path)`,
    in this order, and searches their tokens. If there is none, says what `waiting` and `failed`
    tell: plug a token in; start the service (`service`); this module is 32-bit. A home with
    embedded tokens gives SoftHSM's file in `leave_out`: a process can serve one SoftHSM
    configuration, and the embedded one comes first.

    Nobody logs in, and nothing is loaded into this process. A module that was usable here may
    still fail later; each later call has its own limit.

    Args:
        configured: modules of `antin.toml`.
        module_path: the `module-path` of a key's address.
        leave_out: files not to be tried.
        limit: for each module.
        environment: what the modules see; this process's own if None.
        machine: where modules are looked for; this machine if None.
    """
    machine = machine or Machine.here()
    found = find_candidates(
        configured, module_path=module_path, machine=machine, leave_out=leave_out
    )
    return try_modules(found, limit=limit, environment=environment, machine=machine)


def try_modules(
    found: Candidates,
    *,
    limit: timedelta = DEFAULT_LIMIT,
    environment: Mapping[str, str] | None = None,
    machine: Machine | None = None,
) -> Discovery:
    """Try what `find_candidates` found, each in a process of its own; as `discover_modules`."""
    service = smart_card_service(machine or Machine.here())
    paths = [candidate.path for candidate in found.modules]
    results = probe(paths, limit=limit, environment=environment, service=service)
    tried = tuple(map(TriedModule, found.modules, results))
    return Discovery(tried, found.findings, service)


def _merely_gathers(candidate: Candidate) -> bool:
    named = candidate.origin in {Origin.MODULE_PATH, Origin.CONFIGURED}
    return candidate.aggregate and not named
