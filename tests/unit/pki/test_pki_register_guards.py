"""What the database holds to by itself: raw SQL against the guards, on both engines.

Every statement is tried twice: with the guards it is refused, and without them the same statement
passes, so it was the guard that held.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from pki_engines import ENGINES, Place, Run
from pki_people import agency, device, first, person, post, put
from pki_plan_rows import furnish_plans
from pki_postgres import PostgresServer
from pki_request_rows import furnish_requests
from pki_world import NOW, World, make_world

from pki.audit.verify import verify_audit
from pki.authority.life import declare_compromise, hold, release
from pki.records.audit import AuditEvent
from pki.records.authorities import SuccessionRecord
from pki.records.certificates import (
    CertificateQuery,
    CertificateState,
    ErasureReason,
    ErasureRecord,
    ForeignCertificate,
)
from pki.records.changes import (
    Abandon,
    Complete,
    Erase,
    Follow,
    RaiseCRLFloor,
    Reserve,
    ReserveCRLNumber,
    Retire,
    StoreCRL,
    Watch,
)
from pki.records.events import EventKind, EventRecord, RecordEvent
from pki.records.lists import CRLFloor, CRLRecord
from pki.records.notices import (
    Channel,
    Mark,
    MessageQuery,
    MessageState,
    MoveMessage,
    NewMessage,
    Notice,
    NoticeKind,
    QueuedNotice,
    QueueNotices,
)
from pki.records.people import Assignment, PersonState
from pki.records.personal import EraseForeign, ErasePerson, ForeignErasure, PersonErasure
from pki.records.watching import (
    HolderKind,
    Purpose,
    WatchedStanding,
    WatchedStatus,
    WatchedSubject,
    WatchRound,
)
from pki.register.guards import FIXED, MOVES, UNDELETED
from pki.register.people_guards import REFERENCES
from pki.register.people_tables import KEYS
from pki.register.people_tables import TABLES as ENTRY_TABLES
from pki.register.sql import open_register

EVENT = AuditEvent(NOW, "người kiểm thử", "test")
FAR = NOW + timedelta(days=11 * 366)
"""More than five years after the end of every official's certificate."""
NEVER, FIRST = "never changed or deleted", "reserved before it is anything else"
ORDER, FOLLOWING = "numbered in their order", "does not follow what stands"
DUE = "not to be erased now, or never"
UNTIMELY = "personal data are not to be erased now"
RISES, FOLLOWS, ONE = "higher than every one before", "goes on where it ends", "has one version"

COLUMNS = (
    *("issuer", "serial", "state", "tbs_der", "der", "fingerprint", "subject", "profile"),
    *("not_before", "not_after", "spki_sha256", "requester", "reserved_at", "subject_folded"),
)


def copied(where: str, verb: str = "INSERT", **changed: str) -> str:
    """Return a statement that inserts certificates again with some columns changed."""
    names = (*COLUMNS, *(name for name in changed if name not in COLUMNS))
    values = ", ".join(changed.get(name, name) for name in names)
    found = f"SELECT {values} FROM certificates WHERE {where}"
    return f"{verb} INTO certificates ({', '.join(names)}) {found}"


X = "'x'"
ANOTHER_VALUE = {
    "id": "1000",
    "issuer": "'root'",
    "serial": "'01'",
    "tbs_der": "x'00'",
    "not_before": "not_after",
    "not_after": "not_before",
    "reserved_at": "not_after",
    "follows": "7",
}
REVOKED = "issuer, serial, 'superseded', reserved_at, NULL FROM certificates WHERE"
CHANGED = "issuer, serial, '{}', reserved_at, 'certificateHold', NULL FROM certificates WHERE"
CRL = "this_update, next_update, der, last_sequence, NULL"
TAKEN_NUMBER = "number that was reserved for it"
FOREIGN = (
    "issuer_sha256, serial, issuer, subject, not_before, not_after, der, requester, recorded_at"
    " FROM foreign_certificates"
)
FOLLOWED = (
    "fingerprint, issuer_sha256, serial, kind, purpose, not_before, not_after"
    " FROM watched_certificates"
)
HAPPENED = (
    "kind, day, person, post, agency, device, to_agency, new_post, content_sha256, actor,"
    " recorded_at"
)
EMPTY = (
    "tbs_der = x'', der = x'', subject = '', subject_folded = '', holder = '', requester = '',"
    " request_id = NULL, request_sha256 = NULL"
)
ERASING = "INSERT INTO erasures SELECT issuer, serial, {}, 'ff', 'request' FROM certificates WHERE"
TOO_EARLY = (
    f"{ERASING.format('not_after')} id = 3",
    f"{ERASING.format('reserved_at')} id = 3",
    f"{ERASING.format(repr('2099-01-01 00:00:00.000000'))} id = 5",  # reserved
    *(
        f"{ERASING.format(repr('2099-01-01 00:00:00.000000'))} profile = '{profile}'"
        for profile in ("root", "issuing")
    ),
)
EMPTYING = (
    f"UPDATE certificates SET {EMPTY} WHERE id = 3",
    f"UPDATE certificates SET {EMPTY} WHERE id = 5",
    "UPDATE certificates SET subject = 'x' WHERE serial = '08'",
    "UPDATE certificates SET requester = 'x', fingerprint = 'ff' WHERE serial = '08'",
    "UPDATE certificates SET der = x'' WHERE serial = '08'",
    "UPDATE certificates SET spki_sha256 = '' WHERE serial = '08'",
)
LINE = (
    "kind, issuer, profile, serial, person, post, agency, device, deed"
    " FROM plan_lines WHERE number = 1"
)
AFTER_HEAD = "comes before its head, in order"
STEP = "at, actor, statement, cms FROM request_moves WHERE number = 2"
STEPPED = "this step of a request does not follow"
NOTICE = "channel, kind, number, subject, recipient, message FROM notices"
MESSAGE = (
    "channel, recipient, digest, created_at, 'pending', 0, changed_at, reason"
    " FROM notice_messages WHERE sequence = 1"
)
WAITS = "waits before it is anything else"
SENT_AT_ONCE = tuple(
    f"9, 'ff', {MESSAGE.replace(word, other)}"
    for word, other in (("'pending'", "'sent'"), (" 0,", " 1,"))
)
TAKEN = "INSERT OR REPLACE INTO revocations SELECT"
LAST = "WHERE sequence = (SELECT max(sequence) FROM audit)"
COLUMNS_OF = {
    table.name: [column.name for column in table.columns] for table in ENTRY_TABLES.values()
}
KEY_OF = {table.name: KEYS[kind] for kind, table in ENTRY_TABLES.items()}


def version(table: str, verb: str = "INSERT", **changed: str) -> str:
    """Return a statement that enters the one entry of a table again with some columns changed."""
    changed = {"version": "2", "follows": "1", **changed}
    values = ", ".join(changed.get(name, name) for name in COLUMNS_OF[table])
    found = f"SELECT {values} FROM {table} WHERE version = 1 ORDER BY 1 LIMIT 1"
    return f"{verb} INTO {table} ({', '.join(COLUMNS_OF[table])}) {found}"


NEXT, MOVED = "goes on from the last", "this state does not follow"
DANGLING, SAME = "names is not there", "keeps its person and its agency"
NOBODY = "'nobody'"
ENTRIES = (
    *((f"UPDATE {table} SET recorded_at = '2099-01-01'", NEVER) for table in KEY_OF),
    *((f"UPDATE {table} SET version = 2", NEVER) for table in KEY_OF),
    ("UPDATE people SET name = ''", NEVER),
    *(
        (f"UPDATE people SET {one}, name_folded = '' WHERE code = 'NV-1'", NEVER)
        for one in ("name = '', surname = '', given_name = ''",)
    ),
    *(
        (f"UPDATE people SET {one} WHERE code = 'NV-3'", NEVER)
        for one in ("name = 'x'", "email = 'x'", "state = 'died'", "since = '2099-01-01'")
    ),
    (version("people", code="'NV-3'", name="'x'"), "gets no new version"),
    *((version(table, version="3"), NEXT) for table in KEY_OF),
    *((version(table, follows="2"), NEXT) for table in KEY_OF),
    *((version(table, follows="-1"), NEXT) for table in KEY_OF),
    *((version(table, effective="'1999-01-01'"), NEXT) for table in KEY_OF),
    (version("people", code="'other'"), NEXT),
    (version("people", version="1", follows="1", code="'other'"), NEXT),
    (version("people", state="'lost'"), MOVED),
    (version("people", state="'dead'", follows="0"), MOVED),
    (version("devices", state="'suspended'"), MOVED),
    *(
        (version(table, follows="0", **{column: NOBODY}), DANGLING)
        for table, column, *_ in REFERENCES
    ),
    (version("posts", person="'NV-2'"), SAME),
    (version("devices", agency="'UBND-X'"), DANGLING),
    (version("assignments", person="NULL"), DANGLING),
)
ENDS_AT = "not_after, 'request' FROM foreign_certificates WHERE fingerprint"
STATEMENTS = (
    *ENTRIES,
    *((f"DELETE FROM {table}", NEVER) for table in UNDELETED),
    ("UPDATE authorities SET key_uri = ''", NEVER),
    ("UPDATE erasures SET at = '2099-01-01'", NEVER),
    ("UPDATE successions SET successor = name", NEVER),
    ("UPDATE revocations SET reason = 'unspecified'", NEVER),
    ("UPDATE crls SET der = x'00'", NEVER),
    ("UPDATE crl_floors SET number = 1", NEVER),
    ("UPDATE foreign_certificates SET der = x'00'", NEVER),
    ("UPDATE watched_certificates SET not_after = '2099-01-01'", NEVER),
    ("UPDATE watched_subjects SET name = 'x'", NEVER),
    ("UPDATE watched_statuses SET standing = 'revoked'", NEVER),
    ("UPDATE watch_rounds SET good_until = '2099-01-01'", NEVER),
    ("UPDATE watched_subjects SET name = '' WHERE sequence = 1", NEVER),
    ("UPDATE watched_subjects SET unit = 'x' WHERE sequence = 2", NEVER),
    ("UPDATE foreign_certificates SET der = x'', subject = '' WHERE fingerprint = 'f0'", NEVER),
    ("UPDATE foreign_certificates SET serial = '01' WHERE fingerprint = 'f1'", NEVER),
    ("UPDATE person_erasures SET at = '2099-01-01'", NEVER),
    ("UPDATE foreign_erasures SET at = '2099-01-01'", NEVER),
    *(
        (f"INSERT INTO person_erasures VALUES ({code}, '2099-01-01', 'request')", UNTIMELY)
        for code in ("'NV-1'", "'NV-2'", "'nobody'")
    ),
    (f"INSERT INTO foreign_erasures SELECT fingerprint, {ENDS_AT} = 'f0'", UNTIMELY),
    ("UPDATE role_grants SET role = 'officer'", NEVER),
    ("UPDATE role_ends SET ended_at = '2099-01-01'", NEVER),
    ("UPDATE requests SET approvals = 0", NEVER),
    ("UPDATE requests SET content_sha256 = ''", NEVER),
    ("UPDATE request_contents SET content = x'00'", NEVER),
    ("UPDATE request_contents SET content = x''", NEVER),
    ("UPDATE request_moves SET state = 'done' WHERE number = 2", NEVER),
    ("UPDATE request_approvals SET expires_at = '2099-01-01'", NEVER),
    ("UPDATE events SET day = '2099-01-01'", NEVER),
    *(
        (f"INSERT INTO request_moves SELECT request, {number}, {state}, {STEP}", STEPPED)
        for number, state in (("3", "'withdrawn'"), ("3", "'submitted'"), ("4", "'done'"))
    ),
    ("UPDATE notices SET recipient = 'x'", NEVER),
    ("UPDATE notice_marks SET upto = 0", NEVER),
    *(
        (f"UPDATE notice_messages SET {change} WHERE sequence = 1", NEVER)
        for change in (
            *("id = 'ff'", "recipient = 'x'", "state = 'pending'", "state = 'sending'"),
            *("tries = 0", "created_at = '2099-01-01'", "channel = 'file'"),
        )
    ),
    ("UPDATE notice_messages SET state = 'sent' WHERE sequence = 2", NEVER),
    *((f"INSERT INTO notice_messages SELECT {values}", WAITS) for values in SENT_AT_ONCE),
    *(
        (f"UPDATE plan_lines SET {name} WHERE plan = 'P-1'", NEVER)
        for name in ("deed = x'00'", "deed = x''", "number = number + 9", "agency = 'A2'")
    ),
    ("DELETE FROM plan_lines WHERE plan = 'P-1' AND number > 1", NEVER),
    (f"INSERT INTO plan_lines SELECT plan, 4, {LINE} AND plan = 'P-1'", AFTER_HEAD),
    (f"INSERT INTO plan_lines SELECT plan, 4, {LINE} AND plan = 'P-2'", AFTER_HEAD),
    (f"INSERT INTO plan_lines SELECT 'P-3', 2, {LINE} AND plan = 'P-2'", AFTER_HEAD),
    ("UPDATE plan_ends SET state = 'done'", NEVER),
    ("UPDATE audit SET content = x'00'", NEVER),
    (f"UPDATE audit SET sequence = 1000 {LAST}", NEVER),
    ("UPDATE issuer_names SET name = 'other' WHERE name = 'root'", NEVER),
    *(
        (f"UPDATE certificates SET {name} = {ANOTHER_VALUE.get(name, X)} WHERE id = 4", NEVER)
        for name in FIXED
    ),
    *(
        (f"UPDATE certificates SET {name} WHERE state = 'issued'", NEVER)
        for name in ("der = x'00'", "der = NULL", "fingerprint = 'ff'", "fingerprint = NULL")
    ),
    *(
        (f"UPDATE certificates SET state = '{end}' WHERE state = '{start}'", NEVER)
        for start in CertificateState
        for end in (*CertificateState, "held")
        if (start, end) not in MOVES and start != end
    ),
    ("UPDATE certificates SET state = 'issued' WHERE state = 'reserved'", NEVER),
    ("UPDATE certificates SET state = 'issued', der = x'00' WHERE state = 'reserved'", NEVER),
    ("UPDATE certificates SET state = 'issued', fingerprint = 'f' WHERE id = 5", NEVER),
    ("UPDATE certificates SET state = 'abandoned', der = x'00' WHERE state = 'reserved'", NEVER),
    (copied("state = 'issued' AND id > 2", serial="'ff'"), FIRST),
    (copied("state = 'reserved'", serial="'ff'", der="x'00'"), FIRST),
    (copied("state = 'reserved'", serial="'ff'", fingerprint="'ff'"), FIRST),
    *(
        (f"INSERT INTO crls SELECT issuer, {number}, {CRL} FROM crls WHERE number = 5", words)
        for number, words in ((3, RISES), (7, TAKEN_NUMBER))
    ),
    *(
        (f"INSERT INTO crl_numbers SELECT issuer, {number} FROM crls WHERE number = 5", RISES)
        for number in (4, 0, -1)
    ),
    ("UPDATE crl_numbers SET number = 9 WHERE number = 6", NEVER),
    *(
        (f"INSERT INTO audit SELECT {number}, at, content, subtrees FROM audit {LAST}", FOLLOWS)
        for number in ("sequence + 2", "0", "-1")
    ),
    *((f"INSERT INTO revocations SELECT {number}, {REVOKED} id = 5", ORDER) for number in (0, 2)),
    (f"INSERT INTO status_changes SELECT 0, {CHANGED.format('hold')} id = 1", ORDER),
    *(
        (f"INSERT INTO status_changes SELECT 50, {CHANGED.format(kind)} id = {number}", FOLLOWING)
        for number, kinds in (
            (1, ("release", "revoke", "upgrade")),  # good
            (3, ("hold", "release", "revoke")),  # revoked
            (4, ("hold", "revoke", "upgrade")),  # on hold
        )
        for kind in kinds
    ),
    ("INSERT INTO schema_version SELECT 99, created_at FROM schema_version", ONE),
    *((statement, DUE) for statement in TOO_EARLY),
    *((statement, NEVER) for statement in EMPTYING),
)  # fmt: skip
GUARD = "antin: "
REPLACING = (
    *((f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}", GUARD) for table in KEY_OF),
    (copied("state = 'issued'", "INSERT OR REPLACE", state="'reserved'", der="NULL",
            fingerprint="NULL"), GUARD),
    (copied("id = 4", "INSERT OR REPLACE", state="'reserved'", der="NULL", fingerprint="NULL",
            serial="'ff'", id="4"), GUARD),
    ("UPDATE OR REPLACE certificates SET id = 2 WHERE id = 1", GUARD),
    ("INSERT OR REPLACE INTO revocations SELECT * FROM revocations", GUARD),
    (f"{TAKEN} sequence, issuer, '01', reason, revoked_at, NULL FROM revocations", GUARD),
    (f"{TAKEN} 50, issuer, serial, reason, revoked_at, NULL FROM revocations", GUARD),
    ("INSERT OR REPLACE INTO status_changes SELECT * FROM status_changes", GUARD),
    ("INSERT OR REPLACE INTO erasures SELECT * FROM erasures", GUARD),
    *(
        (f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}", GUARD)
        for table in ("role_grants", "role_ends", "requests", "request_contents")
    ),
    ("INSERT OR REPLACE INTO request_moves SELECT * FROM request_moves", GUARD),
    ("INSERT OR REPLACE INTO plan_lines SELECT * FROM plan_lines", GUARD),
    ("INSERT OR REPLACE INTO plan_ends SELECT * FROM plan_ends", GUARD),
    ("INSERT OR REPLACE INTO request_approvals SELECT * FROM request_approvals", GUARD),
    ("INSERT OR REPLACE INTO events SELECT * FROM events", GUARD),
    (
        f"INSERT OR REPLACE INTO events SELECT 'E-2', {HAPPENED} FROM events",
        GUARD,
    ),
    *(
        (f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}", GUARD)
        for table in ("notices", "notice_messages", "notice_marks")
    ),
    (f"INSERT OR REPLACE INTO notices SELECT 9, {NOTICE}", GUARD),
    (f"INSERT OR REPLACE INTO notice_messages SELECT 9, id, {MESSAGE}", GUARD),
    ("INSERT OR REPLACE INTO authorities SELECT * FROM authorities", GUARD),
    ("INSERT OR REPLACE INTO successions SELECT name, 'root', retired_at FROM successions", GUARD),
    ("INSERT OR REPLACE INTO issuer_names SELECT * FROM issuer_names", GUARD),
    ("INSERT OR REPLACE INTO crls SELECT * FROM crls", GUARD),
    ("INSERT OR REPLACE INTO crl_floors SELECT * FROM crl_floors", GUARD),
    ("INSERT OR REPLACE INTO foreign_certificates SELECT * FROM foreign_certificates", GUARD),
    (f"INSERT OR REPLACE INTO foreign_certificates SELECT 'ff', {FOREIGN}", GUARD),
    ("INSERT OR REPLACE INTO watched_certificates SELECT * FROM watched_certificates", GUARD),
    (f"INSERT OR REPLACE INTO watched_certificates SELECT 9, {FOLLOWED}", GUARD),
    *(
        (f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}", GUARD)
        for table in ("watched_subjects", "watched_statuses", "watch_rounds")
    ),
    ("INSERT OR REPLACE INTO crl_numbers SELECT * FROM crl_numbers", GUARD),
    ("INSERT OR REPLACE INTO audit SELECT * FROM audit", GUARD),
    ("INSERT OR REPLACE INTO schema_version SELECT * FROM schema_version", GUARD),
)  # fmt: skip


def furnish(world: World) -> None:
    """Give every table a row and every state a certificate."""
    world.issuing.revoke(world.issue().serial_number, x509.ReasonFlags.superseded)
    world.issue()
    (issued,) = world.register.find_certificates(
        CertificateQuery(profile="official", state=CertificateState.ISSUED)
    )
    hold(world.issuing, issued.serial, requester="văn thư")
    reserved = replace(issued, serial=7, state=CertificateState.RESERVED, der=None)
    reserved = replace(reserved, fingerprint=None)
    world.register.commit([Reserve(reserved), Reserve(replace(reserved, serial=8))], EVENT)
    world.register.commit([Abandon(reserved.issuer, 8)], EVENT)
    world.register.commit([ReserveCRLNumber("issuing", number) for number in (3, 5, 6)], EVENT)
    world.register.commit([StoreCRL(CRLRecord("issuing", 5, NOW, NOW, b"crl", 0))], EVENT)
    world.register.commit([Retire(SuccessionRecord("root", "issuing", NOW))], EVENT)
    floor = CRLFloor("issuing", 4, NOW, NOW)
    text, ends = ("Tỉnh khác", "Người khác"), (NOW, NOW)
    watched = ForeignCertificate("f0", "e0", 9, *text, *ends, b"der", "văn thư", NOW)
    speaks_of = WatchedSubject("f0", HolderKind.PERSON, Purpose.SIGN, NOW, *text, "Tỉnh khác")
    world.register.commit([RaiseCRLFloor(floor), Watch(watched, speaks_of)], EVENT)
    good = WatchedStatus("f0", WatchedStanding.GOOD, NOW, "crl", "c0")
    world.register.commit([Follow((good,), WatchRound("e0", NOW, NOW, "c0", 1, 0))], EVENT)
    furnish_requests(world.register)  # before there is a registry to look into
    put(world.register, agency(), person(), person("NV-2"), post(), device())
    put(world.register, Assignment(**first(), fingerprint="f0", person="NV-1"))
    gone = ErasureRecord("issuing", 8, FAR, "00" * 32, ErasureReason.RETENTION)
    world.register.commit([Erase(gone)], EVENT)
    codes = ("NV-1", "CV-1", "X", None, None, None)
    told = EventRecord("E-1", EventKind.LEAVING, NOW.date(), *codes, "ab", "người kiểm thử", NOW)
    world.register.commit([RecordEvent(told)], EVENT)
    furnish_erasures(world)
    furnish_notices(world)
    furnish_plans(world.register)
    world.register.close()


def furnish_erasures(world: World) -> None:
    """Erase a person, and a certificate of another authority that ended."""
    gone = person("NV-3", state=PersonState.LEFT)
    text, ends = ("Tỉnh khác", "Người khác"), (NOW, NOW)
    other = ForeignCertificate("f1", "e1", 9, *text, *ends, b"der", "văn thư", NOW)
    speaks_of = WatchedSubject("f1", HolderKind.PERSON, Purpose.SIGN, NOW, *text, "Tỉnh khác")
    put(world.register, gone)
    world.register.commit([Watch(other, speaks_of)], EVENT)
    person_gone = ErasePerson(PersonErasure("NV-3", FAR, ErasureReason.REQUEST))
    other_gone = EraseForeign(ForeignErasure("f1", FAR, ErasureReason.REQUEST))
    world.register.commit([person_gone, other_gone], EVENT)


def furnish_notices(world: World) -> None:
    """Give every table of notices a row: a message that was sent, and one that waits."""
    messages = (NewMessage("a1", "person:NV-1", False), NewMessage("a2", "agency:X", True))
    notice = Notice(NoticeKind.HELD, 3, "issuing:04", "person:NV-1")
    queued = (QueuedNotice(notice, "a1"),)
    change = QueueNotices(Channel.SMTP, NOW, messages, queued, (Mark("log", 7),))
    world.register.commit([change], EVENT)
    for state in (MessageState.SENDING, MessageState.SENT):
        (*_, first_one) = world.register.find_messages(MessageQuery())
        world.register.commit([MoveMessage(first_one, state, NOW)], EVENT)


@pytest.fixture(scope="module")
def furnished_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("furnished")
    furnish(make_world(folder))
    return folder / "register.db"


@pytest.fixture(scope="module")
def furnished_database(
    tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer
) -> Iterator[str]:
    url = postgres.new_database()
    furnish(make_world(tmp_path_factory.mktemp("furnished"), place=url))
    yield url
    postgres.drop(url)


@pytest.fixture(params=ENGINES)
def furnished(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A copy of a furnished register: each statement has one of its own to spoil."""
    if request.param == "sqlite":
        copy = shutil.copy(request.getfixturevalue("furnished_file"), tmp_path / "register.db")
        yield Place("sqlite", f"sqlite:///{copy}")
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    url = server.new_database(template=request.getfixturevalue("furnished_database"))
    yield Place("postgresql", url, server)
    server.drop(url)


def refused_then_done(place: Place, statement: str, words: str) -> None:
    with place.raw() as run:
        before = standing(run)
        with pytest.raises(place.refusals, match=words):
            run(statement)
        assert standing(run) == before
        place.drop_guards(run)
        if place.engine == "postgresql":
            run("SET session_replication_role = replica")  # foreign keys hold by triggers as well
        run(statement)
        assert standing(run) != before


def standing(run: Run) -> list[list[tuple[object, ...]]]:
    return [run(f"SELECT * FROM {table}") for table in (*UNDELETED, "plan_lines")]


@pytest.mark.parametrize(("statement", "words"), STATEMENTS)
def test_the_database_keeps_what_was_written(furnished: Place, statement: str, words: str):
    refused_then_done(furnished, statement, words)


@pytest.mark.parametrize("furnished", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("statement", "words"), REPLACING)
def test_replacing_is_no_way_round(furnished: Place, statement: str, words: str):
    """SQLite's REPLACE deletes what stands in the way and asks no delete trigger."""
    with furnished.raw() as run:
        before = standing(run)
        with pytest.raises(furnished.refusals, match=words):
            run(statement)
        assert standing(run) == before
        furnished.drop_guards(run)
        run(statement)


@pytest.mark.parametrize("furnished", ["postgresql"], indirect=True)
@pytest.mark.parametrize("table", UNDELETED)
def test_truncating_is_no_way_round(furnished: Place, table: str):
    refused_then_done(furnished, f"TRUNCATE {table} CASCADE", NEVER)


@pytest.mark.parametrize("furnished", ["postgresql"], indirect=True)
def test_guards_look_into_the_register_s_own_schema(furnished: Place):
    """A session may point its search path elsewhere, at another audit table."""
    rows = "at, content, subtrees FROM public.audit WHERE sequence = 1"
    with furnished.raw() as run:
        run("CREATE SCHEMA other")
        run(f"CREATE TABLE other.audit AS SELECT 998::bigint AS sequence, {rows}")
        run("SET search_path = other, public")
        with pytest.raises(furnished.refusals, match=FOLLOWS):
            run(f"INSERT INTO public.audit SELECT 999, {rows}")
        run("ALTER FUNCTION public.antin_gapless() RESET search_path")
        run(f"INSERT INTO public.audit SELECT 999, {rows}")  # the twin


def test_the_ways_that_are_open_stay_open(furnished: Place):
    """The positive twin of all of the above."""
    register = open_register(furnished.url)
    found = register.find_certificates(CertificateQuery())
    assert {record.state for record in found} == set(CertificateState)
    register.commit([Complete("issuing", 7, b"der", "ff")], EVENT)
    register.commit([StoreCRL(CRLRecord("issuing", 6, NOW, NOW, b"crl", 0))], EVENT)
    assert verify_audit(register) > 10
    register.close()


def test_a_status_takes_every_way_that_there_is(placed_world: World):
    """On both engines: what `pki.transitions` allows, the database allows as well."""
    world = placed_world
    held = world.issue().serial_number
    hold(world.issuing, held, requester="văn thư")
    release(world.issuing, held, requester="văn thư")
    hold(world.issuing, held, requester="văn thư")
    world.issuing.revoke(held, x509.ReasonFlags.superseded)
    declare_compromise(world.issuing, held, requester="văn thư")
    plain = world.issue().serial_number
    world.issuing.revoke(plain, x509.ReasonFlags.superseded)
    declare_compromise(world.issuing, plain, requester="văn thư")
    kinds = [
        [change.kind.value for change in world.register.status_changes("issuing", serial)]
        for serial in (held, plain)
    ]
    assert kinds == [["hold", "release", "hold", "revoke", "upgrade"], ["revoke", "upgrade"]]
    listed = world.register.list_revocations("issuing")
    assert [record.sequence for record in listed] == [5, 7]
