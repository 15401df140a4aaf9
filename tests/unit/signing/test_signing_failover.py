"""Several time-stamp services, over real HTTP: who is asked, when again, and what is told."""

from __future__ import annotations

import datetime as dt
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

import pytest
from asn1crypto import tsp
from unit.signing.signing_world import DAY, TSA_URL, World, make_pdf
from unit.signing.tsa_servers import TSAServer, tsa_server

from pki.errors.fetching import FetchRefusedError
from pki.errors.tree import PKIError
from pki.fetcher import Credentials
from signing import failover
from signing.coroutine import finish
from signing.display.profile import load_display
from signing.errors.times import (
    EvidenceUnavailableError,
    TSANoneAnsweredError,
    TSAOtherRequestError,
    TSARejectedError,
    TSATimeError,
    TSATooLateError,
    TSAUnavailableError,
    TSAWrongAnswerError,
)
from signing.evidence import gather_evidence
from signing.failover import TimestampService, TimestampServices
from signing.options import Level, SigningOptions
from signing.sign import sign_document
from signing.tsa import FetchingTimeStamper
from verify.document import verify_document
from verify.fetcher import HTTPFetcher

DIGEST = bytes(range(32))
SECOND = dt.timedelta(seconds=1)


@dataclass
class Bench:
    """Services in a row, and who waits between rounds."""

    world: World = field(default_factory=World)
    pauses: list[float] = field(default_factory=list)
    time: float = 0.0

    def services(self, *urls: str, **more: object) -> TimestampServices:
        listed = tuple(TimestampService(url, **{"answer_seconds": 0.3, **more}) for url in urls)
        return TimestampServices(
            listed, pause=self.pauses.append, jitter=lambda: 1.0, monotonic=lambda: self.time
        )

    def stamper(self, services: TimestampServices) -> FetchingTimeStamper:
        world = self.world
        fetcher = HTTPFetcher(("127.0.0.1",), world.clock)
        return FetchingTimeStamper(services, fetcher=fetcher, clock=world.clock, trust=world.trust)

    def ask(self, *urls: str, **more: object) -> FetchingTimeStamper:
        stamper = self.stamper(self.services(*urls, **more))
        finish(stamper.async_timestamp(DIGEST, "sha256"))
        return stamper


@pytest.fixture
def bench() -> Bench:
    return Bench()


MISBEHAVIOUR = {
    "silent": (TSATooLateError, 2),
    "broken": (TSAUnavailableError, 2),
    "busy": (TSARejectedError, 2),
    "refusing": (TSARejectedError, 1),
    "nonsense": (TSAWrongAnswerError, 1),
    "of another": (TSAOtherRequestError, 1),
    "endless": (TSAUnavailableError, 2),
}
"""How a service behaves, what is told of it, and how often it is asked for one time-stamp."""


@pytest.mark.parametrize("manner", MISBEHAVIOUR)
def test_each_misbehaviour_has_its_own_error_and_the_next_service_is_asked(bench, manner):
    error, tries = MISBEHAVIOUR[manner]
    with tsa_server(bench.world, manner) as bad, tsa_server(bench.world) as good:
        bad.last = tsp.TimeStampReq(
            {
                "version": 1,
                "nonce": 5,
                "message_imprint": {
                    "hash_algorithm": {"algorithm": "sha256"},
                    "hashed_message": bytes(32),
                },
            }
        ).dump()
        with pytest.raises(error) as caught:
            bench.ask(bad.url)
        assert type(caught.value) is error
        assert caught.value.facts["url"] == bad.url
        assert bad.asked == tries
        assert bench.pauses == [1.0] * (tries - 1)
        bench.pauses.clear()
        assert bench.ask(bad.url, good.url).urls == (good.url,)
        assert bad.asked == tries + 1
        assert bench.pauses == [], "the next service is asked at once"


def test_the_first_of_the_list_is_asked_first(bench):
    with tsa_server(bench.world) as first, tsa_server(bench.world) as second:
        assert bench.ask(first.url, second.url).urls == (first.url,)
        assert bench.ask(second.url, first.url).urls == (second.url,)


def test_nobody_listens_there(bench):
    with tsa_server(bench.world) as gone:
        pass
    with pytest.raises(TSAUnavailableError):
        bench.ask(gone.url)


def test_all_failed_tells_why_of_each_and_asks_those_again_that_may_yet_answer(bench):
    manners = ("broken", "refusing", "nonsense")
    with ExitStack() as stack:
        servers = [stack.enter_context(tsa_server(bench.world, each)) for each in manners]
        with pytest.raises(TSANoneAnsweredError) as caught:
            bench.ask(*(each.url for each in servers), tries=3)
    assert caught.value.facts["count"] == 3
    codes = [part.id for part in caught.value.facts["reasons"].parts]
    assert sorted(codes) == [
        "signing.tsa_rejected",
        "signing.tsa_unavailable",
        "signing.tsa_wrong_answer",
    ]
    assert [each.asked for each in servers] == [3, 1, 1]
    assert bench.pauses == [1.0, 2.0]


def test_a_service_that_mends_itself_is_used_in_the_second_round(bench):
    with tsa_server(bench.world, "broken") as service:

        def mend(_: float) -> None:
            service.manner = "right"

        services = TimestampServices((TimestampService(service.url),), pause=mend)
        stamper = bench.stamper(services)
        finish(stamper.async_timestamp(DIGEST, "sha256"))
    assert (stamper.urls, service.asked) == ((service.url,), 2)


def test_pauses_double_are_bounded_and_differ_between_offices(bench):
    pauses: list[float] = []
    jitter = iter([0.0, 1.0] * 5)
    services = TimestampServices(
        (TimestampService(TSA_URL, tries=8),),
        pause=pauses.append,
        jitter=lambda: next(jitter),
    )
    stamper = FetchingTimeStamper(
        services, fetcher=World(broken={"tsa"}), clock=bench.world.clock, trust=bench.world.trust
    )
    with pytest.raises(TSAUnavailableError):
        finish(stamper.async_timestamp(DIGEST, "sha256"))
    assert pauses == [0.5, 2.0, 2.0, 8.0, 8.0, 30.0, 15.0]


def test_who_failed_is_asked_last_for_a_while(bench):
    """Of a thousand documents one waits for a service that does not answer, and not each."""
    with tsa_server(bench.world, "broken") as first, tsa_server(bench.world) as second:
        services = bench.services(first.url, second.url)
        for _ in range(3):
            finish(bench.stamper(services).async_timestamp(DIGEST, "sha256"))
        assert (first.asked, second.asked) == (1, 3)
        first.manner = "right"
        bench.time = failover.REST_SECONDS - 1
        finish(bench.stamper(services).async_timestamp(DIGEST, "sha256"))
        assert (first.asked, second.asked) == (1, 4)
        bench.time += 2
        finish(bench.stamper(services).async_timestamp(DIGEST, "sha256"))
        assert (first.asked, second.asked) == (2, 4)


def test_who_failed_is_asked_all_the_same_where_nobody_else_answers(bench):
    with tsa_server(bench.world, "broken") as first, tsa_server(bench.world) as second:
        services = bench.services(first.url, second.url)
        finish(bench.stamper(services).async_timestamp(DIGEST, "sha256"))
        first.manner, second.manner = "right", "broken"
        finish(bench.stamper(services).async_timestamp(DIGEST, "sha256"))
        assert (first.asked, second.asked) == (2, 2)


def test_an_address_that_may_not_be_asked_is_passed_over(bench):
    with tsa_server(bench.world) as good:
        assert bench.ask("http://127.1.2.3:9/tsa", good.url).urls == (good.url,)
    with pytest.raises(FetchRefusedError):
        bench.ask("http://127.1.2.3:9/tsa")


# What the token says


@pytest.mark.parametrize(
    ("seconds", "right"), [(-301, False), (-300, True), (60, True), (61, False)]
)
def test_a_time_far_from_this_machines_clock_is_not_taken(bench, seconds, right):
    def change(info: tsp.TSTInfo) -> tsp.TSTInfo:
        info["gen_time"] = bench.world.clock.now() + seconds * SECOND
        return info

    bench.world.change_token = change
    with tsa_server(bench.world) as service:
        if right:
            assert bench.ask(service.url).urls
            return
        with pytest.raises(TSATimeError) as caught:
            bench.ask(service.url)
    now = bench.world.clock.now()
    assert caught.value.facts["now"] == now
    assert caught.value.facts["time"] == now + seconds * SECOND


@pytest.mark.parametrize(
    ("said", "right"),
    [
        (None, False),
        ({"seconds": 1}, True),
        ({"millis": 900, "micros": 900}, True),
        ({"seconds": 1, "micros": 1}, False),
    ],
)
def test_the_accuracy_that_is_wanted(bench, said, right):
    def change(info: tsp.TSTInfo) -> tsp.TSTInfo:
        if said is not None:
            info["accuracy"] = said
        return info

    bench.world.change_token = change
    with tsa_server(bench.world) as service:
        assert bench.ask(service.url).urls, "nothing is wanted, anything is taken"
        if right:
            assert bench.ask(service.url, accuracy=SECOND).urls
            return
        with pytest.raises(TSAWrongAnswerError) as caught:
            bench.ask(service.url, accuracy=SECOND)
    assert caught.value.facts["reason"] == "accuracy"


def test_the_policy_that_is_wanted_is_asked_for_and_must_be_answered(bench):
    with tsa_server(bench.world) as service:
        bench.ask(service.url, policy_oid="1.3.6.1.4.1.4146.2.2")
        assert tsp.TimeStampReq.load(service.last)["req_policy"].dotted == "1.3.6.1.4.1.4146.2.2"
        with pytest.raises(TSAWrongAnswerError) as caught:
            bench.ask(service.url, policy_oid="1.3.6.1.4.1.4146.2.3")
    assert caught.value.facts["reason"] == "policy"


# Credentials


def test_a_password_is_shown_to_its_service_and_to_no_other(bench):
    shown = Credentials(authorization=lambda: "Basic c2VjcmV0")
    with tsa_server(bench.world, "guarded") as service, tsa_server(bench.world) as other:
        with pytest.raises(TSAUnavailableError) as caught:
            bench.ask(service.url)
        assert "401" in str(caught.value.facts["reason"])
        assert bench.ask(service.url, credentials=shown).urls == (service.url,)
        service.manner, service.elsewhere = "moved", other.url
        bench.ask(service.url, credentials=shown)
    assert service.headers[-1]["Authorization"] == "Basic c2VjcmV0"
    assert "Authorization" not in other.headers[-1]


def test_nothing_that_is_printed_shows_a_password():
    shown = Credentials(authorization=lambda: "Basic c2VjcmV0")
    service = TimestampService(TSA_URL, credentials=shown)
    assert "c2VjcmV0" not in f"{shown!r} {service!r}"
    assert "authorization" not in repr(shown)


# Within a document


def signed_by(servers: list[TSAServer], bench: Bench, level: Level):
    world = bench.world
    services = replace(
        world.services(),
        timestamps=bench.services(*(each.url for each in servers)),
        fetcher=_Both(world),
        pause=bench.pauses.append,
    )
    options = SigningOptions(level=level, display=load_display("none"))
    return sign_document(make_pdf(), signer=world.signer(), options=options, services=services)


@dataclass
class _Both:
    """The world's lists and answers as ever, time-stamps over HTTP."""

    world: World

    def fetch(self, request):
        if request.url.startswith(self.world.base):
            return self.world.fetch(request)
        return HTTPFetcher(("127.0.0.1",), self.world.clock).fetch(request)


def test_a_document_gets_its_time_stamps_from_the_service_that_answers(bench):
    with tsa_server(bench.world, "broken") as bad, tsa_server(bench.world) as good:
        done = signed_by([bad, good], bench, Level.B_LTA)
    assert done.report.passed
    assert done.report.signatures[0].level == "B-LTA"
    assert (bad.asked, good.asked) == (1, 2)


def test_a_document_without_any_time_stamp_is_not_given_out(bench):
    with tsa_server(bench.world, "broken") as bad, pytest.raises(PKIError) as caught:
        signed_by([bad], bench, Level.B_T)
    assert caught.value.code == "signing.tsa_unavailable"


@dataclass
class _Ahead:
    """A time-stamp service whose clock is ahead of the responders'; they catch up in a pause."""

    bench: Bench
    lag: dt.timedelta

    def __post_init__(self) -> None:
        world = self.bench.world

        def change(info: tsp.TSTInfo) -> tsp.TSTInfo:
            info["gen_time"] = world.clock.now() + self.lag
            return info

        world.change_token = change

    def pause(self, seconds: float) -> None:
        self.bench.pauses.append(seconds)
        self.bench.world.clock.advance(dt.timedelta(seconds=seconds))

    def sign(self, pause=None):
        world = self.bench.world
        services = replace(world.services(), pause=pause or self.pause)
        options = SigningOptions(level=Level.B_LT, display=load_display("none"), tsa_url=TSA_URL)
        return sign_document(make_pdf(), signer=world.signer(), options=options, services=services)


@pytest.mark.parametrize("seconds", [1, 5, 59])
def test_a_responder_whose_clock_is_behind_is_waited_for(bench, seconds):
    done = _Ahead(bench, dt.timedelta(seconds=seconds)).sign()
    assert done.report.passed
    assert bench.pauses == [seconds + 1]
    assert judged_tomorrow(bench.world, done.data).level == "B-LT"


def test_a_service_too_far_ahead_is_not_waited_for(bench):
    with pytest.raises(TSATimeError):
        _Ahead(bench, dt.timedelta(seconds=90)).sign()
    assert bench.pauses == []


def test_a_responder_that_stays_behind_is_waited_for_once(bench):
    ahead = _Ahead(bench, 5 * SECOND)
    with pytest.raises(EvidenceUnavailableError) as caught:
        ahead.sign(pause=bench.pauses.append)
    assert caught.value.facts["reason"] == "stale"
    assert bench.pauses == [6.0]


def test_without_the_wait_the_evidence_proves_nothing_tomorrow(bench, monkeypatch):
    """Judged at once it seems right, as the time-stamp lies ahead of this machine's clock too."""
    monkeypatch.setattr("signing.evidence.lag_of", lambda *_: dt.timedelta(0))
    done = _Ahead(bench, 5 * SECOND).sign()
    assert done.report.passed
    assert judged_tomorrow(bench.world, done.data).level != "B-LT"


def judged_tomorrow(world: World, data: bytes):
    """Judge by what is in the document, and what is asked about the time-stamp service."""
    world.clock.advance(DAY)
    services = world.services()
    evidence = gather_evidence((world.tsa_certificate,), world.signer().chain, services)
    report = verify_document(
        data,
        policy=services.policy,
        trust=services.trust,
        at=world.clock.now(),
        evidence=evidence,
    )
    return report.signatures[0]
