"""Written text -> claims with labels: the same however it is cut, and nothing that was not shown, whatever comes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.cited_text import Cited, CitedText


def claims(*pieces: str, shown: tuple[int, ...] = (1, 2, 3)) -> list[tuple[str, tuple[int, ...]]]:
    text = CitedText(shown)
    found = [claim for piece in pieces for claim in text.add(piece)]
    return [tuple(claim) for claim in [*found, *text.end()]]  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The mill is old [1].", [("The mill is old", (1,))]),
        ("The mill is old [1][2]. It is red [3].", [("The mill is old", (1, 2)), ("It is red", (3,))]),
        ("The mill is old [1] [2].", [("The mill is old", (1, 2))]),
        ("The mill is old [1, 2].", [("The mill is old", (1, 2))]),
        ("The mill is old. [1] It is red. [2]", [("The mill is old.", (1,)), ("It is red.", (2,))]),
        ("The mill is old [2]", [("The mill is old", (2,))]),
        ("- the mill [1]\n- the weir [2]\n", [("the mill", (1,)), ("the weir", (2,))]),
        ("The mill is old [1][1][9].", [("The mill is old", (1,))]),
        ("The mill is old [9]. It is red [2].", [("It is red", (2,))]),
        ("Sure! The mill is old [1].", [("Sure!", (1,)), ("The mill is old", (1,))]),
        ("The mill [sic] is old [1].", []),
        ("The mill is old 【1】. It is red [1].", []),
        ("It is not so that the mill is old [1], but it is red [2].", []),
        ("The mill is old.", []),
        ("The mill is old [1", []),
        ("The mill is old (1).", []),
        ("[1].", []),
        ("[1][2]. [3].", []),
        ("The mill is old [99999999999999999999].", []),
        ("", []),
    ],
)
def test_forms(text: str, expected: list[tuple[str, tuple[int, ...]]]) -> None:
    assert claims(text) == expected


def test_a_claim_is_told_as_soon_as_its_labels_are_whole() -> None:
    text = CitedText([1, 2])
    assert list(text.add("It rained [1]")) == []
    assert list(text.add("[2]")) == []
    assert list(text.add(". It")) == [Cited("It rained", (1, 2))]
    assert text.rest == " It"


NOISE = st.lists(
    st.sampled_from(["[1]", "[2]", "[7]", "[1, 2]", *"[]1. \n【-", "The mill is old", "It cost 900"]), max_size=30
).map("".join)


@given(NOISE | st.text(max_size=200), st.lists(st.integers(0, 200), max_size=20))
def test_whatever_comes_however_it_is_cut(text: str, places: list[int]) -> None:
    bounds = [0, *sorted({place for place in places if place < len(text)}), len(text)]
    found = claims(*(text[a:b] for a, b in zip(bounds, bounds[1:], strict=False)))
    assert found == claims(text)
    for claim, labels in found:
        assert claim in text
        assert not set(claim) & set("[]【】")
        assert labels
        assert set(labels) <= {1, 2, 3}


SENTENCES = st.lists(
    st.tuples(
        st.sampled_from(["The mill is old", "It cost 900 pounds", "Ada Hart built it in May 1859"]),
        st.lists(st.integers(1, 3), min_size=1, max_size=3),
    ),
    max_size=6,
)


@given(SENTENCES)
def test_what_the_grammar_allows_is_taken_whole(sentences: list[tuple[str, list[int]]]) -> None:
    written = " ".join(f"{text} {''.join(f'[{label}]' for label in labels)}." for text, labels in sentences)
    slow = [
        (text.strip(), tuple(dict.fromkeys(map(int, re.findall(r"\d", marks)))))
        for text, marks in re.findall(r"([^\[\]]+) ((?:\[\d\])+)\.", written)
    ]
    assert claims(*written) == slow
