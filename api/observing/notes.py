"""Notes of the current request: its id, and the fields of its log line."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

NOTES: ContextVar[dict[str, Any] | None] = ContextVar("request", default=None)


def note(**fields: Any) -> None:
    """Add fields to the line that will be logged for the current request; no effect outside one. No text of people or
    documents."""
    if (notes := NOTES.get()) is not None:
        notes.update(fields)


def request_id() -> str | None:
    """Id of the current request; None outside one."""
    return (NOTES.get() or {}).get("request_id")
