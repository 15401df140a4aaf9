"""What issuers say of many certificates: each list once, and never good without an answer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID as Access
from verify_pki import DAY, SIGNED, answer, authority, crl, make_world, official, responder

from pki.clock import FixedClock
from pki.errors.fetching import FetchFailedError, FetchRefusedError
from pki.fetcher import NoNetwork
from pki.records.watching import WatchedStanding
from pki.watching.follow import Answer, Unanswered
from verify import following
from verify.certificate import fingerprint
from verify.following import StatusAsker
from verify.policy import default_policy
from verify.trust import TrustStore

WORLD = make_world()
LIST, OTHER, OCSP, ISSUER = (
    f"http://pki.example/{name}" for name in ("a.crl", "b.crl", "ocsp", "ca.crt")
)
GOOD, REVOKED = WatchedStanding.GOOD, WatchedStanding.REVOKED
POLICY = default_policy()
SUPERSEDED, HOLD = x509.ReasonFlags.superseded, x509.ReasonFlags.certificate_hold


def points(url):
    named = [x509.UniformResourceIdentifier(url)]
    return x509.CRLDistributionPoints([x509.DistributionPoint(named, None, None, None)]), False


def access(method, url):
    place = x509.UniformResourceIdentifier(url)
    return x509.AuthorityInformationAccess([x509.AccessDescription(method, place)]), False


ROOT_LIST = "http://pki.example/root.crl"
ISSUING = authority("Followed issuing", WORLD.root, points(ROOT_LIST), path_length=0)


def leaf(*more, issuer=ISSUING):
    return official(issuer, *(more or (points(LIST),)), common="Lê Thị Mẫu")


class Network:
    """Recorded answers; remembers who was asked how often."""

    def __init__(self, answers):
        self.answers = {ROOT_LIST: crl(WORLD.root, SIGNED), **answers}
        self.asked = []

    def fetch(self, request):
        self.asked.append(request.url)
        found = self.answers.get(request.url)
        if callable(found):
            return found(request.body)
        if found is None:
            raise FetchFailedError(url=request.url, reason="HTTP status 404")
        return found


def asker(network, *authorities, trust=WORLD.trust, at=SIGNED + timedelta(minutes=5)):
    return StatusAsker(network, FixedClock(at), trust, POLICY, authorities)


def ask(answers, *leaves, authorities=(ISSUING.certificate,), **more):
    network = Network(answers)
    found = list(asker(network, *authorities, **more).about([one.der for one in leaves]))
    return found, network


def test_each_list_is_fetched_once_for_all():
    leaves = [leaf() for _ in range(5)]
    revoked = {leaves[1].certificate: SIGNED - DAY}
    data = crl(ISSUING, SIGNED, revoked=revoked, reason=SUPERSEDED)
    found, network = ask({LIST: data}, *leaves)
    assert [one.standing for one in found] == [GOOD, REVOKED, GOOD, GOOD, GOOD]
    assert (found[1].revoked_at, found[1].reason) == (SIGNED - DAY, "superseded")
    assert network.asked.count(LIST) == network.asked.count(ROOT_LIST) == 1
    assert {one.evidence_sha256 for one in found} == {following._sha256(data)}
    assert found[0].good_until == SIGNED + 7 * DAY


def test_a_hold_is_told_from_a_revocation():
    one = leaf()
    data = crl(ISSUING, SIGNED, revoked={one.certificate: SIGNED - DAY}, reason=HOLD)
    (found,), _ = ask({LIST: data}, one)
    assert found.standing is WatchedStanding.HELD


def test_a_revocation_to_come_ends_good():
    one, at = leaf(), SIGNED + DAY
    (found,), _ = ask({LIST: crl(ISSUING, SIGNED, revoked={one.certificate: at})}, one)
    assert (found.standing, found.good_until) == (GOOD, at)


@pytest.mark.parametrize(
    "data",
    [
        b"no list",
        crl(WORLD.issuing, SIGNED),
        crl(ISSUING, SIGNED, signer=WORLD.issuing),
        crl(ISSUING, SIGNED - 9 * DAY),
        crl(ISSUING, SIGNED + DAY),
    ],
    ids=["broken", "another's", "forged", "lapsed", "to come"],
)
def test_what_proves_nothing_is_unknown(data):
    (found,), _ = ask({LIST: data}, leaf())
    assert isinstance(found, Unanswered)
    (twin,), _ = ask({LIST: crl(ISSUING, SIGNED)}, leaf())
    assert twin.standing is GOOD


def test_who_does_not_answer_is_told_and_asked_once():
    found, network = ask({}, leaf(), leaf())
    assert found == [Unanswered("HTTP status 404")] * 2
    assert network.asked.count(LIST) == 1


def test_offline_says_so():
    found = list(asker(NoNetwork(), ISSUING.certificate).about([leaf().der]))
    assert found == [Unanswered("offline")]
    direct = leaf(issuer=WORLD.root)
    assert list(asker(NoNetwork()).about([direct.der])) == [Unanswered("offline")]


def test_ocsp_is_asked_where_lists_say_nothing():
    one = leaf(access(Access.OCSP, OCSP))
    signer = responder(ISSUING)
    said = {OCSP: lambda _: answer(one, signer, SIGNED)}
    (found,), _ = ask(said, one)
    assert (found.standing, found.source) == (GOOD, "ocsp")
    said = {OCSP: lambda _: answer(one, signer, SIGNED, revoked_at=SIGNED - DAY)}
    (found,), _ = ask(said, one)
    assert (found.standing, found.reason) == (REVOKED, "unspecified")
    unknown = ocsp.OCSPCertStatus.UNKNOWN
    said = {OCSP: lambda _: answer(one, signer, SIGNED, status=unknown)}
    (found,), _ = ask(said, one)
    assert found.standing is WatchedStanding.UNKNOWN
    (found,), _ = ask({OCSP: lambda _: answer(one, responder(WORLD.issuing), SIGNED)}, one)
    assert isinstance(found, Unanswered)


def test_an_answer_without_an_end_holds_a_little():
    one = leaf(access(Access.OCSP, OCSP))
    data = answer(one, responder(ISSUING), SIGNED + timedelta(minutes=5), next_update=False)
    (found,), _ = ask({OCSP: lambda _: data}, one)
    age = POLICY.revocation.age_without_next_update_seconds
    assert found.good_until == SIGNED + timedelta(minutes=5, seconds=age)


def test_an_issuer_is_fetched_where_nobody_has_it():
    one = leaf(points(LIST), access(Access.CA_ISSUERS, ISSUER))
    answers = {LIST: crl(ISSUING, SIGNED), ISSUER: ISSUING.der}
    (found,), _ = ask(answers, one, authorities=())
    assert found.standing is GOOD
    (found,), _ = ask({LIST: crl(ISSUING, SIGNED)}, one, authorities=())
    assert found == Unanswered("no_issuer")


def test_issuers_are_not_fetched_without_end(monkeypatch):
    one = leaf(points(LIST), access(Access.CA_ISSUERS, ISSUER))
    monkeypatch.setattr(following, "ROUNDS", 0)
    answers = {LIST: crl(ISSUING, SIGNED), ISSUER: ISSUING.der}
    (found,), _ = ask(answers, one, authorities=())
    assert found == Unanswered("no_issuer")


def test_what_leads_to_no_trusted_one_is_unknown():
    (found,), _ = ask({LIST: crl(ISSUING, SIGNED)}, leaf(), trust=TrustStore())
    assert found == Unanswered("no_issuer")


def test_a_certificate_that_its_issuer_did_not_sign():
    twin = authority("Followed issuing", WORLD.issuing, key_name="another key")
    forged = official(twin, points(LIST), common="Giả")
    bare = leaf()
    found, _ = ask({LIST: crl(ISSUING, SIGNED)}, bare, forged)
    assert (found[0].standing, found[1]) == (GOOD, Unanswered("no_issuer"))
    changed = bare.der[:-1] + bytes([bare.der[-1] ^ 1])
    told = asker(Network({LIST: crl(ISSUING, SIGNED)}), ISSUING.certificate)
    assert list(told.about([changed])) == [Unanswered("no_issuer")]
    good, bad = told.about([bare.der, changed])  # whose chain is known by then
    assert (good.standing, bad) == (GOOD, Unanswered("no_issuer"))


def test_under_a_revoked_issuer_nothing_is_good():
    revoked = crl(WORLD.root, SIGNED, revoked={ISSUING.certificate: SIGNED - DAY})
    (found,), _ = ask({ROOT_LIST: revoked, LIST: crl(ISSUING, SIGNED)}, leaf())
    assert found == Unanswered("issuer_revoked")


def test_under_an_issuer_of_unknown_status_nothing_is_good():
    (found,), _ = ask({ROOT_LIST: b"no list", LIST: crl(ISSUING, SIGNED)}, leaf())
    assert found == Unanswered("issuer_unknown")


def test_what_cannot_be_read_is_unknown():
    network = Network({})
    assert list(asker(network).about([b"nothing"])) == [Unanswered("unreadable")]
    assert network.asked == []


def test_hostile_certificates_do_not_ask_without_end(monkeypatch):
    monkeypatch.setattr(following, "ADDRESSES", 3)
    monkeypatch.setattr(following, "GROUPS", 1)
    monkeypatch.setattr(following, "EACH", 1)
    urls = [f"http://pki.example/{number}.crl" for number in range(6)]
    leaves = [leaf(points(url)) for url in urls]
    answers = dict.fromkeys(urls, crl(ISSUING, SIGNED))
    found, network = ask(answers, *leaves, leaves[0], leaves[0])
    assert [isinstance(one, Answer) for one in found] == [True] * 2 + [False] * 4 + [True] * 2
    assert len(network.asked) == 3
    assert isinstance(found[4], Unanswered)
    assert found[4].why == "too many addresses"


def test_so_much_is_kept_and_no_more(monkeypatch):
    monkeypatch.setattr(following, "KEPT_BYTES", 10)
    monkeypatch.setattr(following, "GROUPS", 1)
    leaves = [leaf(), leaf(points(OTHER)), leaf()]
    data = crl(ISSUING, SIGNED)
    found, network = ask({LIST: data, OTHER: data}, *leaves)
    assert [one.standing for one in found] == [GOOD] * 3
    assert network.asked.count(LIST) == 2


def test_a_delta_counts_with_its_list():
    base = x509.CRLNumber(5), False
    freshest = x509.FreshestCRL(
        [x509.DistributionPoint([x509.UniformResourceIdentifier(OTHER)], None, None, None)]
    )
    one, two = leaf(), leaf()
    full = crl(ISSUING, SIGNED - DAY, extensions=(base, (freshest, False)))
    delta = crl(
        ISSUING,
        SIGNED,
        revoked={one.certificate: SIGNED - DAY},
        extensions=((x509.CRLNumber(6), False), (x509.DeltaCRLIndicator(5), True)),
    )
    found, _ = ask({LIST: full, OTHER: delta}, one, two)
    assert [each.standing for each in found] == [REVOKED, GOOD]
    assert len(found[1].evidence_sha256) == 64


def test_a_refusal_is_remembered():
    once = following.OnceFetcher(NoNetwork())
    for _ in range(2):
        with pytest.raises(FetchRefusedError):
            once.fetch(following.FetchRequest("http://pki.example/"))
    assert fingerprint(ISSUING.certificate)
