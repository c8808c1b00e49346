"""Documents as resources of the Model Context Protocol: links to cited places, and reading one.

A resource is `rag://INDEX/DOCUMENT#char=START,END`: characters of a document's text, counted in code points, as in
RFC 5147; without the fragment, the text from its beginning. At most `WINDOW` characters are read at once.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

from mcp import MCPError
from mcp.server import ServerRequestContext
from mcp_types import (
    INVALID_PARAMS,
    ListResourceTemplatesResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
    ResourceLink,
    ResourceTemplate,
    TextResourceContents,
)

from api.errors import public
from api.served import Served
from api.work.threads import Threads
from rag.errors import RagError

_log = logging.getLogger(__name__)

WINDOW = 20_000  # characters of a document in one result: about 5,000 tokens
_URI = re.compile(r"rag://([^/#?]{1,200})/([^#?]{1,4000})(?:#char=(\d{1,12}),(\d{1,12}))?")
_FORM = "rag://INDEX/DOCUMENT or rag://INDEX/DOCUMENT#char=START,END"
_MIME = "text/plain"


class ResourcePlace(NamedTuple):
    """Characters `start` to `end` of a document of an index."""

    library: str  # the index
    document_id: str
    start: int
    end: int

    @property
    def uri(self) -> str:
        """The address of the resource."""
        return f"rag://{quote(self.library)}/{quote(self.document_id, errors='replace')}#char={self.start},{self.end}"


class Resources:
    """The documents that an agent may read; calls wait for `loading`, if it is given."""

    def __init__(self, served: Served, threads: Threads, loading: asyncio.Task[None] | None = None) -> None:
        self._served = served
        self._threads = threads
        self._loading = loading

    async def templates(
        self, context: ServerRequestContext[Any], params: PaginatedRequestParams | None
    ) -> ListResourceTemplatesResult:
        """List the form of the addresses; `list_documents` lists the documents."""
        document = ResourceTemplate(
            name="document",
            title="A document's text",
            uri_template="rag://{index}/{+document}",
            description=f"The text of a document, or with #char=START,END a part of it; {WINDOW:,} characters at most",
            mime_type=_MIME,
        )
        return ListResourceTemplatesResult(resource_templates=[document])

    async def read(self, context: ServerRequestContext[Any], params: ReadResourceRequestParams) -> ReadResourceResult:
        """Read a place. Raises `MCPError` with one line for an address of another form, or of nothing."""
        found = _URI.fullmatch(params.uri[:5000])
        if found is None:
            raise MCPError(INVALID_PARAMS, f"{params.uri[:200]!r} is no address of a document: use {_FORM}")
        if self._loading is not None:
            await asyncio.shield(self._loading)
        start, end = int(found[3] or 0), int(found[4]) if found[4] else None
        try:
            document = await self._threads.reading(
                lambda: self._served.pipeline(unquote(found[1])).document(unquote(found[2]))
            )
        except RagError as error:
            raise MCPError(INVALID_PARAMS, public(str(error))) from error
        stop = min(start + WINDOW, len(document.text) if end is None else end)
        text = TextResourceContents(uri=params.uri, mime_type=_MIME, text=document.text[start:stop])
        return ReadResourceResult(contents=[text])


def links_to(result: Mapping[str, Any], index: str) -> list[ResourceLink]:
    """Links to the places that the result of a tool cites, or has found, each once."""
    places = {
        ResourcePlace(index, place["document_id"], place["start"], place["end"]): place
        for place in (*result.get("citations", ()), *result.get("passages", ()))
    }
    return [
        ResourceLink(
            type="resource_link",
            name=place["document_id"],
            title=place["title"],
            uri=at.uri,
            description=f"characters {at.start} to {at.end}" + (f", page {place['page']}" if place["page"] else ""),
            mime_type=_MIME,
        )
        for at, place in places.items()
    ]
