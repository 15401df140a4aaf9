"""Keys that were made: what the token says of them; certificates put beside them; both removed."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448
from hsm_faults import CKR, Faults
from hsm_shim import Shim
from hsm_shim_token import EC_ID, LABEL, RSA_ID
from hsm_world import SOFTHSM_TYPES, CountingPinSource, certify, right_pin
from pkcs11 import Attribute, ObjectClass

from hsm.certificates import find_place, put_certificate
from hsm.errors import (
    FunctionFailedError,
    KeyAmbiguousError,
    KeyLeftBehindError,
    KeyMismatchError,
    KeyNotFoundError,
    KeyNotProtectedError,
    KeyTypeUnsupportedError,
    TokenAmbiguousError,
    TokenNotFoundError,
    TokensUnseenError,
)
from hsm.generate import make_key
from hsm.keys import open_key
from hsm.loading import open_module
from hsm.login import logout
from hsm.module import Module
from hsm.objects import ObjectKind, list_objects
from hsm.protection import KeyProtection
from hsm.removal import find_removed, remove_objects
from hsm.tokens import TokenInfo
from hsm.uri import KeyURI
from pki.keys import KeyType

GOOD = KeyProtection(
    sensitive=True,
    always_sensitive=True,
    never_extractable=True,
    extractable=False,
    local=True,
    private=True,
    token=True,
    sign=True,
)


def make(module: Module, token: TokenInfo, key_type: KeyType = KeyType.EC_P256):
    return make_key(module, token, right_pin(), label="khóa", key_type=key_type)


def certificate_for(module: Module, uri: KeyURI, subject: str = "Nguyễn Văn An"):
    return certify(open_key(uri, [module], right_pin()).public_key(), subject=subject)


# --- what the token says of a key -----------------------------------------------------------------


@pytest.mark.parametrize("key_type", SOFTHSM_TYPES)
def test_what_softhsm_says_of_a_key_is_read_back(module, token, key_type):
    made = make(module, token, key_type)
    assert made.protection == GOOD
    assert made.protection.lacking() == ()
    assert made.protection.as_pairs()[0] == ("sensitive", True)
    assert open_key(made.uri, [module], right_pin())


@pytest.fixture
def shimmed(shim: Shim) -> tuple[Module, TokenInfo]:
    module = open_module(shim.path)
    (token,) = module.tokens()
    return module, token


@pytest.mark.parametrize("attribute", ["ALWAYS_SENSITIVE", "NEVER_EXTRACTABLE", "LOCAL", "SIGN"])
def test_what_an_old_module_does_not_tell_is_not_told(shim, shimmed, attribute):
    with shim.hidden(Attribute[attribute], ObjectClass.PRIVATE_KEY):
        made = make(*shimmed)
    told = dict(made.protection.as_pairs())
    assert told.pop(attribute.lower()) is None
    assert told.items() <= dict(GOOD.as_pairs()).items()


@pytest.mark.parametrize("attribute", ["SENSITIVE", "EXTRACTABLE", "PRIVATE", "TOKEN"])
def test_silence_about_what_counts_is_no_protection(shim, shimmed, attribute):
    module, token = shimmed
    before = list_objects(module, token)
    with (
        shim.hidden(Attribute[attribute], ObjectClass.PRIVATE_KEY),
        pytest.raises(KeyNotProtectedError) as caught,
    ):
        make(module, token)
    assert caught.value.facts["attributes"] == (attribute,)
    left = list_objects(module, token)
    assert {item.id for item in left} == {item.id for item in before}, "it was destroyed"


def test_a_key_that_cannot_be_looked_at_or_destroyed_is_named(module, token, faults: Faults):
    with (
        faults.answer("C_GetAttributeValue", "FUNCTION_FAILED"),
        faults.answer("C_DestroyObject", "DEVICE_ERROR") as refused,
        pytest.raises(KeyLeftBehindError) as caught,
    ):
        make(module, token)
    assert len(refused) == 1
    uri = KeyURI.parse(str(caught.value.facts["key"]))
    assert {item.id for item in list_objects(module, token)} == {uri.id}


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"sensitive": False}, ("SENSITIVE",)),
        ({"extractable": None}, ("EXTRACTABLE",)),
        ({"always_sensitive": False}, ("ALWAYS_SENSITIVE",)),
        ({"never_extractable": False, "local": False}, ("NEVER_EXTRACTABLE", "LOCAL")),
        ({"always_sensitive": None, "never_extractable": None, "local": None}, ()),
        ({"sign": False}, ()),
    ],
)
def test_what_leaves_a_key_unprotected(wrong, named):
    assert KeyProtection(**{**dict(GOOD.as_pairs()), **wrong}).lacking() == named


# --- certificates ---------------------------------------------------------------------------------


def test_a_certificate_goes_beside_the_one_key_it_fits(module, token, new_token):
    make(module, new_token())
    other = make(module, token).uri
    certificate = certificate_for(module, other)
    logout(module, token)
    source = CountingPinSource()
    place = find_place([module], KeyURI(), certificate)
    assert (place.token, place.uri, place.is_there) == (token, other, False)
    put_certificate(place, certificate, source)
    assert len(source.asked) == 1
    logout(module, token)
    again = find_place([module], KeyURI(), certificate)
    assert again.is_there
    put_certificate(again, certificate, source)
    assert len(source.asked) == 1, "nobody is asked for nothing"
    found = list_objects(module, token, (ObjectKind.CERTIFICATE,))
    assert [(item.certificate, item.id) for item in found] == [(certificate, other.id)]


def test_its_key_under_another_id_is_its_key_all_the_same(module, token):
    named, real = make(module, token).uri, make(module, token).uri
    certificate = certificate_for(module, real)
    assert find_place([module], named, certificate).uri == real


def test_a_certificate_whose_key_is_nowhere_is_refused(module, token):
    uri = make(module, token).uri
    stranger = certify(ec.generate_private_key(ec.SECP256R1()).public_key())
    with pytest.raises(KeyMismatchError):
        find_place([module], uri, stranger)
    with pytest.raises(KeyNotFoundError) as caught:
        find_place([module], KeyURI(token=token.label), stranger)
    assert caught.value.facts == {"wanted": "Nguyễn Văn An", "token": token.label}
    with pytest.raises(KeyNotFoundError):
        find_place([module], KeyURI(token=token.label, id=b"\x99"), stranger)
    with pytest.raises(TokenNotFoundError):
        find_place([module], KeyURI(serial="không có"), stranger)


def test_a_certificate_for_a_key_nobody_signs_with_here_is_refused(module, token):
    certificate = certify(ed448.Ed448PrivateKey.generate().public_key())
    with pytest.raises(KeyTypeUnsupportedError):
        find_place([module], KeyURI(token=token.label), certificate)


def test_a_token_that_cannot_be_looked_at_may_have_the_key(shim, shimmed, module, token):
    strange, _ = shimmed
    uri = make(module, token).uri
    certificate = certificate_for(module, uri)
    stranger = certify(ec.generate_private_key(ec.SECP256R1()).public_key())
    with shim.fail("C_FindObjectsInit", CKR["DEVICE_ERROR"]):
        assert find_place([strange, module], KeyURI(), certificate).uri == uri
        with pytest.raises(TokensUnseenError):
            find_place([strange, module], KeyURI(), stranger)
    with pytest.raises(KeyNotFoundError):
        find_place([strange, module], KeyURI(), stranger)


def copy_half(module: Module, source: TokenInfo, target: TokenInfo, new_id: bytes) -> None:
    """Put the public half that lies on one token on another (or once more), with this id."""
    (half,) = list_objects(module, source, (ObjectKind.PUBLIC,))
    numbers = half.public_key.public_numbers()
    point = b"\x04\x41\x04" + numbers.x.to_bytes(32) + numbers.y.to_bytes(32)
    template = {
        Attribute.CLASS: ObjectClass.PUBLIC_KEY,
        Attribute.KEY_TYPE: 3,
        Attribute.TOKEN: True,
        Attribute.PRIVATE: False,
        Attribute.EC_PARAMS: bytes.fromhex("06082a8648ce3d030107"),
        Attribute.EC_POINT: point,
        Attribute.ID: new_id,
        Attribute.LABEL: "bản sao",
    }
    module.write(target, lambda session: session.create_object(template))


def test_two_tokens_with_the_key_are_never_guessed_between(module, token, new_token):
    other = new_token()
    make(module, other)
    uri = make(module, token).uri
    copy_half(module, token, other, b"\x07")
    certificate = certificate_for(module, uri)
    with pytest.raises(TokenAmbiguousError):
        find_place([module], KeyURI(), certificate)
    assert find_place([module], KeyURI(serial=token.serial), certificate).uri == uri


def test_two_ids_for_the_key_are_never_guessed_between(module, token):
    uri = make(module, token).uri
    certificate = certificate_for(module, uri)
    copy_half(module, token, token, b"\x07")
    with pytest.raises(KeyAmbiguousError):
        find_place([module], KeyURI(token=token.label), certificate)
    assert find_place([module], KeyURI(id=b"\x07"), certificate).uri.id == b"\x07"
    by_label = find_place([module], KeyURI(token=token.label, object="khóa"), certificate)
    assert by_label.uri == uri


# --- removal --------------------------------------------------------------------------------------


def test_what_carries_the_id_is_removed_and_nothing_else(shim, shimmed):
    module, token = shimmed
    seen = find_removed(module, token, RSA_ID)
    assert [item.kind for item in seen] == [ObjectKind.CERTIFICATE, ObjectKind.PUBLIC]
    assert shim.calls.logins == (), "nobody logs in to look"
    removed = remove_objects(module, token, right_pin(), key_id=RSA_ID)
    assert removed == {
        ObjectKind.PRIVATE: 1,
        ObjectKind.PUBLIC: 1,
        ObjectKind.CERTIFICATE: 1,
    }
    assert {item.id for item in list_objects(module, token)} == {EC_ID}
    with pytest.raises(KeyNotFoundError):
        remove_objects(module, token, right_pin(), key_id=RSA_ID)


def test_the_certificate_alone_is_removed_and_the_key_still_signs(shimmed):
    module, token = shimmed
    only = (ObjectKind.CERTIFICATE,)
    assert [item.kind for item in find_removed(module, token, EC_ID, only)] == list(only)
    removed = remove_objects(module, token, right_pin(), key_id=EC_ID, kinds=only)
    assert sum(removed.values()) == 1
    key = open_key(KeyURI(token=LABEL, id=EC_ID), [module], right_pin())
    assert key.sign(b"x", ec.ECDSA(certify(key.public_key()).signature_hash_algorithm))


def test_what_a_token_will_not_destroy_keeps_the_rest_too(shim, shimmed):
    module, token = shimmed
    with (
        shim.fault("C_DestroyObject", CKR["FUNCTION_FAILED"]),
        pytest.raises(FunctionFailedError),
    ):
        remove_objects(module, token, right_pin(), key_id=EC_ID)
    kinds = [item.kind for item in list_objects(module, token) if item.id == EC_ID]
    assert kinds == list(ObjectKind)


def test_a_token_that_only_says_it_destroyed_is_not_believed(module, token, faults: Faults):
    uri = make(module, token).uri
    with (
        faults._swapped("C_DestroyObject", lambda _original, _arguments: 0),
        pytest.raises(FunctionFailedError) as caught,
    ):
        remove_objects(module, token, right_pin(), key_id=uri.id)
    assert caught.value.facts["reason"] == "C_DestroyObject"
