"""Files of signatures: no changed byte passes, no heap of bytes brings out a foreign exception."""

from __future__ import annotations

import collections

from hypothesis import given, settings
from hypothesis import strategies as st
from unit.verify.cms_world import (
    CONTENT,
    How,
    Indexed,
    at_level,
    cms,
    default_certificates,
    digest_of,
    judge_file,
    parts_of,
    pem,
    signer_info,
    values_of,
    with_archive,
    with_stamp,
    with_unsigned,
)
from unit.verify.verify_pki import LATER, answers_for, fresh, make_world

from pki.errors.tree import InvalidInputError
from pki.words import Language, hint_of, message_of
from verify.errors import MalformedObjectError
from verify.indication import Indication
from verify.render.etsi import render_etsi
from verify.render.html import render_html
from verify.render.json import to_json
from verify.render.text import render_text
from verify.report import Report

WORLD = make_world()
GOOD = fresh(WORLD, LATER)
LEVELS = ("B-B", "B-T", "B-LT", "B-LTA")
PASSING = {level: at_level(level) for level in LEVELS}
OPAQUE = at_level("B-T", content=CONTENT)


def outcome(data: bytes, content=CONTENT) -> Report | InvalidInputError:
    """Judge, and let nothing but our own errors about the input pass for an answer."""
    try:
        return judge_file(data, content, evidence=GOOD)
    except InvalidInputError as error:
        answer = error
    assert type(answer) is not MalformedObjectError, answer  # it is for use inside
    for language in Language:
        assert message_of(answer, language)
        assert hint_of(answer, language)
    return answer


def passed(answer: Report | InvalidInputError) -> bool:
    return isinstance(answer, Report) and answer.indication is Indication.TOTAL_PASSED


def spoiled(data: bytes, where: float, flip: int) -> bytes:
    changed = bytearray(data)
    changed[int(where * len(data))] ^= flip
    return bytes(changed)


places = st.floats(min_value=0, max_value=1, exclude_max=True)
flips = st.integers(min_value=1, max_value=255)


@settings(max_examples=100)
@given(level=st.sampled_from(LEVELS), where=places, flip=flips)
def test_no_byte_of_the_content_can_change_and_stay_passed(level, where, flip):
    for content in (CONTENT, digest_of(CONTENT)):
        assert passed(outcome(PASSING[level], content))
    other = spoiled(CONTENT, where, flip)
    for content in (other, digest_of(other)):
        assert not passed(outcome(PASSING[level], content))
    inside = OPAQUE.replace(CONTENT, other)
    assert inside != OPAQUE
    assert passed(outcome(OPAQUE, None))
    assert not passed(outcome(inside, None))


@settings(max_examples=150)
@given(attributes=st.booleans(), where=places, flip=flips)
def test_no_byte_of_what_is_signed_can_change_and_stay_passed(attributes, where, flip):
    """Signed attributes and signature value; what names the signer is not signed by itself."""
    info = signer_info(CONTENT, How(attributes=attributes))
    assert passed(outcome(cms(info)))
    parts = [each.whole for each in parts_of(info)]
    fields = [each for each in parts if each[0] in (0xA0, 0x04)]
    assert len(fields) == 1 + attributes
    field = fields[int(where * 1000) % len(fields)]
    changed = info.replace(field, spoiled(field, where, flip))
    assert changed != info
    assert not passed(outcome(cms(changed)))


@settings(max_examples=60)
@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_refused_by_name(data):
    for candidate in (data, PASSING["B-B"][:200] + data, pem(data), b"-----BEGIN CMS-----" + data):
        assert not passed(outcome(candidate))


SEEDS = (
    *PASSING.values(),
    OPAQUE,
    pem(PASSING["B-T"]),
    cms(signer_info(CONTENT), with_stamp(signer_info(CONTENT, How(digest="sha384")))),
    cms(with_unsigned(signer_info(CONTENT), values_of(answers_for(WORLD, LATER)))),
    cms(with_archive(with_stamp(signer_info(CONTENT)), Indexed(default_certificates()))),
)


def test_mutated_files_are_verdicts_or_refusals_of_our_own():
    """Every form of every report comes out of each; how many were judged is said."""
    tally: collections.Counter[str] = collections.Counter()
    _mutate(tally)
    assert tally["reports"] >= 100, tally
    assert tally["refused"] >= 5, tally


def _mutate(tally: collections.Counter[str]) -> None:
    @settings(max_examples=400, deadline=None)
    @given(
        seed=st.sampled_from(SEEDS),
        cuts=st.lists(st.tuples(places, flips), min_size=1, max_size=6),
        how=st.sampled_from(["flip", "drop", "double"]),
        content=st.sampled_from([None, CONTENT, digest_of(CONTENT), digest_of(CONTENT, "sha512")]),
    )
    def one(seed, cuts, how, content):
        data = seed
        for where, flip in cuts:
            at = int(where * len(data))
            match how:
                case "flip":
                    data = spoiled(data, where, flip)
                case "drop":
                    data = data[:at] + data[at + 1 :]
                case _:
                    data = data[:at] + data[at : at + flip] + data[at:]
        answer = outcome(data, content)
        if isinstance(answer, Report):
            tally["reports"] += 1
            to_json(answer)
            render_text(answer)
            render_html(answer)
            render_etsi(answer)
        else:
            tally["refused"] += 1

    one()
