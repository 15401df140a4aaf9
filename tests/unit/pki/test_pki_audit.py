"""The audit log: whatever is changed in it afterwards shows."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from pki_world import NOW, World, someone

from pki.audit.entry import build_entry, check_clock, present
from pki.audit.tree import Edge
from pki.audit.verify import verify_audit
from pki.authority.authority import Authority
from pki.clock import FixedClock
from pki.errors.audit import AuditBrokenError
from pki.errors.clock import ClockBeforeRecordError
from pki.records.audit import AuditEvent

EVENT = AuditEvent(NOW, "Trần Thị B", "certificate.issue", (("serial", "0f"), ("issuer", "ca")))


def test_an_entry_is_canonical_json_under_a_merkle_leaf_hash():
    entry, edge = build_entry(EVENT, Edge())
    assert (
        entry.content
        == (
            '{"action":"certificate.issue","actor":"Trần Thị B","at":"2026-03-02T07:30:15.250000Z",'
            '"facts":{"issuer":"ca","serial":"0f"},"sequence":1}'
        ).encode()
    )
    assert entry.subtrees == hashlib.sha256(b"\x00" + entry.content).digest()
    following, edge = build_entry(EVENT, edge)
    leaf = hashlib.sha256(b"\x00" + following.content).digest()
    root = hashlib.sha256(b"\x01" + entry.subtrees + leaf).digest()
    assert (following.sequence, following.subtrees) == (2, leaf + root)
    assert edge == Edge(2, (root,))


def test_the_log_of_a_working_authority_verifies(world: World):
    world.issue()
    entries = list(world.register.audit_entries())
    assert verify_audit(world.register) == len(entries) == 6
    assert [json.loads(entry.content)["action"] for entry in entries] == [
        "certificate.reserve",
        "certificate.issue",
    ] * 3


def test_no_personal_data_is_in_the_log(world: World):
    subject = someone(UID="CCCD:001090000001", E="a@example.gov.vn")
    certificate = world.issue(subject=subject)
    world.issuing.revoke(certificate.serial_number, x509.ReasonFlags.key_compromise)
    world.issuing.issue_crl()
    world.issuing.recover_open()
    log = b"".join(entry.content for entry in world.register.audit_entries())
    assert b"001090000001" not in log
    assert b"@" not in log
    assert "Nguyễn".encode() not in log


@pytest.mark.parametrize(
    "statements",
    [
        ["UPDATE audit SET content = replace(content, 'issue', 'iseue') WHERE sequence = 2"],
        ["UPDATE audit SET content = CAST(replace(content, 'issue', 'iseue') AS BLOB)"],
        ["DELETE FROM audit WHERE sequence = 2"],
        ["DELETE FROM audit WHERE sequence = 1"],
        ["UPDATE audit SET at = '2020-01-01 00:00:00.000000' WHERE sequence = 2"],
        ["UPDATE audit SET subtrees = x'00' WHERE sequence = 2"],
        ["UPDATE audit SET subtrees = hex(subtrees) WHERE sequence = 2"],
        [
            "UPDATE audit SET sequence = 99 WHERE sequence = 2",
            "UPDATE audit SET sequence = 2 WHERE sequence = 1",
            "UPDATE audit SET sequence = 1 WHERE sequence = 99",
        ],
    ],
)
def test_a_log_that_was_changed_does_not_verify(world: World, statements: list[str]):
    database = sqlite3.connect(world.folder / "register.db", isolation_level=None)
    database.execute("DROP TRIGGER audit_no_update")
    database.execute("DROP TRIGGER audit_no_delete")
    for statement in statements:
        database.execute(statement)
    database.close()
    with pytest.raises(AuditBrokenError):
        verify_audit(world.register)


def test_content_that_is_no_entry_does_not_verify(world: World):
    """Whoever recomputes the hashes over nonsense is found out as well."""
    content = b"nonsense"
    leaf = hashlib.sha256(b"\x00" + content).digest()
    database = sqlite3.connect(world.folder / "register.db", isolation_level=None)
    database.execute("DROP TRIGGER audit_no_update")
    database.execute(
        "UPDATE audit SET content = ?, subtrees = ? WHERE sequence = 1",
        (content, leaf),
    )
    database.close()
    with pytest.raises(AuditBrokenError, match="not an entry"):
        verify_audit(world.register)


def test_the_clock_may_not_stand_before_the_record(world: World):
    check_clock(world.register, NOW)
    with pytest.raises(ClockBeforeRecordError):
        check_clock(world.register, NOW - timedelta(microseconds=1))


def test_nothing_is_signed_before_the_record(world: World):
    assert isinstance(world.clock, FixedClock)
    certificate = world.issue()
    world.issuing.issue_crl()
    entries = verify_audit(world.register)
    world.clock.advance(timedelta(seconds=-1))
    for act in (
        world.issue,
        world.issuing.issue_crl,
        lambda: world.issuing.revoke(certificate.serial_number, x509.ReasonFlags.superseded),
        world.issuing.recover_open,
    ):
        with pytest.raises(ClockBeforeRecordError):
            act()
    assert verify_audit(world.register) == entries
    world.clock.advance(timedelta(seconds=1))
    world.issue()


def test_what_others_write_meanwhile_is_no_clock_that_was_set_back(world: World):
    class Meanwhile:
        """Somebody else's entry follows this clock's time before anything is done with it."""

        def now(self) -> datetime:
            now = world.clock.now()
            later = AuditEvent(now + timedelta(milliseconds=2), "other", "certificate.issue")
            world.register.commit((), later)
            return now

    assert present(world.register, Meanwhile()) == NOW
    with pytest.raises(ClockBeforeRecordError):
        present(world.register, world.clock)
    with pytest.raises(ClockBeforeRecordError):
        check_clock(world.register, Meanwhile().now())


def test_a_list_is_issued_while_others_write(world: World):
    clock = world.clock
    assert isinstance(clock, FixedClock)

    class Meanwhile:
        """Somebody else's entry comes between each look at the clock and what follows it."""

        def now(self) -> datetime:
            now = clock.now()
            later = AuditEvent(now + timedelta(milliseconds=2), "other", "certificate.issue")
            world.register.commit((), later)
            clock.advance(timedelta(milliseconds=3))
            return now

    busy = Authority(world.issuing.issuer, world.register, Meanwhile())
    assert len(busy.issue_crl()) == 0
    clock.advance(-timedelta(seconds=1))
    with pytest.raises(ClockBeforeRecordError):
        world.issuing.issue_crl()
