"""`antin cert bulk`: looked through, asked about, issued once, told line by line."""

from __future__ import annotations

import pytest
from cli_batches import Clerk, read_rows
from cryptography import x509

from pki.words import Language


@pytest.fixture
def clerk(antin, demo_home, tmp_path) -> Clerk:
    (tmp_path / "yêu cầu").mkdir()
    return Clerk(antin, demo_home, tmp_path / "yêu cầu")


def test_a_file_is_shown_then_issued_and_never_twice(clerk):
    clerk.hire("NV-1", "NV-2")
    clerk.ask("Một", person="NV-1", post="P-NV-1")
    clerk.ask("Hai", person="NV-2", agency="X2")
    clerk.ask("Ba", request_id="2026-3")
    clerk.write()
    shown = clerk.bulk(status=3)
    assert (shown["done"], shown["new"], shown["bad"], shown["result"]) == (False, 3, 0, None)
    assert shown["agencies"] == [
        {"agency": None, "certificates": 1},
        {"agency": "X1", "certificates": 1},
        {"agency": "X2", "certificates": 1},
    ]
    assert clerk.bulk("--dry-run", "--yes", status=3)["done"] is False
    text = clerk.said(status=3)
    assert "NV-1" in text.out
    assert "Nothing done" in text.err
    assert clerk.issued() == []

    done = clerk.bulk("--yes", "-o", clerk.out)
    none = {"issued_before": 0, "refused": 0, "fault": 0, "left": 0}
    assert done["result"] == {"issued": 3, **none}
    serials = {row["serial"] for row in clerk.issued()}
    assert len(serials) == 3
    report = read_rows(clerk.out / "report.csv")
    assert [(row["line"], row["agency"], row["outcome"]) for row in report] == [
        ("2", "X1", "issued"),
        ("3", "X2", "issued"),
        ("4", "", "issued"),
    ]
    assert {row["serial"] for row in report} == serials
    assert read_rows(clerk.out / "agencies" / "X1.csv") == report[:1]
    assert read_rows(clerk.out / "agencies" / "X2.csv") == report[1:2]
    for row in report:
        pem = clerk.out / f"{row['person'] or row['serial']}.pem"
        certificate = x509.load_pem_x509_certificate(pem.read_bytes())
        assert certificate.serial_number == int(row["serial"], 16)
    shown = clerk.run("person", "show", "NV-1", "--json").json
    assert shown["certificates"] == [f"issuing:{report[0]['serial']}"]

    (clerk.out / "NV-1.pem").unlink()
    again = clerk.bulk("--yes", "--resume", "-o", clerk.out)
    assert again["result"]["issued_before"] == 3
    assert (clerk.out / "NV-1.pem").is_file()
    assert [row["outcome"] for row in read_rows(clerk.out / "report.csv")] == ["issued-before"] * 3
    assert {row["serial"] for row in clerk.issued()} == serials
    log = clerk.run("audit", "show", "--json").out
    assert log.count('"cert.bulk"') == 1


def test_a_wrong_line_stops_everything_until_it_is_mended_or_left_out(clerk):
    clerk.ask("Một")
    clerk.ask("Hai", O="x" * 65)
    clerk.ask("Ba")["csr"] = "../Ba.csr"
    clerk.write()
    text = clerk.path.read_text("utf-8")
    clerk.path.write_text(text + 'Bốn.csr,"không đóng\n', encoding="utf-8")
    wrong = [(3, "pki.subject_length"), (4, "pki.batch_file_name"), (5, "pki.csv_line")]
    faults = clerk.folder / "sai.csv"
    for words in ((), ("--yes",), ("--yes", "--faults", faults)):
        told = clerk.bulk(*words, status=5)
        assert [(one["line"], one["code"]) for one in told["faults"]] == wrong
        assert (told["done"], told["bad"]) == (False, 3)
    said = clerk.said(status=5)
    assert "[pki.batch_file_name]" in said.out
    assert clerk.issued() == []
    assert clerk.bulk("--faults", faults, status=3)["error"]["code"] == "pki.output_exists"

    kept = read_rows(faults)
    assert [row["fault"].split(":")[0] for row in kept] == ["3", "4", "5"]
    assert kept[2]["fault"].endswith('Bốn.csr,"không đóng')
    assert clerk.bulk("--skip-bad", status=3)["done"] is False
    done = clerk.bulk("--yes", "--skip-bad", "-o", clerk.out, status=5)
    assert (done["result"]["issued"], done["result"]["fault"]) == (1, 3)
    codes = [row["code"] for row in read_rows(clerk.out / "report.csv")]
    assert codes == ["", *(code for _, code in wrong)]
    told = clerk.said("--yes", "--skip-bad", status=5)
    assert "1 issued before" in told.out

    kept[0]["o"], kept[1]["csr"] = "UBND xã", "Ba.csr"
    clerk.write(kept[:2])
    mended = clerk.bulk("--yes", "-o", clerk.out)
    assert mended["result"]["issued"] == 2
    assert len(clerk.issued()) == 3


def test_a_changed_file_is_told_and_resumes_nothing(clerk):
    clerk.ask("Một")
    clerk.write()
    refused = clerk.bulk("--yes", "--resume", status=3)
    assert refused["error"]["code"] == "pki.batch_not_begun"
    clerk.bulk("--yes")
    clerk.ask("Hai")
    clerk.write()
    told = clerk.bulk("--yes", status=5)
    assert [(one["line"], one["code"]) for one in told["faults"]] == [(2, "pki.batch_changed")]
    assert len(clerk.issued()) == 1


def test_a_profile_that_is_approved_is_pointed_to_a_plan(clerk):
    clerk.ask("Một")
    clerk.write()
    settings = clerk.home / "antin.toml"
    text = settings.read_text("utf-8")
    assert "[requests.approvals]\n" in text
    changed = text.replace("[requests.approvals]\n", "[requests.approvals]\nofficial = 1\n")
    settings.write_text(changed, "utf-8")
    told = clerk.bulk("--yes", status=3)["error"]
    assert told["code"] == "pki.batch_needs_plan"
    assert "antin plan create" in told["hint"]


def test_a_file_in_the_way_is_told_and_left(clerk):
    clerk.hire("NV-1")
    clerk.ask("Một", person="NV-1")
    clerk.write()
    clerk.out.mkdir()
    (clerk.out / "NV-1.pem").write_text("somebody else's", encoding="utf-8")
    told = clerk.bulk("--yes", "-o", clerk.out, status=3)
    assert [one["code"] for one in told["refused"]] == ["pki.output_exists"]
    assert (clerk.out / "NV-1.pem").read_text("utf-8") == "somebody else's"
    assert [row["outcome"] for row in read_rows(clerk.out / "report.csv")] == ["issued"]
    (clerk.out / "NV-1.pem").unlink()
    assert clerk.bulk("--yes", "-o", clerk.out)["result"]["issued_before"] == 1


def test_words_are_in_both_languages(clerk):
    clerk.ask("Một")
    clerk.write()
    words = ("--home", clerk.home, "cert", "bulk", "--ca", "issuing", "--profile", "official")
    ran = clerk.antin(*words, clerk.path, "--set", "C=VN", language=Language.VI)
    assert ran.status == 5
    assert "dòng 2:" in ran.out
    ran = clerk.antin(*words, clerk.path, "--set", "CVN")
    assert (ran.status, ran.code) == (5, "cli.bad_option")
