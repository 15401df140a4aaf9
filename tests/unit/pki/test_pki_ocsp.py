"""The OCSP responder: never good for the unissued, never an exception."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from pki_world import KINDS, NOW, World, new_key

from pki import der
from pki.clock import FixedClock, whole_second
from pki.errors.register import RegisterBusyError
from pki.keys import PublicKey, hash_for, verifies
from pki.ocsp import OCSPResponder, OCSPSigner
from pki.records.certificates import CertificateQuery, CertificateState

Status = ocsp.OCSPResponseStatus
RESERVED = CertificateQuery(state=CertificateState.RESERVED)
HASHES = (hashes.SHA1, hashes.SHA256, hashes.SHA384, hashes.SHA512)


def query(
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    algorithm: hashes.HashAlgorithm | None = None,
    nonce: bytes | None = None,
) -> bytes:
    builder = ocsp.OCSPRequestBuilder().add_certificate(
        certificate, issuer, algorithm or hashes.SHA256()
    )
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(Encoding.DER)


def serial_query(world: World, serial: int) -> bytes:
    """Return a query for any serial of the issuing authority."""
    parsed = ocsp.load_der_ocsp_request(query(world.issue(), world.issuing.issuer.certificate))
    builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
        parsed.issuer_name_hash, parsed.issuer_key_hash, serial, hashes.SHA256()
    )
    return builder.build().public_bytes(Encoding.DER)


def ask(responder: OCSPResponder, request: bytes) -> ocsp.OCSPResponse:
    return ocsp.load_der_ocsp_response(responder.respond(request))


def verify(response: ocsp.OCSPResponse, signer: x509.Certificate) -> None:
    """Check the answer's signature under the certificate that it carries."""
    assert response.certificates == [signer]
    key = signer.public_key()
    assert isinstance(key, PublicKey)
    assert verifies(key, response.signature, response.tbs_response_bytes)


@pytest.mark.parametrize("algorithm", HASHES)
@pytest.mark.parametrize("kind", KINDS)
def test_good_then_revoked(world: World, algorithm: type[hashes.HashAlgorithm], kind: str):
    signer = world.ocsp_signer(kind=kind)
    responder = OCSPResponder(world.register, [signer], clock=world.clock)
    certificate = world.issue()
    request = query(certificate, world.issuing.issuer.certificate, algorithm())
    good = ask(responder, request)
    assert good.certificate_status is ocsp.OCSPCertStatus.GOOD
    assert good.serial_number == certificate.serial_number
    assert good.produced_at_utc == good.this_update_utc == whole_second(NOW)
    assert good.next_update_utc == whole_second(NOW) + timedelta(hours=1)
    key = x509.SubjectKeyIdentifier.from_public_key(signer.key.public_key())
    assert good.responder_key_hash == key.digest
    verify(good, signer.certificate)
    world.issuing.revoke(certificate.serial_number, x509.ReasonFlags.key_compromise)
    revoked = ask(responder, request)
    assert revoked.certificate_status is ocsp.OCSPCertStatus.REVOKED
    assert revoked.revocation_reason is x509.ReasonFlags.key_compromise
    assert revoked.revocation_time_utc == whole_second(NOW)
    verify(revoked, signer.certificate)


def test_never_good_for_the_unissued(world: World, monkeypatch: pytest.MonkeyPatch):
    """Neither a serial never drawn, nor one reserved, nor one of another authority."""
    responder = world.responder()
    reserved = []

    def stop(*_: object) -> None:
        records = world.register.find_certificates(RESERVED)
        reserved.extend(record.serial for record in records)
        raise RegisterBusyError(register="test")

    with monkeypatch.context() as patch:
        patch.setattr("pki.authority.issuance.sign_linted", stop)
        with pytest.raises(RegisterBusyError):
            world.issue()
    assert reserved
    for serial in (1, *reserved, world.issuing.issuer.certificate.serial_number):
        answer = ask(responder, serial_query(world, serial))
        assert answer.certificate_status is ocsp.OCSPCertStatus.UNKNOWN
    world.issuing.recover_open()
    answer = ask(responder, serial_query(world, reserved[0]))
    assert answer.certificate_status is ocsp.OCSPCertStatus.REVOKED
    assert answer.revocation_reason is None  # unspecified is not told


def test_each_authority_has_its_own_signer(world: World):
    signers = [world.ocsp_signer(world.root), world.ocsp_signer(world.issuing)]
    responder = OCSPResponder(
        world.register, signers, clock=world.clock, lifetime=timedelta(minutes=5)
    )
    issuing = world.issuing.issuer.certificate
    root = world.root.issuer.certificate
    for certificate, issuer, signer in (
        (issuing, root, signers[0]),
        (world.issue(), issuing, signers[1]),
    ):
        answer = ask(responder, query(certificate, issuer))
        assert answer.certificate_status is ocsp.OCSPCertStatus.GOOD
        assert answer.next_update_utc == whole_second(NOW) + timedelta(minutes=5)
        verify(answer, signer.certificate)


def test_what_is_not_ours_is_unauthorized(world: World):
    certificate = world.issuing.issuer.certificate
    request = query(certificate, world.root.issuer.certificate)
    assert ask(world.responder(), request).response_status is Status.UNAUTHORIZED
    assert ask(world.responder(world.root), request).response_status is Status.SUCCESSFUL


def test_only_the_right_hashes_are_ours(world: World):
    """The name of one authority with the key of another belongs to neither."""
    parsed = [
        ocsp.load_der_ocsp_request(query(a.issuer.certificate, a.issuer.certificate))
        for a in (world.root, world.issuing)
    ]
    request = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
        parsed[0].issuer_name_hash, parsed[1].issuer_key_hash, 1, hashes.SHA256()
    )
    responder = OCSPResponder(
        world.register,
        [world.ocsp_signer(world.root), world.ocsp_signer()],
        clock=world.clock,
    )
    answer = ask(responder, request.build().public_bytes(Encoding.DER))
    assert answer.response_status is Status.UNAUTHORIZED


@pytest.mark.parametrize("octets", [1, 32, 128])
def test_a_nonce_comes_back(world: World, octets: int):
    nonce = bytes(range(octets))
    request = query(world.issue(), world.issuing.issuer.certificate, nonce=nonce)
    answer = ask(world.responder(), request)
    assert answer.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == nonce


def test_without_a_nonce_there_is_none(world: World):
    answer = ask(world.responder(), query(world.issue(), world.issuing.issuer.certificate))
    assert len(answer.extensions) == 0


@pytest.mark.parametrize("octets", [0, 129])
def test_a_nonce_of_a_wrong_length_is_malformed(world: World, octets: int):
    request = query(world.issue(), world.issuing.issuer.certificate, nonce=bytes(octets))
    assert ask(world.responder(), request).response_status is Status.MALFORMED_REQUEST


def test_what_is_no_request_is_malformed(world: World):
    request = query(world.issue(), world.issuing.issuer.certificate, nonce=b"n")
    twice = two_questions(request)
    sha224 = query(world.issue(), world.issuing.issuer.certificate, hashes.SHA224())
    for data in (b"", b"junk", request[:-1], request + b"\0", twice, sha224):
        assert ask(world.responder(), data).response_status is Status.MALFORMED_REQUEST
    assert ask(world.responder(), request).response_status is Status.SUCCESSFUL


def two_questions(request: bytes) -> bytes:
    """Return a request that asks the same question twice."""
    tbs = der.read(der.read(request, "request").content, "request")
    parts = der.read_all(tbs.content, "request")
    return der.sequence((der.sequence((der.sequence((parts[0].content * 2,)), parts[1].whole)),))


def test_a_hash_nobody_knows_is_unauthorized(world: World):
    request = query(world.issue(), world.issuing.issuer.certificate)
    sha256, unknown = (bytes.fromhex(f"0609608648016503040{last}") for last in ("201", "27f"))
    assert sha256 in request
    answer = ask(world.responder(), request.replace(sha256, unknown))
    assert answer.response_status is Status.UNAUTHORIZED


def test_a_serial_that_cannot_be_is_malformed(world: World):
    request = serial_query(world, 0x7F)
    for serial in (b"\x02\x01\x00", b"\x02\x01\x80"):
        spoilt = request.replace(b"\x02\x01\x7f", serial)
        assert ask(world.responder(), spoilt).response_status is Status.MALFORMED_REQUEST


def test_a_busy_register_says_try_later(world: World, monkeypatch: pytest.MonkeyPatch):
    responder = world.responder()
    request = query(world.issue(), world.issuing.issuer.certificate)

    def fails(error: Exception):
        def raise_(*_: object) -> None:
            raise error

        return raise_

    monkeypatch.setattr(world.register, "find_revocation", fails(RegisterBusyError(register="r")))
    assert ask(responder, request).response_status is Status.TRY_LATER
    monkeypatch.setattr(world.register, "find_revocation", fails(RuntimeError("a bug")))
    assert ask(responder, request).response_status is Status.INTERNAL_ERROR


def test_a_revocation_between_the_two_questions_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    certificate = world.issue()
    find = world.register.find_certificate

    def then_revoke(issuer: str, serial: int):
        found = find(issuer, serial)
        monkeypatch.undo()
        world.issuing.revoke(serial, x509.ReasonFlags.superseded)
        return found

    responder = world.responder()
    monkeypatch.setattr(world.register, "find_certificate", then_revoke)
    answer = ask(responder, query(certificate, world.issuing.issuer.certificate))
    assert answer.certificate_status is ocsp.OCSPCertStatus.REVOKED


@pytest.mark.parametrize("case", ["good", "unknown", "revoked", "reason", "nonce"])
def test_the_direct_answer_is_the_builders_answer(world: World, case: str):
    """Octet for octet what cryptography's builder writes, at the instant that it takes itself."""
    key = new_key()
    certificate = world.issue("ocsp", key=key)
    target, issuer = world.issue(), world.issuing.issuer.certificate
    nonce = b"\x00nonce" if case == "nonce" else None
    status = {"good": True, "nonce": True, "unknown": False}.get(case)
    reason = x509.ReasonFlags.superseded if case == "reason" else x509.ReasonFlags.unspecified
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            target,
            issuer,
            hashes.SHA256(),
            {True: ocsp.OCSPCertStatus.GOOD, False: ocsp.OCSPCertStatus.UNKNOWN}.get(
                status,
                ocsp.OCSPCertStatus.REVOKED,  # type: ignore[arg-type]
            ),
            whole_second(NOW),
            whole_second(NOW) + timedelta(hours=1),
            None if status is not None else whole_second(NOW),
            reason if case == "reason" else None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, certificate)
    )
    if nonce:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    theirs = builder.sign(key, hash_for(key))
    if status is None:
        world.issuing.revoke(target.serial_number, reason)
    signer = OCSPSigner("issuing", issuer, certificate, key)
    request = query(target, issuer, nonce=nonce)
    if status is False:
        signer = OCSPSigner("other", issuer, certificate, key)
    ours = ask(OCSPResponder(world.register, [signer], clock=FixedClock(NOW)), request)
    stamped = der.generalized_time(theirs.produced_at_utc)
    first = theirs.tbs_response_bytes.replace(stamped, der.generalized_time(NOW), 1)
    assert ours.tbs_response_bytes == first


def test_the_key_is_not_in_the_repr(world: World):
    assert "PrivateKey" not in repr(world.ocsp_signer())


@pytest.mark.parametrize("edge", ["not_valid_before_utc", "not_valid_after_utc"])
def test_a_signer_out_of_its_period_answers_nothing(world: World, edge: str):
    """Its last second is still its own; the second beyond is nobody's."""
    responder = world.responder()
    request = query(world.issue(), world.issuing.issuer.certificate)
    signer = ask(responder, request).certificates[0]
    beyond = timedelta(seconds=1 if edge == "not_valid_after_utc" else -1)
    world.clock.advance(getattr(signer, edge) - world.clock.now())
    assert ask(responder, request).response_status is Status.SUCCESSFUL
    world.clock.advance(beyond)
    assert ask(responder, request).response_status is Status.TRY_LATER
