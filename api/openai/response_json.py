"""The text of an answer -> the JSON of a response, whole or in events, as OpenAI's Responses API has it (pure).

A citation is a `url_citation`, whose `start_index` to `end_index` is the sentence that rests on the cited place; for a
request with the tool `file_search` it is a `file_citation`, whose `index` is the end of that sentence. Beside OpenAI's
own fields: `rag` and `warnings`, as in chat completions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from api.openai.chat_text import Delta, Told
from api.openai.completions import rag_json, warned
from api.openai.errors import openai_body
from api.schemas import ErrorBody
from rag.serialise import to_json
from rag.types import Answer, AnswerStep, Retrieved

_Json = dict[str, Any]


class ResponseHead(NamedTuple):
    """Fields that a response has from its beginning; `echoed` are those of the request that it gives back."""

    id: str
    message_id: str
    created: int  # Unix seconds
    model: str
    files: bool  # citations are of files
    echoed: _Json
    warnings: tuple[str, ...] = ()

    def json(self, status: str, output: Sequence[_Json], usage: _Json | None = None) -> _Json:
        """The response in that state."""
        fixed = {"error": None, "incomplete_details": None, "instructions": None, "parallel_tool_calls": False}
        tools: _Json = {
            "tools": [],
            "tool_choice": "auto",
            "truncation": "disabled",
            "reasoning": None,
            "background": False,
        }
        head = {"id": self.id, "object": "response", "created_at": self.created, "status": status, "model": self.model}
        return head | fixed | tools | self.echoed | {"output": list(output), "usage": usage}

    def item(self, status: str, content: Sequence[_Json]) -> _Json:
        """The message, the only item of the output."""
        item = {"id": self.message_id, "type": "message", "role": "assistant"}
        return item | {"status": status, "content": list(content)}


class ResponseText:
    """The text of a response as far as it is sent, with its annotations."""

    def __init__(self, head: ResponseHead, told: Told) -> None:
        self.head = head
        self.told = told
        self.text = ""
        self.annotations: list[_Json] = []

    def add(self, delta: Delta) -> list[_Json]:
        """Add a piece of the text; returns its annotations."""
        self.text += delta.content
        new = _files(delta) if self.head.files else [_flat(item) for item in delta.annotations]
        self.annotations += new
        return new

    def part(self) -> _Json:
        """The text so far, as the content of the message."""
        return {"type": "output_text", "text": self.text, "annotations": list(self.annotations), "logprobs": []}

    def whole(self) -> _Json:
        """The response when its text is complete."""
        cut = self.told.finish == "length"
        status = "incomplete" if cut else "completed"
        done = self.head.json(status, [self.head.item(status, [self.part()])], _usage(self.told))
        reason = {"incomplete_details": {"reason": "max_output_tokens"}} if cut else {}
        return done | reason | rag_json(self.told.answer) | warned(self.head.warnings)


class ResponseEvents:
    """Steps of an answer -> events of a response; those of an `Answer` end the stream."""

    def __init__(self, text: ResponseText) -> None:
        self._text = text
        self._head = text.head
        self._place = {"item_id": text.head.message_id, "output_index": 0, "content_index": 0}
        self._sent = 0
        self._begun = False

    def encode(self, progress: AnswerStep) -> bytes:
        """The events of a step; none for passages that were found."""
        if isinstance(progress, Retrieved):
            self._text.told.step(progress)
            return b""
        return self._said(self._text.told.step(progress)) + (self._ending() if isinstance(progress, Answer) else b"")

    def plain(self, text: str) -> bytes:
        """The events of a text that rests on no document."""
        return self._said(self._text.told.plain(text)) + self._ending()

    def failed(self, body: ErrorBody) -> bytes:
        """An error as the last event."""
        error = openai_body(body)["error"]
        return self._event("error", code=error.get("code"), message=error["message"], param=error.get("param"))

    def _said(self, delta: Delta) -> bytes:
        out = b"" if self._begun else self._beginning()
        self._begun = True
        before = len(self._text.annotations)
        new = self._text.add(delta)
        if delta.content:
            out += self._event("response.output_text.delta", **self._place, delta=delta.content, logprobs=[])
        for number, annotation in enumerate(new, before):
            kind = "response.output_text.annotation.added"
            out += self._event(kind, **self._place, annotation_index=number, annotation=annotation)
        return out

    def _beginning(self) -> bytes:
        response = self._head.json("in_progress", [])
        item = self._head.item("in_progress", [])
        return (
            self._event("response.created", response=response)
            + self._event("response.in_progress", response=response)
            + self._event("response.output_item.added", output_index=0, item=item)
            + self._event("response.content_part.added", **self._place, part=self._text.part())
        )

    def _ending(self) -> bytes:
        part, whole = self._text.part(), self._text.whole()
        return (
            self._event("response.output_text.done", **self._place, text=self._text.text, logprobs=[])
            + self._event("response.content_part.done", **self._place, part=part)
            + self._event("response.output_item.done", output_index=0, item=whole["output"][0])
            + self._event(f"response.{whole['status']}", response=whole)
        )

    def _event(self, kind: str, **fields: Any) -> bytes:
        event = {"type": kind, "sequence_number": self._sent} | fields
        self._sent += 1
        return b"event: %s\ndata: %s\n\n" % (kind.encode(), to_json(event))


def _flat(annotation: _Json) -> _Json:
    """An annotation of a chat completion as one of a response."""
    return {"type": annotation["type"], **annotation[annotation["type"]]}


def _files(delta: Delta) -> list[_Json]:
    return [
        {"type": "file_citation", "file_id": cited.document_id, "filename": cited.title, "index": claim.end}
        for claim, cited in delta.cited
    ]


def _usage(told: Told) -> _Json:
    read, said = told.usage.prompt_tokens, told.usage.completion_tokens
    details = {
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": 0},
    }
    return {"input_tokens": read, "output_tokens": said, "total_tokens": read + said} | details
