"""Routes of documents: list, read, upload (as a job), remove."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Query, Request, UploadFile
from starlette.responses import Response
from typing_extensions import TypedDict

from api.caller import caller
from api.routes.dependencies import ERRORS, ServedHere, ThreadsHere, reply
from api.schemas import MAX_LIMIT, DocumentsJSON, IndexName, TextJSON
from api.served import Served
from api.work.upload_jobs import JobJSON, Jobs
from rag.documents.sidecar import MAX_BYTES, is_flat, written
from rag.errors import DocumentNotFound, InputError
from rag.serialise import OneDocumentJSON, document_json, links_json

router = APIRouter(responses=ERRORS, tags=["documents"])


class RemovedJSON(TypedDict):
    """The id of the document that is no longer there."""

    removed: str


async def _jobs(request: Request) -> Jobs:
    jobs: Jobs = request.app.state.jobs
    return jobs


JobsHere = Annotated[Jobs, Depends(_jobs)]


@router.post("/v1/documents", response_model=JobJSON, status_code=202)
async def upload(
    served: ServedHere,
    threads: ThreadsHere,
    jobs: JobsHere,
    file: Annotated[UploadFile, File(description="its name is the document's, below `uploads/`; slashes are folders")],
    metadata: Annotated[str, Form(description="a JSON object of texts, for filters")] = "{}",
    password: Annotated[str, Form(max_length=1000, description="of an encrypted PDF; it is not stored")] = "",
    index: Annotated[IndexName | None, Query()] = None,
    create: Annotated[bool, Query(description="make the index if there is none of that name")] = False,
) -> Response:
    """Put a document into an index, or replace the one of its name. The response is a job, whose state
    `GET /v1/jobs/{id}` shows."""
    if create:
        caller().require("admin")
    own = _metadata(metadata)
    name = served.default() if index is None else index
    job = await threads.writing(lambda: jobs.add(file.filename or "", file.file, own, name, create, password))
    return reply(job.json(), 202)


@router.get("/v1/jobs/{id}", response_model=JobJSON)
async def job(id: str, jobs: JobsHere, threads: ThreadsHere) -> Response:
    """Show how far an upload is: queued, running, done or failed."""
    return reply((await threads.reading(lambda: jobs.get(id))).json())


@router.delete("/v1/documents/{id:path}", response_model=RemovedJSON)
async def remove(
    id: str,
    served: ServedHere,
    threads: ThreadsHere,
    jobs: JobsHere,
    index: Annotated[IndexName | None, Query()] = None,
) -> Response:
    """Remove a document from an index, with its file if it was uploaded. A document of a folder comes back when the
    folder is indexed again, unless its file is deleted."""
    name = served.default() if index is None else index
    await threads.writing(lambda: jobs.remove(id, name))
    return reply({"removed": id})


def _metadata(text: str) -> dict[str, str]:
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise InputError(f"metadata has more than {MAX_BYTES:,} bytes: leave some out", "metadata")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not is_flat(found):
        raise InputError("metadata must be a JSON object whose values are texts", "metadata")
    if len(written(found)) > MAX_BYTES:  # escaped, it may be longer than it was
        raise InputError(f"metadata has more than {MAX_BYTES:,} bytes: leave some out", "metadata")
    return dict(found)


@router.get("/v1/documents", response_model=DocumentsJSON)
async def documents(
    served: ServedHere,
    threads: ThreadsHere,
    index: Annotated[IndexName | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 100,
    after: Annotated[str | None, Query(description="the `next` of the previous page")] = None,
) -> Response:
    """List the documents of an index, in order of their ids, a page at a time."""
    found = await threads.reading(lambda: served.pipeline(index).listed(after, limit + 1))
    page = found[:limit]
    more = {"next": page[-1].id} if len(found) > limit else {}
    return reply({"documents": [document_json(info) for info in page], **more})


@router.get("/v1/documents/{id:path}/text", response_model=TextJSON)
async def text(
    id: str,
    request: Request,
    served: ServedHere,
    threads: ThreadsHere,
    index: Annotated[IndexName | None, Query()] = None,
) -> Response:
    """Read the text of a document. If an id itself ends in `/text`, its slashes must be percent-encoded."""
    if not request.scope.get("raw_path", b"/text").endswith(b"/text"):
        return await document(f"{id}/text", served, threads, index)
    try:
        return await threads.reading(lambda: reply(_text_json(served, index, id)))
    except DocumentNotFound as missing:
        try:
            return await document(f"{id}/text", served, threads, index)
        except DocumentNotFound:
            raise missing from None


@router.get("/v1/documents/{id:path}", response_model=OneDocumentJSON)
async def document(
    id: str,
    served: ServedHere,
    threads: ThreadsHere,
    index: Annotated[IndexName | None, Query()] = None,
) -> Response:
    """Describe a document by its title, source, size, metadata and links. Slashes in the id may be sent as they are or
    percent-encoded."""
    return reply(await threads.reading(lambda: _document_json(served, index, id)))


def _document_json(served: Served, index: str | None, id: str) -> OneDocumentJSON:
    pipeline = served.pipeline(index)
    return {**document_json(pipeline.info(id)), "links": links_json(pipeline.document(id).links)}


def _text_json(served: Served, index: str | None, id: str) -> TextJSON:
    found = served.pipeline(index).document(id)
    return {
        "id": found.id,
        "title": found.title,
        "source": found.source,
        "text": found.text,
        "pages": list(found.pages),
        "notes": list(found.notes),
    }
