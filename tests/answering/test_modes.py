"""Which sentences are said, and in which order."""

from __future__ import annotations

from rag.answering.extract import extract
from rag.retrieval.question import parse_question
from rag.types import Evidence, Passage, Sentence

SENTENCES = (
    "The mill stood on the left bank.",
    "It was closed because the stream ran dry.",
    "The reservoir took the stream's water in 1911.",
)
TEXT = " ".join(SENTENCES)
PLACES = tuple(Sentence(TEXT.index(text), TEXT.index(text) + len(text)) for text in SENTENCES)
PASSAGE = Passage("mill.txt", "Mill", "mill.txt", 0, len(TEXT), TEXT, PLACES)


def evidence(number: int, score: float) -> Evidence:
    place = PLACES[number]
    return Evidence(1, PASSAGE, place.start, place.end, SENTENCES[number], score, 0.6)


def said(*ranked: Evidence) -> list[str]:
    return [part.text for part in extract(parse_question("Why was the mill closed?"), ranked).parts]


def test_a_description_begins_with_the_sentence_that_answers_best() -> None:
    best = evidence(1, 0.9)
    assert said(best, evidence(2, 0.85), evidence(0, 0.84)) == [SENTENCES[1], SENTENCES[0], SENTENCES[2]]


def test_what_the_best_sentence_refers_back_to_follows_it() -> None:
    assert said(evidence(1, 0.9), evidence(2, 0.5)) == [SENTENCES[1], SENTENCES[0]]


def test_a_best_sentence_that_stands_alone_is_said_alone() -> None:
    assert said(evidence(2, 0.9), evidence(0, 0.8)) == [SENTENCES[2]]
