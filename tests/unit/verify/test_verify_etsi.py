"""The report in ETSI's form: what ETSI's own schema allows, and what the report says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from lxml import etree
from unit.verify.cms_world import CONTENT, at_level, digest_of, judge_file
from unit.verify.verify_pki import (
    LATER,
    SIGNED,
    answer,
    fresh,
    judge,
    make_document,
    make_pdf,
    make_world,
    ocsp_evidence,
)

from pki.words import Language
from verify.finding import warning
from verify.render.etsi import NAMESPACE, render_etsi
from verify.report import Report
from verify.trust import TrustStore

WORLD = make_world()
NAMES = {"vr": NAMESPACE, "ds": "http://www.w3.org/2000/09/xmldsig#"}
HOSTILE = "<script>\u202e\x00\ufffe</script>"

STAND_INS = {
    # What ETSI's schema takes from others, as those say it, and no more than it uses.
    "xmldsig-core-schema.xsd": """
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" elementFormDefault="qualified"
    targetNamespace="http://www.w3.org/2000/09/xmldsig#"
    xmlns="http://www.w3.org/2000/09/xmldsig#">
  <xs:element name="Signature"/>
  <xs:element name="SignatureValue" type="xs:base64Binary"/>
  <xs:element name="DigestValue" type="xs:base64Binary"/>
  <xs:element name="DigestMethod"><xs:complexType>
    <xs:attribute name="Algorithm" type="xs:anyURI" use="required"/>
  </xs:complexType></xs:element>
</xs:schema>""",
    "XAdES.xsd": """
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" elementFormDefault="qualified"
    targetNamespace="http://uri.etsi.org/01903/v1.3.2#"
    xmlns:ds="http://www.w3.org/2000/09/xmldsig#">
  <xs:import namespace="http://www.w3.org/2000/09/xmldsig#"
    schemaLocation="xmldsig-core-schema.xsd"/>
  <xs:complexType name="DigestAlgAndValueType"><xs:sequence>
    <xs:element ref="ds:DigestMethod"/><xs:element ref="ds:DigestValue"/>
  </xs:sequence></xs:complexType>
  <xs:complexType name="SignaturePolicyIdentifierType"/>
</xs:schema>""",
    "ts_119612v020201_201601xsd.xsd": """
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"
    targetNamespace="http://uri.etsi.org/02231/v2#">
  <xs:complexType name="DigitalIdentityType"/><xs:complexType name="TSPInformationType"/>
</xs:schema>""",
}


class StandIns(etree.Resolver):
    def resolve(self, url, _public, context):
        text = STAND_INS.get(url.rpartition("/")[2])
        return None if text is None else self.resolve_string(text, context, base_url=url)


@pytest.fixture(scope="module")
def schema(corpora: Path) -> etree.XMLSchema:
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(StandIns())
    file = corpora / "dss-process" / "xsd" / "TS119102-2-v141.xsd"
    return etree.XMLSchema(etree.parse(str(file), parser))


def revoked() -> Report:
    gone = answer(WORLD.official, WORLD.ocsp, LATER, revoked_at=SIGNED)
    return judge(make_document("B-T"), evidence=fresh(WORLD, LATER) + ocsp_evidence(gone))


def reports() -> dict[str, Report]:
    passed = judge(make_document("B-LTA"))
    item = replace(passed.signatures[0], field=HOSTILE, algorithm="ML-DSA-44")
    return {
        **{level: judge(make_document(level)) for level in ("B-B", "B-T", "B-LT", "B-LTA")},
        "failed": judge(make_document("B-LTA").replace(b"Page 1", b"Page 7")),
        "revoked": revoked(),
        "none": judge(make_pdf()),
        "hostile": replace(passed, name=HOSTILE, signatures=(item, *passed.signatures[1:])),
        "unread": replace(
            passed,
            signatures=(
                replace(
                    item,
                    path=(),
                    best_signature_time=None,
                    byte_range=(),
                    timestamps=tuple(replace(one, time=None) for one in item.timestamps),
                    findings=(),
                ),
            ),
        ),
        "untrusted": judge(make_document("B-B"), trust=TrustStore()),
        "apart": judge_file(at_level("B-LTA"), digest_of(CONTENT)),
        "of another digest": judge_file(at_level("B-T"), digest_of(CONTENT, "shake256")),
    }


@pytest.mark.parametrize("which", list(reports()))
def test_it_is_what_the_schema_of_etsi_allows(schema: etree.XMLSchema, which: str):
    for language in Language:
        written = etree.fromstring(render_etsi(reports()[which], language))
        schema.assertValid(written)
        written.append(etree.Element("Valid"))
        assert not schema.validate(written)


def read(report: Report) -> ET.Element:
    return ET.fromstring(render_etsi(report, Language.EN))  # noqa: S314  written here


def texts(node: ET.Element, path: str) -> list[str | None]:
    return [found.text for found in node.iterfind(path, NAMES)]


@pytest.mark.parametrize("which", list(reports()))
def test_it_says_what_the_report_says(which: str):
    report = reports()[which]
    told = texts(read(report), "vr:SignatureValidationReport//vr:MainIndication")
    expected = [item.indication.value.lower() for item in report.signatures] or ["indeterminate"]
    assert told == [f"urn:etsi:019102:mainindication:{one}" for one in expected]
    found = texts(read(report), ".//vr:SubIndication")
    why = [one.sub_indication.value for one in report.signatures if one.sub_indication]
    assert found == [f"urn:etsi:019102:subindication:{one}" for one in why]


def test_each_certificate_stands_there_once_by_its_hash():
    report = judge(make_document("B-LTA"))
    ids = [found.get("id") for found in read(report).iterfind(".//vr:ValidationObject", NAMES)]
    links = {link.fingerprint for item in report.signatures for link in item.path}
    assert set(ids) == {"document", *(f"certificate-{one}" for one in links)}
    assert len(ids) == len(set(ids))


def test_a_revocation_is_told_with_its_time():
    (told,) = set(texts(read(revoked()), ".//vr:RevocationTime"))
    assert told == SIGNED.isoformat().replace("+00:00", "Z")
    assert not texts(read(judge(make_document("B-LTA"))), ".//vr:RevocationTime")


def test_what_is_wrong_with_the_whole_stands_with_each_signature():
    passed = judge(make_document("B-LTA"))
    assert not any("TOTAL-FAILED" in str(one) for one in texts(read(passed), ".//vr:Type"))
    failed = reports()["failed"]
    node = read(failed)
    whole = texts(node, ".//vr:ReportData/vr:Type").count(
        "urn:antin:finding:error:verify.verdict.TOTAL-FAILED"
    )
    assert whole == len(failed.signatures)


def test_words_come_in_the_language_asked_for():
    report = replace(judge(make_document("B-LTA")), findings=(warning("verdict.offline"),))
    said = {render_etsi(report, language) for language in Language}
    assert len(said) == 2
