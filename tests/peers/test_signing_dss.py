"""What we sign, judged by EU DSS with its own policy, at the time it was signed.

DSS gets the anchors and the revocation lists in a folder and fetches nothing: what it says of
B-LT and B-LTA rests on the evidence in the document, of B-B and B-T on the lists beside it.
DSS 6.4 reads no ML-DSA.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from peers.maven import made, run
from unit.signing.copying_world import SAO_LUC, copied, extract, long_original, original, sao_y
from unit.signing.odd_documents import plain, plain_with_stream, point_off
from unit.signing.outgoing_world import WORLD, by_agency, by_leader, numbered, prepared
from unit.signing.signing_world import NOW, TSA_URL, World, make_pdf, wide_policy

from signing.display.profile import load_display
from signing.extend import extend_document
from signing.extension import Extension
from signing.options import Commitment, FieldLock, Form, Level, Permission, SigningOptions
from signing.sign import sign_document

KINDS = ("rsa-2048", "rsa-2048/pkcs1", "rsa-3072", "ec-p256", "ec-p384", "ec-p521")
QUIET = SigningOptions(display=load_display("none"), tsa_url=TSA_URL)
WISHES: dict[str, dict[str, object]] = {
    "role": {"role": "Chủ tịch", "commitment": Commitment.APPROVAL},
    "words": {"reason": "Phê duyệt", "location": "Hòa Bình", "contact": "vp@hoabinh.gov.vn"},
    "certified": {"certify": Permission.NO_CHANGES},
    "locked": {"certify": Permission.ANNOTATIONS, "lock": FieldLock()},
    "shut": {"lock": FieldLock(permission=Permission.NO_CHANGES)},
    "seen": {"display": load_display("text")},
}
HARMLESS = {
    "BBB_XCV_AIA_PRES_ANS",  # the test authority's certificates do not say where its own lies
    "BBB_FC_IAOD_ANS",  # the seal lies over a third of the signature's image, as Decree 30 has it
}
STAMPED_AFTER_LOCK = {"BBB_FC_ISVAFMDPD_ANS", "BBB_FC_ISVASFLD_ANS"}
"""DSS counts the field of an archive time-stamp as a change of the form, where every field is
locked; ISO 32000-2 §12.8.2.2.1 says that time-stamps over the document are none. It warns."""
Said = list[tuple[str, str, str | None]]
"""Level, indication and sub-indication of each signature."""


class Asking:
    """The documents that DSS shall judge, and what it should say of each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.expected: dict[str, Said] = {}
        for name in ("documents", "anchors", "crls"):
            (folder / name).mkdir()

    def put(self, name: str, data: bytes, expected: Said) -> None:
        (self.folder / "documents" / name).write_bytes(data)
        self.expected[name] = expected

    def world(self, kind: str = "rsa-2048") -> World:
        """Return a new authority that DSS trusts."""
        world = World(kind, policy=wide_policy())
        self.trust(world)
        return world

    def trust(self, world: World) -> None:
        """Hand over the anchor, and the lists as they are now."""
        label = str(world.root.certificate.serial_number)
        anchor = world.root.certificate.public_bytes(Encoding.DER)
        (self.folder / "anchors" / label).write_bytes(anchor)
        for name in ("root", "ca"):
            (self.folder / "crls" / f"{label}-{name}").write_bytes(world.full_crl(name).der)

    def answers(self, peer: Callable[[str], Path]) -> dict[str, dict]:
        time = f"{NOW + dt.timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}"
        done = run(made("dss", peer), "Verdict", str(self.folder), time)
        assert not done.returncode, done.stderr
        return {each["name"]: each for each in map(json.loads, done.stdout.splitlines())}


def said(answer: dict) -> Said:
    return [
        (each["level"], each["indication"], each["sub_indication"]) for each in answer["signatures"]
    ]


def remarks(answer: dict) -> set[str]:
    """Return the keys of all that DSS has to remark on, time-stamps that fail included."""
    every = [*answer["signatures"], *answer["timestamps"]]
    texts = [text for each in every for text in [*each["errors"], *each["warnings"]]]
    stamps = {stamp for each in answer["signatures"] for stamp in each["stamps"]}
    return {text.partition(":")[0] for text in texts} | (stamps - {"PASSED"})


def passed(*levels: Level) -> Said:
    return [(named(level), "TOTAL_PASSED", None) for level in levels]


def named(level: Level) -> str:
    return "PAdES_BASELINE_" + level.name.removeprefix("B_")


def sign(world: World, data: bytes | None = None, **wishes: object) -> bytes:
    pss = not world.kind.endswith("/pkcs1")
    return sign_document(
        make_pdf() if data is None else data,
        signer=world.signer(),
        options=replace(QUIET, pss=pss, **wishes),
        services=world.services(),
    ).data


def put_levels(asking: Asking) -> None:
    """Every level and the older form with every kind of key."""
    for kind in KINDS:
        world, label = asking.world(kind), kind.replace("/", " ")
        for level in Level:
            asking.put(f"{label} {level}", sign(world, level=level), passed(level))
        plain = [("PKCS7_B", "TOTAL_PASSED", None)]
        asking.put(f"{label} {Form.PKCS7}", sign(world, form=Form.PKCS7), plain)


def put_wishes(asking: Asking) -> None:
    world = asking.world()
    for label, wish in WISHES.items():
        for level in (Level.B_B, Level.B_LTA):
            asking.put(f"{label} {level}", sign(world, level=level, **wish), passed(level))
    twice = sign(world, sign(world, level=Level.B_LTA), level=Level.B_LTA)
    asking.put("signed twice", twice, passed(Level.B_LTA, Level.B_LTA))


def put_extended(asking: Asking) -> None:
    """Raised from B-B: the time-stamp inside the signature, or over the document."""
    world = asking.world()
    services = replace(world.services(), pause=lambda _: None)
    for level in (Level.B_T, Level.B_LT, Level.B_LTA):
        for room in (True, False):
            data = sign(world, timestamp_later=room)
            wish = Extension(level, tsa_url=TSA_URL)
            done = extend_document(data, wish=wish, services=services).data
            label = "inside" if room else "over the document"
            asking.put(f"raised {level} {label}", done, passed(level))


def put_outgoing(asking: Asking) -> None:
    """Prepared, signed, numbered, sealed: every signature at every step."""
    asking.trust(WORLD)
    for level in (Level.B_B, Level.B_LTA):
        more = {"level": level, "tsa_url": TSA_URL}
        approved = by_leader(prepared(), **more).data
        issued = numbered(approved).data
        asking.put(f"approved {level}", approved, passed(level))
        asking.put(f"numbered {level}", issued, passed(level))
        asking.put(f"sealed {level}", by_agency(issued, **more).data, passed(level, level))


def put_copies(asking: Asking) -> None:
    """Certified copies, each sealed by the agency that copies."""
    lta = {"level": Level.B_LTA, "tsa_url": TSA_URL}
    asking.put("SAO Y", sao_y(), passed(Level.B_B))
    asking.put("SAO Y B-LTA", copied(original(), **lta).signed.data, passed(Level.B_LTA))
    asking.put("SAO LỤC", copied(sao_y(), SAO_LUC).signed.data, passed(Level.B_B))
    parts = extract((1, 1), (4, 4))
    asking.put("TRÍCH SAO", copied(long_original(), parts).signed.data, passed(Level.B_B))


def put_mended(asking: Asking) -> None:
    """Documents whose last pointer was off, signed once and twice."""
    world = asking.world()
    for label, data in (("table", plain()), ("stream", plain_with_stream())):
        for level in (Level.B_B, Level.B_LTA):
            once = sign(world, point_off(data, 2), level=level)
            asking.put(f"mended {label} {level}", once, passed(level))
            twice = sign(world, once, level=level)
            asking.put(f"mended {label} {level} twice", twice, passed(level, level))


def put_refused(asking: Asking) -> None:
    """What DSS must not pass: the twins of the above."""
    data = bytearray(sign(asking.world(), level=Level.B_LTA))
    data[data.index(b"595.28")] ^= 1
    broken = [(named(Level.B_LTA), "TOTAL_FAILED", "HASH_FAILURE")]
    asking.put("a byte changed", bytes(data), broken)
    strange = World("rsa-2048", policy=wide_policy())
    unknown = [(named(Level.B_B), "INDETERMINATE", "NO_CERTIFICATE_CHAIN_FOUND")]
    asking.put("an authority not trusted", sign(strange), unknown)
    world = asking.world()
    signed = sign(world)
    world.revoke(world.certificate)
    asking.trust(world)
    revoked = [(named(Level.B_B), "INDETERMINATE", "REVOKED_NO_POE")]
    asking.put("revoked, no time-stamp", signed, revoked)
    edwards = [(named(Level.B_B), "INDETERMINATE", "CRYPTO_CONSTRAINTS_FAILURE_NO_POE")]
    asking.put("Ed25519, not in its policy", sign(asking.world("ed25519")), edwards)


PUTS = (put_levels, put_wishes, put_extended, put_outgoing, put_copies, put_mended, put_refused)


@pytest.mark.long
def test_dss_says_of_every_document_what_we_say(peer, tmp_path):
    asking = Asking(tmp_path)
    for put in PUTS:
        put(asking)
    answers = asking.answers(peer)
    for name, answer in answers.items():
        print(f"{name:34} {said(answer)}")  # noqa: T201  the table of verdicts (-s)
    assert {name: said(answer) for name, answer in answers.items()} == asking.expected
    good = [answer for answer in answers.values() if only_passed(answer)]
    assert len(good) == len(answers) - 4
    remarked = {answer["name"]: remarks(answer) - HARMLESS for answer in good}
    after_lock = {name: keys for name, keys in remarked.items() if keys}
    assert set(after_lock) == {"locked B-LTA", "shut B-LTA", "sealed B-LTA", "SAO Y B-LTA"}
    assert set.union(*after_lock.values()) == STAMPED_AFTER_LOCK


def only_passed(answer: dict) -> bool:
    return all(indication == "TOTAL_PASSED" for _, indication, _ in said(answer))
