"""Chats in the forms in which single programs export them -> the records that chats.py reads.

In: a value of JSON. Out: the same value with messages as records: those of a tree of replies (ChatGPT) in the order in
which they were written, and letters that Messenger writes as bytes of UTF-8, one character each, as themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

ROLES = frozenset({"user", "assistant", "system", "human", "tool", "developer", "model"})
MESSENGER = frozenset({"sender_name", "timestamp_ms"})


def replies(value: Mapping[str, Any]) -> list[Any] | None:
    """The messages of a tree of replies, whose nodes stand by their ids; None if this is none."""
    nodes = list(value.values())
    if not nodes or not all(isinstance(node, dict) and "message" in node and "children" in node for node in nodes):
        return None
    messages = [node["message"] for node in nodes if isinstance(node["message"], dict)]
    return sorted(messages, key=lambda message: _seconds(message.get("create_time")))


def _seconds(value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return 0.0


def is_said_by_role(record: Mapping[str, Any]) -> bool:
    """Tells if a record is a message to or from a language model, which has no time."""
    return record.get("role") in ROLES


def with_letters(value: Any) -> Any:
    """The value; that of a chat of Messenger with its letters."""
    messages = value.get("messages") if isinstance(value, dict) else None
    if not isinstance(messages, Sequence) or not messages or not isinstance(messages[0], dict):
        return value
    return _with_letters(value) if messages[0].keys() >= MESSENGER else value


def _with_letters(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_letters(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_letters(item) for item in value]
    if not isinstance(value, str) or value.isascii():
        return value
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value
