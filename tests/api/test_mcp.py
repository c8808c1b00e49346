"""The tools of agents, through the official client: over HTTP to a real server, and over stdio to the real command."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client, MCPError
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult

from api.agents.resources import WINDOW
from rag.embedding.embedded import EmbeddedEmbedder
from rag.ingest.run import sync
from rag.settings import Settings
from rag.state.keys import Keys
from rag.stores.open import open_index
from tests.api.fakes import END, HITS, MARKUP, PUMPS, SENTENCE, START, wait_until

pytestmark = pytest.mark.servers

SERVER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.api.fakes import Stage
from api.server.run import run_server
run_server("127.0.0.1", 0, Stage(Path(sys.argv[2]), more={"auth": sys.argv[3]}).app)
"""


@contextmanager
def server(folder: Path, auth: str) -> Iterator[str]:
    """Its address."""
    root = Path(__file__).parent.parent.parent
    log = folder / "log"
    environment = os.environ | {"PYTHONPATH": str(root)}
    command = [sys.executable, "-c", SERVER, str(root), str(folder / "indexes"), auth]
    with log.open("w") as out, subprocess.Popen(command, stdout=out, stderr=out, env=environment) as child:
        try:
            while not (found := re.search(r"listening on (\S+)", log.read_text())):
                assert child.poll() is None, log.read_text()
                time.sleep(0.02)
            wait_until(lambda: httpx2.get(f"{found[1]}/readyz", timeout=20), 200, 60)
            yield found[1]
        finally:
            child.terminate()
            child.wait(30)
            assert "Traceback" not in log.read_text()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with server(tmp_path_factory.mktemp("open"), "auto") as address:
        yield address


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Keys]]:
    folder = tmp_path_factory.mktemp("locked")
    with server(folder, "keys") as address:
        yield address, Keys(folder / "indexes")


def talk(server: Any, ask: Callable[[Client], Awaitable[Any]], mode: str = "auto") -> Any:
    async def run() -> Any:
        async with Client(server, mode=mode) as client:
            return await ask(client)

    return asyncio.run(asyncio.wait_for(run(), 120))


def call(server: Any, tool: str, protocol: str = "auto", **arguments: Any) -> CallToolResult:
    result: CallToolResult = talk(server, lambda client: client.call_tool(tool, arguments), protocol)
    return result


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_the_tools_and_what_they_take(address: str, mode: str) -> None:
    tools = {tool.name: tool for tool in talk(f"{address}/mcp", lambda client: client.list_tools(), mode).tools}
    assert list(tools) == ["search", "ask", "get_document", "list_documents", "list_indexes"]
    assert tools.pop("list_indexes").input_schema["properties"] == {}
    assert tools["search"].input_schema["required"] == ["query"]
    assert tools["ask"].input_schema["required"] == ["question"]
    assert set(tools["get_document"].input_schema["properties"]) == {"index", "id", "start", "end"}
    for tool in tools.values():
        assert (
            tool.input_schema["properties"]["index"]["description"] == "one of: default, other; the default if left out"
        )
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint is True
        assert tool.output_schema is not None


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_search(address: str, mode: str) -> None:
    result = call(f"{address}/mcp", "search", mode, query="pump", k=1)
    assert result.is_error is False
    assert result.structured_content == {
        "passages": [
            {
                "document_id": PUMPS.id,
                "title": PUMPS.title,
                "source": PUMPS.source,
                "page": None,
                "section": "Pumps",
                "start": START,
                "end": END,
                "score": 0.71,
                "text": SENTENCE,
            }
        ]
    }
    assert json.loads(result.content[0].text) == result.structured_content  # type: ignore[union-attr]
    assert len(call(f"{address}/mcp", "search", mode, query="pump").structured_content["passages"]) == len(HITS)


def test_ask(address: str) -> None:
    answer = call(f"{address}/mcp", "ask", question="Who found it?").structured_content
    assert answer is not None
    (cited,) = answer.pop("citations")
    assert answer == {
        "answered": True,
        "answer": "Ada Byron, see [1] there [1].",
        "abstained": None,
        "faithfulness": 0.98,
        "confidence": 0.83,
        "sure": True,
        "alternative": None,
        "unanswered": [],
        "documents": [],
        "notices": ["a notice, with `rag doctor`"],
        "conflicts": [],
    }
    assert (cited["label"], cited["document_id"], cited["page"], cited["quote"]) == (1, PUMPS.id, 3, SENTENCE)
    assert PUMPS.text[cited["start"] : cited["end"]] == cited["quote"]
    refused = call(f"{address}/mcp", "ask", question="Is it far?").structured_content
    assert refused is not None
    assert (refused["answered"], refused["citations"], refused["abstained"]["reason"]) == (False, [], "no_evidence")


def test_filters_and_turns_of_a_question_and_the_places_that_it_cites(address: str) -> None:
    arguments: dict[str, Any] = {
        "question": "Who found it?",
        "k": 3,
        "filters": {"type": "md"},
        "history": [{"role": "user", "content": "What is rusty?"}, {"role": "assistant", "content": "The pump [1]."}],
    }
    result = call(f"{address}/mcp", "ask", **arguments)
    text, link = result.content
    assert json.loads(text.text)["answered"] is True  # type: ignore[union-attr]
    assert link.model_dump(exclude_none=True, by_alias=True) == {
        "type": "resource_link",
        "name": PUMPS.id,
        "title": PUMPS.title,
        "uri": f"rag://default/notes/pumps.md#char={START},{END}",
        "description": f"characters {START} to {END}, page 3",
        "mimeType": "text/plain",
    }
    found = call(f"{address}/mcp", "search", query="pump")
    assert [link.uri for link in found.content[1:]] == [  # type: ignore[union-attr]
        f"rag://default/notes/pumps.md#char={START},{END}",
        "rag://default/notes/%3Cb%3Emarkup%3Cb%3E.html#char=0,25",
    ]


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_a_place_is_read_by_its_address(address: str, mode: str) -> None:
    async def ask(client: Client) -> list[str]:
        (template,) = (await client.list_resource_templates()).resource_templates
        assert template.uri_template == "rag://{index}/{+document}"
        addresses = (f"rag://default/notes/pumps.md#char={START},{END}", f"rag://default/{PUMPS.id}")
        read = [await client.read_resource(uri) for uri in addresses]
        return [result.contents[0].text for result in read]  # type: ignore[union-attr]

    assert talk(f"{address}/mcp", ask, mode) == [SENTENCE, PUMPS.text[:WINDOW]]


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("rag://default/absent.md", 'index "default" has no document "absent.md"'),
        ("rag://absent/a.md", 'there is no index "absent"'),
        ("file:///etc/passwd", "'file:///etc/passwd' is no address of a document: use rag://INDEX/DOCUMENT"),
        ("rag://default/notes/pumps.md#char=5", "is no address of a document"),
    ],
)
def test_addresses_of_nothing_are_refused_in_one_line(address: str, uri: str, message: str) -> None:
    with pytest.RaisesGroup(pytest.RaisesExc(MCPError, match=re.escape(message)), flatten_subgroups=True):
        talk(f"{address}/mcp", lambda client: client.read_resource(uri))


def test_documents_are_listed_page_by_page_and_indexes(address: str) -> None:
    first = call(f"{address}/mcp", "list_documents", limit=2).structured_content or {}
    assert [(one["id"], one["characters"]) for one in first["documents"]] == [
        (MARKUP.id, len(MARKUP.text)),
        (PUMPS.id, len(PUMPS.text)),
    ]
    rest = call(f"{address}/mcp", "list_documents", after=first["next"]).structured_content or {}
    assert ([one["id"] for one in rest["documents"]], "next" in rest) == (["notes/text"], False)
    indexes = call(f"{address}/mcp", "list_indexes").structured_content
    assert indexes == {"indexes": ["default", "other"], "default": "default"}


def test_a_document_and_windows_of_it(address: str) -> None:
    def window(**arguments: Any) -> dict[str, Any]:
        return call(f"{address}/mcp", "get_document", **arguments).structured_content or {}

    around = window(id=PUMPS.id, start=START, end=END)
    assert (around["text"], around["start"], around["end"], around["next"]) == (SENTENCE, START, END, END)
    whole = window(id=PUMPS.id)
    assert (whole["text"], whole["characters"], "next" in whole) == (PUMPS.text, len(PUMPS.text), False)
    assert len(PUMPS.text) < WINDOW
    assert window(id=PUMPS.id, start=START, end=10**9)["text"] == PUMPS.text[START:]
    assert window(id=PUMPS.id, start=len(PUMPS.text))["text"] == ""
    assert window(id=MARKUP.id)["title"] == MARKUP.title


ERRORS: list[tuple[str, dict[str, Any], str]] = [
    ("search", {}, "query: Field required"),
    ("search", {"query": "x", "k": -1}, "k: Input should be greater than or equal to 1"),
    ("search", {"query": "x", "top": 5}, "top: Extra inputs are not permitted"),
    ("search", {"query": " "}, "the question is empty"),
    ("search", {"query": "x", "filters": 5}, "filters: Input should be a valid dictionary"),
    ("ask", {"question": "Who?", "mode": "shout"}, "mode: Input should be 'auto', 'extract', 'quote' or 'write'"),
    (
        "ask",
        {"question": "Who?", "index": "absent"},
        'there is no index "absent": call `list_indexes` for those that there are',
    ),
    (
        "get_document",
        {"id": "../../etc/passwd"},
        'index "default" has no document "../../etc/passwd": call `list_documents` for those that there are',
    ),
    ("list_documents", {"limit": 0}, "limit: Input should be greater than or equal to 1"),
    ("list_indexes", {"index": "default"}, "index: Extra inputs are not permitted"),
    ("ask", {"question": "Who?", "history": [{"role": "robot", "content": "x"}]}, "history.0.role: Input should be"),
    ("get_document", {"id": PUMPS.id, "start": -1}, "start: Input should be greater than or equal to 0"),
    (
        "get_document",
        {"id": PUMPS.id, "start": 5, "end": 4},
        f"5 to 4 is not a range of a document of {len(PUMPS.text)} characters",
    ),
    (
        "get_document",
        {"id": PUMPS.id, "start": 10**9},
        f"1000000000 to None is not a range of a document of {len(PUMPS.text)} characters",
    ),
    (
        "delete",
        {},
        "there is no tool 'delete': use search, ask, get_document, list_documents, list_indexes",
    ),
]


@pytest.mark.parametrize(("tool", "arguments", "message"), ERRORS, ids=lambda value: str(value)[:30])
def test_errors_are_one_line_that_an_agent_can_act_on(
    address: str, tool: str, arguments: dict[str, Any], message: str
) -> None:
    result = call(f"{address}/mcp", tool, **arguments)
    assert (result.is_error, result.structured_content) == (True, None)
    (block,) = result.content
    assert block.text.startswith(message)  # type: ignore[union-attr]


def with_key(address: str, secret: str | None, ask: Callable[[Client], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=60) as http,
            Client(streamable_http_client(f"{address}/mcp", http_client=http)) as client,
        ):
            return await ask(client)

    return asyncio.run(asyncio.wait_for(run(), 120))


def test_a_key_is_needed_and_limits_what_is_seen(locked: tuple[str, Keys]) -> None:
    address, keys = locked
    _, secret = keys.add("agent", ["read"], ["other"])
    tools = with_key(address, secret, lambda client: client.list_tools()).tools
    assert tools[0].input_schema["properties"]["index"]["description"] == "one of: other; the default if left out"
    seen = with_key(address, secret, lambda client: client.call_tool("ask", {"question": "Who?"}))
    assert seen.structured_content["answered"] is True
    hidden = with_key(address, secret, lambda client: client.call_tool("ask", {"question": "Who?", "index": "default"}))
    assert hidden.content[0].text == 'there is no index "default": call `list_indexes` for those that there are'
    listed = with_key(address, secret, lambda client: client.call_tool("list_indexes", {}))
    assert listed.structured_content == {"indexes": ["other"], "default": "other"}
    place = f"rag://default/{PUMPS.id}"
    with pytest.RaisesGroup(MCPError, flatten_subgroups=True):
        with_key(address, secret, lambda client: client.read_resource(place))
    keys.revoke("agent")
    for none in (secret, None):
        with pytest.RaisesGroup(MCPError, flatten_subgroups=True):
            with_key(address, none, lambda client: client.list_tools())
    _, writer = keys.add("writer", ["write"])
    response = httpx2.post(f"{address}/mcp", json={}, headers={"Authorization": f"Bearer {writer}"})
    assert (response.status_code, response.json()["error"]["type"]) == (403, "forbidden")


def test_bodies_that_are_no_calls(address: str) -> None:
    for body, status in ((b"{", 400), (b"[]", 400), (b'{"jsonrpc": "2.0"}', 400), (b" " * 1_000_001, 413)):
        headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
        response = httpx2.post(f"{address}/mcp", content=body, headers=headers, timeout=60)
        assert response.status_code == status, (body[:20], response.text)
        assert "Traceback" not in response.text


@pytest.mark.models
def test_the_command_over_stdio(tmp_path: Path, embedder: EmbeddedEmbedder) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "pump.md").write_text("# Pump\n\nThe old pump was found by Ada Byron in 1843.\n")
    settings = Settings(indexes_dir=tmp_path / "indexes", index="notes", workers=1)
    with open_index(settings, embedder, create=True) as index:
        sync([tmp_path / "notes"], index, embedder, settings)
    arguments = [
        "-m",
        "rag.cli.main",
        "mcp",
        "--index",
        "notes",
        "--indexes-dir",
        str(settings.indexes_dir),
        "--model",
        "none",
    ]
    environment = {"PYTHONPATH": str(Path(__file__).parent.parent.parent), "HF_HUB_OFFLINE": "1"}
    command = StdioServerParameters(command=sys.executable, args=arguments, env=environment, cwd=tmp_path)

    async def ask(client: Client) -> list[CallToolResult]:
        assert [tool.name for tool in (await client.list_tools()).tools][:3] == ["search", "ask", "get_document"]
        return [
            await client.call_tool("ask", {"question": "Who found the old pump?"}),
            await client.call_tool("get_document", {"id": "notes/pump.md", "start": 6, "end": 18}),
            await client.call_tool("ask", {"question": "Who?", "index": "absent"}),
        ]

    answer, window, absent = talk(command, ask)
    assert answer.structured_content["answer"] == "The old pump was found by Ada Byron in 1843 [1]."
    assert answer.structured_content["citations"][0]["document_id"] == "notes/pump.md"
    assert window.structured_content["text"] == "The old pump"
    assert absent.is_error is True
