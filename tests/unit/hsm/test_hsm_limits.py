"""A module that is slow or hangs costs its limit and no more."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from hsm_failing import EC, QUICK, SHORT, key_of, opened, token_of
from hsm_world import CountingPinSource

from hsm.errors import ModuleUnusableError, TokenTimeoutError
from hsm.gate import Limits
from hsm.objects import list_objects
from hsm.search import find_certificates
from pki.keys import sign_data, verifies


@pytest.fixture
def module(shim):
    return opened(shim.path, limits=QUICK)


def given_up(call):
    start = time.monotonic()
    with pytest.raises(TokenTimeoutError) as caught:
        call()
    assert time.monotonic() - start < 5 * SHORT.total_seconds()
    return caught.value


def test_a_signature_that_takes_too_long_is_given_up_and_never_used(shim, module):
    key = key_of(module)
    with shim.slow("C_Sign", 1.2, at=1):
        given_up(lambda: sign_data(key, b"late"))
    time.sleep(0.1)
    assert verifies(key.public_key(), sign_data(key, b"next"), b"next")


def test_a_slow_token_within_its_limit_is_waited_for(shim):
    module = opened(shim.path, limits=Limits(sign=timedelta(seconds=5)))
    key = key_of(module)
    with shim.slow("C_Sign", 0.6):
        assert verifies(key.public_key(), sign_data(key, b"slow"), b"slow")


@pytest.mark.parametrize(
    "function",
    ["C_GetSlotList", "C_GetTokenInfo", "C_OpenSession", "C_FindObjects", "C_GetAttributeValue"],
)
def test_a_search_that_hangs_is_given_up(shim, module, function):
    token = token_of(module)
    with shim.hang(function):
        given_up(lambda: find_certificates([module]))
        # Nobody waits again for what did not come the first time.
        start = time.monotonic()
        given_up(module.tokens)
        assert time.monotonic() - start < SHORT.total_seconds()
    time.sleep(0.1)
    assert list_objects(module, token)


def test_a_login_that_hangs_is_given_up_and_costs_one_login(shim, module):
    source = CountingPinSource()
    with shim.hang("C_Login"):
        given_up(lambda: key_of(module, source))
    assert len(source.asked) == 1
    time.sleep(0.2)
    assert len(shim.calls.logins) == 1
    key = key_of(module, source, EC)
    assert verifies(key.public_key(), sign_data(key, b"x"), b"x")
    assert shim.calls.wrong_pins == 0


def test_a_module_that_hangs_at_its_start_is_unusable(shim):
    with shim.hang("C_Initialize"), pytest.raises(ModuleUnusableError) as caught:
        opened(shim.path, limits=QUICK)
    assert "C_Initialize" in str(caught.value.facts["reason"])


def test_a_module_that_hangs_can_be_closed(shim, module):
    token_of(module)
    with shim.hang("C_GetSlotList"):
        given_up(module.tokens)
        start = time.monotonic()
        module.close()
        assert time.monotonic() - start < 4 * SHORT.total_seconds()
