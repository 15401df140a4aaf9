"""All lines of a file, looked through before anything is issued.

1. What can be judged of each by itself is judged, in workers.
2. Here it is asked what the registry and the register say of it, and whether another line has the
   same person, the same key or the same id.

Lines are read as they are needed. Of each is kept how far it has come, an octet, and numbers that
tell its key, its person and its id from those of others; of faults the first `MAX_FAULTS`.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import cycle, islice

from pki.authority.approval import approvals_for
from pki.authority.authority import Authority
from pki.authority.bulk import Here, Workers, result_of
from pki.batches.earlier import Earlier, Looking, Stands
from pki.batches.lines import Batch, Read, Wanted
from pki.batches.people import Remembering, agency_of
from pki.batches.trial import Trial, Tried, try_lines
from pki.errors.batches import (
    BatchKeyTwiceError,
    BatchNeedsPlanError,
    BatchPersonTwiceError,
    BatchRequestTwiceError,
)
from pki.errors.registry_files import CSVChangedError
from pki.errors.tree import PKIError
from pki.records.requests import RequestKind
from pki.registry.intake import MAX_FAULTS, Fault
from pki.registry.sheet import Line
from pki.request import check_no_authority_der
from pki.requests.concern import check_concerned
from pki.requests.content import Concerned

CHUNK = 128
"""Lines that a worker judges at a time."""
AHEAD = 2
"""Such chunks a worker has before it."""

Tell = Callable[[int], object]
"""Is told how many lines were looked at."""
FIRST = 20
KeepFault = Callable[[Line, Sequence[PKIError]], object]
"""Is given every line with faults."""


@dataclass(slots=True)
class Findings:
    """What a file would do."""

    sha256: str = ""
    new: int = 0
    begun: int = 0
    issued: int = 0
    bad: int = 0
    """Lines with faults."""
    faults: list[Fault] = field(default_factory=list)
    agencies: Counter[str] = field(default_factory=Counter)
    """What is to be issued, by agency; empty for none."""
    first: list[tuple[int, Concerned]] = field(default_factory=list)
    """The first `FIRST` lines that are to be issued, and for whom."""
    states: bytearray = field(default_factory=bytearray, repr=False)
    """By line, from 0: a `Stands`, or 0 where nothing stands."""
    ids: dict[int, tuple[str, str]] = field(default_factory=dict, repr=False)
    """Id and requester of lines that somebody else asked for, or whose own id is used up."""

    @property
    def left(self) -> int:
        """How many certificates are to be issued."""
        return self.new + self.begun

    def stands(self, line: int) -> Stands | None:
        """Return how far a line has come; None for a blank one."""
        state = self.states[line] if line < len(self.states) else 0
        return Stands(state) if state else None


class Checking:
    """One file, before it is issued."""

    def __init__(
        self, batch: Batch, trial: Trial, authority: Authority, workers: Sequence[Workers] = ()
    ) -> None:
        """Read nothing yet.

        Args:
            batch: the file.
            trial: what its lines are judged by.
            authority: who is to issue; its key is not asked for anything.
            workers: who judges lines; none for this process alone.
        """
        self.batch = batch
        self.trial = trial
        self.authority = authority
        self._workers = workers or (Here(),)
        people = authority.desk.people if authority.desk is not None else None
        self.people = None if people is None else Remembering(people)

    def look_through(
        self, *, tell: Tell = lambda _: None, keep: KeepFault = lambda *_: None
    ) -> Findings:
        """Judge every line; nothing is changed.

        Raises:
            BatchNeedsPlanError: the profile's certificates are approved first.
            InvalidInputError: the file as a whole cannot be read, or is changed meanwhile.
            PKIError: the authority issues nothing of this profile now.
        """
        profile = self.trial.shop.profile
        needed = approvals_for(self.authority.desk, profile)
        if needed:
            raise BatchNeedsPlanError(profile=profile.name, approvals=needed)
        self.authority.check_may_issue(profile)
        findings = Findings(self.batch.read_sha256())
        beside = _Beside(self, findings.sha256)
        for read, tried in self._tried():
            faults, earlier = beside.judge(read, tried)
            _count(findings, read, faults, earlier)
            if faults:
                keep(read.line, faults)
            elif earlier is not None and read.wanted is not None and earlier.record is None:
                findings.agencies[self.agency_of(read.wanted)] += 1
                if len(findings.first) < FIRST:
                    findings.first.append((read.line.number, read.wanted.concerned))
            tell(1)
        if self.batch.sha256 != findings.sha256:
            raise CSVChangedError(path=self.batch.path)
        return findings

    def agency_of(self, wanted: Wanted) -> str:
        """Return the agency that a line is counted under; empty for none."""
        return agency_of(wanted.concerned, self.people, self.trial.now)

    def _tried(self) -> Iterator[tuple[Read, Tried]]:
        """Yield each line and what came of it, in their order; some are judged ahead."""
        shops = cycle(self._workers)
        lines = self.batch.read()
        waiting: deque[tuple[list[Read], Future[tuple[Tried, ...]]]] = deque()
        while True:
            while len(waiting) < AHEAD * len(self._workers):
                chunk = list(islice(lines, CHUNK))
                if not chunk:
                    break
                wanted = tuple(one.wanted for one in chunk if one.wanted is not None)
                waiting.append((chunk, next(shops).submit(try_lines, self.trial, wanted)))
            if not waiting:
                return
            chunk, future = waiting.popleft()
            found = result_of(future)
            tried = iter(found)
            for read in chunk:
                yield read, Tried() if read.wanted is None else next(tried)


class _Beside:
    """Judges lines beside one another, the registry and the register."""

    def __init__(self, checking: Checking, file_sha256: str) -> None:
        authority = checking.authority
        self._people = checking.people
        self._now = checking.trial.now
        self._blocked = authority.blocked
        self._authorities = authority.register.authority_certificates()
        self._looking = Looking(authority.register, checking.trial, file_sha256)
        self._first: dict[int, int] = {}
        """The line in which a key, a person, an id stood first, by a hash of 64 bits."""

    def judge(self, read: Read, tried: Tried) -> tuple[tuple[PKIError, ...], Earlier | None]:
        """Return all that is wrong with a line, or where it stands."""
        faults = [*read.faults, *tried.faults, *self._twice(read, tried)]
        wanted = read.wanted
        if wanted is None:
            return tuple(faults), None
        earlier = None
        if tried.spki_der and not tried.faults:
            try:
                earlier = self._found(wanted, tried)
            except PKIError as error:
                faults.append(error)
        if earlier is None or earlier.stands is not Stands.ISSUED:
            faults += self._concerned(wanted)  # whoever retired since, this was done
        return tuple(faults), earlier

    def _found(self, wanted: Wanted, tried: Tried) -> Earlier:
        self._blocked.check_der(tried.spki_der)
        check_no_authority_der(self._authorities, tried.spki_der)
        return self._looking.look(wanted, tried, sha256(tried.spki_der).hexdigest())

    def _concerned(self, wanted: Wanted) -> tuple[PKIError, ...]:
        if self._people is None:
            return ()
        try:
            check_concerned(RequestKind.NEW, wanted.concerned, self._people, self._now, new=True)
        except PKIError as error:
            return (error,)
        return ()

    def _twice(self, read: Read, tried: Tried) -> Iterator[PKIError]:
        wanted, line = read.wanted, read.line.number
        if wanted is None:
            return
        person, request_id = wanted.concerned.person, wanted.request_id
        # Files are named for people, and systems there are on which case does not count.
        if person is not None and (first := self._stood("p", person.casefold(), line)):
            yield BatchPersonTwiceError(person=person, first=first)
        if request_id is not None and (first := self._stood("r", request_id, line)):
            yield BatchRequestTwiceError(first=first)
        if tried.spki_der and (first := self._stood("k", tried.spki_der, line)):
            yield BatchKeyTwiceError(first=first)

    def _stood(self, kind: str, value: object, line: int) -> int:
        """Return the earlier line; 0 for none."""
        first = self._first.setdefault(hash((kind, value)), line)
        return first if first != line else 0


def _count(
    findings: Findings, read: Read, faults: Sequence[PKIError], earlier: Earlier | None
) -> None:
    line = read.line.number
    findings.states.extend(bytes(line + 1 - len(findings.states)))
    if faults or earlier is None:
        findings.states[line] = Stands.BAD
        findings.bad += 1
        room = MAX_FAULTS - len(findings.faults)
        findings.faults += [Fault(line, one) for one in faults[:room]]
        return
    findings.states[line] = earlier.stands
    match earlier.stands:
        case Stands.ISSUED:
            findings.issued += 1
        case Stands.BEGUN:
            findings.begun += 1
        case _:
            findings.new += 1
    if not earlier.usual:
        findings.ids[line] = (earlier.request_id, earlier.requester)
