"""What is streamed is what is answered: the sentences of `Pipeline.stream` against its last word, on fakes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rag.pipeline
from rag.answering.prompt import DECLINED
from rag.deadline import Deadline
from rag.errors import Cancelled, ModelError
from rag.index.folders import Expected
from rag.index.local import LocalIndex
from rag.ingest.run import sync
from rag.models import Models
from rag.pipeline import Pipeline
from rag.settings import Settings, load_settings
from rag.types import Answer, Ask, Message, NextClaim, Retrieved
from tests.fakes import HashEmbedder, WordReader

TEXT = "Ada Hart built the mill in 1859. It cost 1,400 pounds. The mill stands at Corran. The roof is of slate."
SUPPORTED = ("Ada Hart built the mill in 1859", "It cost 1,400 pounds", "The mill stands at Corran")
UNSUPPORTED = ("It cost 900 pounds", "Nobody has ever seen the sea")


class Writer:
    """A model of a thousand million weights that writes `text` in the pieces given."""

    name, parameters, context_tokens = "writer", 2_000_000_000, 4096

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.written = 0
        self.left = False

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def write(self, messages: Sequence[Message], grammar: str, max_tokens: int, deadline: Any = None) -> Iterator[str]:
        self.written, self.left = 0, True
        for piece in self.pieces:
            self.written += 1
            if piece == "fail":
                raise ModelError("the model failed")
            yield piece
        self.left = False

    def close(self) -> None: ...


@pytest.fixture(scope="module")
def writer() -> Writer:
    return Writer()


@pytest.fixture(scope="module")
def pipeline(writer: Writer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    with pipeline_of(writer, tmp_path_factory) as made:
        yield made


@contextmanager
def pipeline_of(model: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """On an index of `TEXT`, with that language model."""
    folder: Path = tmp_path_factory.mktemp("docs")
    (folder / "mill.txt").write_text(TEXT, "utf-8")
    chosen: Settings = load_settings(indexes_dir=tmp_path_factory.mktemp("indexes"), index="t", workers=1)
    embedder = HashEmbedder()
    expected = Expected(embedder.fingerprint, 16, "test")
    with LocalIndex.open(chosen.indexes_dir, "t", expected, create=True) as index:
        assert sync([folder], index, embedder, chosen).failed == []
        yield Pipeline(index, Models(embedder, model, reader=WordReader()), chosen, owns_models=False)


@pytest.fixture(autouse=True)
def no_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Vectors of hashes and counted words mean nothing to the fitted refusal."""
    monkeypatch.setattr(rag.pipeline, "threshold", lambda: 0.0)


def cut(text: str, places: Sequence[int]) -> list[str]:
    """At these places: cut("abcd", [1, 3]) is ["a", "bc", "d"]."""
    bounds = [0, *sorted({place for place in places if 0 < place < len(text)}), len(text)]
    return [text[left:right] for left, right in zip(bounds, bounds[1:], strict=False)]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sentences=st.lists(
        st.tuples(st.sampled_from(SUPPORTED + UNSUPPORTED), st.lists(st.integers(1, 3), min_size=1, max_size=3)),
        max_size=6,
    ),
    places=st.lists(st.integers(1, 250), max_size=40),
)
def test_what_was_streamed_is_what_is_answered(
    pipeline: Pipeline, writer: Writer, sentences: list[tuple[str, list[int]]], places: list[int]
) -> None:
    written = " ".join(f"{text} {''.join(f'[{label}]' for label in labels)}." for text, labels in sentences)
    writer.pieces = cut(written, places)
    found, *checked, answer = list(pipeline.stream("Who built the mill?"))
    assert isinstance(found, Retrieved)
    assert isinstance(answer, Answer)
    said = [step for step in checked if isinstance(step, NextClaim)]
    assert len(said) == len(checked)
    assert found.hits == answer.hits
    assert tuple(step.claim for step in said) == answer.claims
    assert " ".join(step.claim.text for step in said) == (answer.answer if answer.answered else "")
    by_label = {citation.label: citation for citation in answer.citations}
    assert all(step.citations == tuple(by_label[label] for label in step.claim.citations) for step in said)
    assert not any(wrong in answer.answer for wrong in UNSUPPORTED)
    assert answer.usage.completion_tokens == len(writer.pieces) == writer.written
    assert answer.answered == bool(said)


def test_a_sentence_is_there_before_the_next_is_written(pipeline: Pipeline, writer: Writer) -> None:
    writer.pieces = [f"{SUPPORTED[0]} [1].", f" {SUPPORTED[0]} [1].", "fail"]
    steps = pipeline.stream("Who built the mill?")
    assert isinstance(next(steps), Retrieved)
    first = next(steps)
    assert isinstance(first, NextClaim)
    assert (first.claim.text, writer.written) == ("Ada Hart built the mill in 1859 [1].", 1)
    next(steps)
    with pytest.raises(ModelError):
        next(steps)


def test_a_stream_that_is_left_ends_the_writing(pipeline: Pipeline, writer: Writer) -> None:
    writer.pieces = [f"{SUPPORTED[0]} [1].", "x", "y"]
    steps = pipeline.stream("Who built the mill?")
    next(steps), next(steps)
    steps.close()
    assert (writer.written, writer.left) == (1, True)


def test_who_declines_says_nothing(pipeline: Pipeline, writer: Writer) -> None:
    writer.pieces = cut(DECLINED, [3, 9])
    found, answer = list(pipeline.stream("Who built the mill?"))
    assert isinstance(answer, Answer)
    assert answer.abstained is not None
    assert answer.abstained.reason == "declined"


def test_a_refusal_writes_nothing(pipeline: Pipeline, writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rag.pipeline, "threshold", lambda: 1.1)
    writer.pieces, writer.written = [f"{SUPPORTED[0]} [1]."], 0
    answer = pipeline.ask("Who built the mill?")
    assert answer.abstained is not None
    assert (answer.abstained.reason, writer.written) == ("no_evidence", 0)


def test_sentences_that_are_read_are_streamed_as_they_are_answered(pipeline: Pipeline, writer: Writer) -> None:
    writer.written = 0
    found, said, answer = list(pipeline.stream(Ask("What did it cost?", mode="quote")))
    assert isinstance(found, Retrieved)
    assert isinstance(said, NextClaim)
    assert isinstance(answer, Answer)
    assert (answer.answer, answer.mode, answer.model) == ("It cost 1,400 pounds [1].", "quote", "words")
    assert (said.claim, said.citations, found.hits) == (answer.claims[0], answer.citations, answer.hits)
    assert answer.answer_span is not None
    assert (answer.answer_span.text, answer.answer_span.label) == ("It cost 1,400 pounds.", 1)
    assert writer.written == 0


def test_a_writer_is_loaded_when_it_first_writes_and_once(pipeline: Pipeline, writer: Writer) -> None:
    loaded: list[Writer] = []

    def load() -> Writer:
        loaded.append(writer)
        return writer

    models: Any = Models(HashEmbedder(), reader=WordReader(), load_writer=load)  # type: ignore[arg-type]
    lazy = Pipeline(pipeline._index, models, pipeline._settings, owns_models=False)
    assert lazy.ask("Who built the mill?").mode == "quote"
    assert lazy.ask(Ask("Who built the mill?", mode="extract")).mode == "extract"
    assert loaded == []
    writer.pieces = [f"{SUPPORTED[0]} [1]."]
    for _ in range(2):
        answer = lazy.ask(Ask("Who built the mill?", mode="write"))
        assert (answer.answer, answer.mode, answer.model) == (f"{SUPPORTED[0]} [1].", "write", "writer")
        assert answer.answer_span is None
    assert loaded == [writer]


def test_without_a_reader_nothing_is_answered_and_passages_are_still_found(pipeline: Pipeline) -> None:
    bare = Pipeline(pipeline._index, Models(HashEmbedder()), pipeline._settings, owns_models=False)
    assert bare.search("Who built the mill?") == pipeline.search("Who built the mill?")
    with pytest.raises(ModelError, match="no reader is loaded"):
        bare.ask("Who built the mill?")


def test_a_question_that_is_withdrawn_is_not_read(pipeline: Pipeline) -> None:
    deadline = Deadline()
    steps = pipeline.stream(Ask("Who built the mill?", deadline=deadline))
    next(steps)
    deadline.cancel()
    with pytest.raises(Cancelled):
        next(steps)
