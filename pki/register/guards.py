"""What the database itself holds to, whoever writes to it; each engine puts it in its own SQL.

Nothing is deleted. A certificate's state moves along `MOVES` alone, what was reserved stays as it
was, and the certificate comes once. CRL numbers rise, the audit log has no gap. This keeps the
register from mistakes, also of another program that opens it; it stops no attacker who owns the
database: the audit log's checkpoints are for that.
"""

from __future__ import annotations

from pki.records import CertificateState

MOVES = (
    (CertificateState.RESERVED, CertificateState.ISSUED),
    (CertificateState.RESERVED, CertificateState.ABANDONED),
    (CertificateState.ISSUED, CertificateState.REVOKED),
)
"""Every change of state there is. A new one stands here, and in a migration that lays the guards
of existing registers again."""

FIRST_STATE = CertificateState.RESERVED
KEPT = ("authorities", "revocations", "status_changes", "crls", "audit", "issuer_names")
"""Tables whose rows are neither changed nor deleted."""
UNDELETED = (*KEPT, "certificates", "schema_version")
FIXED = (
    *("id", "issuer", "serial", "tbs_der", "subject", "subject_folded", "profile", "not_before"),
    *("not_after", "spki_sha256", "requester", "reserved_at"),
)
"""Columns of a certificate that stay as they were reserved."""
ONCE = ("der", "fingerprint")
"""Columns of a certificate that are filled once, when it is issued."""

NEVER = "antin: this record is never changed or deleted"
RESERVED_FIRST = "antin: a certificate is reserved before it is anything else"
RISING = "antin: a CRL number is higher than every one before"
GAPLESS = "antin: the audit log goes on where it ends"
ONE_VERSION = "antin: the register has one version"
MARK = "antin"
"""Stands in every guard: by this a migration knows which to take away."""


def forbidden_update(differs: str) -> str:
    """Return the SQL condition under which an update of a certificate is refused.

    Args:
        differs: the engine's operator for "is another value", nulls compared too.
    """
    moves = ", ".join(f"'{start}>{end}'" for start, end in MOVES)
    return " OR ".join(
        (
            *(f"OLD.{name} {differs} NEW.{name}" for name in FIXED),
            *(f"(OLD.{name} IS NOT NULL AND OLD.{name} {differs} NEW.{name})" for name in ONCE),
            # Filled when it is issued, and then only.
            *(f"(NEW.{name} IS NULL) <> (NEW.state IN {_withheld()})" for name in ONCE),
            f"(OLD.state || '>' || NEW.state) NOT IN ({moves})",
        )
    )


def forbidden_insert() -> str:
    """Return the SQL condition under which a new certificate is refused."""
    return f"NEW.state <> '{FIRST_STATE}' OR NEW.der IS NOT NULL OR NEW.fingerprint IS NOT NULL"


def _withheld() -> str:
    return f"('{CertificateState.RESERVED}', '{CertificateState.ABANDONED}')"
