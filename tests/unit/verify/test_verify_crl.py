"""Lists of revoked certificates: deltas, shards, indirect lists, and who may sign them."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from unit.verify.verify_pki import (
    DAY,
    LATER,
    SECOND,
    SIGNED,
    answer,
    authority,
    hash_of,
    issue,
    name,
    official,
    usage,
)

from verify.errors import MalformedObjectError
from verify.facts import Status
from verify.path.pool import CertificatePool
from verify.policy import default_policy
from verify.revocation import crl_signer
from verify.revocation.crl_entries import Entries, EntriesBudget
from verify.revocation.crl_signer import Signers
from verify.revocation.gather import Gatherer
from verify.revocation.sources import read_crls, read_responses
from verify.trust import TrustStore

ROOT = authority("List root")
ISSUING = authority("List issuing", ROOT)
OTHER = authority("List other", ROOT)
URL = x509.UniformResourceIdentifier("http://pki.example/list.crl")
ODD = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
ALL = frozenset(x509.ReasonFlags) - {
    x509.ReasonFlags.unspecified,
    x509.ReasonFlags.remove_from_crl,
}
KEY = frozenset({x509.ReasonFlags.key_compromise})
HOLD = x509.ReasonFlags.certificate_hold
LIFTED = x509.ReasonFlags.remove_from_crl


def scope(*names, relative=None, reasons=None, **more):
    return (
        x509.IssuingDistributionPoint(
            full_name=list(names) or None,
            relative_name=relative,
            only_contains_user_certs=more.get("users", False),
            only_contains_ca_certs=more.get("authorities", False),
            only_some_reasons=reasons,
            indirect_crl=more.get("indirect", False),
            only_contains_attribute_certs=False,
        ),
        True,
    )


def points(*made):
    return (x509.CRLDistributionPoints(list(made)), False)


def point(*names, relative=None, reasons=None, issuer=None):
    of = [x509.DirectoryName(issuer.certificate.subject)] if issuer else None
    return x509.DistributionPoint(list(names) or None, relative, reasons, of)


def entry(party, *, at=SIGNED, reason=None, issuer=None, odd=False):
    made = (
        x509.RevokedCertificateBuilder()
        .serial_number(party.certificate.serial_number)
        .revocation_date(at)
    )
    if reason is not None:
        made = made.add_extension(x509.CRLReason(reason), False)
    if issuer is not None:
        of = [x509.DNSName("x.vn"), x509.DirectoryName(issuer.certificate.subject)]
        made = made.add_extension(x509.CertificateIssuer(of), True)
    if odd:
        made = made.add_extension(ODD, True)
    return made.build()


def crl(
    issuer, *entries, number=None, base=None, extensions=(), issued=LATER, signer=None, until=None
):
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(issued)
        .next_update(until or issued + DAY)
    )
    if number is not None:
        extensions = (*extensions, (x509.CRLNumber(number), False))
    if base is not None:
        extensions = (*extensions, (x509.DeltaCRLIndicator(base), True))
    for value, critical in extensions:
        builder = builder.add_extension(value, critical)
    for one in entries:
        builder = builder.add_revoked_certificate(one)
    key = (signer or issuer).key
    return builder.sign(key, hash_of(key)).public_bytes(Encoding.DER)


def facts(party, *lists, others=(), answers=(), revisions=None):
    """Return the facts about `party` from lists had at LATER, the chain above it known."""
    known = [one.certificate for one in (*party.chain, *others)]
    revisions = revisions or (None,) * len(lists)
    gatherer = Gatherer(
        CertificatePool(TrustStore((ROOT.certificate,)), known),
        crls=read_crls((der, LATER, rev) for der, rev in zip(lists, revisions, strict=True)),
        responses=read_responses((der, LATER, None) for der in answers),
        limits=default_policy().limits,
    )
    issuer, *above = party.chain[1:]
    above = tuple(one.certificate for one in above)
    return gatherer.statuses(party.certificate, issuer.certificate, above)


def told(party, *lists, **more):
    return {(one.status, one.reason) for one in facts(party, *lists, **more)}


GOOD = {(Status.GOOD, None)}
PARTY = official(ISSUING)


def revoked(reason=None):
    return (Status.REVOKED, reason)


def test_a_delta_brings_the_list_it_belongs_to_up_to_date():
    base = crl(ISSUING, number=5, issued=LATER - DAY)
    delta = crl(ISSUING, number=7, base=4)
    found = facts(PARTY, base, delta)
    assert {one.status for one in found} == {Status.GOOD}
    assert {one.this_update for one in found} == {LATER - DAY, LATER}
    newer = crl(ISSUING, entry(PARTY, reason=x509.ReasonFlags.superseded), number=7, base=4)
    assert told(PARTY, base, newer) == GOOD | {revoked("superseded")}


def test_a_delta_takes_a_hold_off():
    base = crl(ISSUING, entry(PARTY, reason=HOLD), number=5, issued=LATER - DAY)
    lifts = crl(ISSUING, entry(PARTY, reason=LIFTED), number=7, base=5)
    assert told(PARTY, base) == {revoked("certificateHold")}
    assert told(PARTY, base, lifts) == GOOD | {revoked("certificateHold")}
    newest = max(facts(PARTY, base, lifts), key=lambda one: one.this_update)
    assert newest.status is Status.GOOD
    keeps = crl(ISSUING, number=7, base=5)
    assert told(PARTY, base, keeps) == {revoked("certificateHold")}


def test_a_full_list_takes_nothing_off():
    assert told(PARTY, crl(ISSUING, entry(PARTY, reason=LIFTED))) == {revoked("removeFromCRL")}


@pytest.mark.parametrize(
    ("base", "delta", "counts"),
    [
        pytest.param({"number": 5}, {"number": 7, "base": 5}, True, id="meant for it"),
        pytest.param({"number": 4}, {"number": 7, "base": 5}, False, id="list too old"),
        pytest.param({"number": 7}, {"number": 7, "base": 5}, False, id="list as new"),
        pytest.param({}, {"number": 7, "base": 5}, False, id="list without number"),
        pytest.param({"number": 5}, {"base": 5}, False, id="delta without number"),
        pytest.param(
            {"number": 5},
            {"number": 7, "base": 5, "extensions": (scope(users=True),)},
            False,
            id="another scope",
        ),
        pytest.param(
            {"number": 5},
            {
                "number": 7,
                "base": 5,
                "extensions": ((x509.AuthorityKeyIdentifier(b"x", None, None), False),),
            },
            False,
            id="another key named",
        ),
    ],
)
def test_a_delta_counts_with_the_list_it_is_meant_for(base, delta, counts):
    lists = crl(ISSUING, issued=LATER - DAY, **base), crl(ISSUING, **delta)
    moments = {one.this_update for one in facts(PARTY, *lists)}
    assert (LATER in moments) is counts
    assert LATER - DAY in moments


def test_a_delta_alone_proves_nothing_good_and_everything_bad():
    assert not told(PARTY, crl(ISSUING, number=7, base=5))
    assert not told(PARTY, crl(ISSUING, entry(PARTY, reason=LIFTED), number=7, base=5))
    assert told(PARTY, crl(ISSUING, entry(PARTY), number=7, base=5)) == {revoked()}


def test_what_lists_say_together_is_as_old_and_known_as_late_as_the_last_of_them():
    base = crl(ISSUING, number=5, issued=LATER - DAY)
    delta = crl(ISSUING, number=7, base=4)
    for revisions, expected in (((1, 2), 2), ((3, 2), 3), ((1, None), None), ((None, 2), None)):
        newest = max(
            facts(PARTY, base, delta, revisions=revisions), key=lambda one: one.this_update
        )
        assert newest.revision == expected


REST = ALL - KEY


def test_lists_for_some_reasons_count_when_together_they_are_for_all():
    one = crl(ISSUING, extensions=(scope(reasons=KEY),), until=LATER + DAY)
    rest = crl(ISSUING, extensions=(scope(reasons=REST),), issued=LATER - DAY, until=LATER + SECOND)
    assert not told(PARTY, one)
    assert not told(PARTY, rest)
    (both,) = facts(PARTY, one, rest)
    assert both.status is Status.GOOD
    assert (both.this_update, both.next_update) == (LATER - DAY, LATER + SECOND)
    newer = crl(ISSUING, extensions=(scope(reasons=REST),))
    (newest,) = facts(PARTY, one, rest, newer)
    assert newest.this_update == LATER
    bad = crl(ISSUING, entry(PARTY), extensions=(scope(reasons=REST),))
    assert told(PARTY, one, bad) == {revoked()}


def test_lists_of_different_signers_do_not_add_up():
    point_of = point(URL, reasons=KEY), point(URL, reasons=REST, issuer=OTHER)
    party = official(ISSUING, (usage("digital_signature"), True), points(*point_of))
    one = crl(ISSUING, extensions=(scope(URL, reasons=KEY),))
    rest = crl(OTHER, extensions=(scope(URL, reasons=REST, indirect=True),))
    assert not told(party, one, rest, others=(OTHER,))
    same = crl(ISSUING, extensions=(scope(reasons=REST),))
    assert told(party, one, same) == GOOD


CONTAINS = x509.RelativeDistinguishedName([x509.NameAttribute(x509.NameOID.COMMON_NAME, "shard")])


def directory(*parts):
    return x509.DirectoryName(x509.Name([*parts]))


FULL = directory(
    x509.NameAttribute(x509.NameOID.COMMON_NAME, "List issuing"),
    x509.NameAttribute(x509.NameOID.COMMON_NAME, "SHARD"),
)


@pytest.mark.parametrize(
    ("own", "listed", "counts"),
    [
        pytest.param(point(URL), scope(URL), True, id="same address"),
        pytest.param(
            point(URL), scope(x509.UniformResourceIdentifier("http://x")), False, id="other"
        ),
        pytest.param(point(relative=CONTAINS), scope(relative=CONTAINS), True, id="relative both"),
        pytest.param(point(FULL), scope(relative=CONTAINS), True, id="relative in the list"),
        pytest.param(point(relative=CONTAINS), scope(FULL), True, id="relative in the certificate"),
        pytest.param(point(URL), scope(relative=CONTAINS), False, id="relative and address"),
        pytest.param(point(URL), scope(users=True), True, id="list for all points"),
        pytest.param(
            point(URL),
            scope(x509.DirectoryName(ISSUING.certificate.subject)),
            True,
            id="the issuer's own point",
        ),
    ],
)
def test_a_list_of_a_point_counts_for_certificates_that_name_it(own, listed, counts):
    party = official(ISSUING, (usage("digital_signature"), True), points(own))
    assert told(party, crl(ISSUING, extensions=(listed,))) == (GOOD if counts else set())


def test_lists_for_users_and_for_authorities():
    users, above = scope(users=True), scope(authorities=True)
    assert told(PARTY, crl(ISSUING, extensions=(users,))) == GOOD
    assert not told(PARTY, crl(ISSUING, extensions=(above,)))
    assert not told(ISSUING, crl(ROOT, extensions=(users,)))
    assert told(ISSUING, crl(ROOT, extensions=(above,))) == GOOD


def by_another(**more):
    return official(
        ISSUING, (usage("digital_signature"), True), points(point(URL, issuer=OTHER, **more))
    )


INDIRECT = (scope(URL, indirect=True),)


def test_an_indirect_list_speaks_of_the_certificates_of_others():
    party = by_another()
    status = crl(ROOT)
    clean = crl(OTHER, extensions=INDIRECT)
    (found,) = facts(party, clean, status, others=(OTHER,))
    assert found.status is Status.GOOD
    assert not found.signer_is_issuer
    assert [one.status for one in found.signer_revocations] == [Status.GOOD]
    listed = crl(OTHER, entry(party, issuer=ISSUING), extensions=INDIRECT)
    assert told(party, listed, others=(OTHER,)) == {revoked()}
    namesake = crl(OTHER, entry(party), extensions=INDIRECT)  # of OTHER, with the same serial
    assert told(party, namesake, others=(OTHER,)) == GOOD


def test_an_issuer_named_in_an_indirect_list_holds_until_the_next():
    party, second = by_another(), official(ISSUING, common="Second")
    listed = entry(second, issuer=ISSUING), entry(party)
    assert told(party, crl(OTHER, *listed, extensions=INDIRECT), others=(OTHER,)) == {revoked()}
    listed = entry(second, issuer=ISSUING), entry(party, issuer=OTHER)
    assert told(party, crl(OTHER, *listed, extensions=INDIRECT), others=(OTHER,)) == GOOD


@pytest.mark.parametrize(
    ("extensions", "counts"),
    [
        pytest.param(INDIRECT, True, id="indirect"),
        pytest.param((scope(URL),), False, id="not indirect"),
        pytest.param((), False, id="no scope"),
        pytest.param(
            (scope(x509.DirectoryName(OTHER.certificate.subject), indirect=True),),
            False,
            id="another point",
        ),
    ],
)
def test_a_list_of_another_issuer_must_be_indirect_and_named(extensions, counts):
    found = told(by_another(), crl(OTHER, extensions=extensions), others=(OTHER,))
    assert found == (GOOD if counts else set())
    assert not told(PARTY, crl(OTHER, extensions=extensions), others=(OTHER,))


def test_a_point_without_a_name_is_its_issuer_s():
    party = official(ISSUING, (usage("digital_signature"), True), points(point(issuer=OTHER)))
    own = scope(x509.DirectoryName(OTHER.certificate.subject), indirect=True)
    assert told(party, crl(OTHER, extensions=(own,)), others=(OTHER,)) == GOOD
    assert not told(party, crl(OTHER, extensions=INDIRECT), others=(OTHER,))


def test_a_point_whose_issuer_has_no_directory_name_gives_nothing():
    odd = x509.DistributionPoint([URL], None, None, [x509.DNSName("x.vn")])
    party = official(ISSUING, (usage("digital_signature"), True), points(odd))
    assert not told(party, crl(OTHER, extensions=INDIRECT), others=(OTHER,))


def test_the_signer_of_an_indirect_list_must_be_of_the_same_authorities():
    stranger = authority("List other", authority("Nobody"), key_name="stranger")
    forged = crl(OTHER, extensions=INDIRECT, signer=stranger)
    assert not told(by_another(), forged, others=(stranger, OTHER))
    weak = issue(
        "List other",
        ROOT,
        (x509.BasicConstraints(True, None), True),
        (usage("key_cert_sign"), True),
    )
    assert not told(by_another(), crl(weak, extensions=INDIRECT), others=(weak,))
    odd = authority("List other", ROOT, (ODD, True))
    assert not told(by_another(), crl(odd, extensions=INDIRECT), others=(odd,))
    assert told(by_another(), crl(OTHER, extensions=INDIRECT), others=(OTHER,)) == GOOD


def test_the_anchor_may_sign_for_all_below():
    party = official(ISSUING, (usage("digital_signature"), True), points(point(URL, issuer=ROOT)))
    (found,) = facts(party, crl(ROOT, extensions=INDIRECT))
    assert found.status is Status.GOOD
    assert found.signer_is_issuer
    assert not found.signer_revocations


def test_the_last_of_a_path_that_is_no_anchor_must_have_a_status():
    (listed,) = read_crls(((crl(ROOT, extensions=INDIRECT), LATER, None),))
    for anchors, good in (((ROOT.certificate,), True), ((), False)):
        pool = CertificatePool(TrustStore(anchors), (ROOT.certificate,))
        found = Signers(pool).find(
            listed.crl, (ISSUING.certificate, ROOT.certificate), only_issuer=False
        )
        assert (found.issuer is None) is good  # else its own status is asked for


def test_a_delta_signed_with_another_key_does_not_count_with_the_list():
    new = rolled()
    lists = crl(ISSUING, number=5, issued=LATER - DAY), crl(new, number=7, base=5), crl(ROOT)
    assert {one.this_update for one in facts(PARTY, *lists, others=(new,))} == {LATER - DAY}


def rolled():
    """Return the issuing authority with a new key, certified by the root."""
    return authority("List issuing", ROOT, key_name="List issuing rolled")


def test_a_list_signed_with_the_issuer_s_other_key_counts():
    new = rolled()
    status = crl(ROOT)
    found = facts(PARTY, crl(new), status, others=(new,))
    assert [(one.status, one.signer_is_issuer) for one in found] == [(Status.GOOD, False)]
    assert [one.status for one in found[0].signer_revocations] == [Status.GOOD]
    assert not facts(PARTY, crl(new), status)  # its certificate is not known
    wrong = (x509.AuthorityKeyIdentifier(b"other", None, None), False)
    assert not facts(PARTY, crl(new, extensions=(wrong,)), status, others=(new,))


def test_the_status_of_a_signer_may_come_by_ocsp_or_from_a_list_of_its_issuer():
    new = rolled()
    good = answer(new, ROOT, LATER)
    (found,) = facts(PARTY, crl(new), others=(new,), answers=(good,))
    assert [one.source for one in found.signer_revocations] == ["ocsp"]
    bad = crl(ROOT, entry(new))
    (found,) = facts(PARTY, crl(new), bad, others=(new,))
    assert [one.status for one in found.signer_revocations] == [Status.REVOKED]


def test_no_signer_vouches_for_itself_unless_its_issuer_says_so():
    own = issue(
        "List signer",
        ISSUING,
        (usage("crl_sign"), True),
        points(point(URL, issuer=issue("List signer", None))),
    )
    party = official(ISSUING, (usage("digital_signature"), True), points(point(URL, issuer=own)))
    found = facts(party, crl(own, extensions=INDIRECT), others=(own,))
    assert [one.signer_revocations[0].signer_needs_no_check for one in found] == [True]
    plain = issue("List issuing", ISSUING, (usage("crl_sign"), True), key_name="plain signer")
    found = facts(PARTY, crl(plain), others=(plain,))
    assert [one.signer_revocations for one in found] == [()]


def test_signers_do_not_stand_behind_each_other_without_end():
    """The status of the third comes only from a list that the authority signed itself."""
    signers = [
        issue("List issuing", ISSUING, (usage("crl_sign"), True), key_name=f"signer {number}")
        for number in range(4)
    ]
    lists = [crl(one) for one in signers]
    found = facts(PARTY, *lists, others=signers)
    second = [two for one in found for two in one.signer_revocations]
    third = [three for two in second for three in two.signer_revocations]
    assert second
    assert all(not one.signer_revocations for one in third)
    direct = facts(PARTY, *lists, crl(ISSUING), others=signers)
    assert any(one.signer_is_issuer for one in direct)


def test_crowds_of_namesakes_end_the_search_for_a_signer(monkeypatch):
    crowd = [
        issue("List issuing", ROOT, (usage("crl_sign"), True), key_name="crowd", serial=number)
        for number in range(1, 9)
    ]
    new = rolled()
    monkeypatch.setattr(crl_signer, "_CHECKS", 8)
    assert told(PARTY, crl(new), others=(*crowd, new)) == set()
    assert told(PARTY, crl(new), others=(new,)) == GOOD
    monkeypatch.undo()
    assert told(PARTY, crl(new), others=(*crowd, new)) == GOOD


def test_an_entry_nobody_understands_spoils_what_the_list_says_of_others():
    odd = crl(ISSUING, entry(official(ISSUING, common="Odd one"), odd=True))
    assert not told(PARTY, odd)
    assert told(PARTY, crl(ISSUING, entry(PARTY, odd=True))) == {revoked()}
    known = crl(ISSUING, entry(official(ISSUING, common="Known"), reason=HOLD))
    assert told(PARTY, known) == GOOD


def unreadable(party, oid, *, critical):
    made = (
        x509.RevokedCertificateBuilder()
        .serial_number(party.certificate.serial_number)
        .revocation_date(SIGNED)
    )
    return made.add_extension(x509.UnrecognizedExtension(oid, b"\x30\x09"), critical).build()


def test_an_entry_that_cannot_be_read_says_revoked_all_the_same():
    third, reason = official(ISSUING, common="Third"), x509.CRLReason.oid
    assert told(PARTY, crl(ISSUING, unreadable(PARTY, reason, critical=True))) == {revoked()}
    assert not told(PARTY, crl(ISSUING, unreadable(third, reason, critical=True)))
    assert told(PARTY, crl(ISSUING, unreadable(third, reason, critical=False))) == GOOD


def test_an_indirect_list_of_which_nobody_knows_whom_it_lists_is_no_evidence():
    whom = x509.CertificateIssuer.oid
    broken = crl(OTHER, unreadable(PARTY, whom, critical=True), extensions=INDIRECT)
    assert not told(by_another(), broken, others=(OTHER,))
    plain = crl(OTHER, entry(PARTY, issuer=OTHER), extensions=INDIRECT)
    assert told(by_another(), plain, others=(OTHER,)) == GOOD


def test_more_entries_than_may_be_read_one_by_one_are_no_evidence():
    third = official(ISSUING, common="Third")
    by_one = crl(OTHER, entry(third, issuer=ISSUING), entry(third), extensions=INDIRECT)
    odd = crl(ISSUING, unreadable(third, x509.InvalidityDate.oid, critical=True))
    assert told(by_another(), by_one, others=(OTHER,)) == GOOD
    for left, good in ((2, True), (1, False)):
        budget = EntriesBudget(left)
        entries = Entries(x509.load_der_x509_crl(by_one), budget)
        if good:
            assert entries.about(PARTY.certificate) is None
        else:
            with pytest.raises(MalformedObjectError):
                entries.about(PARTY.certificate)
    assert Entries(x509.load_der_x509_crl(odd), EntriesBudget(0)).all_understood() is False
    plain = crl(ISSUING, entry(third))
    assert Entries(x509.load_der_x509_crl(plain), EntriesBudget(0)).all_understood()


def test_so_many_points_are_compared():
    crowd = [point(x509.UniformResourceIdentifier(f"http://x/{n}")) for n in range(40)]
    for position, found in ((0, GOOD), (35, set())):
        named = [*crowd[:position], point(URL), *crowd[position:]]
        party = official(ISSUING, (usage("digital_signature"), True), points(*named))
        assert told(party, crl(ISSUING, extensions=(scope(URL),))) == found


def test_an_entry_for_another_issuer_belongs_into_an_indirect_list_only():
    third = official(ISSUING, common="Third")
    listed = crl(ISSUING, entry(third, issuer=OTHER))
    assert not told(PARTY, listed)
    indirect = crl(ISSUING, entry(third, issuer=OTHER), extensions=(scope(indirect=True),))
    assert told(PARTY, indirect) == GOOD
    # In a list that is not indirect the serial number speaks for itself.
    assert told(PARTY, crl(ISSUING, entry(PARTY, issuer=OTHER))) == {revoked()}


def test_a_numbered_list_must_not_say_that_the_number_is_critical():
    assert told(PARTY, crl(ISSUING, extensions=((x509.CRLNumber(1), False),))) == GOOD
    assert not told(PARTY, crl(ISSUING, extensions=((x509.CRLNumber(1), True),)))


def test_names_of_issuers_are_compared_as_names():
    shouting = issue(
        "x", None, (x509.BasicConstraints(True, None), True), subject=name("LIST  ISSUING"),
        key_name="List issuing",
    )  # fmt: skip
    assert told(PARTY, crl(shouting)) == GOOD
