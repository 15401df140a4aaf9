"""Windows and macOS, as far as another system can try them.

- The type checker reads all five packages as for Windows and for macOS: a function, constant or
  module that the other system lacks is an error, unless a check of `sys.platform` stands before it.
- What types do not show is read from the syntax trees: arguments, device files, methods of forking,
  codes of `strftime`, and text files opened in whatever encoding the system likes.
- Every module is imported in a process that takes itself for the other system: `sys.platform` and
  `os.name` say so, and what only POSIX has is missing. Libraries of others are loaded before,
  because their compiled halves are this system's. So this shows that no import of ours needs
  POSIX; it does not show what Windows' own paths, consoles, locks and PKCS#11 modules do.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from platformdirs.macos import MacOS
from platformdirs.windows import Windows, get_win_folder_from_env_vars
from test_house_sources import (
    PACKAGES,
    POSIX_MODULES,
    POSIX_NAMES,
    named_for_posix,
    names_used,
    posix_only,
    sources,
    tree_of,
)

from cli.homes.home import home_directory

SYSTEMS = {"win32": "nt", "darwin": "posix"}

POSIX_ARGUMENTS = frozenset(
    {"preexec_fn", "pass_fds", "process_group", "extra_groups", "umask", "dir_fd"}
)
# `start_new_session` is not among them: Windows takes it and does nothing.
POSIX_METHODS = frozenset({"add_signal_handler", "lchmod"})
DEVICES = re.compile(r"/(dev|proc|sys)/.*")
GLIBC_CODES = re.compile(r"%-[a-zA-Z]")


# What the type checker sees


def types_on(system: str, folder: Path, *what: str) -> subprocess.CompletedProcess[str]:
    """Read packages or files as for another system; statements it never reaches are no error."""
    options = ("--platform", system, "--no-warn-unreachable", "--no-incremental")
    return subprocess.run(
        [sys.executable, "-m", "mypy", *options, *what],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


@pytest.mark.parametrize("system", SYSTEMS)
def test_nothing_is_used_that_the_other_system_lacks(checkout, system):
    done = types_on(system, checkout)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("line", "systems"),
    [
        ("os.killpg(1, 9)", {"win32"}),
        ("os.geteuid()", {"win32"}),
        ("signal.SIGKILL", {"win32"}),
        ("socket.AF_UNIX", {"win32"}),
        ("select.poll()", {"win32"}),
        ("os.O_NOFOLLOW", {"win32"}),
        ("os.sched_getaffinity(0)", {"win32", "darwin"}),
        ("ctypes.windll", {"darwin"}),
        ("os.replace('a', 'b')", set()),
    ],
)
def test_a_planted_name_is_seen_on_the_system_that_lacks_it(tmp_path, line, systems):
    (tmp_path / "planted.py").write_text(
        f"import ctypes, os, select, signal, socket\n{line}\n", encoding="utf-8"
    )
    for system in SYSTEMS:
        done = types_on(system, tmp_path, "planted.py")
        assert (done.returncode != 0) is (system in systems), done.stdout


# What syntax trees show


def not_portable(tree: ast.Module) -> Iterator[str]:
    """Give what a tree does that only POSIX does, beyond what types show."""
    documented = {id(one.body[0].value) for one in ast.walk(tree) if _has_docstring(one)}  # type: ignore[attr-defined]
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr=name)) if name in POSIX_METHODS:
                yield f"{node.lineno}: .{name}()"
            case ast.Call(
                func=ast.Attribute(
                    value=ast.Name(id="multiprocessing"), attr="get_context" | "set_start_method"
                ),
                args=given,
            ):
                if [one.value for one in given if isinstance(one, ast.Constant)] != ["spawn"]:
                    yield f"{node.lineno}: a process that is not spawned"
            case ast.keyword(arg=str(name)) if name in POSIX_ARGUMENTS:
                yield f"{node.lineno}: {name}="
            case ast.Constant(value=str(text)) if id(node) not in documented:
                if DEVICES.fullmatch(text) or GLIBC_CODES.search(text):
                    yield f"{node.lineno}: {text!r}"


def _has_docstring(node: ast.AST) -> bool:
    kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    return isinstance(node, kinds) and ast.get_docstring(node, clean=False) is not None


def encoding_left_open(tree: ast.Module) -> Iterator[str]:
    """Give the calls that open text without saying in which encoding."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
        said = {keyword.arg for keyword in node.keywords}
        if "encoding" in said or None in said:
            continue
        if _opens_text(node, name, said):
            yield f"{node.lineno}: {ast.unparse(node)}"


def _opens_text(call: ast.Call, name: str, said: set[str | None]) -> bool:
    words = [one.value for one in call.args if isinstance(one, ast.Constant)]
    match name:
        case "read_text":  # Path's and Traversable's: the encoding may come first, without its name
            return not call.args
        case "write_text":
            return len(call.args) < 2
        case "fdopen" | "open" if not said & {"opener", "rw"}:
            modes = [word for word in words if re.fullmatch(r"[rwxab+t]{1,4}", str(word))]
            modes += [str(_given(call, "mode"))] if "mode" in said else []
            is_file = bool(modes) or (name == "open" and isinstance(call.func, ast.Name))
            return is_file and not any("b" in str(mode) for mode in modes)
        case "run" | "Popen" | "check_output":
            return bool(said & {"text", "universal_newlines"})
        case "TextIOWrapper" | "NamedTemporaryFile" | "TemporaryFile":
            return name == "TextIOWrapper" or "b" not in str(_given(call, "mode") or "w+b")
        case _:
            return False


def _given(call: ast.Call, name: str) -> object:
    for keyword in call.keywords:
        if keyword.arg == name and isinstance(keyword.value, ast.Constant):
            return keyword.value.value
    return None


def unguarded(tree: ast.Module) -> Iterator[str]:
    """Give what a file named for POSIX uses where no check of the system stands before it."""
    for node in tree.body:
        checks = "sys.platform" in names_used(ast.Module([node], []))
        used = posix_only(ast.Module([node], []))
        if used and not checks:
            yield f"{getattr(node, 'name', 'at import')}: {sorted(used)}"


def test_nothing_is_portable_in_name_only(checkout):
    found = {
        str(file.relative_to(checkout)): seen
        for file in sources(checkout)
        if not named_for_posix(file) and (seen := [*not_portable(tree_of(file))])
    }
    assert not found


@pytest.mark.parametrize(
    "line",
    [
        "Popen(['x'], preexec_fn=print)",
        "run(['x'], pass_fds=(3,))",
        "open('/dev/null')",
        "Path('/proc/self/status')",
        "multiprocessing.get_context('fork')",
        "multiprocessing.get_context()",
        "multiprocessing.set_start_method('forkserver')",
        "loop.add_signal_handler(2, print)",
        "day.strftime('%-d/%m/%Y')",
        "f'{day:%-d}'",
    ],
)
def test_a_planted_habit_of_posix_is_seen(line):
    assert [*not_portable(ast.parse(line))]


@pytest.mark.parametrize(
    "line",
    [
        "'''/dev/null is not opened.'''",
        "def f():\n    '''/proc/self/status'''",
        "multiprocessing.get_context('spawn')",
        "op.get_context()",
        "Path('/usr/lib/softhsm')",
        "day.strftime('%d/%m/%Y')",
        "f'{share:.1%} - {rest}'",
        "match.group(1)",
    ],
)
def test_portable_habits_are_not_accused(line):
    assert not [*not_portable(ast.parse(line))]


def test_every_text_is_opened_in_an_encoding_that_is_said(checkout):
    found = {
        str(file.relative_to(checkout)): left_open
        for file in sources(checkout)
        if (left_open := [*encoding_left_open(tree_of(file))])
    }
    assert not found


@pytest.mark.parametrize(
    ("line", "left_open"),
    [
        ("open(path)", True),
        ("open(path, 'w')", True),
        ("path.open('r')", True),
        ("path.open(mode='w')", True),
        ("os.fdopen(3, 'w')", True),
        ("path.read_text()", True),
        ("path.write_text(text)", True),
        ("subprocess.run(['x'], text=True)", True),
        ("io.TextIOWrapper(raw)", True),
        ("NamedTemporaryFile(mode='w')", True),
        ("open(path, 'rb')", False),
        ("open(path, encoding='utf-8')", False),
        ("open(path, 'xb', opener=opener)", False),
        ("path.open('rb')", False),
        ("path.open(mode='xb')", False),
        ("os.fdopen(3, 'wb')", False),
        ("path.read_text('utf-8')", False),
        ("path.write_text(text, 'utf-8')", False),
        ("token.open(rw=True)", False),
        ("private.open()", False),
        ("subprocess.run(['x'], text=True, encoding='utf-8')", False),
        ("subprocess.run(['x'])", False),
        ("NamedTemporaryFile()", False),
    ],
)
def test_a_planted_text_without_encoding_is_seen(line, left_open):
    assert bool([*encoding_left_open(ast.parse(line))]) is left_open


def test_files_named_for_posix_ask_for_the_system_first(checkout):
    named = [file for file in sources(checkout) if named_for_posix(file)]
    assert named
    assert not {file.name: seen for file in named if (seen := [*unguarded(tree_of(file))])}


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("import fcntl", True),
        ("def f():\n    os.killpg(1, 9)", True),
        ("if sys.platform != 'win32':\n    import fcntl", False),
        ("def f():\n    if sys.platform != 'win32':\n        os.killpg(1, 9)", False),
        ("def f():\n    os.replace('a', 'b')", False),
    ],
)
def test_a_planted_use_without_its_check_is_seen(text, seen):
    assert bool([*unguarded(ast.parse(text))]) is seen


# What runs


DISGUISED = """
import importlib, json, os, pkgutil, re, signal, socket, sys, types

PACKAGES, POSIX_MODULES, POSIX_NAMES, SYSTEM, NAME = json.loads(sys.argv[1])

def modules():
    for package in PACKAGES:
        yield package
        path = importlib.import_module(package).__path__
        yield from (module.name for module in pkgutil.walk_packages(path, package + "."))

names = [*modules()]
for name in names:
    importlib.import_module(name)           # brings in what others wrote, as this system has it
for name in [*sys.modules]:
    if name.partition(".")[0] in PACKAGES:
        del sys.modules[name]
if "sqlmodel" in sys.modules:               # it remembers tables by their names
    sys.modules["sqlmodel"].SQLModel.metadata.clear()

def without_posix(module):
    kept = {
        name: value
        for name, value in vars(module).items()
        if not re.fullmatch(POSIX_NAMES, f"{module.__name__}.{name}")
    }
    disguise = types.ModuleType(module.__name__)
    vars(disguise).update(kept)
    return disguise

if NAME == "nt":
    for name in POSIX_MODULES:
        sys.modules[name] = None            # importing it is an ImportError
    for name in ("os", "signal", "socket"):
        sys.modules[name] = without_posix(sys.modules[name])
    sys.modules["os"].name = "nt"
sys.platform = SYSTEM

failed = {}
for name in names:
    try:
        importlib.import_module(name)
    except Exception as error:
        failed[name] = repr(error)

import os
from pathlib import Path
from hsm.posix import keep_private, kill_group, others_may_read
from pki.atomic import write_atomically

target = Path(sys.argv[2])
write_atomically(target, b"1", overwrite=False)
write_atomically(target, b"2", overwrite=True)
keep_private(target)
print(json.dumps({
    "failed": failed,
    "imported": len(names) - len(failed),
    "os": [os.name, hasattr(os, "killpg")],
    "modes": others_may_read(target.stat()),
    "groups": NAME == "nt" and kill_group(1),
}))
"""


@pytest.mark.parametrize(("system", "name"), SYSTEMS.items())
def test_every_module_imports_in_a_process_disguised_as(checkout, tmp_path, system, name):
    told = json.dumps([PACKAGES, sorted(POSIX_MODULES), POSIX_NAMES.pattern, system, name])
    done = subprocess.run(
        [sys.executable, "-c", DISGUISED, told, str(tmp_path / "tệp")],
        cwd=checkout,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["failed"] == {}
    assert said["imported"] == len([*sources(checkout)])
    assert said["os"] == [name, name == "posix"]
    assert (said["modes"], said["groups"]) == (False, False)
    assert (tmp_path / "tệp").read_bytes() == b"2"


def test_the_disguise_is_seen_through_by_an_import_that_needs_posix(checkout, tmp_path):
    """Its twin: a package that takes `fcntl` or `os.killpg` at import fails there."""
    for name, line in {
        "wants_module": "import fcntl",
        "wants_name": "from os import killpg",
    }.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(f"{line}\n", encoding="utf-8")
        told = json.dumps([[name], sorted(POSIX_MODULES), POSIX_NAMES.pattern, "win32", "nt"])
        done = subprocess.run(
            [sys.executable, "-c", DISGUISED, told, str(tmp_path / f"{name}.bin")],
            cwd=tmp_path,
            env={"PYTHONPATH": os.pathsep.join((str(tmp_path), str(checkout)))},
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        assert json.loads(done.stdout)["failed"].keys() == {name}, done.stderr


@pytest.mark.parametrize(
    ("system", "variable", "value", "expected"),
    [
        (Windows, "LOCALAPPDATA", "C:/Users/An/AppData/Local", "C:/Users/An/AppData/Local/antin"),
        (MacOS, "HOME", "/Users/an", "/Users/an/Library/Application Support/antin"),
    ],
)
def test_the_home_lies_where_the_system_keeps_data(monkeypatch, system, variable, value, expected):
    """Local and not roaming on Windows: keys do not wander from machine to machine."""

    def user_data_path(name: str, *, appauthor: bool) -> Path:
        return Path(system(name, appauthor=appauthor).user_data_path)

    monkeypatch.setattr("platformdirs.windows._RESOLVE_WIN_FOLDER", get_win_folder_from_env_vars)
    monkeypatch.setenv(variable, value)
    monkeypatch.setattr("platformdirs.user_data_path", user_data_path)
    monkeypatch.delenv("ANTIN_HOME", raising=False)
    assert home_directory(None).as_posix() == expected
