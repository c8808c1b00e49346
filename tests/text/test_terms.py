"""`rag.text.terms`: the fast way to words against the plain one, and what meets what."""

from __future__ import annotations

import hashlib
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.analysis import VERSION
from rag.text.terms import STOP_WORDS, calmed, terms, tokens
from rag.text.wording import word_list

UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
MARKS = "\u0300-\u036f\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0963\u0966-\u0dff"
OTHER = f"(?:[^\\W_]|[{MARKS}])"
UNIT = f"[^\\W\\d_]+[23]?(?!{OTHER})"
NO_UNIT = f"(?:st|nd|rd|th|a|i|s)(?!{OTHER})"
WORD = re.compile(
    rf"[^\W\d_]+(?=\d+[.,]\d)|(?P<number>\d+(?:[.,]\d+)+)|(?<!\d)\d+(?=\d*{UNIT})(?!\d)(?!{NO_UNIT})|[^\W_]{OTHER}*"
)
# Of each script that the analysis treats in its own way, and what joins and parts words.
ALPHABET = "aB9_ß.,' -\n\u0301éﬁ½①๑กำ日本語かな々東שלוֹहिंदी가Ω²³¹⁶₂™^smv\U0001d400"


def is_beside(text: str, place: int) -> bool:
    """True if the character is a figure, or another sign, that NFKC would run into the word beside it."""
    sign = text[place]
    plain, kind = unicodedata.normalize("NFKC", sign), unicodedata.category(sign)
    figure = kind == "Nl" or (kind == "No" and re.search("[0-9]", plain)) or "ⁱ" <= sign <= "ⁿ" or "Ⓐ" <= sign <= "ⓩ"
    return sign in "№™℠" or (plain != sign and bool(figure))


def separated(text: str) -> str:
    out, place = "", 0
    while place < len(text):
        end = place
        while end < len(text) and is_beside(text, end):
            end += 1
        run, before = text[place:end], re.search(r"[^\W\d_]*\Z", text[:place])
        unit = (
            run in ("²", "³")
            and before is not None
            and 1 <= len(before[0]) <= 2
            and not text[end : end + 1].isdecimal()
        )
        formula = all("SUBSCRIPT" in unicodedata.name(sign) for sign in run) and not text[:place][-1:].isdecimal()
        out += text[place] if not run else run if unit or formula else f" {run} "
        place = end if run else place + 1
    return re.sub(r"(?<![^\W\d_])([^\W\d_]{1,2})\^([23])(?!\w)", r"\1\2", unicodedata.normalize("NFKC", out))


def slowly(text: str) -> list[str]:
    """One expression for all, one word after another, between the stretches of scripts without spaces."""
    found: list[str] = []
    for place, part in enumerate(re.split(f"([{UNSPACED}]+)", separated(text).lower())):
        if place % 2:
            found += [part[i : i + 2] for i in range(len(part) - 1)] or [part]
            continue
        for match in WORD.finditer(part):
            word = match.group()
            found.append(re.sub(r",(?=(?:\d\d,)*\d{3}(?!\d))", "", word) if match["number"] else word)
    return found


@given(
    st.text(ALPHABET, max_size=40)
    | st.text(max_size=40)
    | st.text("0123456789.,as ", max_size=20)
    | st.text("日本กำa5² ", max_size=12)
)
def test_words_are_those_of_the_plain_way(text: str) -> None:
    assert tokens(text) == slowly(text)


@given(st.text(ALPHABET, max_size=40) | st.text("WHOUSITwhousit ,|\n", max_size=30))
def test_terms_are_those_of_the_words_one_by_one(text: str) -> None:
    """What is remembered of a word does not depend on where it was met first."""
    assert terms(text) == [term for line in text.split("\n") for term in terms(line)]


def test_each_script() -> None:
    assert tokens("The Mills' 1,500.5 t, 3rd of 12,34 in 東京都 และ हिंदी") == (
        ["the", "mills", "1500.5", "t", "3rd", "of", "12,34", "in", "東京", "京都", "แล", "ละ", "हिंदी"]
    )


@pytest.mark.parametrize(
    ("asked", "written"),
    [
        ("WHO", "A letter of the WHO arrived"),
        ("US", "Sold in the US, the UK and Chad"),
        ("IT", "Ask the head of IT."),
        ("CAN", "Cables of the CAN bus"),
        ("US", "US | 17 | UK"),
        ("Barnaby", "the yacht _Barnaby_ sank"),
        ("retry limit", "set retry_limit"),
        ("__init__", "init"),
        ("1723", "built in 1723² by monks"),
        ("1723", "built in 1723⁴⁵"),
        ("10^8", "10⁸ litres"),
        ("10^8", "10^8 litres"),
        ("7 1/4", "7¼ inches"),
        ("step 4", "④step"),
        ("section IV", "sectionⅣ"),
        ("40 m2", "a room of 40 m²"),
        ("40 m^2", "a room of 40m²"),
        ("H2O", "H₂O"),
        ("No 12", "№12"),
        ("Granola", "Granola™"),
        ("Izmir", "İzmir"),
        ("IZMIR", "izmir"),
        ("fiance", "fiancé"),
        ("FIANCÉ", "fiance\u0301"),
        ("Lodz", "Łódź"),
        ("Sorensen", "Sørensen"),
        ("STRASSE", "Straße"),
        ("MASSE", "maße"),
        ("שלום", "שָׁלוֹם"),
        ("250 ml", "250ml"),
        ("30 km", "30km/h"),
        ("7 pm", "7PM"),
        ("2.14.1", "v2.14.1"),
        ("version 2.14.1", "version2.14.1"),
        ("3500000", "35,00,000"),
        ("3,500,000", "35,00,000"),
        ("茶", "緑茶の店"),
        ("茶", "抹茶"),
        ("々", "人々"),
    ],
)
def test_what_is_asked_for_meets_what_is_written(asked: str, written: str) -> None:
    assert set(terms(asked)) <= set(terms(written))
    assert terms(asked)


@pytest.mark.parametrize(
    ("asked", "written"),
    [
        ("WHO", "Who is who?"),
        ("WHO", "WHO WE ARE\nPeople who care"),
        ("US", "Let us go"),
        ("17232", "built in 1723²"),
        ("108", "10⁸ litres"),
        ("71", "7¼ inches"),
        ("1990", "in the 1990s"),
        ("12", "room 12a"),
        ("3500", "35,00,000"),
        ("茶店", "茶の店"),
    ],
)
def test_what_is_something_else_does_not_meet(asked: str, written: str) -> None:
    assert not set(terms(asked)) <= set(terms(written))


def test_function_words_are_names_only_among_other_words() -> None:
    assert terms("WHO OWNS IT?") == ["own"]
    assert terms("Does IT know who heads the WHO?") == ["it", "know", "head", "who"]
    assert calmed("WHO AM I? The WHO.") == "who am i? The WHO."


def test_the_checker_reads_raised_figures_apart() -> None:
    assert word_list("1723² and 10⁸") == ["1723", "2", "and", "10", "8"]
    assert word_list("35,00,000") == ["3500000"]


GOLDEN = """The Mills' 1,500.5 t, 3rd of 12,34 in 東京都 และ हिंदी; o'clock re-opened naïve ﬁles: don't, U.S.A., x_1.
Generously running nations' skies happily relate the organisation's 2,000,000 universities to Ωmega ½ ① שלום
대한민국. The WHO, 5mg of v1.2.3, 1,00,000 m² and 10⁶ İstanbul Straßen."""


def test_another_analysis_has_another_version() -> None:
    """Indexes keep terms: whoever changes what is pinned here raises `VERSION` too."""
    digest = hashlib.sha256("\n".join([*terms(GOLDEN), *sorted(STOP_WORDS)]).encode()).hexdigest()[:16]
    assert (VERSION, digest) == (2, "1d2c6452bee9be8d")
