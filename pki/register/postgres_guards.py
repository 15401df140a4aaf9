"""The guards of `pki.register.guards` as PostgreSQL's triggers.

A condition without a look at other rows stands in the trigger itself; the others are functions,
which keep the schema they were made in, wherever a session's `search_path` points.
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


def _function(name: str, say: str, *, when: str = "TRUE", gives: str = "NEW") -> str:
    return f"""
CREATE OR REPLACE FUNCTION antin_{name}() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
BEGIN
  IF {when} THEN
    RAISE EXCEPTION '{say}' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN {gives};
END
$$"""


def _guard(
    name: str, action: str, table: str, *, function: str = "never", when: str | None = None
) -> str:
    each = "STATEMENT" if action == "TRUNCATE" else "ROW"
    condition = f" WHEN ({when})" if when else ""
    return (
        f"CREATE TRIGGER {table}_{name} BEFORE {action} ON {table} FOR EACH {each}{condition}"
        f" EXECUTE FUNCTION antin_{function}()"
    )


def _later(column: str) -> str:
    return f"{column} + INTERVAL '{RETENTION_YEARS} years'"


_DIFFERS = "IS DISTINCT FROM"
POSTGRES_GUARDS = (
    _function("never", NEVER),
    _function("reserved_first", RESERVED_FIRST),
    _function("unsent_first", UNSENT_FIRST),
    *(
        _function(
            f"rising_{table}",
            RISING,
            when=f"EXISTS (SELECT 1 FROM {table} WHERE issuer = NEW.issuer"  # noqa: S608  named here
            " AND number >= NEW.number)",
        )
        for table in ("crl_numbers", "crls")
    ),
    _function(
        "reserved_number",
        RESERVED_NUMBER,
        when="NOT EXISTS"
        " (SELECT 1 FROM crl_numbers WHERE issuer = NEW.issuer AND number = NEW.number)",
    ),
    _function(
        "gapless",
        GAPLESS,
        when="NEW.sequence IS DISTINCT FROM (SELECT coalesce(max(sequence), 0) + 1 FROM audit)",
    ),
    *(
        _function(f"order_{table}", IN_ORDER, when=out_of_order(table))
        for table in ("revocations", "status_changes")
    ),
    *(
        _function(f"{name}_{table}", say, when=when)
        for name, table, when, say in (*CONDITIONS, *PERSONAL_CONDITIONS)
    ),
    *(
        _function(f"unless_{table}", NEVER, when=forbidden_change(table, _DIFFERS))
        for table in EMPTIED
    ),
    _function("step", FOLLOWING, when=forbidden_step()),
    _function("one_version", ONE_VERSION, when="EXISTS (SELECT 1 FROM schema_version)"),
    # Asked of what the trigger's own condition would forbid, and of nothing else.
    _function("unless_erased", NEVER, when=f"NOT {allowed_erasure(_DIFFERS, _later)}"),
    _function("unless_emptied", NEVER, when=forbidden_emptying(_DIFFERS)),
    _function("unless_line_emptied", NEVER, when=forbidden_line_emptying(_DIFFERS)),
    _function("unless_headless", NEVER, when=forbidden_sweep(), gives="OLD"),
    _function("plan_order", CLOSED, when=forbidden_line()),
    _function("request_step", ONE_STEP, when=forbidden_move()),
    _function("due", NOT_YET, when=forbidden_erasure(_later)),
    *(_guard("no_delete", "DELETE", table) for table in UNDELETED),
    *(_guard("no_truncate", "TRUNCATE", table) for table in UNDELETED),
    *(_guard("no_update", "UPDATE", table) for table in KEPT),
    _guard(
        "keep",
        "UPDATE",
        "certificates",
        function="unless_erased",
        when=forbidden_update(_DIFFERS),
    ),
    _guard("keep", "UPDATE", "request_contents", function="unless_emptied"),
    _guard("keep", "UPDATE", "notice_messages", when=forbidden_sending(_DIFFERS)),
    _guard(
        "start",
        "INSERT",
        "notice_messages",
        function="unsent_first",
        when=forbidden_message(),
    ),
    _guard("keep", "UPDATE", "plan_lines", function="unless_line_emptied"),
    _guard("no_delete", "DELETE", "plan_lines", function="unless_headless"),
    _guard("no_truncate", "TRUNCATE", "plan_lines"),
    _guard("order", "INSERT", "plan_lines", function="plan_order"),
    _guard("due", "INSERT", "erasures", function="due"),
    _guard("start", "INSERT", "certificates", function="reserved_first", when=forbidden_insert()),
    *(
        _guard("rise", "INSERT", table, function=f"rising_{table}")
        for table in ("crl_numbers", "crls")
    ),
    _guard("reserved", "INSERT", "crls", function="reserved_number"),
    *(
        _guard("order", "INSERT", table, function=f"order_{table}")
        for table in ("revocations", "status_changes")
    ),
    *(
        _guard(name, "INSERT", table, function=f"{name}_{table}")
        for name, table, _when, _say in (*CONDITIONS, *PERSONAL_CONDITIONS)
    ),
    *(_guard("keep", "UPDATE", table, function=f"unless_{table}") for table in EMPTIED),
    _guard("step", "INSERT", "status_changes", function="step"),
    _guard("step", "INSERT", "request_moves", function="request_step"),
    _guard("follow", "INSERT", "audit", function="gapless"),
    _guard("one", "INSERT", "schema_version", function="one_version"),
)
