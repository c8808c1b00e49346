"""The application: routes, pages and error table around what is served, with the life of the models.

In: settings, and how to load models and open an index (the tests bring their own). Out: an ASGI application. Models
load in a thread after the start, so `/healthz` answers at once and `/readyz` says what is still missing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import TYPE_CHECKING

from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute

from api import errors
from api.agents import mcp
from api.anthropic import messages
from api.middleware.access import DESCRIBED, Access, check_keys, keys_needed
from api.middleware.guard import Guard
from api.middleware.requests import Drain, Requests
from api.observing.metrics import Metrics
from api.observing.observer import Observer
from api.observing.spans import Spans
from api.observing.traces import Traces
from api.openai import chat, models, responses
from api.openai.conversations import Conversations
from api.routes import (
    answers,
    documents,
    health,
    indexes,
    metrics,
    originals,
    pages,
    questions,
    rerank,
    retrieval,
    unread,
)
from api.served import LoadModels, OpenPipeline, Served
from api.server.run import run_server
from api.work.citation_boxes import CitationBoxes
from api.work.threads import Threads
from api.work.upload_jobs import Jobs
from rag import __version__
from rag.index.sources import without_path
from rag.originals.viewer import Viewer
from rag.settings import Settings
from rag.state.open import open_keys, open_state

if TYPE_CHECKING:
    from rag.models import Models
    from rag.pipeline import Pipeline

_log = logging.getLogger(__name__)

_ABOUT = (
    "Answers from your own documents, in which every sentence is checked against the characters it cites. "
    "`start` and `end` count Unicode code points of a document's text."
)


def create_app(
    settings: Settings,
    load: LoadModels | None = None,
    open_index: OpenPipeline | None = None,
    spans: Spans | None = None,
) -> FastAPI:
    """The ASGI application. `load` and `open_index` default to those of `rag.models` and `rag.pipeline`."""
    app = FastAPI(
        title="rag",
        version=__version__,
        description=_ABOUT,
        lifespan=_lifespan,
        docs_url=None,  # FastAPI's own pages load from another host
        redoc_url=None,
        redirect_slashes=False,
        routes=list(_routes()),
    )
    open_plain = open_index or _open_pipeline
    app.state.served = Served(
        settings, load or _load_models, lambda of, models: observer.observed(open_plain(of, models))
    )
    lookup = metrics.Lookup(app.state.served)
    app.state.metrics = Metrics(lookup.indexes, lookup.waiting)
    app.state.state = open_state(settings)
    if app.state.state:
        app.state.state.tell = _log.warning
    app.state.keys = open_keys(settings, app.state.state)
    app.state.traces = Traces(settings, app.state.metrics.traces_lost.inc, app.state.state)
    app.state.conversations = Conversations(app.state.traces)
    app.state.spans = spans
    app.state.drain = Drain()
    observer = Observer(app.state.metrics, app.state.traces, spans)
    app.add_middleware(Access, settings=settings, keys=app.state.keys)
    app.add_middleware(Guard)
    app.add_middleware(Requests, metrics=app.state.metrics, drain=app.state.drain, spans=spans)  # the last is outermost
    errors.install_errors(app)
    pages.install_pages(app)
    mcp.install_mcp(app)
    return app


def serve(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM. Raises `RagError` if the address cannot be listened on, or if API keys are needed
    and none exists."""
    check_keys(settings)
    spans = Spans.open(settings.trace_text) if settings.spans else None
    run_server(
        settings.host,
        settings.port,
        lambda: create_app(settings, spans=spans),
        settings.log_format,
        guarded=keys_needed(settings),
    )


@cache
def _routes() -> list[BaseRoute]:
    """The routes of every application of this process: FastAPI builds those of a router when they are first looked at,
    which takes as long as the rest of the start."""
    whole = APIRouter()
    wires = (retrieval, rerank, chat, responses, messages, models)
    for part in (originals, documents, unread, indexes, questions, *wires, answers, metrics):
        whole.include_router(part.router, dependencies=[DESCRIBED])
    whole.include_router(health.router)
    return whole.routes


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    served: Served = app.state.served
    app.state.threads = Threads(served.settings.queue, served.settings.answer_seconds)
    app.state.viewer = Viewer()
    app.state.boxes = CitationBoxes(app.state.viewer)
    app.state.jobs = Jobs(served, app.state.state)
    app.state.traces.start()
    loading = asyncio.create_task(asyncio.to_thread(served.load))
    await asyncio.to_thread(app.state.jobs.start)
    try:
        async with mcp.running(app):
            yield
    finally:
        await asyncio.to_thread(app.state.threads.close)
        app.state.boxes.close()
        await asyncio.to_thread(app.state.viewer.close)
        await asyncio.to_thread(app.state.jobs.close)
        await loading  # a thread cannot be stopped; it takes seconds
        await asyncio.to_thread(served.close)
        await asyncio.to_thread(app.state.traces.close)
        if app.state.state:
            app.state.state.close()
        if app.state.spans:
            await asyncio.to_thread(app.state.spans.close)


def _load_models(settings: Settings) -> Models:
    from rag.models import load_models  # in the thread that loads: the import alone takes seconds

    return load_models(settings)


def _open_pipeline(settings: Settings, models: Models) -> Pipeline:
    from rag.pipeline import open_pipeline

    return open_pipeline(settings, models, shown=without_path)
