"""Requests made from the service's own description, right and wrong ones: no 5xx, and every response as described."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import positive_data_acceptance
from schemathesis.specs.openapi.schemas import OpenApiSchema

from api.app import create_app
from api.server.connection import Connection
from api.server.run import listen
from rag.models import Models
from rag.settings import Settings
from rag.state.keys import Keys
from tests.api.fakes import wait_until
from tests.fakes import HashEmbedder, WordReader

pytestmark = pytest.mark.servers

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "12"))  # of each operation


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenApiSchema]:
    """Of a real server on a real index, which needs keys."""
    indexes = tmp_path_factory.mktemp("described") / "indexes"
    served = Settings(indexes_dir=indexes, auth="keys", key_rate=1_000_000)
    _, secret = Keys(indexes).add("tests", ["read", "write", "admin"])
    headers = {"Authorization": f"Bearer {secret}"}
    app = create_app(served, lambda settings: Models(HashEmbedder(), reader=WordReader()))
    listener = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, http=Connection, log_config=None, lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        wait_until(lambda: httpx2.get(f"{address}/healthz"), 200, 60)
        wait_until(lambda: httpx2.get(f"{address}/v1/jobs/none", headers=headers), 404, 60)
        httpx2.post(f"{address}/v1/documents", files={"file": ("a.txt", b"The pump is here.")}, headers=headers)
        wait_until(lambda: httpx2.get(f"{address}/v1/documents/uploads/a.txt", headers=headers), 200, 60)
        found = schemathesis.openapi.from_url(f"{address}/openapi.json")
        found.config.update(headers=headers)
        yield found
    finally:
        server.should_exit = True
        thread.join(60)
        listener.close()


# Of these nothing can be wrong: they take nothing, or any text as an id.
ALWAYS_RIGHT = {
    "GET /v1/answers/{id}",
    "GET /v1/jobs/{id}",
    "GET /v1/indexes",
    "GET /v1/models",
    "GET /v1/models/{id}",
    "GET /healthz",
    "GET /readyz",
    "GET /metrics",
}


def test_every_operation_answers_right_requests_as_it_is_described(schema: OpenApiSchema) -> None:
    for operation in operations(schema):
        check(operation.as_strategy(), excluded_checks=[positive_data_acceptance])()  # ids and names are unknown


def test_every_operation_answers_wrong_requests_as_it_is_described(schema: OpenApiSchema) -> None:
    for operation in operations(schema):
        if operation.label not in ALWAYS_RIGHT:
            check(operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))()


def operations(schema: OpenApiSchema) -> Iterator[APIOperation[Any, Any, Any, Any]]:
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        yield found.ok()


def check(requests: SearchStrategy[Case[Any]], **checks: Any) -> Callable[[], None]:
    # The same requests in each run, so that a change is judged by itself; SCHEMATHESIS_EXAMPLES=400 looks further.
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize="SCHEMATHESIS_EXAMPLES" not in os.environ,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=requests)
    def run(case: Case[Any]) -> None:
        case.call_and_validate(**checks)

    return run
