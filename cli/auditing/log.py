"""This home's log: its signer, its newest checkpoint, and who is trusted to have signed one.

The newest checkpoint stays in the home. No other is signed unless the log goes on from it, so the
log's key never tells two histories, and a database that was rewritten or put back shows at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from cryptography import x509

from cli.auditing.judge import Checkpoint, judge_checkpoint
from cli.errors import NoLogSignerError, ServiceFaultyError
from cli.files import read_small
from cli.homes.home import Home
from cli.homes.office import Office
from cli.homes.settings import Audit
from cli.session import Session
from pki.atomic import write_atomically
from pki.audit.check import check_consistency
from pki.audit.checkpoint import LogSigner, TreeHead, check_origin, sign_checkpoint
from pki.audit.entry import check_clock
from pki.audit.proof import consistency_proof
from pki.audit.stored import read_edge
from pki.audit.verify import compare_heads
from pki.errors.audit import (
    AuditCutError,
    AuditNotConsistentError,
    AuditRewrittenError,
    AuditSplitError,
)
from pki.keys import certifies
from pki.records.register import Register
from verify.trust import TrustStore, load_trust


def trust_of(home: Home, named: Iterable[Path] = ()) -> TrustStore:
    """Return who is trusted: the files named, else the home's anchors and its own log key.

    Raises:
        TrustFileError: a file that holds no certificate.
    """
    files = tuple(named)
    if files:
        return load_trust(files)
    configured = [*home.settings.verify.trust]
    if home.settings.audit is not None:
        configured.append(home.settings.audit.certificate)
    return load_trust(path for path in map(home.path, configured) if path.exists())


def read_checkpoint(session: Session, path: Path, trust: TrustStore) -> Checkpoint:
    """Read a checkpoint whose signature counts.

    Raises:
        UnreadableFileError: no such file.
        PKIError: see `cli.auditing.judge`.
    """
    return judge_checkpoint(read_small(path), trust, session.clock.now())


def kept_checkpoint(session: Session, home: Home, trust: TrustStore) -> Checkpoint | None:
    """Return the newest checkpoint that this home signed, if there is one.

    Raises:
        PKIError: see `cli.auditing.judge`.
    """
    if not home.checkpoint.exists():
        return None
    return read_checkpoint(session, home.checkpoint, trust)


def new_checkpoint(office: Office) -> tuple[TreeHead, bytes]:
    """Sign the log as it is now, and keep the checkpoint in the home; lock the home before.

    Returns:
        The head, and the checkpoint as it is written to a file.

    Raises:
        NoLogSignerError: no key is configured.
        AuditCutError, AuditRewrittenError: the log does not go on from the kept checkpoint.
        AuditBrokenError: hashes are missing at its end.
        ClockBeforeRecordError: the clock was set back.
        CheckpointUntrustedError: nobody would take it: the certificate lapsed, or is another's.
        PKIError: the key cannot be used.
    """
    settings = office.home.settings.audit
    if settings is None:
        raise NoLogSignerError
    clock = office.session.clock
    check_clock(office.register, clock.now())
    head = _head(office.register, settings.origin)
    trust = trust_of(office.home)
    kept = kept_checkpoint(office.session, office.home, trust)
    if kept is not None:
        _goes_on(office.register, kept.head, head)
    written = sign_checkpoint(head, _signer(office, settings), clock)
    judge_checkpoint(written, trust, clock.now())
    write_atomically(office.home.checkpoint, written, overwrite=True)
    return head, written


def _head(register: Register, origin: str) -> TreeHead:
    last = register.last_audit_entry()
    edge = read_edge(last.sequence if last else 0, register.find_audit_entries)
    return TreeHead(origin, edge.size, edge.root())


def _goes_on(register: Register, kept: TreeHead, head: TreeHead) -> None:
    check_origin(kept, head.origin)
    if head.size < kept.size:
        raise AuditCutError(size=kept.size, found=head.size)
    try:
        compare_heads(kept, head)
        proof = consistency_proof(kept.size, head.size, register.find_audit_entries)
        check_consistency((kept.size, kept.root), (head.size, head.root), proof)
    except (AuditSplitError, AuditNotConsistentError) as error:
        raise AuditRewrittenError(size=kept.size) from error


def _signer(office: Office, settings: Audit) -> LogSigner:
    path = office.home.path(settings.certificate)
    try:
        certificate = x509.load_pem_x509_certificate(read_small(path))
    except ValueError as error:
        raise ServiceFaultyError(what=path.name) from error
    key = office.open_key(settings.key, certificate)
    if not certifies(certificate, key):
        raise ServiceFaultyError(what=path.name)
    chain = tuple(
        x509.load_der_x509_certificate(record.certificate_der)
        for record in office.register.list_authorities()
        if record.parent is not None
    )
    return LogSigner(certificate, key, chain)
