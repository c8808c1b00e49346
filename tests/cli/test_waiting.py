"""A command that finds its index busy waits in line, says so once, and names the limit when it gives up."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from rag.cli.waiting import when_free
from rag.errors import IndexBusy
from rag.index.folders import Expected
from rag.index.local import LocalIndex
from tests.cli.test_index import options_of


def opened(folder: Path) -> LocalIndex:
    return LocalIndex.open(folder, "books", Expected("words", 16, "test"), create=True)


def test_an_index_is_opened_when_the_other_writer_has_finished(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other, found = opened(tmp_path), threading.Event()

    def open_it() -> LocalIndex:
        try:
            return opened(tmp_path)
        except IndexBusy:
            found.set()
            raise

    def end() -> None:
        found.wait(30)
        other.close()

    thread = threading.Thread(target=end)
    thread.start()
    with when_free(open_it, 60) as index:
        assert index.documents() == []
    thread.join()
    said = capsys.readouterr().err
    assert said.startswith('rag: index "books" is being written to by process ')
    assert said.endswith(": waiting 60 s at most\n")
    assert said.count("\n") == 1


def test_one_that_stays_busy_is_an_error_that_names_the_limit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (
        opened(tmp_path),
        pytest.raises(IndexBusy, match=r"or stop it, and try again; --wait SECONDS waits longer than 0 s"),
    ):
        when_free(lambda: opened(tmp_path), 0)
    assert capsys.readouterr().err == ""


def test_the_time_of_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert (options_of().wait, options_of("--wait", "0.5").wait) == (60, 0.5)
    with pytest.raises(SystemExit):
        options_of("--wait", "-1")
    assert "--wait" in capsys.readouterr().err
