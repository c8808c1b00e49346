"""The style sheets that a page holds -> styles of its elements, as far as they decide what a person sees.

In: a parsed page. Out: the same page, with the declarations that show, hide or mark text (struck, set high or low, in a
font of symbols) in the `style` of the elements that they hold for. What hides counts only on a page without scripts:
what a sheet hides, scripts show by and by. Sheets in files of their own are read if the caller has them (`sheets`);
rules for one kind of screen are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

HIDING = frozenset({"display", "visibility", "font-size", "color", "background", "background-color"})
MARKING = frozenset({"text-decoration", "text-decoration-line", "vertical-align", "font-family"})
COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)|<!--|-->", re.DOTALL)
MAY_HIDE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|font-size\s*:\s*[\d.]|color\s*:|background"
)
MARKS = re.compile(r"line-through|vertical-align\s*:\s*su(?:per|b)|wingdings|webdings|symbol", re.IGNORECASE)
DECLARATION = re.compile(r"(?<![\w-])([\w-]+)\s*:\s*([^;]+)")
FOR_SCREENS = re.compile(r"@media\s+(?:all|screen)\s*", re.IGNORECASE)
PART = re.compile(r"(#[\w-]+)|(\.[\w-]+|\[[^\]]{0,200}\]|:[\w-]+)|([a-z][\w-]*)", re.IGNORECASE)
LONGEST_SHEET = 200_000  # characters
MOST_RULES = 500
MOST_HELD = 500_000  # elements for which rules hold, all rules together
RUNS = 'script[src], script:not([type]), script[type*=javascript], script[type=module], script[type=""]'


class _Rule(NamedTuple):
    """A rule, in the order in which rules win: the last one that holds for an element does."""

    important: bool
    weight: tuple[int, int, int]  # of its selector: ids, classes, elements
    place: int
    selector: str
    declarations: dict[str, str]


def with_styles(page: LexborHTMLParser, sheets: Sequence[str] = ()) -> LexborHTMLParser:
    """The page, with the styles of its own sheets, and of `sheets` that stand before them, in its elements."""
    within = [element.text() or "" for element in page.css("style")]
    sheet = COMMENT.sub("", "\n".join([*sheets, *within])[:LONGEST_SHEET])
    properties: frozenset[str] = MARKING if MARKS.search(sheet) else frozenset()
    if MAY_HIDE.search(sheet) and page.css_first(RUNS) is None:
        properties |= HIDING
    if not properties:
        return page
    found: dict[int, dict[str, str]] = {}
    nodes = {}
    held = 0
    for rule in sorted(_rules(sheet, properties)):
        matched = _matched(page, rule.selector) if held < MOST_HELD else []
        held += len(matched)
        for node in matched:
            nodes[node.mem_id] = node
            found.setdefault(node.mem_id, {}).update(rule.declarations)
    for key, declarations in found.items():
        own = nodes[key].attributes.get("style") or ""
        stated = {name.lower() for name, _ in DECLARATION.findall(own)}
        added = [f"{name}:{text}" for name, text in declarations.items() if name not in stated]
        nodes[key].attrs["style"] = ";".join([*added, own])
    return page


def is_plain(page: LexborHTMLParser) -> bool:
    """Tells if nothing outside the elements' own styles colours the page."""
    has_sheet = page.css_first("link[rel~=stylesheet]") is not None
    return not has_sheet and (page.css_first("style") is None or page.css_first(RUNS) is None)


def _matched(page: LexborHTMLParser, selector: str) -> list[LexborNode]:
    from selectolax.lexbor import SelectolaxError

    try:
        return list(page.css(selector))
    except SelectolaxError:  # a pseudo-element, or no selector
        return []


def _rules(sheet: str, properties: frozenset[str]) -> Iterator[_Rule]:
    """Yields the rules of a sheet that state one of the properties, one for each of their selectors."""
    place = 0
    for selectors, body in _blocks(sheet):
        stated = [(name.lower(), text.strip()) for name, text in DECLARATION.findall(body)]
        for important in (False, True):
            held = {
                name: text.replace("!important", "").strip()
                for name, text in stated
                if name in properties and text.endswith("!important") == important
            }
            for selector in selectors.split(",") if held else ():
                place += 1
                if place > MOST_RULES:
                    return
                if selector.strip() not in ("", "*"):
                    yield _Rule(important, _weight(selector), place, selector.strip(), held)


def _blocks(sheet: str) -> Iterator[tuple[str, str]]:
    """Yields selectors and bodies of rules; those of other rules are passed over."""
    place = 0
    while (opening := sheet.find("{", place)) >= 0:
        head = sheet[place:opening].rpartition(";")[2].strip()
        end = _end(sheet, opening)
        if FOR_SCREENS.fullmatch(head):
            yield from _blocks(sheet[opening + 1 : end])
        elif not head.startswith("@"):
            yield head, sheet[opening + 1 : end]
        place = end + 1


def _end(sheet: str, opening: int) -> int:
    """The place of the bracket that closes the one at `opening`."""
    depth = 0
    for found in re.finditer("[{}]", sheet[opening:]):
        depth += 1 if found[0] == "{" else -1
        if not depth:
            return opening + found.start()
    return len(sheet)


def _weight(selector: str) -> tuple[int, int, int]:
    parts = PART.findall(selector)
    ids, classes, elements = (sum(bool(part[kind]) for part in parts) for kind in range(3))
    return ids, classes, elements
