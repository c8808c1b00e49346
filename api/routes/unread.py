"""Routes of files that could not be read: list them, and read one again, such as with its password."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response
from typing_extensions import TypedDict

from api.routes.dependencies import ERRORS, ServedHere, ThreadsHere, reply
from api.routes.documents import JobsHere
from api.schemas import IndexName, ReadAgain
from api.work.reading_again import ReadAgainJSON, UnreadFileJSON, read_file_again, unread_files

router = APIRouter(responses=ERRORS, tags=["documents"])

_Index = Annotated[IndexName | None, Query()]


class UnreadJSON(TypedDict):
    """Files of folders that could not be read, and are still there."""

    files: list[UnreadFileJSON]


@router.get("/v1/unread", response_model=UnreadJSON)
async def unread(served: ServedHere, threads: ThreadsHere, index: _Index = None) -> Response:
    """List the files of folders that could not be read when they were last indexed, with the reason for each."""
    return reply({"files": await threads.reading(lambda: unread_files(served, index))})


@router.post("/v1/unread", response_model=ReadAgainJSON)
async def read_again(
    body: ReadAgain, served: ServedHere, threads: ThreadsHere, jobs: JobsHere, index: _Index = None
) -> Response:
    """Read one of these files again and put it into the index, with its password if it is an encrypted PDF."""
    name = served.default() if index is None else index
    return reply(await threads.writing(lambda: read_file_again(served, jobs, name, body.id, body.password)))
