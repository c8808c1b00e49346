"""Answers in a form of their own, on fakes: about the library, of whole documents, comparisons, counts, talk."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from rag.answering.count import asks_count
from rag.answering.talk import talk
from rag.errors import InputError
from rag.index.folders import Expected
from rag.index.local import LocalIndex
from rag.ingest.run import sync
from rag.models import Models
from rag.pipeline import Pipeline
from rag.retrieval.question import parse_question
from rag.settings import Settings, load_settings
from rag.types import Answer, Ask, Filters, Mode, NextClaim, Retrieved
from tests.fakes import HashEmbedder, WordReader

LIBRARY = {
    "bylaws-2021.md": (
        "# Bylaws of the choir\n\n## Fees\n\nEvery singer of the choir pays a fee of forty crowns in the spring.\n\n"
        "## Concerts\n\nThe choir gives a concert in the chapel of the harbour each December.\n"
    ),
    "bylaws-2024.md": (
        "# Bylaws of the choir\n\n## Fees\n\nEvery singer of the choir pays a fee of sixty crowns in the spring.\n\n"
        "## Concerts\n\nThe choir gives two concerts in the chapel of the harbour each December.\n"
    ),
    "voices.csv": (
        "singer,voice,joined\nOda Lund,alto,2019\nPer Vik,bass,2020\nIda Moe,alto,2022\nUlf Berg,tenor,2018\n"
    ),
    "tram.txt": (
        "The tram to the harbour runs every ten minutes until midnight. A ticket for the tram costs three crowns.\n\n"
        "The bus to the quarry runs every hour until nine in the evening. A ticket for the bus costs two crowns.\n"
    ),
}


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    with made_of(LIBRARY, tmp_path_factory) as opened:
        yield opened


@contextmanager
def made_of(files: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """On an index of these files, which are of 1970-01-02, 03 and so on."""
    folder = tmp_path_factory.mktemp("docs") / "choir"
    folder.mkdir()
    for day, (name, text) in enumerate(files.items(), 1):
        (folder / name).write_text(text, "utf-8")
        os.utime(folder / name, (day * 86_400, day * 86_400))
    chosen: Settings = load_settings(indexes_dir=tmp_path_factory.mktemp("indexes"), index="t", workers=1)
    embedder = HashEmbedder()
    expected = Expected(embedder.fingerprint, 16, "test")
    with LocalIndex.open(chosen.indexes_dir, "t", expected, create=True) as index:
        assert sync([folder], index, embedder, chosen).failed == []
        yield Pipeline(index, Models(embedder, None, reader=WordReader()), chosen, owns_models=False, refuse_below=0.9)


def asked(pipeline: Pipeline, question: str | Ask) -> Answer:
    """The answer, after its promises were checked: exact quotes, claims in place, a stream that adds up to it."""
    hits, *claims, answer = pipeline.stream(question)
    assert isinstance(hits, Retrieved)
    assert isinstance(answer, Answer)
    text = ""
    for step in claims:
        assert isinstance(step, NextClaim)
        text += step.before + step.claim.text
        assert answer.answer[step.claim.start : step.claim.end] == step.claim.text
    assert answer.answer.startswith(text)
    for citation in answer.citations:
        assert pipeline.document(citation.document_id).text[citation.start : citation.end] == citation.quote
    assert answer.answered == (answer.abstained is None)
    return answer


def ids(answer: Answer) -> list[str]:
    return [document.id for document in answer.documents]


ALL = ["choir/bylaws-2021.md", "choir/bylaws-2024.md", "choir/tram.txt", "choir/voices.csv"]


@pytest.mark.parametrize(
    ("question", "line", "documents"),
    [
        ("What documents do you have?", "There are 4 documents:", ALL),
        ("How many documents do you have?", "There are 4 documents:", ALL),
        ("Give me an overview of the library.", "There are 4 documents:", ALL),
        ("Which documents mention crowns?", '3 of 4 documents hold "crowns":', ALL[:3]),
        ("Which files talk about the alto?", '1 of 4 documents holds "alto":', ALL[3:]),
        (
            "Which documents mention the harbour and concerts?",
            '2 of 4 documents hold "harbour" and "concerts":',
            ALL[:2],
        ),
        ("Which documents mention walruses?", 'None of the 4 documents holds "walruses".', []),
        ("What is the newest document?", "The newest of 4 is of 1970-01-05, by the date that", ["choir/tram.txt"]),
        ("Show me the oldest file", "The oldest of 4 is of 1970-01-02, by the date that", ["choir/bylaws-2021.md"]),
    ],
)
def test_a_question_about_the_library_is_answered_from_the_catalogue(
    pipeline: Pipeline, question: str, line: str, documents: list[str]
) -> None:
    answer = asked(pipeline, question)
    assert (answer.answered, answer.mode, answer.claims, answer.citations) == (True, "catalogue", (), ())
    assert answer.answer.startswith(line)
    assert sorted(ids(answer)) == documents
    assert (answer.hits, answer.model, answer.answer_span) == ((), None, None)


def test_titles_are_listed_with_the_names_of_their_files(pipeline: Pipeline) -> None:
    answer = asked(pipeline, Ask("What documents do you have?", filters=Filters(types=("md",))))
    assert answer.answer == (
        "There are 2 documents:\n- Bylaws of the choir (choir/bylaws-2021.md)\n"
        "- Bylaws of the choir (choir/bylaws-2024.md)"
    )
    assert answer.documents[0].title == "Bylaws of the choir"


def test_a_summary_is_an_outline_of_cited_sentences(pipeline: Pipeline) -> None:
    answer = asked(pipeline, "Summarise the bylaws of 2024.")
    assert answer.answer == (
        "Bylaws of the choir\n"
        "- Fees: Every singer of the choir pays a fee of sixty crowns in the spring [1].\n"
        "- Concerts: The choir gives two concerts in the chapel of the harbour each December [2].\n"
        "This is quoted from the document: a sentence for each part, in its order."
    )
    assert [citation.document_id for citation in answer.citations] == ["choir/bylaws-2024.md"] * 2
    assert [claim.support for claim in answer.claims] == [0.99, 0.99]
    assert (answer.answered, answer.mode, ids(answer)) == (True, "quote", ["choir/bylaws-2024.md"])


@pytest.mark.parametrize("mode", ["quote", "extract", "auto"])
def test_the_only_document_that_filters_leave_is_meant(pipeline: Pipeline, mode: Mode) -> None:
    only = Filters(documents=("choir/bylaws-2021.md",))
    answer = asked(pipeline, Ask("What is this document about?", filters=only, mode=mode))
    assert answer.answer.startswith("Bylaws of the choir\n- Fees: Every singer of the choir pays a fee of forty crowns")


@pytest.mark.parametrize(
    ("question", "documents"), [("Summarise the bylaws.", ALL[:2]), ("What is this document about?", ALL)]
)
def test_if_several_may_be_meant_they_are_named(pipeline: Pipeline, question: str, documents: list[str]) -> None:
    answer = asked(pipeline, question)
    assert answer.abstained is not None
    assert (answer.abstained.reason, ids(answer)) == ("unclear", documents)
    assert answer.answer.startswith(
        "It is not clear which document is meant. It could be:\n- Bylaws of the choir (choir/"
    )


def test_a_summary_of_a_thing_goes_the_ordinary_way(pipeline: Pipeline) -> None:
    answer = asked(pipeline, "Summarise the history of submarines.")
    assert (answer.answered, answer.documents) == (False, ())
    assert answer.hits != ()


def test_two_documents_are_given_side_by_side(pipeline: Pipeline) -> None:
    answer = asked(pipeline, "What changed between the bylaws of 2021 and 2024?")
    assert answer.answer == (
        "Bylaws of the choir\n"
        "- Fees: Every singer of the choir pays a fee of forty crowns in the spring [1].\n"
        "- Concerts: The choir gives a concert in the chapel of the harbour each December [2].\n\n"
        "Bylaws of the choir\n"
        "- Fees: Every singer of the choir pays a fee of sixty crowns in the spring [3].\n"
        "- Concerts: The choir gives two concerts in the chapel of the harbour each December [4].\n"
        "These are the places in the documents, side by side; no conclusion is drawn from them."
    )
    assert ids(answer) == ALL[:2]


def test_of_more_than_two_documents_no_comparison_is_made(tmp_path_factory: pytest.TempPathFactory) -> None:
    files = {
        f"tides-{year}.txt": f"In {year} the tide rose to the second step of the quay." for year in range(2001, 2021)
    }
    with made_of(files, tmp_path_factory) as opened:
        answer = asked(opened, "Compare all of the tides.")
    assert answer.abstained is not None
    assert (answer.abstained.reason, len(answer.documents)) == ("unclear", 20)
    assert answer.answer.startswith("It is not clear which two documents are meant. It could be:\n- tides-2001 (")


def test_two_subjects_are_looked_for_one_by_one(pipeline: Pipeline) -> None:
    answer = asked(pipeline, "Compare the tram to the harbour and the bus to the quarry.")
    assert answer.answer == (
        "- the tram to the harbour: The tram to the harbour runs every ten minutes until midnight [1]. "
        "A ticket for the tram costs three crowns [2]. "
        "The bus to the quarry runs every hour until nine in the evening [3].\n"
        "- the bus to the quarry: The bus to the quarry runs every hour until nine in the evening [3]. "
        "A ticket for the bus costs two crowns [4].\n"
        "These are the places in the documents, side by side; no conclusion is drawn from them."
    )
    assert (answer.documents, answer.answer_span) == ((), None)


def test_a_subject_that_no_document_speaks_of_is_named(pipeline: Pipeline) -> None:
    answer = asked(pipeline, "Compare the tram to the harbour and the zeppelin to Greenland.")
    assert [citation.document_id for citation in answer.citations] == ["choir/tram.txt"] * 3
    assert answer.notices == ("The documents do not answer this part: What is the zeppelin to Greenland?",)


def test_rows_that_match_are_quoted_and_counted(pipeline: Pipeline) -> None:
    answer = asked(pipeline, "How many alto singer names are there?")
    assert answer.answer == (
        "singer | voice | joined\n- Oda Lund | alto | 2019 [1].\n- Ida Moe | alto | 2022 [2].\n"
        "2 lines of one table or list match. They were counted, not added up."
    )
    assert (answer.answered, answer.mode, answer.notices) == (True, "quote", ())


def test_rows_of_several_lists_are_not_counted(tmp_path_factory: pytest.TempPathFactory) -> None:
    files = {"a.csv": "plot,crop\nEast,flax\nWest,oats\n", "b.csv": "plots,crop\nNorth,flax\nSouth,peas\n"}
    with made_of(files, tmp_path_factory) as opened:
        answer = asked(opened, "How many plots of flax are there?")
    assert answer.answer == (
        "plots | crop\n- North | flax [1].\nplot | crop\n- East | flax [2].\nI can quote these places, not count them."
    )


@pytest.mark.parametrize(
    ("question", "counts"),
    [
        ("How many altos are there?", True),
        ("What did we spend on sails in total?", True),
        ("What is the number of altos?", True),
        ("What is the telephone number of the office?", False),
    ],
)
def test_a_number_that_names_something_is_no_count(question: str, counts: bool) -> None:
    assert asks_count(parse_question(question)) == counts


def test_a_number_that_nothing_matches_is_refused(pipeline: Pipeline) -> None:
    answer = asked(pipeline, "How many walruses live in Greenland?")
    assert answer.abstained is not None
    assert answer.abstained.reason == "no_evidence"


@pytest.mark.parametrize("question", ["what can you do?", "What can you do for me?"])
def test_talk_gets_a_line_and_no_answer(pipeline: Pipeline, question: str) -> None:
    answer = asked(pipeline, question)
    assert answer.abstained is not None
    assert (answer.abstained.reason, answer.citations, answer.hits, answer.confidence) == ("talk", (), (), 0.0)
    assert answer.answer.startswith("Ask about what stands in your documents")


@pytest.mark.parametrize(("share", "held", "taken"), [(0.7, True, False), (0.7, False, True), (0.95, True, True)])
def test_a_word_that_the_library_holds_is_talk_only_if_that_is_sure(share: float, held: bool, taken: bool) -> None:
    question = replace(parse_question("harbour"), kind="talk", share=share)
    assert (talk(question, frozenset if held else lambda terms: frozenset()) is not None) == taken


def test_a_catalogue_is_no_mode_that_can_be_asked_for(pipeline: Pipeline) -> None:
    with pytest.raises(InputError, match="mode 'catalogue' is not known"):
        pipeline.ask(Ask("What documents do you have?", mode="catalogue"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "question",
    ["Which documents do not mention crowns?", "Which documents mention crowns or walruses?", "Кто построил мост?"],
)
def test_what_a_form_cannot_say_goes_the_ordinary_way(pipeline: Pipeline, question: str) -> None:
    answer = pipeline.ask(question)
    assert answer.mode == "quote"
    assert answer.documents == ()
    assert answer.abstained is None or answer.abstained.reason == "no_evidence"
