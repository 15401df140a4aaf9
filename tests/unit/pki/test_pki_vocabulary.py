"""The vocabulary: errors, clock, words, keys, DER, the second reading."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from pki_world import NOW, World, new_key, rsa_key

from pki import der
from pki._asn1 import second_reading
from pki.clock import FixedClock, SystemClock, whole_second
from pki.errors.certificates import AlreadyRevokedError
from pki.errors.fetching import FetchFailedError, FetchRefusedError
from pki.errors.files import MalformedDERError
from pki.errors.issuing import LintFailedError
from pki.errors.keys import RSAExponentError
from pki.errors.requests import ProofOfPossessionError
from pki.errors.tree import InvalidInputError, Phrases, RefusedError, UnavailableError, phrase
from pki.fetcher import FetchRequest, NoNetwork
from pki.keys import certifies, sign_data
from pki.words import Language, hint_of, knows, message_of, say, show


def test_an_error_tells_code_and_facts():
    error = AlreadyRevokedError(serial="0f", revoked_at=NOW)
    assert error.facts == {"serial": "0f", "revoked_at": NOW}
    assert str(error).startswith("pki.already_revoked: serial='0f', revoked_at=")
    assert str(ProofOfPossessionError()) == "pki.proof_of_possession"
    assert len({InvalidInputError, RefusedError, UnavailableError}) == 3


def test_clocks():
    assert SystemClock().now().tzinfo is UTC
    clock = FixedClock(NOW.astimezone(timezone(timedelta(hours=7))))
    assert clock.now() == NOW
    assert clock.now().tzinfo is UTC
    with pytest.raises(ValueError, match="aware"):
        FixedClock(NOW.replace(tzinfo=None))
    assert whole_second(NOW) == datetime(2026, 3, 2, 7, 30, 15, tzinfo=UTC)


def test_an_error_is_told_in_two_languages():
    error = AlreadyRevokedError(serial="0f", revoked_at=NOW)
    assert message_of(error, Language.EN) == (
        "the certificate 0f was revoked at 2026-03-02 14:30:15 (GMT+7)"
    )
    assert message_of(error, Language.VI) == (
        "chứng thư 0f đã bị thu hồi lúc 02/03/2026 14:30:15 (GMT+7)"
    )
    assert hint_of(error, Language.VI) != hint_of(error, Language.EN)
    assert knows("pki.already_revoked", Language.VI)
    assert not knows("pki.no_such_thing", Language.VI)
    with pytest.raises(KeyError):
        say("pki.no_such_thing", {}, Language.VI)


def test_facts_are_shown_without_harm():
    for fact, text in (
        ("a\u202eb\n", "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}"),
        (7, "7"),
        (timedelta(seconds=90), "90 s"),
        (("a", "b\0"), "a, b\N{REPLACEMENT CHARACTER}"),
        (Path("x"), "x"),
    ):
        assert show(fact, Language.EN) == text


def test_a_fact_that_is_words_is_told_in_the_language_of_the_whole():
    part = phrase("pki.rsa_exponent")
    told = {language: show(Phrases((part, part)), language) for language in Language}
    assert told[Language.EN].startswith("the RSA exponent is even")
    assert "; " in told[Language.VI]
    assert show(part, Language.VI) == message_of(RSAExponentError(), Language.VI)
    arrived = pickle.loads(pickle.dumps(LintFailedError(findings=Phrases((part,)))))  # noqa: S301
    assert arrived.facts == {"findings": Phrases((part,))}


def test_without_a_network_nothing_is_fetched():
    with pytest.raises(FetchRefusedError):
        NoNetwork().fetch(FetchRequest("http://example.gov.vn/"))


def test_keys_sign_as_they_are():
    key = rsa_key()
    scheme = padding.PSS(padding.MGF1(SHA256()), padding.PSS.DIGEST_LENGTH)
    key.public_key().verify(sign_data(key, b"data", pss=True), b"data", scheme, SHA256())
    key.public_key().verify(sign_data(key, b"data"), b"data", padding.PKCS1v15(), SHA256())


def test_a_certificate_knows_its_key(world: World):
    key = new_key()
    certificate = world.issue(key=key)
    assert certifies(certificate, key)
    assert not certifies(certificate, new_key())


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("", "truncated"),
        ("30", "truncated"),
        ("3001", "truncated"),
        ("30000000", "trailing"),
        ("3f8100", "several octets"),
        ("3080", "bad length"),
        ("308500000000010a", "bad length"),
        ("3081", "bad length"),
        ("30810100", "fewest"),
        ("30820080" + "00" * 128, "fewest"),
    ],
)
def test_what_is_no_der_is_refused(data: str, why: str):
    assert der.read(b"\x30\x81\x80" + bytes(128), "test").content == bytes(128)
    with pytest.raises(MalformedDERError, match=why):
        der.read(bytes.fromhex(data), "test")


def test_the_second_reading_goes_to_the_end(world: World):
    certificate = world.issue()
    good = certificate.public_bytes(Encoding.DER)
    assert second_reading(good) == certificate.tbs_certificate_bytes
    at = good.index(bytes.fromhex("0603551d20")) + 7
    for spoilt in (b"", good[:-1], good + b"\0", good[:at] + b"\x04" + good[at + 1 :]):
        with pytest.raises(MalformedDERError):
            second_reading(spoilt)


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("3082", "3182"),  # a SET of fields
        ("a003020102", "a103020102"),
        ("a003020102", "a003040102"),  # a version that is no number
        ("a3820", "a2820"),
        ("300a06082a8648ce3d040302", "300a06082a8648ce3d0403"),
        ("301d0603551d0e0416", "301d0603551d0e0316"),  # an identifier that is no OCTET STRING
    ],
)
def test_every_field_is_read_a_second_time(world: World, field: str, other: str):
    whole = world.issue().public_bytes(Encoding.DER).hex()
    assert second_reading(bytes.fromhex(whole))
    assert field in whole
    spoilt = whole.replace(field, other, 1)
    with pytest.raises(MalformedDERError):
        second_reading(bytes.fromhex(spoilt))


def test_what_is_read_once_is_no_pass_for_another(world: World):
    for _ in range(2):
        good = world.issue().public_bytes(Encoding.DER)
        assert second_reading(good)
        at = good.index("Nguyễn".encode()) - 2
        with pytest.raises(MalformedDERError):
            second_reading(good[:at] + b"\x02" + good[at + 1 :])


def test_an_error_travels_to_another_process_whole():
    error = FetchFailedError(url="http://crl.example.vn", reason="404")
    error.add_note("in a worker")
    arrived = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert type(arrived) is FetchFailedError
    assert (arrived.facts, str(arrived)) == (error.facts, str(error))
    assert arrived.__notes__ == ["in a worker"]
