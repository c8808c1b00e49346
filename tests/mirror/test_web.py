"""Pages and sitemaps of a real server -> copies, with what changes, fails, leads elsewhere or never ends."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from rag.background import Run
from rag.documents.discover import UnreachableFile
from rag.errors import IndexBusy, InputError
from rag.mirror.fetch import LIMITS, Limits
from rag.mirror.places import original_address
from rag.mirror.run import Mirrored, mirrored
from rag.settings import Settings

Answer = tuple[int, dict[str, str], bytes]
HTML = {"Content-Type": "text/html; charset=utf-8"}
SMALL = Limits(pages=3, page_bytes=10_000, silent_s=0.3, page_s=1.0)


class Site:
    """A server whose pages a test sets: by path, an answer or a function that writes one."""

    def __init__(self) -> None:
        self.pages: dict[str, Answer | Callable[[Any], None]] = {}
        self.asked: list[str] = []
        self.conditions: list[str | None] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(self.path)
                site.conditions.append(self.headers.get("If-None-Match"))
                found = site.pages.get(self.path, (404, {}, b"not here"))
                if callable(found):
                    return found(self)
                status, headers, body = found
                if status == 200 and headers.get("ETag") and headers["ETag"] == self.headers.get("If-None-Match"):
                    status, body = 304, b""
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        self.root = f"http://127.0.0.1:{self.server.server_port}"

    def page(self, path: str, text: str, **headers: str) -> None:
        self.pages[path] = 200, HTML | headers, text.encode()

    def sitemap(self, *paths: str) -> None:
        listed = "".join(f"<url><loc>{path if '://' in path else self.root + path}</loc></url>" for path in paths)
        self.pages["/sitemap.xml"] = 200, {"Content-Type": "application/xml"}, f"<urlset>{listed}</urlset>".encode()


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.server.shutdown()
    made.server.server_close()


def fetch(site: Site, folder: Path, path: str = "/sitemap.xml", limits: Limits = LIMITS, **options: Any) -> Mirrored:
    return mirrored([site.root + path], folder, Settings(), limits=limits, **options)


def copies(site: Site, done: Mirrored) -> dict[str, str]:
    """The texts of the copies by the paths of their addresses."""
    files = [file for folder in done.folders for file in folder.rglob("*") if file.is_file() and file.name[0] != "."]
    return {original_address(str(file)).removeprefix(site.root): file.read_text() for file in sorted(files)}


def reasons(site: Site, done: Mirrored) -> dict[str, str]:
    return {original_address(str(item.path)).removeprefix(site.root): item.reason for item in done.skipped}


def test_a_page_is_copied_once_and_again_when_it_changed(site: Site, tmp_path: Path) -> None:
    site.page("/", "one", ETag='"1"', **{"Last-Modified": "Mon, 02 Mar 2020 10:00:00 GMT"})
    done = fetch(site, tmp_path, "/")
    assert copies(site, done) == {"/": "one"}
    (file,) = done.folders[0].glob("*.html")
    assert file.stat().st_mtime == 1583143200
    assert fetch(site, tmp_path, "/").skipped == []
    assert site.asked == ["/robots.txt", "/"] * 2
    assert site.conditions == [None, None, None, '"1"']
    site.page("/", "two", ETag='"2"')
    assert copies(site, fetch(site, tmp_path, "/")) == {"/": "two"}


def test_a_sitemap_is_followed_and_what_it_lists_no_longer_goes(site: Site, tmp_path: Path) -> None:
    site.sitemap("/a", "/b?x=1", "/c.txt", "http://elsewhere.example/d")
    site.page("/a", "A")
    site.page("/b?x=1", "B")
    site.pages["/c.txt"] = 200, {"Content-Type": "text/plain"}, b"C"
    done = fetch(site, tmp_path)
    assert copies(site, done) == {"/a": "A", "/b?x=1": "B", "/c.txt": "C"}
    assert reasons(site, done) == {"/sitemap.xml": "1 of its pages are not of its host"}
    fetch(site, tmp_path, "/a")  # a source of its own
    site.sitemap("/c.txt")
    assert copies(site, fetch(site, tmp_path)) == {"/a": "A", "/c.txt": "C"}


def test_a_page_that_fails_is_kept_and_one_that_is_gone_goes(site: Site, tmp_path: Path) -> None:
    site.sitemap("/a", "/b")
    site.page("/a", "A")
    site.page("/b", "B")
    fetch(site, tmp_path)
    site.pages["/a"] = 500, {}, b"broken"
    del site.pages["/b"]
    done = fetch(site, tmp_path)
    assert copies(site, done) == {"/a": "A"}
    assert reasons(site, done) == {
        "/a": "the server answers 500 Internal Server Error",
        "/b": "the server answers 404 Not Found",
    }
    assert all(isinstance(item, UnreachableFile) for item in done.skipped)
    site.pages["/sitemap.xml"] = 503, {}, b""
    with pytest.raises(InputError, match="sitemap.xml: the server answers 503"):
        fetch(site, tmp_path)
    assert copies(site, done) == {"/a": "A"}


def test_robots_are_respected(site: Site, tmp_path: Path) -> None:
    site.pages["/robots.txt"] = 200, {}, b"User-agent: *\nDisallow: /private\n"
    site.sitemap("/a", "/private/b")
    site.page("/a", "A")
    site.page("/private/b", "B")
    done = fetch(site, tmp_path)
    assert copies(site, done) == {"/a": "A"}
    assert reasons(site, done) == {"/private/b": "robots.txt of its host does not allow it"}
    assert "/private/b" not in site.asked
    site.pages["/robots.txt"] = 503, {}, b""
    with pytest.raises(InputError, match="robots.txt of its host cannot be read: the server answers 503"):
        fetch(site, tmp_path)


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("http://169.254.169.254/latest/", "169.254.169.254 is at 169.254.169.254, which is not a public address"),
        ("http://localhost:1/", "localhost is at .*, which is not a public address"),
        ("file:///etc/passwd", "it leads to 'file:///etc/passwd', which is no page of the web"),
        ("/", "it leads on more than 5 times"),
    ],
)
def test_redirects_are_checked(site: Site, tmp_path: Path, target: str, reason: str) -> None:
    site.pages["/"] = 302, {"Location": target}, b""
    with pytest.raises(InputError, match=reason):
        fetch(site, tmp_path, "/")


def test_a_redirect_within_the_host_is_followed(site: Site, tmp_path: Path) -> None:
    site.pages["/"] = 301, {"Location": "/new#part"}, b""
    site.page("/new", "new")
    assert copies(site, fetch(site, tmp_path, "/")) == {"/": "new"}


def endless(handler: Any) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "text/html")
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b"x" * 65_536)
    except OSError:
        return


def hanging(handler: Any) -> None:
    threading.Event().wait(1.5)


def dripping(handler: Any) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "text/html")
    handler.end_headers()
    try:
        for _ in range(60):
            handler.wfile.write(b"x")
            threading.Event().wait(0.1)
    except OSError:
        return


def cut_off(handler: Any) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "text/html")
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"half")
    handler.close_connection = True


BOMB = 200, HTML | {"Content-Encoding": "gzip"}, gzip.compress(bytes(50_000_000))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (endless, "it has more than 0 MB, which is the limit of a page"),
        (BOMB, "it has more than 0 MB, which is the limit of a page"),
        (hanging, "the server sends nothing"),
        (dripping, "it took more than 1 s, which is the limit of a page"),
        (cut_off, "peer closed connection without sending complete message body"),
        ((200, HTML | {"Content-Encoding": "br"}, b"x"), "it came packed as 'br', which was not asked for"),
        ((200, HTML | {"Content-Encoding": "gzip"}, gzip.compress(b"x" * 900)[:-9]), "it was cut off"),
        ((200, {"Content-Type": "video/mp4"}, b"x"), "pages of type video/mp4 are not read"),
    ],
)
def test_a_page_that_is_made_to_do_harm_is_kept_as_it_was(
    site: Site, tmp_path: Path, answer: Answer | Callable[[Any], None], reason: str
) -> None:
    site.sitemap("/a", "/b")
    site.page("/a", "A")
    site.page("/b", "B")
    fetch(site, tmp_path)
    site.pages["/a"] = answer
    done = fetch(site, tmp_path, limits=SMALL)
    assert reasons(site, done)["/a"].startswith(reason)
    assert copies(site, done) == {"/a": "A", "/b": "B"}
    assert not (done.folders[0] / ".part").exists()


def test_a_sitemap_beyond_the_limit_takes_nothing_away(site: Site, tmp_path: Path) -> None:
    site.sitemap(*(f"/{number}" for number in range(5)))
    for number in range(5):
        site.page(f"/{number}", str(number))
    assert len(copies(site, fetch(site, tmp_path))) == 5
    done = fetch(site, tmp_path, limits=SMALL)
    assert len(copies(site, done)) == 5
    assert reasons(site, done)["/sitemap.xml"].startswith("not all of it is read: the limit is 3 pages")


def test_types_decide_the_names_of_copies(site: Site, tmp_path: Path) -> None:
    site.sitemap("/report.pdf", "/report.php", "/data.csv")
    site.pages["/report.pdf"] = 200, {"Content-Type": "application/pdf"}, b"%PDF"
    site.page("/report.php", "page")
    site.pages["/data.csv"] = 200, {"Content-Type": "application/octet-stream"}, b"a,b"
    (folder,) = fetch(site, tmp_path).folders
    assert sorted(file.name for file in folder.glob("[!.]*")) == ["data.csv", "report.pdf", "report.php%.html"]


def test_a_run_that_is_stopped_keeps_what_is_done(site: Site, tmp_path: Path) -> None:
    site.sitemap("/a", "/b")
    site.page("/a", "A")
    site.page("/b", "B")
    stops = iter([False, True])
    done = fetch(site, tmp_path, run=Run(stopped=lambda: next(stops)))
    assert not done.whole
    assert copies(site, done) == {"/a": "A"}
    assert copies(site, fetch(site, tmp_path)) == {"/a": "A", "/b": "B"}


def test_two_processes_do_not_fetch_at_once(site: Site, tmp_path: Path) -> None:
    site.page("/", "one")

    def again(done: int, total: int, name: str) -> None:
        with pytest.raises(IndexBusy, match="another process fetches"):
            fetch(site, tmp_path, "/")

    fetch(site, tmp_path, "/", run=Run(progress=again))
