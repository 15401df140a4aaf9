"""A whole installation judged by EU DSS: our authority, services, token, signature."""

from __future__ import annotations

import datetime as dt
import json
import urllib.request

import pytest
from cli_runs import serving
from peers.maven import made, run

from pki.clock import SystemClock

LEVELS = {
    "B-B": "PAdES_BASELINE_B",
    "B-T": "PAdES_BASELINE_T",
    "B-LT": "PAdES_BASELINE_LT",
    "B-LTA": "PAdES_BASELINE_LTA",
}


@pytest.mark.long
def test_dss_passes_what_an_installation_signs_at_every_level(
    antin, demo_home, letter, peer, tmp_path
):
    folder = tmp_path / "asked"
    for name in ("documents", "anchors", "crls"):
        (folder / name).mkdir(parents=True)
    with serving(demo_home) as address:
        for level in LEVELS:
            target = folder / "documents" / level
            ran = antin("--home", demo_home, "sign", letter, "-o", target, "--level", level)
            assert ran.status == 0, ran
        for name in ("root", "issuing"):
            with urllib.request.urlopen(f"{address}/crl/{name}.crl", timeout=10) as answer:
                (folder / "crls" / name).write_bytes(answer.read())
    root = (demo_home / "authorities" / "root.pem").read_bytes()
    (folder / "anchors" / "root").write_bytes(root)
    time = f"{SystemClock().now() + dt.timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}"
    done = run(made("dss", peer), "Verdict", str(folder), time)
    assert not done.returncode, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    said = {
        each["name"]: [(one["level"], one["indication"]) for one in each["signatures"]]
        for each in answers
    }
    assert said == {level: [(named, "TOTAL_PASSED")] for level, named in LEVELS.items()}
    remarks = [
        text
        for each in answers
        for one in [*each["signatures"], *each["timestamps"]]
        for text in [*one["errors"], *one["warnings"]]
    ]
    assert remarks == []
