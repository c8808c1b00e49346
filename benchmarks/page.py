"""The web page in headless Chromium: times over large documents, and tasks with their clicks.

    python benchmarks/page.py times   # a novel, a PDF of 400 pages, 10,000 documents, first paint, bytes
    python benchmarks/page.py tasks   # ten tasks on a library of letters: clicks, keys, seconds

`times` is of a real server over documents that it holds in memory, with no models: what is measured is the page, and
how fast the server sends what it shows. `tasks` are of a library that this program makes, with the embedded
models. Clicks are those of a mouse; keys are counted without the text that is typed. Needs Chromium.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Error, Page, expect, sync_playwright

sys.path.insert(0, str(Path(__file__).parent.parent))

from page_library import make_library
from page_tasks import TASKS, Hand

from rag.types import Document, DocumentInfo
from tests.api.browsing import FLAGS, served
from tests.api.fakes import FakePipeline, Stage
from tests.documents.test_pdf import lines, make_pdf

NOVEL, PAGES, DOCUMENTS = 3_200_000, 400, 10_000  # characters, pages, documents
RUNS = 5
WAIT_MS = 120_000
SIZES = """() => {
    const all = ['resource', 'navigation'].flatMap((type) => performance.getEntriesByType(type));
    const own = all.filter(({name}) => !/\\/(v1|readyz)/.test(name));
    return ['transferSize', 'decodedBodySize'].map((size) => own.reduce((sum, one) => sum + one[size], 0));
}"""
PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"


class Large(FakePipeline):
    """A novel, a long PDF and many small documents."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        line = "The keeper lit the lamp at dusk, wrote the hour into his book, and looked out for the pilots. "
        paragraph = line * 8 + "\n\n"
        novel = (paragraph * (NOVEL // len(paragraph) + 1))[:NOVEL]
        (folder / "long.pdf").write_bytes(
            make_pdf([lines(f"Page {n} of the ledger.", line) for n in range(1, PAGES + 1)])
        )
        digest = sha256((folder / "long.pdf").read_bytes()).hexdigest()
        text = "\n\n".join(f"Page {n} of the ledger.\n{line.strip()}" for n in range(1, PAGES + 1))
        step = len(text) // PAGES
        starts = tuple(n * step for n in range(PAGES))
        self.held = {
            "novel.txt": Document("novel.txt", "Novel", novel, "novel.txt", "aa" * 32),
            "long.pdf": Document("long.pdf", "Ledger", text, str(folder / "long.pdf"), digest, pages=starts),
        }
        few = [
            DocumentInfo(d.id, d.title, d.source, d.sha256, 1, len(d.text), len(d.pages) or None)
            for d in self.held.values()
        ]
        many = [
            DocumentInfo(f"f{n % 40}/{n:05d}.md", f"Paper {n}", f"{n}", "ab" * 32, 1, n, None) for n in range(DOCUMENTS)
        ]
        self.list = sorted(few + many, key=lambda info: info.id)

    def listed(self, after: str | None, most: int) -> list[DocumentInfo]:
        return [info for info in self.list if after is None or info.id > after][:most]

    def info(self, document_id: str) -> DocumentInfo:
        return next(info for info in self.list if info.id == document_id)

    def document(self, document_id: str) -> Document:
        return self.held[document_id]

    def origin(self, document_id: str) -> Any:
        from rag.types import Origin, Stamp

        return Origin(None, self.held[document_id].source, Stamp(None, None))


@contextmanager
def opened(browser: Browser, address: str, **options: Any) -> Iterator[Page]:
    context = browser.new_context(
        **{"base_url": address, "viewport": {"width": 1280, "height": 800}, "locale": "en-GB", **options}
    )
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto("/")
    yield page
    context.close()


def timed(act: Callable[[], Any]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def bench_times(browser: Browser, folder: Path) -> None:
    stage = Stage(folder / "indexes", pipeline=Large(folder))
    with served(stage.app()) as address:
        paints = []
        for _ in range(RUNS):
            with opened(browser, address) as page:
                page.wait_for_function(PAINT)
                paints.append(page.evaluate(PAINT) / 1000)
                expect(page.locator("#holds")).to_contain_text("10,002 documents", timeout=WAIT_MS)
                sent, whole = page.evaluate(SIZES)
        tell("first paint, median of 5", f"{sorted(paints)[RUNS // 2]:.2f} s")
        tell("bytes of the page: sent, and as files", f"{sent / 1000:.0f} kB, {whole / 1000:.0f} kB")
        with opened(browser, address) as page:
            for what, act in STEPS:
                tell(what, f"{timed(lambda: act(page)):.2f} s")  # noqa: B023


def table(page: Page) -> None:
    page.get_by_role("link", name="Documents", exact=True).click()
    expect(page.locator("#library-count")).to_have_text("10,002 documents", timeout=WAIT_MS)


def search(page: Page) -> None:
    page.get_by_label("Search by title or path").fill("paper 99")
    expect(page.locator("#library-count")).to_contain_text("of 10,002", timeout=WAIT_MS)


def sort(page: Page) -> None:
    page.get_by_label("Search by title or path").fill("")
    page.get_by_role("button", name="Size").click()
    expect(page.locator("#rows [data-id]").first).to_contain_text("Paper 0", timeout=WAIT_MS)


def novel(page: Page) -> None:
    page.goto(f"/#document=novel.txt&start={NOVEL - 4000}&end={NOVEL - 3900}")
    page.locator("#source-text mark").first.wait_for()


def ledger(page: Page) -> None:
    page.goto("/#document=long.pdf&start=40000&end=40020")
    page.locator("#as-pages").wait_for()


def pages(page: Page) -> None:
    page.locator("#as-pages").click()
    page.locator(".sheet.drawn").first.wait_for()


STEPS: tuple[tuple[str, Callable[[Page], None]], ...] = (
    ("10,000 documents: from the click to the whole table", table),
    ("... a search", search),
    ("... sorted by size", sort),
    ("a novel of 3.2 million characters: a place near its end", novel),
    ("a PDF of 400 pages: the text of a place", ledger),
    ("... its pages, the first one drawn", pages),
)


def bench_tasks(browser: Browser, folder: Path) -> None:
    with make_library(folder) as address, opened(browser, address, accept_downloads=True) as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        for name, task in TASKS:
            page.goto("/")
            page.reload()
            hand = Hand(page, folder)
            try:
                spent = timed(lambda: task(hand))  # noqa: B023
                tell(name, f"{hand.clicks} clicks, {hand.keys} keys, {spent:.1f} s")
            except (AssertionError, Error) as failed:
                tell(name, f"not done: {str(failed).splitlines()[0]}")


def tell(what: str, figure: str) -> None:
    print(f"| {what} | {figure} |", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=["times", "tasks"])
    options = parser.parse_args()
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        print("there is no Chromium: apt-get install chromium")
        return 2
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        if options.part == "times":
            bench_times(browser, Path(name))
        else:
            bench_tasks(browser, Path(name))
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
