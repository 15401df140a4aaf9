"""Ctrl-C in the middle of a folder: what is judged is told, and no process stays."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from unit.verify.verify_pki import make_document

from cli.documents.many import MANY

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


def running(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_an_interrupted_folder_leaves_no_process_behind(tmp_path):
    folder = tmp_path / "incoming"
    folder.mkdir()
    for number in range(MANY * 40):
        (folder / f"{number:04}.pdf").write_bytes(make_document("B-LTA"))
    # As at a terminal: what a shell runs in the background is told to let Ctrl-C pass.
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    start = f"{heard}; from cli.app import main; main()"
    program = [sys.executable, "-c", start, "--home", tmp_path / "h"]
    process = subprocess.Popen(
        [*program, "verify", folder, "--offline", "--json-lines"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    first = process.stdout.readline()
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode not in {0, 10, 11}, err
    assert "Traceback" not in err
    lines = [json.loads(line) for line in (first + out).splitlines()]
    names = [line["document"]["name"] for line in lines]
    assert names == [f"{number:04}.pdf" for number in range(len(names))]
    assert len(names) < MANY * 40
    deadline = time.monotonic() + 20
    while running(process.pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not running(process.pid)
