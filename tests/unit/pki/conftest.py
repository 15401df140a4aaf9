from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pki_engines import ENGINES, Place
from pki_postgres import PostgresServer
from pki_world import World, make_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = make_world(tmp_path)
    yield made
    made.register.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """Start a server for this process's tests; the first that asks waits a second for it."""
    server = PostgresServer()
    yield server
    server.remove()


@pytest.fixture(params=ENGINES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Where a register may be made, on one engine after the other."""
    if request.param == "sqlite":
        yield Place("sqlite", f"sqlite:///{tmp_path / 'đăng ký.db'}")
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    url = server.new_database()
    yield Place("postgresql", url, server)
    server.drop(url)


@pytest.fixture
def placed_world(tmp_path: Path, place: Place) -> Iterator[World]:
    """The small administration, on one engine after the other."""
    made = make_world(tmp_path, place=place.url)
    yield made
    made.register.close()
