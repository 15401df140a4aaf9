"""Which checkpoints count: the log's own key, its own certificate, the right time, every octet."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from asn1crypto import cms
from pki_audit_world import head_of
from pki_world import NOW, World, make_world, new_key

from cli.auditing.judge import judge_checkpoint
from cli.errors import CheckpointUntrustedError
from pki.audit.checkpoint import LogSigner, sign_checkpoint
from pki.clock import FixedClock
from pki.errors.tree import PKIError
from verify.trust import TrustStore


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = make_world(tmp_path)
    yield made
    made.register.close()


def signer_of(world: World, kind: str = "p256", profile: str = "audit") -> LogSigner:
    key = new_key(kind)
    return LogSigner(world.issue(profile, key=key), key, [world.issuing.issuer.certificate])


def trust_in(world: World) -> TrustStore:
    return TrustStore((world.root.issuer.certificate,))


@pytest.mark.parametrize("kind", ["p256", "p384", "p521", "a", "ed25519", "ml-dsa-65"])
def test_a_checkpoint_of_any_kind_of_key_counts(world: World, kind: str):
    signer, head = signer_of(world, kind), head_of(world.register)
    judged = judge_checkpoint(sign_checkpoint(head, signer, world.clock), trust_in(world), NOW)
    assert (judged.head, judged.certificate) == (head, signer.certificate)
    assert judged.signed_at == NOW.replace(microsecond=0)


@pytest.mark.parametrize("profile", ["official", "agency", "ocsp", "timestamp"])
def test_no_other_certificate_of_the_same_root_signs_for_the_log(world: World, profile: str):
    written = sign_checkpoint(
        head_of(world.register), signer_of(world, profile=profile), world.clock
    )
    with pytest.raises(CheckpointUntrustedError, match="not one for audit logs"):
        judge_checkpoint(written, trust_in(world), NOW)


def test_an_authority_does_not_sign_for_the_log(world: World):
    issuer = world.issuing.issuer
    signer = LogSigner(issuer.certificate, issuer.key, [])
    written = sign_checkpoint(head_of(world.register), signer, world.clock)
    with pytest.raises(CheckpointUntrustedError, match="not one for audit logs"):
        judge_checkpoint(written, trust_in(world), NOW)


def test_a_path_is_needed(world: World, tmp_path: Path):
    signer, head = signer_of(world), head_of(world.register)
    alone = sign_checkpoint(head, replace(signer, chain=[]), world.clock)
    with pytest.raises(CheckpointUntrustedError, match="no path"):
        judge_checkpoint(alone, trust_in(world), NOW)
    judge_checkpoint(alone, TrustStore((signer.certificate,)), NOW)
    written = sign_checkpoint(head, signer, world.clock)
    (tmp_path / "elsewhere").mkdir()
    elsewhere = make_world(tmp_path / "elsewhere")
    with pytest.raises(CheckpointUntrustedError, match="no path"):
        judge_checkpoint(written, trust_in(elsewhere), NOW)
    elsewhere.register.close()
    with pytest.raises(CheckpointUntrustedError, match="no path"):
        judge_checkpoint(written, TrustStore(()), NOW)


def test_another_key_with_that_certificate_does_not_sign(world: World):
    signer = replace(signer_of(world), key=new_key())
    written = sign_checkpoint(head_of(world.register), signer, world.clock)
    with pytest.raises(CheckpointUntrustedError, match="does not verify"):
        judge_checkpoint(written, trust_in(world), NOW)


@pytest.mark.parametrize(
    ("signed", "why"),
    [
        (timedelta(seconds=-2), "not valid at the time"),
        (timedelta(days=366 * 5), "not valid at the time"),
        (timedelta(hours=1), "yet to come"),
    ],
)
def test_the_time_of_signing_lies_in_the_certificates_and_has_come(
    world: World, signed: timedelta, why: str
):
    signer, head = signer_of(world), head_of(world.register)
    written = sign_checkpoint(head, signer, FixedClock(NOW + signed))
    late = NOW if why == "yet to come" else NOW + timedelta(days=9999)
    with pytest.raises(CheckpointUntrustedError, match=why):
        judge_checkpoint(written, trust_in(world), late)


def test_a_checkpoint_counts_long_after_its_certificate_lapsed(world: World):
    """Kept for years: what counts is the time it was signed at."""
    written = sign_checkpoint(head_of(world.register), signer_of(world), world.clock)
    judge_checkpoint(written, trust_in(world), NOW + timedelta(days=3650))


def test_no_octet_of_what_is_signed_can_change(world: World):
    written = sign_checkpoint(head_of(world.register), signer_of(world), world.clock)
    judge_checkpoint(written, trust_in(world), NOW)
    text = written.index(b"\n\n") + 1
    for place in range(text):
        for bit in (0, 4):
            changed = bytearray(written)
            changed[place] ^= 1 << bit
            with pytest.raises(PKIError):
                judge_checkpoint(bytes(changed), trust_in(world), NOW)


def test_the_line_names_the_key(world: World):
    head = head_of(world.register)
    first, second = (
        sign_checkpoint(head, signer_of(world), world.clock).decode() for _ in range(2)
    )
    name, _, value = first.rpartition(" ")
    moved = f"{name} {second.rpartition(' ')[2][:5]}{value[5:]}"
    with pytest.raises(PKIError):
        judge_checkpoint(moved.encode(), trust_in(world), NOW)


def test_a_signature_of_nonsense(world: World):
    text = sign_checkpoint(head_of(world.register), signer_of(world), world.clock).decode()
    name = text.rpartition(" ")[0]
    with pytest.raises(PKIError):
        judge_checkpoint(f"{name} AAAAAAAAAAAA\n".encode(), trust_in(world), NOW)


def test_a_signature_over_the_text_inside_it_is_not_one(world: World):
    """The CMS holds content of its own; what it signs is not shown to whoever reads the note."""
    written = sign_checkpoint(head_of(world.register), signer_of(world), world.clock)
    name, _, value = written.decode().rpartition(" ")
    line = base64.b64decode(value)
    signed = cms.ContentInfo.load(line[4:])
    signed["content"]["encap_content_info"]["content"] = written[: written.index(b"\n\n") + 1]
    changed = base64.b64encode(line[:4] + signed.dump(force=True)).decode()
    with pytest.raises(CheckpointUntrustedError):
        judge_checkpoint(f"{name} {changed}\n".encode(), trust_in(world), NOW)
