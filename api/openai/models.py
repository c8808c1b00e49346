"""`GET /v1/models` and `POST /v1/embeddings`: the indexes as models, and the embedder of the service."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
from fastapi import APIRouter, Request
from starlette.responses import Response
from typing_extensions import TypedDict

from api.openai.errors import ModelNotFound, OpenAIErrorBody, OpenAIRoute, Refused
from api.openai.names import embedder_of, index_of, model_of
from api.openai.schemas import EmbeddingsRequest
from api.routes.dependencies import ServedHere, ThreadsHere, reply
from api.served import Served
from rag.deadline import Deadline
from rag.seams import Embedder
from rag.text.encodable import encodable
from rag.types import Passage, Sentence, Vectors

MAX_CHARACTERS = 200_000  # of all inputs together: about half a minute of two cores
EMBED_S = 60.0  # of work; then 504
_AT_ONCE = 16  # texts between two looks at the deadline: about half a second
OWNER = "rag"

router = APIRouter(
    route_class=OpenAIRoute,
    tags=["OpenAI-compatible"],
    responses={"4XX": {"model": OpenAIErrorBody}, "5XX": {"model": OpenAIErrorBody}},
)


class ModelJSON(TypedDict):
    """An index that can be asked. `created` is when it last changed, in Unix seconds."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class ModelsJSON(TypedDict):
    """The models of the service: one for each index."""

    object: Literal["list"]
    data: list[ModelJSON]


@router.get("/v1/models", response_model=ModelsJSON)
async def models(served: ServedHere, threads: ThreadsHere) -> Response:
    """List the indexes, each as a model; one whose first documents are still being read is not there yet."""
    return reply({"object": "list", "data": await threads.reading(lambda: list(_offered(served)))})


@router.get("/v1/models/{id:path}", response_model=ModelJSON)
async def model(id: str, served: ServedHere, threads: ThreadsHere) -> Response:
    """Show one model. The slash in its name may be sent as it is or percent-encoded."""
    return reply(await threads.reading(lambda: _one(served, id)))


@router.post("/v1/embeddings")
async def embeddings(body: EmbeddingsRequest, http: Request, served: ServedHere, threads: ThreadsHere) -> Response:
    """Embed texts as documents are embedded, into unit vectors. A text that is too long is refused, not truncated."""
    name = embedder_of(served.settings.embedder)
    if body.model != name:
        raise ModelNotFound(body.model, f"this service embeds with {name!r}")
    texts = [encodable(text) for text in ([body.input] if isinstance(body.input, str) else body.input)]
    embedder = served.models().embedder
    encode = _base64 if body.encoding_format == "base64" else _floats

    def embedded(deadline: Deadline) -> Response:
        tokens = _count(texts, embedder, body.dimensions)
        vectors = _embed(texts, embedder, deadline)
        data = [{"object": "embedding", "index": i, "embedding": encode(vector)} for i, vector in enumerate(vectors)]
        return reply({"object": "list", "data": data, "model": name, "usage": _usage(tokens)})

    return await threads.costly(embedded, EMBED_S, http.receive)


def _offered(served: Served) -> Iterator[ModelJSON]:
    return (found for name in served.names() if (found := _model_json(served, name))["created"])


def _one(served: Served, id: str) -> ModelJSON:
    index_of(id, served.names())
    found = next((model for model in _offered(served) if model["id"] == id), None)
    if found is None:
        raise ModelNotFound(id, "its index is being made: ask again when `rag index` has read the first documents")
    return found


def _model_json(served: Served, name: str) -> ModelJSON:
    return {"id": model_of(name), "object": "model", "created": served.changed(name), "owned_by": OWNER}


def _count(texts: list[str], embedder: Embedder, dimensions: int | None) -> int:
    """Number of tokens of all texts. Raises `Refused` for texts or dimensions that the embedder does not have."""
    if dimensions not in (None, embedder.dimension):
        raise Refused(f"dimensions: the embedder has {embedder.dimension}: leave it out", "dimensions")
    if (characters := sum(map(len, texts))) > MAX_CHARACTERS:
        raise Refused(f"input: {characters:,} characters and the limit is {MAX_CHARACTERS:,}: send fewer", "input")
    total = 0
    for number, text in enumerate(texts):
        tokens = len(embedder.token_spans(text))
        if not 0 < tokens <= embedder.max_tokens:
            limit = f"{tokens} tokens; it can have 1 to {embedder.max_tokens}"
            raise Refused(f"input: text {number} has {limit}: send it in pieces", "input", "invalid_value")
        total += tokens
    return total


def _embed(texts: list[str], embedder: Embedder, deadline: Deadline) -> list[Vectors]:
    passages = [Passage("", "", "", 0, len(text), text, (Sentence(0, len(text)),)) for text in texts]
    vectors: list[Vectors] = []
    for begin in range(0, len(passages), _AT_ONCE):
        deadline.check()
        vectors += [embedding.passage for embedding in embedder.embed_passages(passages[begin : begin + _AT_ONCE])]
    return vectors


def _floats(vector: Vectors) -> Any:
    return vector.tolist()


def _base64(vector: Vectors) -> Any:
    """The vector as little-endian float32 in base64, as OpenAI encodes it."""
    return base64.b64encode(np.asarray(vector, "<f4").tobytes()).decode("ascii")


def _usage(tokens: int) -> dict[str, int]:
    return {"prompt_tokens": tokens, "total_tokens": tokens}
