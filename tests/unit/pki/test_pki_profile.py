"""Profiles: those that come with Antin, and contradictions refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pki.errors import ProfileInvalidError, ProfileNotFoundError, ProfileViolationError
from pki.profile import BUILT_IN, load_profile, parse_profile
from pki.subject import build_subject

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
    assert profile.is_authority == (name in {"root", "issuing"})


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


@pytest.mark.parametrize(
    ("text", "before", "after", "why"),
    [
        (OWN, "name", "nome", "name"),
        (OWN, '"own"', '"Own"', "name"),
        (OWN, "[lifetime]", "[lifetime", "at line"),
        (OWN, 'policy = "7.1"', "surprise = 1", "surprise"),
        (OWN, '"ec-p256"', '"ec-p192"', "key_types"),
        (OWN, '"digitalSignature"', '"keyEncipherment"', "key_usage"),
        (OWN, '"digitalSignature"', '"keyCertSign"', "belong to authorities"),
        (OWN, '"digitalSignature"', "", "key_usage"),
        (OWN, "years = 1", "years = 6", "law allows 5"),
        (OWN, "years = 1", "days = 1827", "law allows 5"),
        (OWN, "years = 1", "", "either years or days"),
        (OWN, "years = 1", "years = 1\ndays = 1", "either years or days"),
        (OWN, '"7.1"', '"x"', "policy"),
        (OWN, '"7.1"', '"7."', "policy"),
        (OWN, '"O", "CN"', '"O"', "at least O and CN"),
        (OWN, '["E"]', '["CN"]', "not both"),
        (OWN, '["E"]', '["X"]', "optional"),
        (
            OWN,
            "[lifetime]",
            'extended_key_usage = ["timeStamping"]\n[lifetime]',
            "alone and critical",
        ),
        (
            OWN,
            "[lifetime]",
            'extended_key_usage = ["timeStamping", "clientAuth"]\n[lifetime]',
            "alone and critical",
        ),
        (
            OWN,
            "[lifetime]",
            'extended_key_usage = ["auditLog"]\n[lifetime]',
            "auditLog stands alone and critical",
        ),
        (
            OWN,
            "[lifetime]",
            'extended_key_usage = ["OCSPSigning", "clientAuth"]\n[lifetime]',
            "OCSPSigning stands alone",
        ),
        (OWN, "[lifetime]", "ocsp_no_check = true\n[lifetime]", "needs OCSPSigning"),
        (OWN, "subscriber", "authority", "an authority has a table"),
        (AUTHORITY, '"authority"', '"subscriber"', "table"),
        (AUTHORITY, '"keyCertSign", ', "", "belong to authorities"),
        (AUTHORITY, "years = 20", "years = 21", "law allows 20"),
        (AUTHORITY, "[lifetime]", 'extended_key_usage = ["clientAuth"]\n[lifetime]', "no extended"),
        (AUTHORITY, "crl_days = 7", "crl_days = 0", "crl_days"),
    ],
)
def test_a_contradiction_is_refused(text: str, before: str, after: str, why: str):
    parse_profile(text, "own")
    assert before in text
    with pytest.raises(ProfileInvalidError, match=why):
        parse_profile(text.replace(before, after), "own")


def test_an_arc_that_cannot_be_is_refused():
    with pytest.raises(ProfileInvalidError):
        parse_profile(OWN, "own", policy_arc="1.99")
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


def test_a_subject_must_fit():
    profile = parse_profile(OWN, "own")
    good = [("O", "Sở"), ("CN", "a")]
    profile.check_subject(build_subject(good))
    profile.check_subject(build_subject([*good, ("E", "a@example.vn")]))
    with pytest.raises(ProfileViolationError, match="lacks O"):
        profile.check_subject(build_subject([("CN", "a")]))
    with pytest.raises(ProfileViolationError, match="may not have T"):
        profile.check_subject(build_subject([*good, ("T", "a")]))
