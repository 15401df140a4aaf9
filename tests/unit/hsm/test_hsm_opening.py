"""Modules are opened after they were tried; one that cannot be is an error that says why."""

from __future__ import annotations

import ctypes
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from hsm_probe_shims import Shims

from hsm import opening
from hsm.discovery.candidates import Candidate, Origin, find_candidates
from hsm.discovery.known import Confidence
from hsm.discovery.machine import Machine, System
from hsm.discovery.modules import Discovery, TriedModule, try_modules
from hsm.discovery.probe import probe
from hsm.discovery.probe_result import ProbeResult, ProbeState, Stage
from hsm.discovery.service import ServiceState
from hsm.embedded import find_softhsm
from hsm.errors import (
    ModuleArchitectureError,
    ModuleCrashedError,
    ModuleDependencyError,
    ModuleForeignError,
    ModuleHungError,
    ModuleMissingError,
    ModuleRefusedError,
    ModuleUnusableError,
    SmartCardServiceError,
)
from hsm.gate import Limits
from hsm.loading import close_modules, find_loaded
from hsm.opening import ModuleUse, open_named, open_usable, why_unusable

QUICK = timedelta(seconds=1.5)


@pytest.fixture(scope="module")
def shims(peer, tmp_path_factory) -> Shims:
    return Shims(peer("cc"), tmp_path_factory.mktemp("mở"))


@pytest.fixture(scope="module")
def softhsm(tmp_path_factory) -> Path:
    """A SoftHSM of its own file, so that no other test has it loaded."""
    return Path(shutil.copy(find_softhsm(), tmp_path_factory.mktemp("softhsm") / "libsofthsm2.so"))


@pytest.fixture
def tokens(softhsm, tmp_path, monkeypatch):
    """An empty folder of tokens: SoftHSM has one that is not set up."""
    configuration = tmp_path / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {tmp_path}\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(configuration))
    yield softhsm
    close_modules()


def tried(state, origin=Origin.CONFIGURED, detail="", path="/x.so", stage=Stage.LOAD):
    candidate = Candidate(Path(path), "x", origin, Confidence.STATED, "thử")
    return TriedModule(candidate, ProbeResult(Path(path), state, stage, detail))


@pytest.mark.parametrize(
    ("state", "error"),
    [
        (ProbeState.MISSING, ModuleMissingError),
        (ProbeState.UNREADABLE, ModuleUnusableError),
        (ProbeState.NOT_A_LIBRARY, ModuleForeignError),
        (ProbeState.WRONG_ARCHITECTURE, ModuleArchitectureError),
        (ProbeState.LACKS_DEPENDENCY, ModuleDependencyError),
        (ProbeState.UNLOADABLE, ModuleUnusableError),
        (ProbeState.NOT_PKCS11, ModuleForeignError),
        (ProbeState.CRASHED, ModuleCrashedError),
        (ProbeState.HUNG, ModuleHungError),
        (ProbeState.REFUSED, ModuleRefusedError),
        (ProbeState.SERVICE_DOWN, SmartCardServiceError),
        (ProbeState.MALFORMED, ModuleForeignError),
        (ProbeState.NOT_PROBED, ModuleUnusableError),
        (ProbeState.USABLE, None),
        (ProbeState.NO_TOKEN, None),
        (ProbeState.NO_SLOTS, None),
    ],
)
def test_every_state_has_its_own_word(state, error):
    found = why_unusable(tried(state, detail="0x5").result)
    assert type(found) is (error or type(None))
    if found is not None:
        assert found.facts == {"module": Path("/x.so"), "stage": "load", "reason": "0x5"}
        bare = why_unusable(tried(state).result)
        assert bare is not None
        assert bare.facts["reason"] == state.value


def test_what_works_is_opened_and_the_rest_named(shims, tokens, tmp_path):
    crash = shims.build(initialize="abort()")
    hung = shims.build(get_slot_list="for (;;) sleep(1000)")
    empty = shims.build(get_slot_list="*count = 0; return 0")
    machine = Machine(System.LINUX, {}, tmp_path)
    found = find_candidates([crash, tmp_path / "không có.so", hung, empty, tokens], machine=machine)
    opened = open_usable(try_modules(found, machine=machine, limit=QUICK))
    assert [module.path for module in opened.modules] == [tokens]
    assert opened.modules[0].limits == Limits()
    told = [(type(one.error), one.named) for one in opened.left_out]
    assert told == [
        (ModuleCrashedError, True),
        (ModuleMissingError, True),
        (ModuleHungError, True),
    ]
    assert opened.left_out[0].error.facts["stage"] == "C_Initialize"


def test_a_module_is_opened_as_its_settings_say(tokens, tmp_path):
    link = tmp_path / "liên kết.so"
    link.symlink_to(tokens)
    limits = Limits(call=timedelta(seconds=7))
    found = find_candidates([link], machine=Machine(System.LINUX, {}, tmp_path))
    opened = open_usable(try_modules(found), [ModuleUse(tokens, 2, limits)])
    assert opened.modules[0].limits == limits
    assert open_named(tokens) is opened.modules[0]


def test_what_was_only_found_is_not_named(tmp_path):
    left = (tried(ProbeState.CRASHED, Origin.KNOWN), tried(ProbeState.USABLE, path=str(tmp_path)))
    opened = open_usable(Discovery(left, (), ServiceState.RUNNING))
    assert not opened.modules
    assert [(one.named, type(one.error)) for one in opened.left_out] == [
        (False, ModuleCrashedError),
        (True, ModuleUnusableError),  # usable when it was tried, and gone when it is opened
    ]


def test_a_search_can_be_left_to_what_is_named(tmp_path):
    (tmp_path / "usr/lib").mkdir(parents=True)
    (tmp_path / "usr/lib/opensc-pkcs11.so").write_bytes(b"")
    machine = Machine(System.LINUX, {}, tmp_path)
    named = [tmp_path / "a.so"]
    assert [c.name for c in find_candidates(named, machine=machine, search=False).modules] == [
        "a.so"
    ]
    assert len(find_candidates(named, machine=machine).modules) == 2


def test_a_named_module_that_crashes_costs_nothing(shims):
    with pytest.raises(ModuleCrashedError) as caught:
        open_named(shims.build(initialize="abort()"))
    assert caught.value.facts["reason"] == "signal 6 (SIGABRT)"
    with pytest.raises(ModuleUnusableError):
        open_named(Path("c\0"))


def test_a_named_module_that_is_open_is_not_tried_again(tokens, monkeypatch):
    tried: list[Path] = []

    def trying(paths, **options):
        tried.extend(paths)
        return probe(paths, **options)

    monkeypatch.setattr(opening, "probe", trying)
    first = open_named(tokens)
    assert find_loaded(tokens) is first
    assert ctypes.CDLL(str(tokens)).C_GetFunctionList  # loaded here, and not only in a process
    assert open_named(tokens) is first
    assert tried == [tokens]
    close_modules()
    assert find_loaded(tokens) is None
    open_named(tokens)
    assert tried == [tokens] * 2
