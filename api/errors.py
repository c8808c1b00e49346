"""Errors -> `{"error": {"type", "message", "param"?}}`; the one table of statuses.

    status  type                     when
    400     invalid_json             the body is not JSON, or not UTF-8
    400     invalid_form             the body of an upload is not a form
    401     unauthenticated          no API key, or an unknown one; with WWW-Authenticate
    403     forbidden                a key without the scope; a page of another site
    404     not_found                nothing at this address
    404     document_not_found       index_not_found, job_not_found, answer_not_found, page_not_found, original_gone
    405     method_not_allowed
    408     too_slow                 the body arrives too slowly
    409     index_busy               index_mismatch, original_changed
    413     too_large                the body is over the limit
    415     unsupported_media_type   unsupported_document
    422     invalid_request          document_error
    429     overloaded               rate_limited; with Retry-After
    499     cancelled                the client has left; 499 is nginx's number for that
    500     internal_error           also for a `RagError` of no other kind, with its message
    503     not_ready                model_error, store_error, state_unavailable, stopping
    507     no_space                 the disk is full, or cannot be written
    504     deadline_exceeded        the answer took longer than the setting allows

Does not catch unexpected exceptions: `api.middleware.guard` does, in one place for every response.
"""

from __future__ import annotations

import errno
import logging
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.schemas import CHECK_MANY, CHECK_ONE, ErrorBody
from rag import errors as rag
from rag.serialise import to_json

_log = logging.getLogger(__name__)


class NotReady(rag.RagError):
    """No question can be answered yet."""


class JobNotFound(rag.RagError):
    """No job of that id is remembered."""


class Forbidden(rag.RagError):
    """The API key of the request lacks a scope."""


class AnswerNotFound(rag.RagError):
    """No trace of an answer of that id is kept."""


class NoSpace(rag.RagError):
    """The disk does not take what was sent; nothing of it is kept."""


_RAISED: dict[type[rag.RagError], tuple[int, str]] = {
    rag.InputError: (422, "invalid_request"),
    rag.DocumentError: (422, "document_error"),
    rag.UnsupportedDocument: (415, "unsupported_document"),
    rag.DocumentNotFound: (404, "document_not_found"),
    rag.PageNotFound: (404, "page_not_found"),
    rag.OriginalGone: (404, "original_gone"),
    rag.OriginalChanged: (409, "original_changed"),
    rag.IndexNotFound: (404, "index_not_found"),
    rag.IndexBusy: (409, "index_busy"),
    rag.IndexMismatch: (409, "index_mismatch"),
    rag.StoreError: (503, "store_error"),
    rag.StateUnavailable: (503, "state_unavailable"),
    rag.ModelError: (503, "model_error"),
    rag.Overloaded: (429, "overloaded"),
    rag.DeadlineExceeded: (504, "deadline_exceeded"),
    rag.Cancelled: (499, "cancelled"),
    NotReady: (503, "not_ready"),
    JobNotFound: (404, "job_not_found"),
    Forbidden: (403, "forbidden"),
    AnswerNotFound: (404, "answer_not_found"),
    NoSpace: (507, "no_space"),
    rag.RagError: (500, "internal_error"),
}
_HTTP: dict[int, tuple[str, str]] = {
    400: ("invalid_json", "the body is not JSON in UTF-8"),
    404: ("not_found", "there is nothing at this address: /docs lists what there is"),
    405: ("method_not_allowed", "this address does not take that method"),
    408: ("too_slow", "the body comes too slowly"),
    413: ("too_large", "the body is too large"),
}
_PATH = re.compile(r"""(?<![\w.:/~-])~?/(?:[^\s/"'`:,;()]+/)+([^\s/"'`:,;()]+)""")
_OWN = ("/v1/", "/docs/", "/page/")  # addresses of this server
_PLACES = ("body", "query", "path", "header", CHECK_ONE, CHECK_MANY)


def error_response(status: int, kind: str, message: str, param: str | None = None, **headers: str) -> Response:
    """A response with an error as its body. Header names are written with underscores: `Retry_After="3"`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(to_json(_body(kind, message, param)), status, named, media_type="application/json")


def error_body(error: rag.RagError) -> ErrorBody:
    """The body of an error response, for an error that comes after the response has begun."""
    return _body(_entry(error)[1], public(str(error)), getattr(error, "param", None))


def status_of(error: rag.RagError) -> int:
    """The HTTP status of an error."""
    return _entry(error)[0]


def status_of_kind(kind: str) -> int:
    """The HTTP status of an error by its `type`; 500 for one of another kind."""
    return next((status for status, known in _RAISED.values() if known == kind), 500)


def error_kind(error: BaseException) -> str:
    """The `type` of an error in its response."""
    return _entry(error)[1] if isinstance(error, rag.RagError) else "internal_error"


def install_errors(app: FastAPI) -> None:
    """Have the application answer `RagError`, invalid requests and HTTP errors by the table above."""
    app.add_exception_handler(rag.RagError, _raised)
    app.add_exception_handler(OSError, _refused_by_disk)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


def _body(kind: str, message: str, param: str | None) -> ErrorBody:
    return {"error": {"type": kind, "message": message} | ({} if param is None else {"param": param})}  # type: ignore[typeddict-item]


def _entry(error: rag.RagError) -> tuple[int, str]:
    return next(_RAISED[kind] for kind in type(error).__mro__ if kind in _RAISED)


def raised_response(method: str, path: str, error: rag.RagError) -> Response:
    """The response to an error; one of status 500 or above is logged, with the method and path of its request."""
    status, kind = _entry(error)
    if status >= 500 and not isinstance(error, NotReady):
        _log.error("%s %r: %s", method, path, error)
    headers = {"Retry_After": str(max(1, math.ceil(error.retry_after)))} if isinstance(error, rag.Overloaded) else {}
    return error_response(status, kind, public(str(error)), getattr(error, "param", None), **headers)


def public(message: str) -> str:
    """The message without the folders of this machine: only the last part of a path stays.

    >>> public("model /srv/models/x.gguf is not there: GET /v1/indexes")
    'model x.gguf is not there: GET /v1/indexes'
    """
    return _PATH.sub(lambda found: found[0] if found[0].startswith(_OWN) else found[1], message)


def storage_error(error: Exception) -> rag.RagError | None:
    """The error for a file that the disk did not take; None for an error of another kind."""
    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return NoSpace("no space left on the disk of the server: nothing was changed; send it again when there is some")
    if number in (errno.EROFS, errno.EACCES, errno.EPERM):
        return NoSpace("the disk of the server cannot be written: nothing was changed; see its permissions and mounts")
    if number in (errno.ENAMETOOLONG, errno.EILSEQ):
        return rag.InputError("the name is too long, or not one that the file system of the server takes", "file")
    return None


def _refused_by_disk(request: Request, error: Exception) -> Response:
    known = storage_error(error)
    if known is None:
        raise error  # `api.middleware.guard` answers it
    return _raised(request, known)


def _raised(request: Request, error: Exception) -> Response:
    assert isinstance(error, rag.RagError)
    return raised_response(request.method, request.url.path, error)


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.__cause__ is not None and isinstance(error.__cause__, OSError) and storage_error(error.__cause__):
        return _refused_by_disk(request, error.__cause__)  # a form did not fit into the folder of temporary files
    kind, message = _HTTP.get(error.status_code, ("http_error", str(error.detail)))
    message = str(error.detail) if error.status_code in (408, 413) else message  # it names the limit
    if error.status_code == 400 and "multipart" in request.headers.get("content-type", ""):
        kind, message = "invalid_form", "the body is not a form as its Content-Type says"
    headers: Mapping[str, str] = error.headers or {}
    return error_response(error.status_code, kind, message, **headers)


def _invalid(request: Request, error: Exception) -> Response:
    """The response to an invalid request, with its first problem only: people read one line, not a list. Never repeats
    what was sent."""
    assert isinstance(error, RequestValidationError)
    problem: dict[str, Any] = error.errors()[0]
    if problem["type"] == "json_invalid":
        return error_response(400, *_HTTP[400])
    param = _param(problem["loc"])
    if param is not None:
        where = ".".join(str(part) for part in problem["loc"] if part not in _PLACES)
        return error_response(422, "invalid_request", f"{where}: {problem['msg']}", param)
    if problem["type"] != "missing" and "json" not in request.headers.get("content-type", ""):
        return error_response(415, "unsupported_media_type", "send JSON, as Content-Type: application/json")
    if problem["type"] in ("too_long", "too_short"):
        return error_response(422, "invalid_request", f"the body: {problem['msg']}")
    return error_response(422, "invalid_request", "the body must be a JSON object")


def _param(location: Sequence[int | str]) -> str | None:
    """The name of the field; the number of the answer of a list is in the message alone."""
    return next((str(part) for part in location if isinstance(part, str) and part not in _PLACES), None)
