"""The text of a completion -> its JSON, whole or in chunks, as OpenAI's API has it (pure).

Beside OpenAI's own fields: `sources` (whole) or `event` (in a chunk), which Open WebUI reads, and `rag`, which tells an
abstention from an answer, how sure it is, and has the documents that an answer about the library names; and `warnings`
about fields of the request that have no effect. A chunk with an event has an empty delta, so other clients skip it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from api.openai.chat_text import Delta, Told
from api.openai.errors import openai_body
from api.schemas import ErrorBody
from rag.serialise import listed_json, to_json
from rag.types import Answer, AnswerStep, Retrieved

DONE = b"data: [DONE]\n\n"


class Head(NamedTuple):
    """Fields that every chunk of a completion repeats."""

    id: str
    created: int  # Unix seconds
    model: str

    def json(self, kind: str) -> dict[str, Any]:
        """The fields as JSON; `kind` is the value of `object`."""
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}


def completion(head: Head, told: Told, deltas: Iterable[Delta], warnings: Sequence[str] = ()) -> dict[str, Any]:
    """The whole completion, of all its deltas; `told` must be complete."""
    said = list(deltas)
    content = "".join(delta.content for delta in said)
    annotations = [item for delta in said for item in delta.annotations]
    message = {"role": "assistant", "content": content, "refusal": None, "annotations": annotations}
    sources = [item for delta in said for item in delta.sources]
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": told.finish}
    extra = ({"sources": sources} if sources else {}) | rag_json(told.answer) | warned(warnings)
    return head.json("chat.completion") | {"choices": [choice], "usage": _usage(told)} | extra


class Chunks:
    """Steps of an answer -> chunks as server-sent events; the last one ends the stream."""

    def __init__(self, head: Head, told: Told, with_usage: bool, warnings: Sequence[str] = ()) -> None:
        self._head = head
        self._told = told
        self._with_usage = with_usage
        self._warnings = warnings
        self._begun = False
        self._annotated = 0

    def encode(self, progress: AnswerStep) -> bytes:
        """The chunks of a step, none for one that says nothing; those of an `Answer` end the stream."""
        delta = self._told.step(progress)
        if isinstance(progress, Retrieved) and delta.status is None:
            return b""
        return self._said(delta) + (self._ending() if isinstance(progress, Answer) else b"")

    def plain(self, text: str) -> bytes:
        """The chunks of a text that rests on no document, with the end of the stream."""
        return self._said(self._told.plain(text)) + self._ending()

    def failed(self, body: ErrorBody) -> bytes:
        """An error as an event, with the end of the stream."""
        return _data(openai_body(body)) + DONE

    def _said(self, delta: Delta) -> bytes:
        out = b"" if self._begun else self._chunk({"role": "assistant", "content": "", "refusal": None})
        self._begun = True
        if delta.status is not None:
            status = {"action": "knowledge_search", "description": delta.status.line, "done": delta.status.done}
            out += self._chunk({}, event={"type": "status", "data": status})
        for item in delta.sources:
            out += self._chunk({}, event={"type": "source", "data": item})
        if delta.content:
            out += self._chunk({"content": delta.content} | self._annotations(delta))
        elif delta.annotations:
            out += self._chunk(self._annotations(delta))
        return out

    def _annotations(self, delta: Delta) -> dict[str, Any]:
        """Annotations of a delta, numbered through the whole stream: the `openai` package joins lists by `index`."""
        numbered = [{"index": self._annotated + i, **item} for i, item in enumerate(delta.annotations)]
        self._annotated += len(numbered)
        return {"annotations": numbered} if numbered else {}

    def _ending(self) -> bytes:
        last = self._chunk({}, self._told.finish, **rag_json(self._told.answer), **warned(self._warnings))
        if self._with_usage:
            last += _data(self._head.json("chat.completion.chunk") | {"choices": [], "usage": _usage(self._told)})
        return last + DONE

    def _chunk(self, delta: dict[str, Any], finish: str | None = None, **extra: Any) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        usage = {"usage": None} if self._with_usage else {}
        return _data(self._head.json("chat.completion.chunk") | {"choices": [choice]} | usage | extra)


def _usage(told: Told) -> dict[str, int]:
    read, said = told.usage.prompt_tokens, told.usage.completion_tokens
    return {"prompt_tokens": read, "completion_tokens": said, "total_tokens": read + said}


def warned(warnings: Sequence[str]) -> dict[str, Any]:
    """The field `warnings`; none if there are none."""
    return {"warnings": list(warnings)} if warnings else {}


def rag_json(answer: Answer | None) -> dict[str, Any]:
    """The field `rag`; none if nothing was answered."""
    if answer is None:
        return {}
    reason = answer.abstained.reason if answer.abstained else None
    told = {
        "id": answer.id,
        "answered": answer.answered,
        "abstained": reason,
        "faithfulness": answer.faithfulness,
        "confidence": answer.confidence,
        "sure": answer.sure,
        "unanswered": list(answer.unanswered),
        "documents": [listed_json(document) for document in answer.documents],
        "resolved_question": answer.resolved_question,
    }
    return {"rag": told}


def _data(value: Any) -> bytes:
    return b"data: %s\n\n" % to_json(value)
