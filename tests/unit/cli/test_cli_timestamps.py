"""Time-stamp services in `antin.toml`: read, written, and never with a password in them."""

from __future__ import annotations

import base64
from datetime import timedelta
from pathlib import Path

import pytest

from cli.errors import BadConfigurationError, SecretUnavailableError
from cli.homes.home import Home
from cli.homes.secret_source import Authorization
from cli.homes.settings import Settings, parse_settings
from cli.homes.timestamps import timestamps_of
from cli.homes.toml_text import to_toml
from pki.words import Language, message_of

PATH = Path("home/antin.toml")
WORDS = "mật-khẩu"
TEXT = """
[signing]
timestamp_urls = ["http://tsa.example.vn/"]

[[signing.timestamp]]
url = "https://tsa2.example.vn/tsa"
limit_seconds = 20
tries = 4
policy = "1.3.6.1.4.1.4146.2.2"
accuracy_seconds = 1
user = "ubnd-xa"
secret = "file:secrets/tsa"
client_certificate = "tsa.pem"
client_key = "tsa.key"
trust = "tls-root.pem"
"""


def home_of(text: str, folder: Path) -> Home:
    return Home(folder, parse_settings(text, PATH))


def test_services_are_asked_in_the_order_they_are_written(tmp_path):
    services = timestamps_of(home_of(TEXT, tmp_path))
    first, second = services.services
    assert (first.url, first.answer_seconds, first.tries) == ("http://tsa.example.vn/", 150, 2)
    assert first.credentials is None
    assert (second.url, second.answer_seconds, second.tries) == (
        "https://tsa2.example.vn/tsa",
        20,
        4,
    )
    assert (second.policy_oid, second.accuracy) == ("1.3.6.1.4.1.4146.2.2", timedelta(seconds=1))
    shown = second.credentials
    assert (shown.client_certificate, shown.client_key) == (
        tmp_path / "tsa.pem",
        tmp_path / "tsa.key",
    )
    assert shown.trust == tmp_path / "tls-root.pem"


def test_one_that_is_named_is_asked_alone_with_its_own_settings(tmp_path):
    home = home_of(TEXT, tmp_path)
    (known,) = timestamps_of(home, "https://tsa2.example.vn/tsa").services
    assert known.tries == 4
    (other,) = timestamps_of(home, "http://other.example.vn/").services
    assert (other.url, other.tries, other.credentials) == ("http://other.example.vn/", 2, None)


def test_none_is_none(tmp_path):
    assert timestamps_of(home_of("", tmp_path)) is None


def test_what_is_written_is_read_back():
    settings = parse_settings(TEXT, PATH)
    assert parse_settings(to_toml(settings), PATH) == settings
    assert settings != Settings()


@pytest.mark.parametrize(
    "line",
    [
        "timestamp_urls = ['http://user:secret@tsa.example.vn/']",
        "timestamp_urls = ['ftp://tsa.example.vn/']",
        "timestamp_urls = ['http://[::1']",
        "timestamp_urls = ['']",
        "timestamp = [{url = 'https://a/', secret = 'mat-khau-secret'}]",
        "timestamp = [{url = 'https://a/', user = 'a:b'}]",
        "timestamp = [{url = 'https://a/', tries = 0}]",
        "timestamp = [{url = 'https://a/', limit_seconds = 0}]",
        "timestamp = [{url = 'https://a/', policy = 'any'}]",
        "timestamp = [{secret = 'env:A'}]",
    ],
)
def test_what_is_refused_is_not_repeated(line):
    with pytest.raises(BadConfigurationError) as caught:
        parse_settings(f"[signing]\n{line}", PATH)
    assert "secret@" not in str(caught.value)
    assert "mat-khau" not in str(caught.value)
    assert "signing.timestamp" in str(caught.value.facts["problem"])


# Passwords


def test_a_user_and_a_password_out_of_a_file(tmp_path):
    (tmp_path / "tsa").write_text(f"{WORDS}\r\n", "utf-8")
    header = Authorization("file:tsa", tmp_path, "ubnd-xa")()
    kind, _, value = header.partition(" ")
    assert kind == "Basic"
    assert base64.b64decode(value).decode() == f"ubnd-xa:{WORDS}"


def test_a_token_out_of_the_environment_read_each_time(tmp_path, monkeypatch):
    source = Authorization("env:TSA_TOKEN", tmp_path)
    for token in ("abc.DEF-1", "changed=="):
        monkeypatch.setenv("TSA_TOKEN", token)
        assert source() == f"Bearer {token}"


@pytest.mark.parametrize(
    ("content", "user"),
    [
        (None, None),
        (b"", "a"),
        (b"\n", "a"),
        (b"two\nlines", "a"),
        (b"\xff\xfe", "a"),
        (b"with space", None),
        (b"x\r\nInjected: 1", None),
        ("dấu".encode(), None),
    ],
)
def test_what_cannot_be_sent_is_said_without_showing_it(tmp_path, content, user):
    if content is not None:
        (tmp_path / "tsa").write_bytes(content)
    with pytest.raises(SecretUnavailableError) as caught:
        Authorization("file:tsa", tmp_path, user)()
    assert caught.value.facts == {"source": "file:tsa"}
    assert caught.value.__cause__ is None
    assert "file:tsa" in message_of(caught.value, Language.VI)


def test_a_variable_that_is_not_set_or_no_text(tmp_path, monkeypatch):
    monkeypatch.delenv("TSA_TOKEN", raising=False)
    with pytest.raises(SecretUnavailableError):
        Authorization("env:TSA_TOKEN", tmp_path)()
    monkeypatch.setenv("TSA_TOKEN", "\udcff")
    with pytest.raises(SecretUnavailableError):
        Authorization("env:TSA_TOKEN", tmp_path, "a")()


def test_nothing_that_is_printed_shows_it(tmp_path, monkeypatch):
    monkeypatch.setenv("TSA_TOKEN", "abc")
    source = Authorization("env:TSA_TOKEN", tmp_path)
    source()
    assert "abc" not in repr(source)
