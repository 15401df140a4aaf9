"""Where p11-kit's configuration and its modules lie, and whose word holds.

A user's files come first, then the administrator's, then those of packages; of one module the
earlier file's words hold and the later ones fill in. `user-config` in `pkcs11.conf` says whether
the user's count (`none`, `merge`) or only they do (`only`; `override` is its older name).

Spec: pkcs11.conf(5) of p11-kit, sections GLOBAL CONFIGURATION and CONFIGURATION FILES.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from hsm.discovery.binary import Architecture
from hsm.discovery.inspection import inspect
from hsm.discovery.machine import Machine, System
from hsm.discovery.p11kit import (
    ConfigFile,
    ConfigFinding,
    Problem,
    RegisteredModule,
    choose_modules,
    read_config,
    read_folder,
)

# p11-kit is built with other prefixes too; what is not there says nothing.
_PREFIXES = {
    System.LINUX: (("/usr/share", "/etc"), ("/usr/local/share", "/usr/local/etc")),
    System.MACOS: (
        ("/opt/homebrew/share", "/opt/homebrew/etc"),
        ("/usr/local/share", "/usr/local/etc"),
    ),
    System.WINDOWS: (),
}
_MODULE_FOLDERS = {
    System.LINUX: (
        "/usr/lib/*-linux-*/pkcs11",
        "/usr/lib64/pkcs11",
        "/usr/lib/pkcs11",
        "/usr/local/lib/pkcs11",
    ),
    System.MACOS: ("/opt/homebrew/lib/pkcs11", "/usr/local/lib/pkcs11"),
    System.WINDOWS: (),
}
_MODES = {"none": "none", "merge": "merge", "only": "only", "override": "only"}


@dataclass(frozen=True, slots=True)
class Registered:
    """What p11-kit's configuration comes to."""

    modules: tuple[RegisteredModule, ...] = ()
    """In p11-kit's order: by priority, then by name."""
    findings: tuple[ConfigFinding, ...] = ()


def read_p11kit(machine: Machine) -> Registered:
    """Return the modules registered with p11-kit on a machine; nothing there is no finding."""
    configs = [
        read_config(machine.root / etc.lstrip("/") / "pkcs11" / "pkcs11.conf")
        for _, etc in _PREFIXES[machine.system]
    ]
    home = _user_folder(machine)
    mode = next((c.fields["user-config"] for c in configs if "user-config" in c.fields), "merge")
    if home is not None and mode != "none":
        configs.append(own := read_config(home / "pkcs11.conf"))
        mode = own.fields.get("user-config", mode)
    findings = [finding for config in configs for finding in config.findings]
    findings += [
        ConfigFinding(config.path, Problem.VALUE, detail="user-config")
        for config in configs
        if config.fields.get("user-config", "merge") not in _MODES
    ]
    files: dict[str, tuple[ConfigFile, ...]] = {}
    for folder in _folders(machine, home, _MODES.get(mode, "merge")):
        found, remarks = read_folder(folder)
        findings += remarks
        for name, file in found.items():
            files[name] = (*files.get(name, ()), file)
    modules, remarks = choose_modules(files)
    return Registered(modules, (*findings, *remarks))


def locate_module(module: RegisteredModule, machine: Machine, own: Architecture | None) -> Path:
    """Return where a registered module lies; one that is nowhere, where it should have been.

    Args:
        module: its `module` is absolute, or a name in p11-kit's module folder.
        machine: where to look.
        own: of two of one name, the one that this process can load is meant.
    """
    if Path(module.module).is_absolute():
        return machine.root / module.module.lstrip("/")
    patterns = _MODULE_FOLDERS[machine.system]
    folders = [folder for pattern in patterns for folder in machine.matches(pattern)]
    found = [f / module.module for f in folders if os.path.lexists(f / module.module)]
    fitting = (path for path in found if inspect(path, own).unfit is None)
    missing = (folders or [machine.root])[0] / module.module
    return next(fitting, found[0] if found else missing)


def _user_folder(machine: Machine) -> Path | None:
    if not _PREFIXES[machine.system]:
        return None
    settings = machine.environment.get("XDG_CONFIG_HOME", "")
    home = machine.environment.get("HOME", "")
    if settings.startswith("/"):
        return machine.root / settings.lstrip("/") / "pkcs11"
    return machine.root / home.lstrip("/") / ".config" / "pkcs11" if home else None


def _folders(machine: Machine, home: Path | None, mode: str) -> list[Path]:
    folders = [home / "modules"] if home is not None and mode != "none" else []
    if mode != "only":
        for share, etc in _PREFIXES[machine.system]:
            folders.append(machine.root / etc.lstrip("/") / "pkcs11" / "modules")
            folders.append(machine.root / share.lstrip("/") / "p11-kit" / "modules")
    return folders
