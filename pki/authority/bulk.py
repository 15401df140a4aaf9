"""Many certificates from ready requests: the way of `pki.authority.issuance`, a batch at a time.

Each certificate goes every step there is; what is shared is the waiting for the disk. Of a batch,
all is reserved in one transaction before any of it is signed, and all is completed in one before
any of it is handed out. While one batch waits for the disk, workers write and sign others.

An order that is refused costs the others nothing: where a batch cannot be reserved as a whole, its
orders are reserved one by one. An interruption leaves reserved serials for `recover_open`, as ever;
or the same orders, under the same ids, go on with them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from dataclasses import dataclass
from itertools import cycle, islice, repeat
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from cryptography.hazmat.primitives.serialization import Encoding

from pki.audit.entry import present
from pki.authority.authority import Authority
from pki.authority.bulk_way import USUAL, Direct, Manner, Way
from pki.authority.bulk_work import (
    Demand,
    Drafted,
    OpenKey,
    Shop,
    Signed,
    Wanted,
    certified_key,
    draft_batch,
    sign_batch,
)
from pki.authority.repetition import find_answer
from pki.errors.issuing import BulkWorkerLostError, LintFailedError
from pki.errors.requests import RequestOpenError
from pki.errors.tree import PKIError, RefusedError
from pki.profile import Profile
from pki.records.authorities import AuthorityCertificate
from pki.records.certificates import CertificateRecord
from pki.records.changes import Step
from pki.request import check_no_authority_der

T = TypeVar("T")
BATCH = 128
"""Orders in a batch: a crash leaves at most this many a worker to be revoked."""


class Workers(Protocol):
    """Where batches are written and signed: `concurrent.futures` executors are such.

    Processes that live for this should start with `pki.collecting.collect_seldom`, an executor's
    `initializer`.
    """

    def submit(self, work: Callable[..., T], /, *arguments: object) -> Future[T]:
        """Have the call made, in another process or here."""
        ...


class Here:
    """No workers: every call is made at once, in this process."""

    def submit(self, work: Callable[..., T], /, *arguments: object) -> Future[T]:
        """Make the call."""
        done: Future[T] = Future()
        try:
            done.set_result(work(*arguments))
        except PKIError as error:
            done.set_exception(error)
        return done


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one order."""

    position: int
    """Its place among the orders, from 0."""
    certificate_der: bytes | None
    error: PKIError | None = None
    """Why there is no certificate."""


W = TypeVar("W", bound=Wanted)


def issue_in_bulk(
    authority: Authority,
    profile: Profile,
    demands: Iterable[Demand],
    *,
    open_key: OpenKey,
    workers: Workers | Sequence[Workers] = (),
    manner: Manner = USUAL,
) -> Iterator[Outcome]:
    """Issue certificates and yield what came of each order, batch by batch.

    Args:
        authority: who issues.
        profile: of all of them.
        demands: read as they are needed; none is kept longer than its batch is under way.
        open_key: gives a worker the authority's key, or finds the one that it opened before.
        workers: who writes and signs; none for this process alone. Of several, each signs what it
            wrote, and need not read it again: executors of one process each are faster than one
            executor of several.
        manner: how.

    Raises:
        PKIError: whatever stops the authority as a whole: it is revoked or retired, the clock was
            set back, the register fails. What was yielded before stands.
        BulkWorkerLostError: a worker ended in the middle; what it had is for `recover_open`.
    """
    shop = Shop.of(authority.issuer, profile, open_key)
    way = Direct(authority, profile, manner)
    yield from issue_by(way, authority, shop, demands, workers, manner)


def issue_by(
    way: Way[W],
    authority: Authority,
    shop: Shop,
    demands: Iterable[W],
    workers: Workers | Sequence[Workers] = (),
    manner: Manner = USUAL,
) -> Iterator[Outcome]:
    """Issue certificates as `issue_in_bulk` does, for whoever has a way of his own.

    Raises:
        PKIError: as `issue_in_bulk`, and whatever stops the way.
    """
    way.begin(shop.profile)
    course = _Course(way, authority, shop, manner)
    shops = cycle(workers or (Here(),)) if isinstance(workers, Sequence) else repeat(workers)
    waiting = _batches(demands)
    under_way: dict[Future[Any], _Steps] = {}
    while True:
        for batch in islice(waiting, manner.ahead - len(under_way)):
            steps = course.run(batch, next(shops))
            under_way[next(steps)] = steps
        if not under_way:
            return
        for future in wait(under_way, return_when=FIRST_COMPLETED).done:
            steps = under_way.pop(future)
            try:
                following = steps.send(result_of(future))
            except StopIteration as end:
                yield from end.value
            else:
                under_way[following] = steps


class Begun(NamedTuple):
    """What an earlier run reserved for the same order."""

    record: CertificateRecord


Judged = Drafted | bytes | Begun
"""What is to be reserved, why it is not, or the certificate that the same request got before."""
_Steps = Generator[Future[Any], Any, "list[Outcome]"]


class _Course(Generic[W]):
    """The way of a batch; it is left where a worker has it, and gone on with when that is done."""

    def __init__(self, way: Way[W], authority: Authority, shop: Shop, manner: Manner) -> None:
        self._way = way
        self._authority = authority
        self._register = authority.register
        self._shop = shop
        self._manner = manner
        self._under_way: set[int] = set()
        """Serials that this run is at."""

    def run(self, batch: Sequence[tuple[int, W]], workers: Workers) -> _Steps:
        """Take the batch the whole way."""
        now = present(self._register, self._authority.clock)
        self._way.begin(self._shop.profile)
        demands = tuple(demand for _, demand in batch)
        drafted = yield workers.submit(draft_batch, self._shop, demands, now)
        self._way.check(demands)
        judged = self._reserved(drafted, demands)
        reserved = [one.record if isinstance(one, Begun) else one for one in judged]
        work = [
            (demand, one)
            for demand, one in zip(demands, reserved, strict=True)
            if isinstance(one, CertificateRecord)
        ]
        serials = {one.serial for _, one in work}
        self._under_way |= serials
        signed = yield workers.submit(sign_batch, self._shop, tuple(work))
        by_serial = dict(zip((one.serial for _, one in work), signed, strict=True))
        begun = {one.record.serial for one in judged if isinstance(one, Begun)}
        self._complete(list(zip(demands, reserved, strict=True)), by_serial, begun)
        self._under_way -= serials
        return [
            _outcome(position, by_serial[one.serial] if isinstance(one, CertificateRecord) else one)
            for (position, _), one in zip(batch, reserved, strict=True)
        ]

    def _reserved(self, drafted: Sequence[Drafted], demands: Sequence[W]) -> list[Judged]:
        authorities = self._register.authority_certificates()
        judged = [self._judge(one, authorities) for one in drafted]
        pairs = list(zip(judged, demands, strict=True))
        reserve_ = self._way.reserve
        fit = [reserve_(one, by) for one, by in pairs if isinstance(one, CertificateRecord)]
        try:
            self._register.commit_all(fit)
        except RefusedError:  # one of them does not go: each for itself
            return [self._reserved_alone(one, by) for one, by in pairs]
        return judged

    def _judge(self, drafted: Drafted, authorities: Sequence[AuthorityCertificate]) -> Judged:
        """Ask what a worker cannot know: earlier requests, keys of authorities, blocked keys."""
        if not isinstance(drafted, CertificateRecord):
            return drafted
        try:
            issuer, asked = drafted.issuer, (drafted.request_id, drafted.request_sha256)
            try:
                answer = find_answer(self._register, issuer, *asked)
            except RequestOpenError:
                begun = self._begun(drafted)
                if begun is None:
                    raise
                return begun
            if answer is not None:
                return answer.public_bytes(Encoding.DER)
            spki_der = certified_key(drafted)
            self._authority.blocked.check_der(spki_der)
            check_no_authority_der(authorities, spki_der)
        except RefusedError as error:
            return error
        return drafted

    def _begun(self, drafted: CertificateRecord) -> Begun | None:
        """Return what to go on with in its place; None where that is not to be, or is done here."""
        if not self._manner.goes_on:
            return None
        record = self._register.find_request(drafted.issuer, drafted.request_id or "")
        if record is None or record.serial in self._under_way:
            return None
        self._under_way.add(record.serial)
        return Begun(record)

    def _reserved_alone(self, judged: Judged, demand: W) -> Judged:
        if isinstance(judged, CertificateRecord):
            try:
                self._register.commit(*self._way.reserve(judged, demand))
            except RefusedError as error:
                return error
        return judged

    def _complete(
        self,
        batch: Sequence[tuple[W, Drafted | bytes]],
        signed: Mapping[int, Signed],
        begun: Collection[int],
    ) -> None:
        """Record what was signed; a serial whose bytes the linter refused is given up.

        Other errors leave the serial reserved, as what an earlier run may have signed: a signature
        may exist.
        """
        steps: list[Step | None] = []
        for demand, record in batch:
            if not isinstance(record, CertificateRecord):
                steps.append(self._way.settle(demand, record))
                continue
            result = signed[record.serial]
            if isinstance(result, bytes):
                steps.append(self._way.complete(record, result, demand))
            elif isinstance(result, LintFailedError) and record.serial not in begun:
                steps.append(self._way.refuse(record, demand, result))
        self._register.commit_all([step for step in steps if step is not None])


def _batches(demands: Iterable[W]) -> Iterator[Sequence[tuple[int, W]]]:
    numbered = enumerate(demands)
    while batch := tuple(islice(numbered, BATCH)):
        yield batch


def result_of(future: Future[T]) -> T:
    """Return what a worker gave.

    Raises:
        BulkWorkerLostError: it ended in the middle.
        PKIError: what it raised.
    """
    try:
        return future.result()
    except BrokenExecutor as error:
        raise BulkWorkerLostError from error


def _outcome(position: int, result: Signed) -> Outcome:
    if isinstance(result, bytes):
        return Outcome(position, result)
    return Outcome(position, None, result)
