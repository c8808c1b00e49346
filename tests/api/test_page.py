"""The web page in a real browser, against a real server on fakes.

Every test also holds that the page asked no other host for anything, and that the browser's console has no errors.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import uvicorn
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page, expect, sync_playwright

from api.routes.links import Links
from api.server.run import listen
from rag.errors import Overloaded
from tests.api.fakes import (
    DOCUMENTS,
    END,
    MARKUP,
    NOTES,
    PARTLY,
    PUMPS,
    SAID,
    SENTENCE,
    START,
    WORDS,
    FakePipeline,
    Stage,
    answered,
)

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WAIT_MS = 60_000  # for what a person sees at once: the machine may be busy
expect.set_options(timeout=WAIT_MS)
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: `apt-get install chromium` has these run")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class Site(NamedTuple):
    stage: Stage
    address: str


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path / "indexes")


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """-> its address."""
    listener = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=5))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def site(stage: Stage) -> Iterator[Site]:
    with served(stage.app()) as address:
        yield Site(stage, address)


@pytest.fixture
def expected_errors() -> list[str]:
    """What a test expects in the console, to be filled in by it."""
    return []


@pytest.fixture
def page(browser: Browser, site: Site, expected_errors: list[str]) -> Iterator[Page]:
    context = browser.new_context(base_url=site.address, viewport={"width": 1100, "height": 800})
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    errors: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    context.on("request", lambda request: requests.append(request.url))
    page.goto("/")
    yield page
    context.close()
    assert [error for error in errors if not any(part in error for part in expected_errors)] == []
    assert [url for url in requests if not url.startswith((f"{site.address}/", "data:"))] == []


def ask(page: Page, question: str) -> None:
    page.get_by_label("Question").fill(question)
    page.get_by_label("Question").press("Enter")
    expect(page.locator("#answer .said")).to_be_visible()
    expect(page.locator("#waiting")).to_be_hidden()


def test_it_begins_with_what_it_is_for(page: Page) -> None:
    expect(page.get_by_text("Each sentence of an answer is checked")).to_be_visible()
    expect(page.get_by_text("no language model here")).to_be_visible()
    expect(page.locator("#missing")).to_be_hidden()
    expect(page.get_by_label("Question")).to_be_focused()


def test_an_answer_shows_its_words_in_the_sentence_they_are_from(page: Page) -> None:
    ask(page, "Who found it?")
    expect(page.locator(".said")).to_have_text(
        SAID.replace("[1].", "1.")
    )  # the marker is a button, "[1] there" is text
    expect(page.get_by_role("status").first).to_have_text("Answered, with 1 citation.")
    cited = page.get_by_role("region", name="Sources").get_by_role("listitem")
    expect(cited.locator("blockquote")).to_have_text(SENTENCE)
    expect(cited.locator("mark")).to_have_text(WORDS)
    expect(cited.locator(".source")).to_have_text(f"1{PUMPS.title}page 3 · Pumps")
    expect(page.locator(".figures")).not_to_contain_text("supported")  # nothing was written
    expect(page.locator(".figures")).to_contain_text("confidence83 %")
    expect(page.locator("#notices code")).to_have_text("rag doctor")


def test_a_marker_shows_its_quote_under_the_mouse(page: Page) -> None:
    ask(page, "Who found it?")
    marker, quote = page.get_by_role("button", name="Citation 1: Pumps 😀"), page.get_by_role("dialog", name="Quote")
    marker.hover()
    expect(quote.locator("blockquote")).to_have_text(SENTENCE)
    expect(quote.locator("mark")).to_have_text(WORDS)
    expect(quote).to_contain_text("page 3")
    expect(quote).to_be_in_viewport(ratio=1)
    quote.hover()  # the way from the marker into the quote does not close it
    page.wait_for_timeout(600)
    expect(quote).to_be_visible()
    page.locator("h1").hover()
    expect(quote).to_be_hidden()
    expect(marker).to_have_attribute("aria-expanded", "false")


def test_a_quote_stays_after_a_click_and_leads_into_the_document(page: Page) -> None:
    ask(page, "Who found it?")
    marker, quote = page.get_by_role("button", name="Citation 1: Pumps 😀"), page.get_by_role("dialog", name="Quote")
    marker.click()
    page.locator("h1").hover()
    page.wait_for_timeout(600)
    expect(quote).to_be_visible()
    page.locator("h1").click()
    expect(quote).to_be_hidden()
    marker.click()
    quote.get_by_role("button", name="Show in the document").click()
    expect(page.get_by_role("dialog", name=PUMPS.title).locator("mark")).to_have_text(SENTENCE)


def test_a_quote_is_read_with_the_keyboard(page: Page) -> None:
    ask(page, "Who found it?")
    marker, quote = page.get_by_role("button", name="Citation 1: Pumps 😀"), page.get_by_role("dialog", name="Quote")
    page.get_by_role("button", name="Ask").focus()
    page.keyboard.press("Tab")
    expect(marker).to_be_focused()
    expect(quote.locator("blockquote")).to_have_text(SENTENCE)
    page.keyboard.press("Tab")
    expect(quote.get_by_role("button", name="Close the quote")).to_be_focused()
    page.keyboard.press("Escape")
    expect(quote).to_be_hidden()
    expect(marker).to_be_focused()
    page.keyboard.press("Enter")
    quote.get_by_role("button", name="Close the quote").press("Enter")
    expect(quote).to_be_hidden()
    expect(marker).to_be_focused()


def test_pages_of_a_document_are_told_and_its_text_stays_the_text(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    words = START + SENTENCE.index(WORDS)
    breaks = (0, 12, START, words + 3, END, len(PUMPS.text) - 5)
    monkeypatch.setitem(DOCUMENTS, PUMPS.id, replace(PUMPS, pages=breaks))
    ask(page, "Who found it?")
    page.locator("#citation-1").get_by_role("button").click()
    text = page.locator("#document-text")
    expect(text.locator("mark")).to_be_in_viewport(ratio=1)
    assert text.evaluate("element => element.textContent") == PUMPS.text
    before = """element => [...element.querySelectorAll('.page')].map((page) => {
        const range = document.createRange();
        range.setStart(element, 0);
        range.setEndBefore(page);
        return [page.dataset.page, [...range.toString()].length];
    })"""
    # the break inside the words of the answer is not shown, the others stand where they are
    shown = [[f"Page {number}", offset] for number, offset in enumerate(breaks, 1) if offset != words + 3]
    assert text.evaluate(before) == shown


def test_the_document_opens_at_exactly_the_quoted_characters(page: Page) -> None:
    ask(page, "Who found it?")
    opener = page.locator("#citation-1").get_by_role("button", name="Show in the document")
    opener.press("Enter")
    panel = page.get_by_role("dialog", name=PUMPS.title)
    expect(panel.locator("mark")).to_have_text(SENTENCE)
    expect(panel.locator("mark strong")).to_have_text(WORDS)
    expect(panel.locator("mark")).to_be_in_viewport(ratio=1)
    expect(panel).to_contain_text(PUMPS.source)
    assert page.locator("#document-text").evaluate("element => element.textContent") == PUMPS.text
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(opener).to_be_focused()


def test_a_document_that_changed_since_is_not_marked_in_the_wrong_place(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(page, "Who found it?")
    monkeypatch.setitem(DOCUMENTS, PUMPS.id, replace(PUMPS, text=f"New. {PUMPS.text}"))
    page.locator("#citation-1").get_by_role("button").click()
    expect(page.get_by_text("The document has changed since this answer was given")).to_be_visible()
    expect(page.locator("#document mark")).to_have_count(0)


def test_the_address_in_a_citation_of_a_chat_opens_the_document_there(page: Page, site: Site) -> None:
    place = answered("Who?").citations[0]
    page.goto(Links(site.address, "other").to(place))  # a change of the fragment alone
    expect(page.locator("#document-text mark")).to_have_text(SENTENCE)
    expect(page.locator("#document-title")).to_have_text(PUMPS.title)
    assert site.stage.opened == ["default", "other"]
    page.reload()
    expect(page.locator("#document-text mark")).to_have_text(SENTENCE)


def test_an_abstention_is_shown_as_one(page: Page) -> None:
    ask(page, "Is it far?")
    expect(page.get_by_role("heading", name="No answer from these documents")).to_be_visible()
    expect(page.get_by_text("The documents do not answer this.")).to_have_count(1)
    nearest = page.get_by_role("group").filter(has_text="Nearest passages (2)").get_by_role("listitem")
    expect(nearest.first.locator("blockquote")).to_have_text(SENTENCE)
    expect(page.get_by_role("region", name="Sources")).to_have_count(0)


def test_markup_in_documents_is_text(page: Page) -> None:
    ask(page, "Is it <b>far</b>?")
    expect(page.locator(".asked")).to_have_text("Is it <b>far</b>?")
    page.get_by_role("button", name=f"Show in the document {MARKUP.title}").click()
    expect(page.locator("#document mark")).to_have_text("<script>alert(1)</script>")
    expect(page.locator("#document-title")).to_have_text(MARKUP.title)
    expect(page.locator("main :is(script, img, b), dialog :is(script, img, b)")).to_have_count(0)


def test_index_and_mode_are_chosen(page: Page, stage: Stage) -> None:
    page.get_by_label("Index").select_option("other")
    page.get_by_role("combobox", name="Answer").select_option("extract")
    ask(page, "Who found it?")
    assert stage.opened == ["default", "other"]
    assert stage.pipeline.calls == [("Who found it?", "extract", None)]


def test_the_keyboard_is_enough(page: Page) -> None:
    question, index = page.get_by_label("Question"), page.get_by_label("Index")
    expect(question).to_be_focused()
    expect(index).to_be_visible()  # it appears once the page has read what indexes there are
    page.keyboard.type("Who found it?")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("And when?")
    following = (index, page.get_by_role("combobox", name="Answer"), page.get_by_role("button", name="Ask"))
    for control in following:
        page.keyboard.press("Tab")
        expect(control).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".asked")).to_have_text("Who found it?\nAnd when?")


class TestWaiting:
    @pytest.fixture
    def stage(self, tmp_path: Path) -> Stage:
        return Stage(tmp_path / "indexes", pipeline=FakePipeline(hold=threading.Event()))

    def test_it_says_that_it_waits_and_can_be_stopped(self, page: Page, stage: Stage) -> None:
        page.get_by_label("Question").fill("Who found it?")
        page.get_by_role("button", name="Ask").click()
        expect(page.get_by_role("progressbar")).to_be_visible()
        expect(page.locator("#elapsed")).to_have_text("1 s")
        page.get_by_role("button", name="Stop").click()
        expect(page.get_by_role("progressbar")).to_be_hidden()
        expect(page.locator("#answer")).to_be_hidden()
        expect(page.locator("#error")).to_be_hidden()
        assert stage.pipeline.hold is not None
        stage.pipeline.hold.set()
        ask(page, "Is it far?")


class TestRefusal:
    @pytest.fixture
    def stage(self, tmp_path: Path) -> Stage:
        return Stage(tmp_path / "indexes", pipeline=FakePipeline(error=Overloaded("32 questions wait already", 3)))

    def test_the_servers_own_words_are_shown(self, page: Page, expected_errors: list[str]) -> None:
        expected_errors.append("status of 429")
        page.get_by_label("Question").fill("Who found it?")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_have_text("32 questions wait already")
        expect(page.get_by_role("button", name="Ask")).to_be_enabled()


class TestWithoutAnIndex:
    @pytest.fixture
    def stage(self, tmp_path: Path) -> Stage:
        return Stage(tmp_path / "indexes", names=())

    def test_the_command_that_makes_one_is_named_until_there_is_one(
        self, page: Page, stage: Stage, expected_errors: list[str]
    ) -> None:
        expected_errors.append("status of 503")
        expect(page.locator("#missing code")).to_have_text("rag index PATH...")
        screenshot(page, "no-index")
        stage.make_index("default")
        expect(page.locator("#missing")).to_be_hidden()
        ask(page, "Who found it?")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1100])
def test_nothing_is_wider_than_the_screen(page: Page, scheme: Any, width: int) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 844})
    for name, question in (("answer", "Who found it?"), ("abstention", "Is it far?")):
        ask(page, question)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        screenshot(page, f"{name}-{scheme}-{width}")
        if name == "answer":
            page.get_by_role("button", name="Citation 1").click()
            expect(page.get_by_role("dialog", name="Quote")).to_be_in_viewport(ratio=1)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            screenshot(page, f"quote-{scheme}-{width}")
    page.get_by_role("button", name="Show in the document").first.click()
    expect(page.locator("#document mark")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    screenshot(page, f"document-{scheme}-{width}")


def test_the_documentation_of_the_http_api(page: Page) -> None:
    page.get_by_role("link", name="HTTP API").click()
    expect(page.get_by_text("/v1/documents/{id}/text")).to_be_visible()
    page.get_by_text("/v1/ask").click()
    expect(page.get_by_text("text/event-stream").first).to_be_attached()
    time.sleep(0.2)  # a request that should not be made would be made by now
    screenshot(page, "docs")


def test_a_path_of_headings_goes_on_from_the_title(page: Page) -> None:
    place = "async (cited) => (await import('/page/dom.js')).placeOf(cited)"
    said = {"A": "", "A > B": "B", "AB > C": "AB > C", "B > A > C": "B > A > C", None: ""}
    assert {section: page.evaluate(place, {"title": "A", "page": None, "section": section}) for section in said} == said
    assert page.evaluate(place, {"title": "A", "page": 3, "section": "A > B"}) == "page 3 · B"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.sampled_from("aé😀🛠\u0301\n")), start=st.integers(0, 12), length=st.integers(0, 12))
def test_offsets_are_cut_as_python_cuts_them(page: Page, text: str, start: int, length: int) -> None:
    cut = "async ([text, start, end]) => (await import('/page/text.js')).cut(text, start, end)"
    end = start + length
    assert page.evaluate(cut, [text, start, end]) == [text[:start], text[start:end], text[end:]]


def screenshot(page: Page, name: str) -> None:
    """For people, where SCREENSHOTS names a folder."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{folder}/{name}.png")


def test_what_was_not_read_of_a_document_is_counted_in_the_list_and_named_below_its_text(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(DOCUMENTS, PARTLY.id, PARTLY)
    page.get_by_role("button", name="Documents", exact=True).click()
    listed = page.get_by_role("list", name="Documents").get_by_role("listitem")
    expect(listed.filter(has_text="Half").locator(".facts")).to_have_text("r/part.docx · 1 passage · 2 parts not read")
    expect(listed.filter(has_text=PUMPS.title).locator(".facts")).to_have_text("notes/pumps.md · 1 passage")
    listed.get_by_role("button", name="Half", exact=True).click()
    unread = page.get_by_role("dialog", name="Half").get_by_role("group")
    summary = unread.get_by_text("Read in part: 2 parts of the file were not read")
    expect(unread.get_by_role("listitem")).to_have_count(0)  # closed
    summary.focus()
    page.keyboard.press("Enter")
    expect(unread.get_by_role("listitem")).to_have_text(list(NOTES))
    screenshot(page, "read-in-part")
    page.keyboard.press("Escape")
    listed.get_by_role("button", name=PUMPS.title, exact=True).click()
    expect(page.get_by_role("dialog", name=PUMPS.title).get_by_role("region")).to_contain_text("More.")
    expect(page.get_by_text("Read in part")).to_be_hidden()
