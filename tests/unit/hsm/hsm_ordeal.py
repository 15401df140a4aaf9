"""Random sequences of faults and calls against one token, and what must hold whatever comes.

A `Step` is data, so that Hypothesis can shrink a sequence that broke a promise.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from hsm_failing import EC, RSA, opened
from hsm_shim import Shim
from hsm_shim_cryptoki import CKR
from hsm_shim_token import LABEL
from hsm_world import USER_PIN
from hypothesis import strategies as st
from pkcs11 import Attribute, Mechanism, TokenFlag

from hsm.errors import ModuleUnusableError
from hsm.gate import Limits
from hsm.keys import open_key
from hsm.login import login, logout
from hsm.module import Module
from hsm.objects import list_objects
from hsm.pin import Pin
from hsm.search import find_certificates
from hsm.tokens import TokenInfo
from hsm.uri import KeyURI
from pki.errors.tree import PKIError
from pki.keys import PrivateKey, sign_data, verifies

TRIES = 3
LIMIT = timedelta(seconds=0.3)
LIMITS = Limits(call=LIMIT, sign=LIMIT, pad=LIMIT, generate=LIMIT)
_OPENINGS = 5
# A step makes about a dozen calls through the gate; each may use up its limit, none more than that.
PATIENCE = 10.0
WRONG = ("111111", "222222", "333333", "")
TYPED = (USER_PIN.reveal(), *WRONG)

_FUNCTIONS = (
    "C_GetSlotList",
    "C_GetSlotInfo",
    "C_GetTokenInfo",
    "C_GetMechanismList",
    "C_OpenSession",
    "C_CloseSession",
    "C_CloseAllSessions",
    "C_Login",
    "C_Logout",
    "C_FindObjects",
    "C_FindObjectsFinal",
    "C_GetAttributeValue",
    "C_SignInit",
    "C_Sign",
    "C_Finalize",
)
_ANSWERS = tuple(
    getattr(CKR, name)
    for name in (
        "GENERAL_ERROR",
        "FUNCTION_FAILED",
        "DEVICE_ERROR",
        "DEVICE_REMOVED",
        "SESSION_HANDLE_INVALID",
        "SESSION_CLOSED",
        "KEY_HANDLE_INVALID",
        "OPERATION_ACTIVE",
        "PIN_LOCKED",
        "PIN_EXPIRED",
        "TOKEN_NOT_PRESENT",
        "USER_NOT_LOGGED_IN",
        "CRYPTOKI_NOT_INITIALIZED",
        "VENDOR",
    )
)
# After these the caller cannot know whether the token signed; the others say that it did not.
_UNSURE = (CKR.GENERAL_ERROR, CKR.FUNCTION_FAILED, CKR.DEVICE_ERROR, CKR.DEVICE_REMOVED)
_FLAGS = (
    TokenFlag.USER_PIN_FINAL_TRY,
    TokenFlag.USER_PIN_LOCKED,
    TokenFlag.USER_PIN_COUNT_LOW,
    TokenFlag.WRITE_PROTECTED,
)
_HIDDEN = (Attribute.ID, Attribute.EC_POINT, Attribute.MODULUS, Attribute.SIGN, Attribute.VALUE)
_MECHANISMS = (
    (Mechanism.ECDSA,),
    (Mechanism.RSA_PKCS,),
    (Mechanism.ECDSA, Mechanism.ECDSA_SHA256),
    (Mechanism.RSA_PKCS_PSS, Mechanism.SHA256_RSA_PKCS_PSS),
)

Step = tuple[str, tuple[object, ...]]


def _step(name: str, *arguments: st.SearchStrategy[object]) -> st.SearchStrategy[Step]:
    return st.tuples(st.just(name), st.tuples(*arguments))


_soon = st.integers(1, 3)
_faults = st.one_of(
    _step("fail", st.sampled_from(_FUNCTIONS), st.sampled_from(_ANSWERS), _soon),
    _step("fail_after", st.sampled_from(_UNSURE)),
    _step("sessions_die", st.sampled_from((CKR.SESSION_HANDLE_INVALID, CKR.DEVICE_REMOVED))),
    _step("pull_out"),
    _step("pull_during", st.sampled_from(("C_Sign", "C_Login", "C_FindObjects"))),
    _step("insert"),
    _step("flags", st.sampled_from(_FLAGS)),
    _step("wrong_signatures", st.integers(0, 511)),
    _step("sized_signatures", st.integers(0, 300)),
    _step("always_authenticate"),
    _step("hidden", st.sampled_from(_HIDDEN)),
    _step("lack", st.sampled_from(_MECHANISMS)),
    _step("pin_pad", st.sampled_from(TYPED)),
    _step("other_serial"),
    _step("clear"),
)
_calls = st.one_of(
    _step("open", st.booleans(), st.booleans(), st.booleans()),
    _step("sign", st.booleans()),
    _step("sign", st.booleans()),
    _step("sign", st.booleans()),
    _step("login"),
    _step("logout"),
    _step("look"),
)
_pins = _step("types", st.lists(st.sampled_from(WRONG[:-1]), max_size=2))
_rare = _step("hang", st.sampled_from(_FUNCTIONS), _soon)
steps = st.lists(
    st.one_of(_calls, _calls, _calls, _faults, _faults, _pins, _faults, _calls),
    min_size=3,
    max_size=12,
)
steps_with_a_hang = st.tuples(
    st.lists(_calls, min_size=2, max_size=6),
    _rare,
    st.lists(st.one_of(_calls, _calls, _faults), min_size=1, max_size=6),
).map(lambda parts: [*parts[0], parts[1], *parts[2]])


def _opened_in_time(shim: Shim) -> Module:
    """A busy machine may need longer than the limit to start a module: that is no fault here."""
    for _ in range(_OPENINGS):
        try:
            return opened(shim.path, limits=LIMITS)
        except ModuleUnusableError:
            time.sleep(LIMIT.total_seconds())
    return opened(shim.path, limits=LIMITS)


@dataclass
class Person:
    """Types the PINs of `typing`, and then always the right one; notes what was given."""

    typing: list[str] = field(default_factory=list)
    given: list[tuple[str, str]] = field(default_factory=list)
    """Each PIN, and the serial number of the token it was for."""
    pads: int = 0

    def ask(self, token: TokenInfo) -> Pin:
        pin = self.typing.pop(0) if self.typing else USER_PIN.reveal()
        self.given.append((pin, token.serial))
        return Pin(pin)

    def announce_pad(self, _token: TokenInfo) -> None:
        self.pads += 1

    @property
    def wrong(self) -> int:
        """How many wrong PINs the person gave, and how often at a pad, where nobody sees it."""
        return sum(pin != USER_PIN.reveal() for pin, _ in self.given) + self.pads


class Ordeal:
    """One sequence: does its steps, and looks after each whether every promise was kept."""

    def __init__(self, shim: Shim) -> None:
        self.shim = shim
        shim.clear()
        shim.forget_tries()
        shim.calls.forget()
        shim.tries(user=TRIES)
        self.module = _opened_in_time(shim)
        self.person = Person()
        self.key: PrivateKey | None = None
        self.kept = False
        """The person said that one right PIN may be given again and again."""
        self.signed = 0
        self.refused = 0
        self._number = 0

    def do(self, step: Step) -> None:
        """Do one step; what Antin raises is its own error, and in time."""
        name, arguments = step
        action: Callable[..., None] = getattr(self, f"_{name}")
        start = time.monotonic()
        try:
            action(*arguments)
        except PKIError:
            self.refused += 1
        assert time.monotonic() - start < PATIENCE, "past its limit"
        self._check()

    def end(self) -> None:
        """Let go of everything: what hangs is woken."""
        self.shim.clear()
        woken = time.monotonic()
        while self.module._gate.hangs:  # a library that is called is not finalised
            assert time.monotonic() - woken < PATIENCE, "never came back"
            time.sleep(0.005)
        self.module.close()

    def _check(self) -> None:
        calls = self.shim.calls
        assert calls.wrong_pins <= self.person.wrong, "a try that nobody gave"
        checked = sum(call.pin in ("right", "wrong") and call.user == 1 for call in calls.logins)
        if not self.kept:
            assert checked <= len(self.person.given) + self.person.pads, "a login nobody asked for"
        if not self.person.pads:
            wrong = {one for one in self.person.given if one[0] != USER_PIN.reveal()}
            # Pulled out while it looked at the PIN, the token never told what it found.
            untold = sum(
                call.pin == "wrong" and call.answer != CKR.PIN_INCORRECT for call in calls()
            )
            assert calls.wrong_pins <= len(wrong) + untold, "one wrong PIN tried twice"
        assert self.shim.wrong_in_a_row(LABEL) < TRIES, "the last try was spent"
        assert all(made == 1 for made in calls.signed.values()), "signed twice"
        assert self.signed <= len(calls.signatures), "a signature out of nowhere"

    # --- calls ----------------------------------------------------------------------------------

    def _open(self, rsa: bool, by_id: bool, one_pin: bool) -> None:
        self.key = None
        self.kept |= one_pin
        wanted = RSA if rsa else EC
        uri = wanted if by_id else KeyURI(id=wanted.id)
        self.key = open_key(uri, [self.module], self.person, one_pin=one_pin)

    def _sign(self, pss: bool) -> None:
        if self.key is None:
            self._open(True, True, False)
        assert self.key is not None
        self._number += 1
        data = f"{self._number}".encode()
        signature = sign_data(self.key, data, pss=pss)
        assert verifies(self.key.public_key(), signature, data, pss=pss), "a wrong signature"
        self.signed += 1

    def _login(self) -> None:
        for token in self.module.tokens():
            login(self.module, token, self.person)

    def _logout(self) -> None:
        for token in self.module.tokens():
            logout(self.module, token)

    def _look(self) -> None:
        find_certificates([self.module])
        for token in self.module.tokens():
            list_objects(self.module, token)

    # --- the person, and faults -----------------------------------------------------------------

    def _types(self, pins: list[str]) -> None:
        self.person.typing[:] = pins

    def _fail(self, function: str, answer: int, at: int) -> None:
        self.shim.fail(function, answer, at=at)

    def _fail_after(self, answer: int) -> None:
        self.shim.fail("C_Sign", answer, at=1, after=True)

    def _hang(self, function: str, at: int) -> None:
        self.shim.hang(function, at=at)

    def _sessions_die(self, answer: int) -> None:
        self.shim.sessions_die(LABEL, answer)

    def _pull_out(self) -> None:
        self.shim.pulled_out(LABEL)

    def _pull_during(self, function: str) -> None:
        self.shim.pulled_during(function)

    def _insert(self) -> None:
        self.shim.insert()

    def _flags(self, flag: int) -> None:
        self.shim.flags(flag)

    def _wrong_signatures(self, bit: int) -> None:
        self.shim.wrong_signatures(bit=bit, at=1)

    def _sized_signatures(self, length: int) -> None:
        self.shim.sized_signatures(length, at=1)

    def _always_authenticate(self) -> None:
        self.shim.always_authenticate()

    def _hidden(self, attribute: int) -> None:
        self.shim.hidden(attribute)

    def _lack(self, mechanisms: tuple[int, ...]) -> None:
        self.shim.without_mechanisms(*mechanisms)

    def _pin_pad(self, typed: str) -> None:
        self.shim.pin_pad(typed)

    def _other_serial(self) -> None:
        self.shim.presented(LABEL, serial="0123456789abcdef")

    def _clear(self) -> None:
        self.shim.clear()
        self.shim.tries(user=TRIES)
