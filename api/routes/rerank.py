"""`POST /v1/rerank`: texts in the order in which they answer a query, in the form of Jina's and Cohere's interfaces.

The reader judges each text as it judges passages before it answers; long texts are read whole, in windows. Both paths
take both forms: Cohere's newer client calls `/v2/rerank`.
"""

from __future__ import annotations

import math
import uuid
from typing import Annotated, Literal, NotRequired

from fastapi import APIRouter, Request
from pydantic import BaseModel, BeforeValidator, Field, WithJsonSchema
from starlette.responses import Response
from typing_extensions import TypedDict

from api.errors import NotReady
from api.routes.dependencies import ERRORS, ServedHere, ThreadsHere, reply
from rag.deadline import Deadline
from rag.errors import InputError
from rag.retrieval.question import MAX_QUESTION
from rag.seams import PassageReader
from rag.serialise import Number
from rag.types import Passage, Sentence

RERANK_S = 60.0  # of work; then 504
MAX_TEXTS = 1000
MAX_CHARACTERS = 200_000  # of all texts together: of ordinary text less than half a minute of one core
# Of all texts together, with the query for each: 50 s of one core, since each stretch of 384 is read with the query.
MAX_TOKENS = 100_000
_QUERY_TOKENS = 64  # at most, that are read with each stretch

router = APIRouter(responses=ERRORS, tags=["questions"])


def _text_of(item: object) -> object:
    """The text of an object that holds one, as some clients send it."""
    return item["text"] if isinstance(item, dict) and "text" in item else item


_OBJECT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}
_Text = Annotated[
    str,
    Field(strict=True),
    BeforeValidator(_text_of),
    WithJsonSchema({"anyOf": [{"type": "string"}, _OBJECT]}, mode="validation"),
]


class RerankRequest(BaseModel):
    """A query, and texts to put in order."""

    query: str = Field(strict=True, max_length=MAX_QUESTION, examples=["Who found the pump?"])
    documents: Annotated[
        list[_Text],
        Field(
            min_length=1,
            max_length=MAX_TEXTS,
            fail_fast=True,
            description=f"texts, or objects with a `text`: {MAX_CHARACTERS:,} characters together at most",
            examples=[["The pump was found by Ada.", "The mill is old."]],
        ),
    ]
    model: str | None = Field(None, strict=True, max_length=200, description="the reader's name, if it is given")
    top_n: Annotated[int, Field(strict=True, ge=1)] | None = Field(
        None, description="number of results; all if left out"
    )
    return_documents: Annotated[bool, Field(strict=True)] | None = Field(False, description="repeat the texts")


class RankedTextJSON(TypedDict):
    """A text, repeated."""

    text: str


class RankedJSON(TypedDict):
    """A text by its place in the request (from 0), and the probability, 0 to 1, that it answers the query."""

    index: int
    relevance_score: Number
    document: NotRequired[RankedTextJSON]


class RerankUsageJSON(TypedDict):
    """Tokens that the reader was given, counted as the embedder counts them."""

    prompt_tokens: int
    total_tokens: int


class RerankJSON(TypedDict):
    """The texts, best first."""

    id: str
    object: Literal["list"]
    model: str
    results: list[RankedJSON]
    usage: RerankUsageJSON


@router.post("/v1/rerank", response_model=RerankJSON)
@router.post("/v2/rerank", response_model=RerankJSON, include_in_schema=False)
async def rerank(request: RerankRequest, http: Request, served: ServedHere, threads: ThreadsHere) -> Response:
    """Put texts in order by how likely each answers a query; no index takes part."""
    models = served.models()
    reader = models.reader
    if reader is None:
        raise NotReady("the reader is not loaded: `rag doctor` says why")
    _check(request, reader.name)
    texts = request.documents

    def ranked(deadline: Deadline) -> Response:
        asked, *found = (len(models.embedder.token_spans(text)) for text in (request.query, *texts))
        _check_tokens(sum(found) + len(found) * min(asked, _QUERY_TOKENS))
        scores = _scores(reader, request.query, texts, deadline)
        best = sorted(range(len(texts)), key=lambda at: -scores[at])[: request.top_n]
        results: list[RankedJSON] = [{"index": at, "relevance_score": scores[at]} for at in best]
        if request.return_documents:
            results = [{**result, "document": {"text": texts[result["index"]]}} for result in results]
        tokens = asked + sum(found)
        usage: RerankUsageJSON = {"prompt_tokens": tokens, "total_tokens": tokens}
        id = f"rerank-{uuid.uuid4().hex}"
        whole: RerankJSON = {"id": id, "object": "list", "model": reader.name, "results": results, "usage": usage}
        return reply(whole)

    return await threads.costly(ranked, RERANK_S, http.receive)


def _check(request: RerankRequest, name: str) -> None:
    """Raises `InputError` for what the schema cannot say."""
    if not request.query.strip():
        raise InputError("query: it is empty: send the words to rank by", "query")
    if request.model not in (None, name):
        raise InputError(f"model: this service ranks with {name!r}: send that, or leave it out", "model")
    if (characters := sum(map(len, request.documents))) > MAX_CHARACTERS:
        limit = f"{characters:,} characters together and the limit is {MAX_CHARACTERS:,}"
        raise InputError(f"documents: {limit}: send fewer or shorter ones", "documents")


def _check_tokens(tokens: int) -> None:
    """Raises `InputError` for texts that would not be read in time, however few characters they have."""
    if tokens > MAX_TOKENS:
        limit = f"{tokens:,} tokens, with the query for each text, and the limit is {MAX_TOKENS:,}"
        raise InputError(f"documents: {limit}: send fewer or shorter ones", "documents")


def _scores(reader: PassageReader, query: str, texts: list[str], deadline: Deadline) -> list[float]:
    """The probability of each text to answer the query, 0 to 1."""
    passages = [Passage("", "", "", 0, len(text), text, (Sentence(0, len(text)),)) for text in texts]
    return [1 / (1 + math.exp(-reading.relevance)) for reading in reader.read(query, passages, deadline)]
