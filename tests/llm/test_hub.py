"""Models of a hub: the files that were fetched first, or an error that says which was changed."""

from __future__ import annotations

import hashlib
import os
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import pytest

from rag.cli.main import main
from rag.embedding.passages import SentenceTransformerEmbedder, _of_hub, files_hash
from rag.errors import ModelError
from rag.llm.gguf import model_file
from rag.llm.hub import RECORD, HubRecord, snapshot_of

COMMITS = ("a" * 40, "b" * 40)


class Hub:
    """A hub with one file, in a cache as the hub's library makes it; `newest` is the commit of a name without one."""

    def __init__(self, cache: Path) -> None:
        self.cache = cache
        self.newest = COMMITS[0]
        self.asked: list[str | None] = []

    def download(self, repository: str, file: str, revision: str | None, cache_dir: str) -> str:
        self.asked.append(revision)
        path = self.place(revision or self.newest)
        if not path.exists():
            path.parent.mkdir(parents=True)
            path.write_bytes(f"GGUF of {path.parent.name}".encode())
        return str(path)

    def place(self, commit: str) -> Path:
        return self.cache / "hub" / "models--ann--mill" / "snapshots" / commit / "mill.gguf"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    hub = Hub(tmp_path)
    monkeypatch.setattr("huggingface_hub.hf_hub_download", hub.download)
    monkeypatch.setenv("RAG_CACHE_DIR", str(tmp_path))
    return hub


def test_a_name_without_a_commit_stands_for_the_one_that_was_fetched_first(
    hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = model_file("ann/mill/mill.gguf", tmp_path, 1)
    hub.newest = COMMITS[1]
    assert model_file("ann/mill/mill.gguf", tmp_path, 1) == first
    assert hub.asked == [None, COMMITS[0]]
    assert main(["models", "pull", "ann/mill/mill.gguf"]) == 0  # the newest is wanted
    assert capsys.readouterr().out == f"ann/mill/mill.gguf: {hub.place(COMMITS[1])}\n"
    assert model_file("ann/mill/mill.gguf", tmp_path, 1) == hub.place(COMMITS[1])


def test_a_file_that_was_changed_is_not_loaded(hub: Hub, tmp_path: Path) -> None:
    file = model_file("ann/mill/mill.gguf", tmp_path, 1)
    before = file.stat()
    file.write_bytes(b"GGUF of " + b"c" * 40)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))  # as who changed it may
    with pytest.raises(ModelError, match=r"mill.gguf is not the file that was fetched \(SHA-256 [0-9a-f]{64}, then"):
        model_file("ann/mill/mill.gguf", tmp_path, 1)
    file.write_bytes(b"GGUF of " + b"a" * 40)  # as it was
    assert model_file("ann/mill/mill.gguf", tmp_path, 1) == file


def test_a_file_is_hashed_again_only_if_its_marks_changed(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = model_file("ann/mill/mill.gguf", tmp_path, 1)
    with monkeypatch.context() as patch:
        patch.setattr("rag.llm.hub._sha256", lambda path: pytest.fail("it was hashed"))
        assert model_file("ann/mill/mill.gguf", tmp_path, 1) == file
    os.utime(file)
    assert model_file("ann/mill/mill.gguf", tmp_path, 1) == file


def test_a_setting_may_demand_a_hash(hub: Hub, tmp_path: Path) -> None:
    wanted = hashlib.sha256(b"GGUF of " + b"a" * 40).hexdigest()
    file = model_file(f"ann/mill/mill.gguf#sha256={wanted.upper()}", tmp_path, 1)
    assert file == hub.place(COMMITS[0])
    assert model_file(f"{file}#sha256={wanted}", tmp_path, 1) == file
    for name in ("ann/mill/mill.gguf", str(file)):
        with pytest.raises(ModelError, match="and the setting 'model' demands 00"):
            model_file(f"{name}#sha256=00", tmp_path, 1)


def test_a_record_that_cannot_be_read_is_an_error_and_one_that_cannot_be_written_is_none(
    hub: Hub, tmp_path: Path
) -> None:
    (tmp_path / "hub" / RECORD).mkdir(parents=True)
    with pytest.raises(ModelError, match="models of hubs cannot be checked"):
        model_file("ann/mill/mill.gguf", tmp_path, 1)
    (tmp_path / "hub" / RECORD).rmdir()
    (tmp_path / "hub" / f"{RECORD}.lock").mkdir()
    assert model_file("ann/mill/mill.gguf", tmp_path, 1) == hub.place(COMMITS[0])


def test_an_embedder_is_of_the_commit_and_the_files_that_were_fetched_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str | None] = []
    folder = tmp_path / "hub" / "models--ann--words"

    class SentenceTransformer:
        def __init__(self, repository: str, *, revision: str | None, cache_folder: str, **more: object) -> None:
            assert (repository, cache_folder) == ("ann/words", str(tmp_path / "hub"))
            asked.append(revision)
            snapshot = folder / "snapshots" / (revision or COMMITS[0])
            if not snapshot.exists():
                snapshot.mkdir(parents=True)
                (folder / "refs").mkdir()
                (folder / "refs" / "main").write_text(COMMITS[0])
                for name in ("modules.json", "model.safetensors"):
                    (snapshot / name).write_text(name)

    monkeypatch.setitem(sys.modules, "sentence_transformers", module := ModuleType("sentence_transformers"))
    module.SentenceTransformer = SentenceTransformer  # type: ignore[attr-defined]
    for _ in range(2):
        _of_hub("ann/words", tmp_path)
    assert asked == [None, COMMITS[0]]
    (folder / "refs" / "main").write_text(COMMITS[1])  # the hub has a newer one
    _of_hub("ann/words", tmp_path)
    (folder / "snapshots" / COMMITS[0] / "model.safetensors").write_text("changed")
    with pytest.raises(ModelError, match="model.safetensors is not the file that was fetched"):
        _of_hub("ann/words", tmp_path)
    assert asked == [None, *[COMMITS[0]] * 2]  # it was not loaded


def test_a_setting_may_demand_the_hash_of_an_embedders_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = tmp_path / "hub" / "models--ann--words" / "snapshots" / COMMITS[0]
    loaded: list[str] = []

    class SentenceTransformer:
        def __init__(self, repository: str, **more: object) -> None:
            loaded.append(repository)
            for name in ("modules.json", "1_Pooling/config.json"):
                (snapshot / name).parent.mkdir(parents=True, exist_ok=True)
                (snapshot / name).write_text(name)

    monkeypatch.setitem(sys.modules, "sentence_transformers", module := ModuleType("sentence_transformers"))
    module.SentenceTransformer = SentenceTransformer  # type: ignore[attr-defined]
    module.__spec__ = ModuleSpec("sentence_transformers", None)
    lines = "".join(
        f"{hashlib.sha256(name.encode()).hexdigest()}  {name}\n" for name in ("1_Pooling/config.json", "modules.json")
    )
    wanted = hashlib.sha256(lines.encode()).hexdigest()
    pinned = f"ann/words@{COMMITS[0]}"
    with pytest.raises(ModelError, match=f"have the SHA-256 {wanted}, and the setting 'embedder' demands 00"):
        _of_hub(pinned, tmp_path, "00")
    _of_hub(pinned, tmp_path, wanted)
    assert files_hash(pinned, tmp_path) == files_hash(str(snapshot), tmp_path) == wanted
    (snapshot / "added.py").write_text("")
    with pytest.raises(ModelError, match="fetch them anew"):
        _of_hub(pinned, tmp_path, wanted)
    assert len(loaded) == 2  # the one that was there with another file was not loaded
    with pytest.raises(ModelError, match="have the SHA-256"):
        SentenceTransformerEmbedder.load(f"{snapshot}#sha256={wanted}", 1)


def test_of_a_folder_each_file_is_checked(tmp_path: Path) -> None:
    folder = tmp_path / "snapshots" / COMMITS[0]
    (folder / "1_Pooling").mkdir(parents=True)
    files = [folder / "model.safetensors", folder / "1_Pooling" / "config.json"]
    for file in files:
        file.write_text(file.name)
    assert snapshot_of(files[1]) == folder
    HubRecord(tmp_path, "ann/words").note(files, folder)
    known = HubRecord(tmp_path, "ann/words")
    assert known.commit == COMMITS[0]
    known.check([*files, folder / "another"], folder)
    files[1].write_text("changed")
    with pytest.raises(ModelError, match="config.json is not the file"):
        known.check(files, folder)
    HubRecord(tmp_path, "ann/other").check(files, folder)
