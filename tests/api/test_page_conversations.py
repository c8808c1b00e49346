"""Conversations on the page: sent along, kept in the browser, found again, exported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.api.browsing import PHONE, Site, ask, needs_chromium, screenshot
from tests.api.fakes import DOCUMENTS, PUMPS, SAID, SENTENCE, WORDS

pytestmark = needs_chromium
HISTORY = [{"role": "user", "content": "Who found it?"}, {"role": "assistant", "content": SAID}]


def asked(page: Page) -> list[str]:
    return page.locator(".asked").all_text_contents()


def test_a_conversation_is_sent_along_and_comes_back_after_a_reload(page: Page, site: Site) -> None:
    ask(page, "Who found it?")
    ask(page, "Is it far?")
    ask(page, "Who else?")
    refused = {"role": "assistant", "content": "The documents do not answer this."}
    told = [[], HISTORY, [*HISTORY, {"role": "user", "content": "Is it far?"}, refused]]
    assert [list(history) for history in site.stage.pipeline.histories] == told
    address = page.url
    page.reload()
    expect(page.locator(".said")).to_have_count(3)
    assert asked(page) == ["Who found it?", "Is it far?", "Who else?"]
    page.locator(".turn").first.locator(".marker").click()
    expect(page.locator("#source mark")).to_have_text(SENTENCE)
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator(".turn")).to_have_count(0)
    expect(page.locator("#first")).to_be_visible()
    expect(page.locator("#source")).to_be_hidden()
    page.go_back()
    expect(page.locator(".turn")).to_have_count(3)
    assert page.url == address


def test_a_link_to_an_answer_leads_to_it(page: Page) -> None:
    ask(page, "Who found it?")
    ask(page, "Is it far?")
    page.goto("/#a=ans_1")
    expect(page.locator(".turn").first).to_be_focused()
    page.goto("/#a=ans_none")
    expect(page.locator("#not-here")).to_contain_text("This browser does not keep that conversation")


def test_an_edited_question_takes_the_place_of_the_last_and_else_makes_a_copy(page: Page, site: Site) -> None:
    ask(page, "Who find it?")
    page.get_by_role("button", name="Edit this question").click()
    field = page.get_by_label("The question, edited")
    expect(field).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Edit this question")).to_be_focused()
    page.keyboard.press("Enter")
    field.fill("Who found it?")
    page.keyboard.press("Enter")
    expect(page.locator(".tools")).to_have_count(1)
    assert asked(page) == ["Who found it?"]
    assert not site.stage.pipeline.histories[-1]
    ask(page, "Is it far?")
    ask(page, "Who else?")
    page.get_by_role("button", name="Edit this question").nth(1).click()
    field.fill("Who was it?")
    page.keyboard.press("Enter")
    expect(page.locator(".tools")).to_have_count(2)
    assert asked(page) == ["Who found it?", "Who was it?"]
    assert list(site.stage.pipeline.histories[-1]) == HISTORY
    threads = page.get_by_role("list", name="Conversations").get_by_role("listitem")
    expect(threads).to_have_count(2)
    threads.last.get_by_role("link").click()
    expect(page.locator(".turn")).to_have_count(3)  # nothing that was answered is lost
    page.reload()
    expect(page.locator(".turn")).to_have_count(3)


def test_conversations_are_searched_named_and_deleted(page: Page) -> None:
    ask(page, "Who found it?")
    page.get_by_role("button", name="New conversation").click()
    ask(page, "Is it far?")
    threads = page.get_by_role("list", name="Conversations").get_by_role("listitem")
    expect(threads).to_have_text(["Is it far?", "Who found it?"])
    page.get_by_label("Search conversations").fill("ADA")  # a word of an answer
    expect(threads).to_have_text(["Who found it?"])
    page.get_by_label("Search conversations").fill("nothing")
    expect(page.get_by_text("No conversation has these words.")).to_be_visible()
    page.get_by_text("This conversation", exact=True).click()
    page.evaluate("""async () => {  // the list is made anew while it is made for the name
        const { store } = await import("/page/base/store.js");
        document.querySelector("[data-act=rename]").click();
        store.dispatchEvent(new Event("thread"));
    }""")
    page.get_by_label("Name of the conversation").fill("Distances")
    page.keyboard.press("Enter")
    expect(threads).to_have_text(["Distances", "Who found it?"])
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(threads).to_have_text(["Who found it?"])
    expect(page.locator(".turn")).to_have_count(0)
    page.reload()
    expect(threads).to_have_text(["Who found it?"])


def test_another_tab_sees_the_conversation(page: Page) -> None:
    other = page.context.new_page()
    other.goto("/")
    ask(page, "Who found it?")
    threads = other.get_by_role("list", name="Conversations").get_by_role("listitem")
    expect(threads).to_have_text(["Who found it?"])
    threads.get_by_role("link").click()
    expect(other.locator(".said")).to_contain_text(WORDS)


def test_a_conversation_is_exported_with_every_quote(page: Page, tmp_path: Path) -> None:
    ask(page, "Who <b>found</b> it?")
    ask(page, "Is it far?")
    page.get_by_text("This conversation", exact=True).click()

    def export(name: str) -> str:
        with page.expect_download() as coming:
            page.get_by_role("button", name=name).click()
        coming.value.save_as(tmp_path / coming.value.suggested_filename)
        return (tmp_path / coming.value.suggested_filename).read_text("utf-8")

    markdown = export("Export as Markdown")
    assert markdown.startswith("# Who \\<b\\>found\\</b\\> it?\n\n## Who \\<b\\>found\\</b\\> it?\n")
    quote = SENTENCE.replace("[1]", "\\[1\\]")
    assert f"\\[1\\] {PUMPS.title}, page 3 · Pumps, {PUMPS.source}\n\n> {quote}\n" in markdown
    assert "## Is it far?" in markdown
    assert "The documents do not answer this." in markdown
    audit = export("Export with every quote")
    assert f"<mark>{WORDS}</mark>" in audit
    assert "ans_1 · default" in audit
    assert "<b>found" not in audit
    assert "&#60;b&#62;found" in audit
    references = json.loads(export("Export sources"))
    assert [(one["id"], one["title"]) for one in references] == [(PUMPS.id, PUMPS.title)]
    inside = page.context.new_page()
    inside.set_content(audit)
    expect(inside.locator("mark")).to_have_text(WORDS)


def test_an_old_answer_keeps_its_citation_when_its_document_is_gone(
    page: Page, monkeypatch: pytest.MonkeyPatch, expected_errors: list[str]
) -> None:
    expected_errors.append("status of 404")
    ask(page, "Who found it?")
    monkeypatch.delitem(DOCUMENTS, PUMPS.id)
    page.reload()
    cited = page.locator(".citations > li")
    expect(cited.locator("blockquote")).to_have_text(SENTENCE)
    expect(cited.locator(".stale")).to_have_text("no longer in the library")
    cited.get_by_role("button", name="Show in the document").click()
    expect(page.locator("#source-notice")).to_contain_text("notes/pumps.md")
    expect(page.locator("#source blockquote")).to_have_text(SENTENCE)


def test_a_conversation_that_the_browser_does_not_keep_goes_on(page: Page) -> None:
    page.evaluate(
        "() => { IDBObjectStore.prototype.put = () => { throw new DOMException('full', 'QuotaExceededError') } }"
    )
    ask(page, "Who found it?")
    expect(page.get_by_role("alert").filter(has_text="The browser does not keep this conversation")).to_be_visible()
    ask(page, "Is it far?")
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator(".turn")).to_have_count(0)
    page.get_by_role("list", name="Conversations").get_by_role("link").click()
    expect(page.locator(".turn")).to_have_count(2)


def test_a_question_without_an_answer_is_kept_and_can_be_asked_again(page: Page) -> None:
    page.route("**/v1/ask", lambda route: None)  # it never comes
    page.get_by_label("Question", exact=True).fill("Who found it?")
    page.keyboard.press("Enter")
    expect(page.get_by_role("progressbar")).to_be_visible()
    page.wait_for_function("location.hash !== ''")
    expect(page.get_by_role("list", name="Conversations").get_by_role("listitem")).to_have_count(1)
    page.unroute("**/v1/ask")
    page.reload()
    expect(page.get_by_text("This question has no answer yet.")).to_be_visible()
    page.get_by_role("button", name="Ask again").click()
    expect(page.locator(".said")).to_contain_text(WORDS)


def test_on_a_phone_the_list_is_behind_a_button(page: Page) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    ask(page, "Who found it?")
    menu = page.get_by_role("button", name="Conversations")
    expect(page.get_by_label("Search conversations")).to_be_hidden()
    menu.click()
    expect(page.get_by_label("Search conversations")).to_be_focused()
    expect(menu).to_have_attribute("aria-expanded", "true")
    screenshot(page, "menu-phone")
    page.keyboard.press("Escape")
    expect(menu).to_be_focused()
    menu.click()
    page.get_by_role("list", name="Conversations").get_by_role("link").click()
    expect(page.locator(".said")).to_be_visible()


def test_the_history_is_the_last_turns_that_have_answers(page: Page) -> None:
    history = "async (turns) => (await import('/page/conversation/conversation.js')).historyOf(turns)"
    turns = [{"question": f"q{n}", "answer": {"answer": f"a{n}"} if n % 2 else None} for n in range(40)]
    sent = page.evaluate(history, turns)
    assert [one["content"] for one in sent] == [f"{who}{n}" for n in range(17, 40, 2) for who in "qa"]
    assert page.evaluate(history, [{"question": "q", "answer": {"answer": "a" * 100_000}}]) is None


def test_headings_found_beside_the_answer_are_proposed(page: Page) -> None:
    proposed = "async (answer) => (await import('/page/conversation/follow_ups.js')).followUps(answer)"
    found = [("A", "A > The lens"), ("A", "A > Rent"), ("A", "A"), ("B", "Who pays?"), ("B", "Rent"), ("A", None)]
    answer: dict[str, Any] = {
        "question": "How is the lens made?",
        "answered": True,
        "citations": [{"document_id": "A", "section": "A > The tower"}],
        "passages": [
            {"document_id": title, "title": title, "section": section}
            for title, section in [*found, ("A", "A > The tower"), ("A", "Who pays?")]
        ],
    }
    assert page.evaluate(proposed, answer) == ["What does “A” say about “Rent”?", "Who pays?"]  # nothing of B
    near = {
        **answer,
        "answered": False,
        "abstained": {"near": True},
        "passages": answer["passages"][3:],
        "citations": [],
    }
    assert page.evaluate(proposed, near) == ["Who pays?", "What does “B” say about “Rent”?"]  # nothing of A
    refused = {**answer, "answered": False, "abstained": {"near": False}}
    assert page.evaluate(proposed, refused) == []
