"""`rag index https://...`: documents of a real server, with the same sync as folders."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.cli import index as command
from rag.cli.main import main
from rag.errors import InputError
from rag.index.local import LocalIndex
from rag.settings import Settings
from tests.cli.test_index import options_of
from tests.fakes import HashEmbedder
from tests.mirror.test_web import Site


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    for number in range(4):
        made.page(f"/{number}", f"<p>The pump number {number} runs.</p>")
    made.sitemap(*(f"/{number}" for number in range(4)))
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(command, "_embedder", lambda settings: HashEmbedder())
    return Settings(indexes_dir=tmp_path / "indexes", index="t", passage_tokens=40, workers=1)


def run(settings: Settings, *arguments: str) -> int:
    options = options_of(*(one for one in arguments if one.startswith("-")))
    options.paths = [one for one in arguments if not one.startswith("-")]
    return command.run(options, settings)


def sources(settings: Settings) -> dict[str, bool]:
    """The sources of the documents, and if they are stale."""
    with LocalIndex.open(settings.indexes_dir, "t") as index:
        return {info.source: info.stale for info in index.documents()}


def test_pages_follow_their_sitemap(site: Site, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    sitemap = f"{site.root}/sitemap.xml"
    assert run(settings, sitemap) == 0
    assert sources(settings) == {f"{site.root}/{number}": False for number in range(4)}
    site.page("/1", "<p>The pump number 1 stands still.</p>")
    site.pages["/2"] = 500, {}, b""
    site.sitemap("/0", "/1", "/2")
    capsys.readouterr()
    assert run(settings, sitemap, "--json") == 1
    done = json.loads(capsys.readouterr().out)
    host = site.root.removeprefix("http://")
    assert (done["replaced"], done["removed"], done["stale"]) == (
        [f"{host}/1%.html"],
        [f"{host}/3%.html"],
        [f"{host}/2%.html"],
    )
    assert done["skipped"] == [{"path": f"{site.root}/2", "reason": "the server answers 500 Internal Server Error"}]
    assert sources(settings) == {f"{site.root}/0": False, f"{site.root}/1": False, f"{site.root}/2": True}
    site.page("/2", "<p>The pump number 2 runs.</p>")
    assert run(settings, sitemap) == 0
    assert sources(settings)[f"{site.root}/2"] is False


def test_nothing_goes_unasked_when_a_site_comes_up_empty(
    site: Site, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    sitemap = f"{site.root}/sitemap.xml"
    assert run(settings, sitemap) == 0
    site.sitemap("/absent")
    assert run(settings, sitemap) == 1
    assert f"4 of 4 documents below {site.root}/ are no longer there, and none of them was" in capsys.readouterr().err
    assert len(sources(settings)) == 4
    assert run(settings, sitemap, "--prune") == 1  # the page that is absent was not read
    assert sources(settings) == {}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--dry-run"], "--dry-run writes nothing"),
        (["--watch"], "--watch cannot follow an address"),
        (["notes"], "addresses and paths are two runs"),
    ],
)
def test_what_an_address_does_not_go_with(settings: Settings, more: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        run(settings, "http://127.0.0.1:9/", *more)
    assert not settings.indexes_dir.exists()


def test_a_server_that_is_not_there_is_named_in_a_line(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["index", "http://127.0.0.1:9/notes"]) == 2
    assert capsys.readouterr().err == "rag: http://127.0.0.1:9/notes: [Errno 111] Connection refused\n"
