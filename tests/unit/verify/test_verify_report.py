"""Reports: no truth value, the promised JSON, two languages, hostile text made harmless."""

from __future__ import annotations

import html.parser
import json
import pickle
from dataclasses import replace
from datetime import timedelta

import pytest
from unit.verify.verify_pki import (
    LATER,
    SIGNED,
    Signing,
    answer,
    fresh,
    judge,
    make_document,
    make_pdf,
    make_world,
    name,
    ocsp_evidence,
    official,
    sign,
    stamper,
)

from pki.words import Language, knows
from verify.errors import NotPassedError
from verify.facts import Changes, Kind, digest_name
from verify.finding import Severity, info, warning
from verify.indication import Indication, SubIndication
from verify.render.html import render_html
from verify.render.json import to_json
from verify.render.text import render_text
from verify.render.timeline import make_timeline
from verify.render.view import LABELS, Speaker
from verify.rules.revocation import Standing

WORLD = make_world()
HOSTILE = "<script>alert(1)</script>\u202egnp.exe\x1b[31m\x07"


def passed():
    return judge(make_document("B-LTA"))


def failed():
    return judge(make_document("B-LTA").replace(b"Page 1", b"Page 7"))


def undecided():
    return judge(make_document("B-T"))


def revoked():
    evidence = fresh(WORLD, LATER) + ocsp_evidence(
        answer(WORLD.official, WORLD.ocsp, LATER, revoked_at=SIGNED)
    )
    return judge(make_document("B-T"), evidence=evidence)


def unstamped():
    used = stamper(WORLD.issuing, "Report unknown")
    return judge(sign(make_pdf(), Signing(stamper=used)), evidence=fresh(WORLD, LATER))


def unsigned():
    return judge(make_pdf())


def broken():
    return judge(make_document("B-B").replace(b"/ByteRange", b"/ByteRangX"))


CASES = [passed, failed, undecided, revoked, unstamped, unsigned, broken]


def test_a_report_has_no_truth_value():
    for make in (passed, failed):
        with pytest.raises(TypeError, match="not true or false"):
            bool(make())


def test_require_passed():
    passed().require_passed()
    with pytest.raises(NotPassedError) as caught:
        failed().require_passed()
    assert caught.value.facts["why"] == "HASH_FAILURE"
    report = replace(failed(), sub_indication=None)
    with pytest.raises(NotPassedError):
        report.require_passed()


def test_a_report_travels_between_processes():
    report = failed()
    assert pickle.loads(pickle.dumps(report)) == report  # noqa: S301  our own bytes


def test_json_has_the_promised_keys():
    shown = json.loads(json.dumps(to_json(passed(), Language.EN)))
    assert {"schema", "document", "indication", "sub_indication", "policy", "judged_at",
            "signatures", "findings"} <= shown.keys()  # fmt: skip
    assert shown["schema"] == "antin.verify/1"
    assert shown["document"].keys() >= {"name", "sha256", "pages"}
    assert shown["document"]["pages"] == 2
    assert shown["judged_at"] == "2026-03-01T09:10:00Z"
    signature = shown["signatures"][0]
    assert {"field", "kind", "indication", "sub_indication", "level", "signer",
            "claimed_signing_time", "best_signature_time", "algorithm", "covers_whole_document",
            "changes_after", "findings"} <= signature.keys()  # fmt: skip
    assert signature["best_signature_time"] == "2026-03-01T09:00:00Z"
    assert signature["algorithm"] == "ECDSA/SHA-256"
    assert signature["signer"]["title"] == "Giám đốc"
    assert signature["signer"]["issuer"] == "Issuing"
    assert int(signature["signer"]["serial"], 16) == WORLD.official.certificate.serial_number


@pytest.mark.parametrize("make", CASES)
@pytest.mark.parametrize("language", list(Language))
def test_every_rendering_of_every_case_speaks(make, language):
    report = make()
    text, page = render_text(report, language), render_html(report, language)
    headline = Speaker(language).state(report.indication, report.sub_indication).headline
    assert headline in text
    assert headline in page
    json.dumps(to_json(report, language))
    checker = html.parser.HTMLParser()
    checker.feed(page)
    checker.close()


def test_json_changes_with_the_language_only_in_its_messages():
    def without(value):
        if isinstance(value, dict):
            words = ("message", "hint")
            return {key: without(item) for key, item in value.items() if key not in words}
        return [without(item) for item in value] if isinstance(value, list) else value

    vietnamese, english = (to_json(failed(), language) for language in Language)
    assert without(vietnamese) == without(english)
    assert vietnamese != english


def test_unknown_is_never_green():
    for make in (undecided, unsigned, revoked):
        page = render_html(make())
        assert 'class="verdict unknown"' in page
        assert "verdict passed" not in page
        assert "✓</span> HỢP LỆ</h1>" not in page
    assert 'class="verdict passed"' in render_html(passed())
    assert 'class="verdict failed"' in render_html(failed())


def test_the_page_needs_nothing_else():
    page = render_html(passed())
    for forbidden in ("<script", "http://", "https://", "src=", "@import", "url("):
        assert forbidden not in page
    assert "default-src 'none'" in page


def test_hostile_text_reaches_no_reader():
    party = official(WORLD.issuing, subject=name(HOSTILE[:60], organization=HOSTILE[:60]))
    data = sign(make_pdf(), Signing(party=party, field="Sig\u202eX"))
    report = replace(judge(data), name=HOSTILE)
    page, text = render_html(report), render_text(report)
    shown = json.dumps(to_json(report), ensure_ascii=False)
    for rendered in (page, text, shown):
        for char in "\u202e\x1b\x07":
            assert char not in rendered
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_the_reader_learns_what_the_circular_asks_for():
    text = render_text(passed(), Language.EN)
    for words in ("Issued by", "Issuing", "Signer", "Nguyễn Văn A", "Signing time", "Time-stamp",
                  "Integrity", "Certificate at signing time", "Certificate valid"):  # fmt: skip
        assert words in text


def test_signing_time_is_proved_claimed_or_not_known():
    assert "proved by a time-stamp" in render_text(passed(), Language.EN)
    plain = judge(make_document("B-B"), evidence=fresh(WORLD, LATER))
    assert "as stated by the signer" in render_text(plain, Language.EN)
    unknown = replace(plain, signatures=(replace(plain.signatures[0], claimed_signing_time=None),))
    assert "Signing time                 not known" in render_text(unknown, Language.EN)


def test_validity_at_signing_time_is_told_for_every_link():
    item = revoked().signatures[0]
    assert item.path[0].standing is Standing.REVOKED
    view = Speaker(Language.EN).signature(item)
    assert "revoked" in view.path[0].status
    assert not view.path[0].known
    assert view.path[-1].status == "trusted here"
    odd = replace(item.path[0], standing=None)
    assert Speaker(Language.EN).signature(replace(item, path=(odd,))).path[0].status == "not known"


def test_the_time_line_lies_within_its_width():
    for make in (passed, revoked):
        line = make_timeline(make(), Speaker(Language.VI))
        assert 0 <= line.now <= line.width
        for lane in line.lanes:
            assert lane.start + lane.width <= line.width
            assert all(0 <= mark.x <= line.width for mark in lane.marks)
    assert make_timeline(unsigned(), Speaker(Language.VI)) is None
    one = passed()
    born = one.signatures[0].signer.not_before
    signer = replace(one.signatures[0].signer, not_after=born)
    signature = replace(one.signatures[0], signer=signer, timestamps=(), claimed_signing_time=None)
    point = replace(one, judged_at=born, signatures=(signature,))
    assert make_timeline(point, Speaker(Language.VI)).lanes[0].width == 0


@pytest.mark.parametrize("language", list(Language))
def test_every_word_that_can_be_said_is_there(language):
    ids = [f"verify.why.{item.value}" for item in SubIndication]
    ids += [f"verify.verdict.{item.value}" for item in Indication]
    ids += [f"verify.verdict.sentence.{item.value}" for item in Indication]
    ids += [f"verify.kind.{item.value}" for item in Kind]
    ids += [f"verify.changes.{item.value}" for item in Changes]
    ids += [f"verify.standing.{item.value}" for item in Standing]
    ids += [f"verify.severity.{item.value}" for item in Severity]
    ids += [f"verify.level.{item}" for item in ("B-B", "B-T", "B-LT", "B-LTA")]
    ids += [f"verify.label.{item}" for item in LABELS]
    assert not [item for item in ids if not knows(item, language)]


def test_the_names_of_digests():
    assert digest_name("sha256") == "SHA-256"
    assert digest_name("sha512_256") == "SHA-512/256"
    assert digest_name("sha3_384") == "SHA3-384"
    assert digest_name("md5") == "MD5"


def test_document_findings_are_shown_with_their_weight():
    report = replace(passed(), findings=(warning("verdict.offline"), info("signature.is_seal")))
    assert "judged offline" in render_text(report, Language.EN)
    assert passed().judged_at - SIGNED == timedelta(minutes=10)
