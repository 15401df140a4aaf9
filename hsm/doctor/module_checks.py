"""Modules: which do not work and why, and what p11-kit's configuration says amiss."""

from __future__ import annotations

from collections.abc import Iterator

from hsm.discovery.known import Confidence
from hsm.discovery.p11kit import ConfigFinding, Problem
from hsm.discovery.probe_result import ProbeState
from hsm.discovery.service import ServiceState
from hsm.doctor.finding import Finding, Severity, error, info, warning
from hsm.doctor.seen import Seen, SeenModule

_LEFT_OUT = {Problem.NOT_FOR_ANTIN, Problem.REMOTE, Problem.TRUST}
_WHOLE = {Problem.UNREADABLE, Problem.TOO_LARGE, Problem.TOO_MANY_FILES}


def check_service(seen: Seen) -> Iterator[Finding]:
    """Without the smart-card service no reader is seen; tokens in files do not need it."""
    if seen.service is ServiceState.STOPPED:
        if seen.has_tokens or seen.has_store:
            yield info("hsm.doctor.service_stopped")
        else:
            yield error("hsm.doctor.service_stopped")


def check_modules(seen: Seen) -> Iterator[Finding]:
    """Each module that fails; one that somebody named weighs more than one that was found."""
    answering = {module.name for module in seen.modules if module.state.answers}
    for module in seen.modules:
        # That the service does not run is told once, and not for every module it stops.
        if module.error is not None and (
            module.named or module.state is not ProbeState.SERVICE_DOWN
        ):
            severity = _weight(module, works_elsewhere=module.name in answering)
            yield Finding(severity, module.error.code, module.error.facts)
    # Of a module that was asked for it is told what is wrong with that one.
    if not answering and all(_weight(one) is not Severity.ERROR for one in seen.modules):
        yield error("hsm.doctor.no_module")


def check_sharing(seen: Seen) -> Iterator[Finding]:
    """Two makers' software for one token get in each other's way."""
    for token in seen.tokens:
        if token.also_in:
            yield warning(
                "hsm.doctor.two_middlewares",
                token=token.token.label,
                serial=token.token.serial,
                first=token.module,
                others=token.also_in,
            )


def check_search(seen: Seen) -> Iterator[Finding]:
    """Tokens that are there, and that this home does not look for."""
    for token in seen.tokens:
        if not token.used:
            facts = {"token": token.token.label, "serial": token.token.serial}
            found = info if seen.signers else warning
            yield found("hsm.doctor.not_searched", module=token.module, **facts)


def check_p11kit(seen: Seen) -> Iterator[Finding]:
    """What p11-kit's files say amiss, and which modules they keep from Antin."""
    yield from map(_remark, seen.remarks)


def _remark(remark: ConfigFinding) -> Finding:
    path, problem = remark.path, remark.problem
    if problem in _LEFT_OUT:
        return info("hsm.doctor.p11kit_left_out", path=path, field=remark.detail)
    if problem in _WHOLE:
        return warning("hsm.doctor.p11kit_unread", path=path, reason=problem.value)
    field = remark.detail or problem.value
    return warning("hsm.doctor.p11kit_line", path=path, line=remark.line, field=field)


def _weight(module: SeenModule, *, works_elsewhere: bool = False) -> Severity:
    if module.named or module.origin is None:
        return Severity.ERROR
    is_hint = module.confidence is Confidence.HINT
    return Severity.INFO if works_elsewhere or is_hint else Severity.WARNING
