"""Profiles: those that come with Antin, and contradictions refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pki.errors.requests import ProfileInvalidError, ProfileNotFoundError, ProfileViolationError
from pki.errors.tree import Phrase
from pki.profile import BUILT_IN, Lifetime, Profile, load_profile, parse_profile
from pki.subject import build_subject
from pki.words import Language, message_of

OWN = """
name = "own"
kind = "subscriber"
key_usage = ["digitalSignature"]
key_types = ["ec-p256"]
policy = "7.1"
[lifetime]
years = 1
[subject]
required = ["O", "CN"]
optional = ["E"]
"""
AUTHORITY = """
name = "own"
kind = "authority"
key_usage = ["keyCertSign", "cRLSign"]
key_types = ["ec-p256"]
[lifetime]
years = 20
[subject]
required = ["O", "CN"]
[authority]
crl_days = 7
"""


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_profile_of_ours_is_sound(name: str):
    profile = load_profile(name)
    assert profile.name == name
    assert profile.is_authority == (name in {"root", "subordinate", "issuing", "cross"})


def test_a_profile_of_ones_own(tmp_path: Path):
    path = tmp_path / "own.toml"
    path.write_text(OWN, encoding="utf-8")
    profile = load_profile(path, policy_arc="1.2.3")
    assert profile.policy_oid == "1.2.3.7.1"
    assert parse_profile(AUTHORITY, "own").policy_oid is None


def test_the_official_is_as_told():
    profile = load_profile("official")
    assert profile.key_usage == ("digitalSignature", "contentCommitment")
    assert profile.extended_oids == (
        "1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.4", "1.3.6.1.5.5.7.3.36",
    )  # fmt: skip


@pytest.mark.parametrize("where", ["none", "no/such.toml", "\x00"])
def test_a_profile_that_is_not_there(where: str):
    with pytest.raises(ProfileNotFoundError):
        load_profile(where)


SERVER = """
name = "own"
kind = "subscriber"
key_usage = ["digitalSignature"]
extended_key_usage = ["serverAuth"]
key_types = ["ec-p256", "rsa-2048"]
[lifetime]
years = 1
[subject]
required = ["O", "CN", "DNS"]
optional = ["UID"]
"""
EKU = "extended_key_usage = "
LINE = "[lifetime]"


def stated(line: str) -> tuple[str, str]:
    """Return what puts a line above the tables of a profile."""
    return LINE, f"{line}\n{LINE}"


@pytest.mark.parametrize(
    ("text", "change", "place", "why"),
    [
        # what is not of the form
        (OWN, ("name", "nome"), "name", "missing"),
        (OWN, ('"own"', '"Own"'), "name", "value"),
        (OWN, ("[lifetime]", "[lifetime"), "7:10", "not_toml"),
        (OWN, ('"7.1"', '"""7.1'), "-", "not_toml"),
        (OWN, ('policy = "7.1"', "surprise = 1"), "surprise", "unknown"),
        (OWN, ('["E"]', '["E"]\nsurprise = 1'), "subject.surprise", "unknown"),
        (OWN, ('"ec-p256"', '"ec-p192"'), "key_types.0", "not_one_of"),
        (OWN, ('"digitalSignature"', '"sign"'), "key_usage.0", "not_one_of"),
        (OWN, ('"digitalSignature"', ""), "key_usage", "value"),
        (OWN, ('"ec-p256"', ""), "key_types", "value"),
        (OWN, ('["E"]', '["X"]'), "subject.optional.0", "not_one_of"),
        (OWN, ('["E"]', '["E"]\nidentifiers = ["PID"]'), "subject.identifiers.0", "not_one_of"),
        (OWN, ("years = 1", ""), "lifetime", "years_or_days"),
        (OWN, ("years = 1", "years = 1\ndays = 1"), "lifetime", "years_or_days"),
        (OWN, ("years = 1", "years = -1"), "lifetime.years", "value"),
        (AUTHORITY, ("crl_days = 7", "crl_days = 0"), "authority.crl_days", "value"),
        # twice
        (OWN, ('["ec-p256"]', '["ec-p256", "ec-p256"]'), "key_types", "twice"),
        (OWN, ('["E"]', '["E", "E"]'), "subject.optional", "twice"),
        (OWN, stated(f'{EKU}["clientAuth", "clientAuth"]'), "extended_key_usage", "twice"),
        # authorities and others
        (OWN, ('"digitalSignature"', '"keyCertSign"'), "key_usage", "signs_others"),
        (OWN, ("subscriber", "authority"), "authority", "authority_table"),
        (AUTHORITY, ('"authority"', '"subscriber"'), "authority", "authority_table"),
        (AUTHORITY, ('"keyCertSign", ', ""), "key_usage", "signs_none"),
        (AUTHORITY, ('"keyCertSign", "cRLSign"', '"digitalSignature"'), "key_usage", "signs_none"),
        (AUTHORITY, ('"cRLSign"', '"cRLSign", "contentCommitment"'), "key_usage", "authority_bits"),
        (AUTHORITY, stated(f'{EKU}["clientAuth"]'), "extended_key_usage", "authority_usages"),
        (AUTHORITY, ('"CN"]', '"CN", "DNS"]'), "subject", "authority_names"),
        # the law
        (OWN, ("years = 1", "years = 6"), "lifetime", "law"),
        (OWN, ("years = 1", "days = 1827"), "lifetime", "law"),
        (AUTHORITY, ("years = 20", "years = 21"), "lifetime", "law"),
        (
            OWN,
            ("years = 1", "years = 5\n[renewal_lifetime]\nyears = 4"),
            "renewal_lifetime",
            "law",
        ),
        (
            OWN,
            ("years = 1", "years = 1\n[renewal_lifetime]\nyears = 2"),
            "renewal_lifetime",
            "renewal_longer",
        ),
        # usages
        (OWN, stated(f'{EKU}["timeStamping"]'), "extended_key_usage", "critical"),
        (
            OWN,
            stated(f'{EKU}["timeStamping", "clientAuth"]\nextended_key_usage_critical = true'),
            "extended_key_usage",
            "alone",
        ),
        (OWN, stated(f'{EKU}["auditLog"]'), "extended_key_usage", "critical"),
        (OWN, stated(f'{EKU}["OCSPSigning", "clientAuth"]'), "extended_key_usage", "alone"),
        (
            OWN,
            stated("extended_key_usage_critical = true"),
            "extended_key_usage_critical",
            "critical_without_usage",
        ),
        (OWN, stated("ocsp_no_check = true"), "ocsp_no_check", "no_check"),
        (
            OWN.replace("years = 1", "years = 2"),
            stated(f'{EKU}["OCSPSigning"]\nocsp_no_check = true'),
            "lifetime",
            "no_check_long",
        ),
        (
            SERVER,
            ('"digitalSignature"', '"contentCommitment"'),
            "key_usage",
            "usage_without_bit",
        ),
        (
            OWN,
            ('"digitalSignature"', '"dataEncipherment"'),
            "key_types",
            "bit",
        ),
        (SERVER, ('["digitalSignature"]', '["keyEncipherment"]'), "key_types", "bit"),
        (SERVER, ('["digitalSignature"]', '["keyAgreement"]'), "key_types", "bit"),
        (
            OWN,
            ('["digitalSignature"]', '["contentCommitment", "keyAgreement"]'),
            "key_usage",
            "mixed_bits",
        ),
        # subjects
        (OWN, ('"O", "CN"', '"O"'), "subject.required", "name_needed"),
        (OWN, ('["E"]', '["CN"]'), "subject.optional", "required_and_optional"),
        (OWN, stated(f'{EKU}["documentSigning"]'), "subject.required", "country_needed"),
        (SERVER, (', "DNS"', ""), "subject.required", "server_names"),
        (
            OWN.replace('["E"]', "[]"),
            stated(f'{EKU}["emailProtection"]'),
            "subject.optional",
            "mail_needed",
        ),
        (OWN, ('["E"]', '["DNS"]\nwildcards = true'), "subject.wildcards", "wildcards"),
        (
            SERVER,
            ('"CN", "DNS"]', '"CN", "IP"]\nwildcards = true'),
            "subject.wildcards",
            "wildcards",
        ),
        (OWN, ('["E"]', '["E"]\nidentifiers = ["MST"]'), "subject.identifiers", "identifiers"),
        # policies
        (OWN, ('"7.1"', '"x"'), "policy", "policy"),
        (OWN, ('"7.1"', '"7."'), "policy", "policy"),
        (OWN, ('"7.1"', '"07"'), "policy", "policy"),
        (OWN, ('"7.1"', '"2.16.704.1.1.1.1.1"'), "policy", "policy"),  # not under the arc
        (OWN, ('"7.1"', '"any"'), "policy", "any_policy"),
        (
            OWN,
            stated('practice_statement = "ftp://x"'),
            "practice_statement",
            "practice_statement",
        ),
        (
            OWN.replace('policy = "7.1"', ""),
            stated('practice_statement = "https://x.vn/cps"'),
            "practice_statement",
            "statement_of_nothing",
        ),
        # name constraints
        (
            AUTHORITY,
            ("crl_days = 7", 'crl_days = 7\npermitted_dns = [".gov.vn"]'),
            "authority.permitted_dns",
            "domain",
        ),
        (
            AUTHORITY,
            ("crl_days = 7", 'crl_days = 7\npermitted_mail = ["*.gov.vn"]'),
            "authority.permitted_mail",
            "domain",
        ),
    ],
)
def test_a_contradiction_is_refused(text: str, change: tuple[str, str], place: str, why: str):
    parse_profile(text, "own")
    assert change[0] in text
    with pytest.raises(ProfileInvalidError) as refused:
        parse_profile(text.replace(*change, 1), "own")
    reason = refused.value.facts["reason"]
    assert isinstance(reason, Phrase)
    assert (refused.value.facts["place"], reason.id) == (place, f"pki.profile.{why}")
    told = {message_of(refused.value, language) for language in Language}
    assert len(told) == 2
    assert all(place in one for one in told)


@pytest.mark.parametrize(
    ("text", "change"),
    [
        (AUTHORITY, ('"cRLSign"', '"cRLSign", "digitalSignature"')),
        (AUTHORITY, stated('policy = "any"')),
        (AUTHORITY, ("crl_days = 7", 'crl_days = 7\npermitted_dns = ["gov.vn"]')),
        (OWN, ("years = 1", "years = 5\n[renewal_lifetime]\nyears = 3")),
        (OWN, ("years = 1", "days = 1826")),
        (OWN, stated(f'{EKU}["OCSPSigning"]\nocsp_no_check = true')),
        (OWN, stated(f'{EKU}["timeStamping"]\nextended_key_usage_critical = true')),
        (OWN, stated(f'{EKU}["emailProtection"]')),
        (OWN, stated('practice_statement = "https://example.gov.vn/cps"')),
        (OWN, ('["digitalSignature"]', '["digitalSignature", "keyAgreement"]')),
        (SERVER, ('["ec-p256", "rsa-2048"]', '["rsa-2048"]')),
        (SERVER, ('["UID"]', '["UID"]\nidentifiers = ["MST"]\nwildcards = true')),
        (SERVER, ('"CN", "DNS"]', '"CN", "IP"]')),
        (OWN, ('"7.1"', '"7.1.2.3"')),
    ],
)
def test_what_does_not_contradict_is_taken(text: str, change: tuple[str, str]):
    assert change[0] in text
    assert parse_profile(text.replace(*change, 1), "own").name == "own"


def test_a_mutant_that_looks_for_no_contradiction_takes_them(monkeypatch: pytest.MonkeyPatch):
    text = OWN.replace("years = 1", "years = 6")
    with pytest.raises(ProfileInvalidError):
        parse_profile(text, "own")
    monkeypatch.setattr("pki.profile.contradictions", lambda _: iter(()))
    assert parse_profile(text, "own").lifetime.years == 6


def test_an_arc_that_cannot_be_is_refused():
    with pytest.raises(ProfileInvalidError) as refused:
        parse_profile(OWN, "own", policy_arc="1.99")
    assert refused.value.facts["place"] == "policy_arc"
    with pytest.raises(ProfileInvalidError):
        parse_profile(OWN, "own", policy_arc="x")


def test_both_ends_of_a_lifetime_count():
    profile = load_profile("official")
    begin = datetime(2026, 3, 2, 7, 30, 15, tzinfo=UTC)
    assert profile.lifetime.end(begin) == datetime(2031, 3, 2, 7, 30, 14, tzinfo=UTC)
    assert profile.legal_end(begin) == profile.lifetime.end(begin)


def test_a_leap_day_ends_the_day_before():
    begin = datetime(2028, 2, 29, tzinfo=UTC)
    end = load_profile("official").lifetime.end(begin)
    assert end == datetime(2033, 2, 28, tzinfo=UTC) - timedelta(seconds=1)


def test_a_renewal_has_its_own_bound():
    """Decree 68/2024 Art. 9: five years at first, three after; a shorter profile stays shorter."""
    begin = datetime(2026, 3, 2, tzinfo=UTC)
    for name, years in (("official", 3), ("ocsp", 1), ("tls-server", 1), ("timestamp", 3)):
        assert load_profile(name).renewal.end(begin) == Lifetime(years=years).end(begin)
    official = load_profile("official")
    assert official.renewal.end(begin) == official.legal_end(begin, renewal=True)
    assert load_profile("root").renewal.years == 20
    assert load_profile("issuing").renewal.years == 10


def why(profile: Profile, *pairs: tuple[str, str]) -> str:
    with pytest.raises(ProfileViolationError) as refused:
        profile.check_subject(build_subject(pairs))
    reason = refused.value.facts["reason"]
    assert isinstance(reason, Phrase)
    assert all(message_of(refused.value, language) for language in Language)
    return reason.id.removeprefix("pki.profile.")


def test_a_subject_must_fit():
    profile = parse_profile(OWN, "own")
    good = [("O", "Sở"), ("CN", "a")]
    profile.check_subject(build_subject(good))
    profile.check_subject(build_subject([*good, ("E", "a@example.vn")]))
    assert why(profile, ("CN", "a")) == "lacks"
    assert why(profile, *good, ("T", "a")) == "may_not_have"
    assert why(profile, *good, ("DNS", "a.vn")) == "may_not_have"


PERSON = (("C", "VN"), ("O", "Sở"), ("CN", "Nguyễn Văn A"))


@pytest.mark.parametrize(
    ("profile", "more", "refusal"),
    [
        ("official", [("SN", "Nguyễn"), ("GN", "Văn A")], None),
        ("official", [("SN", "Nguyễn")], "half_a_name"),
        ("official", [("GN", "Văn A")], "half_a_name"),
        ("official", [("UID", "CCCD:001090000001"), ("UID", "MST:0100109106")], None),
        ("official", [("serialNumber", "IDCVN-001090000001")], None),
        ("official", [("serialNumber", "4711")], "other_numbers"),
        ("official", [("organizationIdentifier", "VATVN-0100109106")], "may_not_have"),
        ("agency", [("UID", "MST:0100109106")], None),
        ("agency", [("organizationIdentifier", "VATVN-0100109106")], None),
        ("agency", [("UID", "CCCD:001090000001")], "other_numbers"),
        ("agency", [("T", "Chủ tịch")], "may_not_have"),
        ("device", [("serialNumber", "4711"), ("DNS", "a.example.vn"), ("IP", "10.0.0.7")], None),
        ("device", [("serialNumber", "IDCVN-001090000001")], "other_numbers"),
        ("device", [("UID", "CCCD:001090000001")], "other_numbers"),
        ("device", [("DNS", "*.example.vn")], "no_wildcards"),
        ("tls-server", [("DNS", "a.example.vn")], "common_name_host"),
        ("tls-server", [("UID", "MST:0100109106"), ("DNS", "a.example.vn")], "may_not_have"),
        ("tls-server", [], "lacks"),
        ("issuing", [("E", "a@example.vn")], "may_not_have"),
    ],
)
def test_a_profile_constrains_its_subjects(
    profile: str, more: list[tuple[str, str]], refusal: str | None
):
    loaded = load_profile(profile)
    if refusal is None:
        loaded.check_subject(build_subject([*PERSON, *more]))
    else:
        assert why(loaded, *PERSON, *more) == refusal


def test_a_server_is_called_by_one_of_its_names():
    base = (("C", "VN"), ("O", "Sở"))
    loaded = load_profile("tls-server")
    for common, names in (
        ("a.example.vn", ("b.example.vn", "a.example.vn")),
        ("10.0.0.7", ("a.example.vn",)),
    ):
        pairs = [*base, ("CN", common), *(("DNS", name) for name in names), ("IP", "10.0.0.7")]
        loaded.check_subject(build_subject(pairs))
    wild = [*base, ("CN", "*.example.vn"), ("DNS", "*.example.vn")]
    assert why(loaded, *wild) == "no_wildcards"
    text = SERVER.replace('["UID"]', '["UID", "C"]\nwildcards = true')
    parse_profile(text, "own").check_subject(build_subject(wild))


def test_numbers_of_any_kind_may_stand_where_a_profile_says_nothing():
    profile = parse_profile(OWN.replace('["E"]', '["E", "UID"]'), "own")
    profile.check_subject(build_subject([("O", "a"), ("CN", "a"), ("UID", "BHXH:0123456789")]))
