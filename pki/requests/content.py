"""Exactly what a request asks for: the document whose hash is approved.

A deed is what an authority's key will do, as it can be read off what is about to be signed. So
what was approved and what is done are compared octet for octet, and nothing is left to trust.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pki.errors.office import RequestChangedError, RequestFieldError
from pki.records.requests import RequestKind, RequestRecord
from pki.requests.canonical import canonical, read_canonical

FORMAT = "antin.request/1"
Deed = Mapping[str, object]
"""What will be done: texts, numbers, lists; no instant finer than a second."""
_CODE = re.compile(r"[A-Za-z0-9._-]{1,32}")
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True, slots=True)
class Concerned:
    """Whom and what it is about, by the codes of the registry."""

    person: str | None = None
    post: str | None = None
    agency: str | None = None
    device: str | None = None

    def __post_init__(self) -> None:
        for field in ("person", "post", "agency", "device"):
            check_code(field, getattr(self, field))

    @classmethod
    def of(cls, record: RequestRecord) -> Concerned:
        """Return whom a request names that was handed in."""
        return cls(record.person, record.post, record.agency, record.device)

    @property
    def told(self) -> dict[str, str]:
        """The codes that it names, by what they are of."""
        named = {name: getattr(self, name) for name in ("person", "post", "agency", "device")}
        return {name: code for name, code in named.items() if code is not None}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it is handed in."""

    id: str
    kind: RequestKind
    issuer: str
    profile: str
    serial: int | None
    deed: Deed
    concerned: Concerned
    approvals: int
    """How many it needs, as the profile says."""

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise RequestFieldError(field="id")

    def content(self) -> bytes:
        """Return the document whose hash is approved."""
        one = self.concerned
        return canonical(
            {
                "format": FORMAT,
                "request": self.id,
                "kind": self.kind.value,
                "for": {
                    "person": one.person,
                    "post": one.post,
                    "agency": one.agency,
                    "device": one.device,
                },
                "approvals": self.approvals,
                "deed": dict(self.deed),
            }
        )

    def record(
        self, content_sha256: str, requester: str, fingerprint: str | None, now: datetime
    ) -> RequestRecord:
        """Return what is recorded of it beside its words."""
        one = self.concerned
        return RequestRecord(
            id=self.id,
            kind=self.kind,
            issuer=self.issuer,
            profile=self.profile,
            serial=self.serial,
            content_sha256=content_sha256,
            approvals=self.approvals,
            person=one.person,
            post=one.post,
            agency=one.agency,
            device=one.device,
            requester=requester,
            requester_fingerprint=fingerprint,
            submitted_at=now,
        )


def check_code(field: str, untrusted: str | None) -> None:
    """Refuse what is no code of the registry: 1 to 32 of `A-Z a-z 0-9 . _ -`.

    Raises:
        RequestFieldError: it is none.
    """
    if untrusted is not None and not _CODE.fullmatch(untrusted):
        raise RequestFieldError(field=field)


def deed_of(content: bytes, request: str) -> dict[str, Any]:
    """Return what a request's document says will be done.

    Raises:
        RequestChangedError: it is no document of this request.
    """
    told = read_canonical(content)
    if told is None or told.get("format") != FORMAT or told.get("request") != request:
        raise RequestChangedError(request=request)
    deed: dict[str, Any] = told["deed"]
    return deed


def same_deed(one: Deed, other: Deed) -> bool:
    """Say whether two deeds are the same, octet for octet."""
    return canonical(one) == canonical(other)
