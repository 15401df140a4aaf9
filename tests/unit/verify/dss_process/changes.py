"""What some of EU DSS's tests change in the data before they judge it, and what they judge.

A change is a place in the file and what to say there. Places are counted from 0.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass


@dataclass(frozen=True)
class Change:
    """One change: steps of a path (`Name` or `Name[index]`), an attribute if any, a value."""

    path: str
    value: str | None
    attribute: str | None = None

    def apply(self, root: ET.Element) -> None:
        parent, element = find(root, self.path)
        if self.attribute is not None:
            if self.value is None:
                element.attrib.pop(self.attribute, None)
            else:
                element.set(self.attribute, self.value)
        elif self.value is None:
            parent.remove(element)
        else:
            element.text = self.value


def find(root: ET.Element, path: str) -> tuple[ET.Element, ET.Element]:
    """Return the parent of what `path` names, and that. `@Name` follows a reference by Id."""
    parent = element = root
    for step in path.split("/"):
        if step.startswith("@"):
            wanted = element.get(step[1:])
            parent, element = root, next(item for item in root.iter() if item.get("Id") == wanted)
            continue
        name, _, index = step.partition("[")
        found = element.findall(f"{{*}}{name}")
        place = int(index.rstrip("]") or 0) if index else 0
        if place >= len(found):
            namespace = element.tag.partition("}")[0]
            found = [*found, ET.SubElement(element, f"{namespace}}}{name}")]
            place = len(found) - 1
        parent, element = element, found[place]
    return parent, element


def _at(moment: str) -> Change:
    return Change("ValidationDate", moment)


_SECOND = "Signatures/Signature/DigestMatchers/DigestMatcher[1]"
_RECORD = "EvidenceRecords/EvidenceRecord"
_RECORD_STAMP = f"{_RECORD}/EvidenceRecordTimestamps/FoundTimestamp/@Timestamp/DigestMatcher"
_BROKEN = "UsedTimestamps/Timestamp{}/BasicSignature/SignatureIntact"
_SIGNER = "Signatures/Signature/SigningCertificate/@Certificate"
_REVOKED_CA = (
    "Signatures/Signature/CertificateChain/ChainItem[1]/@Certificate"
    "/Revocations/CertificateRevocation"
)

CHANGES: dict[str, tuple[Change, ...]] = {
    "CryptographicValidationExecutorTest.dsaWith1024KeySizeTest": (
        Change("Signatures/Signature/BasicSignature/KeyLengthUsedToSignThisToken", "1024"),
    ),
    "ManifestEntriesValidationExecutorTest.asicManifestEntryNotIntact": (
        Change(f"{_SECOND}/DataFound", "true"),
        Change(f"{_SECOND}/DataIntact", "false"),
    ),
    "ManifestEntriesValidationExecutorTest.asicManifestEntryNotPresent": (
        Change(f"{_SECOND}/DataFound", "false"),
        Change(f"{_SECOND}/DataIntact", "false"),
    ),
    "SignatureWithERValidationExecutorTest.sigWithBrokenERFirstTimestampValidationTest": (
        Change(f"{_RECORD_STAMP}/DataIntact", "false"),
    ),
    "SignatureWithERValidationExecutorTest.sigWithBrokenERSecondTimestampValidationTest": (
        Change(
            _RECORD_STAMP.replace("FoundTimestamp", "FoundTimestamp[1]") + "/DataIntact", "false"
        ),
    ),
    "SignatureWithERValidationExecutorTest.sigWithBrokenERValidationTest": (
        Change(f"{_RECORD}/DigestMatchers/DigestMatcher/DataIntact", "false"),
    ),
    "SunsetExecutorTest.expiredSigSunsetDateNoArcTstTest": (
        _at("2022-02-01T00:00:00Z"),
        Change("Signatures/Signature/FoundTimestamps/FoundTimestamp[1]", None),
        Change("UsedTimestamps/Timestamp[1]", None),
    ),
    "SunsetExecutorTest.expiredSigSunsetDateTest": (_at("2022-02-01T00:00:00Z"),),
    "SunsetExecutorTest.expiredSigTest": (_at("2022-12-31T00:00:00Z"),),
    "SunsetExecutorTest.expiredSigTstArcTstAfterSunsetDateTest": (
        Change("UsedTimestamps/Timestamp[1]/ProductionTime", "2018-01-01T00:00:00Z"),
    ),
    "SunsetExecutorTest.expiredSigTstNeverExpiresTest": (
        _at("2025-12-31T00:00:00Z"),
        Change(
            "UsedTimestamps/Timestamp[1]/SigningCertificate/@Certificate/Trusted",
            None,
            "sunsetDate",
        ),
    ),
    "SunsetExecutorTest.expiredSignCertTest": (
        _at("2022-12-31T00:00:00Z"),
        Change(f"{_SIGNER}/NotAfter", "2020-12-31T00:00:00Z"),
    ),
    "SunsetExecutorTest.signCertTrustedCertExpiredTest": (_at("2021-12-31T00:00:00Z"),),
    "SunsetExecutorTest.signCertTrustedSunsetExpiredTest": (_at("2022-12-31T00:00:00Z"),),
    "SunsetExecutorTest.twoTrustAnchorsFirstExpiredAndRevokedAfterBSTTest": (
        _at("2023-01-01T00:00:00Z"),
        Change(f"{_REVOKED_CA}/Status", "REVOKED"),
        Change(f"{_REVOKED_CA}/Reason", "cACompromise"),
        Change(f"{_REVOKED_CA}/RevocationDate", "2022-02-01T00:00:00Z"),
    ),
    "SunsetExecutorTest.twoTrustAnchorsFirstExpiredTest": (_at("2023-01-01T00:00:00Z"),),
    "TimestampAloneValidationTest.tstWithErValidationInvalidTest": (
        Change(f"{_RECORD}/DigestMatchers/DigestMatcher[1]/DataIntact", "false"),
    ),
    "TimestampValidationExecutorTest.signatureWithFailedContentTstTest": (
        Change("UsedTimestamps/Timestamp/DigestMatcher/DataIntact", "false"),
    ),
    "TimestampValidationExecutorTest.validBLevelBrokenSigTstBestSignatureTimeTest": (
        Change(_BROKEN.format(""), "false"),
    ),
    "TimestampValidationExecutorTest.validBLevelTwoBrokenTstsBestSignatureTimeTest": (
        Change(_BROKEN.format(""), "false"),
        Change(_BROKEN.format("[1]"), "false"),
    ),
}
"""The changes, by test method."""

MOMENTS = {
    "ExpiredSignatureExecutorTest.expiredSigWithTstTrustAnchorExpiredAtValidationTime": (
        "UsedTimestamps/Timestamp/SigningCertificate/@Certificate/NotAfter"
    ),
    "ExpiredSignatureExecutorTest.expiredSigWithTstTrustAnchorExpiredAfterValidationTime": (
        "UsedTimestamps/Timestamp/ProductionTime"
    ),
    "RevokedCertificateValidationExecutorTest.revokedValidationInPast": f"{_SIGNER}/NotBefore",
}
"""Where a test takes its moment from, if not from the date in the data."""

OUTSIDE = {
    "CustomCryptographicConstraintsTest.": "changes the policy step by step in helper methods",
    "DSS1541Test.": "changes the policy in helper methods",
    "RevocationDataExecutorTest.expiredRevocAndNoCheckWithCustomCryptoSuite": (
        "judges by a cryptographic suite that the corpus does not name"
    ),
    "CertificateProcessExecutorTest.": "judges a certificate, no signature",
    "QWAC2CertificateProcessExecutorTest.": "judges a certificate, no signature",
    "SignatureWithERValidationExecutorTest.sigWithERLTValidationTest": (
        "stops before archival data, which our process does not"
    ),
    "TLValidationExecutorTest.testTLNoSigCertEmptyPolicy": "judges by no policy at all",
}
"""Tests, by the start of their names, that say nothing of a whole signature under one of the
policies, though the corpus lists them so."""
