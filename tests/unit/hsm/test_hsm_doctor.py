"""What keeps people from signing has its own finding each, and a machine that is well none."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hsm_doctor_world import (
    CERTIFICATE,
    MODULE,
    NOW,
    READER,
    STORE,
    TOKEN,
    WELL,
    YEAR,
    certificate,
    module,
    with_certificates,
    with_token,
)

from hsm.discovery.candidates import Origin
from hsm.discovery.known import Confidence
from hsm.discovery.p11kit import ConfigFinding, Problem
from hsm.discovery.probe_result import ProbeResult, ProbeState
from hsm.discovery.service import ServiceState
from hsm.doctor.diagnosis import diagnose
from hsm.doctor.finding import Severity
from hsm.doctor.seen import KeySight
from hsm.errors import DeviceFailedError
from hsm.opening import why_unusable
from hsm.tokens import PINState
from pki.words import Language, say

ERROR, WARNING, INFO = Severity
DAY = timedelta(days=1)
OLD = certificate(not_after=NOW - DAY, sha256="01" * 32, key_sha256="")
TWIN = certificate(sha256="02" * 32, serial="77")
BARE = replace(TOKEN, certificates=(), keys=0)
FOUND = replace(WELL, readers=(), tokens=())


def broken(state, **changes):
    error = why_unusable(ProbeResult(Path("/x.so"), state, detail="0x5"))
    return module(state, error=error, **changes)


def remark(problem, **changes):
    return replace(WELL, remarks=(ConfigFinding(Path("/etc/x.module"), problem, **changes),))


def beside(*modules):
    return replace(WELL, modules=(MODULE, *modules))


def second(**changes):
    return replace(TOKEN, token=replace(TOKEN.token, serial="99"), **changes)


CASES = {
    "a service that is down": (
        replace(FOUND, service=ServiceState.STOPPED),
        [(ERROR, "hsm.doctor.service_stopped")],
    ),
    "a service that is down, and tokens in files": (
        replace(WELL, service=ServiceState.STOPPED),
        [(INFO, "hsm.doctor.service_stopped")],
    ),
    "a service that is down, and a token that is locked": (
        replace(with_token(pin_state=PINState.LOCKED), service=ServiceState.STOPPED),
        [(ERROR, "hsm.doctor.pin_locked"), (INFO, "hsm.doctor.service_stopped")],
    ),
    "a service that is down, and an empty store": (
        replace(FOUND, service=ServiceState.STOPPED, modules=(STORE,)),
        [(ERROR, "hsm.doctor.nothing_signs"), (INFO, "hsm.doctor.service_stopped")],
    ),
    "no module": (replace(FOUND, modules=()), [(ERROR, "hsm.doctor.no_module")]),
    "no reader": (FOUND, [(ERROR, "hsm.doctor.no_reader")]),
    "an empty reader": (
        replace(FOUND, readers=(replace(READER, occupied=False),)),
        [(ERROR, "hsm.doctor.no_token")],
    ),
    "a card that nobody knows": (
        replace(FOUND, readers=(replace(READER, trouble="CKR_TOKEN_NOT_RECOGNIZED"),)),
        [(WARNING, "hsm.doctor.card_unknown")],
    ),
    "a card that one of two modules knows": (
        replace(WELL, readers=(READER, replace(READER, module="X", trouble="0xE1"))),
        [],
    ),
    "another card that nobody knows": (
        replace(WELL, readers=(READER, replace(READER, name="B", trouble="0xE1"))),
        [(INFO, "hsm.doctor.card_unknown")],
    ),
    "a named module for 32 bits": (
        beside(broken(ProbeState.WRONG_ARCHITECTURE, origin=Origin.CONFIGURED)),
        [(ERROR, "hsm.module_architecture")],
    ),
    "a store without SoftHSM": (
        replace(WELL, modules=(MODULE, broken(ProbeState.UNLOADABLE, origin=None))),
        [(ERROR, "hsm.module_unusable")],
    ),
    "a found module that crashes": (
        beside(broken(ProbeState.CRASHED)),
        [(WARNING, "hsm.module_crashed")],
    ),
    "a module that hangs and has a twin that works": (
        beside(broken(ProbeState.HUNG, name="OpenSC")),
        [(INFO, "hsm.module_hung")],
    ),
    "a file whose name is only a hint": (
        beside(broken(ProbeState.NOT_PKCS11, confidence=Confidence.HINT)),
        [(INFO, "hsm.module_foreign")],
    ),
    "a module that the service stops": (beside(broken(ProbeState.SERVICE_DOWN)), []),
    "a named module that the service stops": (
        beside(broken(ProbeState.SERVICE_DOWN, origin=Origin.MODULE_PATH)),
        [(ERROR, "hsm.smart_card_service")],
    ),
    "a missing, a refusing, a lacking module": (
        beside(*map(broken, (ProbeState.MISSING, ProbeState.REFUSED, ProbeState.LACKS_DEPENDENCY))),
        [
            (WARNING, "hsm.module_missing"),
            (WARNING, "hsm.module_refused"),
            (WARNING, "hsm.module_dependency"),
        ],
    ),
    "two middlewares": (
        replace(WELL, tokens=(replace(TOKEN, also_in=("X",)),)),
        [(WARNING, "hsm.doctor.two_middlewares")],
    ),
    "a token that the home passes over": (
        replace(WELL, tokens=(replace(TOKEN, used=False),)),
        [(WARNING, "hsm.doctor.not_searched")],
    ),
    "a second one that the home passes over": (
        replace(WELL, tokens=(TOKEN, second(used=False))),
        [(INFO, "hsm.doctor.not_searched"), (INFO, "hsm.doctor.certificate_twice")],
    ),
    "p11-kit: not for Antin": (
        remark(Problem.TRUST, detail="trust-policy"),
        [(INFO, "hsm.doctor.p11kit_left_out")],
    ),
    "p11-kit: unreadable": (remark(Problem.UNREADABLE), [(WARNING, "hsm.doctor.p11kit_unread")]),
    "p11-kit: a line": (remark(Problem.LINE, line=3), [(WARNING, "hsm.doctor.p11kit_line")]),
    "locked": (with_token(pin_state=PINState.LOCKED), [(ERROR, "hsm.doctor.pin_locked")]),
    "the last try": (
        with_token(pin_state=PINState.FINAL_TRY),
        [(WARNING, "hsm.doctor.pin_final_try")],
    ),
    "mistyped": (
        with_token(pin_state=PINState.COUNT_LOW),
        [(WARNING, "hsm.doctor.pin_count_low")],
    ),
    "officer locked": (
        with_token(so_pin_state=PINState.LOCKED),
        [(WARNING, "hsm.doctor.officer_locked")],
    ),
    "officer's last try": (
        with_token(so_pin_state=PINState.FINAL_TRY),
        [(WARNING, "hsm.doctor.officer_final_try")],
    ),
    "officer mistyped": (
        with_token(so_pin_state=PINState.COUNT_LOW),
        [(INFO, "hsm.doctor.officer_count_low")],
    ),
    "no PIN": (with_token(pin_set=False), [(ERROR, "hsm.doctor.pin_not_set")]),
    "a pad": (with_token(protected_path=True), [(INFO, "hsm.doctor.pin_pad")]),
    "write-protected": (
        with_token(write_protected=True),
        [(INFO, "hsm.doctor.write_protected")],
    ),
    "not set up": (
        replace(WELL, tokens=(replace(BARE, token=replace(BARE.token, initialized=False)),)),
        [(WARNING, "hsm.doctor.not_initialized")],
    ),
    "one beside a good one is not set up": (
        replace(WELL, tokens=(TOKEN, second(certificates=(), keys=1))),
        [],
    ),
    "nothing on it": (
        replace(WELL, tokens=(BARE,)),
        [(ERROR, "hsm.doctor.no_certificate"), (WARNING, "hsm.doctor.token_empty")],
    ),
    "unreadable": (
        replace(
            WELL, tokens=(replace(BARE, error=DeviceFailedError(token=BARE.module, reason="0x30")),)
        ),
        [(ERROR, "hsm.device_failed")],
    ),
    "expired": (with_certificates(OLD), [(ERROR, "hsm.doctor.expired")]),
    "an old one beside its successor": (
        with_certificates(OLD, CERTIFICATE),
        [(INFO, "hsm.doctor.expired")],
    ),
    "not yet": (
        with_certificates(certificate(not_before=NOW + DAY)),
        [(ERROR, "hsm.doctor.not_yet_valid")],
    ),
    "29 days": (
        with_certificates(certificate(not_after=NOW + 29 * DAY)),
        [(WARNING, "hsm.doctor.expiring")],
    ),
    "59 days": (
        with_certificates(certificate(not_after=NOW + 59 * DAY)),
        [(INFO, "hsm.doctor.expiring")],
    ),
    "61 days": (with_certificates(certificate(not_after=NOW + 61 * DAY)), []),
    "another key": (
        with_certificates(certificate(key=KeySight.OTHER)),
        [(ERROR, "hsm.doctor.key_mismatch")],
    ),
    "a key of no use": (
        with_certificates(certificate(key=KeySight.UNUSABLE)),
        [(ERROR, "hsm.doctor.key_unusable")],
    ),
    "a key that hides": (
        with_certificates(certificate(key=KeySight.UNSEEN)),
        [(INFO, "hsm.doctor.key_unseen")],
    ),
    "an issuer's certificate without its key": (
        with_certificates(
            CERTIFICATE,
            certificate(
                fits=False, authority=True, key=KeySight.UNSEEN, sha256="03", key_sha256="0"
            ),
        ),
        [],
    ),
    "two for one key": (
        with_certificates(CERTIFICATE, TWIN),
        [(WARNING, "hsm.doctor.two_certificates")],
    ),
    "two for one key, one of them over": (
        with_certificates(CERTIFICATE, certificate(sha256="02" * 32, not_after=NOW - YEAR)),
        [(INFO, "hsm.doctor.expired")],
    ),
    "the same twice on one token": (with_certificates(CERTIFICATE, CERTIFICATE), []),
    "one on two tokens": (
        replace(WELL, tokens=(TOKEN, second())),
        [(INFO, "hsm.doctor.certificate_twice")],
    ),
    "none for documents": (
        with_certificates(certificate(fits=False)),
        [(ERROR, "hsm.doctor.no_certificate")],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_found_and_nothing_else(case):
    seen, expected = CASES[case]
    diagnosis = diagnose(seen)
    assert [(one.severity, one.code) for one in diagnosis.findings] == expected


def test_a_machine_that_is_well_has_nothing_to_mend():
    diagnosis = diagnose(WELL)
    assert (diagnosis.findings, diagnosis.able) == ((), True)
    assert diagnosis.seen.signers == ((TOKEN, CERTIFICATE),)


@pytest.mark.parametrize("case", CASES)
def test_who_cannot_sign_is_told_why(case):
    """No sentence of the page begins "not yet" without a reason behind it."""
    diagnosis = diagnose(CASES[case][0])
    if not diagnosis.able:
        assert diagnosis.findings[0].severity in {ERROR, WARNING}


@pytest.mark.parametrize(
    "case",
    [
        *("locked", "no PIN", "not set up", "unreadable", "nothing on it", "expired", "not yet"),
        *("another key", "a key of no use", "none for documents", "no reader"),
        "a token that the home passes over",
    ],
)
def test_what_keeps_from_signing_is_not_called_able(case):
    assert not diagnose(CASES[case][0]).able


@pytest.mark.parametrize(
    "case",
    ["the last try", "mistyped", "officer locked", "a pad", "a key that hides", "two middlewares"],
)
def test_what_is_only_to_be_known_keeps_nobody_from_signing(case):
    assert diagnose(CASES[case][0]).able


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("case", CASES)
def test_each_finding_has_a_sentence_and_an_advice(case, language):
    for one in diagnose(CASES[case][0]).findings:
        assert say(one.code, one.facts, language)
        assert say(f"{one.code}.hint", one.facts, language)


def test_every_finding_of_the_doctor_is_among_the_cases(checkout):
    source = (checkout / "pki/locale/en/hsm.po").read_text("utf-8")
    known = {line.split('"')[1] for line in source.splitlines() if 'msgid "hsm.doctor.' in line}
    met = {code for _, expected in CASES.values() for _, code in expected}
    assert {code for code in known if not code.endswith(".hint")} <= met


def test_where_a_token_is_seen_its_own_trouble_is_the_reason():
    """A module that is broken for itself is not why a locked token does not sign."""
    failing = broken(ProbeState.WRONG_ARCHITECTURE, origin=Origin.CONFIGURED)
    locked = replace(with_token(pin_state=PINState.LOCKED), modules=(MODULE, failing))
    assert diagnose(locked).findings[0].code == "hsm.doctor.pin_locked"
    nothing = replace(FOUND, modules=(MODULE, failing))
    assert diagnose(nothing).findings[0].code == "hsm.module_architecture"


def test_the_worst_comes_first():
    seen = replace(
        with_token(pin_state=PINState.LOCKED, protected_path=True),
        remarks=(ConfigFinding(Path("/x"), Problem.LINE),),
    )
    assert [one.severity for one in diagnose(seen).findings] == [ERROR, WARNING, INFO]
