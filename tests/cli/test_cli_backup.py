"""`antin backup`: a home is kept, looked at, and comes back after it was lost."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from cli_runs import serving
from cryptography import x509

from cli.homes.settings import load_settings
from pki.register.sql import open_register

PASSPHRASE = "ngựa pin kẹp giấy đúng"  # noqa: S105  of these tests


@pytest.fixture(autouse=True)
def secrets(monkeypatch):
    monkeypatch.setenv("PASS", PASSPHRASE)
    monkeypatch.setenv("WRONG", "một mật khẩu khác hẳn")
    monkeypatch.setenv("SHORT", "ngắn")


@pytest.fixture
def key(antin, tmp_path):
    """A key file, and its public key."""
    made = antin("backup", "key", "-o", tmp_path / "backup.key", "--json")
    assert made.status == 0, made
    return tmp_path / "backup.key", made.json["public_key"]


@pytest.fixture
def backup(antin, demo_home, key, tmp_path):
    """Run `antin backup` with the key; a backup stands at `a.backup`."""
    file, public = key
    made = antin(
        "--home", demo_home, "backup", "create", tmp_path / "a.backup", "--recipient", public
    )
    assert made.status == 0, made

    def run(command, *arguments, home=demo_home, **more):
        words = ("backup", command, tmp_path / "a.backup", "--identity", file, *arguments)
        return antin("--home", home, *words, **more)

    return run


def act(antin, home, official):
    """Publish what the backup does not know; return the folder of what was published."""
    folder = home.parent / "published"
    folder.mkdir()
    serial = official["serial"]
    revoke = ("cert", "revoke", serial, "--reason", "superseded", "--yes")
    assert antin("--home", home, *revoke).status == 0
    for name in ("issuing", "root"):
        assert antin("--home", home, "crl", "issue", "--ca", name).status == 0
        register = open_register(home / "register.sqlite")
        (folder / f"{name}.crl").write_bytes(register.newest_crl(name).der)
        register.close()
    return folder


def number_of(path):
    crl = x509.load_der_x509_crl(path.read_bytes())
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def test_a_lost_home_comes_back_and_goes_on(antin, demo_home, backup, official, tmp_path):
    published = act(antin, demo_home, official)
    shutil.rmtree(demo_home)
    new = tmp_path / "new"
    shown = backup("restore", "--published", published, home=new)
    assert (shown.status, new.exists()) == (3, False)
    done = backup("restore", "--published", published, "--yes", "--json", home=new)
    assert done.status == 0, done
    (issuing, root) = sorted(done.json["authorities"], key=lambda one: one["authority"])
    assert issuing["revoked"] == [official["serial"]]
    assert root["revoked"] == []
    assert issuing["published_crl_number"] == number_of(published / "issuing.crl")
    status = antin("--home", new, "cert", "status", official["serial"], "--json")
    assert status.json["status"] == "revoked"
    log = antin("--home", new, "audit", "verify", "--json")
    assert log.status == 0, log
    newest = antin("--home", new, "audit", "show", "--limit", "1", "--json").json["entries"]
    assert newest[0]["action"] == "backup.restore"


def test_the_tokens_come_back_when_they_were_asked_for(antin, demo_home, key, official, tmp_path):
    file, public = key
    pins = shutil.copytree(demo_home / "pins", tmp_path / "pins")
    target = tmp_path / "whole.backup"
    made = antin(
        *("--home", demo_home, "backup", "create", target, "--recipient", public),
        "--with-token-store",
    )
    assert made.status == 0, made
    published = act(antin, demo_home, official)
    shutil.rmtree(demo_home)
    restore = ("backup", "restore", target, "--identity", file, "--published", published, "--yes")
    done = antin("--home", demo_home, *restore, "--json")
    assert done.status == 0, done
    assert not (demo_home / "pins").exists()
    shutil.copytree(pins, demo_home / "pins")
    issued = antin("--home", demo_home, "crl", "issue", "--ca", "issuing", "--json")
    assert issued.status == 0, issued
    register = open_register(demo_home / "register.sqlite")
    der = register.newest_crl("issuing").der
    register.close()
    crl = x509.load_der_x509_crl(der)
    serials = {f"{one.serial_number:x}" for one in crl}
    assert official["serial"].lstrip("0") in {one.lstrip("0") for one in serials}
    number = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    wanted = {one["authority"]: one["next_crl_number"] for one in done.json["authorities"]}
    assert number == wanted["issuing"] > number_of(published / "issuing.crl")


def test_without_what_was_published_nothing_is_restored(
    antin, demo_home, backup, official, tmp_path
):
    new = tmp_path / "new"
    published = act(antin, demo_home, official)
    for more in ((), ("--published", published / "root.crl")):
        refused = backup("restore", *more, "--yes", home=new)
        assert (refused.status, refused.code) == (3, "pki.restore_unreconciled")
        assert not list(new.glob("*"))
    nothing = ("--nothing-published-since", "issuing", "--nothing-published-since", "root")
    done = backup("restore", *nothing, "--yes", home=new)
    assert done.status == 0, done
    assert "Restored to" in done.out
    refused = backup("restore", *nothing, "--yes", home=new)
    assert refused.code == "cli.home_exists"


def test_another_place_for_the_register(backup, tmp_path):
    nothing = ("--nothing-published-since", "issuing", "--nothing-published-since", "root", "--yes")
    bad = backup("restore", *nothing, "--register", "postgresql://u:pw@h/d", home=tmp_path / "x")
    assert bad.code == "cli.bad_option"
    done = backup("restore", *nothing, "--register", "other.sqlite", home=tmp_path / "new")
    assert done.status == 0, done
    assert (tmp_path / "new" / "other.sqlite").exists()


def test_no_pin_and_no_private_key_is_in_it(antin, demo_home, key, tmp_path, peer):
    file, public = key
    profiles = demo_home / "profiles"
    profiles.mkdir()
    (profiles / "own.toml").write_text("# một hồ sơ", "utf-8")
    secret = profiles / "mistake.pem"
    secret.write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "utf-8")
    link = profiles / "link"
    link.symlink_to(next((demo_home / "pins").iterdir()))
    odd = profiles / ".hidden"
    odd.write_text("x", "utf-8")
    target = tmp_path / "a.backup"
    made = antin("--home", demo_home, "backup", "create", target, "--recipient", public, "--json")
    assert made.json["left_out"] == sorted(map(str, (secret, link, odd)))
    plain = subprocess.run(
        [peer("age"), "-d", "-i", file, target], capture_output=True, check=True
    ).stdout
    assert b"files/antin.toml" in plain
    assert b"files/profiles/own.toml" in plain
    assert b"PRIVATE KEY" not in plain
    assert b"files/tokens" not in plain
    for pin in (demo_home / "pins").iterdir():
        assert pin.read_bytes() not in plain


def test_who_may_sign_trusted_lists_is_in_it(antin, demo_home, key, tmp_path, peer):
    file, public = key
    folder = demo_home / "lists"
    folder.mkdir()
    for name in ("signer.pem", "vn.xml", "fetched.xml"):
        (folder / name).write_text("x", "utf-8")
    with (demo_home / "antin.toml").open("a", encoding="utf-8") as settings:
        settings.write('[[verify.list]]\nname = "vn"\nsigners = ["lists/signer.pem"]\n')
        settings.write('file = "lists/vn.xml"\n')
    target = tmp_path / "a.backup"
    assert antin("--home", demo_home, "backup", "create", target, "--recipient", public).status == 0
    plain = subprocess.run(
        [peer("age"), "-d", "-i", file, target], capture_output=True, check=True
    ).stdout
    assert b"files/lists/signer.pem" in plain
    assert b"files/lists/vn.xml" in plain
    assert b"files/lists/fetched.xml" not in plain, "what was fetched can be fetched again"


def test_a_backup_is_checked_in_every_way(
    antin, demo_home, backup, official, tmp_path, monkeypatch
):
    sandboxes = tmp_path / "sandboxes"
    sandboxes.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(sandboxes))
    checked = backup("verify", "--json")
    assert checked.status == 0, checked
    told = checked.json
    assert told["checked"]["entries"] == told["entries"] == told["signed_entries"]
    assert told["entries_since"] == 1  # that there is a backup
    held = tmp_path / "held.checkpoint"
    shutil.copy(demo_home / "checkpoint", held)
    published = act(antin, demo_home, official)
    later = tmp_path / "later.checkpoint"
    assert antin("--home", demo_home, "audit", "checkpoint", "-o", later).status == 0
    more = ("--checkpoint", held, "--checkpoint", later, "--published", published)
    told = backup("verify", *more, "--json").json
    assert (told["compared"], told["not_compared"]) == ([str(held)], [str(later)])
    issuing = next(one for one in told["authorities"] if one["authority"] == "issuing")
    assert issuing["next_crl_number"] > number_of(published / "issuing.crl")
    words = backup("verify", *more).out
    for part in ("are right", "Agrees with", "Not compared", "goes on from it", "published"):
        assert part in words
    outside = backup("verify", "--trust", demo_home / "trust" / "root.pem", home=tmp_path / "none")
    assert outside.status == 0, outside
    assert not list(sandboxes.iterdir())


def test_a_home_that_does_not_go_on_from_it_is_noticed(antin, demo_home, backup, tmp_path):
    old = shutil.copytree(demo_home, tmp_path / "old")
    other = tmp_path / "other"
    assert antin("--home", other, "init", "--demo").status == 0
    assert backup("verify", home=other).code in {"pki.audit_rewritten", "pki.audit_cut"}
    assert backup("verify", "--alone", home=other).status == 0
    empty = tmp_path / "empty"
    assert antin("--home", empty, "init").status == 0
    assert backup("verify", home=empty).code == "pki.audit_cut"
    (old / "register.sqlite").unlink()
    lost = backup("verify", home=old)
    assert (lost.status, "cannot be opened" in lost.err) == (0, True)


def test_a_register_that_published_more_than_there_is_room_for_is_noticed(
    antin, demo_home, backup, monkeypatch
):
    from pki.keeping import reconcile

    for _ in range(3):
        assert antin("--home", demo_home, "crl", "issue", "--ca", "issuing").status == 0
    assert backup("verify").status == 0
    monkeypatch.setattr(reconcile, "GAP", 1)
    assert backup("verify").code == "pki.restore_unreconciled"


def damaged(path: Path, how: str) -> Path:
    data = bytearray(path.read_bytes())
    match how:
        case "changed":
            data[len(data) // 2] ^= 1
        case "cut":
            del data[100:]
        case "another":
            data = bytearray(b"PK\x03\x04" + bytes(100))
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("changed", "pki.backup_tampered"),
        ("cut", "pki.backup_cut"),
        ("another", "pki.backup_malformed"),
    ],
)
def test_what_was_done_to_the_file_has_its_own_code(backup, tmp_path, how, code):
    damaged(tmp_path / "a.backup", how)
    nothing = ("--nothing-published-since", "issuing", "--nothing-published-since", "root", "--yes")
    for ran in (backup("verify"), backup("restore", *nothing, home=tmp_path / "new")):
        assert (ran.status, ran.code) == (5, code)
    assert not (tmp_path / "new").exists()


def test_a_passphrase_opens_it_and_another_does_not(antin, demo_home, tmp_path):
    target = tmp_path / "p.backup"
    create = ("--home", demo_home, "backup", "create", target, "--passphrase-source")
    assert antin(*create, "env:SHORT").code == "cli.passphrase_short"
    made = antin(*create, "env:PASS", "--no-checkpoint")
    assert made.status == 0, made
    again = antin(*create, "env:PASS")
    assert again.code == "pki.output_exists"
    verify = ("--home", demo_home, "backup", "verify", target, "--passphrase-source")
    assert "No checkpoint is in it" in antin(*verify, "env:PASS").out
    assert antin(*verify, "env:WRONG").code == "pki.backup_locked"
    assert PASSPHRASE not in made.out + made.err + target.read_bytes().decode("latin-1")


def test_a_passphrase_is_typed_twice(antin, demo_home, tmp_path, monkeypatch):
    typed: list[str] = []
    monkeypatch.setattr("cli.keeping.openers.ask_hidden", lambda _question: typed.pop(0))
    create = ("--home", demo_home, "backup", "create", tmp_path / "p.backup", "--no-checkpoint")
    typed += [PASSPHRASE, PASSPHRASE + "!"]
    assert antin(*create).code == "cli.passphrases_differ"
    typed += [PASSPHRASE, PASSPHRASE]
    assert antin(*create).status == 0


def test_options_that_do_not_fit(antin, demo_home, key, tmp_path):
    create = ("--home", demo_home, "backup", "create", tmp_path / "b")
    both = antin(*create, "--recipient", key[1], "--passphrase-source", "env:PASS")
    assert both.code == "cli.bad_option"
    assert antin(*create, "--recipient", "age1x").code == "pki.backup_key"
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe")
    verify = ("backup", "verify", tmp_path / "none", "--identity")
    assert antin(*verify, binary).code == "pki.backup_key"
    assert antin(*verify, tmp_path / "missing").code == "cli.unreadable"
    assert antin(*verify, key[0]).code == "cli.unreadable"
    published = antin("--home", demo_home, *create[2:], "--recipient", key[1])
    assert published.status == 0
    missing = ("--identity", key[0], "--published", tmp_path / "missing")
    assert antin("backup", "verify", tmp_path / "b", *missing).code == "cli.unreadable"


def test_lists_are_fetched_from_where_they_are_published(antin, demo_home, backup, official):
    published = act(antin, demo_home, official)
    address = made_address(demo_home)
    with serving(demo_home):
        told = backup("verify", "--published", f"http://{address}/crl/issuing.crl", "--json")
    assert told.status == 0, told
    numbers = {one["authority"]: one["published_crl_number"] for one in told.json["authorities"]}
    assert numbers == {"issuing": number_of(published / "issuing.crl"), "root": 0}


def made_address(home):
    settings = load_settings(home / "antin.toml")
    assert settings.service.public_url
    return settings.service.public_url.removeprefix("http://")
