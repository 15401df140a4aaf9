"""The guards of `pki.register.guards` as SQLite's triggers.

`INSERT OR REPLACE` deletes the row that stands in its way without asking a delete trigger, so
there is a trigger before each insert too.
"""

from __future__ import annotations

from pki.records.certificates import RETENTION_YEARS
from pki.register.guards import (
    CLOSED,
    FOLLOWING,
    GAPLESS,
    IN_ORDER,
    KEPT,
    NEVER,
    NOT_YET,
    ONE_STEP,
    ONE_VERSION,
    RESERVED_FIRST,
    RESERVED_NUMBER,
    RISING,
    UNDELETED,
    UNSENT_FIRST,
    allowed_erasure,
    forbidden_emptying,
    forbidden_erasure,
    forbidden_insert,
    forbidden_line,
    forbidden_line_emptying,
    forbidden_message,
    forbidden_move,
    forbidden_sending,
    forbidden_step,
    forbidden_sweep,
    forbidden_update,
    out_of_order,
)
from pki.register.people_guards import CONDITIONS
from pki.register.personal_guards import EMPTIED, PERSONAL_CONDITIONS, forbidden_change


def _guard(name: str, action: str, table: str, *, when: str = "TRUE", say: str = NEVER) -> str:
    return (
        f"CREATE TRIGGER {table}_{name} BEFORE {action} ON {table} WHEN {when}"
        f" BEGIN SELECT RAISE(ABORT, '{say}'); END"
    )


def _stands(table: str, *keys: str) -> str:
    same = " AND ".join(f"{key} = NEW.{key}" for key in keys)
    return f"EXISTS (SELECT 1 FROM {table} WHERE {same})"  # noqa: S608  names of this file


def _later(column: str) -> str:
    # Without a fraction of a second, and so before the same second with one: good enough for years.
    return f"datetime({column}, '+{RETENTION_YEARS} years')"


SQLITE_GUARDS = (
    *(_guard("no_delete", "DELETE", table) for table in UNDELETED),
    *(_guard("no_update", "UPDATE", table) for table in KEPT),
    _guard(
        "keep",
        "UPDATE",
        "certificates",
        when=f"({forbidden_update('IS NOT')}) AND NOT {allowed_erasure('IS NOT', _later)}",
    ),
    _guard("keep", "UPDATE", "request_contents", when=forbidden_emptying("IS NOT")),
    *(_guard("keep", "UPDATE", table, when=forbidden_change(table, "IS NOT")) for table in EMPTIED),
    _guard("keep", "UPDATE", "notice_messages", when=forbidden_sending("IS NOT")),
    _guard("start", "INSERT", "notice_messages", when=forbidden_message(), say=UNSENT_FIRST),
    _guard("keep", "UPDATE", "plan_lines", when=forbidden_line_emptying("IS NOT")),
    _guard("no_delete", "DELETE", "plan_lines", when=forbidden_sweep()),
    _guard("order", "INSERT", "plan_lines", when=forbidden_line(), say=CLOSED),
    _guard("due", "INSERT", "erasures", when=forbidden_erasure(_later), say=NOT_YET),
    _guard("start", "INSERT", "certificates", when=forbidden_insert(), say=RESERVED_FIRST),
    *(
        _guard(f"no_second_{number}", "INSERT", table, when=_stands(table, *keys))
        for number, (table, keys) in enumerate(
            (
                ("certificates", ("issuer", "serial")),
                ("certificates", ("id",)),
                ("erasures", ("issuer", "serial")),
                ("person_erasures", ("code",)),
                ("foreign_erasures", ("fingerprint",)),
                ("revocations", ("issuer", "serial")),
                ("authorities", ("name",)),
                ("successions", ("name",)),
                ("issuer_names", ("name",)),
                ("crl_floors", ("issuer", "number", "recorded_at")),
                ("foreign_certificates", ("fingerprint",)),
                ("foreign_certificates", ("issuer_sha256", "serial")),
                ("watched_certificates", ("sequence",)),
                ("watched_certificates", ("fingerprint",)),
                ("watched_subjects", ("sequence",)),
                ("watched_statuses", ("sequence",)),
                ("watch_rounds", ("sequence",)),
                ("role_grants", ("id",)),
                ("role_ends", ("id",)),
                ("requests", ("id",)),
                ("request_contents", ("id",)),
                ("request_approvals", ("request", "person")),
                ("request_approvals", ("request", "fingerprint")),
                ("events", ("id",)),
                ("events", ("content_sha256",)),
                ("notices", ("sequence",)),
                ("notices", ("subject", "kind", "number", "channel", "recipient")),
                ("notice_messages", ("sequence",)),
                ("notice_messages", ("id",)),
                ("notice_marks", ("channel", "source", "upto")),
                ("plan_ends", ("plan", "number")),
            )
        )
    ),
    *(
        _guard(
            "rise",
            "INSERT",
            table,
            when=f"NEW.number <= (SELECT max(number) FROM {table} WHERE issuer = NEW.issuer)",  # noqa: S608  as above
            say=RISING,
        )
        for table in ("crl_numbers", "crls")
    ),
    _guard(
        "reserved",
        "INSERT",
        "crls",
        when=f"NOT {_stands('crl_numbers', 'issuer', 'number')}",
        say=RESERVED_NUMBER,
    ),
    *(
        _guard("order", "INSERT", table, when=out_of_order(table), say=IN_ORDER)
        for table in ("revocations", "status_changes")
    ),
    *(_guard(name, "INSERT", table, when=when, say=say) for name, table, when, say in CONDITIONS),
    *(
        _guard(name, "INSERT", table, when=when, say=say)
        for name, table, when, say in PERSONAL_CONDITIONS
    ),
    _guard("step", "INSERT", "status_changes", when=forbidden_step(), say=FOLLOWING),
    _guard("step", "INSERT", "request_moves", when=forbidden_move(), say=ONE_STEP),
    _guard(
        "follow",
        "INSERT",
        "audit",
        when="NEW.sequence IS NOT (SELECT coalesce(max(sequence), 0) + 1 FROM audit)",
        say=GAPLESS,
    ),
    _guard(
        "one",
        "INSERT",
        "schema_version",
        when="EXISTS (SELECT 1 FROM schema_version)",
        say=ONE_VERSION,
    ),
)
