"""Fixtures of the tests of the web page: a real browser, and a real server on fakes.

Every test that uses `page` also holds that the page asked no other host for anything, and that the browser's console
has no errors.
"""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, expect, sync_playwright

from api.server.run import listen
from tests.api.fakes import Stage

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
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium here: `apt-get install chromium` has these run"
)
WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class Site(NamedTuple):
    stage: Stage
    address: str


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
    context = browser.new_context(base_url=site.address, viewport={"width": 1280, "height": 800}, locale="en-GB")
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    errors: list[str] = []
    requests: list[str] = []
    context.on("console", lambda said: errors.append(said.text) if said.type in ("error", "warning") else None)
    context.on("weberror", lambda error: errors.append(str(error.error)))
    context.on("request", lambda request: requests.append(request.url))
    page.goto("/")
    yield page
    context.close()
    assert [error for error in errors if not any(part in error for part in expected_errors)] == []
    assert [url for url in requests if not url.startswith((f"{site.address}/", "data:", "blob:"))] == []


def ask(page: Page, question: str) -> None:
    """Ask, and wait for the whole answer."""
    before = page.locator(".turn").count()
    page.get_by_label("Question", exact=True).fill(question)
    page.get_by_label("Question", exact=True).press("Enter")
    expect(page.locator(".turn")).to_have_count(before + 1)
    expect(page.locator(".turn").last.locator(".tools")).to_be_visible()


def as_shown(text: str) -> str:
    """Text of an answer as the page has it: the number of a citation is a button behind the full stop."""
    return re.sub(r" \[(\d+)\]\.", r".\1", text)


def screenshot(page: Page, name: str) -> None:
    """For people, where SCREENSHOTS names a folder."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{folder}/{name}.png")
