"""What a signing process does before it is let in."""

from __future__ import annotations

import gc
import os
import pickle
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from cli.documents.sign_wishes import SignWishes
from cli.documents.sign_worker import WorkOrder, prepare
from cli.documents.worker_start import begin_worker
from cli.session import Session
from pki.errors.tree import PKIError
from pki.words import Language
from signing.files import Existing

BEGINS = """
import gc, sys
from cli.documents.worker_start import begin_worker
begin_worker(bytes.fromhex(sys.argv[1]))
for name in ("cli.documents.sign_worker", "signing.sign", "aiohttp.client", "asyncio"):
    print(name in sys.modules)
print(gc.get_freeze_count() > 10_000)
"""


@pytest.fixture
def payload(tmp_path: Path) -> bytes:
    """An order with something wrong in it."""
    session = Session(Language.EN, home=tmp_path / "home")
    order = WorkOrder(session, SignWishes(display="no such display"), (), Existing.REFUSE)
    return pickle.dumps(order)


def test_what_is_wrong_is_left_to_the_first_document(
    payload: bytes, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    monkeypatch.setitem(sys.modules, "aiohttp", sys.modules.get("aiohttp", ModuleType("aiohttp")))
    thresholds = gc.get_threshold()
    try:
        begin_worker(payload)
        assert gc.get_threshold() != thresholds
    finally:
        gc.unfreeze()
        gc.set_threshold(*thresholds)
    with pytest.raises(PKIError):
        prepare(payload)


def test_it_loads_what_signing_needs_and_nothing_else(payload: bytes):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_")}
    done = subprocess.run(
        [sys.executable, "-c", BEGINS, payload.hex()],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["True", "True", "False", "False", "True"]
