"""Text -> the terms that lexical search, coverage and the checker compare.

One analysis for all of them, so that BM25 and the choice of evidence call the same a match: compatibility
forms folded (NFKC), lower case, accents of alphabets dropped, English Snowball stems; scripts written without spaces
(Chinese, Japanese, Thai) become overlapping pairs of characters, as in Lucene's CJKBigramFilter, and in texts that are
searched Chinese characters stand alone besides; vowel signs of other scripts belong to their word. Numbers keep their
decimals and lose the commas of their groups ("1,500.5" -> "1500.5", "1,00,000" -> "100000"), and stand apart from
units, raised figures and fractions. A function word written in capitals is a name ("the WHO"), unless all words around
it are in capitals.

The version of all this is in `rag.text.analysis`. Does not handle: stemming of other languages (their words are
compared as written), synonyms, spelling.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import chain

import Stemmer

# Function words and question words of English: the remaining words are those that a sentence must share with a
# question.
STOP_WORDS = frozenset(
    """
    a about after all also am an and any are as at be been being but by can could did do does doing
    during each for from had has have having he her hers him his how i if in into is it its me my no
    nor not of on or our ours out s she should so some such t than that the their theirs them then
    there these they this those to too under until up us very was we were what when where which
    while who whom whose why will with would you your yours
    """.split()
)
THOUSANDS = re.compile(r",(?=(?:\d\d,)*\d{3}(?!\d))")  # commas between groups of figures, also those of India

_HAN = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_UNSPACED = f"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff{_HAN}"
_UNSPACED_RUN = re.compile(f"[{_UNSPACED}]+")
_SINGLE = re.compile(f"[{_HAN}]")
# Marks of Hebrew and Arabic, and the scripts of India, whose vowel signs \w does not know
_MARKS = "\u0300-\u036f\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0963\u0966-\u0dff"
# What is remembered and taken apart: words with what cannot part them from a number ("v1.2.3", "5mg", "1,500.5")
_STRETCH = re.compile(rf"\w[\w{_MARKS}]*+(?:[.,](?=\d)[\w{_MARKS}]++)*+")
_ASCII_STRETCH = re.compile(r"[A-Za-z0-9]++(?:[.,](?=\d)[A-Za-z0-9]++)*+")  # the same in half of the time
_OTHER = rf"(?:[^\W_]|[{_MARKS}])"  # what may follow the first letter or digit of a word
_WORD = re.compile(
    rf"[^\W\d_]++(?:(?!\d+[.,]\d){_OTHER}++)?"  # before a number with a point, a word ends: "v" of "v1.2.3"
    r"|\d++(?:[.,]\d++)++"
    # ... and a number ends before its unit: "5" of "5mg", "50m2"; "3rd", "1990s" and "12a" are words
    rf"|\d++(?=[^\W\d_]++[23]?(?!{_OTHER}))(?!(?i:st|nd|rd|th|[ais])(?!{_OTHER}))"
    rf"|\d{_OTHER}*+"
)
# Figures that NFKC would run into the number or word before them: raised and lowered ones, fractions, numbers in
# circles; also trade marks and the sign for "number"
_FIGURES = re.compile(
    "[\u00b2\u00b3\u00b9\u00bc-\u00be\u2070-\u2089\u2116\u2120\u2122\u2150-\u2189\u2460-\u24ff\u3251-\u325f"
    "\u32b1-\u32bf\U0001f100-\U0001f10c]+"
)
_LOWERED = frozenset("₀₁₂₃₄₅₆₇₈₉")  # behind a letter they belong to it: "CO₂"
_UNIT = re.compile(r"(?<=[^\W\d_])(?<![^\W\d_]{3})\Z")  # before a raised 2 or 3, which belongs to it
# The same as readers write it: "m^2". The pattern begins with what is rare, and looks back for one or two letters.
_POWER = re.compile(r"\^(?<=[^\W\d_]\^)(?<![^\W\d_]{3}\^)(?=[23](?!\w))")
_ACCENTS = re.compile("[\u0300-\u036f\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670]")  # and vowel points
_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "ı": "i", "þ": "th", "ς": "σ"}
)
_CAPITALS = frozenset(word.upper() for word in STOP_WORDS if len(word) > 1)
_PHRASE_ENDS = re.compile(r"([\n.,:;!?|()])")
_LETTER_RUN = re.compile(r"[^\W\d_]+")
_REMEMBERED = 100_000  # words, some 20 MB
_stemmer = Stemmer.Stemmer("english", 0)  # its own memory costs three times what stemming a new word does


def tokens(text: str) -> list[str]:
    """The words of `text` in order, folded and not stemmed.

    >>> tokens("The Mills' 1,500.5 t of 東京都")
    ['the', 'mills', '1500.5', 't', 'of', '東京', '京都']
    """
    stretches = _stretches(compatible(text).lower())
    return [
        word for found in stretches for word in ((found,) if found.isascii() and found.isalpha() else _parts(found))
    ]


def terms(text: str) -> list[str]:
    """The content terms of `text` in order, with repetitions: stems of all words that are not stop words.

    >>> terms("Which nations invited the leaders?")
    ['nation', 'invit', 'leader']
    """
    return list(chain.from_iterable(map(_terms_by_stretch.__getitem__, _calm_stretches(text))))


def query_terms(text: str) -> list[str]:
    """The terms that are looked for in texts: those of `text`, but of a stretch of Chinese characters only the pairs.

    >>> query_terms("東京都"), terms("東京都")
    (['東京', '京都'], ['東京', '京都', '東', '京', '都'])
    """
    return [term for stretch in _calm_stretches(text) for term in _content(stretch)]


@lru_cache(maxsize=_REMEMBERED)
def stem(word: str) -> str:
    """The English Snowball stem of one lower-case word, without accents: "nations" -> "nation"."""
    return _stem(word)


def calmed(text: str) -> str:
    """The text with phrases of several words that are in capitals throughout in lower case: a function word that is in
    capitals still is a name. It has the same words."""
    return "".join(map(_calm, _PHRASE_ENDS.split(text)))


def compatible(text: str) -> str:
    """The text in compatibility forms (NFKC), with spaces around figures that stand beside a word and are no part of
    it: "1856¹" -> "1856 1 "."""
    folded = text if text.isascii() else unicodedata.normalize("NFKC", text)
    if folded != text and _FIGURES.search(text):
        folded = unicodedata.normalize("NFKC", _FIGURES.sub(_apart, text))
    return _POWER.sub("", folded) if "^" in folded else folded


def _calm(phrase: str) -> str:
    return phrase.lower() if phrase.isupper() and len(_LETTER_RUN.findall(phrase)) > 1 else phrase


def _apart(figures: re.Match[str]) -> str:
    found, text, (start, end) = figures[0], figures.string, figures.span()
    before, after = text[max(0, start - 3) : start], text[end : end + 1]
    of_unit = found in ("²", "³") and _UNIT.search(before) and not after.isdecimal()
    of_formula = _LOWERED.issuperset(found) and not before[-1:].isdecimal()
    return found if of_unit or of_formula else f" {found} "


def _calm_stretches(text: str) -> list[str]:
    folded = compatible(text)
    stretches = _stretches(folded)
    if not _CAPITALS.isdisjoint(stretches) and (calm := calmed(folded)) != folded:
        return _stretches(calm)
    return stretches


def _stretches(folded: str) -> list[str]:
    """The stretches of compatible text, those of unspaced scripts on their own. One call handles a whole text: searches
    read thousands of sentences."""
    if folded.isascii():
        return _ASCII_STRETCH.findall(folded)
    if not _UNSPACED_RUN.search(folded):
        return _STRETCH.findall(folded)
    found, at = [], 0
    for run in _UNSPACED_RUN.finditer(folded):
        found += [*_STRETCH.findall(folded[at : run.start()]), run.group()]
        at = run.end()
    return found + _STRETCH.findall(folded[at:])


def _parts(stretch: str) -> list[str]:
    """The words of a stretch; of one in unspaced script, the pairs of neighbours."""
    if not _UNSPACED_RUN.match(stretch):
        return [THOUSANDS.sub("", word) for word in _WORD.findall(stretch)]
    return [stretch[place : place + 2] for place in range(max(len(stretch) - 1, 1))]


class _TermsByStretch(dict[str, tuple[str, ...]]):
    """The terms of each stretch that was met, as it is written."""

    def __missing__(self, stretch: str) -> tuple[str, ...]:
        if len(self) >= _REMEMBERED:
            self.clear()
        found = self[stretch] = _terms_of(stretch)
        return found


_terms_by_stretch = _TermsByStretch()


def _terms_of(stretch: str) -> tuple[str, ...]:
    return (*_content(stretch), *(_SINGLE.findall(stretch) if len(stretch) > 1 else ()))


def _content(stretch: str) -> list[str]:
    words = [word if word in _CAPITALS else word.lower() for word in _parts(stretch)]
    return [_stem(word.lower()) for word in words if word not in STOP_WORDS]


def _stem(word: str) -> str:
    if not word.isascii():
        plain = _ACCENTS.sub("", unicodedata.normalize("NFD", word))
        word = unicodedata.normalize("NFC", plain).translate(_LETTERS)
    return str(_stemmer.stemWord(word))
