"""Raising and queueing over arbitrary bytes: our errors alone, and nothing wrong is given out."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st
from unit.signing.signing_world import NOW, TSA_URL, World, make_pdf

from pki.errors.tree import PKIError
from signing.display.profile import load_display
from signing.errors.queue import QueueEntryUnreadableError
from signing.extend import extend_document
from signing.extension import Extension
from signing.options import Level, SigningOptions
from signing.queue import LEVELS, Entry, Queue
from signing.sign import sign_document
from verify.indication import Indication


@cache
def world() -> World:
    return World()


@cache
def signed(room: bool) -> bytes:
    options = SigningOptions(display=load_display("none"), timestamp_later=room)
    services = world().services()
    return sign_document(
        make_pdf(), signer=world().signer(), options=options, services=services
    ).data


@settings(max_examples=60)
@given(st.booleans(), st.floats(0, 1, exclude_max=True), st.integers(1, 255))
def test_any_byte_changed_before_raising_is_refused_or_did_not_matter(room, where, flip):
    data = bytearray(signed(room))
    data[int(where * len(data))] ^= flip
    services = replace(world().services(), pause=lambda _: None)
    wish = Extension(Level.B_LTA, tsa_url=TSA_URL)
    try:
        done = extend_document(bytes(data), wish=wish, services=services)
    except PKIError:
        return
    assert done.report.indication is Indication.TOTAL_PASSED
    assert done.level == "B-LTA"


@given(
    st.text(st.characters(exclude_characters="\0"), min_size=1, max_size=40),
    st.sampled_from(LEVELS),
    st.integers(0, 10**9),
    st.one_of(st.none(), st.text(max_size=20)),
)
def test_whatever_is_queued_is_read_back(name, level, number, words):
    entry = Entry(
        path=Path("/") / name,
        level=level,
        known=(("ab" * 32, number),),
        added_at=NOW,
        not_after=NOW + timedelta(seconds=number),
        attempts=number % 100,
        failure=words,
        tsa_url=words,
    )
    with TemporaryDirectory() as folder:
        queue = Queue(Path(folder))
        queue.add(entry)
        assert queue.find(entry.id) == entry


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
KEYS = ("path", "level", "known", "tsa_url", "added_at", "not_after", "status_until")
MORE = ("attempts", "next_at", "failure", "refused")


@given(JSON | st.fixed_dictionaries(dict.fromkeys((*KEYS, *MORE), JSON)))
def test_whatever_stands_in_an_entry_is_read_or_told_to_be_unreadable(found):
    with TemporaryDirectory() as folder:
        queue = Queue(Path(folder))
        (Path(folder) / "x.json").write_text(json.dumps(found), "utf-8")
        try:
            entry = queue.find("x")
        except QueueEntryUnreadableError:
            return
        assert entry is None or entry.level in LEVELS


@settings(max_examples=15)
@given(st.lists(st.sampled_from(["down", "up", "moved", "back"]), max_size=6))
def test_whatever_happens_while_it_waits_it_is_raised_once_in_the_end(events):
    """A state machine by hand: services and document come and go, and nothing is lost."""
    from unit.signing.test_signing_later import Desk

    with TemporaryDirectory() as folder:
        desk = Desk(Path(folder))
        desk.sign()
        path, away = desk.folder / "out.pdf", desk.folder / "away"
        for event in events:
            if event == "down":
                desk.world.broken.add("tsa")
            elif event == "up":
                desk.world.broken.clear()
            elif event == "moved" and path.exists():
                path.rename(away)
            elif event == "back" and away.exists():
                away.rename(path)
            desk.work()
            desk.world.clock.advance(timedelta(hours=1))
        desk.world.broken.clear()
        if away.exists():
            away.rename(path)
        desk.work()
        assert desk.queue.ids() == ()
        assert b"/DSS" in path.read_bytes(), "the evidence is there"
        assert path.read_bytes().count(b"/ETSI.RFC3161") == 1, "one archive time-stamp"
