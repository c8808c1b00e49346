"""An index copied from one store to the other and back, in pieces, and the comparison that tells whether they agree."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rag.background import Run
from rag.cli.main import main
from rag.index.folders import Expected
from rag.seams import WritableIndex
from rag.settings import Settings
from rag.stores.compare import compare_indexes
from rag.stores.migrate import migrate
from rag.stores.milvus import server as milvus_server
from rag.stores.open import open_as
from rag.types import Entry, LinkSpan, Stamp
from tests.index.contract import BRIDGES, BRIDGES_AGAIN, DIMENSION, MILLS, fast_folder, make_entry, put

pytestmark = pytest.mark.servers

MADE = Expected("e1", DIMENSION, "c1")
MANY = [make_entry(f"d/{n}.txt", [f"Windmill number {n} turns. It grinds corn of kind {n % 3}."]) for n in range(8)]


@pytest.fixture
def folder() -> Iterator[Path]:
    with fast_folder() as folder:
        yield folder
        milvus_server.release(str(folder / "m.db"))


def opened(folder: Path, store: str, name: str = "books") -> WritableIndex:
    made = Settings(store=store, indexes_dir=folder, index=name, milvus_uri=str(folder / "m.db"))
    return open_as(made, MADE, create=True)


def test_there_and_back_with_a_stop_on_the_way(folder: Path) -> None:
    with opened(folder, "local") as local, opened(folder, "milvus") as milvus, opened(folder, "local", "again") as back:
        put(local, MILLS, BRIDGES, *MANY)
        local.replace(BRIDGES._replace(stamp=Stamp(5, 1_700_000_000_000_000_001)))
        local.publish()
        put(milvus, make_entry("old.txt", ["Gone."]), BRIDGES_AGAIN)
        asked = iter([False] * 4 + [True])
        first = migrate(local, milvus, Run(stopped=lambda: next(asked)))
        assert (first.copied, first.left, first.removed) == (4, 6, 0)
        second = migrate(local, milvus)
        assert (second.copied, second.there, second.left, second.removed) == (6, 4, 0, 1)
        assert (migrate(milvus, back).copied, migrate(milvus, back).there) == (10, 10)
        for one, other in ((local, milvus), (milvus, back)):
            check = compare_indexes(one, other, 20)
            assert check.equal
            assert check.documents == (10, 10)
            assert check.passages == (12, 12)
            assert check.compared == 10
            assert check.dense == check.hits == check.searches >= 10
        assert local.files() == milvus.files() == back.files()


LINKS = (LinkSpan(0, 3, "https://mill.example/é"),)


def test_receipts_come_along_and_a_file_that_was_read_otherwise_is_copied_again(folder: Path) -> None:
    def partly(hidden: bool, *notes: str) -> Entry:
        return MILLS._replace(document=replace(MILLS.document, notes=notes, hidden=hidden, links=LINKS))

    with opened(folder, "local") as local, opened(folder, "milvus") as milvus:
        put(local, BRIDGES)
        assert migrate(local, milvus).copied == 1
        for entry in (partly(False, "8 characters"), partly(True, "1 comment"), partly(False, "1 comment")):
            put(local, entry)
            assert migrate(local, milvus).copied == 1
            assert milvus.document("mills.txt") == entry.document
        assert migrate(local, milvus).copied == 0


def test_what_differs_is_found(folder: Path) -> None:
    with opened(folder, "local") as one, opened(folder, "local", "other") as other:
        put(one, MILLS, BRIDGES)
        document, passages, embeddings, _ = BRIDGES
        other.replace(Entry(document, passages, [each._replace(passage=-each.passage) for each in embeddings]))
        put(other, MILLS)
        check = compare_indexes(one, other, 20)
        assert check.different == ["a/bridges.txt"]
        assert check.dense < check.searches
        assert not check.equal
        other.remove("mills.txt")
        other.publish()
        check = compare_indexes(one, other, 20)
        assert not check.listed_alike
        assert check.documents == (2, 1)


def test_the_command(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with opened(folder, "local") as local:
        put(local, MILLS, BRIDGES)
    flags = ["--index", "books", "--indexes-dir", str(folder), "--uri", str(folder / "m.db")]
    assert main(["migrate", "--from", "local", "--to", "milvus", *flags, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["copied"], told["documents"], told["passages"], told["equal"]) == (2, [2, 2], [4, 4], True)
    assert main(["documents", *flags]) == 0
    assert "mills.txt  Title of mills.txt  (2 passages)" in capsys.readouterr().out
    assert main(["documents", "remove", "mills.txt", *flags]) == 0
    assert main(["migrate", "--from", "milvus", "--to", "milvus", *flags]) == 2
    assert "both milvus" in capsys.readouterr().err
    assert main(["verify", *flags[:4], "--store", "milvus"]) == 2
    assert "`rag verify` is for the local store, and the store is milvus" in capsys.readouterr().err
    assert main(["index", "--reembed", *flags]) == 2
    assert "index the documents under another name" in capsys.readouterr().err
