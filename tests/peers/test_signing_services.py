"""The whole way of a document: a key on a SoftHSM token, services over loopback HTTP.

Nothing here is handed in: Antin's own responder, time-stamp authority and fetcher speak over a
socket, and the key signs in the token.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import uvicorn
from unit.signing.signing_world import World, make_pdf

from hsm.embedded import EmbeddedTokens
from hsm.errors import WrongPINError
from hsm.generate import generate_key
from hsm.keys import open_key
from hsm.loading import close_modules
from hsm.login import logout
from hsm.pin import Pin, PromptPinSource
from pki.http.app import PublicServices, build_app
from pki.keys import KeyType
from pki.timestamp import TimestampAuthority
from signing.batch.made import sign_file
from signing.display.profile import load_display
from signing.errors.standing import CertificateRevokedError
from signing.errors.times import TSAUnavailableError
from signing.key import SigningKey
from signing.options import Level, SigningOptions
from signing.services import SigningServices
from signing.sign import Signatory
from verify.fetcher import HTTPFetcher
from verify.policy import default_policy

PIN = "246810"
KINDS = {
    "rsa-pss": KeyType.RSA_2048,
    "rsa-pkcs1": KeyType.RSA_2048,
    "ec-p256": KeyType.EC_P256,
    "ec-p384": KeyType.EC_P384,
}


class Token:
    """A token with one key of each type, and a person who is asked for its PIN."""

    def __init__(self, folder: Path) -> None:
        close_modules()
        embedded = EmbeddedTokens(folder)
        embedded.create_token("cán bộ", Pin(PIN), Pin("13579135"))
        self.module = embedded.module()
        self.types = set(KINDS.values())
        self.uris = {
            each: generate_key(self.module, "cán bộ", Pin(PIN), label=str(each), key_type=each)
            for each in sorted(self.types)
        }
        self.asked = 0

    def open(self, key_type: KeyType, pin: str = PIN):
        def ask(_: object) -> str:
            self.asked += 1
            return pin

        return open_key(self.uris[key_type], [self.module], PromptPinSource(ask))


@pytest.fixture(scope="module")
def token(tmp_path_factory) -> Iterator[Token]:
    yield Token(tmp_path_factory.mktemp("signing-token"))
    close_modules()


@contextmanager
def serving(world: World) -> Iterator[None]:
    """Serve the world's lists, responder and time-stamps on the port in its addresses."""
    timestamp = TimestampAuthority(
        world.tsa_certificate,
        world.tsa_key,
        chain=[world.ca.certificate],
        clock=world.clock,
        policy_oid="1.3.6.1.4.1.4146.2.2",
    )
    app = build_app(PublicServices(world, world.responder(), timestamp))
    port = int(world.base.rpartition(":")[2])
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Office:
    """One official with a key on the token, and the services around."""

    def __init__(self, token: Token, kind: str, folder: Path) -> None:
        self.token, self.key_type = token, KINDS[kind]
        key = token.open(self.key_type)
        base = f"http://127.0.0.1:{free_port()}"
        self.world = World(key=key, base=base)
        self.options = SigningOptions(
            display=load_display("none"), pss=kind != "rsa-pkcs1", tsa_url=f"{base}/tsa"
        )
        self.source = folder / "in.pdf"
        self.target = folder / "out.pdf"
        self.source.write_bytes(make_pdf())
        logout(token.module, token.module.tokens()[0])
        token.asked = 0

    def sign(self, level: Level, pin: str = PIN):
        world = self.world
        fetcher = HTTPFetcher(("127.0.0.1",), world.clock)
        services = SigningServices(world.clock, fetcher, world.trust, default_policy())
        signer = SigningKey(
            world.certificate,
            (world.ca.certificate, world.root.certificate),
            lambda: self.token.open(self.key_type, pin),
        )
        options = replace(self.options, level=level)
        return sign_file(self.source, self.target, Signatory(signer, options, services))


@pytest.mark.parametrize("level", list(Level))
@pytest.mark.parametrize("kind", list(KINDS))
def test_a_token_signs_at_each_level_over_http(token, tmp_path, kind, level):
    office = Office(token, kind, tmp_path)
    with serving(office.world):
        done = office.sign(level)
    assert (done.indication, done.level) == ("TOTAL-PASSED", level.value)
    assert done.warnings == ()
    assert office.target.read_bytes() == done.data
    assert token.asked == 1


def test_a_revoked_official_is_not_asked_for_the_pin(token, tmp_path):
    office = Office(token, "ec-p256", tmp_path)
    office.world.revoke(office.world.certificate)
    with serving(office.world), pytest.raises(CertificateRevokedError):
        office.sign(Level.B_B)
    assert token.asked == 0
    assert not office.target.exists()


def test_a_wrong_pin_is_asked_once_and_leaves_nothing(token, tmp_path):
    office = Office(token, "ec-p256", tmp_path)
    with serving(office.world), pytest.raises(WrongPINError):
        office.sign(Level.B_B, pin="000000")
    assert token.asked == 1
    assert not office.target.exists()


def test_services_that_are_down(token, tmp_path):
    office = Office(token, "ec-p256", tmp_path)
    done = office.sign(Level.B_B)
    assert [each.code for each in done.warnings] == ["signing.status_unchecked"] * 2
    office.target.unlink()
    with pytest.raises(TSAUnavailableError):
        office.sign(Level.B_T)
    assert not office.target.exists()
