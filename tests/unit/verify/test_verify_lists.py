"""What a trusted list tells: version, dates, services with their history, other lists."""

from __future__ import annotations

from datetime import timedelta

import pytest
from lxml import etree
from unit.verify.list_writer import (
    HOUR,
    INFO,
    OLD_STATUS,
    TSL,
    Elsewhere,
    Serving,
    Told,
    make_list,
    operator,
    sign_list,
    z,
)
from unit.verify.verify_pki import BORN, DAY, SECOND, SIGNED, YEAR, authority, stamper

from pki.words import Language, message_of
from verify.errors import (
    ListClosedError,
    ListExpiredError,
    ListMalformedError,
    ListNotYetError,
    ListVersionError,
)
from verify.listed import Listing, Period, State, merged
from verify.lists.check import SKEW, check_list
from verify.policy import Use

SIGNER = operator()
ROOT, OTHER = authority("Listed root"), authority("Listed too")
STAMPER = stamper(ROOT)


def check(root, at=SIGNED):
    data = sign_list(root, SIGNER)
    return check_list(data, signers=[SIGNER.certificate], at=at, name="vn")


@pytest.mark.parametrize("version", ["5", "6"])
def test_versions_5_and_6_are_read(version):
    found = check(make_list(Serving((ROOT,)), version=version))
    assert (found.version, found.sequence, found.territory) == (version, 7, "VN")
    assert (found.operator, found.of_lists) == ("Operator", False)
    assert (found.issued, found.next_update) == (SIGNED - DAY, SIGNED + YEAR / 2)


@pytest.mark.parametrize("version", ["4", "3", "7", "", "five"])
def test_other_versions_are_not(version):
    with pytest.raises(ListVersionError) as caught:
        check(make_list(Serving((ROOT,)), version=version))
    assert caught.value.facts["version"] == (version or "?")


def test_a_list_counts_until_the_next_should_be_there():
    end = SIGNED + 30 * DAY
    assert check(make_list(next_update=end), at=end - SECOND)
    for late in (end, end + YEAR):
        with pytest.raises(ListExpiredError) as caught:
            check(make_list(next_update=end), at=late)
        assert caught.value.facts["next_update"] == end


def test_a_closed_list_counts_no_more():
    assert check(make_list())
    with pytest.raises(ListClosedError):
        check(make_list(next_update=None))


def test_a_list_from_the_future_does_not_count_yet():
    assert check(make_list(issued=SIGNED + SKEW))
    with pytest.raises(ListNotYetError):
        check(make_list(issued=SIGNED + SKEW + SECOND))


def test_services_are_read_with_what_is_told_of_them():
    told = Told(additional=("ForeSignatures", "ForeSeals"), qualifiers=("QCWithQSCD",))
    found = check(make_list(Serving((ROOT, OTHER), (told,), name="CA one", provider="Tổ chức A")))
    (service,) = found.services
    assert service.certificates == (ROOT.certificate, OTHER.certificate)
    listing = service.listing
    assert (listing.territory, listing.provider, listing.name) == ("VN", "Tổ chức A", "CA one")
    (state,) = listing.states
    assert (state.kind, state.standing, state.since) == ("CA/QC", "granted", BORN)
    assert state.additional == (f"{INFO}ForeSignatures", f"{INFO}ForeSeals")
    assert state.qualifiers == (f"{INFO}QCWithQSCD",)


def test_history_makes_periods():
    granted, accredited = SIGNED, BORN + 10 * DAY
    now = Told("withdrawn", SIGNED + 20 * DAY)
    before = (
        Told("granted", granted),
        Told("supervisionceased", granted - 5 * DAY),
        Told("accredited", accredited, prefix=OLD_STATUS),
    )
    (service,) = check(make_list(Serving((ROOT,), (now, *before)))).services
    listing = service.listing
    assert [state.standing for state in listing.states] == [
        "accredited",
        "supervisionceased",
        "granted",
        "withdrawn",
    ]
    assert listing.periods(Use.SIGNATURE) == (
        Period(accredited, granted - 5 * DAY),
        Period(granted, now.since),
    )
    assert listing.at(accredited - SECOND) is None
    assert listing.at(accredited).standing == "accredited"
    assert listing.at(granted + HOUR).standing == "granted"
    assert listing.at(SIGNED + YEAR).standing == "withdrawn"


@pytest.mark.parametrize(
    ("kind", "signature", "timestamp"),
    [
        ("CA/QC", True, True),
        ("CA/PKC", True, True),
        ("NationalRootCA-QC", True, True),
        ("TSA/QTST", False, True),
        ("TSA", False, True),
        ("TSA/TSS-QC", False, True),
        ("Certstatus/OCSP/QC", False, False),
        ("Certstatus/CRL", False, False),
        ("QESValidation/Q", False, False),
        ("CA", False, False),
        ("unspecified", False, False),
    ],
)
def test_a_kind_of_service_says_what_a_path_may_end_in_it_for(kind, signature, timestamp):
    (service,) = check(make_list(Serving((ROOT,), (Told(kind=kind),)))).services
    assert bool(service.listing.periods(Use.SIGNATURE)) is signature
    assert bool(service.listing.periods(Use.TIMESTAMP)) is timestamp
    assert service.listing.anchors is (signature or timestamp)


@pytest.mark.parametrize(
    ("status", "allows"),
    [
        ("granted", True),
        ("recognisedatnationallevel", True),
        ("undersupervision", True),
        ("supervisionincessation", True),
        ("accredited", True),
        ("setbynationallaw", True),
        ("withdrawn", False),
        ("deprecatedatnationallevel", False),
        ("supervisionceased", False),
        ("supervisionrevoked", False),
        ("accreditationceased", False),
        ("accreditationrevoked", False),
        ("deprecatedbynationallaw", False),
        ("Granted", False),
        ("", False),
    ],
)
def test_a_status_says_whether_a_path_may_end_there(status, allows):
    (service,) = check(make_list(Serving((ROOT,), (Told(status),)))).services
    assert bool(service.listing.periods(Use.SIGNATURE)) is allows


def test_a_status_of_somebody_else_s_allows_nothing():
    for prefix, allows in ((OLD_STATUS, True), ("http://example.test/Svcstatus/", False)):
        (service,) = check(make_list(Serving((ROOT,), (Told(prefix=prefix),)))).services
        assert service.listing.anchors is allows


def test_periods_that_touch_are_one():
    moments = [BORN + n * DAY for n in range(6)]
    assert merged([]) == ()
    assert merged([Period(moments[2], moments[3]), Period(moments[0], moments[2])]) == (
        Period(moments[0], moments[3]),
    )
    apart = (Period(moments[0], moments[1]), Period(moments[2]))
    assert merged(reversed(apart)) == apart
    assert merged([Period(moments[0]), Period(moments[1], moments[2])]) == (Period(moments[0]),)
    assert merged([Period(moments[0], moments[2]), Period(moments[1])]) == (Period(moments[0]),)
    assert merged([Period(moments[0], moments[4]), Period(moments[1], moments[2])]) == (
        Period(moments[0], moments[4]),
    )


def test_a_period_has_a_beginning_and_no_end_in_it():
    period = Period(BORN, SIGNED)
    assert [moment in period for moment in (BORN - SECOND, BORN, SIGNED - SECOND, SIGNED)] == [
        False,
        True,
        True,
        False,
    ]
    assert SIGNED + 100 * YEAR in Period(BORN)


def test_a_listing_without_states_allows_nothing():
    assert Listing("VN", "A", "B", ()).periods(Use.SIGNATURE) == ()
    assert State("x", "y", BORN).standing == "y"


def test_pointers_lead_to_lists_and_not_to_pages():
    here = Elsewhere("https://vn.test/list.xml", (SIGNER,))
    above = Elsewhere("https://eu.test/lotl.xml", (SIGNER,), "EU", "EUlistofthelists")
    page = Elsewhere("https://vn.test/list.pdf", (SIGNER,), mime="application/pdf")
    silent = Elsewhere("https://la.test/list.xml", (), "LA", mime=None)
    found = check(make_list(kind="EUlistofthelists", pointers=(here, above, page, silent)))
    assert found.of_lists
    assert [(one.territory, one.url, one.of_lists) for one in found.pointers] == [
        ("VN", here.url, False),
        ("EU", above.url, True),
        ("LA", silent.url, False),
    ]
    assert found.pointers[0].signers == (SIGNER.certificate,)
    assert found.pointers[2].signers == ()


def test_a_name_is_taken_in_vietnamese_then_english_then_as_it_comes():
    language = "{http://www.w3.org/XML/1998/namespace}lang"

    def named(*pairs):
        root = make_list(Serving((ROOT,)))
        names = root.find(f".//{{{TSL}}}TSPName")
        for each in list(names):
            names.remove(each)
        for spoken, text in pairs:
            made = etree.SubElement(names, f"{{{TSL}}}Name")
            made.set(language, spoken)
            made.text = text
        return check(root).services[0].listing.provider

    assert named(("fr", "Un"), ("en", "One"), ("vi", "Một  \n tổ chức")) == "Một tổ chức"
    assert named(("fr", "Un"), ("en", "One"), ("en", "Other")) == "One"
    assert named(("fr", "Un"), ("de", "Eins")) == "Un"
    assert named() == ""
    assert named(("vi", None)) == ""


def test_dates_are_read_with_their_zone():
    root = make_list(Serving((ROOT,)))
    issued = root.find(f".//{{{TSL}}}ListIssueDateTime")
    for text in ("2026-02-28T09:00:00+07:00", "2026-02-28T02:00:00", "2026-02-28T02:00:00.000Z"):
        issued.text = f" {text}\n"
        for each in root.findall("{http://www.w3.org/2000/09/xmldsig#}Signature"):
            root.remove(each)
        assert check(root).issued == SIGNED - timedelta(days=1, hours=7)
    assert z(SIGNED - timedelta(days=1, hours=7)) == "2026-02-28T02:00:00Z"


def _without(path):
    def spoil(root):
        found = root.find(path)
        found.getparent().remove(found)

    return spoil


def _saying(path, text):
    def spoil(root):
        root.find(path).text = text

    return spoil


def _other_root(root):
    root.tag = f"{{{TSL}}}Other"


SPOILS = {
    "root": _other_root,
    "scheme": _without(f"{{{TSL}}}SchemeInformation"),
    "issued": _without(f".//{{{TSL}}}ListIssueDateTime"),
    "date": _saying(f".//{{{TSL}}}ListIssueDateTime", "yesterday"),
    "far": _saying(f".//{{{TSL}}}ListIssueDateTime", "0001-01-01T00:00:00+14:00"),
    "since": _without(f".//{{{TSL}}}StatusStartingTime"),
    "sequence": _without(f".//{{{TSL}}}TSLSequenceNumber"),
    "words": _saying(f".//{{{TSL}}}TSLSequenceNumber", "seven"),
    "endless": _saying(f".//{{{TSL}}}TSLSequenceNumber", "9" * 5000),
    "digits": _saying(f".//{{{TSL}}}TSLSequenceNumber", "٧"),
    "service": _without(f".//{{{TSL}}}ServiceInformation"),
    "base64": _saying(f".//{{{TSL}}}X509Certificate", "not base64!"),
}


@pytest.mark.parametrize("spoil", SPOILS)
def test_what_lacks_what_a_list_needs_is_malformed(spoil):
    root = make_list(Serving((ROOT,)))
    assert check(etree.fromstring(etree.tostring(root)))
    SPOILS[spoil](root)
    with pytest.raises(ListMalformedError) as caught:
        check(root)
    assert message_of(caught.value, Language.EN) != message_of(caught.value, Language.VI)


def test_a_certificate_that_cannot_be_read_leaves_the_others():
    root = make_list(Serving((ROOT, OTHER)), Serving((STAMPER,), (Told(kind="TSA/QTST"),)))
    root.find(f".//{{{TSL}}}X509Certificate").text = "AAAA"
    found = check(root)
    assert [service.certificates for service in found.services] == [
        (OTHER.certificate,),
        (STAMPER.certificate,),
    ]


def test_a_service_without_any_type_or_status_allows_nothing():
    root = make_list(Serving((ROOT,)))
    for tag in ("ServiceTypeIdentifier", "ServiceStatus"):
        _without(f".//{{{TSL}}}{tag}")(root)
    (service,) = check(root).services
    assert service.listing.states[0] == State("", "", BORN)
    assert not service.listing.anchors
