"""The layers hold: each forbidden import, planted in a copy of the tree, makes `lint-imports` fail.

Every plant has its twin: the copy without it passes, and so does the same import in the place it
is meant for.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PACKAGES = ("pki", "hsm", "signing", "verify", "cli")
LAYERS = "Imports point down; siblings do not know each other"
RELYING = "A relying party needs no token, no register, no authority"
AUTHORITY = "The authority does not know its register"
PKCS11 = "PKCS#11 lives in hsm"
SQL = "SQL lives in pki.register"
PYHANKO = "pyHanko lives in signing and verify"
VALIDATOR = "pyHanko's own validator judges nothing here"
ASN1 = "asn1crypto lives at pyHanko's side and in one file a package"
TYPER = "Typer and rich live in cli"
ASGI = "The ASGI framework lives in the http modules and cli"
PDFIUM = "PDFium is loaded in a process of its own"
XML = "XML from outside is read in one place"
CYCLES = "No cycles inside a package"

UPWARD = {
    "pki": ("hsm", "verify", "signing", "cli"),
    "hsm": ("verify", "signing", "cli"),
    "verify": ("hsm", "signing", "cli"),
    "signing": ("cli",),
}
SQL_LIBRARIES = ("sqlmodel", "sqlalchemy", "alembic", "psycopg", "sqlite3")
HOMES = {
    (PKCS11, "pkcs11"): ("hsm",),
    **{(SQL, library): ("pki.register",) for library in SQL_LIBRARIES},
    (PYHANKO, "pyhanko.sign"): ("signing", "verify"),
    (VALIDATOR, "pyhanko_certvalidator"): (),
    (ASN1, "asn1crypto.cms"): ("signing", "verify"),
    (TYPER, "typer"): ("cli",),
    (TYPER, "rich.console"): ("cli",),
    (ASGI, "starlette.routing"): ("pki.http", "cli"),
    (ASGI, "uvicorn"): ("pki.http", "cli"),
}
"""Where a library may be imported; in every other package it is planted."""


def forbidden() -> Iterator[tuple[str, str, str]]:
    """Give contract, importing package and imported module of every forbidden import."""
    for package, above in UPWARD.items():
        yield from ((LAYERS, package, module) for module in above)
    for module in ("pki.authority", "pki.register", "pkcs11", "sqlmodel", "sqlalchemy"):
        yield RELYING, "verify", module
    for module in ("pki.register", "sqlmodel", "sqlalchemy"):
        yield AUTHORITY, "pki.authority", module
        yield AUTHORITY, "pki.profiles", module
    for package in ("cli", "signing", "signing.display"):
        yield PDFIUM, package, "pypdfium2"
    for package in ("cli", "verify", "verify.lists"):
        yield XML, package, "lxml.etree"
    for (contract, module), homes in HOMES.items():
        yield from ((contract, package, module) for package in PACKAGES if package not in homes)


def allowed() -> Iterator[tuple[str, str]]:
    """Give importing package and imported module of every import that has its home there."""
    for (_, module), homes in HOMES.items():
        yield from ((package, module) for package in homes)
    yield "verify", "pki.errors.tree"
    yield "signing", "verify.errors"
    yield "signing", "hsm"
    yield "cli", "pki.register"


@pytest.fixture(scope="module")
def tree(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the five packages and of the contracts."""
    copy = tmp_path_factory.mktemp("tree")
    shutil.copy(checkout / "pyproject.toml", copy)
    for package in PACKAGES:
        skip = shutil.ignore_patterns("__pycache__", "locale")
        shutil.copytree(checkout / package, copy / package, ignore=skip)
    return copy


@contextmanager
def planted(tree: Path, **modules: str) -> Iterator[None]:
    """Put modules (dots as double underscores) in the tree, and take them out again."""
    files = {tree / f"{name.replace('__', '/')}.py": text for name, text in modules.items()}
    for file, text in files.items():
        assert not file.exists()
        file.write_text(f'"""Planted."""\n\n{text}\n', encoding="utf-8")
    try:
        yield
    finally:
        for file in files:
            file.unlink()


def place(package: str, name: str = "planted") -> str:
    """Return the keyword of `planted` for a module in `package`."""
    return f"{package.replace('.', '__')}__{name}"


def lint(tree: Path) -> tuple[int, list[str]]:
    """Return the exit status of `lint-imports` in `tree` and the contracts it calls broken."""
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
    )
    assert " KEPT" in done.stdout, done.stdout + done.stderr
    broken = re.findall(r"^(.+) BROKEN\b", done.stdout, re.MULTILINE)
    return done.returncode, broken


def test_the_tree_as_it_is_keeps_every_contract(tree):
    assert lint(tree) == (0, [])


@pytest.mark.parametrize(("contract", "package", "module"), [*forbidden()])
def test_a_forbidden_import_breaks_its_contract(tree, contract, package, module):
    with planted(tree, **{place(package): f"import {module}"}):
        status, broken = lint(tree)
    assert status == 1
    assert contract in broken


@pytest.mark.parametrize(("package", "module"), [*allowed()])
def test_the_same_import_is_allowed_where_it_belongs(tree, package, module):
    with planted(tree, **{place(package): f"import {module}"}):
        assert lint(tree) == (0, [])


def test_a_relying_party_may_not_reach_the_register_through_another_module(tree):
    detour = {place("pki"): "import pki.register", place("verify"): "import pki.planted"}
    with planted(tree, **detour):
        status, broken = lint(tree)
    assert status == 1
    assert RELYING in broken


@pytest.mark.parametrize("package", ["pki", "hsm"])
def test_asn1crypto_has_one_file_in_a_package_without_pyhanko(tree, package):
    seam = tree / package / "_asn1.py"
    if not seam.exists():
        seam.write_text('"""Planted."""\n\nimport asn1crypto.core\n', encoding="utf-8")
    assert lint(tree) == (0, [])


@pytest.mark.parametrize("package", PACKAGES)
def test_a_cycle_inside_a_package_is_found(tree, package):
    circle = {
        place(package, "planted_left"): f"import {package}.planted_right",
        place(package, "planted_right"): f"import {package}.planted_left",
    }
    with planted(tree, **circle):
        status, broken = lint(tree)
    assert status == 1
    assert CYCLES in broken


def test_no_contract_is_without_a_plant(checkout):
    with (checkout / "pyproject.toml").open("rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    assert {contract["name"] for contract in contracts} == {
        *(contract for contract, _, _ in forbidden()),
        CYCLES,
    }
