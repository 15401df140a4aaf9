"""The linter: every rule finds its fault, the good bytes break none, and a pass is spent once."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from pki_world import World, new_key, rsa_key, someone

from pki import der
from pki.authority.issuance import draw_serial
from pki.authority.template import Content, build_tbs
from pki.clock import whole_second
from pki.errors import LintFailedError, LintPassError
from pki.lint.linter import RULES, LintPass, lint, pass_lint, redeem
from pki.lint.target import Intent, Severity
from pki.profile import load_profile, parse_profile
from pki.subject import build_subject
from pki.urls import AuthorityURLs

Case = tuple[bytes, Intent]


def case(world: World, profile: str = "official", **changes: object) -> tuple[Content, Intent]:
    """Return what is to be written and what is meant, in agreement unless changed."""
    issuer = world.issuing.issuer
    loaded = load_profile(profile)
    now = whole_second(world.clock.now())
    values: dict[str, object] = {
        "serial": draw_serial(),
        "subject": someone(E="a@example.gov.vn") if profile == "official" else someone(),
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


def printable_subject(fields: list[bytes]) -> None:
    fields[5] = x509.Name(
        [x509.NameAttribute(x509.NameOID.COMMON_NAME, "a", x509.name._ASN1Type.PrintableString)]
    ).public_bytes()


def control_character(fields: list[bytes]) -> None:
    fields[5] = fields[5].replace("Nội vụ".encode(), "Nội\nvụ".encode())


def unique_identifier(fields: list[bytes]) -> None:
    fields.insert(7, der.encode(0x81, b"\x00\x01"))


def from_issuing(**changes: object) -> Callable[[World], Case]:
    """An authority below the issuing one, whose path length is 0."""

    def make(world: World) -> Case:
        return good(world, "issuing", **changes)

    return make


def weaker_profile(text: str, profile: str = "official", by: str = "") -> Callable[[World], Case]:
    """The bytes are written after a profile in which `text` is replaced."""

    def make(world: World) -> Case:
        from importlib.resources import files

        source = (files("pki.profiles") / f"{profile}.toml").read_text(encoding="utf-8")
        assert text in source
        content, intent = case(world, profile)
        content = replace(content, profile=parse_profile(source.replace(text, by), "weak"))
        return build_tbs(content, world.issuing.issuer.signatory()), intent

    return make


def not_critical(world: World) -> Case:
    content, intent = case(world, "timestamp")
    lax = content.profile.model_copy(update={"extended_key_usage_critical": False})
    return build_tbs(replace(content, profile=lax), world.issuing.issuer.signatory()), intent


FAULTS: dict[str, Callable[[World], Case]] = {
    "rfc5280.4.1.well_formed": lambda world: (good(world)[0][:-1], good(world)[1]),
    "rfc5280.4.1.2.2.serial_positive": refitted(negative_serial),
    "rfc5280.4.1.2.2.serial_octets": refitted(long_serial),
    "antin.serial_length": written(serial=(1 << 64) - 1),
    "rfc5280.4.1.2.3.signature_algorithm": refitted(other_algorithm),
    "rfc5280.4.1.2.4.issuer_is_ca_subject": refitted(issuer_spelt_otherwise),
    "rfc5280.4.1.2.5.time_form": refitted(generalized_too_early),
    "rfc5280.4.1.2.5.order": lambda world: good(
        world,
        not_before=whole_second(world.clock.now()) - timedelta(days=2),
        not_after=whole_second(world.clock.now()) - timedelta(days=2),
    ),
    "antin.not_before_not_future": lambda world: good(
        world, not_before=whole_second(world.clock.now()) + timedelta(seconds=1)
    ),
    "antin.validity_within_issuer": lambda world: good(
        world, not_after=world.issuing.issuer.certificate.not_valid_after_utc + timedelta(seconds=1)
    ),
    "antin.validity_within_profile": lambda world: good(
        world,
        not_after=load_profile("official").lifetime.end(whole_second(world.clock.now()))
        + timedelta(seconds=1),
    ),
    "nd68.9.lifetime": lambda world: good(
        world,
        not_after=load_profile("official").legal_end(whole_second(world.clock.now()))
        + timedelta(seconds=1),
    ),
    "rfc5280.4.1.2.6.subject_is_intended": meant(subject=someone(E="a@example.gov.vn")),
    "rfc5280.4.1.2.6.subject_not_empty": refitted(empty_subject),
    "rfc5280.4.1.2.4.string_types": refitted(printable_subject),
    "x520.6.no_control_characters": refitted(control_character),
    "rfc5280.4.1.2.7.key_is_intended": meant(public_key=new_key().public_key()),
    "antin.key_strength": lambda world: good(
        world,
        "root",
        public_key=rsa_key().public_key(),  # 2048 bits are too few for a root
    ),
    "rfc5280.4.1.2.8.no_unique_identifiers": refitted(unique_identifier),
    "rfc5280.4.1.2.6.mail_in_alternative_name": edited(
        b"a@example.gov.vn".hex(), b"b@example.gov.vn".hex()
    ),
    "rfc5280.4.2.exactly_the_profile": edited("0603551d20", "0603551d21"),
    "rfc5280.4.2.1.1.authority_key_identifier": meant(issuer_key=new_key().public_key()),
    "rfc5280.4.2.1.2.subject_key_identifier": edited("0603551d0e", "0603551d7e"),
    "rfc5280.4.2.1.3.key_usage": edited("030206c0", "03020780"),
    "rfc5280.4.2.1.4.certificate_policies": weaker_profile('policy = "1"', by='policy = "9"'),
    "rfc5280.4.2.1.9.basic_constraints": weaker_profile("path_length = 0", "issuing"),
    "rfc5280.4.2.1.9.path_length_of_issuer": from_issuing(),
    "rfc5280.4.2.1.12.extended_key_usage": weaker_profile('"clientAuth", '),
    "rfc3161.2.3.time_stamping_alone_and_critical": not_critical,
    "rfc6960.4.2.2.2.1.no_check": weaker_profile("ocsp_no_check = true", "ocsp"),
    "rfc5280.4.2.1.13.distribution_point": meant(urls=AuthorityURLs.under("http://other", "x")),
    "rfc5280.4.2.2.1.authority_information_access": meant(
        urls=AuthorityURLs("http://127.0.0.1:8000/crl/issuing.crl", "http://other", None)
    ),
}


# cryptography warns that it will refuse a negative serial one day; then it is not well-formed.
@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
@pytest.mark.parametrize("rule", FAULTS)
def test_a_rule_finds_its_fault(world: World, rule: str):
    tbs_der, intent = FAULTS[rule](world)
    assert rule in {finding.id for finding in lint(tbs_der, intent)}
    with pytest.raises(LintFailedError, match=rule):
        pass_lint(tbs_der, intent)


@pytest.mark.parametrize("change", [version_2, lambda fields: fields.pop(0)])
def test_another_version_is_not_well_formed(world: World, change: Callable[[list[bytes]], None]):
    found = lint(*refitted(change)(world))
    assert [finding.id for finding in found] == ["rfc5280.4.1.well_formed"]


def test_every_rule_has_a_fault():
    assert {rule.id for rule in RULES} | {"rfc5280.4.1.well_formed"} == FAULTS.keys()
    assert len({rule.id for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("profile", ["official", "agency", "ocsp", "timestamp", "audit"])
def test_good_bytes_break_no_rule(world: World, profile: str):
    assert lint(*good(world, profile)) == ()


def test_a_subject_without_mail_or_addresses_breaks_no_rule(world: World):
    """Whatever the authority has no address for is left out, and not missed."""
    content, intent = case(world, subject=build_subject([("O", "Sở"), ("CN", "a")]))
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
    authority = weaker_profile("crl_days = 7", "issuing", "crl_days = 8")(world)
    assert {f.id for f in lint(*authority)} == {"rfc5280.4.2.1.9.path_length_of_issuer"}


def test_what_cannot_be_judged_is_a_fault(world: World, monkeypatch: pytest.MonkeyPatch):
    """A rule that stumbles has not passed."""
    tbs_der, intent = good(world)

    def stumble(_: object) -> str | None:
        raise ValueError

    rule = replace(RULES[0], check=stumble)
    monkeypatch.setattr("pki.lint.linter.RULES", (rule,))
    assert lint(tbs_der, intent)[0].severity is Severity.ERROR


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
    with pytest.raises(LintPassError, match="another issuer"):
        redeem(given, issuer_key=world.root.issuer.key.public_key(), profile="official")
    with pytest.raises(LintPassError, match="spent"):
        spend(given, world)
    with pytest.raises(LintPassError, match="another profile"):
        spend(pass_lint(*good(world)), world, "agency")
