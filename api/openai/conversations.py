"""Answers that a later request continues by their id, as OpenAI's `previous_response_id` does.

In: the turns of an answered request. Out: the same by the id of its response. The newest are held in memory, of this
process alone. If the setting `trace_text` keeps answers with their text, the last turn of an older one, or of one that
another process gave, is read from there. Nothing is written to the disk here.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import NamedTuple

from api.caller import caller
from api.observing.traces import Traces
from api.openai.errors import Refused
from rag.errors import RagError
from rag.retrieval.conversation import READ_CHARACTERS, READ_TURNS
from rag.types import Message

_log = logging.getLogger(__name__)

MOST = 1000  # responses that are held: 50 kB each at most
_PREFIX = "resp_"


class _Held(NamedTuple):
    library: str  # the index
    turns: tuple[Message, ...]


class Conversations:
    """The turns of the newest responses. Any thread may call."""

    def __init__(self, traces: Traces) -> None:
        self._traces = traces
        self._held: dict[str, _Held] = {}
        self._lock = threading.Lock()

    def keep(self, id: str, index: str, turns: Sequence[Message]) -> None:
        """Hold the turns of the response `id`, its answer included; of long ones what a follow-up reads."""
        short = tuple(turn._replace(content=turn.content[:READ_CHARACTERS]) for turn in turns[-READ_TURNS:])
        with self._lock:
            self._held[id] = _Held(index, short)
            while len(self._held) > MOST:
                del self._held[next(iter(self._held))]

    def turns(self, id: str | None) -> tuple[Message, ...]:
        """The turns up to the response `id`, oldest first; none without an id. Raises `Refused` if it is not known, or
        is of an index that the caller may not see."""
        if id is None:
            return ()
        held = self._held.get(id) or self._traced(id)
        if held is None or not caller().sees(held.library):
            raise Refused(
                f"no response {id[:80]!r} is kept: send the earlier turns in `input`",
                "previous_response_id",
                "previous_response_not_found",
            )
        return held.turns

    def _traced(self, id: str) -> _Held | None:
        try:
            record = self._traces.get(answer_id(id))
        except RagError as exc:
            _log.error("%s", exc)
            return None
        if record is None or (answer := record["answer"]) is None:
            return None
        asked = answer["resolved_question"] or answer["question"]
        return _Held(record["index"]["name"], (Message("user", asked), Message("assistant", answer["answer"])))


def answer_id(response_id: str) -> str:
    """The id of the answer that a response gives: "resp_5f" -> "ans_5f"."""
    return f"ans_{response_id.removeprefix(_PREFIX)}"


def response_id(number: str) -> str:
    """The id of a response, of a number in hex."""
    return _PREFIX + number
