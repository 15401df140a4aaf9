"""The register of a province: 67,668 certificates, found by what people know of them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from pki_engines import Place
from pki_rows import fill, subject
from pki_world import NOW
from sqlalchemy import event

from pki.clock import FixedClock
from pki.records.certificates import CertificateQuery, CertificateState
from pki.register.search import narrowed
from pki.register.sql import SQLRegister, create_register

pytestmark = pytest.mark.long

PROVINCE = 67_668
PAGE = 50
EXPLAIN = {"sqlite": "EXPLAIN QUERY PLAN ", "postgresql": "EXPLAIN "}
WHOLE_TABLE = re.compile(r"SCAN certificates(?! USING)|Seq Scan on certificates")
"""How the engines say that they read every row, which is a dozen times as long as its subject."""


def plan_of(register: SQLRegister, query: CertificateQuery) -> str:
    """Return how the engine goes about a query."""
    engine = register._store.engine
    seen: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, *told: Any) -> None:
        seen.append((told[0], told[1]))

    with engine.connect() as connection:
        event.listen(connection, "before_cursor_execute", note)
        connection.execute(*narrowed(query)).all()
        statement, values = seen[-1]
        event.remove(connection, "before_cursor_execute", note)
        rows = connection.exec_driver_sql(EXPLAIN[engine.dialect.name] + statement, values).all()
    return "\n".join(str(row[-1]) for row in rows)


def test_a_province_is_searched_without_reading_all_of_it(place: Place):
    register = create_register(place.url, FixedClock(NOW))
    fill(register, "issuing", PROVINCE)
    active, soon = CertificateState.ISSUED, NOW + timedelta(days=30)
    page = register.find_certificates(CertificateQuery(text="nguyen", limit=PAGE))
    last = (page[-1].issuer, page[-1].serial)
    one = CertificateQuery(text=f"CCCD:{PROVINCE - 1:012}")
    assert [found.subject for found in register.find_certificates(one)] == [subject(PROVINCE - 1)]
    queries = {
        "a common name": CertificateQuery(text="nguyen van", limit=PAGE),
        "a rare one": CertificateQuery(text="ĐÔNG HÀ hương bui", limit=PAGE),
        "one person": one,
        "nobody": CertificateQuery(text="no such person", limit=PAGE),
        "the next page": CertificateQuery(text="nguyen", limit=PAGE, after=last),
        "what ends soon": CertificateQuery(
            state=active, not_after_from=NOW, not_after_before=soon, limit=PAGE
        ),
        "who ends soon": CertificateQuery(
            text="tran", not_after_from=NOW, not_after_before=soon, limit=PAGE
        ),
        "what was left open": CertificateQuery(state=CertificateState.RESERVED),
        "an office, by state and profile": CertificateQuery(
            text="bac ai", state=active, profile="official", issuer="issuing", limit=PAGE
        ),
    }
    plans = {name: plan_of(register, query) for name, query in queries.items()}
    with register._store.engine.begin() as connection:
        connection.exec_driver_sql("DROP INDEX ix_certificates_searched")
    assert WHOLE_TABLE.search(plan_of(register, queries["nobody"])), "without the index it shows"
    register.close()
    print(*(f"{name}:\n{plan}" for name, plan in plans.items()), sep="\n")  # noqa: T201
    assert {name for name, plan in plans.items() if WHOLE_TABLE.search(plan)} == set()
