"""Several processes at one embedded store: SoftHSM rewrites a token's file at every login."""

import subprocess
import sys

import pytest
from hsm_world import USER_PIN, right_pin

from hsm import embedded as embedded_module
from hsm.embedded import EmbeddedTokens, FilesLock
from hsm.errors import EmbeddedBusyError
from hsm.keys import open_key
from hsm.loading import close_modules
from pki.keys import KeyType, sign_data

USE = """
import sys
from pathlib import Path
from hsm.embedded import EmbeddedTokens
from hsm.keys import open_key
from hsm.pin import GivenPinSource, Pin
from hsm.uri import KeyURI
from pki.keys import sign_data
module = EmbeddedTokens(Path(sys.argv[1])).module()
key = open_key(KeyURI.parse(sys.argv[2]), (module,), GivenPinSource(Pin(sys.stdin.read())))
print(len({sign_data(key, bytes([number])) for number in range(20)}))
"""


def test_processes_that_log_in_at_once_all_sign(token_directory, key_uri):
    """Without the lock on the files about one in ten fails."""
    uri = str(key_uri(KeyType.EC_P256))
    pin = USER_PIN.reveal()
    for _ in range(4):
        running = [
            subprocess.Popen(
                [sys.executable, "-c", USE, str(token_directory), uri],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(5)
        ]
        ended = [one.communicate(pin, timeout=120) for one in running]
        assert [out.strip() for out, _ in ended] == ["20"] * 5, ended


@pytest.fixture
def impatient(token_directory, monkeypatch):
    """A store whose lock is waited for briefly."""
    close_modules()
    monkeypatch.setattr(embedded_module, "LOCK_WAIT_SECONDS", 0.2)
    yield EmbeddedTokens(token_directory)
    close_modules()


def test_files_that_another_keeps_are_waited_for_and_then_said_to_be_busy(
    token_directory, impatient, key_uri
):
    """A key that is open goes on signing: a signature reads no file that a login rewrites."""
    module = impatient.module()
    key = open_key(key_uri(KeyType.EC_P256), (module,), right_pin())
    another = FilesLock(token_directory.resolve())
    with another:
        assert sign_data(key, b"goes on")
        with pytest.raises(EmbeddedBusyError) as caught:
            module.tokens()
        assert caught.value.facts == {"directory": token_directory.resolve()}
        with pytest.raises(EmbeddedBusyError):
            EmbeddedTokens(token_directory).module()
    assert module.tokens()
