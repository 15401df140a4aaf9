"""No changed byte of a signed range passes; no heap of bytes brings out a foreign exception."""

from __future__ import annotations

import collections
import json

from hypothesis import given, settings
from hypothesis import strategies as st
from unit.verify.verify_pki import (
    LATER,
    Signing,
    fresh,
    judge,
    make_document,
    make_pdf,
    make_world,
    sign,
)

from pki.errors.tree import InvalidInputError, PKIError
from pki.words import Language, hint_of, message_of
from verify.errors import MalformedObjectError
from verify.evidence import Evidence, Item
from verify.indication import Indication
from verify.pdf.ranges import Covered
from verify.render.html import render_html
from verify.render.json import to_json
from verify.render.text import render_text
from verify.report import Report

WORLD = make_world()
GOOD = fresh(WORLD, LATER)
LEVELS = ("B-B", "B-T", "B-LT", "B-LTA")
PASSING = {level: make_document(level) for level in LEVELS}


def outcome(data: bytes) -> Report | InvalidInputError:
    """Judge, and let nothing but our own errors about the input pass for an answer."""
    try:
        return judge(data, evidence=GOOD)
    except InvalidInputError as error:
        answer = error
    assert type(answer) is not MalformedObjectError, answer  # it is for use inside
    return answer


def signed_positions(data: bytes) -> list[tuple[int, int]]:
    covered = judge(data, evidence=GOOD).signatures[0].byte_range
    return [(0, covered[1]), (covered[2], covered[2] + covered[3])]


@settings(max_examples=150)
@given(
    level=st.sampled_from(LEVELS),
    where=st.floats(min_value=0, max_value=1, exclude_max=True),
    flip=st.integers(min_value=1, max_value=255),
)
def test_no_byte_of_a_signed_range_can_change_and_stay_passed(level, where, flip):
    data = PASSING[level]
    assert outcome(data).indication is Indication.TOTAL_PASSED
    ranges = signed_positions(data)
    offset = int(where * sum(end - start for start, end in ranges))
    start, end = ranges[0]
    position = start + offset if offset < end - start else ranges[1][0] + offset - (end - start)
    spoiled = bytearray(data)
    spoiled[position] ^= flip
    answer = outcome(bytes(spoiled))
    assert isinstance(answer, PKIError) or answer.indication is not Indication.TOTAL_PASSED


@settings(max_examples=60)
@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_refused_by_name(data):
    for candidate in (data, b"%PDF-1.7\n" + data, data + b"\n%%EOF\n", PASSING["B-B"][:200] + data):
        answer = outcome(candidate)
        assert isinstance(answer, PKIError)
        for language in Language:
            assert message_of(answer, language)
            assert hint_of(answer, language)


TALLY: collections.Counter[str] = collections.Counter()

mutations = st.lists(
    st.tuples(
        st.floats(min_value=0, max_value=1, exclude_max=True),
        st.sampled_from(["flip", "delete", "insert", "copy"]),
        st.binary(min_size=1, max_size=24),
    ),
    min_size=1,
    max_size=4,
)


def mutate(data: bytes, changes) -> bytes:
    out = bytearray(data)
    for where, kind, content in changes:
        position = int(where * len(out))
        match kind:
            case "flip":
                out[position : position + len(content)] = content
            case "delete":
                del out[position : position + len(content)]
            case "insert":
                out[position:position] = content
            case _:
                out += out[position : position + 40 * len(content)]
    return bytes(out)


@settings(max_examples=200)
@given(level=st.sampled_from(LEVELS), changes=mutations)
def test_mutated_documents_bring_out_reports_and_our_errors_only(level, changes):
    answer = outcome(mutate(PASSING[level], changes))
    if isinstance(answer, Report):
        TALLY["judged"] += 1
        for language in Language:
            json.dumps(to_json(answer, language))
            render_text(answer, language)
            render_html(answer, language)
    else:
        TALLY["refused"] += 1


def test_a_good_part_of_the_mutated_documents_was_judged():
    """A blanket refusal would satisfy the property above; so count, over fixed mutations."""
    judged = 0
    data = PASSING["B-LTA"]
    for step in range(60):
        position = step * len(data) // 60
        spoiled = data[:position] + bytes([data[position] ^ 0x15]) + data[position + 1 :]
        judged += isinstance(outcome(spoiled), Report)
    assert judged >= 40


@settings(max_examples=60)
@given(der=st.binary(max_size=80), cut=st.floats(min_value=0, max_value=1, exclude_max=True))
def test_evidence_of_any_bytes_neither_breaks_nor_hides_the_good(der, cut):
    good = GOOD.ocsp_responses[0].der
    position = int(cut * len(good))
    odd = good[:position] + der + good[position:]
    rubbish = tuple(Item(item, LATER) for item in (der, odd))
    answer = judge(PASSING["B-T"], evidence=Evidence(rubbish, rubbish, rubbish) + GOOD)
    assert answer.indication is Indication.TOTAL_PASSED


@settings(max_examples=60)
@given(
    where=st.floats(min_value=0, max_value=1, exclude_max=True),
    flip=st.integers(min_value=1, max_value=255),
)
def test_no_bit_of_an_answer_can_change_and_still_prove(where, flip):
    """Outside the embedded certificate an OCSP response is signed: spoiled, it proves nothing."""
    document = PASSING["B-B"]
    good = GOOD.ocsp_responses[0].der
    spoiled = bytearray(good)
    end = good.index(WORLD.ocsp.der) if WORLD.ocsp.der in good else len(good)
    start = 60
    position = start + int(where * (end - start))
    spoiled[position] ^= flip
    others = Evidence(ocsp_responses=(Item(bytes(spoiled), LATER), *GOOD.ocsp_responses[1:]))
    spoiled_report = judge(document, evidence=others)
    assert judge(document, evidence=GOOD).indication is Indication.TOTAL_PASSED
    passed = spoiled_report.indication is Indication.TOTAL_PASSED
    # The signature's own algorithm name may have two spellings that mean the same.
    assert not passed or bytes(spoiled) == good or position >= end - 90


def test_deep_and_wide_structures_end_in_our_errors():
    deep = make_pdf().replace(b"/Count 2", b"/X " + b"[" * 3000 + b"]" * 3000 + b" /Count 2")
    wide = make_pdf() + b"1 0 obj\n" * 5000
    looped = sign(make_pdf(), Signing(stamped=None)).replace(b"/Fields [4 0 R]", b"/Fields [1 0 R]")
    for data in (deep, wide, looped):
        answer = outcome(data)
        assert isinstance(answer, PKIError) or not answer.passed


def test_covered_bytes_are_all_but_the_gap():
    data = PASSING["B-B"]
    numbers = judge(data).signatures[0].byte_range
    pieces = Covered(numbers, b"").pieces(data)
    assert sum(map(len, pieces)) + (numbers[2] - numbers[1]) == len(data)
