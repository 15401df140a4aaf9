"""`antin token pin change|unblock`: PINs from elsewhere, from a person, and typed on a PIN pad.

The token is SoftHSM behind the shim of `tests/shim`, which counts tries and locks.
"""

import pytest
from cli_shim import CKR, EC_ID, LABEL, OFFICER, PIN, key_address
from cli_terminal import at_terminal
from pkcs11 import TokenFlag

from pki.words import Language

NEW, OTHER, WRONG = "57318642", "91735528", "97531864"
CHANGE = ("pin", "change", "--pin-source", "env:PIN", "--new-pin-source", "env:NEW_PIN")
UNBLOCK = ("pin", "unblock", "--so-pin-source", "env:OFFICER", "--new-pin-source", "env:NEW_PIN")


@pytest.fixture(autouse=True)
def pins(monkeypatch):
    """Return what sets a variable that a PIN is read from."""
    for name, pin in {"PIN": PIN, "OFFICER": OFFICER, "NEW_PIN": NEW}.items():
        monkeypatch.setenv(name, pin)
    return monkeypatch.setenv


@pytest.fixture
def ask(antin, shim_home):
    """Return what runs `antin token …` on the home with the failing module."""
    return lambda *words, **more: antin("--home", shim_home, "token", *words, **more)


@pytest.fixture
def signs(ask, pins):
    """Return what says whether the token's key signs with a PIN."""

    def go(pin):
        pins("TRIED", pin)
        return ask("csr", "--key", key_address(EC_ID), "--pin-source", "env:TRIED").status == 0

    return go


@pytest.fixture
def lock(ask, shim, pins):
    """Return what gives wrong PINs until the token is locked."""

    def go():
        shim.tries(user=3)
        pins("PIN", WRONG)
        for _ in range(3):
            assert ask(*CHANGE, "--final-try").status == 3
        pins("PIN", PIN)
        assert ask("show", "--json").json["token"]["pin"] == "locked"
        shim.calls.forget()

    return go


def calls_with_pins(shim):
    return [
        call.function
        for call in shim.calls()
        if call.function in {"C_Login", "C_SetPIN", "C_InitPIN", "C_InitToken"}
    ]


# --- change ---------------------------------------------------------------------------------------


def test_changing_the_pin_is_one_try_and_the_key_still_signs(ask, shim, signs):
    changed = ask(*CHANGE, "--json")
    assert (changed.status, changed.json["done"]) == (0, True)
    assert changed.json["token"]["label"] == LABEL
    assert calls_with_pins(shim) == ["C_SetPIN"]
    assert (signs(PIN), signs(NEW)) == (False, True)


@pytest.mark.parametrize(
    ("language", "words"),
    [(Language.EN, "the PIN of the token"), (Language.VI, "đã đổi mã PIN của thiết bị lưu khóa")],
)
def test_it_is_said_in_both_languages(ask, language, words):
    assert ask(*CHANGE, LABEL, language=language).out.startswith(words)


@pytest.mark.parametrize(
    ("tries", "code", "words"),
    [
        (5, "hsm.wrong_pin", "USER_PIN_COUNT_LOW"),
        (2, "hsm.wrong_pin_final_try", "one try is left"),
        (1, "hsm.wrong_pin_locked", "it is locked now"),
    ],
)
def test_a_wrong_pin_costs_one_try_and_what_the_flags_say_is_told(
    ask, shim, pins, tries, code, words
):
    shim.tries(user=tries)
    pins("PIN", WRONG)
    refused = ask(*CHANGE, "--final-try")
    assert (refused.status, refused.code) == (3, code)
    assert words in refused.err
    assert shim.wrong_in_a_row(LABEL) == 1
    for pin in (WRONG, NEW):
        assert pin not in refused.err + refused.out


def test_the_last_try_is_spent_only_when_told(ask, shim, signs):
    with shim.flags(TokenFlag.USER_PIN_FINAL_TRY):
        refused = ask(*CHANGE)
        assert (refused.status, refused.code) == (3, "hsm.pin_final_try")
        assert calls_with_pins(shim) == []
        assert ask(*CHANGE, "--final-try").status == 0
    assert signs(NEW)


def test_a_locked_token_is_not_tried(ask, shim):
    with shim.flags(TokenFlag.USER_PIN_LOCKED):
        refused = ask(*CHANGE, "--final-try")
    assert (refused.status, refused.code) == (3, "hsm.pin_locked")
    assert calls_with_pins(shim) == []


@pytest.mark.parametrize(
    ("new_pin", "words"),
    [
        ("mật2468", "Vietnamese letters"),
        ("２４６８１", "full-width"),
        (" 246813", "a space at its beginning"),
        ("123", "4 to 255 characters"),
        ("1" * 256, "4 to 255 characters"),
    ],
)
def test_a_new_pin_that_could_not_be_typed_is_refused_untried(ask, shim, pins, new_pin, words):
    pins("NEW_PIN", new_pin)
    for command in (CHANGE, UNBLOCK):
        refused = ask(*command)
        assert (refused.status, refused.code) == (3, "cli.new_pin_refused")
        assert words in refused.err
        assert new_pin not in refused.err + refused.out
    assert calls_with_pins(shim) == []


def test_the_tokens_own_length_counts(ask, shim, pins):
    pins("NEW_PIN", "24680")
    with shim.presented(LABEL, pin_bytes=range(6, 9)):
        refused = ask(*CHANGE)
    assert (refused.code, "6 to 8 characters" in refused.err) == ("cli.new_pin_refused", True)
    assert ask(*CHANGE).status == 0


@pytest.mark.parametrize("new_pin", ["12345678", "KHOAMOI"])
def test_a_pin_that_is_only_unwise_is_warned_of(ask, pins, new_pin):
    pins("NEW_PIN", new_pin)
    changed = ask(*CHANGE)
    assert changed.status == 0
    words = "choose another" if new_pin.isdigit() else "All letters of the PIN are capitals"
    assert words in changed.err


def test_a_pin_is_never_taken_from_the_command_line(ask, shim):
    for command, option in (
        (CHANGE, "--pin-source"),
        (CHANGE, "--new-pin-source"),
        (UNBLOCK, "--so-pin-source"),
    ):
        refused = ask(*command, option, PIN)
        assert (refused.status, refused.code) == (5, "hsm.pin_source")
        assert PIN not in refused.err
    assert calls_with_pins(shim) == []


# --- unblock --------------------------------------------------------------------------------------


def test_a_locked_token_is_unblocked_and_its_key_signs(ask, shim, signs, lock):
    lock()
    assert not signs(PIN)
    unblocked = ask(*UNBLOCK, "--json")
    assert (unblocked.status, unblocked.json["done"]) == (0, True)
    assert calls_with_pins(shim) == ["C_Login", "C_InitPIN"]
    assert ask("show", "--json").json["token"]["pin"] == "normal"
    assert signs(NEW)
    assert not signs(PIN)


def test_the_officers_wrong_pin_is_told_for_what_it_means(ask, shim, pins):
    shim.tries(so=3)
    pins("OFFICER", WRONG)
    codes = [ask(*UNBLOCK).code for _ in range(3)]
    assert codes == ["cli.officer_pin", "cli.officer_pin_final_try", "cli.officer_pin_final_try"]
    assert shim.wrong_in_a_row(LABEL, so=True) == 2, "the last one was not tried"
    assert ask(*UNBLOCK, "--final-try").code == "cli.officer_pin_locked"
    pins("OFFICER", OFFICER)
    locked = ask(*UNBLOCK, "--final-try")
    assert (locked.status, locked.code) == (3, "cli.officer_pin_locked")
    assert "Only its maker" in locked.err


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (Language.EN, "an embedded token is not unblocked"),
        (Language.VI, "không mở khóa được thiết bị lưu khóa phần mềm"),
    ],
)
def test_an_embedded_token_is_made_anew(antin, demo_home, language, words):
    refused = antin("--home", demo_home, "token", *UNBLOCK, "official", language=language)
    assert (refused.status, refused.code) == (3, "cli.embedded_officer_pin")
    assert words in refused.err
    assert antin("--home", demo_home, "token", "list").status == 0


def test_what_else_the_token_says_is_passed_on(ask, shim):
    with shim.fail("C_InitPIN", CKR.TOKEN_WRITE_PROTECTED):
        refused = ask(*UNBLOCK)
    assert (refused.status, refused.code) == (3, "hsm.token_write_protected")


# --- on the reader's own keys ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (Language.EN, "Type on the keys of the card reader now: the present PIN"),
        (Language.VI, "Hãy nhập trên bàn phím của đầu đọc thẻ ngay bây giờ: mã PIN hiện tại"),
    ],
)
def test_a_pin_is_changed_on_the_pad(ask, shim, signs, language, words):
    with shim.pin_pad(PIN, fresh=NEW):
        changed = ask("pin", "change", language=language)
    assert changed.status == 0, changed
    assert words in changed.err
    assert signs(NEW)


def test_a_pin_is_unblocked_on_the_pad(ask, shim, signs, lock):
    lock()
    with shim.pin_pad(so=OFFICER, fresh=NEW):
        unblocked = ask("pin", "unblock")
    assert unblocked.status == 0, unblocked
    assert "the security officer's PIN of the token" in unblocked.err
    assert signs(NEW)


def test_cancelling_on_the_pad_costs_nothing(ask, shim, signs):
    shim.tries(user=5)
    with shim.pin_pad(PIN, fresh=NEW, cancel=True):
        cancelled = ask("pin", "change")
    assert (cancelled.status, cancelled.code) == (3, "hsm.pin_cancelled")
    assert shim.wrong_in_a_row(LABEL) == 0
    assert signs(PIN)


# --- a person at a terminal -----------------------------------------------------------------------


@pytest.fixture
def type_in(shim_home):
    """Return what runs `antin token …` at a terminal: status, words, answers nobody asked for."""
    return lambda *words, answers, **more: at_terminal(
        shim_home, "token", *words, answers=answers, **more
    )


def test_a_person_types_the_new_pin_twice(type_in, shim, signs):
    ended, said, left = type_in("pin", "change", answers=[PIN, NEW, NEW, "unasked"])
    assert (ended, left) == (0, ["unasked"]), said
    assert calls_with_pins(shim) == ["C_SetPIN"]
    for words in ("PIN of the token", "New PIN of the token", "The new PIN once more"):
        assert words in said
    for pin in (PIN, NEW):
        assert pin not in said
    assert signs(NEW)


def test_in_vietnamese_too(type_in):
    answers = [PIN, NEW, NEW]
    ended, said, _ = type_in("pin", "change", answers=answers, language="vi")
    assert ended == 0
    for words in ("Mã PIN mới của thiết bị lưu khóa", "Nhập lại mã PIN mới", "đã đổi mã PIN"):
        assert words in said


def test_a_slip_in_the_new_pin_is_asked_again(type_in, shim, signs):
    answers = [PIN, NEW, OTHER, "tưư2468", NEW, NEW, "unasked"]
    ended, said, left = type_in("pin", "change", answers=answers)
    assert (ended, left) == (0, ["unasked"]), said
    assert "was not the same both times" in said
    assert "Vietnamese letters" in said
    assert said.count("Choose a new PIN again") == 2
    assert calls_with_pins(shim) == ["C_SetPIN"]
    assert signs(NEW)


def test_three_slips_end_it_untried(type_in, shim, signs):
    answers = [PIN, NEW, OTHER, OTHER, NEW, NEW, OTHER, "unasked"]
    ended, said, left = type_in("pin", "change", answers=answers)
    assert (ended, left) == (3, ["unasked"]), said
    assert "[cli.pins_differ]" in said
    assert calls_with_pins(shim) == []
    assert signs(PIN)


def test_a_mistyped_present_pin_is_asked_again_and_the_new_one_is_not(type_in, shim, signs):
    ended, said, left = type_in("pin", "change", answers=[WRONG, NEW, NEW, PIN, "unasked"])
    assert (ended, left) == (0, ["unasked"]), said
    assert "That was not the right PIN" in said
    assert calls_with_pins(shim) == ["C_SetPIN", "C_SetPIN"]
    assert signs(NEW)


def test_the_officer_is_asked_once(type_in, shim):
    shim.tries(so=4)
    ended, said, left = type_in("pin", "unblock", answers=[WRONG, NEW, NEW, "unasked"])
    assert (ended, left) == (3, ["unasked"]), said
    assert "Security officer's PIN (SO PIN, PUK) of the token" in said
    assert "[cli.officer_pin]" in said
    assert shim.wrong_in_a_row(LABEL, so=True) == 1
    ended, said, left = type_in("pin", "unblock", answers=[OFFICER, NEW, NEW])
    assert (ended, left) == (0, []), said
    assert "at least one wrong security officer's PIN" in said


def test_the_officers_last_try_is_warned_of(type_in, shim):
    with shim.flags(TokenFlag.SO_PIN_FINAL_TRY):
        ended, said, _ = type_in("pin", "unblock", "--final-try", answers=[OFFICER, NEW, NEW])
    assert ended == 0, said
    assert "one try of the security officer's PIN" in said


def test_a_new_tokens_pins_are_typed_twice(type_in, demo_home):
    ended, said, left = type_in("init", "mới", "--token", "", answers=[NEW, NEW, OTHER, OTHER])
    assert (ended, left) == (0, []), said
    assert "New security officer's PIN" in said
    answers = [NEW, OTHER, NEW, NEW, "unasked"]
    ended, said, left = at_terminal(demo_home, "token", "init", "thêm", answers=answers)
    assert (ended, left) == (0, ["unasked"]), said


def test_a_pin_with_marks_in_the_embedded_store_is_only_told_of(antin, demo_home, pins):
    pins("NEW_PIN", "mật khẩu 1")
    words = ("token", "init", "thêm", "--pin-source", "env:NEW_PIN")
    made = antin("--home", demo_home, *words)
    assert made.status == 0
    assert "Vietnamese letters" in made.err
