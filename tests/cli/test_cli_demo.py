"""The demonstration tells the truth: it passes on a sound machine and fails on a broken one."""

import subprocess
import sys

import pytest

RUN = """
import re, sys
sys.path.insert(0, {folder!r})
import run

def spoil(home):
    path = home / "antin.toml"
    before = path.read_text("utf-8")
    after = re.sub({pattern!r}, "", before, flags=re.S | re.M)
    path.write_text(after, "utf-8")
    if {pattern!r} and after == before:
        sys.exit(77)

sys.exit(run.main(["--lang", {language!r}, "--output", {output!r}], after_init=spoil))
"""


@pytest.fixture
def demonstrate(checkout, tmp_path, peer):
    for program in ("pdfsig", "pdftotext", "openssl"):
        peer(program)

    def run(*, without: str = "", language: str = "en", output=tmp_path / "out"):
        code = RUN.format(
            folder=str(checkout / "docs" / "demo"),
            pattern=without,
            language=language,
            output=str(output),
        )
        return subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            timeout=300,
        )

    return run


def test_the_demonstration_passes_twice_and_names_its_files(demonstrate, tmp_path):
    first = demonstrate()
    assert first.returncode == 0, first.stdout + first.stderr
    assert "Done: every step was as told." in first.stdout
    signed = tmp_path / "out" / "cong-van-signed.pdf"
    assert str(signed) in first.stdout
    before = signed.read_bytes()
    second = demonstrate(language="vi")
    assert second.returncode == 0, second.stdout + second.stderr
    assert "Xong: mọi bước đều đúng như đã kể." in second.stdout
    assert signed.read_bytes() != before, "the second run did the work again"


@pytest.mark.parametrize(
    ("broken", "pattern", "code"),
    [
        ("the OCSP responder", r"^\[\[responders\]\].*?(?=^\[)", "signing."),
        ("the time-stamp service", r"^\[timestamp\].*?(?=^\[)", "signing.tsa"),
    ],
)
def test_the_demonstration_fails_without_a_service(demonstrate, broken, pattern, code):
    done = demonstrate(without=pattern)
    assert done.returncode == 1, (broken, done.stdout, done.stderr)
    assert "NOT as told" in done.stderr
    assert code in done.stderr
    assert "Done:" not in done.stdout


def test_a_folder_the_demonstration_did_not_make_is_left_alone(demonstrate, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    assert demonstrate().returncode == 1
    assert (tmp_path / "out" / "mine.txt").read_text() == "mine"
