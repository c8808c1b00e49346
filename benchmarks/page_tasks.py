"""Ten tasks on the page, done as a person would who knows what the page says and nothing else. For `page.py`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from page_library import DRAFTS, PASSWORD
from playwright.sync_api import Locator, Page, expect

WAIT_MS = 120_000


class Hand:
    """Mouse and keyboard, counted."""

    def __init__(self, page: Page, folder: Path) -> None:
        self.page = page
        self.folder = folder
        self.clicks = self.keys = 0

    def click(self, what: Locator) -> None:
        what.click()
        self.clicks += 1

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)
        self.keys += 1

    def write(self, text: str) -> None:
        self.page.keyboard.type(text)

    def ask(self, question: str) -> None:
        """The field has the focus from the beginning, and after each answer."""
        before = self.page.locator(".turn").count()
        self.write(question)
        self.press("Enter")
        expect(self.page.locator(".turn")).to_have_count(before + 1)
        expect(self.page.locator(".turn").last.locator(".tools")).to_be_visible(timeout=WAIT_MS)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def library(self) -> None:
        self.click(self.page.get_by_role("link", name="Documents", exact=True))
        expect(self.page.locator("#rows [data-id]").first).to_be_visible()


def lease(hand: Hand) -> None:
    hand.ask("When does the lease end?")
    expect(hand.page.locator(".said")).to_contain_text("30 April 2027")
    hand.click(hand.page.locator(".marker").first)
    expect(hand.page.locator(".sheet.drawn .box.words").first).to_be_visible()


def compare(hand: Hand) -> None:
    hand.ask("What changed between the minutes of March and the minutes of April?")
    for figure in ("48,000", "52,500"):
        expect(hand.page.locator(".turn").last).to_contain_text(figure)


def one_folder(hand: Hand) -> None:
    hand.write("@minu")
    hand.click(hand.page.get_by_role("option", name="folder: library/minutes/"))
    hand.ask("Until when does the ferry run?")
    expect(hand.page.locator(".only")).to_contain_text("minutes")
    expect(hand.page.locator(".said")).to_contain_text("in the evening")


def follow_up(hand: Hand) -> None:
    hand.ask("What is the rent of the boathouse?")
    expect(hand.page.locator(".said")).to_contain_text("340 euros")
    hand.ask("And when is it due?")
    expect(hand.page.locator(".said").last).to_contain_text("third working day")


def export(hand: Hand) -> None:
    hand.ask("When does the lease end?")
    hand.click(hand.page.get_by_text("This conversation", exact=True))
    with hand.page.expect_download() as coming:
        hand.click(hand.button("Export as Markdown"))
    assert "30 April 2027" in Path(coming.value.path()).read_text("utf-8")


def period(hand: Hand) -> None:
    hand.click(hand.button("Period"))
    hand.page.get_by_label("From").fill("2024-04-01")
    hand.keys += 1
    hand.press("Enter")
    hand.ask("What is the budget for the bridge?")
    expect(hand.page.locator(".only")).to_contain_text("2024-04-01")


def link(hand: Hand) -> None:
    hand.ask("When does the lease end?")
    hand.click(hand.button("Copy link"))
    address = hand.page.evaluate("navigator.clipboard.readText()")
    other = hand.page.context.new_page()
    other.goto(address)
    expect(other.locator(".said")).to_contain_text("30 April 2027")
    other.close()


def locked(hand: Hand) -> None:
    hand.library()
    hand.page.get_by_label("Add files").set_input_files(hand.folder / "locked.pdf")
    hand.clicks += 2  # the button, and the file in the system's window
    field = hand.page.get_by_label("Password of locked.pdf")
    field.wait_for()
    hand.click(field)
    hand.write(PASSWORD)
    hand.press("Enter")
    expect(hand.page.locator("#uploads li").first).to_contain_text("Ready", timeout=WAIT_MS)


def thirty(hand: Hand) -> None:
    hand.library()
    hand.click(hand.page.get_by_label("Search by title or path"))
    hand.write("drafts/")
    expect(hand.page.locator("#library-count")).to_contain_text(f"{DRAFTS} of")
    hand.click(hand.page.get_by_label("Select all that are shown"))
    hand.click(hand.button("Delete"))
    hand.click(hand.page.get_by_role("alertdialog").get_by_role("button", name="Delete"))
    expect(hand.page.locator("#library-notice")).to_have_text("No document fits.", timeout=WAIT_MS)


def collection(hand: Hand) -> None:
    hand.library()
    hand.click(hand.button("New index"))
    hand.write("letters")
    hand.press("Enter")
    expect(hand.page.locator("#collection")).to_have_value("letters")
    hand.click(hand.page.locator("#collection-rename"))
    hand.write("post")
    hand.press("Enter")
    expect(hand.page.locator("#collection")).to_have_value("post")


TASKS: tuple[tuple[str, Callable[[Hand], None]], ...] = (
    ("find out when the lease ends, and see it on the page", lease),
    ("compare two minutes", compare),
    ("ask only one folder", one_folder),
    ("ask a follow-up", follow_up),
    ("ask only documents of a period", period),
    ("export a conversation", export),
    ("open an answer by its link", link),
    ("upload a locked PDF", locked),
    (f"delete {DRAFTS} files", thirty),
    ("make an index and rename it", collection),
)
