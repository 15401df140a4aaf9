"""Issuing in bulk: every order is told of, and each certificate went every step."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from pki_world import NOW, World, new_key, rsa_key

from pki.audit.verify import verify_audit
from pki.authority import bulk, bulk_work
from pki.authority.bulk import Here, Outcome, issue_in_bulk
from pki.authority.bulk_way import Manner
from pki.authority.bulk_work import Demand, Shop, draft_batch, sign_batch
from pki.authority.issuance import sign_record
from pki.blocked import BlockedKeys
from pki.clock import FixedClock
from pki.errors.authorities import AuthorityRevokedError
from pki.errors.clock import ClockBeforeRecordError
from pki.errors.issuing import BulkWorkerLostError, LintFailedError, SignatureMismatchError
from pki.errors.keys import KeyBlockedError, KeyMismatchError
from pki.errors.requests import (
    AuthorityKeyError,
    KeyUsedElsewhereError,
    MalformedRequestError,
    ProfileViolationError,
    SubjectLengthError,
)
from pki.errors.tree import Phrases
from pki.keys import PrivateKey, hash_for
from pki.profile import load_profile
from pki.records.certificates import CertificateQuery, CertificateState
from pki.strength import spki_sha256

OFFICIAL = load_profile("official")
SPAWN = multiprocessing.get_context("spawn")


def request(key: PrivateKey) -> bytes:
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return builder.sign(key, hash_for(key)).public_bytes(Encoding.PEM)


def demand(key: PrivateKey | None = None, name: str = "Nguyễn Văn A", **more: str) -> Demand:
    pairs = {"C": "VN", "O": "Sở Nội vụ", "CN": name, **more}
    return Demand(request(key or new_key()), tuple(pairs.items()), "văn thư")


def issue(world: World, demands: list[Demand]) -> list[Outcome]:
    found = issue_in_bulk(
        world.issuing, OFFICIAL, demands, open_key=lambda: world.issuing.issuer.key
    )
    return sorted(found, key=lambda one: one.position)


def states(world: World) -> list[CertificateState]:
    found = world.register.find_certificates(CertificateQuery(issuer="issuing"))
    return [record.state for record in found]


def load_key(path: str) -> PrivateKey:
    return load_pem_private_key(Path(path).read_bytes(), None)  # type: ignore[return-value]


def end_here(path: str) -> PrivateKey:
    """A worker that is killed as soon as it needs the key."""
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
    return load_key(path)


@pytest.fixture
def key_file(world: World, tmp_path: Path) -> str:
    path = tmp_path / "issuing.key"
    key = world.issuing.issuer.key
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return str(path)


@pytest.fixture
def workers() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(2, mp_context=SPAWN) as pool:
        yield pool


def test_every_order_is_told_of_and_a_bad_one_costs_the_others_nothing(world, monkeypatch):
    monkeypatch.setattr(bulk, "BATCH", 4)
    taken, own = new_key(), new_key()
    blocked = new_key()
    world.issuing.blocked = BlockedKeys({bytes.fromhex(spki_sha256(blocked.public_key())): "x"})
    told = issue(
        world,
        [
            demand(taken),
            Demand(b"no request", (("CN", "A"),), "văn thư"),
            demand(taken, "Somebody else"),
            demand(world.issuing.issuer.key),
            demand(blocked),
            Demand(request(own), (("C", "Việt Nam"),), "văn thư"),
            Demand(request(own), (("C", "VN"), ("CN", "A")), "văn thư"),
            demand(own, "B"),
            demand(rsa_key("bulk"), "C"),
        ],
    )
    assert [one.position for one in told] == list(range(9))
    assert [type(one.error) for one in told] == [
        type(None),
        MalformedRequestError,
        KeyUsedElsewhereError,
        AuthorityKeyError,
        KeyBlockedError,
        SubjectLengthError,
        ProfileViolationError,
        type(None),
        type(None),
    ]
    for one in told:
        assert (one.certificate_der is None) == (one.error is not None)
        if one.certificate_der is not None:
            certificate = x509.load_der_x509_certificate(one.certificate_der)
            certificate.verify_directly_issued_by(world.issuing.issuer.certificate)
            record = world.issuing.issued(certificate.serial_number)
            assert (record.der, record.state) == (one.certificate_der, CertificateState.ISSUED)
    assert states(world) == [CertificateState.ISSUED] * 3
    actions = [entry.content for entry in world.register.audit_entries()]
    assert sum(b'"certificate.issue"' in one for one in actions) >= 3
    assert verify_audit(world.register) == len(actions)


def test_nothing_is_issued_by_an_authority_that_may_not(world):
    with pytest.raises(ProfileViolationError):
        list(
            issue_in_bulk(
                world.issuing,
                load_profile("issuing"),
                [demand()],
                open_key=lambda: world.issuing.issuer.key,
            )
        )
    assert len(issue(world, [demand()])) == 1
    world.root.revoke(
        world.issuing.issuer.certificate.serial_number, x509.ReasonFlags.key_compromise
    )
    with pytest.raises(AuthorityRevokedError):
        issue(world, [demand()])


def test_an_authority_revoked_meanwhile_stops_at_the_next_batch(world, monkeypatch):
    monkeypatch.setattr(bulk, "BATCH", 1)

    def demands() -> Iterator[Demand]:
        yield demand()
        serial = world.issuing.issuer.certificate.serial_number
        world.root.revoke(serial, x509.ReasonFlags.cessation_of_operation)
        yield demand()

    run = issue_in_bulk(
        world.issuing,
        OFFICIAL,
        demands(),
        open_key=lambda: world.issuing.issuer.key,
        manner=Manner(ahead=1),
    )
    assert next(run).certificate_der is not None
    with pytest.raises(AuthorityRevokedError):
        next(run)
    assert states(world) == [CertificateState.ISSUED]


def test_a_clock_that_was_set_back_stops_it(world):
    earlier = FixedClock(NOW.replace(year=2025))
    world.issuing.clock = earlier
    with pytest.raises(ClockBeforeRecordError):
        issue(world, [demand()])
    assert states(world) == []


def test_another_key_than_the_authoritys_signs_nothing(world):
    with pytest.raises(KeyMismatchError):
        list(issue_in_bulk(world.issuing, OFFICIAL, [demand()], open_key=new_key))
    assert states(world) == []


def test_what_the_linter_refuses_is_given_up_and_not_signed(world, monkeypatch):
    def refuse_second(order, record, signatory):
        if "B" in record.subject:
            raise LintFailedError(findings=Phrases(()))
        return sign_record(order, record, signatory)

    monkeypatch.setattr("pki.authority.bulk_work.sign_record", refuse_second)
    told = issue(world, [demand(name="Một"), demand(name="B"), demand(name="Ba mươi")])
    assert [type(one.error) for one in told][1] is LintFailedError
    assert CertificateState.ABANDONED in states(world)
    assert world.issuing.recover_open() == ()


def test_a_signature_that_does_not_verify_leaves_its_serial_to_be_revoked(world, monkeypatch):
    """Somebody may have it: the serial stays reserved until it is recovered, as revoked."""

    def spoil(*_):
        raise SignatureMismatchError(reason="it does not verify")

    monkeypatch.setattr("pki.authority.bulk_work.sign_record", spoil)
    (told,) = issue(world, [demand()])
    assert isinstance(told.error, SignatureMismatchError)
    assert states(world) == [CertificateState.RESERVED]
    (given_up,) = world.issuing.recover_open()
    assert world.register.find_revocation("issuing", given_up.serial) is not None


def test_processes_issue_what_one_would(world, workers, key_file, monkeypatch):
    monkeypatch.setattr(bulk, "BATCH", 5)
    names = [f"Người {number}" for number in range(23)]
    run = issue_in_bulk(
        world.issuing,
        OFFICIAL,
        [demand(name=name) for name in names] + [Demand(b"", (), "văn thư")],
        open_key=partial(load_key, key_file),
        workers=workers,
    )
    told = sorted(run, key=lambda one: one.position)
    assert isinstance(told[-1].error, MalformedRequestError)
    certificates = [x509.load_der_x509_certificate(one.certificate_der) for one in told[:-1]]
    subjects = [certificate.subject.rfc4514_string() for certificate in certificates]
    assert all(name in text for name, text in zip(names, subjects, strict=True))
    assert len({certificate.serial_number for certificate in certificates}) == len(names)
    for certificate in certificates:
        certificate.verify_directly_issued_by(world.issuing.issuer.certificate)
    assert states(world) == [CertificateState.ISSUED] * len(names)
    assert verify_audit(world.register) >= 2 * len(names)


class Told(Here):
    """Tells which orders it wrote and which it signed."""

    def __init__(self) -> None:
        self.wrote: list[Demand] = []
        self.signed: list[Demand] = []

    def submit(self, work, /, *arguments):
        if work is bulk_work.draft_batch:
            self.wrote += arguments[1]
        else:
            self.signed += [one for one, _ in arguments[1]]
        return super().submit(work, *arguments)


def test_each_of_several_workers_signs_what_it_wrote(world, monkeypatch):
    monkeypatch.setattr(bulk, "BATCH", 2)
    workers = (Told(), Told())
    demands = [demand(name=f"Người {number}") for number in range(7)]
    key = world.issuing.issuer.key
    told = list(
        issue_in_bulk(world.issuing, OFFICIAL, demands, open_key=lambda: key, workers=workers)
    )
    assert [one.error for one in told] == [None] * 7
    for one in workers:
        assert sorted(one.wrote, key=repr) == sorted(one.signed, key=repr) != []
    assert len(workers[0].wrote) + len(workers[1].wrote) == 7


@pytest.mark.parametrize("most", [1, 1024])
def test_what_was_ordered_is_read_again_where_it_is_not_known(world, monkeypatch, most):
    monkeypatch.setattr(bulk_work, "MOST_KEPT", most)
    read: list[bytes] = []
    real = bulk_work.requested_key
    monkeypatch.setattr(bulk_work, "requested_key", lambda data: read.append(data) or real(data))
    assert [one.error for one in issue(world, [demand(name=n) for n in ("A", "B", "C")])] == (
        [None] * 3
    )
    assert len(read) == (2 if most == 1 else 0)


def test_bytes_are_signed_for_the_order_they_were_written_for_alone(world):
    shop = Shop.of(world.issuing.issuer, OFFICIAL, lambda: world.issuing.issuer.key)
    one, other = demand(name="A"), demand(name="B")
    for swapped in (True, False):
        first, second = draft_batch(shop, (one, other), NOW)
        work = ((other, first), (one, second)) if swapped else ((one, first), (other, second))
        kinds = {type(signed) for signed in sign_batch(shop, work)}
        assert kinds == ({LintFailedError} if swapped else {bytes})


def test_a_worker_that_is_killed_is_told_and_nothing_is_lost(world, workers, key_file):
    run = issue_in_bulk(
        world.issuing, OFFICIAL, [demand()], open_key=partial(end_here, key_file), workers=workers
    )
    with pytest.raises(BulkWorkerLostError):
        list(run)
    assert world.issuing.recover_open() == ()
    assert len(issue(world, [demand()])) == 1
