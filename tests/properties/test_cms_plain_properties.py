"""A SignedData taken apart by its octets is the token that asn1crypto reads, or is left to it."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from unit.signing.signing_world import World, make_key

from pki.der import INTEGER, NULL, OCTET_STRING, SET, encode, integer, oid, sequence
from pki.errors.tree import PKIError
from signing.attributes import claimed_role
from signing.cms import attribute, build_template
from verify.cms import token as tokens
from verify.cms.plain import read_plain

DIGEST = bytes(range(32))
SIGNATURE = bytes(256)


@cache
def made(*, pss: bool = False, ec: bool = False, more: tuple[bytes, ...] = ()) -> bytes:
    """Return a SignedData as Antin makes it."""
    world = World()
    signer = world.signer()
    key = make_key("ec-p256" if ec else "rsa-2048").public_key()
    template = build_template(signer.certificate, signer.chain, key, pss=pss, attributes=more)
    attributes = template.signed_attributes(DIGEST)
    return template.signed_data(attributes, SIGNATURE)


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
    whole = made()
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

    data = oid("1.2.840.113549.1.7.1")
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
    )
    signed = of(
        integer(1),
        encode(SET, digest),
        sequence((of(data),)),
        encode(0xA0, of(sequence((integer(5),)))),
        encode(SET, of(sequence((signer,)))),
    )
    return sequence((of(oid("1.2.840.113549.1.7.2"), encode(0xA0, of(sequence((signed,))))),))


@given(nearly_plain())
@example(b"")
@example(b"0\x80")
def test_what_is_nearly_plain_is_read_alike_or_not_at_all(data):
    check_alike(data)
