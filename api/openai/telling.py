"""Wishes of a request for the text of its answer -> the `Told` that makes it: form of citations, limits, addresses."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fastapi import Request

from api.openai.chat_text import Told
from api.openai.json_answer import Shape, ToldAsJson
from api.openai.limits import Cutter
from api.routes.links import Links, base_of
from api.served import Served
from rag.settings import Citations


def told_for(
    served: Served,
    request: Request,
    index: str,
    citations: Citations | None = None,
    stops: Sequence[str] = (),
    limits: Sequence[int | None] = (),
    shape: Shape | None = None,
) -> Told:
    """The text of an answer from `index`, with citations in the form that the request or the settings say, to the first
    of `stops`, and of as many tokens as the least of `limits`; as JSON if it has a `shape`. Raises `NotReady`."""
    form = _form(citations or served.settings.citations, request)
    most = min((limit for limit in limits if limit is not None), default=None)
    links, cutter = Links(base_of(served, request), index), Cutter(stops, most, _counter(served))
    return Told(form, links, cutter) if shape is None else ToldAsJson(links, cutter, shape)


def _form(wanted: Citations, request: Request) -> Citations:
    """The form of citations. `auto` stands for source events for Open WebUI, which is recognised by the HTTP library
    that it calls with and would show annotations without the quote, and for annotations for everyone else."""
    if wanted != "auto":
        return wanted
    return "openwebui" if "aiohttp" in request.headers.get("user-agent", "") else "annotations"


def _counter(served: Served) -> Callable[[str], int]:
    """Counter of a text's tokens: the language model's, or the embedder's if there is none. Raises `NotReady`."""
    models = served.models()
    if models.language_model is not None:
        return models.language_model.count_tokens
    return lambda text: len(models.embedder.token_spans(text))
