"""Vietnamese text gets out, whatever the system thinks of its letters."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import pytest

from cli.streams import prepare_streams

TEXT = "Ủy ban nhân dân xã Mẫu"


class Stream(io.TextIOWrapper):
    """A text stream over bytes, at a terminal or not."""

    def __init__(self, encoding: str, *, terminal: bool) -> None:
        super().__init__(io.BytesIO(), encoding=encoding, newline="")
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    def written(self) -> bytes:
        self.write(TEXT)
        self.flush()
        return self.buffer.getvalue()  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "cp1258", "utf-8"])
def test_a_file_or_a_pipe_gets_utf_8(encoding):
    stream = Stream(encoding, terminal=False)
    prepare_streams((stream, None), {})
    assert stream.written().decode("utf-8") == TEXT


def test_unprepared_it_would_be_an_error():
    with pytest.raises(UnicodeEncodeError):
        Stream("cp1252", terminal=False).written()


@pytest.mark.parametrize(
    ("terminal", "environment"), [(True, {}), (False, {"PYTHONIOENCODING": "cp1252"})]
)
def test_a_terminal_and_a_told_encoding_stay_and_lose_no_letter(terminal, environment):
    stream = Stream("cp1252", terminal=terminal)
    prepare_streams((stream,), environment)
    assert stream.written() == TEXT.encode("cp1252", errors="backslashreplace")


def test_what_is_no_real_stream_stays():
    captured = io.StringIO()
    prepare_streams((captured, None), {})
    captured.write(TEXT)
    assert captured.getvalue() == TEXT


@pytest.mark.parametrize("told", [{}, {"PYTHONIOENCODING": "cp1252"}])
@pytest.mark.parametrize(("arguments", "status"), [(("--help",), 0), (("config", "show"), 3)])
def test_the_program_speaks_vietnamese_without_a_locale(tmp_path, told, arguments, status):
    """No UTF-8 mode, no locale: what Windows does to a pipe, as far as POSIX can do it."""
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "ANTIN_LANG": "vi"}
    home = tmp_path / "nơi làm việc"
    done = subprocess.run(
        [sys.executable, "-c", "from cli.app import main; main()", "--home", home, *arguments],
        env={**os.environ, **plain, **told},
        capture_output=True,
        check=False,
    )
    assert b"Traceback" not in done.stderr
    assert done.returncode == status, done
    if not told:
        said = (done.stdout + done.stderr).decode("utf-8")
        assert "chữ ký số" in said or "nơi làm việc" in said
