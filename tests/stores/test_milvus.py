"""`MilvusIndex` on a file of Milvus Lite, and on a process that serves one: the contract, errors, recovery."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.served import Served
from rag.errors import DocumentError, IndexBusy, IndexMismatch, IndexNotFound, RagError, StoreError
from rag.index.filters import matching
from rag.index.folders import Expected
from rag.seams import WritableIndex
from rag.settings import Settings
from rag.stores.milvus import lease
from rag.stores.milvus import rows as milvus_rows
from rag.stores.milvus import schema as milvus_schema
from rag.stores.milvus import server as milvus_server
from rag.stores.milvus import snapshot as milvus_snapshot
from rag.stores.milvus import writer as milvus_writer
from rag.stores.milvus.index import MilvusIndex, milvus_identity, milvus_names, published_at
from rag.stores.milvus.schema import NEVER, UNUSED, collection
from rag.stores.milvus.server import MilvusRow, Server
from rag.types import Filters, Stamp
from tests.index.contract import (
    BRIDGES,
    BRIDGES_AGAIN,
    DIMENSION,
    MILLS,
    IndexContract,
    fast_folder,
    make_entry,
    published_state,
    put,
    unit_vector,
)

pytestmark = pytest.mark.servers

T = TypeVar("T")


@pytest.fixture(scope="module")
def uri() -> Iterator[str]:
    with fast_folder() as folder:
        yield str(folder / "milvus.db")
        milvus_server.release(str(folder / "milvus.db"))


class TestContract(IndexContract):
    made = 0

    @pytest.fixture(autouse=True)
    def _place(self, uri: str) -> None:
        self.uri = uri

    def open_empty(self) -> WritableIndex:
        TestContract.made += 1
        return open_index(self.uri, f"books-{TestContract.made}", create=True)


class TestContractOfALargeIndex(TestContract):
    """Whose terms are counted one by one."""

    @pytest.fixture(autouse=True)
    def _large(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(milvus_snapshot, "_SMALL", -1)


def open_index(uri: str, name: str = "books", *, write: bool = False, create: bool = False) -> MilvusIndex:
    return MilvusIndex.open(uri, "", Path("indexes"), name, Expected("e1", DIMENSION, "c1"), write=write, create=create)


@pytest.fixture
def name() -> str:
    """Of an index that no other test has."""
    TestContract.made += 1
    return f"own.{TestContract.made}"


def count(index: MilvusIndex, kind: str) -> int:
    return index._server.count(collection(index.name, kind), "added >= 0" if kind != "blobs" else 'key >= ""')


def test_all_is_there_again_when_the_file_is_opened_anew() -> None:
    with fast_folder() as folder:
        uri = str(folder / "milvus.db")
        with open_index(uri, create=True) as index:
            put(index, MILLS, BRIDGES)
            before = published_state(index)
        milvus_server.release(uri)
        with open_index(uri) as index:
            assert published_state(index) == before
            assert index.stored("mills.txt").document == MILLS.document
        milvus_server.release(uri)


def test_several_indexes_stand_side_by_side(uri: str, name: str) -> None:
    with open_index(uri, name, create=True) as one, open_index(uri, name + "-b", create=True) as other:
        put(one, MILLS)
        put(other, BRIDGES)
        assert {name, name + "-b"} <= set(milvus_names(uri, ""))
        assert (published_state(one)[1], published_state(other)[1]) == ({"mills.txt"}, {"a/bridges.txt"})
        assert milvus_identity(uri, "", name) != milvus_identity(uri, "", name + "-b")
        assert published_at(uri, "", name) > 1_700_000_000
    assert milvus_identity(uri, "", "absent") is None


def test_errors_name_the_value_and_the_remedy(uri: str, name: str) -> None:
    open_index(uri, name, create=True).close()
    with pytest.raises(IndexMismatch, match=r"made with embedder e1 and is now to be used with e2: .* another name"):
        MilvusIndex.open(uri, "", Path("indexes"), name, Expected("e2"))
    with pytest.raises(IndexNotFound, match=rf'no index "nope" in Milvus at .*{name}.*--store milvus'):
        MilvusIndex.open(uri, "", Path("indexes"), "nope")
    with open_index(uri, name, write=True) as index:
        with pytest.raises(IndexBusy, match=rf"another process is writing to the index \"{name}\" \(process \d+ of"):
            open_index(uri, name, write=True)
        long = make_entry("long.txt", ["x" * 70_000])
        with pytest.raises(DocumentError, match=r"long\.txt: its text has 70,000 bytes, and .* holds 65,535"):
            index.replace(long)
        with pytest.raises(DocumentError, match="half a character"):
            index.replace(make_entry("half.txt", ["Half \ud800 a character."]))
    with open_index(uri, name) as index, pytest.raises(RagError, match="open for reading only"):
        index.remove("mills.txt")


@pytest.mark.parametrize(
    ("uri", "message"),
    [("http://127.0.0.1:1", "at http://127.0.0.1:1 cannot be reached"), ("ftp://x", "'ftp://x' is no address"),
     ("", "needs the address of a server"), ("/proc/nowhere/m.db", "cannot be made")],
)  # fmt: skip
def test_an_address_that_is_none(uri: str, message: str) -> None:
    with pytest.raises(RagError, match=message):
        open_index(uri)


def test_the_extra_may_not_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pymilvus", None)
    with pytest.raises(StoreError, match=r"pip install 'rag-cited\[milvus\]'"):
        open_index("http://127.0.0.1:2")


def test_a_write_that_failed_half_way_leaves_nothing(uri: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_index(uri, name, create=True) as index:
        put(index, MILLS, BRIDGES)
        passages = count(index, "passages")
        for kind in ("blobs", "documents"):

            def fails(name: str, rows: object, size: int, kind: str = kind) -> None:
                if name.endswith(kind):
                    raise StoreError("gone")
                Server.put(index._server, name, rows, size)  # type: ignore[arg-type]

            with monkeypatch.context() as patch:
                patch.setattr(index._server, "put", fails)
                with pytest.raises(StoreError, match="gone"):
                    index.replace(BRIDGES_AGAIN)
            assert count(index, "passages") == passages + 1
            assert index.publish() == 1
            assert count(index, "passages") == passages
        assert index.document("a/bridges.txt") == BRIDGES.document


def test_a_killed_writer_is_finished_by_the_next(uri: str, name: str) -> None:
    index = open_index(uri, name, create=True)
    put(index, MILLS, BRIDGES)
    index.replace(BRIDGES_AGAIN)
    writer = index._writer
    assert writer is not None
    writer._put("passages", [row | {"added": 2, "version": 99, "row": 99} for row in passages_of(index)][:1], 1000)
    old = writer._ledger("removed < 10")[0]  # the version that BRIDGES_AGAIN takes the place of, as if not yet retired
    writer._put("documents", [old | {"removed": NEVER, "unused": [0.0, 0.0]}], 1000)
    writer._lease.release()  # and gone
    with open_index(uri, name, write=True) as index:
        assert published_state(index) == (2, {"mills.txt", "a/bridges.txt"},
                                          {p.id for p in [*MILLS.passages, *BRIDGES_AGAIN.passages]})  # fmt: skip
        assert index.document("a/bridges.txt") == BRIDGES_AGAIN.document


def leave_lease(index: MilvusIndex, host: str, pid: int, seconds: float, fence: int = 1) -> None:
    """As a writer does that was killed so long ago that its lease has `seconds` to go."""
    value = json.dumps({"host": host, "pid": pid, "fence": fence, "until": time.time() + seconds})
    row = {"key": "lease:other", "value": value} | milvus_schema.UNUSED
    index._server.put(collection(index.name, "meta"), [row], 200)


def ended_process() -> int:
    """The number of a process that is gone."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def test_a_lease_that_counts_for_nothing_is_cleared_away(uri: str, name: str) -> None:
    with open_index(uri, name, create=True) as index:
        put(index, MILLS)
    leave_lease(index, "elsewhere", os.getpid(), -1.0, fence=70)
    with open_index(uri, name, write=True) as index:
        index.remove("mills.txt")
        assert index.publish() == 2
        assert [row["key"] for row in leases(index)] != ["lease:other"]
        assert len(leases(index)) == 1
        assert index._writer is not None
        assert index._writer._lease.fence == 71
    assert leases(index) == []


@pytest.mark.parametrize("host", ["elsewhere", "here"])
def test_a_lease_that_is_held_keeps_others_out(uri: str, name: str, host: str) -> None:
    with open_index(uri, name, create=True) as index:
        put(index, MILLS)
    place = socket.gethostname() if host == "here" else host
    leave_lease(index, place, os.getpid(), 20.0)
    with pytest.raises(IndexBusy, match=rf"\(process {os.getpid()} of {place}\): .* or 30 s after it was killed"):
        open_index(uri, name, write=True)
    assert [row["key"] for row in leases(index)] == ["lease:other"]


@pytest.mark.parametrize("taken", [True, False])
def test_a_writer_that_lost_its_lease_publishes_nothing(uri: str, name: str, taken: bool) -> None:
    with open_index(uri, name, create=True) as index:
        put(index, MILLS)
        index.replace(BRIDGES)
        if taken:
            leave_lease(index, "elsewhere", 1, 20.0)
        else:
            assert index._writer is not None
            index._writer._lease._delete(index._writer._lease._key)
        with pytest.raises(IndexBusy, match=rf'the right to write to index "{name}" was lost to another process'):
            index.publish()
        assert [info.id for info in index.documents()] == ["mills.txt"]


def test_nothing_is_guessed_of_a_process_that_may_be_gone(uri: str, name: str) -> None:
    """Its number may be that of another machine or container: the end of its lease is waited for."""
    with open_index(uri, name, create=True) as index:
        put(index, MILLS)
    leave_lease(index, socket.gethostname(), ended_process(), 20.0)
    with pytest.raises(IndexBusy):
        open_index(uri, name, write=True)


def test_each_writer_has_a_higher_number_than_all_before_it(uri: str, name: str) -> None:
    fences = []
    for _ in range(3):
        with open_index(uri, name, create=True) as index:
            assert index._writer is not None
            fences.append(index._writer._lease.fence)
            put(index, MILLS)
    assert fences == [1, 2, 3]
    late = lease.Lease(index._server, name)
    late.fence = 3
    assert late._overtaken() == ["it has just ended"]


def test_what_a_writer_publishes_as_it_wakes_is_not_seen(uri: str, name: str) -> None:
    """It slept between its check and its write of the published state, and a successor took over meanwhile."""
    slept = open_index(uri, name, create=True)
    put(slept, MILLS, BRIDGES)
    slept.replace(make_entry("own.txt", ["It was committed in time."]))
    first = slept._writer
    assert first is not None
    stale = first._published_next()
    first._lease._delete(first._lease._key)
    with open_index(uri, name, write=True) as index:
        put(index, make_entry("new.txt", ["Something new."]))
        before = published_state(index)
        first._meta.publish(stale._replace(published=99), first._lease.fence)
        assert published_state(index) == before
        index.remove("own.txt")
        assert index.publish() == before[0] + 1
    slept.close()


def test_a_writer_that_slept_past_its_lease_writes_nothing(uri: str, name: str) -> None:
    with open_index(uri, name, create=True) as index:
        put(index, MILLS, BRIDGES)
        before = {kind: count(index, kind) for kind in ("passages", "documents", "blobs")}
        assert index._writer is not None
        index._writer._lease._renewed -= lease.SECONDS + 1
        lost = "was lost to another process"
        with pytest.raises(IndexBusy, match=lost):
            index.replace(BRIDGES_AGAIN)
        with pytest.raises(IndexBusy, match=lost):
            index.remove("mills.txt")
        with pytest.raises(IndexBusy, match=lost):
            index.touch("mills.txt", Stamp(5, 5))
        with pytest.raises(IndexBusy, match=lost):
            index.mark_stale(["mills.txt"])
        assert {kind: count(index, kind) for kind in before} == before
        assert not any(info.stale for info in index.documents())


def test_what_a_writer_writes_as_it_wakes_is_undone_by_its_successor(uri: str, name: str) -> None:
    """It slept between its check and its write: a document put in the place of another, and one removed."""
    slept = open_index(uri, name, create=True)
    put(slept, MILLS, BRIDGES)
    slept.replace(make_entry("own.txt", ["It was committed in time."]))
    first = slept._writer
    assert first is not None
    first._lease._delete(first._lease._key)
    with open_index(uri, name, write=True) as index:
        first.replace(BRIDGES_AGAIN)
        first.remove("mills.txt")
        first.replace(make_entry("late.txt", ["It was committed late."]))
        put(index, make_entry("new.txt", ["Something new."]))
        expected = ["a/bridges.txt", "mills.txt", "new.txt", "own.txt"]
        assert [info.id for info in index.documents()] == expected
        assert index.document("a/bridges.txt") == BRIDGES.document
        assert sorted(index.files()) == expected
        assert count(index, "passages") == sum(info.passages for info in index.documents())
        with pytest.raises(IndexBusy):
            first.publish()
    slept.close()
    with open_index(uri, name, write=True) as index:
        assert [info.id for info in index.documents()] == expected


def test_what_a_writer_notes_of_a_file_as_it_wakes_brings_no_old_version_back(uri: str, name: str) -> None:
    """It slept while it noted other marks of a file, and another writer put a new document in."""
    slept = open_index(uri, name, create=True)
    put(slept, MILLS, BRIDGES)
    first = slept._writer
    assert first is not None
    (before,) = first._live("a/bridges.txt")
    first._lease._delete(first._lease._key)
    with open_index(uri, name, write=True) as index:
        index.replace(BRIDGES_AGAIN)
        first._put("documents", [milvus_rows.touched(before, Stamp(1, 2)) | UNUSED], 10_000)
        index.publish()
        assert [info.id for info in index.documents()] == ["a/bridges.txt", "mills.txt"]
        assert index.document("a/bridges.txt") == BRIDGES_AGAIN.document
        assert index.files()["a/bridges.txt"].sha256 == BRIDGES_AGAIN.document.sha256
        assert published_state(index)[1] == {"a/bridges.txt", "mills.txt"}
    slept.close()


def leases(index: MilvusIndex) -> list[MilvusRow]:
    return list(index._server.query(collection(index.name, "meta"), 'key >= "lease:" and key < "lease;"', ["key"]))


def passages_of(index: MilvusIndex) -> list[MilvusRow]:
    fields = ["row", "version", "added", "document", "embedding", "text", "about", "terms", "dense", "suffix", "media",
              "kind", "first_day", "last_day", "metadata"]  # fmt: skip
    return list(index._server.query(collection(index.name, "passages"), "added >= 0", fields))


def test_versions_that_nobody_reads_are_deleted(uri: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_index(uri, name, create=True) as index:
        put(index, MILLS, BRIDGES)
        put(index, BRIDGES_AGAIN)
        index.remove("mills.txt")
        index.publish()
        assert (count(index, "passages"), count(index, "documents"), count(index, "blobs")) == (5, 3, 8)
        monkeypatch.setattr(milvus_writer, "KEPT_S", -1.0)
        index.publish()
        assert (count(index, "passages"), count(index, "documents"), count(index, "blobs")) == (1, 1, 2)
        assert published_state(index)[1:] == ({"a/bridges.txt"}, {p.id for p in BRIDGES_AGAIN.passages})
        assert index.cached_embeddings(MILLS.passages) == [None, None]


@pytest.mark.parametrize("noted", ['"terms-0"', None])
def test_terms_of_an_earlier_analysis_are_made_anew_by_the_next_writer(uri: str, name: str, noted: str | None) -> None:
    with open_index(uri, name, create=True) as index:
        put(index, MILLS, BRIDGES)
        before = published_state(index)
        found = ranked(index)
        meta, passages = collection(name, "meta"), collection(name, "passages")
        fields = [*milvus_writer._PASSAGE, "suffix", "media", "kind", "first_day", "last_day", "metadata"]
        old = [row | {"terms": "stale old zq"} for row in index._server.query(passages, "version >= 0", fields)]
        index._server.put(passages, old, 1000)
        index._server.delete(meta, 'key in ["analysis"]')
        if noted:
            index._server.put(meta, [{"key": "analysis", "value": noted} | milvus_schema.UNUSED], 200)
    with open_index(uri, name) as index:
        assert ranked(index) != found  # readers go on with what is there
    with open_index(uri, name, write=True) as index:
        assert (published_state(index)[1:], ranked(index)) == (before[1:], found)
        again = published_state(index)[0]
        assert again == before[0] + 1
    with open_index(uri, name, write=True) as index:
        assert published_state(index)[0] == again


def ranked(index: MilvusIndex) -> list[tuple[str, float]]:
    """The passages that are found by a word of theirs, with their scores, which depend on the number of all terms."""
    with index.snapshot() as snapshot:
        hits = snapshot.lexical("mill bridge river", 9)
        return [
            (each.passage.id, round(hit.score, 6))
            for each, hit in zip(snapshot.fetch([hit.row for hit in hits]), hits, strict=True)
        ]


def test_long_texts_and_many_sentences_come_back(uri: str, name: str) -> None:
    words = [
        'Wörter über 東京都 und \U0001f600 \x01 "quoted" back\\slash. '[: n % 40 + 3] + f"n{n}" for n in range(4000)
    ]
    entry = make_entry('dir/lång "x\\y".txt', [". ".join(words[at : at + 100]) for at in range(0, 4000, 100)])
    with open_index(uri, name, create=True) as index:
        put(index, entry)
        stored = index.stored(entry.document.id)
        assert stored.document == entry.document
        assert [each.passage for each in stored.passages] == entry.passages
        for each, embedding in zip(stored.passages, entry.embeddings, strict=True):
            assert np.array_equal(each.embedding.sentences, embedding.sentences)
        with index.snapshot(Filters(documents=(entry.document.id,))) as snapshot:
            assert len(snapshot.dense(unit_vector("any"), 1000)) == 40
            assert snapshot.lexical("東京都", 5)


DAYS = st.sampled_from(["2023", "2024", "2024-03", "2024-03-31", "2024-04-01", "2025-01"])
NAMES = st.sampled_from(["a/x.txt", "a/b/y.PDF", "ab/z.md", "a", "c/é.tar.gz", "A/x.txt", "a/x"])


@pytest.fixture(scope="module")
def varied(uri: str) -> Iterator[MilvusIndex]:
    """Documents of all kinds of names, dates and metadata."""
    with open_index(uri, "varied", create=True) as index:
        dates = ["2023", "2024-02", "31.03.2024", "2024-04-01", "", "sometime"]
        for number, document_id in enumerate(["a/x.txt", "a/b/y.PDF", "ab/z.md", "a", "c/é.tar.gz", "A/x.txt"]):
            entry = make_entry(document_id, [f"Text {number}."])
            more = {
                "author": ["Ann", "ANN", "Bob"][number % 3],
                "media_type": ["text/plain", "application/pdf"][number % 2],
            }
            stated = {"created": date} if (date := dates[number]) else {}
            document = replace(entry.document, metadata=more | stated)
            stamp = Stamp(None, 1_711_900_000 * 10**9)
            index.replace(entry._replace(document=document, stamp=stamp))
        index.touch("c/é.tar.gz", Stamp(5, 1_600_000_000 * 10**9))
        index.publish()
        yield index


@settings(max_examples=60, deadline=None)
@given(
    documents=st.lists(NAMES, max_size=2), folders=st.lists(st.sampled_from(["a", "a/b", "ab", "", "A"]), max_size=2),
    types=st.lists(st.sampled_from(["txt", "pdf", "text", "application/pdf", "gz", ""]), max_size=2),
    after=st.none() | DAYS, before=st.none() | DAYS,
    author=st.lists(st.sampled_from(["ann", "bob", "eve"]), max_size=2),
    again=st.lists(st.sampled_from(["ann", "bob"]), max_size=1),
)  # fmt: skip
def test_filters_let_through_what_matching_names(
    varied: MilvusIndex, documents: list[str], folders: list[str], types: list[str], after: str | None,
    before: str | None, author: list[str], again: list[str],
) -> None:  # fmt: skip
    metadata = tuple(("author", tuple(names)) for names in (author, again) if names)
    filters = Filters(tuple(documents), tuple(folders), tuple(types), after, before, metadata)
    with varied.snapshot(filters) as snapshot:
        found = snapshot.fetch([hit.row for hit in snapshot.dense(unit_vector("any"), 100)])
    assert sorted(each.passage.document_id for each in found) == sorted(matching(filters, varied.documents()))


def test_a_server_that_goes_and_comes_back() -> None:
    with fast_folder() as folder, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        taken.close()
        process = served(folder, port)
        try:
            with open_index(f"http://127.0.0.1:{port}", create=True) as writing:
                put(writing, MILLS)
            index = open_index(f"http://127.0.0.1:{port}")
            with index.snapshot() as snapshot:
                assert len(snapshot.dense(unit_vector("any"), 5)) == 2
                process.kill()
                process.wait()
                began = time.monotonic()
                with pytest.raises(StoreError, match=rf"127.0.0.1:{port} cannot be reached while searching"):
                    snapshot.dense(unit_vector("any"), 5)
                assert time.monotonic() - began < 60
                process = served(folder, port)
                assert len(eventually(lambda: snapshot.dense(unit_vector("any"), 5))) == 2
            assert eventually(lambda: published_state(index))[1] == {"mills.txt"}
        finally:
            process.kill()
            process.wait()


def served(folder: Path, port: int) -> subprocess.Popen[bytes]:
    """A process of Milvus Lite that listens."""
    command = [sys.executable, "-m", "milvus_lite", "server", "--data-dir", str(folder / "data"), "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(1200):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return process
        time.sleep(0.1)
    raise AssertionError("the server did not come up")


def eventually(call: Callable[[], T]) -> T:
    for _ in range(300):
        with suppress(StoreError):
            return call()
        time.sleep(0.1)
    return call()


def test_the_service_is_not_ready_without_its_store_and_is_again_with_it(uri: str, name: str) -> None:
    def served(address: str) -> list[str]:
        settings = Settings(store="milvus", milvus_uri=address, index=name)
        return Served(settings, lambda settings: None, lambda settings, models: None).missing()  # type: ignore[arg-type, return-value]

    (_, line) = served("http://127.0.0.1:3")
    assert "cannot be reached" in line
    assert "rag index" not in line
    assert "there is no index" in served(uri)[1]
    open_index(uri, name, create=True).close()
    assert served(uri) == ["the models are being loaded"]
