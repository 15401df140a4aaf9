"""The maker of reissues: a CSV file, a line for each deed, with requests in a folder beside it.

Columns: `kind`, then as it takes them `serial`, `ca`, `profile`, `csr` (a name below the folder),
`reason`, the codes `person`, `post`, `agency`, `device`, and a subject's attributes by their short
names. What a `change` does not name of the subject, no cell of it at all, stays as it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pki.authority.issuance import Order
from pki.batches.columns import BETWEEN, CODES, CSR, SEVERAL, SUBJECT
from pki.batches.folder import read_request
from pki.errors.certificates import CertificateNotFoundError
from pki.errors.plans import PlanFieldError
from pki.errors.registry import EntryMissingError
from pki.errors.tree import InvalidInputError, RefusedError
from pki.keys import PublicKey
from pki.plans.ground import Ground
from pki.plans.items import certificate_item, status_item
from pki.plans.making import Made, PlanFault
from pki.reasons import parse_reason
from pki.records.plans import LINE_KINDS, PlanItem
from pki.records.requests import RequestKind
from pki.registry.sheet import Table
from pki.registry.values import read_code, read_serial
from pki.request import parse_request
from pki.requests.content import Concerned
from pki.subject import Subject, build_subject

COLUMNS = ("kind", "serial", "ca", "profile", CSR, "reason", *CODES, *SUBJECT)
_MAX_SERIAL = 64


@dataclass(frozen=True, slots=True)
class Source:
    """Where lines come from."""

    path: Path
    csr_folder: Path | None = None
    """Resolved; None where no line has a request."""
    ca: str | None = None
    """The authority of lines that name none."""
    profile: str | None = None
    """The profile of lines that name none."""


def reissuing(ground: Ground, source: Source) -> Iterator[Made]:
    """Yield what each line of the file asks for, or why it cannot be planned.

    Raises:
        InvalidInputError: the file as a whole cannot be read, as `Table.lines` says.
    """
    for line in Table(source.path, COLUMNS, "kind").lines():
        about = line.told.get("person") or line.told.get("serial") or None
        yield from (PlanFault(fault, line.number, about) for fault in line.faults)
        if line.faults:
            continue
        try:
            yield _Line(ground, source, line.told, line.number).item()
        except (RefusedError, InvalidInputError) as error:
            yield PlanFault(error, line.number, about)


@dataclass(frozen=True, slots=True)
class _Line:
    ground: Ground
    source: Source
    told: Mapping[str, str]
    number: int

    def item(self) -> PlanItem:
        kind = self._kind()
        if kind is RequestKind.NEW:
            return self._new()
        record = self.ground.issued(self._serial())
        named = self._concerned()
        concerned = named if named.told else self.ground.hanging(record)
        if kind in {RequestKind.RENEW, RequestKind.CHANGE}:
            changes = kind is RequestKind.CHANGE
            order, signer = self.ground.following(
                record,
                key=self._key() if changes or self.told.get(CSR) else None,
                subject=self._subject() if changes else None,
                changes=changes,
            )
            return certificate_item(order, signer, concerned, self.number)
        reason = None
        if kind is RequestKind.REVOKE:
            reason = parse_reason(self._needed("reason")).value
        return status_item(kind, record, concerned, reason=reason, source=self.number)

    def _new(self) -> PlanItem:
        profile = self.ground.profile_of(self.told.get("profile") or self.source.profile or "")
        issuer = self.told.get("ca") or self.source.ca
        if not issuer:
            raise EntryMissingError(field="ca")
        subject = self._subject()
        if subject is None:
            raise EntryMissingError(field="cn")
        order = self.ground.checked(Order(self._key(), profile, subject, ""))
        return certificate_item(order, issuer, self._concerned(), self.number)

    def _kind(self) -> RequestKind:
        text = self._needed("kind").lower()
        if text not in LINE_KINDS:
            raise PlanFieldError(field="kind")
        return RequestKind(text)

    def _needed(self, name: str) -> str:
        text = self.told.get(name, "")
        if not text:
            raise EntryMissingError(field=name)
        return text

    def _serial(self) -> int:
        text = self._needed("serial").replace(":", "")
        try:
            return int(text if len(text) <= _MAX_SERIAL else "", 16)
        except ValueError as error:
            raise CertificateNotFoundError(issuer="-", serial=text[:_MAX_SERIAL]) from error

    def _key(self) -> PublicKey:
        name = self._needed(CSR)
        if self.source.csr_folder is None:
            raise EntryMissingError(field="--csr-dir")
        return parse_request(read_request(self.source.csr_folder, name)).public_key

    def _subject(self) -> Subject | None:
        pairs = [
            (short, value)
            for column, short in SUBJECT.items()
            if (cell := self.told.get(column, ""))
            for value in (cell.split(BETWEEN) if short in SEVERAL else (cell,))
        ]
        return build_subject(pairs) if pairs else None

    def _concerned(self) -> Concerned:
        codes = {name: self.told.get(name) or None for name in CODES}
        for name, code in codes.items():
            if code is not None:
                (read_serial if name == "device" else read_code)(code, name)
        return Concerned(**codes)
