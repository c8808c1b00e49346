"""A day of the question in the notation of the passages."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.embedding.embedded import EmbeddedEmbedder
from rag.models import Models
from rag.pipeline import open_pipeline
from rag.reading.reader import Reader
from rag.retrieval.days_as_written import as_written, other_notations
from rag.settings import load_settings
from rag.types import Hit, Passage
from tests.retrieval.test_search import passage
from tests.test_pipeline import index_folder

LOG = "2023-11-08: the pump was oiled. 2023-11-09: the belt broke."


def hit(text: str, title: str = "") -> Hit:
    return Hit(passage(text, "a.txt", title), 0.5, 0.5, 0.0, 1, None)


def test_the_day_is_said_as_the_first_passage_that_names_it_writes_it() -> None:
    asked = "What broke on November 9, 2023?"
    assert as_written(asked, [hit("no day"), hit(LOG), hit("on 9.11.23")]) == "What broke on 2023-11-09?"
    assert as_written(asked, [hit(LOG), hit("It was November 9, 2023.")]) == asked
    assert as_written(asked, [hit("2023-11-08"), hit("9 November 2022")]) == asked
    assert as_written(asked, [hit("x", title="9.11.2023")]) == "What broke on 9.11.2023?"
    assert as_written("What broke?", [hit(LOG)]) == "What broke?"


def test_the_other_notations_are_searched_for() -> None:
    assert other_notations("on 9 November 2023") == ("2023-11-09 9.11.2023 09.11.2023 9.11.23 09.11.23 9 November 2023")
    assert other_notations("in November 2023") == ""


def test_a_day_within_another_stays_as_it_is() -> None:
    passage = Passage("a", "", "", 0, 10, "2024-05-01", ())
    hit = Hit(passage, 0.5, 0.5, 0.0, 1, None)
    asked = "What happened on 1 May 2024 and 11 May 2024?"
    assert as_written(asked, [hit]) == "What happened on 2024-05-01 and 11 May 2024?"


def test_a_month_is_said_as_the_passages_write_its_days() -> None:
    asked = "What was paid in June 2024?"
    assert as_written(asked, [hit("2024-05-03 | 9"), hit("2024-06-11 | 498")]) == "What was paid in 2024-06-11?"
    assert as_written(asked, [hit("11.06.2024 | 498"), hit("2024-06-20 | 5")]) == "What was paid in 06.2024?"
    assert as_written(asked, [hit("11 June 2024 | 498")]) == asked
    assert as_written(asked, [hit("2024-06-11 | 498"), hit("In June 2024 it rained.")]) == asked
    assert as_written(asked, [hit("2023-06-11 | 498")]) == asked
    assert as_written("What was paid in June?", [hit("2024-06-11 | 498")]) == "What was paid in June?"


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader.load(2, 4)


@pytest.mark.models
@pytest.mark.parametrize("written", ["2023-11-09", "9.11.23", "09/11/2023", "9 November 2023", "Nov. 9, 2023"])
@pytest.mark.parametrize("asked", ["November 9, 2023", "2023-11-09", "9.11.2023"])
def test_a_day_is_found_in_any_notation(
    tmp_path: Path, embedder: EmbeddedEmbedder, reader: Reader, written: str, asked: str
) -> None:
    settings = load_settings(indexes_dir=tmp_path / "indexes", index="t", model="none")
    (tmp_path / "docs").mkdir()
    for name, day, what in (
        ("a", written, "The belt of the saw broke"),
        ("b", "1 May 2020", "The wheel of the cart broke"),
    ):
        (tmp_path / "docs" / f"{name}.txt").write_text(f"Workshop diary\n\n{what} on {day}. Nobody was hurt.")
    models = Models(embedder, reader=reader)
    index_folder(tmp_path / "docs", settings, models)
    with open_pipeline(settings, models) as pipeline:
        question = f"What happened on {asked}?"
        answer = pipeline.ask(question)
        assert answer.answered
        assert answer.citations[0].quote.startswith(f"The belt of the saw broke on {written}.")
        assert answer.question == question
        assert answer.hits == tuple(pipeline.search(question, 5))
