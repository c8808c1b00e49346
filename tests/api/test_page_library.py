"""The library on the page: the table, uploads, removal, what a question is held to, and what a key may not do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from api.app import create_app
from rag.index.local import LocalIndex
from rag.ingest.run import sync
from rag.models import Models
from rag.settings import Settings
from rag.stores.open import open_index
from rag.types import DocumentInfo
from tests.api.browsing import PHONE, Site, ask, needs_chromium, screenshot, served
from tests.api.fakes import PUMPS, FakePipeline, Stage
from tests.documents.locked import locked_pdf
from tests.fakes import HashEmbedder, WordReader

pytestmark = needs_chromium
MANY = 2_500
METADATA: list[dict[str, str]] = [{"author": "Ann"}, {"author": "Bo"}, {}]
LISTED = [
    DocumentInfo(
        f"f{n % 3}/{n:05d}.{'pdf' if n % 5 else 'md'}",
        f"Paper {n}",
        f"{n}",
        "ab" * 32,
        1,
        n,
        None,
        metadata=METADATA[n % 3],
    )
    for n in range(MANY)
]


def rows(page: Page) -> Locator:
    return page.locator("#rows [data-id]")


class Many(FakePipeline):
    """A pipeline whose index has `MANY` documents."""

    def listed(self, after: str | None, most: int) -> list[DocumentInfo]:
        found = sorted(LISTED, key=lambda info: info.id)
        return [info for info in found if after is None or info.id > after][:most]


class TestManyDocuments:
    @pytest.fixture
    def stage(self, tmp_path: Path) -> Stage:
        return Stage(tmp_path / "indexes", pipeline=Many())

    def test_a_table_of_any_length_is_searched_sorted_filtered_and_walked(self, page: Page) -> None:
        page.get_by_role("link", name="Documents", exact=True).click()
        expect(page.locator("#library-count")).to_have_text("2,500 documents")
        assert rows(page).count() < 60  # only what is seen is in the page
        assert page.get_by_role("table").get_attribute("aria-rowcount") == f"{MANY + 1}"
        assert page.locator("td.box").evaluate_all("all => all.every((cell) => cell.offsetHeight > 30)")  # as rows
        expect(rows(page).first).to_contain_text("Paper 0")
        page.get_by_role("button", name="Size").click()
        page.get_by_role("button", name="Size").click()
        expect(rows(page).first).to_contain_text("Paper 2499")
        expect(page.get_by_role("columnheader", name="Size")).to_have_attribute("aria-sort", "descending")
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        expect(rows(page).last).to_contain_text("Paper 0")
        page.get_by_label("Search by title or path").fill("paper 24")
        page.get_by_label("Folder", exact=True).select_option("f1")
        page.get_by_label("Type", exact=True).select_option("md")
        wanted = [n for n in range(MANY) if "24" in f"{n:05d}" and n % 3 == 1 and n % 5 == 0]
        expect(page.locator("#library-count")).to_have_text(f"{len(wanted)} of 2,500 documents")
        rows(page).first.get_by_role("button").focus()
        for _ in range(3):
            page.keyboard.press("ArrowDown")
        expect(rows(page).nth(3).get_by_role("button")).to_be_focused()

    def test_a_phone_has_a_column_of_states_only_if_there_are_any(
        self, page: Page, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        page.get_by_role("link", name="Documents", exact=True).click()
        expect(rows(page).first.locator(".title")).to_be_visible()
        expect(page.get_by_role("columnheader", name="State")).to_be_hidden()
        deep = replace(LISTED[0], id=f"{'the letters of a long year/' * 3}00000.md", stale=True)
        monkeypatch.setattr("tests.api.test_page_library.LISTED", [deep, *LISTED[1:]])
        page.reload()
        expect(page.get_by_role("columnheader", name="State")).to_be_visible()
        expect(rows(page).first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        edges = "all => all.map((one) => one.getBoundingClientRect().right)"
        assert max(page.locator(".filters select").evaluate_all(edges)) <= PHONE["width"]
        widths = "all => all.map((one) => one.offsetWidth)"
        assert min(page.locator("#rows th.title").evaluate_all(widths)) > 180  # columns that are hidden take none of it

    def test_questions_are_held_to_what_is_chosen(self, page: Page, stage: Stage) -> None:
        page.get_by_role("link", name="Documents", exact=True).click()
        for place in (0, 1):
            rows(page).nth(place).get_by_role("checkbox").check()
        page.get_by_role("button", name="Ask only these").click()
        question = page.get_by_label("Question", exact=True)
        expect(question).to_be_focused()
        chips = page.get_by_role("list", name="Asked only of").get_by_role("listitem")
        expect(chips).to_have_count(2)
        question.press_sequentially("Who @fold")
        proposed = page.locator("#proposals").get_by_role("option")
        expect(proposed).to_have_text(["folder: f0/", "folder: f1/", "folder: f2/"])
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(question).to_have_value("Who ")
        question.press_sequentially("@md")
        expect(proposed.first).to_have_text("type: md")
        proposed.first.click()
        expect(chips).to_have_text(["00000.md×", "00001.pdf×", "folder: f1×", "type: md×"])
        page.get_by_role("button", name="Remove 00001.pdf").click()
        question.press_sequentially("@ann")
        expect(proposed).to_have_text(["author: Ann"])
        page.keyboard.press("Tab")
        page.get_by_role("button", name="Period").click()
        page.get_by_label("From").fill("2024-01-31")
        screenshot(page, "period")
        page.keyboard.press("Enter")
        expect(question).to_be_focused()
        expect(chips).to_have_text(["00000.md×", "folder: f1×", "type: md×", "author: Ann×", "from: 2024-01-31×"])
        page.keyboard.press("Enter")
        said = "Asked only of 00000.md, folder: f1, type: md, author: Ann, from: 2024-01-31"
        expect(page.locator(".only")).to_have_text(said)
        expect(page.locator(".said")).to_be_visible()
        [(_, _, _, filters)] = stage.pipeline.calls
        assert (filters.documents, filters.folders, filters.types) == (("f0/00000.md",), ("f1",), ("md",))
        assert (filters.metadata, filters.after, filters.before) == ((("author", ("ann",)),), "2024-01-31", None)


def test_a_list_that_comes_late_is_not_shown_under_another_index(page: Page, site: Site) -> None:
    held: list[Any] = []
    page.route("**/v1/documents?*index=other*", lambda route: held.append(route))
    page.get_by_role("combobox", name="Index").select_option("other")
    page.get_by_role("link", name="Documents", exact=True).click()
    page.wait_for_function("document.querySelector('#library-notice').textContent !== ''")
    page.get_by_role("link", name="Ask", exact=True).click()
    page.get_by_role("combobox", name="Index").select_option("default")
    page.get_by_role("link", name="Documents", exact=True).click()
    expect(rows(page)).to_have_count(3)
    body = {"documents": [{"id": "x.md", "title": "Of other", "source": "x", "passages": 1, "characters": 1,
                           "pages": None, "modified": None, "notes": [], "stale": False, "metadata": {}}]}  # fmt: skip
    assert held
    for route in held:
        route.fulfill(json=body)
    page.wait_for_timeout(200)
    expect(rows(page)).to_have_count(3)
    expect(page.locator("#rows")).not_to_contain_text("Of other")


class TestDocuments:
    """On an index of its own, with an embedder that needs no model."""

    @pytest.fixture
    def settings(self, tmp_path: Path) -> Settings:
        return Settings(indexes_dir=tmp_path / "indexes", index="default", upload_mb=0.5, workers=1)

    @pytest.fixture
    def site(self, stage: Stage, settings: Settings) -> Iterator[Site]:
        with served(create_app(settings, lambda settings: Models(HashEmbedder(), reader=WordReader()))) as address:
            yield Site(stage, address)

    @pytest.fixture(autouse=True)
    def no_index_yet(self, expected_errors: list[str]) -> None:
        expected_errors += ["status of 503", "status of 404"]

    def upload(self, page: Page, *files: tuple[str, bytes]) -> Locator:
        """The lines of the uploads."""
        chosen: Any = [
            {"name": name, "mimeType": "application/octet-stream", "buffer": content} for name, content in files
        ]
        page.get_by_label("Add files").set_input_files(chosen)
        return page.get_by_role("list", name="Uploads").get_by_role("listitem")

    @pytest.mark.parametrize("size", [PHONE, None])
    def test_a_document_is_uploaded_read_asked_and_deleted(self, page: Page, size: Any) -> None:
        if size:
            page.set_viewport_size(size)
        page.get_by_role("link", name="Or add documents here").click()
        lines = self.upload(page, ("pump.md", b"# The pump\n\nThe pump was found in 1843 by Ada Byron."))
        expect(lines).to_contain_text("Ready: 1 passage.")
        expect(rows(page)).to_have_count(1)
        refused = self.upload(page, ("broken.pdf", b"no PDF")).filter(has_text="broken")
        expect(refused.locator(".state")).to_contain_text("cannot be opened as a PDF")
        expect(refused.get_by_role("button", name="Try broken.pdf again")).to_be_visible()
        screenshot(page, f"uploads-{'phone' if size else 'wide'}")
        page.get_by_role("button", name="The pump", exact=True).click()
        document = page.get_by_role("dialog", name="The pump")
        expect(document.get_by_role("region")).to_contain_text("found in 1843")
        document.get_by_role("button", name="Ask only this document").click()
        expect(page.get_by_label("Question", exact=True)).to_be_focused()
        ask(page, "When was the pump found?")
        expect(page.locator(".only")).to_have_text("Asked only of pump.md")
        page.get_by_role("link", name="Documents", exact=True).click()
        page.get_by_label("Select The pump").check()
        page.get_by_role("button", name="Delete", exact=True).click()
        sure = page.get_by_role("alertdialog")
        expect(sure).to_contain_text("Delete “The pump” from the library?")
        expect(sure.get_by_role("button", name="Keep")).to_be_focused()
        page.keyboard.press("Escape")  # nothing is deleted
        expect(page.get_by_role("button", name="Delete", exact=True)).to_be_focused()
        page.keyboard.press("Enter")
        expect(sure).to_be_visible()
        page.evaluate("""() => {
            document.getElementById("confirm").close();
            document.getElementById("delete-chosen").click();  // before the browser tells of the end
        }""")
        sure.get_by_role("button", name="Delete").click()
        expect(rows(page)).to_have_count(0)
        expect(page.get_by_text("No documents yet.")).to_be_visible()
        expect(page.get_by_label("Search by title or path")).to_be_focused()

    def test_a_locked_file_is_read_with_its_password(self, page: Page, expected_errors: list[str]) -> None:
        expected_errors.append("status of 422")  # of its pages, which cannot be drawn without the password
        page.get_by_role("link", name="Documents", exact=True).click()
        lines = self.upload(page, ("locked.pdf", locked_pdf("The pump stands.", "sesame")))
        field = page.get_by_label("Password of locked.pdf")
        expect(lines).to_contain_text("protected with a password")
        assert page.locator("#uploads .state").evaluate("({clientHeight}) => clientHeight") < 40  # on one line
        screenshot(page, "locked")
        field.fill("wrong")
        page.keyboard.press("Enter")
        expect(lines).to_contain_text("which none of those given is")
        field.fill("sesame")
        page.keyboard.press("Enter")
        expect(lines).to_contain_text("Ready: 1 passage.")
        rows(page).get_by_role("button").first.click()
        expect(page.locator("#source-text")).to_contain_text("The pump stands.")
        page.get_by_role("button", name="Pages", exact=True).click()
        expect(page.locator("#source-notice")).to_contain_text("password")
        expect(page.locator("#source-text")).to_contain_text("The pump stands.")

    def test_an_index_is_made_renamed_and_deleted(self, page: Page, expected_errors: list[str]) -> None:
        expected_errors += ["status of 422"]
        page.get_by_role("link", name="Documents", exact=True).click()
        self.upload(page, ("pump.md", b"The pump."))
        expect(rows(page)).to_have_count(1)
        expect(page.get_by_role("button", name="Rename", exact=True)).to_be_hidden()  # it is the default one
        naming, field = page.locator("#naming"), page.get_by_label("Name", exact=True)

        def name(button: str, value: str) -> None:
            page.locator("#collections").get_by_role("button", name=button).click()
            field.fill(value)
            page.keyboard.press("Enter")

        name("New index", "default")
        expect(naming.get_by_role("alert")).to_contain_text('"default" already')
        field.fill("letters")
        page.keyboard.press("Enter")
        chosen = page.locator("#collection")
        expect(chosen).to_have_value("letters")
        expect(page.locator("#library-notice")).to_have_text("No documents yet.")
        self.upload(page, ("letter.md", b"The letter was found in 1843."))
        expect(rows(page)).to_have_count(1)
        page.get_by_role("link", name="Ask", exact=True).click()
        ask(page, "When was the letter found?")
        page.get_by_role("link", name="Documents", exact=True).click()
        name("Rename", "post")
        expect(chosen).to_have_value("post")
        expect(rows(page)).to_have_count(1)
        page.get_by_role("link", name="Ask", exact=True).click()
        expect(page.locator(".turn")).to_have_count(1)  # goes on in the index of the other name
        page.reload()
        expect(page.locator(".turn")).to_have_count(1)
        expect(page.locator("#index")).to_have_value("post")
        page.get_by_role("link", name="Documents", exact=True).click()
        expect(rows(page)).to_have_count(1)
        page.locator("#collection-delete").click()
        page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
        expect(rows(page)).to_contain_text("pump")
        expect(page.locator("#collection-label")).to_be_hidden()

    def test_what_the_server_refuses_is_said_where_it_happens(
        self, page: Page, settings: Settings, expected_errors: list[str]
    ) -> None:
        expected_errors += ["status of 413", "status of 415", "status of 409"]
        page.get_by_role("link", name="Documents", exact=True).click()
        files = (("program.exe", b"MZ"), ("large.txt", b"x" * 600_000), ("a.txt", b"The pump."))
        lines = self.upload(page, *files)
        expect(lines.filter(has_text="program.exe").locator(".state")).to_contain_text(".exe")
        expect(lines.filter(has_text="large.txt")).to_contain_text("larger than 0.5 MB")
        expect(lines.filter(has_text="a.txt")).to_contain_text("Ready")
        expect(rows(page)).to_have_count(1)
        with LocalIndex.open(settings.indexes_dir, "default", write=True):  # another program writes
            page.get_by_label("Select all that are shown").check()
            page.get_by_role("button", name="Delete", exact=True).click()
            page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
            expect(page.get_by_role("alert").filter(has_text="a: ")).to_be_visible()
        expect(rows(page)).to_have_count(1)

    def test_dropped_files_are_uploaded_from_wherever_they_are_dropped(self, page: Page) -> None:
        drop = """() => {
            const data = new DataTransfer();
            data.items.add(new File(['The pump was lost.'], 'lost.txt'));
            document.body.dispatchEvent(new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true}));
        }"""
        expect(page.locator("#missing")).to_be_visible()
        page.evaluate(drop)
        expect(page.get_by_role("list", name="Uploads")).to_contain_text("Ready: 1 passage.")


def test_many_uploads_ask_for_one_job_at_a_time(page: Page) -> None:
    looked: dict[str, int] = {}
    under_way: list[str] = []
    most = 0

    def take(route: Any) -> None:
        number = re.findall(r"(\d+)\.txt", route.request.post_data)[0]
        route.fulfill(status=202, json={"id": f"job_{number}", "status": "queued"})

    def look(route: Any) -> None:
        nonlocal most
        id = route.request.url.rsplit("/", 1)[1]
        under_way.append(id)
        most = max(most, len(under_way))
        looked[id] = looked.get(id, 0) + 1
        state = "done" if looked[id] == 2 else "running"
        under_way.remove(id)
        route.fulfill(json={"id": id, "status": state, "error": None, "passages": 1})

    page.route("**/v1/documents?index=default", take)
    page.route("**/v1/jobs/*", look)
    page.get_by_role("link", name="Documents", exact=True).click()
    files: Any = [{"name": f"{n}.txt", "mimeType": "text/plain", "buffer": b"The pump."} for n in range(20)]
    page.get_by_label("Add files").set_input_files(files)
    lines = page.get_by_role("list", name="Uploads").get_by_role("listitem")
    expect(lines.filter(has_text="Ready: 1 passage.")).to_have_count(20)
    assert looked == {f"job_{n}": 2 for n in range(20)}
    assert most == 1


def test_what_the_server_puts_off_is_asked_for_again(page: Page, expected_errors: list[str]) -> None:
    expected_errors.append("status of 429")
    asked: list[str] = []

    def busy_once(route: Any) -> None:
        asked.append(route.request.url)
        if len(asked) == 1:
            route.fulfill(status=429, headers={"Retry-After": "0.01"}, json={"error": {"message": "too many"}})
        else:
            route.fulfill(json={"removed": PUMPS.id})

    page.route("**/v1/documents/notes/pumps.md?index=default", busy_once)
    page.get_by_role("link", name="Documents", exact=True).click()
    page.get_by_label(f"Select {PUMPS.title}").check()
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(page.locator("#status")).to_have_text("1 document is deleted.")
    assert len(asked) == 2


def test_what_a_key_may_not_do_is_not_offered(page: Page) -> None:
    def told(scopes: list[str]) -> Any:
        body = {"indexes": ["default"], "default": "default", "scopes": scopes}
        return lambda route: route.fulfill(json=body)

    page.get_by_role("link", name="Documents", exact=True).click()
    expect(page.locator("#upload")).to_be_visible()
    page.route("**/v1/indexes", told(["read"]))
    page.reload()
    rows(page).first.get_by_role("checkbox").check()
    expect(page.get_by_role("button", name="Ask only these")).to_be_visible()
    expect(page.get_by_role("button", name="Delete", exact=True)).to_have_count(0)
    expect(page.locator("#upload")).to_be_hidden()
    page.get_by_role("link", name="Ask", exact=True).click()
    expect(page.locator(".drop")).to_be_hidden()


def test_proposals_begin_with_what_begins_with_the_letters(page: Page) -> None:
    documents = [{"id": f"a/{name}", "title": title} for name, title in (("x.md", "The lease"), ("lease.pdf", "Rent"))]
    proposed = """async (documents) => (await import('/page/conversation/scope.js')).proposals(documents, 'LEA')
        .map(({key, value}) => [key, value])"""
    assert page.evaluate(proposed, documents) == [["document", "a/lease.pdf"], ["document", "a/x.md"]]


class TestUnread:
    """The page of a service over a folder in which a locked PDF lies."""

    @pytest.fixture
    def site(self, tmp_path: Path) -> Iterator[Site]:
        settings = Settings(indexes_dir=tmp_path / "indexes")
        (tmp_path / "notes").mkdir()
        (tmp_path / "notes/locked.pdf").write_bytes(locked_pdf("The pump stands.", "sesame"))
        with open_index(settings, HashEmbedder(), create=True) as index:
            sync([tmp_path / "notes"], index, HashEmbedder(), settings)
        app = create_app(settings, lambda _: Models(HashEmbedder(), reader=WordReader()))
        with served(app) as address:
            yield Site(Stage(tmp_path), address)

    def test_a_locked_file_of_a_folder_is_read_with_its_password(self, page: Page) -> None:
        page.get_by_role("link", name="Documents", exact=True).click()
        unread = page.locator("#unread")
        unread.get_by_text("1 file could not be read").click()
        expect(unread.locator(".state")).to_contain_text("is protected with a password")
        field = unread.get_by_label("Password of notes/locked.pdf")
        field.fill("wrong")
        field.press("Enter")
        expect(unread.locator(".state")).to_have_text(re.compile("^is protected .* none of those given"))
        screenshot(page, "unread")
        field.fill("sesame")
        field.press("Enter")
        expect(rows(page)).to_contain_text("locked")
        expect(unread).to_be_hidden()
