"""Builds Kryoptic, a software token of PKCS #11 3.2 that has ML-DSA; SoftHSM 2.6.1 is older.

Source and OpenSSL come from crates.io through cargo, once a machine: five minutes on two cores.
The result is kept in the user's cache. Nothing of it is part of Antin.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from filelock import FileLock

VERSION = "1.5.4"
OLDEST_CARGO = (1, 85)  # the first that knows edition 2024
LIBRARY = "libkryoptic_pkcs11.so"
BUILD_SECONDS = 1500

MANIFEST = f"""\
[package]
name = "second-token"
version = "0.0.0"
edition = "2021"

[dependencies]
kryoptic = {{ version = "={VERSION}", default-features = false, features = ["standard", "pqc"] }}
kryoptic-lib = {{ version = "={VERSION}", default-features = false, features = ["openssl-sys"] }}
ossl = {{ version = "={VERSION}", default-features = false, features = ["openssl-sys"] }}
openssl-sys = {{ version = "0.9.118", features = ["vendored"] }}
rusqlite = {{ version = "0.38", features = ["bundled"] }}
"""
"""OpenSSL 3.5 is the first with ML-DSA; `vendored` compiles one of at least 3.6."""


def build_kryoptic(cargo: Path) -> Path:
    """Return the module, built if this machine has none yet; skips where it cannot be built."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(base) / "antin-tests" / f"kryoptic-{VERSION}"
    folder.mkdir(parents=True, exist_ok=True)
    module = folder / LIBRARY
    with FileLock(folder / "lock", timeout=BUILD_SECONDS):  # one worker builds, the others wait
        if not module.exists():
            _check_tools(cargo)
            _build(cargo, folder / "build", module)
    return module


def _check_tools(cargo: Path) -> None:
    told = subprocess.run([cargo, "--version"], capture_output=True, text=True, check=True).stdout
    if tuple(map(int, told.split()[1].split(".")[:2])) < OLDEST_CARGO:
        pytest.skip(f"{told.strip()} is too old: `make setup` installs another")
    places = (
        Path("/usr/lib").glob("llvm-*/lib/libclang*.so*"),
        Path("/usr/lib64").glob("libclang*"),
    )
    if "LIBCLANG_PATH" not in os.environ and not any(path for place in places for path in place):
        pytest.skip("libclang is not installed: `make setup` installs it")


def _build(cargo: Path, folder: Path, module: Path) -> None:
    (folder / "src").mkdir(parents=True, exist_ok=True)
    (folder / "src" / "lib.rs").write_text("", "utf-8")
    (folder / "Cargo.toml").write_text(MANIFEST, "utf-8")
    # libclang alone brings no headers of the C language; the compiler has them.
    headers = ["cc", "-print-file-name=include"]
    include = subprocess.run(headers, capture_output=True, text=True, check=True).stdout.strip()
    done = subprocess.run(
        [cargo, "build", "--release", "--quiet", "--package", "kryoptic"],
        cwd=folder,
        env={**os.environ, "BINDGEN_EXTRA_CLANG_ARGS": f"-I{include}"},
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    shutil.copy(folder / "target" / "release" / LIBRARY, module)
    shutil.rmtree(folder)  # a third of a gigabyte
