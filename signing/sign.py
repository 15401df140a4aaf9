"""Signs a document in memory, at one of the four PAdES levels.

1. what is already in the document is judged; an agency does not sign before a person, nor
   anybody in another's place without a mandate;
2. the signer's certificate is checked;
3. field, appearance and placeholder are made, the document digested;
4. the key is opened (the PIN is asked), the digest signed, the signature time-stamped;
5. evidence is gathered, judged, and appended; then the document time-stamp;
6. the result is judged; only what holds is returned.

Spec: ETSI EN 319 142-1 §6.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import BinaryIO

from signing.attributes import asked_attributes
from signing.begun import BegunSignature, CompletedSignature, PreparedDocument
from signing.duty import check_duty
from signing.errors.times import TSANotNamedError
from signing.evidence import find_signature, gather_evidence
from signing.issuers import with_issuers
from signing.key import SigningKey
from signing.mandates.mandate import Mandate
from signing.options import Form, Level, SigningOptions, UnknownStatus
from signing.outgoing.authority import check_mandate
from signing.outgoing.order import check_order, choose_field
from signing.owner import check_owner
from signing.records import Occasion, record_of
from signing.revision import SignatureRequest, prepare_opened
from signing.rule import Choice, explain
from signing.services import SigningServices
from signing.signer import KeySigner, usable_public_key
from signing.standing import SignerStanding
from signing.tsa import FetchingTimeStamper
from signing.verdict import Expected, check_kept, judge_after, judge_before
from signing.wishes import check_wishes
from signing.xfa import check_form_kind
from verify.content import Content, shown
from verify.evidence import NONE, Evidence
from verify.finding import Finding
from verify.pdf.document import open_pdf
from verify.report import Report, SignatureReport
from verify.revocation.gather import Gatherers


@dataclass(frozen=True, slots=True)
class SignedDocument:
    """A document that was signed and found to hold."""

    data: bytes
    """Empty where it was signed into a file."""
    field_name: str
    """The field the new signature is in."""
    level: Level
    report: Report
    """The verdict on `data`, as of the end of signing."""
    warnings: tuple[Finding, ...]
    """What the signer should know."""
    choice: Choice
    """Algorithm and form, and the rule they meet."""
    source_sha256: str
    """Of the document as it came, hexadecimal."""
    mandate: Mandate | None = None
    """What allowed the signer to sign in somebody's place."""


def sign_document(
    data: bytes,
    *,
    signer: SigningKey,
    options: SigningOptions,
    services: SigningServices,
    name: str = "document.pdf",
) -> SignedDocument:
    """Return the document with one more signature; `data` is kept to the byte in front of it.

    Args:
        data: a PDF document.
        signer: certificate, chain, and the way to the key.
        options: level, look and place of the signature, what to do in doubt.
        services: time, network, trust and policy.
        name: what to call the document in messages.

    Raises:
        InvalidInputError: it is no document that can be signed.
        RefusedError: the document, the certificate or the result says no.
        UnavailableError: font, token, time-stamp service or evidence is not there.
    """
    return Signatory(signer, options, services).sign(data, name=name)


class Signatory:
    """One key and one set of wishes, for any number of documents.

    What does not change from one to the next is done once: the certificate is checked, its status
    asked for (again after `STANDING_LASTS`), the CMS's unchanging parts encoded.
    """

    def __init__(
        self, signer: SigningKey, options: SigningOptions, services: SigningServices
    ) -> None:
        self.signer = signer
        check_wishes(options)
        self._options = options
        self.services = services
        self._strict = _refuses_unknown(options)
        self._standing: SignerStanding | None = None
        self._key_signer: KeySigner | None = None
        self._gatherers = Gatherers()

    def check(self) -> None:
        """Check the signer, as `sign` does: for whoever asks for a PIN before the first document.

        Raises:
            PKIError: see `check_owner` and `check_signer`.
        """
        self._check_signer()

    def sign(
        self, data: Content, *, name: str = "document.pdf", into: BinaryIO | None = None
    ) -> SignedDocument:
        """Return the document with one more signature; see `sign_document`.

        Args:
            data: the document.
            name: what to call it in messages.
            into: a file, to read and to write, that holds the document and nobody else's; the
                signature is appended to it in place of being returned.

        Raises:
            PKIError: see `sign_document`.
        """
        begun = self.begin(data, name=name, into=into)
        return self.finish(begun, self.ask(begun))

    @property
    def asks_services(self) -> bool:
        """Whether services are waited for with each document."""
        return self._options.level.needs_timestamp

    def begin(
        self, data: Content, *, name: str = "document.pdf", into: BinaryIO | None = None
    ) -> BegunSignature:
        """Return the document signed by the key: steps 1 to 3, and the key's part of 4.

        Args:
            data: the document.
            name: what to call it in messages.
            into: as `sign` has it.

        Raises:
            PKIError: see `sign_document`.
        """
        prepared = self.prepare(data, name=name, into=into)
        return prepared.begun(prepared.signature.sign())

    def judge(self, data: Content, *, name: str = "document.pdf") -> None:
        """Check a document as `begin` does, up to where the key is opened: no PIN is asked.

        Raises:
            PKIError: see `sign_document`.
        """
        self.prepare(data, name=name)

    def prepare(
        self, data: Content, *, name: str = "document.pdf", into: BinaryIO | None = None
    ) -> PreparedDocument:
        """Return the document as `begin` does, but for what the key makes: steps 1 to 3.

        Args:
            data: the document.
            name: what to call it in messages.
            into: as `sign` has it.

        Raises:
            PKIError: see `sign_document`.
        """
        options, services = self._options, self.services
        timestamper = _timestamper(options, services)
        pdf = open_pdf(data, name=name, limits=services.policy.limits, password=services.password)
        before = judge_before(pdf, services=services, allow_broken=options.allow_broken_signatures)
        options = choose_field(pdf, options, self.signer.certificate, services.policy)
        check_order(pdf, before, options, self.signer.certificate, services)
        authority = check_mandate(pdf, options, self.signer.certificate, services)
        about_form = check_form_kind(pdf)
        warnings = self._check_signer()
        at = services.clock.now()
        request = SignatureRequest(self._opened(), options, at, timestamper, name, into)
        prepared = prepare_opened(pdf, request, signed=bool(before.signatures))
        with shown(prepared.output) as content:
            check_kept(pdf, content, before=before, limits=services.policy.limits)
        notes = (*about_form, *authority.warnings, *warnings)
        return PreparedDocument(
            pdf, before, request, prepared, bool(warnings), notes, authority.mandate
        )

    def ask(self, begun: BegunSignature) -> CompletedSignature:
        """Ask services for what the level wants: the rest of step 4, and 5; in any thread.

        Raises:
            PKIError: see `sign_document`.
        """
        signed, request = begun.signed.complete(), begun.request
        timestamper, level = request.timestamper, request.options.level
        if timestamper is not None and level.needs_evidence:
            from signing.longterm import extend  # noqa: PLC0415  pyHanko's validation, see `proof`

            had = extend(
                signed, timestamper, request=request, signer=self.signer, services=self.services
            )
            # From here on the document must stand by itself.
            return CompletedSignature(signed, NONE, had)
        evidence = self._evidence(timestamper, status_unknown=begun.status_unknown)
        return CompletedSignature(signed, evidence, evidence)

    def finish(self, begun: BegunSignature, completed: CompletedSignature) -> SignedDocument:
        """Judge the result and keep its evidence: step 6.

        Raises:
            PKIError: see `sign_document`.
        """
        request, services = begun.request, self.services
        field, level = begun.signed.field_name, request.options.level
        with shown(completed.signed.output) as content:
            grown = begun.pdf.grown(content, limits=services.policy.limits)
            report = judge_after(
                grown,
                Expected(field, level, not self._strict, completed.evidence, begun.form),
                before=begun.before,
                services=services,
                gatherers=self._gatherers,
            )
            for looked_at in (grown, begun.pdf):
                looked_at.end()
        choice = self._choice(find_signature(report, field), begun.form)
        data = content if isinstance(content, bytes) else b""
        source = begun.before.sha256
        done = SignedDocument(
            data, field, level, report, begun.notes, choice, source, begun.mandate
        )
        self._keep(done, completed.had)
        return done

    def _check_signer(self) -> tuple[Finding, ...]:
        if self._options.expected_owner is not None:
            check_owner(self.signer.certificate, self._options.expected_owner)
        check_duty(self.signer.certificate, self._options.display, self.services.policy)
        return self._known_standing().check()

    def _known_standing(self) -> SignerStanding:
        """Return what is known of the signer, whose chain is completed first."""
        if self._standing is None:
            self.signer = with_issuers(self.signer, self.services)
            self._standing = SignerStanding(self.signer, self.services, refuse_unknown=self._strict)
        return self._standing

    def _keep(self, done: SignedDocument, evidence: Evidence) -> None:
        """Keep what the law asks to be kept, before anybody has the document."""
        if self.services.records is None:
            return
        record = record_of(
            done.report,
            find_signature(done.report, done.field_name),
            self.signer.certificate,
            occasion=Occasion.SIGNED,
            evidence=evidence,
            warnings=done.warnings,
        )
        if done.mandate is not None:
            record = replace(record, mandate=done.mandate.summary())
        self.services.records.keep(record)

    def _choice(self, made: SignatureReport, form: Form) -> Choice:
        signer = self._opened()
        return explain(
            usable_public_key(self.signer.certificate),
            made.algorithm or "",
            form,
            pss=signer.pss,
            token_lacks_pss=signer.falls_back,
        )

    def _opened(self) -> KeySigner:
        if self._key_signer is None:
            asked = asked_attributes(self._options)
            self._key_signer = KeySigner(self.signer, pss=self._options.pss, attributes=asked)
        return self._key_signer

    def _evidence(
        self, timestamper: FetchingTimeStamper | None, *, status_unknown: bool
    ) -> Evidence:
        if status_unknown:  # services that did not answer a moment ago are not waited for again
            return NONE
        if timestamper is None:
            return self._known_standing().evidence()
        return _gather(self.signer, timestamper, self.services)


def _timestamper(options: SigningOptions, services: SigningServices) -> FetchingTimeStamper | None:
    if not options.level.needs_timestamp:
        return None
    timestamper = services.timestamper(options.tsa_url)
    if timestamper is None:
        raise TSANotNamedError(level=options.level.value)
    return timestamper


def _gather(
    signer: SigningKey, timestamper: FetchingTimeStamper, services: SigningServices
) -> Evidence:
    ends = (signer.certificate, *timestamper.signers)
    others = (*signer.chain, *timestamper.certificates)
    return gather_evidence(ends, others, services)


def _refuses_unknown(options: SigningOptions) -> bool:
    """Say whether an unknown status refuses: always where evidence must be embedded anyway."""
    return options.level.needs_evidence or options.unknown_status is UnknownStatus.REFUSE
