"""Numbers that programs compute for headings, clauses and lists -> their written forms.

In: a number and the name of a form, as WordprocessingML calls it. Out: the number in it; forms that are not known here
are written in decimal.
"""

from __future__ import annotations

ROMAN = (
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"),
    (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
)  # fmt: skip
LARGEST_ROMAN = 4999
LETTERS = 26
CHINESE = "零一二三四五六七八九"
CHINESE_FORMS = frozenset({"chineseCounting", "chineseCountingThousand", "japaneseCounting", "ideographDigital"})


def numeral(number: int, form: str) -> str:
    """The number in a form: numeral(4, "lowerRoman") -> "iv", numeral(28, "upperLetter") -> "BB"."""
    match form:
        case "upperRoman" if 0 < number <= LARGEST_ROMAN:
            return _roman(number)
        case "lowerRoman" if 0 < number <= LARGEST_ROMAN:
            return _roman(number).lower()
        case "upperLetter" if number > 0:
            return _letters(number)
        case "lowerLetter" if number > 0:
            return _letters(number).lower()
        case "decimalZero":
            return f"{number:02}"
        case "ordinal":
            return f"{number}{_ordinal_ending(number)}"
        case "none":
            return ""
        case _ if form in CHINESE_FORMS and 0 <= number < 100:
            return _chinese(number)
        case _:
            return str(number)


def _roman(number: int) -> str:
    text = ""
    for value, sign in ROMAN:
        text += sign * (number // value)
        number %= value
    return text


def _letters(number: int) -> str:
    """A ... Z, AA, BB ... ZZ, AAA: Office repeats the letter."""
    turns, place = divmod(number - 1, LETTERS)
    return chr(ord("A") + place) * min(turns + 1, LETTERS)


def _ordinal_ending(number: int) -> str:
    if number % 100 in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


def _chinese(number: int) -> str:
    tens, ones = divmod(number, 10)
    if not tens:
        return CHINESE[ones]
    return ("" if tens == 1 else CHINESE[tens]) + "十" + (CHINESE[ones] if ones else "")
