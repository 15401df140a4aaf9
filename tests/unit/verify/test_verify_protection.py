"""The algorithms that signed attributes name: the same that are used, or the signature fails."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.verify.cms_world import (
    DIGESTS,
    How,
    algorithm,
    attribute,
    cms,
    judge_file,
    octets,
    signer_info,
    tagged,
)
from unit.verify.verify_pki import LATER, fresh, make_world

from pki.der import NULL, encode, oid
from pki.der import sequence as seq
from verify.cms import token
from verify.cms.protection import names_others
from verify.errors import MalformedObjectError
from verify.indication import Indication, SubIndication

GOOD = fresh(make_world(), LATER)
TEXT = "Quyết định".encode()
PROTECTION = "1.2.840.113549.1.9.52"
SHA256, SHA384 = algorithm(DIGESTS["sha256"]), algorithm(DIGESTS["sha384"])
ECDSA = algorithm("1.2.840.10045.4.3.2")
OTHER = algorithm("1.2.840.10045.4.3.3")


def inside(whole):
    return whole[2:]


def protection(digest=SHA256, signature=ECDSA, tag=1):
    return seq((digest, tagged(tag, inside(signature))))


def judged(*values):
    more = (attribute(PROTECTION, *values),) if values else ()
    return judge_file(
        cms(signer_info(b"Quyet dinh", How(signed=more))), b"Quyet dinh", evidence=GOOD
    )


def with_null(whole):
    return seq((inside(whole), encode(NULL, b"")))


NAMED = {
    "absent": (),
    "the same": (protection(),),
    "the same digest with NULL": (protection(with_null(SHA256)),),
    "the same signature with NULL": (protection(SHA256, with_null(ECDSA)),),
}


@pytest.mark.parametrize("why", NAMED)
def test_the_algorithms_that_are_used_may_be_named_or_not(why):
    assert judged(*NAMED[why]).indication is Indication.TOTAL_PASSED


DIFFERING = {
    "another digest": protection(SHA384),
    "another signature": protection(signature=OTHER),
    "parameters more": protection(seq((inside(SHA256), octets(b"x")))),
    "the digest alone": seq((SHA256,)),
    "nothing": seq(()),
    "a code instead of the signature": protection(tag=2),
    "a code beside the signature": seq((SHA256, tagged(1, inside(ECDSA)), tagged(2, oid("1.2.3")))),
}


@pytest.mark.parametrize("why", DIFFERING)
def test_other_algorithms_than_those_used_fail(why, monkeypatch):
    report = judged(DIFFERING[why])
    assert report.indication is Indication.TOTAL_FAILED
    assert report.sub_indication is SubIndication.FORMAT_FAILURE
    (signature,) = report.signatures
    assert [each.code for each in signature.findings] == ["signature.algorithms_differ"]
    monkeypatch.setattr(token, "names_others", lambda *_: False)
    assert judged(DIFFERING[why]).indication is Indication.TOTAL_PASSED


@pytest.mark.parametrize(
    "values",
    [(protection(), protection()), (octets(b"x"),), (seq((octets(b"\xff"), b"\x30\x01\x30")),),
     (b"\x31\x00",), (seq((SHA256, tagged(1, b"\x06"))),)],
    ids=["twice", "a string", "no algorithms", "a set", "a name cut off"],
)  # fmt: skip
def test_what_cannot_be_read_protects_nothing_and_fails(values):
    report = judged(*values)
    assert report.indication is Indication.TOTAL_FAILED
    assert {each.code for each in report.signatures[0].findings} == {"signature.malformed"}


def test_beside_the_signature_it_says_nothing():
    """The attribute must be signed (RFC 6211 §2): anybody can write an unsigned one."""
    info = signer_info(TEXT, How(), attribute(PROTECTION, protection(SHA384)))
    report = judge_file(cms(info), TEXT, evidence=GOOD)
    assert report.indication is Indication.TOTAL_PASSED


@given(st.binary(max_size=60))
def test_any_value_differs_or_is_malformed(value):
    try:
        assert names_others(value, SHA256, ECDSA)
    except MalformedObjectError as malformed:
        assert malformed.facts["what"] == "CMS algorithm protection"  # noqa: PT017  either is right


@pytest.mark.parametrize("value", [b"\x31\x00", b"\x04\x01x", b"\x30\x05"])
def test_what_is_no_sequence_is_malformed(value):
    assert not names_others(protection(), SHA256, ECDSA)
    with pytest.raises(MalformedObjectError):
        names_others(value, SHA256, ECDSA)
