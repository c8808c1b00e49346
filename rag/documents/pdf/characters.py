"""The characters of a PDF's page, as PDFium gives them -> lines with their places.

In: a page and its text, which PDFium has loaded. Out: its pieces of text in PDFium's reading order, one or several a
line of the page, without those that nobody sees (unseen.py). It does not put them together (lines.py).
"""

from __future__ import annotations

import ctypes
import math
import re
import sys
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from rag.documents.pdf.lines import Line, Word, spaced
from rag.documents.pdf.nonsense import PRIVATE, is_nonsense, reads_as_text
from rag.documents.pdf.unseen import Judged, unseen_words
from rag.documents.receipt import Receipt
from rag.documents.wrapping import UNSPACED

DOWNWARDS = 3  # quarter turns of a line whose characters follow one another downwards
ANOTHER_LINE = 0.9  # of the size: how far below a line the next one begins at least
BOLD = 600  # font weight from which text is bold; 400 is regular, 700 bold, below 1 unknown
BOLD_NAME = re.compile(rb"bold|black|heavy|semibd", re.IGNORECASE)
SYMBOLS = {0xF0B7: "•", 0xF0A7: "▪", 0xF0D8: "➢", 0xF0FC: "✓"}  # bullets in the fonts Symbol and Wingdings
ASLANT = math.radians(8)  # scans are turned by less
ALL_DOUBLED = 0.7  # share of the characters; spaces are not drawn, and PDFium leaves out some by itself
DOUBLED = 0.5  # of a character's width: nearer to itself it is drawn twice; letters set close keep some 0.8
STACKED = 1.1  # of the size: letters of a vertical line follow one another more closely
UNSPACED_CHARACTER = re.compile(f"[{UNSPACED}]")  # of scripts that are written downwards
HYPHEN_AT_BREAK = 2  # what PDFium gives for it
MOST_UNKNOWN = 0.5  # share of a page's lines
NAME_BYTES = 128  # of a font's name that are looked at


class Characters(NamedTuple):
    """What the characters of a page make."""

    lines: list[Line]
    doubtful: bool = False  # its fonts do not say which characters their shapes are
    sense: bool | None = True  # False if they make no words, None if they are too few to tell
    unseen: int = 0  # characters that are left out, since nobody sees them


def page_characters(page: Any, text: Any, receipt: Receipt) -> Characters:
    """The lines of a page, and a judgement on their text: fonts may not know their characters, or know wrong ones."""
    found = list(_pieces(text))
    unseen = _unseen(page, text, found, receipt)
    pieces = [[character for character in piece if character.place not in unseen] for piece in found]
    pieces = [piece for piece in pieces if piece]
    lines = [line for piece in pieces for line in _lines(text, piece)]
    shown = "\n".join(line.text for line in lines)
    doubtful = _is_doubtful(text, pieces)
    sense = reads_as_text(shown) if doubtful else not is_nonsense(shown)
    return Characters(lines, doubtful, sense, len(unseen))


def _unseen(page: Any, text: Any, pieces: Sequence[Sequence[_Character]], receipt: Receipt) -> set[int]:
    """The places of the characters that are left out, since nobody sees them; signs alone stay, such as a box that is
    drawn and lies there as text too."""
    words = [(number, word) for number, piece in enumerate(pieces) for word in _words(piece)]
    judged = [Judged([each.place for each in word], not any(each.text.isalnum() for each in word)) for _, word in words]
    by_piece: dict[int, list[list[_Character]]] = {}
    for place in sorted(unseen_words(page, text, judged)):
        number, word = words[place]
        by_piece.setdefault(number, []).append(word)
    return {
        character.place
        for hidden in by_piece.values()
        if (said := " ".join("".join(character.text for character in word) for word in hidden))
        and any(map(str.isalnum, said))
        and receipt.hides(said)
        for word in hidden
        for character in word
    }


def _is_doubtful(page: Any, pieces: Sequence[Sequence[_Character]]) -> bool:
    from pypdfium2 import raw

    samples = [piece[len(piece) // 2] for piece in pieces]
    unknown = sum(
        raw.FPDFText_HasUnicodeMapError(page, place) == 1 or bool(PRIVATE.fullmatch(text)) for place, text in samples
    )
    return bool(unknown > MOST_UNKNOWN * len(samples))


class _Character(NamedTuple):
    place: int  # in PDFium's list of the page's characters
    text: str


def _pieces(page: Any) -> Iterator[list[_Character]]:
    """The page's characters, cut at line ends. They are asked for one by one: the bulk call drops all beyond UCS-2."""
    from pypdfium2 import raw

    piece: list[_Character] = []
    for index in range(raw.FPDFText_CountChars(page)):
        code = raw.FPDFText_GetUnicode(page, index)
        at_break = code == HYPHEN_AT_BREAK and raw.FPDFText_IsHyphen(page, index) == 1
        if at_break:
            piece.append(_Character(index, "-"))
        elif code not in (0x0A, 0x0D):
            piece.append(_Character(index, SYMBOLS.get(code) or chr(min(code, sys.maxunicode))))
            continue
        if piece:
            yield piece
        piece = []
    if piece:
        yield piece


def _lines(page: Any, piece: list[_Character]) -> Iterator[Line]:
    """The line that a piece is; several if PDFium ran together what stands one below the other."""
    words = _words(_once(page, piece))
    if not words:
        return
    size, turns = _size_and_turns(page, words)
    stacked = [character for word in words for character in word]
    if turns == DOWNWARDS and _angle(page, stacked[0].place) == 0 and _are_cells(page, stacked, size):
        for cell in _cells(page, words, size):
            yield _line(page, cell)
        return
    across = [_turned(*_origin(page, word[0].place), turns)[1] for word in (words[0], words[-1])]
    if abs(across[0] - across[1]) <= ANOTHER_LINE * size:
        yield _line(page, words)
        return
    begin = 0
    for place in range(1, len(words) + 1):
        if place < len(words):
            baseline = _turned(*_origin(page, words[place][0].place), turns)[1]
            if abs(baseline - across[0]) <= ANOTHER_LINE * size:
                continue
            across[0] = baseline
        yield _line(page, words[begin:place])
        begin = place


def _are_cells(page: Any, stacked: Sequence[_Character], size: float) -> bool:
    """Tells if upright characters one below the other are cells of a column, such as figures, and no vertical line."""
    if any(UNSPACED_CHARACTER.match(character.text) for character in stacked):
        return False
    heights = [_origin(page, character.place)[1] for character in stacked]
    steps = [above - below for above, below in pairwise(heights)]
    return any(character.text.isdecimal() for character in stacked) or min(steps, default=0) > STACKED * size


def _cells(page: Any, words: Sequence[Sequence[_Character]], size: float) -> Iterator[list[list[_Character]]]:
    """The words of each height; what stands one below the other is no word, even without a space."""
    cell: list[list[_Character]] = []
    height = _origin(page, words[0][0].place)[1]
    for word in words:
        for place, character in enumerate(word):
            found = _origin(page, character.place)[1]
            if abs(found - height) > ANOTHER_LINE * size / 2:
                yield cell
                cell, height = [[]], found
            elif not place:
                cell.append([])
            cell[-1].append(character)
    yield cell


def _size_and_turns(page: Any, words: list[list[_Character]]) -> tuple[float, int]:
    size = _look(page, words[0][0].place).size
    return size, _turns(page, words[0][0].place, words[-1][-1].place, size)


def _line(page: Any, words: list[list[_Character]]) -> Line:
    seen = [character for word in words for character in word]
    samples = [_look(page, seen[which].place) for which in (0, len(seen) // 2, -1)]
    size = sorted(sample.size for sample in samples)[1]
    turns = _turns(page, seen[0].place, seen[-1].place, size)
    spans = [(_span(page, word[0].place, turns)[0], _span(page, word[-1].place, turns)[1]) for word in words]
    texts = ["".join(character.text for character in word) for word in words]
    text, cells = spaced(texts, spans, size)
    baseline = _turned(*_origin(page, seen[0].place), turns)[1]
    bold = all(sample.bold for sample in samples)
    placed = tuple(Word(*span, text) for span, text in zip(spans, texts, strict=True))
    left, right = min(spans)[0], max(end for _, end in spans)
    vertical = turns == DOWNWARDS and _angle(page, seen[0].place) == 0
    upright = turns == 0 and not _is_aslant(page, seen[0].place)
    return Line(text, left, right, baseline, size, bold, cells, upright, vertical, placed)


def _once(page: Any, piece: list[_Character]) -> list[_Character]:
    """The characters without those that are drawn twice, a little beside themselves, to look bold.

    All of them are, or none: two that lie one upon the other may be the halves of a ligature.
    """
    pairs = [place for place in range(1, len(piece)) if piece[place].text == piece[place - 1].text]
    if len(pairs) < ALL_DOUBLED * len(piece) / 2:
        return piece
    twice = {place for place in pairs if _overlap(page, piece[place - 1], piece[place])}
    if len(twice) < ALL_DOUBLED * len(piece) / 2:
        return piece
    return [character for place, character in enumerate(piece) if place not in twice]


def _overlap(page: Any, first: _Character, second: _Character) -> bool:
    (x, y), (other_x, other_y) = _origin(page, first.place), _origin(page, second.place)
    begin, end = _span(page, first.place, _angle(page, first.place))
    return math.hypot(other_x - x, other_y - y) < DOUBLED * (end - begin)


def _words(piece: Sequence[_Character]) -> list[list[_Character]]:
    words: list[list[_Character]] = [[]]
    for character in piece:
        if character.text.isspace():
            words.append([])
        else:
            words[-1].append(character)
    return [word for word in words if word]


class _Look(NamedTuple):
    size: float
    bold: bool


def _look(page: Any, index: int) -> _Look:
    from pypdfium2 import raw

    matrix = raw.FS_MATRIX()
    raw.FPDFText_GetMatrix(page, index, matrix)
    size = raw.FPDFText_GetFontSize(page, index) * math.hypot(matrix.c, matrix.d)
    weight = raw.FPDFText_GetFontWeight(page, index)
    return _Look(max(size, 1.0), weight >= BOLD if weight > 0 else _has_bold_name(page, index))


def _has_bold_name(page: Any, index: int) -> bool:
    from pypdfium2 import raw

    name = ctypes.create_string_buffer(NAME_BYTES)
    raw.FPDFText_GetFontInfo(page, index, name, NAME_BYTES, ctypes.c_int())
    return bool(BOLD_NAME.search(name.value))


def _turns(page: Any, first: int, last: int, size: float) -> int:
    """Quarter turns to the left by which a line is rotated; text set downwards counts as rotated to the right."""
    (start_x, start_y), (end_x, end_y) = _origin(page, first), _origin(page, last)
    if abs(end_y - start_y) > max(size, abs(end_x - start_x)):
        return 1 if end_y > start_y else DOWNWARDS
    return 2 if _angle(page, first) == 2 else 0


def _angle(page: Any, index: int) -> int:
    """Quarter turns by which a character is rotated."""
    from pypdfium2 import raw

    return int(round(raw.FPDFText_GetCharAngle(page, index) / (math.pi / 2)) % 4)


def _is_aslant(page: Any, index: int) -> bool:
    """Tells if a character stands neither upright nor turned by quarters, as those of watermarks do."""
    from pypdfium2 import raw

    turned = raw.FPDFText_GetCharAngle(page, index) % (math.pi / 2)
    return bool(min(turned, math.pi / 2 - turned) > ASLANT)


def _origin(page: Any, index: int) -> tuple[float, float]:
    from pypdfium2 import raw

    x, y = ctypes.c_double(), ctypes.c_double()
    raw.FPDFText_GetCharOrigin(page, index, x, y)
    return x.value, y.value


def _span(page: Any, index: int, turns: int) -> tuple[float, float]:
    """The places, in points, at which a character begins and ends along its line."""
    from pypdfium2 import raw

    box = raw.FS_RECTF()
    raw.FPDFText_GetLooseCharBox(page, index, box)
    ends = (_turned(box.left, box.bottom, turns)[0], _turned(box.right, box.top, turns)[0])
    return min(ends), max(ends)


def _turned(x: float, y: float, turns: int) -> tuple[float, float]:
    """The point as it lies when text rotated by that many quarter turns is turned upright: along, across the line."""
    return ((x, y), (y, -x), (-x, -y), (-y, x))[turns]
