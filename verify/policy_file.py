"""Policies as files: read once, everything that is wrong with one found before it judges anything.

A file may be based on a policy that comes with Antin and say only what differs: tables are laid
over that policy's, lists and values take the place of its own.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from verify.errors import PolicyFileError
from verify.policy import Policy, built_in_policies, read_built_in
from verify.policy_check import check_policy

MAX_BYTES = 256 * 1024
_BASE = "based_on"


def load_policy(name_or_path: str) -> Policy:
    """Return a policy by its name among those Antin carries, or from a file of up to 256 KiB.

    Raises:
        PolicyFileError: no such policy, or it cannot be read.
        PolicyAlgorithmUnknownError, PolicyContradictionError, PolicyRulesOverlapError: see
            `parse_policy`.
    """
    if name_or_path in built_in_policies():
        return parse_policy(read_built_in(name_or_path), name=name_or_path)
    try:
        with Path(name_or_path).open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        text = content.decode("utf-8-sig")
    except (OSError, ValueError) as error:  # a null character in a name is a ValueError
        raise PolicyFileError(name=name_or_path, reason=str(error)) from error
    if len(content) > MAX_BYTES:
        raise PolicyFileError(name=name_or_path, reason=f"> {MAX_BYTES} bytes")
    return parse_policy(text.replace("\r\n", "\n"), name=name_or_path)


def parse_policy(text: str, *, name: str) -> Policy:
    """Read a policy from TOML text.

    Raises:
        PolicyFileError: not TOML, a key that is unknown or missing, a value out of bounds.
        PolicyAlgorithmUnknownError: it names an algorithm that nothing here can verify.
        PolicyContradictionError: one part of it says what another denies.
        PolicyRulesOverlapError: two rules of law are in force for the same signatures of one day.
    """
    try:
        policy = Policy.model_validate(_with_base(tomllib.loads(text), name))
    except (tomllib.TOMLDecodeError, ValidationError, RecursionError) as error:
        raise PolicyFileError(name=name, reason=str(error)) from error
    check_policy(policy, name=name)
    return policy


def _with_base(tables: dict[str, Any], name: str) -> dict[str, Any]:
    base = tables.pop(_BASE, None)
    if base is None:
        return tables
    if base not in built_in_policies():
        raise PolicyFileError(name=name, reason=f"{_BASE}: {base!r}")
    below = _with_base(tomllib.loads(read_built_in(base)), base)
    return _laid_over(below, tables)


def _laid_over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        if isinstance(under, dict) and isinstance(value, dict):
            merged[key] = _laid_over(under, value)
        else:
            merged[key] = value
    return merged
