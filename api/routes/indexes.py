"""`GET /v1/indexes`: the names of the indexes."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from api.caller import caller
from api.routes.dependencies import ERRORS, ServedHere, ThreadsHere, reply
from api.schemas import IndexesJSON
from rag.state.keys import SCOPES

router = APIRouter(responses=ERRORS, tags=["documents"])


@router.get("/v1/indexes", response_model=IndexesJSON)
async def indexes(served: ServedHere, threads: ThreadsHere) -> Response:
    """List the names of the indexes that the caller may see, with the default one, and what the caller may do."""
    scopes = [scope for scope in SCOPES if caller().may(scope)]
    return reply({"indexes": await threads.reading(served.names), "default": served.default(), "scopes": scopes})
