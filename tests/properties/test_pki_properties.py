"""What holds for any input: bytes never raise outside our errors, what is written is read back."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from pki_world import World, make_world, new_key, rsa_key

from pki import der
from pki.audit.verify import verify_audit
from pki.authority.history import Standing
from pki.authority.issuance import draw_serial
from pki.clock import FixedClock
from pki.errors.certificates import AlreadyRevokedError
from pki.errors.files import MalformedDERError
from pki.errors.keys import WeakKeyError
from pki.errors.requests import MalformedRequestError, ProofOfPossessionError, SubjectInvalidError
from pki.ocsp import OCSPResponder
from pki.reasons import FINAL_REASONS
from pki.records.certificates import serial_text
from pki.request import parse_request
from pki.subject import ATTRIBUTES, build_subject, parse_subject
from pki.timestamp import TimestampAuthority

EARLIEST = datetime(1950, 1, 1)  # noqa: DTZ001  as Hypothesis wants its bounds


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with tempfile.TemporaryDirectory() as folder:
        made = make_world(Path(folder))
        yield made
        made.register.close()


@pytest.fixture(scope="module")
def responder(world: World) -> OCSPResponder:
    return world.responder()


@pytest.fixture(scope="module")
def stamps(world: World) -> TimestampAuthority:
    return world.timestamp()


def csr() -> bytes:
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return builder.sign(new_key(), hashes.SHA256()).public_bytes(Encoding.DER)


def ocsp_request() -> bytes:
    builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
        bytes(32), bytes(32), draw_serial(), hashes.SHA256()
    )
    return builder.add_extension(x509.OCSPNonce(b"n"), False).build().public_bytes(Encoding.DER)


def tsq() -> bytes:
    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": bytes(32)}
    query = {"version": 1, "message_imprint": imprint, "nonce": 7, "cert_req": True}
    encoded: bytes = tsp.TimeStampReq(query).dump()
    return encoded


def around(good: bytes) -> st.SearchStrategy[bytes]:
    """Return arbitrary bytes, and good ones with octets changed, cut out or put in."""

    def spoil(edits: list[tuple[int, bytes, int]]) -> bytes:
        data = good
        for at, put, cut in edits:
            place = at % (len(data) + 1)
            data = data[:place] + put + data[place + cut :]
        return data

    edit = st.tuples(st.integers(0, len(good)), st.binary(max_size=3), st.integers(0, 3))
    return st.one_of(st.binary(max_size=200), st.lists(edit, max_size=3).map(spoil))


@given(around(csr()))
@settings(max_examples=400)
def test_any_request_is_read_or_refused_in_our_words(data: bytes):
    read_or_refuse(data)


@given(st.data())
@settings(max_examples=60)
def test_any_rsa_request_is_read_or_refused_in_our_words(data: st.DataObject):
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    good = builder.sign(rsa_key(), hashes.SHA256()).public_bytes(Encoding.DER)
    read_or_refuse(data.draw(around(good)))


def read_or_refuse(data: bytes) -> None:
    try:
        assert parse_request(data).der
    except (MalformedRequestError, ProofOfPossessionError, WeakKeyError):
        return


@given(data=around(ocsp_request()))
@settings(max_examples=400)
def test_any_ocsp_request_has_an_answer(responder: OCSPResponder, data: bytes):
    answer = ocsp.load_der_ocsp_response(responder.respond(data))
    assert answer.response_status in {
        ocsp.OCSPResponseStatus.MALFORMED_REQUEST,
        ocsp.OCSPResponseStatus.UNAUTHORIZED,
    }


@given(data=st.data(), serial=st.integers(1, 2**159 - 1))
@settings(max_examples=200)
def test_nothing_unissued_is_ever_good(
    world: World, responder: OCSPResponder, data: st.DataObject, serial: int
):
    asked = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
        *issuer_hashes(world), serial, hashes.SHA256()
    )
    request = data.draw(around(asked.build().public_bytes(Encoding.DER)))
    answer = ocsp.load_der_ocsp_response(responder.respond(request))
    if answer.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL:
        assert answer.certificate_status is ocsp.OCSPCertStatus.UNKNOWN
    else:
        assert answer.response_status is not ocsp.OCSPResponseStatus.INTERNAL_ERROR


def issuer_hashes(world: World) -> tuple[bytes, bytes]:
    issuer = world.issuing.issuer.certificate
    builder = ocsp.OCSPRequestBuilder().add_certificate(issuer, issuer, hashes.SHA256())
    by_root = builder.build()
    name = hashes.Hash(hashes.SHA256())
    name.update(issuer.subject.public_bytes())
    return name.finalize(), by_root.issuer_key_hash


@given(data=around(tsq()))
@settings(max_examples=400)
def test_any_time_stamp_query_has_an_answer(stamps: TimestampAuthority, data: bytes):
    parts = der.read_all(der.read(stamps.respond(data), "answer").content, "answer")
    status = der.read_all(parts[0].content, "status")
    granted = status[0].content == b"\x00"
    assert granted == (len(parts) == 2)
    if not granted:
        assert status[2].tag == der.BIT_STRING
        # 25 is systemFailure: whatever comes in, it is the sender's fault and not ours.
        assert status[2].content[1:] != bytes.fromhex("00000040")


@given(st.integers())
def test_integers_come_back(value: int):
    element = der.read(der.integer(value), "integer")
    assert int.from_bytes(element.content, "big", signed=True) == value
    assert len(element.content) == 1 or element.content[:2] not in {b"\0\0", b"\xff\xff"}


@given(st.lists(st.tuples(st.sampled_from((0x02, 0x04, 0x30, 0xA0)), st.binary(max_size=300))))
def test_elements_come_back(elements: list[tuple[int, bytes]]):
    written = der.sequence(der.encode(tag, content) for tag, content in elements)
    read = der.read_all(der.read(written, "all").content, "all")
    assert [(element.tag, element.content) for element in read] == elements
    assert b"".join(element.whole for element in read) == der.read(written, "all").content


@given(st.binary(max_size=100))
def test_what_is_read_is_what_would_be_written(data: bytes):
    """Only the shortest form of a length is read: parsing and writing again gives the octets."""
    try:
        elements = der.read_all(data, "data")
    except MalformedDERError:
        return
    assert b"".join(der.encode(element.tag, element.content) for element in elements) == data


@given(st.datetimes(EARLIEST, timezones=st.just(UTC)))
def test_times_come_back(at: datetime):
    at = at.replace(microsecond=0)
    element = der.read(der.time(at), "time")
    assert (element.tag == der.UTC_TIME) == (at.year < 2050)
    text = element.content.decode()
    if element.tag == der.UTC_TIME:
        text = ("19" if text >= "50" else "20") + text  # RFC 5280 §4.1.2.5.1
    assert datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC) == at


@given(st.integers(0, 2**159))
def test_serials_come_back(serial: int):
    text = serial_text(serial)
    assert int(text, 16) == serial
    assert len(text) % 2 == 0


values = st.text(max_size=80) | st.sampled_from(["VN", "CCCD:001090000001", "MST:0100109106"])
pairs = st.lists(st.tuples(st.sampled_from([*ATTRIBUTES, "E", "X"]), values), max_size=6)


@given(pairs)
@settings(max_examples=300)
def test_any_subject_is_sound_or_refused(given_pairs: list[tuple[str, str]]):
    try:
        subject = build_subject(given_pairs)
    except SubjectInvalidError:
        return
    again = x509.load_der_x509_csr(
        x509.CertificateSigningRequestBuilder()
        .subject_name(subject.name())
        .sign(KEY, hashes.SHA256())
        .public_bytes(Encoding.DER)
    ).subject
    assert again.public_bytes() == subject.name().public_bytes()
    assert build_subject([*subject.attributes, *(("E", mail) for mail in subject.mail)]) == subject


KEY = new_key()


@given(st.text(max_size=60))
def test_any_text_is_a_name_or_refused(text: str):
    try:
        parse_subject(text)
    except SubjectInvalidError:
        return


class Revocations(RuleBasedStateMachine):
    """A model of what was issued and revoked, beside the authority, its lists and its responder."""

    @initialize()
    def make(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.world = make_world(Path(self.folder.name))
        self.responder = self.world.responder()
        self.certificates: list[x509.Certificate] = []
        self.revoked: dict[int, tuple[datetime, x509.ReasonFlags]] = {}
        self.crl: x509.CertificateRevocationList | None = None
        self.numbers: list[int] = []

    @rule()
    def issue(self) -> None:
        self.certificates.append(self.world.issue())

    @rule(seconds=st.integers(1, 10**6))
    def wait(self, seconds: int) -> None:
        assert isinstance(self.world.clock, FixedClock)
        self.world.clock.advance(timedelta(seconds=seconds))

    @precondition(lambda self: self.certificates)
    @rule(data=st.data(), reason=st.sampled_from(sorted(FINAL_REASONS, key=str)))
    def revoke(self, data: st.DataObject, reason: x509.ReasonFlags) -> None:
        serial = data.draw(st.sampled_from(self.certificates)).serial_number
        if serial in self.revoked:
            with pytest.raises(AlreadyRevokedError):
                self.world.issuing.revoke(serial, reason)
            return
        self.world.issuing.revoke(serial, reason)
        self.revoked[serial] = (self.world.clock.now(), reason)

    @rule()
    def publish(self) -> None:
        self.crl = self.world.issuing.issue_crl()
        number = self.crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        assert not self.numbers or number > self.numbers[-1]
        self.numbers.append(number)
        assert {entry.serial_number for entry in self.crl} == self.revoked.keys()

    @invariant()
    def all_tell_the_same(self) -> None:
        now = self.world.clock.now()
        for certificate in self.certificates:
            serial = certificate.serial_number
            request = (
                ocsp.OCSPRequestBuilder()
                .add_certificate(
                    certificate, self.world.issuing.issuer.certificate, hashes.SHA256()
                )
                .build()
            )
            answer = ocsp.load_der_ocsp_response(
                self.responder.respond(request.public_bytes(Encoding.DER))
            )
            told = answer.certificate_status is ocsp.OCSPCertStatus.REVOKED
            assert told == (serial in self.revoked)
            status = self.world.issuing.status_at(serial, now)
            assert (status.standing is Standing.REVOKED) == told
            if told:
                at, reason = self.revoked[serial]
                assert (status.revoked_at, status.reason) == (at, reason)
                assert answer.revocation_time_utc == at.replace(microsecond=0)

    def teardown(self) -> None:
        if hasattr(self, "world"):
            verify_audit(self.world.register)
            self.world.register.close()
            self.folder.cleanup()


TestRevocations = Revocations.TestCase
TestRevocations.settings = settings(max_examples=10, stateful_step_count=15)
