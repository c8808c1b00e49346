"""The sentences of two documents that say the same thing with other figures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rag.answering.changed import changed_sentences
from rag.answering.parts import compose
from rag.types import Document, DocumentInfo, Embedding, StoredDocument, StoredPassage
from tests.answering.readings import passage

OLD = [
    "The club had 128 members at the end of 2023.",
    "It owns 12 boats of all kinds together.",
    "The yearly fee is 195 pounds for adults.",
    "The entry is limited to 120 crews this year.",
]
NEW = [
    "The club had 141 members at the end of 2024.",
    "It owns 12 boats of all kinds together, as before.",
    "The yearly fee is 210 pounds for adults.",
    "The entry is limited to 140 crews this year.",
]


def document(name: str, sentences: Sequence[str], vectors: Sequence[int]) -> StoredDocument:
    """A document in which the sentence `n` has the unit vector of the axis `vectors[n]`."""
    of = passage(" ".join(sentences), document=name)
    embedding = Embedding(np.zeros(8, np.float32), np.eye(8, dtype=np.float32)[list(vectors)])
    return StoredDocument(Document(name, name, of.text, name, ""), [StoredPassage(0, of, embedding)])


def info(name: str) -> DocumentInfo:
    return DocumentInfo(name, f"Minutes {name}", name, "", 1, 1, None)


def said(new: Sequence[str], order: Sequence[int] = (0, 1, 2, 3)) -> str:
    parts = changed_sentences([info("2023"), info("2024")], document("a", OLD, range(4)), document("b", new, order))
    return compose(parts).text


def test_pairs_with_other_figures_stand_side_by_side_in_order() -> None:
    assert said(NEW) == (
        "- Minutes 2023: The club had 128 members at the end of 2023 [1].\n"
        "  Minutes 2024: The club had 141 members at the end of 2024 [2].\n"
        "- Minutes 2023: The yearly fee is 195 pounds for adults [3].\n"
        "  Minutes 2024: The yearly fee is 210 pounds for adults [4].\n"
        "- Minutes 2023: The entry is limited to 120 crews this year [5].\n"
        "  Minutes 2024: The entry is limited to 140 crews this year [6]."
    )
    again = said([NEW[3], NEW[2], NEW[0]], (3, 2, 0))
    assert again.index("crews") < again.index("pounds") < again.index("members")


def test_too_few_pairs_show_nothing() -> None:
    assert said([NEW[0], NEW[2]], (0, 2)) == ""
    assert said(OLD) == ""


def test_a_date_alone_is_no_change() -> None:
    assert said([OLD[0].replace("2023", "2031"), *NEW[2:]], (0, 2, 3)) == ""


def test_sentences_that_are_not_each_others_nearest_are_no_pair() -> None:
    assert said([NEW[0], NEW[2], NEW[3]], (0, 0, 3)) == ""
