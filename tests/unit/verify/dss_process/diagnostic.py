"""Reads diagnostic data of EU DSS as facts of Antin: what was found, no judgement in it."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from unit.verify.dss_process.constraints import SCHEMES, Constraints, digest_name

from verify.facts import (
    Algorithm,
    CertificateFacts,
    ChainFacts,
    DocumentFacts,
    EvidenceRecordFacts,
    IntegrityFacts,
    Kind,
    Reference,
    RevocationFacts,
    SignatureFacts,
    Status,
    TimestampFacts,
    TokenFacts,
)
from verify.finding import Finding, error
from verify.listed import Period

BASE = "BasicSignatureConstraints"
CONTENT = frozenset(
    {"CONTENT_TIMESTAMP", "ALL_DATA_OBJECTS_TIMESTAMP", "INDIVIDUAL_DATA_OBJECTS_TIMESTAMP"}
)
OF_THE_SIGNATURE = frozenset({"SIGNATURE_TIMESTAMP", "DOCUMENT_TIMESTAMP"})
WHERE = {
    "signature": f"SignatureConstraints/{BASE}",
    "counter": f"CounterSignatureConstraints/{BASE}",
    "timestamp": f"Timestamp/{BASE}",
    "evidence": f"Revocation/{BASE}",
}
NOWHERE = IntegrityFacts(revision=0, revisions=1, signed_end=0, document_size=0)


def text(element: ET.Element, path: str, default: str = "") -> str:
    found = element.find("/".join(f"{{*}}{step}" for step in path.split("/")))
    return default if found is None else (found.text or "").strip()


def every(element: ET.Element, path: str) -> list[ET.Element]:
    return element.findall("/".join(f"{{*}}{step}" for step in path.split("/")))


def moment(value: str) -> datetime | None:
    return datetime.fromisoformat(value).astimezone(UTC) if value else None


@dataclass
class Reader:
    """One file, read by one policy."""

    root: ET.Element
    constraints: Constraints
    at: datetime
    by_id: dict[str, ET.Element] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for path in (
            "Signatures/Signature",
            "UsedCertificates/Certificate",
            "UsedRevocations/Revocation",
            "UsedTimestamps/Timestamp",
            "EvidenceRecords/EvidenceRecord",
        ):
            self.by_id |= {item.get("Id", ""): item for item in every(self.root, path)}

    def read(self) -> DocumentFacts:
        """Return all signatures; of a file without any, its time-stamps."""
        signatures = tuple(
            self.signature(item) for item in every(self.root, "Signatures/Signature")
        )
        if not signatures:
            stamps = every(self.root, "UsedTimestamps/Timestamp")
            signatures = tuple(
                self.lone_timestamp(item)
                for item in stamps
                if item.get("Type") != "EVIDENCE_RECORD_TIMESTAMP"
            )
        return DocumentFacts(signatures)

    # Algorithms

    def algorithm(self, element: ET.Element) -> Algorithm:
        basic = every(element, "BasicSignature")
        if not basic:
            return Algorithm("unknown", None, "unknown", 0)
        name = text(basic[0], "EncryptionAlgoUsedToSignThisToken")
        mask = text(basic[0], "MaskGenerationFunctionUsedToSignThisToken")
        if name == "RSA" and mask:
            name = "RSASSA-PSS"
        bits = text(basic[0], "KeyLengthUsedToSignThisToken")
        return Algorithm(
            SCHEMES.get(name, name.lower()),
            digest_name(text(basic[0], "DigestAlgoUsedToSignThisToken")) or None,
            {"RSA": "rsa", "RSASSA-PSS": "rsa", "ECDSA": "ec", "PLAIN-ECDSA": "ec"}.get(name, name),
            int(bits) if bits.isdigit() else 0,
        )

    # Certificates

    def certificate(self, identity: str, use: str, place: str) -> CertificateFacts:
        element = self.by_id[identity]
        where = f"{WHERE[use]}/{place}"
        trusted = every(element, "Trusted")
        is_trusted = bool(trusted) and trusted[0].text == "true"
        ends = moment(trusted[0].get("sunsetDate", "")) if trusted else None
        starts = moment(trusted[0].get("startDate", "")) if trusted else None
        usable = self.constraints.fails(f"{where}/SunsetDate")
        basic = self.algorithm(element)
        return CertificateFacts(
            fingerprint=identity,
            common_name=text(element, "CommonName") or identity,
            organization=text(element, "OrganizationName") or None,
            title=None,
            issuer=text(element, "IssuerDistinguishedName"),
            serial=text(element, "SerialNumber"),
            not_before=self.time(element, "NotBefore"),
            not_after=self.time(element, "NotAfter"),
            algorithm=basic,
            key_type=text(element, "PublicKeyEncryptionAlgo"),
            key_bits=int(text(element, "PublicKeySize", "0") or 0),
            trusted=is_trusted,
            defects=tuple(self.defects(element, use, place)),
            trusted_until=ends if is_trusted and usable else None,
            trusted_times=(Period(starts, ends),) if is_trusted and usable and starts else (),
            needs_no_evidence=self.needs_no_evidence(element, where),
        )

    def time(self, element: ET.Element, path: str) -> datetime:
        return moment(text(element, path)) or self.at

    def needs_no_evidence(self, element: ET.Element, where: str) -> bool:
        extensions, policies = self.constraints.skipped(f"{where}/RevocationDataSkip")
        own = {
            item.text
            for item in every(
                element, "CertificateExtensions/CertificatePolicies/certificatePolicy"
            )
        }
        return (
            text(element, "SelfSigned") == "true"
            or bool(extensions & self.extensions(element))
            or bool(policies & {item for item in own if item})
        )

    def extensions(self, element: ET.Element) -> set[str]:
        found = every(element, "CertificateExtensions/*")
        return {item.get("OID", "") for item in found if item.get("present") != "false"}

    def defects(self, element: ET.Element, use: str, place: str) -> Iterator[Finding]:
        where, authority = f"{WHERE[use]}/{place}", place == "CACertificate"
        for constraint, code, right in self.rules(element, where, authority=authority):
            if not right and self.constraints.fails(f"{where}/{constraint}"):
                yield error(code)

    def rules(
        self, element: ET.Element, where: str, *, authority: bool
    ) -> Iterator[tuple[str, str, bool]]:
        inside = "CertificateExtensions"
        yield (
            "Signature",
            "chain.signature",
            text(element, "BasicSignature/SignatureValid", "true") == "true",
        )
        if authority:
            basic = every(element, f"{inside}/BasicConstraints")
            yield "CA", "chain.not_an_authority", bool(basic) and basic[0].get("CA") == "true"
            ski = bool(every(element, f"{inside}/SubjectKeyIdentifier"))
            yield "SubjectKeyIdentifierPresent", "profile.no_key_identifier", ski
        issuer = every(element, "IssuerEntityKey")
        named = not issuer or issuer[0].get("subjectName") != "false"
        yield "IssuerName", "chain.other_issuer", named
        usages = {item.text or "" for item in every(element, f"{inside}/KeyUsages/keyUsageBit")}
        wanted = set(self.constraints.values(f"{where}/KeyUsage"))
        code = "chain.may_not_certify" if authority else "purpose.not_for_signing"
        yield "KeyUsage", code, bool(usages & wanted)
        extended = every(element, f"{inside}/ExtendedKeyUsages/extendedKeyUsageOid")
        purposes = {name for item in extended for name in (item.get("Description"), item.text)}
        wanted = set(self.constraints.values(f"{where}/ExtendedKeyUsage"))
        yield "ExtendedKeyUsage", "purpose.not_for_timestamps", bool(purposes & wanted)
        forbidden = set(self.constraints.values(f"{where}/ForbiddenExtensions"))
        yield (
            "ForbiddenExtensions",
            "profile.forbidden_extension",
            not forbidden & self.extensions(element),
        )

    # Evidence

    def chain(self, element: ET.Element, use: str) -> ChainFacts | None:
        """Return the path of the signer of a token."""
        found = every(element, "SigningCertificate")
        signer = found[0].get("Certificate", "") if found else ""
        if signer not in self.by_id:
            return None
        above = [
            item.get("Certificate", "") for item in every(element, "CertificateChain/ChainItem")
        ]
        path = [signer, *(item for item in above if item != signer and item in self.by_id)]
        certificates = tuple(
            self.certificate(item, use, "CACertificate" if index else "SigningCertificate")
            for index, item in enumerate(path)
        )
        certificates = tuple(self.path_lengths(certificates, use))
        return ChainFacts(certificates, tuple(self.evidence(item, frozenset()) for item in path))

    def path_lengths(
        self, certificates: tuple[CertificateFacts, ...], use: str
    ) -> Iterator[CertificateFacts]:
        for index, item in enumerate(certificates):
            basic = every(self.by_id[item.fingerprint], "CertificateExtensions/BasicConstraints")
            allowed = basic[0].get("pathLenConstraint") if basic else None
            long = allowed is not None and 0 <= int(allowed) < index - 1
            if long and self.constraints.fails(f"{WHERE[use]}/CACertificate/MaxPathLength"):
                found = error("chain.path_too_long")
                yield CertificateFacts(**{**_fields(item), "defects": (*item.defects, found)})
            else:
                yield item

    def evidence(self, identity: str, seen: frozenset[str]) -> tuple[RevocationFacts, ...]:
        about = every(self.by_id[identity], "Revocations/CertificateRevocation")
        found = (self.revocation(item, seen | {identity}) for item in about)
        return tuple(item for item in found if item is not None)

    def revocation(self, about: ET.Element, seen: frozenset[str]) -> RevocationFacts | None:
        element = self.by_id.get(about.get("Revocation", ""))
        if element is None or not text(element, "ThisUpdate"):
            return None
        chain_ = every(element, "SigningCertificate")
        signer = chain_[0].get("Certificate", "") if chain_ else ""
        known = signer in seen
        produced = moment(text(element, "ProductionDate")) or self.time(element, "ThisUpdate")
        return RevocationFacts(
            source=text(element, "Type").lower(),
            status=Status(text(about, "Status").lower()),
            this_update=self.time(element, "ThisUpdate"),
            next_update=moment(text(element, "NextUpdate")),
            produced_at=produced,
            had_at=max(self.at, produced, self.time(element, "ThisUpdate")),
            revision=None,
            algorithm=self.algorithm(element),
            signer=self.evidence_signer(signer, about.get("Revocation", "")),
            signer_is_issuer=known,
            signer_revocations=()
            if known or signer not in self.by_id
            else self.evidence(signer, seen),
            revoked_at=moment(text(about, "RevocationDate")),
            reason=text(about, "Reason") or None,
            archive_cutoff=self.archive_cutoff(element, signer),
            identity=element.get("Id"),
            defects=tuple(self.evidence_defects(element, signer)),
        )

    def evidence_signer(self, signer: str, revocation: str) -> CertificateFacts:
        """Return the signer of evidence; one that was not found is nobody."""
        if signer in self.by_id:
            return self.certificate(signer, "evidence", "SigningCertificate")
        nobody = Algorithm("unknown", None, "unknown", 0)
        return CertificateFacts(
            f"signer of {revocation}", None, None, None, "", "", self.at, self.at, nobody,
            "unknown", 0, trusted=False,
        )  # fmt: skip

    def archive_cutoff(self, element: ET.Element, signer: str) -> datetime | None:
        own = [moment(text(element, name)) for name in ("ExpiredCertsOnCRL", "ArchiveCutOff")]
        told = [item for item in own if item is not None]
        if told:
            return min(told)
        path = "TrustServiceProviders/TrustServiceProvider/TrustServices/TrustService"
        services = [
            moment(text(item, "ExpiredCertsRevocationInfo"))
            for item in every(self.by_id.get(signer, element), path)
        ]
        return min((item for item in services if item is not None), default=None)

    def evidence_defects(self, element: ET.Element, signer: str) -> Iterator[Finding]:
        where = WHERE["evidence"]
        if text(element, "BasicSignature/SignatureIntact") != "true":
            yield error("revocation.signature")
        above = [
            item.get("Certificate", "") for item in every(element, "CertificateChain/ChainItem")
        ]
        trusted = any(
            text(self.by_id[item], "Trusted") == "true"
            for item in (signer, *above)
            if item in self.by_id
        )
        if signer not in self.by_id:
            yield error("revocation.no_signer")
        if not trusted and self.constraints.fails(f"{where}/ProspectiveCertificateChain"):
            yield error("revocation.no_path")
        if text(element, "Type") == "OCSP":
            named = [
                item.get("Certificate")
                for item in every(element, "FoundCertificates/RelatedCertificate")
                if "SIGNING_CERTIFICATE"
                in [text(ref, "Origin") for ref in every(item, "CertificateRef")]
            ]
            if named != [signer] and self.constraints.fails("Revocation/OCSPResponderIdMatch"):
                yield error("revocation.other_responder")

    # Tokens

    def token(self, element: ET.Element, use: str, matchers: list[ET.Element]) -> TokenFacts:
        """Return the cryptographic facts of a signature or time-stamp."""
        missing, differs = self.data(matchers, WHERE[use])
        return TokenFacts(
            problem=next(self.format_problems(element, use, matchers), None),
            digest_matches=not differs,
            data_missing=missing,
            signature_verifies=text(element, "BasicSignature/SignatureIntact") == "true",
            reference=self.reference(element),
            algorithm=self.algorithm(element),
            digests=tuple(
                digest_name(text(item, "DigestMethod"))
                for item in matchers
                if use != "timestamp" and text(item, "DigestMethod")
            ),
            chain=self.chain(element, use),
            identity=element.get("Id"),
            attributes=tuple(self.attributes(element, use, matchers)),
        )

    def data(self, matchers: list[ET.Element], where: str) -> tuple[bool, bool]:
        """Say whether signed data is missing, or differs; the first that fails decides."""
        manifest = any(item.get("type") == "MANIFEST" for item in matchers)
        for item in matchers:
            entry = manifest and item.get("type") == "MANIFEST_ENTRY"
            exists = "ManifestEntryObjectExistence" if entry else "ReferenceDataExistence"
            intact = "ManifestEntryObjectIntact" if entry else "ReferenceDataIntact"
            if item.get("type") == "EVIDENCE_RECORD_ORPHAN_REFERENCE":
                continue
            if text(item, "DataFound") != "true":
                if self.constraints.fails(f"{where}/{exists}"):
                    return True, False
            elif text(item, "DataIntact") != "true" and self.constraints.fails(f"{where}/{intact}"):
                return False, True
        return False, False

    def reference(self, element: ET.Element) -> Reference:
        refs = [
            ref
            for kind in ("RelatedCertificate", "OrphanCertificate")
            for item in every(element, f"FoundCertificates/{kind}")
            for ref in every(item, "CertificateRef")
            if text(ref, "Origin") == "SIGNING_CERTIFICATE"
        ]
        if not refs:
            return Reference.ABSENT
        matched = [
            digest.get("match") == "true"
            for ref in refs
            for digest in every(ref, "DigestAlgoAndValue")
        ]
        return Reference.MATCHES if any(matched) else Reference.DIFFERS

    def format_problems(
        self, element: ET.Element, use: str, matchers: list[ET.Element]
    ) -> Iterator[Finding]:
        where = WHERE[use]
        for found, constraint in (
            (element.get("duplicated") == "true", "SignatureDuplicated"),
            (self.partial(element, use), "../FullScope"),
            (any(item.get("duplicated") == "true" for item in matchers), "SignatureDuplicated"),
            (
                len(every(element, "SignerInformationStore/SignerInfo")) > 1,
                "SignerInformationStore",
            ),
            *self.pdf_problems(element),
        ):
            place = f"{where}/{constraint}".replace(f"{BASE}/../", "")
            if found and self.constraints.fails(place):
                yield error("signature.malformed", reason=constraint)
        if use != "timestamp":
            yield from self.container_problems()

    def partial(self, element: ET.Element, use: str) -> bool:
        scopes = [text(item, "Scope") for item in every(element, "SignatureScopes/SignatureScope")]
        return use == "signature" and any(scope not in {"FULL", "DIGEST"} for scope in scopes)

    def pdf_problems(self, element: ET.Element) -> Iterator[tuple[bool, str]]:
        for item in every(element, "PDFRevision/PDFSignatureDictionary"):
            ranges = every(item, "SignatureByteRange")
            yield any(one.get("valid") == "false" for one in ranges), "ByteRange"
            yield item.get("consistent") == "false", "PdfSignatureDictionary"
        for item in every(element, "PDFRevision/ModificationDetection"):
            yield bool(every(item, "PageDifference")), "PdfPageDifference"

    def container_problems(self) -> Iterator[Finding]:
        for container in every(self.root, "ContainerInfo"):
            allowed = self.constraints.values("ContainerConstraints/AcceptableContainerTypes")
            kind = text(container, "ContainerType")
            if (
                allowed
                and kind not in allowed
                and self.constraints.fails("ContainerConstraints/AcceptableContainerTypes")
            ):
                yield error("signature.malformed", reason="container")

    def attributes(
        self, element: ET.Element, use: str, matchers: list[ET.Element]
    ) -> Iterator[Finding]:
        parent = WHERE[use].split("/", maxsplit=1)[0]
        signed = f"{parent}/SignedAttributes"
        if use == "timestamp":
            return
        structure = every(element, "StructuralValidation")
        broken = bool(structure) and structure[0].get("valid") == "false"
        if broken and self.constraints.fails(f"{parent}/StructuralValidation"):
            yield error("signature.structure")
        claimed = moment(text(element, "ClaimedSigningTime"))
        if claimed is None:
            if self.constraints.fails(f"{signed}/SigningTime"):
                yield error("signature.no_signing_time")
        else:
            yield from self.signing_time(element, claimed, signed)
        if not self.has_digest(element, matchers) and self.constraints.fails(
            f"{signed}/MessageDigestOrSignedPropertiesPresent"
        ):
            yield error("signature.no_message_digest")

    def signing_time(
        self, element: ET.Element, claimed: datetime, signed: str
    ) -> Iterator[Finding]:
        for item in every(element, "SigningCertificate"):
            certificate = self.by_id.get(item.get("Certificate", ""))
            if certificate is None or not self.constraints.fails(
                f"{signed}/SigningTimeInCertRange"
            ):
                continue
            start, end = self.time(certificate, "NotBefore"), self.time(certificate, "NotAfter")
            if not start <= claimed <= end:
                yield error("signature.signing_time_outside_validity", claimed=claimed)

    def has_digest(self, element: ET.Element, matchers: list[ET.Element]) -> bool:
        form = text(element, "SignatureFormat").split("-")[0]
        wanted = {"XAdES": "SIGNED_PROPERTIES", "JAdES": None, "XML": None}.get(
            form, "MESSAGE_DIGEST"
        )
        return wanted is None or wanted in [item.get("type") for item in matchers]

    # Signatures and time-stamps

    def signature(self, element: ET.Element) -> SignatureFacts:
        found = every(element, "FoundTimestamps/FoundTimestamp")
        stamps = [self.by_id[item.get("Timestamp", "")] for item in found]
        counter = element.get("CounterSignature") == "true"
        return SignatureFacts(
            field=element.get("Id", ""),
            kind=Kind.SIGNATURE,
            sub_filter="",
            token=self.token(
                element,
                "counter" if counter else "signature",
                every(element, "DigestMatchers/DigestMatcher"),
            ),
            integrity=NOWHERE,
            claimed_signing_time=moment(text(element, "ClaimedSigningTime")),
            timestamps=tuple(self.timestamp(s) for s in stamps if s.get("Type") not in CONTENT),
            content_timestamps=tuple(self.timestamp(s) for s in stamps if s.get("Type") in CONTENT),
            evidence_records=self.records(element),
        )

    def lone_timestamp(self, element: ET.Element) -> SignatureFacts:
        facts = self.timestamp(element)
        return SignatureFacts(
            field=element.get("Id", ""),
            kind=Kind.TIMESTAMP,
            sub_filter="",
            token=facts.token,
            integrity=NOWHERE,
            gen_time=facts.gen_time,
            evidence_records=self.records(element),
        )

    def timestamp(self, element: ET.Element) -> TimestampFacts:
        covered = every(element, "TimestampedObjects/TimestampedObject")
        return TimestampFacts(
            token=self.token(element, "timestamp", every(element, "DigestMatcher")),
            gen_time=moment(text(element, "ProductionTime")),
            covers=frozenset(item.get("Token", "") for item in covered),
            archive=element.get("Type") not in OF_THE_SIGNATURE,
        )

    def records(self, element: ET.Element) -> tuple[EvidenceRecordFacts, ...]:
        found = every(element, "FoundEvidenceRecords/FoundEvidenceRecord")
        return tuple(self.record(self.by_id[item.get("EvidenceRecord", "")]) for item in found)

    def record(self, element: ET.Element) -> EvidenceRecordFacts:
        stamps = every(element, "EvidenceRecordTimestamps/FoundTimestamp")
        covered = every(element, "TimestampedObjects/TimestampedObject")
        missing, differs = self.record_data(every(element, "DigestMatchers/DigestMatcher"))
        return EvidenceRecordFacts(
            timestamps=tuple(self.timestamp(self.by_id[s.get("Timestamp", "")]) for s in stamps),
            covers=frozenset(item.get("Token", "") for item in covered),
            digest_matches=not differs,
            data_missing=missing,
        )

    def record_data(self, matchers: list[ET.Element]) -> tuple[bool, bool]:
        asked = [
            item for item in matchers if item.get("type") != "EVIDENCE_RECORD_ORPHAN_REFERENCE"
        ]
        missing = any(text(item, "DataFound") != "true" for item in asked)
        differs = any(text(item, "DataIntact") != "true" for item in asked)
        return missing, differs and not missing


def _fields(item: CertificateFacts) -> dict[str, object]:
    return {name: getattr(item, name) for name in CertificateFacts.__slots__}
