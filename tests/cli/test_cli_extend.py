"""`antin extend` against a served home: one document, a folder, what is due, and bad input."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from datetime import timedelta

import pytest
from cli_runs import run_antin, serving

from pki.clock import FixedClock, SystemClock
from pki.words import Language


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A demonstration home of this module's own, its services running."""
    home = tmp_path_factory.mktemp("served") / "home"
    assert run_antin("--home", home, "init", "--demo").status == 0
    with serving(home):
        yield home


@pytest.fixture(scope="module")
def bare(served, letter, tmp_path_factory):
    """The letter at B-B."""
    path = tmp_path_factory.mktemp("bare") / "letter.pdf"
    assert run_antin("--home", served, "sign", letter, "-o", path).status == 0
    return path


@pytest.mark.parametrize("level", ["B-T", "B-LT", "B-LTA", None])
def test_a_document_is_raised_and_judged_so(antin, served, bare, tmp_path, level):
    target, before = tmp_path / "out.pdf", bare.read_bytes()
    asked = ("--level", level) if level else ()
    ran = antin("--home", served, "extend", bare, "-o", target, *asked, "--json")
    assert ran.status == 0, ran
    reached = level or "B-LTA"
    assert (ran.json["schema"], ran.json["level_before"]) == ("antin.extend/1", "B-B")
    assert (ran.json["level"], ran.json["indication"]) == (reached, "TOTAL-PASSED")
    assert ran.json["added"][0] == "document-timestamp"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", ran.json["provable_until"])
    assert bare.read_bytes() == before
    judged = antin("--home", served, "verify", target, "--json")
    assert judged.status == 0
    assert judged.json["signatures"][0]["level"] == reached


def test_where_nothing_is_lacking_nothing_is_written(antin, served, bare, tmp_path):
    once, twice = tmp_path / "once.pdf", tmp_path / "twice.pdf"
    antin("--home", served, "extend", bare, "-o", once)
    ran = antin("--home", served, "extend", once, "-o", twice)
    assert ran.status == 0
    assert "nothing to add" in ran.out
    assert not twice.exists()


def test_a_folder_in_place_one_bad_document_stopping_none(antin, served, bare, letter, tmp_path):
    for name in ("a.pdf", "b.pdf"):
        shutil.copyfile(bare, tmp_path / name)
    (tmp_path / "c.pdf").write_bytes(b"none")
    shutil.copyfile(letter, tmp_path / "d.pdf")
    before = {one.name: one.read_bytes() for one in tmp_path.iterdir()}
    ran = antin("--home", served, "extend", tmp_path, "--in-place", "--json-lines")
    assert ran.status == 5
    lines = [json.loads(line) for line in ran.out.splitlines()]
    assert [line["schema"] for line in lines] == ["antin.extend/1"] * 4
    assert [line.get("level") for line in lines] == ["B-LTA", "B-LTA", None, None]
    codes = [line["error"]["code"] for line in lines if "error" in line]
    assert codes == ["verify.not_a_pdf", "signing.nothing_to_extend"]
    changed = [name for name in before if (tmp_path / name).read_bytes() != before[name]]
    assert sorted(changed) == ["a.pdf", "b.pdf"]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.pdf", "b.pdf", "c.pdf", "d.pdf"]


def test_many_at_a_time_come_in_their_order(antin, served, bare, tmp_path):
    names = [f"{number}.pdf" for number in range(6)]
    for name in names:
        shutil.copyfile(bare, tmp_path / name)
    (tmp_path / "3.pdf").write_bytes(b"none")
    ran = antin(
        *("--home", served, "extend", tmp_path, "--in-place", "--level", "B-T"),
        *("--workers", "4", "--json-lines"),
    )
    lines = [json.loads(line) for line in ran.out.splitlines()]
    assert ran.status == 5
    assert [line.get("level") for line in lines] == ["B-T", "B-T", "B-T", None, "B-T", "B-T"]
    assert antin("--home", served, "extend", bare, "--workers", "0").status == 2


def test_only_what_is_due_is_renewed(antin, served, bare, tmp_path):
    path = tmp_path / "a.pdf"
    antin("--home", served, "extend", bare, "-o", path)
    ran = antin("--home", served, "extend", tmp_path, "--in-place", "--due-within", "60d", "--json")
    assert (ran.status, ran.json["added"], ran.json["output"]) == (0, [], None)
    assert (ran.json["due"], ran.json["indication"]) == (False, None)
    told = antin("--home", served, "extend", path, "--in-place", "--due-within", "60d")
    assert "not due" in told.out
    ran = antin("--home", served, "extend", path, "--in-place", "--due-within", "9999d", "--json")
    assert ran.json["added"][-1] == "archive-timestamp"
    judged = antin("--home", served, "verify", path, "--json").json
    stamps = [one for one in judged["signatures"] if one["kind"] == "timestamp"]
    assert len(stamps) == 3


def test_an_unsigned_document_gets_a_time_stamp(antin, served, letter, tmp_path):
    target = tmp_path / "out.pdf"
    ran = antin("--home", served, "extend", letter, "-o", target, "--timestamp-only", "--json")
    assert (ran.status, ran.json["added"]) == (0, ["document-timestamp"])
    assert target.read_bytes().startswith(letter.read_bytes())
    assert antin("--home", served, "verify", target).status == 0


def test_beside_the_document_unless_told(antin, served, bare, tmp_path):
    path = tmp_path / "cv.pdf"
    shutil.copyfile(bare, path)
    assert antin("--home", served, "extend", path, "--level", "B-T").status == 0
    assert (tmp_path / "cv-extended.pdf").exists()
    ran = antin("--home", served, "extend", path, "--level", "B-T")
    assert (ran.status, ran.code) == (3, "pki.output_exists")
    assert antin("--home", served, "extend", path, "--overwrite", "--level", "B-T").status == 0
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    ran = antin("--home", served, "extend", path, "-o", path, "--overwrite")
    assert (ran.status, ran.code) == (3, "signing.output_is_input")
    assert hashlib.sha256(path.read_bytes()).hexdigest() == digest


@pytest.mark.parametrize(
    "options",
    [
        ("--level", "B-B"),
        ("--level", "B-X"),
        ("--due-within", "60"),
        ("--due-within", "-1d"),
        ("--due-within", "d"),
        ("--due-within", "100000d"),
        ("--timestamp-only", "--level", "B-T"),
        ("--in-place", "-o", "x.pdf"),
    ],
)
def test_odd_options_are_refused(antin, served, bare, options):
    ran = antin("--home", served, "extend", bare, *options)
    assert (ran.status, ran.code) == (5, "cli.bad_option")


def test_one_output_for_two_documents_is_refused(antin, served, bare, tmp_path):
    twin = tmp_path / bare.name
    twin.write_bytes(bare.read_bytes())
    for output in (tmp_path / "one.pdf", tmp_path):
        ran = antin("--home", served, "extend", bare, twin, "-o", output)
        assert (ran.status, ran.code) == (5, "cli.bad_option")


def test_services_that_are_down_are_said_to_be_so(antin, demo_home, letter, tmp_path):
    bare, target = tmp_path / "bare.pdf", tmp_path / "out.pdf"
    antin("--home", demo_home, "sign", letter, "-o", bare)
    ran = antin("--home", demo_home, "extend", bare, "-o", target)
    assert (ran.status, ran.code) == (4, "signing.tsa_unavailable")
    assert not target.exists()


def test_a_home_without_a_service(antin, tmp_path, bare):
    ran = antin("--home", tmp_path / "none", "extend", bare)
    assert (ran.status, ran.code) == (3, "cli.no_timestamp_service")


def test_a_stranger_without_a_root_is_refused_and_a_root_may_be_named(
    antin, served, bare, tmp_path
):
    other = tmp_path / "other"
    assert antin("--home", other, "init", "--demo").status == 0
    target = tmp_path / "out.pdf"
    refused = antin(
        *("--home", served, "extend", bare, "-o", target, "--level", "B-T"),
        *("--trust", other / "trust"),
    )
    assert (refused.status, refused.code) == (3, "signing.not_provable")
    named = antin(
        *("--home", served, "extend", bare, "-o", target, "--level", "B-T"),
        *("--trust", served / "trust"),
    )
    assert named.status == 0


def test_it_says_what_it_did_in_both_languages(antin, served, bare, tmp_path):
    said = []
    for language in Language:
        target = tmp_path / f"{language}.pdf"
        ran = antin("--home", served, "extend", bare, "-o", target, language=language)
        said.append(ran.out)
    assert "dấu thời gian" in said[0]
    assert "archive time-stamp" in said[1]


def test_what_has_lapsed_says_so(antin, served, bare, tmp_path):
    """Ten years on nothing of it can be proved any more."""
    late = FixedClock(SystemClock().now() + timedelta(days=3650))
    ran = antin("--home", served, "extend", bare, "-o", tmp_path / "o.pdf", clock=late)
    assert (ran.status, ran.code) == (3, "signing.not_provable")
