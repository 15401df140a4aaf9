"""What every source file of the five packages keeps to, read from its syntax tree.

Nothing POSIX-only outside files named for it; an `__init__.py` is a docstring.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGES = ("pki", "hsm", "signing", "verify", "cli")
POSIX_MODULES = frozenset(
    {"crypt", "fcntl", "grp", "posix", "pty", "pwd", "resource", "spwd", "syslog", "termios", "tty"}
)
POSIX_NAMES = re.compile(
    r"os\.(f?chmod|[fl]?chown|chroot|fork(pty)?|get(e?[ug]id|groups|pgid)|set([ug]id|sid)|killpg"
    r"|mk(fifo|nod)|nice|openpty|posix_spawn|sched_\w+|statvfs|umask|wait(pid)?|register_at_fork"
    r"|O_(DIRECTORY|NOFOLLOW|CLOEXEC))"
    r"|signal\.(SIG(ALRM|HUP|KILL|USR[12])|alarm|pthread_\w+|setitimer)|socket\.AF_UNIX"
)


def sources(checkout: Path) -> Iterator[Path]:
    """Give every Python file of the five packages."""
    for package in PACKAGES:
        yield from sorted((checkout / package).rglob("*.py"))


def tree_of(file: Path) -> ast.Module:
    """Return the syntax tree of `file`."""
    return ast.parse(file.read_text(encoding="utf-8"), filename=str(file))


def imported(tree: ast.Module) -> set[str]:
    """Return the top-level names of all imported modules."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


def names_used(tree: ast.Module) -> Iterator[str]:
    """Give every `module.name` that `tree` speaks of."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield f"{node.value.id}.{node.attr}"
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def posix_only(tree: ast.Module) -> set[str]:
    """Return what `tree` uses that Windows does not have."""
    methods = {
        f".{node.func.attr}()"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    return (
        imported(tree) & POSIX_MODULES
        | {name for name in names_used(tree) if POSIX_NAMES.fullmatch(name)}
        | methods & {".chmod()", ".mkfifo()"}
    )


def named_for_posix(file: Path) -> bool:
    """Say whether the file's name tells that it is for POSIX alone."""
    return "posix" in file.stem.split("_")


def test_nothing_is_posix_only_outside_files_named_for_it(checkout):
    found = {
        str(file.relative_to(checkout)): sorted(used)
        for file in sources(checkout)
        if not named_for_posix(file) and (used := posix_only(tree_of(file)))
    }
    assert not found, "officials' tokens are mostly on Windows: put this in a file named …posix.py"


@pytest.mark.parametrize(
    "line",
    [
        "import fcntl",
        "from pwd import getpwuid",
        "import os\nos.fork()",
        "from os import chmod",
        "from pathlib import Path\nPath('x').chmod(0o600)",
        "import signal\nsignal.signal(signal.SIGHUP, None)",
    ],
)
def test_a_planted_posix_call_is_seen(line):
    assert posix_only(ast.parse(line))


def test_a_portable_file_is_not_accused():
    assert not posix_only(ast.parse("import os, signal\nos.replace('a', 'b')\nsignal.SIGINT\n"))


def test_every_init_is_a_docstring_and_nothing_else(checkout):
    for file in sources(checkout):
        if file.name == "__init__.py":
            tree = tree_of(file)
            assert ast.get_docstring(tree), f"{file} has no docstring"
            assert len(tree.body) == 1, f"{file} holds more than its docstring"


def test_every_folder_of_modules_is_a_package(checkout):
    bare = {
        str(file.parent.relative_to(checkout))
        for file in sources(checkout)
        if not (file.parent / "__init__.py").exists()
    }
    assert not bare
