"""Trials of invariants 1 to 10: what is done before and after an authority's key signs.

Each takes a sandbox, and raises `Broken` where the invariant does not hold.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from cli.selftest.sandbox import REQUESTER, Sandbox, WatchedKey, demand, refused
from pki.authority import issuance
from pki.authority.bulk import issue_in_bulk
from pki.authority.bulk_work import Demand
from pki.authority.create import create_issuing
from pki.authority.issuance import Order
from pki.authority.life import hold
from pki.authority.renewal import Following, rekey, renew
from pki.authority.signature import sign_linted
from pki.errors.issuing import LintPassError, OutlivesIssuerError, SignatureMismatchError
from pki.errors.keys import KeyKindError
from pki.errors.requests import (
    AuthorityKeyError,
    HolderLimitError,
    KeyUsedElsewhereError,
    ProfileViolationError,
    ProofOfPossessionError,
    RequestDiffersError,
    RequestEndedError,
    RequestOpenError,
    SubjectInvalidError,
)
from pki.errors.tree import PKIError
from pki.lint.linter import pass_lint
from pki.lint.target import Intent
from pki.names import name_text
from pki.records.certificates import CertificateQuery, CertificateState
from pki.request import parse_request

_DRAWN = 64
_LONGEST = 159
"""Bits of a serial that is encoded in 20 octets."""


def record_before_signature(sandbox: Sandbox) -> None:
    """1. Watch the key: at each signature, what it signs is in the register already."""
    unknown: list[str] = []

    def heard(data: bytes) -> None:
        query = CertificateQuery(issuer="issuing", state=CertificateState.RESERVED)
        reserved = any(one.tbs_der == data for one in sandbox.register.find_certificates(query))
        last = sandbox.register.last_audit_entry()
        digest = hashlib.sha256(data).hexdigest().encode()
        if not reserved and (last is None or digest not in last.content):
            unknown.append(digest.decode()[:16])

    issuing = sandbox.issuing
    sandbox.key.heard = heard
    sandbox.issue()
    issuing.issue_crl()
    sandbox.key.heard = lambda _: None
    demand(not unknown, "cli.selftest.signed_unrecorded", hashes=tuple(unknown))


def serials(sandbox: Sandbox) -> None:
    """2. Draw serials; a serial that was reserved cannot be reserved again."""
    drawn = [issuance.draw_serial() for _ in range(_DRAWN)]
    demand(len(set(drawn)) == _DRAWN, "cli.selftest.serial_twice")
    for serial in drawn:
        fits = serial > 0 and serial.bit_length() <= _LONGEST
        demand(
            fits and serial.bit_length() > _DRAWN, "cli.selftest.serial_shape", serial=f"{serial:x}"
        )
    # Numbers that count up have their upper halves in common.
    demand(len({serial >> _DRAWN for serial in drawn}) == _DRAWN, "cli.selftest.serial_twice")
    certificate = sandbox.issue()
    record = sandbox.register.find_certificate("issuing", certificate.serial_number)
    demand(record is not None and record.der is not None, "cli.selftest.no_record")


def linted_only(sandbox: Sandbox) -> None:
    """3. A pass signs once, for its issuer and its profile; what is signed is what was linted."""
    order = sandbox.order()
    certificate = sandbox.issuing.certify(order)
    record = sandbox.register.find_certificate("issuing", certificate.serial_number)
    tbs_der = record.tbs_der if record is not None else b""
    demand(certificate.tbs_certificate_bytes == tbs_der, "cli.selftest.tbs_differs")
    signatory, other = sandbox.issuing.issuer.signatory(), sandbox.root.issuer.signatory()
    intent = _intent(sandbox, order)

    given = pass_lint(tbs_der, intent)
    sign_linted(signatory, order.profile, given)
    refused(LintPassError, lambda: sign_linted(signatory, order.profile, given))
    given = pass_lint(tbs_der, intent)
    refused(LintPassError, lambda: sign_linted(other, order.profile, given))
    renamed = order.profile.model_copy(update={"name": "another"})
    given = pass_lint(tbs_der, intent)
    refused(LintPassError, lambda: sign_linted(signatory, renamed, given))


def validity(sandbox: Sandbox) -> None:
    """4. Nothing outlives its issuer or its profile, the last second counted; nothing is early."""
    now = sandbox.clock.now()
    order = sandbox.order()
    end = order.profile.lifetime.end(now.replace(microsecond=0))
    whole = end - now.replace(microsecond=0) + timedelta(seconds=1)
    certificate = sandbox.issuing.certify(replace(order, lifetime=whole))
    demand(certificate.not_valid_before_utc <= now, "cli.selftest.not_before")
    demand(certificate.not_valid_after_utc == end, "cli.selftest.not_after")
    longer = replace(sandbox.order(), lifetime=whole + timedelta(seconds=1))
    refused(ProfileViolationError, lambda: sandbox.issuing.certify(longer))
    issuer_end = sandbox.issuing.issuer.certificate.not_valid_after_utc
    sandbox.clock.advance(issuer_end - now - timedelta(days=30))
    refused(OutlivesIssuerError, sandbox.issue)


def requests(sandbox: Sandbox) -> None:
    """5. A request that was signed by another key, a short key, an authority's own: refused."""
    request = _request(WatchedKey())
    parse_request(request.public_bytes(Encoding.DER))
    refused(ProofOfPossessionError, lambda: parse_request(_resigned(request)))
    refused(KeyKindError, lambda: parse_request(_der(_short_key())))
    own = sandbox.order(key=sandbox.key)
    refused(AuthorityKeyError, lambda: sandbox.issuing.certify(own))


def one_key_one_person(sandbox: Sandbox) -> None:
    """6. A key that certifies one person certifies no other."""
    key = WatchedKey()
    sandbox.issuing.certify(sandbox.order(key=key))
    refused(KeyUsedElsewhereError, lambda: sandbox.issuing.certify(sandbox.order(key=key)))


def few_for_one_person(sandbox: Sandbox) -> None:
    """6. A person has no more certificates than the profile says, wherever the person serves."""
    limit = sandbox.profile.subject.active_per_holder or 0
    persons = {"UID": "CCCD:000099000001"}
    first, *others = (
        sandbox.issuing.certify(sandbox.order(subject=sandbox.someone(**persons)))
        for _ in range(limit)
    )
    hold(sandbox.issuing, first.serial_number, requester=REQUESTER)
    refused(HolderLimitError, lambda: _issue_to(sandbox, persons))
    named = (("C", "VN"), ("O", "Antin"), ("CN", "Selftest"), *persons.items())
    bulk = [Demand(_der(WatchedKey()), named, REQUESTER)]
    done = issue_in_bulk(sandbox.issuing, sandbox.profile, bulk, open_key=lambda: sandbox.key)
    codes = tuple(one.error.code if one.error else "-" for one in done)
    demand(codes == (HolderLimitError.code,), "cli.selftest.too_many", codes=codes)
    for one in others:  # what is followed makes room for what follows it
        renew(sandbox.issuing, Following(one.serial_number, sandbox.profile, requester=REQUESTER))
    refused(HolderLimitError, lambda: _issue_to(sandbox, persons))
    sandbox.issuing.revoke(first.serial_number, x509.ReasonFlags.superseded)
    _issue_to(sandbox, persons)


def _issue_to(sandbox: Sandbox, named: dict[str, str]) -> x509.Certificate:
    return sandbox.issuing.certify(sandbox.order(subject=sandbox.someone(**named)))


def nothing_of_the_request(sandbox: Sandbox) -> None:
    """7. A request asks for another's name and for an authority's powers, and gets neither."""
    key = WatchedKey()
    asked = parse_request(_der(key))
    subject = sandbox.someone()
    certificate = sandbox.issuing.issue(asked, sandbox.profile, subject, requester=REQUESTER)
    demand(name_text(certificate.subject) == subject.text(), "cli.selftest.subject")
    oids = {extension.oid for extension in certificate.extensions}
    demand(x509.BasicConstraints.oid not in oids, "cli.selftest.extension_of_request")
    issuer = sandbox.issuing.issuer.certificate.subject.public_bytes()
    demand(certificate.issuer.public_bytes() == issuer, "cli.selftest.issuer_name")
    refused(SubjectInvalidError, lambda: sandbox.someone(SN="A" * 300, GN="B"))


def one_way(sandbox: Sandbox) -> None:
    """8. What is refused one at a time is refused in bulk, for the same reason."""
    taken = ec.generate_private_key(ec.SECP256R1())
    subject = sandbox.someone()
    asked = parse_request(_der(taken))
    sandbox.issuing.issue(asked, sandbox.profile, subject, requester=REQUESTER)
    bad = (
        _der(taken),
        _der(_short_key()),
        _resigned(_request(WatchedKey())),
        _der(sandbox.key),
    )
    alone = tuple(_code(partial(_issue_one, sandbox, one)) for one in bad)
    named = (("C", "VN"), ("O", "Antin"), ("CN", "Selftest"))
    demands = [Demand(one, named, REQUESTER) for one in bad]
    done = issue_in_bulk(sandbox.issuing, sandbox.profile, demands, open_key=lambda: sandbox.key)
    found = {one.position: one.error.code if one.error else "-" for one in done}
    in_bulk = tuple(found[position] for position in range(len(bad)))
    demand(
        "-" not in alone and alone == in_bulk, "cli.selftest.ways_differ", alone=alone, bulk=in_bulk
    )


def one_request_one_certificate(sandbox: Sandbox) -> None:
    """9. A request made again, alone or in bulk, gets what it got, and never anything else."""
    order = replace(sandbox.order(), request_id="selftest-1")
    first = sandbox.issuing.certify(order)
    again = sandbox.issuing.certify(order)
    demand(again == first, "cli.selftest.request_twice")
    key, named = WatchedKey(), (("C", "VN"), ("O", "Antin"), ("CN", "Selftest"))
    bulk = [Demand(_der(key), named, REQUESTER, "selftest-2")]
    found = [
        one.certificate_der
        for _ in range(2)
        for one in issue_in_bulk(
            sandbox.issuing, sandbox.profile, bulk, open_key=lambda: sandbox.key
        )
    ]
    demand(found[0] is not None and found[0] == found[1], "cli.selftest.request_twice")
    other = replace(sandbox.order(), request_id="selftest-1")
    refused(RequestDiffersError, lambda: sandbox.issuing.certify(other))
    _one_renewal(sandbox, first)
    broken_off = replace(sandbox.order(), request_id="selftest-3")
    sandbox.key.answered = lambda data: data + b"\0"
    refused(SignatureMismatchError, lambda: sandbox.issuing.certify(broken_off))
    sandbox.key.answered = lambda data: data
    refused(RequestOpenError, lambda: sandbox.issuing.certify(broken_off))
    sandbox.issuing.recover_open()
    refused(RequestEndedError, lambda: sandbox.issuing.certify(broken_off))


def _one_renewal(sandbox: Sandbox, first: x509.Certificate) -> None:
    wanted = Following(first.serial_number, sandbox.profile, REQUESTER, request_id="selftest-4")
    renewed = renew(sandbox.issuing, wanted)
    again = renew(sandbox.issuing, wanted)
    demand(again == renewed, "cli.selftest.request_twice")
    key = WatchedKey().public_key()
    refused(RequestDiffersError, lambda: rekey(sandbox.issuing, wanted, key))


def read_back(sandbox: Sandbox) -> None:
    """10. A key that signs something else: nothing of it is given to anybody."""
    issuing = sandbox.issuing
    sandbox.key.answered = lambda data: data + b"\0"
    refused(SignatureMismatchError, sandbox.issue)
    sandbox.key.answered = lambda data: data
    query = CertificateQuery(issuer=issuing.issuer.name, state=CertificateState.ISSUED)
    demand(not sandbox.register.find_certificates(query), "cli.selftest.released")


def late_authority(sandbox: Sandbox) -> None:
    """4. An authority does not outlive the one above it."""
    root_end = sandbox.root.issuer.certificate.not_valid_after_utc
    sandbox.clock.advance(root_end - sandbox.clock.now() - timedelta(days=30))
    new = sandbox.new_authority("late", "issuing")
    refused(OutlivesIssuerError, lambda: create_issuing(sandbox.root, new))


def _issue_one(sandbox: Sandbox, request: bytes) -> x509.Certificate:
    asked = parse_request(request)
    subject = sandbox.someone()
    return sandbox.issuing.issue(asked, sandbox.profile, subject, requester=REQUESTER)


def _code(act: Callable[[], object]) -> str:
    try:
        act()
    except PKIError as error:
        return error.code
    return "-"


def _intent(sandbox: Sandbox, order: Order) -> Intent:
    issuer = sandbox.issuing.issuer
    return Intent(
        profile=order.profile,
        subject=order.subject,
        public_key=order.public_key,
        issuer_name=issuer.certificate.subject,
        issuer_key=issuer.key.public_key(),
        issuer=issuer.certificate,
        urls=issuer.urls,
        now=sandbox.clock.now(),
    )


def _short_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 1024)  # noqa: S505  to be refused


def _request(
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey,
) -> x509.CertificateSigningRequest:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "somebody else")])
    powers = x509.BasicConstraints(ca=True, path_length=None)
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    return builder.add_extension(powers, critical=True).sign(key, hashes.SHA256())


def _der(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return _request(key).public_bytes(Encoding.DER)


def _resigned(request: x509.CertificateSigningRequest) -> bytes:
    """Return the request with a signature over something else."""
    whole = bytearray(request.public_bytes(Encoding.DER))
    at = whole.index(request.tbs_certrequest_bytes) + len(request.tbs_certrequest_bytes)
    middle = whole.index(b"somebody else", 0, at)
    whole[middle] ^= 1  # what was signed is another name
    return bytes(whole)
