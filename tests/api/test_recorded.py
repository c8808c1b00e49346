"""Requests that real clients sent (`make clients` records them): each is answered, with the place that it cites."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.api.fakes import START, Stage, serving

# What the fakes have in place of the sample library.
HERE = {
    "When was the lamp of the lighthouse lit for the first time?": "Who found it?",
    "rag/demo": "rag/default",
    '"index": "demo"': '"index": "default"',
}


def recorded() -> list[dict[str, Any]]:
    text = (Path(__file__).parent / "recorded.jsonl").read_text("utf-8")
    for there, here in HERE.items():
        text = text.replace(there, here)
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with serving(Stage(tmp_path_factory.mktemp("recorded") / "indexes")) as client:
        yield client


@pytest.mark.parametrize("request_", recorded(), ids=lambda one: f"{one['client']} {one['path']}")
def test_a_request_of_a_real_client_is_answered(client: TestClient, request_: dict[str, Any]) -> None:
    response = client.post(request_["path"], json=request_["body"])
    assert response.status_code == 200, response.text
    assert str(START) in response.text  # the beginning of the cited sentence, in an address or as a number
    assert '"warnings":[' not in response.text.replace(" ", "")
