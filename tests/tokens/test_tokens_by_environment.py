"""The suite on another module, named as tests/README.md says: p11-kit's proxy over SoftHSM."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tokens_world import MODULE, open_token

from hsm.embedded import CONFIGURATION, find_softhsm
from hsm.loading import close_modules

PROXIES = (
    "/usr/lib/x86_64-linux-gnu/p11-kit-proxy.so",
    "/usr/lib/aarch64-linux-gnu/p11-kit-proxy.so",
    "/usr/lib64/p11-kit-proxy.so",
    "/opt/homebrew/lib/p11-kit-proxy.dylib",
)
SUITE = Path(__file__).with_name("test_tokens.py")


def run_suite(home: Path, module: str, pin: str, serial: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "SOFTHSM2_CONF": str(home / "softhsm" / CONFIGURATION),
        "ANTIN_TEST_MODULE": module,
        "ANTIN_TEST_TOKEN": f"pkcs11:serial={serial}",
        "ANTIN_TEST_PIN": pin,
        "ANTIN_TEST_SPEND_TRIES": "1",
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--no-cov", SUITE]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.mark.skipif(MODULE is not None, reason="the suite is on a token of yours already")
def test_the_suite_passes_on_p11_kits_proxy_and_would_fail_with_a_wrong_pin(tmp_path):
    proxy = next((one for one in PROXIES if Path(one).exists()), None)
    if proxy is None:
        pytest.skip("p11-kit's proxy module is not installed: `make setup` installs it")
    serial = open_token(tmp_path / "softhsm").token.serial
    close_modules()
    modules = tmp_path / ".config" / "pkcs11" / "modules"
    modules.mkdir(parents=True)
    (modules.parent / "pkcs11.conf").write_text("user-config: only\n", "utf-8")
    (modules / "softhsm.module").write_text(f"module: {find_softhsm()}\n", "utf-8")
    done = run_suite(tmp_path, proxy, "246810", serial)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "skipped" not in done.stdout
    refused = run_suite(tmp_path, proxy, "135791", serial)
    assert refused.returncode == 1
    assert "hsm.wrong_pin" in refused.stdout
