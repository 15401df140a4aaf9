"""What the service takes and gives, as OpenAPI 3.1 says it; served, and held by the tests.

Spec: OpenAPI 3.1.1.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from verify.http.asking import BASE64, DIGESTS, HEX
from verify.http.jobs import SCHEMA as JOB_SCHEMA
from verify.http.jobs import State
from verify.http.limits import Limits
from verify.render.json import SCHEMA
from verify.render.schema import report_schema

Node = dict[str, Any]
_REPORT = {"$ref": "#/components/schemas/Report"}
_JOB = {"$ref": "#/components/schemas/Job"}
_RESULTS = {
    "type": "array",
    "items": {"anyOf": [_REPORT, {"$ref": "#/components/schemas/NotJudged"}]},
}


def openapi_document(limits: Limits) -> Node:
    """Return the description of the service with these bounds."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Antin: verdicts on signed documents",
            "version": version("antin"),
            "description": "Only TOTAL-PASSED is good. An answer of status 200 says that the "
            "asking went well, not that the document is valid.",
        },
        "servers": [{"url": "/verify"}],
        "security": [{"key": []}],
        "paths": {
            "/v1/documents": {"post": _documents(limits)},
            "/v1/jobs": {"post": _begin(limits)},
            "/v1/jobs/{id}": {
                "parameters": [_parameter("id", {"type": "string"}, "path", required=True)],
                "get": _look(),
                "delete": _drop(),
            },
        },
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": _schemas(),
        },
    }


def _documents(limits: Limits) -> Node:
    many = {
        "type": "object",
        "required": ["schema", "documents"],
        "properties": {"schema": {"const": SCHEMA}, "documents": _RESULTS},
    }
    answer = {
        "description": "The report; of several documents an object with all of them.",
        "content": {
            "application/json": {"schema": {"anyOf": [_REPORT, many]}},
            "text/html": {"schema": {"type": "string"}},
            "application/xml": {"schema": {"type": "string"}},
            "application/pdf": {"schema": {"type": "string", "format": "binary"}},
        },
    }
    return {
        "operationId": "judgeDocuments",
        "summary": "Judge documents and wait for it",
        "parameters": _parameters(),
        "requestBody": _body(limits),
        "responses": {"200": answer, **_refusals(400, 401, 413, 422, 429, 503)},
    }


def _begin(limits: Limits) -> Node:
    answer = {
        "description": "The job, and where to look for it.",
        "headers": {"Location": {"schema": {"type": "string"}}},
        "content": {"application/json": {"schema": _JOB}},
    }
    return {
        "operationId": "beginJob",
        "summary": "Have documents judged, and fetch the reports later",
        "parameters": _parameters(),
        "requestBody": _body(limits),
        "responses": {"202": answer, **_refusals(400, 401, 413, 429, 503)},
    }


def _look() -> Node:
    answer = {"description": "The job.", "content": {"application/json": {"schema": _JOB}}}
    return {
        "operationId": "findJob",
        "summary": "Look how far a job is; once it is done, fetch its reports",
        "responses": {"200": answer, **_refusals(401, 404)},
    }


def _drop() -> Node:
    return {
        "operationId": "dropJob",
        "summary": "Forget a job",
        "responses": {"204": {"description": "It is forgotten."}, **_refusals(401, 404)},
    }


def _parameters() -> list[Node]:
    return [
        _parameter("lang", {"enum": ["vi", "en"]}, "query"),
        _parameter("name", {"type": "string"}, "query"),
        _parameter("at", {"type": "string", "format": "date-time"}, "query"),
    ]


def _parameter(name: str, schema: Node, where: str, *, required: bool = False) -> Node:
    return {"name": name, "in": where, "required": required, "schema": schema}


def _body(limits: Limits) -> Node:
    raw = {"schema": {"type": "string", "format": "binary", "maxLength": limits.body_bytes}}
    form = {
        "type": "object",
        "required": ["document"],
        "properties": {
            "document": {
                "type": "array",
                "minItems": 1,
                "maxItems": limits.documents,
                "items": {"type": "string", "format": "binary"},
            },
            "signature": {
                "type": "string",
                "format": "binary",
                "description": "A CMS signature (DER or PEM) apart from the one document.",
            },
            # Without a type: in a form everything is text.
            "password": {"description": "Opens what is encrypted."},
        },
    }
    return {
        "required": True,
        "content": {
            "application/pdf": raw,
            "application/octet-stream": raw,
            "application/pkcs7-mime": raw,
            "application/json": {"schema": _digest_and_signature(limits), "example": _EXAMPLE},
            "multipart/form-data": {"schema": form},
        },
    }


_EXAMPLE = {
    "signature": "MDAGCSqGSIb3DQEHAqAjMCECAQExDTALBglghkgBZQMEAgEwCwYJKoZIhvcNAQcBMQA=",
    "digest": {
        "algorithm": "SHA-256",
        "value": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    },
}
"""A file of signatures that has none, which is answered as any other: INDETERMINATE."""


def _digest_and_signature(limits: Limits) -> Node:
    digest = {
        "type": "object",
        "additionalProperties": False,
        "required": ["algorithm", "value"],
        "properties": {
            "algorithm": {"enum": list(DIGESTS)},
            "value": {"type": "string", "pattern": HEX},
        },
    }
    signature = {
        "type": "string",
        "contentEncoding": "base64",
        "pattern": BASE64,
        "maxLength": limits.body_bytes,
        "description": "CMS, DER or PEM.",
    }
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["signature", "digest"],
        "properties": {"signature": signature, "digest": digest},
        "description": "A signature, and the digest of the document that it is apart from.",
    }


_WORDS = {
    400: "The request cannot be understood.",
    401: "A key is missing, or not known.",
    404: "There is no such job of this caller.",
    413: "It is more than one request may hold.",
    422: "The document cannot be judged: the code says why.",
    429: "The caller asked for too much; Retry-After says when there is room.",
    503: "The service has as much to do as it takes.",
}


def _refusals(*statuses: int) -> Node:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}}
    return {str(one): {"description": _WORDS[one], "content": content} for one in statuses}


def _schemas() -> Node:
    # Where a schema stands inside another document, its own parts are found from there.
    report = _moved(report_schema(), "#/$defs/", "#/components/schemas/Report/$defs/")
    words = {"type": "string"}
    error = {
        "type": "object",
        "required": ["code", "message", "hint"],
        "properties": {"code": words, "message": words, "hint": words},
    }
    document = {"type": "object", "required": ["name"], "properties": {"name": words}}
    number = {"type": "integer", "minimum": 0}
    return {
        "Report": report,
        "Refusal": {"type": "object", "required": ["error"], "properties": {"error": error}},
        "NotJudged": {
            "type": "object",
            "required": ["document", "error"],
            "properties": {"document": document, "error": error},
        },
        "Job": {
            "type": "object",
            "required": ["schema", "id", "state", "documents", "judged"],
            "properties": {
                "schema": {"const": JOB_SCHEMA},
                "id": words,
                "state": {"enum": [one.value for one in State]},
                "documents": number,
                "judged": number,
                "results": _RESULTS,
            },
        },
    }


def _moved(node: Any, old: str, new: str) -> Any:  # noqa: ANN401  any part of a JSON document
    match node:
        case dict():
            return {
                name: _moved(part, old, new) for name, part in node.items() if name != "$schema"
            }
        case list():
            return [_moved(part, old, new) for part in node]
        case str() if node.startswith(old):
            return new + node[len(old) :]
        case _:
            return node
