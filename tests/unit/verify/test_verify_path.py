"""Paths: what RFC 5280 forbids in them, and how much work a hostile one may cause."""

from __future__ import annotations

import ipaddress
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from unit.verify.verify_pki import (
    BORN,
    LATER,
    YEAR,
    Party,
    authority,
    hash_of,
    issue,
    key,
    name,
    official,
    usage,
)

from verify.certificate import read_certificate
from verify.path.build import build_path
from verify.path.pool import CertificatePool
from verify.path.rfc5280 import find_defects
from verify.policy import Limits, default_policy
from verify.trust import TrustStore

LIMITS = default_policy().limits
ROOT = authority("Path root")


def path_of(*parties):
    return tuple(party.certificate for party in parties)


def codes(*parties):
    return {finding.code for found in find_defects(path_of(*parties)) for finding in found}


def chain_to(party):
    return party.chain


def test_a_plain_path_has_no_defect():
    assert not codes(*official(authority("Mid", ROOT)).chain)


def test_an_end_entity_is_no_authority():
    assert codes(*official(official(ROOT)).chain) == {
        "chain.not_an_authority",
        "chain.may_not_certify",
    }


def test_key_usage_and_path_length():
    weak = issue("Weak", ROOT, (x509.BasicConstraints(True, None), True), (usage("crl_sign"), True))
    assert codes(*official(weak).chain) == {"chain.may_not_certify"}
    zero = authority("Zero", ROOT, path_length=0)
    assert not codes(*official(zero).chain)
    below = authority("Below", zero)
    assert codes(*official(below).chain) == {"chain.path_too_long"}
    itself = authority("Zero", zero, key_name="Zero rolled")  # self-issued: does not count
    assert not codes(*official(itself).chain)


def test_unknown_critical_extensions_are_refused_and_others_not():
    value = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    assert codes(*official(ROOT, (value, True)).chain) == {"chain.unknown_critical"}
    assert not codes(*official(ROOT, (value, False)).chain)


def constrained(*, permitted=None, excluded=None):
    return authority("Constrained", ROOT, (x509.NameConstraints(permitted, excluded), True))


def directory(text):
    return x509.DirectoryName(x509.Name.from_rfc4514_string(text))


def alternative(*names):
    return (x509.SubjectAlternativeName(names), False)


URI = x509.UniformResourceIdentifier
ADDRESS = x509.IPAddress(ipaddress.ip_address("10.1.2.3"))


@pytest.mark.parametrize(
    ("constraint", "names", "allowed"),
    [
        (x509.DNSName("gov.vn"), x509.DNSName("a.GOV.vn"), True),
        (x509.DNSName(".gov.vn"), x509.DNSName("a.gov.vn"), True),
        (x509.DNSName("gov.vn"), x509.DNSName("notgov.vn"), False),
        (x509.RFC822Name("gov.vn"), x509.RFC822Name("a@gov.vn"), True),
        (x509.RFC822Name("gov.vn"), x509.RFC822Name("a@b.gov.vn"), False),
        (x509.RFC822Name(".gov.vn"), x509.RFC822Name("a@b.gov.vn"), True),
        (x509.RFC822Name("a@gov.vn"), x509.RFC822Name("a@gov.vn"), True),
        (x509.RFC822Name("a@gov.vn"), x509.RFC822Name("b@gov.vn"), False),
        (URI("gov.vn"), URI("https://gov.vn/x"), True),
        (URI(".gov.vn"), URI("https://a.gov.vn/x"), True),
        (URI("gov.vn"), URI("https://a.gov.vn/x"), False),
        (URI("gov.vn"), URI("urn:x"), False),
        (URI("gov.vn"), URI("https://[bad"), False),
        (x509.IPAddress(ipaddress.ip_network("10.0.0.0/8")), ADDRESS, True),
        (x509.IPAddress(ipaddress.ip_network("11.0.0.0/8")), ADDRESS, False),
        (x509.RegisteredID(x509.ObjectIdentifier("1.2.3")),
         x509.RegisteredID(x509.ObjectIdentifier("1.2.3")), False),
    ],
)  # fmt: skip
def test_permitted_names(constraint, names, allowed):
    party = official(constrained(permitted=[constraint]), alternative(names))
    assert codes(*party.chain) == (set() if allowed else {"chain.name_not_allowed"})


@pytest.mark.parametrize(
    ("constraint", "names", "allowed"),
    [
        (x509.DNSName("bad.vn"), x509.DNSName("a.bad.vn"), False),
        (x509.DNSName("bad.vn"), x509.DNSName("good.vn"), True),
        (URI("bad.vn"), URI("urn:x"), False),
        (URI("bad.vn"), URI("https://[bad"), False),
        (x509.RegisteredID(x509.ObjectIdentifier("1.2.3")),
         x509.RegisteredID(x509.ObjectIdentifier("1.2.4")), False),
    ],
)  # fmt: skip
def test_excluded_names_and_what_cannot_be_compared(constraint, names, allowed):
    party = official(constrained(excluded=[constraint]), alternative(names))
    assert codes(*party.chain) == (set() if allowed else {"chain.name_not_allowed"})


def test_directory_names_of_the_subject():
    issuing = constrained(permitted=[directory("O=So  noi vu")])
    inside = official(issuing, subject=name("A", organization="SO Noi Vu"))
    outside = official(issuing, subject=name("A", organization="Khac"))
    assert not codes(*inside.chain)
    assert codes(*outside.chain) == {"chain.name_not_allowed"}


def test_an_address_in_the_subject_counts_when_there_is_no_alternative_name():
    issuing = constrained(permitted=[x509.RFC822Name("gov.vn")])
    attributes = [x509.NameAttribute(x509.NameOID.EMAIL_ADDRESS, "a@elsewhere.vn")]
    party = official(issuing, subject=x509.Name(attributes))
    assert codes(*party.chain) == {"chain.name_not_allowed"}


def test_constraints_of_the_anchor_count_too():
    root = authority(
        "Constrained root", None, (x509.NameConstraints([directory("O=Only")], None), True)
    )
    assert codes(*official(root).chain) == {"chain.name_not_allowed"}


def test_a_certificate_without_a_subject_has_only_its_alternative_names():
    issuing = constrained(permitted=[directory("O=Only"), x509.DNSName("gov.vn")])
    for names, wanted in (("a.gov.vn", set()), ("a.com.vn", {"chain.name_not_allowed"})):
        nameless = official(issuing, alternative(x509.DNSName(names)), subject=x509.Name([]))
        assert codes(*nameless.chain) == wanted
        named = official(issuing, alternative(x509.DNSName(names)))
        assert codes(*named.chain) == {"chain.name_not_allowed"}


def policies(*oids):
    informations = [x509.PolicyInformation(x509.ObjectIdentifier(oid), None) for oid in oids]
    return (x509.CertificatePolicies(informations), False)


@pytest.mark.parametrize(
    ("middle", "leaf", "valid"),
    [
        (["1.2.3"], ["1.2.3"], True),
        (["1.2.3"], ["1.2.4"], False),
        (["2.5.29.32.0"], ["1.2.4"], True),
        (["1.2.3"], None, False),
    ],
)
def test_a_required_policy_must_run_through(middle, leaf, valid):
    required = (
        x509.PolicyConstraints(require_explicit_policy=0, inhibit_policy_mapping=None),
        True,
    )
    issuing = authority("Policy", ROOT, required, policies(*middle))
    party = official(
        issuing, *([policies(*leaf)] if leaf else [(usage("digital_signature"), True)])
    )
    assert codes(*party.chain) == (set() if valid else {"chain.no_valid_policy"})


def test_the_best_path_is_found_among_several():
    other = authority("Other root")
    one = authority("Crossed", ROOT, key_name="crossed")
    two = authority("Crossed", other, key_name="crossed")
    party = official(one)
    for root, wanted in ((ROOT, one), (other, two)):
        trust = TrustStore((root.certificate,))
        pool = CertificatePool(trust, path_of(one, two, ROOT, other))
        path = build_path(party.certificate, pool, limits=LIMITS, hint=LATER)
        assert path == path_of(party, wanted, root)


def test_a_path_with_a_defect_gives_way_to_one_without():
    bad = issue("Twice", ROOT, (usage("key_cert_sign"), True), key_name="twice")
    good = authority("Twice", ROOT, key_name="twice", not_after=BORN + YEAR)
    party = official(good)
    for order in ((bad, good), (good, bad)):
        pool = CertificatePool(TrustStore((ROOT.certificate,)), path_of(*order))
        path = build_path(party.certificate, pool, limits=LIMITS, hint=LATER)
        assert good.certificate in path
    pool = CertificatePool(TrustStore((ROOT.certificate,)), path_of(bad))
    assert build_path(party.certificate, pool, limits=LIMITS, hint=LATER)[-1] == ROOT.certificate


def test_hundreds_of_authorities_of_one_name_and_key_end_the_search_and_not_the_program():
    crowd = [authority("Crowd", key_name="crowd") for _ in range(60)]
    crowd += [authority("Crowd", crowd[0], key_name="crowd") for _ in range(60)]
    party = official(crowd[0])
    pool = CertificatePool(TrustStore((ROOT.certificate,)), path_of(*crowd))
    started = time.monotonic()
    path = build_path(party.certificate, pool, limits=LIMITS, hint=LATER)
    assert path[-1] != ROOT.certificate
    assert time.monotonic() - started < 10


def test_a_signature_that_was_checked_is_not_paid_for_again():
    """Two ways lead up to one authority, in vain; the third leads to the anchor.

    Seven links are paid for: three of the first way, two each of the others. The one above the
    authority is walked twice.
    """
    above = authority("Above", authority("Nobody's root"))
    ways = [
        authority("Way", issuer, key_name="way", serial=serial)
        for serial, issuer in ((8, above), (9, above), (10, ROOT))
    ]
    party = official(ways[0])
    pool = CertificatePool(TrustStore((ROOT.certificate,)), path_of(above, above.issuer, *ways))
    for checks, trusted in ((7, True), (6, False)):
        limits = LIMITS.model_copy(update={"path_signature_checks": checks})
        path = build_path(party.certificate, pool, limits=limits, hint=LATER)
        assert (path[-1] == ROOT.certificate) is trusted


def test_the_length_of_a_path_is_bounded():
    last = ROOT
    parties = [ROOT]
    for number in range(6):
        last = authority(f"Step {number}", last)
        parties.append(last)
    party = official(last)
    pool = CertificatePool(TrustStore((ROOT.certificate,)), path_of(*parties))
    full = build_path(party.certificate, pool, limits=LIMITS, hint=LATER)
    assert full[-1] == ROOT.certificate
    short = Limits(document_bytes=1, signatures=1, path_length=4, path_signature_checks=99)
    assert len(build_path(party.certificate, pool, limits=short, hint=LATER)) <= 4


def test_an_anchor_that_signed_itself_is_a_path_of_one():
    pool = CertificatePool(TrustStore((ROOT.certificate,)), ())
    assert build_path(ROOT.certificate, pool, limits=LIMITS, hint=LATER) == (ROOT.certificate,)


def nameless_key(key_name, *, issuer=None):
    """Return a certificate without key identifiers, so that only the signature tells issuers."""
    own, signing = key(key_name), issuer.key if issuer else key(key_name)
    made = (
        x509.CertificateBuilder()
        .subject_name(name("Leaf" if issuer else "Namesake"))
        .issuer_name(name("Namesake"))
        .public_key(own.public_key())
        .serial_number(3)
        .not_valid_before(BORN)
        .not_valid_after(BORN + YEAR)
        .add_extension(x509.BasicConstraints(issuer is None, None), True)
        .sign(signing, hash_of(signing))
    )
    return Party(made, own, issuer)


def test_namesakes_without_key_identifiers_are_told_apart_by_the_signature():
    one, other = nameless_key("namesake one"), nameless_key("namesake other")
    for issuer, anchor, found in ((one, one, True), (one, other, False)):
        leaf = nameless_key("leaf", issuer=issuer)
        pool = CertificatePool(TrustStore((anchor.certificate,)), path_of(one, other))
        path = build_path(leaf.certificate, pool, limits=LIMITS, hint=LATER)
        assert (path[-1] == anchor.certificate) is found


def test_a_certificate_longer_than_most_is_read_all_the_same():
    """Common ones are read once and kept; large ones are not kept."""
    names = x509.SubjectAlternativeName([x509.DNSName(f"host{n}.example") for n in range(600)])
    made = issue("Large", ROOT, (names, False)).certificate
    der = made.public_bytes(Encoding.DER)
    assert len(der) > 8 * 1024
    assert read_certificate(der) == made
    assert read_certificate(der) is not read_certificate(der)
    small = ROOT.certificate.public_bytes(Encoding.DER)
    assert read_certificate(small) is read_certificate(small)
