"""Errors under Anthropic-compatible routes -> Anthropic's shape, `{"type": "error", "error": {type, message}}`.

    status  type                      status  type
    400     invalid_request_error     429     rate_limit_error
    404     not_found_error           504     timeout_error
    413     request_too_large         5xx     api_error; 503: overloaded_error

A request that is refused before a route is reached (no key, too large) has the shape of `api.errors`.
"""

from __future__ import annotations

from typing import Any, Literal

from typing_extensions import TypedDict

from api.openai.errors import OpenAIErrorBody, OpenAIRoute

_KINDS = {404: "not_found_error", 413: "request_too_large", 429: "rate_limit_error", 504: "timeout_error"}


class AnthropicErrorDetail(TypedDict):
    """An error: `type` is for programs, `message` for people."""

    type: str
    message: str


class AnthropicErrorBody(TypedDict):
    """The body of every error."""

    type: Literal["error"]
    error: AnthropicErrorDetail


class AnthropicRoute(OpenAIRoute):
    """A route whose errors have Anthropic's shape."""

    @staticmethod
    def shaped(status: int, body: OpenAIErrorBody) -> Any:
        """The body of an error as it is sent with that status."""
        return anthropic_body(status, body["error"]["message"])


def anthropic_body(status: int, message: str) -> AnthropicErrorBody:
    """The body of an error of that status."""
    kind = _KINDS.get(status, "overloaded_error" if status == 503 else "api_error")
    kind = "invalid_request_error" if status < 500 and status not in _KINDS else kind
    return {"type": "error", "error": {"type": kind, "message": message}}
