"""`GET /metrics`: what `api.observing.metrics` counted, and what is looked up at each scrape.

In: the served indexes and models. Out: text for Prometheus. Only indexes that were opened are listed, and their
documents are counted once for each generation.
"""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, Response

from api.caller import caller
from api.observing.metrics import CONTENT_TYPE, IndexState, Metrics
from api.routes.dependencies import ThreadsHere
from api.served import Served
from rag.errors import RagError

router = APIRouter(tags=["service"])


@router.get("/metrics", response_class=PlainTextResponse)
async def metrics(request: Request, threads: ThreadsHere) -> Response:
    """Show figures for Prometheus: requests, questions, tokens, seconds by step, abstentions, and indexes that the
    caller may see."""
    counted: Metrics = request.app.state.metrics
    return Response(await threads.probing(lambda: counted.text(caller().sees)), headers={"Content-Type": CONTENT_TYPE})


class Lookup:
    """The two functions that `Metrics` calls at each scrape."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._counted: dict[str, IndexState] = {}

    def indexes(self) -> list[IndexState]:
        """States of the open indexes, without those that cannot be read now."""
        states = []
        for pipeline in self._served.opened():
            try:
                generation = pipeline.generation
                known = self._counted.get(pipeline.name)
                if known is None or known.generation != generation:
                    known = IndexState(pipeline.name, generation, len(pipeline.documents()))
                    self._counted[pipeline.name] = known
            except RagError:
                continue
            states.append(known)
        return states

    def waiting(self) -> int | None:
        """Number of questions that wait for the language model; None if there is none, or it is not loaded yet."""
        try:
            model = self._served.models().language_model
        except RagError:
            return None
        return model.waiting if model else None
