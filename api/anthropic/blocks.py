"""The text of an answer -> Anthropic's content blocks, one for each sentence that cites, and their events (pure).

A citation is a `char_location`: `cited_text` is characters `start_char_index` to `end_char_index` of the document whose
id is `file_id`. `document_index` counts the documents from 0 in the order in which they are first cited; the list of
them is `rag.cited_documents` of the message.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from api.anthropic.errors import anthropic_body
from api.errors import status_of_kind
from api.openai.chat_text import Delta, Told
from api.openai.completions import rag_json, warned
from api.schemas import ErrorBody
from rag.serialise import to_json
from rag.types import Answer, AnswerStep, Citation, Claim, Retrieved

_Json = dict[str, Any]


class MessageHead(NamedTuple):
    """Fields that a message has from its beginning."""

    id: str
    model: str
    warnings: tuple[str, ...] = ()


class TextBlock(NamedTuple):
    """A piece of the text, and the places that it rests on."""

    text: str
    citations: tuple[_Json, ...] = ()

    def json(self) -> _Json:
        """The block as it stands in a message."""
        return {"type": "text", "text": self.text, "citations": list(self.citations) or None}


class MessageText:
    """The text of a message as far as it is sent."""

    def __init__(self, head: MessageHead, told: Told) -> None:
        self.head = head
        self.told = told
        self._length = 0  # characters
        self._documents: dict[str, Citation] = {}  # by id, in the order in which they are first cited

    def add(self, delta: Delta) -> list[TextBlock]:
        """Add a piece of the text; returns its blocks: sentences that cite, and what stands between them."""
        begin, end = self._length, self._length + len(delta.content)
        self._length = end
        places: dict[tuple[int, int], list[_Json]] = {}
        for claim, citation in delta.cited:
            places.setdefault(_within(claim, begin), []).append(self._location(citation))
        blocks, at = [], begin
        for (start, stop), locations in places.items():
            blocks += [TextBlock(delta.content[at - begin : start - begin])] if start > at else []
            blocks.append(TextBlock(delta.content[start - begin : stop - begin], tuple(locations)))
            at = stop
        return blocks + ([TextBlock(delta.content[at - begin :])] if end > at else [])

    def message(self, content: list[_Json], usage: _Json, finished: bool) -> _Json:
        """The message with that content."""
        return {
            "id": self.head.id,
            "type": "message",
            "role": "assistant",
            "model": self.head.model,
            "content": content,
            **(self.stop() if finished else {"stop_reason": None, "stop_sequence": None}),
            "usage": usage,
        }

    def whole(self, blocks: list[TextBlock]) -> _Json:
        """The message when its text is complete."""
        return self.message([block.json() for block in blocks], self.usage(), True) | self.extra()

    def stop(self) -> _Json:
        """The reason why the text ends."""
        sequence = self.told.stopped
        reason = "max_tokens" if self.told.finish == "length" else "stop_sequence" if sequence else "end_turn"
        return {"stop_reason": reason, "stop_sequence": sequence}

    def usage(self) -> _Json:
        """Tokens that the language model read, and tokens of the text."""
        return {"input_tokens": self.told.usage.prompt_tokens, "output_tokens": self.told.usage.completion_tokens}

    def extra(self) -> _Json:
        """The fields of this service's own: `rag`, and `warnings` if there are any."""
        told = rag_json(self.told.answer)
        for rag in told.values():
            cited = self._documents.values()
            rag["cited_documents"] = [
                {"id": one.document_id, "title": one.title, "source": one.source} for one in cited
            ]
        return told | warned(self.head.warnings)

    def _location(self, citation: Citation) -> _Json:
        self._documents.setdefault(citation.document_id, citation)
        return {
            "type": "char_location",
            "cited_text": citation.quote,
            "document_index": list(self._documents).index(citation.document_id),
            "document_title": citation.title,
            "file_id": citation.document_id,
            "start_char_index": citation.start,
            "end_char_index": citation.end,
        }


class MessageEvents:
    """Steps of an answer -> events of a message; those of an `Answer` end the stream."""

    def __init__(self, text: MessageText) -> None:
        self._text = text
        self._blocks = 0
        self._begun = False

    def encode(self, progress: AnswerStep) -> bytes:
        """The events of a step; none for passages that were found."""
        delta = self._text.told.step(progress)
        if isinstance(progress, Retrieved):
            return b""
        return self._said(delta) + (self._ending() if isinstance(progress, Answer) else b"")

    def plain(self, text: str) -> bytes:
        """The events of a text that rests on no document."""
        return self._said(self._text.told.plain(text)) + self._ending()

    def failed(self, body: ErrorBody) -> bytes:
        """An error as the last event."""
        error = body["error"]
        return _event("error", **anthropic_body(status_of_kind(error["type"]), error["message"]))

    def _said(self, delta: Delta) -> bytes:
        out = b""
        if not self._begun:
            empty = {"input_tokens": 0, "output_tokens": 0}  # the last event has the numbers
            out += _event("message_start", message=self._text.message([], empty, False))
        self._begun = True
        return out + b"".join(map(self._block, self._text.add(delta)))

    def _block(self, block: TextBlock) -> bytes:
        at = self._blocks
        self._blocks += 1
        begun: _Json = {"type": "text", "text": "", "citations": [] if block.citations else None}
        deltas: list[_Json] = [{"type": "text_delta", "text": block.text}]
        deltas += [{"type": "citations_delta", "citation": citation} for citation in block.citations]
        return (
            _event("content_block_start", index=at, content_block=begun)
            + b"".join(_event("content_block_delta", index=at, delta=delta) for delta in deltas)
            + _event("content_block_stop", index=at)
        )

    def _ending(self) -> bytes:
        last = {"delta": self._text.stop(), "usage": self._text.usage()} | self._text.extra()
        return _event("message_delta", **last) + _event("message_stop")


def _within(claim: Claim, begin: int) -> tuple[int, int]:
    """The place of a claim; of one of which a part was sent before, that of its rest."""
    return max(claim.start, begin), claim.end


def _event(kind: str, **fields: Any) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (kind.encode(), to_json({"type": kind} | fields))
