"""Addresses of keys."""

from __future__ import annotations

import pytest

from hsm.errors import KeyURIError
from hsm.uri import KeyURI

FULL = (
    "pkcs11:token=Nguy%E1%BB%85n;object=kh%C3%B3a;type=private;serial=01%20ab;"
    "manufacturer=SoftHSM;model=v2;id=%01%FF?module-path=/usr/lib/my%20p11.so"
)


def test_every_part_is_read_and_written():
    uri = KeyURI.parse(FULL)
    assert uri == KeyURI(
        token="Nguyễn",  # noqa: S106  a label
        object="khóa",
        id=b"\x01\xff",
        type="private",
        serial="01 ab",
        manufacturer="SoftHSM",
        model="v2",
        module_path="/usr/lib/my p11.so",
    )
    assert str(uri) == FULL
    assert uri.names_token


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pkcs11:", KeyURI()),
        ("pkcs11:id=abc", KeyURI(id=b"abc")),
        ("pkcs11:id=%0a%0A", KeyURI(id=b"\n\n")),
        ("pkcs11:id=", KeyURI(id=b"")),
        ("pkcs11:object=Nguyễn", KeyURI(object="Nguyễn")),
        ("pkcs11:object=a=b", KeyURI(object="a=b")),
        ("pkcs11:object=a;id=%01", KeyURI(object="a", id=b"\1")),
        ("pkcs11:?module-path=C:%5Ctoken%5Cp11.dll", KeyURI(module_path="C:\\token\\p11.dll")),
    ],
)
def test_forms_people_write(text, expected):
    assert KeyURI.parse(text) == expected
    assert KeyURI.parse(str(expected)) == expected
    assert not expected.names_token


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "scheme"),
        ("PKCS11:token=a", "scheme"),
        ("file:key.pem", "scheme"),
        ("pkcs11:token", "token"),
        ("pkcs11:token=a;", ""),
        ("pkcs11:token=a;token=b", "token"),
        ("pkcs11:id=%01;id=%02", "id"),
        ("pkcs11:slot-id=3", "slot-id"),
        ("pkcs11:colour=red", "colour"),
        ("pkcs11:token=%", "token"),
        ("pkcs11:token=%4", "token"),
        ("pkcs11:token=%zz", "token"),
        ("pkcs11:token=%+1", "token"),
        ("pkcs11:token=%FF", "token"),
        ("pkcs11:object=\ud800", "object"),
        ("pkcs11:type=secret", "type"),
        ("pkcs11:token=a?pin-value=1234", "pin-value"),
        ("pkcs11:token=a?pin-source=file:/pin", "pin-source"),
        ("pkcs11:token=a?module-path=%FF", "module-path"),
        ("pkcs11:token=a?module-path=a&module-path=b", "module-path"),
    ],
)
def test_what_is_not_understood_is_refused(text, reason):
    with pytest.raises(KeyURIError) as caught:
        KeyURI.parse(text)
    assert caught.value.facts == {"reason": reason}
