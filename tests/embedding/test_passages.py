"""Models of sentence-transformers: late chunking, windows instead of cuts, models that cannot be had."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from rag.embedding.passages import SentenceTransformerEmbedder
from rag.errors import ModelError
from rag.ingest.chunking import chunk
from rag.types import Document, Passage, Sentence

pytestmark = pytest.mark.models

TEXT = "Ada Hart built the mill in 1859. It burned down, and nobody was hurt. Łódź — 东京 😀."


def passage(text: str, *cuts: int) -> Passage:
    borders = [0, *cuts, len(text)]
    sentences = tuple(Sentence(a, b) for a, b in zip(borders, borders[1:], strict=False))
    return Passage("d", "D", "d", 0, len(text), text, sentences)


def test_vectors_are_those_of_sentence_transformers(float32: SentenceTransformerEmbedder) -> None:
    texts = [TEXT, "Short.", "The ferry leaves at 08:15. " * 9]
    reference = float32._model.encode(texts, normalize_embeddings=True)
    ours = np.stack([item.passage for item in float32.embed_passages([passage(text) for text in texts])])
    assert (ours * reference).sum(axis=1).min() >= 0.9999
    assert float32.embed_query(TEXT) @ reference[0] >= 0.9999
    assert np.linalg.norm(ours, axis=1) == pytest.approx(1.0, abs=1e-5)


def test_a_sentence_vector_is_the_mean_of_its_own_token_states(float32: SentenceTransformerEmbedder) -> None:
    (found,) = float32.embed_passages([passage(TEXT, 33)])
    features = float32._model.tokenizer(TEXT, return_tensors="pt", return_offsets_mapping=True)
    offsets = features.pop("offset_mapping")[0].numpy()
    states = float32._model(dict(features))["token_embeddings"][0].detach().numpy()
    own = states[(offsets[:, 1] <= 33) & (offsets[:, 1] > 0)].mean(axis=0)
    assert found.sentences.shape == (2, 384)
    assert found.sentences[0] @ (own / np.linalg.norm(own)) >= 0.9999


def test_the_same_text_gives_the_same_vector_in_any_company(float32: SentenceTransformerEmbedder) -> None:
    alone = float32.embed_passages([passage(TEXT)])[0].passage
    others = [passage("word " * n) for n in range(1, 40, 7)]
    assert float32.embed_passages([*others, passage(TEXT)])[-1].passage @ alone >= 0.9999


def test_vectors_do_not_depend_on_threads_nor_on_who_embeds_meanwhile(float32: SentenceTransformerEmbedder) -> None:
    texts = [f"{word} " * length for word in ("tide", "mill", "ferry") for length in range(20, 240, 9)]
    passages = [passage(text, len(text) // 2) for text in texts]
    alone = SentenceTransformerEmbedder(float32._model, "", threads=1).embed_passages(passages)
    given = (passages, passages[:2], passages[::-1])  # more batches than threads, and one batch for two threads
    expected = (alone, alone[:2], alone[::-1])
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(float32.embed_passages, given))
    for one, other in zip(chain(*expected), chain(*found), strict=True):
        assert one.passage @ other.passage >= 0.9999
        assert (one.sentences * other.sentences).sum(axis=1).min() >= 0.9999


def test_what_is_longer_than_the_model_is_read_in_windows(float32: SentenceTransformerEmbedder) -> None:
    long = "the harbour wall " * 200 + "and at last a giraffe"
    (found,) = float32.embed_passages([passage(long, len(long) - 9)])
    giraffe = float32.embed_query("a giraffe")
    assert found.sentences[1] @ giraffe > found.sentences[0] @ giraffe
    assert np.linalg.norm(found.passage) == pytest.approx(1.0, abs=1e-5)


def test_passages_are_counted_in_the_models_own_tokens(float32: SentenceTransformerEmbedder) -> None:
    assert float32.max_tokens == 254
    assert [TEXT[a:b] for a, b in float32.token_spans(TEXT)][:6] == ["Ada", "Hart", "built", "the", "mill", "in"]
    text = " ".join(f"Sentence number {n} stands here." for n in range(200))
    document = Document("d", "D", text, "d", "0")
    passages = chunk(document, float32.token_spans(text), 200, float32.max_tokens)
    sizes = [len(float32._model.tokenizer(p.text)["input_ids"]) for p in passages]
    assert max(sizes) <= 256
    assert min(sizes) > 150


def test_a_model_that_cannot_be_had_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="the embedder 'nobody/nothing' cannot be loaded .*: give a folder"):
        SentenceTransformerEmbedder.load("nobody/nothing", 1)
    with pytest.raises(ModelError, match="cannot be loaded"):
        SentenceTransformerEmbedder.load(str(tmp_path), 1)


def test_an_embedder_of_a_hub_goes_into_the_cache_unless_the_hub_s_own_library_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str | None]] = []

    def no_model(name: str, **options: str | None) -> None:
        asked.append((name, options.get("cache_folder")))
        raise OSError("no hub")

    monkeypatch.setattr("sentence_transformers.SentenceTransformer", no_model)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    commit = "0123456789abcdef0123456789abcdef01234567"
    snapshot = tmp_path / "hub" / "models--ann--words" / "snapshots" / commit
    snapshot.mkdir(parents=True)
    (snapshot / "modules.json").write_text("[]")
    for name in (f"ann/words@{commit}", "ann/other", str(snapshot)):
        with pytest.raises(ModelError):
            SentenceTransformerEmbedder.load(name, 1, tmp_path / "cache")
    assert asked == [("ann/words", None), ("ann/other", str(tmp_path / "cache" / "hub")), (str(snapshot), None)]


def test_a_hub_is_asked_once_if_it_has_a_model_before_its_files_are_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library of the hub tries each file again and again, for minutes, if no hub can be reached."""

    def unreachable(self: object, repository: str, **options: object) -> None:
        raise OSError(f"no host for {repository}")

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.HfApi.model_info", unreachable)
    monkeypatch.setattr("sentence_transformers.SentenceTransformer", lambda *names, **options: pytest.fail("fetched"))
    with pytest.raises(ModelError, match=r"'ann/other' cannot be loaded \(no host for ann/other\): give a folder"):
        SentenceTransformerEmbedder.load("ann/other", 1, tmp_path / "cache")


def test_without_the_extra_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(
        ModelError, match=r"needs sentence-transformers and torch: pip install 'rag-cited\[embedders\]'"
    ):
        SentenceTransformerEmbedder.load("nobody/nothing", 1)
