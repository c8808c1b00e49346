"""Search for programs with a language model of their own: Dify's external knowledge, Open WebUI's external search."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from fastapi.testclient import TestClient

from rag.types import Filters
from tests.api.fakes import END, HITS, PUMPS, SENTENCE, START, Stage, serving


class Site(NamedTuple):
    stage: Stage
    client: TestClient


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    stage = Stage(tmp_path_factory.mktemp("retrieval") / "indexes")
    with serving(stage) as client:
        yield Site(stage, client)


def retrieve(site: Site, **fields: Any) -> Any:
    setting = {"top_k": 2, "score_threshold": 0.0}
    body = {"knowledge_id": "other", "query": "pump", "retrieval_setting": setting} | fields
    return site.client.post("/retrieval", json=body)


URL = f"http://testserver/#document=notes%2Fpumps.md&index=other&start={START}&end={END}"


def test_records_as_dify_reads_them(site: Site) -> None:
    first, second = retrieve(site).json()["records"]
    assert first == {
        "content": SENTENCE,
        "score": 0.71,
        "title": PUMPS.title,
        "metadata": {
            "document_id": PUMPS.id,
            "source": PUMPS.source,
            "page": None,
            "section": "Pumps",
            "start": START,
            "end": END,
            "url": URL,
        },
    }
    assert second["score"] == 0.3
    assert (site.stage.opened[-1], site.stage.pipeline.calls[-1]) == ("other", ("pump", 2))


def test_the_threshold_and_conditions_on_metadata(site: Site) -> None:
    high = {"top_k": 5, "score_threshold": 0.5}
    assert [one["score"] for one in retrieve(site, retrieval_setting=high).json()["records"]] == [0.71]
    assert retrieve(site, retrieval_setting={"score_threshold": None}).status_code == 200
    conditions = [
        {"name": "type", "comparison_operator": "in", "value": ["pdf", "md"]},
        {"name": "project", "comparison_operator": "is", "value": "Mill"},
    ]
    assert retrieve(site, metadata_condition={"conditions": conditions}).status_code == 200
    expected = Filters(types=("pdf", "md"), metadata=(("project", ("mill",)),))
    assert site.stage.pipeline.calls[-1] == ("pump", 2, expected)


CONDITION = {"name": "type", "comparison_operator": "is", "value": "pdf"}


@pytest.mark.parametrize(
    ("change", "status", "message"),
    [
        ({"knowledge_id": "absent"}, 404, 'there is no index "absent"'),
        ({"query": " "}, 422, "the question is empty"),
        ({"retrieval_setting": {"top_k": 0}}, 422, "retrieval_setting.top_k: Input should be greater than or equal"),
        (
            {"metadata_condition": {"conditions": [CONDITION | {"comparison_operator": "start with"}]}},
            422,
            "metadata_condition: 'start with' is not understood: use 'is', '=' and 'in', each with a value",
        ),
        (
            {"metadata_condition": {"logical_operator": "or", "conditions": [CONDITION, CONDITION | {"name": "a"}]}},
            422,
            "metadata_condition: conditions are joined by 'and' here",
        ),
        (
            {"metadata_condition": {"conditions": [CONDITION, CONDITION]}},
            422,
            "metadata_condition: 'type' stands twice",
        ),
    ],
)
def test_what_is_refused(site: Site, change: dict[str, Any], status: int, message: str) -> None:
    response = retrieve(site, **change)
    assert response.status_code == status
    assert response.json()["error"]["message"].startswith(message)


def test_results_as_open_webui_reads_them(site: Site) -> None:
    found = site.client.post("/v1/search/external?index=other", json={"query": "pump", "count": 1}).json()
    assert found == [{"link": URL, "title": PUMPS.title, "snippet": SENTENCE}]
    assert len(site.client.post("/v1/search/external", json={"query": "pump"}).json()) == len(HITS)
    assert "default" in site.stage.opened
    assert site.client.post("/v1/search/external", json={"query": " "}).status_code == 422
    assert site.client.post("/v1/search/external?index=absent", json={"query": "x"}).status_code == 404
