"""Trusted lists that were tampered with: refused by Antin's own errors, or read as signed."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st
from unit.verify.list_writer import Elsewhere, Serving, Told, make_list, operator, sign_list
from unit.verify.verify_pki import SIGNED, authority

from pki.errors.tree import PKIError
from verify.errors import ListMalformedError, ListTooLargeError, ListVersionError
from verify.lists.check import check_list
from verify.lists.read import read_list

PARTS = (
    b"<!DOCTYPE x>", b"<?x y?>", b"<!-- -->", b"<![CDATA[", b"]]>", b"&amp;", b"&#x0;", b"&lt;",
    b"</ds:Signature>", b"<ds:Signature>", b' Id="list"', b' xmlns="urn:x"', b"\xc3", b"\xff",
    b"granted", b"withdrawn", b"/>", b">", b'"', b"#", b"sha1", b"sha256", b"\n", b" ",
)  # fmt: skip


@cache
def world():
    signer = operator("Property operator")
    services = (
        Serving((authority("Listed root"),), (Told("withdrawn", SIGNED), Told())),
        Serving((authority("Listed too"),)),
    )
    root = make_list(*services, pointers=(Elsewhere("https://vn.test/", (signer,)),))
    data = sign_list(root, signer)
    return data, signer, check_list(data, signers=[signer.certificate], at=SIGNED, name="vn")


@st.composite
def mutated(draw):
    data = bytearray(world()[0])
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(data) - 1))
        match draw(st.sampled_from(["flip", "insert", "cut", "copy"])):
            case "flip":
                data[place] ^= draw(st.integers(1, 255))
            case "insert":
                data[place:place] = draw(st.sampled_from(PARTS))
            case "cut":
                del data[place : place + draw(st.integers(1, 200))]
            case _:
                length = draw(st.integers(1, 400))
                data[place:place] = data[place // 2 : place // 2 + length]
    return bytes(data)


def outcome(data):
    """Return `taken` or the error's code; what is taken says what was signed."""
    _, signer, signed = world()
    try:
        found = check_list(data, signers=[signer.certificate], at=SIGNED, name="vn")
    except PKIError as error:
        return error.code
    assert found == signed
    return "taken"


def test_a_tampered_list_is_refused_or_says_what_was_signed():
    seen = Counter()

    @given(mutated())
    @settings(max_examples=400, deadline=None)
    def tamper(data):
        seen[outcome(data)] += 1

    assert outcome(world()[0]) == "taken", "the twin: what is not changed is taken"
    tamper()
    assert all(code == "taken" or code.startswith("verify.list_") for code in seen)
    assert len(seen) > 2
    assert seen.total() >= 400


@given(st.binary(max_size=400) | mutated())
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_read_or_refused(data):
    with suppress(ListMalformedError, ListVersionError, ListTooLargeError):
        read_list(data, "vn")
