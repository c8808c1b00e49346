"""Parts -> an answer whose claims, labels and offsets agree, whatever the parts are."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from rag.answering.parts import Part, QuotedPlace, compose, quoted
from rag.text.sentences import split_sentences
from rag.types import Evidence, Passage

TEXT = "Ada Hart built the mill. It burned in May 1859, and nobody was hurt."


def passage(text: str, offset: int = 0) -> Passage:
    sentences = tuple(s._replace(start=s.start + offset, end=s.end + offset) for _, s in split_sentences(text))
    return Passage("a/b.pdf", "Mills", "/a/b.pdf", offset, offset + len(text), text, sentences, "History", (3, 4))


def evidence(text: str, number: int, offset: int = 0) -> Evidence:
    found = passage(text, offset)
    start, end = found.sentences[number]
    return Evidence(number + 1, found, start, end, text[start - offset : end - offset], 0.5)


def test_a_span_is_cited_with_the_sentence_and_the_page_it_stands_on() -> None:
    item = evidence(TEXT, 1, offset=100)
    start = item.text.index("May 1859")
    answer = compose([quoted(item, start, start + 8, 0.97)])
    assert answer.text == "May 1859 [1]."
    (claim,), (citation,) = answer.claims, answer.citations
    assert (claim.text, claim.start, claim.end, claim.support, claim.citations) == ("May 1859 [1].", 0, 13, 0.97, (1,))
    assert citation.quote == "It burned in May 1859, and nobody was hurt."
    assert (citation.start, citation.end) == (125, 168)
    assert (citation.answer_start, citation.answer_end) == (138, 146)
    assert (citation.page, citation.section, citation.passage_id) == (4, "History", "a/b.pdf:100-168")


def test_a_whole_sentence_keeps_its_own_stop_behind_the_mark() -> None:
    item = evidence(TEXT, 0)
    assert compose([quoted(item, 0, len(item.text), 1.0)]).text == "Ada Hart built the mill [1]."


def test_the_full_stop_of_an_abbreviation_stays_in_its_place() -> None:
    texts = ["It closes at 3.10 p.m.", "It is of Hart & Co.", "It is at home. ", "Ring Ada (G. H.)"]
    answers = [compose([quoted(evidence(text, 0), 0, len(text.strip()), 1.0)]).text for text in texts]
    assert answers == [
        "It closes at 3.10 p.m. [1].",
        "It is of Hart & Co. [1].",
        "It is at home [1].",
        "Ring Ada (G. H.) [1].",
    ]


def test_the_same_place_keeps_its_label_and_a_sentence_may_cite_several() -> None:
    first, second = evidence(TEXT, 0), evidence(TEXT, 1)
    one, two = QuotedPlace(first, first.start, first.end), QuotedPlace(second, second.start, second.end)
    answer = compose([Part("Built by Ada", (one,), 0.9), Part("It burned", (two, one), 0.8)])
    assert answer.text == "Built by Ada [1]. It burned [2][1]."
    assert [citation.label for citation in answer.citations] == [1, 2]


PARTS = st.lists(
    st.tuples(
        st.text(min_size=1, max_size=20).filter(lambda t: t.split()),
        st.lists(st.integers(0, 1), min_size=1, max_size=3),
    ),
    max_size=5,
)


@given(PARTS)
def test_labels_claims_and_text_always_agree(drawn: list[tuple[str, list[int]]]) -> None:
    items = [evidence(TEXT, 0), evidence(TEXT, 1)]
    parts = [
        Part(text, tuple(QuotedPlace(items[i], items[i].start, items[i].end) for i in dict.fromkeys(numbers)), 0.5)
        for text, numbers in drawn
    ]
    answer = compose(parts)
    labels = {citation.label for citation in answer.citations}
    assert labels == set(range(1, len(labels) + 1))
    assert [answer.text[claim.start : claim.end] for claim in answer.claims] == [c.text for c in answer.claims]
    assert {label for claim in answer.claims for label in claim.citations} == labels
    for claim, part in zip(answer.claims, parts, strict=True):
        marks = [int(number) for number in re.findall(r"\[(\d+)\]", claim.text.removeprefix(part.text))]
        assert tuple(marks[-len(claim.citations) :]) == claim.citations
