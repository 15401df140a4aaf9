"""Block lists: keys in them certify nobody, and a list that cannot be read stops everything."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pki_world import World, new_authority, new_key, rsa_key, someone

from pki import blocked
from pki.authority.authority import Authority
from pki.authority.create import create_issuing, create_root
from pki.blocked import BlockedKeys, load_blocked_keys, modulus_digest
from pki.errors.keys import BlockListError, BlockListUnreadableError, KeyBlockedError
from pki.keys import PrivateKey
from pki.profile import load_profile
from pki.strength import spki_sha256

RSA = rsa_key("blocked").public_key()
KEY = new_key("p256")


def in_list(key: PrivateKey = KEY) -> str:
    return spki_sha256(key.public_key())


def write(folder: Path, text: str, name: str = "leaked.txt") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_key_is_found_by_its_digest_and_a_modulus_by_debians(tmp_path: Path):
    modulus = modulus_digest(RSA.public_numbers().n).hex()
    text = f"# lộ ngày 2/3\n\n  {in_list().upper()}  # token 7\n{modulus}"
    keys = load_blocked_keys([write(tmp_path, text)])
    for key in (KEY.public_key(), RSA):
        with pytest.raises(KeyBlockedError) as refused:
            keys.check(key)
        assert refused.value.facts == {"spki_sha256": spki_sha256(key), "list": "leaked.txt"}
    for other in (new_key().public_key(), rsa_key("other").public_key()):
        keys.check(other)
        BlockedKeys().check(KEY.public_key())


def test_the_digest_of_a_modulus_is_that_of_openssl(tmp_path: Path, peer: Callable[[str], Path]):
    """`openssl rsa -noout -modulus | sha1sum`, its first 20 digits cut off: openssl-blacklist."""
    path = tmp_path / "key.pem"
    path.write_bytes(RSA.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    command = [peer("openssl"), "rsa", "-pubin", "-noout", "-modulus", "-in", path]
    printed = subprocess.run(command, capture_output=True, check=True).stdout
    expected = hashlib.sha1(printed, usedforsecurity=False).hexdigest()[20:]
    assert modulus_digest(RSA.public_numbers().n).hex() == expected


def test_a_folder_holds_several_lists_and_other_files(tmp_path: Path):
    write(tmp_path, f"{in_list()}\n", "a.txt")
    write(tmp_path, f"{in_list()}\n{'0' * 64}\n", "b.txt")
    write(tmp_path, "these lists came from …", "README.md")
    keys = load_blocked_keys([tmp_path, write(tmp_path, "1" * 20, "named")])
    assert sorted(keys.lists.values()) == ["a.txt", "b.txt", "named"]


def test_no_lists_and_empty_lists_block_nothing(tmp_path: Path):
    for paths in ([], [tmp_path], [write(tmp_path, "\ufeff# nothing yet\n")]):
        assert load_blocked_keys(paths) == BlockedKeys()


@pytest.mark.parametrize(
    "broken", ["0" * 63, "0" * 65, "0" * 40, "0" * 21, "g" * 64, "0" * 64 + " 0", "٠" * 64, "x #"]
)
def test_a_broken_line_stops_everything(tmp_path: Path, broken: str):
    path = write(tmp_path, f"# list\n{in_list()}\n{broken}\n")
    with pytest.raises(BlockListError) as refused:
        load_blocked_keys([path])
    assert refused.value.facts == {"path": path, "line": 3}


def test_bytes_that_are_no_text_stop_everything(tmp_path: Path):
    path = tmp_path / "list.txt"
    path.write_bytes(b"# one\n# \xff\n")
    with pytest.raises(BlockListError) as refused:
        load_blocked_keys([path])
    assert refused.value.facts["line"] == 2


def test_a_list_that_is_named_must_be_there(tmp_path: Path):
    with pytest.raises(BlockListUnreadableError):
        load_blocked_keys([tmp_path / "none.txt"])


def test_a_list_has_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = write(tmp_path, f"{in_list()}\n")
    monkeypatch.setattr(blocked, "MAX_LIST_BYTES", 65)
    assert load_blocked_keys([path]).lists
    monkeypatch.setattr(blocked, "MAX_LIST_BYTES", 64)
    with pytest.raises(BlockListUnreadableError, match="EFBIG"):
        load_blocked_keys([path])


def test_a_list_that_grows_while_it_is_read_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """What was read ends at a line's end and looks whole; the rest comes a moment later."""
    path = write(tmp_path, f"{'0' * 64}\n")
    fstat, seen = os.fstat, []

    def append_after_the_first(number: int) -> os.stat_result:
        found = fstat(number)
        if not seen:
            seen.append(found)
            with path.open("a", encoding="utf-8") as file:
                file.write(f"{in_list()}\n")
        return found

    with monkeypatch.context() as patch:
        patch.setattr("pki.blocked.os.fstat", append_after_the_first)
        with pytest.raises(BlockListUnreadableError, match="EBUSY"):
            load_blocked_keys([path])
    assert len(load_blocked_keys([path]).lists) == 2


def blocking(world: World, *keys: PrivateKey) -> Authority:
    lists = {bytes.fromhex(in_list(key)): "leaked.txt" for key in keys}
    issuing = world.issuing
    return Authority(issuing.issuer, issuing.register, issuing.clock, blocked=BlockedKeys(lists))


def test_an_authority_certifies_no_blocked_key(world: World, monkeypatch: pytest.MonkeyPatch):
    authority = blocking(world, KEY)
    with pytest.raises(KeyBlockedError):
        world.issue(key=KEY, authority=authority)
    assert not world.register.find_certificate("issuing", 0)
    world.issue(key=new_key(), authority=authority)
    monkeypatch.setattr(BlockedKeys, "check", lambda *_: None)  # the mutant
    assert world.issue(key=KEY, authority=authority).public_key() == KEY.public_key()


def test_no_authority_is_made_with_a_blocked_key(world: World):
    keys = BlockedKeys({bytes.fromhex(in_list()): "leaked.txt"})
    for name, profile, blocked_keys in (("r", "root", keys), ("i", "issuing", keys)):
        new = new_authority(name, profile, key=KEY, blocked=blocked_keys)
        with pytest.raises(KeyBlockedError):
            make(world, new, profile)
    made = make(world, new_authority("i", "issuing", blocked=keys), "issuing")
    assert made.blocked is keys


def make(world: World, new: object, profile: str) -> Authority:
    if profile == "root":
        return create_root(new, world.register, world.clock)  # type: ignore[arg-type]
    return create_issuing(world.root, new)  # type: ignore[arg-type]


def test_an_authority_below_another_blocks_what_that_one_blocks(world: World):
    keys = BlockedKeys({bytes.fromhex(in_list()): "leaked.txt"})
    root = Authority(world.root.issuer, world.register, world.clock, blocked=keys)
    below = create_issuing(root, new_authority("i", "issuing"))
    assert below.blocked is keys
    with pytest.raises(KeyBlockedError):
        below.issue(KEY.public_key(), load_profile("official"), someone(), requester="a")
