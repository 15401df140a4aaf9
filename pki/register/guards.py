"""What the database itself holds to, whoever writes to it; each engine puts it in its own SQL.

Nothing is deleted. A certificate's state moves along `MOVES` alone, what was reserved stays as it
was, and the certificate comes once. One move more there is: what a certificate says of a person is
emptied, five years after its end and beside a row of `erasures`. CRL numbers rise, the audit log
has no gap. This keeps the register from mistakes, also of another program that opens it; it stops
no attacker who owns the database: the audit log's checkpoints are for that.
"""

from __future__ import annotations

from collections.abc import Callable

from pki.records.certificates import EVIDENCE_PROFILES, CertificateState, StatusKind
from pki.records.notices import MESSAGE_MOVES, MessageState
from pki.records.requests import MOVES as REQUEST_MOVES
from pki.records.requests import RequestKind, RequestState
from pki.register.people_guards import VERSIONED
from pki.register.personal_guards import EMPTIED as EMPTIED_PERSONAL
from pki.register.personal_guards import words_may_go

HOLD, RELEASE = StatusKind.HOLD, StatusKind.RELEASE
REVOKE, UPGRADE = StatusKind.REVOKE, StatusKind.UPGRADE

MOVES = (
    (CertificateState.RESERVED, CertificateState.ISSUED),
    (CertificateState.RESERVED, CertificateState.ABANDONED),
    (CertificateState.ISSUED, CertificateState.REVOKED),
)
"""Every change of state there is. A new one stands here, and in a migration that lays the guards
of existing registers again."""

STEPS = (
    *((None, HOLD), (RELEASE, HOLD), (HOLD, RELEASE), (HOLD, REVOKE)),
    *((None, UPGRADE), (RELEASE, UPGRADE), (REVOKE, UPGRADE)),
)
"""Which row of `status_changes` follows which of the same serial; `pki.transitions` says why."""

FIRST_STATE = CertificateState.RESERVED
KEPT = (
    "authorities",
    "erasures",
    "successions",
    "revocations",
    "status_changes",
    "crl_numbers",
    "crls",
    "crl_floors",
    "watched_certificates",
    "watched_statuses",
    "watch_rounds",
    "audit",
    "issuer_names",
    *(table for table, _ in VERSIONED if table not in EMPTIED_PERSONAL),
    "person_erasures",
    "foreign_erasures",
    "role_grants",
    "role_ends",
    "requests",
    "request_moves",
    "request_approvals",
    "events",
    "notices",
    "notice_marks",
    "plan_ends",
)
"""Tables whose rows are neither changed nor deleted."""
UNDELETED = (
    *KEPT,
    *EMPTIED_PERSONAL,
    "certificates",
    "request_contents",
    "notice_messages",
    "schema_version",
)
FIXED = (
    *("id", "issuer", "serial", "tbs_der", "subject", "subject_folded", "profile", "not_before"),
    *("not_after", "spki_sha256", "requester", "reserved_at", "holder", "follows"),
    *("request_id", "request_sha256"),
)
"""Columns of a certificate that stay as they were reserved."""
ONCE = ("der", "fingerprint")
"""Columns of a certificate that are filled once, when it is issued."""
EMPTIED = ("tbs_der", "der", "subject", "subject_folded", "holder", "requester")
"""Columns of a certificate that an erasure empties, all of them."""
UNNAMED = ("request_id", "request_sha256")
"""Columns that an erasure makes null."""

NEVER = "antin: this record is never changed or deleted"
RESERVED_FIRST = "antin: a certificate is reserved before it is anything else"
RISING = "antin: a CRL number is higher than every one before"
RESERVED_NUMBER = "antin: a CRL has a number that was reserved for it"
IN_ORDER = "antin: revocations and changes of status are numbered in their order"
FOLLOWING = "antin: this change of status does not follow what stands"
GAPLESS = "antin: the audit log goes on where it ends"
ONE_VERSION = "antin: the register has one version"
ONE_STEP = "antin: this step of a request does not follow"
UNSENT_FIRST = "antin: a message waits before it is anything else"
CLOSED = "antin: a line of a plan comes before its head, in order"
NOT_YET = "antin: this certificate is not to be erased now, or never"
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


Later = Callable[[str], str]
"""An engine's SQL for the moment `RETENTION_YEARS` after that of a column."""


def allowed_erasure(differs: str, later: Later) -> str:
    """Return the SQL condition under which an update of a certificate is its erasure.

    Args:
        differs: as in `forbidden_update`.
        later: the end of the time for which it must be kept.
    """
    still = ("state", "fingerprint", *(name for name in FIXED if name not in (*EMPTIED, *UNNAMED)))
    told = "erasures.issuer = OLD.issuer AND erasures.serial = OLD.serial"
    conditions = (
        *(f"NOT (OLD.{name} {differs} NEW.{name})" for name in still),
        *(f"length(NEW.{name}) = 0" for name in EMPTIED if name != "der"),
        *(f"NEW.{name} IS NULL" for name in UNNAMED),
        "(OLD.der IS NULL) = (NEW.der IS NULL)",
        "(NEW.der IS NULL OR length(NEW.der) = 0)",
        _exists(f"erasures WHERE {told} AND {later('OLD.not_after')} < erasures.at"),
        _erasable("OLD"),
    )
    return f"coalesce({' AND '.join(conditions)}, 1 = 0)"


def forbidden_erasure(later: Later) -> str:
    """Return the SQL condition under which a new row of `erasures` is refused."""
    same = "c.issuer = NEW.issuer AND c.serial = NEW.serial"
    due = f"{later('c.not_after')} < NEW.at"
    return "NOT " + _exists(f"certificates c WHERE {same} AND {due} AND {_erasable('c')}")


def _erasable(row: str) -> str:
    states = tuple(state for state in CertificateState if state is not FIRST_STATE)
    return " AND ".join(
        (
            f"{row}.state IN ({_words(states)})",
            f"{row}.profile NOT IN ({_words(EVIDENCE_PROFILES)})",
            "NOT " + _exists(f"authorities a WHERE a.profile = {row}.profile"),
            "NOT " + _exists(f"authorities a WHERE a.certificate_der = {row}.der"),
        )
    )


def _words(names: tuple[str, ...]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def forbidden_insert() -> str:
    """Return the SQL condition under which a new certificate is refused."""
    return f"NEW.state <> '{FIRST_STATE}' OR NEW.der IS NOT NULL OR NEW.fingerprint IS NOT NULL"


def out_of_order(table: str) -> str:
    """Return the SQL condition under which a row's number does not rise.

    Args:
        table: `revocations` or `status_changes`. A revocation that ends a hold is a row of both,
            of the same number, and comes into `revocations` first.
    """
    not_before = ">" if table == "status_changes" else ">="
    return (
        _exists(f"revocations WHERE sequence {not_before} NEW.sequence")
        + " OR "
        + _exists("status_changes WHERE sequence >= NEW.sequence")
    )


def forbidden_step() -> str:
    """Return the SQL condition under which a change of status is refused."""
    steps = ", ".join(f"'{before or ''}>{kind}'" for before, kind in STEPS)
    changes = f"FROM status_changes WHERE {_SAME} ORDER BY sequence DESC LIMIT 1"
    return (
        f"(coalesce((SELECT kind {changes}), '') || '>' || NEW.kind) NOT IN ({steps})"
        f" OR (NEW.kind IN ('{REVOKE}', '{UPGRADE}')) <> {_exists(f'revocations WHERE {_SAME}')}"
    )


def forbidden_move() -> str:
    """Return the SQL condition under which a step of a request is refused."""
    moves = ", ".join(f"'{before or ''}>{state}'" for before, state in REQUEST_MOVES)
    last = "FROM request_moves WHERE request = NEW.request ORDER BY number DESC LIMIT 1"
    return (
        f"(coalesce((SELECT state {last}), '') || '>' || NEW.state) NOT IN ({moves})"
        f" OR NEW.number <> coalesce((SELECT number {last}), 0) + 1"
        f" OR ((SELECT state {last}) = '{RequestState.RUNNING}'"
        f" AND NEW.state = '{RequestState.WITHDRAWN}' AND NOT "
        + _exists(f"requests WHERE id = NEW.request AND kind = '{RequestKind.PLAN}'")
        + ")"
    )


def forbidden_sending(differs: str) -> str:
    """Return the SQL condition under which an update of a message is refused."""
    fixed = ("sequence", "id", "channel", "recipient", "digest", "created_at")
    moves = ", ".join(f"'{start}>{end}'" for start, end in MESSAGE_MOVES)
    return " OR ".join(
        (
            *(f"OLD.{name} {differs} NEW.{name}" for name in fixed),
            "NEW.tries < OLD.tries",
            f"(OLD.state || '>' || NEW.state) NOT IN ({moves})",
        )
    )


def forbidden_message() -> str:
    """Return the SQL condition under which a new message is refused."""
    return f"NEW.state <> '{MessageState.PENDING}' OR NEW.tries <> 0"


def forbidden_line() -> str:
    """Return the SQL condition under which a new line of a plan is refused."""
    last = "SELECT coalesce(max(number), 0) + 1 FROM plan_lines WHERE plan = NEW.plan"
    return f"NEW.number <> ({last}) OR {_exists('requests WHERE id = NEW.plan')}"


def forbidden_sweep() -> str:
    """Return the SQL condition under which a line of a plan stays: the plan has a head."""
    return _exists("requests WHERE id = OLD.plan")


def forbidden_line_emptying(differs: str) -> str:
    """Return the SQL condition under which the words of a line stay as they are.

    They go with the content of the certificate that came of them, and not before.
    """
    still = (f"OLD.{name} {differs} NEW.{name}" for name in _CODES)
    erased = (
        "erasures e JOIN certificates c ON c.issuer = e.issuer AND c.serial = e.serial"
        " WHERE c.request_id = OLD.plan || '.' || OLD.number AND c.issuer = OLD.issuer"
    )
    return f"{' OR '.join(still)} OR length(NEW.deed) > 0 OR NOT {_exists(erased)}"


_CODES = (
    *("plan", "number", "kind", "issuer", "profile", "serial"),
    *("person", "post", "agency", "device"),
)
"""Columns of a plan's line that stay when its words are emptied."""


def forbidden_emptying(differs: str) -> str:
    """Return the SQL condition under which the words of a request stay as they are.

    They go with the content of the certificate that came of them, and not before; where none came,
    with what speaks of the person.
    """
    erased = (
        "erasures e JOIN certificates c ON c.issuer = e.issuer AND c.serial = e.serial"
        " WHERE c.request_id = OLD.id"
    )
    may_go = f"({_exists(erased)} OR {words_may_go()})"
    return f"OLD.id {differs} NEW.id OR length(NEW.content) > 0 OR NOT {may_go}"


def _exists(rows: str) -> str:
    return f"EXISTS (SELECT 1 FROM {rows})"  # noqa: S608  words of this file


_SAME = "issuer = NEW.issuer AND serial = NEW.serial"


def _withheld() -> str:
    return f"('{CertificateState.RESERVED}', '{CertificateState.ABANDONED}')"
