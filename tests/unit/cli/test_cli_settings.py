"""`antin.toml`: everything that is written can be read, nothing unknown is taken."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.errors import BadConfigurationError, NewerHomeError, UnreadableFileError
from cli.homes.settings import (
    HOME_VERSION,
    ListSource,
    Network,
    Responder,
    Service,
    Settings,
    Timestamp,
    TokenModule,
    Tokens,
    Verifying,
    load_settings,
    parse_settings,
)
from cli.homes.toml_text import to_toml

PATH = Path("home/antin.toml")
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def full(label: str, address: str) -> Settings:
    return Settings(
        demo=True,
        service=Service(public_url=address, bind="127.0.0.1:1"),
        responders=(
            Responder(authority="issuing", certificate=Path("a.pem"), key="pkcs11:id=%01"),
        ),
        timestamp=Timestamp(certificate=Path("t.pem"), key="file:t.pem"),
        tokens=Tokens(
            embedded=True,
            modules=(Path("/usr/lib/x.so"),),
            module=(TokenModule(path=Path(label), sessions=4, limit_seconds=1.5),),
            search=True,
            limit_seconds=20,
        ),
        pins={label: "file:pins/a"},
        network=Network(allow=("127.0.0.1:1",)),
        verify=Verifying(
            list=(
                ListSource(name="eu", url="https://eu.test/lotl.xml", signers=(Path("a.pem"),)),
                ListSource(
                    name="vn", file=Path(label), signers=(Path("b.pem"),), territories=("VN",)
                ),
            )
        ),
    )


@given(TEXT, TEXT)
def test_written_settings_are_read_back(label, address):
    settings = full(label, address)
    assert parse_settings(to_toml(settings), PATH) == settings


def test_a_missing_file_gives_the_defaults(tmp_path):
    assert load_settings(tmp_path / "antin.toml") == Settings()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("verison = 1", "verison"),
        ("[service]\nport = 3", "service.port"),
        ("version = 0", "version"),
        ("demo = 'perhaps'", "demo"),
        ("[signing]\nlevel = 'B-X'", "signing.level"),
        ("[[tokens.module]]\nsessions = 2", "tokens.module.0.path"),
        ("[[tokens.module]]\npath = 'x'\nsessions = 0", "tokens.module.0.sessions"),
        ("[tokens]\nlimit_seconds = 0", "tokens.limit_seconds"),
        ("version = ", "Invalid value"),
        ("[[verify.list]]\nname = 'vn'\nfile = 'a'", "verify.list.0.signers"),
        ("[[verify.list]]\nname = 'vn'\nfile = 'a'\nsigners = []", "verify.list.0.signers"),
        ("[[verify.list]]\nname = 'vn'\nsigners = ['a']", "either url or file"),
        (
            "[[verify.list]]\nname = 'vn'\nsigners = ['a']\nfile = 'a'\nurl = 'https://a.test'",
            "either url or file",
        ),
        ("[[verify.list]]\nname = 'VN/1'\nfile = 'a'\nsigners = ['a']", "verify.list.0.name"),
    ],
)
def test_a_bad_file_is_refused_and_the_place_named(text, problem):
    with pytest.raises(BadConfigurationError) as caught:
        parse_settings(text, PATH)
    assert problem in str(caught.value.facts["problem"])


def test_a_newer_home_is_refused_before_its_keys_are_read():
    """A later version may have keys this one does not know; its number is what matters."""
    with pytest.raises(NewerHomeError) as caught:
        parse_settings(f"version = {HOME_VERSION + 1}\nunheard_of = 1", PATH)
    assert caught.value.facts["known"] == HOME_VERSION
    assert parse_settings(f"version = {HOME_VERSION}", PATH).version == HOME_VERSION


def test_an_unreadable_file_is_said_to_be_so(tmp_path):
    (tmp_path / "antin.toml").write_bytes(b"demo = '\xff'")
    with pytest.raises(UnreadableFileError):
        load_settings(tmp_path / "antin.toml")


@pytest.mark.parametrize(
    ("text", "searches"),
    [
        ("", True),
        ("[tokens]\nembedded = true", False),
        ("[tokens]\nembedded = true\nsearch = true", True),
        ("[tokens]\nmodules = ['/usr/lib/x.so']", True),
        ("[tokens]\nsearch = false", False),
    ],
)
def test_a_home_with_embedded_tokens_looks_for_no_others_unless_told(text, searches):
    assert parse_settings(text, PATH).tokens.searches is searches


def test_modules_are_searched_in_the_order_they_are_named():
    text = "[tokens]\nmodules = ['b', 'a']\n[[tokens.module]]\npath = 'c'\nsessions = 4"
    tokens = parse_settings(text, PATH).tokens
    assert [str(path) for path in tokens.configured] == ["b", "a", "c"]
    assert (tokens.module[0].sessions, tokens.module[0].limit_seconds) == (4, None)
