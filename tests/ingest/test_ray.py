"""Ingestion on a real Ray cluster of two workers: what comes out is what one process makes, whoever is killed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from rag.background import Progress, Run
from rag.cli.main import main
from rag.documents.discover import Found
from rag.documents.options import DEFAULTS
from rag.errors import IndexMismatch, InputError, ModelError, RagError
from rag.index.local import LocalIndex
from rag.ingest import run
from rag.ingest.changes import find_changes
from rag.ingest.ray import cluster as ray_cluster
from rag.ingest.ray import preparer as ray_ingest
from rag.ingest.ray.cluster import Cluster, checked_host_port, connected
from rag.ingest.ray.preparer import AHEAD, RayPreparer, ray_preparer
from rag.ingest.ray.worker import Work
from rag.ingest.run import Summary, carry_out, sync
from rag.seams import Embedder
from rag.settings import Settings, load_settings
from rag.stores.open import open_index
from tests.documents.test_unpack import mail, zipped
from tests.fakes import HashEmbedder
from tests.index.catalogues import ALL_VERSIONS, DOCUMENTS, EMBEDDINGS, PASSAGES, rows
from tests.ingest.ray_embedders import Dying, Noting, Other, cannot_load

TOKENS = 40
PARSER = """
import os, signal
from types import SimpleNamespace

CalamineError = PasswordError = LookupError
SheetTypeEnum = SimpleNamespace(WorkSheet="sheet")
SheetVisibleEnum = SimpleNamespace(Visible="visible")

class CalamineWorkbook:
    sheets_metadata = [SimpleNamespace(name="Sheet1", typ="sheet", visible="visible")]

    @classmethod
    def from_filelike(cls, file):
        if b"crash" in file.read():
            os.kill(os.getpid(), signal.SIGSEGV)
        return cls()

    def get_sheet_by_name(self, name):
        return SimpleNamespace(start=None, merged_cell_ranges=None, to_python=lambda: [["It was read."]])
"""
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # what old workbooks begin with


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Its processes find a stand-in before the library that reads old workbooks."""
    pytest.importorskip("ray")
    folder = tmp_path_factory.mktemp("stand-in")
    (folder / "python_calamine.py").write_text(PARSER)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        patch.setenv("RAY_worker_niceness", "0")  # 15 by default: beside other work its processes would hardly run
        with connected(None, 4) as found:
            yield found


@pytest.fixture(scope="module")
def workers(cluster: Cluster) -> Iterator[RayPreparer]:
    """Two that nobody kills."""
    preparer = RayPreparer(cluster, 2, Work(HashEmbedder, TOKENS, DEFAULTS))
    yield preparer
    preparer.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(indexes_dir=tmp_path / "indexes", index="ray", passage_tokens=TOKENS)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that no test changes."""
    return make_library(tmp_path_factory.mktemp("unchanged"))


@pytest.fixture(scope="module")
def local(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Local:
    """The library as one process indexes it."""
    own = load_settings(indexes_dir=tmp_path_factory.mktemp("indexes"), index="local", passage_tokens=TOKENS)
    with open_index(own, HashEmbedder(), create=True) as index:
        return Local(sync([library], index, HashEmbedder(), own), own.indexes_dir / "local")


class Local(NamedTuple):
    summary: Summary
    folder: Path  # of the index


def make_library(parent: Path, entries: int = 120, parts: int = 80) -> Path:
    """Files of one passage to eighty, two of them the same, and one that cannot be read."""
    folder = parent / "library"
    (folder / "sub").mkdir(parents=True)
    for number in range(entries):
        text = "\n\n".join(f"Entry {number} was written by clerk {line * 7}. It has line {line}." for line in range(8))
        (folder / f"{number:03}.txt").write_text(text[: 60 + number * 4])
    book = "\n\n".join(f"# Part {part}\n\n" + f"Part {part} is about part {part + 1}. " * 9 for part in range(parts))
    (folder / "sub" / "book.md").write_text(book)
    (folder / "sub" / "same.txt").write_bytes((folder / "007.txt").read_bytes())
    (folder / "sub" / ".same.txt.metadata.json").write_text('{"author": "Ada"}')
    (folder / "broken.pdf").write_bytes(b"%PDF-1.4 nothing more")
    return folder


def index_on(
    preparer: RayPreparer,
    library: Path,
    settings: Settings,
    progress: Progress = lambda done, total, name: None,
    stopped: Callable[[], bool] = lambda: False,
) -> Summary:
    with open_index(settings, preparer, create=True) as index:
        return carry_out(find_changes([library], index.files()), index, preparer, Run(progress, stopped))


def index_with(
    cluster: Cluster,
    load: Callable[[], Embedder],
    library: Path,
    settings: Settings,
    progress: Progress = lambda done, total, name: None,
) -> Summary:
    """Two workers of their own, as they may not live long."""
    preparer = RayPreparer(cluster, 2, Work(load, TOKENS, DEFAULTS))
    try:
        return index_on(preparer, library, settings, progress)
    finally:
        preparer.close()


def opened(settings: Settings, write: bool = False) -> LocalIndex:
    index = open_index(settings, HashEmbedder(), write=write)
    assert isinstance(index, LocalIndex)
    return index


def check_same(local: Local, settings: Settings, summary: Summary) -> None:
    """Summaries and catalogues, byte for byte; the embedder of these tests knows no batches. Nothing is there twice."""
    expected = local.summary
    assert replace(summary, embedded=expected.embedded) == expected
    # a copy whose original waits in the batch before is embedded, too
    assert summary.embedded - expected.embedded in (0, len(expected.duplicates))
    here = settings.indexes_dir / "ray"
    for query in (DOCUMENTS, PASSAGES, EMBEDDINGS, ALL_VERSIONS):
        assert rows(here, query) == rows(local.folder, query)
    with opened(settings) as index:
        assert index.verify() == []


def test_a_worker_killed_in_mid_run_changes_nothing(
    cluster: Cluster, library: Path, local: Local, settings: Settings, tmp_path: Path
) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    killed: list[int] = []

    def kill_one(done: int, total: int, name: str) -> None:
        if done == 60:
            killed.append(int(next(notes.iterdir()).name))
            os.kill(killed[0], signal.SIGKILL)

    summary = index_with(cluster, partial(Noting, notes), library, settings, kill_one)
    assert len(killed) == 1
    assert len(summary.added) == 122
    assert [failure.document_id for failure in summary.failed] == ["library/broken.pdf"]
    check_same(local, settings, summary)
    embedded = {int(path.name) for path in notes.iterdir() if path.stat().st_size}
    assert embedded - set(killed)  # the rest was done by others: the second, the one that came instead, or both


def test_what_a_worker_had_when_it_died_is_done_by_another(
    cluster: Cluster, library: Path, local: Local, settings: Settings, tmp_path: Path
) -> None:
    """One dies as it cuts a document into passages, another as it embeds them."""
    summary = index_with(
        cluster, partial(Dying, tmp_path, {"token_spans": "", "embed_passages": ""}), library, settings
    )
    assert (tmp_path / "token_spans").exists()
    assert (tmp_path / "embed_passages").exists()
    check_same(local, settings, summary)


def test_a_file_that_crashes_its_parser_is_one_failed_file(
    workers: RayPreparer, settings: Settings, tmp_path: Path
) -> None:
    library = tmp_path / "texts"
    library.mkdir()
    for number in range(6):
        (library / f"{number}.xls").write_bytes(OLE + (b"crash" if number == 2 else b"well"))
    summary = index_on(workers, library, settings)
    assert summary.added == [f"texts/{number}.xls" for number in (0, 1, 3, 4, 5)]
    (failure,) = summary.failed
    assert failure.document_id == "texts/2.xls"
    assert "crashed its reader (SIGSEGV)" in failure.message


def test_files_in_files_are_read_by_workers(workers: RayPreparer, settings: Settings, tmp_path: Path) -> None:
    library = tmp_path / "texts"
    library.mkdir()
    old = zipped({"a.txt": "The wheel turns.", "b.xls": OLE + b"crash", "c.xls": OLE + b"well", "d.png": "x"})
    (library / "old.zip").write_bytes(old)
    (library / "m.eml").write_bytes(mail({"list.csv": b"Part\nWheel"}))
    summary = index_on(workers, library, settings)
    expected = ["m.eml!/list.csv", "m.eml", "old.zip!/a.txt", "old.zip!/c.xls"]
    assert summary.added == [f"texts/{name}" for name in expected]
    assert [failure.document_id for failure in summary.failed] == ["texts/old.zip!/b.xls"]
    assert [note.document_id for note in summary.notes] == ["texts/old.zip"]
    second = index_on(workers, library, settings)
    assert (second.added, second.replaced, second.removed) == ([], [], [])
    assert sorted(second.unchanged) == sorted(summary.added)


def test_a_document_that_kills_each_worker_is_given_up(cluster: Cluster, settings: Settings, tmp_path: Path) -> None:
    """One kills whoever cuts it into passages, another whoever embeds them."""
    library = tmp_path / "texts"
    library.mkdir()
    (library / "0.txt").write_text("Poison.")
    (library / "1.txt").write_text("A sentence that stands here. " * 5000)  # batches of its own
    (library / "2.txt").write_text("Venom.")
    dying = partial(Dying, tmp_path, {"token_spans": "Poison", "embed_passages": "Venom"})
    summary = index_with(cluster, dying, library, settings)
    assert summary.added == ["texts/1.txt"]
    assert sorted(failure.document_id for failure in summary.failed) == ["texts/0.txt", "texts/2.txt"]
    for failure in summary.failed:
        assert "given up after 4 workers were lost with it; try it without --ray" in failure.message


def test_a_stopped_run_commits_what_is_done_and_the_next_goes_on(
    workers: RayPreparer, library: Path, local: Local, settings: Settings
) -> None:
    seen: list[str] = []

    def note(done: int, total: int, name: str) -> None:
        seen.append(name)

    first = index_on(workers, library, settings, note, lambda: len(seen) == 30)
    assert (len(first.added), first.left) == (30, 93)
    second = index_on(workers, library, settings)
    assert (len(second.added), sorted(second.unchanged)) == (92, sorted(first.added))
    for query in (DOCUMENTS, PASSAGES, EMBEDDINGS, ALL_VERSIONS):
        assert rows(settings.indexes_dir / "ray", query) == rows(local.folder, query)


def test_what_the_index_has_is_not_embedded_again(workers: RayPreparer, settings: Settings, tmp_path: Path) -> None:
    library = make_library(tmp_path)
    index_on(workers, library, settings)
    (library / "sub" / "book.md").rename(library / "sub" / "moved.md")
    (library / "000.txt").write_text("New here.")
    summary = index_on(workers, library, settings)
    assert (summary.added, summary.replaced) == (["library/sub/moved.md"], ["library/000.txt"])
    assert [same.other for same in summary.moved] == ["library/sub/book.md"]
    assert (summary.passages, summary.embedded) == (len_of(settings, "library/sub/moved.md") + 1, 1)


def len_of(settings: Settings, document_id: str) -> int:
    with open_index(settings, HashEmbedder()) as index:
        return next(info.passages for info in index.documents() if info.id == document_id)


def test_no_more_files_are_under_way_than_two_workers_need(workers: RayPreparer, library: Path) -> None:
    taken: list[Found] = []

    class Files(list[Found]):
        def __iter__(self) -> Iterator[Found]:
            for found in super().__iter__():
                taken.append(found)
                yield found

    files = Files(find_changes([library], {}).changed)
    documents = workers.prepared(files)
    for number in range(1, 20):
        assert next(documents)[0] == files[number - 1]
        assert len(taken) <= 2 * AHEAD + number
    documents.close()


def test_workers_with_different_models_are_refused(
    cluster: Cluster, library: Path, settings: Settings, tmp_path: Path
) -> None:
    def until_both_have_started() -> None:
        for _ in range(200):
            index_with(cluster, partial(Other, tmp_path), library, settings)

    with pytest.raises(IndexMismatch, match="the workers have different embedders: hash-. on .* and hash-. on"):
        until_both_have_started()


def test_a_model_that_no_worker_can_load_is_said_in_its_own_words(
    cluster: Cluster, library: Path, settings: Settings
) -> None:
    with pytest.raises(ModelError, match="^the embedder 'x' cannot be loaded$"):
        index_with(cluster, cannot_load, library, settings)


def test_a_cluster_that_is_gone_ends_the_run_and_leaves_what_was_committed(
    cluster: Cluster, workers: RayPreparer, library: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_cluster, "GONE_S", 0.0)
    monkeypatch.setattr(ray_cluster, "_LOOK_S", 0.5)
    monkeypatch.setattr(run, "BATCH_PASSAGES", 8)  # so that much is committed by then
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]

    def close(done: int, total: int, name: str) -> None:
        if 122 * done >= 100 * total and listener.fileno() != -1:  # after a hundred of the files
            listener.close()
            time.sleep(0.6)  # the next step looks

    with (
        listener,
        pytest.raises(RagError, match=rf"the Ray cluster at 127.0.0.1:{port} is gone .* what was committed stays"),
    ):
        index_with(Cluster(cluster.ray, f"127.0.0.1:{port}", cluster._raylet), HashEmbedder, library, settings, close)
    with opened(settings, write=True) as index:
        assert index.verify() == []
        committed = sorted(index.files())
    assert committed
    monkeypatch.undo()
    summary = index_on(workers, library, settings)
    assert sorted(summary.unchanged) == committed
    assert len(summary.added) == 122 - len(committed)


def test_workers_that_never_start_are_waited_for_no_longer_than_the_limit(
    cluster: Cluster, workers: RayPreparer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_ingest, "START_S", 0.5)
    assert workers.fingerprint == "hash-1"  # they have two of the four processors, from now on at the latest
    taken = [cluster.ray.remote(num_cpus=1)(threading.Event).remote() for _ in range(2)]
    cluster.ray.get([actor.is_set.remote() for actor in taken])
    preparer = RayPreparer(cluster, 1, Work(HashEmbedder, TOKENS, DEFAULTS))
    with pytest.raises(RagError, match="could start within 0.5 s: it has 4 processors, of which 0 are free"):
        _ = preparer.made
    preparer.close()
    for actor in taken:
        cluster.ray.kill(actor)


def test_a_cluster_of_another_version_is_refused(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN", ray_cluster._token())
    ray_cluster._try(cluster.address)
    gcs = cluster.ray._private.worker.global_worker.gcs_client
    before = gcs.internal_kv_get(b"CLUSTER_METADATA", namespace=b"cluster")
    other = json.dumps({**json.loads(before), "ray_version": "1.2.3"}).encode()
    gcs.internal_kv_put(b"CLUSTER_METADATA", other, True, b"cluster")
    try:
        with pytest.raises(RagError, match=r"cannot be used: .*Version mismatch: .*Ray: 1\.2\.3") as caught:
            ray_cluster._try(cluster.address)
        assert "\n" not in str(caught.value)
    finally:
        gcs.internal_kv_put(b"CLUSTER_METADATA", before, True, b"cluster")


def test_nobody_there_and_somebody_who_is_no_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_cluster, "TRY_S", 3.0)
    work = Work(HashEmbedder, TOKENS, DEFAULTS)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        with (
            pytest.raises(RagError, match=f"what answers at {address} is no Ray cluster"),
            ray_preparer(address, None, work),
        ):
            pass
    with (
        pytest.raises(RagError, match=f"no Ray cluster answers at {address} within 5 s"),
        ray_preparer(address, 2, work),
    ):
        pass


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(RagError, match=r"pip install 'rag-cited\[ray\]'"), connected(None, 1):
        pass


@pytest.mark.parametrize("address", ["docs", "host", "host:", ":6379", "host:99999", "host:port", "ray://host:10001"])
def test_an_address_is_a_host_and_a_port(address: str) -> None:
    with pytest.raises(InputError, match="HOST:PORT"):
        checked_host_port(address)


@pytest.mark.parametrize("address", ["host:6379", "10.0.0.5:1", "[::1]:6379"])
def test_addresses(address: str) -> None:
    assert checked_host_port(address) == address


def test_embedding_anew_is_done_here(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["index", "docs", "--reembed", "--ray"]) == 2
    assert capsys.readouterr().err == "rag: --reembed works on this machine: leave --ray out\n"


@pytest.mark.models
def test_the_command_starts_workers_and_leaves_none_behind(tmp_path: Path) -> None:
    """Its standard output is JSON and nothing else."""
    pytest.importorskip("ray")
    library = make_library(tmp_path, entries=12, parts=8)
    environment = {**os.environ, "RAG_INDEXES_DIR": str(tmp_path / "indexes"), "TMPDIR": str(tmp_path / ("long" * 20))}
    environment["RAY_worker_niceness"] = "0"
    (tmp_path / ("long" * 20)).mkdir()
    command = [sys.executable, "-m", "rag.cli.main", "index", str(library), "--json", "--workers", "1", "--ray"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 1, done.stderr  # a file cannot be read
    report = json.loads(done.stdout)
    assert (len(report["added"]), report["documents"]) == (14, 14)
    mine = str(tmp_path).encode()
    left = [path for path in Path("/proc").glob("[0-9]*/environ") if mine in _read(path)]
    assert left == []


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # it has just ended, or is somebody else's
        return b""
