"""The failing module of `tests/shim` behind a home: tokens that lock, PIN pads, removals."""

from __future__ import annotations

import sys
from pathlib import Path

# Behind everything else: `conftest` must stay this folder's own.
sys.path.append(str(Path(__file__).resolve().parents[1] / "unit" / "hsm"))

import hsm_shim_token
from hsm_shim import CKR, Shim, Workshop
from hsm_shim_token import EC_ID, LABEL, RSA_ID
from hsm_world import SO_PIN, USER_PIN, certify

__all__ = [
    "CKR",
    "EC_ID",
    "LABEL",
    "OFFICER",
    "PIN",
    "RSA_ID",
    "Shim",
    "Workshop",
    "certify",
    "configure",
    "hsm_shim_token",
    "key_address",
]

PIN, OFFICER = USER_PIN.reveal(), SO_PIN.reveal()


def configure(home: Path, *modules: Path, more: str = "") -> Path:
    """Make a home that has these modules and nothing else."""
    home.mkdir(exist_ok=True)
    names = ", ".join(f"'{module}'" for module in modules)
    (home / "antin.toml").write_text(
        f"[tokens]\nmodules = [{names}]\nsearch = false\n{more}", "utf-8"
    )
    return home


def key_address(key_id: bytes) -> str:
    """Return the address of a key of the shim's token."""
    from hsm.uri import KeyURI

    return str(KeyURI(token=LABEL, id=key_id))
