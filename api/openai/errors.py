"""Errors under OpenAI-compatible routes -> OpenAI's shape, `{"error": {message, type, param, code}}`.

    status  type                    code
    400     invalid_request_error   null, unsupported_value, ... : the request cannot be served as it is
    404     invalid_request_error   model_not_found
    422     invalid_request_error   unknown_parameter, if the request is `strict`
    429     rate_limit_error        rate_limit_exceeded, with Retry-After
    5xx     server_error            model_error, not_ready, deadline_exceeded, internal_error

Other statuses are those of `api.errors`. Does not catch unexpected exceptions: `api.middleware.guard` does.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, NotRequired

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import Response
from typing_extensions import TypedDict

from api.errors import NotReady, error_body, status_of
from api.schemas import ErrorBody
from rag.errors import IndexNotFound, InputError, Overloaded, RagError
from rag.serialise import to_json

_log = logging.getLogger(__name__)

_CODES = {
    "index_not_found": "model_not_found",
    "overloaded": "rate_limit_exceeded",
    "invalid_request": None,
    "cancelled": None,
}


class Refused(InputError):
    """A request that is understood and cannot be served."""

    status = 400

    def __init__(self, message: str, param: str, code: str = "unsupported_value") -> None:
        super().__init__(message, param)
        self.code = code


class ModelNotFound(IndexNotFound):
    """No index has the name that a model stands for."""

    param = "model"

    def __init__(self, model: str, remedy: str = "GET /v1/models lists those that there are") -> None:
        super().__init__(f"the model {model[:200]!r} does not exist: {remedy}")


class OpenAIErrorDetail(TypedDict):
    """An error: `code` and `type` are for programs, `message` for people, `param` names the field at fault. A request
    that is refused before a route is reached (no key, no such address, too large) has neither `param` nor `code`."""

    message: str
    type: str
    param: NotRequired[str | None]
    code: NotRequired[str | None]


class OpenAIErrorBody(TypedDict):
    """The body of every error."""

    error: OpenAIErrorDetail


class OpenAIRoute(APIRoute):
    """A route whose errors have OpenAI's shape."""

    @staticmethod
    def shaped(status: int, body: OpenAIErrorBody) -> Any:
        """The body of an error as it is sent with that status."""
        return body

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler of the route, with its errors in their shape."""
        handle = super().get_route_handler()

        async def handle_shaped(request: Request) -> Response:
            headers: dict[str, str] = {}
            try:
                return await handle(request)
            except RequestValidationError as error:
                status, body = 400, _invalid(error.errors())
            except HTTPException as error:
                message = "the body is not JSON in UTF-8" if error.status_code == 400 else str(error.detail)
                status, body = error.status_code, _body(message, "invalid_request_error")
                headers = dict(error.headers or {})
            except RagError as error:
                status, body = _raised(error)
                if isinstance(error, Overloaded):
                    headers = {"Retry-After": str(max(1, math.ceil(error.retry_after)))}
            return Response(to_json(self.shaped(status, body)), status, headers, media_type="application/json")

        return handle_shaped


def openai_body(body: ErrorBody) -> OpenAIErrorBody:
    """The body of an error that comes after the response has begun, in OpenAI's shape."""
    kind, message = body["error"]["type"], body["error"]["message"]
    return _body(message, "server_error", body["error"].get("param"), _CODES.get(kind, kind))


def _raised(error: RagError) -> tuple[int, OpenAIErrorBody]:
    status = getattr(error, "status", 400) if isinstance(error, InputError) else status_of(error)
    detail = error_body(error)["error"]
    code = _CODES.get(detail["type"], detail["type"])
    kind = "rate_limit_error" if status == 429 else "server_error" if status >= 500 else "invalid_request_error"
    if status >= 500 and not isinstance(error, NotReady):
        _log.error("%s", error)
    return status, _body(detail["message"], kind, detail.get("param"), getattr(error, "code", code))


def _invalid(problems: Sequence[dict[str, Any]]) -> OpenAIErrorBody:
    """The first problem only, and never what was sent. If a field may have one of several types, the problem with the
    type that was sent."""
    field = problems[0]["loc"][:2]
    same = [problem for problem in problems if problem["loc"][:2] == field]
    problem = next((problem for problem in same if not problem["type"].endswith("_type")), same[0])
    if problem["type"] == "json_invalid":
        return _body("the body is not JSON in UTF-8", "invalid_request_error")
    places = [str(part) for part in problem["loc"][1:] if isinstance(part, int) or str(part).isidentifier()]
    path = [part for part in places if part not in ("str", "constrained")]
    if not path:
        return _body("the body must be a JSON object, sent as Content-Type: application/json", "invalid_request_error")
    code = "missing_required_parameter" if problem["type"] == "missing" else "invalid_type"
    code = code if problem["type"].endswith(("_type", "missing")) else "invalid_value"
    return _body(f"{'.'.join(path)}: {problem['msg']}", "invalid_request_error", ".".join(path), code)


def _body(message: str, kind: str, param: str | None = None, code: str | None = None) -> OpenAIErrorBody:
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}
