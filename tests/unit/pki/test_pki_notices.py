"""Who is told what, once: on both engines, with certificates that are really issued."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st
from pki_notices import ADDRESS, DAY, OFFICE, RULES, Letterbox, NoticeOffice
from pki_people import after, agency, device, first, person, post, put
from pki_request_rows import submitted
from pki_world import NOW, World, make_world, new_key, someone
from watching_world import EMPLOYEE, Partner
from watching_world import person as subject

from pki.audit.verify import verify_audit
from pki.authority.erasure import erase
from pki.authority.issuance import Order
from pki.authority.life import hold, release
from pki.authority.renewal import Following, renew
from pki.errors.files import DiskFullError
from pki.errors.keeping import BackupContentsError
from pki.errors.register import RegisterConflictError
from pki.notices import gather as gathering
from pki.notices.dispatch import BAD_ADDRESS, NO_ADDRESS, STOPPED, Delivery
from pki.notices.due import DAYS, threshold_of
from pki.notices.recipients import ADMINISTRATORS, FALLBACK, Recipients
from pki.notices.rules import Form, Tongue
from pki.notices.telling import tell
from pki.profile import load_profile
from pki.records.audit import AuditEvent
from pki.records.certificates import ErasureReason, serial_text
from pki.records.changes import Follow
from pki.records.notices import (
    CLAIM,
    LONG_PAUSE,
    MOST_TRIES,
    Channel,
    Hanging,
    Mark,
    MessageQuery,
    MessageState,
    MoveMessage,
    Notice,
    NoticeKind,
    QueueNotices,
)
from pki.records.people import AgencyTier, Assignment, DeviceState, PersonState
from pki.records.watching import WatchedStanding, WatchedStatus
from pki.register.notice_tables import NOTICE_MESSAGES
from pki.register.row_forms import read_row, write_row

PARTNER = Partner()
CITIZEN = (NameOID.USER_ID, "CCCD:001090012345")
EVENT = AuditEvent(NOW, "người kiểm thử", "test")
K = NoticeKind
NOBODY: dict[str, object] = {"person": None, "post": None, "agency": None}


@pytest.fixture
def office(world: World) -> NoticeOffice:
    return NoticeOffice(world)


@pytest.fixture
def placed(placed_world: World) -> NoticeOffice:
    return NoticeOffice(placed_world)


def kinds(office: NoticeOffice) -> list[tuple[str, int, str]]:
    """Return kind, number and recipient of each notice, in order."""
    return [
        (str(one.kind), one.number if one.kind is K.EXPIRING else 0, one.recipient)
        for message in office.messages()
        for one in office.outbox.notices_in(message.sequence)
    ]


def expiring(*days: int, to: str = "person:NV-1") -> list[tuple[str, int, str]]:
    return [("expiring", one, to) for one in days]


# --- thresholds -----------------------------------------------------------------------------------


@given(
    st.integers(1, 400).map(lambda days: timedelta(days=days)),
    st.lists(st.integers(-30, 420 * 24), min_size=1, max_size=60),
    st.sets(st.integers(1, 120), min_size=1, max_size=5).map(tuple),
)
def test_each_threshold_is_told_once_and_only_the_newest(life, hours, days):
    """Over any days on which it is run: none twice, in falling order, none that went by."""
    ends = NOW + life
    told: list[int] = []
    for hour in sorted(hours):
        now = NOW + timedelta(hours=hour)
        due = threshold_of(NOW, ends, now, days)
        if due is not None and due not in told:
            told.append(due)
            assert now < ends <= now + timedelta(days=due)
            assert all(ends > now + timedelta(days=other) for other in days if other < due)
            assert life > timedelta(days=due)
    assert told == sorted(set(told), reverse=True)


@given(st.integers(91, 2000))
def test_whoever_runs_every_day_tells_every_threshold(life):
    ends = NOW + timedelta(days=life)
    told = {threshold_of(NOW, ends, NOW + timedelta(days=day)) for day in range(life + 5)}
    assert told == {None, *DAYS}


def test_ends_are_counted_to_the_second():
    born, ends = NOW - 1000 * DAY, NOW + 30 * DAY
    second = timedelta(seconds=1)
    assert threshold_of(born, ends, NOW - second) == 60
    assert threshold_of(born, ends, NOW) == 30
    assert threshold_of(born, ends, ends - second) == 7
    assert threshold_of(born, ends, ends) is None
    assert threshold_of(ends - 60 * DAY, ends, ends - 59 * DAY) is None, "its whole life"


# --- ends -----------------------------------------------------------------------------------------


def test_ends_are_told_four_times_and_the_mail_says_which(placed: NoticeOffice):
    made = placed.issue()
    sent = []
    for days in (91, 90, 89, 60, 45, 30, 8, 7, 6.5, 0.5):
        placed.until(made, days)
        sent += [(days, mail) for mail in placed.run()]
    assert [days for days, _ in sent] == [90, 60, 30, 7]
    assert kinds(placed) == expiring(90, 60, 30, 7)
    assert {mail.address for _, mail in sent} == {ADDRESS}
    ends = made.not_valid_after_utc + timedelta(hours=7)
    for _, mail in sent:
        assert f"{ends:%d/%m/%Y}" in mail.subject
        assert f"{serial_text(made.serial_number)}" in mail.text
    assert len({mail.message_id for _, mail in sent}) == 4
    assert {one.state for one in placed.messages()} == {MessageState.SENT}
    placed.until(made, -1)
    assert placed.run() == []
    assert verify_audit(placed.world.register) > 10


def test_a_run_that_was_missed_tells_only_the_newest(placed: NoticeOffice):
    made = placed.issue()
    placed.until(made, 20)
    assert len(placed.run()) == 1
    assert placed.run() == []
    assert kinds(placed) == expiring(30)


def test_what_was_renewed_revoked_or_held_is_told_of_by_nobody(placed: NoticeOffice):
    issuing, profile = placed.world.issuing, load_profile("official")
    gone, followed, held, plain = (placed.issue() for _ in range(4))
    placed.until(plain, 95)
    renew(issuing, Following(followed.serial_number, profile, "văn thư"))
    issuing.revoke(gone.serial_number, x509.ReasonFlags.superseded)
    hold(issuing, held.serial_number, requester="văn thư")
    placed.until(plain, 88)
    told: list[Notice] = []
    placed.gather(into=told)
    assert [one.subject for one in told] == [f"issuing:{serial_text(plain.serial_number)}"]
    release(issuing, held.serial_number, requester="văn thư")
    placed.gather(into=told)
    assert f"issuing:{serial_text(held.serial_number)}" in told[-2].subject + told[-1].subject


def test_what_ended_being_so_before_it_went_out_is_dropped(placed: NoticeOffice):
    revoked, older, stays = (placed.issue() for _ in range(3))
    placed.until(stays, 31)
    assert placed.gather().notices == {"expiring": 3}
    closed = Letterbox(closed=True)
    assert isinstance(placed.dispatch(closed).error, DiskFullError)
    assert {one.state for one in placed.messages()} == {MessageState.PENDING}
    placed.world.issuing.revoke(revoked.serial_number, x509.ReasonFlags.superseded)
    del older
    mails = placed.run()
    assert len(mails) == 2 + 1, "those of 60 days, and that it was revoked"
    placed.until(stays, 29)
    placed.gather()
    placed.until(stays, 6)
    placed.gather()
    dispatched = placed.dispatch(Letterbox())
    assert dispatched.states == {"dropped": 2, "sent": 2}


def test_services_and_authorities_are_upkeep_s(office: NoticeOffice):
    office.gather()
    ocsp = office.world.issue("ocsp")
    assert office.gather().notices == {}
    office.until(ocsp, 5)
    assert office.gather().notices == {}
    office.later(11 * 366 * DAY)
    assert office.gather().notices == {}


def test_a_page_that_is_full_is_followed_by_the_next(office: NoticeOffice, monkeypatch):
    monkeypatch.setattr(gathering, "PAGE", 2)
    office.gather()
    made = [office.issue() for _ in range(5)]
    for number in range(5):
        office.record(PARTNER, subject(f"Người {number}"), begin=office.now, days=1826)
    assert office.gather().notices == {"issued": 5}
    office.until(made[0], 29)
    assert office.gather().notices == {"expiring": 10}
    assert office.gather().notices == {}


def test_nothing_is_recorded_where_it_is_only_looked(office: NoticeOffice):
    made = office.issue()
    office.until(made, 29)
    size = office.outbox.last_audit_entry()
    told: list[Notice] = []
    assert office.gather(dry=True, into=told).messages == 1
    assert told == [
        Notice(K.EXPIRING, 30, f"issuing:{serial_text(made.serial_number)}", "person:NV-1")
    ]
    assert office.outbox.last_audit_entry() == size
    assert office.messages() == []


def test_what_lives_no_longer_than_a_threshold_is_told_of_at_the_next(office: NoticeOffice):
    issuing, key = office.world.issuing, new_key().public_key()
    order = Order(key, load_profile("official"), someone(), "văn thư", 40 * DAY)
    made = issuing.certify(order)
    assert office.gather().notices == {}
    office.until(made, 29)
    assert office.gather().notices == {"expiring": 1}


def test_what_is_not_there_is_told_by_nobody(office: NoticeOffice):
    for notice in (
        Notice(K.LOST, 1, "device:T-9", "fallback"),
        Notice(K.OVERDUE, 0, "request:R-9", "fallback"),
        Notice(K.HELD, 1, "issuing:09", "fallback"),
    ):
        assert tell(office.told(), notice) is None


def test_how_far_events_were_looked_through_never_falls(placed: NoticeOffice):
    for upto in (7, 9, 8):
        change = QueueNotices(placed.channel, placed.now, marks=(Mark("log", upto),))
        placed.outbox.commit((change,), replace(EVENT, at=placed.now))
    assert placed.outbox.mark(placed.channel, "log") == 9
    assert placed.outbox.mark(Channel.FILE, "log") is None


# --- events ---------------------------------------------------------------------------------------


def test_events_are_told_from_the_first_run_on(placed: NoticeOffice):
    issuing = placed.world.issuing
    before = placed.issue()
    assert placed.run() == []
    made = placed.issue()
    hold(issuing, made.serial_number, requester="văn thư")
    release(issuing, made.serial_number, requester="văn thư")
    renew(issuing, Following(made.serial_number, load_profile("official"), "văn thư"))
    issuing.revoke(before.serial_number, x509.ReasonFlags.superseded)
    issuing.issue_crl()
    mails = placed.run()
    assert [kind for kind, *_ in kinds(placed)] == [
        "issued",
        "held",
        "released",
        "renewed",
        "revoked",
    ]
    assert "superseded" in mails[-1].text
    assert placed.run() == []
    assert placed.run() == []


def test_old_news_are_told_to_nobody(office: NoticeOffice):
    office.gather()
    office.issue()
    office.later(gathering.OLD_NEWS + DAY)
    assert office.gather().notices == {}
    office.issue()
    assert office.gather().notices == {"issued": 1}


def test_what_was_erased_meanwhile_is_dropped(office: NoticeOffice):
    office.gather()
    made = office.issue()
    assert office.gather().notices == {"issued": 1}
    office.later(11 * 366 * DAY)
    register, clock = office.world.register, office.world.clock
    record = register.find_certificate("issuing", made.serial_number)
    assert record is not None
    erase(register, clock, [record], reason=ErasureReason.REQUEST, requester="x")
    assert office.dispatch(Letterbox()).states == {"dropped": 1}


def test_an_entry_that_cannot_be_read_is_passed_over(office: NoticeOffice):
    """Another Antin may write events that this one does not know."""
    office.gather()
    odd = AuditEvent(office.now, "x", "certificate.unheard", (("issuer", "issuing"),))
    gone = AuditEvent(
        office.now, "x", "certificate.issue", (("issuer", "issuing"), ("serial", "07"))
    )
    for event in (odd, gone):
        office.world.register.commit((), event)
    assert office.gather().notices == {}


def test_overdue_requests_go_to_the_administrators(placed: NoticeOffice):
    register = placed.world.register
    placed.rules = replace(RULES, administrators="quantri@example.vn")
    register.commit([submitted(**NOBODY), submitted("R-2", **NOBODY)], EVENT)
    assert placed.run() == []
    placed.later(10 * DAY)
    assert [mail.address for mail in placed.run()] == ["quantri@example.vn"] * 2
    assert placed.run() == []
    register.commit([submitted("R-3", **NOBODY)], replace(EVENT, at=placed.now))
    placed.gather()
    withdraw(register, placed)
    assert placed.dispatch(Letterbox()).states == {"dropped": 1}


def withdraw(register, placed):
    from pki_request_rows import move

    from pki.records.requests import MoveRequest, RequestState

    withdrawn = move(RequestState.WITHDRAWN, 2, "R-3")
    register.commit([MoveRequest(withdrawn)], replace(EVENT, at=placed.now))


def test_lost_tokens_are_told_once(placed: NoticeOffice):
    register = placed.world.register
    old = device("T-0", state=DeviceState.ACTIVE)
    put(register, old, after(old, state=DeviceState.LOST), device(state=DeviceState.ACTIVE))
    placed.later(DAY)
    assert placed.run() == [], "lost before anybody was told anything"
    placed.later(DAY)
    put(
        register,
        after(device(state=DeviceState.ACTIVE), state=DeviceState.LOST, recorded_at=placed.now),
    )
    placed.later(DAY)
    (mail,) = placed.run()
    assert "T-1" in mail.subject
    assert mail.address == ADDRESS
    assert placed.run() == []


# --- other authorities ----------------------------------------------------------------------------


def test_certificates_of_others_are_told_of_too(placed: NoticeOffice):
    put(placed.world.register, after(person(email=ADDRESS), days=1, citizen_number="001090012345"))
    put(placed.world.register, person("NV-2", email="hai@x.example.vn"))
    put(placed.world.register, person("NV-3"))
    by_number = placed.record(PARTNER, subject("A", CITIZEN))
    placed.record(PARTNER, subject("B", (EMPLOYEE, "NV-2")))
    hangs = placed.record(PARTNER, subject("C"))
    import hashlib

    from cryptography.hazmat.primitives.serialization import Encoding

    digest = hashlib.sha256(hangs.public_bytes(Encoding.DER)).hexdigest()
    put(placed.world.register, Assignment(**first(), fingerprint=digest, agency="UBND-X"))
    placed.record(PARTNER, subject("D", (NameOID.USER_ID, "CCCD:001090054321")))
    short = placed.record(
        PARTNER, subject("E"), begin=by_number.not_valid_after_utc - 20 * DAY, days=20
    )
    assert short.not_valid_after_utc == by_number.not_valid_after_utc
    placed.until(by_number, 25)
    mails = placed.run()
    assert [one.recipient for one in mails] == [
        "person:NV-1", "person:NV-2", "agency:UBND-X", "fallback",
    ]  # fmt: skip
    assert "UBND tỉnh Mẫu" in mails[0].text
    assert placed.run() == []


def test_one_that_another_goes_on_for_is_not_told_of(placed: NoticeOffice):
    first_one = placed.record(PARTNER, subject("A", CITIZEN))
    placed.record(PARTNER, subject("B", (EMPLOYEE, "NV-2")))
    placed.until(first_one, 29)
    assert placed.gather().notices == {"expiring": 2}
    for name in (subject("A", CITIZEN), subject("B", (EMPLOYEE, "NV-2"))):
        placed.record(PARTNER, name, days=2000)
    assert placed.dispatch(Letterbox()).states == {"dropped": 2}
    placed.until(first_one, 6)
    assert placed.gather().notices == {}


def follow(office: NoticeOffice, certificate: x509.Certificate, *standings: WatchedStanding):
    import hashlib

    from cryptography.hazmat.primitives.serialization import Encoding

    digest = hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()
    for standing in standings:
        status = WatchedStatus(digest, standing, office.now, "crl", "c0")
        office.world.register.commit([Follow((status,))], replace(EVENT, at=office.now))


def test_statuses_of_others_are_told_when_they_change(placed: NoticeOffice):
    good, held, revoked = WatchedStanding.GOOD, WatchedStanding.HELD, WatchedStanding.REVOKED
    one = placed.record(PARTNER, subject("A"))
    follow(placed, one, revoked)
    two = placed.record(PARTNER, subject("B"))
    placed.gather()
    follow(placed, two, good, held, good, WatchedStanding.UNKNOWN, good, revoked)
    placed.run()
    assert [kind for kind, *_ in kinds(placed)] == ["held", "released", "revoked"]
    placed.until(two, 20)
    assert placed.gather().notices == {}, "revoked ones end for nobody"
    follow(placed, placed.record(PARTNER, subject("C"), days=5000), held)
    placed.later(gathering.OLD_NEWS + DAY)
    assert placed.gather().notices == {}


def test_a_foreign_one_that_is_held_meanwhile_is_dropped(placed: NoticeOffice):
    made = placed.record(PARTNER, subject("A"))
    placed.until(made, 20)
    placed.gather()
    follow(placed, made, WatchedStanding.HELD)
    assert placed.dispatch(Letterbox()).states == {"dropped": 1}


# --- to whom --------------------------------------------------------------------------------------


def test_who_has_no_address_or_serves_no_more_is_told_through_the_agency(office: NoticeOffice):
    register = office.world.register
    put(register, agency("TINH", tier=AgencyTier.PROVINCE), agency("SO", parent="TINH"))
    put(register, person("NV-2"), post("CV-2", person="NV-2", agency="SO"))
    put(register, post("CV-3", person="NV-2", agency="UBND-X", until=NOW.date() - DAY))
    put(register, person("NV-3", email="ba@example.vn", state=PersonState.RETIRED))
    found = Recipients(register, replace(RULES, agencies={"TINH": "tinh@example.vn"}), NOW.date())

    def code(*names: str | None) -> str:
        (one,) = found.of(Hanging(*names))
        assert not one.digest
        return one.code

    assert code("NV-1", None, None) == "person:NV-1"
    assert code("NV-2", None, None) == "agency:TINH"
    assert code("NV-2", None, "CV-2") == "agency:TINH"
    assert code("NV-2", None, "CV-9") == "agency:TINH"
    assert code("NV-2", "UBND-X", None) == FALLBACK
    assert code("NV-3", None, None) == FALLBACK
    assert code("NV-9", None, None) == FALLBACK
    assert code(None, "NOBODY", None) == FALLBACK
    assert found.addressee("agency:TINH").address == "tinh@example.vn"
    assert found.addressee("agency:UBND-X").address == RULES.fallback
    assert found.addressee("agency:NOBODY").name == ""
    assert found.addressee("person:NV-3").address == "ba@example.vn"
    assert found.addressee("person:NV-9").address == RULES.fallback
    assert found.addressee(ADMINISTRATORS).address == RULES.fallback


def test_agencies_in_a_circle_come_to_an_end(office: NoticeOffice):
    register = office.world.register
    a = agency("A")
    put(register, a, agency("B", parent="A"), after(a, days=1, parent="B"))
    found = Recipients(register, RULES, NOW.date())
    assert [one.code for one in found.of(Hanging(None, "A", None))] == [FALLBACK]


@pytest.mark.parametrize(
    ("form", "to"),
    [
        (Form.EACH, ["person:NV-1", "person:NV-1", "agency:UBND-X"]),
        (Form.DIGEST, ["agency:UBND-X"]),
        (Form.BOTH, ["person:NV-1", "agency:UBND-X", "person:NV-1"]),
    ],
)
def test_an_agency_gets_one_message_where_it_is_configured(office: NoticeOffice, form, to):
    office.rules = replace(RULES, form=form, administrators="quantri@example.vn")
    made = [office.issue(), office.issue(), office.issue(None, agency="UBND-X")]
    office.until(made[0], 20)
    mails = office.run()
    assert [mail.recipient for mail in mails] == to
    if form is not Form.EACH:
        (digest,) = (mail for mail in mails if mail.address == OFFICE)
        assert digest.subject.startswith("Tổng hợp 3 thông báo")
        assert all(f"({serial_text(one.serial_number)})" in digest.text for one in made)
    office.world.register.commit([submitted(**NOBODY)], replace(EVENT, at=office.now))
    office.later(10 * DAY)
    assert office.gather().notices["request-overdue"] == 1


def test_a_digest_is_only_so_long(office: NoticeOffice, monkeypatch):
    monkeypatch.setattr(gathering, "LONGEST_DIGEST", 2)
    office.rules = replace(RULES, form=Form.DIGEST)
    made = [office.issue() for _ in range(5)]
    office.until(made[0], 20)
    assert [mail.subject.split()[2] for mail in office.run()] == ["2", "2", "1"]


def test_each_gets_their_own_language(office: NoticeOffice):
    office.rules = replace(RULES, tongue=Tongue.VI, tongues={"UBND-X": Tongue.EN})
    made = office.issue()
    office.issue(None, agency="UBND-X")
    office.until(made, 20)
    vietnamese, english = office.run()
    assert "Việc cần làm" in vietnamese.text
    assert "What to do" not in vietnamese.text
    assert "What to do" in english.text
    assert "Việc cần làm" not in english.text


# --- sending --------------------------------------------------------------------------------------


def due(office: NoticeOffice, count: int) -> None:
    made = [office.issue() for _ in range(count)]
    office.until(made[0], 20)
    office.gather()


def test_what_was_being_sent_when_the_process_ended_goes_out_again_as_the_same(
    placed: NoticeOffice,
):
    """Both sides of the crash: before it is known that it went out, and after."""
    due(placed, 7)

    class Killed(BaseException):
        pass

    box = Letterbox()

    def killed(_mail):
        if len(box.mails) == 5:  # it arrived, and nobody heard of it
            raise Killed
        return Delivery(MessageState.SENT)

    box.answers = killed
    with pytest.raises(Killed):
        placed.dispatch(box)
    states = [str(one.state) for one in placed.messages()]
    assert states == ["sent"] * 4 + ["sending"] * 2 + ["pending"]
    again = Letterbox()
    placed.dispatch(again)
    assert len(again.mails) == 1, "somebody else may be at the others still"
    placed.later(CLAIM + timedelta(seconds=1))
    placed.dispatch(again)
    arrived = [mail.message_id for mail in (*box.mails, *again.mails)]
    assert len(arrived) == 8
    assert len(set(arrived)) == 7
    twice = box.mails[4]
    (same,) = (mail for mail in again.mails if mail.id == twice.id)
    assert same.octets == twice.octets
    assert placed.outbox.count_unsent(placed.channel) == 0
    placed.later(DAY)
    assert placed.dispatch(Letterbox()).states == {}


def test_a_channel_that_breaks_leaves_the_rest_for_later(placed: NoticeOffice):
    due(placed, 5)
    box = Letterbox(breaks_after=1)
    broken = placed.dispatch(box)
    assert isinstance(broken.error, DiskFullError)
    assert broken.states == {"sent": 1, "failed": 2}
    assert {why for _, why in broken.refused} == {STOPPED}
    assert placed.outbox.count_unsent(placed.channel) == 4
    placed.later(CLAIM + timedelta(seconds=1))
    assert placed.dispatch(Letterbox()).states == {"sent": 4}


def test_refused_recipients_are_told_and_the_run_goes_on(placed: NoticeOffice):
    due(placed, 4)
    refused = Delivery(MessageState.REFUSED, "550 5.1.1")
    box = Letterbox()
    box.answers = lambda _: refused if len(box.mails) == 2 else Delivery(MessageState.SENT)
    dispatched = placed.dispatch(box)
    assert dispatched.states == {"sent": 3, "refused": 1}
    assert dispatched.refused == [("person:NV-1", "550 5.1.1")]
    placed.later(10 * DAY)
    assert placed.dispatch(Letterbox()).states == {}
    (one,) = placed.outbox.find_messages(
        MessageQuery(Channel.SMTP, MessageState.REFUSED, "person:NV-1", 5)
    )
    assert (one.reason, one.tries) == ("550 5.1.1", 1)


def test_it_is_tried_later_and_later_and_given_up(office: NoticeOffice):
    office.rules = replace(RULES, fallback=None)
    office.issue(None)
    office.gather()
    due_one = office.issue(None)
    office.until(due_one, 60)
    office.gather()
    tried = []
    for quarter in range(24 * 4 * 5):
        if office.dispatch(Letterbox()).states:
            tried.append(quarter)
        office.later(timedelta(minutes=15, seconds=1))
    assert len(tried) == MOST_TRIES
    assert tried[:4] == [0, 1, 2, 3]
    assert tried[5] - tried[4] >= LONG_PAUSE // timedelta(minutes=16)
    assert {one.reason for one in office.messages()} == {NO_ADDRESS}
    assert office.outbox.count_unsent(office.channel) == 0


def test_an_address_that_is_none_stops_nobody_else(office: NoticeOffice):
    put(office.world.register, person("NV-2", email="x@y\r\nBcc: z@y"))
    bad = office.issue("NV-2")
    office.issue()
    office.until(bad, 20)
    assert [mail.recipient for mail in office.run()] == ["person:NV-1"]
    assert [one.reason for one in office.messages()] == [BAD_ADDRESS, None]


def test_without_an_address_it_still_goes_where_none_is_needed(office: NoticeOffice):
    office.rules = replace(RULES, fallback=None)
    office.channel = Channel.FILE
    made = office.issue(None)
    office.until(made, 20)
    (mail,) = office.run(Letterbox(needs_address=False))
    assert mail.address is None
    assert b"To: fallback :;" in mail.octets


def test_each_channel_tells_by_itself(placed: NoticeOffice):
    due(placed, 1)
    placed.channel = Channel.FILE
    assert len(placed.run()) == 1
    placed.channel = Channel.SMTP
    assert len(placed.run()) == 1
    assert len(placed.messages()) == 2


def test_two_that_send_at_once_do_not_both_claim(placed: NoticeOffice):
    due(placed, 1)
    (message,) = placed.messages()
    claim = MoveMessage(message, MessageState.SENDING, placed.now)
    event = replace(EVENT, at=placed.now)
    placed.outbox.commit((claim,), event)
    with pytest.raises(RegisterConflictError):
        placed.outbox.commit((claim,), event)
    assert placed.dispatch(Letterbox()).states == {}


def test_two_that_queue_at_once_do_not_both_queue(placed: NoticeOffice):
    made = placed.issue()
    placed.until(made, 20)
    late = gathering.Gatherer(placed.told(), placed.channel, "account:x")
    late._add(
        K.EXPIRING, 30, f"issuing:{serial_text(made.serial_number)}", Hanging("NV-1", None, None)
    )
    placed.gather()
    late._messages[0] = replace(late._messages[0], id="0" * 32)
    late._notices[0] = replace(late._notices[0], message="0" * 32)
    with pytest.raises(RegisterConflictError):
        late._flush()
    assert kinds(placed) == expiring(30)


def test_no_name_and_no_address_is_recorded(placed: NoticeOffice):
    due(placed, 2)
    placed.dispatch(Letterbox())
    with_names = ("Mẫu".encode(), ADDRESS.encode(), OFFICE.encode())
    log = b"".join(
        one.content for one in placed.world.register.audit_entries() if b'"notice.' in one.content
    )
    assert log.count(b'"notice.queue"')
    assert log.count(b'"notice.send"')
    recorded = log + repr(placed.messages()).encode()
    assert not any(name in recorded for name in with_names)


@settings(max_examples=8)
@given(st.lists(st.integers(0, 130), min_size=1, max_size=12), st.booleans())
def test_over_any_days_each_notice_goes_out_once(tmp_path_factory, days, crashes):
    """With real certificates, and with a process that ends in the middle of every other run."""
    office = NoticeOffice(make_world(tmp_path_factory.mktemp("days")))
    try:
        made = office.issue()
        office.gather()
        arrived = []
        for number, left in enumerate(sorted(days, reverse=True)):
            target = made.not_valid_after_utc - left * DAY
            if target <= office.now:
                target = office.now + CLAIM * 2
            office.later(target - office.now)
            box = Letterbox(breaks_after=0 if crashes and number % 2 else None)
            office.run(box)
            arrived += [mail.message_id for mail in box.mails]
        assert len(arrived) == len(set(arrived))
        numbers = [number for _, number, _ in kinds(office)]
        assert len(numbers) == len(set(numbers))
        assert numbers == sorted(numbers, reverse=True)
    finally:
        office.world.register.close()


def test_a_row_of_a_backup_says_plainly_whether_it_is_a_digest(placed: NoticeOffice):
    due(placed, 1)
    (message,) = placed.messages()
    row = {field.name: getattr(message, field.name) for field in fields(message)}
    written = write_row(NOTICE_MESSAGES, row)
    assert read_row(NOTICE_MESSAGES, written) == row
    with pytest.raises(BackupContentsError):
        read_row(NOTICE_MESSAGES, written.replace(b'"digest":false', b'"digest":0'))
