"""Public halves as tokens write them: in every form seen, and read as nothing where it is none."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from pkcs11 import Attribute, AttributeSensitive, ObjectClass
from pkcs11.mechanisms import MLDSAParameterSet

from hsm.cryptoki.public_keys import EC_PARAMS, EDWARDS_PARAMS, read_public_key
from pki.keys import PublicKey

P521 = ec.generate_private_key(ec.SECP521R1()).public_key()
POINT = P521.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
ED25519 = ed25519.Ed25519PrivateKey.generate().public_key()
RAW = ED25519.public_bytes_raw()
SETS = {
    MLDSAParameterSet.ML_DSA_44: mldsa.MLDSA44PrivateKey.generate().public_key(),
    MLDSAParameterSet.ML_DSA_65: mldsa.MLDSA65PrivateKey.generate().public_key(),
    MLDSAParameterSet.ML_DSA_87: mldsa.MLDSA87PrivateKey.generate().public_key(),
}


class Item:
    """An object of a token that has these attributes and notes what it is asked for."""

    def __init__(self, **attributes: object) -> None:
        self.attributes = {Attribute[name]: value for name, value in attributes.items()}
        self.asked: list[Attribute] = []

    def __getitem__(self, attribute: Attribute) -> object:
        self.asked.append(attribute)
        value = self.attributes.get(attribute)
        if value is None:
            raise IndexError
        if isinstance(value, Exception):
            raise value
        return value


def read(item: Item) -> PublicKey | None:
    return read_public_key(item)  # type: ignore[arg-type]


@pytest.mark.parametrize("point", [POINT, b"\x04\x81\x85" + POINT], ids=["bare", "octets"])
def test_a_point_of_p521_has_133_bytes(point: bytes):
    assert len(POINT) == 133
    assert read(Item(EC_PARAMS=EC_PARAMS["secp521r1"], EC_POINT=point)) == P521
    assert read(Item(EC_PARAMS=EC_PARAMS["secp521r1"], EC_POINT=point[:-1])) is None
    assert read(Item(EC_PARAMS=EC_PARAMS["secp384r1"], EC_POINT=point)) is None


@pytest.mark.parametrize("parameters", EDWARDS_PARAMS, ids=["name", "oid"])
@pytest.mark.parametrize(
    "header", [b"", b"\x04\x20", b"\x03\x21\x00"], ids=["bare", "octets", "bits"]
)
def test_ed25519_in_each_way_it_is_written(parameters: bytes, header: bytes):
    assert read(Item(EC_PARAMS=parameters, EC_POINT=header + RAW)) == ED25519
    for spoilt in (header + RAW[:-1], header + RAW + b"\0", b"\x0c\x20" + RAW):
        assert read(Item(EC_PARAMS=parameters, EC_POINT=spoilt)) is None


def test_other_edwards_curves_are_none():
    for parameters in (b"\x13\x0aedwards448", bytes.fromhex("06032b6571")):
        assert read(Item(EC_PARAMS=parameters, EC_POINT=RAW)) is None
    assert read(Item(EC_PARAMS=EDWARDS_PARAMS[0])) is None


@pytest.mark.parametrize("chosen", SETS)
def test_ml_dsa_by_its_parameter_set(chosen: MLDSAParameterSet):
    key = SETS[chosen]
    value = key.public_bytes_raw()
    kind = ObjectClass.PUBLIC_KEY
    assert read(Item(CLASS=kind, PARAMETER_SET=int(chosen), VALUE=value)) == key
    assert read(Item(CLASS=kind, PARAMETER_SET=int(chosen), VALUE=value[:-1])) is None
    assert read(Item(CLASS=kind, PARAMETER_SET=int(chosen))) is None
    assert read(Item(CLASS=kind, PARAMETER_SET=4, VALUE=value)) is None
    assert read(Item(CLASS=kind, VALUE=value)) is None


def test_the_value_of_a_private_key_is_not_asked_for():
    """CKA_VALUE of a private key is the key itself."""
    item = Item(CLASS=ObjectClass.PRIVATE_KEY, PARAMETER_SET=2, VALUE=AttributeSensitive())
    assert read(item) is None
    assert Attribute.VALUE not in item.asked


@given(st.sampled_from([*EDWARDS_PARAMS, *EC_PARAMS.values()]), st.binary(max_size=140))
def test_any_point_is_a_key_or_none(parameters: bytes, point: bytes):
    found = read(Item(EC_PARAMS=parameters, EC_POINT=point))
    assert found is None or isinstance(found, PublicKey)


@given(st.integers(0, 5), st.binary(max_size=3000))
def test_any_value_is_a_key_or_none(parameter_set: int, value: bytes):
    item = Item(CLASS=ObjectClass.PUBLIC_KEY, PARAMETER_SET=parameter_set, VALUE=value)
    found = read(item)
    assert found is None or isinstance(found, PublicKey)
