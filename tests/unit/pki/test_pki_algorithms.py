"""Hierarchies of mixed algorithms, and RSA authorities that sign by RSASSA-PSS."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from datetime import timedelta
from importlib.resources import files
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import SignatureAlgorithmOID
from pki_world import NOW, World, make_world, new_authority, new_key, someone

from pki.authority.authority import Authority
from pki.authority.create import create_root, open_authority
from pki.authority.template import Content, build_tbs
from pki.clock import whole_second
from pki.errors.requests import ProfileInvalidError
from pki.keys import verifies
from pki.lint.linter import lint
from pki.lint.target import Intent
from pki.ocsp import OCSPResponder
from pki.profile import load_profile, parse_profile

REASONS = x509.ReasonFlags
PSS_OID = SignatureAlgorithmOID.RSASSA_PSS
MIXED = [
    ("ml-dsa-65", "p256", "a"),
    ("p384", "ml-dsa-65", "p256"),
    ("ml-dsa-87", "ml-dsa-44", "ml-dsa-65"),
    ("ml-dsa-44", "a", "ed25519"),
    ("ed25519", "ml-dsa-87", "a"),
    ("p384", "ed25519", "ml-dsa-44"),
]


def ask(world: World, certificate: x509.Certificate, responder: OCSPResponder) -> ocsp.OCSPResponse:
    builder = ocsp.OCSPRequestBuilder()
    issuer = world.issuing.issuer.certificate
    query = builder.add_certificate(certificate, issuer, hashes.SHA256()).build()
    answer = responder.respond(query.public_bytes(Encoding.DER))
    return ocsp.load_der_ocsp_response(answer)


def live(
    world: World, kind: str, responder_kind: str
) -> tuple[x509.Certificate, ocsp.OCSPResponse]:
    """Issue, ask, revoke, list, ask again; every signature is verified on the way."""
    key = new_key(f"leaf-{kind}" if kind == "a" else kind)
    certificate = world.issue(key=key)
    issuer, root = world.issuing.issuer.certificate, world.root.issuer.certificate
    responder = world.responder(kind=responder_kind)
    root.verify_directly_issued_by(root)
    issuer.verify_directly_issued_by(root)
    certificate.verify_directly_issued_by(issuer)
    assert ask(world, certificate, responder).certificate_status is ocsp.OCSPCertStatus.GOOD
    world.issuing.revoke(certificate.serial_number, REASONS.key_compromise)
    for authority in (world.root, world.issuing):
        crl = authority.issue_crl()
        assert crl.is_signature_valid(authority.issuer.certificate.public_key())  # type: ignore[arg-type]
    assert crl.get_revoked_certificate_by_serial_number(certificate.serial_number) is not None
    answer = ask(world, certificate, responder)
    assert answer.certificate_status is ocsp.OCSPCertStatus.REVOKED
    (signer,) = answer.certificates
    signer.verify_directly_issued_by(issuer)
    return certificate, answer


@pytest.mark.parametrize(("root", "issuing", "leaf"), MIXED)
def test_a_hierarchy_of_mixed_algorithms(tmp_path: Path, root: str, issuing: str, leaf: str):
    world = make_world(tmp_path, root_kind=root, issuing_kind=issuing)
    _, answer = live(world, leaf, "ml-dsa-65" if issuing != "ml-dsa-65" else "p256")
    key = answer.certificates[0].public_key()
    assert verifies(key, answer.signature, answer.tbs_response_bytes)  # type: ignore[arg-type]
    assert not verifies(key, answer.signature, answer.tbs_response_bytes + b"\0")  # type: ignore[arg-type]
    world.register.close()


def is_pss(signed: x509.Certificate | x509.CertificateRevocationList) -> bool:
    """Say whether it says so: SHA-256 throughout, and a salt as long as the hash."""
    if signed.signature_algorithm_oid != PSS_OID:
        return False
    parameters = signed.signature_algorithm_parameters
    assert isinstance(parameters, padding.PSS)
    assert isinstance(signed.signature_hash_algorithm, hashes.SHA256)
    return parameters._salt_length == 32


def test_an_authority_that_signs_by_pss(tmp_path: Path):
    world = make_world(tmp_path, issuing_kind="a", pss=True)
    certificate, answer = live(world, "p256", "responder")
    assert is_pss(certificate)
    assert is_pss(world.issuing.issue_crl())
    # The root's key is of another kind: there it means nothing.
    assert not is_pss(world.issuing.issuer.certificate)
    key = answer.certificates[0].public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    assert answer.signature_algorithm_oid == PSS_OID
    assert verifies(key, answer.signature, answer.tbs_response_bytes, pss=True)
    assert not verifies(key, answer.signature, answer.tbs_response_bytes)
    world.register.close()


@pytest.mark.parametrize("pss", [True, False])
def test_an_authority_goes_on_as_it_signed_before(tmp_path: Path, *, pss: bool):
    """No profile is asked: its file may be gone."""
    world = make_world(tmp_path, issuing_kind="a", pss=pss)
    issuer = world.issuing.issuer

    def again() -> Authority:
        return open_authority(
            world.register, "issuing", key=issuer.key, urls=issuer.urls, clock=world.clock
        )

    assert not is_pss(world.issue(authority=again()))  # nothing tells it before the first list
    world.issuing.issue_crl()
    assert is_pss(world.issue(authority=again())) is pss
    assert is_pss(again().issue_crl()) is pss
    world.register.close()


def test_a_root_signs_itself_by_pss(world: World):
    key = rsa.generate_private_key(65537, 3072)
    root = create_root(new_authority("rsa", "root", key=key, pss=True), world.register, world.clock)
    assert is_pss(root.issuer.certificate)
    root.issuer.certificate.verify_directly_issued_by(root.issuer.certificate)
    again = open_authority(world.register, "rsa", key=key, urls=root.issuer.urls, clock=world.clock)
    crl = again.issue_crl()
    assert is_pss(crl)
    assert crl.is_signature_valid(key.public_key())


def test_the_linter_tells_the_two_ways_apart(tmp_path: Path):
    world = make_world(tmp_path, issuing_kind="a", pss=True)
    signatory, now = world.issuing.issuer.signatory(), whole_second(NOW)
    subject, key, profile = someone(), new_key().public_key(), load_profile("official")
    content = Content(1 << 100, subject, key, profile, now, now + timedelta(days=90))
    intent = Intent(
        profile=profile,
        subject=subject,
        public_key=key,
        issuer_name=signatory.subject,
        issuer_key=signatory.key.public_key(),
        issuer=signatory.certificate,
        urls=signatory.urls,
        now=now,
        issuer_pss=True,
    )
    for signs, meant in itertools.product((True, False), repeat=2):
        tbs_der = build_tbs(content, replace(signatory, pss=signs))
        found = [one.id for one in lint(tbs_der, replace(intent, issuer_pss=meant))]
        expected = [] if signs is meant else ["rfc5280.4.1.2.3.signature_algorithm"]
        assert found == expected
    world.register.close()


def test_pss_is_for_rsa():
    text = (files("pki.profiles") / "issuing.toml").read_text("utf-8") + "rsa_pss = true\n"
    table = parse_profile(text, "issuing").authority
    assert table is not None
    assert table.rsa_pss
    with pytest.raises(ProfileInvalidError) as caught:
        parse_profile(re.sub(r'"rsa-\d+",? ?', "", text), "issuing")
    assert caught.value.facts["reason"].id == "pki.profile.pss_without_rsa"
    built_in = load_profile("issuing").authority
    assert built_in is not None
    assert not built_in.rsa_pss
