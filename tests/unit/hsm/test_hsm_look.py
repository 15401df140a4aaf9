"""A token that fails stops nobody else's; a card that two modules show is one card."""

from __future__ import annotations

import pytest
from hsm_shim_cryptoki import CKR
from hsm_shim_token import EC_ID, LABEL
from hsm_world import USER_PIN, CountingPinSource, certify, right_pin

from hsm.errors import (
    DeviceFailedError,
    TokenAmbiguousError,
    TokenNotFoundError,
    TokensUnseenError,
)
from hsm.generate import generate_key, import_certificate
from hsm.keys import open_key
from hsm.loading import open_module
from hsm.look import Look
from hsm.search import find_certificates, find_key, find_token, see_certificates
from hsm.uri import KeyURI
from pki.keys import KeyType, sign_data

ON_SHIM = KeyURI(token=LABEL)


@pytest.fixture
def card(shim):
    return open_module(shim.path)


@pytest.fixture
def second(new_shim, shim):
    """A second maker's module for the same card."""
    return new_shim(beside=shim)


@pytest.fixture
def other(module, token):
    """A token of another module, with a key and its certificate."""
    uri = generate_key(module, token.label, USER_PIN, label="k", key_type=KeyType.EC_P256)
    key = open_key(uri, [module], right_pin())
    certificate = certify(key.public_key())
    import_certificate(module, token.label, USER_PIN, uri, certificate)
    return certificate


def certificate_of(module):
    found = find_certificates([module], token=ON_SHIM)
    return next(one.certificate for one in found if one.id == EC_ID)


@pytest.mark.parametrize("function", ["C_OpenSession", "C_GetSlotList"])
def test_a_token_that_fails_stops_nobody_who_wants_another(
    shim, card, module, token, other, function
):
    wanted = certificate_of(card)
    with shim.fail(function, CKR.DEVICE_ERROR):
        seen = see_certificates([card, module])
        assert other in [one.certificate for one in seen.certificates]
        (failure,) = seen.failures
        assert failure.where == (shim.path.name if function == "C_GetSlotList" else LABEL)
        assert isinstance(failure.error, DeviceFailedError)
        assert find_certificates([card, module]) == seen.certificates
        assert find_key([card, module], KeyURI(), other).token.serial == token.serial
        assert find_token([card, module], KeyURI(serial=token.serial))[1] == token
        with pytest.raises(TokensUnseenError) as caught:
            find_key([card, module], KeyURI(), wanted)
        assert caught.value.facts["failed"] == (failure.where,)
        assert token.label in caught.value.facts["seen"]
    assert find_key([card, module], KeyURI(), wanted).token.label == LABEL
    assert not see_certificates([card, module]).failures


def test_where_nothing_else_is_there_the_failure_itself_is_the_error(shim, card):
    with shim.fail("C_GetSlotList", CKR.DEVICE_ERROR):
        for find in (find_certificates, find_token):
            with pytest.raises(DeviceFailedError):
                find([card], **({} if find is find_certificates else {"uri": KeyURI()}))
        assert not see_certificates([card]).certificates
    assert find_token([card], ON_SHIM)
    with pytest.raises(TokenNotFoundError):
        find_token([card], KeyURI(serial="không có"))


def test_a_token_that_cannot_be_looked_at_is_not_passed_over_for_one_that_shows_nothing(
    shim, card, module, new_token
):
    twin = new_token(LABEL)
    uri = KeyURI(token=LABEL, id=EC_ID)
    assert find_key([card, module], uri, None).module is card
    with shim.fail("C_OpenSession", CKR.DEVICE_ERROR), pytest.raises(TokenAmbiguousError):
        find_key([card, module], uri, None)
    only = KeyURI(serial=twin.serial)
    with shim.fail("C_OpenSession", CKR.DEVICE_ERROR):
        assert find_key([card, module], only, None).token == twin
        with pytest.raises(DeviceFailedError):
            find_key([card, module], KeyURI(serial=card.tokens()[0].serial), None)


def test_a_card_of_two_modules_is_the_first_ones_and_logged_in_to_once(shim, card, second):
    beside = open_module(second.path)
    certificate = certificate_of(card)
    for order in ([card, beside], [beside, card]):
        first = order[0]
        assert find_token(order, ON_SHIM)[0] is first
        assert {one.module for one in find_certificates(order, token=ON_SHIM)} == {first}
        assert find_key(order, KeyURI(), certificate).module is first
        assert find_key(order, KeyURI(token=LABEL, id=EC_ID), None).module is first
    source = CountingPinSource()
    key = open_key(KeyURI(), [card, beside], source, certificate=certificate)
    sign_data(key, b"x")
    assert (len(source.asked), len(shim.calls.logins), len(second.calls.logins)) == (
        1,
        1,
        0,
    )


def test_where_the_first_module_fails_the_second_has_the_card(shim, card, second):
    beside = open_module(second.path)
    certificate = certificate_of(card)
    with shim.fail("C_OpenSession", CKR.DEVICE_ERROR):
        assert find_key([card, beside], KeyURI(), certificate).module is beside
        assert find_key([card, beside], ON_SHIM, None).module is beside
        assert {one.module for one in find_certificates([card, beside])} == {beside}


def test_two_names_of_one_card_are_told_apart_by_its_key_alone(card, second):
    beside = open_module(second.path)
    certificate = certificate_of(card)
    with second.presented(LABEL, manufacturer="Hãng khác", label="Tên khác"):
        assert len(Look([card, beside], KeyURI()).tokens()) >= 2
        with pytest.raises(TokenAmbiguousError):
            find_key([card, beside], KeyURI(id=EC_ID), None)
        assert find_key([card, beside], KeyURI(), certificate).module is card


def test_tokens_without_a_number_are_never_taken_for_one(shim, card, second):
    beside = open_module(second.path)
    certificate = certificate_of(card)
    with shim.presented(LABEL, serial=""), second.presented(LABEL, serial=""):
        with pytest.raises(TokenAmbiguousError):
            find_key([card, beside], KeyURI(), certificate)
        assert find_key([card], KeyURI(), certificate).module is card


def test_one_card_in_two_slots_of_one_module_is_still_asked_about(shim, card):
    with shim.mirrored(LABEL), pytest.raises(TokenAmbiguousError):
        find_token([card], ON_SHIM)
    assert find_token([card], ON_SHIM)[0] is card
    with pytest.raises(TokenNotFoundError):
        find_token([card], KeyURI(serial="không có"))
