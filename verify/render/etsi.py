"""The report as ETSI TS 119 102-2 has it, in XML, for systems that take those of any validator.

What that form has no place for (the verdict on the document as a whole, the words of findings)
stands under `AdditionalValidationReportData` of each signature. It is not signed here.

Spec: ETSI TS 119 102-2 V1.4.1.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from pki.words import Language, harmless, say
from verify.content import Digest
from verify.facts import Kind
from verify.finding import Finding, error
from verify.indication import Indication, SubIndication
from verify.report import LinkReport, Report, SignatureReport

NAMESPACE = "http://uri.etsi.org/19102/v1.4.1#"
_DS = "http://www.w3.org/2000/09/xmldsig#"
_URN = "urn:etsi:019102"
_FINDING = "urn:antin:finding"
_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_ALGORITHMS = {
    **{f"RSASSA-PKCS1-v1_5/SHA-{size}": f"{_MORE}rsa-sha{size}" for size in (256, 384, 512)},
    **{f"ECDSA/SHA-{size}": f"{_MORE}ecdsa-sha{size}" for size in (256, 384, 512)},
    **{
        f"RSASSA-PSS/SHA-{size}": f"http://www.w3.org/2007/05/xmldsig-more#sha{size}-rsa-MGF1"
        for size in (256, 384, 512)
    },
    "Ed25519": "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519",
    "Ed448": "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed448",
}
"""RFC 9231 §2.3; others have no address, and are named in words alone."""
_DIGESTS = {
    "sha1": f"{_DS}sha1",
    "sha224": f"{_MORE}sha224",
    "sha256": "http://www.w3.org/2001/04/xmlenc#sha256",
    "sha384": f"{_MORE}sha384",
    "sha512": "http://www.w3.org/2001/04/xmlenc#sha512",
    **{
        f"sha3_{size}": f"http://www.w3.org/2007/05/xmldsig-more#sha3-{size}"
        for size in (224, 256, 384, 512)
    },
}
"""RFC 9231 §2.1."""
_WEAK = {
    SubIndication.CRYPTO_CONSTRAINTS_FAILURE,
    SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
}
_DOCUMENT = "document"
_NOT_IN_XML = dict.fromkeys((0xFFFE, 0xFFFF), "\N{REPLACEMENT CHARACTER}")
"""XML 1.0 §2.2; what else it forbids, `harmless` has replaced."""

for _prefix, _namespace in (("vr", NAMESPACE), ("ds", _DS)):
    ET.register_namespace(_prefix, _namespace)


def render_etsi(report: Report, language: Language = Language.VI) -> bytes:
    """Return the report as a `ValidationReport`, UTF-8, its sentences in that language."""
    root = ET.Element(_name("ValidationReport"))
    certificates: dict[str, LinkReport] = {}
    for item in report.signatures:
        _signature(_add(root, "SignatureValidationReport"), report, item, language)
        for link in item.path:
            certificates[link.fingerprint] = link
    if not report.signatures:
        _unsigned(_add(root, "SignatureValidationReport"), report, language)
    objects = _add(root, "SignatureValidationObjects")
    digest = report.digest or Digest("sha256", bytes.fromhex(report.sha256))
    _object(objects, _DOCUMENT, "signedData", digest)
    for fingerprint in certificates:
        digest = Digest("sha256", bytes.fromhex(fingerprint))
        _object(objects, _id(fingerprint), "certificate", digest)
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _signature(node: ET.Element, report: Report, item: SignatureReport, language: Language) -> None:
    identifier = _add(node, "SignatureIdentifier")
    _add(identifier, "HashOnly", "false")
    _add(identifier, "DocHashOnly", str(report.digest is not None).lower())
    _add(identifier, "DAIdentifier", harmless(item.field))
    times = _add(node, "ValidationTimeInfo")
    _add(times, "ValidationTime", _instant(report.judged_at))
    best = _add(times, "BestSignatureTime")
    _add(best, "POETime", _instant(item.best_signature_time or report.judged_at))
    _add(best, "TypeOfProof", f"{_URN}:poetype:validation")
    document = _add(node, "SignersDocument")
    _reference(document, "SignersDocumentRepresentation", _DOCUMENT)
    _attributes(_add(node, "SignatureAttributes"), item)
    if item.path:
        signer = _add(node, "SignerInformation")
        _reference(signer, "SignerCertificate", _id(item.path[0].fingerprint))
        _add(signer, "Signer", harmless(item.path[0].name))
    process = _add(node, "SignatureValidationProcess")
    _add(process, "SignatureValidationProcessID", f"{_URN}:validationprocess:LTA")
    _status(_add(node, "SignatureValidationStatus"), item.indication, item.sub_indication).extend(
        _data(report, item, language)
    )


def _unsigned(node: ET.Element, report: Report, language: Language) -> None:
    """A report is of one signature at least: say that there is none, and never that it passed."""
    status = _status(_add(node, "SignatureValidationStatus"), Indication.INDETERMINATE, None)
    data = _add(status, "AssociatedValidationReportData")
    _findings(data, _told_of_document(report), language)


def _attributes(node: ET.Element, item: SignatureReport) -> None:
    if item.claimed_signing_time is not None:
        claimed = _add(node, "SigningTime")
        claimed.set("Signed", "true")
        _add(claimed, "Time", _instant(item.claimed_signing_time))
    for stamp in item.timestamps:
        if stamp.time is not None:
            kind = "AllDataObjectsTimeStamp" if stamp.content else "SignatureTimeStamp"
            _add(_add(node, kind), "TimeStampValue", _instant(stamp.time))
    if item.kind is Kind.TIMESTAMP and item.best_signature_time is not None:
        _add(_add(node, "DocTimeStamp"), "TimeStampValue", _instant(item.best_signature_time))
    if item.sub_filter.startswith("/"):
        _add(_add(node, "SubFilter"), "SubFilterElement", harmless(item.sub_filter))
    if item.byte_range:
        _add(node, "ByteRange", " ".join(map(str, item.byte_range)))


def _status(
    node: ET.Element, indication: Indication, sub_indication: SubIndication | None
) -> ET.Element:
    word = indication.value.lower()
    _add(node, "MainIndication", f"{_URN}:mainindication:{word}")
    if sub_indication is not None:
        _add(node, "SubIndication", f"{_URN}:subindication:{sub_indication.value}")
    return node


def _data(report: Report, item: SignatureReport, language: Language) -> Iterator[ET.Element]:
    node = ET.Element(_name("AssociatedValidationReportData"))
    if item.path:
        _path(node, item)
    _findings(node, (*item.findings, *_told_of_document(report)), language)
    yield node


def _path(node: ET.Element, item: SignatureReport) -> None:
    first, *others = item.path
    if item.path[-1].trusted:
        _reference(node, "TrustAnchor", _id(item.path[-1].fingerprint))
    chain = _add(node, "CertificateChain")
    _reference(chain, "SigningCertificate", _id(first.fingerprint))
    for link in others:
        kind = "TrustAnchor" if link.trusted else "IntermediateCertificate"
        _reference(chain, kind, _id(link.fingerprint))
    revoked = next((link for link in item.path if link.revoked_at is not None), None)
    if revoked is not None and revoked.revoked_at is not None:
        told = _add(node, "RevocationStatusInformation")
        _reference(told, "ValidationObjectId", _id(revoked.fingerprint))
        _add(told, "RevocationTime", _instant(revoked.revoked_at))
    address = _ALGORITHMS.get(item.algorithm or "")
    if address is not None:
        crypto = _add(node, "CryptoInformation")
        _reference(crypto, "ValidationObjectId", _DOCUMENT)
        _add(crypto, "Algorithm", address)
        _add(crypto, "SecureAlgorithm", str(item.sub_indication not in _WEAK).lower())


def _told_of_document(report: Report) -> tuple[Finding, ...]:
    """What is to be known beside the signature: a reader of one must not miss the whole."""
    if report.indication is Indication.TOTAL_PASSED:
        return report.findings
    verdict = error(f"verify.verdict.{report.indication.value}")
    return (verdict, *report.findings)


def _findings(node: ET.Element, findings: tuple[Finding, ...], language: Language) -> None:
    if not findings:
        return
    told = _add(node, "AdditionalValidationReportData")
    for finding in findings:
        data = _add(told, "ReportData")
        _add(data, "Type", f"{_FINDING}:{finding.severity.value}:{finding.code}")
        _add(data, "Value", say(finding.code, finding.facts, language))


def _object(node: ET.Element, id_: str, kind: str, of: Digest) -> None:
    found = _add(node, "ValidationObject")
    found.set("id", id_)
    _add(found, "ObjectType", f"{_URN}:validationObject:{kind}")
    digest = _add(_add(found, "ValidationObjectRepresentation"), "DigestAlgAndValue")
    method = ET.SubElement(digest, f"{{{_DS}}}DigestMethod")
    method.set("Algorithm", _DIGESTS.get(of.algorithm, f"urn:antin:digest:{of.algorithm}"))
    value = ET.SubElement(digest, f"{{{_DS}}}DigestValue")
    value.text = base64.b64encode(of.value).decode("ascii")


def _reference(node: ET.Element, name: str, id_: str) -> None:
    _add(node, name).set("VOReference", id_)


def _add(node: ET.Element, name: str, text: str | None = None) -> ET.Element:
    child = ET.SubElement(node, _name(name))
    child.text = None if text is None else text.translate(_NOT_IN_XML)
    return child


def _name(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def _id(fingerprint: str) -> str:
    """An ID begins with a letter (XML 1.0 §3.3.1)."""
    return f"certificate-{fingerprint}"


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")
