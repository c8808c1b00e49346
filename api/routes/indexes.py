"""Routes of indexes: their names, and new, renamed and deleted ones."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response
from typing_extensions import TypedDict

from api.caller import caller
from api.errors import Forbidden
from api.observing.traces import Traces
from api.routes.dependencies import ERRORS, ServedHere, ThreadsHere, reply
from api.schemas import IndexesJSON, NewIndex
from api.served import Served
from rag.errors import InputError
from rag.state.keys import SCOPES
from rag.stores.open import delete_index, make_index, rename_index

router = APIRouter(responses=ERRORS, tags=["documents"])

_Named = Annotated[str, Path(max_length=64, description="name of the index", examples=["letters"])]


class IndexNameJSON(TypedDict):
    """The name of the index."""

    name: str


class IndexRemovedJSON(TypedDict):
    """The name of the index that is no longer there."""

    removed: str


@router.get("/v1/indexes", response_model=IndexesJSON)
async def indexes(served: ServedHere, threads: ThreadsHere) -> Response:
    """List the names of the indexes that the caller may see, with the default one, and what the caller may do."""
    scopes = [scope for scope in SCOPES if caller().may(scope)]
    return reply({"indexes": await threads.reading(served.names), "default": served.default(), "scopes": scopes})


@router.post("/v1/indexes", response_model=IndexNameJSON, status_code=201)
async def make(body: NewIndex, served: ServedHere, threads: ThreadsHere) -> Response:
    """Make an index without documents."""
    _check_may_name(body.name)
    await threads.writing(lambda: _make(served, body.name))
    return reply({"name": body.name}, 201)


@router.patch("/v1/indexes/{name}", response_model=IndexNameJSON)
async def rename(name: _Named, body: NewIndex, request: Request, served: ServedHere, threads: ThreadsHere) -> Response:
    """Give an index another name, under which keys that are held to indexes have to be allowed to see it. Its stored
    answers move with it. The default one keeps its name."""
    _check_may_name(body.name)
    await threads.writing(lambda: _rename(served, request.app.state.traces, name, body.name))
    return reply({"name": body.name})


@router.delete("/v1/indexes/{name}", response_model=IndexRemovedJSON)
async def remove(name: _Named, request: Request, served: ServedHere, threads: ThreadsHere) -> Response:
    """Delete an index with its uploaded files and stored answers; files of folders stay. The default one can only be
    emptied."""
    caller().require("admin")
    await threads.writing(lambda: _remove(served, request.app.state.traces, name))
    return reply({"removed": name})


def _check_may_name(name: str) -> None:
    """Raises `Forbidden` if the caller may not make an index of that name, or would not see it."""
    caller().require("admin")
    if not caller().sees(name):
        raise Forbidden(f"this API key is held to other indexes than {name[:64]!r}")


def _make(served: Served, name: str) -> None:
    make_index(served.settings.model_copy(update={"index": name}), served.models().embedder)


def _rename(served: Served, traces: Traces, name: str, new: str) -> None:
    served.check(name)
    _check_not_default(served, name)
    rename_index(served.settings, name, new)
    served.forget(name)
    traces.rename(name, new)


def _remove(served: Served, traces: Traces, name: str) -> None:
    served.check(name)
    _check_not_default(served, name)
    delete_index(served.settings, name)
    served.forget(name)
    traces.forget(name)


def _check_not_default(served: Served, name: str) -> None:
    if name == served.settings.index:
        raise InputError(
            f'index "{name}" is the one that this service answers from if none is named: start it with another '
            "(--index NAME), or remove the documents",
            "name",
        )
