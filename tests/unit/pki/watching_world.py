"""Another authority, and certificates as it issues them to people of a province."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pki_world import NOW

BEGIN = NOW - timedelta(days=400)
CRL_URL = "http://example.invalid/cp.crl"
OCSP_URL = "http://example.invalid/ocsp"
EMPLOYEE = x509.ObjectIdentifier("2.16.840.1.113730.3.1.3")


def name(*pairs: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    """Return a name of these attributes, largest first."""
    return x509.Name([x509.NameAttribute(oid, text) for oid, text in pairs])


def person(common: str, *more: tuple[x509.ObjectIdentifier, str], unit: str = "") -> x509.Name:
    """Return a subject as the Government's authority writes one."""
    units = [(NameOID.ORGANIZATIONAL_UNIT_NAME, unit)] if unit else []
    return name(
        (NameOID.COUNTRY_NAME, "VN"),
        (NameOID.ORGANIZATION_NAME, "UBND tỉnh Mẫu"),
        *units,
        (NameOID.COMMON_NAME, common),
        *more,
    )


@dataclass
class Partner:
    """An authority that is not ours."""

    common: str = "Cơ quan chứng thực khác"
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def __post_init__(self) -> None:
        self.name = name((NameOID.COUNTRY_NAME, "VN"), (NameOID.COMMON_NAME, self.common))
        self.certificate = self.issue(self.name, 1, authority=True, points=())

    def issue(
        self,
        subject: x509.Name,
        serial: int,
        *extensions: x509.ExtensionType,
        authority: bool = False,
        points: tuple[str, ...] = (CRL_URL,),
        ocsp: str | None = None,
        begin: datetime = BEGIN,
        days: int = 1000,
    ) -> x509.Certificate:
        """Issue a certificate."""
        key = self.key if authority else ec.generate_private_key(ec.SECP256R1())
        builder = x509.CertificateBuilder(self.name, subject, key.public_key(), serial)
        builder = builder.not_valid_before(begin).not_valid_after(begin + timedelta(days=days))
        builder = builder.add_extension(x509.BasicConstraints(authority, None), critical=True)
        for one in (*extensions, *_addresses(points, ocsp)):
            builder = builder.add_extension(one, critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def list(
        self,
        *revoked: tuple[int, x509.ReasonFlags],
        at: datetime = NOW,
        lasts: timedelta = timedelta(days=7),
        number: int = 1,
    ) -> x509.CertificateRevocationList:
        """Return a list that revokes serials."""
        builder = x509.CertificateRevocationListBuilder(self.name, at, at + lasts)
        builder = builder.add_extension(x509.CRLNumber(number), critical=False)
        for serial, reason in revoked:
            entry = x509.RevokedCertificateBuilder(serial, at - timedelta(days=3))
            entry = entry.add_extension(x509.CRLReason(reason), critical=False)
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(self.key, hashes.SHA256())


def _addresses(points: tuple[str, ...], ocsp: str | None) -> list[x509.ExtensionType]:
    found: list[x509.ExtensionType] = []
    if points:
        named = [x509.UniformResourceIdentifier(url) for url in points]
        point = x509.DistributionPoint(named, None, None, None)
        found.append(x509.CRLDistributionPoints([point]))
    if ocsp is not None:
        place = x509.UniformResourceIdentifier(ocsp)
        access = x509.AccessDescription(x509.AuthorityInformationAccessOID.OCSP, place)
        found.append(x509.AuthorityInformationAccess([access]))
    return found
