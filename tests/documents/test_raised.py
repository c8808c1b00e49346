"""Raised and lowered text, symbol fonts and computed numbers, apart from any format."""

from __future__ import annotations

import pytest

from rag.documents.link_text import address_beside
from rag.documents.numerals import numeral
from rag.documents.raised import LOWERED, RAISED, TextRun, joined_runs
from rag.documents.symbols import drawn_character, in_font


def up(text: str) -> TextRun:
    return TextRun(text, RAISED)


def down(text: str) -> TextRun:
    return TextRun(text, LOWERED)


@pytest.mark.parametrize(
    ("runs", "text"),
    [
        ([TextRun("4 × 10"), up("9"), TextRun(" cells on 3 m"), up("2")], "4 × 10^9 cells on 3 m^2"),
        ([TextRun("10"), up("−7"), TextRun(" s"), up("−1"), TextRun(" and 2"), up("n+1")], "10^−7 s^−1 and 2^(n+1)"),
        ([TextRun("10"), up("4 "), TextRun("litres")], "10^4 litres"),
        ([TextRun("x"), down("1"), up("2"), TextRun(" + T"), down("max")], "x_1^2 + T_max"),
        (
            [TextRun("H"), down("2"), TextRun("SO"), down("4"), TextRun(", O"), down("2"), TextRun(", V"), down("2")],
            "H2SO4, O2, V_2",
        ),
        ([TextRun("Ca"), up("2+"), TextRun(" and Fe"), up("3+")], "Ca^2+ and Fe^3+"),
        ([TextRun("(a + b)"), up("3"), TextRun(" (as agreed)"), up("3")], "(a + b)^3 (as agreed) [3]"),
        (
            [TextRun("the 21"), up("st"), TextRun(" day, 2"), up("o"), TextRun(" piso, 30"), up("o"), TextRun("C")],
            "the 21st day, 2º piso, 30°C",
        ),
        ([TextRun("the ferry"), up("7"), TextRun(", in 1931"), up("2"), TextRun(".")], "the ferry [7], in 1931 [2]."),
        (
            [TextRun("F = ma"), up("2"), TextRun(" + 4bc"), up("3"), TextRun(", the 5 men"), up("2")],
            "F = ma^2 + 4bc^3, the 5 men [2]",
        ),
        ([up("7"), TextRun(" By night.")], "[7] By night."),
        ([up("14"), TextRun("C dates")], "^14C dates"),
        (
            [TextRun("2 "), up("5"), TextRun("/"), down("8"), TextRun(" inch, 1"), up("1"), TextRun("⁄"), down("2")],
            "2 5/8 inch, 1 1/2",
        ),
        (
            [TextRun("M"), up("me"), TextRun(" Roux, Velo"), up("TM"), TextRun(", Kaffee"), up("*")],
            "Mme Roux, VeloTM, Kaffee*",
        ),
        (
            [
                TextRun("x"),
                up("2"),
                TextRun(", 10"),
                up("6"),
                TextRun(", 12,500"),
                up("3"),
                TextRun(", 3 500"),
                up("2"),
            ],
            "x^2, 10^6, 12,500 [3], 3 500 [2]",
        ),
        (
            [TextRun("Revenue"), up("(1)"), TextRun(" 12.5"), up("(2)"), TextRun(", y"), up("(n)")],
            "Revenue (1) 12.5 (2), y^((n))",
        ),
        ([up("all of it is high")], "all of it is high"),
        ([], ""),
    ],
)
def test_raised_and_lowered_text(runs: list[TextRun], text: str) -> None:
    assert joined_runs(runs) == text


def test_symbols_of_fonts() -> None:
    assert [drawn_character("Symbol", code) for code in (0xF0B0, 0xB3, 0x6D, 0xF0E5, 0xFE)] == ["°", "≥", "μ", "∑", "⎭"]
    assert in_font("\xfe \uf0a8 \xfc", "Wingdings") == "☑ ☐ ✓"
    assert in_font("\xfe", "Calibri") == "\xfe"
    assert in_font("R£", "Wingdings 2") == "☑☐"


@pytest.mark.parametrize(
    ("number", "form", "text"),
    [
        (1994, "upperRoman", "MCMXCIV"), (4, "lowerRoman", "iv"), (3, "upperLetter", "C"), (28, "lowerLetter", "bb"),
        (7, "decimalZero", "07"), (12, "ordinal", "12th"), (23, "ordinal", "23rd"), (21, "chineseCounting", "二十一"),
        (5, "unheard of", "5"), (0, "lowerRoman", "0"),
    ],
)  # fmt: skip
def test_forms_of_numbers(number: int, form: str, text: str) -> None:
    assert numeral(number, form) == text


@pytest.mark.parametrize(
    ("text", "address", "behind"),
    [
        ("here", "https://mill.example/form", " (https://mill.example/form)"),
        ("write", "mailto:ann@mill.example?subject=Flour", " (ann@mill.example)"),
        ("www.mill.example", "http://www.mill.example/", ""),
        ("see mill.example/form", "https://mill.example/form", ""),
        ("above", "#part2", ""),
        ("", "https://mill.example", ""),
        ("none", None, ""),
    ],
)
def test_addresses_behind_texts(text: str, address: str | None, behind: str) -> None:
    assert address_beside(text, address) == behind
