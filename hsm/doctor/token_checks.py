"""Tokens: set up or not, what their flags tell of the PINs, whether anything lies on them."""

from __future__ import annotations

from collections.abc import Iterator

from hsm.doctor.finding import Finding, Severity, error, info, warning
from hsm.doctor.seen import Seen, SeenToken
from hsm.tokens import PINState

_USER = {
    PINState.LOCKED: (Severity.ERROR, "hsm.doctor.pin_locked"),
    PINState.FINAL_TRY: (Severity.WARNING, "hsm.doctor.pin_final_try"),
    PINState.COUNT_LOW: (Severity.WARNING, "hsm.doctor.pin_count_low"),
}
_OFFICER = {
    PINState.LOCKED: (Severity.WARNING, "hsm.doctor.officer_locked"),
    PINState.FINAL_TRY: (Severity.WARNING, "hsm.doctor.officer_final_try"),
    PINState.COUNT_LOW: (Severity.INFO, "hsm.doctor.officer_count_low"),
}


def check_tokens(seen: Seen) -> Iterator[Finding]:
    """Every token for itself."""
    for token in seen.tokens:
        yield from _check(token, needed=not seen.signers)


def _check(seen: SeenToken, *, needed: bool) -> Iterator[Finding]:
    token = seen.token
    named = {"token": token.label, "serial": token.serial}
    if seen.error is not None:
        yield Finding(Severity.ERROR, seen.error.code, seen.error.facts)
        return
    if not token.initialized:
        told = warning if needed else info
        yield told("hsm.doctor.not_initialized", serial=token.serial or "-", module=seen.module)
        return
    if not token.pin_set:
        yield error("hsm.doctor.pin_not_set", **named)
    for states, state in ((_USER, token.pin_state), (_OFFICER, token.so_pin_state)):
        if state in states:
            severity, code = states[state]
            yield Finding(severity, code, named)
    if not seen.certificates and not seen.keys:
        yield warning("hsm.doctor.token_empty", **named)
    if token.protected_path:
        yield info("hsm.doctor.pin_pad", **named)
    if token.write_protected:
        yield info("hsm.doctor.write_protected", **named)
