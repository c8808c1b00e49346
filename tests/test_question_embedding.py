"""Questions in numpy: the layers by known answers, and the embedded model against sentence-transformers."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rag.embedding as embedding
from rag.bert import Bert, erf, gelu
from rag.embedding import SentenceTransformerEmbedder
from rag.errors import ModelError
from rag.question_embedding import QuestionEmbedder
from rag.types import Passage, Sentence

WIDTH, WORDS = 8, 5


def test_erf_and_gelu_are_the_exact_ones() -> None:
    x = np.linspace(-5, 5, 1001, dtype=np.float32)
    exact = np.array([math.erf(float(value)) for value in x])
    assert np.abs(erf(x) - exact).max() < 1e-6
    normal = np.array([float(value) * 0.5 * (1 + math.erf(float(value) / math.sqrt(2))) for value in x])
    assert np.abs(gelu(x) - normal).max() < 2e-6


def test_the_encoder_is_that_of_transformers() -> None:
    """Random weights; one head of four, and a second layer, so that no axis can be taken for another."""
    import torch
    from transformers import BertConfig, BertModel

    torch.manual_seed(3)
    sizes = {"vocab_size": WORDS, "hidden_size": WIDTH, "intermediate_size": 12, "max_position_embeddings": 16}
    config = BertConfig(**sizes, num_hidden_layers=2, num_attention_heads=4, initializer_range=0.7)
    model = BertModel(config, add_pooling_layer=False).eval()
    ours = Bert({name: weight.numpy() for name, weight in model.state_dict().items()}, config.to_dict())
    for ids in ([2], [1, 4, 0, 3, 3, 2, 1]):
        with torch.inference_mode():
            expected = model(torch.tensor([ids])).last_hidden_state[0].numpy()
        assert ours.states(ids) == pytest.approx(expected, abs=1e-4)
    assert ours.dimension == WIDTH


def test_a_damaged_model_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, content in (("tokenizer.json", "{"), ("config.json", "{}"), ("model.safetensors", "")):
        (tmp_path / name).write_text(content)
    monkeypatch.setattr("rag.question_embedding.embedder_folder", lambda name: str(tmp_path))
    with pytest.raises(ModelError, match="cannot be loaded"):
        QuestionEmbedder.load(1)


@pytest.fixture(scope="module")
def questions() -> QuestionEmbedder:
    return QuestionEmbedder.load(2)


@pytest.mark.models
def test_an_index_of_the_one_can_be_asked_with_the_other(
    questions: QuestionEmbedder, embedder: SentenceTransformerEmbedder
) -> None:
    assert questions.fingerprint == embedder.fingerprint
    assert (questions.dimension, questions.max_tokens) == (embedder.dimension, embedder.max_tokens)
    text = "Ada Hart built the mill. It burned down."
    passage = Passage("d", "D", "d", 0, len(text), text, (Sentence(0, 25), Sentence(25, len(text))))
    (ours,), (theirs,) = questions.embed_passages([passage]), embedder.embed_passages([passage])
    assert np.array_equal(ours.passage, theirs.passage) and np.array_equal(ours.sentences, theirs.sentences)
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
def test_a_question_loads_no_torch() -> None:
    script = (
        "import sys\nfrom rag.question_embedding import QuestionEmbedder\n"
        "print(len(QuestionEmbedder.load(1).embed_query('Who built the mill?')))\n"
        "print(sorted({'torch', 'transformers', 'sentence_transformers', 'sklearn', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["384", "[]"]


def test_the_published_hash_is_part_of_the_fingerprint() -> None:
    assert embedding.MINILM_SHA256.startswith(QuestionEmbedder.fingerprint.split(":")[1])
