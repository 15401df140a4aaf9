"""p11-kit's configuration is followed as pkcs11.conf(5) says; what is broken in it is told."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsm.discovery.machine import Machine, System
from hsm.discovery.p11kit import (
    MAX_FILE_BYTES,
    MAX_FILES,
    ConfigFile,
    Problem,
    choose_modules,
    parse_config,
    read_config,
)
from hsm.discovery.p11kit_places import locate_module, read_p11kit

HERE = Path("x.module")


class Tree:
    """An invented machine."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.machine = Machine(System.LINUX, {"HOME": "/home/an"}, root)

    def write(self, path: str, text: str | bytes = b"") -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def package(self, name: str, text: str) -> Path:
        return self.write(f"usr/share/p11-kit/modules/{name}.module", text)

    def system(self, name: str, text: str) -> Path:
        return self.write(f"etc/pkcs11/modules/{name}.module", text)

    def user(self, name: str, text: str) -> Path:
        return self.write(f"home/an/.config/pkcs11/modules/{name}.module", text)

    def modules(self) -> list[tuple[str, str]]:
        return [(m.name, m.module) for m in read_p11kit(self.machine).modules]

    def problems(self) -> list[tuple[str, Problem, str]]:
        return [(f.path.name, f.problem, f.detail) for f in read_p11kit(self.machine).findings]


@pytest.fixture
def tree(tmp_path) -> Tree:
    return Tree(tmp_path)


def test_a_file_of_the_manual_is_read():
    text = (
        "module: module.so\n# Here is a comment\n\n managed : yes \r\nsetting.2: A: long value.\n"
    )
    assert parse_config(text.encode(), HERE) == ConfigFile(
        HERE, {"module": "module.so", "managed": "yes", "setting.2": "A: long value."}
    )


def test_what_is_not_understood_is_told_and_the_rest_read():
    text = (
        b"[section]\nmodule /x.so\nna me: x\n:\nmodule: a.so # b\n"
        b"# \xe9\xff\nx-maker: \xe9\n\x00: 1\n"
    )
    told = parse_config(text, HERE)
    assert told.fields == {"module": "a.so # b"}
    assert [(f.line, f.problem) for f in told.findings] == [
        (1, Problem.LINE),
        (2, Problem.LINE),
        (3, Problem.LINE),
        (4, Problem.LINE),
        (7, Problem.VALUE),
        (8, Problem.LINE),
    ]


def test_the_last_of_two_equal_names_holds():
    assert parse_config(b"module: a.so\nmodule: b.so\n", HERE).fields == {"module": "b.so"}


@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_no_bytes_raise(data):
    told = parse_config(data, HERE)
    modules, findings = choose_modules({"x": (told,)})
    assert len(modules) <= 1
    assert all(value.isprintable() for value in told.fields.values())
    assert all(finding.path == HERE for finding in (*told.findings, *findings))


WORD = st.from_regex(r"[A-Za-z0-9._-]{1,10}", fullmatch=True)
VALUE = st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), max_size=20).map(
    lambda text: " ".join(text.split()).replace("\ufffd", "")
)


@given(st.dictionaries(WORD, VALUE.map(str.strip), max_size=6), st.sampled_from(["\n", "\r\n"]))
def test_what_is_written_is_read_back(fields, end):
    text = "".join(f" {name} :\t{value} {end}" for name, value in fields.items())
    told = parse_config(text.encode(), HERE)
    assert (told.fields, told.findings) == (fields, ())


@given(st.lists(st.dictionaries(st.sampled_from(["priority", "critical", "enable-in"]), VALUE)))
def test_no_value_raises(speakers):
    files = tuple(ConfigFile(HERE, {"module": "a.so", **fields}) for fields in speakers)
    choose_modules({"a": files} if files else {})


def test_a_line_of_blanks_is_read_at_once():
    started = time.monotonic()
    parse_config(b"a:" + b" " * 60000 + b"x\n" + b" " * 60000, HERE)
    assert time.monotonic() - started < 1


def test_modules_come_by_priority_then_by_name(tree):
    tree.package("b", "module: b.so")
    tree.package("a", "module: a.so\ncritical: yes")
    tree.system("c", "module: c.so\npriority: 10")
    tree.system("z", "module: z.so\npriority: -1")
    registered = read_p11kit(tree.machine)
    assert [m.name for m in registered.modules] == ["c", "a", "b", "z"]
    assert [m.critical for m in registered.modules] == [False, True, False, False]
    assert registered.findings == ()


@pytest.mark.parametrize(
    ("field", "loaded"),
    [
        ("enable-in: antin", True),
        ("enable-in: firefox, antin", True),
        ("enable-in: firefox antin-x", False),
        ("enable-in:", False),
        ("disable-in: antin", False),
        ("disable-in: firefox,antin", False),
        ("disable-in: p11-kit-proxy", True),
        ("disable-in:", True),
    ],
)
def test_a_module_may_be_meant_for_some_programs(tree, field, loaded):
    tree.package("a", f"module: a.so\n{field}")
    assert bool(tree.modules()) is loaded
    told = [problem for _, problem, _ in tree.problems()]
    assert told == ([] if loaded else [Problem.NOT_FOR_ANTIN])


def test_remote_and_trust_modules_are_left_out_and_told(tree):
    tree.package("far", "remote: |ssh x p11-kit remote /a.so")
    tree.package("trust", "module: t.so\ntrust-policy: yes")
    tree.package("keys", "module: k.so\ntrust-policy: no")
    assert tree.modules() == [("keys", "k.so")]
    assert {problem for _, problem, _ in tree.problems()} == {Problem.REMOTE, Problem.TRUST}


@pytest.mark.parametrize("field", ["priority: high", "priority: 99999999999", "critical: maybe"])
def test_a_value_that_cannot_be_is_told_and_the_module_kept(tree, field):
    tree.package("a", f"module: a.so\n{field}")
    assert tree.modules() == [("a", "a.so")]
    assert tree.problems() == [("a.module", Problem.VALUE, field.partition(":")[0])]


def test_both_lists_of_programs_contradict_each_other(tree):
    tree.package("a", "module: a.so\nenable-in: antin\ndisable-in: antin")
    assert tree.modules() == [("a", "a.so")]
    assert tree.problems() == [("a.module", Problem.VALUE, "enable-in, disable-in")]


def test_the_users_words_hold_and_the_systems_fill_in(tree):
    tree.package("a", "module: /old.so\npriority: 5")
    file = tree.user("a", "module: /new.so")
    (module,) = read_p11kit(tree.machine).modules
    assert (module.module, module.priority, module.said) == ("/new.so", 5, file)


def test_a_user_takes_a_module_away_with_an_empty_name(tree):
    tree.package("a", "module: a.so")
    tree.package("b", "module: b.so")
    tree.user("a", "module:\n")
    assert tree.modules() == [("b", "b.so")]


@pytest.mark.parametrize(
    ("system", "user", "names"),
    [
        ("", "", "su"),
        ("user-config: merge", "", "su"),
        ("user-config: none", "user-config: only", "s"),
        ("user-config: only", "", "u"),
        ("user-config: override", "", "u"),
        ("", "user-config: only", "u"),
        ("user-config: only", "user-config: merge", "su"),
        ("", "user-config: none", "s"),
    ],
)
def test_whose_configuration_counts(tree, system, user, names):
    tree.package("s", "module: s.so")
    tree.user("u", "module: u.so")
    tree.write("etc/pkcs11/pkcs11.conf", system)
    tree.write("home/an/.config/pkcs11/pkcs11.conf", user)
    assert "".join(name for name, _ in tree.modules()) == names
    assert tree.problems() == []


def test_a_mode_that_is_none_is_told(tree):
    tree.package("s", "module: s.so")
    tree.user("u", "module: u.so")
    tree.write("etc/pkcs11/pkcs11.conf", "user-config: sometimes\nbroken")
    assert [name for name, _ in tree.modules()] == ["s", "u"]
    assert tree.problems() == [
        ("pkcs11.conf", Problem.LINE, ""),
        ("pkcs11.conf", Problem.VALUE, "user-config"),
    ]


def test_the_users_folder_may_be_elsewhere_or_nowhere(tree):
    tree.write("settings/pkcs11/modules/a.module", "module: a.so")
    moved = Machine(System.LINUX, {"HOME": "/home/an", "XDG_CONFIG_HOME": "/settings"}, tree.root)
    assert [m.name for m in read_p11kit(moved).modules] == ["a"]
    assert read_p11kit(Machine(System.LINUX, {}, tree.root)).modules == ()
    assert read_p11kit(Machine(System.WINDOWS, {"HOME": "/home/an"}, tree.root)).modules == ()


def test_homebrew_is_read_on_macos(tree):
    tree.write("opt/homebrew/share/p11-kit/modules/a.module", "module: a.so")
    library = tree.write("opt/homebrew/lib/pkcs11/a.so")
    macos = Machine(System.MACOS, {}, tree.root)
    (module,) = read_p11kit(macos).modules
    assert locate_module(module, macos, None) == library


def test_files_that_cannot_be_read_are_told_and_never_block(tree):
    folder = tree.package("good", "module: g.so").parent
    (folder / "folder.module").mkdir()
    os.mkfifo(folder / "pipe.module")
    (folder / "ring.module").symlink_to("ring.module")
    tree.package("large", "#" * (MAX_FILE_BYTES + 1))
    tree.package("-dash", "module: x.so")
    tree.package("khoá", "module: x.so")
    (folder / "notes.txt").write_text("module: x.so", encoding="utf-8")
    assert tree.modules() == [("good", "g.so")]
    assert set(tree.problems()) == {
        ("large.module", Problem.TOO_LARGE, ""),
        ("-dash.module", Problem.FILE_NAME, ""),
        ("khoá.module", Problem.FILE_NAME, ""),
    }


def test_a_name_no_system_can_have_is_told():
    (finding,) = read_config(Path("x" * 5000)).findings
    assert (finding.problem, bool(finding.detail)) == (Problem.UNREADABLE, True)


def test_a_folder_that_cannot_be_listed_is_told(tree):
    ring = tree.root / "etc" / "pkcs11"
    ring.parent.mkdir()
    ring.symlink_to("pkcs11")
    assert {problem for _, problem, _ in tree.problems()} <= {Problem.UNREADABLE}
    assert ("modules", Problem.UNREADABLE, "Too many levels of symbolic links") in tree.problems()


def test_a_flood_of_files_is_cut_and_told(tree):
    for number in range(MAX_FILES + 3):
        tree.package(f"m{number}", f"module: m{number}.so")
    assert len(tree.modules()) == MAX_FILES
    assert tree.problems() == [("modules", Problem.TOO_MANY_FILES, "")]


def test_a_relative_name_is_looked_for_in_the_module_folders(tree):
    tree.package("a", "module: a.so")
    tree.package("b", "module: /opt/b.so")
    tree.package("c", "module: nowhere.so")
    tree.package("d", "module: " + "x" * 5000)
    other = tree.write("usr/lib/i386-linux-gnu/pkcs11/a.so", b"\x7fELF\x01\x01\x01" + bytes(60))
    own = tree.write("usr/lib/x86_64-linux-gnu/pkcs11/a.so", Path(os.__file__).read_bytes())
    a, b, c, d = read_p11kit(tree.machine).modules
    assert locate_module(a, tree.machine, None) == other, "the first, where none fits"
    own.write_bytes(b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00\x3e\x00" + bytes(40))
    assert locate_module(a, tree.machine, None) == own
    assert locate_module(b, tree.machine, None) == tree.root / "opt/b.so"
    assert locate_module(c, tree.machine, None) == other.parent / "nowhere.so"
    assert locate_module(d, tree.machine, None).parent == other.parent
    bare = Machine(System.LINUX, {}, tree.root / "none")
    assert locate_module(c, bare, None) == tree.root / "none" / "nowhere.so"
