"""An element of a page -> if it is read; what a person may miss of what is not read is counted.

In: the elements of a page as they are entered. Out: a judgement. Text that nobody sees is hidden by markup, by a style
of its element (not displayed, below two points, outside the page) or by its colour, where that behind it is known. It
is counted if it is some words and no part of a menu or banner.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from rag.documents.blocks import one_line
from rag.documents.descriptions import described
from rag.documents.furniture import (
    UNSEEN_TAGS,
    is_apart,
    is_hidden,
    is_shown_beside,
    is_struck,
    sounds_like_furniture,
)
from rag.documents.page_fields import FIELDS, entered
from rag.documents.receipt import IMAGE, MEDIUM, OBJECT, RUBY, STRUCK, Receipt
from rag.documents.unseen import SMALLEST_IMAGE, WHITE, Colour, colour, look_alike
from rag.documents.wrapping import UNSPACED

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

LEAST_WORDS = 3  # outside links
WORD = re.compile(r"[^\W_]{2,}")
UNSPACED_PAIR = re.compile(f"[{UNSPACED}]{{2}}")
INK = re.compile(r"(?<![\w-])color\s*:\s*([^;!]+)", re.IGNORECASE)
PAPER = re.compile(r"(?<![\w-])background(?:-color)?\s*:\s*([^;!]+)", re.IGNORECASE)
PICTURE = re.compile(r"url\(|gradient|image", re.IGNORECASE)
CLEAR = re.compile(r"transparent|rgba\([^)]*,\s*0(?:\.0*)?\s*\)", re.IGNORECASE)
SEE_THROUGH = frozenset({"", "none", "transparent", "inherit", "initial", "unset"})
TOKEN = re.compile(r"[\w#-]+(?:\([^()]*\))?")
PARTS = frozenset({"div", "section", "article", "aside", "p", "ul", "ol", "table"})
SCRIPTS = re.compile(r"java ?script|\benable\b", re.IGNORECASE)  # what a page without them says of that
ICON = re.compile(r"icon|logo|avatar|sprite|spacer|pixel|emoji|badge|blank|placeholder", re.IGNORECASE)
PIXELS = re.compile(r"\s*(\d+)(?:\.\d+)?\s*(?:px)?\s*")
LEAST_DRAWN = 3  # words or figures of a drawing: what says less is an icon
COUNTED = frozenset({"img", "svg", "iframe", "object", "embed", "video", "audio", "rt"})
EMBEDDED = {"iframe": OBJECT, "object": OBJECT, "embed": OBJECT, "video": MEDIUM, "audio": MEDIUM}


class Eye:
    """Judges the elements of one page, and counts each once. `plain`: only their own styles colour its elements."""

    def __init__(self, receipt: Receipt, page: LexborHTMLParser, plain: bool) -> None:
        self._receipt = receipt
        self._page = page
        self._plain = plain
        self._counted: dict[int, bool] = {}
        self._papers: dict[int, Colour | None] = {}

    def misses(self, node: LexborNode) -> bool:
        """Tells if an element is left out because a person does not see it, or it holds no text."""
        key = node.mem_id
        if key not in self._counted:
            self._counted[key] = self._misses(node)
        return self._counted[key]

    def _misses(self, node: LexborNode) -> bool:
        if node.tag in COUNTED:
            self._count(node)
        if node.tag in FIELDS:
            return not _entered(node)
        if node.tag == "noscript" and not SCRIPTS.search(text := _text(node)) and _words(text) >= LEAST_WORDS:
            return self._receipt.hides(text)
        if node.tag in UNSEEN_TAGS:
            return is_apart(node) and not (node.tag == "label" and self._labels(node))
        if is_struck(node):
            self._receipt.count_text(STRUCK, _text(node))
            return True
        if (is_hidden(node) or _is_silent(node) or self._is_blank(node)) and not is_shown_beside(node):
            if sounds_like_furniture(node):
                return True
            text = _text(node)
            few = _words(text) < LEAST_WORDS  # such as a key by which a table is sorted
            return not self._receipt.include_hidden if few else self._receipt.hides(text)
        return is_apart(node)

    def _labels(self, label: LexborNode) -> bool:
        """Tells if a label, which may be one of an empty field, says what was entered."""
        fields = label.css("input, select, textarea")
        name = label.attributes.get("for")
        if not fields and not name:
            fields = [beside for beside in (_before(label), _after(label)) if beside is not None][:1]
        if not fields and name and (field := self._fields.get(name)) is not None:
            fields = [field]
        return not is_hidden(label) and any(map(_entered, fields))

    @cached_property
    def _fields(self) -> dict[str, LexborNode]:
        """The fields of the page by their ids."""
        found = self._page.css("input[id], select[id], textarea[id]")
        return {field.attributes["id"] or "": field for field in found}

    def _is_blank(self, node: LexborNode) -> bool:
        """Tells if the text of an element has the colour of what it stands on."""
        style = node.attributes.get("style") or ""
        stated = INK.search(style)
        ink = stated[1] if stated else node.attributes.get("color") if node.tag == "font" else None
        if ink is None:
            return False
        clear = CLEAR.fullmatch(ink.strip()) and "background-clip" not in style
        if not clear and not look_alike(colour(ink), self._behind(node)):
            return False
        return len(node.css("[style*=color], font[color]")) < 2  # css() finds `node` too

    def _behind(self, node: LexborNode) -> Colour | None:
        """The colour behind an element, its own or that of the nearest one around it; None if that is not known."""
        passed: list[int] = []
        above: LexborNode | None = node
        found = WHITE if self._plain else None
        while above is not None:
            passed.append(above.mem_id)
            if above.mem_id in self._papers:
                found = self._papers[above.mem_id]
                break
            if (own := _paper(above)) is not None:
                (found,) = own
                break
            above = above.parent
        self._papers.update(dict.fromkeys(passed, found))
        return found

    def _count(self, node: LexborNode) -> None:
        tag = node.tag or ""
        if tag == "img":
            self._receipt.count(IMAGE, _is_undescribed(node))
        elif tag == "svg":
            texts = " ".join(text.text() or "" for text in node.css("text"))
            self._receipt.count(IMAGE, len(texts.split()) >= LEAST_DRAWN)
        elif tag == "rt":
            self._receipt.count(RUBY)
        elif tag in EMBEDDED:
            self._receipt.count(EMBEDDED[tag], _is_shown(node))


def _before(label: LexborNode) -> LexborNode | None:
    """The field directly before a label."""
    before = label.prev
    while before is not None and before.tag == "-text":
        before = before.prev
    return before if before is not None and before.tag in FIELDS else None


def _after(label: LexborNode) -> LexborNode | None:
    """The field directly behind a label."""
    after = label.next
    while after is not None and after.tag == "-text":
        after = after.next
    return after if after is not None and after.tag in FIELDS else None


def _paper(node: LexborNode) -> tuple[Colour | None] | None:
    """The colour behind an element in a tuple, (None,) if that is not known; None if the element states none."""
    attributes = node.attributes
    if attributes.get("background"):
        return (None,)
    stated = [found.strip().lower() for found in PAPER.findall(attributes.get("style") or "")]
    for text in [*reversed(stated), (attributes.get("bgcolor") or "").strip().lower()]:
        if PICTURE.search(text):
            return (None,)
        if text not in SEE_THROUGH:
            return (next((found for part in TOKEN.findall(text) if (found := colour(part))), None),)
    return None


def _words(text: str) -> int:
    return sum(bool(WORD.search(part)) for part in text.split()) + len(UNSPACED_PAIR.findall(text))


def _is_silent(node: LexborNode) -> bool:
    """Tells if a part of the page is kept from programs that read aloud, as parts are that scripts show by and by."""
    return node.tag in PARTS and node.attributes.get("aria-hidden") == "true"


def _text(node: LexborNode) -> str:
    """The text of an element outside its links, scripts and controls."""
    left_out = {item.mem_id for item in node.css("a, script, style, button, select, svg, template, noscript")}
    pieces: list[str] = []
    stack = [node]
    while stack:
        item = stack.pop()
        if item.tag == "-text":
            pieces.append(item.text_content or "")
        elif item.mem_id == node.mem_id or item.mem_id not in left_out:
            stack += reversed([child for child in item.iter(include_text=True)])
    return one_line(" ".join(pieces))


def _sides(node: LexborNode) -> list[int]:
    """The width and height in pixels, as far as they are stated."""
    found = (PIXELS.fullmatch(node.attributes.get(name) or "") for name in ("width", "height"))
    return [int(side[1]) for side in found if side]


def _is_undescribed(image: LexborNode) -> bool:
    attributes = image.attributes
    if "alt" in attributes and not (attributes["alt"] or "").strip():  # decoration
        return False
    if min(_sides(image), default=SMALLEST_IMAGE) < SMALLEST_IMAGE or is_hidden(image):
        return False
    names = " ".join(attributes.get(name) or "" for name in ("src", "class", "id"))
    return not described(attributes.get("alt") or attributes.get("title")) and not ICON.search(names[:500])


def _is_shown(node: LexborNode) -> bool:
    source = node.attributes.get("src") or node.attributes.get("data") or node.css_first("source") is not None
    large = min(_sides(node), default=SMALLEST_IMAGE) >= SMALLEST_IMAGE
    return bool(source) and large and not is_hidden(node)


def _entered(node: LexborNode) -> str:
    return "" if is_hidden(node) else entered(node)
