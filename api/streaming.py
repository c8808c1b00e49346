"""A question that is being answered -> server-sent events: `passages`, `sentence` for each claim, `answer`; or `error`.

Only checked text is sent: the events are made from the finished answer. So there is nothing to say before it is there,
and the response begins then, with a status that tells how it went; only where that takes long it begins without, to
keep the connection, and what goes wrong afterwards is an `error` event with the body of the HTTP error.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

from starlette.responses import Response, StreamingResponse

from api.errors import error_body
from rag.deadline import Deadline
from rag.errors import RagError
from rag.serialise import answer_json, citation_json, claim_json, hit_json, to_json
from rag.types import Answer, Claim

_log = logging.getLogger(__name__)

SILENCE_S = 10.0  # proxies cut connections that say nothing, commonly after 30 or 60 seconds
_WAITING = b": waiting\n\n"  # a comment, which clients skip
_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}  # nginx: pass events on as they come


async def stream(answer: asyncio.Task[Answer], deadline: Deadline) -> Response:
    """Raises what the task raises within the first seconds; cancels the deadline where the client leaves later."""
    done, _ = await asyncio.wait({answer}, timeout=SILENCE_S)
    if done:
        answer.result()
    return StreamingResponse(_body(answer, deadline), media_type="text/event-stream", headers=_HEADERS)


async def _body(answer: asyncio.Task[Answer], deadline: Deadline) -> AsyncIterator[bytes]:
    try:
        while not answer.done():
            yield _WAITING
            await asyncio.wait({answer}, timeout=SILENCE_S)
        for event in _events(answer.result()):
            yield event
    except RagError as error:
        yield _event("error", error_body(error))
    except Exception:
        _log.exception("a question failed after its response had begun")
        yield _event("error", {"error": {"type": "internal_error", "message": "something went wrong here"}})
    finally:
        deadline.cancel()  # the client left: what the thread still finds is of no use to anyone
        answer.cancel()


def _events(answer: Answer) -> Iterator[bytes]:
    yield _event("passages", {"passages": [hit_json(hit) for hit in answer.hits]})
    for claim in answer.claims:
        yield _event("sentence", _sentence(answer, claim))
    yield _event("answer", answer_json(answer))


def _sentence(answer: Answer, claim: Claim) -> dict[str, Any]:
    """A claim, with citations where its labels were."""
    cited = [citation_json(citation) for citation in answer.citations if citation.label in claim.citations]
    return {**claim_json(claim), "citations": cited}


def _event(name: str, data: Any) -> bytes:
    """JSON has no line breaks in it, so that an event is always two lines."""
    return b"event: %s\ndata: %s\n\n" % (name.encode(), to_json(data))
