"""The words of notices, and mail that nothing from outside can break: judged by two readers."""

from __future__ import annotations

import re
import string
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default
from importlib.resources import files
from pathlib import Path
from typing import cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pki.errors.tree import Fact
from pki.notices import mail as mailing
from pki.notices.address import is_address
from pki.notices.mail import BETWEEN, Mail, build_mail
from pki.notices.recipients import Addressee
from pki.notices.rules import Rules
from pki.notices.telling import DIGEST, LONGEST, Text, Told, template, write, write_digest
from pki.records.notices import NoticeKind
from pki.words import Language

AT = datetime(2026, 3, 2, 7, 30, tzinfo=UTC)
RULES = Rules(sender="antin@tinh.example.vn", sender_name="Sở Nội vụ, tỉnh Mẫu")
LONG = "Nguyễn Thị Thanh Huyền, Phó Chủ tịch Ủy ban nhân dân xã Đường Hoa Đông Ngàn"
FACTS: dict[str, Fact] = {
    "name": "Đỗ Đình Cường",
    "unit": "UBND xã Mẫu",
    "serial": "0af1",
    "issuer": "issuing",
    "ends": datetime(2026, 4, 1, 20, 0, tzinfo=UTC),
    "days": 30,
    "reason": "superseded",
    "request": "R-1",
    "due": AT,
    "device": "T-1",
    "model": "ePass2003",
    "count": 3,
}
NAMES = (*map(str, NoticeKind), DIGEST)


def fields_of(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("name", NAMES)
def test_words_are_there_in_both_languages_and_ask_for_the_same(name):
    vi, en = (template(name, language) for language in Language)
    for one, other in zip(vi, en, strict=True):
        assert one
        assert other
        assert one != other
        assert fields_of(one) == fields_of(other) <= FACTS.keys()
    assert "Việc cần làm" in vi[1]
    assert "What to do" in en[1]
    assert re.search("[ạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỷỹđ]", vi[0]), "with its accents"


def test_there_is_a_file_for_each_kind_and_language_and_no_other():
    found = {one.name for one in (files("pki.notices") / "templates").iterdir()}
    assert found == {f"{name}.{one.value}.txt" for name in NAMES for one in Language}


@pytest.mark.parametrize("kind", list(NoticeKind))
@pytest.mark.parametrize("language", list(Language))
def test_every_kind_can_be_written(kind, language):
    text = write(Told(kind, FACTS), language)
    assert "{" not in text.subject + text.body
    assert "\n" not in text.subject
    if kind is NoticeKind.EXPIRING:
        assert {Language.VI: "02/04/2026", Language.EN: "2026-04-02"}[language] in text.subject


def test_a_digest_names_each():
    lost = Told(NoticeKind.LOST, {"device": "T-1", "model": "x"})
    told = (Told(NoticeKind.HELD, FACTS), lost)
    text = write_digest(told, Language.EN)
    assert "- The certificate of Đỗ Đình Cường is on hold (0af1)\n" in text.body
    assert "- Token T-1 was reported lost (T-1)\n" not in text.body
    assert "- Token T-1 was reported lost\n" in text.body
    assert "[notices]" not in text.body
    assert text.subject.startswith("2 notices")


def test_facts_are_one_line_and_only_so_long():
    facts = {**FACTS, "name": "a\r\nBcc: x@y\n" + "b" * 500 + "\u202e", "unit": "{serial}"}
    text = write(Told(NoticeKind.HELD, facts), Language.EN)
    assert "\nBcc" not in text.subject + text.body
    assert "b" * LONGEST not in text.body
    assert "\u202e" not in text.body
    assert "Unit:      {serial}\n" in text.body, "a fact is no form"


def made(
    name: str = LONG,
    address: str | None = "nv1@x.example.vn",
    subject: str = "Chứng thư số",
    body: str = "Kính gửi",
    rules: Rules = RULES,
) -> Mail | None:
    to = Addressee(name, address, (Language.VI, Language.EN))
    texts = (Text(subject, body), Text("Certificate", "Dear\n"))
    return build_mail("ab" * 16, ("person:NV-1", to), texts, rules=rules, at=AT)


def read(mail: Mail | None) -> EmailMessage:
    assert mail is not None
    return cast("EmailMessage", message_from_bytes(mail.octets, policy=default))


def shown(mail: Mail | None, header: str) -> str:
    """Return a header's text; `email.policy` reads a blank into long names that is not there."""
    assert mail is not None
    return str(make_header(decode_header(message_from_bytes(mail.octets)[header])))


HEADERS = [
    *("Content-Type", "MIME-Version", "Content-Transfer-Encoding", "From", "To", "Subject"),
    *("Date", "Message-ID", "Auto-Submitted", "Content-Language"),
]


def test_a_message_reads_back():
    one = read(made())
    assert one.keys() == HEADERS
    assert one["From"].addresses[0].display_name == RULES.sender_name
    (to,) = one["To"].addresses
    assert to.addr_spec == "nv1@x.example.vn"
    assert shown(made(), "To") == f"{LONG} <nv1@x.example.vn>"
    assert one["Subject"] == "Chứng thư số / Certificate"
    assert one["Message-ID"] == f"<{'ab' * 16}@tinh.example.vn>"
    assert one["Auto-Submitted"] == "auto-generated"
    assert one["Content-Language"] == "vi, en"
    assert one["Date"].datetime == AT
    assert one.get_content_type() == "text/plain"
    assert one.get_content().splitlines() == f"Kính gửi{BETWEEN}Dear\n".splitlines()


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=120)


@given(TEXTS, TEXTS, TEXTS)
@example("x\r\nBcc: evil@example.com", "a\nX-Evil: 1\n\nbody", "Kính\r\n.\r\nQUIT")
@example("=?utf-8?q?=0d=0aBcc:_x@y?=", "\x00\x0b\x0c\x1c\x85\u2028Bcc: x", "")
@example('"a" <evil@example.com>, b', "x" * 120, "y" * 120)
@example("evil@example.com,", "ữ" * 120, "ữ" * 120)
def test_no_name_and_no_subject_makes_another_header_or_recipient(name, subject, body):
    mail = made(name, subject=subject, body=body)
    assert mail is not None
    one = read(mail)
    assert one.keys() == HEADERS
    assert [to.addr_spec for to in one["To"].addresses] == ["nv1@x.example.vn"]
    for line in mail.octets.split(b"\r\n"):
        assert len(line) <= 998
        assert b"\r" not in line
        assert b"\n" not in line
        assert line.isascii()
    with_accents = " ".join(name.split())
    if with_accents.isprintable() and "=?" not in with_accents:
        assert shown(mail, "To") == f"{with_accents} <nv1@x.example.vn>".lstrip()


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("a.b+c@x-y.example.vn", True),
        ("a@localhost", True),
        (f"{'a' * 64}@example.vn", True),
        (f"{'a' * 65}@example.vn", False),
        (f"a@{'b' * 64}.vn", False),
        (f"a@{'b.' * 130}vn", False),
        *(
            (bad, False)
            for bad in ("", "a", "@b", "a@", "a@b@c", "a b@c", "a@b c", "a@b\n", "a@-b")
        ),
        *((bad, False) for bad in ("a@b.", ".a@b", "a..b@c", "<a@b>", "a@b,c@d", "á@b", "a@đ.vn")),
    ],
)
def test_what_an_address_is(text, good):
    assert is_address(text) is good
    assert (made(address=text) is not None) is good


def test_nobody_is_addressed_where_there_is_no_address():
    one = read(made(address=None))
    assert one["To"].addresses == ()
    assert shown(made(address=None), "To") == f"{LONG} :;"
    assert (
        read(made("", address=None))["To"].groups[0].display_name.replace('"', "") == "person:NV-1"
    )
    assert read(made(""))["To"].addresses[0].display_name == ""


def test_what_does_not_read_back_is_not_sent(monkeypatch):
    """The guard behind all of this."""
    monkeypatch.setattr(mailing, "_clean", lambda text: text)
    monkeypatch.setattr(mailing, "_PLAIN", re.compile(".*", re.DOTALL))
    assert made("a@b.vn, c") is None
    monkeypatch.setattr(mailing, "_reads_back", lambda *_: True)
    assert made("a@b.vn, c") is not None


@pytest.mark.parametrize("name", [LONG[:36], "An", "Trần Văn Bốn", "Lê (Hai), Phó", "Ngọc " * 8])
def test_another_reader_sees_the_same(peer: Callable[[str], Path], tmp_path, name):
    """Git reads mail with code of its own: names, subject, date and text."""
    git = peer("git")
    mail = made(name, subject="Chứng thư số của Đỗ Đình Cường hết hạn ngày 02/04/2026 " * 3)
    assert mail is not None
    name = " ".join(name.split())
    # Git reads the author: the name that is asked about stands there.
    octets = mail.octets.replace(b"From:", b"X-From:").replace(b"\r\nTo:", b"\r\nFrom:")
    text, patch = tmp_path / "text", tmp_path / "patch"
    told = subprocess.run(
        [git, "mailinfo", "-b", "--encoding=UTF-8", text, patch],
        input=octets,
        capture_output=True,
        check=True,
    ).stdout.decode()
    seen = dict(line.split(": ", 1) for line in told.splitlines() if ": " in line)
    assert seen["Author"] == name
    assert seen["Email"] == "nv1@x.example.vn"
    assert seen["Subject"] == " ".join(mail.subject.split())
    assert seen["Date"] == "Mon, 02 Mar 2026 14:30:00 +0700"
    body = (text.read_bytes() + patch.read_bytes()).decode().replace("\r\n", "\n")
    assert body.split() == mail.text.split()
