"""Text -> the terms that lexical search, coverage and the checker compare.

One analysis for all of them, so that BM25 and the choice of evidence call the same a match: compatibility
forms folded (NFKC), lower case, English Snowball stems; scripts written without spaces (Chinese, Japanese, Thai)
become overlapping pairs of characters, as in Lucene's CJKBigramFilter; vowel signs of other scripts belong to their
word. Numbers keep their decimals and lose their thousands separators ("1,500.5" -> "1500.5").

Does not handle: stemming of other languages (their words are compared as written), synonyms, spelling.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import Stemmer

VERSION = 1  # of the analysis: raise it when any text gets other terms (tests/text/test_terms.py tells), and indexes
# make their lexical part anew.

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

_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
# Marks of Hebrew and Arabic, and the scripts of India, whose vowel signs \w does not know
_MARKS = "\u0300-\u036f\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0963\u0966-\u0dff"
_UNSPACED_RUN = re.compile(f"[{_UNSPACED}]+")
_WORD = re.compile(rf"\d+(?:[.,]\d+)+|\w[\w{_MARKS}]*")
_THOUSANDS = re.compile(r",(?=\d{3}(?!\d))")
_stemmer = Stemmer.Stemmer("english", 0)  # its own memory costs three times what stemming a new word does


def tokens(text: str) -> list[str]:
    """The words of `text` in order, folded and not stemmed.

    >>> tokens("The Mills' 1,500.5 t of 東京都")
    ['the', 'mills', '1500.5', 't', 'of', '東京', '京都']
    """
    folded = (text if text.isascii() else unicodedata.normalize("NFKC", text)).lower()
    if folded.isascii() or not _UNSPACED_RUN.search(folded):
        return _words(folded)
    found, at = [], 0
    for run in _UNSPACED_RUN.finditer(folded):
        found += _words(folded[at : run.start()])
        characters = run.group()
        found += [characters[i : i + 2] for i in range(len(characters) - 1)] or [characters]
        at = run.end()
    return found + _words(folded[at:])


def _words(folded: str) -> list[str]:
    """The words of text without unspaced scripts. One call handles a whole text: searches read thousands of
    sentences."""
    return [_THOUSANDS.sub("", word) if "," in word else word for word in _WORD.findall(folded)]


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """The English Snowball stem of one lower-case word: "nations" -> "nation"."""
    return str(_stemmer.stemWord(word))


def terms(text: str) -> list[str]:
    """The content terms of `text` in order, with repetitions: stems of all words that are not stop words.

    >>> terms("Which nations invited the leaders?")
    ['nation', 'invit', 'leader']
    """
    return [stem(word) for word in tokens(text) if word not in STOP_WORDS]
