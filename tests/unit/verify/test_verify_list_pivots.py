"""Pivots of a list of lists: the way from those who are configured to those who sign now."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from unit.verify.list_writer import Elsewhere, make_list, operator, sign_list
from unit.verify.test_verify_list_follow import (
    EU,
    NATIONAL,
    OPERATOR,
    STRANGER,
    VN,
    Web,
    code,
    follow,
    kept,
    national,
    pinned,
    source,
    to_vn,
)
from unit.verify.verify_pki import DAY, SIGNED, YEAR

from verify.lists import had as had_module
from verify.lists import pivots
from verify.lists.had import SOON, trust_in
from verify.lists.kept import PAUSE, KeptLists
from verify.trust import TrustStore

_ = kept, pinned, source  # fixtures
SECOND_, THIRD = operator("Second operator"), operator("Third operator")
FIRST_PIVOT, SECOND_PIVOT = "https://eu.test/pivot-3.xml", "https://eu.test/pivot-5.xml"
GAZETTE = "https://gazette.test/2019/276"


def pivot(signer, announced, *, sequence, url=EU, territory="EU", kind="EUlistofthelists", **more):
    """Return a pivot; it is outdated by now, as pivots are."""
    itself = Elsewhere(url, tuple(announced), territory, "EUlistofthelists")
    more = {"issued": SIGNED - YEAR, "next_update": SIGNED - YEAR / 2, **more}
    root = make_list(
        kind=kind, territory="EU", sequence=sequence, pointers=(to_vn(), itself), **more
    )
    return sign_list(root, signer)


def lotl(signer=THIRD, pages=(SECOND_PIVOT, FIRST_PIVOT, GAZETTE), **more):
    root = make_list(
        kind="EUlistofthelists", territory="EU", pointers=(to_vn(),), pages=pages, **more
    )
    return sign_list(root, signer)


def web(**pages):
    made = {
        EU: lotl(),
        VN: national(),
        FIRST_PIVOT: pivot(OPERATOR, [SECOND_], sequence=3),
        SECOND_PIVOT: pivot(SECOND_, [THIRD], sequence=5),
    }
    return Web({**made, **pages})


@pytest.mark.parametrize("pages", [(SECOND_PIVOT, FIRST_PIVOT), (FIRST_PIVOT, SECOND_PIVOT)])
def test_pivots_lead_to_those_who_sign_now(kept, source, pages):
    net = web()
    net.pages[EU] = lotl(pages=(*pages, GAZETTE))
    had = follow(kept, net, source)
    assert [code(one) for one in had.values()] == [None, None]
    assert list(had) == ["eu", "eu/VN"]
    assert sorted(net.asked) == sorted([EU, FIRST_PIVOT, SECOND_PIVOT, VN])
    assert GAZETTE not in net.asked
    again = Web()
    assert follow(kept, again, source, at=SIGNED + DAY)["eu"].list is not None
    assert again.asked == [], "pivots that led on are kept"
    assert follow(kept, None, source)["eu"].list is not None


def test_without_pivots_nobody_new_may_sign(kept, source):
    net = web()
    net.pages[EU] = lotl(pages=())
    assert code(follow(kept, net, source)["eu"]) == "verify.list_signer"
    assert FIRST_PIVOT not in net.asked
    net.pages[EU] = lotl(OPERATOR)
    net.asked.clear()
    assert code(follow(kept, net, source, anew=True)["eu"]) is None
    assert FIRST_PIVOT not in net.asked, "those who are configured need no pivot"


def test_pivots_from_before_those_who_are_configured_are_passed_over(kept, source):
    net = web()
    net.pages[FIRST_PIVOT] = pivot(STRANGER, [OPERATOR], sequence=3)
    net.pages[SECOND_PIVOT] = pivot(OPERATOR, [THIRD], sequence=5)
    assert code(follow(kept, net, source)["eu"]) is None


def test_several_may_be_announced_and_one_of_them_signs(kept, source):
    net = web()
    net.pages[SECOND_PIVOT] = pivot(SECOND_, [NATIONAL, THIRD], sequence=5)
    assert code(follow(kept, net, source)["eu"]) is None


ATTACKS = {
    "the first pivot by a stranger": {FIRST_PIVOT: pivot(STRANGER, [SECOND_], sequence=3)},
    "the second pivot by a stranger": {SECOND_PIVOT: pivot(STRANGER, [THIRD], sequence=5)},
    "a pivot by who signs after it": {SECOND_PIVOT: pivot(THIRD, [THIRD], sequence=5)},
    "the list by who was replaced": {EU: lotl(SECOND_)},
    "the list by a stranger": {EU: lotl(STRANGER)},
    "a pivot that announces somebody else": {
        SECOND_PIVOT: pivot(SECOND_, [NATIONAL], sequence=5)},
    "an older list than its pivots": {
        SECOND_PIVOT: pivot(SECOND_, [THIRD], sequence=9)},
    "pivots of one number": {SECOND_PIVOT: pivot(SECOND_, [THIRD], sequence=3)},
    "a pivot that announces nobody": {SECOND_PIVOT: pivot(SECOND_, [], sequence=5)},
    "a pivot that speaks of another scheme": {
        SECOND_PIVOT: pivot(SECOND_, [THIRD], sequence=5, territory="LA")},
    "a pivot that is a country's list": {
        SECOND_PIVOT: pivot(SECOND_, [THIRD], sequence=5, kind="EUgeneric")},
    "a pivot from the future": {
        SECOND_PIVOT: pivot(SECOND_, [THIRD], sequence=5, issued=SIGNED + DAY)},
    "a pivot that was changed": {
        FIRST_PIVOT: pivot(OPERATOR, [SECOND_], sequence=3).replace(b"Operator", b"Uperator")},
    "a pivot that is no list": {SECOND_PIVOT: b"<x/>"},
    "a pivot that is no XML": {FIRST_PIVOT: b"\xff"},
}  # fmt: skip


@pytest.mark.parametrize("why", ATTACKS)
def test_a_broken_way_leads_nowhere(kept, source, why):
    net = web()
    net.pages.update(ATTACKS[why])
    had = follow(kept, net, source)
    assert list(had) == ["eu"], "nothing it leads to is looked at"
    assert had["eu"].list is None
    assert had["eu"].error is not None
    assert kept.find(SECOND_PIVOT) is None, "what did not lead on is not kept"


@pytest.mark.parametrize("gone", [FIRST_PIVOT, SECOND_PIVOT])
def test_a_pivot_that_cannot_be_had_breaks_the_way_until_it_is_there(kept, source, gone):
    net = web()
    missing = net.pages.pop(gone)
    assert code(follow(kept, net, source)["eu"]) == "verify.list_signer"
    net.pages[gone] = missing
    net.asked.clear()
    soon = follow(kept, net, source, at=SIGNED + PAUSE / 2)
    assert soon["eu"].list is None
    assert net.asked == [], "each address is asked once an hour"
    assert code(follow(kept, net, source, at=SIGNED + 2 * PAUSE)["eu"]) is None


def test_only_a_list_of_lists_has_pivots(kept, source):
    net = web()
    root = make_list(territory="VN", pages=(FIRST_PIVOT,))
    net.pages[VN] = sign_list(root, STRANGER)
    net.pages[EU] = lotl(OPERATOR)
    assert code(follow(kept, net, source)["eu/VN"]) == "verify.list_signer"
    assert FIRST_PIVOT not in net.asked


def test_so_many_pivots_are_looked_at(kept, source, monkeypatch):
    monkeypatch.setattr(pivots, "PIVOTS", 1)
    net = web()
    assert code(follow(kept, net, source)["eu"]) == "verify.list_signer"
    assert FIRST_PIVOT not in net.asked


def test_mutant_that_believes_each_pivot_trusts_a_stranger(kept, source, monkeypatch):
    attack = web()
    attack.pages.update(ATTACKS["the second pivot by a stranger"])
    assert follow(kept, attack, source)["eu"].list is None

    def anybody(pivot, *_):
        return pivots.read_list(pivot, "eu")

    monkeypatch.setattr(pivots, "_checked", anybody)
    other = KeptLists(kept.directory / "other")
    assert follow(other, attack, source)["eu"].list is not None


def test_before_a_list_ends_somebody_is_told(kept, source):
    net = web()
    end = SIGNED + 30 * DAY
    net.pages[VN] = national(next_update=end)
    had = follow(kept, net, source).values()
    early = trust_in(TrustStore(), had, end - SOON - timedelta(seconds=1))
    assert [each.code for each in early.findings] == []
    (found,) = trust_in(TrustStore(), had, end - SOON).findings
    assert (found.code, found.facts) == ("trust.list_ends_soon", {"name": "eu/VN", "until": end})
    missing = [replace(one, list=None) for one in had]
    assert list(had_module._ending(tuple(missing), end)) == []


def test_offline_a_pivot_that_is_not_kept_any_more_breaks_the_way(kept, source):
    follow(kept, web(), source)
    assert follow(kept, None, source)["eu"].list is not None
    kept._path(FIRST_PIVOT, "xml").unlink()
    assert code(follow(kept, None, source)["eu"]) == "verify.list_signer"
