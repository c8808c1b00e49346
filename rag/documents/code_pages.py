"""Bytes of a Western text -> the code page of DOS or the Macintosh that they are in, which no single byte shows.

In: bytes that are no UTF-8. Out: the code page in which accented letters stand in words as letters do, and lines of
boxes as lines; None if Windows-1252 fits as well, or none does. Other scripts are for encoding.py to tell.
"""

from __future__ import annotations

import re

CODE_PAGES = ("cp850", "cp437", "mac_roman")
WINDOWS = "cp1252"
NOT_ASCII = re.compile("[^\x00-\x7f]")
NO_LETTERS = frozenset("ƒªº")
EITHER_CASE = frozenset("ß")
BETWEEN_LETTERS = frozenset("’·-–")  # signs that words hold
MEASURES = frozenset("°±²³½¼")
BORDERS = frozenset("│║")  # words may stand beside them
LINES = BORDERS | frozenset("─═")  # that go on
SHADES = frozenset("░▒▓█▀▄▌▐")
BOXES = re.compile("[\u2500-\u259f]")
LEAST_FIT = 0.6  # of the characters that are not ASCII
MARGIN = 0.4  # by which the code page must fit better


def code_page_of(data: bytes) -> str | None:
    """The code page that the bytes are in, None for any other encoding."""
    best = max(CODE_PAGES, key=lambda name: _fit(data, name))
    fit = _fit(data, best)
    return best if fit >= LEAST_FIT and fit >= _fit(data, WINDOWS) + MARGIN else None


def is_latin(data: bytes) -> bool:
    """Tells if what is not ASCII stands among the letters of ASCII as accented letters do in Windows-1252."""
    return _fit(data, WINDOWS) >= LEAST_FIT


def _fit(data: bytes, encoding: str) -> float:
    """The mean over all characters that are not ASCII: 1 if it stands as it should, -1 if it cannot, 0 if it may."""
    text = data.decode(encoding, errors="replace")
    places = [found.start() for found in NOT_ASCII.finditer(text)]
    marks = [_mark(text[max(0, place - 1) : place], text[place], text[place + 1 : place + 2]) for place in places]
    return sum(marks) / len(marks) if marks else 0.0


def _mark(before: str, character: str, after: str) -> int:
    if BOXES.match(character):
        return _mark_of_line(before, character, after)
    if character in MEASURES:
        return 1 if not after.isalpha() or after in "CF" else -1
    beside = [letter for letter in (before, after) if letter.isascii() and letter.isalpha()]
    if not character.isalpha() or character in NO_LETTERS:
        return -1 if len(beside) == 2 and character not in BETWEEN_LETTERS else 0
    if not beside:
        return 0
    if character in EITHER_CASE:
        return 1
    if character.isupper():
        return -1 if before.islower() else 1
    return -1 if after.isupper() else 1


def _mark_of_line(before: str, character: str, after: str) -> int:
    """The mark of a character of a box: lines go on in lines, and shades in shades."""
    beside = [other for other in (before, after) if other.strip()]
    if character in SHADES:
        return 1 if character in beside else -1
    lined = all(BOXES.match(other) and (character in LINES or other in LINES) for other in beside)
    if lined and (beside or character in BORDERS):
        return 1
    return 0 if character in BORDERS else -1
