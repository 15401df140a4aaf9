"""The certificate that follows another, for the same key or a new one."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from pki_world import NOW, World, make_world, new_key, someone

from pki.authority.life import declare_compromise, hold, release
from pki.authority.renewal import GRACE, Following, rekey, renew
from pki.clock import FixedClock
from pki.errors.authorities import AuthorityRevokedError
from pki.errors.certificates import (
    CertificateNotFoundError,
    KeyCompromisedError,
    RekeySameKeyError,
    RenewExpiredError,
    RenewHeldError,
    RenewRevokedError,
)
from pki.errors.register import RegisterConflictError
from pki.errors.requests import KeyUsedElsewhereError, ProfileViolationError, SubjectInvalidError
from pki.profile import load_profile
from pki.records.certificates import serial_text
from pki.request import parse_request
from pki.subject import build_subject, subject_of

SECOND = timedelta(seconds=1)
Reason = x509.ReasonFlags
OFFICIAL = load_profile("official")
WHO = {"requester": "văn thư"}


def wait(world: World, by: timedelta) -> None:
    assert isinstance(world.clock, FixedClock)
    world.clock.advance(by)


def follow(world: World, certificate: x509.Certificate) -> x509.Certificate:
    return renew(world.issuing, Following(certificate.serial_number, OFFICIAL, **WHO))


def test_a_renewal_is_the_same_key_and_holder_for_three_years(world: World):
    subject = build_subject(
        [("C", "VN"), ("O", "Sở Y tế"), ("OU", "Phòng A"), ("OU", "Phòng B"), ("CN", "Lê, Thị =B"),
         ("UID", "CCCD:001090000001"), ("E", "b@example.vn"), ("E", "le.b@example.vn")]
    )  # fmt: skip
    first = world.issue(subject=subject)
    wait(world, timedelta(days=30))
    second = follow(world, first)
    assert second.public_key() == first.public_key()
    assert second.subject.public_bytes() == first.subject.public_bytes()
    assert subject_of(second) == subject_of(first) == subject
    assert second.serial_number != first.serial_number
    assert second.not_valid_before_utc == (NOW + timedelta(days=30)).replace(microsecond=0)
    assert second.not_valid_after_utc == second.not_valid_before_utc.replace(year=2029) - SECOND
    # The one before stays what it was.
    assert world.register.find_revocation("issuing", first.serial_number) is None
    *_, entry = world.register.audit_entries()
    facts = json.loads(entry.content)
    assert serial_text(first.serial_number) in json.dumps(facts)


@pytest.mark.parametrize("day", [datetime(2028, 2, 29, tzinfo=UTC), NOW])
def test_three_years_are_calendar_years(tmp_path: Path, day: datetime):
    world = make_world(tmp_path, FixedClock(day))
    certificate = world.issue()
    renewed = follow(world, certificate)
    last = day.replace(year=day.year + 3, day=min(day.day, 28), microsecond=0) - SECOND
    assert renewed.not_valid_after_utc == last
    world.register.close()


def test_a_shorter_profile_stays_shorter(world: World):
    profile = load_profile("ocsp")
    certificate = world.issue("ocsp")
    renewed = renew(world.issuing, Following(certificate.serial_number, profile, **WHO))
    assert renewed.not_valid_after_utc == certificate.not_valid_after_utc


def test_a_rekey_is_a_new_key_of_the_same_holder(world: World):
    first = world.issue(subject=someone(E="a@example.vn"))
    key = new_key()
    csr = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    der = csr.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    for source in (parse_request(der), new_key().public_key()):
        second = rekey(
            world.issuing, Following(first.serial_number, OFFICIAL, requester="văn thư"), source
        )
        assert subject_of(second) == subject_of(first)
        assert second.public_key() != first.public_key()
        assert second.not_valid_after_utc == first.not_valid_after_utc
    with pytest.raises(RekeySameKeyError) as refused:
        rekey(world.issuing, Following(first.serial_number, OFFICIAL, **WHO), first.public_key())  # type: ignore[arg-type]  # a subscriber's key
    assert refused.value.facts["serial"] == serial_text(first.serial_number)


def test_nobody_elses_key_comes_in_by_a_rekey(world: World):
    first, other = world.issue(), world.issue()
    key = other.public_key()
    with pytest.raises(KeyUsedElsewhereError):
        rekey(world.issuing, Following(first.serial_number, OFFICIAL, **WHO), key)  # type: ignore[arg-type]  # as above


def test_the_revoked_and_the_held_are_not_followed(world: World):
    certificate = world.issue()
    serial = certificate.serial_number
    new = new_key().public_key()
    hold(world.issuing, serial, **WHO)
    with pytest.raises(RenewHeldError):
        follow(world, certificate)
    with pytest.raises(RenewHeldError):
        rekey(world.issuing, Following(serial, OFFICIAL, **WHO), new)
    release(world.issuing, serial, **WHO)
    follow(world, certificate)
    world.issuing.revoke(serial, Reason.affiliation_changed)
    with pytest.raises(RenewRevokedError) as refused:
        follow(world, certificate)
    assert refused.value.facts["revoked_at"] == NOW
    with pytest.raises(RenewRevokedError):
        rekey(world.issuing, Following(serial, OFFICIAL, **WHO), new)


def test_the_expired_are_followed_for_a_while(world: World):
    certificate = world.issue()
    end = certificate.not_valid_after_utc + GRACE
    wait(world, end - world.clock.now())
    follow(world, certificate)
    wait(world, SECOND)
    with pytest.raises(RenewExpiredError) as refused:
        follow(world, certificate)
    assert refused.value.facts["days"] == 30


def test_the_profile_is_asked_again(world: World):
    certificate = world.issue(subject=someone(T="Giám đốc"))
    stricter = OFFICIAL.model_copy(
        update={"subject": OFFICIAL.subject.model_copy(update={"optional": ()})}
    )
    with pytest.raises(ProfileViolationError, match="may_not_have"):
        renew(world.issuing, Following(certificate.serial_number, stricter, **WHO))
    with pytest.raises(ProfileViolationError, match="not_this_one"):
        renew(world.issuing, Following(certificate.serial_number, load_profile("agency"), **WHO))
    follow(world, certificate)


def test_authorities_are_not_renewed_as_subscribers(world: World):
    serial = world.issuing.issuer.certificate.serial_number
    with pytest.raises(ProfileViolationError, match="makes_authority"):
        renew(world.root, Following(serial, load_profile("issuing"), **WHO))


def test_nobody_is_renewed_by_who_may_not(world: World):
    certificate = world.issue()
    with pytest.raises(CertificateNotFoundError):
        renew(world.root, Following(certificate.serial_number, OFFICIAL, **WHO))
    world.root.revoke(world.issuing.issuer.certificate.serial_number, Reason.superseded)
    with pytest.raises(AuthorityRevokedError):
        follow(world, certificate)


def test_a_revocation_that_comes_between_stops_a_renewal(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    certificate = world.issue()
    world.issuing.revoke(certificate.serial_number, Reason.superseded)
    with monkeypatch.context() as patch:
        patch.setattr(world.register, "find_revocation", lambda *_: None)
        with pytest.raises(RegisterConflictError):
            follow(world, certificate)
    assert len(list(world.register.audit_entries())) == ENTRIES_BEFORE + 3
    follow(world, world.issue())


ENTRIES_BEFORE = 4
"""Of a world: two authorities, each reserved and issued."""


@pytest.mark.parametrize("later", [False, True])
def test_a_compromised_key_certifies_nobody(world: World, later: bool):
    key, subject = new_key(), someone()
    serial = world.issue(key=key, subject=subject).serial_number
    world.issuing.revoke(serial, Reason.superseded if later else Reason.key_compromise)
    if later:
        world.issue(key=key, subject=subject)
        declare_compromise(world.issuing, serial, **WHO)
    with pytest.raises(KeyCompromisedError) as refused:
        world.issue(key=key, subject=subject)
    assert refused.value.facts == {"issuer": "issuing", "serial": serial_text(serial)}
    world.issue(subject=subject)


def test_a_name_that_is_not_ours_is_not_taken_over(world: World):
    key = new_key()
    odd = x509.Name([x509.NameAttribute(x509.NameOID.DN_QUALIFIER, "x")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(odd)
        .issuer_name(odd)
        .public_key(key.public_key())  # type: ignore[arg-type]  # P-256
        .serial_number(5)
        .not_valid_before(NOW)
        .not_valid_after(NOW + SECOND)
        .sign(key, hashes.SHA256())  # type: ignore[arg-type]  # as above
    )
    with pytest.raises(SubjectInvalidError):
        subject_of(certificate)
    assert subject_of(world.issue(subject=replace(someone(), mail=()))).mail == ()
