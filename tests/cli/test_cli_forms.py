"""`antin form`: what the register knows on the decree's forms, and what is left for the pen."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from cli_office import Desk, open_desk
from cli_runs import Antin, serving
from cryptography import x509
from test_cli_import import write_authority

from pki.clock import FixedClock, SystemClock
from pki.register.sql import open_register
from pki.words import Language

NUMBER, EMAIL = "001090000001", "mau@example.vn"
FAR = FixedClock(SystemClock().now() + timedelta(days=11 * 366))
"""When what must be kept for years may be erased."""


def words(path: Path) -> str:
    document = pypdfium2.PdfDocument(path.read_bytes())
    told = " ".join(page.get_textpage().get_text_bounded() for page in document)
    document.close()
    return " ".join(told.split())


def log_of(home: Path) -> str:
    register = open_register(home / "register.sqlite")
    told = "\n".join(entry.content.decode() for entry in register.audit_entries())
    register.close()
    return told


def enter(desk: Any) -> None:
    """Enter a province, a commune with two people, one of whom has a token, and a school."""
    day = ("--since", "2025-07-01")
    desk("agency", "add", "T", "--name", "UBND tỉnh Mẫu", "--tier", "province", *day)
    commune = ("--tier", "commune", "--parent", "T", "--tax-code", "0100109106")
    desk("agency", "add", "X1", "--name", "UBND xã Hòa Bình", *commune, *day)
    school = ("--name", "Trường Tiểu học Mẫu", "--tier", "unit", "--parent", "X1")
    desk("agency", "add", "TH", *school, *day)
    own = ("--citizen-number", NUMBER, "--email", EMAIL)
    desk("person", "add", "NV-1", "--name", "Nguyễn Văn Đức", *own, *day)
    desk("person", "add", "NV-2", "--name", "Lê Thị Hai", *day)
    for post, person, agency, title in (
        ("CV-1", "NV-1", "X1", "Chủ tịch"),
        ("CV-2", "NV-2", "X1", "Văn thư"),
    ):
        given = ("--person", person, "--agency", agency, "--title", title)
        desk("post", "add", post, *given, *day)
    desk("device", "add", "D1", "--model", "ePass2003", "--person", "NV-2", *day)
    desk("device", "add", "D2", "--model", "Bit4id", "--agency", "X1", *day)


@pytest.fixture
def office(antin: Antin, tmp_path: Path) -> Any:
    """Return what runs a command in a home with people."""
    home = tmp_path / "home"

    def run(*said: object, status: int = 0) -> dict[str, Any]:
        ran = antin("--home", home, *said, "--json")
        assert ran.status == status, ran
        return ran.json

    run("init")
    enter(run)
    run.home = home
    return run


@pytest.fixture
def desk(antin: Antin, demo_home: Path, tmp_path: Path) -> Desk:
    """Return a home with people, an authority, and who may ask and approve."""
    made = open_desk(antin, demo_home, tmp_path)
    enter(made)
    return made


def serial_of(desk: Desk, name: str) -> str:
    return f"{x509.load_pem_x509_certificate(desk.crt(name).read_bytes()).serial_number:x}"


def ask(desk: Desk, kind: str, *more: object) -> str:
    """Hand a request in and return its id."""
    return str(desk("request", "submit", kind, *more, *desk.by("clerk"))["request"])


def test_an_agency_s_people_are_one_form_and_what_is_unknown_is_left_for_the_pen(
    office, antin, tmp_path
):
    path = tmp_path / "01.pdf"
    told = office("form", "01", "--agency", "X1", "--signer", "NV-1", "--unmasked", "-o", path)
    assert (told["form"], told["lines"], told["unmasked"]) == ("01", 2, True)
    assert told["fields"][-2:] == ["LanhDao", "CoQuan"]
    assert told["blank"]["birth"] == 2
    assert told["blank"]["number"] == 2  # of who receives, and of Lê Thị Hai
    text = words(path)
    for each in ("Nguyễn Văn Đức", "Lê Thị Hai", NUMBER, EMAIL, "UBND xã Hòa Bình", "Tỉnh Mẫu"):
        assert each in text
    assert text.index("CHỦ TỊCH") < text.rindex("Nguyễn Văn Đức")
    said = antin("--home", office.home, "form", "02", "--agency", "X1", "-o", tmp_path / "02.pdf")
    assert "Left blank for the pen: address (2), budget code (1)" in said.err
    assert "02.pdf: form 02, 1 lines, 1 pages" in said.out
    assert "were left out" not in said.err
    spoken = antin(
        *("--home", office.home, "form", "02", "--agency", "X1", "-o", tmp_path / "03.pdf"),
        language=Language.VI,
    )
    assert "Để trống để điền tay: địa chỉ (2), mã quan hệ ngân sách (1)" in spoken.err


def test_numbers_are_left_out_unless_they_are_asked_for_and_the_log_has_none(
    office, antin, tmp_path
):
    before = log_of(office.home)
    path = tmp_path / "01.pdf"
    ran = antin("--home", office.home, "form", "01", "--person", "NV-1", "-o", path)
    assert "--unmasked writes them" in ran.err
    assert not {NUMBER, EMAIL} & set(words(path).split())
    assert log_of(office.home) == before
    shown = ("form", "01", "--person", "NV-1", "-o", path, "--unmasked", "--overwrite")
    told = office(*shown)
    assert {NUMBER, EMAIL} <= set(words(path).split())
    added = log_of(office.home).removeprefix(before)
    assert "person.unmask" in added
    assert told["sha256"] in added
    assert not [each for each in (NUMBER, EMAIL, "Nguyễn", "Đức") if each in added]
    assert path.stat().st_mode & 0o077 == 0


def test_who_has_no_role_writes_no_numbers_once_there_are_roles(desk, tmp_path):
    path = tmp_path / "01.pdf"
    asked = ("form", "01", "--person", "NV-1", "--unmasked", "-o", path)
    signed = ("--key", f"file:{desk.folder / 'clerk.pem'}", "--cert", desk.crt("clerk"))
    other = desk.csr("stranger").with_suffix(".crt")
    given = ("--set", "C=VN", "--set", "O=UBND", "--set", "CN=stranger")
    csr = ("--ca", "issuing", "--profile", "agency", "--csr", desk.folder / "stranger.csr")
    desk("cert", "issue", *csr, "-o", other, *given)
    key = ("--key", f"file:{desk.folder / 'stranger.pem'}", "--cert", other)
    refused = desk(*asked, *key, status=3)
    assert refused["error"]["code"] == "pki.right_missing"
    assert not path.exists()
    assert desk(*asked, *signed)["unmasked"]
    assert "person:clerk" in log_of(desk.home)


def test_the_same_form_at_the_same_time_is_the_same_file(office, antin, tmp_path):
    clock = FixedClock(SystemClock().now())
    made = []
    for name in ("a.pdf", "b.pdf"):
        path = tmp_path / name
        asked = ("form", "07", "--agency", "X1", "--signer", "NV-1", "--receiver", "NV-2")
        assert antin("--home", office.home, *asked, "-o", path, clock=clock).status == 0
        made.append(path.read_bytes())
    assert made[0] == made[1]


def test_a_hand_over_has_what_was_issued_and_what_is_named(office, tmp_path):
    path = tmp_path / "07.pdf"
    told = office("form", "07", "--agency", "X1", "-o", path)
    assert told["lines"] == 2
    assert told["fields"][-2:] == ["BenNhan", "BenGiao"]
    assert {"D1", "D2", "ePass2003", "Bit4id"} <= set(words(path).split())
    office("device", "change", "D1", "--state", "active")
    path.unlink()
    assert office("form", "07", "--agency", "X1", "-o", path)["lines"] == 1
    empty = office("form", "07", "--person", "NV-2", "-o", path, "--overwrite", status=3)
    assert empty["error"]["code"] == "pki.form_empty"
    named = ("form", "07", "D1", "D2", "--sender", "X1", "-o", path, "--overwrite")
    assert office(*named)["lines"] == 2
    sides = ("--signer", "NV-1", "--receiver", "NV-2")
    whole = ("form", "07", "D1", "--sender", "X1", *sides, "-o", path, "--overwrite")
    assert office(*whole)["blank"] == {}
    office("device", "change", "D1", "--state", "returned")
    office("device", "change", "D1", "--state", "issued")
    assert office("form", "07", "--person", "NV-2", "-o", path, "--overwrite")["lines"] == 1


def test_number_day_and_place_are_printed_where_they_are_known(office, tmp_path):
    path = tmp_path / "03.pdf"
    given = ("--number", "15/UBND-VP", "--date", "22/11/2026", "--place", "Hòa Bình")
    named = ("--name", "Cổng ký số", "--name", "Máy chủ thời gian", "--sender", "X1")
    told = office("form", "03", *named, *given, "-o", path)
    assert told["fields"] == ["LanhDao", "CoQuan"]
    text = words(path)
    assert "Hòa Bình, ngày 22 tháng 11 năm 2026" in text
    assert "Số: 15/UBND-VP" in text
    assert "Máy chủ thời gian" in text


def test_a_unit_stands_below_the_agency_above_it(office, tmp_path):
    path = tmp_path / "02.pdf"
    office("form", "02", "--agency", "TH", "-o", path)
    text = words(path)
    assert text.index("UBND XÃ HÒA BÌNH") < text.index("TRƯỜNG TIỂU HỌC MẪU")
    office("agency", "add", "BV", "--name", "Bệnh viện Mẫu", "--tier", "unit")
    told = office("form", "02", "--agency", "BV", "-o", path, "--overwrite")
    assert told["blank"]["province"] == 1
    office("agency", "add", "S2", "--name", "Tỉnh đoàn Mẫu", "--tier", "province")
    office("form", "02", "--agency", "S2", "-o", path, "--overwrite")
    assert "Tỉnh đoàn Mẫu" in words(path)


def test_of_several_posts_one_is_said(office, tmp_path):
    path = tmp_path / "01.pdf"
    more = ("--agency", "TH", "--title", "Hiệu trưởng", "--since", "2025-07-01")
    office("post", "add", "CV-9", "--person", "NV-2", *more)
    refused = office("form", "01", "--person", "NV-2", "-o", path, status=3)
    assert refused["error"]["code"] == "pki.form_post"
    assert "CV-2, CV-9" in refused["error"]["message"]
    other = office("form", "01", "--person", "NV-2", "--post", "CV-1", "-o", path, status=3)
    assert other["error"]["code"] == "pki.form_post"
    office("form", "01", "--person", "NV-2", "--post", "CV-9", "-o", path)
    assert "Hiệu trưởng" in words(path)
    many = ("form", "01", "--person", "NV-1", "--person", "NV-2", "-o", path, "--overwrite")
    assert office(*many, status=3)["error"]["code"] == "pki.form_post"
    office("post", "change", "CV-2", "--until", "2025-12-31")
    refused = office(*many, status=3)
    assert refused["error"]["code"] == "pki.form_sender"
    assert office(*many, "--sender", "X1")["lines"] == 2
    assert office(*many, "--person", "NV-1", "--agency", "X1")["lines"] == 2, "each once"
    office("post", "change", "CV-9", "--until", "2025-12-31")
    assert office("form", "01", "--agency", "X1", "-o", path, "--overwrite")["lines"] == 1
    alone = office("form", "01", "--person", "NV-2", "--sender", "X1", "-o", path, "--overwrite")
    assert alone["blank"]["title"] == 2


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        (("01",), 5, "pki.form_needs"),
        (("02", "--person", "NV-1"), 5, "pki.form_option"),
        (("01", "D1"), 5, "pki.form_option"),
        (("01", "--agency", "X1", "--post", "CV-1"), 5, "pki.form_option"),
        (("04", "3f", "--reason", "superseded"), 5, "pki.form_option"),
        (("05", "3f", "--service", "both"), 5, "pki.form_option"),
        (("01", "--person", "none"), 3, "pki.person_unknown"),
        (("01", "--agency", "none"), 3, "pki.agency_unknown"),
        (("01", "--agency", "TH"), 3, "pki.form_empty"),
        (("02", "--agency", "none"), 3, "pki.agency_unknown"),
        (("06", "none"), 3, "pki.device_unknown"),
        (("05", "3f"), 3, "cli.unknown_name"),
        (("05", "sha256:00"), 3, "cli.unknown_name"),
        (("04", "--request", "none"), 5, "pki.request_unknown"),
        (("03", "--name", "A"), 3, "pki.form_sender"),
        (("02", "--agency", "X1", "--place", "x\x00"), 5, "pki.entry_text"),
        (("02", "--agency", "X1", "--date", "31/02/2026"), 5, "cli.bad_option"),
        (("02", "--agency", "X1", "--signer", "none"), 3, "pki.person_unknown"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_written(office, tmp_path, said, status, code):
    path = tmp_path / "form.pdf"
    before = log_of(office.home)
    refused = office("form", *said, "-o", path, status=status)
    assert refused["error"]["code"] == code
    assert refused["error"]["hint"]
    assert not path.exists()
    assert log_of(office.home) == before


def test_who_serves_no_more_gets_no_certificate(office, tmp_path):
    office("person", "change", "NV-2", "--state", "retired")
    refused = office("form", "01", "--person", "NV-2", "-o", tmp_path / "f.pdf", status=3)
    assert refused["error"]["code"] == "pki.form_person_gone"
    assert office("form", "01", "--agency", "X1", "-o", tmp_path / "f.pdf")["lines"] == 1


def test_a_form_has_so_many_lines_at_most(office, tmp_path, monkeypatch):
    monkeypatch.setattr("cli.forms.lines.MOST", 1)
    refused = office("form", "01", "--agency", "X1", "-o", tmp_path / "f.pdf", status=3)
    assert refused["error"]["code"] == "pki.form_too_long"
    assert office("form", "01", "--person", "NV-1", "-o", tmp_path / "f.pdf")["lines"] == 1


def test_nothing_is_replaced_unasked(office, tmp_path):
    asked = ("form", "02", "--agency", "X1", "-o", tmp_path / "f.pdf")
    office(*asked)
    assert office(*asked, status=3)["error"]["code"] == "pki.output_exists"
    office(*asked, "--overwrite")


def test_certificates_are_written_down_with_their_holders(desk, tmp_path):
    path, serial = tmp_path / "f.pdf", serial_of(desk, "clerk")
    refused = desk("form", "05", serial, "-o", path, status=3)
    assert refused["error"]["code"] == "pki.form_not_held"
    desk("cert", "assign", serial, "--person", "NV-2", "--post", "CV-2", "--device", "D1")
    told = desk("form", "05", serial, "--reason", "affiliationChanged", "-o", path)
    text = words(path)
    assert serial.lower() in text.replace(" ", "")
    assert "Thay đổi vị trí công tác" in text
    assert "D1" in text.split()
    assert told["blank"]["id_issued"] == 1
    wrong = ("form", "05", serial, "--reason", "none", "-o", path, "--overwrite")
    assert desk(*wrong, status=5)["error"]["code"] == "pki.form_option"
    desk("form", "04", serial, "-o", path, "--overwrite")
    assert words(path).count("×") == 2  # once in a note
    desk("form", "04", serial, "--service", "both", "-o", path, "--overwrite")
    text = words(path)
    assert text.count("×") == 3
    assert "Tên: clerk" in text
    assert "Tên: Lê Thị Hai" in text
    assert "Cơ quan, tổ chức: UBND xã Hòa Bình" in text
    desk("form", "06", "D1", "-o", path, "--overwrite")
    assert "clerk" in words(path).split()
    desk("form", "06", "D2", "-o", path, "--overwrite")
    desk("form", "07", "--person", "NV-2", "-o", path, "--overwrite")
    assert serial.lower() in words(path).replace(" ", "")
    desk("form", "01", "--person", "NV-2", "-o", path, "--overwrite")
    assert serial.lower() in words(path).replace(" ", "")


def test_an_agency_s_certificate_has_its_tax_code(desk, tmp_path):
    path, serial = tmp_path / "f.pdf", serial_of(desk, "approver")
    desk("cert", "assign", serial, "--agency", "X1")
    told = desk("form", "05", serial, "-o", path)
    assert "0100109106" in words(path).split()
    assert "id_issued" not in told["blank"]
    desk("form", "04", serial, "--service", "change", "-o", path, "--overwrite")
    assert "Tên: UBND xã Hòa Bình" in words(path)


def test_certificates_of_other_authorities_are_written_down_too(desk, tmp_path):
    folder = write_authority(tmp_path / "partner") / "newcerts"
    desk("cert", "import", folder, "--yes")
    register = open_register(desk.home / "register.sqlite")
    one = next(iter(register.list_foreign()))
    register.close()
    desk("cert", "assign", f"sha256:{one.fingerprint}", "--person", "NV-1")
    path = tmp_path / "f.pdf"
    told = desk("form", "04", f"sha256:{one.fingerprint.upper()}", "-o", path)
    assert told["lines"] == 1
    assert f"{one.serial:x}" in words(path)
    desk.clock = FAR
    desk("audit", "confirm-clock", "--yes")
    desk("cert", "erase", f"sha256:{one.fingerprint}", "--yes")
    told = desk("form", "04", f"sha256:{one.fingerprint}", "-o", path, "--overwrite")
    assert told["blank"]["certificate"] == 1
    assert f"{one.serial:x}" in words(path)


def test_nothing_is_told_of_a_person_who_was_erased(desk, tmp_path):
    path, serial = tmp_path / "f.pdf", serial_of(desk, "clerk")
    desk("cert", "assign", serial, "--person", "NV-1", "--post", "CV-1")
    desk("post", "change", "CV-1", "--until", "2025-12-31")
    desk("person", "change", "NV-1", "--state", "left", "--from", "2026-01-01")
    desk.clock = FAR
    desk("audit", "confirm-clock", "--yes")
    desk("cert", "erase", serial, "--yes")
    desk("person", "erase", "NV-1", "--yes")
    told = desk("form", "05", serial, "-o", path)
    assert told["blank"]["number"] == 2
    assert not {NUMBER, "Đức"} & set(words(path).split())


def test_an_erased_certificate_keeps_its_serial_alone(desk, tmp_path):
    serial = serial_of(desk, "clerk")
    desk("cert", "assign", serial, "--person", "NV-1")
    desk.clock = FAR
    desk("audit", "confirm-clock", "--yes")
    desk("cert", "erase", serial, "--yes")
    path = tmp_path / "f.pdf"
    told = desk("form", "04", serial, "--service", "change", "-o", path)
    assert told["blank"]["certificate"] == 1
    assert serial.lower() in words(path).replace(" ", "")


def test_forms_are_filled_from_requests(desk, tmp_path):
    path = tmp_path / "f.pdf"
    asked = desk.ask_new("new", "--person", "NV-1", "--post", "CV-1", "--agency", "X1")["request"]
    assert desk("form", "01", "--request", asked, "-o", path)["lines"] == 1
    assert "Nguyễn Văn Đức" in words(path)
    for number in ("02", "05"):
        refused = desk(*("form", number, "--request", asked, "-o", path, "--overwrite"), status=3)
        assert refused["error"]["code"] == "pki.form_request"
    service = desk.ask_new("ky-so", "--agency", "X1")["request"]
    desk("form", "03", "--request", service, "-o", path, "--overwrite")
    assert "ky-so" in words(path)
    desk("form", "02", "--request", service, "-o", path, "--overwrite")
    refused = desk("form", "01", "--request", service, "-o", path, "--overwrite", status=3)
    assert refused["error"]["code"] == "pki.form_request"


def test_renewal_change_and_revocation_are_filled_from_requests(desk, tmp_path):
    path, serial = tmp_path / "f.pdf", serial_of(desk, "officer")
    desk("cert", "assign", serial, "--person", "NV-1", "--post", "CV-1")
    revoke = ask(desk, "revoke", serial, "--reason", "keyCompromise")
    desk("form", "05", "--request", revoke, "-o", path)
    assert "Khóa bí mật bị lộ" in words(path)
    renew = ask(desk, "renew", serial)
    desk("form", "04", "--request", renew, "-o", path, "--overwrite")
    assert words(path).count("×") == 2
    names = ("--set", "C=VN", "--set", "O=UBND tỉnh", "--set", "CN=Nguyễn Văn Đức")
    csr = ("--csr", desk.csr("changed"), "--profile", "official")
    change = ask(desk, "change", serial, *csr, *names)
    desk("form", "04", "--request", change, "-o", path, "--overwrite")
    text = words(path)
    assert "Tên: officer" in text
    assert "Tên: Nguyễn Văn Đức" in text
    refused = desk("form", "06", "--request", renew, "-o", path, "--overwrite", status=3)
    assert refused["error"]["code"] == "pki.form_request"


def test_the_recovery_of_a_token_is_filled_from_its_request(desk, tmp_path):
    desk("device", "change", "D1", "--state", "active")
    recover = ask(desk, "recover", "--device", "D1", "--person", "NV-2")
    path = tmp_path / "f.pdf"
    assert desk("form", "06", "--request", recover, "-o", path)["lines"] == 1
    assert "D1" in words(path).split()


def test_a_form_is_signed_in_its_field_and_is_valid(antin, demo_home, tmp_path):
    def run(*said: object) -> Any:
        ran = antin("--home", demo_home, *said, "--json")
        assert ran.status == 0, ran
        return ran.json

    enter(run)
    path, signed = tmp_path / "01.pdf", tmp_path / "signed.pdf"
    run("form", "01", "--agency", "X1", "--signer", "NV-1", "--unmasked", "-o", path)
    listed = run("fields", path)["fields"]
    assert [(each["name"], each["signed"]) for each in listed] == [
        ("LanhDao", False),
        ("CoQuan", False),
    ]
    with serving(demo_home):
        done = run("sign", path, "-o", signed, "--field", "LanhDao", "--level", "B-LTA")
        assert done["field"] == "LanhDao"
        told = run("verify", signed)
    assert told["indication"] == "TOTAL-PASSED"


def test_every_place_has_words_and_the_help_an_example(antin):
    from pki.forms.form import Fill
    from pki.words import knows

    for language in Language:
        told = antin("form", "--help", language=language).out
        assert "antin form 01" in told
    shown = {Fill.ROW, Fill.SIM, Fill.SIGNED, Fill.HOSTS, Fill.BEFORE, Fill.AFTER}
    shown |= {Fill.RENEWS, Fill.CHANGES}
    for fill in set(Fill) - shown:
        assert all(knows(f"cli.form.place.{fill.value}", language) for language in Language)
