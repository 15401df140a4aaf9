"""The ASGI application for document systems.

    POST /v1/documents    one document or several: the report, at once
    POST /v1/jobs         the same, for later: 202 and where to look
    GET, DELETE /v1/jobs/{id}
    GET /v1/openapi.json  what all of this takes and gives

Spec: RFC 9110; OpenAPI 3.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from pki.errors.tree import PKIError
from pki.words import Language
from verify.errors import RequestMalformedError
from verify.http.answers import ReportAnswer, error_answer, object_answer
from verify.http.asking import language_of, read_question
from verify.http.callers import Callers
from verify.http.jobs import Jobs
from verify.http.limits import Limits
from verify.http.openapi import openapi_document
from verify.http.room import Room
from verify.http.workers import Workers
from verify.render.json import SCHEMA


@dataclass(frozen=True, slots=True)
class Desk:
    """What the application works with."""

    workers: Workers
    callers: Callers
    limits: Limits
    jobs: Jobs
    room: Room


_DOCUMENTS, _JOBS = "/v1/documents", "/v1/jobs"


def build_app(workers: Workers, callers: Callers, limits: Limits) -> ASGIApp:
    """Return the application; it is mounted under `/verify`."""
    rest = Starlette(
        routes=[
            Route("/v1/openapi.json", _openapi, methods=["GET"]),
            Route(_DOCUMENTS, _documents, methods=["POST"]),
            Route(_JOBS, _begin, methods=["POST"]),
            Route(f"{_JOBS}/{{id}}", _job, methods=["GET", "DELETE"]),
        ],
        exception_handlers={PKIError: _refuse},
    )
    desk = Desk(workers, callers, limits, Jobs(workers, limits), Room(limits.held_bytes))
    rest.state.desk = desk
    return _Verdicts(rest)


class _Verdicts:
    """Answers what is asked all day itself; looking up routes takes longer than asking a process.

    All else is Starlette's.
    """

    def __init__(self, rest: Starlette) -> None:
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _asks_for_verdicts(scope):
            await self._rest(scope, receive, send)
            return
        scope["app"] = self._rest
        request = Request(scope, receive)
        try:
            answer = await _documents(request)
        except PKIError as error:
            answer = await _refuse(request, error)
        await answer(scope, receive, send)


def _asks_for_verdicts(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "POST":
        return False
    path: str = scope["path"]
    return path.endswith(_DOCUMENTS) and path == scope.get("root_path", "") + _DOCUMENTS


async def _openapi(request: Request) -> Response:
    return object_answer(openapi_document(_desk(request).limits))


async def _documents(request: Request) -> Response:
    desk = _desk(request)
    caller = _caller(request)
    with desk.room.share() as share:
        question = await read_question(request, desk.limits, share)
        desk.callers.charge(caller, len(question.documents))
        if len(question.documents) == 1:
            return ReportAnswer(await desk.workers.judge(question.documents[0]))
        found: list[dict[str, Any] | None] = [None] * len(question.documents)
        await desk.jobs.judge_all(question, found)
    return object_answer({"schema": SCHEMA, "documents": found})


async def _begin(request: Request) -> Response:
    desk = _desk(request)
    caller = _caller(request)
    with desk.room.share() as share:
        question = await read_question(request, desk.limits, share)
        desk.callers.charge(caller, len(question.documents))
        job = desk.jobs.begin(question, caller, share)
    where = f"{request.scope.get('root_path', '')}{_JOBS}/{job.id}"
    return object_answer(job.told(), status=202, Location=where)


async def _job(request: Request) -> Response:
    jobs = _desk(request).jobs
    job = jobs.find(str(request.path_params["id"]), _caller(request))
    if request.method == "DELETE":
        jobs.forget(job)
        return Response(status_code=204)
    return object_answer(job.told())


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, PKIError)  # noqa: S101  registered for these alone
    try:
        language = language_of(request)
    except RequestMalformedError:
        language = Language.EN
    return error_answer(error, language)


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


def _caller(request: Request) -> str:
    return _desk(request).callers.admit(request.headers.get("authorization"))
