"""A register that was damaged past its guards: the look says which invariant no longer holds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from pki_engines import Place, Run
from pki_world import NOW, PUBLIC_URL, World, make_world, new_authority, new_key, someone

from cli.selftest.look import Look, Seen
from pki.authority import issuance
from pki.authority.authority import Authority
from pki.authority.create import create_issuing, create_root
from pki.authority.cross import cross_certify
from pki.authority.life import declare_compromise, hold, release
from pki.authority.rollover import link_roots
from pki.errors.register import RegisterUnreachableError
from pki.lint import linter
from pki.profile import load_profile
from pki.records.certificates import CertificateQuery, serial_text
from pki.register import changes, status
from pki.register.inspection import (
    changed_serials,
    deletable,
    missing_guards,
    unreadable_serials,
)
from pki.register.tables import CERTIFICATES
from pki.strength import spki_sha256
from pki.subject import subject_of
from pki.urls import AuthorityURLs
from pki.words import Language, say

ONE = "serial = (SELECT max(serial) FROM certificates WHERE state = 'issued')"
ISSUED = f"UPDATE certificates SET {{}} WHERE {ONE}"
DAMAGE = {
    "serial in short": (2, ISSUED.format("serial = '05'")),
    "other bytes recorded": (3, ISSUED.format("tbs_der = x'3000'")),
    "reserved after it began": (4, ISSUED.format("reserved_at = '2001-01-01 00:00:00.000000'")),
    "another key": (6, ISSUED.format("spki_sha256 = '00'")),
    "another person": (7, ISSUED.format("subject = 'CN=?'")),
    "no certificate": (10, ISSUED.format("der = x'3000'")),
    "another fingerprint": (10, ISSUED.format("fingerprint = '00'")),
    "revoked by state alone": (18, ISSUED.format("state = 'revoked'")),
    "list without a revocation": (
        12,
        "UPDATE crls SET last_sequence = 9 WHERE base_number IS NULL",
    ),
    "revocation gone": (18, "DELETE FROM revocations"),
    "revoked on another day": (
        11,
        "UPDATE revocations SET revoked_at = '2020-01-01 00:00:00.000000'",
    ),
    "revoked for another reason": (11, "UPDATE revocations SET reason = 'keyCompromise'"),
    "numbers gone": (14, "DELETE FROM crl_numbers"),
    "revocation ended": (
        13,
        (
            "INSERT INTO status_changes (sequence, issuer, serial, kind, at, reason)"
            " SELECT 99, issuer, serial, 'release', revoked_at, 'removeFromCRL' FROM revocations"
            " WHERE sequence = (SELECT max(sequence) FROM revocations)"
        ),
    ),
    "release of nothing": (13, "DELETE FROM status_changes WHERE kind = 'hold'"),
    "hold that was a compromise": (
        13,
        "UPDATE status_changes SET reason = 'keyCompromise' WHERE kind = 'hold'",
    ),
    "held twice": (11, "UPDATE status_changes SET kind = 'hold' WHERE kind = 'release'"),
    "list unreadable": (15, "UPDATE crls SET der = x'3000'"),
    "delta that reaches less far": (
        16,
        "UPDATE crls SET last_sequence = last_sequence - 1 WHERE base_number IS NOT NULL",
    ),
    "entry gone": (21, "DELETE FROM audit WHERE sequence = 3"),
    "reservations gone": (1, "DELETE FROM audit WHERE sequence > 6"),
    "issuing untold": (20, "DELETE FROM audit WHERE sequence > 6"),
}


@pytest.fixture
def lived(tmp_path: Path, place: Place) -> Iterator[World]:
    """An administration with a revocation, a released hold, full lists and a delta list."""
    world = make_world(tmp_path, place=place.url, delta_hours=1)
    revoked, held, _ = (world.issue().serial_number for _ in range(3))
    hold(world.issuing, held, requester="văn thư")
    world.issuing.revoke(revoked, x509.ReasonFlags.superseded)
    world.issuing.issue_crl()
    world.issuing.issue_crl()
    release(world.issuing, held, requester="văn thư")
    world.issuing.issue_crl(delta=True)
    world.issuing.revoke(world.issue().serial_number, x509.ReasonFlags.superseded)
    yield world
    world.register.close()


def look(world: World, place: Place, **later: float) -> Seen:
    seen = Look(world.register, place.url, NOW + timedelta(**later)).run()
    for found in seen.findings.values():
        for one in found:
            assert say(one.id, one.facts, Language.VI) != say(one.id, one.facts, Language.EN)
    return seen


@contextmanager
def past_guards(place: Place) -> Iterator[Run]:
    """Give what runs statements where nothing is kept from damage any more."""
    with place.raw() as run:
        if place.engine == "sqlite":
            run("PRAGMA foreign_keys = OFF")
        else:
            run("SET session_replication_role = replica")
        place.drop_guards(run)
        yield run


def test_a_sound_register_is_sound(lived, place):
    seen = look(lived, place)
    assert not seen.findings
    assert seen.certificates == 6


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_past_the_guards_is_found(lived, place, damage):
    number, statement = DAMAGE[damage]
    with past_guards(place) as run:
        run(statement)
    found = look(lived, place).findings
    assert found[number], found
    assert found[22], "the guards are gone"


ODD = ("zz", "ABCD", "abc", "", "00ab")
"""Not hexadecimal, in capitals, of half an octet, empty, padded."""


@pytest.mark.parametrize("serial", ODD)
@pytest.mark.parametrize("table", ["certificates", "revocations"])
def test_a_serial_that_cannot_be_read_is_found(lived, place, serial, table):
    with past_guards(place) as run:
        where = "(SELECT max(serial) FROM revocations)"
        run(f"UPDATE {table} SET serial = '{serial}' WHERE serial = {where}")
    assert set(look(lived, place).findings) == {19}


def test_a_weak_key_is_found(lived, place):
    weak = rsa.generate_private_key(65537, 1024)  # noqa: S505  to be found
    record = lived.register.find_certificates(CertificateQuery(profile="official"))[-1]
    good = x509.load_der_x509_certificate(record.der)
    builder = x509.CertificateBuilder(
        good.issuer,
        good.subject,
        weak.public_key(),
        good.serial_number,
        *(good.not_valid_before_utc, good.not_valid_after_utc),
        list(good.extensions),
    )
    forged = builder.sign(lived.issuing.issuer.key, hashes.SHA256())
    values = {
        "der": f"x'{forged.public_bytes(Encoding.DER).hex()}'",
        "tbs_der": f"x'{forged.tbs_certificate_bytes.hex()}'",
        "fingerprint": f"'{forged.fingerprint(hashes.SHA256()).hex()}'",
        "spki_sha256": f"'{spki_sha256(weak.public_key())}'",
    }
    with past_guards(place) as run:
        told = ", ".join(f"{name} = {value}" for name, value in values.items())
        run(f"UPDATE certificates SET {told} WHERE serial = '{serial_text(record.serial)}'")
    assert set(look(lived, place).findings) == {5, 22}


def revoked_for_compromise(world: World) -> int:
    serial = world.issue().serial_number
    hold(world.issuing, serial, requester="văn thư")
    world.issuing.revoke(serial, x509.ReasonFlags.key_compromise)
    return serial


def test_a_compromise_that_was_undone_everywhere_but_in_the_log_is_found(lived, place):
    """As if it had never been held or revoked; no list of ours tells of it any more, either."""
    serial = revoked_for_compromise(lived)
    assert not look(lived, place).findings
    with past_guards(place) as run:
        for table in ("status_changes", "revocations"):
            run(f"DELETE FROM {table} WHERE serial = '{serial_text(serial)}'")
        run(f"UPDATE certificates SET state = 'issued' WHERE serial = '{serial_text(serial)}'")
    assert set(look(lived, place).findings) == {13, 22}


def test_a_compromise_made_a_hold_again_is_found(lived, place):
    serial = serial_text(revoked_for_compromise(lived))
    with past_guards(place) as run:
        run(f"DELETE FROM revocations WHERE serial = '{serial}'")
        run(f"DELETE FROM status_changes WHERE serial = '{serial}' AND kind = 'revoke'")
        run(f"UPDATE certificates SET state = 'issued' WHERE serial = '{serial}'")
    assert set(look(lived, place).findings) == {13, 22}


def test_a_compromise_that_was_released_is_found(lived, place, monkeypatch):
    """Past the guards and by the program itself, so the log tells of it."""
    serial = revoked_for_compromise(lived)
    with past_guards(place):
        monkeypatch.setattr(status, "check_transition", lambda *_: None)
        release(lived.issuing, serial, requester="văn thư")
        monkeypatch.undo()
    found = look(lived, place).findings
    assert set(found) == {13, 22}
    told = [say(one.id, one.facts, Language.EN) for one in found[13]]
    assert len(told) == 2, "by the log, and by the history"
    monkeypatch.setattr(Look, "_look_at_histories", lambda _: None)
    assert len(look(lived, place).findings[13]) == 1


def test_lives_that_may_be_led_are_sound(lived, place):
    """Holds that ended, came again, became revocations, and graver ones."""
    one, two, three = (lived.issue().serial_number for _ in range(3))
    for serial in (one, two):
        hold(lived.issuing, serial, requester="văn thư")
        release(lived.issuing, serial, requester="văn thư")
        hold(lived.issuing, serial, requester="văn thư")
    lived.issuing.revoke(two, x509.ReasonFlags.superseded)
    lived.issuing.revoke(three, x509.ReasonFlags.superseded)
    for serial in (two, three):
        declare_compromise(lived.issuing, serial, requester="văn thư")
    assert not look(lived, place).findings


def with_key_of(authority: Authority, monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    """Certify an authority's own key as an official's who is called like the authority."""
    nobody = changes._FIND_HOLDERS.where(CERTIFICATES.c.serial == 0)
    monkeypatch.setattr(changes, "_FIND_HOLDERS", nobody)
    monkeypatch.setattr(issuance, "check_no_authority", lambda *_, **__: None)
    subject = subject_of(authority.issuer.certificate)
    world.issuing.issue(
        authority.issuer.key.public_key(), load_profile("official"), subject, requester="văn thư"
    )
    monkeypatch.undo()


@pytest.mark.parametrize("whose", ["root", "issuing"])
def test_an_authority_s_key_in_another_s_hand_is_found(lived, place, monkeypatch, whose):
    with_key_of(getattr(lived, whose), monkeypatch, lived)
    assert set(look(lived, place).findings) == {5}
    monkeypatch.setattr(Look, "_is_misused", lambda *_: False)
    assert not look(lived, place).findings, "nothing else tells"


def test_an_authority_s_key_under_another_name_is_found(lived, place, monkeypatch):
    """An authority's certificate, but not the one whose key it is."""
    nobody = changes._FIND_HOLDERS.where(CERTIFICATES.c.serial == 0)
    monkeypatch.setattr(changes, "_FIND_HOLDERS", nobody)
    monkeypatch.setattr(issuance, "check_no_authority", lambda *_, **__: None)
    create_issuing(lived.root, new_authority("other", "issuing", key=lived.issuing.issuer.key))
    monkeypatch.undo()
    own = [one for one in lived.register.list_authorities() if one.name != "other"]
    monkeypatch.setattr(lived.register, "list_authorities", lambda: tuple(own))
    assert set(look(lived, place).findings) == {5, 6}


def test_authorities_that_certify_each_other_are_sound(lived, place):
    new = create_root(new_authority("root-2", "root"), lived.register, lived.clock)
    link_roots(lived.root, new, load_profile("root"), requester="quản trị")
    issuing = lived.issuing.issuer.certificate
    cross_certify(new, issuing, load_profile("cross"), requester="quản trị")
    assert not look(lived, place).findings


def test_a_removal_on_a_full_list_is_found(lived, place):
    key, newest = lived.issuing.issuer.key, lived.register.newest_crl("issuing")
    good = x509.load_der_x509_crl(newest.der)
    builder = x509.CertificateRevocationListBuilder(
        good.issuer, good.last_update_utc, good.next_update_utc, list(good.extensions)
    )
    for entry in good:
        removal = x509.CRLReason(x509.ReasonFlags.remove_from_crl)
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder(
                entry.serial_number,
                entry.revocation_date_utc,
                [x509.Extension(removal.oid, False, removal)],
            ).build()
        )
    forged = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    with past_guards(place) as run:
        run(f"UPDATE crls SET der = x'{forged.hex()}' WHERE number = {newest.number}")
    assert look(lived, place).findings[13]


def test_each_guard_is_missed(lived, place):
    assert not missing_guards(place.url)
    assert not deletable(place.url)
    with place.raw() as run:
        if place.engine == "sqlite":
            run("DROP TRIGGER audit_no_delete")
        else:
            run("ALTER TABLE audit DISABLE TRIGGER audit_no_delete")
    assert missing_guards(place.url) == ("audit_no_delete",)
    assert deletable(place.url) == ("audit",)
    assert set(look(lived, place).findings) == {22}


@pytest.mark.usefixtures("lived")
def test_a_guard_that_was_emptied_is_missed(place):
    with place.raw() as run:
        if place.engine == "sqlite":
            run("DROP TRIGGER crls_rise")
            run("CREATE TRIGGER crls_rise BEFORE INSERT ON crls WHEN FALSE BEGIN SELECT 1; END")
        else:
            body = "BEGIN RETURN NEW; END"
            run(
                "CREATE OR REPLACE FUNCTION antin_rising_crls() RETURNS trigger LANGUAGE plpgsql"
                f" AS $$ {body} $$"
            )
    assert missing_guards(place.url) in {("crls_rise",), ("antin_rising_crls",)}


def test_without_a_database_there_is_nothing_to_compare(tmp_path):
    for look_in in (missing_guards, unreadable_serials, changed_serials):
        with pytest.raises(RegisterUnreachableError):
            look_in(tmp_path / "none.db")


def test_time_is_looked_at(lived, place):
    assert set(look(lived, place, days=400).findings) == {15}, "lists have lapsed"
    assert look(lived, place, days=-1).findings[23]


def test_one_key_of_two_persons_shows(lived, place, monkeypatch):
    nobody = changes._FIND_HOLDERS.where(CERTIFICATES.c.serial == 0)
    monkeypatch.setattr(changes, "_FIND_HOLDERS", nobody)
    key = new_key()
    lived.issue(key=key)
    lived.issue(key=key)
    assert set(look(lived, place).findings) == {6}


def test_another_point_and_a_personal_number_show(lived, place, monkeypatch):
    real, told = issuance.build_tbs, issuance._event

    def elsewhere(content, signatory):
        return real(content, replace(signatory, urls=AuthorityURLs.under(PUBLIC_URL, "other")))

    def event(record, action, at, order=None, **facts):
        return told(record, action, at, order, **{**facts, "subject": record.subject})

    monkeypatch.setattr(linter, "RULES", ())
    monkeypatch.setattr(issuance, "build_tbs", elsewhere)
    monkeypatch.setattr(issuance, "_event", event)
    lived.issue(subject=someone(UID="CCCD:001099012345"))
    assert set(look(lived, place).findings) == {17, 25}
