"""Documents that a question names, by hand-made lists of documents."""

from __future__ import annotations

import pytest

from rag.retrieval.naming import file_words, named_documents, with_file_name
from rag.text.terms import query_terms
from rag.types import DocumentInfo, Passage


def info(id_: str, title: str = "", created: str = "") -> DocumentInfo:
    return DocumentInfo(id_, title or id_, "", "", 1, 1, None, {"created": created} if created else {})


SHELF = [
    info("club/minutes_2021.md", "Minutes of the sailing club"),
    info("club/minutes_2022.md", "Minutes of the sailing club"),
    info("filings/REDOAK_2022_8K_a.pdf", "0001-22", "2022-05-03"),
    info("filings/REDOAK_2022_8K_b.pdf", "0002-22", "2022-09-14"),
    info("fees-guests.md", "Fees"),
    info("fees.md", "Fees"),
    info("mooring.txt"),
]


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("Summarise the minutes of 2022.", ["club/minutes_2022.md"]),
        ("Summarise Red Oak's 8-K of September 2022.", ["filings/REDOAK_2022_8K_b.pdf"]),  # two words, one of the name
        ("What is mooring.txt about?", ["mooring.txt"]),
        ("Summarise the fees.", ["fees.md"]),  # named whole
        ("Summarise the fees for guests.", ["fees-guests.md"]),
        ("What changed between the 2021 and 2022 minutes?", ["club/minutes_2021.md", "club/minutes_2022.md"]),
        ("Summarise the weather of the northern moors.", []),
        ("Summarise mooring rights under common law.", []),  # about a thing: one word of four
        ("Summarise this document.", []),
    ],
)
def test_the_documents_that_a_question_names(question: str, names: list[str]) -> None:
    assert [document.id for document in named_documents(question, SHELF).documents] == names


def test_several_that_may_be_meant_are_candidates() -> None:
    third = info("club/minutes_2023.md", "Minutes of the sailing club")
    found = named_documents("Summarise the minutes of the club.", [*SHELF, third])
    assert found.documents == ()
    assert [document.id for document in found.candidates] == [f"club/minutes_{year}.md" for year in (2021, 2022, 2023)]


def test_the_thing_that_is_asked_of_a_document_is_its_topic() -> None:
    found = named_documents("Compare the fees of the minutes of 2021 and 2022.", SHELF[:2])
    assert found.asked - found.topic == {"2021", "2022", "minut"}
    assert found.topic == {"fee"}


def test_the_words_of_a_files_name() -> None:
    names = ["minutes/club_2024.txt", "a/knee-letter.tom.docx", "README", ".profile"]
    assert [file_words(name) for name in names] == ["club 2024", "knee letter tom", "README", " profile"]


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("when does toms physio start", "Clinic (knee letter tom)"),
        ("When does the physio for the knee start?", "Clinic"),  # the passage speaks of the knee itself
        ("When does physio start?", "Clinic"),
        ("What is at the clinic?", "Clinic"),
    ],
)
def test_a_passage_is_read_with_the_name_of_its_file_if_the_question_knows_only_that(question: str, title: str) -> None:
    passage = Passage("post/knee-letter-tom.docx", "Clinic", "", 0, 40, "Physio of the knee starts on 22 January.", ())
    assert with_file_name(passage, frozenset(query_terms(question))).title == title
