"""The one token that is meant, or a refusal; the one key that is meant, or a refusal."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hsm_world import SO_PIN, USER_PIN, CountingPinSource, certify, right_pin
from pkcs11 import Attribute, AttributeTypeInvalid, ObjectClass

from hsm.cryptoki.public_keys import EC_PARAMS, read_public_key, read_text
from hsm.errors import (
    KeyAmbiguousError,
    KeyMismatchError,
    KeyNotFoundError,
    KeyTypeUnsupportedError,
    PublicKeyMissingError,
    SignatureWrongError,
    TokenAmbiguousError,
    TokenNotFoundError,
)
from hsm.generate import _generate, generate_key, import_certificate
from hsm.keys import open_key
from hsm.login import login, logout
from hsm.objects import ObjectKind, find_objects, list_objects
from hsm.search import find_certificates, find_key, find_token
from hsm.token_setup import set_up_token
from hsm.uri import KeyURI
from pki.keys import KeyType, sign_data

EC, RSA = KeyType.EC_P256, KeyType.RSA_2048


def labelled(label, **more):
    return KeyURI(token=label, **more)


@pytest.fixture
def make_key(module):
    def make(token, key_type=EC, label="k"):
        return generate_key(module, token.label, USER_PIN, label=label, key_type=key_type)

    return make


def twins(module, label):
    """Two tokens of one label: what `create_token` refuses to make."""
    return tuple(set_up_token(module, label, user_pin=USER_PIN, so_pin=SO_PIN) for _ in range(2))


def make_on(module, token, key_type=EC):
    """Make a key on one of two tokens of the same label."""
    login(module, token, right_pin())
    module.write(token, lambda session: _generate(session, key_type, b"\x01", "k"))
    return KeyURI(serial=token.serial, id=b"\x01")


def drop(module, token, kind, key_id):
    login(module, token, right_pin())

    def destroy(session):
        for item in find_objects(session, kind, key_id):
            item.destroy()

    module.write(token, destroy)


def relabel(module, token, kind, **attributes):
    def change(session):
        for item in find_objects(session, kind):
            for name, value in attributes.items():
                item[Attribute[name]] = value

    module.write(token, change)


def test_two_tokens_of_one_label_are_refused_with_their_serials_and_no_pin(module, faults):
    one, two = twins(module, "sinh đôi")
    source = CountingPinSource()
    with faults.counted("C_Login") as logins, pytest.raises(TokenAmbiguousError) as caught:
        open_key(labelled("sinh đôi"), [module], source)
    assert (logins, source.asked) == ([], [])
    assert {text.split()[0] for text in caught.value.facts["serials"]} == {one.serial, two.serial}
    assert find_token([module], KeyURI(serial=two.serial)) == (module, two)


def test_the_certificate_tells_twins_apart(module):
    one, two = twins(module, "sinh ba")
    keys = [open_key(make_on(module, token), [module], right_pin()) for token in (one, two)]
    for key, token in zip(keys, (one, two), strict=True):
        place = find_key([module], labelled("sinh ba"), certify(key.public_key()))
        assert (place.token.serial, place.id) == (token.serial, b"\x01")
    with pytest.raises(TokenAmbiguousError):  # the same id on both tells nothing
        find_key([module], labelled("sinh ba", id=b"\x01"), None)


def test_one_module_given_twice_is_one(module, token):
    assert find_token([module, module], KeyURI(serial=token.serial)) == (module, token)


def test_no_token_fits(module, token):
    with pytest.raises(TokenNotFoundError) as caught:
        find_token([module], KeyURI(serial="0000"))
    assert caught.value.facts["wanted"] == "pkcs11:serial=0000"
    assert token.label in caught.value.facts["seen"]
    with pytest.raises(TokenNotFoundError) as caught:
        find_token([], KeyURI())
    assert caught.value.facts["seen"] == ("-",)


@pytest.mark.parametrize("field", ["manufacturer", "model", "token", "serial"])
def test_every_token_attribute_must_fit(module, token, field):
    wanted = KeyURI(
        token=token.label, serial=token.serial, manufacturer=token.manufacturer, model=token.model
    )
    assert find_token([module], wanted) == (module, token)
    with pytest.raises(TokenNotFoundError):
        find_token([module], replace(wanted, **{field: "other"}))


def test_a_label_in_decomposed_letters_is_the_same_label(module, new_token):
    token = new_token("Thiết bị của Nguyễn")
    decomposed = KeyURI.parse(
        "pkcs11:token=Thie%CC%82%CC%81t%20bi%CC%A3%20cu%CC%89a%20Nguye%CC%82%CC%83n"
    )
    assert decomposed.token != token.label
    assert find_token([module], decomposed) == (module, token)


def test_certificates_are_seen_without_a_login(module, token, make_key):
    uri = make_key(token)
    key = open_key(uri, [module], right_pin())
    certificate = certify(key.public_key())
    import_certificate(module, token.label, USER_PIN, uri, certificate)
    import_certificate(module, token.label, USER_PIN, uri, certificate)
    logout(module, token)
    (found,) = find_certificates([module], token=KeyURI(serial=token.serial))
    assert (found.certificate, found.token, found.uri) == (certificate, token, uri)
    assert (found.module, found.label) == (module, "k")
    assert found in find_certificates([module])
    kinds = [(item.kind, item.uri) for item in list_objects(module, token)]
    assert kinds == [(ObjectKind.CERTIFICATE, uri), (ObjectKind.PUBLIC, uri)]
    opened = open_key(found.uri, [module], right_pin(), certificate=certificate)
    assert opened.public_key() == key.public_key()
    assert [item.kind for item in list_objects(module, token)] == list(ObjectKind)


def test_a_certificate_for_another_key_is_refused_before_the_pin(module, token, make_key):
    uri = make_key(token)
    stranger = certify(ec.generate_private_key(ec.SECP256R1()).public_key())
    logout(module, token)
    source = CountingPinSource()
    with pytest.raises(KeyMismatchError):
        open_key(uri, [module], source, certificate=stranger)
    assert source.asked == []
    with pytest.raises(KeyMismatchError):
        import_certificate(module, token.label, USER_PIN, uri, stranger)
    with pytest.raises(KeyNotFoundError):
        import_certificate(module, token.label, USER_PIN, replace(uri, id=b"\x99"), stranger)
    with pytest.raises(TokenNotFoundError):
        open_key(KeyURI(), [module], source, certificate=stranger)


def broken_point():
    """A certificate whose point lies on no curve."""
    point = ec.generate_private_key(ec.SECP256R1()).public_key()
    raw = point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    der = certify(point).public_bytes(Encoding.DER)
    return x509.load_der_x509_certificate(der.replace(raw, raw[:-2] + b"\0\0"))


@pytest.mark.parametrize(
    "strange",
    [certify(ed448.Ed448PrivateKey.generate().public_key()), broken_point()],
    ids=["ed448", "broken"],
)
def test_a_certificate_for_a_kind_of_key_not_used_here_is_refused(module, strange):
    with pytest.raises(KeyTypeUnsupportedError):
        find_key([module], KeyURI(), strange)


@pytest.mark.parametrize(
    ("key_type", "error"), [(EC, SignatureWrongError), (RSA, KeyMismatchError)]
)
def test_a_foreign_private_key_under_the_certificates_id_is_found_out(
    module, token, make_key, key_type, error
):
    """The public half lies under the id of another private key.

    An RSA key tells its public half, and is not handed out; of an EC key only the first signature
    tells, and that is not handed out.
    """
    mine, other = make_key(token, key_type), make_key(token, key_type)
    key = open_key(mine, [module], right_pin())
    drop(module, token, ObjectKind.PRIVATE, mine.id)
    drop(module, token, ObjectKind.PUBLIC, other.id)
    relabel(module, token, ObjectKind.PRIVATE, ID=mine.id)
    with pytest.raises(error):
        sign_data(
            open_key(mine, [module], right_pin(), certificate=certify(key.public_key())), b"x"
        )


def test_without_verifying_its_signature_would_be_handed_out(module, token, make_key):
    mine, other = make_key(token), make_key(token)
    drop(module, token, ObjectKind.PRIVATE, mine.id)
    drop(module, token, ObjectKind.PUBLIC, other.id)
    relabel(module, token, ObjectKind.PRIVATE, ID=mine.id)
    opened = open_key(mine, [module], right_pin())
    opened._signer = replace(opened._signer, verify_signatures=False)
    assert sign_data(opened, b"x")


@pytest.mark.parametrize("key_type", [EC, RSA])
def test_the_key_is_found_by_its_public_half_when_no_id_tells(module, token, make_key, key_type):
    uri = make_key(token, key_type)
    key = open_key(uri, [module], right_pin())
    relabel(module, token, ObjectKind.PUBLIC, ID=b"")
    relabel(module, token, ObjectKind.PRIVATE, ID=b"\x77")
    wanted = KeyURI(serial=token.serial)
    found = open_key(wanted, [module], right_pin(), certificate=certify(key.public_key()))
    assert found.public_key() == key.public_key()


def test_among_two_keys_of_one_id_the_public_half_decides(module, token, make_key):
    one, two = make_key(token, RSA), make_key(token, RSA)
    key = open_key(two, [module], right_pin())
    relabel(module, token, ObjectKind.PRIVATE, ID=one.id)
    relabel(module, token, ObjectKind.PUBLIC, ID=one.id)
    found = open_key(
        KeyURI(serial=token.serial), [module], right_pin(), certificate=certify(key.public_key())
    )
    assert found.public_key() == key.public_key()
    sign_data(found, b"x")


def test_two_keys_and_nothing_to_choose_by(module, token, make_key):
    make_key(token, RSA, "một")
    make_key(token, RSA, "hai")
    with pytest.raises(KeyAmbiguousError):
        open_key(KeyURI(serial=token.serial), [module], right_pin())
    with pytest.raises(KeyNotFoundError):
        open_key(KeyURI(serial=token.serial, id=b"\x55"), [module], right_pin())


def test_an_objects_label_leads_to_its_id(module, token, make_key):
    make_key(token, RSA, "một")
    wanted = make_key(token, RSA, "hai")
    place = find_key([module], KeyURI(serial=token.serial, object="hai"), None)
    assert place.id == wanted.id
    make_key(token, RSA, "hai")
    with pytest.raises(KeyAmbiguousError):
        open_key(KeyURI(serial=token.serial, object="hai"), [module], right_pin())


def test_the_only_key_of_a_named_token_needs_no_id(module, token, make_key):
    uri = make_key(token, RSA)
    drop(module, token, ObjectKind.PUBLIC, uri.id)
    logout(module, token)
    key = open_key(KeyURI(serial=token.serial), [module], right_pin())
    assert sign_data(key, b"x")


def test_an_ec_key_that_tells_no_public_half_needs_its_certificate(module, token, make_key):
    uri = make_key(token)
    key = open_key(uri, [module], right_pin())
    drop(module, token, ObjectKind.PUBLIC, uri.id)
    with pytest.raises(PublicKeyMissingError):
        open_key(uri, [module], right_pin())
    found = open_key(uri, [module], right_pin(), certificate=certify(key.public_key()))
    assert found.public_key() == key.public_key()


def test_the_only_key_of_a_named_token_is_told_by_what_has_its_id(module, token, make_key):
    """An elliptic private key tells no public half; the public object beside it does."""
    uri = make_key(token)
    whole = open_key(uri, [module], right_pin())
    logout(module, token)
    found = open_key(KeyURI(serial=token.serial), [module], right_pin())
    assert found.public_key() == whole.public_key()
    sign_data(found, b"x")


def test_objects_of_one_id_that_tell_two_keys_tell_none(module, token, make_key):
    one, two = make_key(token), make_key(token)
    drop(module, token, ObjectKind.PRIVATE, two.id)
    relabel(module, token, ObjectKind.PUBLIC, ID=one.id)
    with pytest.raises(PublicKeyMissingError):
        open_key(KeyURI(serial=token.serial), [module], right_pin())


def test_an_id_nobody_shows_names_no_token(module, token, make_key):
    uri = make_key(token)
    drop(module, token, ObjectKind.PUBLIC, uri.id)
    logout(module, token)
    with pytest.raises(TokenNotFoundError):
        open_key(KeyURI(id=uri.id), [module], right_pin())


def test_objects_that_are_no_keys_or_certificates_are_seen_and_never_chosen(module, token):
    login(module, token, right_pin())
    template = {
        Attribute.CLASS: ObjectClass.CERTIFICATE,
        Attribute.CERTIFICATE_TYPE: 0,
        Attribute.TOKEN: True,
        Attribute.PRIVATE: False,
        Attribute.SUBJECT: b"0\0",
        Attribute.ID: b"\x01",
        Attribute.VALUE: b"no certificate",
    }
    module.write(token, lambda session: session.create_object(template))
    (found,) = list_objects(module, token)
    assert (found.certificate, found.public_key, found.id) == (None, None, b"\x01")
    assert find_certificates([module], token=KeyURI(serial=token.serial)) == ()


CURVE = ec.generate_private_key(ec.SECP256R1()).public_key()
NUMBERS = CURVE.public_numbers()
POINT = b"\x04" + NUMBERS.x.to_bytes(32) + NUMBERS.y.to_bytes(32)


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({Attribute.EC_PARAMS: EC_PARAMS["secp256r1"], Attribute.EC_POINT: POINT}, CURVE),
        (
            {Attribute.EC_PARAMS: EC_PARAMS["secp256r1"], Attribute.EC_POINT: b"\x04\x41" + POINT},
            CURVE,
        ),
        ({Attribute.EC_PARAMS: EC_PARAMS["secp256r1"], Attribute.EC_POINT: POINT[:-1]}, None),
        ({Attribute.EC_PARAMS: EC_PARAMS["secp256r1"]}, None),
        ({Attribute.EC_PARAMS: b"\x06\x01\x01", Attribute.EC_POINT: POINT}, None),
        ({Attribute.MODULUS: b"\x04", Attribute.PUBLIC_EXPONENT: b"\x02"}, None),
        ({}, None),
    ],
)
def test_public_keys_as_tokens_write_them(attributes, expected):
    class Item:
        def __getitem__(self, attribute):
            if attribute not in attributes:
                raise IndexError
            return attributes[attribute]

    assert read_public_key(Item()) == expected


def test_a_label_that_cannot_be_read_is_empty():
    class Item:
        def __getitem__(self, attribute):
            raise AttributeTypeInvalid

    assert read_text(Item(), Attribute.LABEL) == ""
