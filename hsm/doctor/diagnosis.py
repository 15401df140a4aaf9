"""All checks together: can a document be signed here, and what stands in the way, worst first."""

from __future__ import annotations

from dataclasses import dataclass

from hsm.doctor.certificate_checks import check_keys, check_periods, check_purpose, check_twins
from hsm.doctor.finding import Finding, Severity, error
from hsm.doctor.module_checks import (
    check_modules,
    check_p11kit,
    check_search,
    check_service,
    check_sharing,
)
from hsm.doctor.reader_checks import check_cards, check_readers
from hsm.doctor.seen import Seen
from hsm.doctor.token_checks import check_tokens

_OF_MACHINE = (check_service, check_modules, check_readers, check_cards)
_OF_TOKENS = (check_tokens, check_periods, check_keys, check_purpose)
_OF_REST = (check_search, check_sharing, check_twins, check_p11kit)
_WEIGHT = tuple(Severity)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was seen, and what is to be said of it."""

    seen: Seen
    findings: tuple[Finding, ...]
    """The heaviest first."""

    @property
    def able(self) -> bool:
        """Whether a document could be signed now, as far as is known without a login."""
        return bool(self.seen.signers)


def diagnose(seen: Seen) -> Diagnosis:
    """Return what is right and wrong with what was seen."""
    # Of equal weight the likelier reason comes first: where a token is seen, the machine works.
    first = (_OF_TOKENS, _OF_MACHINE) if seen.has_tokens else (_OF_MACHINE, _OF_TOKENS)
    checks = (check for group in (*first, _OF_REST) for check in group)
    found = [finding for check in checks for finding in check(seen)]
    if not seen.signers and all(one.severity is Severity.INFO for one in found):
        found.append(error("hsm.doctor.nothing_signs"))
    found.sort(key=lambda finding: _WEIGHT.index(finding.severity))
    return Diagnosis(seen, tuple(found))
