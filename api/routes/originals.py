"""Routes of originals: the file of a document, pictures of its pages, the places of its words on them, and its blocks.

No file is ever sent as a type that a browser runs: PDFs are shown, all else is saved.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import FileResponse, Response

from api.routes.dependencies import ERRORS, ServedHere, ThreadsHere, reply
from api.routes.documents import document
from api.schemas import BlockJSON, BlocksJSON, BoxesJSON, IndexName, PagesJSON, PieceJSON
from api.served import Served
from rag.deadline import Deadline
from rag.documents.formats import MEDIA_TYPES, OFFICE
from rag.errors import InputError
from rag.originals.find import Original, original_of
from rag.originals.places import PageText, page_texts
from rag.originals.rendering import Piece, ShownBlock, rendered
from rag.originals.viewer import NARROWEST, WIDEST, Viewer
from rag.serialise import boxes_json, links_json
from rag.types import Box, Document

router = APIRouter(responses=ERRORS, tags=["originals"])

MOST_SHOWN = 200_000  # characters of blocks in one answer
MOST_PLACED = 20_000  # characters whose boxes are looked for at once
_SAVED = "application/octet-stream"
_INERT = {"Content-Security-Policy": "sandbox; default-src 'none'"}


async def _viewer(request: Request) -> Viewer:
    viewer: Viewer = request.app.state.viewer
    return viewer


ViewerHere = Annotated[Viewer, Depends(_viewer)]
_Index = Annotated[IndexName | None, Query()]
Start = Annotated[int, Query(ge=0, description="character of the text at which it begins")]


@router.get("/v1/documents/{id:path}/file", response_class=Response)
async def file(
    id: str, request: Request, served: ServedHere, threads: ThreadsHere, viewer: ViewerHere, index: _Index = None
) -> Response:
    """Send the file of a document, as it was indexed; ranges of it if asked for. A PDF is shown, all else is saved. If
    an id itself ends in `/file`, its slashes must be percent-encoded."""
    if _is_id(request, "file"):
        return await document(f"{id}/file", served, threads, index)
    original = await threads.reading(lambda: _original(served, index, id))
    etag = f'"{original.sha256}"'
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers={"ETag": etag})
    path = await threads.viewing(lambda deadline: viewer.file(original, deadline), request.receive)
    shown = original.suffix == ".pdf"
    kind = MEDIA_TYPES[original.suffix] if original.suffix in OFFICE else _SAVED
    return FileResponse(
        path,
        headers={"ETag": etag} | ({} if shown else _INERT),
        media_type=kind,
        filename=original.name.encode("utf-8", "replace").decode(),
        content_disposition_type="inline" if shown else "attachment",
    )


@router.get("/v1/documents/{id:path}/pages", response_model=PagesJSON)
async def pages(
    id: str, request: Request, served: ServedHere, threads: ThreadsHere, viewer: ViewerHere, index: _Index = None
) -> Response:
    """List the sizes of the pages that can be shown: those of PDFs, and of documents and slides where LibreOffice is
    installed. If an id itself ends in `/pages`, its slashes must be percent-encoded."""
    if _is_id(request, "pages"):
        return await document(f"{id}/pages", served, threads, index)
    original = await threads.reading(lambda: _original(served, index, id))
    sizes = await threads.viewing(lambda deadline: viewer.sizes(original, deadline), request.receive)
    shown = [{"page": number, "width": size[0], "height": size[1]} for number, size in enumerate(sizes, 1)]
    return reply({"id": id, "pages": shown})


@router.get("/v1/documents/{id:path}/pages/{page:int}.png", response_class=Response)
async def page(
    id: str,
    page: Annotated[int, Path(description="the first page is 1")],
    request: Request,
    served: ServedHere,
    threads: ThreadsHere,
    viewer: ViewerHere,
    width: Annotated[int, Query(ge=NARROWEST, le=WIDEST, description="in dots")] = 1000,
    index: _Index = None,
) -> Response:
    """Draw a page of a document, as a PNG."""
    original = await threads.reading(lambda: _original(served, index, id))
    etag = f'"{original.sha256}-{page}-{width}"'
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers={"ETag": etag})
    drawn = await threads.viewing(lambda deadline: viewer.page(original, page, width, deadline), request.receive)
    return Response(drawn, headers={"ETag": etag}, media_type="image/png")


@router.get("/v1/documents/{id:path}/boxes", response_model=BoxesJSON)
async def boxes(
    id: str,
    request: Request,
    served: ServedHere,
    threads: ThreadsHere,
    viewer: ViewerHere,
    start: Start,
    end: Annotated[int, Query(ge=1, description="character before which it ends")],
    index: _Index = None,
) -> Response:
    """Find the rectangles that the characters `start..end` of a document fill on its pages, one a line, in shares of
    the page as it is shown (0..1) from its top left; none for a document without pages. If an id itself ends in
    `/boxes`, its slashes must be percent-encoded."""
    if _is_id(request, "boxes"):
        return await document(f"{id}/boxes", served, threads, index)
    texts, count = await threads.reading(lambda: _texts(served.pipeline(index).document(id), start, end))
    if not texts:
        return reply({"id": id, "start": start, "end": end, "boxes": []})
    original = await threads.reading(lambda: _original(served, index, id))
    places = await threads.viewing(lambda deadline: _boxes(viewer, original, texts, count, deadline), request.receive)
    return reply({"id": id, "start": start, "end": end, "boxes": boxes_json(places)})


@router.get("/v1/documents/{id:path}/blocks", response_model=BlocksJSON)
async def blocks(
    id: str,
    request: Request,
    served: ServedHere,
    threads: ThreadsHere,
    start: Start = 0,
    end: Annotated[int | None, Query(ge=1, description="character before which it ends; the end of the text")] = None,
    index: _Index = None,
) -> Response:
    """Read the blocks of a document between two characters: headings with their levels, paragraphs, lists, code, and
    tables by cells, each text with its place. If an id itself ends in `/blocks`, its slashes must be
    percent-encoded."""
    if _is_id(request, "blocks"):
        return await document(f"{id}/blocks", served, threads, index)
    return reply(await threads.reading(lambda: _blocks(served.pipeline(index).document(id), start, end)))


def _is_id(request: Request, part: str) -> bool:
    """Tells if the last part of the address belongs to the id, since the slash before it is percent-encoded."""
    ending = f"/{part}".encode()
    return not bytes(request.scope.get("raw_path", ending)).endswith(ending)


def _original(served: Served, index: str | None, id: str) -> Original:
    pipeline = served.pipeline(index)
    origin = pipeline.origin(id)
    return original_of(id, pipeline.info(id).sha256, origin.source, origin.kept)


def _texts(document: Document, start: int, end: int) -> tuple[list[PageText], int]:
    """The pages on which the characters stand, and the number of all. Raises `InputError`."""
    length = len(document.text)
    if not start < end <= length:
        raise InputError(
            f"there are no characters {start:,} to {end:,}: the text has {length:,}, and start is below end", "end"
        )
    if end - start > MOST_PLACED:
        raise InputError(f"{end - start:,} characters are asked for, the limit is {MOST_PLACED:,}: ask in parts", "end")
    return page_texts(document, start, end), len(document.pages)


def _boxes(viewer: Viewer, original: Original, texts: list[PageText], count: int, deadline: Deadline) -> list[Box]:
    """The boxes; none for slides of which others are shown than were read, such as hidden ones."""
    if original.suffix != ".pdf" and len(viewer.sizes(original, deadline)) != count:
        return []
    return viewer.boxes(original, texts, deadline)


def _blocks(document: Document, start: int, end: int | None) -> BlocksJSON:
    length = len(document.text)
    end = length if end is None else end
    if start > end:
        raise InputError(f"start is {start:,} and end {end:,}: start must not be behind end", "start")
    found = rendered(document, start, end, MOST_SHOWN)
    return {
        "id": document.id,
        "title": document.title,
        "characters": length,
        "blocks": [_block(block) for block in found.blocks],
        "links": links_json(found.links),
        "before": found.before,
        "next": found.behind,
    }


def _block(block: ShownBlock) -> BlockJSON:
    return {
        "kind": block.kind,
        "start": block.start,
        "end": block.end,
        "level": block.level,
        "page": block.page,
        "header": None if block.header is None else _pieces(block.header),
        "rows": [_pieces(row) for row in block.rows],
    }


def _pieces(pieces: Sequence[Piece]) -> list[PieceJSON]:
    return [{"start": piece.start, "text": piece.text} for piece in pieces]
