"""Answers in a form of their own, on fakes: about the library, of whole documents, comparisons, counts, talk."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import cast

import pytest

from rag.answering.catalogue import catalogue
from rag.answering.confidence import sure_from
from rag.answering.count import asks_count
from rag.answering.talk import talk
from rag.deadline import Deadline
from rag.errors import Cancelled, InputError
from rag.index.folders import Expected
from rag.index.local import LocalIndex
from rag.ingest.failures import failed_anyhow
from rag.ingest.run import sync
from rag.models import Models
from rag.pipeline import Pipeline
from rag.retrieval.question import parse_question
from rag.seams import PassageReader, Snapshot
from rag.settings import Settings, load_settings
from rag.types import Answer, Ask, DocumentInfo, Filters, Mode, NextClaim, Passage, PassageReading, Retrieved, Scored
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
def made_of(
    files: dict[str, str], tmp_path_factory: pytest.TempPathFactory, refuse_below: float = 0.9
) -> Iterator[Pipeline]:
    """On an index of these files, which are of 1970-01-02, 03 and so on."""
    folder = tmp_path_factory.mktemp("docs") / "choir"
    folder.mkdir()
    for day, (name, text) in enumerate(files.items(), 1):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
        os.utime(folder / name, (day * 86_400, day * 86_400))
    chosen: Settings = load_settings(indexes_dir=tmp_path_factory.mktemp("indexes"), index="t", workers=1)
    embedder = HashEmbedder()
    expected = Expected(embedder.fingerprint, 16, "test")
    with LocalIndex.open(chosen.indexes_dir, "t", expected, create=True) as index:
        assert sync([folder], index, embedder, chosen).failed == []
        yield Pipeline(index, Models(embedder, None, reader=WordReader()), chosen, False, refuse_below)


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
        ("Do you have anything on fees?", '2 of 4 documents hold "fees":', ALL[:2]),
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


SHELVES = {
    "songs/evening.md": "# Evening\n\nThe lamps are lit along the quay.\n",
    "songs/morning.md": "# Morning\n\nThe ferry crosses before the sun is up.\n",
    "letters/ferry-company-2031.txt": "The fare for the choir is eleven crowns each way.\n",
    "letters/chapel.txt": "The chapel is heated from four o'clock. The sum of rent and heating is nine crowns.\n",
    "rent-of-the-chapel.csv": "month,rent\nMay,12\nJune,12\n",
}


@pytest.fixture(scope="module")
def shelves(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    with made_of(SHELVES, tmp_path_factory) as opened:
        yield opened


@pytest.mark.parametrize(
    ("question", "line", "names"),
    [
        ("How many songs are there?", "There are 2 documents in songs", ["evening.md", "morning.md"]),
        ("list my letters", "There are 2 documents in letters", ["chapel.txt", "ferry-company-2031.txt"]),
        ("what's in the songs folder", "There are 2 documents in songs", ["evening.md", "morning.md"]),
        ("How many csvs do you have?", "There is 1 document of that type", ["rent-of-the-chapel.csv"]),
        ("Which documents are there of 1970?", "There are 5 documents of 1970", 5),
        ("Which documents are there of 1980?", "There are no documents of 1980", 0),
        ("find the letter from the ferry company", "This document has that name", ["ferry-company-2031.txt"]),
        ("Show me the songs", "These documents have that name", ["evening.md", "morning.md"]),
        (
            "What do you have about the ferry?",
            '2 of 5 documents hold "ferry", in their text or name',
            ["ferry-company-2031.txt", "morning.md"],
        ),
    ],
)
def test_folders_years_and_names_tell_which_documents_are_meant(
    shelves: Pipeline, question: str, line: str, names: list[str] | int
) -> None:
    answer = asked(shelves, question)
    assert answer.mode == "catalogue"
    assert answer.answer.split("\n")[0].rstrip(":.") == line
    found = sorted(one.id.rpartition("/")[2] for one in answer.documents)
    assert found == names or len(found) == names


@pytest.mark.parametrize(
    "question",
    [
        "Show me the sum of the rent of the chapel",
        "Which rent is there?",
        "Show me the rules about the ferry",
        "list oars",
    ],
)
def test_a_thing_in_the_documents_is_not_taken_for_one_of_them(shelves: Pipeline, question: str) -> None:
    assert asked(shelves, question).mode == "quote"


def test_two_documents_that_share_no_name_are_not_compared(shelves: Pipeline) -> None:
    answer = asked(shelves, "What changed between the two ferry rents?")
    assert not answer.answered
    assert "It is not clear which two documents are meant" in answer.answer


def test_titles_are_listed_with_the_names_of_their_files(pipeline: Pipeline) -> None:
    answer = asked(pipeline, Ask("What documents do you have?", filters=Filters(types=("md",))))
    assert answer.answer == (
        "There are 2 documents:\n- Bylaws of the choir (choir/bylaws-2021.md)\n"
        "- Bylaws of the choir (choir/bylaws-2024.md)"
    )
    assert answer.documents[0].title == "Bylaws of the choir"


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Which documents mention bus?", 'The only document holds "bus":\n- tram (choir/tram.txt)'),
        ("Which documents mention walruses?", 'The only document does not hold "walruses".'),
        ("What documents do you have?", "There is 1 document:\n- tram (choir/tram.txt)"),
        (
            "What is the newest document?",
            "The only document with a date is of 1970-01-05, by the date that a document states, or else that of its "
            "file:\n- tram (choir/tram.txt)",
        ),
    ],
)
def test_one_document_is_spoken_of_as_one(pipeline: Pipeline, question: str, answer: str) -> None:
    said = asked(pipeline, Ask(question, filters=Filters(documents=("choir/tram.txt",))))
    assert (said.answered, said.answer) == (True, answer)


@pytest.mark.parametrize(
    ("question", "answered"),
    [
        ("What documents do you have?", True),
        ("Which documents mention bus?", True),
        ("What does a ticket cost?", False),
    ],
)
def test_filters_that_leave_nothing_are_named(pipeline: Pipeline, question: str, answered: bool) -> None:
    answer = asked(pipeline, Ask(question, filters=Filters(folders=("boats",), types=("pdf", "md"))))
    assert answer.answered == answered
    assert answer.answer == ("No document fits the filter folder=boats type=pdf type=md: change it or leave it out.")


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
        "Bylaws of the choir (choir/bylaws-2021.md)\n"
        "- Fees: Every singer of the choir pays a fee of forty crowns in the spring [1].\n"
        "- Concerts: The choir gives a concert in the chapel of the harbour each December [2].\n\n"
        "Bylaws of the choir (choir/bylaws-2024.md)\n"
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
        listed = asked(opened, f"Compare the tides of {', '.join(map(str, range(2001, 2020)))} and 2020.")
    assert listed.answer == answer.answer
    assert answer.abstained is not None
    assert (answer.abstained.reason, len(answer.documents)) == ("unclear", 20)
    assert answer.answer.startswith("It is not clear which two documents are meant. It could be:\n- tides-2001 (")


def test_what_follows_a_subject_is_prose_or_of_its_own_block(tmp_path_factory: pytest.TempPathFactory) -> None:
    rules = "# Rules of the ferry\n\nThe rules of the ferry are old.\n\n- Tide tables\n- Pier plan\n"
    pier = "# Rules of the pier\n\nThe rules of the pier are new.\n\nThey hang beside the gate.\n"
    with made_of({"a.md": rules, "b.md": pier, "c.md": "# Gate\n\nIt is shut."}, tmp_path_factory, 0.0) as opened:
        answer = asked(opened, "Contrast the rules of the ferry with the rules of the pier.")
    assert "Tide tables" not in answer.answer


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
    assert (answer.unanswered, answer.notices) == (("the zeppelin to Greenland",), ())


def test_rows_that_match_are_quoted_and_counted(pipeline: Pipeline) -> None:
    answer = asked(pipeline, "How many alto singers are there?")
    assert answer.answer == (
        "singer | voice | joined\n- Oda Lund | alto | 2019 [1].\n- Ida Moe | alto | 2022 [2].\n"
        "2 lines of one table or list match. They were counted, not added up."
    )
    assert (answer.answered, answer.mode, answer.notices) == (True, "quote", ())


DIARY = {
    "swims-2031.txt": (
        "Swims in 2031\n\nMarch: the weir, 7/10. Cold.\nJuly: the quarry, 9/10.\nAugust: the sea, alone. 8/10. Swims "
        "are best early.\n\nMissed: the lido, which was shut.\n"
    ),
    "oars.md": (
        "# Suppliers of the boathouse\n\nThese suppliers are near:\n\n- Brandt. Oars and spoons.\n- Okafor. Rope.\n\n"
        "These are abroad:\n\n- Silva. Varnish and oil.\n"
    ),
    "costs-2031.csv": "month,paint,rope,harbour fee\nMay,12.50,3,40\nJune,8.25,11,40\nJuly,0.75,4,40\n",
    "mixed-2031.csv": "month,gravel\nMay,12 t\nJune,about 3 t\n",
    "totals-2031.csv": "month,candles\nMay,12\nJune,3\nTotal,15\n",
}


@pytest.fixture(scope="module")
def diary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    with made_of(DIARY, tmp_path_factory) as opened:
        yield opened


def test_lines_under_a_line_that_says_what_they_are_are_counted_as_lines(diary: Pipeline) -> None:
    answer = asked(diary, "How many swims did I do in 2031?")
    assert answer.answer == (
        "- March: the weir, 7/10. Cold [1].\n- July: the quarry, 9/10 [2].\n"
        "- August: the sea, alone. 8/10. Swims are best early [3].\n"
        "3 lines of one table or list match. They were counted, not added up."
    )


def test_an_item_of_two_sentences_is_one_and_lists_under_one_heading_are_counted_together(diary: Pipeline) -> None:
    answer = asked(diary, "How many suppliers does the boathouse have?")
    assert answer.answer == (
        "- Brandt. Oars and spoons [1].\n- Okafor. Rope [2].\n- Silva. Varnish and oil [3].\n"
        "3 lines of 2 lists under one heading match. They were counted, not added up."
    )
    assert answer.sure


@pytest.mark.parametrize("question", ["How many suppliers does the boathouse not have?", "How many months cost rope?"])
def test_what_words_do_not_decide_is_quoted_and_not_counted(diary: Pipeline, question: str) -> None:
    answer = asked(diary, question)
    assert answer.answer.endswith("].\nI can quote these places, not count them.")
    assert not answer.sure


@pytest.mark.parametrize(
    ("question", "cells", "total"),
    [
        ("What did we spend on paint in 2031 in total?", ["12.50", "8.25", "0.75"], "21.50"),
        ("What is the total of the rope costs?", ["3", "11", "4"], "18"),
    ],
)
def test_the_cells_of_one_column_are_quoted_with_their_sum(
    diary: Pipeline, question: str, cells: list[str], total: str
) -> None:
    answer = asked(diary, question)
    name = "paint" if "paint" in question else "rope"
    months = ("May", "June", "July")
    rows = "\n".join(f"- {month} | {cell} [{n}]." for n, (month, cell) in enumerate(zip(months, cells, strict=True), 1))
    assert answer.answer == (
        f"month | {name}\n{rows}\nThe sum of these 3 numbers is {total}. It was computed here; no document states it."
    )
    for citation, cell in zip(answer.citations, cells, strict=True):
        start = citation.answer_start - citation.start
        assert citation.quote[start : start + len(cell)] == cell


@pytest.mark.parametrize("gone", ["costs-2031.csv", "oars.md"])
def test_a_table_that_changes_while_it_is_asked_about_is_not_added_up(
    tmp_path_factory: pytest.TempPathFactory, gone: str
) -> None:
    with made_of(DIARY, tmp_path_factory) as pipeline:
        steps = pipeline.stream("What is the total of the rope costs?")
        assert isinstance(next(steps), Retrieved)
        index = cast(LocalIndex, pipeline._index)
        (name,) = [info.id for info in index.documents() if info.id.endswith(gone)]
        before = pipeline.generation
        index.remove(name)
        index.publish()
        *_, answer = steps
    assert isinstance(answer, Answer)
    assert answer.index.generation == before
    assert ("The sum of these 3 numbers is 18." in answer.answer) == (gone == "oars.md")


def test_whole_tables_are_read_within_the_time_of_the_question(diary: Pipeline) -> None:
    deadline = Deadline()
    steps = diary.stream(Ask("What is the total of the rope costs?", deadline=deadline))
    assert isinstance(next(steps), Retrieved)
    reader = diary._models.reader
    assert reader is not None
    diary._models = replace(diary._models, reader=_Leaves(reader, deadline))
    try:
        with pytest.raises(Cancelled):
            list(steps)
    finally:
        diary._models = replace(diary._models, reader=reader)


class _Leaves(WordReader):
    """A reader whose caller leaves when it has read."""

    def __init__(self, reader: PassageReader, deadline: Deadline) -> None:
        self._reader, self._deadline = reader, deadline

    def read(
        self, question: str, passages: Sequence[Passage], deadline: Deadline | None = None
    ) -> list[PassageReading]:
        readings = self._reader.read(question, passages)
        self._deadline.cancel()
        return readings


@pytest.mark.parametrize(
    "question", ["What did we spend on gravel in 2031 in total?", "How much did the candles of 2031 cost in total?"]
)
def test_nothing_is_added_up_of_cells_that_are_no_numbers_or_state_their_total(diary: Pipeline, question: str) -> None:
    assert "computed" not in asked(diary, question).answer


@pytest.mark.parametrize(
    "question",
    [
        "What did we spend on paint in 2029 in total?",  # another year than that of the table
        "What did we spend on paint after May in total?",
        "Which month had the second highest rope cost?",
        "Which month had the highest rope cost before July?",
    ],
)
def test_nothing_is_computed_of_rows_that_words_do_not_settle(diary: Pipeline, question: str) -> None:
    assert " here; " not in asked(diary, question).answer
    assert "were compared here" not in asked(diary, question).answer


def test_a_sum_that_stands_in_the_table_is_not_added_again(tmp_path_factory: pytest.TempPathFactory) -> None:
    rows = "year,item,cost\n2031,Hull paint,100\n2031,Rope,200\n"
    with made_of({"boat.csv": rows + "2031,Varnish,50\n"}, tmp_path_factory) as opened:
        assert "The sum of these 3 numbers is 350." in asked(opened, "What is the total cost of the boat?").answer
    for last in ("2031,Total,300\n", "2031,Both,300\n"):
        with made_of({"boat.csv": rows + last}, tmp_path_factory) as opened:
            assert "The sum of" not in asked(opened, "What is the total cost of the boat?").answer


def test_the_row_with_the_highest_number_is_found_by_comparing(diary: Pipeline) -> None:
    answer = asked(diary, "Which month had the highest rope cost?")
    assert answer.answer == (
        "month | rope\n- June | 11 [1].\nThis is the highest of the 3 numbers in the column; they were compared here."
    )
    assert asked(diary, "In which month was the least paint used?").answer.startswith(
        "month | paint\n- July | 0.75 [1]."
    )


def test_rows_that_hold_a_part_of_what_is_asked_do_not_undo_a_refusal(pipeline: Pipeline) -> None:
    answer = asked(pipeline, "How many alto singers came from Rosneath in the spring?")
    assert answer.abstained is not None
    assert answer.abstained.reason == "no_evidence"
    assert not asked(pipeline, "How many alto singers came late in the spring?").answered


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
        ("How much have we spent on sails?", True),
        ("How much water does the pump need?", False),  # a quantity, which rows do not add up to
        ("What is the telephone number of the office?", False),
    ],
)
def test_a_number_that_names_something_is_no_count(question: str, counts: bool) -> None:
    assert asks_count(parse_question(question)) == counts


def test_a_number_that_nothing_matches_is_refused(pipeline: Pipeline) -> None:
    answer = asked(pipeline, "How many walruses live in Greenland?")
    assert answer.abstained is not None
    assert answer.abstained.reason == "no_evidence"


@pytest.mark.parametrize("question", ["what can you do?", "What can you do for me?", "Hello, and many thanks!"])
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


def test_thanks_are_talk_over_a_library_that_has_a_section_of_that_name(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    files = {"minutes.md": "# Minutes\n\n## Thanks\n\nThanks go to Oda, who answers the letters very well.\n"}
    with made_of(files, tmp_path_factory) as opened:
        for text in ("Thanks!", "Thank you very much", "Thanks for the answer"):
            answer = asked(opened, text)
            assert answer.abstained is not None
            assert (answer.abstained.reason, answer.citations) == ("talk", ())
        assert "Oda" in asked(opened, "Thanks go to whom?").answer  # a question, though it begins with the word


RACES = {
    f"{name}.txt": f"The boat club {name} has {number} oars. It was founded beside the canal; its boats are {colour}."
    for name, number, colour in (
        ("Heron", 41, "red"),
        ("Otter", 38, "blue"),
        ("Newt", 7, "green"),
        ("Stoat", 19, "grey"),
    )
}


@pytest.mark.parametrize("refuse_below", [0.0, 0.9])
@pytest.mark.parametrize(
    ("question", "why"),
    [
        ("Which club has the most oars?", "it compares what several documents say"),
        ("Which of the clubs has the fewest oars?", "it compares what several documents say"),
        ("What is the largest number of oars in these documents?", "it compares what several documents say"),
        ("How many clubs are in these documents?", "it asks for a number over all documents"),
        ("Write a letter to the club Otter.", "it asks for something new"),
        ("Please write me a poem about Otter.txt.", "it asks for something new"),
    ],
)
def test_a_kind_of_question_that_quotes_cannot_answer_is_named(
    tmp_path_factory: pytest.TempPathFactory, question: str, why: str, refuse_below: float
) -> None:
    with made_of(RACES, tmp_path_factory, refuse_below) as opened:
        answer = asked(opened, question)
    assert answer.abstained is not None
    assert (answer.abstained.reason, answer.sure, answer.citations) == ("not_quotable", False, ())
    assert answer.answer.startswith(f"Quotes cannot answer this question: {why}")


def test_the_most_is_quoted_where_a_sentence_says_it(tmp_path_factory: pytest.TempPathFactory) -> None:
    stated = {"list.txt": "Of all clubs beside the canal, the club Heron has the most oars."}
    with made_of(RACES | stated, tmp_path_factory, refuse_below=0.0) as opened:
        answer = asked(opened, "Which club has the most oars?")
    assert answer.answer == "Of all clubs beside the canal, the club Heron has the most oars [1]."


def test_two_documents_are_compared_by_a_name_for_each(tmp_path_factory: pytest.TempPathFactory) -> None:
    files = {
        "lease-2023.txt": "The rent is forty crowns a month. A dog may be kept if the landlord agrees to it.",
        "letter-rent-2024.txt": "From May the rent is fifty crowns a month. The lift is out of order until June.",
        "tram.txt": "The tram to the harbour runs every ten minutes until midnight.",
    }
    with made_of(files, tmp_path_factory) as opened:
        answer = asked(opened, "Compare the lease and the rent letter.")
        assert {one.id.rpartition("/")[2] for one in answer.documents} == {"lease-2023.txt", "letter-rent-2024.txt"}
        assert {one.document_id.rpartition("/")[2] for one in answer.citations} == set(list(files)[:2])


def test_what_only_one_of_two_sentences_says_is_not_given_for_the_one_that_has_more(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    files = {
        "harbour.txt": "The harbour crane lifts at most eleven tonnes.",
        "mobile.txt": "The mobile crane lifts at most six tonnes.",
        "bridge.txt": "The bridge crane lifts more than both of the others.",
    }
    with made_of(files, tmp_path_factory, refuse_below=0.0) as opened:
        answer = asked(opened, "Which mobile crane lifts more?")
        assert answer.abstained is not None
        assert (answer.abstained.reason, answer.sure) == ("not_quotable", False)
        assert "it compares two things, and no sentence states the result" in answer.answer
        assert asked(opened, "Which bridge crane lifts more?").answered  # its sentence says it
        assert asked(opened, "Which mobile crane lifts heavier loads?").answered  # no comparison


def test_a_sum_of_some_rows_is_not_one_of_their_cells(tmp_path_factory: pytest.TempPathFactory) -> None:
    files = {"rent.csv": "month,rent\nJanuary,920\nFebruary,920\nMarch,920\nApril,955\n"}
    with made_of(files, tmp_path_factory, refuse_below=0.0) as opened:
        answer = asked(opened, "What is the total of the rent from January to April?")
        assert answer.abstained is not None
        assert "it asks for a sum, no sentence states it" in answer.answer
        assert "The sum of these 4 numbers is 3715" in asked(opened, "What is the total of the rent?").answer


def test_more_than_two_subjects_are_not_compared(pipeline: Pipeline) -> None:
    answer = asked(pipeline, "Compare the tram, the bus to the quarry and the chapel.")
    assert answer.abstained is not None
    assert answer.abstained.reason == "unclear"
    assert answer.answer == "Two documents or subjects are compared at a time. Ask for two of them."
    assert asked(pipeline, "Compare all documents.").answer.startswith("It is not clear which two documents are meant.")


def test_a_question_in_another_language_gets_whole_sentences_and_a_notice(pipeline: Pipeline) -> None:
    answer = pipeline.ask("Quelle est la voix de Oda Lund?")
    assert [notice for notice in answer.notices if "seems not to be English" in notice]
    assert not answer.sure
    assert not answer.answer.startswith(("Yes", "No "))
    assert not any("English" in notice for notice in pipeline.ask("Who is Oda Lund, the alto?").notices)


def test_what_another_place_says_is_named_beside_an_answer_that_is_not_sure(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with made_of(LIBRARY, tmp_path_factory, refuse_below=0.0) as unsure:
        answer = asked(unsure, "What costs crowns in the spring?")
    assert answer.answered
    assert not answer.sure
    assert answer.alternative is not None
    (label,) = answer.alternative.citations
    assert label == len(answer.claims) + 1
    cited = answer.citations[label - 1]
    assert answer.alternative.text == f"{cited.quote.removesuffix('.')} [{label}]."
    assert cited.quote not in answer.answer


def test_a_word_alone_is_no_question(pipeline: Pipeline) -> None:
    answer = asked(pipeline, "crowns")
    assert answer.abstained is not None
    assert (answer.abstained.reason, answer.abstained.near) == ("unclear", True)
    assert answer.answer.startswith("Ask a whole question about “crowns”")
    assert answer.hits != ()
    nothing = asked(pipeline, "who?")
    assert nothing.answer == "Ask a whole question: no passage is about “who?”."
    assert pipeline.ask("asdf").answer == "Ask a whole question: no passage is about “asdf”."
    assert asked(pipeline, "tram.txt").answer.startswith("tram\n- The tram to the harbour runs")


def test_a_refusal_says_once_why_and_what_to_do(pipeline: Pipeline) -> None:
    name = asked(pipeline, "What does the choir say of Rosneath?")
    near = asked(pipeline, "Who painted the chapel of the harbour for the singer of the choir?")
    far = asked(pipeline, "What do walruses drink at dinner?")
    told = [(one.abstained.reason, one.abstained.near) for one in (name, near, far) if one.abstained]
    assert told == [("no_evidence", False), ("no_evidence", True), ("no_evidence", False)]
    beginning = "The documents do not answer this question."
    other = "ask in other words, or index a document that says it."
    assert name.answer == f"{beginning} None of them mentions “Rosneath”: {other}"
    assert near.answer == (
        f"{beginning} Passages near it are shown: ask about what stands in them, in other words, or index a document "
        "that says it."
    )
    assert far.answer == f"{beginning} No passage near it was found: {other}"


def test_a_refusal_is_no_part_of_a_conversation(pipeline: Pipeline) -> None:
    refused = asked(pipeline, "What does the choir say of Rosneath?").answer
    turns = ({"role": "user", "content": "thanks"}, {"role": "assistant", "content": refused})
    assert asked(pipeline, Ask("What does it cost?", history=turns[1:])).resolved_question is None


def note_failures(pipeline: Pipeline) -> None:
    index = pipeline._index
    assert isinstance(index, LocalIndex)
    for name, why in (("psalms.pdf", "/home/ann/choir/psalms.pdf: is damaged; get a fresh copy"), ("tram.txt", "x")):
        index.remember(f"/home/ann/{name}", [failed_anyhow(f"/home/ann/{name}", f"choir/{name}", why)])


def test_an_unread_file_that_is_named_is_told_of(tmp_path_factory: pytest.TempPathFactory) -> None:
    with made_of(LIBRARY, tmp_path_factory) as opened:
        note_failures(opened)
        told = "psalms.pdf could not be read: it is damaged; get a fresh copy."
        for question in ("What does psalms.pdf say of the fee?", "Summarise psalms.pdf", "Summarise the psalms."):
            answer = asked(opened, question)
            assert answer.abstained is not None
            assert (answer.abstained.reason, answer.answer, answer.notices) == ("unread", told, ())
    with made_of(LIBRARY, tmp_path_factory, refuse_below=0.0) as opened:
        note_failures(opened)
        as_it_was = asked(opened, "What does a ticket for the tram cost by tram.txt?")
        assert (as_it_was.answered, as_it_was.notices) == (True, ("tram.txt could not be read: x.",))
        assert asked(opened, "What does a ticket for the bus cost?").notices == ()


def test_what_is_not_sure_is_told_with_each_sentence(pipeline: Pipeline) -> None:
    *_, said, answer = pipeline.stream("What does a ticket for the tram cost?")
    assert isinstance(said, NextClaim)
    assert isinstance(answer, Answer)
    assert said.sure == answer.sure == (answer.confidence >= sure_from())


def test_a_question_behind_a_pasted_text_is_the_one_that_is_asked(pipeline: Pipeline) -> None:
    letter = "Dear all, the weather was fine and we rowed to the island with the dog and a basket of pears. " * 120
    answer = asked(pipeline, f"{letter}\nYours, Bo\n\nWhat does a ticket for the bus cost?")
    alone = asked(pipeline, "What does a ticket for the bus cost?")
    assert (answer.answer, answer.resolved_question) == (alone.answer, alone.question)
    assert answer.question.startswith("Dear all, the weather")
    assert alone.resolved_question is None


def test_a_place_that_speaks_of_one_part_does_not_answer_the_other(tmp_path_factory: pytest.TempPathFactory) -> None:
    files = {
        "club-2032.txt": "The club had 128 members in 2031. The boats and the pier of the club have the colour red.",
    }
    with made_of(files, tmp_path_factory, refuse_below=0.0) as opened:
        answer = asked(opened, "How many members did the club have in 2031 and in 2032?")
        both = asked(opened, "What is the colour of the boats of the club and of the pier of the club?")
    assert answer.answer == "The club had 128 members in 2031 [1]."
    assert answer.unanswered == ("How many members did the club have in 2032?",)
    assert both.unanswered == ()
    files["later.txt"] = "By the end of 2032 the club did not have as many members: 97."
    with made_of(files, tmp_path_factory, refuse_below=0.0) as opened:
        answer = asked(opened, "How many members did the club have in 2031 and in 2032?")
    assert (answer.unanswered, len(answer.claims)) == ((), 2)


def test_a_number_in_another_column_of_a_table_is_not_the_one_that_is_asked_for(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    files = {"regatta-guests.csv": "name,seats,diet\nOda,2,herring\nPer,1,herring\nUlf,2,beans\n"}
    with made_of(files, tmp_path_factory, refuse_below=0.0) as opened:
        answer = asked(opened, "How many regatta guests eat herring?")
    assert answer.answer == (
        "name | seats | diet\n- Oda | 2 | herring [1].\n- Per | 1 | herring [2].\n"
        "2 lines of one table or list match. They were counted, not added up."
    )


class Crowded:
    """A snapshot of two documents, in as many passages as anyone asks for."""

    def documents(self) -> list[DocumentInfo]:
        return [DocumentInfo(name, name, name, "", 900, 9, None) for name in ("a.txt", "b.txt")]

    def term_weights(self, terms: Iterable[str]) -> dict[str, float]:
        return dict.fromkeys(terms, 1.0)

    def lexical(self, query: str, k: int) -> list[Scored]:
        return [Scored(row, 1.0) for row in range(k)]


def test_a_word_that_too_many_passages_hold_is_named() -> None:
    form = catalogue("Which documents mention crowns?", cast(Snapshot, Crowded()))
    assert form is not None
    assert (form.reason, form.documents) == ("unclear", ())
    assert form.remark == 'More than 1,000 passages hold "crowns": ask for rarer words, or with a filter.'


def test_years_are_not_added_up(pipeline: Pipeline) -> None:
    assert "computed" not in asked(pipeline, "When was each singer joined in total?").answer
