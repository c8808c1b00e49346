"""`/healthz` and `/readyz`: the state of the process, open to all."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.caller import caller
from api.middleware.access import missing_keys
from api.routes.dependencies import ERRORS, ServedHere, ThreadsHere, reply
from api.schemas import HealthJSON, ReadinessJSON
from api.work.threads import PROBE_S
from rag.errors import DeadlineExceeded, Overloaded
from rag.state.keys import KeyRing

_BUSY = (
    f"the state of the index and of the models could not be looked up within {PROBE_S:g} s: see what keeps them busy"
)

router = APIRouter(responses=ERRORS)  # open to all, also if keys are needed


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz", response_model=HealthJSON, tags=["service"])
async def healthz() -> Response:
    """Answer while the process runs; never waits for a model."""
    return reply({"status": "ok"})


@router.head("/readyz", include_in_schema=False)
@router.get("/readyz", response_model=ReadinessJSON, tags=["service"])
async def readyz(request: Request, served: ServedHere, threads: ThreadsHere) -> Response:
    """Tell if a question to the default index can be answered: 503, with what is missing, until it can. If API keys
    are needed, only callers who may see that index are told what is missing."""
    keys: KeyRing = request.app.state.keys
    try:
        missing = await threads.probing(lambda: [*served.missing(), *missing_keys(served.settings, keys)])
    except (DeadlineExceeded, Overloaded):
        missing = [_BUSY]
    told = caller().sees(served.settings.index)
    state = {"ready": not missing, "missing": missing if told else [], "notices": served.notices() if told else []}
    return reply(state, 503 if missing else 200)
