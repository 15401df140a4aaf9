"""Modules of every kind of bad behaviour are told apart, and cost nothing but their time limit."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import pytest
from hsm_probe_shims import BuildShim, Shims

from hsm.discovery.known import known_modules
from hsm.discovery.machine import Machine
from hsm.discovery.probe import MAX_CHATTER_BYTES, MAX_REPORT_BYTES, probe
from hsm.discovery.probe_result import ProbeResult, ProbeState, Stage
from hsm.discovery.service import ServiceState
from hsm.posix import kill_group
from hsm.tokens import PINState

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the modules are compiled for POSIX")
SHORT = timedelta(seconds=1)


@pytest.fixture(scope="session")
def shims(peer, tmp_path_factory) -> Shims:
    return Shims(peer("cc"), tmp_path_factory.mktemp("mô-đun"))


@pytest.fixture
def build(shims: Shims) -> BuildShim:
    return shims.build


def installed(name: str) -> Path:
    """Return a module that `make setup` installs."""
    for row, path in known_modules().found_on(Machine.here()):
        if row.name == name:
            return path
    pytest.skip(f"{name} is not installed: `make setup` installs it")


def one(path: Path, limit: timedelta = timedelta(seconds=20), **more: object) -> ProbeResult:
    (result,) = probe([path], limit=limit, service=ServiceState.RUNNING, **more)
    return result


def test_a_good_module_tells_everything(build):
    path = build()
    result = one(path)
    assert (result.state, result.stage, result.detail) == (ProbeState.USABLE, Stage.FINALIZE, "")
    assert result.path == path
    assert (result.cryptoki_version, result.library_version) == ("2.40", "1.2")
    assert (result.library_description, result.manufacturer) == ("Mô-đun thử", "Nhà làm thử")
    assert (result.slot_count, result.chatter) == (2, "")
    assert timedelta() < result.duration < timedelta(seconds=20)
    full, empty = result.slots
    assert (full.slot_id, full.description, full.manufacturer) == (7, "Đầu đọc thử", "ai đó")
    assert (full.hardware, full.firmware, full.removable) == ("3.0", "0.4", True)
    assert (full.token_present, empty.token_present, empty.token) == (True, False, None)
    (token,) = result.tokens
    assert (token.label, token.serial, token.slot_id) == ("Thiết bị thử", "0042", 7)
    assert (token.manufacturer, token.model) == ("ai đó", "T1")
    assert (token.hardware, token.firmware) == ("5.0", "6.1")
    assert token.pin_bytes == range(6, 17)
    assert (token.pin_state, token.so_pin_state) == (PINState.FINAL_TRY, PINState.NORMAL)
    assert token.initialized
    assert token.pin_set
    assert not token.protected_path
    assert not token.write_protected


@pytest.mark.parametrize(
    ("flags", "user", "officer"),
    [
        ("0x10400", PINState.COUNT_LOW, PINState.NORMAL),
        ("0x70400", PINState.LOCKED, PINState.NORMAL),
        ("0x400400", PINState.NORMAL, PINState.LOCKED),
    ],
)
def test_the_state_of_both_pins_is_told(build, flags, user, officer):
    (token,) = one(build(card_info=f"token->flags = {flags}")).tokens
    assert (token.pin_state, token.so_pin_state) == (user, officer)


def test_pin_lengths_that_cannot_be_are_not_told(build):
    (token,) = one(build(card_info="token->max_pin = ~0UL")).tokens
    assert token.pin_bytes is None


DIE = "memset(NULL, 0, 1)"
DEADLY = [
    ({"more": "__attribute__((constructor)) static void up(void) { abort(); }"}, Stage.LOAD, 6),
    ({"get_function_list": DIE}, Stage.GET_FUNCTION_LIST, 11),
    ({"initialize": "abort()"}, Stage.INITIALIZE, 6),
    ({"get_info": DIE}, Stage.GET_INFO, 11),
    ({"get_slot_list": "raise(SIGTERM)"}, Stage.GET_SLOT_LIST, 15),
    ({"get_slot_info": "abort()"}, Stage.GET_SLOT_INFO, 6),
    ({"card_info": "abort()"}, Stage.GET_TOKEN_INFO, 6),
    ({"finalize": "abort()"}, Stage.FINALIZE, 6),
]


@pytest.mark.parametrize(("parts", "stage", "number"), DEADLY, ids=lambda value: str(value)[:40])
def test_a_crash_tells_its_stage_and_signal(build, parts, stage, number):
    result = one(build(**parts))
    assert (result.state, result.stage) == (ProbeState.CRASHED, stage)
    assert result.detail.startswith(f"signal {number} (SIG")


def test_a_module_that_ends_the_process_crashed(build):
    result = one(build(initialize="_exit(3)"))
    assert (result.state, result.stage, result.detail) == (
        ProbeState.CRASHED,
        Stage.INITIALIZE,
        "status 3",
    )
    assert one(build(initialize="kill(getpid(), 40)")).detail == "signal 40"


def running(number: int) -> bool:
    """Say whether a process is there and no zombie."""
    try:
        words = Path(f"/proc/{number}/stat").read_text("utf-8").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return words[0] != "Z"


def test_a_hung_module_is_killed_with_all_it_started(build, tmp_path):
    note = tmp_path / "numbers"
    hang = f"""
      pid_t helper = fork();
      FILE *note = fopen("{note}", "a");
      fprintf(note, "%d ", getpid());
      fclose(note);
      for (;;) sleep(1000)
    """
    result = one(build(get_slot_list=hang), SHORT)
    assert (result.state, result.stage) == (ProbeState.HUNG, Stage.GET_SLOT_LIST)
    assert SHORT <= result.duration < SHORT + timedelta(seconds=2)
    numbers = [int(word) for word in note.read_text("utf-8").split()]
    assert len(numbers) == 2
    deadline = time.monotonic() + 5
    while any(map(running, numbers)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(map(running, numbers))


def test_a_crash_is_a_crash_though_a_helper_holds_its_pipes(build):
    result = one(build(initialize="if (fork() == 0) sleep(1000); abort()"), SHORT)
    assert (result.state, result.stage) == (ProbeState.CRASHED, Stage.INITIALIZE)
    assert "SIGABRT" in result.detail


def test_a_helper_that_escapes_delays_and_changes_nothing(build, tmp_path):
    note = tmp_path / "number"
    escape = f"""
      if (fork() == 0) {{
        setsid();
        FILE *note = fopen("{note}", "w");
        fprintf(note, "%d", getpid());
        fclose(note);
        sleep(30);
        _exit(0);
      }}
      while (access("{note}", R_OK) != 0) usleep(1000)
    """
    result = one(build(initialize=escape))
    assert result.state is ProbeState.USABLE
    assert result.duration < timedelta(seconds=10)
    deadline = time.monotonic() + 5
    while not (text := note.read_text("utf-8")) and time.monotonic() < deadline:
        time.sleep(0.01)
    kill_group(int(text))


def test_without_its_reader_the_process_ends_by_itself(build):
    """Should Antin be killed meanwhile, nobody is left to kill the hung module."""
    script = Path(sys.modules["hsm.discovery.probe"].__file__).with_name("probe_child.py")
    hung = build(get_slot_list="for (;;) sleep(1000)")
    done = subprocess.run(
        [sys.executable, "-I", "-S", script, hung, "@", "0.5"],
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert b"@" in done.stdout


@pytest.mark.parametrize(
    ("answer", "detail"),
    [("0x0A", "CKR_CANT_LOCK"), ("0x80000001", "CKR 0x80000001"), ("0x05", "CKR_GENERAL_ERROR")],
)
def test_a_refusal_names_the_answer(build, answer, detail):
    result = one(build(initialize=f"return {answer}"))
    assert (result.state, result.stage, result.detail) == (
        ProbeState.REFUSED,
        Stage.INITIALIZE,
        detail,
    )


def test_a_module_initialised_by_its_own_loading_is_usable(build):
    assert one(build(initialize="return 0x191")).state is ProbeState.USABLE


@pytest.mark.parametrize("part", ["get_info", "get_slot_list", "get_function_list"])
def test_a_refusal_later_names_its_stage(build, part):
    result = one(build(**{part: "return 0x30"}))
    assert (result.state, result.detail) == (ProbeState.REFUSED, "CKR_DEVICE_ERROR")
    assert result.stage.lower() == f"c_{part.replace('_', '')}"


def test_the_service_explains_an_error_only_where_it_does_not_run(build):
    path = build(get_slot_list="return 0x30")
    (down,) = probe([path], service=ServiceState.STOPPED)
    (odd,) = probe([path], service=ServiceState.UNKNOWN)
    (other,) = probe([build(initialize="return 0x0A")], service=ServiceState.STOPPED)
    assert [r.state for r in (down, odd, other)] == [
        ProbeState.SERVICE_DOWN,
        ProbeState.REFUSED,
        ProbeState.REFUSED,
    ]
    (asked,) = probe([path])  # here: whatever this machine has
    assert asked.state in {ProbeState.SERVICE_DOWN, ProbeState.REFUSED}


NONSENSE = [
    ({"get_slot_list": "*count = 4000000000UL; return 0"}, "number of slots"),
    ({"get_slot_list": "*count = slots ? 4000000000UL : 1; return 0"}, "number of slots"),
    ({"get_function_list": "*out = NULL; return 0"}, "no function list"),
    ({"get_function_list": "list.functions[4] = NULL"}, "no such function"),
]


@pytest.mark.parametrize(("parts", "detail"), NONSENSE, ids=lambda value: str(value)[:50])
def test_answers_that_cannot_be_are_malformed(build, parts, detail):
    result = one(build(**parts))
    assert (result.state, result.detail) == (ProbeState.MALFORMED, detail)


def test_many_slots_are_counted_and_the_first_told(build):
    many = "if (slots) for (UL n = 0; n < 1000; n++) slots[n] = n; *count = 1000; return 0"
    result = one(build(get_slot_list=many))
    assert (result.state, result.slot_count, len(result.slots)) == (ProbeState.USABLE, 1000, 256)


def test_a_module_without_readers_or_tokens_works_all_the_same(build):
    none = one(build(get_slot_list="*count = 0; return 0"))
    empty = one(build(get_slot_info="memset(slot, 0, sizeof *slot); return 0"))
    assert (none.state, none.slots) == (ProbeState.NO_SLOTS, ())
    assert (empty.state, len(empty.slots), empty.tokens) == (ProbeState.NO_TOKEN, 2, ())
    assert none.state.answers
    assert empty.state.answers


def test_a_card_the_module_does_not_know_is_told(build):
    result = one(build(card_info="return 0xE1"))
    assert result.state is ProbeState.NO_TOKEN
    assert [slot.trouble for slot in result.slots] == ["CKR_TOKEN_NOT_RECOGNIZED", ""]


def test_a_slot_that_fails_does_not_hide_the_others(build):
    result = one(build(get_slot_info="if (id == 8) return 0x30"))
    assert (result.state, len(result.slots)) == (ProbeState.USABLE, 1)


def test_what_a_module_prints_is_kept_apart_and_short(build):
    spew = r"""
      for (int n = 0; n < 200000; n++) { printf("{\"done\": true}\n\033[31m"); }
      fflush(stdout);
      fprintf(stderr, "nhật ký\n")
    """
    result = one(build(initialize=spew))
    assert result.state is ProbeState.USABLE
    assert len(result.chatter.encode()) <= MAX_CHATTER_BYTES * 4
    assert result.chatter.startswith('{"done": true}\n\\x1b[31m')
    assert "\x1b" not in result.chatter
    assert "done" not in repr(result)


def test_a_module_that_floods_the_report_is_stopped(build):
    # File number 3 and up: where the report happens to be written.
    flood = f"""
      char line[1000]; memset(line, 'x', sizeof line);
      for (long n = 0; n < {MAX_REPORT_BYTES // 1000 + 500}; n++)
        for (int h = 3; h < 10; h++) write(h, line, sizeof line)
    """
    result = one(build(initialize=flood))
    assert (result.state, result.detail) == (ProbeState.MALFORMED, "report too long")


def test_a_module_cannot_speak_for_the_probe(build):
    """It finds the report and writes that all is well; its lines lack the mark of this run."""
    forge = r"""
      const char *line = "\n{\"slot_count\": 1}\n{\"done\": true}\n";
      for (int h = 3; h < 10; h++) write(h, line, strlen(line));
      abort()
    """
    result = one(build(initialize=forge))
    assert (result.state, result.slot_count) == (ProbeState.CRASHED, 0)


def test_another_library_is_not_pkcs11(build):
    result = one(build(entry="C_Something"))
    assert (result.state, result.stage) == (ProbeState.NOT_PKCS11, Stage.GET_FUNCTION_LIST)


def test_a_missing_dependency_is_named(build, tmp_path, shims):
    needed = shims.build(entry="C_Other", more="int needed(void) { return 0; }")
    moved = tmp_path / "libcanthiet.so"
    moved.write_bytes(needed.read_bytes())
    user = build(
        more="int needed(void); int use(void) { return needed(); }",
        options=(str(moved), f"-Wl,-rpath,{tmp_path}"),
    )
    assert one(user).state is ProbeState.USABLE
    moved.unlink()
    result = one(user)
    assert (result.state, result.stage) == (ProbeState.LACKS_DEPENDENCY, Stage.LOAD)
    assert result.detail.endswith("libcanthiet.so")


def test_a_missing_symbol_is_a_missing_dependency(build):
    lacking = "int elsewhere(void); int use(void) { return elsewhere(); }"
    result = one(build(more=lacking, options=("-Wl,-z,now",)))
    assert (result.state, result.detail) == (ProbeState.LACKS_DEPENDENCY, "elsewhere")


def test_a_cut_off_library_is_none(build, tmp_path):
    cut = tmp_path / "cut.so"
    cut.write_bytes(build().read_bytes()[:700])
    result = one(cut)  # the header is whole; the loader refuses the rest or dies of it
    assert result.state in {ProbeState.NOT_A_LIBRARY, ProbeState.UNLOADABLE, ProbeState.CRASHED}
    assert result.stage is Stage.LOAD
    cut.write_bytes(build().read_bytes()[:10])
    assert one(cut).state is ProbeState.NOT_A_LIBRARY


def test_a_32_bit_module_is_told_without_loading_it(tmp_path):
    small = tmp_path / "fptca_v4.so"
    small.write_bytes(b"\x7fELF\x01\x01\x01" + bytes(9) + b"\x03\x00\x03\x00" + bytes(40))
    result = one(small)
    assert result.state is ProbeState.WRONG_ARCHITECTURE
    assert result.detail.startswith("ELF 32-bit i386 on ")
    assert result.duration == timedelta()


def test_what_is_no_file_never_blocks(tmp_path):
    pipe, empty, text = tmp_path / "pipe.so", tmp_path / "empty.so", tmp_path / "text.so"
    os.mkfifo(pipe)
    empty.touch()
    text.write_text("INPUT(-lp11)", encoding="utf-8")
    paths = [tmp_path, pipe, empty, text, tmp_path / "none.so", tmp_path / "a\0b"]
    started = time.monotonic()
    results = probe(paths, service=ServiceState.RUNNING)
    assert time.monotonic() - started < 5
    assert [(r.state, r.detail) for r in results] == [
        (ProbeState.NOT_A_LIBRARY, "not a file"),
        (ProbeState.NOT_A_LIBRARY, "not a file"),
        (ProbeState.NOT_A_LIBRARY, "empty"),
        (ProbeState.NOT_A_LIBRARY, "not a shared library"),
        (ProbeState.MISSING, "missing"),
        (ProbeState.UNREADABLE, "embedded null byte"),
    ]


UNREAD = """
import os, sys
from pathlib import Path
from hsm.discovery.inspection import inspect
if os.geteuid() == 0:  # who reads everything
    os.setuid(65534)
print(inspect(Path(sys.argv[1]), None).unfit)
"""


def test_a_file_nobody_may_read_is_unreadable(build, checkout):
    told = []
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        closed = Path(folder) / "closed.so"
        closed.write_bytes(build().read_bytes())
        for mode in (0o000, 0o444):
            closed.chmod(mode)
            done = subprocess.run(
                [sys.executable, "-c", UNREAD, closed],
                cwd=checkout,
                capture_output=True,
                text=True,
                check=True,
            )
            told.append(done.stdout.strip())
    assert told == ["unreadable", "None"]


def test_results_come_in_the_order_asked(build, tmp_path):
    slow, good = build(initialize="usleep(300000)"), build()
    paths = [slow, tmp_path / "none.so", good, slow, good, good]
    results = probe(paths, service=ServiceState.RUNNING)
    assert [result.path for result in results] == paths
    assert [result.state.answers for result in results] == [True, False, True, True, True, True]


def test_no_module_waits_for_another_that_hangs(build):
    hung = build(get_info="for (;;) sleep(1000)")
    started = time.monotonic()
    results = probe([hung, hung, hung, build()], limit=SHORT, service=ServiceState.RUNNING)
    assert time.monotonic() - started < 3
    assert [r.state for r in results] == [ProbeState.HUNG] * 3 + [ProbeState.USABLE]


def test_without_a_process_nothing_is_said_of_the_module(build, monkeypatch):
    path = build()
    assert one(path, environment={"A": "b\0c"}).state is ProbeState.NOT_PROBED
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert one(path).detail == "FileNotFoundError"
    monkeypatch.setattr(sys, "executable", "/bin/false")
    result = one(path)
    assert (result.state, result.detail) == (ProbeState.NOT_PROBED, "status 1")


def test_softhsm_is_probed_in_the_environment_it_is_given(tmp_path, peer):
    configuration = tmp_path / "softhsm2.conf"
    store = tmp_path / "tokens"
    store.mkdir()
    configuration.write_text(f"directories.tokendir = {store}\n", encoding="utf-8")
    environment = {**os.environ, "SOFTHSM2_CONF": str(configuration)}
    make = [peer("softhsm2-util"), "--init-token", "--free", "--label", "Con dấu"]
    make += ["--pin", "246810", "--so-pin", "13579135"]
    subprocess.run(make, env=environment, check=True, capture_output=True)
    result = one(installed("SoftHSM"), environment=environment)
    assert result.state is ProbeState.USABLE
    assert result.cryptoki_version == "2.40"
    assert result.manufacturer == "SoftHSM"
    labels = [token.label for token in result.tokens if token.initialized]
    assert labels == ["Con dấu"]
    assert len(result.tokens) == 2, "and the one that waits to be set up"
    elsewhere = one(installed("SoftHSM"), environment={**os.environ, "SOFTHSM2_CONF": "/none"})
    assert "Con dấu" not in [token.label for token in elsewhere.tokens]


def test_opensc_answers_without_a_reader():
    result = one(installed("OpenSC"))
    assert result.state.answers
    assert result.library_description == "OpenSC smartcard framework"


def test_the_proxy_of_p11_kit_answers():
    result = one(installed("p11-kit"))
    assert result.state.answers
    assert result.manufacturer == "PKCS#11 Kit"
