"""The 25 invariants by their numbers: what guards each, what tries it, and what is left out.

Statements are in the catalogue (`selftest.invariant.01` …), in both languages.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cli.selftest import issuing_trials as issuing
from cli.selftest import record_trials as records
from cli.selftest import request_trials as requests
from cli.selftest import status_trials as status
from cli.selftest.sandbox import Sandbox

Trial = Callable[[Sandbox], None]


@dataclass(frozen=True, slots=True)
class Invariant:
    """One thing that an authority must never break."""

    name: str
    """Its number, in two digits."""
    clauses: str
    guards: tuple[str, ...]
    """Where it is guarded: files, and what stands in them."""
    mutants: tuple[str, ...]
    """What the tests take away, each of which a trial must notice; names of their file."""
    trials: tuple[Trial, ...]
    """Each raises `Broken`; tried in the tests, and by `antin selftest invariants`."""
    looked_at: bool = False
    """Whether the records of a living register are looked at for it too."""

    @property
    def number(self) -> int:
        """Its number."""
        return int(self.name)

    @property
    def test(self) -> str:
        """The test that tries it, and takes its guards away."""
        return f"tests/unit/pki/test_pki_invariants.py::test_invariant_{self.name}"


INVARIANTS = (
    Invariant(
        "01",
        "ETSI EN 319 411-1 §6.3.3",
        ("pki/authority/issuance.py:certify", "pki/authority/crl.py:_reserved"),
        ("certificates_reserved_late", "lists_reserved_late"),
        (issuing.record_before_signature,),
        looked_at=True,
    ),
    Invariant(
        "02",
        "RFC 5280 §4.1.2.2",
        ("pki/authority/issuance.py:draw_serial", "pki/register/tables.py:CertificateRow"),
        ("serials_counted", "serials_short"),
        (issuing.serials,),
        looked_at=True,
    ),
    Invariant(
        "03",
        "RFC 5280 §4.1.1.3",
        ("pki/lint/linter.py:redeem", "pki/authority/signature.py:sign_linted"),
        ("pass_not_spent", "pass_for_any_issuer", "pass_for_any_profile"),
        (issuing.linted_only,),
        looked_at=True,
    ),
    Invariant(
        "04",
        "RFC 5280 §4.1.2.5; Decree 68/2024/ND-CP Art. 9",
        ("pki/authority/issuance.py:_content", "pki/lint/fields.py"),
        ("any_validity",),
        (issuing.validity, issuing.late_authority),
        looked_at=True,
    ),
    Invariant(
        "05",
        "RFC 2986 §4.2; NIST SP 800-56A §5.6.2.3",
        ("pki/request.py:parse_request", "pki/strength.py", "pki/request.py:check_no_authority"),
        ("any_proof", "any_key", "keys_of_authorities"),
        (issuing.requests,),
        looked_at=True,
    ),
    Invariant(
        "06",
        "ETSI EN 319 411-1 §6.3.1",
        (
            "pki/register/changes.py:_reserve",
            "pki/register/holders.py:check_room",
        ),
        ("keys_shared", "holders_uncounted", "holders_known_by_name"),
        (issuing.one_key_one_person, issuing.few_for_one_person),
        looked_at=True,
    ),
    Invariant(
        "07",
        "RFC 5280 §4.1.2.4, Appendix A.1",
        ("pki/subject.py:build_subject", "pki/authority/template.py", "pki/lint/linter.py"),
        ("any_length", "extensions_of_the_request"),
        (issuing.nothing_of_the_request,),
        looked_at=True,
    ),
    Invariant(
        "08",
        "ETSI EN 319 411-1 §6.3.2",
        (
            "pki/authority/issuance.py:write_draft",
            "pki/authority/bulk.py:_Course._judge",
            "pki/requests/permission.py:check_approved",
        ),
        ("bulk_unjudged", "approved_for_anything", "approved_for_good"),
        (issuing.one_way, requests.approved_only),
    ),
    Invariant(
        "09",
        "ETSI EN 319 401 §7.4",
        (
            "pki/authority/repetition.py:find_answer",
            "pki/register/changes.py:_check_request",
            "pki/requests/desk.py:Desk.check_not_own",
        ),
        ("requests_forgotten", "requests_unread", "own_requests_approved", "approved_for_good"),
        (issuing.one_request_one_certificate, requests.approved_by_another),
    ),
    Invariant(
        "10",
        "ETSI EN 319 411-1 §6.3.3",
        ("pki/authority/signature.py:check_result",),
        ("result_unread",),
        (issuing.read_back,),
        looked_at=True,
    ),
    Invariant(
        "11",
        "RFC 5280 §5.3; X.509 (2019) §9.5.3.1",
        ("pki/transitions.py:check_transition", "pki/register/guards.py:KEPT"),
        ("revocation_overwritten",),
        (status.revocation_stays,),
        looked_at=True,
    ),
    Invariant(
        "12",
        "RFC 5280 §3.3; X.509 (2019) §9.5.2.12",
        ("pki/register/lists.py:entries", "pki/authority/crl_gate.py:judge_crl"),
        ("expired_left_out",),
        (status.stays_listed,),
        looked_at=True,
    ),
    Invariant(
        "13",
        "RFC 5280 §5.3.1",
        ("pki/transitions.py:check_transition", "pki/authority/crl_gate.py:_removals"),
        ("compromise_released", "releases_untold"),
        (status.holds_end,),
        looked_at=True,
    ),
    Invariant(
        "14",
        "RFC 5280 §5.2.3",
        ("pki/register/changes.py:_take_number", "pki/register/guards.py:RISING"),
        ("any_number",),
        (status.numbers_rise,),
        looked_at=True,
    ),
    Invariant(
        "15",
        "RFC 5280 §5.1.2.4, §5.1.2.5, §5.2.5",
        ("pki/authority/crl_gate.py:judge_crl", "pki/authority/crl.py:_plan"),
        ("any_time", "any_loss"),
        (status.lists_go_on,),
        looked_at=True,
    ),
    Invariant(
        "16",
        "RFC 5280 §5.2.4",
        ("pki/register/lists.py:entries", "pki/authority/crl.py:_plan"),
        ("releases_untold", "deltas_empty"),
        (status.base_and_deltas,),
        looked_at=True,
    ),
    Invariant(
        "17",
        "RFC 5280 §4.2.1.13, §5.2.5",
        ("pki/authority/template.py:_addresses", "pki/lint/extensions.py"),
        ("another_point",),
        (status.distribution_points,),
        looked_at=True,
    ),
    Invariant(
        "18",
        "RFC 6960 §2.2; RFC 9654 §2.1; ETSI EN 319 411-1 §6.2.4",
        ("pki/ocsp.py:OCSPResponder._status", "pki/ocsp.py:_nonce"),
        ("always_good",),
        (status.answers_agree,),
        looked_at=True,
    ),
    Invariant(
        "19",
        "RFC 5280 §4.1.2.2, §5.3",
        ("pki/register/columns.py:SerialText", "pki/authority/crl_gate.py:_against"),
        ("odd_left_out",),
        (status.odd_serials,),
        looked_at=True,
    ),
    Invariant(
        "20",
        "ETSI EN 319 401 §7.10",
        ("pki/register/sql.py:SQLRegister.commit_all",),
        ("audit_swallowed",),
        (records.together,),
        looked_at=True,
    ),
    Invariant(
        "21",
        "RFC 9162 §2.1",
        ("pki/audit/verify.py:recompute", "pki/audit/checkpoint.py"),
        ("entries_unread", "heads_unread"),
        (records.tampering_shows,),
        looked_at=True,
    ),
    Invariant(
        "22",
        "ETSI EN 319 411-1 §6.4.6",
        ("pki/register/guards.py:UNDELETED",),
        ("guards_dropped",),
        (records.nothing_goes,),
        looked_at=True,
    ),
    Invariant(
        "23",
        "ETSI EN 319 401 §7.10",
        (
            "pki/audit/entry.py:check_clock",
            "pki/audit/entry.py:present",
            "pki/audit/entry.py:_check_gap",
        ),
        ("clock_unread", "clock_unread_for_lists", "gap_unread"),
        (records.clock_back, records.clock_ahead),
        looked_at=True,
    ),
    Invariant(
        "24",
        "RFC 5280 §5.2.3",
        ("pki/keeping/reconcile.py:take_in",),
        ("restored_as_it_was",),
        (records.restored,),
    ),
    Invariant(
        "25",
        "ETSI EN 319 401 §7.10",
        ("pki/subject.py:Subject.__repr__", "pki/authority/issuance.py:_event"),
        ("subject_shown", "subject_logged"),
        (records.nothing_personal,),
        looked_at=True,
    ),
)
