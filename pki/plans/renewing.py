"""The maker of renewals: every certificate that ends in a span of time, for the same key."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from pki.errors.tree import InvalidInputError, RefusedError
from pki.plans.ground import Ground
from pki.plans.items import certificate_item
from pki.plans.making import Made, PlanFault
from pki.records.certificates import (
    EVIDENCE_PROFILES,
    CertificateQuery,
    CertificateRecord,
    CertificateState,
    serial_text,
)

PAGE = 500


def renewing(
    ground: Ground, since: datetime, until: datetime, issuer: str | None = None
) -> Iterator[Made]:
    """Yield a renewal for each certificate that ends from `since` on and before `until`.

    What was renewed already is left out; what cannot be renewed is a fault. Certificates of
    authorities and services are renewed in another way, and left out.

    Args:
        ground: where they are.
        since: the first moment.
        until: the first moment after.
        issuer: of one authority alone.
    """
    page: tuple[CertificateRecord, ...] = ()
    query = CertificateQuery(
        issuer, CertificateState.ISSUED, not_after_from=since, not_after_before=until, limit=PAGE
    )
    while page := ground.register.find_certificates(_after(query, page)):
        for record in page:
            if record.profile in EVIDENCE_PROFILES or _is_followed(ground, record, until):
                continue
            try:
                yield _renewal(ground, record)
            except (RefusedError, InvalidInputError) as error:
                yield PlanFault(error, about=serial_text(record.serial))


def _after(query: CertificateQuery, page: tuple[CertificateRecord, ...]) -> CertificateQuery:
    if not page:
        return query
    return CertificateQuery(
        query.issuer,
        query.state,
        not_after_from=query.not_after_from,
        not_after_before=query.not_after_before,
        limit=query.limit,
        after=(page[-1].issuer, page[-1].serial),
    )


def _is_followed(ground: Ground, record: CertificateRecord, until: datetime) -> bool:
    later = CertificateQuery(
        state=CertificateState.ISSUED,
        profile=record.profile,
        spki_sha256=record.spki_sha256,
        not_after_from=until,
        limit=1,
    )
    return bool(ground.register.find_certificates(later))


def _renewal(ground: Ground, record: CertificateRecord) -> Made:
    order, signer = ground.following(record)
    return certificate_item(order, signer, ground.hanging(record))
