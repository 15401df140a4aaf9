"""Trust anchors: bags of certificates, the index made once, and which are in their period."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest
from asn1crypto import cms as asn1_cms
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import serialize_certificates
from unit.verify.verify_pki import (
    BORN,
    LATER,
    SECOND,
    SIGNED,
    YEAR,
    authority,
    judge,
    make_document,
    official,
)

from verify.certificate import fingerprint
from verify.compare import comparable
from verify.errors import TrustFileError
from verify.finding import warning
from verify.indication import Indication
from verify.listed import Listing, State
from verify.path.pool import CertificatePool
from verify.policy import default_policy
from verify.revocation.gather import Gatherers, gatherers_of_thread
from verify.trust import TrustStore, load_trust

POLICY = default_policy()
ROOT, OTHER = authority("Trusted"), authority("Trusted too")


def bag(encoding, *parties):
    return serialize_certificates([one.certificate for one in parties], encoding)


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
@pytest.mark.parametrize("name", ["anchors.p7b", "anchors.P7C", "anchors.pem"])
def test_a_bag_of_certificates_holds_anchors(tmp_path, encoding, name):
    path = tmp_path / name
    path.write_bytes(bag(encoding, ROOT, OTHER))
    for given in (path, tmp_path):
        assert set(load_trust([given]).anchors) == {ROOT.certificate, OTHER.certificate}


def test_a_bag_that_is_empty_or_cut_short_is_refused(tmp_path):
    whole = bag(Encoding.DER, ROOT)
    path = tmp_path / "anchors.p7b"
    empty = asn1_cms.ContentInfo({
        "content_type": "signed_data",
        "content": {
            "version": "v1",
            "digest_algorithms": [],
            "encap_content_info": {"content_type": "data"},
            "certificates": [],
            "signer_infos": [],
        },
    }).dump()  # fmt: skip
    for content in (empty, whole[:-40], b"-----BEGIN PKCS7-----\nAA==\n-----END PKCS7-----\n"):
        path.write_bytes(content)
        with pytest.raises(TrustFileError):
            load_trust([path])
    path.write_bytes(whole)
    assert load_trust([path]).anchors == (ROOT.certificate,)


def test_anchors_are_found_by_subject_and_by_issuer():
    below = authority("Below", ROOT)
    twin = authority("trusted", key_name="twin")
    trust = TrustStore((ROOT.certificate, OTHER.certificate, below.certificate, twin.certificate))
    name = comparable(ROOT.certificate.subject)
    assert trust.named(name) == (ROOT.certificate, twin.certificate)
    assert trust.issued_under(name) == (ROOT.certificate, below.certificate, twin.certificate)
    assert trust.named(comparable(official(ROOT).certificate.subject)) == ()
    party = official(ROOT)
    pool = CertificatePool(trust, (party.certificate, ROOT.certificate, party.certificate))
    assert pool.untrusted == (party.certificate,)
    assert pool.all() == (*trust.anchors, party.certificate)
    assert pool.issued_under(ROOT.certificate.subject) == (
        *trust.issued_under(name),
        party.certificate,
    )


def test_an_era_ends_when_an_anchor_s_period_begins_or_ends():
    trust = TrustStore((
        authority("Old", not_before=BORN, not_after=BORN + YEAR).certificate,
        authority("New", not_before=BORN + YEAR + SECOND).certificate,
    ))  # fmt: skip
    end = BORN + YEAR
    assert trust.era(BORN + SECOND) == trust.era(end - SECOND)
    moments = (BORN - SECOND, BORN, SIGNED, end, end + SECOND, end + YEAR)
    assert len({trust.era(moment) for moment in moments}) == len(moments)


def test_what_was_found_out_is_kept_while_nothing_changed():
    trust, party, raw = TrustStore((ROOT.certificate,)), official(ROOT), (b"", SIGNED, None)
    gatherers, strict = (
        Gatherers(),
        default_policy().paths.model_copy(update={"explicit_policy": True}),
    )
    same = {"certificates": (party.certificate,), "crls": (raw,), "responses": (raw,)}

    def get(*, trust=trust, certificates, crls, responses, policy=POLICY):
        pool = CertificatePool(trust, certificates)
        return gatherers.get(pool, crls, responses, policy=policy)

    for changed in (
        {"trust": TrustStore((ROOT.certificate, OTHER.certificate))},
        {"certificates": (party.certificate, OTHER.certificate)},
        {"certificates": ()},
        {"policy": default_policy().model_copy(update={"paths": strict})},
        *(
            {kind: other}
            for kind in ("crls", "responses")
            for other in ((), ((b"0", SIGNED, None),), ((b"", LATER, None),), ((b"", SIGNED, 0),))
        ),
    ):
        first = get(**same)
        assert get(**same) is first
        assert get(**{**same, **changed}) is not first
        assert get(**same) is first


def test_what_was_found_out_for_so_many_documents_is_kept_and_no_more():
    gatherers, trust = Gatherers(), TrustStore((ROOT.certificate,))
    parties = [official(ROOT, common=f"Signer {number}").certificate for number in range(5)]

    def get(number):
        pool = CertificatePool(trust, (parties[number],))
        return gatherers.get(pool, (), (), policy=POLICY)

    first, second, third = get(0), get(1), get(2)
    get(3)
    assert get(0) is first
    get(4)  # the fifth takes the place of what was not asked for the longest time
    assert get(0) is first
    assert get(2) is third
    assert get(1) is not second


def test_anchors_travel_to_other_processes():
    listing = Listing("VN", "Provider", "Service", (State("type", "status", SIGNED),))
    listed = ((OTHER.certificate, listing),)
    trust = TrustStore((ROOT.certificate,), listed, (warning("verdict.offline"),))
    assert trust.named(comparable(ROOT.certificate.subject))
    assert pickle.loads(pickle.dumps(trust)) == trust  # noqa: S301  of this test


def test_an_era_ends_when_a_list_tells_something_else_of_a_service():
    listing = Listing("VN", "Provider", "Service", (State("type", "status", LATER),))
    trust = TrustStore(listed=((ROOT.certificate, listing),))
    moments = (LATER - SECOND, LATER, LATER + SECOND)
    assert len({trust.era(moment) for moment in moments}) == len(moments)
    assert len({TrustStore((ROOT.certificate,)).era(moment) for moment in moments}) == 1


def test_of_two_issuers_each_document_gets_the_one_of_its_time():
    """What was found out for one document, whose date its signer wrote, is not another's."""
    old = authority("Renewed", ROOT, not_after=SIGNED)
    new = authority("Renewed", ROOT, not_before=SIGNED + SECOND)
    party = official(old)
    certificates = (party.certificate, old.certificate, new.certificate)
    pool = CertificatePool(TrustStore((ROOT.certificate,)), certificates)
    gatherer = Gatherers().get(pool, (), (), policy=POLICY)
    for _ in range(2):
        for hint, issuer in ((SIGNED, old), (LATER, new)):
            chain = gatherer.chain(party.certificate, hint=hint)
            needs = gatherer.needs(party.certificate, hint)
            wanted = fingerprint(issuer.certificate)
            assert chain.certificates[1].fingerprint == wanted
            assert wanted in needs


def test_each_thread_keeps_what_it_found_out():
    own = gatherers_of_thread()
    assert gatherers_of_thread() is own
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(gatherers_of_thread).result() is not own


def test_a_policy_that_requires_certificate_policies_refuses_paths_without():
    data = make_document("B-LTA")
    asked = default_policy().paths.model_copy(update={"explicit_policy": True})
    strict = default_policy().model_copy(update={"paths": asked})
    assert judge(data).indication is Indication.TOTAL_PASSED
    report = judge(data, policy=strict)
    assert report.indication is Indication.INDETERMINATE
    assert "chain.no_valid_policy" in {one.code for one in report.signatures[0].findings}
