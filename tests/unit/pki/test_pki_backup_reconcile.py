"""What was published after a backup is known after the restore, and nothing collides with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pki_backups
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import x25519
from cryptography.hazmat.primitives.serialization import Encoding
from pki_backups import CLOCK, back_up, pem, published, reconcile, restored
from pki_engines import Place
from pki_world import NOW, World

from pki.audit.verify import verify_audit
from pki.authority.authority import Authority
from pki.authority.life import hold, release
from pki.errors.certificates import AlreadyRevokedError
from pki.errors.keeping import PublishedUnreadableError, RestoreUnreconciledError
from pki.errors.register import RegisterConflictError
from pki.keeping import reconcile as module
from pki.keeping.published import Published, published_by, read_published
from pki.keeping.reconcile import GAP, check_taken, compare
from pki.records.certificates import CertificateState
from pki.records.changes import Reserve, ReserveCRLNumber
from pki.register.sql import open_register

R = x509.ReasonFlags


class Story:
    """An administration that was backed up, went on, and lost its register."""

    def __init__(self, world: World, place: Place, backup: Path):
        self.world, self.place, self.backup = world, place, backup
        self.before = [world.issue() for _ in range(6)]
        self.issuing.revoke(self.serial(0), R.superseded)
        hold(self.issuing, self.serial(1), requester="văn thư")
        hold(self.issuing, self.serial(2), requester="văn thư")
        self.issuing.issue_crl()
        self.made = back_up(place.url, backup)

    @property
    def issuing(self) -> Authority:
        return self.world.issuing

    def serial(self, number: int) -> int:
        return self.before[number].serial_number

    def go_on(self):
        """Let the world publish what the backup does not know."""
        self.world.clock.advance(timedelta(hours=1))
        self.after = [self.world.issue() for _ in range(3)]
        self.issuing.revoke(self.serial(3), R.key_compromise, invalidity_date=NOW)
        self.issuing.revoke(self.after[0].serial_number, R.cessation_of_operation)
        hold(self.issuing, self.serial(4), requester="văn thư")
        self.issuing.revoke(self.serial(1), R.affiliation_changed)
        release(self.issuing, self.serial(2), requester="văn thư")
        self.issuing.revoke(self.after[2].serial_number, R.superseded)
        self.lists = [self.issuing.issue_crl() for _ in range(3)]
        return self.lists[-1]


@pytest.fixture
def story(placed_world: World, place: Place, tmp_path):
    return Story(placed_world, place, tmp_path / "a.backup")


def number_of(crl):
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def again(story, place):
    register = open_register(place)
    return Authority(story.issuing.issuer, register, CLOCK)


def test_nothing_published_since_the_backup_is_lost(story, tmp_path):
    newest = story.go_on()
    place = tmp_path / "new.db"
    with restored(story.backup, place) as restoration:
        told = reconcile(restoration, "issuing", newest, *story.after[:2])
        reconcile(restoration, "root")
    assert set(told.certificates) == {one.serial_number for one in story.after}
    assert told.without_certificate == (story.after[2].serial_number,)
    issuing = again(story, place)
    register = issuing.register
    # Every revocation and hold of the published list is on the next one, the same in every word.
    following = {one.serial_number: one for one in issuing.issue_crl()}
    for revoked in newest:
        kept = following[revoked.serial_number]
        assert kept.revocation_date_utc == revoked.revocation_date_utc
        assert list(kept.extensions) == list(revoked.extensions)
    # What was released is on hold: nothing that the backup holds is given back.
    assert set(following) - {one.serial_number for one in newest} == {story.serial(2)}
    for certificate in story.after[:2]:
        record = register.find_certificate("issuing", certificate.serial_number)
        assert record.der == certificate.public_bytes(Encoding.DER)
    with pytest.raises(AlreadyRevokedError):
        issuing.revoke(story.after[0].serial_number, R.superseded)
    issuing.revoke(story.after[1].serial_number, R.superseded)
    release(issuing, story.serial(4), requester="văn thư")
    assert verify_audit(register) > 0
    register.close()


def test_numbers_and_serials_do_not_meet_what_was_published(story, tmp_path):
    newest = story.go_on()
    place = tmp_path / "new.db"
    with restored(story.backup, place) as restoration:
        told = reconcile(restoration, "issuing", newest, *story.after)
        known = restoration.register.newest_crl("issuing")
    assert known.der == newest.public_bytes(Encoding.DER), "it is served until the next"
    unseen = [story.issuing.issue_crl() for _ in range(3)]  # published, and never shown
    issuing = again(story, place)
    number = number_of(issuing.issue_crl())
    assert number == told.floor + 1 == number_of(newest) + GAP + 1
    assert number > max(map(number_of, unseen))
    # A serial that was published cannot be given once more: the register knows it.
    record = issuing.register.find_certificate("issuing", story.after[1].serial_number)
    twice = replace(record, state=CertificateState.RESERVED, der=None, fingerprint=None)
    with pytest.raises(RegisterConflictError):
        issuing.register.commit([Reserve(twice)], issuing.event("x", NOW, "y", record.serial))
    issuing.register.close()


def test_without_the_room_numbers_would_meet(story, tmp_path, monkeypatch):
    """The mutant: the next list follows the newest that was shown, or that is in the backup."""
    monkeypatch.setattr(module, "take_in", lambda *_, **__: None)
    monkeypatch.setattr(pki_backups, "take_in", module.take_in)
    newest = story.go_on()
    with restored(story.backup, tmp_path / "new.db") as restoration:
        reconcile(restoration, "issuing", newest)
    issuing = again(story, tmp_path / "new.db")
    assert number_of(issuing.issue_crl()) in map(number_of, story.lists)
    issuing.register.close()


def test_where_nothing_was_published_numbers_have_room_too(story, tmp_path):
    with restored(story.backup, tmp_path / "new.db") as restoration:
        told = reconcile(restoration, "issuing")
        assert reconcile(restoration, "root").floor == GAP
    assert told.floor + 1 == told.kept_number + GAP + 1
    issuing = again(story, tmp_path / "new.db")
    assert number_of(issuing.issue_crl()) == told.floor + 1
    issuing.register.close()


def test_an_older_list_takes_nothing_back(story, tmp_path):
    older = story.issuing.issue_crl()
    newest = story.go_on()
    with restored(story.backup, tmp_path / "new.db") as restoration:
        reconcile(restoration, "issuing", newest, older, *story.lists)
        register = restoration.register
        for revoked in newest:
            assert register.find_revocation("issuing", revoked.serial_number) is not None
        record = register.find_certificate("issuing", story.serial(3))
        assert record.state is CertificateState.REVOKED
        standing = register.find_revocation("issuing", story.serial(1))
        assert standing.reason is R.affiliation_changed
        assert standing.revoked_at == NOW


def test_a_list_that_the_register_knows_changes_nothing(story, tmp_path):
    record = story.world.register.newest_crl("issuing")
    known = x509.load_der_x509_crl(record.der)
    with restored(story.backup, tmp_path / "new.db") as restoration:
        told = reconcile(restoration, "issuing", known, *story.before)
    assert not told.steps
    assert told.newest is None


def made_list(story, number, *entries, delta=None, numbered=True):
    """Sign a list with the issuing authority's key, as no Antin would."""
    builder = x509.CertificateRevocationListBuilder(
        story.issuing.issuer.certificate.subject, NOW, NOW + timedelta(days=1)
    )
    if numbered:
        builder = builder.add_extension(x509.CRLNumber(number), critical=False)
    if delta is not None:
        builder = builder.add_extension(x509.DeltaCRLIndicator(delta), critical=True)
    for serial, reason, *more in entries:
        entry = x509.RevokedCertificateBuilder(serial, NOW)
        if reason is not R.unspecified:
            entry = entry.add_extension(x509.CRLReason(reason), critical=False)
        for extension in more:
            entry = entry.add_extension(extension, critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(story.issuing.issuer.key, hashes.SHA256())


def test_deltas_count_and_give_nothing_but_holds_back(story, tmp_path):
    full = made_list(
        story, 50, (11, R.certificate_hold), (12, R.certificate_hold), (13, R.superseded)
    )
    delta = made_list(
        story,
        51,
        (11, R.remove_from_crl),
        (13, R.remove_from_crl),
        (14, R.unspecified),
        (99, R.remove_from_crl),
        delta=50,
    )
    with restored(story.backup, tmp_path / "new.db") as restoration:
        told = reconcile(restoration, "issuing", delta, full)
        register = restoration.register
        found = {n: register.find_revocation("issuing", n) for n in (11, 12, 13, 14)}
    assert found.pop(11) is None
    assert [one.reason for one in found.values()] == [
        R.certificate_hold,
        R.superseded,
        R.unspecified,
    ]
    assert told.published_number == 51
    assert told.floor + 1 == 51 + GAP + 1


def test_a_graver_reason_is_taken_over(story, tmp_path):
    crl = made_list(story, 50, (story.serial(0), R.key_compromise))
    with restored(story.backup, tmp_path / "new.db") as restoration:
        reconcile(restoration, "issuing", crl)
        standing = restoration.register.find_revocation("issuing", story.serial(0))
    assert standing.reason is R.key_compromise


def test_what_was_reserved_at_the_backup_is_completed_or_given_up(story, tmp_path):
    register = story.world.register
    backup = tmp_path / "open.backup"
    unfinished = []
    commit = register.commit

    def cut(changes, event):
        if event.action == "certificate.issue":
            unfinished.append(changes)
            if len(unfinished) == 2:
                back_up(story.place.url, backup)
        if event.action == "certificate.issue" and len(unfinished) == 1:
            held.append((changes, event))
            return
        commit(changes, event)

    held = []
    register.commit = cut
    first = story.world.issue()
    second = story.world.issue()
    register.commit = commit
    crl = made_list(story, 50, (first.serial_number, R.superseded))
    for number, found in enumerate([(first, second), (crl, second), (crl, first, second)]):
        with restored(backup, tmp_path / f"{number}.db") as restoration:
            restoring = restoration.register
            assert restoring.find_certificate("issuing", first.serial_number).der is None
            reconcile(restoration, "issuing", *found)
            record = restoring.find_certificate("issuing", first.serial_number)
            wanted = ("issued", "abandoned", "revoked")[number]
            assert record.state == wanted
            assert restoring.find_certificate("issuing", second.serial_number).state == "issued"


def test_what_others_signed_is_left_aside(story, tmp_path):
    del tmp_path
    root = story.world.root
    crl, certificate = root.issue_crl(), story.before[0]
    issuer = root.issuer.certificate
    mine = published(issuer, crl, certificate)
    assert (mine.number, mine.certificates) == (number_of(crl), ())
    other = published(story.issuing.issuer.certificate, crl, certificate)
    assert (other.number, other.newest, other.certificates) == (0, None, (certificate,))


def test_a_list_of_ones_own_that_is_odd_stops_everything(story, tmp_path):
    authority = story.issuing.issuer.certificate
    with pytest.raises(PublishedUnreadableError, match="number"):
        published(authority, made_list(story, 0, numbered=False))
    odd = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.21"), b"\x0a\x01\x63")
    with pytest.raises(PublishedUnreadableError, match="entry"):
        published(authority, made_list(story, 60, (1, R.unspecified, odd)))
    published(authority, made_list(story, 60, (1, R.unspecified)))
    del tmp_path


def test_a_serial_that_no_certificate_may_have_stops_everything(story):
    register = story.world.register
    record = register.find_authority("issuing")
    known = published(story.issuing.issuer.certificate, made_list(story, 60, (1, R.superseded)))
    entry = known.entries[1]
    compare(register, record, known, NOW)
    for serial in (0, 1 << 160):
        with pytest.raises(PublishedUnreadableError, match="serial"):
            compare(register, record, replace(known, entries={serial: entry}), NOW)


def test_certificates_and_lists_are_read_in_every_form(story):
    crl, certificate = story.issuing.issue_crl(), story.before[0]
    both = read_published(pem(crl) + pem(certificate) + pem(story.before[1]) + pem(crl), "x")
    assert both == Published((certificate, story.before[1]), (crl, crl))
    assert read_published(crl.public_bytes(Encoding.DER), "x") == Published((), (crl,))
    der = certificate.public_bytes(Encoding.DER)
    assert read_published(der, "x") == Published((certificate,), ())
    found = published_by(story.issuing.issuer.certificate, [both, both], "x")
    assert found.certificates == (certificate, story.before[1])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"0",
        b"-----BEGIN X-----\n",
        b"-----BEGIN CERTIFICATE-----\n",
        b"-----BEGIN X509 CRL-----\nAAAA\n",
    ],
)
def test_what_is_neither_is_refused(data):
    with pytest.raises(PublishedUnreadableError):
        read_published(data, "x")


def test_a_register_that_forgets_what_was_published_is_not_taken(story, tmp_path):
    newest = story.go_on()
    with restored(story.backup, tmp_path / "new.db") as restoration:
        shown = published(story.issuing.issuer.certificate, newest, *story.after)
        with pytest.raises(RestoreUnreconciledError):
            check_taken(restoration.register, "issuing", shown)
        reconcile(restoration, "issuing", newest, *story.after)
        check_taken(restoration.register, "issuing", shown)
        higher = replace(shown, number=shown.number + GAP)
        with pytest.raises(RestoreUnreconciledError):
            check_taken(restoration.register, "issuing", higher)


def test_a_key_that_signs_no_lists_of_that_kind_signed_none(story, tmp_path):
    del tmp_path
    odd = x25519.X25519PrivateKey.generate().public_key()
    builder = x509.CertificateBuilder(
        story.issuing.issuer.certificate.subject,
        story.issuing.issuer.certificate.subject,
        odd,
        1,
        NOW,
        NOW,
    )
    certificate = builder.sign(story.issuing.issuer.key, hashes.SHA256())
    found = published(certificate, story.issuing.issue_crl(), story.before[0])
    assert (found.number, found.certificates) == (0, ())


def test_other_extensions_of_an_entry_are_passed_over(story):
    other = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"\x05\x00")
    crl = made_list(story, 60, (1, R.superseded, other))
    found = published(story.issuing.issuer.certificate, crl)
    assert found.entries[1].reason is R.superseded


def test_a_list_whose_number_was_reserved_at_the_backup_is_stored(story, tmp_path):
    register, backup = story.world.register, tmp_path / "reserved.backup"
    number = register.last_crl_number("issuing") + 1
    register.commit([ReserveCRLNumber("issuing", number)], story.issuing.event("x", NOW, "y", 1))
    back_up(story.place.url, backup)
    with restored(backup, tmp_path / "new.db") as restoration:
        told = reconcile(restoration, "issuing", made_list(story, number))
        assert restoration.register.newest_crl("issuing").number == number
    assert told.floor == number + GAP
    assert told.revoked == ()
