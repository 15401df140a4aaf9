"""Finds out what evidence is missing and asks the network for it.

For a certificate: OCSP at the addresses of its authorityInfoAccess, else the CRL at its
distribution points; for a path that ends too early, the issuer at caIssuers. An address that
does not answer is a finding, never an exception.

Spec: RFC 5280 §4.2.1.13, §4.2.2.1; RFC 6960 Appendix A; EN 319 142-1 §5.4.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import pairwise

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import load_der_pkcs7_certificates
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

from pki.clock import Clock
from pki.errors.fetching import FetchFailedError, FetchRefusedError
from pki.fetcher import OCSP_REQUEST, Fetcher, FetchRequest
from verify.certificate import read_certificate, readable, serial_of
from verify.compare import same_name
from verify.errors import MalformedObjectError
from verify.evidence import NONE, Evidence, Item
from verify.finding import Finding, warning
from verify.guard import foreign
from verify.opened import Opened, verify_any
from verify.path.extensions import extension
from verify.pdf.recovery import open_for_judging
from verify.policy import Policy
from verify.report import Need, Report
from verify.revocation.crl_list import read_crl
from verify.revocation.ocsp import Response, read_response
from verify.revocation.points import ADDRESSES, delta_addresses, lists_named
from verify.trust import TrustStore

ROUNDS = 3
"""A path may be completed, then its evidence, then that of a responder without nocheck."""
REQUESTS = 60
"""For one document."""
REMEMBERED = 10_000
"""Pieces of evidence."""
SMALL = 1024 * 1024
OFFLINE = "offline"


@dataclass(slots=True)
class Collector:
    """Asks the network, keeps what came and what did not."""

    fetcher: Fetcher
    clock: Clock
    evidence: Evidence = NONE
    findings: tuple[Finding, ...] = ()
    requests_left: int = REQUESTS
    first_had: dict[bytes, datetime] = field(default_factory=dict)
    """When pieces of evidence were had first, by their SHA-256; for many documents the same one."""

    def find_issuer(
        self, signed: x509.Certificate | x509.CertificateRevocationList
    ) -> tuple[x509.Certificate, ...]:
        """Fetch and return the certificates that may have issued a certificate or a list."""
        found: list[x509.Certificate] = []
        for url in _access(signed, AuthorityInformationAccessOID.CA_ISSUERS):
            body = self._fetch(FetchRequest(url, max_bytes=SMALL, cacheable=True))
            found += _certificates_in(body or b"")
        self._keep(Evidence(certificates=tuple(self._item(_der(issuer)) for issuer in found)))
        return tuple(found)

    def find_status(
        self, certificate: x509.Certificate, issuer: x509.Certificate, *, fresh: bool = True
    ) -> None:
        """Fetch the status of `certificate`: OCSP where it answers, else the CRL.

        Args:
            certificate: whose status.
            issuer: who issued it.
            fresh: take no list from the cache.
        """
        for url in _access(certificate, AuthorityInformationAccessOID.OCSP):
            response = self._ask_ocsp(url, certificate, issuer)
            if response is not None:
                self._find_responder_status(response, issuer, fresh=fresh)
                return
        self.find_crl(certificate, fresh=fresh)

    def find_crl(
        self, certificate: x509.Certificate, *, fresh: bool = True, about_signer: bool = False
    ) -> None:
        """Fetch the lists that speak of `certificate`: one for all reasons, else all there are.

        A list comes with its newest delta where one is named, and one of another issuer with that
        issuer's certificate and its status.

        Args:
            certificate: whose status.
            fresh: take no list from the cache.
            about_signer: `certificate` signs lists itself; whoever signs those about it is not
                asked about in turn.
        """
        for point in lists_named(certificate):
            crl = self._find_list(point.urls, fresh=fresh)
            if crl is None:
                continue
            self._find_list(delta_addresses(crl, certificate), fresh=fresh)
            if not about_signer and not same_name(crl.issuer, certificate.issuer):
                for signer in self.find_issuer(crl):
                    self.find_crl(signer, fresh=fresh, about_signer=True)
            if point.for_all_reasons:
                return

    def _find_list(
        self, urls: tuple[str, ...], *, fresh: bool
    ) -> x509.CertificateRevocationList | None:
        for url in urls:
            body = self._fetch(FetchRequest(url, cacheable=not fresh))
            crl = None if body is None else self._read_crl(url, body)
            if body is not None and crl is not None:
                self._keep(Evidence(crls=(self._item(body),)))
                return crl
        return None

    def _ask_ocsp(
        self, url: str, certificate: x509.Certificate, issuer: x509.Certificate
    ) -> Response | None:
        request = FetchRequest(
            url,
            body=_ocsp_request(certificate, issuer),
            content_type=OCSP_REQUEST,
            max_bytes=SMALL,
        )
        body = self._fetch(request)
        if body is None:
            return None
        try:
            response = read_response(body)
        except MalformedObjectError as error:
            self._tell(url, str(error.facts["reason"]))
            return None
        if not any(answer.serial == serial_of(certificate) for answer in response.answers):
            self._tell(url, "the answer is about another certificate")
            return None
        self._keep(
            Evidence(
                certificates=tuple(self._item(_der(item)) for item in response.certificates),
                ocsp_responses=(self._item(body),),
            )
        )
        return response

    def _find_responder_status(
        self, response: Response, issuer: x509.Certificate, *, fresh: bool
    ) -> None:
        """A delegated responder without nocheck needs a status too; only a CRL can give it."""
        for responder in response.certificates:
            if responder != issuer and extension(responder, x509.OCSPNoCheck) is None:
                self.find_crl(responder, fresh=fresh)

    def _fetch(self, request: FetchRequest) -> bytes | None:
        if self.requests_left <= 0:
            self._tell(request.url, "too many addresses")
            return None
        self.requests_left -= 1
        try:
            return self.fetcher.fetch(request)
        except (FetchRefusedError, FetchFailedError) as error:
            self._tell(request.url, str(error.facts["reason"]))
            return None

    def _read_crl(self, url: str, body: bytes) -> x509.CertificateRevocationList | None:
        try:
            return read_crl(body)
        except MalformedObjectError as error:
            self._tell(url, str(error.facts["reason"]))
            return None

    def _item(self, der: bytes) -> Item:
        if len(self.first_had) >= REMEMBERED:
            self.first_had.clear()
        digest = hashlib.sha256(der).digest()
        return Item(der, self.first_had.setdefault(digest, self.clock.now()))

    def _keep(self, evidence: Evidence) -> None:
        self.evidence += evidence

    def _tell(self, url: str, reason: str) -> None:
        found = (
            warning("verdict.offline")
            if reason == OFFLINE
            else warning("evidence.not_fetched", url=url, reason=reason)
        )
        if found not in self.findings:
            self.findings = (*self.findings, found)


def collect_evidence(needs: Iterable[Need], collector: Collector, *, fresh: bool) -> None:
    """Ask for what a report needs.

    Args:
        needs: certificates whose status or issuer is missing.
        collector: who asks, and keeps the answers.
        fresh: take no list from the cache.
    """
    for need in needs:
        certificate = read_certificate(need.certificate)
        if need.issuer is None:
            collector.find_issuer(certificate)
        else:
            collector.find_status(certificate, read_certificate(need.issuer), fresh=fresh)


def collect_for_chain(
    certificates: tuple[x509.Certificate, ...], fetcher: Fetcher, clock: Clock
) -> Evidence:
    """Return evidence about every certificate of a path but the last, to be embedded.

    Args:
        certificates: a path, the end entity first, the trust anchor last.
        fetcher: the network.
        clock: tells when each piece was had.

    Returns:
        OCSP responses and CRLs, with the path's own and the responders' certificates. What could
        not be had is missing: judging the document with this evidence tells.
    """
    collector = Collector(fetcher, clock)
    for certificate, issuer in pairwise(certificates):
        collector.find_status(certificate, issuer)
    had_at = clock.now()
    own = tuple(Item(_der(item), had_at) for item in certificates[:-1])
    return Evidence(certificates=own) + collector.evidence


def verify_online(
    data: bytes,
    *,
    policy: Policy,
    trust: TrustStore,
    collector: Collector,
    name: str = "document.pdf",
    at: datetime | None = None,
) -> Report:
    """Judge a document with what it brings, fetch what is missing, judge again.

    Args:
        data: the file's bytes.
        policy: by which rules.
        trust: where paths must end.
        collector: a new one, with network and clock; what cannot be got is a finding.
        name: what to call the document in the report.
        at: judge as of this moment, with what is known today; None for the present, which moves
            on while evidence is fetched.

    Raises:
        InvalidInputError: the file cannot be read as a document (see `verify_document`).
    """
    pdf = open_for_judging(data, name=name, limits=policy.limits)
    return verify_opened_online(pdf, policy=policy, trust=trust, collector=collector, at=at)


def verify_opened_online(
    opened: Opened,
    *,
    policy: Policy,
    trust: TrustStore,
    collector: Collector,
    at: datetime | None = None,
) -> Report:
    """Judge what is open already, a document or a file of signatures: see `verify_online`.

    Raises:
        TooManySignaturesError: more signature fields than the policy allows.
    """
    clock = collector.clock
    judge = partial(verify_any, opened, policy=policy, trust=trust)
    report = judge(at=at or clock.now(), evidence=collector.evidence)
    for round_number in range(ROUNDS):
        had = len(collector.evidence)
        # What came from the cache and did not do is asked for again.
        collect_evidence(report.needs, collector, fresh=round_number > 0)
        if len(collector.evidence) == had:
            break
        report = judge(at=at or clock.now(), evidence=collector.evidence)
    return replace(report, findings=(*report.findings, *collector.findings))


def _access(
    signed: x509.Certificate | x509.CertificateRevocationList, method: x509.ObjectIdentifier
) -> tuple[str, ...]:
    access = extension(signed, x509.AuthorityInformationAccess) or ()
    urls = (
        item.access_location.value
        for item in access
        if item.access_method == method
        and isinstance(item.access_location, x509.UniformResourceIdentifier)
    )
    return tuple(dict.fromkeys(urls))[:ADDRESSES]


def _ocsp_request(certificate: x509.Certificate, issuer: x509.Certificate) -> bytes:
    # SHA-1 only names the issuer here, and is what every responder understands (RFC 5019 §2.1.1).
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, SHA1())  # noqa: S303
    return builder.build().public_bytes(Encoding.DER)


def _certificates_in(body: bytes) -> Iterator[x509.Certificate]:
    """Read caIssuers answers: one DER certificate, PEM in practice, or a PKCS#7 bag."""
    try:
        with foreign("caIssuers"):
            if body.lstrip().startswith(b"-----BEGIN"):
                found = x509.load_pem_x509_certificates(body)
                yield from readable(iter([_der(item) for item in found]))
                return
    except MalformedObjectError:
        return
    try:
        yield read_certificate(body)
    except MalformedObjectError:
        yield from _certificates_in_bag(body)


def _certificates_in_bag(body: bytes) -> Iterator[x509.Certificate]:
    try:
        with foreign("caIssuers"):
            found = load_der_pkcs7_certificates(body)
    except MalformedObjectError:
        return
    yield from readable(iter([_der(item) for item in found]))


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)
