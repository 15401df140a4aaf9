"""Certificates of the register, as `antin cert list` and `show` tell of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

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


@dataclass(frozen=True, slots=True)
class Filter:
    """The options of `antin cert list`."""

    ca: str | None
    status: str | None
    expires_within: str | None
    query: str | None


def certificate_rows(register: Register, wanted: Filter, now: datetime) -> list[dict[str, str]]:
    """Return the records that fit, in the order of their making.

    Raises:
        BadOptionError: an unknown status, or a span that is not like `60d`.
    """
    before = end_of_span(wanted.expires_within, now)
    query = CertificateQuery(wanted.ca, _state(wanted.status), not_after_before=before)
    records = register.find_certificates(query)
    if wanted.expires_within:
        # What is to be renewed: neither revoked nor expired already.
        records = tuple(
            one for one in records if one.state is CertificateState.ISSUED and one.not_after > now
        )
    text = (wanted.query or "").casefold()
    rows = [
        certificate_row(register, one)
        for one in records
        if text in one.subject.casefold() or text in serial_text(one.serial)
    ]
    # The register keeps a hold beside the certificate: issued is what it is again afterwards.
    return [row for row in rows if wanted.status in {None, row["status"]}]


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
    erasure = register.find_erasure(record.issuer, record.serial)
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
