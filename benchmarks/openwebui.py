"""Ask in Open WebUI's own page, in a browser, and save what it shows: the answer, its sources, the document behind one.

    python3 -m venv /tmp/owui && /tmp/owui/bin/pip install torch==2.13.0 && /tmp/owui/bin/pip install open-webui==0.12.4
    python benchmarks/openwebui.py /tmp/owui [--out docs/clients] [--citations auto]

Starts this service on the sample library and Open WebUI beside it, both on loopback and without a network, asks a
question and a follow-up in headless Chromium, opens a source and follows its link. Prints what was on the page and how
long each step took, and stops with an error where the answer, a source or its quote is missing. The pictures are named
by what they show. Open WebUI needs an environment of its own.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parent.parent
QUESTION = "When was the lamp of the lighthouse lit for the first time?"
ANSWER = "3 November 1861"
QUOTE = "The lamp was lit for the first time on"
FOLLOW_UP = "And how many steps does it have?"
STEPS = "142"
UNANSWERED = "Who is the prime minister of Japan?"
REFUSAL = "The documents do not answer this question. None of them mentions “Japan”: ask in other words"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
START_S = 300
ANSWER_MS = 60_000
WIDTH, HEIGHT = 1200, 820


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("venv", type=Path, help="an environment that has open-webui installed")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "clients", help="folder of the pictures")
    parser.add_argument("--citations", default="auto", choices=["auto", "annotations", "openwebui", "footnotes"])
    arguments = parser.parse_args()
    program = arguments.venv / "bin" / "open-webui"
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if not program.is_file() or chromium is None:
        print(f"{program} is not there" if chromium else "there is no Chromium: apt-get install chromium")
        return 2
    arguments.out.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        service(Path(folder), arguments.citations) as address,
        openwebui(program, Path(folder), address) as site,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.set_default_timeout(ANSWER_MS)
        converse(page, site, arguments.out)
        browser.close()
    return 0


def converse(page: Page, site: str, out: Path) -> None:
    """The whole visit; an assertion tells what was not shown."""
    page.goto(site)
    dismiss(page)
    ask(page, QUESTION, ANSWER)
    picture(page, out / "openwebui-answer.png")
    page.get_by_text("Orran Head", exact=False).last.wait_for()
    open_sources(page)
    picture(page, out / "openwebui-sources.png")
    follow_link(page, out / "openwebui-document.png")
    close_dialog(page)
    ask(page, FOLLOW_UP, STEPS)
    ask(page, UNANSWERED, REFUSAL)
    picture(page, out / "openwebui-refusal.png")


def dismiss(page: Page) -> None:
    """The news that a first visit shows, which come when they come."""
    page.add_locator_handler(
        page.get_by_role("button", name="Okay, Let's Go!"),
        lambda button: button.evaluate("element => element.click()"),  # a busy machine never shows it "stable"
    )
    page.locator("#chat-input").wait_for()


def ask(page: Page, question: str, answer: str) -> None:
    began = time.perf_counter()
    page.locator("#chat-input").click()
    page.keyboard.type(question)
    page.keyboard.press("Enter")
    said = page.locator(".chat-assistant").filter(has_text=answer)
    said.last.wait_for()
    print(f"{time.perf_counter() - began:6.2f} s  {question} -> {' '.join(said.last.inner_text().split())!r}")
    page.wait_for_timeout(2500)  # the title and the follow-ups, which come by themselves


def open_sources(page: Page) -> None:
    page.get_by_role("button", name="Source").first.click()
    page.wait_for_timeout(500)
    page.get_by_text("Orran Head", exact=False).last.click()
    page.get_by_text(QUOTE, exact=False).last.wait_for()
    print("source panel:", " ".join(page.get_by_role("dialog").last.inner_text().split()))


def follow_link(page: Page, path: Path) -> None:
    with page.context.expect_page() as opened:
        page.get_by_role("dialog").locator("a[target=_blank]").first.click()
    document = opened.value
    document.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    document.locator("#document-text mark").wait_for()
    print("document:", document.url, "->", document.locator("#document-text mark").inner_text())
    document.locator("#document-place").evaluate("element => { element.textContent = '' }")  # this machine's folder
    picture(document, path)
    document.close()


def close_dialog(page: Page) -> None:
    page.keyboard.press("Escape")
    page.wait_for_timeout(500)


def picture(page: Page, path: Path) -> None:
    """Screenshot in 128 colours, which a page of text does not miss."""
    page.screenshot(path=path)
    Image.open(path).convert("RGB").quantize(128).save(path, optimize=True)
    print(f"{path} ({path.stat().st_size / 1000:.0f} kB)")


@contextmanager
def service(folder: Path, citations: str) -> Iterator[str]:
    port = free_port()
    settings = {"RAG_INDEXES_DIR": str(folder / "indexes"), "RAG_INDEX": "demo", "RAG_CITATIONS": citations}
    environment = os.environ | settings | {"PYTHONPATH": str(ROOT)}
    rag = [sys.executable, "-m", "rag.cli.main"]
    subprocess.run([*rag, "index", str(ROOT / "seeds" / "library")], env=environment, check=True, cwd=folder)
    with running([*rag, "serve", "--port", str(port)], environment, folder, "service"):
        address = f"http://127.0.0.1:{port}"
        wait_for(f"{address}/readyz")
        yield address


@contextmanager
def openwebui(program: Path, folder: Path, address: str) -> Iterator[str]:
    port = free_port()
    environment = os.environ | {
        "DATA_DIR": str(folder / "openwebui"),
        "WEBUI_AUTH": "False",
        "WEBUI_SECRET_KEY": "only for this run",
        "OFFLINE_MODE": "true",
        "ENABLE_OLLAMA_API": "false",
        "RAG_EMBEDDING_MODEL": "",
        "OPENAI_API_BASE_URL": f"{address}/v1",
        "OPENAI_API_KEY": "none",
    }
    (folder / "openwebui").mkdir()
    began = time.perf_counter()
    command = [str(program), "serve", "--host", "127.0.0.1", "--port", str(port)]
    with running(command, environment, folder, "openwebui"):
        wait_for(f"http://127.0.0.1:{port}/health")
        print(f"Open WebUI started in {time.perf_counter() - began:.0f} s")
        yield f"http://127.0.0.1:{port}"


@contextmanager
def running(command: list[str], environment: dict[str, str], folder: Path, name: str) -> Iterator[None]:
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=output, stderr=output)
        try:
            yield
        except BaseException:
            print("".join(log.read_text("utf-8", "replace").splitlines(keepends=True)[-40:]), file=sys.stderr)
            raise
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()


def wait_for(url: str) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
