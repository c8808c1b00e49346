"""Front-ends' own calls: titles, tags, follow-ups, search queries, completions of what is being typed (pure).

They come to the same model as questions do, and no document holds what they ask for. They are recognised by their
structure: a conversation between `<chat_history>` tags and the JSON key that is to be filled in (Open WebUI, whatever
else its prompts say), or the order to give "a title for the conversation" at their beginning (LibreChat and others).
They are answered at once, from the conversation alone: no retrieval, no model.
"""

from __future__ import annotations

import json
import re

TITLE_WORDS = 6
TITLE_CHARACTERS = 50

_HISTORY, _HISTORY_END = "<chat_history>", "</chat_history>"
_TURN = re.compile(r"^(user|human|assistant|ai|system)\s*:\s*", re.IGNORECASE | re.MULTILINE)
_KEYS = ("follow_ups", "title", "tags", "queries", "prompt", "text")
_TITLE = re.compile(
    r"(?:please\s+)?(?:generate|provide|write|create|give|suggest|come up with)\b[^\n]{0,80}\b(?:title|name)\b"
    r"(?:\s*\([^)\n]*\))?\s+(?:for|about|describing|based on|using|that|which|summari[sz]ing)\b[^\n]{0,40}"
    r"\b(?:the|this|our|a)\s+(?:\w+\s+)?(?:conversation|chat|dialogue)\b",
    re.IGNORECASE,
)
_TITLE_OF_THIS = re.compile(r"analy[sz]e this conversation and provide:[^?]*\btitle\b", re.IGNORECASE)
_EMOJI = re.compile(r"your task is to reflect the speaker's likely facial expression", re.IGNORECASE)
_TOOLS = re.compile(r"\s*available tools:.*\"tool_calls\"", re.IGNORECASE | re.DOTALL)
_READ = 20_000  # characters at the beginning and at the end of a conversation that are read, and of instructions
_QUERY = 2_000  # characters of a search query, or of a completion
_ORDER = 1_000  # characters: an order to give a title stands at the beginning, and its pattern is not linear
_ENDS = " \t\n?!.,;:\"'`*#"
_USERS = ("user", "human")


def task_answer(text: str, system: str = "") -> str | None:
    """The answer to a front-end's own call; None if `text` is a question. `system` is the text of system messages."""
    if _TOOLS.match(system):
        return '{"tool_calls": []}'
    before, tag, rest = text.partition(_HISTORY)
    conversation, end, after = rest.rpartition(_HISTORY_END)
    if tag and end:
        key = _wanted_key(before[-_READ:] + after[:_READ])
        return None if key is None else json.dumps({key: _filled(key, _user_turns(conversation))}, ensure_ascii=False)
    order = text.lstrip()[:_ORDER]
    if _EMOJI.match(order):
        return "🙂"
    if _TITLE.match(order) or _TITLE_OF_THIS.match(order):
        return _title(_user_turns(text.partition("\n")[2]))
    return None


def _wanted_key(instructions: str) -> str | None:
    """The key of the JSON object that is asked for; if there are several, the first in the order of `_KEYS`."""
    return next((key for key in _KEYS if re.search(rf"[{{]\s*[\"']{key}[\"']\s*:", instructions)), None)


def _filled(key: str, asked: list[str]) -> str | list[str]:
    last = asked[-1][:_QUERY] if asked else ""
    match key:
        case "title":
            return _title(asked)
        case "tags":
            return ["General"]  # what the prompt asks for if nothing fits better
        case "queries":
            return [last] if last else []
        case "prompt":
            return last
        case "text":
            return ""
        case _:
            return []  # of follow-ups: none can be known to have an answer in the documents


def _title(asked: list[str]) -> str:
    """The beginning of what was asked first: "When was the ferry launched?" -> "When was the ferry launched"."""
    title = ""
    for word in (asked[0] if asked else "").split()[:TITLE_WORDS]:
        if title and len(title) + 1 + len(word) > TITLE_CHARACTERS:
            break
        title = f"{title} {word}".strip()
    return title[:TITLE_CHARACTERS].strip(_ENDS) or "Chat"


def _user_turns(conversation: str) -> list[str]:
    """Turns of the user, in order; the whole conversation if no turns are marked."""
    if len(conversation) > 2 * _READ:
        conversation = f"{conversation[:_READ]}\n{conversation[-_READ:]}"
    pieces = _TURN.split(conversation)
    turns = [text.strip() for who, text in zip(pieces[1::2], pieces[2::2], strict=True) if who.lower() in _USERS]
    return [turn for turn in turns if turn] or [text for text in [conversation.strip()] if text]
