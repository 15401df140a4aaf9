"""The JSON Schema of reports, from the file beside; who reads reports can check them by it.

Spec: JSON Schema 2020-12.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

FILE = "antin.verify-1.schema.json"


@cache
def report_schema() -> dict[str, Any]:
    """Return the schema of what `verify.render.json.to_json` makes."""
    text = (files("verify.render") / FILE).read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema
