"""Tables of contents are left out, and no other list is."""

from __future__ import annotations

import pytest

from rag.documents.html import parse as parse_page
from rag.documents.markdown import markdown_blocks

BODY = "\n\n## How does it *start*?\n\nTurn the key.\n\n### Oil & water\n\nOnce a year."


def texts(markdown: str) -> list[str]:
    return [block.text for block in markdown_blocks(markdown)]


def test_links_to_the_headings_are_left_out() -> None:
    contents = "# Engine\n\n- [How does it start?](#start)\n  1. [Oil & water](#oil)"
    assert texts(contents + BODY) == ["Engine", "How does it start?", "Turn the key.", "Oil & water", "Once a year."]


@pytest.mark.parametrize(
    "contents",
    [
        "- [How does it start?](#start)",  # one link alone
        "- [How does it start?](#start)\n- [Oil & water](oil.md)",  # elsewhere
        "- [How does it start?](#start)\n- [Oil: 4 litres](#oil)",  # says more than the heading
        "- [How does it start?](#start)\n- Oil & water",
        "- [How does it start?](#start) by hand\n- [Oil & water](#oil)",
    ],
)
def test_other_lists_stay(contents: str) -> None:
    assert len(texts(contents + BODY)) == len(texts(BODY)) + 1


def test_pages_lose_their_table_of_contents_too() -> None:
    article = "<h2 id=a>Start</h2><p>Turn the key to start it.</p><h2 id=b>Oil</h2><p>Once a year it needs oil.</p>"
    page = "<body><h1>Engine</h1><ul><li><a href='#a'>Start</a><li><a href='#b'>{}</a></ul>" + article
    (blocks,) = parse_page(page.format("Oil").encode()).pages
    assert [block.text for block in blocks if block.kind == "list"] == []
    (blocks,) = parse_page(page.format("Oil, 4 litres").encode()).pages
    assert [block.text for block in blocks if block.kind == "list"] == ["- Start\n- Oil, 4 litres"]
