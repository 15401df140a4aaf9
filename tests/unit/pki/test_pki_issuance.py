"""The way a certificate takes: its order, its refusals, and what an interruption leaves."""

from __future__ import annotations

import ast
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from pki_world import (
    KINDS,
    NOW,
    ONE_SIZE,
    World,
    make_world,
    new_authority,
    new_key,
    profile_for,
    someone,
)

from pki.audit.verify import verify_audit
from pki.authority import signature
from pki.authority.authority import Authority
from pki.authority.create import create_issuing, create_root, open_authority
from pki.authority.issuance import draw_serial
from pki.authority.issuer import Issuer
from pki.clock import FixedClock
from pki.errors.authorities import (
    AuthorityExistsError,
    AuthorityNameError,
    AuthorityNotFoundError,
    AuthorityRevokedError,
)
from pki.errors.issuing import LintFailedError, OutlivesIssuerError, SignatureMismatchError
from pki.errors.keys import KeyMismatchError, KeyNotAllowedError, WeakKeyError
from pki.errors.register import RegisterConflictError
from pki.errors.requests import ProfileViolationError
from pki.errors.tree import UnavailableError
from pki.keys import PrivateKey
from pki.lint.target import Finding, Severity
from pki.profile import load_profile
from pki.records.certificates import CertificateQuery, CertificateState, serial_text
from pki.request import CertificateRequest
from pki.subject import build_subject
from pki.urls import AuthorityURLs

RESERVED = CertificateQuery(state=CertificateState.RESERVED)


class InterruptedByTestError(UnavailableError):
    code = "test.interrupted"


class WatchedKey(ec.EllipticCurvePrivateKey):
    """A key in software that tells the test before it signs, and whose answer can be changed."""

    def __init__(self, inner: ec.EllipticCurvePrivateKey) -> None:
        self.inner = inner
        self.before = lambda _: None
        self.after = lambda signature: signature

    def sign(self, data, signature_algorithm):
        self.before(data)
        return self.after(self.inner.sign(data, signature_algorithm))

    def public_key(self):
        return self.inner.public_key()

    @property
    def curve(self):
        return self.inner.curve

    @property
    def key_size(self):
        return self.inner.key_size

    def exchange(self, algorithm, peer_public_key):
        raise NotImplementedError

    def private_numbers(self):
        raise NotImplementedError

    def private_bytes(self, encoding, format, encryption_algorithm):  # noqa: A002  the base's name
        raise NotImplementedError

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self


def watched(world: World) -> tuple[Authority, WatchedKey]:
    """Return the issuing authority with a key that can be watched."""
    issuer = world.issuing.issuer
    assert isinstance(issuer.key, ec.EllipticCurvePrivateKey)
    key = WatchedKey(issuer.key)
    return Authority(replace(issuer, key=key), world.register, world.clock), key


def actions(world: World) -> list[str]:
    return [json.loads(entry.content)["action"] for entry in world.register.audit_entries()]


def test_a_certificate_is_recorded_as_it_is(world: World):
    subject = someone()
    certificate = world.issue(subject=subject)
    record = world.register.find_certificate("issuing", certificate.serial_number)
    assert record is not None
    assert record.der == certificate.public_bytes(Encoding.DER)
    assert record.tbs_der == certificate.tbs_certificate_bytes
    assert record.state is CertificateState.ISSUED
    assert record.subject == subject.text()
    assert record.requester == "văn thư"
    assert certificate.not_valid_before_utc == NOW.replace(microsecond=0)
    assert verify_audit(world.register) == 6


@pytest.mark.parametrize("kind", KINDS)
def test_authorities_of_every_kind_of_key(tmp_path: Path, kind: str):
    """Root, issuing authority and official, all with such keys, and a list by each authority."""
    root = "p384" if kind == "a" else kind
    world = make_world(tmp_path, root_kind=root, issuing_kind=kind)
    key = new_key("official" if kind == "a" else kind)
    certificate = world.issue(key=key)
    issuer = world.issuing.issuer.certificate
    certificate.verify_directly_issued_by(issuer)
    issuer.verify_directly_issued_by(world.root.issuer.certificate)
    assert certificate.public_key() == key.public_key()
    world.issuing.revoke(certificate.serial_number, x509.ReasonFlags.key_compromise)
    crl = world.issuing.issue_crl()
    assert crl.is_signature_valid(issuer.public_key())
    assert crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
    world.register.close()


@pytest.mark.parametrize("kind", ONE_SIZE)
def test_a_built_in_profile_takes_the_algorithms_of_the_circular_alone(world: World, kind: str):
    """Circular 15/2025 Annex I names RSA and ECDSA; a profile of one's own may name more."""
    key = new_key(kind)
    with pytest.raises(KeyNotAllowedError, match=kind):
        world.issue(load_profile("official"), key=key)
    assert world.issue(profile_for("official", key), key=key).public_key() == key.public_key()


def test_nothing_is_signed_that_is_not_recorded(world: World):
    """When the key is asked to sign, serial, bytes and requester are in the register."""
    authority, key = watched(world)
    seen = []

    def look(data: bytes) -> None:
        (record,) = world.register.find_certificates(RESERVED)
        assert record.tbs_der == data
        assert record.requester == "văn thư"
        assert actions(world)[-1] == "certificate.reserve"
        seen.append(record.serial)

    key.before = look
    certificate = world.issue(authority=authority)
    assert seen == [certificate.serial_number]


def test_an_interruption_before_the_signature_loses_nothing(world: World):
    """The token is pulled out: the serial stays reserved until it is recovered."""
    authority, key = watched(world)

    def pulled_out(_: bytes) -> None:
        raise InterruptedByTestError

    key.before = pulled_out
    with pytest.raises(InterruptedByTestError):
        world.issue(authority=authority)
    assert_recovered(world)


def test_an_interruption_after_the_signature_loses_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    """The machine stops before the second commit: a signature exists that nobody was given."""
    commit, calls = world.register.commit, []

    def second_fails(changes, event):
        calls.append(event.action)
        if event.action == "certificate.issue":
            raise InterruptedByTestError
        commit(changes, event)

    with monkeypatch.context() as patch:
        patch.setattr(world.register, "commit", second_fails, raising=True)
        with pytest.raises(InterruptedByTestError):
            world.issue()
    assert calls == ["certificate.reserve", "certificate.issue"]
    assert_recovered(world)


def assert_recovered(world: World) -> None:
    (left,) = world.register.find_certificates(RESERVED)
    assert world.issuing.issue_crl().get_revoked_certificate_by_serial_number(left.serial) is None
    assert world.issuing.recover_open() == (left,)
    assert world.register.find_certificates(RESERVED) == ()
    assert world.issuing.recover_open() == ()
    crl = world.issuing.issue_crl()
    assert crl.get_revoked_certificate_by_serial_number(left.serial) is not None
    record = world.register.find_certificate("issuing", left.serial)
    assert record is not None
    assert record.state is CertificateState.ABANDONED
    assert "certificate.abandon" in actions(world)
    verify_audit(world.register)
    world.issue()


def test_what_was_completed_meanwhile_is_not_given_up(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    certificate = world.issue()
    record = world.register.find_certificate("issuing", certificate.serial_number)
    monkeypatch.setattr(world.register, "find_certificates", lambda _: (record,))
    assert world.issuing.recover_open() == ()
    assert world.register.find_revocation("issuing", certificate.serial_number) is None


def test_the_register_failing_first_leaves_no_signature(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    authority, key = watched(world)
    asked = []
    key.before = asked.append

    def fails(*_: object) -> None:
        raise InterruptedByTestError

    monkeypatch.setattr(world.register, "commit", fails)
    with pytest.raises(InterruptedByTestError):
        world.issue(authority=authority)
    assert asked == []


def test_nothing_is_signed_that_fails_the_linter(world: World, monkeypatch: pytest.MonkeyPatch):
    authority, key = watched(world)
    asked = []
    key.before = asked.append
    finding = Finding("antin.test", Severity.ERROR)
    with monkeypatch.context() as patch:
        patch.setattr("pki.lint.linter.lint", lambda *_: (finding,))
        with pytest.raises(LintFailedError):
            world.issue(authority=authority)
    assert asked == []
    assert actions(world)[-1] == "certificate.refuse"
    (record,) = world.register.find_certificates(CertificateQuery(state=CertificateState.ABANDONED))
    # It was never signed, so there is nothing to revoke.
    assert world.register.find_revocation("issuing", record.serial) is None
    world.issue(authority=authority)
    assert len(asked) == 1


def test_a_warning_does_not_block(world: World, monkeypatch: pytest.MonkeyPatch):
    finding = Finding("antin.test", Severity.WARNING)
    monkeypatch.setattr("pki.lint.linter.lint", lambda *_: (finding,))
    world.issue()


def test_a_mutant_without_linter_signs_what_must_not_be(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    """The guard protects: a subject that the linter refuses passes where it is asleep."""
    spoilt = replace(someone(), attributes=(("O", "a\nb"), ("C", "VN"), ("CN", "a")))
    with pytest.raises(LintFailedError, match="control_characters"):
        world.issue(subject=spoilt)
    monkeypatch.setattr("pki.lint.linter.lint", lambda *_: ())
    assert "a\nb" in str(world.issue(subject=spoilt).subject.rdns)


@pytest.mark.parametrize(
    "spoil",
    [lambda s: s[:-1] + bytes([s[-1] ^ 1]), lambda _: b"", lambda s: s + b"\0"],
    ids=["flipped", "empty", "longer"],
)
def test_a_bad_signature_is_not_released(world: World, spoil):
    authority, key = watched(world)
    key.after = spoil
    with pytest.raises(SignatureMismatchError):
        world.issue(authority=authority)
    key.after = lambda good: good
    assert_recovered(world)


def test_other_bytes_than_linted_are_not_released(world: World, monkeypatch: pytest.MonkeyPatch):
    """A certificate that is valid, but not the one that was linted."""
    other = world.issue()
    monkeypatch.setattr(signature, "assemble", lambda *_: other.public_bytes(Encoding.DER))
    with pytest.raises(SignatureMismatchError, match="other bytes"):
        world.issue()


def test_what_cannot_be_read_back_is_not_released(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(signature, "assemble", lambda *_: b"junk")
    with pytest.raises(SignatureMismatchError, match="read back"):
        world.issue()


def test_only_named_places_sign():
    """No other file of the package calls a key: what signs certificates takes a lint pass."""
    folder = Path(signature.__file__).parent.parent
    signing = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and (
            (isinstance(node.func, ast.Name) and node.func.id == "sign_data")
            or (isinstance(node.func, ast.Attribute) and node.func.attr == "sign")
        )
    }
    assert signing == {
        "keys.py",  # sign_data itself
        "authority/signature.py",  # certificates, by a lint pass alone
        "audit/checkpoint.py",
        "authority/crl.py",
        "ceremony/signature.py",  # transcripts, by those present
        "ocsp.py",
        "timestamp.py",
    }


def test_serials_are_positive_and_random():
    serials = {draw_serial() for _ in range(1000)}
    assert len(serials) == 1000
    assert {serial.bit_length() for serial in serials} == {127}


def test_a_shorter_lifetime_may_be_asked_for(world: World):
    profile, key = load_profile("official"), new_key().public_key()
    day = timedelta(days=1)
    certificate = world.issuing.issue(key, profile, someone(), requester="a", lifetime=day)
    length = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert length + timedelta(seconds=1) == day


@pytest.mark.parametrize("days", [-1, 0, 5 * 366])
def test_a_lifetime_outside_the_profile_is_refused(world: World, days: int):
    profile, key = load_profile("official"), new_key().public_key()
    with pytest.raises(ProfileViolationError, match="too_long"):
        world.issuing.issue(key, profile, someone(), requester="a", lifetime=timedelta(days=days))


def test_nothing_outlives_its_issuer(world: World):
    assert isinstance(world.clock, FixedClock)
    world.clock.advance(timedelta(days=5 * 365 + 1))  # the issuing authority has 10 years
    world.issue()
    world.clock.advance(timedelta(days=2))
    with pytest.raises(OutlivesIssuerError):
        world.issue()


def test_a_profile_and_its_limits(world: World):
    with pytest.raises(ProfileViolationError, match="lacks"):
        world.issue(subject=build_subject([("C", "VN"), ("CN", "a")]))
    with pytest.raises(ProfileViolationError, match="makes_authority"):
        world.issue("issuing")
    with pytest.raises(WeakKeyError):
        world.issue(key=ec.generate_private_key(ec.SECP256K1()))


def test_a_root_and_its_limits(world: World):
    again = new_authority("root", "root")
    with pytest.raises(AuthorityExistsError):
        create_root(again, world.register, world.clock)
    for name in ("", "Root", "a/b", "a b", "-a", "ủy-ban", "a" * 64, "con", "nul", "com1", "lpt9"):
        with pytest.raises(AuthorityNameError):
            create_root(new_authority(name, "root"), world.register, world.clock)
    with pytest.raises(ProfileViolationError):
        create_root(new_authority("other", "official"), world.register, world.clock)
    for name in ("other", "console"):
        create_root(new_authority(name, "root"), world.register, world.clock)
    assert [record.name for record in world.register.list_authorities()] == [
        "console", "issuing", "other", "root",
    ]  # fmt: skip


def test_an_issuing_authority_makes_no_other(world: World):
    with pytest.raises(ProfileViolationError, match="path_length"):
        create_issuing(world.issuing, new_authority("below", "issuing"))


def test_a_root_interrupted_can_be_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    world = make_world(tmp_path)
    new = new_authority("second", "root")
    with monkeypatch.context() as patch:
        patch.setattr(
            "pki.authority.issuance.sign_linted",
            lambda *_: (_ for _ in ()).throw(InterruptedByTestError),
        )
        with pytest.raises(InterruptedByTestError):
            create_root(new, world.register, world.clock)
    assert world.register.find_authority("second") is None
    authority = create_root(new, world.register, world.clock)
    assert len(authority.recover_open()) == 1
    world.register.close()


def test_an_authority_is_opened_with_its_key(world: World):
    urls = AuthorityURLs()
    issuer = world.issuing.issuer

    def open_(name: str, key: PrivateKey) -> Authority:
        return open_authority(world.register, name, key=key, urls=urls, clock=world.clock)

    assert open_("issuing", issuer.key).issuer.certificate == issuer.certificate
    with pytest.raises(KeyMismatchError):
        open_("issuing", new_key())
    with pytest.raises(AuthorityNotFoundError):
        open_("other", issuer.key)


def test_an_authority_the_register_does_not_know_does_nothing(world: World):
    issuer = Issuer(
        "stranger", world.root.issuer.certificate, world.root.issuer.key, AuthorityURLs()
    )
    with pytest.raises(AuthorityNotFoundError):
        world.issue(authority=Authority(issuer, world.register, world.clock))


def test_a_revoked_authority_issues_nothing(world: World):
    serial = world.issuing.issuer.certificate.serial_number
    world.root.revoke(serial, x509.ReasonFlags.ca_compromise)
    with pytest.raises(AuthorityRevokedError):
        world.issue()
    world.issuing.issue_crl()  # its list it still publishes
    root = world.root.issuer.certificate.serial_number
    world.root.revoke(root, x509.ReasonFlags.cessation_of_operation)
    with pytest.raises(AuthorityRevokedError):
        create_issuing(world.root, new_authority("next", "issuing"))


def test_a_serial_is_never_reserved_twice(world: World, monkeypatch: pytest.MonkeyPatch):
    certificate = world.issue()
    with monkeypatch.context() as patch:
        patch.setattr("pki.authority.issuance.draw_serial", lambda: certificate.serial_number)
        with pytest.raises(RegisterConflictError):
            world.issue()
    world.issue()


def test_keys_are_not_in_the_repr(world: World):
    for value in (
        world.issuing.issuer,
        world.issuing.issuer.signatory(),
        new_authority("a", "root"),
    ):
        assert "PrivateKey" not in repr(value)


def test_a_request_is_certified_like_a_key(world: World):
    key = new_key().public_key()
    request = CertificateRequest(key, b"")
    issued = world.issuing.issue(request, load_profile("agency"), someone(), requester="a")
    assert issued.public_key() == key
    assert serial_text(issued.serial_number) == f"{issued.serial_number:032x}"


def test_several_callers_at_once_each_get_their_own(placed_world: World):
    world, callers = placed_world, 4
    official = load_profile("official")
    any_number = official.subject.model_copy(update={"active_per_holder": None})
    profile = official.model_copy(update={"subject": any_number})
    before = verify_audit(world.register)
    with ThreadPoolExecutor(callers) as pool:
        issued = list(pool.map(lambda _: world.issue(profile), range(5 * callers)))
    assert len({one.serial_number for one in issued}) == 5 * callers
    for one in issued:
        record = world.issuing.issued(one.serial_number)
        assert record.der == one.public_bytes(Encoding.DER)
    assert verify_audit(world.register) == before + 2 * 5 * callers
