"""Certificates of the register, as `antin cert list` and `show` tell of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from cli.errors import BadOptionError
from pki.records.certificates import (
    CertificateQuery,
    CertificateRecord,
    CertificateState,
    serial_text,
)
from pki.records.register import Register
from pki.transitions import is_held

HELD = "held"
PAGE = 500
"""Certificates that are read at a time."""


@dataclass(frozen=True, slots=True)
class Filter:
    """The options of `antin cert list`."""

    ca: str | None
    status: str | None
    expires_within: str | None
    query: str | None
    limit: int | None = None
    after: tuple[str, int] | None = None
    """Issuer and serial of the last one of the page before."""


def certificate_rows(register: Register, wanted: Filter, now: datetime) -> Iterator[dict[str, str]]:
    """Yield the records that fit, in the order of their making; some are read at a time.

    Raises:
        BadOptionError: an unknown status, or a span that is not like `60d`.
    """
    before, state = end_of_span(wanted.expires_within, now), _state(wanted.status)
    text = wanted.query or None
    query = CertificateQuery(
        wanted.ca,
        CertificateState.ISSUED if before is not None and state is None else state,
        # What is to be renewed: neither revoked nor expired already.
        not_after_from=now if before is not None else None,
        not_after_before=before,
        text=text,
        or_serial=_serial_part(text),
        held=True if wanted.status == HELD else None,
        after=wanted.after,
    )
    rows = _rows(register, query, wanted.status)
    return islice(rows, wanted.limit) if wanted.limit is not None else rows


def _rows(
    register: Register, query: CertificateQuery, status: str | None
) -> Iterator[dict[str, str]]:
    while records := register.find_certificates(replace(query, limit=PAGE)):
        for record in records:
            # The register keeps a hold beside the certificate: issued is what it is again after.
            row = certificate_row(register, record)
            if status in {None, row["status"]}:
                yield row
        query = replace(query, after=(records[-1].issuer, records[-1].serial))


def _serial_part(text: str | None) -> str | None:
    plain = (text or "").replace(":", "").lower()
    return plain if re.fullmatch("[0-9a-f]{2,40}", plain) else None


def certificate_row(register: Register, record: CertificateRecord) -> dict[str, str]:
    """Return one record as text values."""
    row = {
        "serial": serial_text(record.serial),
        "status": record.state.value,
        "ca": record.issuer,
        "profile": record.profile,
        "subject": record.subject,
        "not_before": record.not_before.isoformat(),
        "not_after": record.not_after.isoformat(),
        "fingerprint": record.fingerprint or "",
        "requester": record.requester,
    }
    revocation = register.find_revocation(record.issuer, record.serial)
    if revocation is not None:
        held = is_held(revocation)
        row["status"] = HELD if held else row["status"]
        row["held_at" if held else "revoked_at"] = revocation.revoked_at.isoformat()
        row["reason"] = revocation.reason.value
    erased = record.subject == ""  # and then only there is a row that says so
    erasure = register.find_erasure(record.issuer, record.serial) if erased else None
    if erasure is not None:
        row["erased_at"] = erasure.at.isoformat()
        row["erased_because"] = erasure.reason.value
    return row


def _state(text: str | None) -> CertificateState | None:
    if text is None:
        return None
    if text == HELD:
        return CertificateState.ISSUED
    try:
        return CertificateState(text)
    except ValueError as error:
        form = " | ".join((*(state.value for state in CertificateState), HELD))
        raise BadOptionError(option="--status", value=text, form=form) from error


def end_of_span(
    text: str | None, now: datetime, *, option: str = "--expires-within"
) -> datetime | None:
    """Return when a span like `60d` from now is over; None where none is given.

    Raises:
        BadOptionError: not like `60d`.
    """
    return now + _span(text, option) if text else None


def _span(text: str, option: str) -> timedelta:
    match = re.fullmatch(r"([0-9]{1,5})d", text)
    if match is None:
        raise BadOptionError(option=option, value=text, form="60d")
    return timedelta(days=int(match.group(1)))
