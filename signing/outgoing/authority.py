"""Whether a signer may sign in the place the document says: before the PIN is asked for.

Spec: Decree 30/2020/ND-CP Art. 13.1 (KT), 13.3 (TUQ: in writing, for a time and some matters, not
passed on), 13.4 (TL, whose holder may let a deputy sign KT); not checked against the official text.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from cryptography import x509

from pki.names import common_name
from pki.words import VIETNAM
from signing.display.fold import fold
from signing.display.resolve import Pages
from signing.display.tables import SignerPlace
from signing.document import hostile_document, look_into
from signing.errors.mandates import (
    CapacityDiffersError,
    MandateEndedError,
    MandateMissingError,
    MandateNotYetError,
    MandatePaperError,
    MandateScopeError,
    RedelegationError,
)
from signing.mandates.capacity import Acting, Capacity
from signing.mandates.mandate import Mandate
from signing.mandates.said import Said, read_signer, read_symbol
from signing.options import SigningOptions
from signing.owner import names_owner
from signing.pages import pages_of
from signing.services import SigningServices
from verify.collect import Collector, verify_online
from verify.facts import Kind
from verify.finding import Finding, warning
from verify.indication import Indication
from verify.pdf.document import OpenPDF


@dataclass(frozen=True, slots=True)
class Authority:
    """By what right somebody signs."""

    mandate: Mandate | None = None
    """None for a signer in the signer's own place."""
    warnings: tuple[Finding, ...] = ()


def check_mandate(
    pdf: OpenPDF, options: SigningOptions, certificate: x509.Certificate, services: SigningServices
) -> Authority:
    """Return by what mandate the signer signs, where one is needed.

    The text is looked at where the display goes between title and name, and where a capacity was
    asked for; what it says must be what was asked.

    Args:
        pdf: the document.
        options: of the signature to be made.
        certificate: its signer's.
        services: time; network, trust and policy, by which a signed paper is judged.

    Raises:
        CapacityDiffersError: the document says another capacity than was asked for.
        RedelegationError: below an authorisation (TUQ) somebody signs for somebody else.
        MandateMissingError: no mandate allows it.
        MandateNotYetError, MandateEndedError: it begins later, or is over.
        MandateScopeError: it is for other kinds of documents.
        MandatePaperError: the paper that gives it does not hold.
    """
    if not isinstance(options.display.place, SignerPlace) and options.capacity is None:
        return Authority()
    name = options.placement.name or common_name(certificate.subject)
    with hostile_document():
        pages = pages_of(look_into(pdf), pdf.password)
        said = read_signer(pages, name)
    acting = _agreed(said, options.capacity)
    if not acting:
        return Authority(warnings=() if said.read else (warning("signing.capacity_unread"),))
    _refuse_passing_on(acting)
    day = services.clock.now().astimezone(VIETNAM).date()
    mandate = _mandate_for(acting[-1], options.mandates, certificate, day)
    if len(acting) > 1:
        _check_outer(acting[-2], options.mandates, mandate, day)
    warnings = _check_scope(mandate, pages)
    _check_paper(mandate, services)
    return Authority(mandate, warnings)


def _agreed(said: Said, asked: Capacity | None) -> tuple[Acting, ...]:
    """Return what the document says, or what was asked where it cannot be read."""
    if asked is None:
        return said.acting
    if not said.read:
        return (Acting(asked, ""),)
    found = said.acting[-1].capacity if said.acting else None
    if found is not asked:
        raise CapacityDiffersError(asked=asked.value, found=found.value if found else "-")
    return said.acting


def _refuse_passing_on(acting: tuple[Acting, ...]) -> None:
    if any(each.capacity is Capacity.TUQ for each in acting[:-1]):
        raise RedelegationError(article=Capacity.TUQ.article)


def _mandate_for(
    acting: Acting, mandates: tuple[Mandate, ...], certificate: x509.Certificate, day: date
) -> Mandate:
    """Return the signer's own mandate, in force on that day."""
    fitting = [
        each
        for each in mandates
        if _fits(each, acting) and names_owner(certificate, each.table.holder)
    ]
    return _in_force(fitting, acting, day)


def _check_outer(acting: Acting, mandates: tuple[Mandate, ...], inner: Mandate, day: date) -> None:
    """Check that whoever gave the signer's mandate had one too: TL, then KT."""
    giver = fold(inner.table.grantor)
    fitting = [each for each in mandates if _fits(each, acting) and fold(each.table.name) == giver]
    _in_force(fitting, acting, day)


def _in_force(mandates: list[Mandate], acting: Acting, day: date) -> Mandate:
    refused: MandateNotYetError | MandateEndedError | None = None
    for mandate in mandates:
        try:
            mandate.check_day(day)
        except (MandateNotYetError, MandateEndedError) as error:
            refused = error
        else:
            return mandate
    if refused is not None:
        raise refused
    raise MandateMissingError(
        capacity=acting.capacity.value,
        title=acting.title or "-",
        article=acting.capacity.article,
    )


def _fits(mandate: Mandate, acting: Acting) -> bool:
    """Say whether a mandate is of that capacity, and for the place that is named.

    A long title takes several lines, of which only the first says KT.
    """
    if mandate.table.capacity is not acting.capacity:
        return False
    written, meant = fold(acting.title), fold(mandate.table.title)
    return not written or written.startswith(meant) or meant.startswith(written)


def _check_scope(mandate: Mandate, pages: Pages) -> tuple[Finding, ...]:
    allowed = mandate.table.symbols
    if not allowed:
        return ()
    with hostile_document():
        symbol = read_symbol(pages)
    if symbol is None:
        return (warning("signing.mandate_scope_unread", number=mandate.table.number),)
    if symbol not in allowed:
        raise MandateScopeError(
            number=mandate.table.number,
            symbol=symbol,
            allowed=", ".join(allowed),
            article=mandate.table.capacity.article,
        )
    return ()


def _check_paper(mandate: Mandate, services: SigningServices) -> None:
    """Check that the grantor has signed the paper, and validly."""
    if mandate.paper is None:
        return
    report = verify_online(
        mandate.paper,
        policy=services.policy,
        trust=services.trust,
        collector=Collector(services.fetcher, services.clock),
        name=mandate.table.paper or "",
    )
    number, giver = mandate.table.number, fold(mandate.table.grantor)
    signed = [each for each in report.signatures if each.kind is Kind.SIGNATURE]
    if report.indication is not Indication.TOTAL_PASSED:
        raise MandatePaperError(number=number, reason=report.indication.value)
    if not any(each.signer and fold(each.signer.common_name or "") == giver for each in signed):
        raise MandatePaperError(number=number, reason=mandate.table.grantor)
