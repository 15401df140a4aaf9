"""One guard of an invariant taken away, each by its name; what is left is the authority without it.

Where two guards stand behind one another, both are taken away: that each of them holds alone is
for the tests of those guards.
"""

from __future__ import annotations

import itertools
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pki_crash_mutants
import pytest
from cryptography import x509
from sqlalchemy import update

from cli.selftest.sandbox import Sandbox
from pki import ocsp, request
from pki import subject as subject_module
from pki.audit import entry, verify
from pki.authority import authority, bulk, crl, crl_gate, issuance, renewal, signature
from pki.authority.issuer import Signatory
from pki.authority.template import Content, build_tbs
from pki.keeping import reconcile
from pki.lint import linter
from pki.profile import load_profile
from pki.records.certificates import RevocationRecord
from pki.records.changes import StoreCRL
from pki.records.requests import MoveRequest
from pki.register import changes, holders, requests, status
from pki.register.audit_log import AuditLog
from pki.register.prepared import Statements
from pki.register.sql import SQLRegister
from pki.register.store import store_of
from pki.register.tables import CERTIFICATES, REVOCATIONS
from pki.requests import permission
from pki.requests.desk import Acting, Desk
from pki.subject import Subject, check_value
from pki.urls import AuthorityURLs


class Mutants:
    """Each method takes one guard away for the rest of a test."""

    def __init__(self, patch: pytest.MonkeyPatch, sandbox: Sandbox) -> None:
        self.patch, self.sandbox = patch, sandbox
        self.entered: list[AbstractContextManager[None]] = []

    def certificates_reserved_late(self) -> None:
        self._enter(pki_crash_mutants.reserved_late())

    def lists_reserved_late(self) -> None:
        self._enter(pki_crash_mutants.list_reserved_late())

    def serials_counted(self) -> None:
        numbers = itertools.count(1 << 126)
        self.patch.setattr(issuance, "draw_serial", lambda: next(numbers))

    def serials_short(self) -> None:
        numbers = itertools.count(1)
        self.patch.setattr(issuance, "draw_serial", lambda: next(numbers))

    def pass_not_spent(self) -> None:
        def redeem(given: Any, **of: Any) -> bytes:
            kept = linter._linted.get(given)
            tbs_der = linter.redeem(given, **of)
            assert kept
            linter._linted[given] = kept
            return tbs_der

        self.patch.setattr(signature, "redeem", redeem)

    def pass_for_any_issuer(self) -> None:
        def redeem(given: Any, *, issuer_key: Any, profile: str) -> bytes:
            del issuer_key
            kept = linter._linted.get(given)
            key = kept.issuer_key if kept else self.sandbox.key.public_key()
            return linter.redeem(given, issuer_key=key, profile=profile)

        self.patch.setattr(signature, "redeem", redeem)

    def pass_for_any_profile(self) -> None:
        def redeem(given: Any, *, issuer_key: Any, profile: str) -> bytes:
            del profile
            return linter.redeem(given, issuer_key=issuer_key, profile="official")

        self.patch.setattr(signature, "redeem", redeem)

    def any_validity(self) -> None:
        def content(order: Any, signatory: Any, not_before: Any) -> Content:
            del signatory
            end = order.profile.lifetime.end(not_before)
            if order.lifetime is not None:
                end = not_before + order.lifetime - timedelta(seconds=1)
            return Content(
                issuance.draw_serial(),
                order.subject,
                order.public_key,
                order.profile,
                not_before,
                end,
            )

        self.patch.setattr(issuance, "_content", content)
        self._unlinted()

    def any_proof(self) -> None:
        real = request._load

        class Proven:
            is_signature_valid = True

            def __init__(self, inner: Any) -> None:
                self._inner = inner

            def __getattr__(self, name: str) -> Any:
                return getattr(self._inner, name)

        self.patch.setattr(request, "_load", lambda data: Proven(real(data)))

    def any_key(self) -> None:
        self.patch.setattr(request, "check_strength", lambda key, *_: key)

    def keys_of_authorities(self) -> None:
        self.patch.setattr(issuance, "check_no_authority", lambda *_, **__: None)
        self.keys_shared()

    def keys_shared(self) -> None:
        nobody = changes._FIND_HOLDERS.where(CERTIFICATES.c.serial == 0)
        self.patch.setattr(changes, "_FIND_HOLDERS", nobody)

    def holders_uncounted(self) -> None:
        nobody = holders._FIND_ACTIVE.where(CERTIFICATES.c.serial == 0)
        self.patch.setattr(holders, "_FIND_ACTIVE", nobody)

    def holders_known_by_name(self) -> None:
        self.patch.setattr(changes, "holder_of", lambda subject: subject)

    def any_length(self) -> None:
        def value(short: str, text: str) -> str:
            return text if short in {"SN", "GN"} else check_value(short, text)

        self.patch.setattr(subject_module, "check_value", value)

    def extensions_of_the_request(self) -> None:
        powers = load_profile("issuing").authority

        def copied(content: Content, signatory: Signatory) -> bytes:
            profile = content.profile.model_copy(update={"authority": powers})
            return build_tbs(replace(content, profile=profile), signatory)

        self.patch.setattr(issuance, "build_tbs", copied)
        self._unlinted()

    def bulk_unjudged(self) -> None:
        self.patch.setattr(bulk._Course, "_judge", lambda _, drafted, __: drafted)

    def requests_forgotten(self) -> None:
        for module in (issuance, bulk, renewal):
            self.patch.setattr(module, "find_answer", lambda *_: None)
        none = changes._FIND_REQUEST.where(CERTIFICATES.c.serial == 0)
        self.patch.setattr(changes, "_FIND_REQUEST", none)
        store = store_of(self.sandbox.place)
        with store.writer.connect() as connection, connection.begin():
            connection.exec_driver_sql("DROP INDEX ix_certificates_request")
        store.engine.dispose()

    def approved_for_anything(self) -> None:
        self.patch.setattr(permission, "same_deed", lambda *_: True)

    def approved_for_good(self) -> None:
        def judged(desk: Any, case: Any, approval: Any, now: Any) -> Acting:
            del case, now
            grant = next(iter(desk.cases.grants(approval.fingerprint)))
            return Acting(grant, desk.judge.signer_of(approval.cms))

        def applied(statements: Statements, change: Any) -> None:
            if isinstance(change, MoveRequest):
                change = replace(change, grants=())
            requests.apply_request(statements, change)

        self.patch.setattr(permission, "_judged", judged)
        self.patch.setattr(changes, "apply_request", applied)

    def own_requests_approved(self) -> None:
        self.patch.setattr(Desk, "check_not_own", lambda *_: None)

    def requests_unread(self) -> None:
        self.patch.setattr(issuance.Order, "asked_sha256", "00")

    def result_unread(self) -> None:
        def unread(certificate_der: bytes, *_: Any) -> x509.Certificate:
            return x509.load_der_x509_certificate(certificate_der)

        self.patch.setattr(signature, "check_result", unread)

    def revocation_overwritten(self) -> None:
        real = changes._revoke

        def overwrite(statements: Statements, change: Any, register: Any) -> None:
            record: RevocationRecord = change.record
            place = {"of_issuer": record.issuer, "of_serial": record.serial}
            if statements.execute(status.STANDING, place).first() is None:
                real(statements, change, register)
                return
            here = (REVOCATIONS.c.issuer == record.issuer, REVOCATIONS.c.serial == record.serial)
            statements.execute(
                update(REVOCATIONS)
                .where(*here)
                .values(revoked_at=record.revoked_at, reason=record.reason)
            )

        self.patch.setattr(authority, "check_transition", lambda *_: None)
        self.patch.setattr(changes, "_revoke", overwrite)
        self.guards_dropped()

    def expired_left_out(self) -> None:
        def left(row: Any) -> bool:
            found = self.sandbox.register.find_certificate("issuing", int(row[0], 16))
            return found is not None and found.not_after >= self.sandbox.clock.now()

        self._listing(lambda _, row: left(row))

    def compromise_released(self) -> None:
        self.patch.setattr(status, "check_transition", lambda *_: None)
        self.guards_dropped()

    def releases_untold(self) -> None:
        released = x509.ReasonFlags.remove_from_crl
        self._listing(lambda _, row: row[1] not in {released, released.value, released.name})

    def any_number(self) -> None:
        def take(statements: Statements, change: Any, _: Any) -> None:
            if isinstance(change, StoreCRL):
                statements.execute(changes._ADD_CRL, changes.values_of(change.record))
                return
            values = {"issuer": change.issuer, "number": change.number}
            statements.execute(changes._ADD_NUMBER, values)

        self.patch.setattr(changes, "_take_number", take)
        self.guards_dropped()

    def any_time(self) -> None:
        self.patch.setattr(crl_gate, "_time", lambda *_: iter(()))

    def any_loss(self) -> None:
        self.patch.setattr(crl_gate, "_losses", lambda *_: iter(()))

    def deltas_empty(self) -> None:
        self._listing(lambda snapshot, _: snapshot.after is None)

    def another_point(self) -> None:
        def elsewhere(content: Content, signatory: Signatory) -> bytes:
            urls = AuthorityURLs.under("http://elsewhere.invalid", signatory.name)
            return build_tbs(content, replace(signatory, urls=urls))

        self.patch.setattr(issuance, "build_tbs", elsewhere)
        self._unlinted()

    def always_good(self) -> None:
        self.patch.setattr(ocsp.OCSPResponder, "_status", lambda *_: True)

    def odd_left_out(self) -> None:
        self._listing(lambda _, row: int(row[0], 16).bit_length() <= 159)

    def audit_swallowed(self) -> None:
        real = AuditLog.append

        def append(log: AuditLog, statements: Any, event: Any, edge: Any) -> Any:
            try:
                return real(log, statements, event, edge)
            except Exception:  # noqa: BLE001  that is the mutant
                return edge

        self.patch.setattr(AuditLog, "append", append)

    def entries_unread(self) -> None:
        def unread(entry: Any, edge: Any) -> Any:
            return edge.append(verify.leaf_hash(entry.content))[0]

        self.patch.setattr(verify, "_check_entry", unread)

    def heads_unread(self) -> None:
        self.patch.setattr(verify, "_compare", lambda *_: None)

    def guards_dropped(self) -> None:
        store = store_of(self.sandbox.place)
        with store.writer.connect() as connection, connection.begin():
            store.enter(connection)
            store.drop_guards(connection)
        store.engine.dispose()

    def clock_unread(self) -> None:
        for module in (issuance, authority):
            self.patch.setattr(module, "present", lambda _, clock: clock.now())

    def clock_unread_for_lists(self) -> None:
        def unread(register: Any, clock: Any) -> Any:
            return max(clock.now(), register.last_audit_entry().at)

        self.patch.setattr(crl, "present", unread)

    def gap_unread(self) -> None:
        self.patch.setattr(entry, "_check_gap", lambda *_: None)

    def restored_as_it_was(self) -> None:
        self.patch.setattr(reconcile, "take_in", lambda *_, **__: None)

    def subject_shown(self) -> None:
        self.patch.setattr(Subject, "__repr__", lambda one: f"Subject({one.attributes})")

    def subject_logged(self) -> None:
        real = issuance._event

        def event(record: Any, action: str, at: Any, order: Any = None, **facts: str) -> Any:
            return real(record, action, at, order, **{**facts, "subject": record.subject})

        self.patch.setattr(issuance, "_event", event)

    def undo(self) -> None:
        for one in reversed(self.entered):
            one.__exit__(None, None, None)

    def _enter(self, context: AbstractContextManager[None]) -> None:
        context.__enter__()
        self.entered.append(context)

    def _unlinted(self) -> None:
        self.patch.setattr(linter, "RULES", ())

    def _listing(self, keeps: Any) -> None:
        real = SQLRegister.list_entries

        def entries(register: SQLRegister, snapshot: Any) -> Any:
            return (row for row in list(real(register, snapshot)) if keeps(snapshot, row))

        self.patch.setattr(SQLRegister, "list_entries", entries)
        self.patch.setattr(crl, "judge_crl", lambda *_: ())
