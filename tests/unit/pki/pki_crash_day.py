"""A day at an authority, up to the event at which the process is killed.

`serve`, in a process with the shim loaded before anything else, answers orders: one JSON line says
where the register lies and at which event to die; a fork lives the day and dies; another examines
what is left (`pki_crash_examine`); one JSON line tells. A fork shares what was imported and the
keys, and no file: every file is opened after it.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pki_crash_mutants
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from pki_world import new_authority, new_key, someone

from pki.atomic import write_atomically
from pki.authority.authority import Authority
from pki.authority.create import create_issuing, create_root, open_authority
from pki.authority.issuance import Order
from pki.authority.renewal import Following, rekey, renew
from pki.clock import SystemClock
from pki.errors.issuing import LintFailedError
from pki.ocsp import OCSPResponder, OCSPSigner
from pki.profile import load_profile
from pki.records.register import Register
from pki.register.sql import create_register, open_register
from pki.request import parse_request
from pki.subject import Subject
from pki.urls import AuthorityURLs

CLOCK = SystemClock()
NAMES = ("root", "issuing")


class PulledOutError(Exception):
    """The token went away before it signed."""


class NotedKey(ec.EllipticCurvePrivateKey):
    """An authority's key: two events a signature, and a note of it before anybody has it."""

    def __init__(self, name: str, inner: ec.EllipticCurvePrivateKey) -> None:
        self.name, self.inner = name, inner
        self.happens: Callable[[bytes], None] = lambda _: None
        self.notes: Path | None = None
        self.pulled_out = False

    def sign(self, data: Any, signature_algorithm: Any) -> bytes:
        self.happens(b"k")
        if self.pulled_out:
            raise PulledOutError
        signature = self.inner.sign(data, signature_algorithm)
        assert self.notes
        note = f"{self.name} {data.hex()}\n".encode()
        with self.notes.open("ab", buffering=0) as file:  # one write, which a kill cannot part
            assert file.write(note) == len(note)
        self.happens(b"K")
        return signature

    def public_key(self) -> ec.EllipticCurvePublicKey:
        return self.inner.public_key()

    @property
    def curve(self) -> ec.EllipticCurve:
        return self.inner.curve

    @property
    def key_size(self) -> int:
        return self.inner.key_size

    def exchange(self, *_: object) -> bytes:
        raise NotImplementedError

    def private_numbers(self) -> ec.EllipticCurvePrivateNumbers:
        raise NotImplementedError

    def private_bytes(self, *_: object) -> bytes:
        raise NotImplementedError

    def __copy__(self) -> NotedKey:
        return self

    def __deepcopy__(self, _memo: object) -> NotedKey:
        return self


def _noted(name: str) -> NotedKey:
    key = new_key()
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return NotedKey(name, key)


KEYS = {name: _noted(name) for name in NAMES}
OCSP_KEY = new_key()


def _official() -> tuple[bytes, Subject]:
    key = new_key()
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return builder.sign(key, SHA256()).public_bytes(Encoding.PEM), someone()


OFFICIALS = [_official() for _ in range(5)]
REKEYED, RENEWED = 1, 2
"""Which officials get a second certificate in the course of the day."""
NEXT_KEY = new_key().public_key()
"""Of the one that is rekeyed."""
NOBODY = replace(someone(), attributes=(("O", "a\nb"), ("C", "VN"), ("CN", "a")))


@dataclass(frozen=True)
class Office:
    """Where a day is lived."""

    url: str
    home: Path
    """Files that are published; a register in SQLite lies here too."""
    beside: Path
    """What the test notes for itself. Nothing that happens here is an event."""

    @property
    def notes(self) -> Path:
        return self.beside / "signatures"

    def publish(self, authority: Authority) -> None:
        """Issue the next list, and put it where everybody fetches it."""
        crl = authority.issue_crl()
        path = self.home / f"{authority.issuer.name}.crl"
        write_atomically(path, crl.public_bytes(Encoding.DER), overwrite=True)


def make_authority(register: Register, name: str) -> Authority:
    """Make an authority, or open it if it is there."""
    urls = AuthorityURLs.under("http://127.0.0.1:8000", name)
    if register.find_authority(name) is not None:
        return open_authority(register, name, key=KEYS[name], urls=urls, clock=CLOCK)
    new = new_authority(name, name, key=KEYS[name], urls=urls)
    if name == "root":
        return create_root(new, register, CLOCK)
    return create_issuing(make_authority(register, "root"), new)


def issue(authority: Authority, number: int) -> x509.Certificate:
    """Issue to the official of that number, whose request has an id."""
    request, subject = OFFICIALS[number]
    key, profile = parse_request(request).public_key, load_profile("official")
    order = Order(key, profile, subject, "văn thư", request_id=f"R-{number}")
    return authority.certify(order)


def follow(authority: Authority, number: int, serial: int) -> x509.Certificate:
    """Renew or rekey the certificate of the official of that number; that request has an id too."""
    wanted = Following(serial, load_profile("official"), "văn thư", request_id=f"N-{number}")
    if number == REKEYED:
        return rekey(authority, wanted, NEXT_KEY)
    return renew(authority, wanted)


def morning(office: Office) -> int:
    """Found root and issuing authority, issue, rekey, answer, refuse; return a serial to revoke."""
    with _closing(create_register(office.url, CLOCK)) as register:
        for name in NAMES:
            authority = make_authority(register, name)
            pem = authority.issuer.certificate.public_bytes(Encoding.PEM)
            write_atomically(office.home / f"{name}.pem", pem, overwrite=False)
        issuing = make_authority(register, "issuing")
        first, second = issue(issuing, 0), issue(issuing, 1)
        follow(issuing, REKEYED, second.serial_number)
        _answer(register, issuing, second)
        with suppress(LintFailedError):
            key = new_key().public_key()
            issuing.issue(key, load_profile("official"), NOBODY, requester="văn thư")
        issuing.revoke(first.serial_number, x509.ReasonFlags.superseded)
        office.publish(issuing)
    return second.serial_number


def afternoon(office: Office, serial: int) -> None:
    """Go on where the morning ended: the token fails once, and that is recovered."""
    with _closing(open_register(office.url)) as register:
        issuing = make_authority(register, "issuing")
        follow(issuing, RENEWED, issue(issuing, RENEWED).serial_number)
        KEYS["issuing"].pulled_out = True
        with suppress(PulledOutError):
            issue(issuing, 3)
        with suppress(PulledOutError):
            issuing.issue_crl()
        KEYS["issuing"].pulled_out = False
        issuing.recover_open()
        office.publish(issuing)
        issuing.revoke(serial, x509.ReasonFlags.key_compromise, invalidity_date=CLOCK.now())
        office.publish(issuing)
        office.publish(make_authority(register, "root"))


def _answer(register: Register, issuing: Authority, certificate: x509.Certificate) -> None:
    own = issuing.issue(
        OCSP_KEY.public_key(), load_profile("ocsp"), someone(), requester="quản trị"
    )
    above = issuing.issuer.certificate
    responder = OCSPResponder(register, [OCSPSigner("issuing", above, own, OCSP_KEY)], clock=CLOCK)
    query = ocsp.OCSPRequestBuilder().add_certificate(certificate, above, SHA256()).build()
    answer = ocsp.load_der_ocsp_response(responder.respond(query.public_bytes(Encoding.DER)))
    assert answer.certificate_status is ocsp.OCSPCertStatus.GOOD
    assert answer.next_update_utc
    assert answer.next_update_utc - answer.this_update_utc == timedelta(hours=1)


@contextmanager
def _closing(register: Any) -> Iterator[Any]:
    try:
        yield register
    finally:
        register.close()


def _live(office: Office, order: dict[str, Any]) -> None:
    shim = ctypes.CDLL(None)
    shim.crash_events.restype = ctypes.c_char_p
    shim.crash_event.argtypes = [ctypes.c_char]
    for key in KEYS.values():
        key.notes, key.happens = office.notes, shim.crash_event
    with pki_crash_mutants.asleep(order["mutant"]):
        shim.crash_arm(os.fsencode(office.home), order["at"], order["torn"])
        afternoon(office, morning(office))
        events = shim.crash_events()
        shim.crash_arm(b"", 0, 0)
        (office.beside / "events").write_bytes(events)


def _examine(office: Office, order: dict[str, Any]) -> None:
    from pki_crash_examine import examine

    for key in KEYS.values():
        key.notes = office.notes
    with pki_crash_mutants.asleep(order["mutant"]):
        wrong = examine(office)
    (office.beside / "wrong").write_text(json.dumps(wrong), encoding="utf-8")


def _forked(act: Callable[[], None], trace: Path) -> int:
    """Run `act` in a fork and return its wait status."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    status = 1
    try:
        act()
        status = 0
    except BaseException:  # noqa: BLE001  told by the file, and no fork may go on as the server
        trace.write_text(traceback.format_exc(), encoding="utf-8")
    finally:
        os._exit(status)


def serve() -> None:
    """Answer orders until there is none."""
    import pki_crash_examine  # noqa: F401  imported once, for every fork

    for line in sys.stdin:
        order = json.loads(line)
        office = Office(order["url"], Path(order["home"]), Path(order["beside"]))
        trace = office.beside / "trace"
        lived = _forked(lambda: _live(office, order), trace)  # noqa: B023  called at once
        answer: dict[str, Any] = {"killed": os.WIFSIGNALED(lived), "wrong": [], "events": ""}
        if not trace.exists():
            _forked(lambda: _examine(office, order), trace)  # noqa: B023  as above
        for name, read in (("wrong", json.loads), ("events", str)):
            with suppress(FileNotFoundError):
                answer[name] = read((office.beside / name).read_text("utf-8"))
        if trace.exists():
            answer["wrong"] = [*answer["wrong"], trace.read_text("utf-8")]
        print(json.dumps(answer), flush=True)  # noqa: T201  the answer
