"""Revocation, lists, and what a status was at a moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from pki_world import NOW, World, new_key

from pki import der
from pki.authority import crl as crl_module
from pki.authority.authority import Authority
from pki.authority.crl_der import CRLContent, encode_entries, encode_tbs
from pki.authority.history import Standing
from pki.clock import FixedClock
from pki.errors.certificates import (
    AlreadyRevokedError,
    CertificateNotFoundError,
    RevocationReasonError,
)
from pki.errors.clock import ClockBeforeRecordError
from pki.errors.issuing import SignatureMismatchError
from pki.errors.lists import CRLRefusedError
from pki.errors.register import RegisterConflictError
from pki.keys import algorithm_der, sign_data
from pki.reasons import FINAL_REASONS, parse_reason
from pki.records.audit import AuditEvent
from pki.records.certificates import CertificateState, RevocationRecord, serial_text
from pki.records.changes import StoreCRL

SECOND = timedelta(seconds=1)
Reason = x509.ReasonFlags


def advance(world: World, by: timedelta) -> None:
    assert isinstance(world.clock, FixedClock)
    world.clock.advance(by)


def test_a_revocation_is_recorded_and_final(world: World):
    serial = world.issue().serial_number
    since = NOW - timedelta(days=3)
    first = world.issuing.revoke(serial, Reason.key_compromise, invalidity_date=since)
    assert (first.revoked_at, first.reason, first.invalidity_date) == (
        NOW,
        Reason.key_compromise,
        since,
    )
    advance(world, SECOND)
    with pytest.raises(AlreadyRevokedError) as refused:
        world.issuing.revoke(serial, Reason.superseded)
    assert refused.value.facts["revoked_at"] == NOW
    assert world.register.find_revocation("issuing", serial) == replace(first, sequence=1)
    record = world.register.find_certificate("issuing", serial)
    assert record is not None
    assert record.state is CertificateState.REVOKED


def test_the_register_refuses_where_the_question_before_sleeps(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    """Two processes revoke at once: both find nothing, one is refused by the transaction."""
    serial = world.issue().serial_number
    world.issuing.revoke(serial, Reason.superseded)
    with monkeypatch.context() as patch:
        patch.setattr(world.register, "find_revocation", lambda *_: None)
        with pytest.raises(AlreadyRevokedError):
            world.issuing.revoke(serial, Reason.key_compromise)
    found = world.register.find_revocation("issuing", serial)
    assert found is not None
    assert found.reason is Reason.superseded


def test_what_was_not_issued_is_not_revoked(world: World):
    for serial in (1, world.issuing.issuer.certificate.serial_number):
        with pytest.raises(CertificateNotFoundError):
            world.issuing.revoke(serial, Reason.superseded)


@pytest.mark.parametrize("reason", [Reason.certificate_hold, Reason.remove_from_crl])
def test_a_hold_is_no_revocation(world: World, reason: x509.ReasonFlags):
    with pytest.raises(RevocationReasonError):
        world.issuing.revoke(world.issue().serial_number, reason)


def test_reasons_have_names():
    assert {parse_reason(reason.value) for reason in FINAL_REASONS} == FINAL_REASONS
    assert parse_reason("keyCompromise") is Reason.key_compromise
    for name in ("removeFromCRL", "certificateHold", "keycompromise", ""):
        with pytest.raises(RevocationReasonError):
            parse_reason(name)


def test_a_list_says_what_it_must(world: World):
    certificates = {reason: world.issue() for reason in FINAL_REASONS}
    for reason, certificate in certificates.items():
        world.issuing.revoke(certificate.serial_number, reason, invalidity_date=NOW)
    good = world.issue()
    crl = world.issuing.issue_crl()
    issuer = world.issuing.issuer.certificate
    assert crl.is_signature_valid(issuer.public_key())
    assert crl.issuer.public_bytes() == issuer.subject.public_bytes()
    assert crl.get_revoked_certificate_by_serial_number(good.serial_number) is None
    for reason, certificate in certificates.items():
        entry = crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
        assert entry is not None
        assert entry.revocation_date_utc == NOW.replace(microsecond=0)
        told = [e.value.reason for e in entry.extensions if isinstance(e.value, x509.CRLReason)]
        assert told == ([] if reason is Reason.unspecified else [reason])
        invalid = entry.extensions.get_extension_for_class(x509.InvalidityDate)
        assert invalid.value.invalidity_date_utc == NOW.replace(microsecond=0)
    extensions = {extension.oid.dotted_string: extension for extension in crl.extensions}
    assert extensions.keys() == {"2.5.29.20", "2.5.29.35", "2.5.29.60"}
    assert not any(extension.critical for extension in extensions.values())
    key = crl.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    own = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    assert key.key_identifier == own.digest


@pytest.mark.parametrize(("name", "days"), [("root", 180), ("issuing", 7)])
def test_a_list_lasts_as_its_profile_says(world: World, name: str, days: int):
    authority: Authority = getattr(world, name)
    crl = authority.issue_crl()
    assert crl.last_update_utc == NOW.replace(microsecond=0)
    assert crl.next_update_utc == crl.last_update_utc + timedelta(days=days)
    assert len(crl) == 0


def number(crl: x509.CertificateRevocationList) -> int:
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def test_numbers_rise_and_the_newest_is_kept(world: World):
    lists = [world.issuing.issue_crl() for _ in range(3)]
    assert [number(crl) for crl in lists] == [1, 2, 3]
    assert number(world.root.issue_crl()) == 1
    newest = world.register.newest_crl("issuing")
    assert newest is not None
    assert newest.der == lists[-1].public_bytes(Encoding.DER)
    with pytest.raises(RegisterConflictError):
        world.register.commit([StoreCRL(newest)], AuditEvent(NOW, "a", "crl.issue"))


def test_two_processes_never_store_lists_out_of_order(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    """The other process reserves and stores its list between our reservation and our commit."""
    world.issuing.issue_crl()
    commit = world.register.commit

    def late(changes, event):
        if event.action == "crl.issue":
            monkeypatch.setattr(world.register, "commit", commit)
            assert number(world.issuing.issue_crl()) == 3
        commit(changes, event)

    monkeypatch.setattr(world.register, "commit", late)
    with pytest.raises(RegisterConflictError):
        world.issuing.issue_crl()
    assert number(world.issuing.issue_crl()) == 4


def test_a_list_knows_how_far_it_reaches(world: World):
    for expected in (1, 2):
        world.issuing.revoke(world.issue().serial_number, Reason.superseded)
        world.issuing.issue_crl()
        newest = world.register.newest_crl("issuing")
        assert newest is not None
        assert newest.last_sequence == expected


def test_the_expired_stay_listed(world: World):
    certificate = world.issue()
    world.issuing.revoke(certificate.serial_number, Reason.key_compromise)
    advance(world, timedelta(days=5 * 366))
    crl = world.issuing.issue_crl()
    assert crl.get_revoked_certificate_by_serial_number(certificate.serial_number) is not None
    (since,) = (e for e in crl.extensions if e.oid.dotted_string == "2.5.29.60")
    issued = world.issuing.issuer.certificate.not_valid_before_utc
    assert since.value.value == der.generalized_time(issued)  # type: ignore[attr-defined]


def test_a_list_never_goes_back_in_time(world: World, monkeypatch: pytest.MonkeyPatch):
    world.issuing.issue_crl()
    monkeypatch.setattr("pki.authority.crl.present", lambda _, clock: clock.now())
    advance(world, -SECOND)
    with pytest.raises(ClockBeforeRecordError):
        world.issuing.issue_crl()


@pytest.mark.parametrize(
    "spoilt",
    [lambda *_, **__: b"\x00" * 70, lambda _, data, **more: sign_data(new_key(), data, **more)],
    ids=["nonsense", "another key"],
)
def test_a_list_that_does_not_verify_is_not_stored(
    world: World, monkeypatch: pytest.MonkeyPatch, spoilt
):
    monkeypatch.setattr(crl_module, "sign_data", spoilt)
    with pytest.raises(SignatureMismatchError, match="not verify"):
        world.issuing.issue_crl()
    assert world.register.newest_crl("issuing") is None


def test_a_list_that_is_another_is_not_stored(world: World, monkeypatch: pytest.MonkeyPatch):
    encode = crl_module.encode_tbs
    monkeypatch.setattr(crl_module, "encode_tbs", lambda _: b"\x30\x00")
    with pytest.raises(SignatureMismatchError, match="read back"):
        world.issuing.issue_crl()
    other = world.root.issuer.certificate.subject
    monkeypatch.setattr(crl_module, "encode_tbs", lambda c: encode(replace(c, issuer=other)))
    with pytest.raises(CRLRefusedError, match=r"pki\.crl\.issuer"):
        world.issuing.issue_crl()


def test_the_direct_list_is_the_builders_list(world: World):
    """Octet for octet what cryptography's builder writes, over all reasons and both time forms."""
    key, name = new_key(), world.issuing.issuer.certificate.subject
    late = datetime(2050, 1, 1, tzinfo=UTC)
    revocations = tuple(
        RevocationRecord("issuing", serial, reason, when, invalid)
        for serial, (reason, when, invalid) in enumerate(
            [
                *((reason, NOW, None) for reason in sorted(FINAL_REASONS, key=str)),
                (Reason.key_compromise, late, late),
                (Reason.unspecified, NOW, NOW),
                (Reason.unspecified, NOW, None),
            ],
            start=2**127 - 3,
        )
    )
    authority_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    assert authority_key.key_identifier
    begin = NOW.replace(microsecond=0)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(name)
        .last_update(begin)
        .next_update(late)
        .add_extension(authority_key, critical=False)
        .add_extension(x509.CRLNumber(2**40), critical=False)
        .add_extension(
            x509.UnrecognizedExtension(
                x509.ObjectIdentifier("2.5.29.60"), der.generalized_time(begin)
            ),
            critical=False,
        )
    )
    for revocation in revocations:
        entry = (
            x509.RevokedCertificateBuilder()
            .serial_number(revocation.serial)
            .revocation_date(revocation.revoked_at.replace(microsecond=0))
        )
        if revocation.reason is not Reason.unspecified:
            entry = entry.add_extension(x509.CRLReason(revocation.reason), critical=False)
        if revocation.invalidity_date:
            invalid = x509.InvalidityDate(revocation.invalidity_date.replace(microsecond=0))
            entry = entry.add_extension(invalid, critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    content = CRLContent(
        issuer=name,
        key_identifier=authority_key.key_identifier,
        algorithm=algorithm_der(key),
        number=2**40,
        this_update=begin,
        next_update=late,
        expired_since=begin,
        entries=encode_entries(
            (
                serial_text(one.serial),
                one.reason.value,
                one.revoked_at.replace(tzinfo=None),
                one.invalidity_date and one.invalidity_date.replace(tzinfo=None),
            )
            for one in revocations
        ),
    )
    assert encode_tbs(content) == builder.sign(key, hashes.SHA256()).tbs_certlist_bytes


def test_a_status_is_told_for_any_moment(world: World):
    certificate = world.issue()
    serial = certificate.serial_number
    advance(world, timedelta(days=1))
    revocation = world.issuing.revoke(serial, Reason.superseded)
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    assert [
        world.issuing.status_at(serial, at).standing
        for at in (begin - SECOND, begin, revocation.revoked_at - SECOND, revocation.revoked_at)
    ] == [Standing.NOT_YET_VALID, Standing.GOOD, Standing.GOOD, Standing.REVOKED]
    late = world.issuing.status_at(serial, end + SECOND)
    assert (late.standing, late.reason) == (Standing.REVOKED, Reason.superseded)
    other = world.issue()
    after = other.not_valid_after_utc
    assert world.issuing.status_at(other.serial_number, after).standing is Standing.GOOD
    assert world.issuing.status_at(other.serial_number, after + SECOND).standing is Standing.EXPIRED
    assert world.issuing.status_at(1, NOW).standing is Standing.UNKNOWN
