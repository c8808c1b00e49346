"""The form in which the reader sees passages: examples, and that only insertions separate it from them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.reading.forms import shown
from rag.text.insertions import INSERTED
from rag.text.structure import cells, column_names
from rag.types import Passage


def passage(text: str, title: str = "", section: str | None = None) -> Passage:
    return Passage("a.txt", title, "a.txt", 0, len(text), text, (), section)


@pytest.mark.parametrize(
    ("text", "title", "section", "expected"),
    [
        ("It rains.", "Weather", None, "Weather : It rains."),
        ("It rains.", "Weather", "Weather > May", "Weather > May : It rains."),
        ("May\n\nIt rains.", "Weather", "May", "Weather > May : It rains."),
        ("May", "Weather", "May", "Weather > May : May"),
        ("Bring:\n\n- bread\nsalt", "", None, "Bring:\n\n- bread\n• salt"),
        ("Fabric | Time\nWool | 48 min", "Washer", None, "Washer : Fabric | Time\n• Fabric: Wool; Time: 48 min"),
        ("Rent | 1450\nFood | 400", "", None, "Rent | 1450\n• Food | 400"),  # a first row of figures names nothing
        ("A | B\n | 2", "", None, "A | B\n• B: 2"),
    ],
)
def test_forms(text: str, title: str, section: str | None, expected: str) -> None:
    assert shown(passage(text, title, section)).text == expected


TEXTS = st.text("ab :.|\n-1•ł😀", max_size=80)


@given(TEXTS, st.text("Tt >", max_size=8), st.none() | st.text("Ss >", max_size=8))
def test_what_is_shown_is_the_passage_with_insertions(text: str, title: str, section: str | None) -> None:
    view = shown(passage(text, title, section))
    assert len(view.text) == len(view.origin)
    places = [at for at in view.origin if at != INSERTED]
    assert places == sorted(set(places))
    assert all(view.text[number] == text[at] for number, at in enumerate(view.origin) if at != INSERTED)
    heading = (section or "").rsplit(" > ", 1)[-1].strip()
    left_out = {text[at] for at in set(range(len(text))) - set(places)}
    assert left_out <= set(" |\n") | set(heading)


def test_a_stretch_has_its_place_in_the_passage() -> None:
    text = "Fabric | Time\nWool | 48 min"
    view = shown(passage(text, "Washer"))
    start = view.text.index("48")
    assert view.place(start, start + 6) == (text.index("48"), len(text))
    assert view.place(0, 6) is None


def test_cells_and_names() -> None:
    assert cells("Wool |  48 min ") == [("Wool", 0), ("48 min", 8)]
    assert column_names("Fabric | Time") == ["Fabric", "Time"]
    assert column_names("Item | 2023 | 2024") == ["Item", "2023", "2024"]  # years name columns
    assert column_names("Wool | 48 | 3") == []
    assert column_names("Fabric") == []
