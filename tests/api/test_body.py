"""The number of values in a body is bounded before it is parsed, and what stands within texts does not count."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.middleware.body import values_in
from api.schemas import MAX_BODY_VALUES
from tests.api.fakes import Stage, serving

TEXTS = st.text(st.sampled_from(',"\\:[]{} é\x00\n'), max_size=8)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.integers() | TEXTS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=20
)
JSON = {"content-type": "application/json"}


def commas(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return max(0, len(inner) - 1) + sum(map(commas, inner))


@given(VALUES, st.booleans())
def test_values_are_counted_without_what_stands_in_texts(value: Any, ascii_only: bool) -> None:
    assert values_in(json.dumps(value, ensure_ascii=ascii_only).encode()) == commas(value)


def test_far_too_many_texts_are_told_by_their_number_alone() -> None:
    body = json.dumps({f'"{n}': "," for n in range(30_000)}).encode()
    assert values_in(body) == 30_000


@pytest.mark.parametrize("path", ["/v1/ask", "/v1/chat/completions", "/mcp"])
def test_too_many_values_are_refused_with_the_limit(tmp_path: Path, path: str) -> None:
    with serving(Stage(tmp_path)) as client:
        refused = client.post(path, content=b"[" + b"0," * 70_000 + b"0]", headers=JSON)
    assert refused.status_code == 413
    assert refused.json()["error"]["message"] == (
        f"the body holds 70,000 values or more and the limit is {MAX_BODY_VALUES:,}: send fewer at once"
    )


def test_a_long_text_of_commas_and_quotes_is_answered(tmp_path: Path) -> None:
    pasted = 'a,"b",\\,' * 20_000
    messages = [{"role": "user", "content": pasted}, {"role": "user", "content": "Who found the pump?"}]
    with serving(Stage(tmp_path)) as client:
        answer = client.post("/v1/chat/completions", json={"model": "rag/default", "messages": messages})
    assert "Ada Byron" in answer.json()["choices"][0]["message"]["content"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32-be"])
def test_only_utf_8_is_read(tmp_path: Path, encoding: str) -> None:
    with serving(Stage(tmp_path)) as client:
        refused = client.post("/v1/ask", content='{"question": "Who?"}'.encode(encoding), headers=JSON)
        marked = client.post("/v1/ask", content='{"question": "Who?"}'.encode("utf-8-sig"), headers=JSON)
    assert (refused.status_code, refused.json()["error"]["message"]) == (400, "the body is not JSON in UTF-8")
    assert marked.status_code == 200
