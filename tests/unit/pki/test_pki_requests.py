"""Requests and their approvals, on both engines: what counts, and what does not any more."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from pki_engines import Place
from pki_office import Office, approved_profile, make_office
from pki_postgres import PostgresServer
from pki_request_machine import Requests
from pki_world import NOW, new_key, someone

from cli.selftest.sandbox import WatchedKey
from pki.authority.authority import Authority
from pki.authority.bulk import issue_in_bulk
from pki.authority.carry_out import RECOVERY_APPROVALS, carry_out, complete_recovery, run_statement
from pki.authority.deeds import certificate_deed, recovery_deed
from pki.authority.erasure import erase
from pki.authority.issuance import Order
from pki.authority.life import declare_compromise, hold, release
from pki.authority.renewal import Following, rekey, renew
from pki.errors.certificates import AlreadyRevokedError
from pki.errors.issuing import LintFailedError, SignatureMismatchError
from pki.errors.office import (
    AlreadyApprovedError,
    ApprovalExpiredError,
    ApprovalMismatchError,
    ApprovalNeededError,
    ApprovalsMissingError,
    ApprovalTermError,
    NoJudgeError,
    NotRequesterError,
    OwnRequestError,
    RequestChangedError,
    RequestFieldError,
    RequestRunningError,
    RequestStateError,
    RequestUnknownError,
    RequestWithdrawnError,
    RightMissingError,
    SignerStatusError,
    SignerUntrustedError,
    StatementInvalidError,
)
from pki.errors.requests import ProfileInvalidError, RequestEndedError
from pki.errors.tree import PKIError
from pki.profile import parse_profile
from pki.records.certificates import CertificateQuery, CertificateState, ErasureReason
from pki.records.requests import (
    Case,
    CaseQuery,
    RequestKind,
    RequestState,
    Role,
    Signature,
)
from pki.requests.canonical import MAX_OCTETS, canonical, digest, read_canonical
from pki.requests.content import Asked, Concerned, deed_of
from pki.requests.filing import approval_of, approve, prepare_submission, submit
from pki.requests.permission import Permit
from pki.requests.rights import Act, words_of
from pki.requests.statement import instant, read_statement, write_statement
from pki.subject import Subject, subject_of

DONE, OPEN = RequestState.DONE, RequestState.SUBMITTED


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = make_office(tmp_path)
    yield made
    made.world.register.close()


@pytest.fixture
def placed(tmp_path: Path, place: Place) -> Iterator[Office]:
    made = make_office(tmp_path, place.url)
    yield made
    made.world.register.close()


def issued(office: Office) -> list[int]:
    query = CertificateQuery(issuer="issuing", state=CertificateState.ISSUED, profile="official")
    hired = {person.certificate.serial_number for person in office.people.values()}
    found = office.world.register.find_certificates(query)
    return [one.serial for one in found if one.serial not in hired]


def last(office: Office) -> dict[str, str]:
    entry = office.world.register.last_audit_entry()
    assert entry
    told = json.loads(entry.content)
    return {"action": told["action"], "actor": told["actor"], **told["facts"]}


def test_an_approved_request_is_carried_out(placed: Office):
    case = placed.ask_new(number="2026-17")
    assert (case.state, case.approved, case.record.requester) == (OPEN, 0, "clerk")
    assert placed.approve(case).approved == 1
    done = placed.run(case)
    assert done.case.state is DONE
    assert done.certificate
    assert issued(placed) == [done.certificate.serial_number]
    record = placed.world.register.find_certificate("issuing", done.certificate.serial_number)
    assert record
    assert (record.request_id, record.requester) == ("2026-17", "person:clerk")
    states = [move.state for move in placed.desk.cases.moves("2026-17")]
    assert states == [OPEN, RequestState.RUNNING, DONE]
    assert placed.run(case).certificate == done.certificate  # and no second one
    assert len(issued(placed)) == 1


def test_what_was_approved_stands_in_the_log_before_the_signature(office: Office):
    case = office.approve(office.ask_new())
    office.run(case)
    told = [json.loads(one.content) for one in office.world.register.audit_entries()]
    reserve = [one["facts"] for one in told if one["action"] == "certificate.reserve"][-1]
    (approval,) = office.desk.cases.approvals(case.record.id)
    assert reserve["request"] == case.record.id
    assert reserve["content"] == case.record.content_sha256
    assert reserve["approvals"] == digest(approval.cms)
    assert reserve["by"] == "person:officer"


def test_the_words_are_those_of_what_is_done(office: Office):
    key = new_key()
    order = Order(key.public_key(), office.profile, someone(), "x", timedelta(days=90))
    case = office.ask_new(order)
    told = json.loads(office.desk.cases.content(case.record.id))
    assert told["for"] == {"person": "CB-1", "post": None, "agency": "A-1", "device": None}
    assert told["deed"]["seconds"] == 90 * 86400
    assert ["O", "Sở Nội vụ"] in told["deed"]["subject"]
    office.approve(case)
    certificate = office.run(case).certificate
    assert certificate
    assert certificate.public_key() == key.public_key()
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc < timedelta(days=90)


# What takes an approval, and is not done without one.

Directly = Callable[[Authority, int], object]
PLAIN, ASKED = approved_profile(0), approved_profile(1)
DIRECTLY: dict[str, Directly] = {
    "renew": lambda by, serial: renew(by, Following(serial, ASKED, "văn thư")),
    "renew as built in": lambda by, serial: renew(by, Following(serial, PLAIN, "văn thư")),
    "rekey": lambda by, serial: rekey(
        by, Following(serial, PLAIN, "văn thư"), new_key().public_key()
    ),
    "revoke": lambda by, serial: by.revoke(serial, x509.ReasonFlags.superseded),
    "release": lambda by, serial: release(by, serial, requester="account:root"),
    "compromise": lambda by, serial: declare_compromise(by, serial, requester="account:root"),
}


@pytest.mark.parametrize("name", DIRECTLY)
@pytest.mark.parametrize("desk", [True, False])
def test_nothing_is_done_directly_that_takes_an_approval(office: Office, name: str, desk: bool):
    done = office.run(office.approve(office.ask_new()))
    assert done.certificate
    serial, authority = done.certificate.serial_number, office.issuing
    if not desk:
        authority.desk = None
    with pytest.raises(ApprovalNeededError):
        DIRECTLY[name](authority, serial)
    assert issued(office) == [serial]
    free = office.hire("free").certificate.serial_number  # was issued without an approval
    if name == "release":
        hold(authority, free, requester="account:root")
    if name == "compromise":
        authority.revoke(free, x509.ReasonFlags.superseded)
    if name != "renew":  # that profile takes an approval for everybody
        DIRECTLY[name](authority, free)


def test_issuing_takes_an_approval_where_the_profile_or_the_office_says_so(office: Office):
    with pytest.raises(ApprovalNeededError) as refused:
        office.world.issue(office.profile)
    assert refused.value.facts == {"profile": "official", "approvals": 1}
    with pytest.raises(ApprovalNeededError):
        next(issue_in_bulk(office.issuing, office.profile, [], open_key=new_key))
    office.world.issue("official")  # the profile that comes with Antin asks for none
    office.rules["official"] = 2
    _ = office.issuing
    with pytest.raises(ApprovalNeededError):
        office.world.issue("official")


def test_without_a_judge_nothing_is_done(office: Office):
    case = office.approve(office.ask_new())
    desk = replace(office.desk, judge=None)
    signature = office.sign("officer", run_statement(case, office.now))
    for act in (
        lambda: desk.identify(Act.RUN, signature, NOW),
        lambda: _carry_out(office, desk, case, signature),
    ):
        with pytest.raises(NoJudgeError):
            act()
    office.run(case)


def _carry_out(office: Office, desk: object, case: Case, signature: Signature) -> object:
    return carry_out(office.issuing, desk, case.record.id, signature, profile=office.profile)  # type: ignore[arg-type]


# The kinds.


def test_a_renewal_and_a_new_key_follow(placed: Office):
    first = placed.run(placed.approve(placed.ask_new())).certificate
    assert first
    name, serial = "issuing", first.serial_number
    record = placed.world.register.find_certificate(name, serial)
    assert record
    subject = Order(new_key().public_key(), placed.profile, _subject(first), "x")
    same = replace(
        subject, public_key=first.public_key(), longest=placed.profile.renewal,
        replaces=serial, replaced_of=name,
    )  # fmt: skip
    other = replace(subject, replaces=serial, replaced_of=name)
    for order in (same, other):
        deed = certificate_deed(order, name)
        case = placed._submit(
            RequestKind.RENEW, placed.profile, serial, deed, number=None, who="clerk"
        )
        done = placed.run(placed.approve(case))
        assert done.certificate
        assert done.certificate.public_key() == order.public_key
        assert placed.run(case).certificate == done.certificate
    assert len(issued(placed)) == 3


def _subject(certificate: x509.Certificate) -> Subject:
    return subject_of(certificate)


def test_a_change_of_content_revokes_what_it_follows(placed: Office):
    first = placed.run(placed.approve(placed.ask_new())).certificate
    assert first
    serial = first.serial_number
    order = replace(placed.order(), replaces=serial, revokes_replaced=True)
    case = placed.approve(placed.ask_new(order))
    assert case.record.kind is RequestKind.CHANGE
    done = placed.run(case).certificate
    assert done
    standing = placed.world.register.find_revocation("issuing", serial)
    assert standing
    assert standing.reason is x509.ReasonFlags.affiliation_changed
    assert issued(placed) == [done.serial_number]


def test_what_was_revoked_while_it_was_signed_stays_as_it_was(office: Office):
    first = office.run(office.approve(office.ask_new())).certificate
    assert first
    serial = first.serial_number
    order = replace(office.order(), replaces=serial, revokes_replaced=True)
    case = office.approve(office.ask_new(order))
    revocation = office.approve(ask_revocation(office, serial))
    key, done = watched(office), []

    def heard(_: bytes) -> None:
        if not done:
            done.append(office.run(revocation))

    key.heard = heard
    assert office.run(case).certificate
    standing = office.world.register.find_revocation("issuing", serial)
    assert standing
    assert standing.reason is x509.ReasonFlags.superseded


def watched(office: Office) -> WatchedKey:
    """Put a key in the place of the authority's own that tells what it signs."""
    key, issuer = WatchedKey(), office.issuing.issuer
    key._inner = issuer.key  # type: ignore[assignment]
    office.issuing.issuer = replace(issuer, key=key)
    return key


def ask_revocation(office: Office, serial: int, reason: str = "superseded") -> Case:
    record = office.world.register.find_certificate("issuing", serial)
    assert record
    return office.ask_status(RequestKind.REVOKE, record, reason=reason)


@pytest.mark.parametrize("since", [None, NOW - timedelta(days=3)])
def test_a_revocation_and_its_graver_reason(placed: Office, since: datetime | None):
    serial = placed.hire("free").certificate.serial_number
    case = placed.approve(ask_revocation(placed, serial))
    assert placed.run(case).case.state is DONE
    assert last(placed)["request"] == case.record.id
    assert placed.run(case).certificate is None  # done is done
    record = placed.world.register.find_certificate("issuing", serial)
    assert record
    graver = placed.ask_status(RequestKind.REVOKE, record, reason="keyCompromise", since=since)
    placed.run(placed.approve(graver))
    standing = placed.world.register.find_revocation("issuing", serial)
    assert standing
    assert standing.reason is x509.ReasonFlags.key_compromise
    assert standing.invalidity_date == (since and since.replace(microsecond=0))
    again = placed.approve(ask_revocation(placed, serial))
    with pytest.raises(AlreadyRevokedError):
        placed.run(again)
    assert placed.desk.case(again.record.id).state is OPEN


def test_a_hold_its_end_and_a_compromise_of_what_is_held(placed: Office):
    serial = placed.hire("free").certificate.serial_number
    record = placed.world.register.find_certificate("issuing", serial)
    assert record
    for kind in (RequestKind.HOLD, RequestKind.RELEASE, RequestKind.HOLD):
        case = placed.run(placed.approve(placed.ask_status(kind, record))).case
        assert case.state is DONE
        held = placed.world.register.find_revocation("issuing", serial) is not None
        assert held is (kind is RequestKind.HOLD)
    placed.run(placed.approve(ask_revocation(placed, serial, "keyCompromise")))
    standing = placed.world.register.find_revocation("issuing", serial)
    assert standing
    assert standing.reason is x509.ReasonFlags.key_compromise


def ask_recovery(office: Office, device: str = "TB-7") -> Case:
    asked = Asked(
        *("2026-R1", RequestKind.RECOVER, "-", "-", None, recovery_deed(device)),
        *(Concerned(person="CB-1", device=device), RECOVERY_APPROVALS),
    )
    made = prepare_submission(asked, office.now)
    return submit(office.desk, made, office.sign("clerk", made.statement).cms)


def test_a_locked_token_is_helped_when_somebody_approved(placed: Office):
    case = ask_recovery(placed)
    signature = placed.sign("officer", run_statement(case, placed.now))
    with pytest.raises(ApprovalsMissingError):
        complete_recovery(placed.desk, "2026-R1", signature)
    placed.approve(case)
    assert complete_recovery(placed.desk, "2026-R1", signature).state is DONE
    assert last(placed)["action"] == "request.recover"
    with pytest.raises(RequestStateError):
        complete_recovery(placed.desk, "2026-R1", signature)


# Who approves.


def test_whoever_asks_does_not_approve(office: Office):
    case = office.ask_new()
    office.grants.pop("clerk")
    office.grant("clerk", Role.APPROVER)
    with pytest.raises(OwnRequestError):
        office.approve(case, "clerk")
    # another certificate, for which another code was given, of the same person
    numbers = {"UID": "CCCD:001099000001"}
    office.hire("one", **numbers)
    office.hire("other", **numbers)
    office.grant("one", Role.CLERK)
    office.grant("other", Role.APPROVER)
    case = office.ask_new(who="one")
    with pytest.raises(OwnRequestError):
        office.approve(case, "other")
    # another certificate of one code
    office.people["alias"] = replace(office.hire("alias"), code="one")
    office.grant("alias", Role.APPROVER)
    with pytest.raises(OwnRequestError):
        office.approve(case, "alias")
    with pytest.raises(OwnRequestError):
        office.end(Act.REJECT, case, "alias")
    office.run(office.approve(case))


@pytest.mark.parametrize("who", ["clerk", "officer", "auditor"])
def test_who_has_not_the_right_does_not_approve(office: Office, who: str):
    case = office.ask_new()
    with pytest.raises(RightMissingError) as refused:
        office.approve(case, who)
    assert refused.value.facts["act"] == words_of(Act.APPROVE)
    office.approve(case)


def test_a_role_begins_and_ends(office: Office):
    case = office.ask_new()
    soon, then = office.now + timedelta(hours=1), office.now + timedelta(hours=2)
    office.grant("soon", Role.APPROVER, since=soon, until=then)
    with pytest.raises(RightMissingError):
        office.approve(case, "soon")
    office.later(hours=1)
    assert office.approve(case, "soon").approved == 1
    office.later(hours=1)
    with pytest.raises(RightMissingError):
        office.run(case)
    office.approve(case)
    office.run(case)


def test_whose_role_ended_after_the_approval_approves_no_more(placed: Office):
    case = placed.approve(placed.ask_new())
    placed.dismiss("approver")
    with pytest.raises(RightMissingError):
        placed.run(case)
    assert issued(placed) == []
    placed.approve(case, "second")
    placed.run(case)


def test_whose_certificate_is_held_after_the_approval_approves_no_more(placed: Office):
    case = placed.approve(placed.ask_new())
    serial = placed.people["approver"].certificate.serial_number
    hold(placed.issuing, serial, requester="account:root")
    with pytest.raises(SignerStatusError):
        placed.run(case)  # the register knows before any list does
    placed.issuing.issue_crl()
    with pytest.raises(SignerUntrustedError):
        placed.run(case)
    release(placed.issuing, serial, requester="account:root")
    placed.issuing.issue_crl()
    placed.run(case)


def test_an_approval_expires(placed: Office):
    case = placed.approve(placed.ask_new(), term=timedelta(hours=8))
    placed.later(hours=8)
    with pytest.raises(ApprovalExpiredError) as refused:
        placed.run(case)
    assert refused.value.facts["person"] == "approver"
    placed.approve(case, "second")
    placed.run(case)


@pytest.mark.parametrize("days", [0, -1, 31])
def test_no_approval_is_over_or_lasts_for_ever(office: Office, days: int):
    case = office.ask_new()
    with pytest.raises(ApprovalTermError):
        office.approve(case, term=timedelta(days=days))
    office.approve(case, term=timedelta(days=30))


def test_as_many_approve_as_the_profile_asks_for(placed: Office):
    profile = approved_profile(2)
    order = replace(placed.order(), profile=profile)
    case = placed.ask_new(order)
    with pytest.raises(ApprovalsMissingError) as refused:
        placed.run(case, profile=profile)
    assert refused.value.facts["needed"] == 2
    placed.approve(case)
    with pytest.raises(AlreadyApprovedError):
        placed.approve(case)
    with pytest.raises(ApprovalsMissingError):
        placed.run(case, profile=profile)
    placed.approve(case, "second")
    assert placed.run(case, profile=profile).certificate


def test_one_person_with_two_certificates_is_one(office: Office):
    office.people["double"] = replace(office.hire("double"), code="approver")
    office.grant("double", Role.APPROVER)
    case = office.approve(office.ask_new())
    with pytest.raises(AlreadyApprovedError):
        office.approve(case, "double")


# What is approved.


def test_an_approval_of_another_request_is_none_of_this_one(office: Office):
    one, other = office.ask_new(), office.ask_new()
    statement = approval_of(other, office.now)
    with pytest.raises(ApprovalMismatchError):
        approve(office.desk, one.record.id, office.sign("approver", statement))
    approve(office.desk, other.record.id, office.sign("approver", statement))


def test_an_approval_put_beside_another_request_does_not_count(office: Office, tmp_path: Path):
    one, other = office.ask_new(), office.approve(office.ask_new())
    place = Place("sqlite", f"sqlite:///{tmp_path / 'register.db'}")
    with place.raw() as run:
        place.drop_guards(run)
        run(f"UPDATE request_approvals SET request = '{one.record.id}'")
    with pytest.raises(ApprovalMismatchError):
        office.run(one)
    with pytest.raises(ApprovalsMissingError):
        office.run(other)


@pytest.mark.parametrize(
    "change",
    [
        {"profile": approved_profile(1, policy="7")},
        {"subject": someone()},
        {"public_key": new_key().public_key()},
        {"lifetime": timedelta(days=30)},
        {"replaces": 7},
    ],
    ids=["profile", "subject", "key", "lifetime", "replaces"],
)
def test_what_was_approved_is_what_is_signed(office: Office, change: dict[str, object]):
    order = office.order()
    case = office.approve(office.ask_new(order))
    permit = Permit(
        case.record.id, "person:officer", office.sign("officer", run_statement(case, office.now))
    )
    asked = replace(order, request_id=case.record.id, permit=permit)
    with pytest.raises(RequestChangedError):
        office.issuing.certify(replace(asked, **change))  # type: ignore[arg-type]
    assert issued(office) == []
    assert office.issuing.certify(asked)


def test_another_reason_is_another_revocation(office: Office):
    serial = office.hire("free").certificate.serial_number
    case = office.approve(ask_revocation(office, serial))
    signature = office.sign("officer", run_statement(case, office.now))
    permit = Permit(case.record.id, "person:officer", signature)
    with pytest.raises(RequestChangedError):
        office.issuing.revoke(serial, x509.ReasonFlags.key_compromise, permit=permit)
    office.issuing.revoke(serial, x509.ReasonFlags.superseded, permit=permit)


def test_words_that_were_changed_after_the_approval_are_found_out(office: Office, tmp_path: Path):
    case = office.approve(office.ask_new())
    place = Place("sqlite", f"sqlite:///{tmp_path / 'register.db'}")
    with place.raw() as run:
        place.drop_guards(run)
        run("UPDATE request_contents SET content = x'7b7d'")
        for act in (lambda: office.run(case), lambda: office.approve(case, "second")):
            with pytest.raises(RequestChangedError):
                act()
        run("UPDATE request_contents SET content = x'7b7d'")
        digest = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
        run(f"UPDATE requests SET content_sha256 = '{digest}'")
    case = office.desk.case(case.record.id)
    with pytest.raises(RequestChangedError):
        office.run(case)  # they agree with their hash, and are no request's


def test_a_profile_that_changed_since_is_another_one(office: Office):
    case = office.approve(office.ask_new())
    with pytest.raises(RequestChangedError):
        office.run(case, profile=approved_profile(1, policy="9"))
    office.run(case)


# Signatures.


def test_a_signature_counts_whole_or_not_at_all(office: Office):
    case = office.ask_new()
    good = office.sign("approver", approval_of(case, office.now))
    spoiled = bytearray(good.cms)
    spoiled[-1] ^= 1
    foreign = new_key()
    stranger = replace(office.people["approver"], key=foreign)
    for cms in (bytes(spoiled), b"", b"0\x80", good.cms[:-1]):
        with pytest.raises(SignerUntrustedError):
            approve(office.desk, case.record.id, replace(good, cms=cms))
    with pytest.raises(PKIError):
        stranger.sign(good.statement, office.now)
    other = office.sign("approver", approval_of(case, office.now, timedelta(days=1)))
    with pytest.raises(SignerUntrustedError):
        approve(office.desk, case.record.id, replace(good, cms=other.cms))
    assert approve(office.desk, case.record.id, good).approved == 1


def test_a_statement_is_made_when_it_is_handed_in(office: Office):
    case = office.ask_new()
    signature = office.sign("approver", approval_of(case, office.now))
    office.later(minutes=16)
    with pytest.raises(StatementInvalidError):
        approve(office.desk, case.record.id, signature)
    office.approve(case)


@pytest.mark.parametrize(
    "statement",
    [
        b"",
        b"[]",
        b"{",
        b'{"a": 1}',
        b'{"act":"approve"}',
        b'{"act":"reject","at":"2026-03-02T07:30:15Z","format":"antin.act/1"}',
        b'{"act":"approve","at":"2026-03-02T07:30:15Z","format":"antin.act/2"}',
        b'{"act":"approve","at":"yesterday","format":"antin.act/1"}',
        b'{"act":"approve","at":7,"format":"antin.act/1"}',
        b'{"act":"approve","at":"2026-03-02T07:30:15Z", "format":"antin.act/1"}',
        b"[" * 10_000,
        b'"' + b"a" * MAX_OCTETS + b'"',
    ],
)
def test_what_is_no_statement_is_told(statement: bytes):
    with pytest.raises(StatementInvalidError):
        read_statement(statement, Act.APPROVE)
    good = write_statement(Act.APPROVE, NOW, request="R")
    assert read_statement(good, Act.APPROVE)["request"] == "R"
    assert instant("2026-03-02T07:30:15Z") == NOW.replace(microsecond=0)


def test_one_document_has_one_form():
    decomposed = "Nguye\u0302\u0303n"
    assert canonical({"b": decomposed, "a": [1, None, True]}) == canonical(
        {"a": [1, None, True], "b": "Nguy\u1ec5n"}
    )
    with pytest.raises(TypeError):
        canonical({"a": b"octets"})
    assert read_canonical(canonical({"a": "Nguy\u1ec5n"})) == {"a": "Nguy\u1ec5n"}
    assert read_canonical(json.dumps({"a": decomposed}, ensure_ascii=False).encode()) is None
    with pytest.raises(RequestChangedError):
        deed_of(canonical({"format": "antin.request/1", "request": "R-2"}), "R-1")


# What becomes of a request.


@pytest.mark.parametrize(("act", "who"), [(Act.WITHDRAW, "clerk"), (Act.REJECT, "approver")])
def test_an_ended_request_is_not_carried_out(placed: Office, act: Act, who: str):
    case = placed.approve(placed.ask_new(), "second")
    ended = placed.end(act, case, who)
    assert ended.state.value == {"withdraw": "withdrawn", "reject": "rejected"}[act.value]
    expected = RequestWithdrawnError if act is Act.WITHDRAW else RequestStateError
    with pytest.raises(expected):
        placed.run(case)
    with pytest.raises(expected):
        placed.approve(case)
    with pytest.raises(expected):
        placed.end(act, placed.desk.case(case.record.id), who)
    assert issued(placed) == []


def test_nobody_withdraws_what_another_asked_for(office: Office):
    case = office.ask_new()
    office.grant("clerk2", Role.CLERK)
    with pytest.raises(NotRequesterError):
        office.end(Act.WITHDRAW, case, "clerk2")
    assert office.end(Act.WITHDRAW, case, "clerk").state is RequestState.WITHDRAWN


def test_what_is_withdrawn_while_it_is_prepared_is_not_signed(placed: Office):
    """Between the checks and the reservation: the reservation finds it withdrawn."""
    case = placed.approve(placed.ask_new())
    register, real = placed.world.register, placed.world.register.commit
    signed = []

    def commit(changes: object, event: object) -> None:
        if not signed:
            signed.append(True)
            placed.end(Act.WITHDRAW, case, "clerk")
        real(changes, event)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(register, "commit", commit)
        with pytest.raises(RequestWithdrawnError):
            placed.run(case)
    query = CertificateQuery(issuer="issuing", state=CertificateState.RESERVED)
    assert register.find_certificates(query) == ()


def test_a_role_that_ends_while_it_is_prepared_signs_nothing(placed: Office):
    case = placed.approve(placed.ask_new())
    register, real = placed.world.register, placed.world.register.commit
    ended = []

    def commit(changes: object, event: object) -> None:
        if not ended:
            ended.append(True)
            placed.dismiss("approver")
        real(changes, event)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(register, "commit", commit)
        with pytest.raises(RightMissingError):
            placed.run(case)
    assert issued(placed) == []


def test_what_is_being_signed_is_not_withdrawn(placed: Office):
    case = placed.approve(placed.ask_new())
    key, found = watched(placed), []

    def heard(_: bytes) -> None:
        running = placed.desk.case(case.record.id)
        assert running.state is RequestState.RUNNING
        for act, who in ((Act.WITHDRAW, "clerk"), (Act.REJECT, "approver")):
            with pytest.raises(RequestRunningError):
                placed.end(act, running, who)
        with pytest.raises(RequestRunningError):
            placed.approve(running, "second")
        found.append(running)

    key.heard = heard
    assert placed.run(case).certificate
    assert found


def test_what_was_broken_off_is_gone_on_with(placed: Office):
    """The signature was made, and nobody got it: the same serial, and one certificate."""
    case = placed.approve(placed.ask_new())
    key = watched(placed)
    key.answered = lambda data: data + b"\0"
    with pytest.raises(SignatureMismatchError):
        placed.run(case)
    begun = placed.world.register.find_request("issuing", case.record.id)
    assert begun
    assert begun.state is CertificateState.RESERVED
    assert placed.desk.case(case.record.id).state is RequestState.RUNNING
    key.answered = lambda data: data
    done = placed.run(case)
    assert done.certificate
    assert done.certificate.serial_number == begun.serial
    assert done.case.state is DONE
    assert issued(placed) == [begun.serial]


@pytest.mark.parametrize("desk", [True, False])
def test_what_was_given_up_has_failed(office: Office, desk: bool):
    case = office.approve(office.ask_new())
    key = watched(office)
    key.answered = lambda data: data + b"\0"
    with pytest.raises(SignatureMismatchError):
        office.run(case)
    key.answered = lambda data: data
    authority = office.issuing
    if not desk:
        authority.desk = None
    authority.recover_open()
    expected = RequestState.FAILED if desk else RequestState.RUNNING
    assert office.desk.case(case.record.id).state is expected
    with pytest.raises(RequestStateError if desk else RequestEndedError):
        office.run(case)
    assert office.desk.case(case.record.id).state is RequestState.FAILED
    assert issued(office) == []


def test_recovery_leaves_direct_requests_alone(office: Office):
    key = watched(office)
    key.answered = lambda data: data + b"\0"
    order = replace(office.order(), profile=approved_profile(0), request_id="direct")
    with pytest.raises(SignatureMismatchError):
        office.issuing.certify(order)
    (given_up,) = office.issuing.recover_open()
    assert given_up.request_id == "direct"


def test_what_the_linter_refuses_has_failed(office: Office, monkeypatch: pytest.MonkeyPatch):
    case = office.approve(office.ask_new())

    def refuse(*_: object) -> None:
        raise LintFailedError(findings=())

    monkeypatch.setattr("pki.authority.issuance.pass_lint", refuse)
    with pytest.raises(LintFailedError):
        office.run(case)
    assert office.desk.case(case.record.id).state is RequestState.FAILED


def test_a_request_handed_in_twice_is_one(placed: Office):
    order = placed.order()
    case = placed.ask_new(order, number="2026-1")
    assert placed.ask_new(order, number="2026-1") == case
    with pytest.raises(RequestChangedError):
        placed.ask_new(number="2026-1")
    assert len(placed.desk.cases.list(CaseQuery())) == 1


def test_an_unknown_request_is_told(office: Office):
    with pytest.raises(RequestUnknownError):
        office.desk.case("none")
    assert office.desk.cases.content("none") == b""


@pytest.mark.parametrize("code", ["", "a b", "x" * 33, "đ", "a/b", "a\n"])
def test_codes_have_one_form(code: str):
    with pytest.raises(RequestFieldError) as refused:
        Concerned(agency=code)
    assert refused.value.facts == {"field": "agency"}
    with pytest.raises(RequestFieldError):
        Asked(code * 2, RequestKind.NEW, "i", "p", None, {}, Concerned(agency="A.1_-"), 0)


def test_a_certificate_is_not_issued_without_its_profile(office: Office):
    case = office.approve(office.ask_new())
    signature = office.sign("officer", run_statement(case, office.now))
    with pytest.raises(RequestFieldError):
        carry_out(office.issuing, office.desk, case.record.id, signature)


def test_only_an_officer_has_a_request_carried_out(office: Office):
    case = office.approve(office.ask_new())
    for who in ("clerk", "approver", "auditor"):
        with pytest.raises(RightMissingError):
            office.run(case, who)
    office.run(case)


def test_requests_are_found(placed: Office):
    one, other = placed.ask_new(number="A"), placed.approve(placed.ask_new(number="B"))
    placed.run(other)
    find = placed.desk.cases.list
    assert [case.record.id for case in find(CaseQuery())] == ["A", "B"]
    assert [case.record.id for case in find(CaseQuery(states=(OPEN,)))] == ["A"]
    assert [case.record.id for case in find(CaseQuery(states=(OPEN, DONE), limit=1))] == ["A"]
    assert find(CaseQuery(kind=RequestKind.HOLD)) == ()
    assert find(CaseQuery(person="CB-1", agency="A-1"))[0] == one
    assert find(CaseQuery(states=())) == ()


# The hold that does not wait.


def test_a_hold_does_not_wait_and_is_looked_at(placed: Office):
    done = placed.run(placed.approve(placed.ask_new()))
    assert done.certificate
    serial = done.certificate.serial_number
    hold(placed.issuing, serial, requester="account:night")
    (case,) = placed.desk.cases.list(CaseQuery(states=(RequestState.UNREVIEWED,)))
    assert (case.record.serial, case.record.requester) == (serial, "account:night")
    assert last(placed)["request"] == case.record.id
    with pytest.raises(RightMissingError):
        placed.end(Act.REVIEW, case, "clerk")
    with pytest.raises(RequestStateError):
        placed.approve(case)
    with pytest.raises(RequestStateError):
        placed.run(case)
    reviewed = placed.end(Act.REVIEW, case, "approver")
    assert reviewed.state is RequestState.REVIEWED
    with pytest.raises(RequestStateError):
        placed.end(Act.REVIEW, reviewed, "approver")


def test_a_hold_that_takes_no_approval_is_no_case(office: Office):
    serial = office.hire("free").certificate.serial_number
    hold(office.issuing, serial, requester="account:night")
    assert office.desk.cases.list(CaseQuery()) == ()


def test_the_words_of_a_request_go_with_its_certificate(placed: Office):
    case = placed.approve(placed.ask_new())
    done = placed.run(case)
    other = placed.ask_new()
    assert done.certificate
    record = placed.world.register.find_certificate("issuing", done.certificate.serial_number)
    assert record
    placed.later(days=11 * 366)
    register, clock = placed.world.register, placed.clock
    erase(register, clock, [record], reason=ErasureReason.RETENTION, requester="account:root")
    assert placed.desk.cases.content(case.record.id) == b""
    assert placed.desk.cases.content(other.record.id)
    assert placed.desk.case(case.record.id).record.content_sha256 == case.record.content_sha256


@pytest.mark.parametrize("name", ["issuing", "ocsp", "timestamp", "audit", "official"])
def test_services_and_authorities_wait_for_no_approval(name: str):
    text = (files("pki.profiles") / f"{name}.toml").read_text("utf-8")
    asked = f"approvals = 1\n{text}"
    if name == "official":
        assert parse_profile(asked, name).approvals == 1
        return
    with pytest.raises(ProfileInvalidError) as refused:
        parse_profile(asked, name)
    assert refused.value.facts["place"] == "approvals"


def test_an_id_that_came_to_nothing_directly_stays_so(office: Office):
    order, key = office.order(), watched(office)
    key.answered = lambda data: data + b"\0"
    with pytest.raises(SignatureMismatchError):
        office.issuing.certify(replace(order, profile=PLAIN, request_id="2026-9"))
    key.answered = lambda data: data
    office.issuing.recover_open()
    case = office.approve(office.ask_new(order, number="2026-9"))
    with pytest.raises(RequestEndedError):
        office.run(case)
    assert office.desk.case("2026-9").state is OPEN


@pytest.mark.long
def test_requests_go_no_other_way_on_postgresql(postgres: PostgresServer):
    class OnPostgreSQL(Requests):
        def new_place(self) -> str:
            return postgres.new_database()

    some = settings(max_examples=8, stateful_step_count=15, deadline=None)
    run_state_machine_as_test(OnPostgreSQL, settings=some)  # type: ignore[no-untyped-call]
