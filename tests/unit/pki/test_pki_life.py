"""The life of a certificate: hold, release, revocation, a graver reason, and what was when.

Invariants 11 (what is revoked stays as it was told) and 13 (removeFromCRL; what can be released).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from pki_world import NOW, World

from pki import transitions
from pki.audit.verify import verify_audit
from pki.authority.history import Standing
from pki.authority.life import declare_compromise, hold, release
from pki.clock import FixedClock, whole_second
from pki.errors.authorities import AuthorityRevokedError
from pki.errors.certificates import (
    AlreadyRevokedError,
    CertificateHeldError,
    CertificateNotFoundError,
    HoldExpiredError,
    InvalidityDateError,
    NotHeldError,
    NotRevokedError,
    RevocationFinalError,
)
from pki.errors.clock import ClockBeforeRecordError
from pki.errors.lists import CRLRefusedError
from pki.errors.register import RegisterConflictError
from pki.errors.tree import PKIError
from pki.reasons import FINAL_REASONS
from pki.records.audit import AuditEvent
from pki.records.certificates import CertificateQuery, StatusChange, StatusKind
from pki.records.changes import ChangeStatus

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
Reason = x509.ReasonFlags
WHO = {"requester": "văn thư"}
ALL = CertificateQuery()


def wait(world: World, by: timedelta = DAY) -> None:
    assert isinstance(world.clock, FixedClock)
    world.clock.advance(by)


def entry(world: World, serial: int) -> x509.RevokedCertificate | None:
    return world.issuing.issue_crl().get_revoked_certificate_by_serial_number(serial)


def reason_of(one: x509.RevokedCertificate | None) -> x509.ReasonFlags | None:
    return one.extensions.get_extension_for_class(x509.CRLReason).value.reason if one else None


def answer(world: World, certificate: x509.Certificate) -> ocsp.OCSPResponse:
    builder = ocsp.OCSPRequestBuilder().add_certificate(
        certificate, world.issuing.issuer.certificate, hashes.SHA256()
    )
    asked = builder.build().public_bytes(Encoding.DER)
    return ocsp.load_der_ocsp_response(world.responder().respond(asked))


def standing(world: World, serial: int, before: timedelta = timedelta()) -> Standing:
    return world.issuing.status_at(serial, world.clock.now() - before).standing


def test_a_hold_is_told_everywhere_and_its_release_too(placed_world: World):
    world = placed_world
    certificate = world.issue()
    serial = certificate.serial_number
    held = hold(world.issuing, serial, **WHO)
    assert (held.kind, held.at, held.reason) == (StatusKind.HOLD, NOW, Reason.certificate_hold)
    on_list = entry(world, serial)
    assert reason_of(on_list) is Reason.certificate_hold
    assert on_list is not None
    assert on_list.revocation_date_utc == whole_second(NOW)
    told = answer(world, certificate)
    assert told.certificate_status is ocsp.OCSPCertStatus.REVOKED
    assert told.revocation_reason is Reason.certificate_hold
    assert told.revocation_time_utc == whole_second(NOW)
    wait(world)
    assert release(world.issuing, serial, **WHO).reason is Reason.remove_from_crl
    assert entry(world, serial) is None
    assert answer(world, certificate).certificate_status is ocsp.OCSPCertStatus.GOOD
    assert standing(world, serial) is Standing.GOOD
    assert standing(world, serial, SECOND) is Standing.HELD
    wait(world)
    hold(world.issuing, serial, **WHO)
    on_list = entry(world, serial)
    assert on_list is not None
    assert on_list.revocation_date_utc == whole_second(NOW + 2 * DAY)
    verify_audit(world.register)


@pytest.mark.parametrize("reason", sorted(FINAL_REASONS, key=str))
def test_what_ends_a_hold_keeps_its_date(placed_world: World, reason: x509.ReasonFlags):
    """X.509 §9.5.3.1: the date is that on which the certificate was put on hold."""
    world = placed_world
    certificate = world.issue()
    serial = certificate.serial_number
    hold(world.issuing, serial, **WHO)
    wait(world)
    revoked = world.issuing.revoke(serial, reason, invalidity_date=NOW - DAY)
    assert (revoked.revoked_at, revoked.reason) == (NOW, reason)
    on_list = entry(world, serial)
    assert on_list is not None
    assert on_list.revocation_date_utc == whole_second(NOW)
    since = on_list.extensions.get_extension_for_class(x509.InvalidityDate).value
    assert since.invalidity_date_utc == whole_second(NOW - DAY)
    told = answer(world, certificate)
    assert told.revocation_reason is (None if reason is Reason.unspecified else reason)
    # What was known on the day between stays what it was.
    between = world.issuing.status_at(serial, NOW + SECOND)
    assert (between.standing, between.reason) == (Standing.HELD, Reason.certificate_hold)
    now = world.issuing.status_at(serial, world.clock.now())
    assert (now.standing, now.revoked_at, now.reason) == (Standing.REVOKED, NOW, reason)
    assert now.invalidity_date == NOW - DAY
    changes = world.register.status_changes("issuing", serial)
    assert [(change.kind, change.at) for change in changes] == [
        (StatusKind.HOLD, NOW),
        (StatusKind.REVOKE, NOW + DAY),
    ]


@pytest.mark.parametrize("held", [False, True])
def test_a_reason_becomes_a_compromise_and_nothing_else(placed_world: World, held: bool):
    world = placed_world
    certificate = world.issue()
    serial = certificate.serial_number
    if held:
        hold(world.issuing, serial, **WHO)
    world.issuing.revoke(serial, Reason.superseded, invalidity_date=NOW - DAY)
    wait(world)
    declare_compromise(world.issuing, serial, **WHO)
    on_list = entry(world, serial)
    assert on_list is not None
    assert reason_of(on_list) is Reason.key_compromise
    assert on_list.revocation_date_utc == whole_second(NOW)
    assert answer(world, certificate).revocation_reason is Reason.key_compromise
    before, now = (world.issuing.status_at(serial, at) for at in (NOW, NOW + DAY))
    assert (before.reason, before.revoked_at) == (Reason.superseded, NOW)
    assert (now.reason, now.revoked_at) == (Reason.key_compromise, NOW)
    assert now.invalidity_date == before.invalidity_date == NOW - DAY


def test_a_compromise_may_say_since_when(world: World):
    serial = world.issue().serial_number
    world.issuing.revoke(serial, Reason.superseded)
    with pytest.raises(InvalidityDateError) as refused:
        declare_compromise(world.issuing, serial, invalidity_date=NOW + SECOND, **WHO)
    assert refused.value.facts == {"invalidity_date": NOW + SECOND, "now": NOW}
    declare_compromise(world.issuing, serial, invalidity_date=NOW - DAY, **WHO)
    on_list = entry(world, serial)
    assert on_list is not None
    since = on_list.extensions.get_extension_for_class(x509.InvalidityDate).value
    assert since.invalidity_date_utc == whole_second(NOW - DAY)


def test_an_invalidity_date_has_come(world: World):
    serial = world.issue().serial_number
    with pytest.raises(InvalidityDateError):
        world.issuing.revoke(serial, Reason.key_compromise, invalidity_date=NOW + SECOND)
    world.issuing.revoke(serial, Reason.key_compromise, invalidity_date=NOW)


Step = Callable[[World, int], object]


def do_hold(world: World, serial: int) -> object:
    return hold(world.issuing, serial, **WHO)


def do_release(world: World, serial: int) -> object:
    return release(world.issuing, serial, **WHO)


def do_revoke(world: World, serial: int) -> object:
    return world.issuing.revoke(serial, Reason.superseded)


def do_compromise(world: World, serial: int) -> object:
    return declare_compromise(world.issuing, serial, **WHO)


FORBIDDEN: list[tuple[tuple[Step, ...], Step, type[PKIError], str]] = [
    ((do_hold,), do_hold, CertificateHeldError, "pki.certificate_held"),
    ((do_revoke,), do_hold, AlreadyRevokedError, "pki.already_revoked"),
    ((), do_release, NotHeldError, "pki.not_held"),
    ((do_hold, do_release), do_release, NotHeldError, "pki.not_held"),
    ((do_revoke,), do_release, RevocationFinalError, "pki.revocation_final"),
    ((do_hold, do_revoke), do_release, RevocationFinalError, "pki.revocation_final"),
    ((do_revoke, do_compromise), do_release, RevocationFinalError, "pki.revocation_final"),
    ((do_revoke,), do_revoke, AlreadyRevokedError, "pki.already_revoked"),
    ((do_hold, do_revoke), do_revoke, AlreadyRevokedError, "pki.already_revoked"),
    ((do_revoke, do_compromise), do_revoke, AlreadyRevokedError, "pki.already_revoked"),
    ((), do_compromise, NotRevokedError, "pki.not_revoked"),
    ((do_hold,), do_compromise, NotRevokedError, "pki.not_revoked"),
    ((do_revoke, do_compromise), do_compromise, AlreadyRevokedError, "pki.already_revoked"),
]
ALLOWED: list[tuple[Step, ...]] = [
    (do_hold, do_release, do_hold, do_revoke, do_compromise),
    (do_revoke, do_compromise),
    (do_hold, do_release, do_revoke),
]


@pytest.mark.parametrize(("before", "step", "error", "code"), FORBIDDEN)
def test_what_does_not_follow_is_refused_and_leaves_no_trace(
    world: World, before: tuple[Step, ...], step: Step, error: type[PKIError], code: str
):
    serial = world.issue().serial_number
    for one in before:
        one(world, serial)
        wait(world)
    changes = world.register.status_changes("issuing", serial)
    listed = world.register.find_revocation("issuing", serial)
    entries = len(list(world.register.audit_entries()))
    with pytest.raises(error) as refused:
        step(world, serial)
    assert refused.value.code == code
    assert world.register.status_changes("issuing", serial) == changes
    assert world.register.find_revocation("issuing", serial) == listed
    assert len(list(world.register.audit_entries())) == entries


@pytest.mark.parametrize("steps", ALLOWED)
def test_what_follows_is_done(world: World, steps: tuple[Step, ...]):
    serial = world.issue().serial_number
    for step in steps:
        step(world, serial)
        wait(world)
    sequences = [one.sequence for one in world.register.status_changes("issuing", serial)]
    assert sequences == list(range(1, len(steps) + 1))


@pytest.mark.parametrize("reason", [Reason.ca_compromise, Reason.aa_compromise])
def test_no_reason_is_graver_than_a_compromise(world: World, reason: x509.ReasonFlags):
    serial = world.issue().serial_number
    world.issuing.revoke(serial, reason)
    with pytest.raises(AlreadyRevokedError):
        declare_compromise(world.issuing, serial, **WHO)


def test_only_what_was_issued_has_a_life(world: World):
    for step in (do_hold, do_release, do_compromise):
        with pytest.raises(CertificateNotFoundError):
            step(world, 1)


def test_what_has_expired_is_not_held_but_may_be_revoked(world: World):
    certificate = world.issue()
    serial = certificate.serial_number
    wait(world, certificate.not_valid_after_utc - world.clock.now())
    do_hold(world, serial)
    do_release(world, serial)
    wait(world, SECOND)
    with pytest.raises(HoldExpiredError) as refused:
        do_hold(world, serial)
    assert refused.value.facts["not_after"] == certificate.not_valid_after_utc
    do_revoke(world, serial)


@pytest.mark.parametrize("step", [do_hold, do_revoke])
def test_no_status_changes_before_what_was_recorded(world: World, step: Step):
    serial = world.issue().serial_number
    wait(world, -SECOND)
    with pytest.raises(ClockBeforeRecordError):
        step(world, serial)
    wait(world, SECOND)
    step(world, serial)


def test_an_authority_on_hold_issues_nothing(world: World):
    serial = world.issuing.issuer.certificate.serial_number
    hold(world.root, serial, **WHO)
    with pytest.raises(AuthorityRevokedError):
        world.issue()
    release(world.root, serial, **WHO)
    world.issue()


def test_two_at_once_are_one(world: World, monkeypatch: pytest.MonkeyPatch):
    """A hold comes, or goes, between the question of a revocation and its commit."""
    serial = world.issue().serial_number
    do_hold(world, serial)
    with monkeypatch.context() as patch:
        patch.setattr(world.register, "find_revocation", lambda *_: None)
        with pytest.raises(RegisterConflictError):
            do_revoke(world, serial)
    held = world.register.find_revocation("issuing", serial)
    do_release(world, serial)
    with monkeypatch.context() as patch:
        patch.setattr(world.register, "find_revocation", lambda *_: held)
        with pytest.raises(RegisterConflictError):
            do_revoke(world, serial)
    do_revoke(world, serial)


def test_no_change_is_recorded_before_one_that_stands(
    placed_world: World, monkeypatch: pytest.MonkeyPatch
):
    """A slow process read its clock before the other's change was recorded."""
    world = placed_world
    serial = world.issue().serial_number
    do_hold(world, serial)
    do_release(world, serial)
    monkeypatch.setattr("pki.authority.authority.present", lambda _, clock: clock.now())
    monkeypatch.setattr("pki.authority.life.present", lambda _, clock: clock.now())
    wait(world, -SECOND)
    for step in (do_hold, do_revoke):
        with pytest.raises(RegisterConflictError):
            step(world, serial)
    wait(world, SECOND)
    do_revoke(world, serial)


def test_the_register_holds_nothing_that_was_not_issued(placed_world: World):
    register = placed_world.register
    event = AuditEvent(NOW, "a", "certificate.hold")
    serial = placed_world.issue().serial_number
    for number, refused in ((serial + 1, True), (serial, False)):
        change = StatusChange("issuing", number, StatusKind.HOLD, NOW, Reason.certificate_hold)
        if refused:
            with pytest.raises(RegisterConflictError):
                register.commit([ChangeStatus(change)], event)
            assert register.status_changes("issuing", number) == ()
        else:
            register.commit([ChangeStatus(change)], event)


def test_a_list_says_how_far_it_reaches_over_every_change(placed_world: World):
    world = placed_world
    first, second = world.issue().serial_number, world.issue().serial_number
    for expected, step in enumerate((do_hold, do_release, do_revoke, do_compromise), start=1):
        step(world, first)
        changes = world.register.status_changes("issuing", first)
        assert changes[-1].sequence == expected
    do_hold(world, second)
    do_revoke(world, second)
    listed = world.register.list_revocations("issuing")
    assert [(one.serial, one.sequence) for one in listed] == [(first, 4), (second, 6)]


# Invariants with their guards taken away


def _revokes_twice(world: World) -> None:
    serial = world.issue().serial_number
    world.issuing.revoke(serial, Reason.key_compromise)
    listed = world.register.find_revocation("issuing", serial)
    with pytest.raises(AlreadyRevokedError):
        world.issuing.revoke(serial, Reason.superseded)
    assert world.register.find_revocation("issuing", serial) == listed


def _downgrades(world: World) -> None:
    serial = world.issue().serial_number
    world.issuing.revoke(serial, Reason.ca_compromise)
    with pytest.raises(AlreadyRevokedError):
        declare_compromise(world.issuing, serial, **WHO)


def _releases_a_compromise(world: World) -> None:
    serial = world.issue().serial_number
    world.issuing.revoke(serial, Reason.key_compromise)
    with pytest.raises(RevocationFinalError):
        release(world.issuing, serial, **WHO)
    assert reason_of(entry(world, serial)) is Reason.key_compromise


def _tells_a_release_in_a_full_list(world: World) -> None:
    serial = world.issue().serial_number
    hold(world.issuing, serial, **WHO)
    release(world.issuing, serial, **WHO)
    assert entry(world, serial) is None


@pytest.mark.parametrize(
    ("guarded", "kind"),
    [
        (_revokes_twice, StatusKind.REVOKE),
        (_downgrades, StatusKind.UPGRADE),
        (_releases_a_compromise, StatusKind.RELEASE),
    ],
)
def test_invariants_11_and_13_fall_with_their_guard(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    guarded: Callable[[World], None],
    kind: StatusKind,
):
    guarded(world)
    with monkeypatch.context() as patch:
        patch.setitem(transitions._CHECKS, kind, lambda *_: None)  # type: ignore[arg-type]
        with pytest.raises((pytest.fail.Exception, PKIError)):
            guarded(world)
    guarded(world)


def test_invariant_13_falls_where_a_release_is_listed(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    """A full list gets what a delta list tells; the gate stops it, and falls next."""
    _tells_a_release_in_a_full_list(world)
    entries = world.register.list_entries
    monkeypatch.setattr(
        world.register, "list_entries", lambda snapshot: entries(replace(snapshot, after=0))
    )
    with pytest.raises(CRLRefusedError, match=r"pki\.crl\.removed"):
        _tells_a_release_in_a_full_list(world)
    monkeypatch.setattr("pki.authority.crl.judge_crl", lambda *_: ())
    with pytest.raises(AssertionError):
        _tells_a_release_in_a_full_list(world)
