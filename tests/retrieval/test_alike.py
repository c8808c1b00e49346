"""Passages that say the same count once, and what they must not have in common to be taken for others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.retrieval.alike import alike
from rag.retrieval.question import parse_question
from rag.retrieval.search import retrieve
from rag.types import Embedding, Origin, Scored, Stamp, StoredPassage
from tests.retrieval.test_search import FakeSnapshot, passage, unit

CLAUSE = (
    "The tenant keeps the rooms in good order and tells the owner at once of any damage. Repairs are made by the owner "
    "within ten days after that. Small repairs up to 100 pounds are paid by the tenant. Ada Hart looks after the house."
)
WORDS = st.sampled_from("the mill weir was built in 1859 by Ada Hart and is not open".split())


def stored(row: int, text: str, document_id: str, *vector: float) -> StoredPassage:
    at, found = unit(*vector or (1.0, 0.0)), passage(text, document_id)
    return StoredPassage(row, found, Embedding(at, np.stack([at] * len(found.sentences))))


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (CLAUSE, True),
        (CLAUSE.replace(". ", ".\n> "), True),
        (CLAUSE.replace("in good order", "in fine order"), True),
        (CLAUSE.replace("100", "150"), False),
        (CLAUSE.replace("Ada Hart", "Ben Cole"), False),
        (CLAUSE.replace("are paid", "are not paid"), False),
        (CLAUSE + " " + CLAUSE, False),
        (CLAUSE[: len(CLAUSE) // 2], False),
        ("Something else.", False),
    ],
)
def test_a_number_a_name_or_a_negation_makes_another_statement(other: str, same: bool) -> None:
    found = [stored(1, CLAUSE, "a.txt"), stored(2, other, "b.txt")]
    assert alike(found) == ([[0, 1]] if same else [[0], [1]])


def test_passages_of_one_document_or_of_another_meaning_are_not_compared() -> None:
    assert alike([stored(1, CLAUSE, "a.txt"), stored(2, CLAUSE, "a.txt")]) == [[0], [1]]
    assert alike([stored(1, CLAUSE, "a.txt"), stored(2, CLAUSE, "b.txt", 0.0, 1.0)]) == [[0], [1]]
    assert alike([]) == []


@settings(deadline=None)
@given(st.lists(st.lists(WORDS, min_size=1, max_size=12).map(" ".join), max_size=8))
def test_each_is_in_one_list_in_order(texts: list[str]) -> None:
    groups = alike([stored(row, text, f"{row}.txt") for row, text in enumerate(texts)])
    assert sorted(place for group in groups for place in group) == list(range(len(texts)))
    assert [group[0] for group in groups] == sorted(group[0] for group in groups)
    assert all(group == sorted(group) for group in groups)
    for group in groups:
        assert len({tuple(sorted(word for word in texts[place].split() if word in ("1859", "not", "Ada", "Hart")))
                    for place in group}) == 1  # fmt: skip


class Dated(FakeSnapshot):
    """Documents whose file is of the day that their name tells; that of c.txt states another."""

    def origins(self, document_ids: object) -> dict[str, Origin]:
        day = 86_400 * 10**9
        return {
            "a.txt": Origin(None, "a.txt", Stamp(1, 3 * day)),
            "b.txt": Origin(None, "b.txt", Stamp(1, 9 * day)),
            "c.txt": Origin("1970-01-07", "c.txt", Stamp(1, 20 * day)),
        }


def test_the_newest_counts_and_the_others_are_named_and_others_move_up() -> None:
    found = [
        stored(1, CLAUSE, "a.txt"), stored(2, CLAUSE, "b.txt"), stored(3, CLAUSE, "c.txt"),
        stored(4, "A repair takes ten days.", "d.txt", 2.0, 1.0), stored(5, "Tea is served.", "e.txt", 1.0, 2.0),
    ]  # fmt: skip
    snapshot = Dated(found, [Scored(item.row, 1.0) for item in found], [])
    hits = retrieve(snapshot, parse_question("Who makes repairs?"), lambda: unit(1, 0), 2)
    assert [(hit.passage.document_id, hit.also_in) for hit in hits] == [("b.txt", ("a.txt", "c.txt")), ("d.txt", ())]
    assert [hit.passage.document_id for hit in retrieve(snapshot, parse_question("Who?"), lambda: unit(1, 0), 9)] == [
        "b.txt", "d.txt", "e.txt",
    ]  # fmt: skip


def test_one_that_fits_better_by_its_title_counts_although_another_is_newer() -> None:
    found = [stored(1, CLAUSE, "a.txt"), stored(2, CLAUSE, "b.txt")]
    titled = found[0]._replace(passage=passage(CLAUSE, "a.txt", title="Lease of the mill"))
    snapshot = Dated([titled, found[1]], [Scored(1, 1.0), Scored(2, 1.0)], [])
    (hit,) = retrieve(snapshot, parse_question("repairs in the lease of the mill"), lambda: unit(1, 0), 5)
    assert (hit.passage.document_id, hit.also_in) == ("a.txt", ("b.txt",))
