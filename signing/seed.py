"""Seed values: what the author of a field asks of the signature in it.

Read by pyHanko; what is required (its bit in /Ff is set) and cannot be met refuses, what is only
recommended is taken as a default where nothing else was asked for. No address in a document is
asked for a time-stamp.

Spec: ISO 32000-2 §12.7.5.5, tables 237 to 239.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cryptography import x509
from pyhanko.sign.fields import (
    SeedLockDocument,
    SigSeedSubFilter,
    SigSeedValFlags,
    SigSeedValueSpec,
)
from pyhanko.sign.general import UnacceptableSignerError

from signing._asn1 import to_asn1
from signing.document import FieldPlan, hostile_document
from signing.errors.documents import SeedValueError
from signing.objects import entry
from signing.options import Form, Permission, SigningOptions

_FORMS = {SigSeedSubFilter.PADES: Form.PADES, SigSeedSubFilter.ADOBE_PKCS7_DETACHED: Form.PKCS7}


@dataclass(frozen=True, slots=True)
class Seeded:
    """What a signature in this field shall be, its seed values obeyed."""

    form: Form
    permission: Permission | None = None


def obey_seed_values(
    plan: FieldPlan, options: SigningOptions, certificate: x509.Certificate, digest_name: str
) -> Seeded:
    """Return what follows from the field's seed values and the options.

    Raises:
        SeedValueError: something is required that the options or the signer do not meet.
    """
    dictionary = entry(plan.reference, "/SV")
    if dictionary is None:
        return Seeded(options.form or Form.PADES)
    with hostile_document():
        seed = SigSeedValueSpec.from_pdf_object(dictionary)
        form = _form(seed, options)
        problems = [*_problems(seed, options, digest_name), *_form_problems(seed, form)]
        problems += _signer_problems(seed, certificate)
    for name, wanted in problems:
        raise SeedValueError(field=plan.name, entry=name, wanted=wanted)
    return Seeded(form, _permission(seed))


def _form(seed: SigSeedValueSpec, options: SigningOptions) -> Form:
    if options.form is not None:
        return options.form
    known = (_FORMS[each] for each in seed.subfilters or () if each in _FORMS)
    return next(known, Form.PADES)


def _form_problems(seed: SigSeedValueSpec, form: Form) -> Iterator[tuple[str, str]]:
    if seed.flags & SigSeedValFlags.SUBFILTER and seed.subfilters is not None:
        allowed = [each.value.lstrip("/") for each in seed.subfilters]
        if form.value not in allowed:
            yield "SubFilter", ", ".join(allowed)


def _problems(
    seed: SigSeedValueSpec, options: SigningOptions, digest_name: str
) -> Iterator[tuple[str, str]]:
    flags = seed.flags
    methods = seed.digest_methods if flags & SigSeedValFlags.DIGEST_METHOD else None
    if methods is not None and digest_name not in methods:
        yield "DigestMethod", ", ".join(methods)
    if flags & SigSeedValFlags.REASONS:
        allowed = [str(each) for each in seed.reasons or () if each != "."]
        if (options.reason not in allowed) if allowed else (options.reason is not None):
            yield "Reasons", ", ".join(allowed)
    if flags & SigSeedValFlags.APPEARANCE_FILTER and seed.appearance is not None:
        yield "AppearanceFilter", str(seed.appearance)
    if flags & SigSeedValFlags.ADD_REV_INFO and seed.add_rev_info:
        yield "AddRevInfo", "true"
    if seed.timestamp_required and not options.level.needs_timestamp:
        yield "TimeStamp", "B-T"
    yield from _certification_problems(seed, options)


def _certification_problems(
    seed: SigSeedValueSpec, options: SigningOptions
) -> Iterator[tuple[str, str]]:
    kind = seed.seed_signature_type
    if kind is not None:
        wanted = int(kind.mdp_perm.value) if kind.mdp_perm is not None else None
        if wanted != options.certify:
            yield "MDP", f"P={wanted or 0}"
    attested = seed.legal_attestations if seed.flags & SigSeedValFlags.LEGAL_ATTESTATION else None
    if attested and options.certify is not None:  # none is written: see docs/documents.md
        yield "LegalAttestation", ", ".join(map(str, attested))
    if seed.flags & SigSeedValFlags.LOCK_DOCUMENT:
        locking = _permission(seed)
        asked = options.certify or (options.lock.permission if options.lock else None)
        if seed.lock_document is SeedLockDocument.DO_NOT_LOCK and asked == Permission.NO_CHANGES:
            yield "LockDocument", "false"
        elif locking is not None and asked not in (None, locking):
            yield "LockDocument", "true"


def _signer_problems(
    seed: SigSeedValueSpec, certificate: x509.Certificate
) -> Iterator[tuple[str, str]]:
    if seed.cert is None:
        return
    try:
        seed.cert.satisfied_by(to_asn1(certificate), None)
    except UnacceptableSignerError as error:
        yield "Cert", str(error)[:200]


def _permission(seed: SigSeedValueSpec) -> Permission | None:
    locks = seed.lock_document is SeedLockDocument.LOCK
    return Permission.NO_CHANGES if locks else None
