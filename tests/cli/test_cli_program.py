"""The program around the commands: help, languages, options at any place, errors."""

import json
import re
import subprocess
import sys
from typing import get_args

import pytest

from cli.app import build_command, build_whole, hoisted
from cli.options import KeyTypeName
from pki.keys import KeyType
from pki.words import Language


def walk(command, path=("antin",)):
    yield path, command
    for name, child in getattr(command, "commands", {}).items():
        yield from walk(child, (*path, name))


@pytest.mark.parametrize("language", list(Language))
def test_every_command_and_option_explains_itself_in_the_language(language):
    """A message id left untranslated shows as itself: no text has a dot and no blank."""
    for path, command in walk(build_whole(language)):
        texts = [command.help, *(getattr(each, "help", "-") for each in command.params)]
        for text in texts:
            assert text, path
            assert re.search(r"\s|^-$", text), (path, text)
        if not getattr(command, "commands", None):
            marker = "Example:" if language is Language.EN else "Ví dụ:"
            assert f"{marker} antin " in command.help, path


@pytest.mark.parametrize("language", list(Language))
def test_the_list_of_commands_says_what_the_commands_say(language):
    listed, read = build_command(language).commands, build_whole(language).commands
    assert list(listed) == list(read)
    assert {name: command.help for name, command in listed.items()} == {
        name: command.help for name, command in read.items()
    }


@pytest.mark.parametrize(
    ("words", "read"), [(("--help",), []), (("crl", "--help"), ["crl"]), (("sing",), [])]
)
def test_only_the_command_that_is_wanted_is_read(words, read):
    """Reading them all takes as long as all the rest of `--help`."""
    script = (
        "import atexit, sys; from cli.app import main\n"
        "@atexit.register\n"
        "def tell():\n"
        "    begin = 'cli.commands.'\n"
        "    found = (name for name in sys.modules if name.startswith(begin))\n"
        "    print(*(name.removeprefix(begin) for name in found), file=sys.stderr)\n"
        "main()\n"
    )
    program = [sys.executable, "-c", script, *words]
    told = subprocess.run(program, capture_output=True, text=True, check=False)
    assert told.stderr.splitlines()[-1].split() == read


def test_no_vietnamese_help_is_left_in_english():
    english = {path: command.help for path, command in walk(build_whole(Language.EN))}
    vietnamese = {path: command.help for path, command in walk(build_whole(Language.VI))}
    assert english.keys() == vietnamese.keys()
    assert not [path for path in english if english[path] == vietnamese[path]]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["verify", "a.pdf", "--json"], ["--json", "verify", "a.pdf"]),
        (["cert", "list", "--home", "h", "-v"], ["--home", "h", "-v", "cert", "list"]),
        (["verify", "--lang=en", "a"], ["--lang=en", "verify", "a"]),
        (["verify", "--", "--json"], ["verify", "--", "--json"]),
        (["--json", "doctor"], ["--json", "doctor"]),
        (["doctor", "--home"], ["--home", "doctor"]),
    ],
)
def test_global_options_may_stand_anywhere(given, expected):
    assert hoisted(given) == expected


def test_an_error_is_one_line_a_code_and_a_hint_on_stderr(antin, tmp_path):
    ran = antin("--home", tmp_path / "none", "cert", "list")
    assert (ran.status, ran.out, ran.code) == (3, "", "cli.no_home")
    assert re.fullmatch(r"error: .+ \[cli\.no_home\]\nhint: .+\n", ran.err)


def test_an_error_in_vietnamese_has_the_same_code(antin, tmp_path):
    ran = antin("--home", tmp_path / "none", "cert", "list", language=Language.VI)
    assert ran.code == "cli.no_home"
    assert "nơi làm việc" in ran.err


def test_an_error_with_json_is_one_object_on_stdout(antin, tmp_path):
    ran = antin("--home", tmp_path / "none", "cert", "list", "--json")
    assert ran.status == 3
    assert set(json.loads(ran.out)["error"]) == {"code", "message", "hint"}


def test_verbose_shows_where_an_error_came_from_and_keeps_the_status(antin, tmp_path):
    ran = antin("--home", tmp_path / "none", "cert", "list", "-v")
    assert ran.status == 3
    assert "Traceback" in ran.err
    assert "Traceback" not in antin("--home", tmp_path / "none", "cert", "list").err


def test_wrong_usage_is_status_2(antin):
    assert antin("cert", "frobnicate").status == 2
    assert antin("--lang", "xx", "doctor").status == 2


def test_the_program_runs_as_a_process_of_its_own():
    command = [sys.executable, "-m", "cli.app"]
    code = "from cli.app import main; main()"
    done = subprocess.run(
        [*command[:1], "-c", code, "--lang", "en", "profile", "list", "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    names = [one["name"] for one in json.loads(done.stdout)["profiles"]]
    assert {"root", "issuing", "official", "agency", "ocsp", "timestamp"} <= set(names)


def test_key_types_are_those_of_pki():
    assert get_args(KeyTypeName) == tuple(KeyType)


def test_heavy_libraries_are_not_loaded_for_help():
    """What `antin --help` may cost is bounded by what it imports."""
    heavy = ("pyhanko", "sqlmodel", "sqlalchemy", "cryptography", "pkcs11", "pydantic", "starlette")
    code = f"import sys, cli.app; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
