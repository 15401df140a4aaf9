"""Room for a register that is thrown away: nobody else's, and gone whatever happens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from pki_engines import Place
from pki_postgres import PostgresServer
from pki_world import NOW

from pki.audit.verify import verify_audit
from pki.clock import FixedClock
from pki.errors.register import RegisterUnreachableError, ScratchForbiddenError
from pki.errors.tree import PKIError
from pki.records.audit import AuditEvent
from pki.records.changes import ClaimName
from pki.register import postgres_scratch
from pki.register.inspection import missing_guards
from pki.register.scratch import engine_of, scratch_beside
from pki.register.sql import create_register

CLOCK = FixedClock(NOW)
EVENT = AuditEvent(NOW, "văn thư", "test")


@pytest.fixture
def url(postgres: PostgresServer) -> Iterator[str]:
    made = postgres.new_database()
    yield made
    postgres.drop(made)


def asked(url: str, statement: str) -> list[object]:
    with psycopg.connect(url, autocommit=True) as session:
        found = session.execute(statement.encode())
        return [row[0] for row in found.fetchall()] if found.description else []


def schemas(url: str) -> set[object]:
    return set(asked(url, "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'antin%'"))


def test_it_is_apart_and_leaves_nothing(place: Place, tmp_path: Path):
    register = create_register(place.url, CLOCK)
    register.commit([ClaimName("ca")], EVENT)
    folder = tmp_path / "scratch"
    folder.mkdir()
    with scratch_beside(place.url, folder) as where:
        assert engine_of(where) == engine_of(place.url) == place.engine
        other = create_register(where, CLOCK)
        other.commit([ClaimName("ca"), ClaimName("cb")], EVENT)
        register.commit([ClaimName("cb")], EVENT)
        assert not missing_guards(where)
        assert verify_audit(other) == 1
        other.close()
    assert verify_audit(register) == 2
    assert not missing_guards(place.url)
    if place.server:
        assert not schemas(place.url)
    else:
        assert [one.name for one in folder.iterdir()] == ["register.db"]
    register.close()


@pytest.mark.parametrize("ends", [KeyboardInterrupt, ScratchForbiddenError])
def test_a_block_that_fails_leaves_nothing(url: str, tmp_path: Path, ends: type[BaseException]):
    def fail() -> None:
        with scratch_beside(url, tmp_path) as where:
            create_register(where, CLOCK).close()
            assert schemas(url)
            raise ends

    with pytest.raises(ends):
        fail()
    assert not schemas(url)


def cut_off(url: str, tmp_path: Path) -> None:
    """Leave a schema behind, as a process does that is killed."""

    def end() -> None:
        with scratch_beside(url, tmp_path) as where:
            create_register(where, CLOCK).close()
            asked(url, "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")

    with pytest.raises(RegisterUnreachableError):
        end()


def test_what_was_left_goes_with_the_next_one(url: str, tmp_path: Path):
    cut_off(url, tmp_path)
    (left,) = schemas(url)
    asked(url, "CREATE SCHEMA antin_scratch_mine")
    with scratch_beside(url, tmp_path) as one, scratch_beside(url, tmp_path) as two:
        assert one != two, "what is in use is nobody else's to drop"
        assert len(schemas(url)) == 3
        assert left not in schemas(url)
        for where in (one, two):
            create_register(where, CLOCK).close()
    assert schemas(url) == {"antin_scratch_mine"}


def test_without_its_lock_it_is_dropped_in_use(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The guard taken away: who comes next takes it for left behind."""
    monkeypatch.setattr(postgres_scratch, "_TAKE", "SELECT %s, %s")
    with (
        scratch_beside(url, tmp_path) as one,
        scratch_beside(url, tmp_path),
        pytest.raises(PKIError),
    ):
        create_register(one, CLOCK)


def test_where_the_register_is_nothing_is_swept(url: str, tmp_path: Path):
    schema = f"antin_scratch_{'0' * 16}"
    asked(url, f"CREATE SCHEMA {schema}")
    own = f"{url}&options=-csearch_path%3D{schema}"
    create_register(own, CLOCK).close()
    with scratch_beside(own, tmp_path) as where:
        create_register(where, CLOCK).close()
    assert schemas(url) == {schema}
    assert not missing_guards(own)


def test_an_account_that_may_not_is_told(url: str, tmp_path: Path):
    asked(url, "CREATE ROLE scribe LOGIN")
    theirs = url.replace("antin@", "scribe@")
    with pytest.raises(ScratchForbiddenError) as refused, scratch_beside(theirs, tmp_path):
        pass
    assert "scribe" not in str(refused.value.facts["register"])
    name = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
    asked(url, f'GRANT CREATE ON DATABASE "{name}" TO scribe')
    with scratch_beside(theirs, tmp_path) as where:
        create_register(where, CLOCK).close()
    asked(url, f'REVOKE CREATE ON DATABASE "{name}" FROM scribe')
    asked(url, "DROP ROLE scribe")
    assert not schemas(url)


def test_without_a_server_there_is_none(tmp_path: Path):
    gone = f"postgresql://antin@/x?host={tmp_path}"
    with pytest.raises(RegisterUnreachableError), scratch_beside(gone, tmp_path):
        pass
