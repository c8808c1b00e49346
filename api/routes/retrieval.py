"""Search in the forms of programs that bring their own language model: Dify's `POST /retrieval`, and the external web
search of Open WebUI.

Both find what `/v1/search` finds. Does not answer: the program that asks does.
"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response
from typing_extensions import TypedDict

from api.routes.dependencies import ERRORS, ServedHere, ThreadsHere, reply
from api.routes.links import Links, base_of, heading
from api.schemas import IndexName, PassageCount
from rag.errors import InputError
from rag.index.filters import MAX_VALUES, parse_filters
from rag.serialise import Number
from rag.types import Hit

_CONDITIONS = 50  # of one request
_EQUAL = ("is", "=", "in")

router = APIRouter(responses=ERRORS, tags=["questions"])


class RetrievalSetting(BaseModel):
    """The number of records, and the score, 0 to 1, that each has at least."""

    top_k: PassageCount = 5
    score_threshold: float | None = Field(0.0, strict=True, ge=0, le=1, allow_inf_nan=False)


_Value = Annotated[str, Field(strict=True, min_length=1)]


class Condition(BaseModel):
    """A condition on the documents' metadata. The operators that are understood are `is`, `=` and `in`."""

    name: _Value = Field(examples=["type"])
    comparison_operator: Annotated[str, Field(strict=True)] = Field(examples=["is"])
    value: _Value | Annotated[list[_Value], Field(fail_fast=True, min_length=1, max_length=MAX_VALUES)] | None = Field(
        None, examples=["pdf"]
    )


class MetadataCondition(BaseModel):
    """Conditions that all hold."""

    logical_operator: Literal["and", "or"] | None = "and"
    conditions: Annotated[list[Condition], Field(fail_fast=True)] | None = Field(None, max_length=_CONDITIONS)


class RetrievalRequest(BaseModel):
    """A query of Dify to an index, which is its "external knowledge id"."""

    knowledge_id: IndexName
    query: Annotated[str, Field(strict=True, examples=["pump"])]
    retrieval_setting: RetrievalSetting = RetrievalSetting()
    metadata_condition: MetadataCondition | None = None


class RecordMetadataJSON(TypedDict):
    """The place of a record: characters `start` to `end` of the document, and the address that shows it."""

    document_id: str
    source: str
    page: int | None
    section: str | None
    start: int
    end: int
    url: str


class RecordJSON(TypedDict):
    """A passage as Dify reads it; `score` is 0 to 1."""

    content: str
    score: Number
    title: str
    metadata: RecordMetadataJSON


class RetrievalJSON(TypedDict):
    """Passages, best first."""

    records: list[RecordJSON]


class WebResultJSON(TypedDict):
    """A passage as Open WebUI reads a result of a web search."""

    link: str
    title: str
    snippet: str


class ExternalSearchRequest(BaseModel):
    """A query of Open WebUI."""

    query: Annotated[str, Field(strict=True, examples=["pump"])]
    count: PassageCount = 5


@router.post("/retrieval", response_model=RetrievalJSON)
async def retrieval(request: RetrievalRequest, http: Request, served: ServedHere, threads: ThreadsHere) -> Response:
    """Find passages for Dify, as an external knowledge base: its endpoint is this server, its id the index."""
    setting, filters = request.retrieval_setting, parse_filters(_filters(request.metadata_condition))
    links = Links(base_of(served, http), request.knowledge_id)
    hits = await threads.reading(
        lambda: served.pipeline(request.knowledge_id).search(request.query, setting.top_k, filters), http.receive
    )
    least = setting.score_threshold or 0.0
    return reply({"records": [_record(hit, links) for hit in hits if hit.score >= least]})


@router.post("/v1/search/external", response_model=list[WebResultJSON])
async def external_search(
    request: ExternalSearchRequest,
    http: Request,
    served: ServedHere,
    threads: ThreadsHere,
    index: Annotated[str | None, Query(max_length=64)] = None,
) -> Response:
    """Find passages for Open WebUI, as its external web search; `index` chooses one other than the default."""
    name = served.default() if index is None else index
    links = Links(base_of(served, http), name)
    hits = await threads.reading(lambda: served.pipeline(name).search(request.query, request.count), http.receive)
    return reply([{"link": links.to_hit(hit), "title": _title(hit), "snippet": hit.passage.text} for hit in hits])


def _record(hit: Hit, links: Links) -> RecordJSON:
    passage = hit.passage
    return {
        "content": passage.text,
        "score": hit.score,
        "title": _title(hit),
        "metadata": {
            "document_id": passage.document_id,
            "source": passage.source,
            "page": passage.page,
            "section": passage.section,
            "start": passage.start,
            "end": passage.end,
            "url": links.to_hit(hit),
        },
    }


def _title(hit: Hit) -> str:
    return heading(hit.passage.title, hit.passage.page)


def _filters(condition: MetadataCondition | None) -> dict[str, object]:
    """Conditions as filters. Raises `InputError` for those that are none."""
    conditions = (condition and condition.conditions) or []
    if condition and condition.logical_operator == "or" and len(conditions) > 1:
        raise InputError(
            "metadata_condition: conditions are joined by 'and' here: send them apart", "metadata_condition"
        )
    found: dict[str, object] = {}
    for one in conditions:
        if one.comparison_operator not in _EQUAL or one.value is None:
            understood = "'is', '=' and 'in', each with a value"
            raise InputError(
                f"metadata_condition: {one.comparison_operator[:40]!r} is not understood: use {understood}",
                "metadata_condition",
            )
        if one.name in found:
            raise InputError(
                f"metadata_condition: {one.name[:80]!r} stands twice: join its values with 'in'", "metadata_condition"
            )
        found[one.name] = one.value
    return found
