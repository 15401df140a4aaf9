"""The ceremony's file, its transcript and the replay; every forgery, and what is no forgery."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from pki_ceremony_world import (
    Acting,
    Entries,
    artefact,
    beginning,
    forged,
    profile_text,
    run_all,
    sample,
)
from pki_world import NOW, make_world, new_key, someone

from pki.ceremony import replay
from pki.ceremony.plan import MAX_OCTETS, parse_plan
from pki.ceremony.profiles import hash_of, read_texts
from pki.ceremony.replay import check_same_steps, check_transcript
from pki.ceremony.run import begin, check_same_ceremony, go_on
from pki.ceremony.signature import sign_transcript
from pki.ceremony.transcript import (
    Transcript,
    fixed,
    line_of,
    parse_transcript,
    time_text,
    varies,
)
from pki.clock import FixedClock
from pki.errors.ceremony import (
    CeremonyFileError,
    CeremonyPINError,
    CeremonyProfileError,
    TranscriptBrokenError,
    TranscriptDiffersError,
    TranscriptMalformedError,
    TranscriptStepError,
    TranscriptUnfinishedError,
)
from pki.errors.clock import ClockBeforeRecordError
from pki.errors.keys import KeyMismatchError
from pki.errors.register import RegisterBusyError
from pki.errors.tree import PKIError
from pki.register.sql import create_register

CLOCK = FixedClock(NOW)
_SUPERSEDED = x509.ReasonFlags.superseded


def ran(folder: Path, **more: Any) -> Transcript:
    register = create_register(folder / "register.db", CLOCK)
    try:
        return run_all(register, **more)
    finally:
        register.close()


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Transcript:
    return ran(tmp_path_factory.mktemp("real"))


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> Transcript:
    return ran(tmp_path_factory.mktemp("rehearsed"), rehearsal=True)


# The file


def test_the_file_of_the_page_is_sound():
    plan = parse_plan(sample())
    assert [one.id for one in plan.signers] == ["chu-tri", "giam-sat"]
    assert plan.profile_names == ("root", "issuing", "audit")


@pytest.mark.parametrize("key", ["pin", "so_pin", "PIN", "password", "mật_khẩu", "puk", "secret"])
@pytest.mark.parametrize("place", ["", "[pins]\n", "[[step]]\n", "[[person]]\na = [{b = 1},{"])
def test_a_file_with_a_pin_is_refused_and_not_told(key: str, place: str):
    last = "}]" if place.endswith("{") else ""
    with pytest.raises(CeremonyPINError) as refused:
        parse_plan(f'{place}"{key}" = "12345678"{last}\n')
    assert "12345678" not in repr(refused.value.facts)


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("signs = true", "signs = false", "nobody_signs"),
        ('id = "giam-sat"', 'id = "chu-tri"', "twice"),
        ('confirm = ["chu-tri", "giam-sat"]', 'confirm = ["ai-do"]', "unknown"),
        ('key = "issuing"\ntoken = "issuing"', 'key = "root"\ntoken = "issuing"', "twice"),
        ('key = "root"\ntoken = "root"', 'key = "root"\ntoken = "other"', "unknown"),
        ('key = "issuing"\nprofile', 'key = "root"\nprofile', "twice"),
        ('parent = "root"', 'parent = "none"', "unknown"),
        ('authority = "issuing"\nkey', 'authority = "root"\nkey', "twice"),
        ('key = "audit"\nauthority = "issuing"', 'key = "audit"\nauthority = "x"', "unknown"),
        ('key = "audit"\nauthority', 'key = "root"\nauthority', "twice"),
        ('key_type = "ec-p384"', 'key_type = "dsa"', "value"),
        ("initialise = true", "initialise = true\nextra = 1", "value"),
        ("initialise = true", "blank = true", "blank"),
        ("initialise = true", 'initialise = true\nserial = "00aa"', "blank"),
        ("name = ", "name ", "not_toml"),
        ('folder = "public"', 'folder = "../public"', "value"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(old: str, new: str, what: str):
    text = sample().replace(old, new)
    assert text != sample()
    with pytest.raises(CeremonyFileError) as refused:
        parse_plan(text)
    assert str(refused.value.facts["reason"]).split("'")[1].endswith(what)


def test_a_file_too_large_or_too_deep_is_refused():
    for text in ("#" * (MAX_OCTETS + 1), "a = " + "[" * 5000):
        with pytest.raises(CeremonyFileError):
            parse_plan(text)


@given(st.text(max_size=200))
def test_no_text_raises_what_is_not_ours(text: str):
    with pytest.raises((CeremonyFileError, CeremonyPINError)):
        parse_plan(text)


def test_profiles_are_held_to_their_hashes():
    stated = f'[profiles]\nroot = "{hash_of(profile_text("root"))}"\n\n[[person]]'
    plan = parse_plan(sample().replace("[[person]]", stated, 1))
    texts = read_texts(plan, profile_text)
    assert sorted(texts) == ["audit", "issuing", "root"]
    with pytest.raises(CeremonyProfileError):
        read_texts(plan, lambda name: profile_text(name) + "#")


# The run


def test_a_ceremony_runs_and_replays(real: Transcript):
    check_transcript(real)
    assert real.ended
    assert not real.is_rehearsal
    assert len(real.steps) == 11
    assert parse_transcript(real.octets()) == real


def test_a_rehearsal_has_the_same_steps(real: Transcript, rehearsed: Transcript):
    check_transcript(rehearsed)
    assert rehearsed.is_rehearsal
    assert rehearsed.octets() != real.octets()
    check_same_steps(real, rehearsed)


def test_another_title_is_another_ceremony(real: Transcript, tmp_path: Path):
    other = ran(tmp_path, text=sample().replace("Tạo khóa gốc", "Tạo khóa"), rehearsal=True)
    with pytest.raises(TranscriptDiffersError) as refused:
        check_same_steps(real, other)
    assert refused.value.facts == {"line": 1}


def test_a_rehearsal_that_was_cut_is_not_the_same(real: Transcript, rehearsed: Transcript):
    part = parse_transcript(b"".join(line + b"\n" for line in rehearsed.lines[:5]))
    with pytest.raises(TranscriptDiffersError) as refused:
        check_same_steps(real, part)
    assert refused.value.facts == {"line": 6}


def test_an_interrupted_ceremony_goes_on(tmp_path: Path):
    """Each step fails once, before it is written down; the next run does it again, no other."""
    register = create_register(tmp_path / "register.db", CLOCK)
    acting = Acting(register, CLOCK, parse_plan(sample()))
    transcript, kept = begin(beginning(), acting, CLOCK), []
    steps = len(transcript.plan.step)
    for number in range(steps):

        def stop(at: int, step: Any, *, last: int = number + 1) -> None:
            if at == last + 1:
                assert step.title
                raise RegisterBusyError(register="-")

        acting.confirm = stop  # type: ignore[method-assign]
        if number + 1 < steps:
            with pytest.raises(RegisterBusyError):
                go_on(transcript, acting, CLOCK, keep=kept.append, resumed=number > 0)
        else:
            go_on(transcript, acting, CLOCK, keep=kept.append, resumed=True)
        transcript = parse_transcript(kept[-1])
        check_same_ceremony(transcript, beginning())
    check_transcript(transcript)
    assert [again for _, again in acting.acted] == [False] + [True] * 10
    again = go_on(transcript, acting, CLOCK, keep=kept.append)
    assert again == transcript
    register.close()


@pytest.mark.parametrize(
    "change",
    [
        {"text": sample().replace("Chủ trì", "Chủ tọa")},
        {"version": "9.9"},
        {"rehearsal": True},
        {"policy_arc": "1.2.3"},
        {"texts": {}},
    ],
)
def test_nothing_else_is_gone_on_with(real: Transcript, change: dict[str, Any]):
    check_same_ceremony(real, beginning())
    with pytest.raises(TranscriptDiffersError):
        check_same_ceremony(real, beginning(**change))


def test_a_clock_that_was_set_back_stops_it(tmp_path: Path):
    register = create_register(tmp_path / "register.db", CLOCK)
    acting = Acting(register, CLOCK, parse_plan(sample()))
    start = begin(beginning(), acting, FixedClock(NOW + timedelta(seconds=5)))
    with pytest.raises(ClockBeforeRecordError):
        go_on(start, acting, CLOCK, keep=lambda _: None)
    register.close()


# The chain


@pytest.mark.parametrize("line", range(13))
def test_an_edited_line_shows(real: Transcript, line: int):
    lines = list(real.lines)
    entry = json.loads(lines[line])
    entry["at"] = varies(time_text(NOW + timedelta(seconds=1)))
    lines[line] = line_of(entry)
    data = b"".join(one + b"\n" for one in lines)
    if line == 12:  # the last line has none after it: signatures hold it
        assert parse_transcript(data).ended
    else:
        with pytest.raises(TranscriptBrokenError) as refused:
            parse_transcript(data)
        assert refused.value.facts == {"line": line + 2}


@pytest.mark.parametrize(
    "forge",
    [
        lambda lines: lines[:4] + lines[5:],
        lambda lines: [*lines[:5], lines[4], *lines[5:]],
        lambda lines: [*lines[:4], lines[5], lines[4], *lines[6:]],
    ],
    ids=["cut", "repeated", "moved"],
)
def test_lines_cut_repeated_or_moved_show(real: Transcript, forge: Callable[..., list[bytes]]):
    with pytest.raises(TranscriptBrokenError):
        parse_transcript(b"".join(line + b"\n" for line in forge(list(real.lines))))


def test_a_transcript_without_its_end_is_unfinished(real: Transcript):
    cut = parse_transcript(b"".join(line + b"\n" for line in real.lines[:-1]))
    with pytest.raises(TranscriptUnfinishedError) as refused:
        check_transcript(cut)
    assert refused.value.facts == {"done": 11, "planned": 11}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}\n",
        b"[]\n",
        b"\xff\n",
        b'{"at":"x"}\n',
        b'{"at": "x"}\n',
        b'{"at":"x","format":"antin.ceremony/1"}\n',
        b"[" * 100_000 + b"\n",
        b"x" * (8 * 1024 * 1024 + 1) + b"\n",
    ],
)
def test_what_is_no_transcript_is_refused(data: bytes):
    with pytest.raises(TranscriptMalformedError):
        parse_transcript(data)


def test_a_line_in_another_form_is_refused(real: Transcript):
    spaced = json.dumps(json.loads(real.lines[1])).encode()
    data = b"".join(one + b"\n" for one in (real.lines[0], spaced, *real.lines[2:]))
    with pytest.raises(TranscriptMalformedError) as refused:
        parse_transcript(data)
    assert refused.value.facts == {"line": 2}
    with pytest.raises(TranscriptMalformedError):
        parse_transcript(real.octets()[:-1])


# The replay: somebody forges a transcript and makes every hash anew


def put(name: str, value: object, step: int) -> Callable[[Entries], object]:
    return lambda entries: entries[step].update({name: value})


def result(step: int, **values: object) -> Callable[[Entries], object]:
    return lambda entries: entries[step]["result"].update(values)


def attribute(name: str, value: object) -> Callable[[Entries], object]:
    return lambda entries: entries[3]["result"]["attributes"].update({name: value})


FORGERIES: list[tuple[str, Callable[[Entries], object], int, str]] = [
    ("time before", put("at", varies(time_text(NOW - timedelta(days=1))), 5), 5, "time"),
    ("time none", put("at", varies("9999"), 12), 12, "time"),
    ("witness", put("confirmed_by", ["chu-tri"], 3), 3, "confirmed"),
    ("title", put("title", "Khác", 3), 3, "order"),
    ("asked", put("asked", {}, 3), 3, "order"),
    ("cut", lambda entries: entries.pop(4), 4, "order"),
    ("repeated", lambda entries: entries.insert(12, dict(entries[11])), 12, "order"),
    ("last cut", lambda entries: entries.pop(11), 11, "order"),
    ("end", put("end", 10, 12), 11, "order"),
    ("no log", lambda entries: entries[0].pop("log"), 0, "unreadable"),
    ("no head", lambda entries: entries[12]["log"].update(head="x"), 12, "unreadable"),
    ("log cut", lambda entries: entries[12]["log"].update(entries=varies(-1)), 12, "log"),
    ("token", result(1, label="other"), 1, "token"),
    ("serial", result(1, serial=varies(None)), 1, "token"),
    ("sensitive", attribute("sensitive", False), 3, "attributes"),
    ("unknown", attribute("never_extractable", None), 3, "attributes"),
    ("extractable", attribute("extractable", True), 3, "attributes"),
    ("more", attribute("other", True), 3, "attributes"),
    ("no result", put("result", {}, 3), 3, "unreadable"),
    ("no mapping", put("result", [], 4), 4, "unreadable"),
    ("hash", result(4, sha256=varies("00" * 32)), 4, "unreadable"),
    ("base64", result(4, certificate=varies("*")), 4, "unreadable"),
    ("DER", result(4, **artefact("certificate", b"0")), 4, "unreadable"),
    ("list DER", result(7, **artefact("crl", b"0")), 7, "unreadable"),
    ("no files", result(11, files=[]), 11, "files"),
    ("other file", result(11, files=[{"name": "a", "sha256": varies("00")}]), 11, "files"),
]


@pytest.mark.parametrize(
    ("change", "step", "what"), [one[1:] for one in FORGERIES], ids=[one[0] for one in FORGERIES]
)
def test_a_forgery_shows_though_it_is_chained(
    real: Transcript, change: Callable[[Entries], object], step: int, what: str
):
    check_transcript(forged(real, len))  # the twin: nothing is changed
    with pytest.raises(TranscriptStepError) as refused:
        check_transcript(forged(real, change))
    assert refused.value.facts["step"] == step
    assert f"'pki.transcript_step.{what}'" in repr(refused.value.facts["reason"])


@dataclass(frozen=True)
class Swap:
    """One artefact of another run in the place of this one's."""

    lines: tuple[int, ...]
    step: int
    what: str


@pytest.mark.parametrize(
    "swap",
    [
        Swap((4,), 4, "issuer"),  # another root's certificate: not for this key
        Swap((3, 4), 6, "issuer"),  # another root with its key: it did not sign what is below
        Swap((6,), 6, "issuer"),
        Swap((7,), 7, "crl"),
        Swap((8,), 8, "crl"),
        Swap((10,), 10, "issuer"),
        Swap((3, 4, 5, 6), 7, "crl"),
    ],
)
def test_artefacts_of_another_run_show(real: Transcript, rehearsed: Transcript, swap: Swap):
    def change(entries: Entries) -> None:
        for line in swap.lines:
            entries[line]["result"] = rehearsed.entries[line]["result"]

    with pytest.raises(TranscriptStepError) as refused:
        check_transcript(forged(real, change))
    assert refused.value.facts["step"] == swap.step
    where = repr(refused.value.facts["reason"])
    assert swap.what in where or "lint" in where


def test_a_key_that_stands_there_twice_shows(real: Transcript):
    def change(entries: Entries) -> None:
        entries[9]["result"] = entries[5]["result"]

    with pytest.raises(TranscriptStepError, match=r"transcript_step\.key"):
        check_transcript(forged(real, change))


def test_a_key_of_another_kind_shows(real: Transcript):
    def change(entries: Entries) -> None:
        entries[3]["result"] = entries[5]["result"]

    with pytest.raises(TranscriptStepError, match=r"transcript_step\.key"):
        check_transcript(forged(real, change))


def test_a_certificate_that_lints_badly_shows(real: Transcript, tmp_path: Path):
    """Signed by the right key and named rightly, but of another profile."""
    text = sample().replace('profile = "issuing"', 'profile = "subordinate"')
    other = ran(tmp_path, text=text)

    def change(entries: Entries) -> None:
        head = dict(real.entries[0])
        entries[0] = {**head, "at": other.entries[0]["at"]}
        for line in range(1, 12):
            entries[line] = {**entries[line], "result": other.entries[line]["result"]}

    with pytest.raises(TranscriptStepError, match=r"transcript_step\.lint"):
        check_transcript(forged(real, change))


def test_a_list_that_holds_something_shows(real: Transcript, tmp_path: Path):
    world = make_world(tmp_path)
    world.issuing.revoke(world.issue(subject=someone()).serial_number, _SUPERSEDED)
    der = world.issuing.issue_crl().public_bytes(Encoding.DER)
    with pytest.raises(TranscriptStepError, match=r"transcript_step\.crl"):
        check_transcript(forged(real, result(8, **artefact("crl", der))))
    world.register.close()


def test_a_profile_that_was_changed_shows(real: Transcript):
    def text(entries: Entries) -> None:
        entries[0]["profiles"]["root"]["text"] += "#"

    with pytest.raises(TranscriptStepError, match=r"transcript_step\.profile"):
        check_transcript(forged(real, text))
    with pytest.raises(CeremonyProfileError):
        check_transcript(forged(real, lambda entries: entries[0]["profiles"].pop("root")))


def test_without_its_rule_a_forgery_passes(real: Transcript, monkeypatch: pytest.MonkeyPatch):
    """Guards taken away: what they find is found by nothing else."""
    cases = (
        ("_check_times", lambda *_: None, FORGERIES[0][1]),
        ("_check_order", lambda *_: None, FORGERIES[2][1]),
    )
    for guard, nothing, change in cases:
        with monkeypatch.context() as patch:
            patch.setattr(replay, guard, nothing)
            check_transcript(forged(real, change))
        with pytest.raises(TranscriptStepError):
            check_transcript(forged(real, change))


def test_octets_of_artefacts_are_in_the_transcript(real: Transcript):
    root = base64.b64decode(fixed(real.steps[3]["result"]["certificate"]))
    assert hashlib.sha256(root).hexdigest() == fixed(real.steps[3]["result"]["sha256"])


@given(st.binary(max_size=300))
def test_arbitrary_octets_raise_our_errors_alone(data: bytes):
    with pytest.raises(PKIError):
        parse_transcript(data + b"\n")


# Signatures


def test_only_a_finished_transcript_is_signed(real: Transcript, tmp_path: Path):
    world = make_world(tmp_path)
    key = new_key()
    certificate = world.issue(key=key)
    assert sign_transcript(real, certificate, key, CLOCK)
    cut = parse_transcript(b"".join(line + b"\n" for line in real.lines[:-1]))
    with pytest.raises(TranscriptUnfinishedError):
        sign_transcript(cut, certificate, key, CLOCK)
    with pytest.raises(KeyMismatchError):
        sign_transcript(real, certificate, new_key(), CLOCK)
    world.register.close()
