"""`antin token list|show|certs`: what a token is, can and holds, seen without a login."""

from datetime import timedelta

import pytest
from cli_shim import CKR, EC_ID, LABEL, RSA_ID, configure
from cryptography import x509
from pkcs11 import Attribute, Mechanism, TokenFlag

from hsm.loading import open_module
from hsm.pin import GivenPinSource, Pin
from pki.clock import FixedClock
from pki.words import Language

LANGUAGES = list(Language)


@pytest.fixture
def ask(antin, shim_home):
    """Return what runs `antin token …` on the home with the failing module."""
    return lambda *words, **more: antin("--home", shim_home, "token", *words, **more)


# --- list -----------------------------------------------------------------------------------------


def test_every_token_of_every_module_is_listed(antin, demo_home, official):
    listed = antin("--home", demo_home, "token", "list", "--json")
    assert listed.status == 0
    tokens = {one["label"]: one for one in listed.json["tokens"]}
    assert tokens.keys() == {"root", "issuing", "services", "official"}
    (certificate,) = tokens["official"]["certificates"]
    assert certificate["serial"] == official["serial"]
    assert [one["error"] for one in tokens.values()] == [None] * 4
    assert [one["error"] for one in listed.json["modules"]] == [None]
    assert "Nguyễn Văn Mẫu" in antin("--home", demo_home, "token", "list").out


def test_a_module_that_fails_is_listed_and_hides_nobody(antin, shim, tmp_path):
    home = configure(tmp_path / "two", tmp_path / "gone.so", shim.path)
    listed = antin("--home", home, "token", "list", "--json")
    assert listed.status == 0
    assert [one["label"] for one in listed.json["tokens"]] == [LABEL]
    errors = {one["module"]: one["error"] for one in listed.json["modules"]}
    assert errors[str(shim.path)] is None
    assert errors[str(tmp_path / "gone.so")].keys() == {"code", "message", "hint"}
    text = antin("--home", home, "token", "list")
    assert (text.status, LABEL in text.out, "[hsm.module_missing]" in text.out) == (0, True, True)


def test_a_token_that_cannot_be_read_is_listed_with_its_error(ask, shim):
    with shim.fail("C_OpenSession", CKR.DEVICE_ERROR):
        listed = ask("list", "--json")
        text = ask("list")
    assert (listed.status, text.status) == (4, 4), "no token could be read"
    assert LABEL in text.out
    assert "[hsm.device_failed]" in text.out
    (token,) = listed.json["tokens"]
    assert (token["label"], token["error"]["code"]) == (LABEL, "hsm.device_failed")
    assert ask("list").status == 0


def test_nothing_to_read_and_something_failed_is_unavailable(antin, tmp_path):
    home = configure(tmp_path / "none", tmp_path / "gone.so")
    listed = antin("--home", home, "token", "list", "--json")
    assert (listed.status, listed.json["tokens"]) == (4, [])
    empty = configure(tmp_path / "empty")
    listed = antin("--home", empty, "token", "list")
    assert (listed.status, listed.out) == (0, "nothing\n")


def test_a_module_that_cannot_list_its_tokens_is_told(ask, shim):
    shim.fault("C_GetTokenInfo", CKR.GENERAL_ERROR, first=2)
    listed = ask("list", "--json")
    assert listed.status == 4
    (module,) = listed.json["modules"]
    assert (module["module"], module["error"]["code"][:4]) == (str(shim.path), "hsm.")


def test_an_embedded_store_without_softhsm_is_told(antin, demo_home, monkeypatch, tmp_path):
    monkeypatch.setenv("ANTIN_SOFTHSM_MODULE", str(tmp_path / "gone.so"))
    listed = antin("--home", demo_home, "token", "list", "--json")
    assert listed.status == 4
    assert listed.json["modules"][0]["error"]["code"] == "hsm.softhsm_missing"


# --- show -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (Language.EN, ("ML-DSA", "lacking", "hashed on this machine", "512 to 16384 bits")),
        (Language.VI, ("ML-DSA", "không có", "băm trên máy tính", "từ 512 đến 16384 bit")),
    ],
)
def test_a_token_is_shown_with_what_it_can_and_lacks(ask, shim, language, words):
    shown = ask("show", LABEL, language=language)
    assert shown.status == 0
    for word in (LABEL, "SoftHSM", str(shim.path), *words):
        assert word in shown.out
    assert shim.calls.logins == ()


def test_it_is_shown_as_json(ask, shim):
    shown = ask("show", "--json").json
    assert shown["token"]["label"] == LABEL
    assert shown["token"]["pin_bytes"] == {"min": 4, "max": 255}
    signs = {one["algorithm"]: (one["present"], one["hashed"]) for one in shown["signs"]}
    assert signs["rsa-pss-sha256"] == (True, "host")
    assert signs["ml-dsa"] == (False, None)
    with shim.without_mechanisms(Mechanism.RSA_PKCS_PSS, Mechanism.SHA384_RSA_PKCS_PSS):
        weaker = {one["algorithm"]: one["hashed"] for one in ask("show", "--json").json["signs"]}
    assert (weaker["rsa-pss-sha256"], weaker["rsa-pss-sha384"]) == ("token", None)


@pytest.mark.parametrize(
    ("flag", "field", "value", "words"),
    [
        (TokenFlag.USER_PIN_COUNT_LOW, "pin", "count-low", "fewer tries are left"),
        (TokenFlag.USER_PIN_FINAL_TRY, "pin", "final-try", "one try is left"),
        (TokenFlag.USER_PIN_LOCKED, "pin", "locked", "antin token pin unblock"),
        (TokenFlag.SO_PIN_FINAL_TRY, "officer_pin", "final-try", "never be unblocked"),
        (TokenFlag.SO_PIN_LOCKED, "officer_pin", "locked", "nobody can unblock"),
    ],
)
def test_the_states_of_pins_are_told_for_what_they_mean(ask, shim, flag, field, value, words):
    with shim.flags(flag):
        assert ask("show", "--json").json["token"][field] == value
        assert words in ask("show").out
    assert words not in ask("show").out


def test_what_else_a_token_says_of_itself(ask, shim):
    with shim.flags(
        TokenFlag.PROTECTED_AUTHENTICATION_PATH | TokenFlag.WRITE_PROTECTED,
        TokenFlag.USER_PIN_INITIALIZED,
    ):
        token = ask("show", "--json").json["token"]
        text = ask("show").out
    assert (token["pin_pad"], token["write_protected"], token["pin_set"]) == (True, True, False)
    assert "none set yet" in text
    with shim.presented(LABEL, pin_bytes=range(6, 17)):
        assert "6 to 16 characters" in ask("show").out


def test_no_token_and_several_are_refused_with_the_list(ask, antin, demo_home):
    assert (ask("show", "không có").status, ask("show", "không có").code) == (
        4,
        "hsm.token_not_found",
    )
    several = antin("--home", demo_home, "token", "show")
    assert (several.status, several.code) == (3, "hsm.token_ambiguous")
    assert "official" in several.err
    assert antin("--home", demo_home, "token", "show", "pkcs11:token=official").status == 0
    assert ask("show", "pkcs11:foo=bar").status == 5


# --- certs ----------------------------------------------------------------------------------------


def changed(shim, key_id, **attributes):
    """Change the public half of a key on the shim's token."""
    module = open_module(shim.path)
    (token,) = module.tokens()
    from hsm.login import login
    from hsm.objects import ObjectKind, find_objects

    login(module, token, GivenPinSource(Pin("246810")))

    def change(session):
        (half,) = find_objects(session, ObjectKind.PUBLIC, key_id)
        for name, value in attributes.items():
            half[Attribute[name]] = value
        if not attributes:
            half.destroy()

    module.write(token, change)


def matches(ask):
    certificates = ask("certs", "--json").json["certificates"]
    return {one["id"]: one["key_match"] for one in certificates}


def test_certificates_are_shown_with_their_keys(ask, shim):
    assert matches(ask) == {"01": "id", "02": "id"}
    assert shim.calls.logins == ()
    changed(shim, EC_ID, ID=b"\x09")
    assert matches(ask) == {"01": "public-key", "02": "id"}
    changed(shim, RSA_ID, ID=EC_ID)
    assert matches(ask) == {"01": "public-key", "02": "public-key"}
    changed(shim, b"\x09")
    assert matches(ask) == {"01": "other-key", "02": "public-key"}
    changed(shim, EC_ID)
    assert matches(ask) == {"01": "none", "02": "none"}
    for language, words in (
        (Language.EN, "none shown without the PIN"),
        (Language.VI, "không thấy khi chưa có mã PIN"),
    ):
        assert ask("certs", language=language).out.count(words) == 2


def test_what_a_certificate_says_is_shown_and_its_end(ask):
    (row, _) = ask("certs", LABEL, "--json").json["certificates"]
    assert row["key"].endswith(f"id=%{row['id']}")
    certificate = x509.load_pem_x509_certificate(row["pem"].encode())
    day = timedelta(days=1)
    for instant, state, words in (
        (certificate.not_valid_before_utc - day, "not-yet", "not yet valid"),
        (certificate.not_valid_before_utc + day, "valid", "valid from"),
        (certificate.not_valid_after_utc + day, "expired", "EXPIRED"),
    ):
        clock = FixedClock(instant)
        seen = ask("certs", "--json", clock=clock).json["certificates"]
        assert {one["validity"] for one in seen} == {state}
        assert words in ask("certs", clock=clock).out


def test_certificates_are_given_out_as_pem(ask, tmp_path):
    pem = ask("certs", LABEL, "--pem").out
    assert len(x509.load_pem_x509_certificates(pem.encode())) == 2
    file = tmp_path / "certs.pem"
    written = ask("certs", "-o", file)
    assert (written.status, str(file) in written.out) == (0, True)
    both = [set(x509.load_pem_x509_certificates(text.encode())) for text in (pem, file.read_text())]
    assert both[0] == both[1], "SoftHSM gives its objects in any order"


def test_no_certificates_are_nothing_and_no_token_is_an_error(ask, antin, tmp_path):
    assert antin("--home", configure(tmp_path / "e"), "token", "certs").out == "nothing\n"
    missing = ask("certs", "không có")
    assert (missing.status, missing.code) == (4, "hsm.token_not_found")


def test_a_token_that_cannot_be_read_hides_no_other_ones_certificates(antin, ask, shim, demo_home):
    others = antin("--home", demo_home, "token", "certs", "--json").json["certificates"]
    settings = demo_home / "antin.toml"
    text = settings.read_text("utf-8").replace("modules = []", f"modules = ['{shim.path}']")
    settings.write_text(text, "utf-8")
    with shim.fail("C_FindObjectsInit", CKR.DEVICE_ERROR):
        seen = antin("--home", demo_home, "token", "certs", "--json")
        told = antin("--home", demo_home, "token", "certs")
        alone = ask("certs")
    assert (seen.status, len(seen.json["certificates"])) == (0, len(others))
    (unseen,) = seen.json["unseen"]
    assert (unseen["token"], unseen["error"]["code"]) == (LABEL, "hsm.device_failed")
    assert f"{LABEL} could not be looked at" in told.err
    assert (alone.status, alone.code) == (4, "hsm.tokens_unseen")
    whole = antin("--home", demo_home, "token", "certs", "--json").json
    assert (len(whole["certificates"]), whole["unseen"]) == (len(others) + 2, [])
