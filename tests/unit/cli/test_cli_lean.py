"""What the program leaves out stays out, and fails loudly where it is used."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import pytest

from cli.lean import LEFT_OUT, LeftOutError, leave_out_aiohttp

IMPORTS = """
import sys
from cli.lean import leave_out_aiohttp
leave_out_aiohttp()
import signing.extend, signing.later, signing.sign, verify.collect
from pyhanko.sign.timestamps import HTTPTimeStamper
print(sorted(name for name in sys.modules if name.split(".")[0] == "aiohttp"))
"""


def test_signing_and_judging_load_nothing_of_it():
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS], capture_output=True, text=True, check=True
    )
    assert done.stdout == "['aiohttp']\n"


def test_without_leaving_it_out_pyhanko_loads_it():
    """The twin: when this fails, pyHanko has changed and the file can go."""
    program = IMPORTS.replace("\nleave_out_aiohttp()", "")
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "aiohttp.client" in done.stdout


def test_what_is_used_of_it_fails(monkeypatch):
    monkeypatch.delitem(sys.modules, LEFT_OUT, raising=False)
    leave_out_aiohttp()
    empty = sys.modules[LEFT_OUT]
    with pytest.raises(LeftOutError, match="left out"):
        empty.ClientSession(timeout=1)
    with pytest.raises(LeftOutError):
        raise empty.ClientError
    assert issubclass(empty.ClientError, Exception)
    assert not hasattr(empty, "__path__")


def test_one_that_is_loaded_is_left_alone(monkeypatch):
    loaded = ModuleType(LEFT_OUT)
    monkeypatch.setitem(sys.modules, LEFT_OUT, loaded)
    leave_out_aiohttp()
    assert sys.modules[LEFT_OUT] is loaded
