"""Handing messages to mail servers: a real one, and ones that no client should have to meet."""

from __future__ import annotations

from email import message_from_bytes
from email.header import decode_header, make_header
from email.policy import default
from pathlib import Path

import pytest
from cli_mail_servers import (
    PASSWORD,
    USER,
    Certified,
    bad_server,
    broken_tls,
    dripping,
    endless_line,
    endless_lines,
    free_port,
    hurried,
    mail_server,
    no_smtp,
    not_ready,
    refusing_tls,
    script,
    silent,
    without_tls,
)

from cli.errors import BadConfigurationError, SecretUnavailableError
from cli.homes.notice_settings import MailServer, is_this_machine
from cli.homes.settings import parse_settings
from cli.notices import smtp
from cli.notices.smtp import MOST_HINDRANCES, PAUSES, MailCarrier, status_of
from pki.errors.notices import MailLoginError, MailSenderError, MailServerError, MailTLSError
from pki.notices.dispatch import SENT
from pki.notices.mail import Mail, build_mail
from pki.notices.recipients import Addressee
from pki.notices.rules import Rules
from pki.notices.telling import Text
from pki.records.notices import MessageState
from pki.words import Language

SENDER = "antin@tinh.example.vn"
NAME = "Nguyễn Thị Thanh Huyền, Phó Chủ tịch"


@pytest.fixture(scope="module")
def certified(tmp_path_factory) -> Certified:
    return Certified(tmp_path_factory.mktemp("mail") / "tls")


@pytest.fixture
def secret(monkeypatch) -> str:
    monkeypatch.setenv("MAIL", PASSWORD)
    return "env:MAIL"


def mail(number: int = 0, address: str | None = None) -> Mail:
    from datetime import UTC, datetime

    texts = (
        Text("Chứng thư số của Đỗ Đình Cường hết hạn", "Kính gửi,\n\n.một dòng có dấu chấm\n"),
    )
    to = Addressee(NAME, address or f"nv{number}@x.example.vn", (Language.VI,))
    at = datetime(2026, 3, 2, tzinfo=UTC)
    made = build_mail(f"{number:032x}", ("person:1", to), texts, rules=Rules(sender=SENDER), at=at)
    assert made is not None
    return made


class Carrying:
    """A carrier, and how long it waited."""

    def __init__(self, folder: Path, port: int, **more) -> None:
        settings = {"host": "127.0.0.1", "port": port, "timeout_seconds": 0.4, **more}
        self.waited: list[float] = []
        self.carrier = MailCarrier(
            MailServer(**settings), folder, SENDER, self.waited.append, tick=lambda: 0.0
        )

    def __call__(self, *mails: Mail):
        try:
            self.carrier.open()
            return list(self.carrier.carry(mails))
        finally:
            self.carrier.close()


def plain(folder: Path, port: int, **more) -> Carrying:
    return Carrying(folder, port, tls="none", **more)


@pytest.mark.parametrize("implicit", [False, True])
def test_mail_goes_over_tls_with_a_login(certified, secret, tmp_path, implicit):
    more = {"user": USER, "secret": secret, "trust": certified.root, "timeout_seconds": 10}
    with mail_server(certified, implicit=implicit) as server:
        carry = Carrying(tmp_path, server.port, tls="tls" if implicit else "starttls", **more)
        assert carry(*map(mail, range(5))) == [SENT] * 5
    taken = server.received
    assert taken.users == [USER.encode()] * 5
    assert all(taken.secure)
    assert len(taken.sessions) == 1, "one connection"
    assert taken.recipients == [f"nv{n}@x.example.vn" for n in range(5)]
    assert set(taken.senders) == {SENDER}
    for number, octets in enumerate(taken.mails):
        read = message_from_bytes(octets, policy=default)
        raw = message_from_bytes(octets)["To"]
        assert str(make_header(decode_header(raw))) == f"{NAME} <nv{number}@x.example.vn>"
        assert read["Message-ID"] == f"<{number:032x}@tinh.example.vn>"
        assert ".một dòng có dấu chấm" in read.get_content()


def test_a_connection_is_used_only_so_often(tmp_path):
    with mail_server(None, login=False) as server:
        carry = plain(tmp_path, server.port, per_connection=2, timeout_seconds=10, per_minute=30)
        assert carry(*map(mail, range(5))) == [SENT] * 5
    assert len(server.received.mails) == 5
    assert carry.waited == [2.0, 4.0, 6.0, 8.0], "by a clock that stands still"


def test_a_wrong_password_is_said_and_shown_nowhere(certified, monkeypatch, tmp_path, capfd):
    monkeypatch.setenv("MAIL", "Sai-mat-khau-77")
    more = {"user": USER, "secret": "env:MAIL", "trust": certified.root, "timeout_seconds": 10}
    with mail_server(certified) as server, pytest.raises(MailLoginError) as refused:
        Carrying(tmp_path, server.port, **more)(mail())
    assert refused.value.facts["status"] == "535"
    seen = repr(refused.value) + str(refused.value.__cause__) + str(refused.value.__context__)
    assert "77" not in seen
    assert "77" not in "".join(capfd.readouterr())


def test_a_password_with_letters_that_smtp_lacks(certified, monkeypatch, tmp_path):
    monkeypatch.setenv("MAIL", "mật khẩu")
    more = {"user": USER, "secret": "env:MAIL", "trust": certified.root, "timeout_seconds": 10}
    with mail_server(certified) as server, pytest.raises(MailLoginError) as refused:
        Carrying(tmp_path, server.port, **more)(mail())
    assert refused.value.facts["status"] == "ASCII"


def test_a_server_without_login_is_not_logged_in_to(tmp_path, secret):
    with mail_server(None, login=False) as server, pytest.raises(MailLoginError):
        plain(tmp_path, server.port, user=USER, secret=secret, timeout_seconds=10)(mail())


def test_a_password_that_is_not_there(tmp_path):
    carry = plain(tmp_path, free_port(), user=USER, secret="file:nowhere")  # noqa: S106  a place
    with pytest.raises(SecretUnavailableError):
        carry(mail())


def test_a_certificate_that_nobody_vouches_for(certified, tmp_path):
    with mail_server(certified, login=False) as server:
        with pytest.raises(MailTLSError) as refused:
            Carrying(tmp_path, server.port, timeout_seconds=10)(mail())
        assert refused.value.facts["reason"] == "CERTIFICATE_VERIFY_FAILED"
        other = {"host": "localhost", "trust": certified.root, "timeout_seconds": 10}
        with pytest.raises(MailTLSError):
            Carrying(tmp_path, server.port, **other)(mail())
    assert server.received.mails == []


def test_a_trust_file_that_is_not_there(tmp_path):
    with pytest.raises(MailTLSError) as refused:
        Carrying(tmp_path, free_port(), trust=Path("no.pem"))(mail())
    assert refused.value.facts["reason"] == "no.pem"


@pytest.mark.parametrize("talk", [without_tls, broken_tls], ids=lambda one: one.__name__)
def test_nothing_is_said_without_tls(tmp_path, talk):
    with bad_server(talk) as port, pytest.raises(MailTLSError):
        Carrying(tmp_path, port)(mail())


BAD = (silent, hurried, endless_line, endless_lines, dripping, no_smtp, not_ready)


@pytest.mark.parametrize("talk", BAD, ids=lambda one: one.__name__)
def test_servers_that_misbehave_are_left_after_some_tries(tmp_path, talk):
    with bad_server(talk) as port:
        carry = plain(tmp_path, port)
        with pytest.raises(MailServerError) as refused:
            carry(mail())
    assert carry.waited == list(PAUSES)
    assert "example" not in str(refused.value.facts["reason"]), "none of its words"


def test_nobody_there(tmp_path):
    with pytest.raises(MailServerError):
        plain(tmp_path, free_port())(mail())


def test_tls_that_is_refused_for_now(tmp_path):
    with bad_server(refusing_tls) as port, pytest.raises(MailServerError) as refused:
        Carrying(tmp_path, port)(mail())
    assert refused.value.facts["reason"] == "454 4.7.0"


HELLO, FINE = b"250 hello\r\n", b"250 fine\r\n"


def test_a_login_that_fails_for_now(tmp_path, secret):
    answers = (b"250-hello\r\n250 AUTH PLAIN\r\n", b"454 4.7.0 later\r\n")
    with bad_server(script(*answers)) as port, pytest.raises(MailServerError) as refused:
        plain(tmp_path, port, user=USER, secret=secret)(mail())
    assert refused.value.facts["reason"] == "454"


def test_a_server_that_goes_in_the_middle_of_the_login(tmp_path, secret):
    with (
        bad_server(script(b"250-hello\r\n250 AUTH PLAIN\r\n")) as port,
        pytest.raises(MailServerError),
    ):
        plain(tmp_path, port, user=USER, secret=secret)(mail())


def test_a_server_that_goes_in_the_middle_of_a_message(tmp_path):
    """It may have arrived: tried once more on a new connection, and then the run is over."""
    talk = script(HELLO, FINE, FINE, b"354 go on\r\n")
    with bad_server(talk) as port, pytest.raises(MailServerError) as refused:
        plain(tmp_path, port)(mail())
    assert refused.value.facts["reason"] == "disconnected"


def test_refused_recipients_and_later_ones_stop_nobody(tmp_path):
    answers = {
        "nv1@x.example.vn": "550 5.1.1 <nv1@x.example.vn> unknown",
        "nv2@x.example.vn": "450 4.2.0 greylisted",
        "nv3@x.example.vn": "554 5.7.1 relay denied",
        "nv4@x.example.vn": "551 gone",
    }
    with mail_server(None, login=False) as server:
        server.received.refuse = answers.get
        carry = plain(tmp_path, server.port, timeout_seconds=10, per_minute=100_000)
        told = carry(*map(mail, range(6)))
    refused, failed = MessageState.REFUSED, MessageState.FAILED
    assert told == [
        SENT, (refused, "550 5.1.1"), (failed, "450 4.2.0"), (failed, "554 5.7.1"),
        (refused, "551"), SENT,
    ]  # fmt: skip
    assert len(server.received.mails) == 2


def test_a_server_that_takes_no_message_is_given_time_and_then_left(tmp_path):
    with mail_server(None, login=False) as server:
        server.received.refuse_data = lambda _: "452 4.3.1 no room"
        carry = plain(tmp_path, server.port, timeout_seconds=10, per_minute=100_000)
        with pytest.raises(MailServerError) as refused:
            carry(*map(mail, range(10)))
    assert refused.value.facts["reason"] == "452 4.3.1"
    pauses = [wait for wait in carry.waited if wait >= 1]
    assert pauses == [2.0, 4.0, 8.0, 16.0, 30.0]
    assert len(pauses) == MOST_HINDRANCES - 1


def test_a_server_that_recovers_is_trusted_again(tmp_path):
    answers = iter(["421 4.3.2 closing", None, "451 4.0.0 x", None])
    with mail_server(None, login=False) as server:
        server.received.refuse_data = lambda _: next(answers)
        carry = plain(tmp_path, server.port, timeout_seconds=10, per_minute=100_000)
        told = [one.state for one in carry(*map(mail, range(4)))]
    assert told == [MessageState.FAILED, MessageState.SENT] * 2
    assert [wait for wait in carry.waited if wait >= 1] == [2.0, 2.0]


@pytest.mark.parametrize(
    ("answer", "error"),
    [("550 5.7.1 not you", MailSenderError), ("451 4.7.1 not now", None)],
)
def test_a_sender_who_is_refused(tmp_path, answer, error):
    with mail_server(None, login=False) as server:
        server.received.refuse_sender = answer
        carry = plain(tmp_path, server.port, timeout_seconds=10)
        if error is None:
            assert carry(mail()) == [(MessageState.FAILED, "451 4.7.1")]
        else:
            with pytest.raises(error):
                carry(mail())


def test_one_recipient_whose_server_goes_away_with_them(tmp_path):
    with mail_server(None, login=False) as server:
        server.received.refuse = lambda _: "421 4.3.2 closing"
        carry = plain(tmp_path, server.port, timeout_seconds=10)
        assert carry(mail()) == [(MessageState.FAILED, "421 4.3.2")]


def test_an_open_connection_stays_and_leave_is_taken_twice_at_no_cost(tmp_path):
    with mail_server(None, login=False) as server:
        carry = plain(tmp_path, server.port, timeout_seconds=10)
        carry.carrier.open()
        before = carry.carrier._connection
        carry.carrier.open()
        assert carry.carrier._connection is before
        carry.carrier.close()
        carry.carrier.close()


def test_leaving_a_server_that_is_gone(tmp_path):
    with bad_server(script(HELLO)) as port:
        carry = plain(tmp_path, port)
        carry.carrier.open()
    carry.carrier.close()


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (b"5.1.1 <a@b> unknown", "550 5.1.1"),
        ("5.1.1 x", "550 5.1.1"),
        (b"unknown a@b", "550"),
        ("ờ", "550"),
        (b"5.1.1a", "550"),
    ],
)
def test_of_an_answer_its_status_is_kept(text, status):
    assert status_of(550, text) == status


@pytest.mark.parametrize(
    ("host", "own"),
    [
        *(("localhost", True), ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True)),
        *(("mail.example.vn", False), ("10.0.0.1", False), ("127.0.0.1.example.vn", False)),
    ],
)
def test_who_is_this_machine(host, own):
    assert is_this_machine(host) is own


@pytest.mark.parametrize(
    ("table", "what"),
    [
        ('[notices]\nto = ["smtp"]', "takes a table"),
        ('[notices]\nto = ["stdout"]', "Input should be 'smtp' or 'file'"),
        ('[notices]\nfallback = "a@b\\r\\nBcc: c@d"', "not an address"),
        ('[notices.smtp]\nhost = "mail.example.vn"', "mail takes a sender"),
        (
            '[notices]\nsender = "a@b.vn"\n[notices.smtp]\nhost = "m.vn"\ntls = "none"',
            "without TLS",
        ),
        ('[notices]\nsender = "a@b.vn"\n[notices.smtp]\nhost = "m.vn"\nuser = "a"', "go together"),
        ('[notices]\nsender = "a@b.vn"\n[notices.smtp]\nhost = "m vn"', "String should match"),
        ("[notices]\ndays = []", "at least 1"),
    ],
)
def test_settings_that_cannot_be(table, what):
    with pytest.raises(BadConfigurationError) as refused:
        parse_settings(table, Path("antin.toml"))
    assert what in str(refused.value.facts["problem"])


def test_ports_follow_the_way():
    assert MailServer(host="m.vn").at == 587
    assert MailServer(host="m.vn", tls="tls").at == 465
    assert MailServer(host="::1", tls="none").at == 25
    assert MailServer(host="m.vn", port=2525).at == 2525


def test_the_guard_against_long_answers_is_what_holds(tmp_path, monkeypatch):
    """Without it, smtplib goes on reading lines for as long as they come."""
    lines = b"220-and\r\n" * 500 + b"220 at last\r\n"
    talk = script_of(lines)
    with bad_server(talk) as port:
        with pytest.raises(MailServerError):
            plain(tmp_path, port)(mail())
        monkeypatch.setattr("cli.notices.smtp_reader.MOST_LINES", 10**9)
        carry = plain(tmp_path, port)
        with pytest.raises(MailServerError) as after:
            carry(mail())
        assert after.value.facts["reason"] == "disconnected"
    assert smtp.PAUSES


def script_of(greeting: bytes):
    def talk(connection):
        connection.sendall(greeting)
        for answer in (HELLO, b"250 fine\r\n"):
            connection.recv(65536)
            connection.sendall(answer)

    return talk
