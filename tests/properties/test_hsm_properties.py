"""Any address is read back as it was written; any text is read or refused; no bit may flip."""

from __future__ import annotations

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hsm.embedded import EmbeddedTokens
from hsm.generate import generate_key
from hsm.keys import open_key
from hsm.loading import close_modules
from hsm.locate import open_any
from hsm.pin import GivenPinSource, Pin, parse_pin_source
from hsm.tokens import TokenInfo
from hsm.uri import SCHEME, KeyURI
from pki.errors.tree import PKIError
from pki.keys import KeyType, sign_data

text = st.none() | st.text(st.characters(exclude_categories=["Cs"]))
uris = st.builds(
    KeyURI,
    token=text,
    object=text,
    id=st.none() | st.binary(),
    type=st.sampled_from([None, "private", "public", "cert"]),
    serial=text,
    manufacturer=text,
    model=text,
    module_path=text,
)
PIECES = (
    "token=",
    "id=",
    "object=",
    ";",
    "&",
    "?",
    "%",
    "%41",
    "%FF",
    "module-path=",
    "é",
    "\ud800",
)
near = st.lists(st.sampled_from(PIECES) | st.text(max_size=3)).map("".join)


@given(uris)
def test_an_address_is_read_as_it_was_written(uri):
    assert KeyURI.parse(str(uri)) == uri
    assert str(uri).isascii()


@given(st.text() | near.map(SCHEME.__add__))
def test_any_text_is_an_address_or_refused(address):
    try:
        uri = KeyURI.parse(address)
    except PKIError:
        return
    assert KeyURI.parse(str(uri)) == uri


@given(st.text())
def test_any_text_is_a_pin_source_or_refused(words):
    try:
        source = parse_pin_source(words, lambda _: "1234")
        source.ask(TokenInfo(label="", serial=""))
    except PKIError as error:
        assert error.code.startswith("hsm.pin")  # noqa: PT017


@given(st.binary(max_size=300))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_file_is_a_key_or_refused(tmp_path, content):
    path = tmp_path / "key"
    path.write_bytes(content)
    with pytest.raises(PKIError):
        open_any(f"file:{path}", lambda _named: (), GivenPinSource(Pin("1234")))


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """An EC and an RSA key on a token of this file's own."""
    close_modules()
    embedded = EmbeddedTokens(tmp_path_factory.mktemp("hsm-properties"))
    pin = Pin("246810")
    embedded.create_token("thử", pin, Pin("13579135"))
    module = embedded.module()
    yield tuple(
        open_key(
            generate_key(module, "thử", pin, label="k", key_type=key_type),
            [module],
            GivenPinSource(pin),
        )
        for key_type in (KeyType.EC_P256, KeyType.RSA_2048)
    )
    close_modules()


def verify(key, signature, data):
    public = key.public_key()
    if isinstance(public, ec.EllipticCurvePublicKey):
        public.verify(signature, data, ec.ECDSA(SHA256()))
    else:
        public.verify(signature, data, padding.PKCS1v15(), SHA256())


@given(st.binary(min_size=1, max_size=200), st.integers(min_value=0))
@settings(max_examples=50)
def test_no_bit_of_the_data_or_of_the_signature_can_flip(keys, data, position):
    for key in keys:
        signature = sign_data(key, data)
        verify(key, signature, data)
        with pytest.raises(InvalidSignature):
            verify(key, signature, flip(data, position))
        with pytest.raises(InvalidSignature):
            verify(key, flip(signature, position), data)


def flip(data: bytes, position: int) -> bytes:
    changed = bytearray(data)
    changed[position // 8 % len(data)] ^= 1 << position % 8
    return bytes(changed)
