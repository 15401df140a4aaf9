"""Whoever owns the database rewrites its log; whoever holds an earlier head finds it out."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from cryptography import x509
from pki_audit_world import (
    ATTACKS,
    ORIGIN,
    Attack,
    copy_register,
    cut,
    edited,
    head_of,
    own,
    replaced,
    rewrite,
)
from pki_world import World

from pki.audit.check import check_consistency
from pki.audit.checkpoint import TreeHead
from pki.audit.entry import read_content
from pki.audit.proof import consistency_proof
from pki.audit.tree import EMPTY_ROOT, Edge
from pki.audit.verify import compare_heads, recompute, verify_audit
from pki.authority.authority import Authority
from pki.errors.audit import (
    AuditBrokenError,
    AuditCutError,
    AuditNotConsistentError,
    AuditRewrittenError,
    AuditSplitError,
)
from pki.errors.register import RegisterConflictError, RegisterWentBackError
from pki.errors.tree import PKIError
from pki.register.sql import SQLRegister, open_register

FOUND_OUT = (AuditRewrittenError, AuditCutError)


def test_a_log_that_only_grew_goes_on_from_every_earlier_head(world: World):
    heads = [TreeHead(ORIGIN, 0, EMPTY_ROOT)]
    for _ in range(4):
        heads.append(head_of(world.register))
        world.issue()
    assert recompute(world.register, heads).size == 12
    last = head_of(world.register)
    for head in heads:
        proof = consistency_proof(head.size, last.size, world.register.find_audit_entries)
        check_consistency((head.size, head.root), (last.size, last.root), proof)


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_rewritten_log_is_found_out_by_an_earlier_head(world: World, attack: Attack):
    world.issue()
    head = head_of(world.register)
    rewrite(world, attack)
    # Alone, it recomputes: nothing inside a database speaks against its owner.
    verify_audit(world.register)
    with pytest.raises(FOUND_OUT):
        recompute(world.register, [head])


@pytest.mark.parametrize("attack", ATTACKS)
def test_nor_does_it_help_to_grow_again(world: World, attack: Attack):
    head = head_of(world.register)
    rewrite(world, attack)
    other = open_register(world.folder / "register.db")  # who wrote before may refuse to go on
    issuing = Authority(world.issuing.issuer, other, world.clock)
    while other.last_audit_entry() is None or verify_audit(other) <= head.size:
        world.issue(authority=issuing)
    other.close()
    with pytest.raises(AuditRewrittenError):
        recompute(world.register, [head])
    grown = head_of(world.register)
    proof = consistency_proof(head.size, grown.size, world.register.find_audit_entries)
    with pytest.raises(AuditNotConsistentError):
        check_consistency((head.size, head.root), (grown.size, grown.root), proof)


@pytest.mark.parametrize("attack", ATTACKS)
def test_without_the_comparison_nobody_finds_out(
    world: World, attack: Attack, monkeypatch: pytest.MonkeyPatch
):
    """The guard taken away: what the tests above ask for does not come by itself."""
    head = head_of(world.register)
    rewrite(world, attack)
    monkeypatch.setattr("pki.audit.verify._expected", lambda _: {})
    recompute(world.register, [head])


def test_an_attack_after_the_head_is_seen_by_the_next_head_only(world: World):
    early = head_of(world.register)
    world.issue()
    late = head_of(world.register)
    rewrite(world, cut)
    recompute(world.register, [early])
    with pytest.raises(AuditCutError) as found:
        recompute(world.register, [early, late])
    assert found.value.facts == {"size": late.size, "found": late.size - 1}


def test_an_older_backup_is_found_out(world: World, tmp_path: Path):
    backup = tmp_path / "backup.db"
    copy_register(world, backup)
    world.issue()
    head = head_of(world.register)
    restored = open_register(backup)
    verify_audit(restored)
    with pytest.raises(AuditCutError):
        recompute(restored, [head])
    restored.close()


def test_two_histories_of_one_size_are_found_out(world: World, tmp_path: Path):
    backup = tmp_path / "backup.db"
    copy_register(world, backup)
    world.issue()
    shown_here = head_of(world.register)
    rewrite(world, edited)
    shown_there = head_of(world.register)
    assert shown_here.size == shown_there.size
    compare_heads(shown_here, shown_here)
    with pytest.raises(AuditSplitError):
        compare_heads(shown_here, shown_there)
    with pytest.raises(AuditSplitError):
        recompute(world.register, [shown_there, shown_here])


def test_heads_of_different_sizes_are_not_compared(world: World):
    early = head_of(world.register)
    world.issue()
    compare_heads(early, head_of(world.register))


def test_a_log_without_its_end_cannot_be_gone_on_from(world: World):
    """Another process; this one still remembers the edge, but for as long as it fits."""
    database = own(world)
    database.execute("DELETE FROM audit WHERE sequence = 2")
    database.execute("DELETE FROM audit WHERE sequence = 4")
    database.close()
    other = open_register(world.folder / "register.db")
    rows = verify_rows(other)
    with pytest.raises(AuditBrokenError):
        World(world.folder, world.clock, other, world.root, world.issuing).register.commit(
            (), _event(world)
        )
    assert verify_rows(other) == rows
    other.close()


def verify_rows(register: SQLRegister) -> int:
    return sum(1 for _ in register.audit_entries())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET subtrees = x'00' WHERE sequence = 4",
        "UPDATE audit SET subtrees = 'text' WHERE sequence = 4",
        "UPDATE audit SET sequence = -1 WHERE sequence = 4",
    ],
)
def test_a_log_of_nonsense_is_refused_in_our_words(world: World, statement: str):
    database = own(world)
    database.execute(statement)
    if "sequence = -1" in statement:
        database.execute("DELETE FROM audit WHERE sequence > 0")
    database.close()
    other = open_register(world.folder / "register.db")
    with pytest.raises(PKIError):
        other.commit((), _event(world))
    with pytest.raises(PKIError):
        verify_audit(other)
    other.close()


def test_the_database_takes_no_number_that_is_none(world: World):
    database = own(world)
    with pytest.raises(sqlite3.IntegrityError):
        database.execute("UPDATE audit SET sequence = 'text' WHERE sequence = 4")
    database.execute("UPDATE audit SET sequence = 40 WHERE sequence = 4")
    database.close()


def test_another_process_wrote_meanwhile(world: World):
    other = open_register(world.folder / "register.db")
    for register in (world.register, other, other, world.register, other):
        register.commit((), _event(world))
    other.close()
    assert verify_audit(world.register) == 9


def test_a_log_that_was_replaced_under_a_running_process_is_not_gone_on_from(world: World):
    """Same size, another history: the edge that is remembered fits no longer."""
    head = head_of(world.register)
    rewrite(world, replaced)
    with pytest.raises(RegisterWentBackError):
        world.register.commit((), _event(world))
    verify_audit(world.register)
    with pytest.raises(AuditRewrittenError):
        recompute(world.register, [head])
    anew = open_register(world.folder / "register.db")
    anew.commit((), _event(world))
    anew.close()
    with pytest.raises(AuditRewrittenError):
        recompute(world.register, [head])


def _event(world: World):
    entry = world.register.last_audit_entry()
    assert entry is not None
    told = read_content(entry.content)
    assert told is not None
    return told[1]


# If the audit record cannot be written, the action fails.


def fail_writing(world: World) -> None:
    database = sqlite3.connect(world.folder / "register.db")
    database.execute(
        "CREATE TRIGGER no_room BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no room'); END"
    )
    database.close()


def mend(world: World) -> None:
    database = sqlite3.connect(world.folder / "register.db")
    database.execute("DROP TRIGGER no_room")
    database.close()


def everything(world: World) -> list[tuple[object, ...]]:
    database = sqlite3.connect(world.folder / "register.db")
    tables = ("certificates", "revocations", "crls", "authorities", "issuer_names", "audit")
    rows = [row for name in tables for row in database.execute(f"SELECT * FROM {name}")]
    database.close()
    return rows


def actions(world: World, serial: int):
    yield world.issue
    yield lambda: world.issuing.revoke(serial, x509.ReasonFlags.superseded)
    yield world.issuing.issue_crl


def test_what_cannot_be_recorded_is_not_done(world: World):
    serial = world.issue().serial_number
    before = everything(world)
    fail_writing(world)
    for act in actions(world, serial):
        with pytest.raises(RegisterConflictError, match="no room"):
            act()
        assert everything(world) == before
    mend(world)
    entries = verify_audit(world.register)
    for act in actions(world, serial):
        act()
        assert verify_audit(world.register) > entries
        entries = verify_audit(world.register)


def test_an_authority_that_swallowed_the_failure_would_be_seen_to(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    """The guard taken away: the action is done and the log tells nothing of it."""
    serial = world.issue().serial_number
    before = everything(world)
    monkeypatch.setattr("pki.register.audit_log.AuditLog.append", lambda *_: Edge())
    world.issuing.revoke(serial, x509.ReasonFlags.superseded)
    assert everything(world) != before
