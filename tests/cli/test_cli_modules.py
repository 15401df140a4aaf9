"""Which modules the command line uses, and that one that fails stops nobody else's signature."""

import shutil
import tomllib
from pathlib import Path

import pytest
from hsm_probe_shims import Shims

from cli.homes.found_modules import module_uses, try_limit
from cli.homes.home import Home
from cli.homes.modules import open_home_modules
from cli.homes.settings import Settings, parse_settings
from hsm.embedded import find_softhsm
from hsm.gate import Limits
from hsm.loading import close_modules
from pki.words import Language


@pytest.fixture(scope="module")
def shims(peer, tmp_path_factory) -> Shims:
    return Shims(peer("cc"), tmp_path_factory.mktemp("hỏng"))


@pytest.fixture
def softhsm(tmp_path) -> Path:
    """A module that this process has not loaded, whoever asked for SoftHSM before."""
    return Path(shutil.copy(find_softhsm(), tmp_path / "libofficial.so"))


@pytest.fixture
def configure(antin, demo_home, monkeypatch):
    """Return what puts a home's tokens behind modules that `antin.toml` names."""

    def write(*modules: Path, more: str = "") -> Path:
        antin("--home", demo_home, "token", "list")  # its SoftHSM serves the copied home
        monkeypatch.setenv("SOFTHSM2_CONF", str(demo_home / "tokens" / "softhsm2.conf"))
        path = demo_home / "antin.toml"
        settings = tomllib.loads(path.read_text("utf-8"))
        assert settings["tokens"]["embedded"]
        names = ", ".join(f"'{module}'" for module in modules)
        lines = path.read_text("utf-8").splitlines()
        start = lines.index("[tokens]")
        end = next(n for n in range(start + 1, len(lines)) if lines[n].startswith("["))
        lines[start:end] = ["[tokens]", f"modules = [{names}]", *more.splitlines()]
        path.write_text("\n".join(lines), "utf-8")
        return demo_home

    return write


def test_a_broken_module_is_told_and_the_other_ones_token_signs(
    antin, configure, shims, softhsm, letter, tmp_path
):
    crash, missing = shims.build(initialize="abort()"), tmp_path / "gone.so"
    home = configure(crash, missing, softhsm, more="search = false")
    out = tmp_path / "signed.pdf"
    ran = antin("--home", home, "sign", letter, "-o", out, "--json", "--level", "B-B")
    assert ran.status == 0, ran
    assert (ran.json["level"], out.exists()) == ("B-B", True)
    notes = [line for line in ran.err.splitlines() if line.startswith("note: ")]
    assert len(notes) == 2, "each once, whatever opens the modules again"
    assert f"{crash} crashes in step C_Initialize: signal 6 (SIGABRT)" in notes[0]
    assert f"{missing} is not there" in notes[1]
    again = antin("--home", home, "token", "list", language=Language.VI)
    assert "làm sập chương trình ở bước C_Initialize" in again.out


def test_where_no_module_is_left_the_first_is_the_error(antin, configure, shims):
    home = configure(
        shims.build(initialize="for (;;) sleep(1000)"), more="search = false\nlimit_seconds = 1"
    )
    ran = antin("--home", home, "token", "show")
    assert (ran.status, ran.code) == (4, "hsm.module_hung")
    assert "C_Initialize" in ran.err
    assert "hint: " in ran.err


def test_a_module_that_an_address_names_is_tried_first(antin, demo_home, shims):
    crash = shims.build(finalize="abort()")
    key = f"pkcs11:token=x?module-path={crash}"
    ran = antin("--home", demo_home, "token", "csr", "--key", key)
    assert (ran.status, ran.code) == (4, "hsm.module_crashed")


def test_a_demonstration_starts_no_process(demo_home, monkeypatch):
    """It is as fast as it was, and knows nothing of other tokens in the machine."""
    settings = parse_settings((demo_home / "antin.toml").read_text("utf-8"), demo_home)
    home = Home(demo_home, settings)
    close_modules()
    with monkeypatch.context() as patched:
        patched.setattr("subprocess.Popen", None)
        (module,) = open_home_modules(home, None)
    assert [token.label for token in module.tokens()]
    assert open_home_modules(home, None) == (module,)
    close_modules()
    assert open_home_modules(home, None) != (module,), "a closed module is opened anew"
    close_modules()


def test_an_embedded_home_may_ask_for_the_others_too(antin, demo_home):
    path = demo_home / "antin.toml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("embedded = true", "embedded = true\nsearch = true"), "utf-8")
    ran = antin("--home", demo_home, "token", "list", "--json")
    assert ran.status == 0
    modules = [token["module"] for token in ran.json["tokens"]]
    assert modules.count(str(find_softhsm().resolve())) == len(modules), "its own SoftHSM once"


def test_settings_of_a_module_hold_whatever_the_section_says(tmp_path):
    text = """
[tokens]
modules = ['usb.so']
limit_seconds = 5
[[tokens.module]]
path = 'hsm.so'
sessions = 4
limit_seconds = 45
"""
    home = Home(tmp_path, parse_settings(text, tmp_path))
    hsm, usb = module_uses(home)
    assert (hsm.path, hsm.sessions, hsm.limits.sign.seconds) == (tmp_path / "hsm.so", 4, 45)
    assert (usb.path, usb.sessions, usb.limits.call.seconds) == (tmp_path / "usb.so", 1, 5)
    assert usb.limits.generate == Limits().generate
    assert try_limit(home).seconds == 45
    plain = Home(tmp_path, Settings())
    assert (module_uses(plain), try_limit(plain).seconds) == ((), 10)
    named = parse_settings("[tokens]\nmodules = ['usb.so']", tmp_path)
    assert module_uses(Home(tmp_path, named))[0].limits == Limits()
