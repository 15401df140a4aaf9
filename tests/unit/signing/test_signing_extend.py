"""Raising what was signed already: by us, by others, on time and late."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from io import BytesIO

import pytest
from asn1crypto import cms, core, parser, tsp
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner
from unit.signing.signing_world import (
    CA_EXTENSIONS,
    DAY,
    NOW,
    TSA_URL,
    Issuer,
    World,
    key_usage,
    make_key,
    make_pdf,
    name,
    pointers,
    pyhanko_signer,
    reject,
)

from pki.errors.fetching import FetchFailedError
from pki.fetcher import FetchRequest
from signing import extend as extend_module
from signing import inplace
from signing.coroutine import finish
from signing.display.profile import load_display
from signing.errors.documents import ExistingSignatureBrokenError, ResultNotValidError
from signing.errors.times import (
    EvidenceUnavailableError,
    NothingToExtendError,
    NotProvableError,
    TSANotNamedError,
    TSARejectedError,
)
from signing.evidence import gather_evidence
from signing.extend import extend_document
from signing.extension import ExtendedDocument, Extension, Step
from signing.inplace import find_place, stamp_in_place
from signing.key import SigningKey
from signing.options import Level, SigningOptions
from signing.sign import sign_document
from verify.document import verify_document
from verify.errors import NotAPDFError
from verify.facts import Kind
from verify.indication import Indication
from verify.trust import TrustStore

QUIET = SigningOptions(display=load_display("none"), tsa_url=TSA_URL)
RAISED = (Level.B_T, Level.B_LT, Level.B_LTA)
SECOND = dt.timedelta(seconds=1)
STAMPED = {
    Level.B_T: (),
    Level.B_LT: (Step.EVIDENCE,),
    Level.B_LTA: (Step.EVIDENCE, Step.ARCHIVE_TIMESTAMP),
}
"""What follows the proof of existence."""


def signed(
    world: World, level: Level = Level.B_B, *, data: bytes | None = None, **more: object
) -> bytes:
    options = replace(QUIET, level=level, **more)
    done = sign_document(
        data or make_pdf(), signer=world.signer(), options=options, services=world.services()
    )
    return done.data


def extend(
    world: World, data: bytes, level: Level | None = Level.B_LTA, **more: object
) -> ExtendedDocument:
    wish = Extension(level, tsa_url=TSA_URL, **more)
    services = replace(world.services(), pause=lambda _: None)
    return extend_document(data, wish=wish, services=services, name="cv.pdf")


def judged(world: World, data: bytes):
    """Judge by what is in the document alone."""
    return verify_document(data, policy=world.policy, trust=world.trust, at=world.clock.now())


# Levels


@pytest.mark.parametrize("level", RAISED)
@pytest.mark.parametrize("kind", ["rsa-2048", "ec-p256"])
def test_a_signature_without_room_is_proved_by_a_time_stamp_over_the_document(level, kind):
    world = World(kind)
    data = signed(world)
    done = extend(world, data, level)
    assert (done.before, done.level) == ("B-B", level.value)
    assert done.steps == (Step.DOCUMENT_TIMESTAMP, *STAMPED[level])
    assert done.data.startswith(data), "what was there stays to the byte"
    assert done.report.indication is Indication.TOTAL_PASSED


@pytest.mark.parametrize("level", RAISED)
@pytest.mark.parametrize("kind", ["rsa-2048", "ec-p256"])
def test_a_signature_with_room_gets_its_time_stamp_inside(level, kind):
    world = World(kind)
    data = signed(world, timestamp_later=True)
    done = extend(world, data, level)
    assert (done.before, done.level) == ("B-B", level.value)
    assert done.steps == (Step.SIGNATURE_TIMESTAMP, *STAMPED[level])
    assert len(done.report.signatures[0].timestamps) == 1
    changed = [at for at, byte in enumerate(data) if done.data[at] != byte]
    contents = data.index(b"/Contents <")
    assert changed, "the padding is filled, and the lengths around it"
    assert contents < changed[0]
    assert changed[-1] < data.index(b">", contents), "no signed byte differs"


def test_raised_later_it_is_what_it_would_have_been_at_once():
    world = World()
    at_once = judged(world, signed(world, Level.B_LTA))
    later = judged(world, extend(world, signed(world, timestamp_later=True)).data)
    for one in ("kind", "level", "indication", "changes_after", "best_signature_time"):
        assert [getattr(each, one) for each in at_once.signatures] == [
            getattr(each, one) for each in later.signatures
        ]


@pytest.mark.parametrize("start", list(Level))
@pytest.mark.parametrize("level", RAISED)
def test_from_any_level_to_any_other(start, level):
    world = World()
    data = signed(world, start)
    done = extend(world, data, level)
    if start >= level and start is not Level.B_B and [*Level].index(start) >= [*Level].index(level):
        assert (done.steps, done.data) == ((), data)
    reached = max(start, level, key=[*Level].index)
    assert (done.before, done.level) == (start.value, reached.value)


@pytest.mark.parametrize("level", RAISED)
def test_twice_is_once(level):
    world = World()
    once = extend(world, signed(world), level).data
    again = extend(world, once, level)
    assert (again.steps, again.data) == ((), once)


def test_two_signatures_are_proved_by_one_time_stamp():
    world = World()
    data = signed(world, data=signed(world, timestamp_later=True), timestamp_later=True)
    done = extend(world, data)
    assert done.steps == (Step.DOCUMENT_TIMESTAMP, *STAMPED[Level.B_LTA])
    assert [each.level for each in done.report.signatures if each.kind is Kind.SIGNATURE] == [
        "B-LTA"
    ] * 2


def test_the_last_of_two_gets_its_own_where_the_first_has_one():
    world = World()
    data = signed(world, data=signed(world, Level.B_T), timestamp_later=True)
    done = extend(world, data, Level.B_T)
    assert done.steps == (Step.SIGNATURE_TIMESTAMP,)
    assert done.report.indication is Indication.TOTAL_PASSED


def test_a_long_term_document_outlives_the_signers_certificate():
    world = World()
    data = extend(world, signed(world)).data
    world.clock.advance(2 * DAY)
    world.revoke(world.certificate)
    world.clock.advance(300 * DAY)
    services = world.services()
    report = verify_document(
        data,
        policy=services.policy,
        trust=services.trust,
        at=world.clock.now(),
        evidence=gather_evidence((world.tsa_certificate,), world.signer().chain, services),
    )
    assert report.indication is Indication.TOTAL_PASSED


@pytest.mark.parametrize("permission", list(MDPPerm))
def test_a_certified_document_is_raised_whatever_it_permits(permission):
    """ISO 32000-2 table 257: evidence and time-stamps are no change, also at P=1."""
    world = World()
    metadata = PdfSignatureMetadata(
        "Cert", certify=True, docmdp_permissions=permission, subfilter=SigSeedSubFilter.PADES
    )
    writer = IncrementalPdfFileWriter(BytesIO(make_pdf()))
    signer = PdfSigner(metadata, pyhanko_signer(world.signer()))
    data = finish(signer.async_sign_pdf(writer)).getvalue()
    done = extend(world, data)
    assert done.level == "B-LTA"
    assert done.report.indication is Indication.TOTAL_PASSED


# Others' signatures


class Stranger:
    """Somebody under another root, whose issuer's certificate is to be fetched."""

    def __init__(self, world: World) -> None:
        self.world = world
        key = make_key("ec-p384")
        access = x509.AccessDescription(
            AuthorityInformationAccessOID.CA_ISSUERS,
            x509.UniformResourceIdentifier(f"{world.base}/ca/other.cer"),
        )
        points = pointers(f"{world.base}/crl/other.crl")
        self.issuer = Issuer(
            world.root.issue(
                name("Nơi khác"),
                key,
                *CA_EXTENSIONS,
                *pointers(f"{world.base}/crl/root.crl"),
                not_after=NOW + 3000 * DAY,
            ),
            key,
        )
        self.certificate = self.issuer.issue(
            name("Trần Thị Bình"),
            make_key("ec-p521"),
            (key_usage("digital_signature"), True),
            *points,
            (x509.AuthorityInformationAccess([access]), False),
        )
        self.fetched: list[str] = []

    def sign(self, sub_filter: SigSeedSubFilter = SigSeedSubFilter.PADES) -> bytes:
        """Sign with pyHanko alone, the issuer's certificate left out."""
        key = SigningKey(self.certificate, (), lambda: make_key("ec-p521"))
        writer = IncrementalPdfFileWriter(BytesIO(make_pdf()))
        metadata = PdfSignatureMetadata("Khác", subfilter=sub_filter)
        return finish(PdfSigner(metadata, pyhanko_signer(key)).async_sign_pdf(writer)).getvalue()

    def fetch(self, request: FetchRequest) -> bytes:
        """The world's network, and this authority's addresses beside it."""
        self.fetched.append(request.url)
        if request.url.endswith("/ca/other.cer"):
            if "aia" in self.world.broken:
                raise FetchFailedError(url=request.url, reason="connection refused")
            return self.issuer.certificate.public_bytes(Encoding.DER)
        if request.url.endswith("/crl/other.crl"):
            return self.world.build_crl(self.issuer, self.world.clock.now())
        return self.world.fetch(request)

    def extend(self, data: bytes, level: Level | None = Level.B_LTA) -> ExtendedDocument:
        services = replace(self.world.services(), fetcher=self)
        wish = Extension(level, tsa_url=TSA_URL)
        return extend_document(data, wish=wish, services=services)


@pytest.mark.parametrize("level", RAISED)
def test_somebody_elses_signature_whose_issuer_is_fetched(level):
    stranger = Stranger(World())
    done = stranger.extend(stranger.sign(), level)
    assert done.level == level.value
    assert any(url.endswith("/ca/other.cer") for url in stranger.fetched)
    if level is not Level.B_T:
        alone = judged(stranger.world, done.data)
        assert alone.indication is Indication.TOTAL_PASSED, "the issuer is in the document now"


def test_an_issuer_that_cannot_be_fetched():
    stranger = Stranger(World(broken={"aia"}))
    data = stranger.sign()
    with pytest.raises(NotProvableError) as caught:
        stranger.extend(data)
    assert caught.value.facts["indication"] == "NO_CERTIFICATE_CHAIN_FOUND"
    assert stranger.extend(data, None).steps == (Step.DOCUMENT_TIMESTAMP,)


def test_a_signature_that_is_not_pades_is_proved_all_the_same():
    stranger = Stranger(World())
    data = stranger.sign(SigSeedSubFilter.ADOBE_PKCS7_DETACHED)
    done = stranger.extend(data)
    assert (done.before, done.level) == (None, None)
    assert done.steps == (Step.DOCUMENT_TIMESTAMP, *STAMPED[Level.B_LTA])
    assert judged(stranger.world, done.data).indication is Indication.TOTAL_PASSED
    assert stranger.extend(done.data).steps == ()


def test_an_unknown_root_is_refused_and_may_be_named():
    world, stranger = World(), World()
    data = signed(stranger)
    with pytest.raises(NotProvableError):
        extend(world, data, Level.B_T)
    assert world.asked.count("tsa") == 0, "no time-stamp is spent on it"
    both = TrustStore((world.root.certificate, stranger.root.certificate))
    services = replace(world.services(), trust=both)
    wish = Extension(Level.B_T, tsa_url=TSA_URL)
    done = extend_document(data, wish=wish, services=services)
    assert done.steps == (Step.DOCUMENT_TIMESTAMP,), "nobody answers for it here, and that is all"


# A time-stamp and nothing else


def test_an_unsigned_document_is_time_stamped():
    world = World()
    done = extend(world, make_pdf(), None)
    assert done.steps == (Step.DOCUMENT_TIMESTAMP,)
    assert [each.kind for each in done.report.signatures] == [Kind.TIMESTAMP]
    assert done.report.indication is Indication.TOTAL_PASSED
    assert done.data.startswith(make_pdf())
    assert done.lapse.what == "Antin test TSA"


def test_a_time_stamp_is_wanted_anew_each_time():
    world = World()
    once = extend(world, make_pdf(), None).data
    assert len(extend(world, once, None).report.signatures) == 2


def test_a_time_stamp_whose_services_status_cannot_be_had():
    world = World(broken={"ocsp", "crl"})
    assert extend(world, make_pdf(), None).steps == (Step.DOCUMENT_TIMESTAMP,)


def test_a_time_stamp_of_a_service_that_is_revoked():
    world = World()
    world.revoke(world.tsa_certificate)
    with pytest.raises(ResultNotValidError):
        extend(world, make_pdf(), None)


# Refusals


def test_no_signature_and_a_level():
    with pytest.raises(NothingToExtendError):
        extend(World(), make_pdf())


def test_no_service_is_named():
    with pytest.raises(TSANotNamedError):
        extend_document(make_pdf(), wish=Extension(), services=World().services())


def test_no_document():
    with pytest.raises(NotAPDFError):
        extend(World(), b"none")


def test_a_broken_signature():
    world = World()
    data = bytearray(signed(world))
    data[data.index(b"595.28")] ^= 1
    for level in (None, Level.B_T):
        with pytest.raises(ExistingSignatureBrokenError) as caught:
            extend(world, bytes(data), level)
    assert caught.value.facts == {"field": "Signature1"}


def test_a_signer_revoked_before_there_was_a_proof():
    world = World()
    data = signed(world)
    world.clock.advance(DAY)
    world.revoke(world.certificate)
    with pytest.raises(NotProvableError) as caught:
        extend(world, data, Level.B_T)
    assert str(caught.value.facts["indication"]).startswith("REVOKED")


def test_a_signer_revoked_after_the_time_stamp_is_proved():
    """What was good when it was time-stamped stays good, and the list that says so is embedded."""
    world = World()
    data = signed(world, Level.B_T)
    world.clock.advance(DAY)
    world.revoke(world.certificate)
    assert extend(world, data).level == "B-LTA"


def test_a_status_that_cannot_be_had_matters_from_lt_on():
    world = World(broken={"ocsp", "crl"})
    data = signed(world)
    assert extend(world, data, Level.B_T).steps == (Step.DOCUMENT_TIMESTAMP,)
    with pytest.raises(EvidenceUnavailableError):
        extend(world, data, Level.B_LT)


def test_a_time_stamp_is_not_asked_for_twice_while_a_status_cannot_be_had():
    world = World(broken={"ocsp", "crl"})
    once = extend(world, signed(world), Level.B_T).data
    again = extend(world, once, Level.B_T)
    assert (again.steps, again.data) == ((), once)
    world.broken.clear()
    assert extend(world, once).level == "B-LTA"


def test_a_time_stamp_of_a_service_that_was_revoked_since_proves_nothing():
    world = World()
    data = signed(world, Level.B_T)
    world.clock.advance(DAY)
    world.revoke(world.tsa_certificate, NOW)
    world.change_tsa()
    done = extend(world, data, Level.B_T)
    assert (done.steps, done.level) == ((Step.DOCUMENT_TIMESTAMP,), "B-T")


def test_a_service_that_refuses():
    world = World()
    data = signed(world)
    world.change_answer = lambda _: reject()
    with pytest.raises(TSARejectedError):
        extend(world, data)


def test_without_the_judgement_at_the_end_less_would_be_given_out(monkeypatch):
    world = World()
    data = signed(world)
    monkeypatch.setattr("signing.extending.add_evidence", lambda *_, **__: None)
    with pytest.raises(ResultNotValidError):
        extend(world, data, Level.B_LT)
    monkeypatch.setattr(extend_module, "_check_reached", lambda *_: None)
    assert extend(world, data, Level.B_LT).level is None


def test_a_responder_whose_clock_is_behind_is_waited_for():
    world, pauses = World(), []
    data = signed(world, timestamp_later=True)

    def ahead(info: tsp.TSTInfo) -> tsp.TSTInfo:
        info["gen_time"] = world.clock.now() + 5 * SECOND
        return info

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        world.clock.advance(seconds * SECOND)

    world.change_token = ahead
    services = replace(world.services(), pause=pause)
    done = extend_document(data, wish=Extension(Level.B_LT, tsa_url=TSA_URL), services=services)
    assert (pauses, done.level) == ([6.0], "B-LT")
    world.clock.advance(DAY)
    evidence = gather_evidence((world.tsa_certificate,), world.signer().chain, world.services())
    report = verify_document(
        done.data,
        policy=world.policy,
        trust=world.trust,
        at=world.clock.now(),
        evidence=evidence,
    )
    assert report.signatures[0].level == "B-LT"


# Refreshing


def test_an_archive_time_stamp_is_renewed_before_it_lapses_and_not_earlier():
    world = World()
    data = signed(world, Level.B_LTA)
    within = 60 * DAY
    early = extend(world, data, due_within=within)
    assert (early.steps, early.lapse.at) == ((), world.tsa_certificate.not_valid_after_utc)
    world.clock.advance(304 * DAY)
    assert extend(world, data, due_within=within).steps == (), "a day too early"
    world.clock.advance(DAY)
    old = world.tsa_certificate
    renew_tsa(world)
    done = extend(world, data, due_within=within)
    assert done.steps == (Step.EVIDENCE, Step.ARCHIVE_TIMESTAMP)
    assert done.lapse.at == world.tsa_certificate.not_valid_after_utc
    assert extend(world, done.data, due_within=within).steps == (), "not due any more"
    world.clock.advance(200 * DAY)
    assert world.clock.now() > old.not_valid_after_utc
    assert not extend(world, done.data, due_within=within).due, "the old one ended, and no matter"
    services = world.services()
    evidence = gather_evidence((world.tsa_certificate,), world.signer().chain, services)
    for document, passed in ((done.data, True), (data, False)):
        report = verify_document(
            document,
            policy=world.policy,
            trust=world.trust,
            at=world.clock.now(),
            evidence=evidence,
        )
        assert report.passed is passed, "the renewed one outlives the first service's certificate"


def renew_tsa(world: World) -> None:
    """Give the service a certificate for five more years."""
    issue = world.ca.issue

    def longer(*args: object) -> x509.Certificate:
        return issue(*args, not_before=world.clock.now(), not_after=NOW + 1800 * DAY)

    world.ca.issue = longer  # type: ignore[method-assign]
    world.change_tsa()
    world.ca.issue = issue  # type: ignore[method-assign]


def test_what_has_lapsed_cannot_be_renewed_and_says_so():
    world = World()
    data = signed(world, Level.B_LTA)
    world.clock.advance(370 * DAY)
    renew_tsa(world)
    with pytest.raises(NotProvableError):
        extend(world, data, due_within=60 * DAY)


def test_a_digest_that_ends_is_due_too_and_another_is_taken():
    world = World()
    data = signed(world, Level.B_LTA)
    digests = dict(world.policy.algorithms.digests)
    digests["sha256"] = digests["sha256"].model_copy(update={"until": NOW + 30 * DAY})
    algorithms = world.policy.algorithms.model_copy(update={"digests": digests})
    world.policy = world.policy.model_copy(update={"algorithms": algorithms})
    world.clock.advance(DAY)
    done = extend(world, data, due_within=60 * DAY)
    assert done.steps[-1] is Step.ARCHIVE_TIMESTAMP
    newest = done.report.signatures[-1]
    assert "sha384" in newest.digests


def test_what_is_not_due_asks_nobody_and_is_judged_all_the_same():
    world = World()
    data = signed(world, Level.B_LTA)
    world.clock.advance(100 * DAY)
    world.asked.clear()
    done = extend(world, data, due_within=60 * DAY)
    assert (done.due, done.steps, world.asked) == (False, (), [])
    assert done.lapse.at == world.tsa_certificate.not_valid_after_utc
    broken = bytearray(data)
    broken[broken.index(b"595.28")] ^= 1
    with pytest.raises(ExistingSignatureBrokenError):
        extend(world, bytes(broken), due_within=60 * DAY)
    assert extend(world, data, due_within=300 * DAY).due


def test_documents_without_anything_that_lapses_are_never_due():
    world = World()
    done = extend(world, make_pdf(), due_within=60 * DAY)
    assert (done.steps, done.lapse) == ((), None)


def test_a_bare_signature_is_due_when_its_certificate_ends():
    world = World()
    data = signed(world)
    assert extend(world, data, due_within=300 * DAY).steps == ()
    world.clock.advance(70 * DAY)
    assert extend(world, data, due_within=300 * DAY).level == "B-LTA"


# In place


def test_what_came_after_a_signature_signs_its_contents():
    world = World()
    first = signed(world, timestamp_later=True)
    limits = world.policy.limits
    assert find_place(first, "Signature1", limits=limits)
    second = signed(world, data=first, timestamp_later=True)
    assert find_place(second, "Signature1", limits=limits) is None
    assert find_place(second, "Signature2", limits=limits)
    assert find_place(second, "Signature3", limits=limits) is None
    assert find_place(signed(world), "Signature1", limits=limits) is None, "no room"
    assert find_place(signed(world, Level.B_T), "Signature1", limits=limits) is None


def test_without_the_look_at_what_came_after_the_second_signature_would_break():
    world = World()
    data = signed(world, data=signed(world, timestamp_later=True))
    place = find_place(
        signed(world, timestamp_later=True), "Signature1", limits=world.policy.limits
    )
    first_end = place.covered.end
    place = find_place(data[:first_end], "Signature1", limits=world.policy.limits)
    stamper = world.services().timestamper(TSA_URL)
    document = BytesIO(data)
    assert stamp_in_place(document, place, stamper, digest_name="sha256")
    report = judged(world, document.getvalue())
    assert report.signatures[1].indication is Indication.TOTAL_FAILED


def test_a_token_larger_than_the_room_goes_over_the_document(monkeypatch):
    world = World()
    data = signed(world, timestamp_later=True)
    monkeypatch.setattr("signing.inplace.LEAST_ROOM", 100)
    with monkeypatch.context() as patched:
        patched.setattr("signing.revision.TOKEN_BYTES", 100)
        tight = signed(world, timestamp_later=True)
    assert find_place(tight, "Signature1", limits=world.policy.limits)
    assert extend(world, tight, Level.B_T).steps == (Step.DOCUMENT_TIMESTAMP,)
    assert extend(world, data, Level.B_T).steps == (Step.SIGNATURE_TIMESTAMP,)


def test_an_encoding_of_indefinite_length_is_left_alone():
    world = World()
    data = signed(world, timestamp_later=True)
    place = find_place(data, "Signature1", limits=world.policy.limits)
    contents = place.covered.contents
    _, _, _, _, inner, _ = parser.parse(contents)
    indefinite = (b"\x30\x80" + inner + b"\x00\x00").ljust(len(contents), b"\0")
    odd = replace(place, covered=replace(place.covered, contents=indefinite))
    stamper = world.services().timestamper(TSA_URL)
    document = BytesIO(data)
    assert not stamp_in_place(document, odd, stamper, digest_name="sha256")
    assert document.getvalue() == data


def test_unsigned_attributes_that_are_there_stay():
    world = World()
    place = find_place(
        signed(world, timestamp_later=True), "Signature1", limits=world.policy.limits
    )
    attribute = cms.CMSAttribute({"type": "1.2.3.4", "values": [core.Any(core.Integer(1))]})
    once = inplace._append_unsigned(place.covered.contents, attribute.dump())
    twice = inplace._append_unsigned(once, attribute.dump())
    (signer,) = cms.ContentInfo.load(twice)["content"]["signer_infos"]
    assert [each["type"].dotted for each in signer["unsigned_attrs"]] == ["1.2.3.4"] * 2
    (before,) = cms.ContentInfo.load(once)["content"]["signer_infos"]
    assert before["signature"].dump() == signer["signature"].dump()


@pytest.mark.parametrize("contents", [b"<30 80>", b"<3>"])
def test_contents_laid_out_oddly_are_no_place(contents):
    """Blanks among the digits, or none of what a signature is: nothing is put in there."""
    world = World()
    data = signed(world, timestamp_later=True)
    start = data.index(b"/Contents <") + 10
    odd = (
        data[:start]
        + contents.ljust(data.index(b">", start) + 1 - start)
        + data[data.index(b">", start) + 1 :]
    )
    assert find_place(odd, "Signature1", limits=world.policy.limits) is None
