"""Proofs that are handed out: what they show, and that no piece of one can be another."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cryptography import x509
from pki_audit_world import ORIGIN, head_of
from pki_world import World

from pki.audit.bundle import (
    MAX_OCTETS,
    check_bundle,
    check_certificate,
    parse_bundle,
    prove,
    write_bundle,
)
from pki.audit.checkpoint import TreeHead
from pki.audit.entry import read_content
from pki.errors.audit import (
    AuditNotConsistentError,
    AuditNotIncludedError,
    AuditProofGapError,
    AuditProofMalformedError,
    AuditProofOfAnotherError,
    AuditSplitError,
    CheckpointOriginError,
)
from pki.errors.tree import PKIError
from pki.records.certificates import CertificateRecord, serial_text


def record_of(world: World, certificate: x509.Certificate) -> CertificateRecord:
    record = world.register.find_certificate("issuing", certificate.serial_number)
    assert record is not None
    return record


def made(world: World, certificate: x509.Certificate, since: TreeHead | None = None) -> Any:
    """Prove a certificate in the log as it is; return head and JSON."""
    head = head_of(world.register)
    bundle = prove(
        world.register, head, b"signed\n", record=record_of(world, certificate), since=since
    )
    return head, json.loads(write_bundle(bundle))


def check(told: Any, head: TreeHead, held: TreeHead | None = None) -> list[str]:
    bundle = parse_bundle(json.dumps(told).encode())
    return [event.action for _, event in check_bundle(bundle, head, held=held)]


def test_a_proof_tells_all_that_happened_to_a_certificate(world: World):
    world.issue()
    held = head_of(world.register)
    certificate = world.issue()
    world.issue()
    world.issuing.revoke(certificate.serial_number, x509.ReasonFlags.superseded)
    head, told = made(world, certificate, held)
    assert check(told, head, held) == [
        "certificate.reserve",
        "certificate.issue",
        "certificate.revoke",
    ]
    assert told["checkpoint"] == "signed\n"
    assert told["certificate"]["serial"] == serial_text(certificate.serial_number)
    assert check(told, head) == check(told, head, head)


def test_a_proof_at_every_size(world: World):
    held = head_of(world.register)
    certificate = world.issue()
    for _ in range(9):
        head, told = made(world, certificate, held)
        assert len(check(told, head, held)) == 2
        world.issuing.issue_crl()


def test_entries_after_the_checkpoint_are_left_out(world: World):
    certificate = world.issue()
    head = head_of(world.register)
    world.issuing.revoke(certificate.serial_number, x509.ReasonFlags.superseded)
    bundle = prove(world.register, head, b"", record=record_of(world, certificate))
    assert len(check_bundle(bundle, head)) == 2


def test_a_proof_may_be_of_growth_alone(world: World):
    held = head_of(world.register)
    world.issue()
    head = head_of(world.register)
    bundle = prove(world.register, head, b"", since=held)
    assert check_bundle(bundle, head, held=held) == ()
    with pytest.raises(AuditNotConsistentError):
        check_bundle(bundle, head, held=replace(held, root=bytes(32)))


def test_an_earlier_head_that_is_none(world: World):
    head = head_of(world.register)
    with pytest.raises(AuditProofGapError):
        prove(world.register, head, b"", since=replace(head, size=head.size + 1))
    with pytest.raises(CheckpointOriginError):
        prove(world.register, head, b"", since=replace(head, origin="elsewhere"))


def test_a_proof_is_compared_with_what_was_in_hand(world: World):
    held = head_of(world.register)
    certificate = world.issue()
    head, told = made(world, certificate, held)
    check(told, head, held)
    with pytest.raises(AuditSplitError):
        check(told, head, replace(head, root=bytes(32)))
    with pytest.raises(CheckpointOriginError):
        check(told, head, replace(held, origin="elsewhere"))
    with pytest.raises(AuditProofGapError):
        check(told, head, replace(held, size=held.size - 1))
    with pytest.raises(AuditProofGapError):
        check(told | {"since": None}, head, held)
    check(told | {"since": None}, head, head)


def _swap(told: Any) -> None:
    first, second = told["entries"]
    first["proof"], second["proof"] = second["proof"], first["proof"]


def _replace(old: str, new: str) -> Callable[[Any], None]:
    def change(told: Any) -> None:
        for entry in told["entries"]:
            entry["content"] = entry["content"].replace(old, new)

    return change


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (_swap, AuditNotIncludedError),
        (_replace("văn thư", "văn thứ"), AuditNotIncludedError),
        (_replace('"profile":"official"', '"profile":"agency"'), AuditNotIncludedError),
        (_replace('"sequence":', '"sequence":1'), AuditNotIncludedError),
        (_replace('"sequence":', '"sequence":-'), AuditNotIncludedError),
        (_replace('"actor"', '"doer"'), AuditProofMalformedError),
        (_replace('"actor":', '"actor" :'), AuditProofMalformedError),
        (
            _replace('"at":"2026', '"at":"0001-01-01T00:00:00+23:59","x":"'),
            AuditProofMalformedError,
        ),
        (_replace('"sequence":', '"sequence":Infinity,"x":'), AuditProofMalformedError),
        (_replace('"facts":{', '"facts":[{'), AuditProofMalformedError),
        (_replace('"issuer":"issuing"', '"issuer":"root"'), AuditProofMalformedError),
        (lambda told: told["certificate"].update(serial="00"), AuditProofMalformedError),
        (lambda told: told["entries"][0]["proof"].pop(), AuditNotIncludedError),
    ],
    ids=range(13),
)
def test_no_piece_of_a_proof_can_be_another(
    world: World, change: Callable[[Any], None], error: type[PKIError]
):
    head, told = made(world, world.issue())
    check(told, head)
    change(told)
    with pytest.raises(error):
        check(told, head)


@pytest.mark.parametrize(
    "untrusted",
    [
        b"",
        b"[]",
        b"{}",
        b'{"checkpoint": 1}',
        b'{"checkpoint": "", "format": "antin.audit-proof/2"}',
        b'{"checkpoint": "", "more": 1}',
        b'{"checkpoint": "\\ud800"}',
        b'{"checkpoint": "", "since": {"size": -1, "proof": []}}',
        b'{"checkpoint": "", "since": {"size": 1, "proof": ["AAAA"]}}',
        b'{"checkpoint": "", "since": {"size": 1, "proof": ["?"]}}',
        b'{"checkpoint": "", "since": {"size": 1, "proof": [1]}}',
        b" " * (MAX_OCTETS + 1),
    ],
    ids=range(12),
)
def test_what_is_no_proof_is_refused(untrusted: bytes):
    parse_bundle(b'{"checkpoint": ""}')
    with pytest.raises(AuditProofMalformedError):
        parse_bundle(untrusted)


def test_the_certificate_in_hand_is_the_one_that_is_proven(world: World):
    certificate, other = world.issue(), world.issue()
    _, told = made(world, certificate)
    bundle = parse_bundle(json.dumps(told).encode())
    check_certificate(bundle, certificate)
    empty = bundle.model_copy(update={"entries": ()})
    nameless = bundle.model_copy(update={"certificate": None})
    for shown, wanted in ((bundle, other), (empty, certificate), (nameless, certificate)):
        with pytest.raises(AuditProofOfAnotherError):
            check_certificate(shown, wanted)


def test_a_serial_that_stands_in_other_words_is_not_found(world: World):
    """The search looks for octets; what it finds is then read."""
    certificate = world.issue()
    serial = serial_text(certificate.serial_number)
    last = world.register.last_audit_entry()
    assert last is not None
    told = read_content(last.content)
    assert told is not None
    elsewhere = replace(told[1], facts=(("issuer", "root"), ("serial", serial)))
    world.register.commit((), elsewhere)
    _, bundle = made(world, certificate)
    assert len(bundle["entries"]) == 2
    assert len(world.register.search_audit(serial.encode())) == 3


def test_the_log_is_searched_and_read_on_every_engine(placed_world: World):
    certificate = placed_world.issue()
    serial = serial_text(certificate.serial_number).encode()
    found = placed_world.register.search_audit(b'"serial":"' + serial + b'"')
    assert [entry.sequence for entry in found] == [5, 6]
    assert placed_world.register.find_audit_entries([6, 5, 99]) == found
    assert tuple(placed_world.register.audit_entries(after=4)) == found
    assert placed_world.register.search_audit(b"nowhere") == ()
    held = TreeHead(ORIGIN, 0, head_of(placed_world.register).root)
    assert held.size == 0
    head, told = made(placed_world, certificate)
    assert len(check(told, head)) == 2
