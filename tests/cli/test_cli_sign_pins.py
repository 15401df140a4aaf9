"""`antin sign` with a token that is down to its last try, or wants a PIN at every signature.

The official's token of a demonstration home lies behind the shim of `tests/shim`, which counts.
"""

from __future__ import annotations

import shutil

import pytest
from cli_terminal import at_terminal
from pkcs11 import TokenFlag

CONTEXT_SPECIFIC = 2
QUESTION = "PIN of the token official"


@pytest.fixture
def sign(antin, shim_only, letter, tmp_path):
    """Return what signs letters with the home's own PINs."""

    def go(*options, copies=1):
        sources = [tmp_path / f"letter{number}.pdf" for number in range(copies)]
        for source in sources:
            shutil.copy(letter, source)
        words = ("sign", *sources, "-o", tmp_path / "out", "--level", "B-B", *options)
        (tmp_path / "out").mkdir(exist_ok=True)
        return antin("--home", shim_only, *words)

    return go


def test_the_last_try_is_spent_only_when_told(sign, shim):
    with shim.flags(TokenFlag.USER_PIN_FINAL_TRY | TokenFlag.USER_PIN_COUNT_LOW):
        refused = sign()
        assert refused.status == 3
        assert "hsm.pin_final_try" in refused.err
        assert shim.calls.logins == ()
        done = sign("--final-try")
        assert done.status == 0, done.err
    assert [call.pin for call in shim.calls.logins] == ["right"]


def test_a_key_that_wants_a_pin_at_every_signature_gets_it_from_the_homes_source(sign, shim):
    shim.always_authenticate()
    done = sign(copies=3)
    assert done.status == 0, done.err
    assert [call.user for call in shim.calls.logins].count(CONTEXT_SPECIFIC) == 3
    assert shim.calls.wrong_pins == 0


@pytest.mark.parametrize(("options", "questions"), [((), 4), (("--one-pin",), 1)])
def test_one_pin_serves_a_batch_where_the_person_said_so(
    shim_only, shim, letter, tmp_path, options, questions
):
    shim.always_authenticate()
    pin = (shim_only / "pins" / "official").read_text()
    sources = [tmp_path / f"letter{number}.pdf" for number in range(3)]
    for source in sources:
        shutil.copy(letter, source)
    (tmp_path / "out").mkdir()
    words = ("sign", *sources, "-o", tmp_path / "out", "--level", "B-B", *options)
    answers = [pin] * 6
    status, said, left = at_terminal(
        shim_only, *words, "--pin-source", "prompt", answers=answers, language="en"
    )
    assert status == 0, said
    assert said.count(QUESTION) == questions
    assert len(left) == 6 - questions
    assert [call.user for call in shim.calls.logins].count(CONTEXT_SPECIFIC) == 3
    assert len(list((tmp_path / "out").glob("*.pdf"))) == 3
