"""The service judges signatures apart: a form with both files, JSON with the digest, .p7m alone."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from unit.verify.cms_world import CONTENT, at_level, digest_of, judge_file, pem
from unit.verify.verify_pki import LATER, make_document, make_world
from unit.verify.verify_service import Service, running

from pki.words import Language
from verify.facts import digest_name
from verify.http.asking import DIGESTS
from verify.http.judging import Asked, Rules
from verify.http.judging import judge as judge_here
from verify.http.limits import MEBIBYTE, Limits
from verify.render.json import to_json
from verify.signature_value import digest_size

AT = LATER.isoformat().replace("+00:00", "Z")
DER = at_level("B-LTA")
DOCUMENTS = "/verify/v1/documents"


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trust")
    anchor = make_world().root.certificate.public_bytes(Encoding.PEM)
    (folder / "root.pem").write_bytes(anchor)
    return folder


@pytest.fixture(scope="module")
def service(trust: Path):
    with running(trust, Limits(workers=1, body_bytes=MEBIBYTE, documents=3)) as found:
        yield found


def asked(signature: bytes = DER, **digest: object) -> dict:
    """Return what JSON asks."""
    value = digest_of(CONTENT).value.hex()
    return {
        "signature": base64.b64encode(signature).decode(),
        "digest": {"algorithm": "SHA-256", "value": value, **digest},
    }


def post(service: Service, told: object, query: str = "", path: str = DOCUMENTS):
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    return service.ask("POST", f"{path}{query}", body, content_type="application/json")


def expected(content, name: str, signature: bytes = DER) -> dict:
    told = to_json(judge_file(signature, content), Language.EN)
    told["document"]["name"] = name
    return told


def test_a_digest_and_a_signature_get_the_verdict_they_get_anywhere(service: Service):
    reply = post(service, asked(), f"?at={AT}&lang=en&name=plan.docx")
    assert reply.status == 200
    assert reply.object == expected(digest_of(CONTENT), "plan.docx")
    assert reply.object["indication"] == "TOTAL-PASSED"
    armoured = post(service, asked(pem(DER)), f"?at={AT}&lang=en&name=plan.docx")
    assert armoured.object == reply.object
    other = post(service, asked(value="00" * 32), f"?at={AT}")
    assert (other.status, other.object["sub_indication"]) == (200, "HASH_FAILURE")
    long = post(service, asked(algorithm="SHA-512", value="00" * 64), f"?at={AT}")
    assert (long.status, long.object["sub_indication"]) == (200, "SIGNED_DATA_NOT_FOUND")


def form(content: bytes = CONTENT, signature: bytes = DER) -> list:
    return [
        ("document", ("plan.docx", content, "application/octet-stream")),
        ("signature", ("plan.docx.p7s", signature, "application/pkcs7-signature")),
    ]


def test_a_form_brings_the_document_and_its_signature(service: Service):
    path = f"{DOCUMENTS}?at={AT}&lang=en"
    reply = service.send(form(), path)
    assert (reply.status, reply.object) == (200, expected(CONTENT, "plan.docx"))
    spoiled = service.send(form(CONTENT + b" "), path)
    assert (spoiled.status, spoiled.object["sub_indication"]) == (200, "HASH_FAILURE")


def test_a_signature_with_its_content_inside_comes_alone(service: Service):
    opaque = at_level("B-LTA", content=CONTENT)
    reply = service.post(
        opaque, f"?at={AT}&lang=en&name=a.p7m", content_type="application/pkcs7-mime"
    )
    assert (reply.status, reply.object) == (200, expected(None, "a.p7m", opaque))
    parts = [("document", (name, opaque, "")) for name in ("a.p7m", "b.p7m")]
    several = service.send(parts, f"{DOCUMENTS}?at={AT}")
    found = [one["indication"] for one in several.object["documents"]]
    assert found == ["TOTAL-PASSED"] * 2


def test_a_job_judges_signatures_as_well(service: Service):
    begun = post(service, asked(), f"?at={AT}&lang=en&name=plan.docx", "/verify/v1/jobs")
    assert begun.status == 202
    told = begun.object
    while told["state"] != "done":
        told = service.ask("GET", begun.headers["location"]).object
    assert told["results"] == [expected(digest_of(CONTENT), "plan.docx")]


@pytest.mark.parametrize(
    "told",
    [
        b"",
        b"[]",
        b"{}",
        {"signature": "AAAA"},
        {**asked(), "more": 1},
        {**asked(), "signature": "not base64!"},
        {**asked(), "signature": "AAAAA"},
        {**asked(), "signature": 1},
        asked(algorithm="SHA-3"),
        asked(algorithm="sha256"),
        asked(value="ABCD"),
        asked(value="abc"),
        asked(value=""),
        asked(more=1),
    ],
    ids=range(14),  # what is signed anew each time is no name of a test
)
def test_json_that_means_nothing_is_refused(service: Service, told):
    reply = post(service, told)
    assert (reply.status, reply.code) == (400, "verify.request_malformed")


@pytest.mark.parametrize(
    "parts",
    [
        [form()[1]],
        [*form(), form()[1]],
        [*form(), form()[0]],
        [form()[0], ("signature", "AAAA")],
        [*form(), ("signature", "AAAA")],
    ],
    ids=["alone", "two", "two documents", "text", "text beside"],
)
def test_a_form_with_a_signature_has_one_of_each(service: Service, parts):
    reply = service.send(parts)
    assert (reply.status, reply.code) == (400, "verify.request_malformed")


def test_what_cannot_be_judged_is_refused_with_its_reason(service: Service):
    short = post(service, asked(value="00"))
    assert (short.status, short.code) == (422, "verify.digest_invalid")
    none = post(service, asked(b"none"))
    assert (none.status, none.code) == (422, "verify.not_a_signature")
    swapped = service.send(form(DER, make_document("B-B")))
    assert (swapped.status, swapped.code) == (422, "verify.not_a_signature")
    large = post(service, {**asked(), "signature": "A" * MEBIBYTE})
    assert (large.status, large.code) == (413, "verify.request_too_large")


def test_each_digest_has_the_name_people_know():
    assert {"SHA-256", "SHA-512/256", "SHA3-512", "SHAKE256"} <= DIGESTS.keys()
    assert all(digest_size(name) for name in DIGESTS.values())
    assert all(digest_name(name) == shown for shown, name in DIGESTS.items())


def test_judging_is_the_same_in_this_process(trust: Path):
    rules = Rules(trust=(trust,), offline=True)
    for question in (
        Asked(CONTENT, signature=DER, at=LATER),
        Asked(b"", signature=DER, digest=digest_of(CONTENT), at=LATER),
        Asked(at_level("B-LTA", content=CONTENT), at=LATER),
    ):
        assert judge_here(rules, question).indication == "TOTAL-PASSED"
