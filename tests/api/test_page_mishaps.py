"""The page when things go wrong: a server that is away, a key that ends in between, a conversation of 500 turns."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from tests.api.browsing import Site, ask, needs_chromium
from tests.api.fakes import WORDS
from tests.test_serialise import ANSWERED

pytestmark = needs_chromium
TURNS = 500
KEPT = """async ([turns, answer]) => {
    const {put} = await import('/page/conversation/threads.js');
    const [index, filters, asked] = ['default', {}, '2024-05-06T07:08:09.000Z'];
    await put('threads', {id: 'c_long', name: 'Long', index, created: asked, changed: asked, filters, words: 'long'});
    await Promise.all(Array.from({length: turns}, (_, n) => put('turns', {
        id: `t_${n}`, thread: 'c_long', number: n + 1, question: `Question ${n + 1}`, asked, filters,
        answer: {...answer, id: `ans_${n + 1}`}, answer_id: `ans_${n + 1}`, seconds: 1,
    })));
}"""


def test_a_server_that_was_away_is_asked_again(page: Page, expected_errors: list[str]) -> None:
    expected_errors.append("net::ERR_FAILED")
    ask(page, "Who found it?")
    page.route("**/v1/**", lambda route: route.abort())
    page.get_by_label("Question", exact=True).fill("Who else?")
    page.keyboard.press("Enter")
    problem = page.get_by_role("alert").filter(has_text="The server cannot be reached.")
    expect(problem).to_be_visible()
    expect(page.locator(".said").first).to_contain_text(WORDS)  # what was answered stays
    page.unroute("**/v1/**")
    page.get_by_role("button", name="Ask again").click()
    expect(page.locator(".said").last).to_contain_text(WORDS)
    expect(problem).to_be_hidden()


def test_a_key_that_ends_in_mid_conversation_is_asked_for_and_the_question_goes_on(
    page: Page, expected_errors: list[str]
) -> None:
    expected_errors.append("status of 401")
    ask(page, "Who found it?")
    body = {"error": {"type": "unauthenticated", "message": "this API key has expired"}}

    def answer(route: Any) -> None:
        fresh = route.request.headers.get("authorization") == "Bearer rag_new"
        route.continue_() if fresh else route.fulfill(status=401, json=body)

    page.route("**/v1/**", answer)
    page.get_by_label("Question", exact=True).fill("Who else?")
    page.keyboard.press("Enter")
    page.get_by_label("API key", exact=True).fill("rag_new")
    page.keyboard.press("Enter")
    expect(page.locator(".said")).to_have_count(2)
    expect(page.locator(".said").last).to_contain_text(WORDS)


def test_a_conversation_of_500_turns_is_shown_goes_on_and_is_left(page: Page, site: Site) -> None:
    page.evaluate(KEPT, [TURNS, ANSWERED])
    page.goto("/#a=ans_250")
    expect(page.locator(".turn")).to_have_count(TURNS)
    expect(page.locator(".turn").nth(249)).to_be_focused()
    ask(page, "Who found it?")
    assert [turn["content"] for turn in site.stage.pipeline.histories[-1]][-2] == f"Question {TURNS}"
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator(".turn")).to_have_count(0)
