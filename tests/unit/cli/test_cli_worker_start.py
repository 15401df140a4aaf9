"""What a signing process does before it is let in."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from cli.documents.sign_wishes import SignWishes
from cli.documents.sign_worker import WorkOrder, prepare
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


def test_it_loads_what_signing_needs_and_leaves_what_is_wrong_to_the_first_document(tmp_path: Path):
    session = Session(Language.EN, home=tmp_path / "home")
    order = WorkOrder(session, SignWishes(display="no such display"), (), Existing.REFUSE)
    payload = pickle.dumps(order)
    with pytest.raises(PKIError):
        prepare(payload)
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
