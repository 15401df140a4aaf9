"""Policy files: what is wrong with one is found when it is read, each kind by a code of its own."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.verify.facts_world import RSA

from pki.words import Language, hint_of, message_of
from verify.errors import (
    PolicyAlgorithmUnknownError,
    PolicyContradictionError,
    PolicyFileError,
    PolicyRulesOverlapError,
)
from verify.law import Rule, Scope, Text
from verify.policy import built_in_policies, default_policy
from verify.policy_check import DIGESTS, SCHEMES, SUBJECTS, check_policy
from verify.policy_file import MAX_BYTES, load_policy, parse_policy
from verify.rules.algorithms import judge_algorithm
from verify.signature_value import HASHES, compute_digest

OWN = 'based_on = "default"\nname = "own"\n'
RULE = """
[[rules]]
id = "{id}"
scope = "{scope}"
since = {since}
{until}
texts = [{{ vi = "Luật", en = "Law" }}]
"""


def rule(id_="one", since="2020-01-01", until=None, scope="all"):
    end = f"until = {until}" if until else ""
    return RULE.format(id=id_, since=since, until=end, scope=scope)


def refused(text, kind, place=None):
    with pytest.raises(kind) as caught:
        parse_policy(OWN + text, name="own.toml")
    error = caught.value
    assert type(error) is kind
    for language in Language:
        assert "own.toml" in message_of(error, language)
        assert hint_of(error, language)
    if place is not None:
        assert error.facts["place"] == place
    return error.facts


def test_all_that_come_with_antin_are_sound():
    assert built_in_policies() == ("default", "etsi-119312")
    for name in built_in_policies():
        assert load_policy(name).name == name
    assert load_policy("default") == default_policy()


def test_a_file_says_only_what_differs():
    own = parse_policy(OWN + "[limits]\nsignatures = 7\n", name="own")
    assert own.name == "own"
    assert own.limits.signatures == 7
    assert own.limits.path_length == default_policy().limits.path_length
    assert own.rules == default_policy().rules
    assert parse_policy(OWN + rule(), name="own").rules[0].id == "one"  # lists take the place
    assert parse_policy(OWN.replace("default", "etsi-119312"), name="own").algorithms.key_sizes


@pytest.mark.parametrize("base", ['"nowhere"', '"../default"', "7", "[]", "{}"])
def test_a_base_that_does_not_come_with_antin(base):
    with pytest.raises(PolicyFileError):
        parse_policy(f'based_on = {base}\nname = "own"\n', name="own")


def test_a_path_is_never_taken_for_a_name(tmp_path):
    with pytest.raises(PolicyFileError):
        load_policy(str(tmp_path / "default"))
    (tmp_path / "default").write_text(OWN, encoding="utf-8")
    assert load_policy(str(tmp_path / "default")).name == "own"
    with pytest.raises(PolicyFileError):
        load_policy("a\0b")


def test_a_file_is_read_up_to_a_bound(tmp_path):
    path = tmp_path / "own.toml"
    path.write_bytes(OWN.encode() + b"#" * (MAX_BYTES - len(OWN)))
    assert load_policy(str(path)).name == "own"
    path.write_bytes(OWN.encode() + b"#" * (MAX_BYTES - len(OWN) + 1))
    with pytest.raises(PolicyFileError):
        load_policy(str(path))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('[algorithms]\nschemes = ["rsa-pss"]', "algorithms.schemes"),
        ("[algorithms.digests]\nsha-256 = {}", "algorithms.digests"),
        ("[algorithms.key_sizes]\nrsa = [{ bits = 2048 }]", "algorithms.key_sizes"),
        (
            (
                "[algorithms_for.evidence]\nrsa_min_bits = 2048\nec_min_bits = 256\n"
                'schemes = ["rot13"]\ndigests = {}'
            ),
            "algorithms_for.evidence.schemes",
        ),
        (rule() + '[rules.algorithm]\nschemes = ["PSS"]', "rules.one.algorithm.schemes"),
        (rule() + '[rules.algorithm]\ndigests = ["SHA256"]', "rules.one.algorithm.digests"),
    ],
)
def test_an_algorithm_that_nothing_here_verifies(text, place):
    refused(text, PolicyAlgorithmUnknownError, place)


def test_what_is_known_is_what_can_be_verified():
    assert HASHES.keys() <= DIGESTS
    for digest in DIGESTS:
        assert compute_digest(digest, [b""]) is not None
    for scheme in SCHEMES:
        parse_policy(f'{OWN}[algorithms]\nschemes = ["{scheme}", "ecdsa"]\n', name="own")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (rule(until="2019-12-31"), "rules.one.until"),
        (rule() + rule(scope="duty"), "rules.one.id"),
        ("[algorithms.key_sizes]\ned25519 = []", "algorithms.key_sizes.ed25519"),
        (
            "[algorithms.key_sizes]\necdsa = [{ bits = 256 }, { bits = 256 }]",
            "algorithms.key_sizes.ecdsa",
        ),
        (
            (
                "[algorithms.key_sizes]\n"
                "ecdsa = [{ bits = 384, until = 2020-01-01T00:00:00Z }, { bits = 256 }]"
            ),
            "algorithms.key_sizes.ecdsa",
        ),
        (
            (
                "[algorithms_for.signer]\nrsa_min_bits = 2048\nec_min_bits = 256\n"
                "schemes = []\ndigests = {}"
            ),
            "algorithms_for.signer",
        ),
        (rule() + '[rules.algorithm]\nschemes = ["ed25519"]', "rules.one.algorithm.schemes"),
        (rule() + '[rules.algorithm]\ndigests = ["md5"]', "rules.one.algorithm.digests"),
    ],
)
def test_a_policy_that_contradicts_itself(text, place):
    refused(text, PolicyContradictionError, place)


@pytest.mark.parametrize(
    "text",
    [
        rule(until="2020-01-01"),
        rule(scope="duty") + rule("two", scope="public"),
        (
            "[algorithms.key_sizes]\necdsa = [{ bits = 256, until = 2020-01-01T00:00:00Z }, "
            "{ bits = 384 }]"
        ),
        (
            "[algorithms_for.'evidence.signer']\nrsa_min_bits = 2048\nec_min_bits = 256\n"
            "schemes = []\ndigests = {}"
        ),
        rule() + '[rules.algorithm]\nschemes = ["ed25519", "ecdsa"]\ndigests = ["sha256"]',
    ],
)
def test_its_sound_twin(text):
    parse_policy(OWN + text, name="own")


@pytest.mark.parametrize(
    ("first", "second", "day"),
    [
        (("a", "2020-01-01", None, "all"), ("b", "2021-01-01", None, "duty"), "2021-01-01"),
        (("a", "2020-01-01", "2021-01-01", "duty"), ("b", "2021-01-01", None, "all"), "2021-01-01"),
        (("a", "2021-06-01", None, "public"), ("b", "2020-01-01", None, "public"), "2021-06-01"),
    ],
)
def test_two_rules_of_one_day(first, second, day):
    facts = refused(rule(*first) + rule(*second), PolicyRulesOverlapError)
    assert {facts["first"], facts["second"]} == {"a", "b"}
    assert facts["day"] == day


def test_rules_that_follow_each_other_do_not_overlap():
    parse_policy(OWN + rule("a", until="2020-12-31") + rule("b", "2021-01-01"), name="own")


DAYS = st.integers(0, 30)
MADE = st.builds(
    lambda number, start, length, scope: (number, start, length, scope),
    st.integers(0, 10**6),
    DAYS,
    st.none() | DAYS,
    st.sampled_from(Scope),
)


@given(st.lists(MADE, max_size=5, unique_by=lambda made: made[0]))
def test_a_policy_is_refused_exactly_where_a_day_has_two_rules(made):
    first = date(2020, 1, 1)
    texts = (Text(vi="L", en="L"),)
    rules = tuple(
        Rule(
            id=f"r{number}",
            scope=scope,
            since=first + timedelta(days=start),
            until=None if length is None else first + timedelta(days=start + length),
            texts=texts,
        )
        for number, start, length, scope in made
    )
    policy = default_policy().model_copy(update={"rules": rules})
    twice = any(
        sum(each.covers(scope, first + timedelta(days=day)) for each in rules) > 1
        for day in range(62)
        for scope in (Scope.DUTY, Scope.PUBLIC)
    )
    if twice:
        with pytest.raises(PolicyRulesOverlapError):
            check_policy(policy, name="made")
    else:
        check_policy(policy, name="made")


@pytest.mark.parametrize(
    ("scheme", "key", "bits", "year", "accepted"),
    [
        ("rsassa-pkcs1v15", "rsa", 1024, 2009, True),
        ("rsassa-pkcs1v15", "rsa", 1024, 2020, False),
        ("rsassa-pkcs1v15", "rsa", 2048, 2028, True),
        ("rsassa-pkcs1v15", "rsa", 4096, 2029, False),
        ("rsassa-pss", "rsa", 2048, 2029, False),
        ("rsassa-pss", "rsa", 3072, 2040, True),
        ("ecdsa", "ec", 224, 2022, False),
        ("ecdsa", "ec", 256, 2040, True),
    ],
)
def test_the_dates_of_etsi(scheme, key, bits, year, accepted):
    algorithm = type(RSA)(scheme, "sha256", key, bits)
    at = datetime(year, 6, 1, tzinfo=UTC)
    found = list(judge_algorithm(algorithm, policy=load_policy("etsi-119312"), existed_by=at))
    assert (not found) is accepted


def test_the_subjects_are_those_of_the_process():
    assert {"signature", "timestamp.signer", "evidence.authority"} < SUBJECTS
    assert len(SUBJECTS) == 9
