"""Checkpoints: notes of one form only, signed by the log's key under its own certificate."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pki_audit_world import ORIGIN, head_of
from pki_world import NOW, World, new_key

from pki.audit import note
from pki.audit.checkpoint import (
    LogSigner,
    TreeHead,
    check_origin,
    key_id_of,
    parse_checkpoint,
    sign_checkpoint,
)
from pki.audit.note import MAX_OCTETS, Note, format_note, parse_note
from pki.clock import FixedClock
from pki.errors.audit import CheckpointMalformedError, CheckpointOriginError
from pki.keys import digest_for, verifies
from verify.cms.token import read_token

ROOT = hashlib.sha256().digest()
HEAD = TreeHead(ORIGIN, 0, ROOT)
TEXT = f"{ORIGIN}\n0\n{base64.b64encode(ROOT).decode()}\n"
LINE = f"— {ORIGIN} {base64.b64encode(bytes(9)).decode()}\n"
SPEC_NOTE = """Ognuno sta solo sul cuor della terra
trafitto da un raggio di sole:

ed è subito sera.

— quasimodo.example/salvatore \
NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=
"""
"""The example of C2SP signed-note v1.0.0."""


def signer_of(world: World, kind: str = "p256") -> LogSigner:
    key = new_key(kind)
    return LogSigner(world.issue("audit", key=key), key, [world.issuing.issuer.certificate])


@pytest.mark.parametrize("kind", ["p256", "p384", "a", "ed25519", "ml-dsa-44"])
def test_a_checkpoint_says_which_log_how_many_entries_and_their_root(world: World, kind: str):
    signer = signer_of(world, kind)
    head = head_of(world.register)
    written = sign_checkpoint(head, signer, world.clock)
    text, _, below = written.decode().rpartition("\n\n")
    assert text.split("\n") == [ORIGIN, "6", base64.b64encode(head.root).decode()]
    assert below.startswith(f"— {ORIGIN} ")
    read = parse_checkpoint(written)
    assert (read.head, read.text) == (head, f"{text}\n".encode())
    token = read_token(read.signature_der)
    assert token.content is None
    assert token.claimed_signing_time == NOW.replace(microsecond=0)
    assert token.signer(()) == signer.certificate
    assert set(token.certificates) == {signer.certificate, world.issuing.issuer.certificate}
    digest = hashlib.new(digest_for(signer.key).name, read.text).digest()
    assert token.message_digest == digest
    assert token.signed_attributes is not None
    assert verifies(signer.key.public_key(), token.signature, token.signed_attributes)


def test_a_signature_line_names_the_key_of_that_log(world: World):
    signer = signer_of(world)
    public = signer.certificate.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    named = ORIGIN.encode() + b"\n\xffantin cms v1" + public
    assert key_id_of(ORIGIN, signer.certificate) == hashlib.sha256(named).digest()[:4]
    read = parse_checkpoint(sign_checkpoint(HEAD, signer, world.clock))
    assert read.key_id == key_id_of(ORIGIN, signer.certificate)
    assert key_id_of("another", signer.certificate) != read.key_id


def test_a_certificate_for_logs_is_for_nothing_else(world: World):
    certificate = signer_of(world).certificate
    usages = {extension.oid.dotted_string: extension for extension in certificate.extensions}
    usage = usages["2.5.29.37"]
    assert usage.critical
    assert [one.dotted_string for one in usage.value] == ["1.3.6.1.4.1.32473.68.10.1"]


def test_a_time_after_2049_is_written_as_cms_asks_for(world: World):
    late = datetime(2051, 1, 1, tzinfo=UTC)
    read = parse_checkpoint(sign_checkpoint(HEAD, signer_of(world), FixedClock(late)))
    assert read_token(read.signature_der).claimed_signing_time == late


def test_a_note_is_read_as_its_specification_shows():
    note = parse_note(SPEC_NOTE.encode())
    assert note.text.endswith("raggio di sole:\n\ned è subito sera.\n")
    assert [(name, len(value)) for name, value in note.signatures] == [
        ("quasimodo.example/salvatore", 68)
    ]
    assert format_note(note) == SPEC_NOTE.encode()


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"\xff",
        TEXT.encode(),
        f"{TEXT}\n".encode(),
        f"{TEXT}\n{LINE}"[:-1].encode(),
        f"{TEXT}{LINE}".encode(),
        f"{TEXT}\n{LINE}\n".encode(),
        f"{TEXT}\n{LINE * 17}".encode(),
        f"{TEXT}\n- {LINE[2:]}".encode(),
        f"{TEXT}\n{LINE}".replace("\n", "\r\n").encode(),
        f"{TEXT}\n— {ORIGIN} AAA\n".encode(),
        f"{TEXT}\n— {ORIGIN} AAAAAA==\n".encode(),
        f"{TEXT}\n— {ORIGIN} AAAAAAAAAAB=\n".encode(),
        f"{TEXT}\n— a+b {LINE.split()[2]}\n".encode(),
        bytes(MAX_OCTETS + 1),
    ],
)
def test_what_is_no_note_is_refused(broken: bytes):
    parse_note(f"{TEXT}\n{LINE}".encode())
    with pytest.raises(CheckpointMalformedError):
        parse_note(broken)


ROOT_TEXT = base64.b64encode(ROOT).decode()


@pytest.mark.parametrize(
    "text",
    [
        f"{ORIGIN}\n00\n{ROOT_TEXT}\n",
        f"{ORIGIN}\n-1\n{ROOT_TEXT}\n",
        f"{ORIGIN}\n{10**18}\n{ROOT_TEXT}\n",
        f"{ORIGIN}\n٣\n{ROOT_TEXT}\n",
        f"{ORIGIN}\n0\n{ROOT_TEXT[:-2]}==\n",
        f"{ORIGIN}\n0\n{ROOT_TEXT[:-2]}V=\n",
        f"{ORIGIN}\n0\n{ROOT_TEXT}\nmore\n",
        f"{ORIGIN}\n0\n",
        f"two words\n0\n{ROOT_TEXT}\n",
        "\n",
    ],
)
def test_what_is_no_tree_head_is_refused(text: str):
    assert parse_checkpoint(f"{TEXT}\n{LINE}".encode()).head == HEAD
    with pytest.raises(CheckpointMalformedError):
        parse_checkpoint(f"{text}\n{LINE}".encode())


def test_the_log_signs_once_and_witnesses_as_often_as_they_like():
    witness = f"— witness.example/w1 {base64.b64encode(bytes(8)).decode()}\n"
    read = parse_checkpoint(f"{TEXT}\n{witness}{LINE}{witness}".encode())
    assert (read.key_id, read.signature_der) == (bytes(4), bytes(5))
    for lines in (witness, LINE * 2):
        with pytest.raises(CheckpointMalformedError, match="signatures of the log"):
            parse_checkpoint(f"{TEXT}\n{lines}".encode())


def test_a_head_of_another_log_is_refused():
    check_origin(HEAD, ORIGIN)
    with pytest.raises(CheckpointOriginError):
        check_origin(HEAD, "elsewhere")


def test_names_of_logs():
    assert re.fullmatch(note.ORIGIN, "sở.example/audit")
    assert not any(
        re.fullmatch(note.ORIGIN, name) for name in ("", "a b", "a+b", "a\u00a0b", "x" * 256)
    )


def test_a_note_of_several_lines_is_written_as_it_is_read():
    note = Note("a\n\nb\n", (("one", bytes(5)), ("two", bytes(6))))
    assert parse_note(format_note(note)) == note
