"""Tools for agents: `search`, `ask`, `get_document`, `list_documents`, `list_indexes`; arguments in, structured results
or one line of error out.

In: a call of the Model Context Protocol. Out: JSON by the schema that the tool's description has, as structured
content and as text, and behind it a link to each place that is cited or found (`api.agents.resources`). Answers are
shorter than over HTTP: an agent pays for each token and can ask for more.
Does not know transports; `api.caller` knows whose call it is.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple, NotRequired

from mcp.server import ServerRequestContext
from mcp_types import (
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    ResourceLink,
    TextContent,
    Tool,
    ToolAnnotations,
)
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from api.agents.resources import WINDOW, links_to
from api.errors import public
from api.schemas import FilterValues, IndexName, PassageCount, Turn
from api.served import Served
from api.work.threads import Threads
from rag.deadline import Deadline
from rag.errors import DocumentNotFound, IndexNotFound, InputError, RagError
from rag.index.filters import parse_filters
from rag.retrieval.conversation import MAX_TURNS
from rag.serialise import (
    AbstentionJSON,
    AlternativeJSON,
    ConflictJSON,
    ListedDocumentJSON,
    Number,
    answer_json,
    document_json,
    hit_json,
    selected,
    to_json,
)
from rag.types import Answer, Ask, Document, DocumentInfo, Hit, Mode

_log = logging.getLogger(__name__)

LISTED = 200  # documents in one result


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid")  # an agent that invents an argument should learn of it

    index: IndexName | None = None


class SearchArguments(_Arguments):
    """Arguments of the tool `search`."""

    query: str = Field(description="words or a question")
    k: PassageCount = 5
    filters: FilterValues = None


class AskArguments(_Arguments):
    """Arguments of the tool `ask`."""

    question: str = Field(description="one question that stands on its own")
    mode: Mode | None = Field(
        None, description="answer mode: quote, write, extract or auto; the server's default if left out"
    )
    k: PassageCount | None = Field(None, description="number of passages that the answer is drawn from at least")
    filters: FilterValues = None
    history: Annotated[list[Turn], Field(fail_fast=True, max_length=MAX_TURNS)] = Field(
        [], description="the turns before the question, oldest first: a follow-up is completed from them"
    )


class DocumentsArguments(_Arguments):
    """Arguments of the tool `list_documents`."""

    limit: int = Field(50, ge=1, le=LISTED, strict=True, description="number of documents")
    after: str | None = Field(None, max_length=4000, description="`next` of the page before")


class IndexesArguments(BaseModel):
    """Arguments of the tool `list_indexes`: none."""

    model_config = ConfigDict(extra="forbid")


class DocumentArguments(_Arguments):
    """Arguments of the tool `get_document`."""

    id: str = Field(description="a `document_id` of the other tools")
    start: int = Field(0, ge=0, strict=True, description="offset of the first character")
    end: int | None = Field(
        None, ge=0, strict=True, description=f"offset behind the last; at most {WINDOW:,} characters are returned"
    )


class FoundJSON(TypedDict):
    """A passage: characters `start` to `end` of its document."""

    document_id: str
    title: str
    source: str
    page: int | None
    section: str | None
    start: int
    end: int
    score: Number
    text: str


class SearchResult(TypedDict):
    """Passages, best first."""

    passages: list[FoundJSON]


class ToolCitationJSON(TypedDict):
    """A citation of an answer: `quote` is characters `start` to `end` of the document."""

    label: int
    document_id: str
    title: str
    source: str
    page: int | None
    section: str | None
    start: int
    end: int
    quote: str
    as_of: str | None
    stale: bool


class AskResult(TypedDict):
    """An answer with labels such as [1], explained by `citations`; if `answered` is false, `abstained` says why.
    `notices` say what else to know, such as documents of which a part could not be read. `conflicts` are values of
    other documents that cannot be right if the answer is; `alternative` is what another place says that is nearly as
    good, if it is not `sure`. `sure` is false where fewer than two of three answers of that
    `confidence` are right: then quote the documents rather than the answer. `unanswered` are the parts of the question
    that they do not answer, `documents` those that an answer about the library names. The file behind a citation that
    is `stale` changed since it was indexed."""

    answered: bool
    answer: str
    abstained: AbstentionJSON | None
    faithfulness: Number
    confidence: Number
    sure: bool
    alternative: AlternativeJSON | None
    unanswered: list[str]
    documents: list[ListedDocumentJSON]
    citations: list[ToolCitationJSON]
    notices: list[str]
    conflicts: list[ConflictJSON]


class DocumentResult(TypedDict):
    """Characters `start` to `end` of a document's `characters`; `next` is the `start` of the rest, if there is any."""

    id: str
    title: str
    source: str
    characters: int
    start: int
    end: int
    text: str
    next: NotRequired[int]


class ListedJSON(TypedDict):
    """A document: `characters` of text, of `pages` if its format has any; `notes` say what was not read of its file."""

    id: str
    title: str
    source: str
    characters: int
    pages: int | None
    modified: str | None
    notes: list[str]


class DocumentsResult(TypedDict):
    """Documents in order of their ids; `next`, if there are more, is the `after` of the next page."""

    documents: list[ListedJSON]
    next: NotRequired[str]


class IndexesResult(TypedDict):
    """The names of the indexes, and the one that is used if a call names none."""

    indexes: list[str]
    default: str


class _Offer(NamedTuple):
    title: str
    description: str
    arguments: type[BaseModel]
    result: Any


_OFFERS = {
    "search": _Offer(
        "Search documents",
        "Find the passages of the documents that fit a query, best first. No language model takes part.",
        SearchArguments,
        SearchResult,
    ),
    "ask": _Offer(
        "Ask the documents",
        "Answer a question from the documents. Every sentence of the answer is checked against the quotes it cites; "
        "if the documents do not answer, `answered` is false.",
        AskArguments,
        AskResult,
    ),
    "get_document": _Offer(
        "Read a document",
        "Read the text of a document, or a window of it, such as the text around a citation.",
        DocumentArguments,
        DocumentResult,
    ),
    "list_documents": _Offer(
        "List documents",
        "List the documents of an index, in order of their ids.",
        DocumentsArguments,
        DocumentsResult,
    ),
    "list_indexes": _Offer(
        "List indexes",
        "List the indexes, each a library of documents of its own.",
        IndexesArguments,
        IndexesResult,
    ),
}
_READ_ONLY = ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False)


class Tools:
    """The tools that an agent may call; calls wait for `loading`, if it is given."""

    def __init__(self, served: Served, threads: Threads, loading: asyncio.Task[None] | None = None) -> None:
        self._served = served
        self._threads = threads
        self._loading = loading

    async def list(self, context: ServerRequestContext[Any], params: PaginatedRequestParams | None) -> ListToolsResult:
        """List the tools, described with the names of the indexes that the caller may see."""
        names = await self._threads.reading(self._served.names)
        return ListToolsResult(tools=[_tool(name, offer, names) for name, offer in _OFFERS.items()])

    async def call(self, context: ServerRequestContext[Any], params: CallToolRequestParams) -> CallToolResult:
        """Call a tool. An error is a result with one line of text as well: the agent can read it and mend its call."""
        try:
            offer = _OFFERS.get(params.name)
            if offer is None:
                raise InputError(f"there is no tool {params.name[:80]!r}: use {', '.join(_OFFERS)}")
            asked = offer.arguments.model_validate(params.arguments or {})
            result = await self._result(asked)
            links = links_to(result, asked.index or self._served.default()) if isinstance(asked, _Arguments) else []
            return _content(to_json(result).decode(), result, links)
        except ValidationError as error:
            return _content(_line(error), None)
        except IndexNotFound as error:
            return _content(_in_tools(str(error), "list_indexes"), None)
        except DocumentNotFound as error:
            return _content(_in_tools(str(error), "list_documents"), None)
        except RagError as error:
            return _content(public(str(error)), None)
        except Exception:
            _log.exception("tool %r failed", params.name[:80])
            return _content("something went wrong here: the server's log tells what", None)

    async def _result(self, asked: BaseModel) -> Any:
        if isinstance(asked, IndexesArguments):
            found = await self._threads.reading(self._served.names)
            return IndexesResult(indexes=found, default=self._served.default())
        assert isinstance(asked, _Arguments)
        if self._loading is not None:
            await asyncio.shield(self._loading)
        if isinstance(asked, AskArguments):
            return await self._threads.question(lambda deadline: self._answer(asked, deadline))
        return await self._threads.reading(lambda: self._read(asked))

    def _answer(self, asked: AskArguments, deadline: Deadline) -> AskResult:
        history = [turn.model_dump() for turn in asked.history]
        ask = Ask(asked.question, asked.mode, asked.k, parse_filters(asked.filters), history, deadline)
        return _ask(self._served.pipeline(asked.index).ask(ask))

    def _read(self, asked: _Arguments) -> SearchResult | DocumentResult | DocumentsResult:
        pipeline = self._served.pipeline(asked.index)
        if isinstance(asked, SearchArguments):
            return _search(pipeline.search(asked.query, asked.k, parse_filters(asked.filters)))
        if isinstance(asked, DocumentsArguments):
            return _listed(pipeline.listed(asked.after, asked.limit + 1), asked.limit)
        assert isinstance(asked, DocumentArguments)
        return _window(pipeline.document(asked.id), asked.start, asked.end)


def _tool(name: str, offer: _Offer, indexes: list[str]) -> Tool:
    schema = offer.arguments.model_json_schema()
    if "index" in schema.get("properties", {}):
        schema["properties"]["index"]["description"] = (
            f"one of: {', '.join(indexes) or 'none yet'}; the default if left out"
        )
    return Tool(
        name=name,
        title=offer.title,
        description=offer.description,
        input_schema=schema,
        output_schema=TypeAdapter(offer.result).json_schema(),
        annotations=_READ_ONLY,
    )


def _content(text: str, result: Any, links: Sequence[ResourceLink] = ()) -> CallToolResult:
    return CallToolResult(
        content=[TextContent(type="text", text=text), *links], structured_content=result, is_error=result is None
    )


def _in_tools(message: str, tool: str) -> str:
    """The error, with the tool that helps in place of a route or a command, of which an agent knows nothing."""
    return f"{public(message).partition(': ')[0]}: call `{tool}` for those that there are"


def _line(error: ValidationError) -> str:
    """The first problem, in one line that does not repeat what was sent."""
    problem = error.errors()[0]
    return f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"


def _search(hits: list[Hit]) -> SearchResult:
    return {"passages": [selected(hit_json(hit), FoundJSON) for hit in hits]}


def _ask(answer: Answer) -> AskResult:
    whole = answer_json(answer)
    return {
        **selected(whole, AskResult),
        "citations": [selected(cited, ToolCitationJSON) for cited in whole["citations"]],
    }


def _listed(found: Sequence[DocumentInfo], limit: int) -> DocumentsResult:
    """The first `limit` documents, with `next` if there are more."""
    result: DocumentsResult = {"documents": [selected(document_json(info), ListedJSON) for info in found[:limit]]}
    if len(found) > limit:
        result["next"] = found[limit - 1].id
    return result


def _window(document: Document, start: int, end: int | None) -> DocumentResult:
    """A range of at most `WINDOW` characters. Raises `InputError` if `start` is behind `end` or the document's end."""
    length = len(document.text)
    if start > length or (end is not None and end < start):
        raise InputError(f"{start} to {end} is not a range of a document of {length} characters", "start")
    stop = min(length, start + WINDOW, length if end is None else end)
    window: DocumentResult = {
        "id": document.id,
        "title": document.title,
        "source": document.source,
        "characters": length,
        "start": start,
        "end": stop,
        "text": document.text[start:stop],
    }
    if stop < length:
        window["next"] = stop
    return window
