"""Proofs to hand out: entries, what leads from them to a checkpoint, and from an earlier one.

Whoever checks a proof needs no register: the file, the trust anchor and, to know that nothing was
rewritten, a checkpoint that was in their hands before. A proof shows that entries are in the log
and unchanged; that the log has no other entries about the same certificate it cannot show.
"""

from __future__ import annotations

import base64
from typing import Annotated, Literal

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
)

from pki.audit.check import check_consistency, check_inclusion
from pki.audit.checkpoint import TreeHead, check_origin
from pki.audit.entry import read_content
from pki.audit.note import decode_base64
from pki.audit.proof import consistency_proof, inclusion_proof
from pki.audit.tree import HASH_OCTETS, leaf_hash
from pki.audit.verify import compare_heads
from pki.errors.audit import AuditProofGapError, AuditProofMalformedError, AuditProofOfAnotherError
from pki.records.audit import AuditEntry, AuditEvent
from pki.records.certificates import CertificateRecord, serial_text
from pki.records.register import Register

MAX_OCTETS = 4 * 1024 * 1024


def _read_hash(value: object) -> bytes:
    octets = decode_base64(value) if isinstance(value, str) else value
    if not isinstance(octets, bytes) or len(octets) != HASH_OCTETS:
        raise ValueError("not a hash")
    return octets


Hash = Annotated[
    bytes,
    BeforeValidator(_read_hash),
    PlainSerializer(lambda octets: base64.b64encode(octets).decode(), return_type=str),
]
Count = Annotated[int, Field(ge=0, lt=10**18)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ProvenEntry(_Table):
    """One entry, and the way from it to the root."""

    content: str
    """The entry's canonical bytes, which are JSON."""
    proof: tuple[Hash, ...] = Field(max_length=64)


class Beginning(_Table):
    """The way from an earlier checkpoint to this one."""

    size: Count
    proof: tuple[Hash, ...] = Field(max_length=128)


class CertificateNamed(_Table):
    """Which certificate the entries are about."""

    issuer: str
    serial: str
    sha256: str | None
    """Hash of its DER, lower-case hex; None for a serial that was given up."""


class ProofBundle(_Table):
    """What `antin audit prove` writes."""

    format: Literal["antin.audit-proof/1"] = "antin.audit-proof/1"
    checkpoint: str
    """The signed note, as it stands in its own file."""
    since: Beginning | None = None
    certificate: CertificateNamed | None = None
    entries: tuple[ProvenEntry, ...] = ()


def entries_about(register: Register, record: CertificateRecord) -> tuple[AuditEntry, ...]:
    """Return the entries of the log that name a certificate, in order."""
    found = register.search_audit(f'"serial":"{serial_text(record.serial)}"'.encode())
    wanted = _identity(record.issuer, serial_text(record.serial))
    return tuple(entry for entry in found if wanted <= _facts(entry.content))


def prove(
    register: Register,
    head: TreeHead,
    checkpoint: bytes,
    *,
    record: CertificateRecord | None = None,
    since: TreeHead | None = None,
) -> ProofBundle:
    """Return a proof for a checkpoint.

    Args:
        register: whose log.
        head: what the checkpoint says.
        checkpoint: as it was signed.
        record: prove the entries about this certificate.
        since: prove that the log only grew from this earlier head.

    Raises:
        AuditBrokenError: hashes that a proof needs are missing.
        AuditProofGapError: `since` is later than the checkpoint.
    """
    find = register.find_audit_entries
    beginning = None
    if since is not None:
        check_origin(since, head.origin)
        if since.size > head.size:
            raise AuditProofGapError(size=since.size, proof_size=head.size)
        hashes = consistency_proof(since.size, head.size, find)
        beginning = Beginning(size=since.size, proof=hashes)
    entries = entries_about(register, record) if record else ()
    return ProofBundle(
        checkpoint=checkpoint.decode(),
        since=beginning,
        certificate=_name(record) if record else None,
        entries=tuple(
            ProvenEntry(
                content=entry.content.decode(),
                proof=inclusion_proof(entry.sequence - 1, head.size, find),
            )
            for entry in entries
            if entry.sequence <= head.size
        ),
    )


def write_bundle(bundle: ProofBundle) -> bytes:
    """Return the JSON of a proof."""
    return bundle.model_dump_json(indent=1).encode() + b"\n"


def parse_bundle(untrusted: bytes) -> ProofBundle:
    """Read the JSON of a proof; nothing in it is verified.

    Raises:
        AuditProofMalformedError: it is none.
    """
    if len(untrusted) > MAX_OCTETS:
        raise AuditProofMalformedError(reason="too large")
    try:
        return ProofBundle.model_validate_json(untrusted)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise AuditProofMalformedError(reason=f"{where}: {first['msg']}") from error


def check_bundle(
    bundle: ProofBundle, head: TreeHead, *, held: TreeHead | None = None
) -> tuple[tuple[int, AuditEvent], ...]:
    """Check a proof and return what it proves: sequence and event of every entry.

    Args:
        bundle: the proof.
        head: what its checkpoint says; the caller verified the signature.
        held: what a checkpoint says that the caller had before, signature verified.

    Raises:
        AuditNotIncludedError: an entry is not in the log, or not as it is told.
        AuditNotConsistentError: the log did not only grow since `held`.
        AuditSplitError: `held` and the proof are of one size and of different logs.
        AuditProofGapError: the proof does not lead from `held` to its own checkpoint.
        AuditProofMalformedError: an entry is none, or is not about the certificate.
        CheckpointOriginError: `held` is of another log.
    """
    if held is not None:
        _check_since(bundle, head, held)
    return tuple(_check_entry(bundle, entry, head) for entry in bundle.entries)


def check_certificate(bundle: ProofBundle, certificate: x509.Certificate) -> None:
    """Refuse a proof that is not about this certificate; `check_bundle` comes first.

    Raises:
        AuditProofOfAnotherError: it is about another, or does not show this one as issued.
    """
    own = certificate.fingerprint(SHA256()).hex()
    shown = {dict(_facts(entry.content.encode())).get("certificate") for entry in bundle.entries}
    if bundle.certificate is None or bundle.certificate.sha256 != own or own not in shown:
        raise AuditProofOfAnotherError(serial=serial_text(certificate.serial_number))


def _check_since(bundle: ProofBundle, head: TreeHead, held: TreeHead) -> None:
    check_origin(head, held.origin)
    compare_heads(held, head)
    if held.size == head.size:
        return
    if bundle.since is None or bundle.since.size != held.size:
        raise AuditProofGapError(size=held.size, proof_size=head.size)
    check_consistency((held.size, held.root), (head.size, head.root), bundle.since.proof)


def _check_entry(bundle: ProofBundle, entry: ProvenEntry, head: TreeHead) -> tuple[int, AuditEvent]:
    content = entry.content.encode()
    told = read_content(content)
    if told is None:
        raise AuditProofMalformedError(reason="content is not an entry")
    named = bundle.certificate
    if named is not None and not _identity(named.issuer, named.serial) <= _facts(content):
        raise AuditProofMalformedError(reason="an entry is about another certificate")
    leaf = leaf_hash(content)
    check_inclusion(leaf, told[0] - 1, head.size, proof=entry.proof, root=head.root)
    return told


def _identity(issuer: str, serial: str) -> set[tuple[str, str]]:
    return {("issuer", issuer), ("serial", serial)}


def _facts(content: bytes) -> set[tuple[str, str]]:
    told = read_content(content)
    return set(told[1].facts) if told else set()


def _name(record: CertificateRecord) -> CertificateNamed:
    return CertificateNamed(
        issuer=record.issuer, serial=serial_text(record.serial), sha256=record.fingerprint
    )
