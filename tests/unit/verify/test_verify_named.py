"""Certificates are found by what a signer is named with, in one look at each."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

from verify.cms import named
from verify.cms.named import by_issuer, by_key, by_like_issuer
from verify.lenient import issuer_der

KEY = ec.generate_private_key(ec.SECP256R1())
START = datetime(2026, 1, 1, tzinfo=UTC)


def name_of(number: int, kind: _ASN1Type = _ASN1Type.UTF8String) -> x509.Name:
    attribute = x509.NameAttribute(NameOID.COMMON_NAME, f"Authority {number}", kind)
    return x509.Name([attribute])


def made(issuer: int, serial: int, *, identified: bool = True) -> x509.Certificate:
    builder = x509.CertificateBuilder(
        name_of(issuer), name_of(0), KEY.public_key(), serial, START, START + timedelta(days=9)
    )
    if identified:
        identifier = x509.SubjectKeyIdentifier(bytes((issuer, serial)))
        builder = builder.add_extension(identifier, critical=False)
    return builder.sign(KEY, SHA256())


MANY = tuple(
    made(issuer, serial, identified=serial != 3) for issuer in range(1, 7) for serial in (1, 2, 3)
)
FEW = MANY[:6]


@pytest.mark.parametrize("certificates", [FEW, MANY], ids=["few", "many"])
def test_the_one_that_is_named_is_found(certificates):
    for wanted in certificates:
        issuer, serial = issuer_der(wanted), wanted.serial_number
        assert by_issuer(certificates, issuer, serial) is wanted
        assert by_issuer(certificates, issuer, 4) is None
        assert by_issuer(certificates, name_of(99).public_bytes(), serial) is None
        printable = name_of(wanted_issuer(wanted), _ASN1Type.PrintableString).public_bytes()
        assert by_issuer(certificates, printable, serial) is None
        assert by_like_issuer(certificates, printable, serial) is wanted
        assert by_like_issuer(certificates, printable, 4) is None
        assert by_like_issuer(certificates, name_of(99).public_bytes(), serial) is None
        identifier = bytes((wanted_issuer(wanted), serial))
        assert by_key(certificates, identifier) is (wanted if serial != 3 else None)
    assert by_like_issuer(certificates, b"no name", 1) is None


def wanted_issuer(certificate: x509.Certificate) -> int:
    return int(str(certificate.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)[10:])


@pytest.mark.parametrize("certificates", [FEW, MANY], ids=["few", "many"])
def test_of_several_it_is_the_first(certificates):
    first, again = certificates[0], made(1, 1)
    for both in ((*certificates, again), (again, *certificates)):
        for found in (
            by_issuer(both, issuer_der(first), 1),
            by_like_issuer(both, issuer_der(first), 1),
            by_key(both, b"\x01\x01"),
        ):
            assert found is (again if both[0] is again else first)


def test_each_is_asked_once_for_any_number_of_signers(monkeypatch):
    asked: Counter[int] = Counter()

    def counted(certificate: x509.Certificate) -> bytes:
        asked[id(certificate)] += 1
        return issuer_der(certificate)

    monkeypatch.setattr(named, "issuer_der", counted)
    held = (*MANY,)
    for number in range(50):
        nobody = name_of(200 + number).public_bytes()
        assert by_issuer(held, nobody, 1) is None
        assert by_like_issuer(held, nobody, 1) is None
    assert set(asked.values()) == {2}  # once as it stands, once as it is spelled


def test_another_tuple_is_another_question():
    held, other = (*MANY,), (*MANY, made(9, 9))
    assert by_key(held, b"\x09\x09") is None
    assert by_key(other, b"\x09\x09") is other[-1]
    assert named._Held(held) == named._Held(held)
    assert named._Held(held) != named._Held(other)
    assert named._Held(held) != held
