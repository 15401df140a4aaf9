"""Signing where trust comes from a list: the service must certify, and be trusted now."""

from __future__ import annotations

from dataclasses import replace

import pytest
from unit.signing.signing_world import DAY, NOW, World, make_pdf
from unit.signing.test_signing_sign import QUIET
from unit.verify.list_writer import STATUS, TYPE

from signing.errors.standing import UntrustedPathError
from signing.sign import Level, sign_document
from verify.listed import Listing, State
from verify.trust import TrustStore


def listed(world, *told):
    """Return services that trust the world's root as a list tells of it, the first first."""
    states = tuple(
        State(f"{TYPE}{kind}", f"{STATUS}{status}", since) for kind, status, since in told
    )
    trust = TrustStore(listed=((world.root.certificate, Listing("VN", "A", "B", states)),))
    return replace(world.services(), trust=trust)


BEFORE, AFTER = NOW - 300 * DAY, NOW + DAY
GRANTED = ("CA/QC", "granted", BEFORE)


@pytest.mark.parametrize("level", [Level.B_B, Level.B_LTA])
def test_who_is_certified_by_a_trusted_service_signs(level):
    world = World()
    options = replace(QUIET, level=level)
    services = listed(world, GRANTED)
    done = sign_document(make_pdf(), signer=world.signer(), options=options, services=services)
    assert done.report.passed


@pytest.mark.parametrize(
    "told",
    [
        (GRANTED, ("CA/QC", "withdrawn", NOW - DAY)),
        (("CA/QC", "granted", AFTER),),
        (("TSA/QTST", "granted", BEFORE),),
        (("CA/QC", "withdrawn", BEFORE),),
    ],
    ids=["ended", "not yet", "for time-stamps", "never"],
)
def test_who_is_not_does_not(told):
    world = World()
    with pytest.raises(UntrustedPathError):
        sign_document(
            make_pdf(), signer=world.signer(), options=QUIET, services=listed(world, *told)
        )
