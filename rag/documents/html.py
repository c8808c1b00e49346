"""Web pages -> blocks: the article without menus, banners and footers; headings, lists and tables kept.

In: the bytes of a page. Out: blocks, and title, author, date and language that the page states.
Elements to leave out are told by what the markup means (elements, roles, words in classes and ids), never by a site's
name, and only if they say nothing: sentences, and facts with figures, stay wherever they stand. A page of which too
little would remain is kept whole. What is not seen and struck text are left out; what scripts would show by and by is
read. Scripts are not run and nothing is fetched.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rag.documents.blocks import Block, Content, one_line
from rag.documents.encoding import decode_page
from rag.documents.markup import HEADINGS, NOTE_MARK, blocks_of, walk

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

UNSEEN_TAGS = frozenset({
    "script", "style", "template", "noscript", "head", "iframe", "object", "svg", "canvas", "audio", "video", "map",
    "button", "select", "textarea", "input", "datalist", "label", "dialog", "rt", "rp", "annotation", "del",
    "s", "strike",
})  # fmt: skip
SEEN_BUTTONS = frozenset({"dt", "summary", *HEADINGS})  # in these a button shows and hides what follows
# Not opacity: animations begin at 0, and a saved page keeps it. Not backface-visibility.
UNSEEN_STYLE = re.compile(
    r"(?<![\w-])(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|text-decoration[\w-]*\s*:[^;]*line-through)",
    re.I,
)
NO_SIZE = re.compile(
    r"(?<![\w-])font-size\s*:\s*0(?![.\d])", re.I
)  # also against spaces between boxes, which have their own
UNSEEN_CLASSES = frozenset({"sr-only", "visually-hidden", "visuallyhidden", "screen-reader-text"})
LETTER = re.compile(r"[^\W_]")

FURNITURE_TAGS = frozenset({"nav", "aside", "footer", "menu"})
FURNITURE_ROLES = frozenset({
    "navigation", "banner", "contentinfo", "complementary", "search", "dialog", "alertdialog", "menu", "menubar",
    "toolbar", "tooltip",
})  # fmt: skip
FURNITURE_WORDS = frozenset({  # whole words of class and id names
    "nav", "navbar", "navbox", "navigation", "menu", "submenu", "breadcrumb", "breadcrumbs", "sidebar", "footer",
    "cookie", "cookies", "consent", "gdpr", "popup", "modal", "share", "sharing", "social", "related", "newsletter",
    "subscribe", "signup", "advert", "advertisement", "ads", "sponsored", "promo", "pagination", "pager", "skip",
    "catlinks", "editsection", "noprint", "toolbar", "toolbox", "dropdown", "portlet", "cta", "comments",
})  # fmt: skip
OVERLAYS = frozenset({"dialog", "alertdialog", "tooltip"})  # roles
CONSENT_WORDS = frozenset({"cookie", "cookies", "consent", "gdpr"})
CONTROLS = "button, input, [role=button], a:not([href]), a[href='#'], a[class*=btn], a[class*=button]"
PARTS_OF_A_PAGE = frozenset({"main", "article", "section", "blockquote"})  # a footer in one of them is its own
SENTENCE = re.compile(r"(?:\S+\s+){3,}\S*[^\W_][^\s\w]*[.!?…](?=[^\w\s]*(?:\s|$))|[^\W_]{4}[。！？।؟]")
FACT = re.compile(r"(?=.*\d)(?:\S*[^\W_]\S*\s+){2,}\S*[^\W_]")  # three words, one of which is a figure
RIGHTS = re.compile(r"©|\(c\)|copyright|all rights reserved", re.I)  # of a site, on each of its pages
CALLOUT_WORDS = frozenset({
    "note", "tip", "hint", "info", "important", "warning", "caution", "danger", "callout", "admonition",
})  # fmt: skip
XHTML = "http://www.w3.org/1999/xhtml"
XHTML_WITHIN = 2048  # characters
# `<title/>` is a whole element in XHTML; in HTML it would open one that swallows the page.
EMPTY_ELEMENT = re.compile(r"<(title|script|style|iframe|textarea|div|span|p|a|i|b|em|td|th|li)\b([^<>]*)/>")
PERMALINK_SIGNS = frozenset("#¶§🔗")
CLASS_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
LARGEST_FURNITURE = 0.4  # share of a page's text; what is named "menu" and is larger is what the page is about
LINK_LIST = 3  # links that make a list without other text a menu, on a page that does not mark its article

ARTICLE_PLACES = ("main", "[role=main]", "article", "#content", "#main")
LEAST_ARTICLE = 200  # characters; an element named so with less is a teaser
MAIN_PART = 0.5  # share of the place's text at which a single <article> in it is what the page is about
LEAST_FACTS = 0.25  # share of an element's text outside links at which lines with figures are what it is about
DEEPEST_JUDGED = 8  # elements in one another that sound like furniture; each is read once more for those around it
LEAST_KEPT = 0.25  # share of the page's text outside links that must remain, else the page is kept whole

AUTHOR = 'meta[name="author" i], meta[property="article:author" i]'
CREATED = 'meta[property="article:published_time" i], meta[name="date" i], meta[name="dcterms.created" i]'


def parse(data: bytes) -> Content:
    """The article of a page as blocks; raises `DocumentError` for bytes that are not text."""
    return parse_markup(decode_page(data))


def parse_markup(markup: str) -> Content:
    """The article of a page that is decoded, as blocks."""
    page = _parsed(markup)
    stated = {"author": _stated(page, AUTHOR), "created": _stated(page, CREATED), "language": _language(page)}
    metadata = {name: value for name, value in stated.items() if value}
    return Content([article_blocks(page)], title=_title(page), metadata=metadata)


def fragment(markup: str) -> list[Block]:
    """The blocks of a piece of markup that is all content."""
    body = _parsed(markup).body
    return blocks_of(body, is_unseen) if body is not None else []


def _parsed(markup: str) -> LexborHTMLParser:
    from selectolax.lexbor import LexborHTMLParser

    if XHTML in markup[:XHTML_WITHIN]:
        markup = EMPTY_ELEMENT.sub(r"<\1\2></\1>", markup)
    return LexborHTMLParser(markup)


def article_blocks(page: LexborHTMLParser) -> list[Block]:
    """The blocks of the page's article, or of the whole page if little would remain."""
    body = page.body
    if body is None:
        return []
    place = _article_place(body)
    root = place or body
    size = _size(root, links=True)

    inside: dict[int, int] = {}  # of an element that is read: how many that sound like furniture it is in

    def left_out(node: LexborNode) -> bool:
        depth = inside.get(node.parent.mem_id, 0) if node.parent is not None else 0
        if is_unseen(node) or (depth < DEEPEST_JUDGED and _is_furniture(node, size, marked=place is not None)):
            return True
        inside[node.mem_id] = depth + _sounds_like_furniture(node)
        return False

    blocks = blocks_of(root, left_out, last=_main_part(root) if place else None)
    if sum(len(block.text) for block in blocks) < LEAST_KEPT * _size(body, links=False):
        return blocks_of(body, is_unseen)
    return _with_main_heading(page, blocks)


def is_unseen(node: LexborNode) -> bool:
    """Tells if a person who looks at the page does not see the element's text, or sees it struck."""
    tag, attributes = node.tag, node.attributes
    if tag in UNSEEN_TAGS and not (tag == "button" and node.parent is not None and node.parent.tag in SEEN_BUTTONS):
        return True
    if ("hidden" in attributes and attributes["hidden"] != "until-found") or attributes.get("aria-hidden") == "true":
        return True
    if not UNSEEN_CLASSES.isdisjoint((attributes.get("class") or "").split()):
        return bool(LETTER.search(node.text() or ""))  # a sign stands between the figures of a fraction
    style = attributes.get("style") or ""
    if UNSEEN_STYLE.search(style):
        return not _is_formula_of_picture(node)
    return bool(NO_SIZE.search(style)) and len(node.css("[style*=font-size]")) < 2  # css() finds `node` too


def _is_formula_of_picture(node: LexborNode) -> bool:
    """Tells if a hidden element holds the formula of which the next element is a picture."""
    after = node.next
    while after is not None and after.tag == "-text":
        after = after.next
    return after is not None and after.tag == "img" and node.css_first("math") is not None


def _is_furniture(node: LexborNode, size: int, marked: bool) -> bool:
    """Tells if an element is there on every page of its site; `marked`: the page says where its article is."""
    tag, attributes = node.tag, node.attributes
    if tag == "sup":
        return bool(NOTE_MARK.fullmatch(one_line(node.text() or "").replace(" ", "")))
    if tag == "a":
        return one_line(node.text() or "") in PERMALINK_SIGNS
    if (attributes.get("role") or "") in OVERLAYS:
        return True
    if _is_marked_furniture(node):
        return (not marked and _is_footer_of_page(node)) or not _says_something(node)
    if not marked and _is_link_list(node):
        return True
    if not marked and _is_page_header(node):
        return not _says_something(node)
    words = _class_words(node)
    if tag in HEADINGS or words.isdisjoint(FURNITURE_WORDS) or _size(node, links=True) >= LARGEST_FURNITURE * size:
        return False
    return _asks_for_consent(node, words) or not _says_something(node)


def _sounds_like_furniture(node: LexborNode) -> bool:
    return node.tag == "header" or _is_marked_furniture(node) or not _class_words(node).isdisjoint(FURNITURE_WORDS)


def _is_marked_furniture(node: LexborNode) -> bool:
    if (node.attributes.get("role") or "") in FURNITURE_ROLES:
        return True
    return node.tag in FURNITURE_TAGS and _class_words(node).isdisjoint(CALLOUT_WORDS)


def _class_words(node: LexborNode) -> set[str]:
    """The words of class and id, in lower case."""
    attributes = node.attributes
    names = f"{attributes.get('class') or ''} {attributes.get('id') or ''}"
    return {word.lower() for word in CLASS_WORD.findall(names)}


def _says_something(node: LexborNode) -> bool:
    """Tells if an element holds a sentence outside its links, or facts: lines with a figure, beside few links."""
    texts = [block.text for block in blocks_of(node, _is_unseen_or_link)]
    lines = [line for text in texts for line in text.split("\n") if not RIGHTS.search(line)]
    if any(SENTENCE.search(line) for line in lines):
        return True
    if not any(FACT.match(line.removeprefix("- ")) for line in lines):
        return False
    return LEAST_FACTS * _size(node, links=True) < _size(node, links=False)


def _asks_for_consent(node: LexborNode, words: set[str]) -> bool:
    return not words.isdisjoint(CONSENT_WORDS) and node.css_first(CONTROLS) is not None


def _is_footer_of_page(node: LexborNode) -> bool:
    if node.tag != "footer" and node.attributes.get("role") != "contentinfo":
        return False
    above = node.parent
    while above is not None and above.tag not in PARTS_OF_A_PAGE:
        above = above.parent
    return above is None


def _is_page_header(node: LexborNode) -> bool:
    return node.tag == "header" and node.css_first("h1") is None


def _is_link_list(node: LexborNode) -> bool:
    if node.tag not in ("ul", "ol") or len(node.css("a")) < LINK_LIST:
        return False
    return _size(node, links=False) == 0


def _article_place(body: LexborNode) -> LexborNode | None:
    """The one element that the page marks as its article, if it holds enough."""
    for selector in ARTICLE_PLACES:
        found = body.css(selector)
        if len(found) == 1 and _size(found[0], links=True) >= LEAST_ARTICLE:
            return found[0]
    return None


def _main_part(place: LexborNode) -> LexborNode | None:
    """The element after which only related matter follows."""
    articles = place.css("article")
    if len(articles) == 1 and _size(articles[0], links=False) >= MAIN_PART * _size(place, links=False):
        return articles[0]
    return None


def _size(root: LexborNode, links: bool) -> int:
    """The number of characters that are seen, without white space; `links=False` leaves out the text of links."""
    left_out = is_unseen if links else _is_unseen_or_link
    texts = (node.text_content or "" for node, _ in walk(root, left_out) if node.tag == "-text")
    return sum(len(word) for text in texts for word in text.split())


def _is_unseen_or_link(node: LexborNode) -> bool:
    return node.tag == "a" or is_unseen(node)


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
