"""The messages of a chat -> the question and the turns before it (pure).

The question is the last message, the user's. System messages are ignored, since answers come from nothing but the
documents; so are messages of tools. Footnotes under earlier answers are removed: they are quotations, not
conversation.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from api.openai.errors import Refused
from api.openai.schemas import ChatMessage, ContentPart
from rag.retrieval.conversation import READ_CHARACTERS, READ_TURNS, parse_history
from rag.types import Message

_FOOTNOTES = re.compile(r"^\[\^\d+\]:.*$", re.MULTILINE)
_MARKERS = re.compile(r"\[\^(\d+)\]")
_TEXTS = ("text", "input_text", "output_text")  # types of parts
# Open WebUI puts instructions and passages of its own in front of the question if files are attached to a chat.
_QUERY, _QUERY_END = "<user_query>", "</user_query>"
_CONTEXT_END = "</context>"


class ChatQuestion(NamedTuple):
    """A question and the turns before it, oldest first."""

    question: str
    history: tuple[Message, ...]
    message: str  # that of the question, as it was sent
    system: str  # all system messages


def read_messages(messages: Sequence[ChatMessage], name: str = "messages") -> ChatQuestion:
    """The question of a chat, whose messages are the field `name` of a request. Raises `Refused` if the last message is
    not the user's, or not text. Of earlier turns what is no text, and what is too long to be read, is passed over: a
    chat must not fail for ever after an image."""
    texts = (_text(f"{name}[{n}].content", one.content, n < len(messages) - 1) for n, one in enumerate(messages))
    turns = [(message.role, text) for message, text in zip(messages, texts, strict=True)]
    system = "\n".join(text for role, text in turns if role in ("system", "developer"))
    turns = [turn for turn in turns if turn[0] in ("user", "assistant") and turn[1].strip()]
    if not turns or turns[-1][0] != "user" or messages[-1].role == "assistant":
        raise Refused("the last message must be the user's, with text: it is the question", name, "invalid_value")
    before = [{"role": role, "content": _said(text)} for role, text in turns[:-1][-READ_TURNS:]]
    text = turns[-1][1]
    return ChatQuestion(_own_words(text), parse_history(before), text, system)


def _text(where: str, content: str | list[ContentPart] | None, earlier: bool) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    return "\n".join(filter(None, (_part(f"{where}[{place}]", part, earlier) for place, part in enumerate(content))))


def _part(where: str, part: ContentPart, earlier: bool) -> str:
    if part.type in _TEXTS and isinstance(part.text, str):
        return part.text
    if earlier:
        return ""  # an image, a sound, a file, reasoning
    if part.type in _TEXTS:
        raise Refused(f"{where}.text: must be a text: ask in words", f"{where}.text", "invalid_type")
    kind = part.type if part.type.isidentifier() and len(part.type) < 40 else "other"
    raise Refused(f"{where}: only text can be read here, not {kind}: ask in words", where, "unsupported_content")


def _said(text: str) -> str:
    return _MARKERS.sub(r"[\1]", _FOOTNOTES.sub("", text[:READ_CHARACTERS])).strip()


def _own_words(text: str) -> str:
    """The question without the passages that a front-end put in front of it."""
    _, tag, rest = text.partition(_QUERY)
    query, end, _ = rest.partition(_QUERY_END)
    if tag and end:
        return query.strip()
    if text.lstrip().startswith("### Task:") and "<context>" in text:
        return text.rpartition(_CONTEXT_END)[2].strip() or text
    return text
