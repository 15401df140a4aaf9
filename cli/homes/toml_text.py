"""Settings as `antin.toml` has them; `cli.homes.settings.parse_settings` reads them back."""

from __future__ import annotations

import json
from typing import Any

from cli.homes.settings import Settings


def to_toml(settings: Settings) -> str:
    """Return the settings as TOML; `parse_settings` gives them back."""
    lines: list[str] = []
    plain = settings.model_dump(mode="json", by_alias=True, exclude_none=True)
    _write_table(plain, "", lines)
    return "\n".join(lines).strip() + "\n"


_OF_TABLES = frozenset({"responders", "module", "timestamp", "key", "list"})
"""Lists of tables, empty unless somebody adds one."""


def _write_table(table: dict[str, Any], name: str, lines: list[str]) -> None:
    for key, value in table.items():
        if value == [] and key in _OF_TABLES:
            continue  # `key = []` would forbid the first `[[key]]` after it
        if not _is_table(value) and not _is_tables(value):
            lines.append(f"{_key(key)} = {_value(value)}")
    for key, value in table.items():
        path = f"{name}.{_key(key)}" if name else _key(key)
        if _is_table(value):
            lines += ["", f"[{path}]"]
            _write_table(value, path, lines)
        elif _is_tables(value):
            for item in value:
                lines += ["", f"[[{path}]]"]
                _write_table(item, path, lines)


def _is_table(value: object) -> bool:
    return isinstance(value, dict)


def _is_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _key(key: str) -> str:
    bare = key.isascii() and key.replace("_", "").replace("-", "").isalnum()
    return key if bare else _value(key)


def _value(value: object) -> str:
    # Of JSON's escapes TOML's basic strings lack only DEL as itself; the rest is the same text.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
