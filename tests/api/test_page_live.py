"""The page while things happen: an answer streams in, documents are uploaded and deleted, a key is wanted.

As in `test_page.py`, each test holds that no other host was asked and that the console has no errors.
"""
# ruff: noqa: F401, F811  (fixtures are taken from test_page by name)

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from playwright.sync_api import Locator, Page, expect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from api.app import create_app
from rag.index.local import LocalIndex
from rag.models import Models
from rag.settings import Settings
from tests.api.fakes import PUMPS, SAID, SENTENCE, WORDS, Stage
from tests.api.test_page import CHROMIUM, Site, browser, expected_errors, page, screenshot, served, stage
from tests.fakes import HashEmbedder, WordReader
from tests.test_serialise import ABSTAINED, ANSWERED, CITATION, CLAIM, PASSAGES

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: `apt-get install chromium` has these run")

SECOND = {**CITATION, "label": 2, "quote": f"{SENTENCE[:-1]}!"}
AND_THEN = "It was rusty [2]."
BOTH = {
    **ANSWERED,
    "answer": f"{SAID} {AND_THEN}",
    "claims": [CLAIM, {**CLAIM, "text": AND_THEN, "start": len(SAID) + 1, "end": len(SAID) + 1 + len(AND_THEN)}],
    "citations": [CITATION, SECOND],
}


class Script:
    """In place of `POST /v1/ask`: events that are sent one by one, when the test says so."""

    def __init__(self, app: ASGIApp, allowed: threading.Semaphore, events: list[Any]) -> None:
        self.app = app
        self.allowed = allowed
        self.events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        from anyio import to_thread

        if scope.get("path") != "/v1/ask":
            await self.app(scope, receive, send)
            return
        head = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        for event in self.events:
            await to_thread.run_sync(self.allowed.acquire, True, 120)
            if isinstance(event, bytes):
                data = event
            else:
                data = b"event: %s\ndata: %s\n\n" % (
                    event[0].encode(),
                    json.dumps(event[1], ensure_ascii=False).encode(),
                )
            half = len(data) // 2  # parts of a response end anywhere, also inside a character
            await send({"type": "http.response.body", "body": data[:half], "more_body": True})
            await send({"type": "http.response.body", "body": data[half:], "more_body": True})
        await send({"type": "http.response.body", "body": b""})


class TestStreaming:
    @pytest.fixture
    def allowed(self) -> threading.Semaphore:
        return threading.Semaphore(0)

    @pytest.fixture
    def events(self) -> list[Any]:
        """To be filled in by the test."""
        return []

    @pytest.fixture
    def site(self, stage: Stage, allowed: threading.Semaphore, events: list[Any]) -> Iterator[Site]:
        app = stage.app()
        app.add_middleware(Script, allowed=allowed, events=events)
        with served(app) as address:
            yield Site(stage, address)

    def ask(self, page: Page) -> None:
        page.get_by_label("Question").fill("Who found it?")
        page.keyboard.press("Enter")
        expect(page.locator("#step")).to_have_text("Searching the documents …")

    def test_passages_then_sentences_then_the_answer(
        self, page: Page, allowed: threading.Semaphore, events: list[Any]
    ) -> None:
        sentence = {**CLAIM, "citations": [CITATION]}
        events += [b": waiting\n\n", ("passages", {"passages": PASSAGES}), ("sentence", sentence)]
        events += [("sentence", {**CLAIM, "text": AND_THEN, "citations": [SECOND]}), ("answer", BOTH)]
        self.ask(page)
        allowed.release(2)
        expect(page.locator("#step")).to_have_text("2 passages found, in 2 documents; reading them …")
        expect(page.get_by_text("Passages found (2)")).to_be_visible()
        expect(page.locator(".said")).to_be_hidden()
        screenshot(page, "streaming-passages")
        allowed.release()
        expect(page.locator(".said")).to_have_text(SAID.replace("[1].", "1."))
        page.get_by_role("button", name="Citation 1").click()  # it can be used before the answer is complete
        expect(page.get_by_role("dialog", name="Quote").locator("mark")).to_have_text(WORDS)
        screenshot(page, "streaming-sentence")
        allowed.release()
        whole = f"{SAID} {AND_THEN}".replace("[1].", "1.").replace("[2]", "2")
        expect(page.locator(".said")).to_have_text(whole)
        expect(page.locator(".citations > li")).to_have_count(2)
        expect(page.get_by_role("button", name="Stop")).to_be_visible()
        allowed.release()
        expect(page.get_by_role("button", name="Ask")).to_be_visible()
        expect(page.locator(".figures")).to_contain_text("confidence83 %")
        expect(page.locator(".said")).to_have_text(whole)
        expect(page.locator(".citations > li")).to_have_count(2)
        expect(page.get_by_role("dialog", name="Quote")).to_be_visible()  # nothing that was read is taken away
        expect(page.get_by_role("status").first).to_have_text("Answered, with 2 citations.")

    def test_documents_that_disagree_are_shown_under_the_answer(
        self, page: Page, allowed: threading.Semaphore, events: list[Any]
    ) -> None:
        dated = {**CITATION, "as_of": "2023", "as_of_origin": "document", "stale": True}
        second = {**SECOND, "as_of": "2024-05-06", "as_of_origin": "file"}
        values = [
            {"value": "Bo Lund", "claim": "Bo Lund, see [1] there [2].", "citations": [2], "as_of": "2024-05-06"},
            {"value": WORDS, "claim": SAID, "citations": [1], "as_of": None},
        ]
        told = {"citations": [dated, second], "conflicts": [{"about": "Who found it?", "values": values}]}
        events += [("passages", {"passages": PASSAGES}), ("sentence", {**CLAIM, "citations": [dated]})]
        events += [("answer", {**ANSWERED, **told})]
        self.ask(page)
        allowed.release(3)
        shown = page.get_by_role("region", name="Documents disagree")
        expect(shown.get_by_role("listitem")).to_have_text(
            ["Bo Lund (2024-05-06): Bo Lund, see [1] there 2.", f"{WORDS}: {SAID.replace('[1].', '1.')}"]
        )
        expect(page.locator(".said")).to_have_text(SAID.replace("[1].", "1."))  # nothing of it is in the answer
        sources = page.locator(".citations .source")
        expect(sources.first).to_have_text(f"1{PUMPS.title}page 3 · Pumps2023changed since it was indexed")
        expect(sources.last).to_contain_text("file of 2024-05-06")
        shown.get_by_role("button", name="Citation 2").click()
        expect(page.get_by_role("dialog", name="Quote")).to_be_visible()
        screenshot(page, "documents-disagree")

    def test_an_answer_that_is_not_sure_begins_with_its_sentence_and_ends_with_what_is_unanswered(
        self, page: Page, allowed: threading.Semaphore, events: list[Any]
    ) -> None:
        sentence = {**CLAIM, "citations": [CITATION], "sure": False}
        events += [("passages", {"passages": PASSAGES}), ("sentence", sentence)]
        events += [("answer", {**ANSWERED, "mode": "write", "sure": False, "unanswered": ["And <b>when</b>?"]})]
        self.ask(page)
        allowed.release(2)
        doubt = page.locator(".doubt")
        expect(doubt).to_have_text(f"Not sure. The nearest passage says:{SENTENCE}")
        expect(page.locator(".said")).to_have_text(SAID.replace("[1].", "1."))
        allowed.release(1)
        expect(page.locator(".reason")).to_have_text("The documents do not answer this part: And <b>when</b>?")
        expect(doubt).to_have_text(f"Not sure. The nearest passage says:{SENTENCE}")
        expect(page.locator(".figures")).to_contain_text("supported98 %")

    def test_a_sentence_that_is_the_answer_is_said_once(
        self, page: Page, allowed: threading.Semaphore, events: list[Any]
    ) -> None:
        whole = f"{SENTENCE[:-1]} [1]."
        claim = {**CLAIM, "text": whole, "end": len(whole)}
        events += [
            ("passages", {"passages": PASSAGES}),
            ("sentence", {**claim, "citations": [CITATION], "sure": False}),
        ]
        events += [("answer", {**ANSWERED, "answer": whole, "claims": [claim], "sure": False})]
        self.ask(page)
        allowed.release(3)
        expect(page.locator(".figures")).to_contain_text("confidence83 %")
        expect(page.locator(".doubt")).to_have_text("Not sure. The nearest passage says:")

    def test_a_refusal_after_the_passages(self, page: Page, allowed: threading.Semaphore, events: list[Any]) -> None:
        events += [("passages", {"passages": PASSAGES}), ("answer", ABSTAINED)]
        self.ask(page)
        allowed.release(2)
        expect(page.get_by_role("heading", name="No answer from these documents")).to_be_visible()
        expect(page.get_by_text("Nearest passages (2)")).to_be_visible()
        expect(page.get_by_text("Passages found (")).to_have_count(0)

    def test_sentences_that_the_answer_does_not_keep_are_replaced(
        self, page: Page, allowed: threading.Semaphore, events: list[Any]
    ) -> None:
        other = {**CLAIM, "text": AND_THEN, "citations": [SECOND]}
        events += [("passages", {"passages": PASSAGES}), ("sentence", other), ("answer", ANSWERED)]
        self.ask(page)
        allowed.release(3)
        expect(page.locator(".said")).to_have_text(SAID.replace("[1].", "1."))

    @pytest.mark.parametrize("ended", [True, False])
    def test_an_error_in_the_middle(
        self, page: Page, allowed: threading.Semaphore, events: list[Any], ended: bool
    ) -> None:
        error = {"error": {"type": "model_error", "message": "the model is gone"}}
        events += [("passages", {"passages": PASSAGES}), *([] if ended else [("error", error)])]
        self.ask(page)
        allowed.release(2)
        said = "The connection ended before the answer was complete. Ask again." if ended else "the model is gone"
        expect(page.get_by_role("alert").first).to_have_text(said)
        expect(page.locator("#answer")).to_be_hidden()
        expect(page.get_by_role("button", name="Ask")).to_be_visible()

    def test_a_new_question_takes_the_place_of_one_that_streams(
        self, page: Page, allowed: threading.Semaphore, events: list[Any]
    ) -> None:
        events += [("passages", {"passages": PASSAGES}), ("answer", ANSWERED)]
        self.ask(page)
        allowed.release()
        expect(page.get_by_text("Passages found (2)")).to_be_visible()
        page.get_by_role("button", name="Stop").click()
        expect(page.locator("#answer")).to_be_hidden()
        expect(page.get_by_role("status").first).to_have_text("Stopped.")
        allowed.release(5)
        self.ask_again(page)

    def ask_again(self, page: Page) -> None:
        page.get_by_role("button", name="Ask").click()
        expect(page.locator(".said")).to_have_text(SAID.replace("[1].", "1."))


class TestDocuments:
    """On an index of its own, with an embedder that needs no model."""

    @pytest.fixture
    def settings(self, tmp_path: Path) -> Settings:
        return Settings(indexes_dir=tmp_path / "indexes", index="default", upload_mb=0.5, workers=1)

    @pytest.fixture
    def site(self, stage: Stage, settings: Settings) -> Iterator[Site]:
        with served(create_app(settings, lambda settings: Models(HashEmbedder(), reader=WordReader()))) as address:
            yield Site(stage, address)

    def panel(self, page: Page) -> Locator:
        page.get_by_role("button", name="Documents", exact=True).click()
        return page.get_by_role("dialog", name="Documents")

    def upload(self, panel: Locator, name: str, content: bytes) -> Locator:
        """Its line among the uploads."""
        files: Any = {"name": name, "mimeType": "application/octet-stream", "buffer": content}
        panel.get_by_label("Add documents").set_input_files(files)
        return panel.get_by_role("list", name="Uploads").get_by_role("listitem").filter(has_text=name)

    @pytest.mark.parametrize("width", [360, 1100])
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_a_document_is_uploaded_read_and_deleted(
        self, page: Page, expected_errors: list[str], width: int, scheme: Any
    ) -> None:
        expected_errors += ["status of 503", "status of 404"]  # there is no index yet
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 760})
        page.get_by_role("button", name="add documents here").click()
        panel = page.get_by_role("dialog", name="Documents")
        line = self.upload(panel, "pump.md", b"# The pump\n\nThe pump was found in 1843 by Ada Byron.")
        expect(line).to_contain_text("Ready: 1 passage.")
        listed = panel.get_by_role("list", name="Documents").get_by_role("listitem")
        expect(listed).to_have_count(1)
        expect(listed).to_contain_text("uploads/pump.md")
        refused = self.upload(panel, "broken.pdf", b"no PDF")
        expect(refused.locator(".state")).to_contain_text("cannot be opened as a PDF")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        screenshot(page, f"documents-{scheme}-{width}")

        listed.get_by_role("button", name="The pump", exact=True).click()
        document = page.get_by_role("dialog", name="The pump")
        expect(document.get_by_role("region")).to_contain_text("found in 1843")
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
        expect(panel).to_be_hidden()
        page.get_by_label("Question").fill("When was the pump found?")
        page.keyboard.press("Enter")
        expect(page.locator(".passages summary")).to_be_visible()

        panel = self.panel(page)
        listed.get_by_role("button", name="Delete The pump").click()
        sure = listed.get_by_role("group", name="Delete The pump?")
        expect(sure.get_by_role("button", name="Keep")).to_be_focused()
        screenshot(page, f"delete-{scheme}-{width}")
        page.keyboard.press("Escape")  # nothing is deleted, and the panel stays
        expect(listed.get_by_role("button", name="Delete The pump")).to_be_focused()
        listed.get_by_role("button", name="Delete The pump").click()
        sure.get_by_role("button", name="Delete").click()
        expect(listed).to_have_count(0)
        expect(panel.get_by_text("No documents yet.")).to_be_visible()

    def test_what_the_server_refuses_is_said_where_it_happens(
        self, page: Page, settings: Settings, expected_errors: list[str]
    ) -> None:
        expected_errors += ["status of 503", "status of 413", "status of 415", "status of 404", "status of 409"]
        panel = self.panel(page)
        expect(self.upload(panel, "program.exe", b"MZ")).to_contain_text(".exe")
        expect(self.upload(panel, "large.txt", b"x" * 600_000)).to_contain_text("larger than 0.5 MB")
        expect(self.upload(panel, "a.txt", b"The pump.")).to_contain_text("Ready")
        listed = panel.get_by_role("list", name="Documents").get_by_role("listitem")
        expect(listed).to_have_count(1)
        with LocalIndex.open(settings.indexes_dir, "default", write=True):  # another program writes
            listed.get_by_role("button", name="Delete").click()
            listed.get_by_role("button", name="Delete", exact=True).click()
            expect(listed.get_by_role("alert")).to_be_visible()
        expect(listed).to_have_count(1)

    def test_a_dropped_file_is_uploaded(self, page: Page, expected_errors: list[str]) -> None:
        expected_errors += ["status of 503", "status of 404"]
        panel = self.panel(page)
        drop = """area => {
            const data = new DataTransfer();
            data.items.add(new File(['The pump was lost.'], 'lost.txt'));
            area.dispatchEvent(new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true}));
        }"""
        page.locator("#upload").evaluate(drop)
        expect(panel.get_by_role("list", name="Uploads")).to_contain_text("Ready: 1 passage.")


class Locked:
    """ASGI middleware: everything under /v1 wants the key."""

    def __init__(self, app: ASGIApp, key: str) -> None:
        self.app = app
        self.key = key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sent = dict(scope.get("headers", ())).get(b"authorization")
        if scope.get("path", "").startswith("/v1/") and sent != f"Bearer {self.key}".encode():
            error = {"error": {"type": "unauthenticated", "message": "send an API key"}}
            await JSONResponse(error, 401)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


class TestKey:
    @pytest.fixture
    def site(self, stage: Stage) -> Iterator[Site]:
        app = stage.app()
        app.add_middleware(Locked, key="rag_right")
        with served(app) as address:
            yield Site(stage, address)

    @pytest.fixture(autouse=True)
    def refusals(self, expected_errors: list[str]) -> None:
        expected_errors.append("status of 401")

    def give(self, page: Page, key: str) -> None:
        asked = page.get_by_role("dialog", name="This server requires an API key")
        asked.get_by_label("API key", exact=True).fill(key)
        page.keyboard.press("Enter")

    def test_it_is_asked_for_until_it_is_right_and_kept_for_the_tab(self, page: Page) -> None:
        asked = page.get_by_role("dialog", name="This server requires an API key")
        expect(asked).to_be_visible()
        expect(asked.get_by_label("API key", exact=True)).to_be_focused()
        screenshot(page, "key")
        self.give(page, "rag_wrong")
        expect(asked.get_by_role("alert")).to_have_text("The key was not accepted.")
        self.give(page, "rag_right")
        expect(page.get_by_label("Index")).to_be_visible()
        expect(asked).to_be_hidden()
        page.get_by_label("Question").fill("Who found it?")
        page.keyboard.press("Enter")
        expect(page.locator(".said")).to_contain_text(WORDS)
        page.locator("#citation-1").get_by_role("button").click()
        expect(page.get_by_role("dialog", name=PUMPS.title).locator("mark")).to_have_text(SENTENCE)
        page.reload()
        expect(page.get_by_label("Index")).to_be_visible()
        assert page.evaluate("Object.keys(localStorage).length") == 0
        page.get_by_role("button", name="Forget the key").click()
        expect(asked).to_be_visible()

    def test_without_it_the_servers_words_are_shown_and_it_can_be_given_later(self, page: Page) -> None:
        asked = page.get_by_role("dialog", name="This server requires an API key")
        asked.get_by_role("button", name="Cancel").click()
        expect(asked).to_be_hidden()
        page.get_by_label("Question").fill("Who found it?")
        page.keyboard.press("Enter")
        expect(asked).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("alert").first).to_have_text("send an API key")
        page.get_by_role("button", name="Ask").click()
        self.give(page, "rag_right")
        expect(page.locator(".said")).to_contain_text(WORDS)
        expect(page.get_by_label("Index")).to_be_visible()
