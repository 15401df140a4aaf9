"""Reads a trusted list from the octets that were signed.

Versions 5 (TS 119 612 v2.1.1) and 6 (v2.3.1 on). What a path may end in is read whole; of what is
told besides, what reports and people want.

Spec: ETSI TS 119 612 §5.3 (scheme), §5.4 (providers), §5.5 (services), §5.6 (history).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from pki.errors.tree import phrase
from verify.certificate import readable
from verify.errors import ListMalformedError, ListVersionError
from verify.listed import Listing, State
from verify.lists.signers import decoded, signers_in
from verify.lists.xml import (
    ADDITIONAL,
    QUALIFICATIONS,
    TSL,
    Element,
    attributes,
    moment_of,
    parse_xml,
    spoken,
    text_of,
)
from verify.quiet import quietly

VERSIONS = ("5", "6")
_XML = "application/vnd.etsi.tsl+xml"
_OF_LISTS = "listofthelists"
_CERTIFICATE = f"{TSL}DigitalId/{TSL}X509Certificate"
_EXTENSION = f"{TSL}ServiceInformationExtensions/{TSL}Extension"


@dataclass(frozen=True, slots=True)
class Service:
    """A service, and the certificates it is known by."""

    listing: Listing
    certificates: tuple[x509.Certificate, ...]
    """Those that can be read; none where it is known by a name or key alone."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where another list is, and who may sign it."""

    territory: str
    url: str
    of_lists: bool
    signers: tuple[x509.Certificate, ...]


@dataclass(frozen=True, slots=True)
class TrustedList:
    """One list."""

    version: str
    sequence: int
    territory: str
    operator: str
    of_lists: bool
    """It tells where the lists of countries are."""
    issued: datetime
    next_update: datetime | None
    """By when a newer one is there at the latest; None: there will be none."""
    services: tuple[Service, ...]
    pointers: tuple[Pointer, ...]


def read_list(octets: bytes, name: str) -> TrustedList:
    """Read a trusted list; its signature is another's affair.

    Args:
        octets: what was signed (see `verify.lists.signature`).
        name: what to call it in errors.

    Raises:
        ListVersionError: of another version.
        ListMalformedError: not a trusted list.
    """
    root = parse_xml(octets, name)
    if root.tag != f"{TSL}TrustServiceStatusList":
        raise ListMalformedError(name=name, reason=phrase("verify.list_reason.no_list"))
    scheme = root.find(f"{TSL}SchemeInformation")
    if scheme is None:
        raise ListMalformedError(name=name, reason=phrase("verify.list_reason.scheme"))
    version = text_of(scheme, f"{TSL}TSLVersionIdentifier") or "?"
    if version not in VERSIONS:
        raise ListVersionError(name=name, version=version[:20])
    next_update = text_of(scheme, f"{TSL}NextUpdate/{TSL}dateTime")
    with quietly():
        return TrustedList(
            version=version,
            sequence=_number(text_of(scheme, f"{TSL}TSLSequenceNumber"), name),
            territory=text_of(scheme, f"{TSL}SchemeTerritory") or "",
            operator=spoken(scheme, f"{TSL}SchemeOperatorName/{TSL}Name"),
            of_lists=(text_of(scheme, f"{TSL}TSLType") or "").endswith(_OF_LISTS),
            issued=moment_of(text_of(scheme, f"{TSL}ListIssueDateTime"), name),
            next_update=moment_of(next_update, name) if next_update else None,
            services=tuple(_services(root, name)),
            pointers=tuple(_pointers(scheme, name)),
        )


def _number(text: str | None, name: str) -> int:
    if text is None or not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise ListMalformedError(name=name, reason=phrase("verify.list_reason.sequence"))
    return int(text)


def _services(root: Element, name: str) -> Iterator[Service]:
    territory = text_of(root, f"{TSL}SchemeInformation/{TSL}SchemeTerritory") or ""
    for provider in root.iterfind(f"{TSL}TrustServiceProviderList/{TSL}TrustServiceProvider"):
        called = spoken(provider, f"{TSL}TSPInformation/{TSL}TSPName/{TSL}Name")
        for service in provider.iterfind(f"{TSL}TSPServices/{TSL}TSPService"):
            now = service.find(f"{TSL}ServiceInformation")
            if now is None:
                raise ListMalformedError(name=name, reason=phrase("verify.list_reason.service"))
            past = service.iterfind(f"{TSL}ServiceHistory/{TSL}ServiceHistoryInstance")
            states = sorted(
                (_state(each, name) for each in (now, *past)), key=lambda state: state.since
            )
            listing = Listing(
                territory, called, spoken(now, f"{TSL}ServiceName/{TSL}Name"), tuple(states)
            )
            identities = now.iterfind(f"{TSL}ServiceDigitalIdentity/{_CERTIFICATE}")
            yield Service(listing, tuple(dict.fromkeys(readable(decoded(identities, name)))))


def _state(element: Element, name: str) -> State:
    return State(
        type=text_of(element, f"{TSL}ServiceTypeIdentifier") or "",
        status=text_of(element, f"{TSL}ServiceStatus") or "",
        since=moment_of(text_of(element, f"{TSL}StatusStartingTime"), name),
        additional=tuple(
            text_of(each, f"{TSL}URI") or ""
            for each in element.iterfind(f"{_EXTENSION}/{TSL}AdditionalServiceInformation")
        ),
        qualifiers=attributes(
            element.iterfind(
                f"{_EXTENSION}/{QUALIFICATIONS}Qualifications/{QUALIFICATIONS}QualificationElement"
                f"/{QUALIFICATIONS}Qualifiers/{QUALIFICATIONS}Qualifier"
            ),
            "uri",
        ),
    )


def _pointers(scheme: Element, name: str) -> Iterator[Pointer]:
    for pointer in scheme.iterfind(f"{TSL}PointersToOtherTSL/{TSL}OtherTSLPointer"):
        about = f"{TSL}AdditionalInformation/{TSL}OtherInformation"
        if text_of(pointer, f"{about}/{ADDITIONAL}MimeType") not in {_XML, None}:
            continue  # the same list as a page to read
        identities = pointer.iterfind(
            f"{TSL}ServiceDigitalIdentities/{TSL}ServiceDigitalIdentity/{_CERTIFICATE}"
        )
        yield Pointer(
            territory=text_of(pointer, f"{about}/{TSL}SchemeTerritory") or "",
            url=text_of(pointer, f"{TSL}TSLLocation") or "",
            of_lists=(text_of(pointer, f"{about}/{TSL}TSLType") or "").endswith(_OF_LISTS),
            signers=tuple(dict.fromkeys(signers_in(identities, name))),
        )
