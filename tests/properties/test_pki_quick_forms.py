"""What is written without a library's detour is, octet for octet, what the library writes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects.sqlite import dialect
from sqlalchemy.types import TypeDecorator

from pki.audit.entry import build_entry, read_content
from pki.audit.tree import Edge
from pki.names import name_text
from pki.records.audit import AuditEvent
from pki.register.columns import UTCDateTime
from pki.subject import ATTRIBUTES, Subject, build_subject

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
ZONES = st.integers(-720, 720).map(lambda minutes: timezone(timedelta(minutes=minutes)))
INSTANTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=ZONES)  # noqa: DTZ001  as Hypothesis wants its bounds
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(TEXTS, TEXTS, st.lists(st.tuples(TEXTS, TEXTS), max_size=5), st.integers(0, 7))
def test_an_entry_is_the_json_that_an_encoder_writes(
    actor: str, action: str, facts: list[tuple[str, str]], size: int
):
    event = AuditEvent(NOW, actor, action, tuple(facts))
    entry, _ = build_entry(event, Edge(size, (bytes(32),) * size.bit_count()))
    told = {"action": action, "actor": actor, "at": "2026-01-02T03:04:05.678901Z"}
    told |= {"facts": dict(facts), "sequence": size + 1}
    written = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert entry.content == written.encode()
    same = AuditEvent(NOW, actor, action, tuple(sorted(dict(facts).items())))
    assert read_content(entry.content) == (size + 1, same)


@given(INSTANTS | st.none())
def test_sqlite_keeps_a_time_as_sqlalchemy_writes_it(at: datetime | None):
    kind, sqlite = UTCDateTime().dialect_impl(dialect()), dialect()
    theirs, ours = TypeDecorator.bind_processor(kind, sqlite), kind.bind_processor(sqlite)
    reading = kind.result_processor(sqlite, None)
    assert theirs is not None
    assert ours is not None
    assert reading is not None
    assert ours(at) == theirs(at)
    assert reading(ours(at)) == at


NAMES = st.lists(
    st.tuples(
        st.sampled_from([one for one in ATTRIBUTES if one != "C"]),
        st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30),
    ),
    min_size=1,
    max_size=6,
)


@given(NAMES)
def test_a_name_is_written_as_cryptography_writes_it(attributes: list[tuple[str, str]]):
    subject = Subject((("C", "VN"), *attributes))
    name = x509.Name(
        [x509.NameAttribute(ATTRIBUTES[short].oid, value) for short, value in subject.attributes]
    )
    assert subject.name() == name
    assert subject.name_der() == name.public_bytes()
    assert subject.text() == name_text(name)


def test_values_of_two_attributes_are_kept_apart():
    assert build_subject((("CN", "An"), ("O", "An"))).text() == "CN=An,O=An"
    assert build_subject((("CN", "An"), ("OU", "An"))).text() == "CN=An,OU=An"
