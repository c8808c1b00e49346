"""The routes that change an index: a document uploaded, what became of it, a document taken out."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Query, Request, UploadFile
from starlette.responses import Response
from typing_extensions import TypedDict

from api.middleware.access import caller
from api.routes.questions import ERRORS, ServedHere, ThreadsHere, reply
from api.schemas import IndexName
from api.work.upload_jobs import JobJSON, Jobs
from rag.documents.sidecar import is_flat
from rag.errors import InputError

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
    index: Annotated[IndexName | None, Query()] = None,
    create: Annotated[bool, Query(description="make the index where there is none of that name")] = False,
) -> Response:
    """Put a document into an index, or in place of the one of its name. The answer is a job, to be asked after."""
    if create:
        caller().require("admin")
    own = _metadata(metadata)
    name = served.default() if index is None else index
    job = await threads.reading(lambda: jobs.add(file.filename or "", file.file, own, name, create))
    return reply(job.json(), 202)


@router.get("/v1/jobs/{id}", response_model=JobJSON)
async def job(id: str, jobs: JobsHere, threads: ThreadsHere) -> Response:
    """How far an upload is: queued, running, done or failed."""
    return reply((await threads.reading(lambda: jobs.get(id))).json())


@router.delete("/v1/documents/{id:path}", response_model=RemovedJSON)
async def remove(
    id: str, served: ServedHere, jobs: JobsHere, index: Annotated[IndexName | None, Query()] = None
) -> Response:
    """Take a document out of an index, with its file where it was uploaded. One of a folder that is indexed again while
    its file is there comes back."""
    name = served.default() if index is None else index
    await asyncio.to_thread(jobs.remove, id, name)
    return reply({"removed": id})


def _metadata(text: str) -> dict[str, str]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not is_flat(found):
        raise InputError("metadata must be a JSON object whose values are texts", "metadata")
    return dict(found)
