"""Full and delta lists over any history: what a reader puts together is what the register knows.

A reader holds a full list, or one that it put together from a full list and deltas, and adds any
later delta to the same base; it comes to the same certificates, dates and reasons as a full list
of that moment would say (RFC 5280 §5.2.4). Numbers rise over both kinds; what is revoked stays.
"""

from __future__ import annotations

import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
)
from pki_world import World, make_world

from pki.authority.crl_reader import read_crl
from pki.authority.life import declare_compromise, hold, release
from pki.clock import FixedClock, whole_second
from pki.reasons import FINAL_REASONS
from pki.records.lists import Snapshot
from pki.transitions import COMPROMISES

Reason = x509.ReasonFlags
WHO = {"requester": "văn thư"}
Listed = dict[int, tuple[datetime, x509.ReasonFlags]]


class Lists(RuleBasedStateMachine):
    """Certificates, their lists, and readers who hold lists of any age."""

    def new_place(self) -> str | None:
        """Return where the register is made; None for a file."""
        return None

    @initialize()
    def make(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.world: World = make_world(
            Path(self.folder.name), place=self.new_place(), delta_hours=6
        )
        self.serials = [self.world.issue().serial_number for _ in range(5)]
        self.true: Listed = {}
        self.readers: list[tuple[int, Listed]] = []
        """Number and contents of each list that a reader may hold since the last full one."""
        self.base = 0
        self.last = 0
        self.revoked: set[int] = set()

    @property
    def now(self) -> datetime:
        return whole_second(self.world.clock.now())

    def serials_that(self, *reasons: x509.ReasonFlags | None) -> list[int]:
        return [s for s in self.serials if self.true.get(s, (None, None))[1] in reasons]

    def drawn(self, data: st.DataObject, *reasons: x509.ReasonFlags | None) -> int | None:
        found = self.serials_that(*reasons)
        return data.draw(st.sampled_from(found)) if found else None

    @rule(seconds=st.integers(0, 3 * 86400))
    def wait(self, seconds: int) -> None:
        assert isinstance(self.world.clock, FixedClock)
        self.world.clock.advance(timedelta(seconds=seconds))

    @rule(data=st.data())
    def hold(self, data: st.DataObject) -> None:
        if (serial := self.drawn(data, None)) is not None:
            hold(self.world.issuing, serial, **WHO)
            self.true[serial] = (self.now, Reason.certificate_hold)

    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        if (serial := self.drawn(data, Reason.certificate_hold)) is not None:
            release(self.world.issuing, serial, **WHO)
            del self.true[serial]

    @rule(data=st.data(), reason=st.sampled_from(sorted(FINAL_REASONS, key=str)))
    def revoke(self, data: st.DataObject, reason: x509.ReasonFlags) -> None:
        if (serial := self.drawn(data, None, Reason.certificate_hold)) is not None:
            self.world.issuing.revoke(serial, reason)
            since = self.true[serial][0] if serial in self.true else self.now
            self.true[serial] = (since, reason)
            self.revoked.add(serial)

    @rule(data=st.data())
    def raise_reason(self, data: st.DataObject) -> None:
        milder = FINAL_REASONS - COMPROMISES
        if (serial := self.drawn(data, *milder)) is not None:
            declare_compromise(self.world.issuing, serial, **WHO)
            self.true[serial] = (self.true[serial][0], Reason.key_compromise)

    @rule()
    def full(self) -> None:
        crl = self.world.issuing.issue_crl()
        self.base = self.number(crl)
        listed = told(crl)
        assert listed == self.true
        assert self.revoked <= listed.keys(), "what was revoked never leaves (invariant 12)"
        self.readers = [(self.base, listed)]

    @precondition(lambda self: self.readers)
    @rule()
    def delta(self) -> None:
        crl = self.world.issuing.issue_crl(delta=True)
        number, added = self.number(crl), told(crl)
        base = crl.extensions.get_extension_for_class(x509.DeltaCRLIndicator)
        assert base.critical
        assert base.value.crl_number == self.base
        for held, listed in self.readers:
            assert self.base <= held < number
            assert together(listed, added) == self.true, f"list {held} and delta {number}"
        self.readers.append((number, dict(self.true)))

    def number(self, crl: x509.CertificateRevocationList) -> int:
        number = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        assert number == self.last + 1, "full and delta lists count together"
        self.last = number
        return number

    @precondition(lambda self: self.readers)
    @rule()
    def a_list_can_be_made_again(self) -> None:
        """What the register said at a list's sequence it says for ever."""
        for delta in (False, True):
            record = self.world.register.newest_crl("issuing", delta=delta)
            if record is None:
                continue
            after = None
            if record.base_number is not None:
                found = self.world.register.find_crl("issuing", record.base_number)
                assert found is not None
                after = found.last_sequence
            snapshot = Snapshot("issuing", record.last_sequence, after)
            wanted = [row[0] for row in self.world.register.list_entries(snapshot)]
            assert list(read_crl(record.der).serials()) == wanted

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.register.close()
            self.folder.cleanup()


def told(crl: x509.CertificateRevocationList) -> Listed:
    listed: Listed = {}
    for entry in crl:
        assert entry.serial_number not in listed
        try:
            reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
        except x509.ExtensionNotFound:
            reason = Reason.unspecified
        listed[entry.serial_number] = (entry.revocation_date_utc, reason)
    return listed


def together(complete: Listed, delta: Listed) -> Listed:
    """Add a delta to a complete list as a reader does (RFC 5280 §5.2.4)."""
    whole = complete | delta
    return {serial: one for serial, one in whole.items() if one[1] is not Reason.remove_from_crl}
