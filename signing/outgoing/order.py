"""The order of signatures: the agency never before the competent person.

An agency's signature is one with an organisation's certificate. What the agency signs alone
(copies, annexes in a file of their own, archives) is said by the display: `agency_alone`.

Spec: Decree 30/2020/ND-CP Art. 32.2d (not checked against the official text).
"""

from __future__ import annotations

from dataclasses import replace

from cryptography import x509

from signing.display.tables import SignerPlace
from signing.errors.outgoing import AgencyBeforePersonError, AgencyFieldError, NotNumberedError
from signing.options import SigningOptions, UnknownStatus
from signing.outgoing.form import AGENCY, LEADER, find_form
from signing.outgoing.standing import check_person
from signing.services import SigningServices
from verify.collect import Collector, verify_opened_online
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
