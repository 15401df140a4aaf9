"""The linter: every rule finds its fault, the good bytes break none, and a pass is spent once."""

from __future__ import annotations

import copy
import pickle
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from pki_world import World, new_authority, new_key, someone

from pki import der
from pki.authority.create import create_issuing
from pki.authority.issuance import draw_serial
from pki.authority.template import Content, build_tbs
from pki.clock import whole_second
from pki.errors.issuing import LintFailedError, LintPassError
from pki.keys import hash_for
from pki.lint.constraints import lies_below
from pki.lint.linter import RULES, LintPass, lint, pass_lint, redeem
from pki.lint.target import STANDARDS, Finding, Intent, Severity
from pki.profile import BUILT_IN, Lifetime, load_profile
from pki.profile_tables import AuthorityTable
from pki.subject import Subject, build_subject
from pki.urls import AuthorityURLs
from pki.words import Language, show

Case = tuple[bytes, Intent]
AUTHORITIES = ("root", "subordinate", "issuing", "cross")
OWN = "http://127.0.0.1:8000"
NO_CHECK = "2b0601050507300105"
PATH = frozenset({"rfc5280.4.2.1.9.path_length_of_issuer"})
POLICIES = frozenset({"rfc5280.4.2.1.4.certificate_policies"})


def server(name: str = "www.example.vn") -> Subject:
    return build_subject([("C", "VN"), ("O", "Sở"), ("CN", name), ("DNS", name)])


SUBJECTS: dict[str, Callable[[], Subject]] = {
    "official": lambda: someone(E="a@example.gov.vn"),
    "tls-server": server,
}


def case(world: World, profile: str = "official", **changes: object) -> tuple[Content, Intent]:
    """Return what is to be written and what is meant, in agreement unless changed."""
    issuer = world.issuing.issuer
    loaded = load_profile(profile)
    now = whole_second(world.clock.now())
    values: dict[str, object] = {
        "serial": draw_serial(),
        "subject": SUBJECTS.get(profile, someone)(),
        "public_key": new_key().public_key(),
        "profile": loaded,
        "not_before": now,
        "not_after": loaded.lifetime.end(now),
        **changes,
    }
    content = Content(**values)  # type: ignore[arg-type]
    intent = Intent(
        profile=loaded,
        subject=content.subject,
        public_key=content.public_key,
        issuer_name=issuer.certificate.subject,
        issuer_key=issuer.key.public_key(),
        issuer=issuer.certificate,
        urls=issuer.urls,
        now=now,
    )
    return content, intent


def good(world: World, profile: str = "official", **changes: object) -> Case:
    content, intent = case(world, profile, **changes)
    return build_tbs(content, world.issuing.issuer.signatory()), intent


def edit(tbs_der: bytes, before: str, after: str) -> bytes:
    """Return the bytes with one run of octets replaced by another of the same length."""
    old, new = bytes.fromhex(before), bytes.fromhex(after)
    assert len(old) == len(new)
    assert tbs_der.count(old) >= 1
    return tbs_der.replace(old, new, 1)


def refit(tbs_der: bytes, change: Callable[[list[bytes]], None]) -> bytes:
    """Return the bytes with fields changed in a list, whatever their lengths."""
    fields = [field.whole for field in der.read_all(der.read(tbs_der, "tbs").content, "tbs")]
    change(fields)
    return der.sequence(fields)


def edited(before: str, after: str, profile: str = "official") -> Callable[[World], Case]:
    def make(world: World) -> Case:
        tbs_der, intent = good(world, profile)
        return edit(tbs_der, before, after), intent

    return make


def meant(profile: str = "official", **changes: object) -> Callable[[World], Case]:
    def make(world: World) -> Case:
        tbs_der, intent = good(world, profile)
        return tbs_der, replace(intent, **changes)  # type: ignore[arg-type]

    return make


def written(profile: str = "official", **changes: object) -> Callable[[World], Case]:
    def make(world: World) -> Case:
        return good(world, profile, **changes)

    return make


def refitted(change: Callable[[list[bytes]], None]) -> Callable[[World], Case]:
    def make(world: World) -> Case:
        tbs_der, intent = good(world)
        return refit(tbs_der, change), intent

    return make


def version_2(fields: list[bytes]) -> None:
    fields[0] = bytes.fromhex("a003020101")


def negative_serial(fields: list[bytes]) -> None:
    fields[1] = der.integer(-(1 << 100))


def long_serial(fields: list[bytes]) -> None:
    fields[1] = der.integer(1 << 160)


def other_algorithm(fields: list[bytes]) -> None:
    fields[2] = bytes.fromhex("300a06082a8648ce3d040303")


def issuer_spelt_otherwise(fields: list[bytes]) -> None:
    """PrintableString where the issuer's own certificate has UTF8String: equal to many, not us."""
    fields[3] = fields[3].replace(
        bytes.fromhex("0c07") + b"Antin i", bytes.fromhex("1307") + b"Antin i"
    )
    old = bytes.fromhex("0c0d") + b"Antin issuing"
    assert old in fields[3]
    fields[3] = fields[3].replace(old, b"\x13" + old[1:])


def generalized_too_early(fields: list[bytes]) -> None:
    fields[4] = der.sequence(
        (
            der.encode(der.GENERALIZED_TIME, b"20260302073015Z"),
            der.encode(der.UTC_TIME, b"310302073014Z"),
        )
    )


def no_zone(fields: list[bytes]) -> None:
    fields[4] = fields[4].replace(b"Z", b"0")


def empty_subject(fields: list[bytes]) -> None:
    fields[5] = der.sequence(())


def printable_name(fields: list[bytes]) -> None:
    """The country as UTF8String, which RFC 5280 Appendix A does not let it be."""
    old = bytes.fromhex("0603550406") + b"\x13\x02VN"
    assert old in fields[5]
    fields[5] = fields[5].replace(old, old[:5] + b"\x0c" + old[6:])


def control_character(fields: list[bytes]) -> None:
    fields[5] = fields[5].replace("Nội vụ".encode(), "Nội\nvụ".encode())


def unique_identifier(fields: list[bytes]) -> None:
    fields.insert(7, der.encode(0x81, b"\x00\x01"))


def from_issuing(**changes: object) -> Callable[[World], Case]:
    """An authority below the issuing one, whose path length is 0."""

    def make(world: World) -> Case:
        return good(world, "issuing", **changes)

    return make


def changed_profile(profile: str = "official", **changes: object) -> Callable[[World], Case]:
    """The bytes are written after a profile that was changed, and judged by it as it is."""

    def make(world: World) -> Case:
        content, intent = case(world, profile)
        content = replace(content, profile=content.profile.model_copy(update=changes))
        return build_tbs(content, world.issuing.issuer.signatory()), intent

    return make


def wrong_profile(profile: str = "official", **changes: object) -> Callable[[World], Case]:
    """The bytes are written after a profile that was changed, and judged by the same: only rules
    that judge for themselves can find the fault."""

    def make(world: World) -> Case:
        content, intent = case(world, profile)
        wrong = content.profile.model_copy(update=changes)
        content, intent = replace(content, profile=wrong), replace(intent, profile=wrong)
        return build_tbs(content, world.issuing.issuer.signatory()), intent

    return make


def wrong_subject(profile: str = "official", **changes: object) -> Callable[[World], Case]:
    """What is meant is wrong already, and written so."""

    def make(world: World) -> Case:
        subject = case(world, profile)[0].subject
        return good(world, profile, subject=replace(subject, **changes))

    return make


def with_value(short: str, value: str) -> Callable[[World], Case]:
    def make(world: World) -> Case:
        attributes = tuple(
            (name, value if name == short else old) for name, old in someone().attributes
        )
        return wrong_subject(attributes=attributes)(world)

    return make


def under_limits(permitted: list[x509.GeneralName], excluded: list[x509.GeneralName] | None = None):
    """The issuer is one whose certificate constrains names."""

    def make(world: World) -> Case:
        tbs_der, intent = good(world)
        own = world.issuing.issuer
        limits = x509.NameConstraints(permitted or None, excluded)
        limited = (
            x509.CertificateBuilder()
            .subject_name(own.certificate.subject)
            .issuer_name(world.root.issuer.certificate.subject)
            .public_key(own.certificate.public_key())
            .serial_number(draw_serial())
            .not_valid_before(own.certificate.not_valid_before_utc)
            .not_valid_after(own.certificate.not_valid_after_utc)
            .add_extension(limits, critical=True)
            .sign(world.root.issuer.key, hash_for(world.root.issuer.key))
        )
        return tbs_der, replace(intent, issuer=limited)

    return make


def six_years(world: World) -> Case:
    """The profile itself allows more than the law."""
    profile = load_profile("official").model_copy(update={"lifetime": Lifetime(years=6)})
    end = profile.lifetime.end(whole_second(world.clock.now()))
    tbs_der, intent = good(world, not_after=end)
    return tbs_der, replace(intent, profile=profile)


def critical_no_check(world: World) -> Case:
    tbs_der, intent = good(world, "ocsp")
    return with_criticality(tbs_der, NO_CHECK, critical=True), intent


def end_of(profile: str, world: World) -> datetime:
    return load_profile(profile).lifetime.end(whole_second(world.clock.now()))


SECOND = timedelta(seconds=1)
NOTHING: frozenset[str] = frozenset()
MEANT = frozenset({"rfc5280.4.1.2.6.subject_is_intended"})
VALUES = frozenset({"antin.values_in_their_form"})
FITS = frozenset({"antin.subject_fits_profile"})
EXACTLY = frozenset({"rfc5280.4.2.exactly_the_profile"})

FAULTS: dict[str, tuple[Callable[[World], Case], frozenset[str]]] = {
    "rfc5280.4.1.well_formed": (lambda world: (good(world)[0][:-1], good(world)[1]), NOTHING),
    "rfc5280.4.1.2.2.serial_positive": (refitted(negative_serial), NOTHING),
    "rfc5280.4.1.2.2.serial_octets": (refitted(long_serial), NOTHING),
    "antin.serial_length": (written(serial=(1 << 64) - 1), NOTHING),
    "rfc5280.4.1.2.3.signature_algorithm": (refitted(other_algorithm), NOTHING),
    "rfc5280.4.1.2.4.issuer_is_ca_subject": (refitted(issuer_spelt_otherwise), NOTHING),
    "rfc5280.4.1.2.5.time_form": (refitted(generalized_too_early), NOTHING),
    "rfc5280.4.1.2.5.order": (
        lambda world: good(
            world,
            not_before=whole_second(world.clock.now()),
            not_after=whole_second(world.clock.now()),
        ),
        NOTHING,
    ),
    "antin.not_before_not_future": (
        lambda world: good(world, not_before=whole_second(world.clock.now()) + SECOND),
        NOTHING,
    ),
    "antin.validity_within_issuer": (
        lambda world: good(
            world, not_before=world.issuing.issuer.certificate.not_valid_before_utc - SECOND
        ),
        # A year in which it may last shorter than what was asked for: begun before, it is longer.
        frozenset({"antin.validity_within_profile", "nd68.9.lifetime"}),
    ),
    "antin.validity_within_profile": (
        lambda world: good(world, "ocsp", not_after=end_of("ocsp", world) + SECOND),
        NOTHING,
    ),
    "nd68.9.lifetime": (six_years, NOTHING),
    "rfc5280.4.1.2.6.subject_is_intended": (
        meant(subject=someone(E="a@example.gov.vn")),
        NOTHING,
    ),
    "rfc5280.4.1.2.6.subject_not_empty": (
        refitted(empty_subject),
        MEANT | {"nd68.7.contents"},
    ),
    "rfc5280.4.1.2.4.string_types": (refitted(printable_name), MEANT),
    "x520.6.no_control_characters": (refitted(control_character), MEANT | VALUES),
    "rfc5280.a.1.upper_bounds": (with_value("O", "x" * 65), VALUES),
    "antin.values_in_their_form": (
        with_value("O", unicodedata.normalize("NFD", "Sở")),
        NOTHING,
    ),
    "antin.subject_fits_profile": (
        wrong_subject("tls-server", attributes=(("C", "VN"), ("O", "Sở"), ("CN", "b.example.vn"))),
        NOTHING,
    ),
    "rfc5280.4.1.2.7.key_is_intended": (
        meant(public_key=new_key().public_key()),
        frozenset({"rfc5280.4.2.1.2.subject_key_identifier"}),
    ),
    "antin.key_strength": (
        lambda world: good(world, "tls-server", public_key=new_key("p521").public_key()),
        NOTHING,
    ),
    "rfc5280.4.1.2.8.no_unique_identifiers": (refitted(unique_identifier), NOTHING),
    "rfc5280.4.2.1.6.names_are_intended": (
        edited(b"a@example.gov.vn".hex(), b"b@example.gov.vn".hex()),
        NOTHING,
    ),
    "rfc5280.4.2.1.6.host_names": (
        wrong_subject("tls-server", dns=("www.example.vn", "a_b.example.vn")),
        NOTHING,
    ),
    "rfc5280.4.2.1.6.mail_addresses": (
        wrong_subject(mail=("a..b@example.vn",)),
        NOTHING,
    ),
    "nd68.7.contents": (
        wrong_subject(attributes=(("C", "VN"), ("O", "Sở"))),
        frozenset({"antin.subject_fits_profile"}),
    ),
    "rfc5280.4.2.exactly_the_profile": (edited("0603551d20", "0603551d21"), POLICIES),
    "rfc5280.4.2.1.1.authority_key_identifier": (
        edited("0603551d23", "0603551d7e"),
        EXACTLY,
    ),
    "rfc5280.4.2.1.2.subject_key_identifier": (edited("0603551d0e", "0603551d7e"), EXACTLY),
    "rfc5280.4.2.1.3.key_usage": (edited("030206c0", "03020780"), NOTHING),
    "rfc5280.4.2.1.3.bits_fit_key": (
        wrong_profile(key_usage=("digitalSignature", "keyEncipherment")),
        NOTHING,
    ),
    "rfc5280.4.2.1.4.certificate_policies": (changed_profile(policy="9"), NOTHING),
    "rfc5280.4.2.1.9.basic_constraints": (
        changed_profile("issuing", authority=AuthorityTable(crl_days=1)),
        PATH,
    ),
    "rfc5280.4.2.1.9.path_length_of_issuer": (from_issuing(), NOTHING),
    "rfc5280.4.2.1.10.name_constraints": (
        changed_profile(
            "issuing",
            authority=AuthorityTable(path_length=0, crl_days=7, permitted_dns=("gov.vn",)),
        ),
        PATH | EXACTLY,
    ),
    "rfc5280.4.2.1.10.within_the_issuers": (
        under_limits([x509.RFC822Name("example.vn")]),
        NOTHING,
    ),
    "rfc5280.4.2.1.12.extended_key_usage": (
        changed_profile(extended_key_usage=("emailProtection", "documentSigning")),
        NOTHING,
    ),
    "rfc5280.4.2.1.12.usages_fit_bits": (
        wrong_profile("device", key_usage=("contentCommitment",)),
        NOTHING,
    ),
    "rfc3161.2.3.time_stamping_alone_and_critical": (
        wrong_profile("timestamp", extended_key_usage_critical=False),
        NOTHING,
    ),
    "rfc6960.4.2.2.2.1.no_check": (critical_no_check, NOTHING),
    "rfc5280.4.2.1.13.distribution_point": (
        meant(urls=AuthorityURLs("http://other/x.crl", f"{OWN}/ocsp", f"{OWN}/ca/issuing.cer")),
        NOTHING,
    ),
    "rfc5280.4.2.2.1.authority_information_access": (
        meant(urls=AuthorityURLs(f"{OWN}/crl/issuing.crl", "http://other", None)),
        NOTHING,
    ),
}
"""A rule, bytes that break it, and which rules the same bytes must break as well."""


# cryptography warns that it will refuse a negative serial one day; then it is not well-formed.
@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
@pytest.mark.parametrize("rule", FAULTS)
def test_a_rule_finds_its_fault(world: World, rule: str):
    make, also = FAULTS[rule]
    tbs_der, intent = make(world)
    found = lint(tbs_der, intent)
    assert {finding.id for finding in found} == {rule} | also
    with pytest.raises(LintFailedError, match=rule):
        pass_lint(tbs_der, intent)
    for finding in found:
        told = {language: show(finding.words, language) for language in Language}
        assert told[Language.EN] != told[Language.VI]
        assert rule in told[Language.VI] or finding.id != rule


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
@pytest.mark.parametrize("rule", [rule for rule in FAULTS if rule != "rfc5280.4.1.well_formed"])
def test_a_mutant_without_the_rule_does_not_find_its_fault(
    world: World, monkeypatch: pytest.MonkeyPatch, rule: str
):
    make, also = FAULTS[rule]
    tbs_der, intent = make(world)
    others = tuple(one for one in RULES if one.id != rule)
    monkeypatch.setattr("pki.lint.linter.RULES", others)
    assert {finding.id for finding in lint(tbs_der, intent)} == also


def test_no_finding_tells_a_personal_number_or_name(world: World):
    """Facts name attributes and lengths, never the values that stand in them."""
    secret = ("Nguyễn Văn Bí Mật", "CCCD:001090000009", "bi.mat@example.vn")
    attributes = (("O", "x" * 65), ("CN", secret[0] + "\n"), ("UID", secret[1] + "9"))
    subject = replace(someone(), attributes=attributes, mail=(f".{secret[2]}",))
    tbs_der, intent = good(world, subject=subject)
    found = lint(tbs_der, replace(intent, subject=someone()))
    assert len(found) >= 6
    for finding in found:
        told = repr(finding) + "".join(show(finding.words, language) for language in Language)
        assert not any(word in told for word in ("Bí Mật", "001090000009", "bi.mat"))


@pytest.mark.parametrize("change", [version_2, lambda fields: fields.pop(0)])
def test_another_version_is_not_well_formed(world: World, change: Callable[[list[bytes]], None]):
    found = lint(*refitted(change)(world))
    assert [finding.id for finding in found] == ["rfc5280.4.1.well_formed"]


def test_every_rule_has_a_fault_and_a_clause():
    assert {rule.id for rule in RULES} | {"rfc5280.4.1.well_formed"} == FAULTS.keys()
    assert len({rule.id for rule in RULES}) == len(RULES)
    assert {rule.id.partition(".")[0] for rule in RULES} == set(STANDARDS)


def test_a_clause_is_told_as_people_cite_it():
    told = [
        show(Finding(id_, Severity.ERROR).clause, language)
        for id_ in ("rfc5280.a.1.upper_bounds", "nd68.9.lifetime", "antin.serial_length")
        for language in (Language.EN, Language.VI)
    ]
    assert told == [
        "RFC 5280 §A.1",
        "RFC 5280, mục A.1",
        "Decree 68/2024/ND-CP Art. 9",
        "Điều 9 Nghị định 68/2024/NĐ-CP",
        "Antin's own rule",
        "quy tắc riêng của Antin",
    ]


@pytest.mark.parametrize("profile", [name for name in BUILT_IN if name not in AUTHORITIES])
def test_good_bytes_break_no_rule(world: World, profile: str):
    assert lint(*good(world, profile)) == ()


@pytest.mark.parametrize("profile", ["subordinate", "issuing", "cross"])
def test_good_bytes_of_an_authority_break_no_rule(world: World, profile: str):
    content, intent = case(world, profile)
    root = world.root.issuer
    intent = replace(
        intent,
        issuer=root.certificate,
        issuer_name=root.certificate.subject,
        issuer_key=root.key.public_key(),
        urls=root.urls,
    )
    assert lint(build_tbs(content, root.signatory()), intent) == ()


def test_a_renewal_lasts_no_longer_than_the_law_and_the_profile_allow(world: World):
    now = whole_second(world.clock.now())
    end = load_profile("official").renewal.end(now)
    assert end == load_profile("official").legal_end(now, renewal=True)
    tbs_der, intent = good(world, not_after=end)
    assert lint(tbs_der, replace(intent, renewal=True)) == ()
    tbs_der, intent = good(world, not_after=end + SECOND)
    assert lint(tbs_der, intent) == ()
    assert {one.id for one in lint(tbs_der, replace(intent, renewal=True))} == {
        "antin.validity_within_profile",
        "nd68.9.lifetime",
    }


@pytest.mark.parametrize(
    ("permitted", "excluded", "kind"),
    [
        ([x509.RFC822Name("gov.vn")], None, "RFC822Name"),
        ([x509.RFC822Name(".gov.vn")], None, None),
        ([x509.RFC822Name("example.gov.vn")], None, None),
        ([x509.DNSName("example.vn")], None, None),
        ([x509.DirectoryName(x509.Name([]))], None, "DirectoryName"),
        ([x509.RFC822Name(".gov.vn"), x509.RFC822Name("other.vn")], None, None),
        ([], [x509.RFC822Name("other.vn")], "DirectoryName"),
    ],
)
def test_names_stay_within_the_issuers_constraints(
    world: World,
    permitted: list[x509.GeneralName],
    excluded: list[x509.GeneralName] | None,
    kind: str | None,
):
    """Constraints that Antin does not set, and so does not judge, let nothing pass."""
    found = lint(*under_limits(permitted, excluded)(world))
    assert [finding.facts for finding in found] == ([{"kind": kind}] if kind else [])


@pytest.mark.parametrize(
    ("name", "inside"),
    [
        ("example.vn", True),
        ("www.example.vn", True),
        ("*.example.vn", True),
        ("anexample.vn", False),
        ("example.vn.org", False),
    ],
)
def test_a_host_lies_below_a_domain_at_a_dot(name: str, inside: bool):
    assert lies_below(x509.DNSName(name), x509.DNSName("example.vn")) == inside


def test_an_authority_writes_its_constraints(world: World):
    table = AuthorityTable(
        path_length=0, crl_days=7, permitted_dns=("gov.vn",), permitted_mail=("example.gov.vn",)
    )
    profile = load_profile("issuing").model_copy(update={"authority": table})
    new = replace(new_authority("limited", "issuing"), profile=profile)
    made = create_issuing(world.root, new)
    extension = made.issuer.certificate.extensions.get_extension_for_class(x509.NameConstraints)
    assert extension.critical
    names = [tree.value for tree in extension.value.permitted_subtrees or ()]
    assert names == ["gov.vn", "example.gov.vn", ".example.gov.vn"]
    world.issue(subject=someone(E="a@b.example.gov.vn"), authority=made)
    world.issue("tls-server", subject=server("www.so.gov.vn"), authority=made)
    for profile_name, subject in (
        ("official", someone(E="a@example.vn")),
        ("tls-server", server("www.example.vn")),
    ):
        with pytest.raises(LintFailedError, match="within_the_issuers"):
            world.issue(profile_name, subject=subject, authority=made)


def test_a_practice_statement_is_written_and_judged(world: World):
    address = "https://example.gov.vn/cps"
    stated = wrong_profile(practice_statement=address)(world)
    assert lint(*stated) == ()
    certificate = unsigned(stated[0])
    (policy,) = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
    assert policy.policy_qualifiers == [address]
    other = changed_profile(practice_statement=address)(world)
    assert [one.id for one in lint(*other)] == ["rfc5280.4.2.1.4.certificate_policies"]


def unsigned(tbs_der: bytes) -> x509.Certificate:
    algorithm = der.read_all(der.read(tbs_der, "tbs").content, "tbs")[2].whole
    return x509.load_der_x509_certificate(der.sequence((tbs_der, algorithm, der.bit_string(b""))))


def test_a_certificate_states_the_limits_of_its_use(world: World):
    """Decree 68/2024 Art. 7: without any extension there are none."""
    tbs_der, intent = good(world)
    (found,) = (
        finding
        for finding in lint(refit(tbs_der, lambda fields: fields.pop()), intent)
        if finding.id == "nd68.7.contents"
    )
    assert found.facts == {"missing": ("keyUsage",)}


def test_an_attribute_that_no_subject_of_ours_has_is_found(world: World):
    street = x509.Name(
        [
            x509.NameAttribute(x509.NameOID.STREET_ADDRESS, "a\nb"),
            x509.NameAttribute(x509.NameOID.COMMON_NAME, "Nguyễn Văn A"),
        ]
    )

    def rename(fields: list[bytes]) -> None:
        fields[5] = street.public_bytes()

    tbs_der, intent = good(world)
    found = {finding.id: finding.facts for finding in lint(refit(tbs_der, rename), intent)}
    assert found == {
        "rfc5280.4.1.2.6.subject_is_intended": {},
        "x520.6.no_control_characters": {"attribute": "2.5.4.9"},
    }


def test_a_subject_without_mail_or_addresses_breaks_no_rule(world: World):
    """Whatever the authority has no address for is left out, and not missed."""
    content, intent = case(world, subject=build_subject([("C", "VN"), ("O", "Sở"), ("CN", "a")]))
    signatory = replace(world.issuing.issuer.signatory(), urls=AuthorityURLs())
    assert lint(build_tbs(content, signatory), replace(intent, urls=AuthorityURLs())) == ()


def with_criticality(tbs_der: bytes, oid: str, *, critical: bool) -> bytes:
    """Return the bytes with one extension made critical, or not."""

    def rewrite(extension: der.TLV) -> bytes:
        parts = der.read_all(extension.content, "extension")
        if parts[0].content.hex() != oid:
            return extension.whole
        flag = bytes.fromhex("0101ff") if critical else b""
        return der.sequence((parts[0].whole, flag, parts[-1].whole))

    def change(fields: list[bytes]) -> None:
        listed = der.read(der.read(fields[-1], "extensions").content, "extensions")
        rewritten = (rewrite(extension) for extension in der.read_all(listed.content, "extensions"))
        fields[-1] = der.encode(0xA3, der.sequence(rewritten))

    spoilt = refit(tbs_der, change)
    assert spoilt != tbs_der
    return spoilt


@pytest.mark.parametrize(
    ("rule", "oid", "profile", "critical"),
    [
        ("rfc5280.4.2.1.1.authority_key_identifier", "551d23", "official", True),
        ("rfc5280.4.2.1.2.subject_key_identifier", "551d0e", "official", True),
        ("rfc5280.4.2.1.3.key_usage", "551d0f", "official", False),
        ("rfc5280.4.2.1.12.extended_key_usage", "551d25", "official", True),
        ("rfc3161.2.3.time_stamping_alone_and_critical", "551d25", "timestamp", False),
        ("rfc5280.4.2.1.9.basic_constraints", "551d13", "issuing", False),
        ("rfc6960.4.2.2.2.1.no_check", "2b0601050507300105", "ocsp", True),
    ],
)
def test_criticality_is_judged(world: World, rule: str, oid: str, profile: str, *, critical: bool):
    tbs_der, intent = good(world, profile)
    before = {finding.id for finding in lint(tbs_der, intent)}
    spoilt = with_criticality(tbs_der, oid, critical=critical)
    assert {finding.id for finding in lint(spoilt, intent)} - before >= {rule}


def test_more_faults_of_the_same_rules(world: World):
    """Branches that no fault above takes."""
    tbs_der, intent = good(world)
    for rule, oid in (
        ("rfc5280.4.2.1.1.authority_key_identifier", "23"),
        ("rfc5280.4.2.1.3.key_usage", "0f"),
        ("rfc5280.4.2.1.13.distribution_point", "1f"),
    ):
        spoilt = edit(tbs_der, f"0603551d{oid}", "0603551d7e")
        assert rule in {finding.id for finding in lint(spoilt, intent)}
    with_zone_gone = refit(tbs_der, no_zone)
    assert [f.id for f in lint(with_zone_gone, intent)] == ["rfc5280.4.1.well_formed"]
    before = world.issuing.issuer.certificate.not_valid_before_utc - timedelta(seconds=1)
    early = good(world, not_before=before)
    assert "antin.validity_within_issuer" in {finding.id for finding in lint(*early)}
    late = good(
        world, not_after=world.issuing.issuer.certificate.not_valid_after_utc + timedelta(seconds=1)
    )
    assert "antin.validity_within_issuer" in {finding.id for finding in lint(*late)}


def test_what_cannot_be_judged_is_a_fault(world: World, monkeypatch: pytest.MonkeyPatch):
    """A rule that stumbles has not passed."""
    tbs_der, intent = good(world)

    def stumble(_: object) -> str | None:
        raise ValueError

    rule = replace(RULES[0], check=stumble)
    monkeypatch.setattr("pki.lint.linter.RULES", (rule,))
    (found,) = lint(tbs_der, intent)
    assert (found.id, found.severity) == ("antin.judged", Severity.ERROR)
    assert found.facts == {"rule": RULES[0].id, "error": "ValueError"}
    assert RULES[0].id in show(found.words, Language.VI)


def spend(given: LintPass, world: World, profile: str = "official") -> bytes:
    return redeem(given, issuer_key=world.issuing.issuer.key.public_key(), profile=profile)


def test_a_pass_gives_its_bytes_once(world: World):
    tbs_der, intent = good(world)
    given = pass_lint(tbs_der, intent)
    assert spend(given, world) == tbs_der
    with pytest.raises(LintPassError, match="spent"):
        spend(given, world)


def test_a_forged_or_copied_pass_gives_nothing(world: World):
    given = pass_lint(*good(world))
    for forged in (LintPass(), object.__new__(LintPass), copy.copy(given), copy.deepcopy(given)):
        with pytest.raises(LintPassError):
            spend(forged, world)
    with pytest.raises(LintPassError):
        spend(pickle.loads(pickle.dumps(given)), world)  # noqa: S301  our own bytes
    spend(given, world)


def test_a_pass_is_for_one_issuer_and_profile(world: World):
    given = pass_lint(*good(world))
    with pytest.raises(LintPassError, match="other_issuer"):
        redeem(given, issuer_key=world.root.issuer.key.public_key(), profile="official")
    with pytest.raises(LintPassError, match="spent"):
        spend(given, world)
    with pytest.raises(LintPassError, match="other_profile"):
        spend(pass_lint(*good(world)), world, "agency")


WRONG_KEY = {
    *("antin.key_strength", "rfc5280.4.1.2.7.key_is_intended"),
    "rfc5280.4.2.1.2.subject_key_identifier",
}


def weak_in_the_bytes(world: World) -> Case:
    """A key that the profile does not allow stands where one was meant that it allows."""
    tbs_der, intent = good(world, "tls-server", public_key=new_key("p521").public_key())
    return tbs_der, replace(intent, public_key=new_key().public_key())


def test_the_key_that_is_judged_is_the_one_in_the_bytes(world: World):
    """What is known of the intended key counts for no other octets, judged before or not."""
    assert lint(*good(world, "tls-server")) == ()
    tbs_der, intent = weak_in_the_bytes(world)
    assert {finding.id for finding in lint(tbs_der, intent)} == WRONG_KEY


def test_the_guard_is_what_keeps_another_key_from_passing_for_the_intended(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("pki.lint.fields.key_in", lambda *given: given[2])
    tbs_der, intent = weak_in_the_bytes(world)
    found = {finding.id for finding in lint(tbs_der, intent)}
    assert found == WRONG_KEY - {"antin.key_strength"}
