"""How little a token is asked when it is looked at, and that a swapped one is still noticed."""

from __future__ import annotations

import ctypes

import pytest
from hsm_faults import CKR, Faults
from hsm_shim import Shim
from hsm_shim_token import EC_ID, EC_LABEL, LABEL, RSA_ID, RSA_LABEL
from hsm_world import USER_PIN, certify
from pkcs11 import Attribute

from hsm.embedded import FilesLock
from hsm.errors import EmbeddedBusyError, TokenNotPresentError, TokenRemovedError
from hsm.generate import generate_key, import_certificate
from hsm.keys import open_key
from hsm.loading import open_module
from hsm.login import login, logout
from hsm.module import Module
from hsm.objects import ObjectKind, list_objects
from hsm.pin import GivenPinSource
from hsm.search import find_certificates, find_key
from hsm.tokens import TokenInfo
from hsm.uri import KeyURI
from pki.keys import KeyType


@pytest.fixture
def filled(module: Module, token: TokenInfo) -> TokenInfo:
    """A token with an RSA key and its certificate, nobody logged in."""
    uri = generate_key(module, token.label, USER_PIN, label="khóa", key_type=KeyType.RSA_2048)
    key = open_key(uri, [module], GivenPinSource(USER_PIN))
    import_certificate(module, token.label, USER_PIN, uri, certify(key.public_key()))
    logout(module, token)
    return token


def test_an_object_is_read_in_one_question(module, filled, faults):
    """python-pkcs11 asks twice for every answer: how long, and what; and once for itself."""
    with faults.counted("C_GetAttributeValue") as asked:
        (found,) = list_objects(module, filled, (ObjectKind.CERTIFICATE,))
    assert len(asked) == 4
    assert (found.kind, found.label) == (ObjectKind.CERTIFICATE, "khóa")
    with faults.counted("C_GetAttributeValue") as asked:
        (found,) = list_objects(module, filled, (ObjectKind.PUBLIC,))
    assert len(asked) == 4
    assert found.public_key is not None


def test_only_certificates_are_looked_for_where_only_they_are_wanted(module, filled, faults):
    with faults.counted("C_GetAttributeValue") as asked:
        (found,) = find_certificates([module], token=KeyURI(serial=filled.serial))
    assert len(asked) == 4
    assert found.token == filled


def test_a_token_that_answers_one_question_at_a_time_is_read_so(module, filled, faults: Faults):
    before = list_objects(module, filled)

    def one_by_one(original, arguments):
        if arguments[3] > 1:  # how many attributes
            return CKR["FUNCTION_FAILED"]
        return original(*arguments)

    with faults._swapped("C_GetAttributeValue", one_by_one):
        assert list_objects(module, filled) == before
    assert [item.kind for item in before] == [ObjectKind.CERTIFICATE, ObjectKind.PUBLIC]


def test_a_label_that_is_no_text_hides_nothing(module, filled, faults: Faults):
    def spoil(original, arguments):
        result = original(*arguments)
        types = ctypes.cast(arguments[2], ctypes.POINTER(ctypes.c_ulong))
        for number in range(arguments[3]):
            if types[3 * number] == Attribute.LABEL and types[3 * number + 1]:
                ctypes.memset(types[3 * number + 1], 0xFF, 1)
        return result

    with faults._swapped("C_GetAttributeValue", spoil):
        found = list_objects(module, filled)
    assert [item.label for item in found] == ["", ""]
    assert found[0].public_key == found[1].public_key is not None


def test_a_device_that_goes_away_is_not_taken_for_a_missing_attribute(module, filled, faults):
    with (
        faults.answer("C_GetAttributeValue", "DEVICE_REMOVED"),
        pytest.raises(TokenRemovedError),
    ):
        list_objects(module, filled)


@pytest.fixture
def shimmed(shim: Shim) -> Module:
    return open_module(shim.path)


def test_slots_are_not_listed_again_for_every_look(shim, shimmed):
    (token,) = [one for one in shimmed.tokens() if one.label == LABEL]
    before = len(shim.calls("C_GetSlotList"))
    assert {item.label for item in list_objects(shimmed, token)} == {EC_LABEL, RSA_LABEL}
    assert len(shim.calls("C_GetSlotList")) == before


def test_a_token_swapped_in_its_slot_is_not_read(shim, shimmed):
    (token,) = shimmed.tokens()
    assert list_objects(shimmed, token)
    with shim.presented(LABEL, serial="0000000000000001"), pytest.raises(TokenRemovedError):
        list_objects(shimmed, token)
    assert list_objects(shimmed, token)


def test_the_first_reading_believes_the_listing_and_the_next_asks_again(shim, shimmed):
    (token,) = [one for one in shimmed.tokens() if one.label == LABEL]
    listed = len(shim.calls("C_GetTokenInfo"))
    assert list_objects(shimmed, token)
    assert len(shim.calls("C_GetTokenInfo")) == listed
    assert list_objects(shimmed, token)
    assert len(shim.calls("C_GetTokenInfo")) == listed + 1


def test_a_token_swapped_right_after_the_listing_gets_no_pin(shim, shimmed):
    """Its objects may still be read as the other's; a login asks who is there."""
    (token,) = [one for one in shimmed.tokens() if one.label == LABEL]
    with shim.presented(LABEL, serial="0000000000000001"):
        list_objects(shimmed, token)
        with pytest.raises(TokenRemovedError):
            login(shimmed, token, GivenPinSource(USER_PIN))
    assert not shim.calls("C_Login")
    login(shimmed, token, GivenPinSource(USER_PIN))
    assert len(shim.calls("C_Login")) == 1


def test_a_token_pulled_out_of_its_slot_is_not_read(shim, shimmed):
    (token,) = shimmed.tokens()
    for reader in (False, True):
        with shim.pulled_out(LABEL, reader=reader), pytest.raises(TokenNotPresentError):
            list_objects(shimmed, token)
        assert list_objects(shimmed, token), "it is back"


def test_a_certificate_with_its_key_settles_which_token(shim, shimmed):
    """The token's other objects are then not looked at; without the certificate they are."""
    found = find_certificates([shimmed])
    certificate = next(one.certificate for one in found if one.id == RSA_ID)
    place = find_key([shimmed], KeyURI(), certificate)
    assert (place.token.label, place.id) == (LABEL, RSA_ID)
    searches = shim.calls("C_FindObjectsInit")
    assert len(searches) == 3, "certificates twice, public keys once"
    assert find_key([shimmed], KeyURI(id=EC_ID), None).id == EC_ID


def test_files_held_twice_are_free_only_at_the_outer_end(tmp_path, monkeypatch):
    monkeypatch.setattr("hsm.embedded.LOCK_WAIT_SECONDS", 0.05)
    ours, theirs = FilesLock(tmp_path), FilesLock(tmp_path)
    with ours:
        with ours:
            pass
        with pytest.raises(EmbeddedBusyError), theirs:
            pass
    with theirs:
        pass
