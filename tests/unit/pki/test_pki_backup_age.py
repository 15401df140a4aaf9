"""The encryption of backups: what `age` makes of it, and what becomes of every change to it."""

from __future__ import annotations

import os
import pty
import subprocess
import unicodedata
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pki.errors.keeping import (
    BackupCutError,
    BackupKeyError,
    BackupLockedError,
    BackupMalformedError,
    BackupTamperedError,
)
from pki.errors.tree import PKIError
from pki.keeping import age, bech32
from pki.keeping.age import PIECE, DecryptingFile, EncryptingFile
from pki.keeping.keys import Passphrase, new_identity, parse_identities, parse_recipient

PUBLIC, SECRET = new_identity()
RECIPIENT, (IDENTITY,) = parse_recipient(PUBLIC), parse_identities(f"# ghi chú\n\n{SECRET}\n")
PASSPHRASE = Passphrase("mật khẩu sao lưu", work=4)
SIZES = (0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 2 * PIECE + 7)
SMALL = b"s" * 100


def sealed(data, *recipients, written=1 << 20):
    file = BytesIO()
    encrypting = EncryptingFile(file, recipients or (RECIPIENT,))
    for start in range(0, len(data), written):
        encrypting.write(data[start : start + written])
    encrypting.finish()
    return file.getvalue()


def opened(file, *identities, read=10**7):
    decrypting = DecryptingFile(BytesIO(file), identities or (IDENTITY,))
    pieces = iter(lambda: decrypting.read(read), b"")
    return b"".join(pieces)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("recipient", [RECIPIENT, PASSPHRASE], ids=["key", "passphrase"])
def test_what_was_written_is_read(size, recipient):
    data = os.urandom(size)
    file = sealed(data, recipient, written=50_000)
    assert opened(file, IDENTITY, PASSPHRASE, read=70_000) == data
    assert opened(file, PASSPHRASE, IDENTITY) == data


@pytest.mark.parametrize("size", SIZES)
def test_age_opens_it_and_is_opened(size, peer, tmp_path):
    data, program = os.urandom(size), peer("age")
    key = tmp_path / "key"
    key.write_text(SECRET + "\n", "utf-8")
    theirs = subprocess.run(
        [program, "-d", "-i", key], input=sealed(data), capture_output=True, check=False
    )
    assert theirs.stdout == data, theirs.stderr
    armed = subprocess.run([program, "-r", PUBLIC], input=data, capture_output=True, check=True)
    assert opened(armed.stdout) == data


def at_terminal(typed, *command):
    """Run a program that asks for a passphrase at its terminal."""
    pid, terminal = pty.fork()
    if not pid:
        os.execv(command[0], command)  # noqa: S606  the peer, in the process forked for it
    for _ in range(typed.count(b"\n")):
        os.read(terminal, 1000)
        os.write(terminal, typed)
    while True:
        try:
            if not os.read(terminal, 1000):
                break
        except OSError:
            break
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_age_opens_it_with_the_passphrase(peer, tmp_path):
    data, file, out = os.urandom(100_000), tmp_path / "a.age", tmp_path / "out"
    file.write_bytes(sealed(data, Passphrase("mật khẩu", work=12)))
    program = str(peer("age"))
    assert at_terminal("mật khẩu\n".encode(), program, "-d", "-o", str(out), str(file)) == 0
    assert out.read_bytes() == data


def test_age_keygen_reads_our_key_files(peer, tmp_path):
    key = tmp_path / "key"
    key.write_text(SECRET + "\n", "utf-8")
    said = subprocess.run(
        [peer("age-keygen"), "-y", key], capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == PUBLIC


def test_a_passphrase_is_the_same_however_it_was_typed():
    composed = "mật khẩu"
    decomposed = unicodedata.normalize("NFD", composed)
    assert composed != decomposed
    assert opened(sealed(SMALL, Passphrase(composed, 4)), Passphrase(decomposed, 4)) == SMALL


def test_every_recipient_opens_it_and_nobody_else():
    other, other_secret = new_identity()
    file = sealed(SMALL, RECIPIENT, parse_recipient(other))
    assert opened(file) == SMALL
    assert opened(file, *parse_identities(other_secret)) == SMALL
    with pytest.raises(BackupLockedError):
        opened(file, *parse_identities(new_identity()[1]))
    with pytest.raises(BackupLockedError):
        opened(file, PASSPHRASE)


def test_another_passphrase_opens_nothing():
    with pytest.raises(BackupLockedError):
        opened(sealed(SMALL, PASSPHRASE), Passphrase("khác", 4))


def test_a_passphrase_is_alone():
    with pytest.raises(ValueError, match="the only one"):
        sealed(SMALL, PASSPHRASE, RECIPIENT)


def header_and_pieces(file):
    end = file.index(b"\n", file.index(b"\n--- ") + 1) + 1 + 16
    pieces = [file[at : at + PIECE + 16] for at in range(end, len(file), PIECE + 16)]
    return file[:end], pieces


THREE = os.urandom(2 * PIECE + 100)


def test_pieces_in_another_order_or_left_out_are_noticed():
    head, (one, two, three) = header_and_pieces(sealed(THREE))
    assert opened(head + one + two + three) == THREE
    for wrong in (two + one + three, one + three, one + two + three + three, one + one + three):
        with pytest.raises(BackupTamperedError):
            opened(head + wrong)


def test_a_file_cut_between_pieces_is_said_to_be_cut():
    head, (one, two, _) = header_and_pieces(sealed(THREE))
    for cut in (head, head + one, head + one + two, head[:-3], head[:30], head[:-20]):
        with pytest.raises(BackupCutError):
            opened(cut)
    with pytest.raises((BackupTamperedError, BackupCutError)):
        opened(head + one + two[:-1])


def test_pieces_of_another_file_of_the_same_reader_are_noticed():
    (head, (one, *_)), (_, (_, two, three)) = map(header_and_pieces, (sealed(THREE), sealed(THREE)))
    with pytest.raises(BackupTamperedError):
        opened(head + one + two + three)


def test_without_the_mark_of_the_last_piece_a_cut_file_would_pass(monkeypatch):
    """The mutant: pieces are numbered, and the last one bears no mark."""
    monkeypatch.setattr(age._Pieces, "_nonce", _counted)
    head, (one, two, _) = header_and_pieces(sealed(THREE))
    assert opened(head + one + two) == THREE[: 2 * PIECE]


def _counted(pieces, *, last):
    del last
    pieces.number += 1
    return pieces.number.to_bytes(12)


def test_an_empty_piece_after_others_is_no_second_form():
    head, (one,) = header_and_pieces(sealed(bytes(PIECE)))
    file = BytesIO()
    encrypting = EncryptingFile(file, [RECIPIENT])
    encrypting._target.write(encrypting._pieces.seal(bytes(PIECE), last=False))
    encrypting.finish()
    assert opened(head + one) == bytes(PIECE)
    with pytest.raises(BackupTamperedError):
        opened(file.getvalue())


@given(st.data())
def test_no_bit_can_change(data):
    file = bytearray(FILE)
    place = data.draw(st.integers(0, len(file) - 1))
    file[place] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(
        (BackupTamperedError, BackupMalformedError, BackupLockedError, BackupCutError)
    ):
        opened(bytes(file))


FILE = sealed(SMALL)


@given(st.binary(max_size=300), st.booleans())
def test_whatever_is_read_only_our_errors_come(octets, headed):
    with pytest.raises(PKIError):
        opened(b"age-encryption.org/v1\n" * headed + octets, IDENTITY, PASSPHRASE)


HEAD = b"age-encryption.org/v1\n"
BODY = b"A" * 43 + b"\n"
SALT = b"A" * 22


@pytest.mark.parametrize(
    "header",
    [
        b"age-encryption.org/v2\n",
        HEAD + b"a" * 2000,
        HEAD + b"-> X25519\t\n" + BODY,
        HEAD + b"X25519 a\n" + BODY,
        HEAD + b"->\n" + BODY,
        HEAD + b"->  X25519\n" + BODY,
        HEAD + b"-> X25519 a\n" + b"A" * 65 + b"\n",
        HEAD + b"-> X25519 a\n" + (b"A" * 64 + b"\n") * 70,
        HEAD + b"-> other a\n\n" * 70,
        HEAD + b"-> X25519 ?\n" + BODY + b"--- " + BODY,
        HEAD + b"-> X25519\n" + BODY + b"--- " + BODY,
        HEAD + b"-> X25519 " + b"A" * 43 + b"\n" + BODY + b"--- " + BODY,
        HEAD + b"-> scrypt " + SALT + b" 30\n" + BODY + b"--- " + BODY,
        HEAD + b"-> scrypt " + SALT + b" 04\n" + BODY + b"--- " + BODY,
        HEAD + b"-> scrypt " + SALT + b"\n" + BODY + b"--- " + BODY,
        HEAD + b"-> scrypt A 4\n" + BODY + b"--- " + BODY,
        HEAD + b"-> scrypt " + SALT + b" 4\nAAAA\n" + b"--- " + BODY,
        HEAD + (b"-> scrypt " + SALT + b" 4\n" + BODY) * 2 + b"--- " + BODY,
    ],
)
def test_a_malformed_header_is_refused_as_such(header):
    with pytest.raises(BackupMalformedError):
        opened(header, IDENTITY, PASSPHRASE)


@pytest.mark.parametrize(
    "text", ["", "age1", "age1" + "q" * 58, PUBLIC[:-1], PUBLIC + "q", SECRET], ids=range(6)
)
def test_what_is_no_public_key_is_refused(text):
    with pytest.raises(BackupKeyError):
        parse_recipient(text)


@pytest.mark.parametrize(
    "text", ["", "# nothing", SECRET[:-1] + "b", PUBLIC, SECRET + "\nx"], ids=range(5)
)
def test_what_is_no_key_file_is_refused_and_not_repeated(text):
    with pytest.raises(BackupKeyError) as refused:
        parse_identities(text)
    assert "AGE-SECRET-KEY-1Q" not in str(refused.value)


def test_secrets_do_not_show():
    assert "mật khẩu" not in repr(PASSPHRASE)
    assert "key" not in repr(IDENTITY)


@given(st.binary(max_size=80))
def test_bech32_gives_back_what_it_was_given(octets):
    assert bech32.decode("thử".encode("idna").decode(), _encoded(octets)) == octets


def _encoded(octets):
    return bech32.encode("thử".encode("idna").decode(), octets)


def test_bech32_knows_the_examples_of_its_standard():
    assert bech32.decode("a", "A12UEL5L") == b""
    for wrong in ("A1G7SGD8", "a12UEL5L", "A12UELBL", "10a06t8", "1qzzfhee", "a12uel5"):
        with pytest.raises(ValueError, match=r"prefix|checksum|case"):
            bech32.decode("a", wrong)
    with pytest.raises(ValueError, match="left over"):
        bech32.decode("x", _with_filling())


def _with_filling():
    """Bits that fill up the last letter and are not zero."""
    values = [1]
    checked = bech32._polymod((*bech32._expand("x"), *values, *(0,) * 6)) ^ 1
    values += [checked >> 5 * (5 - place) & 31 for place in range(6)]
    return "x1" + "".join(bech32._LETTERS[value] for value in values)
