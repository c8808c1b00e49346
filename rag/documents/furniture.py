"""An element of a page -> if it is left out: because nobody sees it, or because it is there on every page of the site.

In: a node of a parsed page. What is unseen is told by the markup and its own style; what is furniture (menus, banners,
footers) by elements, roles and words in classes and ids, and only if it says nothing: sentences, and facts with
figures, are what the page is about wherever they stand.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rag.documents.blocks import one_line
from rag.documents.contents_list import is_contents
from rag.documents.markup import HEADINGS, NOTE_MARK, markup_blocks, walk
from rag.documents.unseen import is_too_small

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

UNSEEN_TAGS = frozenset({
    "script", "style", "template", "noscript", "head", "iframe", "object", "svg", "canvas", "audio", "video", "map",
    "button", "select", "textarea", "input", "datalist", "label", "dialog", "rt", "rp", "annotation", "embed",
})  # fmt: skip
STRUCK_TAGS = frozenset({"del", "s", "strike"})
SEEN_BUTTONS = frozenset({"dt", "summary", *HEADINGS})  # in these a button shows and hides what follows
# Not opacity: animations begin at 0, and a saved page keeps it. Not backface-visibility, not a height of 0, to which
# parts that unfold are closed.
UNSEEN_STYLE = re.compile(
    r"(?<![\w-])(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)"
    r"|(?:left|right|top|text-indent)\s*:\s*-(?:9\d{3}px|\d{5,}px|9\d\dr?em)"
    r"|clip\s*:\s*rect\(\s*[01](?:px)?[\s,]|clip-path\s*:\s*inset\(\s*(?:50|100)%)",
    re.I,
)
NO_WIDTH = re.compile(r"(?<![\w-])(?:max-)?width\s*:\s*[01](?:px|pt)?\s*(?:;|\Z)", re.I)
CLIPPED = re.compile(r"(?<![\w-])overflow(?:-x)?\s*:\s*hidden", re.I)
SIZE = re.compile(
    r"(?<![\w-])font(?:-size\s*:\s*|\s*:[^;]{0,200}?\s)(\d++(?:\.\d++)?|\.\d++)(px|pt|r?em|%|(?=\s*(?:;|!|\Z)))", re.I
)
POINTS = {"px": 0.75, "pt": 1.0, "em": 12.0, "rem": 12.0, "%": 0.12, "": 0.75}  # of each unit, at the usual size
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
UNSPACED_SENTENCE = re.compile(r"[^\W_]{4}[。！？।؟]")
AFTER_WORD = re.compile(r"[^\W_]([^\w\s]+)\Z")
LEAST_BEFORE = 3  # words before that with which a sentence ends
FACT = re.compile(  # three words, one of which is a figure
    r"(?=.*\d)(?:(?:[^\w\s]|_)*+[^\W_]\S*+\s++){2}(?:[^\w\s]|_)*+[^\W_]"
)
DATE = re.compile(  # alone or behind a label: when a page was written, or another one
    r"(?:[^\W\d]+(?: [^\W\d]+)?: )?(?:[^\W\d]+,? )?(?:\d{1,2}\.?(?:st|nd|rd|th)? [^\W\d]+|[^\W\d]+ \d{1,2}),? \d{4}"
)
RIGHTS = re.compile(r"©|\(c\)|copyright|all rights reserved", re.I)  # of a site, on each of its pages
CALLOUT_WORDS = frozenset({
    "note", "tip", "hint", "info", "important", "warning", "caution", "danger", "callout", "admonition",
})  # fmt: skip
NOTE_WORDS = frozenset({"note", "tip", "hint", "warning", "caution", "callout", "admonition"})  # not "share-info"
LEAST_HEADING = 3  # words of a button, which says more than "Show menu" then
PERMALINK_SIGNS = frozenset("#¶§🔗")
CLASS_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
LARGEST_FURNITURE = 0.4  # share of a page's text; what is named "menu" and is larger is what the page is about
LINK_LIST = 3  # links that make a list without other text a menu, on a page that does not mark its article
LEAST_FACTS = 0.25  # share of an element's text outside links at which lines with figures are what it is about


def is_unseen_element(node: LexborNode) -> bool:
    """Tells if a person who looks at the page does not see the element's text, or sees it struck."""
    return is_apart(node) or is_struck(node) or (is_hidden(node) and not is_shown_beside(node))


def is_apart(node: LexborNode) -> bool:
    """Tells if an element holds no text of the page: scripts, controls, what is there for programs that read aloud."""
    tag, attributes = node.tag, node.attributes
    if tag in UNSEEN_TAGS and not (tag == "button" and _is_seen_button(node)):
        return True
    if attributes.get("aria-hidden") == "true":
        return True
    if UNSEEN_CLASSES.isdisjoint((attributes.get("class") or "").split()):
        return False
    return bool(LETTER.search(node.text() or ""))  # a sign stands between the figures of a fraction


def _is_seen_button(button: LexborNode) -> bool:
    """Tells if a button is the heading of a part that it unfolds."""
    if button.parent is not None and button.parent.tag in SEEN_BUTTONS:
        return True
    attributes = button.attributes
    unfolds = "aria-expanded" in attributes or "collapse" in (
        attributes.get("data-bs-toggle"),
        attributes.get("data-toggle"),
    )
    return (unfolds or "accordion" in _class_words(button)) and len((button.text() or "").split()) >= LEAST_HEADING


def is_struck(node: LexborNode) -> bool:
    """Tells if the text of an element is struck out."""
    return node.tag in STRUCK_TAGS or "line-through" in (node.attributes.get("style") or "").lower()


def is_hidden(node: LexborNode) -> bool:
    """Tells if the markup of an element, or its own style, hides it."""
    attributes = node.attributes
    if "hidden" in attributes and attributes["hidden"] != "until-found":
        return True
    style = attributes.get("style")
    if not style:
        return False
    if UNSEEN_STYLE.search(style) or ("overflow" in style and CLIPPED.search(style) and NO_WIDTH.search(style)):
        return True
    sizes = SIZE.findall(style) if "font" in style else []
    if not sizes or not is_too_small(float(sizes[-1][0]) * POINTS[sizes[-1][1].lower()]):
        return False
    return len(node.css("[style*=font]")) < 2  # else a space between boxes with their own; css() finds `node` too


def is_furniture(node: LexborNode, size: int, marked: bool) -> bool:
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
    if is_contents(node) or (not marked and _is_link_list(node)):
        return True
    if not marked and _is_page_header(node):
        return not _says_something(node)
    words = _class_words(node)
    if (
        not words.isdisjoint(NOTE_WORDS)
        or tag in HEADINGS
        or words.isdisjoint(FURNITURE_WORDS)
        or size_of(node, links=True) >= LARGEST_FURNITURE * size
    ):
        return False
    return _asks_for_consent(node, words) or not _says_something(node)


def sounds_like_furniture(node: LexborNode) -> bool:
    """Tells if what an element says decides whether it is furniture."""
    return node.tag == "header" or _is_marked_furniture(node) or not _class_words(node).isdisjoint(FURNITURE_WORDS)


def size_of(root: LexborNode, links: bool) -> int:
    """The number of characters that are seen, without white space; `links=False` leaves out the text of links."""
    left_out = is_unseen_element if links else _is_unseen_or_link
    texts = (node.text_content or "" for node, _ in walk(root, left_out) if node.tag == "-text")
    return sum(len(word) for text in texts for word in text.split())


def is_shown_beside(node: LexborNode) -> bool:
    """Tells if a hidden element holds the formula of which the next element is a picture."""
    after = node.next
    while after is not None and after.tag == "-text":
        after = after.next
    return after is not None and after.tag == "img" and node.css_first("math") is not None


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
    texts = [block.text for block in markup_blocks(node, _is_unseen_or_link)]
    every = [line.removeprefix("- ") for text in texts for line in text.split("\n")]
    lines = [line for line in every if not RIGHTS.search(line) and not DATE.fullmatch(line.strip())]
    if any(map(_holds_sentence, lines)):
        return True
    if not any(FACT.match(line) for line in lines):
        return False
    return LEAST_FACTS * size_of(node, links=True) < size_of(node, links=False)


def _holds_sentence(line: str) -> bool:
    """Tells if a sentence of some words ends in the line."""
    ends = (AFTER_WORD.search(word) for word in line.split()[LEAST_BEFORE:])
    return any(end and not set(".!?…").isdisjoint(end[1]) for end in ends) or bool(UNSPACED_SENTENCE.search(line))


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
    return size_of(node, links=False) == 0


def _is_unseen_or_link(node: LexborNode) -> bool:
    return node.tag == "a" or is_unseen_element(node)
