"""What the probing process writes is hostile text: nothing in it raises, and little is believed."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from hsm_probe_shims import Shims
from hypothesis import given
from hypothesis import strategies as st

from hsm.discovery import probe_child
from hsm.discovery.probe_report import harmless, judge_report, read_report
from hsm.discovery.probe_result import ProbeState, Stage

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=80),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4)
    ),
    max_leaves=8,
)
NAMES = (
    *("begin", "end", "answer", "error", "nonsense", "done", "info", "slot", "slot_info"),
    *("token_info", "slot_count", "flags", "label", "min_pin", "max_pin", "version"),
)
INNER = st.dictionaries(st.sampled_from(NAMES), JSON, max_size=5)
LINES = st.lists(
    st.binary(max_size=60)
    | JSON.map(lambda value: json.dumps(value).encode())
    | st.dictionaries(
        st.sampled_from(NAMES),
        JSON | INNER | st.sampled_from([stage.value for stage in Stage]) | st.integers(0, 300),
        max_size=5,
    ).map(lambda value: json.dumps(value).encode()),
    max_size=30,
)


@given(LINES, st.booleans())
def test_no_report_raises(lines, stopped):
    reported = read_report(lines)
    state, detail = judge_report(reported, service_stopped=stopped)
    assert isinstance(state, ProbeState)
    assert detail.isprintable()
    assert reported.library_description.isprintable()
    for slot in reported.slots.values():
        assert 0 <= slot.slot_id < 2**64
        assert slot.token is None or slot.token.label.isprintable()


def line(**facts: object) -> bytes:
    return json.dumps(facts).encode()


def test_a_token_without_its_slot_is_not_believed():
    alone = line(slot=1, token_info={"label": "41" * 32})
    assert not read_report([line(slot_count=1), alone]).slots
    both = read_report([line(slot=1, slot_info={}), alone])
    assert both.slots[1].token is not None
    assert both.slots[1].token.label == "A" * 32


def test_more_slots_than_are_told_of_are_left_out():
    lines = [line(slot=n, slot_info={}) for n in range(1000)]
    assert len(read_report(lines).slots) == 256
    again = [*lines[:256], line(slot=3, slot_info={"flags": 1})]
    assert read_report(again).slots[3].token_present


def test_text_that_would_move_the_cursor_is_written_out():
    hostile = "Nguyễn\x1b[2J\u202e\r\n\x00"
    assert harmless(hostile) == "Nguyễn\\x1b[2J\\u202e\\r\\n\\x00"
    assert harmless("a\nb\t", keep_lines=True) == "a\nb\\t"


@pytest.mark.parametrize(
    ("words", "state", "detail"),
    [
        (
            "libpcsclite.so.1: cannot open shared object file: No such file or directory",
            ProbeState.LACKS_DEPENDENCY,
            "libpcsclite.so.1",
        ),
        (
            "Error loading shared library libpcsclite.so.1: No such file (needed by x)",
            ProbeState.LACKS_DEPENDENCY,
            "libpcsclite.so.1",
        ),
        (
            "dlopen(/x.dylib, 0x0006): Library not loaded: @rpath/liba.dylib\n  Referenced from: x",
            ProbeState.LACKS_DEPENDENCY,
            "@rpath/liba.dylib",
        ),
        (
            "Could not find module 'C:\\x.dll' (or one of its dependencies). Try the full path",
            ProbeState.LACKS_DEPENDENCY,
            "dependencies",
        ),
        (
            "/lib/libc.so.6: version `GLIBC_2.38' not found (required by /x.so)",
            ProbeState.LACKS_DEPENDENCY,
            "GLIBC_2.38",
        ),
        (
            "[WinError 193] %1 is not a valid Win32 application",
            ProbeState.WRONG_ARCHITECTURE,
            "[WinError 193] %1 is not a valid Win32 application",
        ),
        ("/x.so: file too short", ProbeState.NOT_A_LIBRARY, "/x.so: file too short"),
        ("/x.so: cannot make segment", ProbeState.UNLOADABLE, "/x.so: cannot make segment"),
    ],
)
def test_the_words_of_each_loader_are_understood(words, state, detail):
    reported = read_report([line(begin="load"), line(error=words), line(done=True)])
    assert judge_report(reported, service_stopped=False) == (state, detail)


@pytest.fixture(scope="module")
def good(peer, tmp_path_factory) -> Shims:
    return Shims(peer("cc"), tmp_path_factory.mktemp("trong tiến trình"))


class Lines:
    """Takes what a probe in this process says."""

    def __init__(self) -> None:
        self.facts: list[dict[str, object]] = []

    def say(self, **facts: object) -> None:
        self.facts.append(facts)

    def last(self, name: str) -> object:
        return [facts[name] for facts in self.facts if name in facts][-1]


def ask(path: Path) -> Lines:
    """Probe a harmless module in this process."""
    lines = Lines()
    probe_child.Probe(str(path), lines).run()
    return lines


def test_the_steps_of_a_probe(good):
    lines = ask(good.build())
    assert [facts["begin"] for facts in lines.facts if "begin" in facts] == [
        "load",
        "C_GetFunctionList",
        "C_Initialize",
        "C_GetInfo",
        *["C_GetSlotList"] * 2,
        *["C_GetSlotInfo", "C_GetTokenInfo", "C_GetSlotInfo"],
        "C_Finalize",
    ]
    assert lines.facts[-1] == {"done": True}


@pytest.mark.parametrize(
    ("parts", "name", "value"),
    [
        ({"get_function_list": "return 5"}, "answer", 5),
        ({"get_function_list": "*out = NULL; return 0"}, "nonsense", "no function list"),
        ({"get_function_list": "list.functions[0] = NULL"}, "nonsense", "no such function"),
        ({"get_slot_list": "*count = 70000; return 0"}, "nonsense", "number of slots"),
        ({"get_slot_info": "return 3"}, "slot_count", 2),
        ({"card_info": "return 0xE0"}, "slot_count", 2),
        ({"entry": "C_Other"}, "error", ""),
    ],
    ids=str,
)
def test_each_end_of_a_probe(good, parts, name, value):
    lines = ask(good.build(**parts))
    assert lines.last(name) == value
    assert lines.facts[-1] == {"done": True}


def test_what_the_loader_says_is_told(tmp_path):
    lines = ask(tmp_path / "none.so")
    assert "none.so" in str(lines.last("error"))


def test_the_report_goes_to_standard_output_alone(good):
    """`main` is called here as the script calls it, with pipes in the place of 1."""
    kept, kept_error = os.dup(1), os.dup(2)
    reader, writer = os.pipe()
    try:
        os.dup2(writer, 1)
        probe_child.main(["probe_child.py", str(good.build()), "@", "60"])
        assert os.fstat(1).st_ino == os.fstat(2).st_ino, "what a module prints goes to 2"
    finally:
        probe_child.faulthandler.cancel_dump_traceback_later()
        os.dup2(kept, 1)
        os.dup2(kept_error, 2)
        for handle in (kept, kept_error, writer):
            os.close(handle)
    with os.fdopen(reader, "rb") as file:
        said = os.read(file.fileno(), 65536)
    assert said.rstrip().endswith(b'@{"done": true}')


def test_the_script_needs_nothing_but_the_standard_library():
    names = {name for name, value in vars(probe_child).items() if type(value) is type(os)}
    assert names == {"ctypes", "faulthandler", "json", "os", "sys"}
    assert names <= sys.stdlib_module_names
