"""The text of a page, as the document has it -> the character on the page that each of its characters is.

In: the text of a page and its glyphs. Out: a number of a glyph for each character, or none. Pure. Readers put lines
together, drop running heads, take columns and tables apart and join words that were cut at a line's end; so whole
lines are looked for first, those that are there once before those whose neighbours tell which one they are, then
stretches of words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from rag.originals.glyphs import Glyph

NONE = -1
_LEFT_OUT = re.compile(r"\s|(?<!\S)\|(?!\S)")  # white space, and the borders between cells, which nobody drew
_TELLING = 4  # characters of a line that are enough to tell it from others
_NEAR = 400  # characters: how far from its neighbours a shorter stretch is looked for
_MOST_TRIED = 100  # places of a stretch that occurs often


def aligned(text: str, glyphs: Sequence[Glyph]) -> list[int]:
    """Numbers of the glyphs, one for each character of the text; `NONE` for white space and what is not on the page."""
    return _Alignment(text, glyphs).numbers()


class _Alignment:
    """A text and a page, without white space, of which more and more is found to be the same."""

    def __init__(self, text: str, glyphs: Sequence[Glyph]) -> None:
        left_out = {found.start() for found in _LEFT_OUT.finditer(text)}
        self._length = len(text)
        self._places = [place for place in range(len(text)) if place not in left_out]
        self._text = "".join(text[place] for place in self._places)
        self._taken = bytearray(len(self._text))
        self._glyph_of = [NONE] * len(self._text)
        self._words = [_words(line, glyphs) for line in _lines(glyphs)]
        self._glyphs = glyphs
        self._spans: dict[int, tuple[int, int]] = {}  # where lines stand in the text

    def numbers(self) -> list[int]:
        """The result, after everything was looked for."""
        self._unique_lines()
        self._neighbours()
        for line in range(len(self._words)):
            if line not in self._spans:
                self._stretches(line)
        found = [NONE] * self._length
        for place, glyph in zip(self._places, self._glyph_of, strict=True):
            found[place] = glyph
        return found

    def _unique_lines(self) -> None:
        texts = [self._string(words) for words in self._words]
        often = Counter(texts)
        for line, text in enumerate(texts):
            for form in _forms(text):
                first = self._text.find(form)
                if len(form) >= _TELLING and often[text] == 1 and first >= 0 and self._text.find(form, first + 1) < 0:
                    self._take_line(line, first, len(form))
                    break

    def _neighbours(self) -> None:
        """Lines that stand directly behind or before one that was found, as on the page."""
        for lines, step in ((range(len(self._words)), -1), (range(len(self._words) - 1, -1, -1), 1)):
            for line in lines:
                beside = self._spans.get(line + step)
                if line in self._spans or beside is None:
                    continue
                for form in _forms(self._string(self._words[line])):
                    start = beside[1] if step < 0 else beside[0] - len(form)
                    if start >= 0 and self._text.startswith(form, start) and self._take_line(line, start, len(form)):
                        break

    def _stretches(self, line: int) -> None:
        """The longest stretches of a line's words that are in the text."""
        words = self._words[line]
        expected = self._expected(line)
        first, begin, end = 0, None, expected
        while first < len(words):
            last = self._longest(words, first)
            for behind in range(last, first, -1):
                found = self._nearest(self._string(words[first:behind]), end)
                if found is not None:
                    start, length = found
                    self._take(words[first:behind], start, length)
                    begin, end, first = start if begin is None else begin, start + length, behind
                    break
            else:
                first += 1
        if begin is not None:
            self._spans[line] = (begin, end)

    def _longest(self, words: Sequence[Sequence[int]], first: int) -> int:
        """The number behind the last word of the longest stretch that is in the text; `first` if its word is not."""
        text = ""
        for number in range(first, len(words)):
            text += self._string(words[number : number + 1])
            if all(form not in self._text for form in _forms(text)):
                return number
        return len(words)

    def _nearest(self, text: str, expected: int) -> tuple[int, int] | None:
        """The start and length of the text at the nearest free place; None if there is none, or none near if the text
        is short."""
        for form in _forms(text):
            near = 0 if len(form) >= 2 * _TELLING else max(0, expected - _NEAR)
            most = len(self._text) if len(form) >= 2 * _TELLING else expected + _NEAR
            free = [at for at in self._occurrences(form, near, most) if self._taken.find(1, at, at + len(form)) < 0]
            if free:
                return min(free, key=lambda at: at - expected if at >= expected else 2 * (expected - at)), len(form)
        return None

    def _occurrences(self, text: str, start: int, end: int) -> Iterator[int]:
        for _ in range(_MOST_TRIED):
            start = self._text.find(text, start, end)
            if start < 0:
                return
            yield start
            start += 1

    def _expected(self, line: int) -> int:
        """The place in the text behind the nearest line above that was found."""
        above = max((found for found in self._spans if found < line), default=None)
        return self._spans[above][1] if above is not None else 0

    def _take_line(self, line: int, start: int, length: int) -> bool:
        """Notes where a line stands; False if something else stands there."""
        if self._taken.find(1, start, start + length) >= 0:
            return False
        self._take(self._words[line], start, length)
        self._spans[line] = (start, start + length)
        return True

    def _take(self, words: Sequence[Sequence[int]], start: int, length: int) -> None:
        glyphs = [glyph for word in words for glyph in word][:length]
        self._glyph_of[start : start + length] = glyphs
        self._taken[start : start + length] = b"\1" * length

    def _string(self, words: Sequence[Sequence[int]]) -> str:
        return "".join(self._glyphs[number].text for word in words for number in word)


def _lines(glyphs: Sequence[Glyph]) -> list[list[int]]:
    return [list(line) for _, line in groupby(range(len(glyphs)), key=lambda number: glyphs[number].line)]


def _words(line: Sequence[int], glyphs: Sequence[Glyph]) -> list[list[int]]:
    return [list(word) for _, word in groupby(line, key=lambda number: glyphs[number].word)]


def _forms(text: str) -> list[str]:
    """The text, and without the hyphen at its end, which a word that was cut there loses."""
    return [text, text[:-1]] if len(text) > 1 and text[-1] in "-\u2010" else [text]
