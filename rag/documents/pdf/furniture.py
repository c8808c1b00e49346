"""Lines of PDF pages -> the lines that belong to the text, and those that are page furniture.

In: for each page its whole lines. Out: the same pages without running titles and page numbers, and an example of each
that was dropped. Pure.
A line that stands at the edge of most pages, or of most left or right pages of a chapter, is page furniture; fewer than
four pages show no such pattern. Lines that differ in their numbers are furniture only if these count the pages: an
invoice's number or total at the foot of each page is text. The names of a table's columns, repeated where it goes on,
are text too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence, Set
from typing import NamedTuple

from rag.documents.pdf.lines import Line
from rag.types import CELL_SEPARATOR

FURNITURE_PAGES = 4  # fewer pages show no pattern
FURNITURE_SHARE = 0.6  # of the pages with text that carry the same line at the edge
RUNNING_SHARE = 0.75  # of the left or the right pages between its first and its last: the title of a chapter
EDGE_LINES = 2  # lines at the top and at the bottom that may be page furniture
MOST_PARTS = 2  # cells of a running title, as far as no page number tells one from a table's row

DIGITS = re.compile(r"\d+|(?:^|(?<=\s))[ivxlc]+$")  # page numbers, Roman ones at the end of a line
ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}
NEAR = 8  # pages: a number counts pages if it does so among its neighbours
NEIGHBOURS = 2  # that agree: a page number that begins anew in each chapter has no more
MOST_DIGITS = 9  # of a number that may count pages
AHEAD = 5  # a page number beside words is at most that much larger than the number of pages
TITLE_WORDS = 3  # words of a running title that a page number follows without a gap

_PAGE = (
    r"pages?|pg|seiten?|página|pagina|pág|pag|sida|side|sivu|strona|strana|str|страница|стр|blatt|folio|slide"
    r"|第|페이지|p|pp|s"
)
PAGE_LABEL = re.compile(
    rf"(?:^|[^\w])(?:{_PAGE})\.?\s*(?:no\.?|nr\.?|number)?\s*[:#-]?\s*$", re.IGNORECASE
)  # before a page number
PAGE_WORD = re.compile(rf"(?:{_PAGE}|of|von|de|sur|di|van|av|z|из|no|nr|number|页|頁|共|ページ)", re.IGNORECASE)
OUT_OF = re.compile(rf"(?:{_PAGE})\.?\s*\d+\s*(?:of|von|de|sur|di|van|av|z|из|/)\s*$", re.IGNORECASE)
LABEL = re.compile(
    rf"(?:[:#№=]|\b(?:number|no|nr|num|nummer|numéro|número|numero|n[°º]|id|ref|code)\.?)\s*(?:{re.escape(CELL_SEPARATOR.strip())}\s*)?$",
    re.IGNORECASE,
)  # before a number that names or measures something
WORD = re.compile(r"[^\W\d_]+")
LOWER = re.compile(r"\s*[^\W\d_A-Z]{2,}\s")
PARTED = re.compile(r"(?:^|[^\w\s.,:#$€£%+])\s*$")  # before a number that stands by itself


class BodyLines(NamedTuple):
    """The lines of each page that are text, and an example of each line that was dropped."""

    pages: list[list[Line]]
    dropped: list[str]


class _Seen(NamedTuple):
    """A line at the edge of a page, with its numbers."""

    page: int
    text: str
    numbers: tuple[int, ...]


def without_furniture(pages: Sequence[Sequence[Line]]) -> BodyLines:
    """Drops running titles and page numbers; a page that holds nothing else stays as it is."""
    filled = [number for number, lines in enumerate(pages) if lines]
    seen: dict[str, list[_Seen]] = {}
    for number in filled:
        for key, line in _edges_that_repeat(pages[number]):
            seen.setdefault(key, []).append(_Seen(number, line.text, _numbers(line.text)))
    repeated = {key for key, found in seen.items() if _is_repeated(sorted({line.page for line in found}), filled)}
    dropped: set[tuple[int, str]] = set()
    furniture: list[_Seen] = []
    for key in seen if len(filled) >= FURNITURE_PAGES else ():
        if key in repeated:
            near = _with_neighbours(seen[key])
            found = [line for line, others in near if _is_furniture(line, others, len(pages))]
            dropped.update((line.page, line.text) for line in found)
            furniture += found[:1]
    kept = [_kept(lines, number, dropped, repeated) for number, lines in enumerate(pages)]
    return BodyLines(kept, [line.text for line in furniture if len(kept[line.page]) < len(pages[line.page])])


def _edges_that_repeat(lines: Sequence[Line]) -> list[tuple[str, Line]]:
    """The lines at the edges of a page that may be furniture, with their patterns.

    Those that stand inside the page too, such as rows of figures, and the names of a table's columns are not.
    """
    edges = _edges(lines)
    names = {_pattern(line) for line in edges if line.cells > MOST_PARTS and not DIGITS.search(line.text)}
    inside = {_pattern(line) for line in lines if line not in edges}
    return [(key, line) for line in edges if (key := _pattern(line)) not in names and key not in inside]


def _is_repeated(places: Sequence[int], filled: Sequence[int]) -> bool:
    """Tells if a line at the edges of the pages `places` is furniture; `filled` are all pages with text."""
    if len(places) >= FURNITURE_SHARE * len(filled):
        return True
    sides = {place % 2 for place in places}
    between = [page for page in filled if places[0] <= page <= places[-1] and page % 2 in sides]
    return len(places) >= FURNITURE_PAGES and len(places) >= RUNNING_SHARE * len(between)


def _with_neighbours(found: Sequence[_Seen]) -> Iterator[tuple[_Seen, list[_Seen]]]:
    """Each line with those of the same pattern on the pages near its own."""
    by_page: dict[int, list[_Seen]] = {}
    for line in found:
        by_page.setdefault(line.page, []).append(line)
    for line in found:
        around = (line.page + distance for distance in range(-NEAR, NEAR + 1) if distance)
        yield line, [other for page in around for other in by_page.get(page, ())]


def _is_furniture(line: _Seen, near: Sequence[_Seen], pages: int) -> bool:
    """Tells if each number of the line is that of its neighbours, or counts the pages."""
    worded = WORD.search(DIGITS.sub("", line.text))
    for place, found in enumerate(DIGITS.finditer(line.text)):
        before, after = line.text[: found.start()], line.text[found.end() :]
        value = line.numbers[place]
        steps = [(other.numbers[place] - value, other.page - line.page) for other in near]
        if sum(step == 0 for step, _ in steps) >= NEIGHBOURS or OUT_OF.search(before):
            continue
        counts = sum(step == distance for step, distance in steps) >= (NEIGHBOURS if worded else 1)
        label = PAGE_LABEL.search(before)
        if label and (counts or len(WORD.findall(label[0])[0]) > 2):
            continue
        if not counts or not _stands_alone(before, after, value, pages):
            return False
    return True


def _stands_alone(before: str, after: str, value: int, pages: int) -> bool:
    """Tells if a number, by its place in the line, is a page's and does not belong to the words beside it."""
    if LABEL.search(before):
        return False
    words = [word for word in WORD.findall(f"{before} {after}") if not PAGE_WORD.fullmatch(word)]
    if not words:
        return True
    if value > pages + AHEAD and len(words) < TITLE_WORDS:
        return False
    if LOWER.match(after):  # "3 months from the first of April on"
        return False
    return bool(PARTED.search(before)) or (len(words) >= TITLE_WORDS and not after.strip())


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(_number, DIGITS.findall(text)))


def _number(text: str) -> int:
    """The value of Arabic or Roman figures; one too long to count pages is told by its end."""
    if text[0] not in ROMAN:
        return int(text[-MOST_DIGITS:])
    values = [ROMAN[figure] for figure in text]
    pairs = zip(values, [*values[1:], 0], strict=True)
    return sum(-value if value < following else value for value, following in pairs)


def _kept(lines: Sequence[Line], page: int, dropped: Set[tuple[int, str]], repeated: Set[str]) -> list[Line]:
    """The lines that stay; all of them if the page holds nothing but what other pages hold too."""
    edges = _edges(lines)
    if all(line in edges and _pattern(line) in repeated for line in lines):
        return list(lines)
    return [line for line in lines if (page, line.text) not in dropped or line not in edges]


def _edges(lines: Iterable[Line]) -> list[Line]:
    by_height = sorted(lines, key=lambda line: line.baseline)
    return by_height[:EDGE_LINES] + by_height[EDGE_LINES:][-EDGE_LINES:]


def _pattern(line: Line) -> str:
    return DIGITS.sub("0", line.text)
