"""Numbers of lists over versions of the register, on both engines."""

from __future__ import annotations

import pytest
from pki_engines import Place
from pki_world import NOW, World, make_world

from pki.clock import FixedClock
from pki.errors.issuing import SignatureMismatchError
from pki.errors.register import RegisterConflictError
from pki.register.sql import open_register
from pki.register.tables import SCHEMA_VERSION
from pki.register.upgrade import change_version

CLOCK = FixedClock(NOW)


def test_a_number_that_was_reserved_and_never_stored_stays_taken(
    placed_world: World, place: Place, monkeypatch: pytest.MonkeyPatch
):
    """Version 1 knows of it by its audit log alone."""

    def wrong(*_: object) -> None:
        raise SignatureMismatchError(reason="test")

    placed_world.issuing.issue_crl()
    with monkeypatch.context() as patch:
        patch.setattr("pki.authority.crl._check_result", wrong)
        with pytest.raises(SignatureMismatchError):
            placed_world.issuing.issue_crl()
    placed_world.register.close()
    for version in (1, SCHEMA_VERSION):
        change_version(place.url, CLOCK, actor="quản trị", to=version)
    register = open_register(place.url)
    assert register.last_crl_number("issuing") == 2
    assert register.last_crl_number("root") == 0
    register.close()


def test_delta_lists_have_no_place_in_version_1(place: Place, tmp_path):
    world = make_world(tmp_path, place=place.url, delta_hours=6)
    world.issuing.issue_crl()
    world.issuing.issue_crl(delta=True)
    world.register.close()
    with pytest.raises(RegisterConflictError) as refused:
        change_version(place.url, CLOCK, actor="quản trị", to=1)
    assert refused.value.facts["reason"] == "version 1 has no place for delta lists"
