"""Raised and lowered text (superscripts, subscripts) -> the forms that plain text has for it.

In: the runs of a paragraph with their shifts, as a reader found them. Out: one text, in which no value changes: 10^6,
m^2, x_2, CO2, 1/2, 19th; a mark that points to a note is told from an exponent and stands in brackets: "the harbour
[3]". It is judged by what stands beside it alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

RAISED, LOWERED = 1, -1
BESIDE = 100  # characters before that are looked at
LONGEST = 24  # characters; longer text is set high for another reason
PLAIN = re.compile(r"[+\-\u2212]*[\w.,*′″∗]*[+\-\u2212]*")  # needs no brackets behind ^ or _
ORDINALS = frozenset("st nd rd th er ère ere re e è ème eme ième o a os as te ter de ste mo ma n°".split())
ORDINAL_SIGNS = {"o": "º", "a": "ª"}
DEGREE = re.compile(r"\s?[CFK]\b")
UNITS = frozenset(
    "m mm cm dm km nm µm μm ft yd mi sq in inch s ms min h hr d kg g mg lb A K mol Pa N J W V Hz L l px cd rad sr au "
    "pc sin cos tan cot sec csc log ln exp det dx dy dz dt".split()
)
NOTE = re.compile(r"\d{1,3}[a-z]?(?:\s?[,;–-]\s?\d{1,3}[a-z]?)*|[a-z]|[ivx]{1,5}")
IN_BRACKETS = re.compile(r"\(\w{1,3}\)|\[\w{1,3}\]")  # a note; above the name of a variable, a power
VARIABLE = re.compile(r"(?<![^\W_])[^\W\d_]\Z")
WORD = re.compile(r"(?<![^\W\d_])[^\W\d_]+\Z")
TERM = re.compile(r"(?:\d|[=+×·⋅*/÷<>≤≥±]\s*)[^\W\d_]{1,3}\Z")  # letters of an equation: "= mc", "3ab"
# 1856, 12.5, 12,500.75, 12 500; also with the comma or full stop behind it
NUMBER = re.compile(r"(?<![\d.])((?:\d{1,3}(?:['\u00a0\u202f ]\d{3})++|\d++)(?:[.,]\d++)*+[.,]?+)\Z")
LONGEST_NUMBER = 40  # characters that are looked at for it
LONGEST_BASE = 3  # digits; 10^6 and 2^16 are powers, a small figure above 1856 or 12,500 points to a note
TERM_IN_BRACKETS = re.compile(r"\([^()]*[^\W\d_]{3,}[^()]*\)\Z")
ELEMENT = (
    "(?:H|He|Li|Be|B|C|N|O|F|Ne|Na|Mg|Al|Si|P|S|Cl|Ar|K|Ca|Ti|V|Cr|Mn|Fe|Co|Ni|Cu|Zn|Br|Sr|Ag|Cd|Sn|I|Ba|Pt|Au|Hg|Pb|U)"
)
FORMULA = re.compile(rf"(?:{ELEMENT}\d*)+")
MOLECULES = frozenset({"H", "O", "N", "F", "Cl", "Br"})  # elements of which two atoms go together
FORMULA_BEFORE = re.compile(r"(?<![A-Za-z()\d])[A-Za-z()\d]+\Z")
FORMULA_AFTER = re.compile(r"[A-Za-z()\d]*")
SLASH = re.compile(r"\s*[/\u2044\u2215]\s*")


class TextRun(NamedTuple):
    """Text of one kind: `shift` is `RAISED`, `LOWERED`, or 0 on the line."""

    text: str
    shift: int = 0


def joined_runs(runs: Iterable[TextRun]) -> str:
    """The text of a paragraph, e.g. [("10",), ("6", RAISED)] -> "10^6"."""
    runs = list(runs)
    if not any(run.shift for run in runs):
        return "".join(run.text for run in runs)
    parts = list(_merged(piece for run in _merged(runs) for piece in _trimmed(run)))
    if all(part.shift or not part.text.strip() for part in parts):  # nothing to be raised above
        return "".join(part.text for part in parts)
    written: list[str] = []
    before = ""  # the end of what is written
    place = 0
    while place < len(parts):
        text, shift = parts[place]
        rest = parts[place + 1 : place + 3]
        if shift == RAISED and _is_fraction(text, rest):
            text = (" " if before[-1:].isdigit() else "") + f"{text.strip()}/{rest[1].text.strip()}"
            place += 2
        elif shift:
            text = _written(before, text, shift, rest)
        written.append(text)
        before = (before + text[-BESIDE:])[-BESIDE:]
        place += 1
    return "".join(written)


def _merged(runs: Iterable[TextRun]) -> Iterator[TextRun]:
    """Runs of one shift as one."""
    text, shift = "", 0
    for run in runs:
        if run.shift != shift and run.text:
            yield TextRun(text, shift)
            text, shift = "", run.shift
        text += run.text
    yield TextRun(text, shift)


def _trimmed(run: TextRun) -> Iterator[TextRun]:
    """The run without its outer white space, which stands on the line."""
    inner = run.text.strip() if run.shift else run.text
    start = run.text.index(inner)
    yield TextRun(run.text[:start])
    yield TextRun(inner, run.shift if inner else 0)
    yield TextRun(run.text[start + len(inner) :])


def _is_fraction(text: str, rest: list[TextRun]) -> bool:
    """Tells if this is the upper figure of a fraction that is set as a raised, a slash and a lowered figure."""
    if len(rest) < 2 or not text.isdecimal() or not SLASH.fullmatch(rest[0].text):
        return False
    return rest[1].shift == LOWERED and rest[1].text.isdecimal()


def _written(before: str, text: str, shift: int, rest: list[TextRun]) -> str:
    if not text or len(text) > LONGEST or not re.search(r"[^\W_]|[+\-\u2212]", text):
        return text  # also * † ′ and other marks that mean the same on the line
    after = rest[0].text if rest else ""
    if shift == LOWERED:
        return _lowered(before, text, after)
    if before.rstrip()[-1:].isdigit() and text in ("o", "0") and DEGREE.match(after):
        return "°"
    return _raised(before, text, after)


def _lowered(before: str, text: str, after: str) -> str:
    if not before.strip() or before[-1].isspace():
        return text
    if text.isdecimal() and (symbols := FORMULA_BEFORE.search(before)) is not None:
        following = FORMULA_AFTER.match(after)
        word = symbols[0] + text + (following[0] if following else "")
        several = len(re.findall(ELEMENT, re.sub(r"\d", "", word))) > 1
        if FORMULA.fullmatch(re.sub(r"[()]", "", word)) and (several or symbols[0] in MOLECULES):
            return text
    return "_" + _bracketed(text)


def _raised(before: str, text: str, after: str) -> str:
    stands = before.rstrip() == before and before != ""
    if stands and IN_BRACKETS.fullmatch(text) and not VARIABLE.search(before):
        return f" {text}"
    if not stands:  # before a word: the number of a note, or of an isotope
        if after[:1].isalnum():
            return f"^{text}"
        return f"[{text}]" if NOTE.fullmatch(text) else text
    if number := NUMBER.search(before[-LONGEST_NUMBER:]):
        return _above_number(number[1], text)
    if word := WORD.search(before):
        return "^" + _bracketed(text) if TERM.search(before) and text.isdecimal() else _above_word(word[0], text)
    if before[-1] == ")" and not TERM_IN_BRACKETS.search(before):
        return "^" + _bracketed(text)
    return _note(text) if NOTE.fullmatch(text) else "^" + _bracketed(text)


def _above_number(number: str, text: str) -> str:
    if text.lower() in ORDINALS:
        return ORDINAL_SIGNS.get(text, text)
    plain = number.isdecimal() and len(number) <= LONGEST_BASE
    if NOTE.fullmatch(text) and (not plain or text == "1"):  # nobody writes the power 1
        return _note(text)
    return "^" + _bracketed(text)


def _above_word(word: str, text: str) -> str:
    if text.isalpha():
        if len(text) > 1 and not (len(word) == 1 and word.islower()):
            return text  # an abbreviation: Mme, TM
        return _note(text) if len(word) > 1 and word not in UNITS else "^" + text
    if NOTE.fullmatch(text) and len(word) > 1 and word not in UNITS:
        return _note(text)
    return "^" + _bracketed(text)


def _note(text: str) -> str:
    return f" [{text}]"


def _bracketed(text: str) -> str:
    return text if PLAIN.fullmatch(text) else f"({text})"
