"""A document with many signatures: how revisions differ is found out once, also as it grows."""

from __future__ import annotations

from datetime import timedelta

import pytest
from unit.verify.test_verify_integrity import GOOD, filled
from unit.verify.verify_pki import LATER, SIGNED, Signing, make_document, make_world, sign

from verify.document import verify_opened
from verify.pdf.difference import compare
from verify.pdf.document import OpenPDF, open_pdf
from verify.policy import default_policy
from verify.report import Report
from verify.trust import TrustStore

POLICY = default_policy()


@pytest.fixture
def compared(monkeypatch):
    """The revisions that are compared with the one before."""
    revisions = []
    own = compare._compare

    def counting(reader, step):
        revisions.append(step.new)
        return own(reader, step)

    monkeypatch.setattr(compare, "_compare", counting)
    return revisions


def signed(data: bytes, times: int) -> bytes:
    for number in range(2, times + 1):
        stamped = SIGNED + timedelta(minutes=number)
        data = sign(data, Signing(field=f"Signature{number}", stamped=stamped))
    return data


def judged(pdf: OpenPDF) -> Report:
    trust = TrustStore((make_world().root.certificate,))
    return verify_opened(pdf, policy=POLICY, trust=trust, at=LATER, evidence=GOOD)


def opened(data: bytes) -> OpenPDF:
    return open_pdf(data, name="a.pdf", limits=POLICY.limits)


def test_only_what_was_appended_is_compared(compared):
    before = signed(make_document("B-T"), 4)
    pdf = opened(before)
    judged(pdf)
    first = pdf.revisions - 4
    assert sorted(compared) == [first + 1, first + 2, first + 3]
    compared.clear()
    data = sign(before, Signing(field="Signature5", stamped=SIGNED + timedelta(minutes=5)))
    grown = pdf.grown(data, limits=POLICY.limits)
    report = judged(grown)
    assert compared == [grown.revisions - 1]
    assert report == judged(opened(data))


def test_what_is_appended_is_looked_at_all_the_same():
    before = signed(make_document("B-T"), 3)
    pdf = opened(before)
    judged(pdf)
    for data in (filled(before), filled(before, value="12", shown="99")):
        grown = judged(pdf.grown(data, limits=POLICY.limits))
        assert grown == judged(opened(data))
    assert grown.indication != judged(pdf).indication
