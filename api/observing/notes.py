"""Notes of the request at hand: its id, and the fields of its log line."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

NOTES: ContextVar[dict[str, Any] | None] = ContextVar("request", default=None)


def note(**fields: Any) -> None:
    """Add to the line that will be logged for the request at hand; nothing where there is none. No text of people or
    documents."""
    if (notes := NOTES.get()) is not None:
        notes.update(fields)


def request_id() -> str | None:
    """Of the request at hand."""
    return (NOTES.get() or {}).get("request_id")
