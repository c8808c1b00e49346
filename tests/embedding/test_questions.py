"""Questions on llama.cpp: an encoder of random weights against transformers, the embedded one against ours."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rag.embedding.passages as embedding
from rag.embedding.encoder import Encoder
from rag.embedding.encoder_file import encoder_file
from rag.embedding.passages import SentenceTransformerEmbedder
from rag.embedding.questions import QuestionEmbedder
from rag.errors import ModelError
from rag.types import Passage, Sentence

WIDTH, WORDS = 64, 5


@pytest.mark.parametrize(("kind", "error"), [("F16", 2e-2), ("BF16", 1e-1)])
def test_the_encoder_is_that_of_transformers(tmp_path: Path, kind: str, error: float) -> None:
    """Random weights, none of which is near 0 or 1, so that one in another's place shows; two layers of four heads."""
    import torch
    from transformers import BertConfig, BertModel

    torch.manual_seed(3)
    config = BertConfig(
        vocab_size=WORDS,
        hidden_size=WIDTH,
        intermediate_size=96,
        max_position_embeddings=16,
        num_hidden_layers=2,
        num_attention_heads=4,
        initializer_range=0.3,
    )
    model = BertModel(config, add_pooling_layer=False)
    model.train(False)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight) * 0.2)
    model.save_pretrained(tmp_path / "model")
    encoder = Encoder(encoder_file(tmp_path / "model", tmp_path, kind), 16, 1)
    for ids in ([2], [1, 4, 0, 3, 3, 2, 1], [4] * 16):
        with torch.inference_mode():
            expected = model(torch.tensor([ids])).last_hidden_state[0].numpy()
        assert encoder.states(ids) == pytest.approx(expected, abs=error)
    assert encoder.dimension == WIDTH


def test_a_damaged_model_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, content in (("tokenizer.json", "{"), ("config.json", "{}"), ("model.safetensors", "")):
        (tmp_path / name).write_text(content)
    monkeypatch.setattr("rag.embedding.questions.embedder_folder", lambda name: str(tmp_path))
    with pytest.raises(ModelError, match="cannot be loaded"):
        QuestionEmbedder.load(tmp_path, 1)


@pytest.mark.parametrize("lacking", ["config.json", "model.safetensors"])
def test_a_model_that_lacks_a_file_is_named_and_leaves_nothing_in_the_cache(tmp_path: Path, lacking: str) -> None:
    for name in {"config.json", "model.safetensors"} - {lacking}:
        (tmp_path / name).write_text("{}")
    with pytest.raises(ModelError, match="install (it|the embedded model) again"):
        encoder_file(tmp_path, tmp_path)
    assert not list(tmp_path.rglob("*.gguf"))
    assert not list(tmp_path.rglob("*.partial"))


def test_a_damaged_conversion_is_named(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(ModelError, match="m.gguf: remove it"):
        Encoder(tmp_path / "m.gguf", 16, 1)


@pytest.fixture(scope="module")
def questions(model_cache: Path) -> QuestionEmbedder:
    return QuestionEmbedder.load(model_cache, 2)


@pytest.mark.models
def test_an_index_of_the_one_can_be_asked_with_the_other(
    questions: QuestionEmbedder, embedder: SentenceTransformerEmbedder
) -> None:
    assert questions.fingerprint == embedder.fingerprint
    assert (questions.dimension, questions.max_tokens) == (embedder.dimension, embedder.max_tokens)
    text = "Ada Hart built the mill. It burned down."
    passage = Passage("d", "D", "d", 0, len(text), text, (Sentence(0, 25), Sentence(25, len(text))))
    (ours,), (theirs,) = questions.embed_passages([passage]), embedder.embed_passages([passage])
    assert np.array_equal(ours.passage, theirs.passage)
    assert np.array_equal(ours.sentences, theirs.sentences)
    assert questions.token_spans(text) == embedder.token_spans(text)


@pytest.mark.models
@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300))
def test_vectors_are_those_of_the_whole_embedder(
    questions: QuestionEmbedder, embedder: SentenceTransformerEmbedder, text: str
) -> None:
    assert float(questions.embed_query(text) @ embedder.embed_query(text)) >= 0.9999


@pytest.mark.models
def test_what_is_longer_than_the_model_is_not_cut_off(
    questions: QuestionEmbedder, embedder: SentenceTransformerEmbedder
) -> None:
    long = "the harbour wall " * 200 + "and at last a giraffe"
    assert float(questions.embed_query(long) @ embedder.embed_query(long)) >= 0.9999


@pytest.mark.models
def test_a_question_loads_no_torch(model_cache: Path) -> None:
    script = (
        "import sys\nfrom pathlib import Path\nfrom rag.embedding.questions import QuestionEmbedder\n"
        "print(len(QuestionEmbedder.load(Path(sys.argv[1]), 1).embed_query('Who built the mill?')))\n"
        "print(sorted({'torch', 'transformers', 'sentence_transformers', 'sklearn', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script, str(model_cache)], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["384", "[]"]


def test_the_published_hash_is_part_of_the_fingerprint() -> None:
    assert embedding.MINILM_SHA256.startswith(QuestionEmbedder.fingerprint.split(":")[1])
