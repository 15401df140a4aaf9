"""An authority goes on with a new key; others are cross-certified; both sides of each rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID
from pki_engines import Place
from pki_world import NOW, World, make_world, new_authority, new_key, profile_for, someone

from pki.authority import issuance
from pki.authority.authority import Authority
from pki.authority.create import create_issuing, create_root, open_authority
from pki.authority.cross import certify_request, cross_certify
from pki.authority.issuance import Order
from pki.authority.renewal import Following, rekey, renew
from pki.authority.rollover import check_rollover, link_roots, retire
from pki.authority.succession import successor_of
from pki.clock import FixedClock
from pki.errors.authorities import (
    AuthorityRetiredError,
    AuthorityRevokedError,
    NotAnAuthorityError,
    NotSuccessorError,
    RolloverParentError,
)
from pki.errors.clock import ClockBeforeRecordError
from pki.errors.issuing import IssuerExpiredError, LintFailedError
from pki.errors.requests import (
    AuthorityKeyError,
    KeyUsedElsewhereError,
    ProfileViolationError,
    SubjectInvalidError,
)
from pki.profile import load_profile
from pki.records.audit import AuditEvent
from pki.records.certificates import CertificateQuery, CertificateState
from pki.records.changes import AddAuthority, ClaimName
from pki.request import CertificateRequest
from pki.standing import read_standing
from pki.strength import spki_sha256
from pki.subject import build_subject, subject_of

WHO = {"requester": "quản trị"}
CROSS, ROOT, OFFICIAL = (load_profile(name) for name in ("cross", "root", "official"))
Reason = x509.ReasonFlags


def roll_issuing(world: World, **changes: object) -> Authority:
    new = create_issuing(world.root, new_authority("issuing-2", "issuing", **changes))
    retire(world.issuing, new, **WHO)
    return new


def roll_root(world: World, *, same_name: bool = False) -> Authority:
    subject = {"subject": subject_of(world.root.issuer.certificate)} if same_name else {}
    new = new_authority("root-2", "root", key=new_key("p384"), **subject)
    return create_root(new, world.register, world.clock)


def test_who_is_retired_issues_lists_and_no_certificates(placed_world: World):
    world = placed_world
    before = world.issue()
    new = roll_issuing(world)
    with pytest.raises(AuthorityRetiredError) as refused:
        world.issue()
    assert refused.value.facts == {"authority": "issuing", "successor": "issuing-2"}
    assert world.issue(authority=new).issuer == new.issuer.certificate.subject
    world.issuing.revoke(before.serial_number, Reason.superseded)
    crl = world.issuing.issue_crl()
    assert crl.get_revoked_certificate_by_serial_number(before.serial_number) is not None
    assert successor_of(world.register, "issuing") == "issuing-2"
    assert world.register.find_succession("issuing-2") is None
    told = [one.content for one in world.register.audit_entries()]
    assert sum(b'"authority.retire"' in content for content in told) == 1
    # Answers about what it issued go on, signed by whom it alone can name.
    world.issue("ocsp")


def test_whoever_read_before_is_stopped_by_the_register(
    placed_world: World, monkeypatch: pytest.MonkeyPatch
):
    """Two processes: one retires the authority while the other is about to reserve a serial."""
    world = placed_world
    roll_issuing(world)
    monkeypatch.setattr("pki.authority.authority.check_issues", lambda *_: None)
    count = len(world.register.find_certificates(CertificateQuery()))
    with pytest.raises(AuthorityRetiredError):
        world.issue()
    assert len(world.register.find_certificates(CertificateQuery())) == count


def test_what_the_old_one_issued_is_followed_under_the_new_one(world: World):
    key, subject = new_key(), someone()
    old = world.issue(key=key, subject=subject)
    new = roll_issuing(world)
    serial = old.serial_number
    with pytest.raises(AuthorityRetiredError):
        renew(world.issuing, Following(serial, OFFICIAL, **WHO))
    renewed = renew(new, Following(serial, OFFICIAL, of="issuing", **WHO))
    assert renewed.issuer == new.issuer.certificate.subject
    assert renewed.public_key() == old.public_key()
    other = new_key().public_key()
    rekeyed = rekey(new, Following(serial, OFFICIAL, of="issuing", **WHO), other)
    assert rekeyed.public_key() == other
    assert subject_of(rekeyed) == subject
    with pytest.raises(NotSuccessorError):
        renew(world.root, Following(serial, OFFICIAL, of="issuing", **WHO))
    world.issuing.revoke(serial, Reason.superseded)
    with pytest.raises(Exception, match="renew_revoked"):
        renew(new, Following(serial, OFFICIAL, of="issuing", **WHO))


def test_a_revocation_that_comes_between_stops_the_successor_too(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    old = world.issue()
    new = roll_issuing(world)
    world.issuing.revoke(old.serial_number, Reason.superseded)
    monkeypatch.setattr(world.register, "find_revocation", lambda *_: None)
    with pytest.raises(Exception, match="register_conflict"):
        renew(new, Following(old.serial_number, OFFICIAL, of="issuing", **WHO))


def test_nobody_is_retired_twice_nor_by_whom_does_not_fit(world: World):
    new = roll_issuing(world)
    third = create_issuing(world.root, new_authority("issuing-3", "issuing"))
    with pytest.raises(AuthorityRetiredError):
        retire(world.issuing, third, **WHO)
    with pytest.raises(AuthorityRetiredError):
        retire(third, world.issuing, **WHO)  # it would go on and may not
    with pytest.raises(RolloverParentError):
        retire(third, third, **WHO)
    with pytest.raises(RolloverParentError):
        retire(third, world.root, **WHO)
    with pytest.raises(RolloverParentError):
        check_rollover(world.root, "issuing-4", is_root=False)
    retire(new, third, **WHO)
    assert successor_of(world.register, "issuing") == "issuing-3"
    with pytest.raises(AuthorityRetiredError) as refused:
        world.issue()
    assert refused.value.facts["successor"] == "issuing-3"


def test_who_is_revoked_is_neither_followed_nor_follows(world: World):
    second = create_issuing(world.root, new_authority("issuing-2", "issuing"))
    serial = second.issuer.certificate.serial_number
    world.root.revoke(serial, Reason.superseded)
    with pytest.raises(AuthorityRevokedError):
        retire(world.issuing, second, **WHO)
    with pytest.raises(AuthorityRevokedError):
        retire(second, world.issuing, **WHO)


def test_a_clock_that_was_set_back_retires_nobody(world: World):
    second = create_issuing(world.root, new_authority("issuing-2", "issuing"))
    early = FixedClock(NOW - timedelta(hours=1))
    old = Authority(world.issuing.issuer, world.register, early)
    with pytest.raises(ClockBeforeRecordError):
        retire(old, second, **WHO)
    assert world.register.find_succession("issuing") is None


def test_a_retired_root_makes_no_authority(world: World):
    new = roll_root(world)
    link_roots(world.root, new, ROOT, **WHO)
    retire(world.root, new, **WHO)
    with pytest.raises(AuthorityRetiredError):
        create_issuing(world.root, new_authority("below", "issuing"))
    with pytest.raises(AuthorityRetiredError):
        cross_certify(world.root, foreign(), CROSS, **WHO)
    create_issuing(new, new_authority("below", "issuing"))


@pytest.mark.parametrize("same_name", [False, True])
def test_two_roots_certify_each_other_once(world: World, same_name: bool):
    new = roll_root(world, same_name=same_name)
    links = link_roots(world.root, new, ROOT, **WHO)
    old_root, new_root = world.root.issuer.certificate, new.issuer.certificate
    links.old_with_new.verify_directly_issued_by(new_root)
    links.new_with_old.verify_directly_issued_by(old_root)
    assert links.old_with_new.public_key() == old_root.public_key()
    assert links.new_with_old.public_key() == new_root.public_key()
    assert links.old_with_new.subject == old_root.subject
    assert links.old_with_new.not_valid_after_utc == old_root.not_valid_after_utc
    assert links.new_with_old.not_valid_after_utc == old_root.not_valid_after_utc
    assert link_roots(world.root, new, ROOT, **WHO) == links
    retire(world.root, new, **WHO)
    assert link_roots(world.root, new, ROOT, **WHO) == links  # found, not issued


def test_a_link_is_for_the_time_in_which_both_roots_are_in_force(world: World):
    """From the later beginning, though it is made weeks after it, to the earlier end."""
    assert isinstance(world.clock, FixedClock)
    world.clock.advance(timedelta(days=40))
    new = roll_root(world)
    world.clock.advance(timedelta(days=20))
    roots = (world.root.issuer.certificate, new.issuer.certificate)
    begins = [one.not_valid_before_utc for one in roots]
    ends = [one.not_valid_after_utc for one in roots]
    assert begins[0] < begins[1] < world.clock.now()
    made = link_roots(world.root, new, ROOT, **WHO)
    for link in (made.old_with_new, made.new_with_old):
        assert link.not_valid_before_utc == max(begins)
        assert link.not_valid_after_utc == min(ends)


def test_no_link_is_made_by_a_root_that_ended(world: World):
    assert isinstance(world.clock, FixedClock)
    world.clock.advance(timedelta(days=365))
    new = roll_root(world)
    world.clock.advance(world.root.issuer.certificate.not_valid_after_utc - world.clock.now())
    cross_certify(world.root, new.issuer.certificate, ROOT, **WHO, since=NOW + timedelta(days=366))
    world.clock.advance(timedelta(days=1))
    third = create_root(
        new_authority("root-3", "root", key=new_key("p384")), world.register, world.clock
    )
    with pytest.raises(IssuerExpiredError):
        cross_certify(
            world.root, third.issuer.certificate, ROOT, **WHO, since=NOW + timedelta(days=366)
        )


def test_nothing_is_dated_before_its_issuer_nor_into_the_future(world: World):
    assert isinstance(world.clock, FixedClock)
    world.clock.advance(timedelta(days=40))
    new = roll_root(world)
    for since in (NOW, world.clock.now() + timedelta(seconds=2)):
        with pytest.raises(LintFailedError):
            cross_certify(new, world.root.issuer.certificate, ROOT, **WHO, since=since)
    assert cross_certify(new, world.root.issuer.certificate, ROOT, **WHO)


def test_an_interrupted_link_is_made_when_asked_again(world: World):
    new = roll_root(world)
    link = cross_certify(new, world.root.issuer.certificate, ROOT, **WHO)
    links = link_roots(world.root, new, ROOT, **WHO)
    assert links.old_with_new == link
    issued = CertificateQuery(state=CertificateState.ISSUED)
    names = [record.issuer for record in world.register.find_certificates(issued)]
    assert names.count("root") == 3
    assert names.count("root-2") == 2


# An authority's own key


def order(world: World, **changes: object) -> Order:
    """The order of a link, and what may be wrong with it."""
    certificate = world.issuing.issuer.certificate
    key = world.issuing.issuer.key.public_key()
    standing = read_standing(certificate, NOW)
    made = Order(key, CROSS, subject_of(certificate), "quản trị", standing=standing)
    return replace(made, **changes)  # type: ignore[arg-type]


def certify_under(authority: Authority, wanted: Order) -> x509.Certificate:
    return issuance.certify(
        wanted,
        authority.issuer.signatory(),
        register=authority.register,
        clock=authority.clock,
        blocked=authority.blocked,
    )


def test_an_authoritys_key_is_certified_again_under_its_name_alone(world: World):
    second = roll_root(world)
    assert certify_under(second, order(world))
    with pytest.raises(AuthorityKeyError):
        certify_under(second, order(world, standing=None))
    other = read_standing(world.root.issuer.certificate, NOW)
    with pytest.raises(AuthorityKeyError):
        certify_under(second, order(world, standing=other))
    alike = x509.Name(
        x509.NameAttribute(one.oid, str(one.value), x509.name._ASN1Type.PrintableString)
        if one.oid == NameOID.COMMON_NAME
        else one
        for one in world.issuing.issuer.certificate.subject
    )
    standing = replace(other, name=alike)
    with pytest.raises(AuthorityKeyError):
        certify_under(second, order(world, standing=standing))


def test_the_exception_makes_nobody_else_an_authority(world: World):
    certificate = world.issuing.issuer.certificate
    with pytest.raises(ProfileViolationError, match="makes_none"):
        cross_certify(world.root, certificate, OFFICIAL, **WHO)
    with pytest.raises(AuthorityKeyError):
        world.issue(key=world.root.issuer.key, subject=subject_of(world.root.issuer.certificate))
    with pytest.raises(AuthorityKeyError):
        cross_certify(world.root, world.root.issuer.certificate, ROOT, **WHO)
    with pytest.raises(ProfileViolationError, match="standing"):
        certify_under(world.root, order(world, profile=OFFICIAL))
    with pytest.raises(ProfileViolationError, match="path_length"):
        cross_certify(world.issuing, foreign(), CROSS, **WHO)


# Others' authorities


def foreign(
    *,
    pairs: tuple[tuple[x509.ObjectIdentifier, str], ...] = (),
    ca: bool = True,
    signs: bool = True,
    identifier: bytes | None = b"\x01\x02\x03",
    days: int = 3650,
    signed_by: object = None,
    usage: bool = True,
    key: object = None,
) -> x509.Certificate:
    """A root that some other program made: names in PrintableString, an identifier of its own."""
    key = key or new_key()
    name = x509.Name(
        [
            x509.NameAttribute(oid, value, x509.name._ASN1Type.PrintableString)
            for oid, value in pairs
            or (
                (NameOID.COMMON_NAME, "Other Root CA"),
                (NameOID.ORGANIZATION_NAME, "Other"),
                (NameOID.COUNTRY_NAME, "VN"),
            )
        ]
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())  # type: ignore[attr-defined]
        .serial_number(7)
        .not_valid_before(NOW - timedelta(days=30))
        .not_valid_after(NOW + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca, None), critical=True)
    )
    if usage:
        bits = [False] * 9
        bits[5], bits[0] = signs, not signs
        builder = builder.add_extension(x509.KeyUsage(*bits), critical=True)
    if identifier is not None:
        builder = builder.add_extension(x509.SubjectKeyIdentifier(identifier), critical=False)
    return builder.sign(signed_by or key, hashes.SHA256())  # type: ignore[arg-type]


def test_another_authority_is_certified_as_it_is_called(world: World):
    key = new_key()
    theirs = foreign(key=key)
    made = cross_certify(world.root, theirs, CROSS, **WHO)
    assert made.subject.public_bytes() == theirs.subject.public_bytes()
    assert made.public_key() == theirs.public_key()
    identifier = made.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    assert identifier.digest == b"\x01\x02\x03"
    limits = made.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert limits.ca
    assert limits.path_length == 0
    made.verify_directly_issued_by(world.root.issuer.certificate)
    pairs = ((NameOID.COUNTRY_NAME, "VN"), (NameOID.ORGANIZATION_NAME, "Other"))
    renamed = foreign(pairs=(*pairs, (NameOID.COMMON_NAME, "Another")), key=key)
    with pytest.raises(KeyUsedElsewhereError):
        cross_certify(world.root, renamed, CROSS, **WHO)


def test_its_identifier_is_made_where_it_has_none(world: World):
    theirs = foreign(identifier=None)
    made = cross_certify(world.root, theirs, CROSS, **WHO)
    found = made.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    assert found == x509.SubjectKeyIdentifier.from_public_key(theirs.public_key())


def test_it_ends_with_whichever_ends_first(world: World):
    short = foreign(days=10)
    made = cross_certify(world.root, short, CROSS, **WHO)
    assert made.not_valid_after_utc == short.not_valid_after_utc
    until = (NOW + timedelta(days=5)).replace(microsecond=0)
    assert cross_certify(world.root, short, CROSS, until=until, **WHO).not_valid_after_utc == until
    made = cross_certify(world.root, foreign(), CROSS, **WHO)
    assert made.not_valid_after_utc < foreign().not_valid_after_utc
    issuer_end = world.root.issuer.certificate.not_valid_after_utc
    late = FixedClock(issuer_end - timedelta(days=1))
    old = Authority(world.root.issuer, world.register, late)
    with pytest.raises(NotAnAuthorityError, match="not_now"):
        cross_certify(old, foreign(), CROSS, **WHO)
    lasting = foreign(days=365 * 30)
    assert cross_certify(old, lasting, CROSS, **WHO).not_valid_after_utc == issuer_end


@pytest.mark.parametrize(
    ("faulty", "why"),
    [
        ({"ca": False}, "signs_none"),
        ({"signs": False}, "signs_none"),
        ({"usage": False}, "no_extensions"),
        ({"days": -1}, "not_now"),
        ({"identifier": b""}, "unreadable"),
        ({"identifier": bytes(65)}, "unreadable"),
    ],
)
def test_what_is_no_authoritys_certificate_is_refused(world: World, faulty, why: str):
    count = len(world.register.find_certificates(CertificateQuery()))
    with pytest.raises(NotAnAuthorityError, match=why):
        cross_certify(world.root, foreign(**faulty), CROSS, **WHO)
    assert len(world.register.find_certificates(CertificateQuery())) == count


def test_a_root_that_another_key_signed_is_refused(world: World):
    with pytest.raises(NotAnAuthorityError, match="signature"):
        cross_certify(world.root, foreign(signed_by=new_key()), CROSS, **WHO)


def test_names_that_are_none_of_ours_are_refused(world: World):
    odd = foreign(pairs=((NameOID.DN_QUALIFIER, "x"),))
    with pytest.raises(SubjectInvalidError):
        cross_certify(world.root, odd, CROSS, **WHO)


def test_what_the_linter_sees_of_a_standing_name_is_held_to_it(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    """Without its standing the same name in PrintableString does not pass."""
    theirs = foreign()
    real = issuance._intent
    with monkeypatch.context() as patch:
        patch.setattr(
            issuance,
            "_intent",
            lambda *arguments, **more: replace(real(*arguments, **more), standing=None),
        )
        with pytest.raises(LintFailedError) as refused:
            cross_certify(world.root, theirs, CROSS, **WHO)
    assert "string_types" in str(refused.value.facts["findings"])
    assert cross_certify(world.root, theirs, CROSS, **WHO)


def test_a_request_is_certified_under_the_name_that_is_given(world: World):
    key = new_key()
    subject = build_subject([("C", "VN"), ("O", "Bộ Mẫu"), ("CN", "Bộ Mẫu CA")])
    request = CertificateRequest(key.public_key(), b"")
    made = certify_request(world.root, request, subject, CROSS, **WHO)
    assert subject_of(made) == subject
    own = CertificateRequest(world.issuing.issuer.key.public_key(), b"")
    called = subject_of(world.issuing.issuer.certificate)
    with pytest.raises(AuthorityKeyError):
        certify_request(world.root, own, called, CROSS, **WHO)


def test_limits_of_the_profile_stand_in_the_certificate(world: World):
    table = CROSS.authority
    assert table is not None
    limited = table.model_copy(update={"permitted_mail": ("example.vn",)})
    profile = CROSS.model_copy(update={"authority": limited})
    made = cross_certify(world.root, foreign(), profile, **WHO)
    names = made.extensions.get_extension_for_class(x509.NameConstraints)
    assert names.critical
    assert x509.RFC822Name("example.vn") in names.value.permitted_subtrees  # type: ignore[operator]
    assert made.extensions.get_extension_for_class(x509.CertificatePolicies).value


def test_a_succession_is_kept_by_the_database_itself(place: Place, tmp_path):
    world = make_world(tmp_path, place=place.url)
    roll_issuing(world)
    with place.raw() as run:
        for statement in (
            "UPDATE successions SET successor = 'root'",
            "DELETE FROM successions",
            "INSERT INTO successions SELECT * FROM successions",
        ):
            with pytest.raises((*place.refusals, psycopg.errors.UniqueViolation)):
                run(statement)
        assert run("SELECT name, successor FROM successions") == [("issuing", "issuing-2")]
    world.register.close()


def test_mixed_kinds_of_keys_follow_each_other(tmp_path):
    world = make_world(tmp_path, root_kind="ml-dsa-44")
    key = new_key("p384")
    new = create_root(new_authority("root-2", "root", key=key), world.register, world.clock)
    profile = profile_for("root", world.root.issuer.key)
    links = link_roots(world.root, new, profile, **WHO)
    links.old_with_new.verify_directly_issued_by(new.issuer.certificate)
    assert spki_sha256(links.old_with_new.public_key()) == spki_sha256(
        world.root.issuer.certificate.public_key()
    )
    world.register.close()


def test_an_authority_from_elsewhere_is_in_force_while_nobody_here_can_revoke_it(
    world: World, tmp_path: Path
):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere = make_world(folder)
    made = elsewhere.issuing
    record = replace(made.record(), name="from-elsewhere", parent=None)
    event = AuditEvent(world.clock.now(), "a", "authority.import")
    world.register.commit((ClaimName(record.name), AddAuthority(record)), event)
    issuer = made.issuer
    opened = open_authority(
        world.register, record.name, key=issuer.key, urls=issuer.urls, clock=world.clock
    )
    certificate = world.issue(authority=opened)
    certificate.verify_directly_issued_by(issuer.certificate)
    serial = issuer.certificate.serial_number
    elsewhere.root.revoke(serial, x509.ReasonFlags.cessation_of_operation)
    with pytest.raises(AuthorityRevokedError):  # where its own root is known, it is refused
        made.check_in_force()
    elsewhere.register.close()
