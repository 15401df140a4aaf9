"""Every file that may be a module is found once and in order, tried, and kept with its result."""

from __future__ import annotations

import os
import socket
import stat
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hsm_probe_shims import Shims

from hsm.discovery.candidates import Candidate, Origin, find_candidates
from hsm.discovery.known import Confidence
from hsm.discovery.machine import Machine, System
from hsm.discovery.modules import Discovery, TriedModule, discover_modules
from hsm.discovery.probe_result import ProbedSlot, ProbedToken, ProbeResult, ProbeState
from hsm.discovery.service import ServiceState, read_sc, smart_card_service

LIB = "usr/lib/x86_64-linux-gnu"


def put(root: Path, *names: str, text: str = "") -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")


@pytest.fixture
def linux(tmp_path) -> Machine:
    return Machine(System.LINUX, {"HOME": "/home/an"}, tmp_path)


def register(root: Path, name: str, text: str) -> None:
    put(root, f"usr/share/p11-kit/modules/{name}.module", text=text)


def test_the_order_is_address_configuration_p11_kit_and_known(linux, tmp_path):
    put(tmp_path, f"{LIB}/opensc-pkcs11.so", "usr/lib/fptca_v4.so", "usr/lib/libykcs11.so")
    register(tmp_path, "ours", "module: /opt/ours.so\ncritical: yes")
    found = find_candidates(
        [tmp_path / "b.so", tmp_path / "a.so"], module_path=Path("/x/libeToken.so"), machine=linux
    )
    assert [(c.path.name, c.origin, c.confidence) for c in found.modules] == [
        ("libeToken.so", Origin.MODULE_PATH, Confidence.STATED),
        ("b.so", Origin.CONFIGURED, Confidence.STATED),
        ("a.so", Origin.CONFIGURED, Confidence.STATED),
        ("ours.so", Origin.P11_KIT, Confidence.STATED),
        ("opensc-pkcs11.so", Origin.KNOWN, Confidence.VERIFIED),
        ("libykcs11.so", Origin.KNOWN, Confidence.REPORTED),
        ("fptca_v4.so", Origin.KNOWN, Confidence.HINT),
    ]
    first, second, *_ = found.modules
    assert (first.name, first.make, first.said) == ("SafeNet eToken", "Thales", "module-path")
    assert (second.name, second.make, second.said) == ("b.so", "", "antin.toml")
    assert [c.critical for c in found.modules] == [False, False, False, True, False, False, False]


def test_one_file_by_many_names_is_one_candidate(linux, tmp_path):
    put(tmp_path, f"{LIB}/opensc-pkcs11.so")
    (tmp_path / LIB / "pkcs11").mkdir()
    (tmp_path / LIB / "pkcs11" / "opensc-pkcs11.so").symlink_to("../opensc-pkcs11.so")
    os.link(tmp_path / LIB / "opensc-pkcs11.so", tmp_path / "usr/lib/opensc-pkcs11.so")
    register(tmp_path, "opensc", "module: opensc-pkcs11.so\ncritical: yes")
    configured = tmp_path / "usr/lib/opensc-pkcs11.so"
    (one,) = find_candidates([configured, configured], machine=linux).modules
    assert (one.path, one.origin, one.name) == (configured, Origin.CONFIGURED, "OpenSC")
    assert one.critical
    said = tmp_path / "usr/share/p11-kit/modules/opensc.module"
    assert one.also_said == (str(said), "Debian's package opensc-pkcs11")


def test_missing_files_are_told_apart_by_their_names(linux):
    names = [Path("/none/a.so"), Path("/none/b.so"), Path("/none/a.so"), Path("c\0")]
    found = find_candidates(names, machine=linux)
    assert [c.path for c in found.modules] == [names[0], names[1], names[3]]


def test_what_is_left_out_is_not_found(linux, tmp_path):
    put(tmp_path, "usr/lib/softhsm/libsofthsm2.so", f"{LIB}/opensc-pkcs11.so")
    softhsm = tmp_path / "usr/lib/softhsm/libsofthsm2.so"
    assert len(find_candidates(machine=linux).modules) == 2
    found = find_candidates([softhsm], machine=linux, leave_out=[softhsm])
    assert [c.name for c in found.modules] == ["OpenSC"]


def test_what_is_wrong_with_p11_kits_files_is_handed_on(linux, tmp_path):
    register(tmp_path, "bad", "module /x.so")
    found = find_candidates(machine=linux)
    assert (found.modules, len(found.findings)) == ((), 1)


def test_windows_is_searched_on_any_system(tmp_path):
    put(tmp_path, "Windows/System32/eTPKCS11.dll", "Windows/SysWOW64/bit4xpki.dll")
    machine = Machine(System.WINDOWS, {"SystemRoot": str(tmp_path / "Windows")})
    configured = tmp_path / "Windows/System32/VNPTCA_P11_V8.dll"
    found = find_candidates([configured], machine=machine)
    assert [c.name for c in found.modules] == ["VNPT-CA", "Bit4id (VGCA)", "SafeNet eToken"]


@pytest.fixture(scope="module")
def shims(peer, tmp_path_factory) -> Shims:
    return Shims(peer("cc"), tmp_path_factory.mktemp("tìm"))


def test_a_search_keeps_the_usable_and_every_other_with_its_reason(linux, tmp_path, shims):
    put(tmp_path, "usr/lib/fptca_v4.so", text="no library")
    put(tmp_path, f"{LIB}/x")
    (tmp_path / LIB / "p11-kit-proxy.so").write_bytes(shims.build().read_bytes())
    register(tmp_path, "gone", "module: /gone.so")
    good = shims.build()
    empty = shims.build(get_slot_list="*count = 0; return 0")
    hung = shims.build(initialize="for (;;) sleep(1000)")
    found = discover_modules([hung, empty, good], machine=linux, limit=timedelta(seconds=1.5))
    told = {t.candidate.path.name: t.result.state for t in found.modules}
    assert told == {
        hung.name: ProbeState.HUNG,
        empty.name: ProbeState.NO_SLOTS,
        good.name: ProbeState.USABLE,
        "gone.so": ProbeState.MISSING,
        "p11-kit-proxy.so": ProbeState.USABLE,
        "fptca_v4.so": ProbeState.NOT_A_LIBRARY,
    }
    assert [t.candidate.path for t in found.usable] == [good]
    assert [t.candidate.path for t in found.waiting] == [empty]
    assert len(found.failed) == 3
    assert found.service is ServiceState.STOPPED
    assert found.shared_tokens == ()


def test_a_proxy_that_is_configured_is_used(linux, tmp_path, shims):
    proxy = tmp_path / "p11-kit-proxy.so"
    proxy.write_bytes(shims.build().read_bytes())
    found = discover_modules([proxy], machine=linux)
    assert [t.candidate.path for t in found.usable] == [proxy]


def test_the_search_of_this_machine_ends():
    found = discover_modules(limit=timedelta(seconds=30))
    assert {t.candidate.origin for t in found.modules} <= {Origin.P11_KIT, Origin.KNOWN}
    assert found.service in ServiceState


def tried(name: str, *tokens: tuple[str, str], aggregate: bool = False) -> TriedModule:
    path = Path(name)
    candidate = Candidate(path, name, Origin.KNOWN, Confidence.HINT, "thử", aggregate=aggregate)
    slots = tuple(
        ProbedSlot(
            number,
            "",
            "",
            1,
            "",
            "",
            ProbedToken(label, serial, "", "", number, 0x400, None, "", ""),
        )
        for number, (label, serial) in enumerate(tokens)
    )
    return TriedModule(candidate, ProbeResult(path, ProbeState.USABLE, slots=slots))


def test_a_token_that_two_modules_show_is_told():
    an, binh, bare = ("An", "01"), ("Bình", "01"), ("", "")
    first, second = tried("a.so", an, bare), tried("b.so", an, binh, bare)
    proxy = tried("p.so", an, binh, aggregate=True)
    found = Discovery((first, second, proxy), (), ServiceState.RUNNING)
    ((token, modules),) = found.shared_tokens
    assert (token.label, modules) == ("An", (first, second))
    assert not Discovery((first, proxy), (), ServiceState.RUNNING).shared_tokens
    twice = tried("c.so", an, an)
    assert not Discovery((twice,), (), ServiceState.RUNNING).shared_tokens


def test_pcscd_runs_where_its_socket_answers():
    with tempfile.TemporaryDirectory() as short:  # a socket's path has little room
        machine = Machine(System.LINUX, {}, Path(short))
        assert smart_card_service(machine) is ServiceState.STOPPED
        path = Path(short) / "run/pcscd/pcscd.comm"
        path.parent.mkdir(parents=True)
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
            assert smart_card_service(machine) is ServiceState.STOPPED, "nobody listens yet"
            server.listen()
            assert smart_card_service(machine) is ServiceState.RUNNING
        assert smart_card_service(machine) is ServiceState.STOPPED, "left behind"
    long = Machine(System.LINUX, {}, Path("/" + "x" * 200))
    assert smart_card_service(long) is ServiceState.STOPPED
    assert smart_card_service(Machine(System.MACOS)) is ServiceState.RUNNING


SC = """
SERVICE_NAME: SCardSvr
        TYPE               : 20  WIN32_SHARE_PROCESS
        STATE              : {state}
                                (STOPPABLE, NOT_PAUSABLE, ACCEPTS_SHUTDOWN)
        WIN32_EXIT_CODE    : 0  (0x0)
        CHECKPOINT         : 0x0
"""


@pytest.mark.parametrize(
    ("output", "state"),
    [
        (SC.format(state="4  RUNNING"), ServiceState.RUNNING),
        (SC.format(state="4  RUNNING ").replace("\n", "\r\n"), ServiceState.RUNNING),
        (SC.format(state="1  STOPPED"), ServiceState.STOPPED),
        ("[SC] EnumQueryServicesStatus:OpenService FAILED 1060:\n", ServiceState.UNKNOWN),
        ("", ServiceState.UNKNOWN),
    ],
)
def test_the_answer_of_sc_is_read_in_every_language(output, state):
    assert read_sc(output.encode()) is state
    assert read_sc(output.replace("STATE ", "TRẠNG THÁI").encode()) is state


def test_sc_is_asked_where_the_environment_says(tmp_path):
    machine = Machine(System.WINDOWS, {"SystemRoot": str(tmp_path)})
    assert smart_card_service(Machine(System.WINDOWS)) is ServiceState.UNKNOWN
    assert smart_card_service(machine) is ServiceState.UNKNOWN, "no such program"
    program = tmp_path / "System32/sc.exe"
    program.parent.mkdir()
    program.write_text(
        f"#!/bin/sh\ncat <<E\n{SC.format(state='4  RUNNING')}\nE\n", encoding="utf-8"
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    assert smart_card_service(machine) is ServiceState.RUNNING
