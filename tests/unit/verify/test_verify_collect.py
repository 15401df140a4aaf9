"""Evidence from the network, through a recorded one: what is asked, kept, told."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509 import ocsp as ocsp_module
from cryptography.x509.oid import AuthorityInformationAccessOID as Access
from cryptography.x509.oid import ExtendedKeyUsageOID
from unit.verify.cms_world import CONTENT, How, cms, digest_of, signer_info
from unit.verify.verify_pki import (
    LATER,
    SECOND,
    SIGNED,
    Signing,
    answer,
    authority,
    crl,
    issue,
    judge,
    make_pdf,
    make_world,
    official,
    responder,
    sign,
    stamper,
    usage,
)

from pki.clock import FixedClock
from pki.errors.fetching import FetchFailedError
from pki.fetcher import FetchRequest, NoNetwork
from verify import collect
from verify.collect import (
    Collector,
    collect_for_chain,
    verify_online,
    verify_opened_online,
)
from verify.detached import open_signature
from verify.indication import Indication, SubIndication
from verify.policy import default_policy
from verify.status import Good, Revoked, Unknown, check_status
from verify.trust import TrustStore

CLOCK = FixedClock(LATER)
BASE = "http://pki.example"


def access(**urls):
    methods = {"ocsp": Access.OCSP, "issuer": Access.CA_ISSUERS}
    return (
        x509.AuthorityInformationAccess(
            [
                x509.AccessDescription(methods[kind], x509.UniformResourceIdentifier(url))
                for kind, url in urls.items()
            ]
        ),
        False,
    )


def points(*urls, **more):
    return (
        x509.CRLDistributionPoints(
            [
                x509.DistributionPoint(
                    [x509.UniformResourceIdentifier(url)],
                    None,
                    more.get("reasons"),
                    more.get("crl_issuer"),
                )
                for url in urls
            ]
        ),
        False,
    )


@dataclass
class Recorded:
    """A network that answers from a table, and remembers what it was asked."""

    table: dict[str, object]
    asked: list[FetchRequest] = field(default_factory=list)

    def fetch(self, request: FetchRequest) -> bytes:
        self.asked.append(request)
        found = self.table.get(request.url)
        if found is None:
            raise FetchFailedError(url=request.url, reason="HTTP status 404")
        return found(request) if callable(found) else found

    @property
    def urls(self):
        return [request.url for request in self.asked]


ROOT = authority("Net root")
ISSUING = authority("Net issuing", ROOT, points(f"{BASE}/root.crl"), path_length=0)
OCSP = responder(ISSUING, "Net OCSP")
OFFICIAL = official(
    ISSUING,
    (usage("digital_signature"), True),
    access(ocsp=f"{BASE}/ocsp", issuer=f"{BASE}/issuing.cer"),
    points(f"{BASE}/issuing.crl"),
)
STAMPER = stamper(ROOT, "Net time")


def table(**more):
    def respond(request):
        asked = ocsp_module.load_der_ocsp_request(request.body).serial_number
        assert asked == OFFICIAL.certificate.serial_number
        return answer(OFFICIAL, OCSP, LATER)

    entries = {
        "ocsp": respond,
        "issuing.crl": crl(ISSUING, LATER - timedelta(hours=1)),
        "root.crl": crl(ROOT, LATER - timedelta(hours=1)),
        "issuing.cer": ISSUING.der,
        **more,
    }
    return {f"{BASE}/{name}": value for name, value in entries.items() if value is not None}


def online(data, network, *, clock=CLOCK, trust=ROOT, at=None):
    return verify_online(
        data,
        policy=default_policy(),
        trust=TrustStore((trust.certificate,)),
        collector=Collector(network, clock),
        at=at,
    )


def document(party=OFFICIAL):
    return sign(make_pdf(), Signing(party=party, stamped=None))


def status(network, party=OFFICIAL, chain=(ISSUING, ROOT), **more):
    return check_status(
        party.certificate,
        tuple(item.certificate for item in chain),
        fetcher=network,
        clock=CLOCK,
        trust=TrustStore((ROOT.certificate,)),
        **more,
    )


def codes(report):
    return {finding.code for finding in report.findings}


def test_online_fetches_what_is_missing_and_judges_again():
    network = Recorded(table())
    report = online(document(), network)
    assert report.indication is Indication.TOTAL_PASSED, report
    assert set(network.urls) == {f"{BASE}/ocsp", f"{BASE}/root.crl"}
    assert not report.findings
    assert judge(document(), trust=TrustStore((ROOT.certificate,))).sub_indication is (
        SubIndication.TRY_LATER
    )


def test_a_signature_apart_gets_what_is_missing_as_well():
    file = cms(signer_info(CONTENT, How(OFFICIAL)), certificates=(OFFICIAL.der, ISSUING.der))
    for content in (CONTENT, digest_of(CONTENT)):
        opened = open_signature(file, content, name="a", limits=default_policy().limits)
        network, trust = Recorded(table()), TrustStore((ROOT.certificate,))
        judged = partial(verify_opened_online, opened, policy=default_policy(), trust=trust)
        report = judged(collector=Collector(network, CLOCK))
        assert report.indication is Indication.TOTAL_PASSED, report
        assert set(network.urls) == {f"{BASE}/ocsp", f"{BASE}/root.crl"}
        alone = judged(collector=Collector(NoNetwork(), CLOCK))
        assert alone.sub_indication is SubIndication.TRY_LATER
        assert "verdict.offline" in {finding.code for finding in alone.findings}


def test_when_a_piece_of_evidence_was_had_first_is_remembered(monkeypatch):
    """It existed then, so it stays the same evidence for the documents that come after."""
    had: dict[bytes, datetime] = {}
    network = Recorded(table(ocsp=None))

    def times(at):
        collector = Collector(network, FixedClock(at), first_had=had)
        collector.find_status(OFFICIAL.certificate, ISSUING.certificate)
        return [item.had_at for item in collector.evidence.crls]

    assert times(LATER) == times(LATER + SECOND) == [LATER]
    monkeypatch.setattr(collect, "REMEMBERED", 1)
    assert times(LATER + SECOND) == [LATER + SECOND]


def test_nothing_is_asked_when_nothing_is_missing():
    network = Recorded({})
    verify_online(
        make_pdf(),
        policy=default_policy(),
        trust=TrustStore(),
        collector=Collector(network, CLOCK),
    )
    assert not network.asked


def test_a_past_moment_is_judged_with_what_is_known_today():
    """Evidence fetched now speaks of an hour ago; before that the certificate was not there."""
    earlier = CLOCK.now() - timedelta(minutes=10)
    report = online(document(), Recorded(table()), at=earlier)
    assert report.judged_at == earlier
    assert report.indication is Indication.TOTAL_PASSED
    before = OFFICIAL.certificate.not_valid_before_utc - timedelta(days=1)
    assert not online(document(), Recorded(table()), at=before).passed


def test_offline_says_so():
    report = online(document(), NoNetwork())
    assert report.sub_indication is SubIndication.TRY_LATER
    assert codes(report) == {"verdict.offline"}


def test_an_address_that_does_not_answer_is_a_finding_and_the_list_is_taken():
    network = Recorded(table(ocsp=None))
    report = online(document(), network)
    assert report.indication is Indication.TOTAL_PASSED
    assert codes(report) == {"evidence.not_fetched"}


@pytest.mark.parametrize(
    "body",
    [b"no OCSP", ocsp_module.OCSPResponseBuilder.build_unsuccessful(
        ocsp_module.OCSPResponseStatus.TRY_LATER).public_bytes(Encoding.DER),
     answer(STAMPER, ROOT, LATER)],
    ids=["garbage", "unsuccessful", "another certificate"],
)  # fmt: skip
def test_a_wrong_answer_is_told_and_the_list_is_taken(body):
    report = online(document(), Recorded(table(ocsp=body)))
    assert report.indication is Indication.TOTAL_PASSED
    assert "evidence.not_fetched" in codes(report)


def test_a_list_that_is_none_is_told():
    report = online(document(), Recorded(table(ocsp=None, **{"issuing.crl": b"no list"})))
    assert report.sub_indication is SubIndication.TRY_LATER
    assert "evidence.not_fetched" in codes(report)


@pytest.mark.parametrize(
    "body",
    [
        ISSUING.der,
        ISSUING.certificate.public_bytes(Encoding.PEM),
        pkcs7.serialize_certificates([ISSUING.certificate], Encoding.DER),
    ],
    ids=["DER", "PEM", "PKCS7"],
)
def test_a_missing_issuer_is_fetched(body):
    alone = official(
        ISSUING, (usage("digital_signature"), True),
        access(ocsp=f"{BASE}/ocsp", issuer=f"{BASE}/issuing.cer"), common="Alone",
    )  # fmt: skip
    token_without_issuer = document(type(alone)(alone.certificate, alone.key, None))
    network = Recorded(table(ocsp=lambda _: answer(alone, OCSP, LATER), **{"issuing.cer": body}))
    assert online(token_without_issuer, network).indication is Indication.TOTAL_PASSED


@pytest.mark.parametrize("body", [b"nothing", b"-----BEGIN CERTIFICATE-----\nx\n"])
def test_an_issuer_that_is_none_is_left_out(body):
    alone = type(OFFICIAL)(OFFICIAL.certificate, OFFICIAL.key, None)
    network = Recorded({f"{BASE}/issuing.cer": body})
    assert online(document(alone), network).sub_indication is (
        SubIndication.NO_CERTIFICATE_CHAIN_FOUND
    )


def climbing(levels):
    """Return a document whose signer alone is known, and a network that knows the next issuer."""
    entries, issuer = {}, ROOT
    for level in range(levels):
        above = access(issuer=f"{BASE}/{level}.cer") if level else access(ocsp=f"{BASE}/none")
        issuer = authority(f"Step {level}", issuer, above, points(f"{BASE}/{level}.crl"))
        entries[f"{level + 1}.cer"] = issuer.der
        entries[f"{level}.crl"] = crl(issuer.issuer, LATER - timedelta(hours=1))
    leaf = official(
        issuer,
        (usage("digital_signature"), True),
        access(issuer=f"{BASE}/{levels}.cer"),
        points(f"{BASE}/leaf.crl"),
    )
    entries["leaf.crl"] = crl(issuer, LATER - timedelta(hours=1))
    return document(type(leaf)(leaf.certificate, leaf.key, None)), Recorded(table(**entries))


@pytest.mark.parametrize(("levels", "passes"), [(1, True), (2, True), (collect.ROUNDS, False)])
def test_a_network_that_always_has_one_more_issuer_is_asked_a_bounded_number_of_times(
    levels, passes
):
    data, network = climbing(levels)
    assert online(data, network).passed is passes
    assert network.urls.count(f"{BASE}/1.cer") == 1


def test_revoked_now_is_revoked_online():
    revoked = {"ocsp": lambda _: answer(OFFICIAL, OCSP, LATER, revoked_at=LATER - SECOND)}
    assert online(document(), Recorded(table(**revoked))).sub_indication is (
        SubIndication.REVOKED_NO_POE
    )


def test_a_responder_without_nocheck_is_looked_up_in_the_list():
    own = responder_with_point()
    network = Recorded(table(ocsp=lambda _: answer(OFFICIAL, own, LATER)))
    assert online(document(), network).indication is Indication.TOTAL_PASSED
    assert f"{BASE}/issuing.crl" in network.urls


def responder_with_point():
    return issue(
        "Listed OCSP",
        ISSUING,
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False),
        (usage("digital_signature"), True),
        points(f"{BASE}/issuing.crl"),
    )


def test_what_a_chain_needs_is_collected_with_its_certificates():
    path = (OFFICIAL.certificate, ISSUING.certificate, ROOT.certificate)
    evidence = collect_for_chain(path, Recorded(table()), CLOCK)
    assert (len(evidence.ocsp_responses), len(evidence.crls)) == (1, 1)
    ders = {item.der for item in evidence.certificates}
    assert {OFFICIAL.der, ISSUING.der, OCSP.der} <= ders
    assert ROOT.der not in ders
    assert {item.had_at for item in evidence.certificates} == {LATER}
    assert len(evidence) == len(evidence.certificates) + 2


def test_the_number_of_requests_is_bounded(monkeypatch):
    monkeypatch.setattr(collect, "ADDRESSES", 4)
    many = official(
        ISSUING,
        (usage("digital_signature"), True),
        points(*(f"{BASE}/{number}.crl" for number in range(50))),
    )
    network = Recorded({})
    collector = Collector(network, CLOCK, requests_left=3)
    collector.find_crl(many.certificate)
    assert len(network.asked) == 3
    assert any(item.facts.get("reason") == "too many addresses" for item in collector.findings)


KEY = frozenset([x509.ReasonFlags.key_compromise])
REST = frozenset([x509.ReasonFlags.superseded])
USAGE = (usage("digital_signature"), True)


def point(url, *, reasons=None, issuer=None):
    of = [x509.DirectoryName(issuer.certificate.subject)] if issuer else None
    return x509.DistributionPoint(
        [x509.UniformResourceIdentifier(f"{BASE}/{url}")], None, reasons, of
    )


def at_points(*made):
    return official(ISSUING, USAGE, (x509.CRLDistributionPoints(list(made)), False))


def asked_for(party, network):
    collector = Collector(network, CLOCK)
    collector.find_crl(party.certificate)
    assert len(collector.evidence.crls) == sum(url.endswith(".crl") for url in network.urls)
    return [url.removeprefix(f"{BASE}/") for url in network.urls], collector.evidence


def test_lists_for_some_reasons_are_asked_for_where_none_is_for_all():
    network = Recorded(table(**dict.fromkeys(("key.crl", "rest.crl"), crl(ISSUING, LATER))))
    some = point("key.crl", reasons=KEY), point("rest.crl", reasons=REST)
    assert sorted(asked_for(at_points(*some), network)[0]) == ["key.crl", "rest.crl"]
    network.asked.clear()
    assert asked_for(at_points(*some, point("issuing.crl")), network)[0] == ["issuing.crl"]
    mirrors = at_points(point("issuing.crl"), point("key.crl"))
    network.asked.clear()
    assert asked_for(mirrors, network)[0] == ["issuing.crl"]


def test_the_newest_changes_to_a_list_are_asked_for():
    freshest = x509.FreshestCRL([point("delta.crl")])
    delta = crl(ISSUING, LATER, extensions=((x509.DeltaCRLIndicator(1), True),))
    named = {
        "issuing.crl": crl(ISSUING, LATER, extensions=((freshest, False),)),
        "delta.crl": delta,
    }
    wanted = ["issuing.crl", "delta.crl"]
    assert asked_for(OFFICIAL, Recorded(table(**named)))[0] == wanted
    by_itself = official(ISSUING, USAGE, points(f"{BASE}/issuing.crl"), (freshest, False))
    assert asked_for(by_itself, Recorded(table(**{"delta.crl": delta})))[0] == wanted
    assert asked_for(OFFICIAL, Recorded(table()))[0] == ["issuing.crl"]


def test_an_indirect_list_comes_with_the_certificate_of_its_issuer():
    lists = authority("Net lists", ROOT, points(f"{BASE}/root.crl"))
    scope = x509.IssuingDistributionPoint(
        full_name=None, relative_name=None, only_contains_user_certs=False,
        only_contains_ca_certs=False, only_some_reasons=None, indirect_crl=True,
        only_contains_attribute_certs=False,
    )  # fmt: skip
    made = crl(lists, LATER, extensions=((scope, True), access(issuer=f"{BASE}/lists.cer")))
    party = at_points(point("indirect.crl", issuer=lists))
    network = Recorded(table(**{"indirect.crl": made, "lists.cer": lists.der}))
    urls, evidence = asked_for(party, network)
    assert urls == ["indirect.crl", "lists.cer", "root.crl"]
    assert [item.der for item in evidence.certificates] == [lists.der]
    network.table[f"{BASE}/root.crl"] = made  # the list about the signer is not its issuer's
    assert asked_for(party, Recorded(network.table))[0] == urls
    assert status(Recorded({**table(), **network.table}), party) == Unknown("no current answer")
    whole = {f"{BASE}/indirect.crl": made, f"{BASE}/lists.cer": lists.der, **table()}
    assert status(Recorded(whole), party) == Good()


def test_a_point_without_an_address_gives_nothing_to_ask():
    nowhere = x509.DistributionPoint(
        [x509.DirectoryName(ROOT.certificate.subject)], None, None, None
    )
    bare = x509.DistributionPoint(None, None, None, [x509.DirectoryName(ROOT.certificate.subject)])
    assert asked_for(at_points(nowhere, bare), Recorded({}))[0] == []


def test_what_the_cache_gave_and_did_not_do_is_asked_for_again():
    stale = crl(ISSUING, SIGNED - timedelta(days=9))

    def serve(request):
        return stale if request.cacheable else crl(ISSUING, LATER)

    network = Recorded(table(ocsp=None, **{"issuing.crl": serve}))
    assert online(document(), network).indication is Indication.TOTAL_PASSED


def test_status_good_revoked_unknown():
    assert status(Recorded(table())) == Good()
    revoked = answer(OFFICIAL, OCSP, LATER, revoked_at=SIGNED,
                     reason=x509.ReasonFlags.key_compromise)  # fmt: skip
    assert status(Recorded(table(ocsp=revoked))) == Revoked(SIGNED, "key_compromise")
    listed = crl(ISSUING, LATER, revoked={OFFICIAL.certificate: SIGNED})
    network = Recorded(table(ocsp=None, **{"issuing.crl": listed}))
    assert status(network) == Revoked(SIGNED, "unspecified")
    unknown = status(Recorded({}))
    assert isinstance(unknown, Unknown)
    assert "404" in unknown.why
    offline = status(NoNetwork())
    assert offline == Unknown("offline")


def test_a_list_of_an_authority_whose_key_cannot_sign_is_no_evidence():
    """A key agreement key under the issuer's name, in the path that the caller hands in."""
    agreeing = (
        x509.CertificateBuilder()
        .subject_name(ISSUING.certificate.subject)
        .issuer_name(ROOT.certificate.subject)
        .public_key(X25519PrivateKey.generate().public_key())
        .serial_number(5)
        .not_valid_before(ISSUING.certificate.not_valid_before_utc)
        .not_valid_after(ISSUING.certificate.not_valid_after_utc)
        .sign(ROOT.key, SHA256())
    )
    network = Recorded(table(ocsp=None))
    assert status(network) == Good()
    odd = type(ISSUING)(agreeing, None, ROOT)
    assert isinstance(status(network, chain=(odd, ROOT)), Unknown)


def test_an_answer_that_proves_nothing_now_sends_status_to_the_list():
    old = answer(OFFICIAL, OCSP, LATER - timedelta(days=9), next_update=LATER - timedelta(days=8))
    assert status(Recorded(table(ocsp=old))) == Good()
    assert status(Recorded(table(ocsp=old, **{"issuing.crl": None}))) != Good()


def test_status_of_an_anchor_and_of_one_without_issuer():
    assert status(NoNetwork(), party=ROOT, chain=()) == Good()
    assert isinstance(status(NoNetwork(), chain=()), Unknown)
    nowhere = official(ISSUING, common="Nowhere")
    assert status(Recorded({}), party=nowhere, policy=default_policy()) == Unknown(
        "no current answer"
    )


def test_the_usual_world_has_no_addresses():
    world = make_world()
    network = Recorded({})
    Collector(network, CLOCK).find_status(world.official.certificate, world.issuing.certificate)
    assert not network.asked
