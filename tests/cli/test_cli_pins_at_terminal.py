"""A person types PINs, wrong ones too: what is said, and how many tries of the token it takes.

The token is a real SoftHSM; its `C_Login` is counted in its own function table.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cli_terminal import at_terminal
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)

QUESTION = "PIN of the token official"
COUNTED = """
import ctypes, sys
from pathlib import Path
sys.path.insert(0, {folder!r})
from hsm_faults import COUNT_LOW, FINAL_TRY, FLAGS_OFFSET, Faults
from cli.app import run
from hsm.embedded import find_softhsm

faults = Faults(find_softhsm())
with faults.counted("C_Login") as calls:
    def raised(original, arguments):
        result = original(*arguments)
        if result == 0 and len(calls) >= {final_after}:
            flags = ctypes.c_ulong.from_address(arguments[1] + FLAGS_OFFSET)
            flags.value |= FINAL_TRY
        return result
    with faults._swapped("C_GetTokenInfo", raised):
        try:
            run()
        finally:
            Path({counter!r}).write_text(str(len(calls)))
"""


@pytest.fixture
def asking_home(demo_home):
    """A home that knows no PIN."""
    path = demo_home / "antin.toml"
    head, _, tail = path.read_text("utf-8").partition("[pins]")
    _, bracket, rest = tail.partition("\n[")
    path.write_text(head + bracket.lstrip("\n") + rest, "utf-8")
    return demo_home


@pytest.fixture
def pin(asking_home):
    return (asking_home / "pins" / "official").read_text()


@pytest.fixture
def sign(asking_home, letter, tmp_path, checkout):
    """Return what signs a letter at a terminal: status, words, answers left, count of C_Login."""
    counter = tmp_path / "logins"

    def go(*answers, final_after=99, language="en"):
        program = COUNTED.format(
            folder=str(checkout / "tests" / "unit" / "hsm"),
            counter=str(counter),
            final_after=final_after,
        )
        status, said, left = at_terminal(
            asking_home,
            *("sign", letter, "-o", tmp_path / "out.pdf"),
            answers=answers,
            language=language,
            program=program,
        )
        return status, said, left, int(counter.read_text())

    return go


def test_two_wrong_pins_and_the_right_one_sign_with_three_logins(sign, pin, tmp_path):
    status, said, left, logins = sign("wrong-1", "wrong-2", pin, "unasked")
    assert status == 0, said
    assert (said.count(QUESTION), logins) == (3, 3)
    assert said.count("That was not the right PIN") == 2
    assert said.count("has seen at least one wrong PIN") == 2, "not before the first question"
    assert left == ["unasked"]
    assert (tmp_path / "out.pdf").exists()
    for typed in ("wrong-1", "wrong-2", pin):
        assert typed not in said


def test_nobody_is_asked_a_fourth_time(sign, tmp_path):
    status, said, left, logins = sign("wrong-1", "wrong-2", "wrong-3", "unasked")
    assert status == 3, said
    assert (said.count(QUESTION), logins) == (3, 3)
    assert said.count("[hsm.wrong_pin]") == 1
    assert left == ["unasked"]
    assert not (tmp_path / "out.pdf").exists()


def test_the_same_wrong_pin_again_costs_no_second_try(sign, pin):
    status, said, _, logins = sign("wrong-1", "wrong-1", pin)
    assert (status, logins) == (0, 2), said


def test_nobody_is_asked_again_when_one_try_is_left(sign, tmp_path):
    status, said, left, logins = sign("wrong-1", "unasked", final_after=1)
    assert status == 3, said
    assert (said.count(QUESTION), logins) == (1, 1)
    assert "[hsm.wrong_pin_final_try]" in said
    assert left == ["unasked"]
    assert not (tmp_path / "out.pdf").exists()


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("vi", "Mã PIN có chữ tiếng Việt có dấu: có lẽ bộ gõ tiếng Việt"),
        ("en", "The PIN has Vietnamese letters with marks"),
    ],
)
def test_what_an_input_method_made_is_not_sent(sign, pin, language, words):
    status, said, left, logins = sign("tưư2468", pin, "unasked", language=language)
    assert (status, logins, left) == (0, 1, ["unasked"]), said
    assert words in said
    assert "tưư2468" not in said


def test_typed_twice_just_the_same_it_is_meant(sign, pin):
    status, said, left, logins = sign("tưư2468", "tưư2468", pin, "unasked")
    assert (status, logins, left) == (0, 2, ["unasked"]), said
    assert said.count("The PIN was not sent to the token") == 1


def test_another_strange_pin_is_held_back_as_well(sign, pin):
    status, said, _, logins = sign("tưư2468", "２４６８", pin)
    assert (status, logins) == (0, 1), said
    assert "full-width" in said
    assert said.count("The PIN was not sent to the token") == 2


def test_advice_does_not_hold_a_pin_back(sign, pin):
    status, said, _, logins = sign("12345678", pin)
    assert (status, logins) == (0, 2), said
    assert "one that makers hand out" in said
    assert "The PIN was not sent" not in said


def test_bytes_that_are_no_text_end_it_unsent_and_unshown(sign):
    status, said, left, logins = sign(b"24\xe168", "unasked")
    assert (status, logins, left) == (5, 0, ["unasked"]), said
    assert "[hsm.pin_malformed]" in said
    assert "0xe1" not in said
    assert "Traceback" not in said


def test_a_key_its_request_and_its_certificate_ask_again_too(asking_home, pin, tmp_path):
    def ask(*arguments):
        answers = ["wrong-1", pin, "unasked"]
        status, said, left = at_terminal(asking_home, *arguments, answers=answers)
        assert (status, left) == (0, ["unasked"]), said
        return said

    said = ask("token", "keygen", "official", "--key-type", "ec-p256")
    key = next(line for line in said.splitlines() if line.startswith("pkcs11:"))
    request = tmp_path / "new.csr"
    ask("token", "csr", "--key", key, "-o", request)
    certificate = tmp_path / "new.pem"
    certificate.write_bytes(certified(request).public_bytes(Encoding.PEM))
    ask("token", "import", "--key", key, certificate)


def certified(request: Path) -> x509.Certificate:
    """Return a certificate for the request's key, by an authority made for it."""
    asked = x509.load_pem_x509_csr(request.read_bytes())
    return (
        x509.CertificateBuilder()
        .subject_name(asked.subject)
        .issuer_name(asked.subject)
        .public_key(asked.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2027, 1, 1, tzinfo=UTC))
        .sign(ec.generate_private_key(ec.SECP256R1()), SHA256())
    )


def test_the_password_of_a_key_file_is_asked_again(asking_home, tmp_path):
    path = tmp_path / "khóa.pem"
    path.write_bytes(
        ec.generate_private_key(ec.SECP256R1()).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption("mật khẩu".encode())
        )
    )
    arguments = ("token", "csr", "--key", f"file:{path}")
    ended = at_terminal(asking_home, *arguments, answers=["wrong", "mật khẩu", "unasked"])
    assert (ended[0], ended[2]) == (0, ["unasked"]), ended[1]
    assert "BEGIN CERTIFICATE REQUEST" in ended[1]
    assert "Vietnamese letters" not in ended[1], "a password may hold any letter"


def sign_with(antin, home: Path, letter: Path, source: str, output: Path):
    return antin("--home", home, "sign", letter, "-o", output, "--pin-source", source)


@pytest.mark.parametrize(("added", "status"), [("", 0), (" ", 3)])
def test_a_space_in_a_pin_file_is_told(antin, demo_home, letter, tmp_path, added, status):
    file = demo_home / "pins" / "official"
    file.write_text(file.read_text("utf-8") + added, "utf-8")
    ran = sign_with(antin, demo_home, letter, f"file:{file}", tmp_path / "out.pdf")
    assert ran.status == status, ran
    assert ("a space at its beginning or its end" in ran.err) is bool(added)


def test_a_wrong_pin_from_elsewhere_is_told_and_not_asked_again(
    antin, demo_home, letter, tmp_path, monkeypatch
):
    monkeypatch.setenv("ANTIN_TEST_PIN", "mật-2468")
    ran = sign_with(antin, demo_home, letter, "env:ANTIN_TEST_PIN", tmp_path / "out.pdf")
    assert (ran.status, ran.code) == (3, "hsm.wrong_pin")
    assert ran.err.count("Vietnamese letters") == 1
    assert "That was not the right PIN" not in ran.err
    assert "mật-2468" not in ran.err + ran.out
