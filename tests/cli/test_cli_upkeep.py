"""A home that keeps itself alive: a year of it, outages, disks that fill, keys that are away."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest
from cli_runs import run_antin, serving
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.types import Message

from cli.errors import BusyHomeError
from cli.homes.home import Home
from cli.homes.office import Office, open_office
from cli.serving.public import Services
from cli.session import Session
from cli.upkeep.keeper import Keeper
from cli.upkeep.work import Upkeep
from hsm.loading import close_modules
from pki.clock import FixedClock, SystemClock
from pki.errors.files import DiskFullError
from pki.errors.register import RegisterUnreachableError
from pki.fetcher import OCSP_REQUEST
from pki.records.certificates import CertificateQuery
from pki.subject import subject_of
from pki.words import Language

DAY = timedelta(days=1)


@contextmanager
def at_work(home: Path, clock: FixedClock) -> Iterator[Office]:
    """Open a home at the time of a clock."""
    close_modules()
    with open_office(Session(Language.EN, home=home, clock=clock)) as office:
        yield office
    close_modules()


def a_moment_later() -> FixedClock:
    return FixedClock(SystemClock().now() + timedelta(seconds=1))


def asked(app: Starlette, method: str, path: str, body: bytes = b"", media: str = "") -> bytes:
    """Return what an ASGI application answers, as its server would have it."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"content-type", media.encode())],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "scheme": "http",
    }
    asyncio.run(app(scope, receive, send))
    assert sent[0]["status"] == 200, (path, sent[0])
    return b"".join(message.get("body", b"") for message in sent[1:])


class Client:
    """Asks a service as a relying party does, and holds every answer to its times."""

    def __init__(self, office: Office, services: Services) -> None:
        self._app = services.app
        self._clock = office.session.clock
        self._authorities = {
            one.name: x509.load_der_x509_certificate(one.certificate_der)
            for one in office.register.list_authorities()
        }
        issued = office.register.find_certificates(_of("official"))
        self._official = x509.load_der_x509_certificate(issued[0].der or b"")

    def check_list(self, name: str, path: str = "crl") -> None:
        crl = x509.load_der_x509_crl(asked(self._app, "GET", f"/{path}/{name}.crl"))
        now = self._clock.now()
        assert crl.is_signature_valid(self._authorities[name].public_key())  # type: ignore[arg-type]
        assert crl.next_update_utc is not None
        assert crl.last_update_utc <= now <= crl.next_update_utc

    def check_ocsp(self) -> None:
        issuer = self._authorities["issuing"]
        builder = ocsp.OCSPRequestBuilder()
        request = builder.add_certificate(self._official, issuer, hashes.SHA256()).build()
        der = request.public_bytes(Encoding.DER)
        answer = asked(self._app, "POST", "/ocsp", der, OCSP_REQUEST)
        response = ocsp.load_der_ocsp_response(answer)
        now = self._clock.now().replace(microsecond=0)
        assert response.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL
        (signer,) = response.certificates
        signer.verify_directly_issued_by(issuer)
        assert signer.not_valid_before_utc <= now <= signer.not_valid_after_utc
        assert response.this_update_utc <= now <= response.next_update_utc  # type: ignore[operator]


def _of(profile: str) -> CertificateQuery:
    return CertificateQuery(profile=profile)


YEAR = 380 * DAY
"""Longer than an OCSP signer lives."""
STEPS = st.lists(
    st.tuples(st.integers(min_value=1, max_value=36), st.booleans()), min_size=8, max_size=20
)
"""Hours between two rounds, and whether the rounds fail for a while: repeated over the year."""


def live_a_year(home: Path, steps: list[tuple[int, bool]], longest_outage: timedelta) -> int:
    """Go through a year by these steps; ask at each, whether a round was possible or not."""
    clock = a_moment_later()
    end = clock.now() + YEAR
    rounds = 0
    with at_work(home, clock) as office:
        upkeep = Upkeep(office)
        services = Services(office)
        client = Client(office, services)
        upkeep.work()
        last_round = clock.now()
        while clock.now() < end:
            hours, out = steps[rounds % len(steps)]
            rounds += 1
            clock.advance(timedelta(hours=hours))
            if not out or clock.now() - last_round > longest_outage - timedelta(hours=36):
                upkeep.work()
                assert services.reload() == ()
                last_round = clock.now()
            client.check_list("issuing")
            client.check_list("root")
            client.check_ocsp()
        assert all(one.severity == "warning" for one in upkeep.look())
    return rounds


@pytest.mark.long
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_every_answer_of_a_year_is_in_force(made_home, tmp_path_factory, steps):
    home = tmp_path_factory.mktemp("year") / "home"
    shutil.copytree(made_home[0], home)
    # Half of a list's week: as long as everything may be out of order without anybody's noticing.
    live_a_year(home, steps, 3.5 * DAY)


def test_a_year_with_a_round_each_two_days(demo_home: Path):
    assert live_a_year(demo_home, [(47, False)], 3.5 * DAY) > 190


def test_without_upkeep_the_same_year_fails(demo_home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Upkeep, "work", lambda _self: ())
    with pytest.raises(AssertionError):
        live_a_year(demo_home, [(47, False)], 3.5 * DAY)


def test_without_taking_signers_up_the_same_year_fails(
    demo_home: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Services, "reload", lambda _self: ())
    with pytest.raises(AssertionError):
        live_a_year(demo_home, [(47, False)], 3.5 * DAY)


def test_upkeep_says_what_is_due_and_does_it_with_yes(antin, demo_home: Path):
    clock = a_moment_later()
    fresh = antin("--home", demo_home, "upkeep", "--json", clock=clock)
    assert fresh.json == {"schema": "antin.upkeep/1", "tasks": [], "alarms": []}
    assert "nothing is due" in antin("--home", demo_home, "upkeep", clock=clock).out
    clock.advance(330 * DAY)
    told = antin("--home", demo_home, "upkeep", "--json", clock=clock)
    assert told.status == 0
    assert [(one["task"], one["name"], one["state"]) for one in told.json["tasks"]] == [
        ("crl", "root", "due"),
        ("crl", "issuing", "due"),
        ("signer", "ocsp.pem", "due"),
    ]
    checked = antin("--home", demo_home, "upkeep", "--check", clock=clock)
    assert checked.status == 3
    assert "ERROR" in checked.out
    codes = {one["code"] for one in told.json["alarms"]}
    assert codes == {
        "pki.upkeep.list_over",
        "pki.upkeep.signer_ends",
        "pki.upkeep.checkpoint_old",
        "pki.upkeep.backup_old",
    }
    before = (demo_home / "services" / "ocsp.pem").read_bytes()
    done = antin("--home", demo_home, "upkeep", "--yes", "--json", clock=clock)
    assert [one["state"] for one in done.json["tasks"]] == ["done"] * 3
    assert (demo_home / "services" / "ocsp.pem").read_bytes() != before
    assert {one["severity"] for one in done.json["alarms"]} == {"warning"}
    assert antin("--home", demo_home, "upkeep", "--check", clock=clock).status == 0
    assert antin("--home", demo_home, "upkeep", "--yes", "--json", clock=clock).json["tasks"] == []
    doctor = antin("--home", demo_home, "doctor", "--json", clock=clock).json["checks"]
    assert next(one for one in doctor if one["check"] == "upkeep")["ok"]


def test_doctor_tells_alarms_that_are_errors(antin, demo_home: Path):
    clock = a_moment_later()
    clock.advance(300 * DAY)
    doctor = antin("--home", demo_home, "doctor", "--json", clock=clock)
    check = next(one for one in doctor.json["checks"] if one["check"] == "upkeep")
    assert doctor.status == 4
    assert check["error"]["code"] == "cli.upkeep_alarms"
    assert "pki.upkeep.list_over" in check["error"]["message"]
    over = [one for one in doctor.json["alarms"] if one["code"] == "pki.upkeep.list_over"]
    assert {one["what"] for one in over} == {"issuing", "root"}
    assert all(one["severity"] == "error" and one["at"] and one["hint"] for one in over)
    assert "pki.upkeep.list_over" in antin("--home", demo_home, "doctor", clock=clock).out


def _away(home: Path, token: str) -> None:
    """Let a token's PIN have no source but a person."""
    path = home / "antin.toml"
    lines = path.read_text("utf-8").splitlines()
    path.write_text("\n".join(one for one in lines if not one.startswith(f"{token} =")), "utf-8")


def test_a_key_that_wants_a_person_is_left_alone_and_becomes_an_alarm(antin, demo_home: Path):
    _away(demo_home, "root")
    clock = a_moment_later()
    clock.advance(100 * DAY)
    done = antin("--home", demo_home, "upkeep", "--yes", "--json", clock=clock)
    assert done.status == 0, "nothing failed"
    states = {one["name"]: one["state"] for one in done.json["tasks"]}
    assert states == {"root": "away", "issuing": "done"}
    assert not any(one["what"] == "root" for one in done.json["alarms"]), "there is time"
    clock.advance(40 * DAY)
    late = antin("--home", demo_home, "upkeep", "--yes", "--json", clock=clock)
    (alarm,) = (one for one in late.json["alarms"] if one["what"] == "root")
    assert (alarm["code"], alarm["severity"]) == ("pki.upkeep.list_ends", "warning")
    human = antin("--home", demo_home, "upkeep", "--yes", clock=clock)
    assert "key not here" in human.out


def test_a_wrong_pin_is_tried_once_and_never_again(demo_home: Path):
    pin = (demo_home / "pins" / "issuing").read_text("utf-8")
    (demo_home / "pins" / "issuing").write_text("90000009", "utf-8")
    clock = a_moment_later()
    with at_work(demo_home, clock) as office:
        upkeep = Upkeep(office)
        clock.advance(4 * DAY)
        assert [one.state for one in upkeep.work()] == ["failed"]
        for _ in range(20):
            clock.advance(timedelta(hours=2))
            assert [one.state for one in upkeep.work()] == ["later"]
        failed = [one for one in upkeep.look() if one.code == "pki.upkeep.failed"]
        assert [one.what for one in failed] == ["issuing"]
    (demo_home / "pins" / "issuing").write_text(pin, "utf-8")
    assert run_antin("--home", demo_home, "crl", "issue", "--ca", "issuing").status == 0


def test_what_failed_is_tried_later_and_then_no_alarm_is_left(demo_home: Path):
    clock = a_moment_later()
    pin = (demo_home / "pins" / "issuing").read_text("utf-8")
    (demo_home / "pins" / "issuing").unlink()
    with at_work(demo_home, clock) as office:
        upkeep = Upkeep(office)
        clock.advance(4 * DAY)
        assert [one.state for one in upkeep.work()] == ["away"]
        (demo_home / "pins" / "issuing").write_text(pin, "utf-8")
        (demo_home / "pins" / "issuing").chmod(0o600)
        assert [one.state for one in upkeep.work()] == ["later"]
        clock.advance(timedelta(minutes=2))
        assert [one.state for one in upkeep.work()] == ["done"]
        assert upkeep.work() == ()
        assert not any(one.code == "pki.upkeep.failed" for one in upkeep.look())


def test_a_renewed_certificate_that_found_no_room_is_taken_up_later(
    demo_home: Path, monkeypatch: pytest.MonkeyPatch
):
    """The certificate is in the register before its file: trying again issues no other."""
    clock = a_moment_later()
    path = demo_home / "services" / "ocsp.pem"
    before = path.read_bytes()

    def full(target: Path, *_args: object, **_more: object) -> None:
        raise DiskFullError(path=target)

    with at_work(demo_home, clock) as office:
        upkeep = Upkeep(office)
        clock.advance(300 * DAY)
        with monkeypatch.context() as patch:
            patch.setattr("cli.upkeep.work.write_atomically", full)
            assert [one.state for one in upkeep.work()] == ["done", "done", "failed"]
        assert path.read_bytes() == before
        issued = len(office.register.find_certificates(_of("ocsp")))
        clock.advance(timedelta(hours=2))
        assert [one.state for one in upkeep.work()] == ["done"]
        assert len(office.register.find_certificates(_of("ocsp"))) == issued == 2
        assert path.read_bytes() != before


def test_two_at_work_on_one_home_do_the_same_once(demo_home: Path):
    clock = a_moment_later()
    with at_work(demo_home, clock) as office:
        first, second = Upkeep(office), Upkeep(office)
        clock.advance(300 * DAY)
        assert len(first.due()) == len(second.due()) == 3
        assert [one.state for one in first.work()] == ["done"] * 3
        assert second.work() == ()
        assert len(office.register.find_certificates(_of("ocsp"))) == 2
        clock.advance(4 * DAY)
        with office.home.locked(), pytest.raises(BusyHomeError):
            second.work()


def test_a_keeper_tells_each_alarm_once_and_survives_anything(
    demo_home: Path, monkeypatch: pytest.MonkeyPatch
):
    clock = a_moment_later()
    with at_work(demo_home, clock) as office:
        told: list[str] = []
        keeper = Keeper(Upkeep(office), tell=lambda alarm: told.append(alarm.code))
        keeper.round(lambda: ())
        assert (told, keeper.health().well) == ([], True)
        clock.advance(10 * DAY)
        for _ in range(3):
            keeper.round(lambda: ())
        assert told == ["pki.upkeep.checkpoint_old", "pki.upkeep.backup_old"]
        assert keeper.health().well, "warnings alone"

        def broken(_self: Home) -> None:
            raise ZeroDivisionError

        with monkeypatch.context() as patch:
            patch.setattr(Upkeep, "work", broken)
            keeper.round(lambda: ())
            assert told[2:] == ["pki.upkeep.failed"]
            assert json.loads(keeper.health().json)["alarms"][0]["code"] == "pki.upkeep.failed"
        keeper.round(lambda: ())
        assert len(told) == 5, "what went away and comes again is told again"
        (demo_home / "antin.toml").unlink()
        shutil.rmtree(demo_home / "services")
        services_gone = keeper.health()
        assert services_gone.well
        keeper.round(lambda: ())
        assert "pki.upkeep.failed" in told[5:]


def test_a_signer_that_does_not_fit_is_not_taken_up(demo_home: Path):
    clock = a_moment_later()
    path = demo_home / "services" / "ocsp.pem"
    good = path.read_bytes()
    with at_work(demo_home, clock) as office:
        services = Services(office)
        client = Client(office, services)
        for bad in (b"nothing", (demo_home / "authorities" / "root.pem").read_bytes()):
            path.write_bytes(bad)
            ((name, _error),) = services.reload()
            assert name == "ocsp.pem"
            client.check_ocsp()
        path.write_bytes(good)
        assert services.reload() == ()
        client.check_ocsp()


def test_a_new_authority_without_a_responder_is_an_alarm(antin, demo_home: Path):
    def missing() -> list[str]:
        alarms = antin("--home", demo_home, "upkeep", "--json").json["alarms"]
        return [one["what"] for one in alarms if one["code"] == "pki.upkeep.no_responder"]

    assert missing() == []
    rolled = antin(
        "--home", demo_home, "ca", "rollover", "issuing", "issuing-2",
        "--token", "issuing", "--key-type", "ec-p256", "--yes", "--json",
    )  # fmt: skip
    assert rolled.status == 0, rolled
    assert missing() == []
    path = demo_home / "antin.toml"
    answered = path.read_text("utf-8")
    path.write_text(answered.replace('authority = "issuing-2"', 'authority = "root"'), "utf-8")
    assert missing() == ["issuing-2"]


def test_a_revoked_signer_is_an_alarm(antin, demo_home: Path):
    pem = (demo_home / "services" / "timestamp.pem").read_bytes()
    serial = f"{x509.load_pem_x509_certificate(pem).serial_number:x}"
    revoked = antin(
        "--home", demo_home, "cert", "revoke", serial, "--reason", "superseded", "--yes"
    )
    assert revoked.status == 0, revoked
    checked = antin("--home", demo_home, "upkeep", "--check", "--json")
    assert checked.status == 3
    assert [one["code"] for one in checked.json["alarms"]] == ["pki.upkeep.signer_revoked"]


def test_serve_answers_for_its_health_to_this_machine(demo_home: Path):
    with serving(demo_home) as address:
        with urllib.request.urlopen(f"{address}/health", timeout=10) as answer:
            told = json.load(answer)
        assert (told["schema"], told["well"], told["alarms"]) == ("antin.health/1", True, [])
        proxied = urllib.request.Request(
            f"{address}/health", headers={"X-Forwarded-For": "203.0.113.9"}
        )
        with pytest.raises(HTTPError) as refused:
            urllib.request.urlopen(proxied, timeout=10)
        refused.value.close()
        assert refused.value.code == 404


def test_serve_renews_a_signer_by_itself(demo_home: Path):
    """One that lasts four seconds is followed."""
    _speed_up(demo_home)
    serial = _short_signer(demo_home)
    with serving(demo_home) as address:
        until = time.monotonic() + 20
        while _signer_serial(demo_home) == serial and time.monotonic() < until:
            time.sleep(0.1)
        assert _signer_serial(demo_home) != serial
        with urllib.request.urlopen(f"{address}/healthz", timeout=10) as answer:
            assert answer.read() == b"ok\n"


def _speed_up(home: Path) -> None:
    path = home / "antin.toml"
    text = path.read_text("utf-8").replace("every_seconds = 60.0", "every_seconds = 0.2")
    assert "0.2" in text
    path.write_text(text, "utf-8")


def _signer_serial(home: Path) -> int:
    pem = (home / "services" / "ocsp.pem").read_bytes()
    return x509.load_pem_x509_certificate(pem).serial_number


def _short_signer(home: Path) -> int:
    """Put a signer of four seconds into use, and return its serial."""
    with at_work(home, a_moment_later()) as office:
        old = x509.load_pem_x509_certificate((home / "services" / "ocsp.pem").read_bytes())
        authority = office.authority("issuing")
        key = old.public_key()
        made = authority.issue(
            key,  # type: ignore[arg-type]
            office.profile("ocsp"),
            subject_of(old),
            requester="test",
            lifetime=timedelta(seconds=4),
        )
    (home / "services" / "ocsp.pem").write_bytes(made.public_bytes(Encoding.PEM))
    return made.serial_number


def test_serve_tells_alarms_on_stderr(demo_home: Path):
    _away(demo_home, "issuing")
    _speed_up(demo_home)
    environment = {**os.environ, "ANTIN_LANG": "en"}
    path = demo_home / "antin.toml"
    path.write_text(path.read_text("utf-8").replace("backup_days = 7", "backup_days = 1"), "utf-8")
    program = [sys.executable, "-c", "from cli.app import main; main()"]
    _short_signer_elsewhere(demo_home)
    process = subprocess.Popen(
        [*program, "--home", str(demo_home), "serve"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("ready")
    time.sleep(1)
    process.terminate()
    _, told = process.communicate(timeout=20)
    assert told.count("[pki.upkeep.signer_over]") == 1, told


def _short_signer_elsewhere(home: Path) -> None:
    """Let the time-stamp service have a certificate that is over; nobody's PIN can renew it."""
    path = home / "services" / "timestamp.pem"
    old = x509.load_pem_x509_certificate(path.read_bytes())
    key = ec.generate_private_key(ec.SECP256R1())
    now = SystemClock().now()
    builder = x509.CertificateBuilder(old.subject, old.subject, old.public_key(), 1)
    builder = builder.not_valid_before(now - 2 * DAY).not_valid_after(now - DAY)
    path.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))


def test_a_disk_that_is_full_stops_no_answer_and_swaps_nothing(
    own_mounts: list[str], made_home: tuple[Path, dict[str, Any]], tmp_path: Path
):
    """A real one, mounted where the process alone sees it; register, tokens and files lie on it."""
    mount = 'mount -t tmpfs -o size=4m none "$0" && exec "$@"'
    within = [*own_mounts, "sh", "-c", mount, str(tmp_path)]
    here = Path(__file__).parent
    script = [sys.executable, str(here / "cli_little_room.py"), str(tmp_path), str(made_home[0])]
    ran = subprocess.run(
        [*within, *script], capture_output=True, text=True, cwd=here, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert [state for state, _ in told["full"]] == ["failed"] * 3
    assert {code for _, code in told["full"]} <= {"pki.register_full", "pki.disk_full"}
    assert (told["same"], told["reload"]) == (True, 0)
    assert {"pki.upkeep.failed", "pki.upkeep.room"} <= set(told["alarms"])
    assert told["room"] == ["done"] * 3
    assert (told["swapped"], told["reload_again"]) == (True, 0)
    assert told["signers"] <= 3


def test_processes_at_once_renew_a_signer_once(demo_home: Path):
    with at_work(demo_home, a_moment_later()) as office:
        # Or it would be taken into use again: it lasts longer than the short one.
        reason = x509.ReasonFlags.superseded
        office.authority("issuing").revoke(_signer_serial(demo_home), reason)
    serial = _short_signer(demo_home)
    with at_work(demo_home, a_moment_later()) as office:
        before = len(office.register.find_certificates(_of("ocsp")))
    program = [sys.executable, "-c", "from cli.app import main; main()"]
    arguments = ["--home", str(demo_home), "upkeep", "--yes", "--json"]
    time.sleep(3)  # the signer comes into the last third of its four seconds
    runs = [
        subprocess.Popen([*program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    said = [(run.communicate(timeout=60), run.returncode) for run in runs]
    assert [status for _, status in said] == [0, 0, 0], said
    states = [one["state"] for (out, _), _ in said for one in json.loads(out)["tasks"]]
    assert states == ["done"]
    assert _signer_serial(demo_home) != serial
    with at_work(demo_home, a_moment_later()) as office:
        assert len(office.register.find_certificates(_of("ocsp"))) == before + 1


def _codes(upkeep: Upkeep) -> list[str]:
    return [one.code for one in upkeep.look()]


def test_what_cannot_be_looked_at_is_an_alarm(demo_home: Path, monkeypatch: pytest.MonkeyPatch):
    with at_work(demo_home, a_moment_later()) as office:
        upkeep = Upkeep(office)
        assert _codes(upkeep) == []
        path = demo_home / "services" / "ocsp.pem"
        good = path.read_bytes()
        path.write_bytes(b"nothing")
        assert (_codes(upkeep), upkeep.due()) == (["pki.upkeep.failed"], ())
        path.write_bytes(good)
        (demo_home / "checkpoint").write_bytes(b"nothing")
        assert _codes(upkeep) == ["pki.upkeep.unseen"]
        (demo_home / "checkpoint").unlink()

        def gone(_place: object) -> None:
            raise OSError

        with monkeypatch.context() as patch:
            patch.setattr("shutil.disk_usage", gone)
            assert _codes(upkeep) == ["pki.upkeep.room"]
        assert _codes(upkeep) == []


def test_a_keeper_waits_while_another_changes_the_home(demo_home: Path):
    clock = a_moment_later()
    with at_work(demo_home, clock) as office:
        keeper = Keeper(Upkeep(office), tell=lambda _alarm: None)
        clock.advance(4 * DAY)
        newest = office.register.newest_crl("issuing")
        with office.home.locked():
            keeper.round(lambda: ())
        assert keeper.health().well
        assert office.register.newest_crl("issuing") == newest
        keeper.round(lambda: ())
        assert office.register.newest_crl("issuing") != newest


def test_a_keeper_tells_that_the_register_is_gone(demo_home: Path, monkeypatch: pytest.MonkeyPatch):
    told: list[str] = []
    with at_work(demo_home, a_moment_later()) as office:
        keeper = Keeper(Upkeep(office), tell=lambda alarm: told.append(alarm.code))

        def gone() -> None:
            raise RegisterUnreachableError(register="register.sqlite", reason="gone")

        with monkeypatch.context() as patch:
            patch.setattr(office.register, "list_authorities", gone)
            keeper.round(lambda: ())
            assert not keeper.health().well
        assert {"pki.upkeep.failed", "pki.upkeep.unseen"} <= set(told)
        keeper.round(lambda: ())
        assert keeper.health().well
