"""`antin evidence`: what signing and judging leave behind, shown, exported, erased, checked."""

from __future__ import annotations

import zipfile
from datetime import timedelta

import pytest

from pki.clock import FixedClock, SystemClock
from pki.words import Language

SIGNER = "Nguyễn Văn Mẫu"
LATER = timedelta(days=5 * 366)


@pytest.fixture
def kept(antin, demo_home, letter, tmp_path):
    """A home in which one document was signed; no services are running."""
    path = tmp_path / "signed.pdf"
    assert antin("--home", demo_home, "sign", letter, "-o", path).status == 0
    (record,) = antin("--home", demo_home, "evidence", "list", "--json").json["records"]
    return demo_home, path, record


def test_what_is_signed_is_listed_and_found(antin, kept, official):
    home, _, record = kept
    assert (record["state"], record["occasion"], record["signer"]) == ("kept", "signed", SIGNER)
    assert record["serial"] == official["serial"]
    for query, count in ((SIGNER, 1), (official["serial"], 1), ("nobody", 0)):
        found = antin("--home", home, "evidence", "list", "--query", query, "--json").json
        assert len(found["records"]) == count
    assert SIGNER in antin("--home", home, "evidence", "list").out


def test_judging_leaves_records_only_where_it_is_told_to(antin, kept):
    home, path, _ = kept
    antin("--home", home, "verify", path)
    records = antin("--home", home, "evidence", "list", "--json").json["records"]
    assert len(records) == 1
    toml = home / "antin.toml"
    text = toml.read_text("utf-8").replace('keep = "signed"', 'keep = "all"')
    toml.write_text(text, "utf-8")
    antin("--home", home, "verify", path)
    antin("--home", home, "verify", path, "--offline")
    records = antin("--home", home, "evidence", "list", "--json").json["records"]
    assert [one["occasion"] for one in records] == ["signed", "judged"]
    assert records[0]["document_sha256"] == records[1]["document_sha256"]
    toml.write_text(text.replace('keep = "all"', 'keep = "none"'), "utf-8")
    antin("--home", home, "sign", path, "-o", path.with_name("twice.pdf"))
    antin("--home", home, "verify", path)
    assert len(antin("--home", home, "evidence", "list", "--json").json["records"]) == 2


def test_a_home_that_is_not_there_keeps_nothing(antin, kept, tmp_path):
    _, path, _ = kept
    antin("--home", tmp_path / "none", "verify", path)
    assert not (tmp_path / "none").exists()


def test_a_zip_is_written_and_never_over_another(antin, kept, tmp_path):
    home, _, record = kept
    target = tmp_path / "evidence.zip"
    export = ("--home", home, "evidence", "export", record["id"], "-o", target)
    assert antin(*export).status == 0
    with zipfile.ZipFile(target) as archive:
        assert f"{record['id']}/signer.cer" in archive.namelist()
    again = antin(*export)
    assert (again.status, again.code) == (3, "pki.output_exists")
    unknown = antin("--home", home, "evidence", "export", "0" * 32, "-o", tmp_path / "o.zip")
    assert (unknown.status, unknown.code) == (5, "signing.evidence_not_found")
    assert not (tmp_path / "o.zip").exists()


def test_it_is_erased_after_its_time_and_only_when_told(antin, kept):
    home, _, record = kept
    erase = ("--home", home, "evidence", "erase", record["id"], "--reason", "retention")
    early = antin(*erase, "--yes")
    assert (early.status, early.code) == (3, "signing.evidence_too_early")
    late = FixedClock(SystemClock().now() + LATER)
    shown = antin(*erase, "--json", clock=late)
    assert (shown.status, shown.json["would_erase"]) == (3, [record["id"]])
    done = antin(*erase, "--yes", "--json", clock=late)
    assert (done.status, done.json["erased"]) == (0, [record["id"]])
    again = antin(*erase, "--yes", clock=late)
    assert (again.status, again.code) == (3, "signing.evidence_erased")
    (left,) = antin("--home", home, "evidence", "list", "--json").json["records"]
    assert (left["state"], left["reason"]) == ("erased", "retention")
    assert SIGNER not in str(left)
    checked = antin("--home", home, "evidence", "verify", "--json")
    assert (checked.status, checked.json["kept"], checked.json["erased"]) == (0, 0, 1)


def test_a_shorter_time_may_be_configured(antin, kept):
    home, _, record = kept
    toml = home / "antin.toml"
    text = toml.read_text("utf-8")
    assert "\n[evidence]\n" in text
    head, _, tail = text.partition("\n[evidence]\n")
    tail = tail.replace("retention_years = 5", "retention_years = 0", 1)
    toml.write_text(f"{head}\n[evidence]\n{tail}", "utf-8")
    erase = ("evidence", "erase", record["id"], "--reason", "request", "--yes")
    assert antin("--home", home, *erase).status == 0


def test_damage_is_told_in_both_languages(antin, kept):
    home, _, record = kept
    checked = antin("--home", home, "evidence", "verify", "--json")
    head = checked.json["head"]
    assert antin("--home", home, "evidence", "verify", "--head", head).status == 0
    cut = antin("--home", home, "evidence", "verify", "--head", "0f" * 32)
    assert cut.status == 3
    assert "cut off" in cut.out
    (home / "evidence" / "records" / f"{record['id']}.json").unlink()
    for language, word in ((Language.VI, "đã mất"), (Language.EN, "is gone")):
        ran = antin("--home", home, "evidence", "verify", language=language)
        assert ran.status == 3
        assert word in ran.out
    (listed,) = antin("--home", home, "evidence", "list", "--json").json["records"]
    assert listed["state"] == "damaged"


def test_evidence_that_cannot_be_kept_keeps_the_document_back(antin, demo_home, letter, tmp_path):
    (demo_home / "evidence").write_bytes(b"a file")
    target = tmp_path / "out.pdf"
    ran = antin("--home", demo_home, "sign", letter, "-o", target)
    assert (ran.status, ran.code) == (4, "signing.evidence_unwritable")
    assert not target.exists()


def test_an_empty_home_says_so(antin, demo_home):
    assert antin("--home", demo_home, "evidence", "list").out.strip() == "nothing is kept"
    assert antin("--home", demo_home, "evidence", "verify").status == 0
