"""Paths: what RFC 5280 forbids in them, and how much work a hostile one may cause."""

from __future__ import annotations

import ipaddress

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec
from cryptography.hazmat.primitives.serialization import Encoding
from unit.verify.verify_pki import (
    BORN,
    DAY,
    LATER,
    SIGNED,
    YEAR,
    Party,
    authority,
    crl,
    hash_of,
    issue,
    key,
    name,
    official,
    usage,
)

from pki import der
from verify.certificate import read_certificate, readable
from verify.compare import comparable, same_name
from verify.inherited import with_inherited
from verify.path.build import Found, build_path, search_path
from verify.path.pool import CertificatePool
from verify.path.rfc5280 import find_defects
from verify.path.signature import signed_by
from verify.policy import Limits, default_policy
from verify.revocation.gather import Gatherer
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
    path = build_path(party.certificate, pool, limits=LIMITS, hint=LATER)
    assert path[-1] != ROOT.certificate


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


def wildcard(*names):
    return alternative(*(x509.DNSName._init_without_validation(each) for each in names))


@pytest.mark.parametrize(
    ("constraint", "host", "allowed"),
    [
        ("bad.gov.vn", "*.gov.vn", False),  # may stand for it
        ("a.bad.gov.vn", "*.gov.vn", True),  # may not: a star is one label
        ("bad.vn", "*.good.vn", True),
        ("vn", "*.good.vn", False),
        ("bad.vn", "good_host.vn", True),
        ("bad.vn", "good host.vn", False),  # no host's name: nobody can tell
        ("bad.vn", "10.1.2.3", False),
        ("bad.vn", "a*.vn", False),
    ],
)
def test_hosts_with_stars_and_hosts_that_are_none(constraint, host, allowed):
    party = official(constrained(excluded=[x509.DNSName(constraint)]), wildcard(host))
    assert codes(*party.chain) == (set() if allowed else {"chain.name_not_allowed"})
    elsewhere = official(constrained(excluded=[URI("bad.vn")]), wildcard(host))
    assert not codes(*elsewhere.chain)


def test_a_star_lies_within_the_domain_it_stands_in_and_not_below_it():
    for constraint, allowed in (("gov.vn", True), ("a.gov.vn", False)):
        party = official(constrained(permitted=[x509.DNSName(constraint)]), wildcard("*.gov.vn"))
        assert codes(*party.chain) == (set() if allowed else {"chain.name_not_allowed"})


def test_mail_that_is_none_and_networks_in_names_are_outside():
    mail = x509.RFC822Name._init_without_validation
    for text, allowed in (("a@gov.vn", True), ("a@b@gov.vn", False), ("a@gov.vn ", False)):
        issuing = constrained(excluded=[x509.RFC822Name("bad.vn")])
        party = official(issuing, alternative(mail(text)))
        assert codes(*party.chain) == (set() if allowed else {"chain.name_not_allowed"})
    network = x509.IPAddress(ipaddress.ip_network("10.0.0.0/8"))
    single = constrained(permitted=[network])
    for address, allowed in ((ADDRESS, True), (x509.IPAddress(ipaddress.ip_address("::1")), False)):
        party = official(single, alternative(address))
        assert codes(*party.chain) == (set() if allowed else {"chain.name_not_allowed"})


def test_more_names_than_can_be_compared_are_a_defect():
    hosts = [x509.DNSName(f"h{number}.vn") for number in range(400)]
    for count, found in ((100, set()), (400, {"chain.too_many_names"})):
        issuing = authority(
            "Many", ROOT, (x509.NameConstraints(None, [x509.DNSName("x.org")] * count), True)
        )
        assert codes(*official(issuing, alternative(*hosts)).chain) == found


def test_only_authorities_constrain_names():
    limits = x509.NameConstraints([directory("O=Only")], None)
    assert codes(*official(ROOT, (limits, True)).chain) == {"chain.constrains_without_authority"}
    assert not codes(*authority("Limits", ROOT, (limits, True)).chain)


def test_issuers_and_authorities_have_names():
    nameless = authority("Nameless", ROOT, subject=x509.Name([]))
    below = official(nameless)
    assert codes(*nameless.chain) == {"chain.no_authority_name"}
    assert codes(*below.chain) == {"chain.no_authority_name", "chain.no_issuer_name"}
    assert not codes(
        *official(ROOT, alternative(x509.DNSName("a.vn")), subject=x509.Name([])).chain
    )


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("PATH ROOT", True),
        ("  Path \t root ", True),
        ("Path  root", True),
        ("Ｐath root", True),  # full width, RFC 4518 §2.3
        ("Path-root", False),
        ("Pathroot", False),
    ],
)
def test_names_are_the_same_in_any_case_and_spacing(text, same):
    other = issue(
        "x", None, (x509.BasicConstraints(True, None), True), subject=name(text),
        key_name="Path root",
    )  # fmt: skip
    party = official(ROOT)
    pool = CertificatePool(TrustStore((other.certificate,)), ())
    path = build_path(party.certificate, pool, limits=LIMITS, hint=LATER)
    assert (path[-1] == other.certificate) is same


def test_what_is_no_text_in_a_name_is_compared_octet_by_octet():
    def named(octets):
        oid = x509.NameOID.X500_UNIQUE_IDENTIFIER
        return x509.Name([x509.NameAttribute(oid, octets, x509.name._ASN1Type.BitString)])

    assert same_name(named(b"\x00a"), named(b"\x00a"))
    assert comparable(named(b"\x00a")) != comparable(named(b"\x00A"))


def tampered(certificate, old, new):
    der = certificate.public_bytes(Encoding.DER)
    assert old in der
    return x509.load_der_x509_certificate(
        der[: der.rindex(old)] + new + der[der.rindex(old) + len(old) :]
    )


def test_an_algorithm_named_otherwise_beside_what_is_signed_signs_nothing():
    """The octets that are signed, and the signature, stay as they are."""
    party = official(ROOT)
    sha256, sha384 = bytes.fromhex("2a8648ce3d040302"), bytes.fromhex("2a8648ce3d040303")
    changed = tampered(party.certificate, sha256, sha384)
    assert changed.tbs_certificate_bytes == party.certificate.tbs_certificate_bytes
    assert signed_by(party.certificate, ROOT.certificate)
    assert not signed_by(changed, ROOT.certificate)


def renamed(party, old, new, sign):
    """Return a certificate that names another algorithm inside, signed all the same."""
    tbs = party.certificate.tbs_certificate_bytes.replace(old, new, 1)
    outer = asn1_x509.Certificate.load(party.der)["signature_algorithm"].dump()
    made = der.sequence((tbs, outer, der.bit_string(sign(tbs))))
    return x509.load_der_x509_certificate(made)


def test_an_algorithm_named_otherwise_inside_signs_nothing():
    party = official(ROOT)
    sha256, sha384 = bytes.fromhex("2a8648ce3d040302"), bytes.fromhex("2a8648ce3d040303")

    def sign(tbs):
        return ROOT.key.sign(tbs, ec.ECDSA(hashes.SHA256()))

    assert signed_by(renamed(party, sha256, sha256, sign), ROOT.certificate)
    assert not signed_by(renamed(party, sha256, sha384, sign), ROOT.certificate)


def test_a_key_that_hashes_by_itself_signs_under_its_own_name_only():
    issuing = authority("Edwards", kind="ed25519")
    party = official(issuing)
    own, other = bytes.fromhex("06032b6570"), bytes.fromhex("06032b6571")
    tbs = party.certificate.tbs_certificate_bytes.replace(other, own)
    for name_of, good in ((own, True), (other, False)):
        changed = tbs.replace(own, name_of, 1)
        algorithm = der.sequence((name_of,))
        value = der.bit_string(issuing.key.sign(changed))
        made = x509.load_der_x509_certificate(der.sequence((changed, algorithm, value)))
        assert signed_by(made, issuing.certificate) is good


@pytest.mark.parametrize("kind", ["p256", "rsa2048", "ed25519", "ml-dsa-44"])
def test_a_key_of_another_kind_signs_nothing(kind):
    issuing = authority(f"Kind {kind}", kind=kind)
    party = official(issuing)
    assert signed_by(party.certificate, issuing.certificate)
    for other in {"p256", "rsa2048", "ed25519", "ml-dsa-44"} - {kind}:
        assert not signed_by(party.certificate, authority(f"Kind {other}", kind=other).certificate)


def test_lists_are_checked_as_certificates_are():
    signed = x509.load_der_x509_crl(crl(ROOT, LATER))
    assert signed_by(signed, ROOT.certificate)
    assert not signed_by(signed, authority("Not the root").certificate)


def version_one(issuer=None, common="Old root"):
    """Return a certificate without extensions: cryptography makes no other kind itself."""
    party = nameless_key(common)
    data = asn1_x509.Certificate.load(party.der)
    tbs = data["tbs_certificate"]
    old = asn1_x509.TbsCertificate({
        **{part: tbs[part] for part in ("serial_number", "signature", "validity")},
        "version": "v1",
        "issuer": asn1_x509.Name.load((issuer or party).certificate.subject.public_bytes()),
        "subject": asn1_x509.Name.load(party.certificate.subject.public_bytes()),
        "subject_public_key_info": tbs["subject_public_key_info"],
    })  # fmt: skip
    value = (issuer or party).key.sign(old.dump(), ec.ECDSA(hashes.SHA256()))
    made = asn1_x509.Certificate({
        "tbs_certificate": old,
        "signature_algorithm": data["signature_algorithm"],
        "signature_value": value,
    }).dump()  # fmt: skip
    return Party(x509.load_der_x509_certificate(made), party.key, issuer)


def test_version_one_is_an_authority_s_only_as_an_anchor():
    old = version_one()
    assert old.certificate.version is x509.Version.v1
    assert not codes(*official(old).chain)
    middle = version_one(ROOT)
    assert codes(*official(middle).chain) == {"chain.not_an_authority"}
    assert codes(official(middle), middle) == {"chain.not_an_authority"}  # none of its own
    itself = version_one(authority("Namesake"))
    assert codes(*official(itself).chain) == {"chain.not_an_authority"}


def test_a_search_that_was_given_up_says_so():
    crowd = [authority("Crowd", authority(f"Ring {n}"), key_name=f"crowd {n}") for n in range(8)]
    crowd = [
        authority("Crowd", issuer, key_name=own.certificate.fingerprint(hashes.SHA256()).hex())
        for own in crowd
        for issuer in crowd
    ]
    party = official(crowd[0])
    pool = CertificatePool(TrustStore((ROOT.certificate,)), path_of(*crowd))
    for changes, exhausted in (
        ({}, True),
        ({"path_candidates": 3}, True),
        ({"path_candidates": 10**6, "path_signature_checks": 10**6, "path_length": 3}, False),
    ):
        limits = LIMITS.model_copy(update=changes)
        found = search_path(party.certificate, pool, limits=limits, hint=LATER)
        assert found.exhausted is exhausted
    gatherer = Gatherer(pool, crls=(), responses=(), limits=LIMITS)
    chain = gatherer.chain(party.certificate, hint=LATER)
    assert [one.code for one in chain.certificates[-1].defects] == ["chain.search_exhausted"]
    plain = Gatherer(CertificatePool(pool.trust, ()), crls=(), responses=(), limits=LIMITS).chain(
        official(ROOT).certificate, hint=LATER
    )
    assert not any(one.defects for one in plain.certificates)


def test_so_many_whole_paths_with_defects_end_the_search():
    odd = (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)
    bad = [authority("Either", ROOT, odd, key_name="either", serial=n) for n in range(1, 40)]
    good = authority("Either", ROOT, key_name="either", serial=99, not_after=SIGNED)
    party = official(good)
    pool = CertificatePool(TrustStore((ROOT.certificate,)), path_of(*bad, good))
    found = search_path(party.certificate, pool, limits=LIMITS, hint=LATER)
    assert found.exhausted
    few = CertificatePool(pool.trust, path_of(*bad[:5], good))
    found = search_path(party.certificate, few, limits=LIMITS, hint=LATER)
    assert found == Found(path_of(party, good, ROOT), sound=True)


def test_a_path_in_its_period_goes_before_one_that_is_not():
    old = authority("Old", None, not_after=SIGNED)
    young = authority("Young")
    one = authority("Both", old, key_name="both")
    two = authority("Both", young, key_name="both", not_after=SIGNED + DAY)
    party = official(one)
    trust = TrustStore((old.certificate, young.certificate))
    for order in ((one, two), (two, one)):
        pool = CertificatePool(trust, path_of(*order))
        path = build_path(party.certificate, pool, limits=LIMITS, hint=LATER)
        assert path[-1] == young.certificate


def inheriting(root, common="Heir", parameters=None):
    """Return an authority's certificate whose DSA key takes the parameters of `root`'s."""
    own = (parameters or root.key.parameters()).generate_private_key()
    plain = (
        x509.CertificateBuilder()
        .subject_name(name(common))
        .issuer_name(root.certificate.subject)
        .public_key(own.public_key())
        .serial_number(7)
        .not_valid_before(BORN)
        .not_valid_after(BORN + YEAR)
        .add_extension(x509.BasicConstraints(True, None), True)
        .sign(root.key, hashes.SHA256())
    )
    data = asn1_x509.Certificate.load(plain.public_bytes(Encoding.DER))
    tbs = data["tbs_certificate"]
    key = tbs["subject_public_key_info"]
    algorithm = der.sequence((der.oid("1.2.840.10040.4.1"),))
    stripped = der.sequence((algorithm, key["public_key"].dump()))
    parts = [tbs[field] for field in tbs]
    octets = der.sequence(stripped if part is key else part.dump() for part in parts if part.dump())
    value = root.key.sign(octets, hashes.SHA256())
    return der.sequence((octets, data["signature_algorithm"].dump(), der.bit_string(value))), Party(
        plain, own, root
    )


def dsa_root(common="DSA root", parameters=None):
    own = parameters.generate_private_key() if parameters else dsa.generate_private_key(2048)
    made = (
        x509.CertificateBuilder()
        .subject_name(name(common))
        .issuer_name(name(common))
        .public_key(own.public_key())
        .serial_number(3)
        .not_valid_before(BORN)
        .not_valid_after(BORN + YEAR)
        .add_extension(x509.BasicConstraints(True, None), True)
        .sign(own, hashes.SHA256())
    )
    return Party(made, own)


def test_a_dsa_key_may_inherit_its_parameters():
    root = dsa_root()
    octets, plain = inheriting(root)
    (alone,) = (tuple(readable((octets,))),)
    assert alone == ()
    heir = tuple(readable((octets, root.der)))[-1]
    assert heir.public_key().public_numbers() == plain.certificate.public_key().public_numbers()
    assert signed_by(heir, root.certificate)
    assert signed_by(plain.certificate, root.certificate)
    namesake = dsa_root(parameters=root.key.parameters())
    assert not signed_by(heir, namesake.certificate)
    assert not signed_by(heir, ROOT.certificate)
    other = dsa_root("Other DSA root", parameters=root.key.parameters())
    assert tuple(readable((octets, other.der, ROOT.der))) == (other.certificate, ROOT.certificate)


def test_parameters_that_are_not_the_issuer_s_are_not_inherited():
    root, other = dsa_root(), dsa_root("Other parameters")
    for parameters, good in ((root.key.parameters(), True), (other.key.parameters(), False)):
        octets, plain = inheriting(root, parameters=parameters)
        signature = x509.load_der_x509_certificate(
            with_inherited(octets, (root.certificate,))
        ).signature
        filled = asn1_x509.Certificate.load(plain.der)
        filled["signature_value"] = signature
        assert signed_by(x509.load_der_x509_certificate(filled.dump()), root.certificate) is good


@pytest.mark.parametrize("cut", [1, 30, 100, 200])
def test_what_is_cut_short_inherits_nothing(cut):
    octets, _ = inheriting(dsa_root())
    assert with_inherited(octets[:-cut], (ROOT.certificate,)) is None
    assert with_inherited(b"\x30\x00", (ROOT.certificate,)) is None
    assert with_inherited(ROOT.der, (ROOT.certificate,)) is None


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
