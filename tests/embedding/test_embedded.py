"""The embedded embedder: against the model of float32, its file, windows, texts in company, and no torch."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.embedding.embedded import SHA256, EmbeddedEmbedder
from rag.embedding.passages import SentenceTransformerEmbedder
from rag.errors import ModelError
from rag.index.spaces import shared
from rag.ingest.chunking import chunk
from rag.types import Document, Passage, Sentence

MODEL = Path(str(files("rag.embedding").joinpath("model/embedder.onnx")))
WORDS = MODEL.with_name("tokenizer.json")
TEXT = "Ada Hart built the mill in 1859. It burned down, and nobody was hurt. Łódź — 東京 😀."

pytestmark = pytest.mark.models


def passage(text: str, *cuts: int) -> Passage:
    borders = [0, *cuts, len(text)]
    sentences = tuple(Sentence(a, b) for a, b in zip(borders, borders[1:], strict=False))
    return Passage("d", "D", "d", 0, len(text), text, sentences)


def test_vectors_are_near_those_of_float32(embedder: EmbeddedEmbedder, float32: SentenceTransformerEmbedder) -> None:
    assert (embedder.dimension, embedder.max_tokens) == (float32.dimension, float32.max_tokens)
    assert embedder.token_spans(TEXT) == float32.token_spans(TEXT)
    passages = [passage(text, len(text) // 2) for text in (TEXT, "Short.", "The ferry leaves at 08:15. " * 9)]
    for ours, theirs in zip(embedder.embed_passages(passages), float32.embed_passages(passages), strict=True):
        assert ours.passage @ theirs.passage >= 0.985
        assert (ours.sentences * theirs.sentences).sum(axis=1).min() >= 0.97
        assert np.linalg.norm(ours.passage) == pytest.approx(1.0, abs=1e-5)


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=300))
def test_any_text_has_a_vector_near_that_of_float32(
    embedder: EmbeddedEmbedder, float32: SentenceTransformerEmbedder, text: str
) -> None:
    assert float(embedder.embed_query(text) @ float32.embed_query(text)) >= 0.95


def test_the_same_text_gives_the_same_vector_in_any_company_and_with_any_threads(embedder: EmbeddedEmbedder) -> None:
    texts = [f"{word} " * length for word in ("tide", "mill", "ferry") for length in range(20, 240, 31)]
    passages = [passage(text, len(text) // 2) for text in texts]
    expected = EmbeddedEmbedder(MODEL, WORDS, 1).embed_passages(passages)
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(embedder.embed_passages, (passages, passages[::-1], passages[:1])))
    for given_, wanted in zip(found, (expected, expected[::-1], expected[:1]), strict=True):
        for one, other in zip(given_, wanted, strict=True):
            assert np.array_equal(one.passage, other.passage)
            assert np.array_equal(one.sentences, other.sentences)


def test_a_sentence_has_the_mean_of_its_own_token_states(embedder: EmbeddedEmbedder) -> None:
    (found,) = embedder.embed_passages([passage(TEXT, 33)])
    encoded = embedder._tokenizer.encode(TEXT)
    states = embedder._model.outputs(encoded.ids)["states"]
    own = states[[n for n, (start, end) in enumerate(encoded.offsets) if start < end <= 33]].mean(axis=0)
    assert found.sentences[0] == pytest.approx(own / np.linalg.norm(own), abs=1e-6)
    assert found.passage == pytest.approx(embedder.embed_query(TEXT), abs=1e-6)


def test_what_is_longer_than_the_model_is_read_in_windows(embedder: EmbeddedEmbedder) -> None:
    long = "the harbour wall " * 200 + "and at last a giraffe"
    (found,) = embedder.embed_passages([passage(long, len(long) - 9)])
    giraffe = embedder.embed_query("a giraffe")
    assert found.sentences[1] @ giraffe > found.sentences[0] @ giraffe
    assert embedder.embed_query(long) == pytest.approx(found.passage, abs=1e-6)


def test_passages_are_counted_in_the_models_own_tokens(embedder: EmbeddedEmbedder) -> None:
    assert [TEXT[a:b] for a, b in embedder.token_spans(TEXT)][:6] == ["Ada", "Hart", "built", "the", "mill", "in"]
    text = " ".join(f"Sentence number {n} stands here." for n in range(200))
    document = Document("d", "D", text, "d", "0")
    sizes = [
        len(embedder.token_spans(p.text)) for p in chunk(document, embedder.token_spans(text), 200, embedder.max_tokens)
    ]
    assert max(sizes) <= 254
    assert min(sizes) > 150


def test_the_file_is_the_one_that_the_fingerprint_names() -> None:
    import hashlib

    assert hashlib.sha256(MODEL.read_bytes()).hexdigest() == SHA256
    assert f":int8-{SHA256[:12]}:" in EmbeddedEmbedder.fingerprint


def test_an_index_of_float32_may_be_asked_and_added_to() -> None:
    assert shared("all-MiniLM-L6-v2:53aa51172d142c89:256+late", EmbeddedEmbedder.fingerprint)
    assert not shared("all-mpnet-base-v2:53aa51172d142c89:256+late", EmbeddedEmbedder.fingerprint)


def test_no_product_saturates_on_any_processor() -> None:
    """Without VNNI, pairs of products of a byte of the activations and one of a matrix are added in 16 bits."""
    onnx = pytest.importorskip("onnx")
    model = onnx.load(str(MODEL))
    used = {node.input[1] for node in model.graph.node if node.op_type == "MatMulInteger"}
    matrices = [onnx.numpy_helper.to_array(each) for each in model.graph.initializer if each.name in used]
    assert len(matrices) == 18  # three in each of six layers
    assert all(2 * 255 * np.abs(matrix.astype(int)).max() < 2**15 for matrix in matrices)


def test_nothing_of_torch_is_needed(tmp_path: Path) -> None:
    """Making an index, and a search in it, in a process that cannot import torch and what brings it."""
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mill.md").write_text("# Mill\n\nAda Hart built the mill in 1859.\n")
    script = (
        "import sys\n"
        "absent = ('torch', 'transformers', 'sentence_transformers', 'safetensors', 'llama_cpp')\n"
        "sys.modules.update(dict.fromkeys(absent))\n"
        "from rag.cli.main import main\n"
        "where = ['--indexes-dir', sys.argv[1] + '/indexes']\n"
        "assert main(['index', sys.argv[1] + '/notes', *where]) == 0\n"
        "assert main(['search', 'Who built the mill?', *where]) == 0\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("1 added, 0 replaced, 0 removed, 0 unchanged, 0 failed, 0 skipped")
    assert "Ada Hart built the mill in 1859." in done.stdout


@pytest.mark.parametrize(("lacking", "error"), [("model", "is not there"), ("words", "is not there")])
def test_a_file_that_is_absent_is_named(tmp_path: Path, lacking: str, error: str) -> None:
    absent = tmp_path / "absent"
    with pytest.raises(ModelError, match=f"absent {error}: install the package anew"):
        EmbeddedEmbedder(absent if lacking == "model" else MODEL, absent if lacking == "words" else WORDS, 1)


def test_a_file_that_is_cut_is_named(tmp_path: Path) -> None:
    cut = tmp_path / "cut"
    cut.write_bytes(MODEL.read_bytes()[:1000])
    with pytest.raises(ModelError, match="cut cannot be loaded as a model"):
        EmbeddedEmbedder(cut, WORDS, 1)
    with pytest.raises(ModelError, match="cut is no tokenizer"):
        EmbeddedEmbedder(MODEL, cut, 1)
