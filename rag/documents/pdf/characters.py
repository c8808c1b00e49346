"""The characters of a PDF's page, as PDFium gives them -> lines with their places.

In: a page and its text, which PDFium has loaded. Out: its pieces of text in PDFium's reading order, one or several a
line of the page, without those that nobody sees (unseen.py). It does not put them together (lines.py).
"""

from __future__ import annotations

import ctypes
import math
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, compress, pairwise
from operator import not_
from typing import Any, NamedTuple

from rag.documents.pdf.lines import Line, Word, spaced
from rag.documents.pdf.nonsense import PRIVATE, is_nonsense, reads_as_text
from rag.documents.pdf.shifted import may_be_shifted, shifted_text
from rag.documents.pdf.unseen import Judged, unseen_words
from rag.documents.receipt import Receipt
from rag.documents.wrapping import UNSPACED

DOWNWARDS = 3  # quarter turns of a line whose characters follow one another downwards
ANOTHER_LINE = 0.9  # of the size: how far below a line the next one begins at least
BOLD = 600  # font weight from which text is bold; 400 is regular, 700 bold, below 1 unknown
BOLD_NAME = re.compile(rb"bold|black|heavy|semibd", re.IGNORECASE)
LINE_END = re.compile("[\n\r\x02]")
HYPHEN_AT_BREAK = "\x02"  # what PDFium gives for it
UNTOLD = re.compile("\ufffe")  # what it gives for that and for characters without a code, if asked for all at once
WORD = re.compile(r"\S+")
SYMBOLS = {0xF0B7: "•", 0xF0A7: "▪", 0xF0D8: "➢", 0xF0FC: "✓"}  # bullets in the fonts Symbol and Wingdings
ASLANT = math.radians(8)  # scans are turned by less
ALL_DOUBLED = 0.7  # share of the characters; spaces are not drawn, and PDFium leaves out some by itself
DOUBLED = 0.5  # of a character's width: nearer to itself it is drawn twice; letters set close keep some 0.8
STACKED = 1.1  # of the size: letters of a vertical line follow one another more closely
UNSPACED_CHARACTER = re.compile(f"[{UNSPACED}]")  # of scripts that are written downwards
MOST_UNKNOWN = 0.5  # share of a page's lines
MANY_UNKNOWN = 40  # letters of the others; formulas and labels have fewer
NAME_BYTES = 128  # of a font's name that are looked at


class Characters(NamedTuple):
    """Text and places that the characters of a page make."""

    lines: list[Line]
    doubtful: bool = False  # its fonts do not say which characters their shapes are
    sense: bool | None = True  # False if they make no words, None if they are too few to tell
    partly: bool = False  # lines that make no words were left out
    unseen: int = 0  # characters that are left out, since nobody sees them


def page_characters(page: Any, text: Any, receipt: Receipt) -> Characters:
    """The lines of a page, and a judgement on their text: fonts may not know their characters, or know wrong ones."""
    glyphs = PageCharacters(text)
    whole = list(_pieces(glyphs))
    unseen = _unseen(page, text, whole, receipt)
    pieces = [piece for piece in (_without(piece, unseen) for piece in whole) if piece.text]
    unknown = [_is_unknown(glyphs, piece) for piece in pieces]
    lines = [list(_lines(glyphs, piece)) for piece in pieces]
    found = list(chain.from_iterable(lines))
    shown = _text(found)
    doubtful = sum(unknown) > MOST_UNKNOWN * len(pieces)
    sense = reads_as_text(shown) if doubtful else not is_nonsense(shown)
    if sense and _makes_no_words(_text(chain.from_iterable(compress(lines, unknown)))):
        found = list(chain.from_iterable(compress(lines, map(not_, unknown))))
        return Characters(found, partly=True, unseen=len(unseen))
    return Characters(found, doubtful, sense, unseen=len(unseen))


def _unseen(page: Any, text: Any, pieces: Sequence[_Run], receipt: Receipt) -> set[int]:
    """The places of the characters that are left out, since nobody sees them; signs alone stay, such as a box that is
    drawn and lies there as text too."""
    words = [
        (number, piece.part(*word.span())) for number, piece in enumerate(pieces) for word in WORD.finditer(piece.text)
    ]
    judged = [Judged(list(word.places), not any(map(str.isalnum, word.text))) for _, word in words]
    by_piece: dict[int, list[_Run]] = {}
    for place in sorted(unseen_words(page, text, judged)):
        number, word = words[place]
        by_piece.setdefault(number, []).append(word)
    return {
        place
        for hidden in by_piece.values()
        if (said := " ".join(word.text for word in hidden)) and any(map(str.isalnum, said)) and receipt.hides(said)
        for word in hidden
        for place in word.places
    }


def _without(piece: _Run, left_out: set[int]) -> _Run:
    """The piece without the characters at these places."""
    if left_out.isdisjoint(piece.places):
        return piece
    kept = [number for number, place in enumerate(piece.places) if place not in left_out]
    return _Run("".join(piece.text[number] for number in kept), [piece.places[number] for number in kept])


def _text(lines: Iterable[Line]) -> str:
    return "\n".join(line.text for line in lines)


def _makes_no_words(text: str) -> bool:
    """Tells if the text of the lines whose font does not know their characters is clearly none."""
    return sum(map(str.isalpha, text)) >= MANY_UNKNOWN and reads_as_text(text) is False


class _Run(NamedTuple):
    """Characters that follow one another, with their places in PDFium's list of the page's characters."""

    text: str
    places: Sequence[int]

    def part(self, begin: int, end: int) -> _Run:
        """The characters from one to before another."""
        return _Run(self.text[begin:end], self.places[begin:end])


class PageCharacters:
    """Characters of a page as PDFium tells them, each by its index. Its answers go into the same few objects."""

    def __init__(self, page: Any) -> None:
        from pypdfium2 import raw

        self._page = page
        self._raw = raw
        self._box = raw.FS_RECTF()
        self._matrix = raw.FS_MATRIX()
        self._x, self._y = ctypes.c_double(), ctypes.c_double()

    def text(self) -> str:
        """The page's characters, as many as there are places."""
        raw = self._raw
        count = raw.FPDFText_CountChars(self._page)
        units = (ctypes.c_ushort * (count + 1))()
        told = raw.FPDFText_GetText(self._page, 0, count, units)
        text = bytes(units)[: 2 * max(told - 1, 0)].decode("utf-16-le", "surrogatepass")
        if len(text) == count:
            return UNTOLD.sub(lambda found: self._character(found.start()), text)
        return "".join(map(self._character, range(count)))  # some are beyond 16 bits, or have no code

    def is_hyphen(self, place: int) -> bool:
        """Tells if a character is a hyphen at the end of a line."""
        return bool(self._raw.FPDFText_IsHyphen(self._page, place) == 1)

    def has_no_code(self, place: int) -> bool:
        """Tells if the font does not say which character it shows."""
        return bool(self._raw.FPDFText_HasUnicodeMapError(self._page, place) == 1)

    def origin(self, place: int) -> tuple[float, float]:
        """The point on the baseline at which a character begins."""
        self._raw.FPDFText_GetCharOrigin(self._page, place, self._x, self._y)
        return self._x.value, self._y.value

    def span(self, place: int, turns: int) -> tuple[float, float]:
        """The places, in points, at which a character begins and ends along its line."""
        return self.extent(place, turns)[:2]

    def extent(self, place: int, turns: int) -> tuple[float, float, float]:
        """The places, in points, at which a character begins and ends along its line, and its height across it."""
        box = self._box
        self._raw.FPDFText_GetLooseCharBox(self._page, place, box)
        if turns == 0:
            return box.left, box.right, box.top - box.bottom
        (begin, low), (end, high) = _turned(box.left, box.bottom, turns), _turned(box.right, box.top, turns)
        return (begin, end, abs(high - low)) if begin <= end else (end, begin, abs(high - low))

    def box(self, place: int) -> tuple[float, float, float, float]:
        """Left, bottom, right and top of what is drawn of a character, in points of the file's own page."""
        left, right, bottom, top = (ctypes.c_double() for _ in range(4))
        self._raw.FPDFText_GetCharBox(self._page, place, left, right, bottom, top)
        return left.value, bottom.value, right.value, top.value

    def look(self, place: int) -> _Look:
        """The looks of a character."""
        raw, page, matrix = self._raw, self._page, self._matrix
        raw.FPDFText_GetMatrix(page, place, matrix)
        size = raw.FPDFText_GetFontSize(page, place) * math.hypot(matrix.c, matrix.d)
        weight = raw.FPDFText_GetFontWeight(page, place)
        return _Look(max(size, 1.0), weight >= BOLD if weight > 0 else self._has_bold_name(place))

    def angle(self, place: int) -> float:
        """The angle by which a character is rotated, in radians."""
        return float(self._raw.FPDFText_GetCharAngle(self._page, place))

    def turns(self, place: int) -> int:
        """The quarter turns by which a character is rotated."""
        return int(round(self.angle(place) / (math.pi / 2)) % 4)

    def _character(self, place: int) -> str:
        return chr(min(self._raw.FPDFText_GetUnicode(self._page, place), sys.maxunicode))

    def _has_bold_name(self, place: int) -> bool:
        name = ctypes.create_string_buffer(NAME_BYTES)
        self._raw.FPDFText_GetFontInfo(self._page, place, name, NAME_BYTES, ctypes.c_int())
        return bool(BOLD_NAME.search(name.value))


class _Look(NamedTuple):
    size: float
    bold: bool


def _is_unknown(glyphs: PageCharacters, piece: _Run) -> bool:
    """Tells if the font of a piece does not say which characters it shows, as far as the one in the middle tells."""
    middle = len(piece.text) // 2
    return glyphs.has_no_code(piece.places[middle]) or bool(PRIVATE.fullmatch(piece.text[middle]))


def _pieces(glyphs: PageCharacters) -> Iterator[_Run]:
    """The page's characters, cut at line ends. They are asked for at once, which is 20 times as fast as one by one."""
    text = glyphs.text().translate(SYMBOLS)
    begin = 0
    for found in [*LINE_END.finditer(text), None]:
        end = len(text) if found is None else found.start()
        if found is not None and found[0] == HYPHEN_AT_BREAK:
            if glyphs.is_hyphen(end):
                yield _Run(f"{text[begin:end]}-", range(begin, end + 1))
                begin = end + 1
            continue
        if end > begin:
            yield _Run(text[begin:end], range(begin, end))
        begin = end + 1


def _lines(glyphs: PageCharacters, piece: _Run) -> Iterator[Line]:
    """The line that a piece is; several if PDFium ran together what stands one below the other."""
    words = _words(_once(glyphs, piece))
    if not words:
        return
    first, last = words[0].places[0], words[-1].places[-1]
    size = glyphs.look(first).size
    turns = _turns(glyphs, first, last, size)
    if turns == DOWNWARDS and glyphs.turns(first) == 0 and _are_cells(glyphs, words, size):
        for cell in _cells(glyphs, words, size):
            yield _line(glyphs, cell)
        return
    across = [_turned(*glyphs.origin(word.places[0]), turns)[1] for word in (words[0], words[-1])]
    if abs(across[0] - across[1]) <= ANOTHER_LINE * size:
        yield _line(glyphs, words)
        return
    begin = 0
    for place in range(1, len(words) + 1):
        if place < len(words):
            baseline = _turned(*glyphs.origin(words[place].places[0]), turns)[1]
            if abs(baseline - across[0]) <= ANOTHER_LINE * size:
                continue
            across[0] = baseline
        yield _line(glyphs, words[begin:place])
        begin = place


def _are_cells(glyphs: PageCharacters, words: Sequence[_Run], size: float) -> bool:
    """Tells if upright characters one below the other are cells of a column, such as figures, and no vertical line."""
    if any(UNSPACED_CHARACTER.search(word.text) for word in words):
        return False
    heights = [glyphs.origin(place)[1] for word in words for place in word.places]
    steps = [above - below for above, below in pairwise(heights)]
    return any(map(str.isdecimal, "".join(word.text for word in words))) or min(steps, default=0) > STACKED * size


def _cells(glyphs: PageCharacters, words: Sequence[_Run], size: float) -> Iterator[list[_Run]]:
    """The words of each height; what stands one below the other is no word, even without a space."""
    cell: list[_Run] = []
    height = glyphs.origin(words[0].places[0])[1]
    for word in words:
        begin = 0
        for at, place in enumerate(word.places):
            found = glyphs.origin(place)[1]
            if abs(found - height) > ANOTHER_LINE * size / 2:
                if at > begin:
                    cell.append(word.part(begin, at))
                yield cell
                cell, height, begin = [], found, at
        cell.append(word.part(begin, len(word.text)))
    yield cell


def _line(glyphs: PageCharacters, words: Sequence[_Run]) -> Line:
    seen = [place for word in words for place in (word.places[0], word.places[-1])]
    samples = [glyphs.look(place) for place in (seen[0], _middle(words), seen[-1])]
    size = sorted(sample.size for sample in samples)[1]
    turns = _turns(glyphs, seen[0], seen[-1], size)
    spans, texts = [], []
    for word in words:
        begin, _, first = glyphs.extent(word.places[0], turns)
        _, end, last = glyphs.extent(word.places[-1], turns)
        spans.append((begin, end))
        texts.append(_shifted(glyphs, word, turns) if may_be_shifted(word.text, first, last) else word.text)
    text, cells = spaced(texts, spans, size)
    baseline = _turned(*glyphs.origin(seen[0]), turns)[1]
    bold = all(sample.bold for sample in samples)
    placed = tuple(Word(*span, text) for span, text in zip(spans, texts, strict=True))
    left, right = min(spans)[0], max(end for _, end in spans)
    upwards = glyphs.turns(seen[0]) == 0
    vertical = turns == DOWNWARDS and upwards
    upright = turns == 0 and not _is_aslant(glyphs, seen[0])
    return Line(text, left, right, baseline, size, bold, cells, upright, vertical, placed)


def _shifted(glyphs: PageCharacters, word: _Run, turns: int) -> str:
    heights = [glyphs.extent(place, turns)[2] for place in word.places]
    return shifted_text(word.text, heights, [_turned(*glyphs.origin(place), turns)[1] for place in word.places])


def _middle(words: Sequence[_Run]) -> int:
    """The place of the character in the middle of the words."""
    middle = sum(len(word.text) for word in words) // 2
    for word in words:
        if middle < len(word.text):
            return word.places[middle]
        middle -= len(word.text)
    raise AssertionError("words hold characters")


def _once(glyphs: PageCharacters, piece: _Run) -> _Run:
    """The characters without those that are drawn twice, a little beside themselves, to look bold.

    All of them are, or none: two that lie one upon the other may be the halves of a ligature.
    """
    text, places = piece
    pairs = [at for at in range(1, len(text)) if text[at] == text[at - 1]]
    if len(pairs) < ALL_DOUBLED * len(text) / 2:
        return piece
    twice = {at for at in pairs if _overlap(glyphs, places[at - 1], places[at])}
    if len(twice) < ALL_DOUBLED * len(text) / 2:
        return piece
    kept = [at for at in range(len(text)) if at not in twice]
    return _Run("".join(text[at] for at in kept), [places[at] for at in kept])


def _overlap(glyphs: PageCharacters, first: int, second: int) -> bool:
    (x, y), (other_x, other_y) = glyphs.origin(first), glyphs.origin(second)
    begin, end = glyphs.span(first, glyphs.turns(first))
    return math.hypot(other_x - x, other_y - y) < DOUBLED * (end - begin)


def _words(piece: _Run) -> list[_Run]:
    return [piece.part(*found.span()) for found in WORD.finditer(piece.text)]


def _turns(glyphs: PageCharacters, first: int, last: int, size: float) -> int:
    """Quarter turns to the left by which a line is rotated; text set downwards counts as rotated to the right."""
    (start_x, start_y), (end_x, end_y) = glyphs.origin(first), glyphs.origin(last)
    if abs(end_y - start_y) > max(size, abs(end_x - start_x)):
        return 1 if end_y > start_y else DOWNWARDS
    return 2 if glyphs.turns(first) == 2 else 0


def _is_aslant(glyphs: PageCharacters, place: int) -> bool:
    """Tells if a character stands neither upright nor turned by quarters, as those of watermarks do."""
    turned = glyphs.angle(place) % (math.pi / 2)
    return min(turned, math.pi / 2 - turned) > ASLANT


def _turned(x: float, y: float, turns: int) -> tuple[float, float]:
    """The point as it lies when text rotated by that many quarter turns is turned upright: along, across the line."""
    if turns == 0:
        return x, y
    return ((x, y), (y, -x), (-x, -y), (-y, x))[turns]
