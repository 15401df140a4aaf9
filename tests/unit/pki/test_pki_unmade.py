"""An authority whose making was interrupted leaves nothing open, and its name is free."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pki_world import World, new_authority

from pki.audit.verify import verify_audit
from pki.authority.create import create_issuing, create_root
from pki.authority.unmade import give_up_unmade
from pki.records.certificates import CertificateQuery, CertificateState


class PowerCutError(Exception):
    """Stands for the end of the process."""


def interrupted(monkeypatch: pytest.MonkeyPatch, make: Callable[[], object]) -> None:
    def end(*_: object) -> None:
        raise PowerCutError

    with monkeypatch.context() as patch:
        patch.setattr("pki.authority.issuance.sign_linted", end)
        with pytest.raises(PowerCutError):
            make()


def test_a_root_that_was_never_made_is_given_up_and_can_be_made(world: World, monkeypatch):
    new = new_authority("second", "root")
    interrupted(monkeypatch, lambda: create_root(new, world.register, world.clock))
    query = CertificateQuery(state=CertificateState.RESERVED)
    (open_,) = world.register.find_certificates(query)
    assert give_up_unmade(world.register, world.clock, requester="a") == (open_,)
    assert world.register.find_certificates(query) == ()
    entry = world.register.last_audit_entry()
    assert entry
    assert b'"certificate.abandon"' in entry.content
    assert give_up_unmade(world.register, world.clock, requester="a") == ()
    made = create_root(new, world.register, world.clock)
    made.issue_crl()
    verify_audit(world.register)


def test_what_an_authority_has_open_is_its_own_to_revoke(world: World, monkeypatch):
    new = new_authority("second", "issuing")
    interrupted(monkeypatch, lambda: create_issuing(world.root, new))
    assert give_up_unmade(world.register, world.clock, requester="a") == ()
    (given_up,) = world.root.recover_open()
    assert world.register.find_revocation("root", given_up.serial) is not None
