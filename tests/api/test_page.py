"""The web page: an answer, its sources, what it says when there is none; on a wide screen, a phone and by keyboard."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from playwright.sync_api import Page, expect

from api.routes.links import Links
from rag.errors import Overloaded
from rag.types import BlockKind, BlockSpan
from tests.api.browsing import PHONE, Site, as_shown, ask, needs_chromium, screenshot
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

pytestmark = needs_chromium
AXE = Path(__file__).parent.parent.parent / "node_modules/axe-core/axe.min.js"
PAGE = Path(__file__).parent.parent.parent / "api/page"


def test_it_begins_with_what_it_is_for_and_what_there_is(page: Page) -> None:
    expect(page.get_by_text("Each sentence of an answer is checked")).to_be_visible()
    expect(page.get_by_text("no language model here")).to_be_visible()
    expect(page.locator("#holds")).to_contain_text("3 documents: 1 html, 1 md, 1 other")
    expect(page.locator("#missing")).to_be_hidden()
    expect(page.get_by_label("Question", exact=True)).to_be_focused()
    assert page.evaluate("document.documentElement.lang") == "en"


def test_an_answer_shows_its_words_in_the_sentence_they_are_from(page: Page) -> None:
    ask(page, "Who found it?")
    expect(page.locator(".said")).to_have_text(as_shown(SAID))  # the marker is a button, "[1] there" is text
    expect(page.locator("#status")).to_have_text("Answered, with 1 citation.")
    expect(page.locator(".verdict")).to_have_text("✓Answered from the documents")
    cited = page.locator(".citations > li")
    expect(cited.locator("blockquote")).to_have_text(SENTENCE)
    expect(cited.locator("mark")).to_have_text(WORDS)
    expect(cited.locator(".source")).to_have_text(f"{PUMPS.title}page 3 · Pumps")
    expect(cited.get_by_role("button", name=f"Show quote 1 in the document {PUMPS.title}")).to_have_text("1")
    made = page.locator(".made dl")
    expect(made).to_be_hidden()  # figures are for those who want to know
    expect(made).to_contain_text("confidence83 %")
    expect(made).not_to_contain_text("supported")  # nothing was written
    expect(page.locator(".turn .notices code")).to_have_text("rag doctor")


def test_a_marker_stands_behind_the_full_stop_on_the_line_of_the_last_word(page: Page) -> None:
    ask(page, "Who found it?")
    together = page.locator(".said .together")
    expect(together).to_have_text("there.1")
    for width in range(320, 400, 10):
        page.set_viewport_size({"width": width, "height": 800})
        assert together.evaluate("element => element.getClientRects().length") == 1


def test_a_selection_is_copied_with_its_markers(page: Page) -> None:
    ask(page, "Who found it?")
    copied = """element => {
        getSelection().selectAllChildren(element);
        const data = new DataTransfer();
        element.dispatchEvent(new ClipboardEvent('copy', {clipboardData: data, bubbles: true, cancelable: true}));
        return data.getData('text/plain');
    }"""
    assert page.locator(".said").evaluate(copied) == SAID.replace(" [1].", ". [1]")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy with sources").click()
    expect(page.locator("#status")).to_have_text("Copied.")
    source = f"[1] {PUMPS.title}, page 3 · Pumps: “{SENTENCE}”"
    assert page.evaluate("navigator.clipboard.readText()") == f"{SAID}\n\n{source}"


def test_an_answer_is_rated_on_the_server_and_the_rating_stays(page: Page, site: Site) -> None:
    ask(page, "Who found it?")
    right, wrong = (page.get_by_role("button", name=name, exact=True) for name in ("Right", "Wrong"))

    def kept() -> str | None:
        trace: dict[str, str | None] = page.request.get(f"{site.address}/v1/answers/ans_1").json()
        return trace["rating"]

    wrong.click()
    expect(page.locator(".told")).to_have_text("Noted by the server.")
    assert kept() == "down"
    right.click()
    expect(right).to_have_attribute("aria-pressed", "true")
    expect(wrong).to_have_attribute("aria-pressed", "false")
    page.reload()
    expect(right).to_have_attribute("aria-pressed", "true")
    right.click()
    expect(page.locator(".told")).to_have_text("Taken back.")
    assert kept() is None


def test_a_marker_shows_its_quote_under_the_mouse(page: Page) -> None:
    ask(page, "Who found it?")
    marker, quote = page.get_by_role("button", name="Citation 1: Pumps 😀"), page.locator("#quote")
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


def test_a_citation_is_read_with_the_keyboard(page: Page) -> None:
    ask(page, "Who found it?")
    marker, quote = page.get_by_role("button", name="Citation 1: Pumps 😀"), page.locator("#quote")
    page.get_by_role("button", name="Edit this question").focus()
    page.keyboard.press("Tab")
    expect(marker).to_be_focused()
    expect(quote.locator("blockquote")).to_have_text(SENTENCE)
    page.keyboard.press("Escape")
    expect(quote).to_be_hidden()
    page.keyboard.press("Enter")
    source = page.get_by_role("dialog", name=PUMPS.title)
    expect(source.locator("mark")).to_have_text(SENTENCE)
    expect(source.get_by_role("button", name="Close")).to_be_focused()
    page.keyboard.press("Escape")
    expect(source).to_be_hidden()
    expect(marker).to_be_focused()
    expect(quote).to_be_hidden()


def test_the_document_opens_beside_the_answer_at_exactly_the_quoted_characters(page: Page) -> None:
    ask(page, "Who found it?")
    opener = page.locator(".citations").get_by_role("button", name="Show in the document")
    opener.press("Enter")
    panel = page.get_by_role("dialog", name=PUMPS.title)
    expect(panel.locator("mark")).to_have_text(SENTENCE)
    expect(panel.locator("mark strong")).to_have_text(WORDS)
    expect(panel.locator("mark")).to_be_in_viewport(ratio=1)
    expect(panel).to_contain_text(PUMPS.source)
    expect(page.locator(".said")).to_be_visible()
    page.get_by_label("Question", exact=True).fill("It can be asked on")  # the source does not stand in the way
    panel.get_by_role("button", name="Close").click()
    expect(panel).to_be_hidden()
    expect(opener).to_be_focused()


def test_on_a_phone_the_document_is_a_sheet_over_the_answer(page: Page) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    ask(page, "Who found it?")
    page.locator(".marker").click()
    sheet = page.get_by_role("dialog", name=PUMPS.title)
    expect(sheet.locator("mark")).to_be_in_viewport(ratio=1)
    assert sheet.evaluate("element => element.matches(':modal')")
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(page.locator(".marker")).to_be_focused()


def test_blocks_are_shown_as_what_they_are_with_their_pages_and_the_sentence_marked(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    heading, table, code = "Depths 😀", "Pump | Depth\n12 | m", "if x:\n    y"
    text = f"{heading}\n\n{PUMPS.text}\n\n{table}\n\n{code}"
    places = [0, len(heading) + 2, len(heading) + 4 + len(PUMPS.text), len(text) - len(code)]
    kinds: tuple[BlockKind, ...] = ("heading", "prose", "table", "code")
    ends = [len(heading), places[1] + len(PUMPS.text), places[2] + len(table), len(text)]
    blocks = tuple(BlockSpan(*span) for span in zip(places, ends, kinds, strict=True))
    blocks = (*blocks[:2], blocks[2]._replace(header=(places[2], places[2] + 12)), blocks[3])
    paged = replace(PUMPS, text=text, blocks=blocks, pages=(0, places[2]))
    monkeypatch.setitem(DOCUMENTS, PUMPS.id, paged)
    place = f"/#document={PUMPS.id}&start={START + places[1]}&end={END + places[1]}"
    page.evaluate("address => { location.href = address }", place)
    shown = page.locator("#source-text")
    expect(shown.locator("mark")).to_have_text(SENTENCE)
    expect(shown.locator("p.prose mark")).to_have_count(1)
    expect(shown.get_by_role("heading", name="Depths 😀")).to_have_count(1)
    expect(shown.locator("pre")).to_have_text(code)
    expect(shown.locator(".page")).to_have_text(["Page 1", "Page 2"])
    assert shown.locator("tr").evaluate_all(
        "rows => rows.map((row) => [...row.cells].map((cell) => cell.tagName + cell.textContent))"
    ) == [["THPump", "THDepth"], ["TD12", "TDm"]]


def test_a_pdf_is_shown_as_its_pages_with_the_sentence_and_its_words_marked(
    page: Page, monkeypatch: pytest.MonkeyPatch, site: Site
) -> None:
    paper = replace(PUMPS, id="notes/paper.pdf")
    monkeypatch.setitem(DOCUMENTS, paper.id, paper)
    cited = replace(answered("Who?").citations[0], document_id=paper.id)
    monkeypatch.setattr(site.stage.pipeline, "ask", lambda asked: replace(answered("Who?"), citations=(cited,)))
    sentence = {"page": 2, "x0": 0.25, "y0": 0.5, "x1": 0.75, "y1": 0.55}
    words = {**sentence, "x0": 0.5, "x1": 0.6}
    sizes = [{"page": number, "width": 600, "height": 800} for number in range(1, 401)]
    drawn: list[str] = []

    def draw(route: Any) -> None:
        drawn.append(route.request.url)
        picture = BytesIO()
        Image.new("RGB", (6, 8), "white").save(picture, "PNG")
        route.fulfill(body=picture.getvalue(), content_type="image/png")

    def place(route: Any) -> None:
        route.fulfill(json={"boxes": [sentence if f"start={START}&" in route.request.url else words]})

    page.route(re.compile(r"paper\.pdf/boxes"), place)
    listed = {"id": paper.id, "pages": sizes}
    page.route(re.compile(r"paper\.pdf/pages(\?|$)"), lambda route: route.fulfill(json=listed))
    page.route(re.compile(r"paper\.pdf/pages/\d+\.png"), draw)
    ask(page, "Who found it?")
    page.locator(".marker").click()
    shown = page.get_by_role("img", name="Page 2, with the cited place marked")
    expect(shown.locator(".box")).to_have_count(2)
    expect(shown.locator(".box").first).to_be_in_viewport(ratio=1)
    expect(page.locator(".sheet.drawn[data-page='2']")).to_be_visible()
    places = """boxes => boxes.map((box) => {
        const [outer, inner] = [box.parentElement.getBoundingClientRect(), box.getBoundingClientRect()];
        const share = (inner.left - outer.left) / outer.width;
        return [share, (inner.top - outer.top) / outer.height, inner.width / outer.width];
    })"""
    found = shown.locator(".box").evaluate_all(places)
    assert found == [pytest.approx([0.25, 0.5, 0.5], abs=0.01), pytest.approx([0.5, 0.5, 0.1], abs=0.01)]
    assert 0 < len(drawn) < 10  # of 400 pages only those near what is seen
    page.get_by_role("button", name="Text", exact=True).click()
    expect(page.locator("#source-text mark")).to_have_text(SENTENCE)
    expect(shown).to_be_hidden()
    page.get_by_role("button", name="Pages", exact=True).click()
    expect(shown).to_be_visible()


def test_an_original_that_is_gone_leaves_the_text(
    page: Page, monkeypatch: pytest.MonkeyPatch, expected_errors: list[str]
) -> None:
    expected_errors.append("status of 404")
    monkeypatch.setitem(DOCUMENTS, "paper.pdf", replace(PUMPS, id="paper.pdf"))
    gone = {"error": {"type": "original_gone", "message": "paper.pdf is no longer there"}}
    page.route(re.compile(r"paper\.pdf/(pages|file|boxes)"), lambda route: route.fulfill(status=404, json=gone))
    page.goto(f"/#document=paper.pdf&start={START}&end={END}")
    expect(page.locator("#source-text mark")).to_have_text(SENTENCE)
    for name in ("Pages", "Save the original"):
        page.get_by_role("button", name=name).click()
        expect(page.locator("#source-notice")).to_have_text("paper.pdf is no longer there")
        expect(page.locator("#source-text mark")).to_be_visible()


def test_a_long_text_is_shown_around_the_place_and_read_on(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [f"Line {number} of the long 🔩 book." for number in range(10_000)]
    text = "\n\n".join(lines)
    start = text.index(lines[5_000])
    monkeypatch.setitem(DOCUMENTS, PUMPS.id, replace(PUMPS, text=text))
    page.goto(f"/#document={PUMPS.id}&start={start}&end={start + len(lines[5_000])}")
    shown = page.locator("#source-text")
    expect(shown.locator("mark")).to_have_text(lines[5_000])
    expect(shown.locator("mark")).to_be_in_viewport(ratio=1)
    count = "element => element.querySelectorAll('p').length"
    before = shown.evaluate(count)
    assert before < 3_000
    shown.get_by_role("button", name="Show what stands before").click()
    expect(shown.locator("p").nth(before)).to_be_attached()
    shown.get_by_role("button", name="Show what comes next").click()
    page.wait_for_function("count => document.querySelectorAll('#source-text p').length > count", arg=before * 1.7)
    texts = shown.locator("p").all_text_contents()
    first = lines.index(texts[0])
    assert texts == lines[first : first + len(texts)]


def test_a_document_that_changed_since_is_not_marked_in_the_wrong_place(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(page, "Who found it?")
    monkeypatch.setitem(DOCUMENTS, PUMPS.id, replace(PUMPS, text=f"New. {PUMPS.text}"))
    page.locator(".citations").get_by_role("button", name="Show in the document").click()
    expect(page.get_by_text("The document has changed since this answer was given")).to_be_visible()
    expect(page.locator("#source mark")).to_have_count(0)
    expect(page.locator("#source blockquote")).to_have_text(SENTENCE)


def test_the_address_in_a_citation_of_a_chat_opens_the_document_there(page: Page, site: Site) -> None:
    place = answered("Who?").citations[0]
    page.goto(Links(site.address, "other").to(place))  # a change of the fragment alone
    expect(page.locator("#source-text mark")).to_have_text(SENTENCE)
    expect(page.locator("#source-title")).to_have_text(PUMPS.title)
    assert "other" in site.stage.opened
    page.reload()
    expect(page.locator("#source-text mark")).to_have_text(SENTENCE)


def test_an_abstention_is_shown_as_one_with_the_nearest_passages_open(page: Page) -> None:
    ask(page, "Is it far?")
    expect(page.locator(".verdict")).to_have_text("–No answer from these documents")
    expect(page.get_by_text("The documents do not answer this.")).to_have_count(1)
    expect(page.locator("#status")).to_have_text("No answer from these documents.")
    nearest = page.get_by_role("group").filter(has_text="Nearest passages (2)").get_by_role("listitem")
    expect(nearest.first.locator("blockquote")).to_have_text(SENTENCE)
    expect(page.get_by_role("heading", name="Sources")).to_have_count(0)


def test_markup_in_documents_is_text(page: Page) -> None:
    ask(page, "Is it <b>far</b>?")
    expect(page.locator(".asked")).to_have_text("Is it <b>far</b>?")
    page.get_by_role("button", name=f"Show in the document {MARKUP.title}").click()
    expect(page.locator("#source mark")).to_have_text("<script>alert(1)</script>")
    expect(page.locator("#source-title")).to_have_text(MARKUP.title)
    expect(page.locator("main :is(script, img, b), dialog :is(script, img, b)")).to_have_count(0)


def test_index_mode_and_number_of_passages_are_chosen(page: Page, stage: Stage) -> None:
    page.get_by_role("combobox", name="Index").select_option("other")
    page.get_by_role("button", name="Settings").click()
    page.get_by_label("Answers").select_option("extract")
    expect(page.get_by_text("Needs no language model.")).to_be_visible()
    page.get_by_label("Passages shown with an answer").fill("3")
    page.get_by_role("button", name="Close").click()
    page.reload()  # settings are kept, the choice of the index is not
    page.get_by_role("combobox", name="Index").select_option("other")
    ask(page, "Who found it?")
    assert stage.pipeline.calls == [("Who found it?", "extract", 3)]
    assert stage.pipeline.name == "other"


def test_theme_and_language_are_chosen_and_kept(page: Page) -> None:
    ask(page, "Who found it?")
    page.get_by_role("button", name="Settings").click()
    page.get_by_label("Appearance").select_option("dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 25, 24)"
    page.get_by_label("Language").select_option("de")
    expect(page.get_by_role("button", name="Neues Gespräch")).to_be_visible()
    expect(page.locator(".verdict")).to_have_text("✓Aus den Dokumenten beantwortet")
    assert page.evaluate("[document.documentElement.lang, document.title]") == ["de", "Fragen Sie Ihre Dokumente"]
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 25, 24)"


def test_every_text_is_there_in_both_languages(page: Page) -> None:
    used = """async () => {
        const { WORDS, t } = await import('/page/base/words.js');
        const names = [...document.querySelectorAll('[data-t], [data-t-label], [data-t-hint]')]
            .flatMap(({ dataset }) => [dataset.t, dataset.tLabel, dataset.tHint]).filter(Boolean);
        const gaps = Object.entries(WORDS).filter(([, pair]) => pair.length !== 2 || pair.flat().some((text) => !text));
        return { missing: names.filter((name) => !WORDS[name]), gaps, known: Object.keys(WORDS) };
    }"""
    found = page.evaluate(used)
    assert (found["missing"], found["gaps"]) == ([], [])
    in_code = {name for file in PAGE.rglob("*.js") for name in re.findall(r'\bt\("(\w+)"', file.read_text("utf-8"))}
    assert in_code - set(found["known"]) == set()


def test_the_keyboard_is_enough(page: Page) -> None:
    question, index = page.get_by_label("Question", exact=True), page.get_by_role("combobox", name="Index")
    expect(question).to_be_focused()
    expect(index).to_be_visible()  # it appears once the page has read what indexes there are
    page.keyboard.type("Who found it?")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("And when?")
    limit = page.get_by_role("button", name="Only some documents")
    period = page.get_by_role("button", name="Period")
    for control in (limit, period, index, page.get_by_role("button", name="Ask", exact=True)):
        page.keyboard.press("Tab")
        expect(control).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".asked")).to_have_text("Who found it?\nAnd when?")
    expect(page.locator(".tools")).to_be_visible()
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_focused()  # it did not fall to the body


class TestWaiting:
    @pytest.fixture
    def stage(self, tmp_path: Path) -> Stage:
        return Stage(tmp_path / "indexes", pipeline=FakePipeline(hold=threading.Event()))

    def test_it_says_that_it_waits_and_can_be_stopped(self, page: Page, stage: Stage) -> None:
        page.get_by_label("Question", exact=True).fill("Who found it?")
        page.get_by_role("button", name="Ask", exact=True).click()
        expect(page.get_by_role("progressbar")).to_be_visible()
        expect(page.locator(".elapsed")).to_have_text("1 s")
        page.get_by_role("button", name="Stop").click()
        expect(page.get_by_role("progressbar")).to_be_hidden()
        expect(page.get_by_role("button", name="Ask", exact=True)).to_be_focused()
        expect(page.locator("#status")).to_have_text("Stopped.")
        assert stage.pipeline.hold is not None
        stage.pipeline.hold.set()
        page.get_by_role("button", name="Ask again").click()
        expect(page.locator(".said")).to_contain_text(WORDS)
        expect(page.locator(".turn")).to_have_count(1)


class TestRefusal:
    @pytest.fixture
    def stage(self, tmp_path: Path) -> Stage:
        return Stage(tmp_path / "indexes", pipeline=FakePipeline(error=Overloaded("32 questions wait already", 3)))

    def test_the_servers_own_words_are_shown(self, page: Page, expected_errors: list[str]) -> None:
        expected_errors.append("status of 429")
        page.get_by_label("Question", exact=True).fill("Who found it?")
        page.keyboard.press("Enter")
        expect(page.locator(".turn").get_by_role("alert")).to_have_text("32 questions wait already")
        expect(page.get_by_role("button", name="Ask", exact=True)).to_be_enabled()


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


@pytest.mark.parametrize(
    ("width", "scheme"), [(360, "light"), (390, "light"), (390, "dark"), (1280, "light"), (1280, "dark")]
)
def test_nothing_is_wider_than_the_screen_nor_barred_to_anyone(page: Page, width: int, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 844})
    for name, question in (("answer", "Who found it?"), ("abstention", "Is it far?")):
        ask(page, question)
        good(page, width, f"{name}-{scheme}-{width}")
    page.get_by_role("button", name="Show in the document").first.click()
    expect(page.locator("#source mark")).to_be_in_viewport()
    good(page, width, f"source-{scheme}-{width}")
    page.get_by_role("button", name="Close").click()
    page.get_by_role("link", name="Documents", exact=True).click()
    expect(page.locator("#rows [data-id]")).to_have_count(3)
    good(page, width, f"library-{scheme}-{width}")
    page.get_by_role("button", name="New index").click()
    good(page, width, f"naming-{scheme}-{width}")
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Ask", exact=True).click()
    page.get_by_role("button", name="Period").click()
    good(page, width, f"period-{scheme}-{width}")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Settings").click()
    good(page, width, f"settings-{scheme}-{width}")


def good(page: Page, width: int, name: str) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    screenshot(page, name)
    if AXE.exists():  # `npm install` brings it
        page.evaluate(AXE.read_text("utf-8"))
        found = page.evaluate("async () => (await axe.run()).violations.map(({id, nodes}) => [id, nodes[0].html])")
        assert found == []


def test_it_is_small_and_says_what_it_is_when_installed(page: Page) -> None:
    sizes = """() => performance.getEntriesByType('resource').filter(({name}) => name.includes('/page/'))
        .map(({encodedBodySize}) => encodedBodySize)"""
    assert 20_000 < sum(page.evaluate(sizes)) < 150_000
    manifest = page.request.get("/page/manifest.json").json()
    assert (manifest["name"], manifest["display"]) == ("Ask your documents", "standalone")
    assert page.request.get(f"/page/{manifest['icons'][0]['src']}").ok


def test_the_documentation_of_the_http_api(page: Page) -> None:
    page.get_by_role("button", name="Settings").click()
    page.get_by_role("link", name="HTTP API").click()
    expect(page.get_by_text("/v1/documents/{id}/text")).to_be_visible()
    page.get_by_text("/v1/ask").click()
    expect(page.get_by_text("text/event-stream").first).to_be_attached()
    time.sleep(0.2)  # a request that should not be made would be made by now
    screenshot(page, "docs")


def test_a_path_of_headings_goes_on_from_the_title(page: Page) -> None:
    place = "async (cited) => (await import('/page/base/dom.js')).placeOf(cited)"
    said = {"A": "", "A > B": "B", "AB > C": "AB > C", "B > A > C": "B > A > C", None: ""}
    assert {section: page.evaluate(place, {"title": "A", "page": None, "section": section}) for section in said} == said
    assert page.evaluate(place, {"title": "A", "page": 3, "section": "A > B"}) == "page 3 · B"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.sampled_from("aé😀🛠\u0301\n")), start=st.integers(0, 12), length=st.integers(0, 12))
def test_offsets_are_cut_as_python_cuts_them(page: Page, text: str, start: int, length: int) -> None:
    cut = """async ([text, start, end]) => {
        const { cut, unitsOf } = await import('/page/base/text.js');
        const at = unitsOf(text);
        return [...cut(text, start, end), text.slice(at(start), at(end))];
    }"""
    end = start + length
    assert page.evaluate(cut, [text, start, end]) == [text[:start], text[start:end], text[end:], text[start:end]]


def test_offsets_far_into_a_text_are_those_of_python(page: Page) -> None:
    units = "async ([text, places]) => places.map((await import('/page/base/text.js')).unitsOf(text))"
    text = "a😀" * 9_000
    places = [0, 1, 4095, 4096, 4097, 8192, 12_289, 17_999, 18_000, 99_999]
    expected = [len(text[:place].encode("utf-16-le")) // 2 for place in places]
    assert page.evaluate(units, [text, places]) == expected


@pytest.mark.parametrize(
    ("id", "address"),
    [
        ("notes/a b.md", "notes/a%20b.md"),
        ("notes/text", "notes%2Ftext"),
        ("a/../b", "a%2F..%2Fb"),
        ("a//b", "a%2F%2Fb"),
        ("x/file", "x%2Ffile"),
        ("x/pages/1.png", "x%2Fpages%2F1.png"),
        ("?#/%", "%3F%23/%25"),
    ],
)
def test_slashes_of_an_id_are_encoded_only_where_they_must_be(page: Page, id: str, address: str) -> None:
    of = "async ([id, rest]) => (await import('/page/base/requests.js')).documentAddress(id, 'x y', rest)"
    assert page.evaluate(of, [id, "/text"]) == f"v1/documents/{address}/text?index=x%20y"


def test_what_was_not_read_of_a_document_is_counted_in_the_list_and_named_below_its_text(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(DOCUMENTS, PARTLY.id, PARTLY)
    page.reload()
    page.get_by_role("link", name="Documents", exact=True).click()
    row = page.locator("#rows tr")
    expect(row.filter(has_text="Half").locator(".state")).to_have_text("2 parts not read")
    expect(row.filter(has_text=PUMPS.title).locator(".state")).to_have_text("")
    page.get_by_role("button", name="Half", exact=True).click()
    unread = page.get_by_role("dialog", name="Half").get_by_role("group")
    summary = unread.get_by_text("Read in part: 2 parts of the file were not read")
    expect(unread.get_by_role("listitem")).to_have_count(0)  # closed
    summary.focus()
    page.keyboard.press("Enter")
    expect(unread.get_by_role("listitem")).to_have_text(list(NOTES))
    screenshot(page, "read-in-part")
    page.keyboard.press("Escape")
    page.get_by_role("button", name=PUMPS.title, exact=True).click()
    expect(page.get_by_role("dialog", name=PUMPS.title).get_by_role("region")).to_contain_text("More.")
    expect(page.get_by_text("Read in part", exact=False).locator("visible=true")).to_have_count(0)
