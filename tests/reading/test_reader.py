"""The packaged reader: spans at their places, long passages in windows, odd input, files that are missing or cut."""

from __future__ import annotations

import shutil
from importlib.resources import as_file, files
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.errors import ModelError
from rag.reading.reader import Reader
from rag.types import Passage, PassageReading

pytestmark = pytest.mark.models

MILL = "Ada Hart, a surveyor from Leeds, built the mill at Corran in 1859. It cost 1,400 pounds."
TABLE = "Fabric | Temperature | Time\nWool | 30 degrees | 48 min\nCotton | 60 degrees | 95 min"


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader.load(2, 8)


def passage(text: str, start: int = 0, title: str = "") -> Passage:
    return Passage("a.txt", title, "a.txt", start, start + len(text), text, ())


def best(reading: PassageReading) -> str:
    span, of = reading.spans[0], reading.passage
    return of.text[span.start - of.start : span.end - of.start]


@pytest.mark.parametrize(
    ("question", "text", "answer"),
    [
        ("Who built the mill?", MILL, "Ada Hart"),
        ("When was the mill built?", MILL, "1859"),
        ("How much did it cost?", MILL, "1,400 pounds"),
        ("How long does cotton take?", TABLE, "95 min"),
    ],
)
def test_spans_of_known_answers(reader: Reader, question: str, text: str, answer: str) -> None:
    (reading,) = reader.read(question, [passage(text, start=1000)])
    assert best(reading).startswith(answer)
    assert reading.score > 0


def test_the_passage_that_answers_scores_highest(reader: Reader) -> None:
    others = ["The ferry leaves at 08:15.", "A windmill needs wind.", "Bees make honey."]
    readings = reader.read("Who built the mill?", [passage(text) for text in [*others, MILL]])
    assert max(readings, key=lambda reading: reading.score).passage.text == MILL
    assert all(reading.score < 0 for reading in readings[:3])


def test_an_answer_deep_in_a_very_long_passage_is_found(reader: Reader) -> None:
    text = "The harbour was quiet that day and nobody came. " * 700 + MILL
    assert len(text) > 30_000  # some twenty windows
    (reading,) = reader.read("Who built the mill?", [passage(text)])
    assert best(reading) == "Ada Hart"


def test_half_a_character_is_a_sign_like_another(reader: Reader) -> None:
    halves, signs = (reader.read(f"Who{sign}", [passage(f"It was Ada {sign}.")])[0] for sign in ("\ud800", "?"))
    assert (halves.spans, halves.relevance) == (signs.spans, signs.relevance)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60), st.lists(st.text(max_size=200), max_size=3), st.integers(0, 10_000))
def test_any_text_is_read_and_spans_lie_in_it(reader: Reader, question: str, texts: list[str], start: int) -> None:
    passages = [passage(text, start) for text in texts]
    readings = reader.read(question, passages)
    assert [reading.passage for reading in readings] == passages
    for reading in readings:
        ordered = sorted(reading.spans)
        assert all(reading.passage.start <= span.start < span.end <= reading.passage.end for span in ordered)
        assert all(one.end <= other.start for one, other in zip(ordered, ordered[1:], strict=False))
        assert [span.score for span in reading.spans] == sorted((s.score for s in reading.spans), reverse=True)
        assert 0 <= reading.yes <= 1
        assert 0 <= reading.no <= 1


def test_no_passages_and_no_words(reader: Reader) -> None:
    assert reader.read("Who?", []) == []
    assert reader.read("Who?", [passage("")])[0].spans == ()


def test_files_that_are_missing_or_cut(tmp_path: Path) -> None:
    folder = files("rag.reading").joinpath("model")
    with as_file(folder.joinpath("tokenizer.json")) as vocabulary:
        with pytest.raises(ModelError, match=r"reader\.onnx is not there: install the package anew"):
            Reader(tmp_path / "reader.onnx", vocabulary, 1, 1)
        shutil.copy(vocabulary, tmp_path / "tokenizer.json")
    with as_file(folder.joinpath("reader.onnx")) as model:
        (tmp_path / "tokenizer.json").write_bytes(b'{"version": ')
        with pytest.raises(ModelError, match=r"tokenizer\.json is no tokenizer .* install the package anew"):
            Reader(model, tmp_path / "tokenizer.json", 1, 1)
