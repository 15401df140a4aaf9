"""The order of signatures: the agency never before the competent person.

An agency's signature is one with an organisation's certificate. What the agency signs alone
(copies, annexes in a file of their own, archives) is said by the display: `agency_alone`.

Spec: Decree 30/2020/ND-CP Art. 32.2d (not checked against the official text).
"""

from __future__ import annotations

from dataclasses import replace

from cryptography import x509

from pki.names import common_name
from signing.display.tables import SignerPlace
from signing.duty import ARTICLE as DUTY
from signing.duty import is_for_duty
from signing.errors.mandates import NotOfficialDutyError
from signing.errors.outgoing import AgencyBeforePersonError, AgencyFieldError, NotNumberedError
from signing.options import SigningOptions, UnknownStatus
from signing.outgoing.form import AGENCY, LEADER, find_form
from signing.outgoing.standing import check_person
from signing.services import SigningServices
from signing.signers import signers_of
from verify.collect import Collector, verify_opened_online
from verify.evidence import NONE
from verify.facts import Kind
from verify.pdf.document import OpenPDF
from verify.policy import Policy
from verify.purpose import is_seal
from verify.report import Report

ARTICLE = "Decree 30/2020/ND-CP Art. 32.2d"


def choose_field(
    pdf: OpenPDF, options: SigningOptions, certificate: x509.Certificate, policy: Policy
) -> SigningOptions:
    """Return the options with the field of a prepared document that is the signer's.

    An agency's is the agency's, but for what it signs alone. A person's is the leader's where the
    display goes between title and name; somebody's initials do not take it. A field or a place
    that was asked for is kept.
    """
    placement, display = options.placement, options.display
    if options.field_name or options.field_number or placement.rectangle or placement.corner_mm:
        return options
    seal = is_seal(certificate, policy)
    if display.agency_alone or not (seal or isinstance(display.place, SignerPlace)):
        return options
    name, form = AGENCY if seal else LEADER, find_form(pdf)
    if form is None or form.is_filled(name):
        return options
    return replace(options, field_name=name)


def check_order(
    pdf: OpenPDF,
    before: Report,
    options: SigningOptions,
    certificate: x509.Certificate,
    services: SigningServices,
) -> None:
    """Check that a competent person has signed, and validly, where an agency is to sign.

    Args:
        pdf: the document.
        before: the verdict on it, without any network.
        options: of the signature to be made.
        certificate: its signer's.
        services: network, trust and policy, by which the person's signature is judged.

    Raises:
        AgencyBeforePersonError: no person has signed; in a prepared document, not in the leader's
            field.
        NotOfficialDutyError: who has signed has no certificate for official duty.
        NotNumberedError: a prepared document lacks number or date.
        AgencyFieldError: another field or place was asked for than the one that locks them.
        PersonSignatureInvalidError: a person's signature does not hold.
    """
    if options.display.agency_alone or not is_seal(certificate, services.policy):
        return
    persons = {each.field for each in before.signatures if each.kind is Kind.SIGNATURE}
    form = find_form(pdf)
    if not persons or (form is not None and LEADER not in persons):
        raise AgencyBeforePersonError(article=ARTICLE)
    _check_persons(pdf, persons if form is None else {LEADER}, options, services)
    for empty in form.unfilled if form is not None else ():
        raise NotNumberedError(field=empty)
    if form is not None and options.field_name != AGENCY and not form.is_filled(AGENCY):
        raise AgencyFieldError(field=AGENCY)
    if options.allow_broken_signatures:
        return
    report = verify_opened_online(
        pdf,
        policy=services.policy,
        trust=services.trust,
        collector=Collector(services.fetcher, services.clock),
    )
    for signature in report.signatures:
        if signature.field in persons:
            tolerate = options.unknown_status is not UnknownStatus.REFUSE
            check_person(signature, tolerate_unknown=tolerate)


def _check_persons(
    pdf: OpenPDF, persons: set[str], options: SigningOptions, services: SigningServices
) -> None:
    """Check that somebody of these signs by office: a citizen's signature is no leader's."""
    limit = services.policy.limits.signatures
    signers = signers_of(pdf, NONE, limit=limit)
    known = [signers[field] for field in persons if field in signers]
    if known and not any(is_for_duty(each, services.policy) for each in known):
        raise NotOfficialDutyError(
            subject=common_name(known[0].subject), display=options.display.name, article=DUTY
        )
