"""The revision of a document that holds a signature: an incremental update."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from typing import BinaryIO

from pyhanko.sign.fields import SigSeedSubFilter

from pki.words import VIETNAM
from signing.damage import check_ended
from signing.document import append_to, check_unlocked, hostile_document
from signing.embed import Embedding, Placeholder, declare_extensions
from signing.encryption import check_permitted
from signing.field import plan_field
from signing.fields import field_by_number, fields_of
from signing.options import Form, SigningOptions
from signing.permissions import plan_permissions
from signing.seed import obey_seed_values
from signing.signer import KeySigner, usable_public_key
from signing.tsa import TOKEN_BYTES, FetchingTimeStamper
from signing.wishes import check_form
from verify.pdf.document import OpenPDF, open_pdf
from verify.pdf.fields import find_signature_fields
from verify.policy import default_policy

_MANY = 100_000
"""Signatures that are looked at for locks; judging has its own, lower limit."""


@dataclass(frozen=True, slots=True)
class SignatureRequest:
    """One signature to be made."""

    signer: KeySigner
    options: SigningOptions
    at: datetime
    """The claimed time of signing, /M."""
    timestamper: FetchingTimeStamper | None
    """Asks for the signature-time-stamp; None at B-B."""
    name: str
    """The document's, for messages."""
    into: BinaryIO | None = None
    """A file that holds the document, and shall hold it signed; None signs in memory."""


@dataclass(frozen=True, slots=True)
class PreparedSignature:
    """A revision that lacks nothing but its CMS: the last point before the key is needed."""

    field_name: str
    form: Form
    _embedding: Embedding
    _request: SignatureRequest

    def complete(self) -> SignedRevision:
        """Sign, time-stamp where asked, and put the CMS in its place.

        Raises:
            PKIError: see `sign` and `SignedDigest.complete`.
        """
        return self.sign().complete()

    def sign(self) -> SignedDigest:
        """Sign: this is the only step that needs the key.

        Raises:
            PKIError: what opening the key raises.
        """
        signer = self._request.signer
        # PAdES has the claimed time in /M alone (EN 319 142-1 §6.3); others look for it here.
        at = self._request.at if self.form is Form.PKCS7 else None
        attributes = signer.signed_attributes(self._embedding.digest, at=at)
        value = signer.sign(attributes)
        return SignedDigest(self.field_name, attributes, value, self._embedding, self._request)

    @property
    def output(self) -> BinaryIO:
        """The document as it will be, but for the CMS: in memory, or in the file asked for."""
        return self._embedding.output


@dataclass(frozen=True, slots=True)
class SignedDigest:
    """A revision that was signed and lacks its time-stamp; the key is not needed any more."""

    field_name: str
    _attributes: bytes
    _value: bytes
    _embedding: Embedding
    _request: SignatureRequest

    def complete(self) -> SignedRevision:
        """Time-stamp where asked, and put the CMS in its place; in any thread.

        Raises:
            PKIError: what asking the time-stamp service raises.
        """
        signer = self._request.signer
        cms = signer.finish(self._attributes, self._value, self._timestamp())
        contents = self._embedding.fill(cms)
        return SignedRevision(self._embedding.output, self.field_name, contents)

    def _timestamp(self) -> bytes | None:
        if self._request.timestamper is None:
            return None
        name = self._request.signer.digest_name
        digest = hashlib.new(name, self._value).digest()
        return self._request.timestamper.stamp(digest, name)


@dataclass(frozen=True, slots=True)
class SignedRevision:
    """The document with its new signature."""

    output: BinaryIO
    """In memory, or in the file asked for."""
    field_name: str
    contents: bytes
    """The signature's /Contents as it stands in the file, padding included."""


def prepare_signature(data: bytes, request: SignatureRequest) -> PreparedSignature:
    """Return the document with field, appearance and placeholder, digested and ready to sign.

    Raises:
        InvalidInputError: it is no document (`verify.errors`).
        PKIError: see `prepare_opened`.
    """
    limits = default_policy().limits
    return prepare_opened(open_pdf(data, name=request.name, limits=limits), request)


def prepare_opened(
    pdf: OpenPDF, request: SignatureRequest, *, signed: bool = True
) -> PreparedSignature:
    """Return a document that is open already, with field, appearance and placeholder.

    Args:
        pdf: the document; its reader is not fit for judging afterwards.
        request: what is to be made.
        signed: whether there may be signatures in the document; false after a look at it.

    Raises:
        NewFieldForbiddenError, FillingForbiddenError: it is encrypted, and its author says no.
        DocumentLockedError: a signature in it forbids one more.
        CertifiedError: a certification in it forbids a new visible field.
        DocumentUnsupportedError: it cannot be appended to safely.
        DocumentNeedsRepairError: an object is left open; see `append_to` for more.
        FieldNumberError: there is no field of the number given.
        FieldTakenError: the field named is signed; see `plan_field` for the others.
        CertifyNotFirstError: a certification is asked for and something is signed already.
        SeedValueError: the field's seed values ask for something else.
        LockDiffersError: a lock is asked for that leaves open what the field's own closes.
    """
    options, signer = _with_field_name(request.options, pdf), request.signer
    earlier = find_signature_fields(pdf, name=pdf.name, limit=_MANY) if signed else ()
    if not earlier:
        check_ended(pdf)
    writer = append_to(pdf, request.into)
    plan = plan_field(writer, options, signer.certificate, request.at, password=pdf.password)
    check_permitted(pdf.access, name=pdf.name, creates=plan.new_field is not None)
    check_unlocked(earlier, plan, certify=options.certify is not None)
    seeded = obey_seed_values(plan, options, signer.certificate, signer.digest_name)
    check_form(seeded.form, options)
    placeholder = _placeholder(request, seeded.form)
    with hostile_document():
        key = usable_public_key(signer.certificate)
        declare_extensions(writer, key, placeholder.sub_filter)
        mdp = plan_permissions(
            plan, options, signer.digest_name, seeded=seeded, signed=bool(earlier)
        )
        embedding = Embedding(writer, plan, placeholder, mdp, request.into, pdf.hashed)
    return PreparedSignature(plan.name, seeded.form, embedding, request)


def _with_field_name(options: SigningOptions, pdf: OpenPDF) -> SigningOptions:
    if options.field_number is None:
        return options
    return replace(options, field_name=field_by_number(fields_of(pdf), options.field_number))


def _placeholder(request: SignatureRequest, form: Form) -> Placeholder:
    options, signer = request.options, request.signer
    stamped = request.timestamper is not None or options.timestamp_later
    return Placeholder(
        sub_filter=SigSeedSubFilter(f"/{form}"),
        at=request.at.astimezone(VIETNAM),
        size=signer.estimate_cms_size() + (TOKEN_BYTES if stamped else 0),
        digest_name=signer.digest_name,
        reason=options.reason,
        location=options.location,
        contact=options.contact,
    )
