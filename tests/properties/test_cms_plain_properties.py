"""A SignedData taken apart by its octets is the token that asn1crypto reads, or is left to it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from asn1crypto import algos, tsp
from hypothesis import example, given
from hypothesis import strategies as st
from unit.signing.signing_world import World, make_key

from pki.cms_der import SIGNATURE_TIMESTAMP
from pki.der import INTEGER, NULL, OCTET_STRING, SET, encode, integer, oid, sequence
from pki.errors.tree import PKIError
from pki.timestamp import TimestampAuthority
from signing.attributes import claimed_role
from signing.cms import attribute, build_template
from signing.errors.times import TSAWrongAnswerError
from signing.token import Question, _plainly, _read_answer
from verify.cms import check
from verify.cms import token as tokens
from verify.cms.plain import read_plain
from verify.cms.tst_info import read_tst_info

DIGEST = bytes(range(32))
SIGNATURE = bytes(256)


QUESTION = Question("sha256", DIGEST, 1 << 62 | 5)


@cache
def answer() -> bytes:
    """Return what a service of Antin answers."""
    world = World()
    service = TimestampAuthority(
        world.tsa_certificate,
        world.tsa_key,
        chain=(world.ca.certificate,),
        clock=world.clock,
        policy_oid="1.3.6.1.4.1.4146.2.2",
    )
    return service.respond(QUESTION.encoded())


@cache
def time_stamp() -> bytes:
    """Return the token in it."""
    return _plainly(answer())[0]


@cache
def made(
    *, pss: bool = False, ec: bool = False, more: tuple[bytes, ...] = (), stamp: bytes | None = None
) -> bytes:
    """Return a SignedData as Antin makes it."""
    world = World()
    signer = world.signer()
    key = make_key("ec-p256" if ec else "rsa-2048").public_key()
    template = build_template(signer.certificate, signer.chain, key, pss=pss, attributes=more)
    attributes = template.signed_attributes(DIGEST)
    return template.signed_data(attributes, SIGNATURE, timestamp=stamp)


def outcome(read, data: bytes):
    try:
        return read(data)
    except PKIError as error:
        return type(error), error.facts["reason"]


def check_alike(data: bytes) -> bool:
    """Hold the two against each other where the quick way takes it; return whether it does."""
    if read_plain(data) is None:
        return False
    assert outcome(tokens._read, data) == outcome(tokens._of_any, data)
    return True


@pytest.mark.parametrize("pss", [False, True])
@pytest.mark.parametrize("ec", [False, True])
def test_what_antin_signs_is_plain(pss, ec):
    data = made(pss=pss, ec=ec)
    assert check_alike(data)
    assert check_alike(data + bytes(900))
    assert not check_alike(data + b"\0\1")
    token = tokens._read(data)
    assert token.message_digest == DIGEST
    assert token.signature == SIGNATURE
    assert token.signer(()) in token.certificates


def test_a_time_stamp_and_what_has_one_is_plain():
    assert check_alike(time_stamp())
    assert tokens.is_timestamp(tokens._read(time_stamp()))
    stamped = made(stamp=time_stamp())
    assert check_alike(stamped)
    assert check_alike(stamped + bytes(900))
    assert tokens._read(stamped).signature_timestamps == (time_stamp(),)
    assert tokens._read(made()).signature_timestamps == ()


def test_a_time_stamp_over_no_structure_is_left_to_asn1crypto():
    content = tokens._read(time_stamp()).content
    assert read_plain(time_stamp().replace(content, b"\x31" + content[1:])) is None
    assert read_plain(time_stamp()) is not None


def test_other_unsigned_attributes_are_left_to_asn1crypto():
    stamped = made(stamp=time_stamp())
    assert stamped.count(SIGNATURE_TIMESTAMP) == 1
    other = stamped.replace(SIGNATURE_TIMESTAMP, SIGNATURE_TIMESTAMP[:-1] + b"\x2f")
    assert not check_alike(other)
    assert tokens.read_token(other).signature_timestamps == ()


def test_what_says_more_is_left_to_asn1crypto():
    role = (claimed_role("Chủ tịch"),)
    assert not check_alike(made(more=role))
    assert tokens.read_token(made(more=role)).message_digest == DIGEST
    twice = (attribute(oid("1.2.840.113549.1.9.4"), encode(OCTET_STRING, DIGEST)),)
    assert not check_alike(made(more=twice))
    with pytest.raises(PKIError, match="stands twice"):
        tokens.read_token(made(more=twice))


def test_another_type_of_content_in_the_attributes_is_left_to_asn1crypto():
    plain = made()
    named = sequence((oid("1.2.840.113549.1.9.3"), encode(SET, oid("1.2.840.113549.1.7.1"))))
    assert plain.count(named) == 1
    other = plain.replace(named, named[:-1] + b"\x02")
    assert read_plain(other) is None
    content = sequence((oid("1.2.840.113549.1.7.1"),))
    assert plain.count(content) == 1
    assert read_plain(plain.replace(content, content[:-1] + b"\x02")) is None
    assert read_plain(plain) is not None


@given(st.data())
def test_what_was_changed_is_read_alike_or_not_at_all(data):
    """One octet changed, put in or left out, in the structure above all."""
    whole = data.draw(st.sampled_from([made(), time_stamp(), made(stamp=time_stamp())]))
    at = data.draw(st.integers(0, len(whole) - 1))
    octet = bytes((data.draw(st.integers(0, 255)),))
    rest = data.draw(st.sampled_from([0, 1, 2]))
    check_alike(whole[:at] + octet + whole[at + rest :])


SMALL = st.sampled_from(
    [
        *(integer(1), encode(NULL, b""), encode(OCTET_STRING, b"abc"), encode(INTEGER, b"")),
        *(oid("1.2.840.113549.1.7.1"), sequence(()), sequence((integer(5),)), encode(SET, b"")),
    ]
)


@st.composite
def nearly_plain(draw):
    """Return a SignedData any element of which may be another one, none, or there twice."""

    def of(*usual: bytes) -> bytes:
        parts = list(usual)
        if draw(st.integers(0, 9)) == 0:
            at = draw(st.integers(0, len(parts) - 1))
            parts[at] = draw(SMALL | st.just(b"") | st.just(parts[at] * 2))
        return b"".join(parts)

    data = draw(st.sampled_from([oid("1.2.840.113549.1.7.1"), oid("1.2.840.113549.1.9.16.1.4")]))
    stamp = sequence((of(SIGNATURE_TIMESTAMP, encode(SET, of(sequence((integer(5),))))),))
    digest = sequence((of(oid("2.16.840.1.101.3.4.2.1"), encode(NULL, b"")),))
    algorithm = sequence((of(oid("1.2.840.113549.1.1.11"), encode(NULL, b"")),))
    issuer = sequence((encode(SET, sequence((oid("2.5.4.3"), encode(0x0C, b"A")))),))
    named = of(
        encode(OCTET_STRING, DIGEST), sequence((sequence((encode(0xA4, issuer),)), integer(9)))
    )
    attributes = of(
        sequence((of(oid("1.2.840.113549.1.9.3"), encode(SET, of(data))),)),
        sequence((of(oid("1.2.840.113549.1.9.4"), encode(SET, of(encode(OCTET_STRING, DIGEST)))),)),
        sequence(
            (
                oid("1.2.840.113549.1.9.16.2.47"),
                encode(SET, of(sequence((of(sequence((of(sequence((named,))),))),)))),
            )
        ),
    )
    signer = of(
        integer(1),
        sequence((of(issuer, integer(-9)),)),
        digest,
        encode(0xA0, attributes),
        algorithm,
        encode(OCTET_STRING, SIGNATURE),
        *draw(st.sampled_from([(), (encode(0xA1, of(stamp)),)])),
    )
    inside = draw(st.sampled_from([sequence((integer(5),)), sequence((integer(5),)), b"abc"]))
    content = of(encode(0xA0, of(encode(OCTET_STRING, inside))))
    signed = of(
        integer(draw(st.sampled_from([1, 3]))),
        encode(SET, digest),
        sequence((of(data) + draw(st.sampled_from([b"", content])),)),
        encode(0xA0, of(sequence((integer(5),)))),
        encode(SET, of(sequence((signer,)))),
    )
    return sequence((of(oid("1.2.840.113549.1.7.2"), encode(0xA0, of(sequence((signed,))))),))


@given(nearly_plain())
@example(b"")
@example(b"0\x80")
def test_what_is_nearly_plain_is_read_alike_or_not_at_all(data):
    check_alike(data)


def info_of(read, content: bytes):
    """Return what judging reads of a TSTInfo, or how it fails."""
    token = tokens._read(time_stamp())
    try:
        return read(tokens.Token(**{**vars(token), "content": content}))
    except PKIError as error:
        return type(error)


def by_asn1crypto(token: tokens.Token):
    """Return what asn1crypto reads of a TSTInfo, as `verify.cms.check` and signing ask it."""
    info = tsp.TSTInfo.load(token.content, strict=True)
    accuracy = info["accuracy"].native
    return (
        info["policy"].dump(),
        info["message_imprint"]["hash_algorithm"].dump(),
        info["message_imprint"]["hashed_message"].native,
        info["gen_time"].native.astimezone(UTC),
        None
        if accuracy is None
        else timedelta(
            seconds=accuracy["seconds"] or 0,
            milliseconds=accuracy["millis"] or 0,
            microseconds=accuracy["micros"] or 0,
        ),
        info["nonce"].native,
    )


def check_info_alike(content: bytes) -> bool:
    """Hold the two against each other where the quick way takes it; return whether it does."""
    found = read_tst_info(content)
    if found is None:
        return False
    assert tuple(found) == info_of(by_asn1crypto, content)
    return True


def test_what_a_time_stamp_tells_is_read_alike():
    content = tokens._read(time_stamp()).content
    assert check_info_alike(content)
    assert info_of(check._read_info, content).imprint == DIGEST


TIMES = st.sampled_from(
    [
        *(b"20260102030405Z", b"20260102030405.5Z", b"202601020304Z", b"20260102030460Z"),
        *(b"20260230030405Z", b"00000102030405Z", b"20260102030405+0700", b"20260102030405z"),
    ]
)
NUMBERS = st.integers(-3, 1 << 18) | st.just(1 << 40)


@st.composite
def told(draw):
    """Return a TSTInfo any element of which may be odd, left out, or there twice."""

    def maybe(element: bytes) -> bytes:
        return draw(st.sampled_from([element, element, b""]))

    null = draw(st.sampled_from([b"", encode(NULL, b"")]))
    small = [integer(draw(NUMBERS)) for _ in range(3)]
    accuracy = sequence(
        (
            maybe(small[0]),
            maybe(b"\x80" + small[1][1:]),
            maybe(b"\x81" + small[2][1:]),
        )
    )
    parts = [
        integer(draw(st.sampled_from([1, 1, 1, 2]))),
        oid("1.2.3.4"),
        sequence(
            (
                sequence((oid(algos.DigestAlgorithmId("sha256").dotted), null)),
                encode(OCTET_STRING, DIGEST),
            )
        ),
        integer(draw(NUMBERS)),
        encode(0x18, draw(TIMES)),
        maybe(accuracy),
        maybe(encode(1, draw(st.sampled_from([b"\xff", b"\x00"])))),
        maybe(integer(draw(NUMBERS))),
        draw(st.sampled_from([b"", b"", encode(0xA0, encode(0x82, b"tsa"))])),
    ]
    if draw(st.integers(0, 5)) == 0:
        at = draw(st.integers(0, len(parts) - 1))
        parts[at] = draw(SMALL | st.just(b"") | st.just(parts[at] * 2))
    return sequence(parts)


@given(told())
@example(b"")
def test_what_a_time_stamp_nearly_tells_is_read_alike_or_not_at_all(content):
    check_info_alike(content)


def test_a_time_that_is_none_is_left_to_asn1crypto():
    content = tokens._read(time_stamp()).content
    found = re.search(rb"[0-9]{14}(?=Z)", content)  # a Z alone may stand in a hash
    assert found
    at = found.start()
    assert read_tst_info(content[:at] + b"20260230030405" + content[at + 14 :]) is None
    assert read_tst_info(content[:at] + b"20260228030405" + content[at + 14 :]).time == datetime(
        2026, 2, 28, 3, 4, 5, tzinfo=UTC
    )


def outcome_of(read, data: bytes):
    try:
        return read(data)
    except TSAWrongAnswerError as error:
        return type(error)


def test_an_answer_is_read_alike():
    assert _plainly(answer()) == _read_answer(answer(), "url")
    assert _plainly(answer() + b"\0") is None


@given(st.data())
def test_an_answer_that_was_changed_is_read_alike_or_not_at_all(data):
    whole = answer()
    at = data.draw(st.integers(0, len(whole) - 1))
    octet = bytes((data.draw(st.integers(0, 255)),))
    rest = data.draw(st.sampled_from([0, 1, 2]))
    changed = whole[:at] + octet + whole[at + rest :]
    plain = _plainly(changed)
    assert plain is None or plain == outcome_of(lambda one: _read_answer(one, "url"), changed)


@pytest.mark.parametrize("name", ["sha256", "sha384", "sha512"])
@pytest.mark.parametrize("policy", [None, "1.3.6.1.4.1.4146.2.2"])
def test_a_question_is_what_asn1crypto_writes(name, policy):
    content = {
        "version": 1,
        "message_imprint": {
            "hash_algorithm": algos.DigestAlgorithm({"algorithm": name}),
            "hashed_message": DIGEST,
        },
        "nonce": 1 << 62 | 5,
        "cert_req": True,
    }
    if policy is not None:
        content["req_policy"] = policy
    question = Question(name, DIGEST, 1 << 62 | 5, policy)
    assert question.encoded() == tsp.TimeStampReq(content).dump()
