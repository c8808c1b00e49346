"""The page while things happen: an answer streams in, a key is wanted."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.api.browsing import Site, as_shown, needs_chromium, screenshot, served
from tests.api.fakes import PUMPS, SAID, SENTENCE, WORDS, Stage
from tests.test_serialise import ABSTAINED, ANSWERED, CITATION, CLAIM, PASSAGES

pytestmark = needs_chromium

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
        page.get_by_label("Question", exact=True).fill("Who found it?")
        page.keyboard.press("Enter")
        expect(page.locator(".step").last).to_have_text("Searching the documents …")

    def test_passages_then_sentences_then_the_answer(
        self, page: Page, allowed: threading.Semaphore, events: list[Any]
    ) -> None:
        sentence = {**CLAIM, "citations": [CITATION]}
        events += [b": waiting\n\n", ("passages", {"passages": PASSAGES}), ("sentence", sentence)]
        events += [("sentence", {**CLAIM, "text": AND_THEN, "citations": [SECOND]}), ("answer", BOTH)]
        self.ask(page)
        allowed.release(2)
        expect(page.locator(".step").last).to_have_text("2 passages found, in 2 documents; reading them …")
        expect(page.get_by_text("Passages found (2)")).to_be_visible()
        expect(page.locator(".said")).to_be_hidden()
        screenshot(page, "streaming-passages")
        allowed.release()
        expect(page.locator(".said")).to_have_text(as_shown(SAID))
        page.get_by_role("button", name="Citation 1").click()  # it can be used before the answer is complete
        expect(page.locator("#source mark strong")).to_have_text(WORDS)
        screenshot(page, "streaming-sentence")
        allowed.release()
        whole = as_shown(f"{SAID} {AND_THEN}")
        expect(page.locator(".said")).to_have_text(whole)
        expect(page.locator(".citations > li")).to_have_count(1)
        expect(page.locator(".cited")).to_have_count(2)
        expect(page.get_by_role("button", name="Stop")).to_be_visible()
        allowed.release()
        expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible()
        expect(page.locator(".made dl")).to_contain_text("confidence83 %")
        expect(page.locator(".said")).to_have_text(whole)
        expect(page.locator(".cited")).to_have_count(2)
        expect(page.locator("#source mark")).to_be_visible()  # nothing that was read is taken away
        expect(page.locator("#status")).to_have_text("Answered, with 2 citations.")

    def test_documents_that_disagree_are_shown_under_the_answer(
        self, page: Page, allowed: threading.Semaphore, events: list[Any]
    ) -> None:
        dated = {**CITATION, "as_of": "2023", "as_of_origin": "document", "stale": True}
        second = {**SECOND, "section": "Finds", "as_of": "2024-05-06", "as_of_origin": "file"}
        values = [
            {"value": "Bo Lund", "claim": "Bo Lund, see [1] there [2].", "citations": [2], "as_of": "2024-05-06"},
            {"value": WORDS, "claim": SAID, "citations": [1], "as_of": None},
        ]
        told = {"citations": [dated, second], "conflicts": [{"about": "Who found it?", "values": values}]}
        events += [("passages", {"passages": PASSAGES}), ("sentence", {**CLAIM, "citations": [dated]})]
        events += [("answer", {**ANSWERED, **told})]
        self.ask(page)
        allowed.release(3)
        shown = page.get_by_role("group", name="Documents disagree")
        expect(shown.get_by_role("listitem")).to_have_text(
            ["Bo Lundfile of 2024-05-06Bo Lund, see [1] there.2", f"{WORDS}no date{as_shown(SAID)}"]
        )
        expect(page.locator(".said")).to_have_text(as_shown(SAID))  # nothing of it is in the answer
        sources = page.locator(".citations .source")
        expect(sources.first).to_have_text(f"{PUMPS.title}page 3 · Pumps2023changed since it was indexed")
        expect(sources.last).to_contain_text("file of 2024-05-06")
        boxes = [shown.get_by_role("listitem").nth(place).bounding_box() for place in (0, 1)]
        assert len({box["y"] for box in boxes if box}) == 1  # side by side
        shown.get_by_role("button", name="Citation 2").click()
        expect(page.get_by_role("dialog", name=PUMPS.title)).to_be_visible()
        screenshot(page, "documents-disagree")

    def test_what_another_place_says_stands_under_an_answer_that_is_not_sure(
        self, page: Page, allowed: threading.Semaphore, events: list[Any]
    ) -> None:
        sentence = {**CLAIM, "citations": [CITATION], "sure": False}
        other = {"text": "Bo Lund, see [1] there [2].", "citations": [2]}
        told = {"citations": [CITATION, SECOND], "sure": False, "alternative": other}
        events += [("passages", {"passages": PASSAGES}), ("sentence", sentence), ("answer", {**ANSWERED, **told})]
        self.ask(page)
        allowed.release(3)
        expect(page.locator(".alternative")).to_have_text("Or: Bo Lund, see [1] there.2")
        expect(page.locator(".said")).to_have_text(as_shown(SAID))  # nothing of it is in the answer
        page.locator(".alternative").get_by_role("button", name="Citation 2").click()
        expect(page.get_by_role("dialog", name=PUMPS.title)).to_be_visible()

    def test_an_answer_that_is_not_sure_begins_with_its_sentence_and_ends_with_what_is_unanswered(
        self, page: Page, allowed: threading.Semaphore, events: list[Any]
    ) -> None:
        sentence = {**CLAIM, "citations": [CITATION], "sure": False}
        events += [("passages", {"passages": PASSAGES}), ("sentence", sentence)]
        events += [("answer", {**ANSWERED, "mode": "write", "sure": False, "unanswered": ["And <b>when</b>?"]})]
        self.ask(page)
        allowed.release(2)
        doubt, verdict = page.locator(".doubt"), page.locator(".verdict")
        expect(verdict).to_have_text("?Not sure. The nearest passage says:")
        expect(doubt).to_have_text(SENTENCE)
        expect(page.locator(".said")).to_have_text(as_shown(SAID))
        allowed.release(1)
        expect(page.locator(".reason")).to_have_text("The documents do not answer this part: And <b>when</b>?")
        expect(doubt).to_have_text(SENTENCE)
        expect(verdict).to_have_text("?Not sure. The nearest passage says:")
        expect(page.locator(".made dl")).to_contain_text("supported98 %")

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
        expect(page.locator(".made dl")).to_contain_text("confidence83 %")
        expect(page.locator(".verdict")).to_have_text("?Not sure. The nearest passage says:")
        expect(page.locator(".doubt")).to_have_count(0)

    def test_a_refusal_after_the_passages(self, page: Page, allowed: threading.Semaphore, events: list[Any]) -> None:
        events += [("passages", {"passages": PASSAGES}), ("answer", ABSTAINED)]
        self.ask(page)
        allowed.release(2)
        expect(page.locator(".verdict")).to_have_text("–No answer from these documents")
        expect(page.get_by_text("Nearest passages (2)")).to_be_visible()
        expect(page.get_by_text("Passages found (")).to_have_count(0)

    def test_sentences_that_the_answer_does_not_keep_are_replaced(
        self, page: Page, allowed: threading.Semaphore, events: list[Any]
    ) -> None:
        other = {**CLAIM, "text": AND_THEN, "citations": [SECOND]}
        events += [("passages", {"passages": PASSAGES}), ("sentence", other), ("answer", ANSWERED)]
        self.ask(page)
        allowed.release(3)
        expect(page.locator(".said")).to_have_text(as_shown(SAID))

    @pytest.mark.parametrize("ended", [True, False])
    def test_an_error_in_the_middle(
        self, page: Page, allowed: threading.Semaphore, events: list[Any], ended: bool
    ) -> None:
        error = {"error": {"type": "model_error", "message": "the model is gone"}}
        events += [("passages", {"passages": PASSAGES}), *([] if ended else [("error", error)])]
        self.ask(page)
        allowed.release(2)
        said = "The connection ended before the answer was complete. Ask again." if ended else "the model is gone"
        expect(page.locator(".turn").get_by_role("alert")).to_have_text(said)
        expect(page.locator(".answer")).to_be_hidden()
        expect(page.get_by_role("button", name="Ask again")).to_be_visible()

    def test_a_new_question_takes_the_place_of_one_that_streams(
        self, page: Page, allowed: threading.Semaphore, events: list[Any]
    ) -> None:
        events += [("passages", {"passages": PASSAGES}), ("answer", ANSWERED)]
        self.ask(page)
        allowed.release()
        expect(page.get_by_text("Passages found (2)")).to_be_visible()
        page.get_by_label("Question", exact=True).fill("And when?")
        page.keyboard.press("Enter")
        first, second = page.locator(".turn").first, page.locator(".turn").last
        expect(first).to_contain_text("Stopped.")
        expect(first.locator(".answer")).to_be_hidden()
        allowed.release(5)
        expect(second.locator(".said")).to_have_text(as_shown(SAID))


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
        expect(page.get_by_role("combobox", name="Index")).to_be_visible()
        expect(asked).to_be_hidden()
        page.get_by_label("Question", exact=True).fill("Who found it?")
        page.keyboard.press("Enter")
        expect(page.locator(".said")).to_contain_text(WORDS)
        page.locator(".citations").get_by_role("button", name="Show in the document").click()
        expect(page.get_by_role("dialog", name=PUMPS.title).locator("mark")).to_have_text(SENTENCE)
        page.reload()
        expect(page.get_by_role("combobox", name="Index")).to_be_visible()
        assert "rag_right" not in page.evaluate("JSON.stringify(localStorage)")
        page.get_by_role("button", name="Settings").click()
        page.get_by_role("button", name="Forget the key").click()
        expect(asked).to_be_visible()

    def test_without_it_the_servers_words_are_shown_and_it_can_be_given_later(self, page: Page) -> None:
        asked = page.get_by_role("dialog", name="This server requires an API key")
        asked.get_by_role("button", name="Cancel").click()
        expect(asked).to_be_hidden()
        page.get_by_label("Question", exact=True).fill("Who found it?")
        page.keyboard.press("Enter")
        expect(asked).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator(".turn").get_by_role("alert")).to_have_text("send an API key")
        page.get_by_role("button", name="Ask again").click()
        self.give(page, "rag_right")
        expect(page.locator(".said")).to_contain_text(WORDS)
        expect(page.get_by_role("combobox", name="Index")).to_be_visible()
