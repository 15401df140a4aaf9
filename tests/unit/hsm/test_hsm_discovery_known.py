"""The table of known modules is strict, and finds what lies where it says, on any system."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hsm.discovery.known import Confidence, known_modules, parse_table
from hsm.discovery.machine import Machine, System
from hsm.errors import ModuleTableError

FOLDERS = '[folders]\nlinux = ["/usr/lib", "/usr/lib/*-linux-*"]\n'
ROW = """
[[modules]]
name = "Thử"
make = "ai đó"
system = "linux"
names = ["libthu.so"]
confidence = "hint"
source = "một nơi"
"""


def put(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def found(machine: Machine, text: str | None = None) -> list[tuple[str, str]]:
    table = known_modules() if text is None else parse_table(text)
    return [(row.name, path.as_posix()) for row, path in table.found_on(machine)]


def test_the_table_that_comes_with_antin_is_whole():
    table = known_modules()
    for system in System:
        rows = table.for_system(system)
        assert len(rows) >= 10
        order = [list(Confidence).index(row.confidence) for row in rows]
        assert order == sorted(order)
        assert table.folders[system]
    verified = {row.name for row in table.modules if row.confidence is Confidence.VERIFIED}
    assert verified == {"OpenSC", "SoftHSM", "p11-kit"}, "what the tests of probes load"
    assert {row.name for row in table.modules if row.aggregate} == {"p11-kit"}


@pytest.mark.parametrize(
    ("name", "system", "product"),
    [
        ("viettel-ca_v6.dll", System.WINDOWS, "Viettel-CA v6"),
        ("VNPTCA_P11_V8.DLL", System.WINDOWS, "VNPT-CA"),
        ("libbit4xpki.so", System.LINUX, "Bit4id (VGCA)"),
        ("libCryptoki2_64.so", System.LINUX, "Thales Luna"),
        ("libcastle.1.0.0.dylib", System.MACOS, "ePass2003"),
    ],
)
def test_a_file_is_known_by_its_name(name, system, product):
    row = known_modules().named(name, system)
    assert row is not None
    assert row.name == product
    others = set(System) - {system}
    assert all(known_modules().named(name, other) is None for other in others)


def test_a_sound_table_is_read():
    table = parse_table(FOLDERS + ROW)
    assert [row.name for row in table.modules] == ["Thử"]


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ('name = "Thử"', 'name = "Thử"\nnew_key = 1', "modules.0.new_key"),
        ('name = "Thử"', 'name = ""', "modules.0.name"),
        ('"hint"', '"certain"', "modules.0.confidence"),
        ('"hint"', '"stated"', "modules.0.confidence"),
        ('system = "linux"', 'system = "beos"', "modules.0.system"),
        ('["libthu.so"]', '["../libthu.so"]', "modules.0.names.0"),
        ('["libthu.so"]', '["lib[a-z].so"]', "modules.0.names.0"),
        ('["libthu.so"]', "[]", "neither names nor paths"),
        ('["libthu.so"]', '["**"]', "whole trees"),
        ("names =", "paths =", "modules.0.paths.0"),
        ('names = ["libthu.so"]', 'paths = ["/usr/../etc/x.so"]', "modules.0.paths.0"),
        ('names = ["libthu.so"]', 'paths = ["%TEMP%/x.dll"]', "modules.0.paths.0"),
        ('names = ["libthu.so"]', 'paths = ["/usr\\\\x.so"]', "modules.0.paths.0"),
        ('make = "ai đó"\n', "", "modules.0.make"),
        ("[[modules]]", "[[modules]", ""),
        ('linux = ["/usr/lib",', 'plan9 = ["/usr/lib",', "folders"),
    ],
)
def test_a_table_that_says_anything_else_is_refused(old, new, where):
    text = FOLDERS + ROW
    assert old in text
    with pytest.raises(ModuleTableError) as caught:
        parse_table(text.replace(old, new, 1))
    assert where in str(caught.value.facts["reason"])


def test_a_product_stands_once_for_a_system():
    with pytest.raises(ModuleTableError, match="twice"):
        parse_table(FOLDERS + ROW + ROW)
    parse_table(FOLDERS + ROW + ROW.replace('"linux"', '"macos"'))


def test_modules_of_linux_are_found_in_every_folder(tmp_path):
    put(
        tmp_path,
        "usr/lib/libeTPkcs11.so",
        "usr/lib/x86_64-linux-gnu/opensc-pkcs11.so",
        "usr/lib/i386-linux-gnu/opensc-pkcs11.so",
        "opt/ePass2003-Castle-20141128/x64/redist/libcastle.so.1.0.0",
        "opt/nfast/toolkits/pkcs11/libcknfast.so",
        "usr/lib/libunrelated.so",
        "home/libeTPkcs11.so",
    )
    assert found(Machine(System.LINUX, root=tmp_path)) == [
        ("OpenSC", f"{tmp_path}/usr/lib/i386-linux-gnu/opensc-pkcs11.so"),
        ("OpenSC", f"{tmp_path}/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so"),
        ("SafeNet eToken", f"{tmp_path}/usr/lib/libeTPkcs11.so"),
        ("ePass2003", f"{tmp_path}/opt/ePass2003-Castle-20141128/x64/redist/libcastle.so.1.0.0"),
        ("Entrust nShield", f"{tmp_path}/opt/nfast/toolkits/pkcs11/libcknfast.so"),
    ]


def test_modules_of_windows_are_found_where_the_environment_says(tmp_path):
    put(
        tmp_path,
        "Windows/System32/bit4xpki.dll",
        "Windows/SysWOW64/viettel-ca_v6.dll",
        "Programs/Yubico/Yubico PIV Tool/bin/libykcs11.dll",
        "Old/Gemalto/IDGo 800 PKCS#11/IDPrimePKCS1164.dll",
    )
    environment = {
        "SYSTEMROOT": str(tmp_path / "Windows"),
        "ProgramFiles": str(tmp_path / "Programs"),
        "ProgramFiles(x86)": str(tmp_path / "Old"),
    }
    assert found(Machine(System.WINDOWS, environment)) == [
        ("Bit4id (VGCA)", f"{tmp_path}/Windows/System32/bit4xpki.dll"),
        ("Thales IDPrime", f"{tmp_path}/Old/Gemalto/IDGo 800 PKCS#11/IDPrimePKCS1164.dll"),
        ("YubiKey ykcs11", f"{tmp_path}/Programs/Yubico/Yubico PIV Tool/bin/libykcs11.dll"),
        ("Viettel-CA v6", f"{tmp_path}/Windows/SysWOW64/viettel-ca_v6.dll"),
    ]
    assert not found(Machine(System.WINDOWS, {"SystemRoot": ""}))


def test_modules_of_macos_are_found(tmp_path):
    put(
        tmp_path,
        "Library/OpenSC/lib/opensc-pkcs11.so",
        "usr/local/lib/libbit4xpki.dylib",
        "Library/Frameworks/eToken.framework/Versions/A/libeToken.dylib",
    )
    assert [name for name, _ in found(Machine(System.MACOS, root=tmp_path))] == [
        "OpenSC",
        "Bit4id (VGCA)",
        "SafeNet eToken",
    ]


def test_a_name_with_a_pattern_is_looked_for_in_the_folders(tmp_path):
    put(tmp_path, "usr/lib/libthu.so.1", "usr/lib/libthu.so.2", "usr/lib/libkhac.so")
    text = FOLDERS + ROW.replace("libthu.so", "libthu.so.?")
    names = [
        path.rpartition("/")[2] for _, path in found(Machine(System.LINUX, root=tmp_path), text)
    ]
    assert names == ["libthu.so.1", "libthu.so.2"]


def test_this_machine_is_one_of_the_three_systems():
    here = Machine.here()
    assert here.system in System
    assert here.environment is os.environ
    assert "PATH" not in repr(here), "an environment holds what nobody should print"
