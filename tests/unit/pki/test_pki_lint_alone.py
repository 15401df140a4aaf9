"""The linter's word on certificates that are there: of themselves and their issuer alone."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID
from pki_import_world import OldAuthority, pem, plan_of
from pki_world import World

from pki.importing.encoded import take_octets
from pki.importing.material import Material
from pki.lint.alone import ASKING_NOBODY, intent_of, judge_alone
from pki.lint.linter import RULES, judge_by
from pki.profile import load_profile

OLD = OldAuthority()


class Unasked:
    """Nobody may look at it."""

    def __getattribute__(self, name: str) -> object:
        raise AssertionError(name)


def test_the_rules_ask_for_nothing_but_certificate_and_issuer(world: World):
    issuer = world.issuing.issuer.certificate
    intent = intent_of(issuer, load_profile("official"))
    for name in ("profile", "subject", "public_key", "urls", "now"):
        object.__setattr__(intent, name, Unasked())
    rules = tuple(rule for rule in RULES if rule.id in ASKING_NOBODY)
    assert len(rules) == len(ASKING_NOBODY)
    for profile in ("official", "timestamp"):
        leaf = world.issue(profile)
        assert judge_by(rules, leaf.tbs_certificate_bytes, intent) == ()


def test_what_is_found_is_told_and_stops_nothing(world: World):
    material = Material(authority=OLD.certificate)
    take_octets(pem(OLD.issue(7)), "leaf.pem", material)
    plan = plan_of(material, world.register)
    assert not plan.blocked
    found = {one.finding.id for one in plan.judged if one.serial == 7}
    assert {"antin.serial_length", "nd68.7.contents"} <= found
    assert "rfc5280.4.2.1.1.authority_key_identifier" in found
    assert "antin.key_strength" not in found
    places = {one.place for one in plan.judged}
    assert places == {"authority", "leaf.pem"}


def unknown_key(certificate: x509.Certificate) -> x509.Certificate:
    curve, unknown = bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex("06072a8648ce3d0277")
    octets = certificate.public_bytes(Encoding.DER).replace(curve, unknown, 1)
    return x509.load_der_x509_certificate(octets)


@pytest.mark.parametrize("change", [unknown_key, lambda certificate: certificate])
def test_a_key_that_cannot_be_read_is_told(change):
    certificate = change(OLD.issue(7))
    for authority in (OLD.certificate, unknown_key(OLD.certificate)):
        (found,) = judge_alone([certificate], authority)
        assert ("antin.judged" in {one.id for one in found}) is (change is unknown_key)


def test_a_weak_key_is_told():
    weak = OLD.issue(7, key=rsa.generate_private_key(3, 2048))
    (found,) = judge_alone([weak], OLD.certificate)
    assert "antin.key_strength" in {one.id for one in found}


@pytest.mark.parametrize("written", ["BMPString", "UTF8String", "PrintableString"])
def test_a_value_is_judged_in_whatever_type_it_is_written(written: str):
    kind = getattr(_ASN1Type, written)
    for value, sound in (("An", True), ("A  B", False)):
        cn = x509.NameAttribute(NameOID.COMMON_NAME, value, kind, _validate=False)
        key = ec.generate_private_key(ec.SECP256R1())
        builder = x509.CertificateBuilder(
            OLD.certificate.subject,
            x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"), cn]),
            key.public_key(),
            7,
            OLD.certificate.not_valid_before_utc,
            OLD.certificate.not_valid_after_utc,
        )
        (found,) = judge_alone([builder.sign(key, SHA256())], OLD.certificate)
        ids = {one.id for one in found}
        assert ("antin.values_in_their_form" in ids) is not sound
        assert ("rfc5280.4.1.2.4.string_types" in ids) is (written != "UTF8String")
