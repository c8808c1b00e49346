"""The views of the page, each brought about as a person would. For `page.py`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

WAIT_MS = 120_000


def ask(page: Page, question: str) -> None:
    page.get_by_label("Question", exact=True).fill(question)
    page.keyboard.press("Enter")
    expect(page.locator(".turn").last.locator(".tools")).to_be_visible(timeout=WAIT_MS)


def first(page: Page, folder: Path) -> None:
    expect(page.locator("#try")).to_be_visible()


def source(page: Page, folder: Path) -> None:
    ask(page, "When does the lease end?")
    page.locator(".marker").first.click()
    expect(page.locator(".sheet.drawn .box").first).to_be_visible()


def answer(page: Page, folder: Path) -> None:
    ask(page, "What is the rent of the boathouse?")


def refused(page: Page, folder: Path) -> None:
    ask(page, "Who is the prime minister of Japan?")


def limited(page: Page, folder: Path) -> None:
    page.get_by_label("Question", exact=True).press_sequentially("When @min")
    expect(page.locator("#proposals li").first).to_be_visible()


def period(page: Page, folder: Path) -> None:
    page.get_by_role("button", name="Period").click()


def library(page: Page, folder: Path) -> None:
    page.goto("/#library")
    expect(page.locator("#rows [data-id]").first).to_be_visible()
    page.get_by_label("Add files").set_input_files(folder / "locked.pdf")
    expect(page.get_by_label("Password of locked.pdf")).to_be_visible(timeout=WAIT_MS)


def naming(page: Page, folder: Path) -> None:
    page.goto("/#library")
    page.get_by_role("button", name="New index").click()


def settings(page: Page, folder: Path) -> None:
    page.get_by_role("button", name="Settings").click()


VIEWS: tuple[tuple[str, Callable[[Page, Path], None]], ...] = (
    ("first", first),
    ("source", source),
    ("answer", answer),
    ("refused", refused),
    ("limited", limited),
    ("period", period),
    ("library", library),
    ("naming", naming),
    ("settings", settings),
)
