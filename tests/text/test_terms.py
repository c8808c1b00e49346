"""`rag.text.terms`: the fast way to words against the plain one, character class by character class."""

from __future__ import annotations

import hashlib
import re
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from rag.text.terms import STOP_WORDS, VERSION, terms, tokens

UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
MARKS = "\u0300-\u036f\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0963\u0966-\u0dff"
TOKEN = re.compile(rf"(?P<unspaced>[{UNSPACED}]+)|\d+(?:[.,]\d+)+|[^\W{UNSPACED}](?:[^\W{UNSPACED}]|[{MARKS}])*")
# Of each script that the analysis treats in its own way, and what joins and parts words.
ALPHABET = "aB9_ß.,' -\n\u0301éﬁ½①๑กำ日本語かな東שלוֹहिंदी가Ω²\U0001d400"


def slowly(text: str) -> list[str]:
    """One expression for all, one token after another."""
    found = []
    for match in TOKEN.finditer(unicodedata.normalize("NFKC", text).lower()):
        word = match.group()
        if match["unspaced"] and len(word) > 1:
            found += [word[i : i + 2] for i in range(len(word) - 1)]
        elif word[0].isdigit():
            found.append(re.sub(r",(?=\d{3}(?!\d))", "", word))
        else:
            found.append(word)
    return found


@given(st.text(ALPHABET, max_size=40) | st.text(max_size=40) | st.text("0123456789.,a ", max_size=20))
def test_words_are_those_of_the_plain_way(text: str) -> None:
    assert tokens(text) == slowly(text)


def test_each_script() -> None:
    assert tokens("The Mills' 1,500.5 t, 3rd of 12,34 in 東京都 และ हिंदी") == (
        ["the", "mills", "1500.5", "t", "3rd", "of", "12,34", "in", "東京", "京都", "แล", "ละ", "हिंदी"]
    )


GOLDEN = """The Mills' 1,500.5 t, 3rd of 12,34 in 東京都 และ हिंदी; o'clock re-opened naïve ﬁles: don't, U.S.A., x_1.
Generously running nations' skies happily relate the organisation's 2,000,000 universities to Ωmega ½ ① שלום
대한민국."""


def test_another_analysis_has_another_version() -> None:
    """Indexes keep terms: whoever changes what is pinned here raises `VERSION` too."""
    digest = hashlib.sha256("\n".join([*terms(GOLDEN), *sorted(STOP_WORDS)]).encode()).hexdigest()[:16]
    assert (VERSION, digest) == (1, "6140ee25bcde2109")
