"""Web pages -> blocks: the article without menus, banners and footers; headings, lists and tables kept.

In: the bytes of a page. Out: blocks, and title, author, date and language that the page states.
What is left out is furniture (furniture.py) and what is not seen (page_unseen.py), which is counted; a page of which
too little would remain is kept whole. What scripts would show by and by is read; scripts are not run and nothing is
fetched.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rag.documents.blocks import Block, Content, one_line
from rag.documents.encoding import decode_page
from rag.documents.furniture import is_furniture, size_of, sounds_like_furniture
from rag.documents.markup import markup_blocks
from rag.documents.page_unseen import Eye
from rag.documents.receipt import Receipt
from rag.documents.style_sheets import is_plain, with_styles

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

XHTML = "http://www.w3.org/1999/xhtml"
XHTML_WITHIN = 2048  # characters
# `<title/>` is a whole element in XHTML; in HTML it would open one that swallows the page.
EMPTY_ELEMENT = re.compile(r"<(title|script|style|iframe|textarea|div|span|p|a|i|b|em|td|th|li)\b([^<>]*)/>")

ARTICLE_PLACES = ("main", "[role=main]", "article", "#content", "#main")
LEAST_ARTICLE = 200  # characters; an element named so with less is a teaser
MAIN_PART = 0.5  # share of the place's text at which a single <article> in it is what the page is about
DEEPEST_JUDGED = 8  # elements in one another that sound like furniture; each is read once more for those around it
LEAST_KEPT = 0.25  # share of the page's text outside links that must remain, else the page is kept whole

AUTHOR = 'meta[name="author" i], meta[property="article:author" i]'
CREATED = 'meta[property="article:published_time" i], meta[name="date" i], meta[name="dcterms.created" i]'


def parse(data: bytes, receipt: Receipt | None = None) -> Content:
    """The article of a page as blocks; raises `DocumentError` for bytes that are not text."""
    return parse_markup(decode_page(data), receipt)


def parse_markup(markup: str, receipt: Receipt | None = None) -> Content:
    """The article of a page that is decoded, as blocks."""
    receipt = receipt or Receipt()
    page = with_styles(_parsed(markup))
    stated = {"author": _stated(page, AUTHOR), "created": _stated(page, CREATED), "language": _language(page)}
    metadata = {name: value for name, value in stated.items() if value}
    blocks = article_blocks(page, receipt)
    return Content([blocks], title=_title(page), metadata=metadata)


def fragment(markup: str, receipt: Receipt | None = None, sheets: Sequence[str] = ()) -> list[Block]:
    """The blocks of a piece of markup that is all content; `sheets` are style sheets in files of their own."""
    receipt = receipt or Receipt()
    page = with_styles(_parsed(markup), sheets)
    return (
        []
        if page.body is None
        else markup_blocks(page.body, Eye(receipt, page, is_plain(page)).misses, receipt=receipt)
    )


def _parsed(markup: str) -> LexborHTMLParser:
    from selectolax.lexbor import LexborHTMLParser

    if XHTML in markup[:XHTML_WITHIN]:
        markup = EMPTY_ELEMENT.sub(r"<\1\2></\1>", markup)
    return LexborHTMLParser(markup)


def article_blocks(page: LexborHTMLParser, receipt: Receipt) -> list[Block]:
    """The blocks of the page's article, or of the whole page if little would remain."""
    body = page.body
    if body is None:
        return []
    place = _article_place(body)
    root = place or body
    size = size_of(root, links=True)
    eye = Eye(receipt, page, is_plain(page))
    links = Receipt()

    inside: dict[int, int] = {}  # of an element that is read: how many that sound like furniture it is in

    def left_out(node: LexborNode) -> bool:
        depth = inside.get(node.parent.mem_id, 0) if node.parent is not None else 0
        if eye.misses(node) or (depth < DEEPEST_JUDGED and is_furniture(node, size, marked=place is not None)):
            return True
        inside[node.mem_id] = depth + sounds_like_furniture(node)
        return False

    blocks = markup_blocks(root, left_out, _main_part(root) if place else None, links)
    if sum(len(block.text) for block in blocks) < LEAST_KEPT * size_of(body, links=False):
        return markup_blocks(body, eye.misses, receipt=receipt)
    receipt.take(links)
    return _with_main_heading(page, blocks)


def _article_place(body: LexborNode) -> LexborNode | None:
    """The one element that the page marks as its article, if it holds enough."""
    for selector in ARTICLE_PLACES:
        found = body.css(selector)
        if len(found) == 1 and size_of(found[0], links=True) >= LEAST_ARTICLE:
            return found[0]
    return None


def _main_part(place: LexborNode) -> LexborNode | None:
    """The element after which only related matter follows."""
    articles = place.css("article")
    if len(articles) == 1 and size_of(articles[0], links=False) >= MAIN_PART * size_of(place, links=False):
        return articles[0]
    return None


def _with_main_heading(page: LexborHTMLParser, blocks: list[Block]) -> list[Block]:
    """The blocks, after the page's main heading, which often stands above the element that holds the article."""
    heading = _main_heading(page)
    if not heading or any(block.level == 1 for block in blocks):
        return blocks
    return [Block(heading, 1), *blocks]


def _main_heading(page: LexborHTMLParser) -> str:
    """The `h1` that the page's title repeats, which one with the site's name would be."""
    title = _title_element(page)
    headings = (one_line(heading.text() or "") for heading in page.css("h1"))
    return next((heading for heading in headings if heading and heading in title), "")


def _title(page: LexborHTMLParser) -> str:
    """The text of `<title>`, without the name of the site if a heading shows which part is the page's own."""
    return _main_heading(page) or _title_element(page)


def _title_element(page: LexborHTMLParser) -> str:
    element = page.css_first("head > title")
    return one_line(element.text() or "") if element is not None else ""


def _stated(page: LexborHTMLParser, selector: str) -> str:
    element = page.css_first(selector)
    return one_line(element.attributes.get("content") or "") if element is not None else ""


def _language(page: LexborHTMLParser) -> str:
    return (page.root.attributes.get("lang") or "").strip() if page.root is not None else ""
